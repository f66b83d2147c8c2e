"""Parts of scenes to learn from and to test on, and how they move over a small eye."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lamina.datasets import natural_contrast, photographs
from lamina.datasets.translate import translate
from lamina.experiments.motion_2d.config import Motion2DConfig
from lamina.simulate.dead_leaves import dead_leaves
from lamina.simulate.grid_retina import GridRetina


class Picture(NamedTuple):
    """Local contrast of a scene or of a part of it, in units of the whole scene's standard deviation."""

    name: str
    contrast: np.ndarray
    degrees_per_pixel: float

    @property
    def size_deg(self) -> tuple[float, float]:
        """Height and width between the outermost pixels, in degrees."""
        rows, columns = self.contrast.shape
        return (rows - 1) * self.degrees_per_pixel, (columns - 1) * self.degrees_per_pixel


@dataclass(frozen=True, eq=False)
class Movies:
    """Movies ``(time, rows, columns)``, and the direction in which each moves, in degrees."""

    seen: list[np.ndarray]
    directions: np.ndarray


def load_pictures(config: Motion2DConfig) -> list[Picture]:
    """Return the bundled photographs as local contrast."""
    return [_picture(each.name, each.luminance, each.degrees_per_pixel, config) for each in photographs()]


def draw_leaves(config: Motion2DConfig, rng: np.random.Generator) -> Picture:
    """Return a scene in which no orientation is preferred: dead leaves, as large as a photograph."""
    first = photographs()[0]
    leaves = dead_leaves(first.luminance.shape, first.degrees_per_pixel, seed=rng)
    return _picture("dead leaves", leaves, first.degrees_per_pixel, config)


def split(
    pictures: Iterable[Picture], config: Motion2DConfig, rng: np.random.Generator
) -> tuple[list[Picture], list[Picture]]:
    """Keep the left or the right part of each picture for testing, and leave a guard beside it.

    Parameters
    ----------
    pictures
        Whole scenes.
    config
        Shares.
    rng
        Says which side.

    Returns
    -------
    Parts to train on, each with its mirror image, and parts to test on.
    """
    train, test = [], []
    for name, contrast, spacing in pictures:
        width = contrast.shape[1]
        kept, guard = round(config.test_share * width), round(config.guard_deg / spacing)
        if rng.integers(2):
            learned, held_out = contrast[:, : width - kept - guard], contrast[:, width - kept :]
        else:
            learned, held_out = contrast[:, kept + guard :], contrast[:, :kept]
        # a scene and its mirror image are as likely as each other
        train += [Picture(name, learned, spacing), Picture(f"{name}, mirrored", learned[:, ::-1], spacing)]
        test.append(Picture(name, held_out, spacing))
    return train, test


def move(
    pictures: Sequence[Picture],
    config: Motion2DConfig,
    rng: np.random.Generator,
    *,
    samples: int | None = None,
) -> Movies:
    """Move pictures over the small eye, in directions spread evenly over the half circle, and back again.

    Parameters
    ----------
    pictures
        Parts of scenes.
    config
        Eye, speed, number of movies.
    rng
        Directions within each step of the circle, starting points, noise.
    samples
        Length; that of training movies by default.

    Returns
    -------
    Movies
        Twice ``config.movies`` for each picture: every path forwards and backwards, so that nothing but the
        order of frames tells one direction from the opposite.
    """
    length = config.samples if samples is None else samples
    seen: list[np.ndarray] = []
    directions: list[float] = []
    for picture in pictures:
        for number in range(config.movies):
            direction = (number + rng.random()) * 180.0 / config.movies
            clean = _pass_by(picture, config.retina, config, direction, length, rng)
            for frames, way in ((clean, direction), (clean[::-1], direction + 180.0)):
                seen.append(frames + config.noise * rng.standard_normal(frames.shape))
                directions.append(way)
    return Movies(seen, np.array(directions))


def place_at_random(
    picture: Picture,
    retina: GridRetina,
    config: Motion2DConfig,
    direction: float,
    samples: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return where the middle of a movie may look for the retina to stay within the picture, in degrees."""
    way = np.deg2rad(direction)
    travel = (samples - 1) * config.speed_deg_per_s * config.dt_s
    height, width = picture.size_deg
    eye_height, eye_width = ((count - 1) * config.spacing_deg for count in retina.shape)
    # a thousandth for rounding
    room = 0.4995 * (width - eye_width - travel * abs(np.cos(way)))
    headroom = 0.4995 * (height - eye_height - travel * abs(np.sin(way)))
    return float(rng.uniform(-1, 1) * room), float(rng.uniform(-1, 1) * headroom)


def _pass_by(
    picture: Picture,
    retina: GridRetina,
    config: Motion2DConfig,
    direction: float,
    samples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    centre = place_at_random(picture, retina, config, direction, samples, rng)
    return translate(
        picture.contrast,
        picture.degrees_per_pixel,
        retina,
        config.speed_deg_per_s,
        direction,
        n_samples=samples,
        centre_deg=centre,
    )


def _picture(name: str, luminance: np.ndarray, spacing: float, config: Motion2DConfig) -> Picture:
    contrast = natural_contrast(luminance, spacing, config.acceptance_deg, config.surround_deg)
    return Picture(name, (contrast - contrast.mean()) / contrast.std(), spacing)
