"""Natural scenes as several experiments use them: rows to train on, rows to test on, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from lamina.datasets import Photograph, image_folder, natural_contrast, photographs, scan
from lamina.errors import ArgumentError, DataError
from lamina.simulate import Retina

RIGHT, LEFT = 1, -1
FULL_CIRCLE_DEG = 360.0

_UNIFORM = 1e-9
"""Standard deviation of contrast below which a row holds only rounding errors."""


class SceneSettings(Protocol):
    """What a configuration has to say for scenes to be read and split.

    The photoreceptor's acceptance function and surround in degrees; the share of each image's rows kept for
    testing, the guard on either side of them in degrees, and every how many rows one is used.
    """

    @property
    def acceptance_deg(self) -> float: ...  # noqa: D102 -- the class says it
    @property
    def surround_deg(self) -> float: ...  # noqa: D102
    @property
    def test_share(self) -> float: ...  # noqa: D102
    @property
    def guard_deg(self) -> float: ...  # noqa: D102
    @property
    def row_step(self) -> int: ...  # noqa: D102


class MovingSettings(Protocol):
    """What a configuration has to say for scenes to move: retina, speed, and the shortest useful movie."""

    @property
    def retina(self) -> Retina: ...  # noqa: D102
    @property
    def velocity_deg_per_s(self) -> float: ...  # noqa: D102
    @property
    def memory(self) -> int: ...  # noqa: D102
    @property
    def horizon(self) -> int: ...  # noqa: D102
    @property
    def gap(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Scene:
    """One image as local contrast.

    Parameters
    ----------
    photograph
        Where it comes from.
    contrast
        ``(rows, columns)``.
    wraps
        Whether it goes all the way round.
    """

    photograph: Photograph
    contrast: np.ndarray
    wraps: bool


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of one scene, in units of each row's own standard deviation."""

    scene: Scene
    train: np.ndarray
    test: np.ndarray
    test_band: tuple[int, int]


def load_scenes(
    config: SceneSettings, images: Path | None = None, field_of_view_deg: float | None = None
) -> list[Scene]:
    """Read the bundled photographs, or a folder of images, and compute their contrast.

    Parameters
    ----------
    config
        Widths of the photoreceptor's acceptance function and of the surround.
    images
        A folder of images; None for the photographs that come with scikit-learn.
    field_of_view_deg
        What each of them spans horizontally, in degrees; 360 for a full panorama, which then wraps.

    Returns
    -------
    One scene per image.

    Raises
    ------
    ArgumentError
        If only one of ``images`` and ``field_of_view_deg`` is given.
    FileError, DataError
        If an image cannot be used.
    """
    if (images is None) != (field_of_view_deg is None):
        raise ArgumentError(
            "images and field_of_view_deg",
            allowed="given together",
            got="only one of them",
            remedy="Say how many degrees each image spans.",
        )
    if images is None or field_of_view_deg is None:
        found = photographs()
    else:
        found = image_folder(images, field_of_view_deg)
    wraps = field_of_view_deg == FULL_CIRCLE_DEG
    scenes = []
    for photograph in found:
        _check_size(photograph, config)
        try:
            contrast = natural_contrast(
                photograph.luminance,
                photograph.degrees_per_pixel,
                config.acceptance_deg,
                config.surround_deg,
                wrap=wraps,
            )
        except (ArgumentError, DataError) as error:
            raise DataError(
                photograph.name,
                allowed=f"an image whose {error.argument} is {error.allowed}",
                got=error.got,
                remedy=error.remedy,
            ) from error
        scenes.append(Scene(photograph, contrast, wraps))
    return scenes


def _check_size(photograph: Photograph, config: SceneSettings) -> None:
    rows, columns = photograph.luminance.shape
    spacing = photograph.degrees_per_pixel
    if min(rows, columns) * spacing < config.surround_deg:
        raise DataError(
            photograph.name,
            allowed=f"at least {config.surround_deg:g} degrees wide and high, as the local mean is",
            got=f"{columns * spacing:.3g} x {rows * spacing:.3g} degrees",
            remedy="Use larger images, or state a wider field of view if it was too small.",
        )
    if 2 * spacing > config.acceptance_deg > 0:
        raise DataError(
            photograph.name,
            allowed=f"sampled at least every {config.acceptance_deg / 2:g} degrees, to be blurred as seen",
            got=f"{columns} columns for {columns * spacing:.4g} degrees, one every {spacing:.3g}",
            remedy="Use images of more pixels, or state a narrower field of view if it was too large.",
        )


