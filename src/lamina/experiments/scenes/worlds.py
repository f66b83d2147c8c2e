"""What is scanned: photographs, dead leaves beside them, and scenes that hold nothing but the eye's blur."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.datasets import Photograph, natural_contrast
from lamina.datasets.photographs import DEGREES_PER_PIXEL
from lamina.experiments.motion.layer1 import held_out_correlations
from lamina.experiments.natural_scenes import RIGHT, Scene, Split, move, split_rows
from lamina.experiments.scenes.config import ScenesConfig
from lamina.experiments.scenes.population import autocovariance_at, cut_off_hz, population, power_spectrum
from lamina.resu import ReSU
from lamina.simulate.dead_leaves import dead_leaves

SHARP_DEG = 0.01
"""Width of an acceptance function that blurs nothing: far below a pixel."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What one repetition learned from one world, at each noise level.

    Parameters
    ----------
    noises
        The noise levels.
    units
        One for each; their outputs are L3, L1, L2.
    held_out
        (noises, 2) correlations on rows not trained on.
    cut_off_hz
        (noises,): up to where the scans are stronger than the noise.
    theory
        (noises, 2, memory): the filters that belong to the autocovariance of the training scans, of unit
        length.
    theory_correlations
        (noises, 2).
    frequencies, power
        Spectrum of the training scans without noise, in cycles per sample.
    """

    noises: tuple[float, ...]
    units: list[ReSU]
    held_out: np.ndarray
    cut_off_hz: np.ndarray
    theory: np.ndarray
    theory_correlations: np.ndarray
    frequencies: np.ndarray
    power: np.ndarray

    @property
    def filters(self) -> np.ndarray:
        """The filters, ``(noises, 2, memory)``, of unit length."""
        found = np.array([unit.filters_[:, :, 0] for unit in self.units])
        return found / np.linalg.norm(found, axis=-1, keepdims=True)

    @property
    def correlations(self) -> np.ndarray:
        """The canonical correlations, ``(noises, 2)``."""
        return np.array([unit.canonical_correlations_ for unit in self.units])


@dataclass(frozen=True, eq=False)
class Alone:
    """One photograph on its own, at the headline noise; each ``(2,)``.

    Parameters
    ----------
    trained
        Canonical correlations on its training rows.
    held_out
        Correlations on its own rows not trained on.
    foreign
        Correlations on the same rows of filters that were learned from the other photographs.
    """

    trained: np.ndarray
    held_out: np.ndarray
    foreign: np.ndarray


def leaf_scenes(config: ScenesConfig, repetition: int) -> list[Scene]:
    """Draw dead leaves, and see them as the photographs are seen."""
    return [
        _scene(
            "dead leaves",
            dead_leaves(
                (config.leaf_rows, config.leaf_columns),
                DEGREES_PER_PIXEL,
                smallest_deg=config.smallest_leaf_deg,
                largest_deg=config.largest_leaf_deg,
                exponent=config.leaf_exponent,
                contrast=config.leaf_contrast,
                seed=config.rng(repetition, 2, number),
            ),
            config,
        )
        for number in range(config.leaf_scenes)
    ]


def noise_scenes(config: ScenesConfig, repetition: int) -> list[Scene]:
    """Draw scenes in which every pixel has a luminance of its own: all smoothness is the eye's."""
    spread = math.sqrt(math.log1p(config.leaf_contrast**2))
    size = (config.leaf_rows, config.leaf_columns)
    return [
        _scene(
            "white scene",
            np.exp(spread * config.rng(repetition, 3, number).standard_normal(size)),
            config,
        )
        for number in range(config.leaf_scenes)
    ]


def sharp(scenes: Sequence[Scene], config: ScenesConfig) -> list[Scene]:
    """See scenes by a photoreceptor that does not blur."""
    return [_scene(each.photograph.name, each.photograph.luminance, config, SHARP_DEG) for each in scenes]


