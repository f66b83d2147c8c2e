"""A scene that translates over a grid: against scan, against whole pixels, and bad input."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lamina.datasets import scan
from lamina.datasets.translate import translate
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.simulate import Retina
from lamina.simulate.grid_retina import GridRetina

SCENE = np.random.default_rng(0).standard_normal((30, 40))
GRID = GridRetina(3, 4, spacing_deg=2.0, dt_s=0.1)


@pytest.mark.parametrize(("way", "sign"), [(0.0, 1), (180.0, -1)])
@pytest.mark.parametrize("speed", [5.0, 3.7, 11.3])
def test_along_the_rows_it_is_scan(way, sign, speed):
    seen = translate(SCENE[1:], 0.5, GRID, speed, way)  # 29 rows: the grid's rows are rows of the scene
    rows = scan(SCENE[1:], 0.5, Retina(4, spacing_deg=2.0, dt_s=0.1), sign * speed)
    np.testing.assert_allclose(seen, rows[[10, 14, 18]].swapaxes(0, 1), rtol=0, atol=1e-11)


@pytest.mark.parametrize("way", [0.0, 45.0, 77.0, 123.0, 270.0])
def test_turning_scene_eye_and_motion_by_a_quarter_changes_nothing(way):
    seen = translate(SCENE, 0.5, GRID, 6.1, way, centre_deg=(0.4, -0.7))
    upright = GridRetina(4, 3, spacing_deg=2.0, dt_s=0.1)
    turned = translate(np.rot90(SCENE), 0.5, upright, 6.1, way + 90.0, centre_deg=(0.7, 0.4))
    np.testing.assert_allclose(turned, np.rot90(seen, axes=(1, 2)), rtol=0, atol=1e-11)


def test_the_opposite_direction_is_the_reverse_in_time():
    seen = translate(SCENE, 0.5, GRID, 6.1, 30.0)
    np.testing.assert_allclose(translate(SCENE, 0.5, GRID, 6.1, 210.0), seen[::-1], rtol=0, atol=1e-11)


def test_a_plane_is_read_exactly_and_moves_the_right_way():
    """Linear interpolation of a plane is exact: contrast 2 x + 3 y (y up) moves as a whole."""
    spacing, way, speed = 0.5, 120.0, 4.0
    y, x = np.mgrid[29 / 2 : -30 / 2 : -1, -39 / 2 : 40 / 2] * spacing
    seen = translate(2 * x + 3 * y, spacing, GRID, speed, way, n_samples=11, centre_deg=(0.3, -0.2))
    t = ((np.arange(11) - 5) * 0.1 * speed)[:, None, None]
    across = GRID.azimuths_deg + 0.3 - t * np.cos(np.deg2rad(way))
    up = GRID.elevations_deg[:, None] - 0.2 - t * np.sin(np.deg2rad(way))
    np.testing.assert_allclose(seen, 2 * across + 3 * up, atol=1e-10)


def test_what_moves_down_is_seen_by_the_lower_row_later():
    seen = translate(SCENE, 0.5, GRID, 5.0, 270.0)
    np.testing.assert_allclose(seen[4:, 1:], seen[:-4, :-1], atol=1e-12)
    assert len(seen) == 22  # 29 steps of a pixel, less the 8 that the eye is high, and the first sample


def test_as_long_as_the_eye_stays_inside():
    longest = len(translate(SCENE, 0.5, GRID, 5.0, 45.0))
    assert len(translate(SCENE, 0.5, GRID, 5.0, 45.0, n_samples=longest)) == longest
    with pytest.raises(ArgumentError, match=f"n_samples.*at most {longest}"):
        translate(SCENE, 0.5, GRID, 5.0, 45.0, n_samples=longest + 1)


@pytest.mark.parametrize(
    ("spacing", "columns", "dt", "speed"), [(0.1, 1, 0.1, 3), (0.1, 4, 0.05, 3), (0.3, 1, 0.01, 5)]
)
def test_a_whole_number_of_steps_loses_none_to_rounding(spacing, columns, dt, speed):
    step = Fraction(speed) * Fraction(str(dt)) / Fraction(str(spacing))
    longest = (40 - columns) // step + 1
    grid = GridRetina(1, columns, spacing_deg=spacing, dt_s=dt)
    assert len(translate(SCENE, spacing, grid, speed, 0.0)) == longest


def test_an_eye_that_looks_beyond_the_edge_by_less_than_a_pixel_is_refused():
    for wide in (GridRetina(1, 2, spacing_deg=19.6, dt_s=0.1), GridRetina(2, 1, spacing_deg=14.6, dt_s=0.1)):
        with pytest.raises(ArgumentError, match=r"^retina must be within the scene"):
            translate(SCENE, 0.5, wide, 5.0, 0.0)
        with pytest.raises(ArgumentError, match=r"^retina must be within the scene"):
            translate(SCENE, 0.5, wide, 5.0, 90.0)


def test_nothing_is_changed_and_integers_are_taken():
    scene = np.arange(1200).reshape(30, 40)
    before = scene.copy()
    assert translate(scene, 0.5, GRID, 5.0, 10.0).dtype == np.float64
    np.testing.assert_array_equal(scene, before)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"contrast": SCENE[0]}, ShapeError, "contrast"),
        ({"contrast": SCENE[:1]}, ShapeError, "contrast"),
        ({"contrast": np.where(SCENE > 2, np.nan, SCENE)}, DataError, "contrast"),
        ({"contrast": [["a", "b"], ["c", "d"]]}, ArgumentTypeError, "contrast"),
        ({"degrees_per_pixel": 0}, ArgumentError, "degrees_per_pixel"),
        ({"retina": Retina(3)}, ArgumentTypeError, "retina"),
        ({"retina": GridRetina(9, 2)}, ArgumentError, "retina"),
        ({"speed_deg_per_s": 0}, ArgumentError, "speed_deg_per_s"),
        ({"speed_deg_per_s": 1e6}, ArgumentError, "speed_deg_per_s.*two samples"),
        ({"direction_deg": np.inf}, ArgumentError, "direction_deg"),
        ({"n_samples": 1}, ArgumentError, "n_samples"),
        ({"n_samples": 5000}, ArgumentError, "n_samples"),
        ({"centre_deg": 3.0}, ArgumentTypeError, "centre_deg"),
        ({"centre_deg": (0.0, 100.0)}, ArgumentError, "retina"),
        ({"centre_deg": (0.0, np.nan)}, ArgumentError, r"centre_deg\[1\]"),
    ],
)
def test_bad_input(changes, error, says):
    arguments = {
        "contrast": SCENE,
        "degrees_per_pixel": 0.5,
        "retina": GRID,
        "speed_deg_per_s": 5.0,
        "direction_deg": 45.0,
    }
    with pytest.raises(error, match=f"^{says}"):
        translate(**arguments | changes)


def test_tensors_with_a_gradient_are_read_and_masks_are_respected():
    seen = translate(SCENE, 0.5, GRID, 5.0, 20.0)
    tensor = torch.from_numpy(SCENE.copy()).requires_grad_()
    np.testing.assert_array_equal(translate(tensor, 0.5, GRID, 5.0, 20.0), seen)
    with pytest.raises(ArgumentTypeError, match=r"^contrast.*bfloat16.*float32"):
        translate(tensor.bfloat16(), 0.5, GRID, 5.0, 20.0)
    whole = np.ma.masked_greater(SCENE, 1e9)
    np.testing.assert_array_equal(translate(whole, 0.5, GRID, 5.0, 20.0), seen)
    with pytest.raises(DataError, match=r"^contrast.*1 value\(s\)"):
        translate(np.ma.masked_equal(SCENE, SCENE[3, 4]), 0.5, GRID, 5.0, 20.0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dt_s": 0.0}, r"retina\.dt_s"),
        ({"dt_s": -0.1}, r"retina\.dt_s"),
        ({"azimuths_deg": []}, r"retina\.azimuths_deg"),
        ({"elevations_deg": np.zeros((2, 2))}, r"retina\.elevations_deg"),
        ({"elevations_deg": [np.nan]}, r"retina\.elevations_deg"),
    ],
)
def test_a_retina_of_ones_own_that_cannot_be(changes, says):
    own = SimpleNamespace(**{"azimuths_deg": [0.0, 1.0], "elevations_deg": [0.0], "dt_s": 0.1, **changes})
    with pytest.raises(ArgumentError, match=f"^{says}"):
        translate(SCENE, 0.5, own, 5.0, 20.0)
