"""Dead leaves against their closed form, which is checked against thrown points and plain quadrature."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest

from lamina.errors import ArgumentError, ShapeError
from lamina.simulate.dead_leaves import _leaves, dead_leaves, dead_leaves_correlation


def pairs(count, degrees, seed=0, **leaves):
    """Draw so many independent scenes of two points: how often one leaf covers both."""
    rng = np.random.default_rng(seed)
    scenes = np.array([dead_leaves((1, 2), degrees, seed=rng, **leaves)[0] for _ in range(count)])
    return scenes, np.mean(scenes[:, 0] == scenes[:, 1])


@pytest.mark.parametrize("distance", [1.0, 4.0, 12.0, 19.0])
def test_one_radius_is_the_area_common_to_two_discs_over_that_of_either(distance):
    # throw centres of discs of radius 10 about two points, and count
    centres = np.random.default_rng(1).uniform([-10, -10], [10 + distance, 10], (400_000, 2))
    first = np.hypot(*centres.T) <= 10
    second = np.hypot(centres[:, 0] - distance, centres[:, 1]) <= 10
    thrown = np.sum(first & second) / np.sum(first | second)
    assert dead_leaves_correlation(distance, 10.0, 10.0) == pytest.approx(thrown, abs=0.005)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 3.0, 5.5])
def test_the_closed_form_is_what_plain_quadrature_gives(exponent):
    def common(radius, distance):
        half = distance / (2 * radius)
        return 2 * radius**2 * (math.acos(half) - half * math.sqrt(1 - half**2))

    def area(distance):
        return quad(
            lambda r: r**-exponent * common(r, distance),
            max(1.0, distance / 2),
            60.0,
            epsrel=1e-10,
            limit=200,
        )[0]

    for distance in (0.01, 0.5, 1.9, 2.1, 20.0, 100.0, 119.0):
        both, one = area(distance), area(0.0)
        expected = both / (2 * one - both)
        found = dead_leaves_correlation(-distance, 1.0, 60.0, exponent)
        assert found == pytest.approx(expected, rel=1e-8)
    np.testing.assert_array_equal(dead_leaves_correlation([[0.0, 120.0, 500.0]]), [[1.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("distance", "leaves"),
    [
        (2.0, {"smallest_deg": 2.0, "largest_deg": 20.0}),
        (3.0, {"smallest_deg": 5.0, "largest_deg": 5.0}),
        (5.0, {"smallest_deg": 5.0, "largest_deg": 200.0, "exponent": 2.0}),
        (1.0, {"smallest_deg": 1.0, "largest_deg": 30.0, "exponent": 1.0}),
    ],
)
def test_scenes_have_the_correlation_of_the_closed_form(distance, leaves):
    count = 2500
    _, share = pairs(count, distance, **leaves)
    expected = float(dead_leaves_correlation(distance, **leaves))
    # four standard errors of independent scenes
    assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / count)


def test_the_border_is_as_any_other_place():
    # whole scenes, their first and last two columns or rows beside two in the middle
    scenes = [
        dead_leaves((30, 60), 1.0, smallest_deg=3.0, largest_deg=30.0, seed=seed) for seed in range(150)
    ]
    for turned, places in ((scenes, (0, 30, 58)), ([scene.T for scene in scenes], (0, 14, 28))):
        for place in places:
            share = np.array([np.mean(scene[:, place] == scene[:, place + 1]) for scene in turned])
            error = share.std() / math.sqrt(len(share))
            assert abs(share.mean() - dead_leaves_correlation(1.0, 3.0, 30.0)) < 4 * error


def test_leaves_fall_evenly_on_all_places_from_which_they_touch_the_scene():
    # a border sees half of each leaf, and by symmetry the same correlation: only the places themselves tell
    thrown = _leaves(30, 60, 3.0, 30.0, 3.0, np.random.default_rng(2))
    down, across, radii = np.array(list(itertools.islice(thrown, 5000))).T
    for places, side in ((down, 30), (across, 60)):
        # pixels are centred on whole numbers
        assert kstest((places + 0.5 + radii) / (side + 2 * radii), "uniform").pvalue > 0.01


def test_luminances_are_log_normal_of_mean_one_and_the_contrast_asked_for():
    scenes, _ = pairs(3000, 2.0, smallest_deg=2.0, largest_deg=20.0, contrast=0.7)
    spread = math.sqrt(math.log(1 + 0.7**2))
    assert kstest(scenes[:, 0], "lognorm", (spread, 0.0, math.exp(-(spread**2) / 2))).pvalue > 0.01
    assert scenes[:, 0].mean() == pytest.approx(1.0, abs=4 * 0.7 / math.sqrt(3000))


def test_twice_the_size_is_the_same_scene_nearer():
    near = dead_leaves((40, 50), 2.0, smallest_deg=4.0, largest_deg=40.0, seed=3)
    far = dead_leaves((40, 50), 1.0, smallest_deg=2.0, largest_deg=20.0, seed=3)
    np.testing.assert_array_equal(near, far)
    wide = dead_leaves_correlation([6.0], 4.0, 40.0), dead_leaves_correlation([3.0], 2.0, 20.0)
    np.testing.assert_allclose(*wide, rtol=1e-12)


def test_sizes_of_power_three_give_the_spectrum_of_natural_scenes():
    # power falls as about k^-2 in the plane where neither cut-off is near (Ruderman 1997)
    points, slopes = 1024, {}
    places = np.fft.fftfreq(points) * points
    table = np.arange(0.0, 760.0, 0.25)
    waves = np.fft.fftfreq(points)
    between = (waves > 1 / 200) & (waves < 1 / 8)
    for exponent in (2.5, 3.0, 3.5):
        known = np.interp(
            np.hypot(places[:, None], places), table, dead_leaves_correlation(table, 0.5, 350.0, exponent)
        )
        power = np.fft.fft2(known).real[0]
        slopes[exponent] = np.polyfit(np.log(waves[between]), np.log(power[between]), 1)[0]
    assert slopes[2.5] < slopes[3.0] < slopes[3.5]
    assert -2.2 < slopes[3.0] < -1.7


def test_seeds():
    first = dead_leaves((20, 20), 1.0, largest_deg=5.0, seed=4)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    np.testing.assert_array_equal(
        first, dead_leaves((20, 20), 1.0, largest_deg=5.0, seed=np.random.default_rng(4))
    )
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    assert not np.array_equal(first, dead_leaves((20, 20), 1.0, largest_deg=5.0, seed=5))
    assert np.isfinite(first).all()
    assert (first > 0).all()


def test_what_cannot_be_is_refused():
    with pytest.raises(ShapeError, match="shape"):
        dead_leaves((3, 4, 5))
    with pytest.raises(ArgumentError, match="degrees_per_pixel"):
        dead_leaves((3, 4), 2.0, smallest_deg=1.0)
    for name, wrong in (
        ("largest_deg", {"largest_deg": 0.5}),
        ("largest_deg", {"largest_deg": 400.0}),
        ("contrast", {"contrast": 0.0}),
        ("exponent", {"exponent": -1.0}),
        ("smallest_deg", {"smallest_deg": 0.0}),
        ("seed", {"seed": -1}),
    ):
        with pytest.raises(ArgumentError, match=name):
            dead_leaves((3, 4), **wrong)
    with pytest.raises(ArgumentError, match="shape"):
        dead_leaves((0, 4))
    with pytest.raises(ArgumentError, match="largest_deg"):
        dead_leaves_correlation(1.0, 2.0, 1.0)
