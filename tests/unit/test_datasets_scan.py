"""Scanning and contrast: invariants and bad input."""

from dataclasses import dataclass

import numpy as np
import pytest

import lamina.datasets
from lamina.datasets import natural_contrast, scan
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.simulate import Retina

RETINA = Retina(n_pixels=3, spacing_deg=2.0, dt_s=0.1)
ROWS = np.random.default_rng(0).standard_normal((4, 120))


def test_shape_and_no_change_of_the_input():
    before = ROWS.copy()
    seen = scan(ROWS, 0.5, RETINA, 5.0)
    assert seen.shape == (4, 112, 3)  # one column a step, and 8 columns are the width of the retina
    assert seen.dtype == np.float64
    np.testing.assert_array_equal(ROWS, before)


@pytest.mark.parametrize(("velocity", "step"), [(5.0, 1), (10.0, 2), (35.0, 7)])
def test_whole_columns_are_picked_without_interpolation(velocity, step):
    seen = scan(ROWS, 0.5, RETINA, -velocity)
    travel = 120 - 1 - 8
    start = (travel - (seen.shape[1] - 1) * step) / 2
    assert start == int(start) or step % 2 == 0
    if start == int(start):
        expected = np.stack(
            [ROWS[:, int(start) + 4 * i :: step][:, : seen.shape[1]] for i in range(3)], axis=-1
        )
        np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("velocity", [5.0, 3.7, 11.3])
def test_opposite_velocity_is_the_reverse_in_time(velocity, wrap):
    right = scan(ROWS, 0.5, RETINA, velocity, wrap=wrap)
    left = scan(ROWS, 0.5, RETINA, -velocity, wrap=wrap)
    np.testing.assert_array_equal(left, right[:, ::-1])


@pytest.mark.parametrize("velocity", [3.7, -11.3])
def test_mirrored_scene_is_the_mirrored_retina(velocity):
    seen = scan(ROWS, 0.5, RETINA, velocity)
    mirrored = scan(ROWS[:, ::-1], 0.5, RETINA, -velocity)
    np.testing.assert_allclose(mirrored, seen[:, :, ::-1], rtol=0, atol=1e-11)


def test_pixels_to_the_right_see_it_later_when_velocity_is_positive():
    delay = 4  # 2 degrees at 5 degrees per second and 0.1 s a sample
    right = scan(ROWS, 0.5, RETINA, 5.0)
    np.testing.assert_allclose(right[:, delay:, 1], right[:, :-delay, 0], atol=1e-12)
    left = scan(ROWS, 0.5, RETINA, -5.0)
    np.testing.assert_allclose(left[:, delay:, 0], left[:, :-delay, 1], atol=1e-12)


def test_wrapping_goes_round_once():
    seen = scan(ROWS, 0.5, RETINA, -5.0, wrap=True)
    assert seen.shape == (4, 120, 3)
    # centred: the first sample lies half a column in
    expected = (ROWS + np.roll(ROWS, -1, axis=1)) / 2
    np.testing.assert_allclose(seen[..., 0], expected, atol=1e-12)
    np.testing.assert_allclose(seen[..., 2], np.roll(expected, -8, axis=1), atol=1e-12)


@pytest.mark.parametrize("dt", [0.1, 0.3, 0.7])
def test_whole_number_of_steps_is_not_lost_to_rounding(dt):
    retina = Retina(n_pixels=1, dt_s=dt)
    for columns in range(3, 60):
        assert scan(np.arange(float(columns)), 0.1, retina, 0.1 / dt).shape[1] == columns


def test_anything_with_positions_and_an_interval_is_a_retina():
    @dataclass
    class Eye:
        positions_deg: np.ndarray
        dt_s: float

    uneven = scan(np.arange(20.0), 1.0, Eye(np.array([3.0, 4.0, 9.0]), 1.0), -1.0)
    np.testing.assert_array_equal(uneven[0, 0], [0, 1, 6])
    assert uneven.shape == (1, 14, 3)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"velocity_deg_per_s": 0.0}, ArgumentError, "velocity_deg_per_s must be different from 0"),
        ({"velocity_deg_per_s": 1e6}, ArgumentError, "velocity_deg_per_s must be low enough"),
        ({"velocity_deg_per_s": np.nan}, ArgumentError, "velocity_deg_per_s"),
        ({"degrees_per_pixel": 0.0}, ArgumentError, "degrees_per_pixel"),
        ({"degrees_per_pixel": 0.01}, ArgumentError, "retina must be at most as wide"),
        ({"contrast_rows": np.zeros((2, 3, 4))}, ShapeError, "contrast_rows"),
        ({"contrast_rows": np.zeros((0, 9))}, ShapeError, "contrast_rows"),
        ({"contrast_rows": [[1, 2, 3], [1]]}, ShapeError, "contrast_rows"),
        ({"contrast_rows": np.array([[0.0, np.nan] * 9])}, DataError, "contrast_rows must be finite, got 9"),
        ({"contrast_rows": np.array([["a"] * 20])}, ArgumentTypeError, "contrast_rows"),
        ({"retina": 3}, ArgumentTypeError, "retina must be a retina, .* got int"),
    ],
)
@pytest.mark.parametrize("wrap", [False, True])
def test_bad_input_to_scan(change, error, message, wrap):
    arguments = {"contrast_rows": ROWS, "degrees_per_pixel": 0.5, "retina": RETINA, "velocity_deg_per_s": 5.0}
    if wrap and "velocity_deg_per_s" in change and change["velocity_deg_per_s"] == 1e6:
        change = {"velocity_deg_per_s": 1e7}
    with pytest.raises(error, match=message):
        scan(**(arguments | change), wrap=wrap)