def split(scenes: Sequence[Scene], config: ScenesConfig, repetition: int) -> list[Split]:
    """Choose training and test rows of every scene; the same for the same repetition."""
    chooser = config.rng(repetition, 0)
    return [split_rows(scene, config, chooser) for scene in scenes]


def learn(splits: Sequence[Split], config: ScenesConfig, repetition: int, noises: Sequence[float]) -> Learned:
    """Fit L1, L2 and L3 to a world at each noise level, and test them on other rows.

    Parameters
    ----------
    splits
        Rows to train on and rows to test on.
    config
        Speed, memory and horizon.
    repetition
        Chooses the noise.
    noises
        Noise levels.

    Returns
    -------
    Learned
        Units, correlations, and what the autocovariance says that they should be.
    """
    train, test = (scans(splits, part, config) for part in ("train", "test"))
    rng = config.rng(repetition, 1)
    frequencies, power = power_spectrum(train)
    autocovariance = autocovariance_at(frequencies, power, np.arange(config.memory + config.horizon))
    units, held_out, theory = [], [], []
    for noise in noises:
        unit = fit(train, noise, config, rng)
        units.append(unit)
        held_out.append(held_out_correlations(unit, add_noise(test, noise, rng)))
        theory.append(population(autocovariance, noise, config))
    return Learned(
        tuple(noises),
        units,
        np.array(held_out),
        np.array([cut_off_hz(frequencies, power, noise, config.dt_s) for noise in noises]),
        np.array([each.filters for each in theory]),
        np.array([each.correlations for each in theory]),
        frequencies,
        power,
    )


def learn_alone(splits: Sequence[Split], config: ScenesConfig, repetition: int) -> list[Alone]:
    """Fit each photograph on its own, and test on it what the others teach.

    Parameters
    ----------
    splits
        Rows of each photograph.
    config
        Settings, among them the headline noise.
    repetition
        Chooses the noise.

    Returns
    -------
    list[Alone]
        One per photograph; empty if there is only one.
    """
    if len(splits) < 2:
        return []
    rng = config.rng(repetition, 4)
    noise = config.headline
    found = []
    for place, own in enumerate(splits):
        others = [each for other, each in enumerate(splits) if other != place]
        test = add_noise(scans([own], "test", config), noise, rng)
        unit, foreign = (fit(scans(some, "train", config), noise, config, rng) for some in ([own], others))
        found.append(
            Alone(
                np.asarray(unit.canonical_correlations_),
                held_out_correlations(unit, test),
                held_out_correlations(foreign, test),
            )
        )
    return found


def scans(splits: Sequence[Split], part: str, config: ScenesConfig) -> list[np.ndarray]:
    """Scan rows without noise: ``(time,)`` each."""
    return [movie[:, 0] for movie in move(splits, part, RIGHT, config, 0.0, np.random.default_rng(0))]


def add_noise(recordings: Sequence[np.ndarray], noise: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Add photoreceptor noise, independent over samples."""
    return [each + noise * rng.standard_normal(each.shape) for each in recordings]


def fit(
    recordings: Sequence[np.ndarray], noise: float, config: ScenesConfig, rng: np.random.Generator
) -> ReSU:
    """Fit L3, L1 and L2 to scans with noise."""
    unit = ReSU(config.memory, config.horizon, 2, rectify=("none", "split"), sampling_rate=1 / config.dt_s)
    return unit.fit(add_noise(recordings, noise, rng))


def _scene(
    name: str, luminance: np.ndarray, config: ScenesConfig, acceptance_deg: float | None = None
) -> Scene:
    photograph = Photograph(name, luminance, DEGREES_PER_PIXEL, "drawn by lamina")
    acceptance = config.acceptance_deg if acceptance_deg is None else acceptance_deg
    contrast = natural_contrast(luminance, DEGREES_PER_PIXEL, acceptance, config.surround_deg)
    return Scene(photograph, contrast, False)