def split_rows(scene: Scene, config: SceneSettings, rng: np.random.Generator) -> Split:
    """Keep one band of rows for testing, leave a guard on either side, train on the rest.

    The guard is as wide as the photoreceptor's own blur. The local mean that contrast refers to is wider:
    rows near the band share a part of it, as they share the light of the scene. What was learned from one
    image and is tested on another shares nothing (`lamina reproduce motion` and `scenes` do both).

    Parameters
    ----------
    scene
        Contrast.
    config
        Share of the test band, width of the guard, step between rows.
    rng
        Places the band.

    Returns
    -------
    The two sets of rows, every row with mean 0 and standard deviation 1.

    Raises
    ------
    DataError
        If the image is too low for both, or all its rows are uniform.
    """
    n_rows = scene.contrast.shape[0]
    guard = round(config.guard_deg / scene.photograph.degrees_per_pixel)
    height = max(1, round(config.test_share * n_rows))
    start = int(rng.integers(0, n_rows - height + 1))
    rows = np.arange(n_rows)
    train = scene.contrast[(rows < start - guard) | (rows >= start + height + guard)][:: config.row_step]
    test = scene.contrast[start : start + height : config.row_step]
    train, test = _standardise(train), _standardise(test)
    if len(train) < 2 or len(test) < 1:
        degrees = n_rows * scene.photograph.degrees_per_pixel
        needed = 4 * config.guard_deg / (1 - config.test_share)
        raise DataError(
            scene.photograph.name,
            allowed=f"about {needed:.0f} degrees high, with rows that are not uniform",
            got=f"{degrees:.3g} degrees ({n_rows} rows), {len(train)} usable row(s) to train on",
            remedy="Use higher images, or state a wider field of view if it was too small.",
        )
    return Split(scene, train, test, (start, start + height))


def move(
    splits: Sequence[Split],
    part: str,
    direction: int,
    config: MovingSettings,
    noise: float,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Move rows over the retina, and add photoreceptor noise.

    Parameters
    ----------
    splits
        Rows of every scene.
    part
        "train" or "test".
    direction
        +1 for scenes that move to the right, -1 to the left.
    config
        Retina and speed.
    noise
        Standard deviation of the noise, independent over photoreceptors and samples.
    rng
        Draws it.

    Returns
    -------
    list[numpy.ndarray]
        ``(time, 3)`` movies, one per row.

    Raises
    ------
    DataError
        If a row passes in less time than layer 1 needs for a window.
    """
    movies: list[np.ndarray] = []
    for split in splits:
        spacing = split.scene.photograph.degrees_per_pixel
        rows = split.train if part == "train" else split.test
        velocity = direction * config.velocity_deg_per_s
        seen = scan(rows, spacing, config.retina, velocity, wrap=split.scene.wraps)
        needed = config.memory + config.horizon + config.gap
        if seen.shape[1] < needed:
            raise DataError(
                split.scene.photograph.name,
                allowed=f"wide enough for {needed} samples at {config.velocity_deg_per_s:g}°/s",
                got=f"{seen.shape[1]} samples ({split.scene.photograph.field_of_view_deg:.3g} degrees)",
                remedy="Use wider images, or state a wider field of view if it was too small.",
            )
        movies.extend(seen + noise * rng.standard_normal(seen.shape))
    return movies


def _standardise(rows: np.ndarray) -> np.ndarray:
    deviation = rows.std(axis=1, keepdims=True)
    # a uniform row has no contrast to put into units
    varying = deviation[:, 0] > max(1e-6 * float(deviation.max(initial=0.0)), _UNIFORM)
    rows, deviation = rows[varying], deviation[varying]
    return (rows - rows.mean(axis=1, keepdims=True)) / deviation
