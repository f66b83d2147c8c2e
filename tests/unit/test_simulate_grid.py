"""Patterns on a grid of photoreceptors: those of one dimension along their motion, in every direction."""

import numpy as np
import pytest

from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.simulate import Retina, drifting_grating, moving_bar, moving_edge
from lamina.simulate.grid_retina import GridRetina
from lamina.simulate.grid_stimuli import drifting_grating_2d, moving_bar_2d, moving_edge_2d

RETINA = GridRetina(4, 5, spacing_deg=4.0, acceptance_deg=5.0)
ROW = Retina(5, spacing_deg=4.0, acceptance_deg=5.0)

STIMULI = {
    "edge": (
        lambda retina, way, **more: moving_edge_2d(retina, 40.0, way, **more),
        lambda sign, **more: moving_edge(ROW, sign * 40.0, **more),
    ),
    "dark edge": (
        lambda retina, way, **more: moving_edge_2d(retina, 40.0, way, "off", 0.5, **more),
        lambda sign, **more: moving_edge(ROW, sign * 40.0, "off", 0.5, **more),
    ),
    "bar": (
        lambda retina, way, **more: moving_bar_2d(retina, 40.0, way, 6.0, **more),
        lambda sign, **more: moving_bar(ROW, sign * 40.0, 6.0, **more),
    ),
    "sine": (
        lambda retina, way, **more: drifting_grating_2d(retina, 33.0, 2.0, way, **more),
        lambda sign, **more: drifting_grating(ROW, 33.0, sign * 2.0, **more),
    ),
    "square": (
        lambda retina, way, **more: drifting_grating_2d(retina, 33.0, 2.0, way, waveform="square", **more),
        lambda sign, **more: drifting_grating(ROW, 33.0, sign * 2.0, waveform="square", **more),
    ),
}


@pytest.fixture(params=STIMULI)
def stimulus(request):
    return STIMULI[request.param]


def test_geometry():
    np.testing.assert_array_equal(RETINA.azimuths_deg, [-8, -4, 0, 4, 8])
    np.testing.assert_array_equal(RETINA.elevations_deg, [6, 2, -2, -6])
    assert RETINA.shape == (4, 5)
    np.testing.assert_allclose(RETINA.along(45.0)[0, 4], (8 + 6) / np.sqrt(2))
    np.testing.assert_array_equal(RETINA.along(360.0), RETINA.along(0.0))


@pytest.mark.parametrize(("way", "sign"), [(0.0, 1), (180.0, -1), (-180.0, -1)])
def test_along_a_row_it_is_the_pattern_of_one_dimension(stimulus, way, sign):
    on_grid, on_row = stimulus
    expected = on_row(sign, duration_s=1.0)
    found = on_grid(RETINA, way, duration_s=1.0)
    np.testing.assert_allclose(found, np.repeat(expected[:, None, :], 4, axis=1), rtol=0, atol=1e-12)


def test_a_quarter_turn_of_the_pattern_is_one_of_the_eye(stimulus):
    on_grid, _ = stimulus
    upright = GridRetina(5, 4, spacing_deg=4.0, acceptance_deg=5.0)
    for way in (0.0, 33.0, 200.0):
        # counter-clockwise: what was on the right is on the top
        expected = np.rot90(on_grid(RETINA, way, duration_s=0.8), axes=(1, 2))
        found = on_grid(upright, way + 90.0, duration_s=0.8)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_what_moves_up_reaches_the_lowest_row_first():
    movie = moving_edge_2d(RETINA, 40.0, 90.0)
    arrival = (movie > 0.5).argmax(axis=0)
    assert np.all(np.diff(arrival, axis=0) == -10)  # 4 degrees at 40 degrees a second and 0.01 s a sample
    assert np.all(np.diff(arrival, axis=1) == 0)


def test_an_oblique_bar_is_its_stripe_under_the_acceptance_function():
    """A numerical blur of the ideal bar at one moment, on a fine grid, in place of the closed form."""
    way, width, fine = 30.0, 8.0, 0.1
    retina = GridRetina(1, 1, acceptance_deg=5.0)
    movie = moving_bar_2d(retina, 50.0, way, width, duration_s=0.41)[:, 0, 0]
    ticks = np.arange(-20, 20 + fine / 2, fine)
    x, y = np.meshgrid(ticks, ticks)
    weight = np.exp(-(x**2 + y**2) / (2 * retina.acceptance_sigma_deg**2))
    along = x * np.cos(np.deg2rad(way)) + y * np.sin(np.deg2rad(way))
    times = (np.arange(41) - 20) * 0.01
    expected = [np.sum(weight * (np.abs(along - 50.0 * t) < width / 2)) / weight.sum() for t in times]
    np.testing.assert_allclose(movie, expected, atol=5e-3)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"n_rows": 0}, "n_rows"),
        ({"n_columns": 2.5}, "n_columns"),
        ({"spacing_deg": 0}, "spacing_deg"),
        ({"dt_s": np.inf}, "dt_s"),
        ({"acceptance_deg": -1}, "acceptance_deg"),
    ],
)
def test_a_retina_out_of_range(arguments, name):
    with pytest.raises(ArgumentError, match=name):
        GridRetina(**{"n_rows": 3, "n_columns": 3} | arguments)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: moving_edge_2d(RETINA, 0.0, 0.0), "speed_deg_per_s"),
        (lambda: moving_edge_2d(RETINA, 40.0, np.nan), "direction_deg"),
        (lambda: moving_edge_2d(RETINA, 40.0, "up"), "direction_deg"),
        (lambda: moving_edge_2d(RETINA, 40.0, 0.0, "grey"), "polarity"),
        (lambda: moving_edge_2d(RETINA, 40.0, 0.0, contrast=0.0), "contrast"),
        (lambda: moving_edge_2d(RETINA, 40.0, 0.0, duration_s=0.001), "duration_s"),
        (lambda: moving_bar_2d(RETINA, 40.0, 0.0, 0.0), "width_deg"),
        (lambda: drifting_grating_2d(RETINA, 0.0, 1.0, 0.0), "wavelength_deg"),
        (lambda: drifting_grating_2d(RETINA, 20.0, -1.0, 0.0), "temporal_frequency_hz"),
        (lambda: drifting_grating_2d(RETINA, 20.0, 50.0, 0.0), "temporal_frequency_hz.*half"),
        (lambda: drifting_grating_2d(RETINA, 20.0, 1.0, 0.0, waveform="saw"), "waveform"),
        (lambda: drifting_grating_2d(RETINA, 20.0, 1.0, 0.0, duration_s=0.004), "duration_s"),
    ],
)
def test_patterns_out_of_range(make, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        make()


def test_a_row_is_no_grid(stimulus):
    with pytest.raises(ArgumentTypeError, match="retina must be a GridRetina, got Retina"):
        stimulus[0](ROW, 0.0)
