"""Where things move: four detectors at every position of a grid, on parts of scenes not learned from.

Each T4 works together with the other half of its canonical direction, which prefers the same motion and
answers where contrast changes the other way, as T5 does in the fly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lamina.datasets.translate import translate
from lamina.experiments.motion_2d.config import CELLS, Motion2DConfig
from lamina.experiments.motion_2d.detectors import Detector, Photoreceptors
from lamina.experiments.motion_2d.scenes import Picture, place_at_random
from lamina.experiments.motion_2d.tuning import difference
from lamina.simulate import blurred_step

DISC_DEG = 20.0
"""Radius of the disc that moves before a background, in degrees."""

OBLIQUE_DEG = 30.0
"""Direction of the whole scene in the picture of local motion."""

DISC_WAYS_DEG = (180.0, 0.0)
"""Directions of the background and of the disc in the other picture."""


@dataclass(frozen=True, eq=False)
class LocalMotion:
    """Local motion of one movie.

    Parameters
    ----------
    frame
        ``(rows, columns)`` contrast in the middle of the time over which motion is averaged, of the positions
        that have detectors.
    vectors
        ``(rows, columns)`` complex: T4a - T4b to the right, T4c - T4d upwards, each with the other half of
        its direction (T5), averaged over the window.
    truth_deg
        ``(rows, columns)`` direction of what is there; NaN beside the border of the disc.
    """

    frame: np.ndarray
    vectors: np.ndarray
    truth_deg: np.ndarray

    @property
    def errors_deg(self) -> np.ndarray:
        """Absolute angles between vectors and truth, of the positions that have one."""
        known = np.isfinite(self.truth_deg)
        found = np.rad2deg(np.angle(self.vectors[known]))
        return np.abs(difference(found, self.truth_deg[known]))


def whole_scene(
    picture: Picture,
    way: float,
    config: Motion2DConfig,
    photoreceptors: Photoreceptors,
    cells: Mapping[str, Detector],
    rng: np.random.Generator,
) -> LocalMotion:
    """Move a whole picture one way over the large grid."""
    seen = _seen(picture, way, config, rng)
    shape = tuple(count - 2 for count in config.field)
    return _local_motion(seen, np.full(shape, way), config, photoreceptors, cells, rng)


def disc_before_background(
    pictures: Sequence[Picture],
    ways: tuple[float, float],
    config: Motion2DConfig,
    photoreceptors: Photoreceptors,
    cells: Mapping[str, Detector],
    rng: np.random.Generator,
) -> LocalMotion:
    """Move a disc cut out of one picture over another, which moves the other way."""
    background, figure = (
        _seen(picture, way, config, rng) for picture, way in zip(pictures, ways, strict=True)
    )
    retina = config.grid(*config.field)
    along = (_times(config) * config.speed_deg_per_s)[:, None, None]
    angle = np.deg2rad(ways[1])
    across = retina.azimuths_deg - along * np.cos(angle)
    up = retina.elevations_deg[:, None] - along * np.sin(angle)
    inside = blurred_step(DISC_DEG - np.hypot(across, up), retina.acceptance_sigma_deg)
    window = inside[-_window(config) :, 1:-1, 1:-1]
    truth = np.where(window.min(axis=0) > 0.95, ways[1], np.nan)
    truth = np.where(window.max(axis=0) < 0.05, ways[0], truth)
    seen = inside * figure + (1 - inside) * background
    return _local_motion(seen, truth, config, photoreceptors, cells, rng)


def _local_motion(
    seen: np.ndarray,
    truth: np.ndarray,
    config: Motion2DConfig,
    photoreceptors: Photoreceptors,
    cells: Mapping[str, Detector],
    rng: np.random.Generator,
) -> LocalMotion:
    noisy = seen + config.noise * rng.standard_normal(seen.shape)
    inputs = photoreceptors.inputs([noisy])[0, -_window(config) :]
    right, left, up, down = (
        np.mean(cells[name].respond(inputs) + cells[name].respond(inputs, -1.0), axis=0) for name in CELLS
    )
    middle = seen[-_window(config) // 2 - 1, 1:-1, 1:-1]
    return LocalMotion(middle, (right - left) + 1j * (up - down), truth)


def _seen(picture: Picture, way: float, config: Motion2DConfig, rng: np.random.Generator) -> np.ndarray:
    retina, samples = config.grid(*config.field), len(_times(config))
    return translate(
        picture.contrast,
        picture.degrees_per_pixel,
        retina,
        config.speed_deg_per_s,
        way,
        n_samples=samples,
        centre_deg=place_at_random(picture, retina, config, way, samples, rng),
    )


def _window(config: Motion2DConfig) -> int:
    return max(1, round(config.window_s / config.dt_s))


def _times(config: Motion2DConfig) -> np.ndarray:
    """Return times around the middle of the window, in seconds."""
    samples = config.memory - 1 + _window(config)
    return (np.arange(samples) - config.memory + 1 - (_window(config) - 1) / 2) * config.dt_s
