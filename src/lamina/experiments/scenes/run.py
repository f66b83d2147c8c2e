"""The scenes experiment: contrast along scanned rows, and the filters that it teaches at each noise level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lamina.datasets.photographs import DEGREES_PER_PIXEL
from lamina.experiments.natural_scenes import Scene, Split, load_scenes
from lamina.experiments.scenes.config import ScenesConfig
from lamina.experiments.scenes.population import Population, leaves_autocovariance, population
from lamina.experiments.scenes.staircase import Marks, answer, measure
from lamina.experiments.scenes.worlds import (
    Alone,
    Learned,
    leaf_scenes,
    learn,
    learn_alone,
    noise_scenes,
    sharp,
    split,
)
from lamina.typing import Progress

PHOTOGRAPHS, LEAVES = "photographs", "dead leaves"
WHITE, SHARP = "white scene", "dead leaves, no blur"


@dataclass(frozen=True, eq=False)
class World:
    """One kind of scene, over all repetitions.

    Parameters
    ----------
    config
        Settings under which it was scanned.
    learned
        One per repetition.
    """

    config: ScenesConfig
    learned: list[Learned]

    @property
    def noises(self) -> tuple[float, ...]:
        """The noise levels at which it was learned."""
        return self.learned[0].noises

    def at(self, noise: float) -> int:
        """Return the place of a noise level."""
        return self.noises.index(noise)

    def each(self, name: str) -> np.ndarray:
        """Collect an array of `Learned` over repetitions, ``(seeds, noises, ...)``."""
        return np.array([getattr(one, name) for one in self.learned])

    def marks(self, noise: float) -> list[Marks]:
        """Show the staircase to the units of one noise level, and measure their answers."""
        units = [one.units[self.at(noise)] for one in self.learned]
        return [measure(answer(unit, self.config), self.config) for unit in units]


@dataclass(frozen=True, eq=False)
class ScenesResult:
    """Everything that a run found.

    Parameters
    ----------
    config
        Its settings.
    scenes
        The photographs.
    bundled
        Whether they are those that come with the installation.
    splits, leaves
        Rows of the photographs and of the dead leaves in the first repetition.
    worlds
        By name: photographs and dead leaves at every level, a white scene and dead leaves without blur at
        those of the paper.
    velocities
        The photographs at other speeds, in degrees per second.
    alone
        For each repetition, each photograph on its own.
    closed_form
        Population of the dead leaves' closed form at every level.
    """

    config: ScenesConfig
    scenes: list[Scene]
    bundled: bool
    splits: list[Split]
    leaves: list[Split]
    worlds: dict[str, World]
    velocities: dict[float, World]
    alone: list[list[Alone]]
    closed_form: list[Population]


def run(
    config: ScenesConfig | None = None,
    *,
    images: str | Path | None = None,
    field_of_view_deg: float | None = None,
    progress: Progress | None = None,
) -> ScenesResult:
    """Learn L1, L2 and L3 from scanned scenes at many noise levels, and from controls.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    images
        A folder of images to use in place of the bundled photographs.
    field_of_view_deg
        What each of these images spans horizontally, in degrees.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    ScenesResult
        Units at each noise level, their correlations on other rows and other photographs, and the
        populations that they estimate.

    Raises
    ------
    ArgumentError
        If a setting cannot be, or only one of ``images`` and ``field_of_view_deg`` is given.
    FileError
        If the folder or an image cannot be read.
    DataError
        If an image is uniform, too small, or too dark for a contrast.
    """
    settings = config if config is not None else ScenesConfig()
    scenes = load_scenes(settings, None if images is None else Path(images), field_of_view_deg)
    speeds = {
        velocity: replace(settings, velocity_deg_per_s=velocity)
        for velocity in settings.other_velocities_deg_per_s
    }
    learned: dict[str, list[Learned]] = {name: [] for name in (PHOTOGRAPHS, LEAVES, WHITE, SHARP)}
    moved: dict[float, list[Learned]] = {velocity: [] for velocity in speeds}
    alone: list[list[Alone]] = []
    shown: list[tuple[list[Split], list[Split]]] = []
    for number in range(settings.n_seeds):
        if progress is not None:
            progress(number / settings.n_seeds, f"scanning scenes, repetition {number + 1}")
        drawn = leaf_scenes(settings, number)
        rows, leaf_rows = split(scenes, settings, number), split(drawn, settings, number)
        learned[PHOTOGRAPHS].append(learn(rows, settings, number, settings.levels))
        learned[LEAVES].append(learn(leaf_rows, settings, number, settings.levels))
        for name, controls in ((WHITE, noise_scenes(settings, number)), (SHARP, sharp(drawn, settings))):
            learned[name].append(_learn(controls, settings, number))
        for velocity, changed in speeds.items():
            moved[velocity].append(learn(rows, changed, number, settings.noises))
        alone.append(learn_alone(rows, settings, number))
        shown.append((rows, leaf_rows))
    width = settings.leaf_columns * DEGREES_PER_PIXEL
    ideal = leaves_autocovariance(settings, width, settings.memory + settings.horizon)
    return ScenesResult(
        settings,
        scenes,
        images is None,
        *shown[0],
        {name: World(settings, each) for name, each in learned.items()},
        {velocity: World(speeds[velocity], each) for velocity, each in moved.items()},
        alone,
        [population(ideal, noise, settings) for noise in settings.levels],
    )


def _learn(scenes: Sequence[Scene], config: ScenesConfig, number: int) -> Learned:
    return learn(split(scenes, config, number), config, number, config.noises)
