"""Rows of photographs that drift past the retina, each movie at a velocity of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.datasets import scan
from lamina.errors import DataError
from lamina.experiments.depth.config import DepthConfig
from lamina.experiments.natural_scenes import Split


@dataclass(frozen=True, eq=False)
class Movies:
    """Movies of one length, and what moved them.

    Parameters
    ----------
    frames
        (movies, time, photoreceptors), in units of the row's standard deviation, noise included.
    velocity
        (movies,), in degrees per second, positive to the right.
    row
        (movies,): which row each shows, counted over all photographs.
    """

    frames: np.ndarray
    velocity: np.ndarray
    row: np.ndarray

    def half(self) -> Movies:
        """Return every second pair of movies, half of those to the right and half of those to the left."""
        chosen = np.arange(len(self.row)) % 4 < 2
        return Movies(self.frames[chosen], self.velocity[chosen], self.row[chosen])


def draw_movies(
    splits: Sequence[Split],
    part: str,
    noise: float,
    config: DepthConfig,
    rng: np.random.Generator,
    *,
    both_ways: bool = True,
) -> Movies:
    """Show every row some times, each time at another speed and from another place.

    Parameters
    ----------
    splits
        Rows of every photograph.
    part
        "train" or "test".
    noise
        Standard deviation, independent over photoreceptors and samples.
    config
        Speeds, length and retina.
    rng
        Draws them.
    both_ways
        Move to the right and to the left in turn, or to the right alone.

    Returns
    -------
    Movies
        As many as there are rows, times ``shows``.

    Raises
    ------
    DataError
        If a photograph is too narrow for a movie.
    """
    frames: list[np.ndarray] = []
    velocities: list[float] = []
    for split in splits:
        for contrast in split.train if part == "train" else split.test:
            for _ in range(config.shows):
                side = -1.0 if both_ways and len(frames) % 2 else 1.0
                velocity = side * rng.uniform(config.slowest_deg_per_s, config.fastest_deg_per_s)
                frames.append(_clip(split, contrast, velocity, config, rng))
                velocities.append(velocity)
    clean = np.array(frames)
    noisy = clean + noise * rng.standard_normal(clean.shape)
    return Movies(noisy, np.array(velocities), np.arange(len(frames)) // config.shows)


def mirrored(movies: Movies) -> Movies:
    """Add to every movie its mirror image, which moves the other way."""
    return Movies(
        np.concatenate([movies.frames, movies.frames[:, :, ::-1]]),
        np.concatenate([movies.velocity, -movies.velocity]),
        np.concatenate([movies.row, movies.row]),
    )


def _clip(
    split: Split, contrast: np.ndarray, velocity: float, config: DepthConfig, rng: np.random.Generator
) -> np.ndarray:
    photograph = split.scene.photograph
    seen = scan(contrast, photograph.degrees_per_pixel, config.retina, velocity, wrap=split.scene.wraps)[0]
    if len(seen) < config.samples:
        raise DataError(
            photograph.name,
            allowed=f"wide enough for {config.samples} samples at {abs(velocity):.3g}°/s",
            got=f"{len(seen)} samples",
            remedy="Use wider images, shorter movies or lower speeds.",
        )
    start = int(rng.integers(0, len(seen) - config.samples + 1))
    return seen[start : start + config.samples]