IMAGE = np.random.default_rng(1).uniform(0.1, 1.0, (80, 90))


def test_contrast_does_not_know_the_unit_of_luminance():
    base = natural_contrast(IMAGE, 0.5)
    assert base.shape == IMAGE.shape
    np.testing.assert_allclose(natural_contrast(IMAGE * 3e-6, 0.5), base, rtol=0, atol=1e-12)
    np.testing.assert_allclose(natural_contrast((IMAGE * 1000).astype(np.uint16), 0.5), base, atol=0.05)


def test_contrast_of_an_even_scene_is_nothing():
    np.testing.assert_allclose(natural_contrast(np.full((60, 70), 7), 0.5), 0.0, atol=1e-13)


def test_contrast_follows_a_mirrored_and_a_turned_scene():
    base = natural_contrast(IMAGE, 0.5)
    np.testing.assert_allclose(natural_contrast(IMAGE[:, ::-1], 0.5), base[:, ::-1], atol=1e-13)
    np.testing.assert_allclose(natural_contrast(IMAGE.T, 0.5), base.T, atol=1e-13)


def test_a_panorama_has_no_seam():
    base = natural_contrast(IMAGE, 0.5, wrap=True)
    rolled = natural_contrast(np.roll(IMAGE, 31, axis=1), 0.5, wrap=True)
    np.testing.assert_allclose(rolled, np.roll(base, 31, axis=1), atol=1e-13)
    assert np.abs(natural_contrast(np.roll(IMAGE, 31, axis=1), 0.5) - np.roll(base, 31, axis=1)).max() > 1e-3


def test_contrast_leaves_the_image_alone():
    before = IMAGE.copy()
    natural_contrast(IMAGE, 0.5)
    np.testing.assert_array_equal(IMAGE, before)


def test_night_all_round_is_an_error():
    dark = IMAGE.copy()
    dark[:, :60] = 0
    with pytest.raises(DataError, match="luminance must be above 0 somewhere"):
        natural_contrast(dark, 0.5, surround_fwhm_deg=6.0)
    assert natural_contrast(dark, 0.5, surround_fwhm_deg=40.0).min() >= -1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"surround_fwhm_deg": 41.0}, ArgumentError, "smaller side .40 degrees"),
        ({"surround_fwhm_deg": 5.7}, ArgumentError, "above acceptance_fwhm_deg"),
        ({"acceptance_fwhm_deg": -1}, ArgumentError, "acceptance_fwhm_deg"),
        ({"degrees_per_pixel": -1}, ArgumentError, "degrees_per_pixel"),
        ({"wrap": "yes"}, ArgumentTypeError, "wrap must be True or False"),
        ({"luminance": IMAGE[0]}, ShapeError, "luminance"),
        ({"luminance": np.dstack([IMAGE] * 3)}, ShapeError, "read_luminance"),
        ({"luminance": IMAGE - 0.5}, DataError, "negative"),
        ({"luminance": np.where(IMAGE > 0.9, np.nan, IMAGE)}, DataError, "NaN"),
        ({"luminance": IMAGE + 1j}, ArgumentTypeError, "complex128"),
        ({"luminance": [[1, 2], [3]]}, ShapeError, "differ in length"),
    ],
)
def test_bad_input_to_contrast(change, error, message):
    with pytest.raises(error, match=message):
        natural_contrast(**({"luminance": IMAGE, "degrees_per_pixel": 0.5} | change))


def test_all_lists_what_is_there():
    assert all(callable(getattr(lamina.datasets, name)) for name in lamina.datasets.__all__)


def test_a_point_sees_the_image_as_it_is():
    image = 1 + np.random.default_rng(0).random((40, 60))
    exact = lamina.datasets.natural_contrast(image, 1.0, acceptance_fwhm_deg=0.0, surround_fwhm_deg=20.0)
    # an acceptance function far narrower than a pixel is a point too
    narrow = lamina.datasets.natural_contrast(image, 1.0, acceptance_fwhm_deg=1e-3, surround_fwhm_deg=20.0)
    np.testing.assert_array_equal(exact, narrow)
