"""The experiment on depth, from photographs to curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lamina.experiments.depth.config import DepthConfig
from lamina.experiments.depth.curves import (
    CURVES,
    MAIN,
    ONE_WAY,
    Material,
    Recipe,
    draw_material,
    keep,
    make,
    recipes,
)
from lamina.experiments.depth.measuring import Pair, measure, read, train_readout
from lamina.experiments.depth.networks import Stage, top_outputs
from lamina.experiments.depth.readout import averaged
from lamina.experiments.depth.references import correlators, raw_windows
from lamina.experiments.natural_scenes import Scene, load_scenes, split_rows
from lamina.typing import Progress

RAW, CORRELATORS, SHUFFLED = "raw window", "correlators", "shuffled velocities"
REFERENCES = (RAW, CORRELATORS, SHUFFLED)

SHOWN = 10
"""Movies in the example."""

_SPLIT, _WEIGHTS, _SHUFFLE, _MOVIES, _TRACE = range(5)


@dataclass(frozen=True, eq=False)
class Trace:
    """Read-outs of velocity on held-out movies one after the other.

    Parameters
    ----------
    truth
        (movies,), in degrees per second.
    estimates
        (depths, movies, time): from the shallowest and the deepest network learned from motion one way.
    start_s
        Time in the movie of the first sample that is read.
    """

    truth: np.ndarray
    estimates: np.ndarray
    start_s: float


@dataclass(frozen=True, eq=False)
class DepthResult:
    """Everything that a run found.

    Parameters
    ----------
    config
        Settings.
    curves
        By level of noise, by curve, by measure: (seeds, depths).
    references
        By level of noise, by name, by measure: (seeds, 1).
    trace
        An example.
    n_movies
        Training and held-out movies of the first repetition.
    """

    config: DepthConfig
    curves: dict[float, dict[str, dict[str, np.ndarray]]]
    references: dict[float, dict[str, dict[str, np.ndarray]]]
    trace: Trace
    n_movies: tuple[int, int]

    def values(self, curve: str, measure: str, noise: float | None = None) -> np.ndarray:
        """Return one measure of one curve, (seeds, depths); at the first level of noise if none is named."""
        return self.curves[self.config.noises[0] if noise is None else noise][curve][measure]

    def reference(self, name: str, measure: str, noise: float | None = None) -> np.ndarray:
        """Return one measure of one reference, (seeds,)."""
        return self.references[self.config.noises[0] if noise is None else noise][name][measure][:, 0]


def run(config: DepthConfig | None = None, *, progress: Progress | None = None) -> DepthResult:
    """Compare networks of several depths on held-out rows of photographs.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    DepthResult
        Information and read-outs against depth, for every curve and repetition.
    """
    settings = config if config is not None else DepthConfig()
    scenes = load_scenes(settings)
    found: dict[float, list[_Repetition]] = {noise: [] for noise in settings.noises}
    jobs = [(number, noise) for number in range(settings.n_seeds) for noise in settings.noises]
    for done, (number, noise) in enumerate(jobs):
        if progress is not None:
            progress(done / len(jobs), f"repetition {number + 1} of {settings.n_seeds}, noise {noise:g}")
        found[noise].append(_repeat(scenes, settings, number, noise))
    first = found[settings.noises[0]][0]
    return DepthResult(
        settings,
        {noise: _gathered([one.curves for one in each]) for noise, each in found.items()},
        {noise: _gathered([one.references for one in each]) for noise, each in found.items()},
        _trace(first, settings),
        (len(first.material.train.frames), len(first.material.test.frames)),
    )


@dataclass(frozen=True, eq=False)
class _Repetition:
    material: Material
    curves: dict[str, list[dict[str, float]]]
    references: dict[str, dict[str, float]]
    one_way: list[list[Stage]]


def _repeat(scenes: Sequence[Scene], config: DepthConfig, number: int, noise: float) -> _Repetition:
    all_of_them = noise == config.noises[0]
    chooser = config.rng(number, _SPLIT)
    splits = [split_rows(scene, config, chooser) for scene in scenes]
    # every level of noise meets the same clips
    material = draw_material(splits, noise, config, config.rng(number, _MOVIES))
    weights = config.rng(number, _WEIGHTS)
    made: dict[Recipe, list[Stage]] = {}
    measured: dict[Recipe, dict[str, float]] = {}
    curves: dict[str, list[dict[str, float]]] = {}
    for curve in CURVES if all_of_them else MAIN:
        for recipe in recipes(curve, config):
            whole = replace(recipe, units=None)
            if whole not in made:
                made[whole] = make(whole, material, weights)
            # curves share networks, the one layer above all
            if recipe not in measured:
                measured[recipe] = measure(keep(made[whole], recipe.units), material, config)
            curves.setdefault(curve, []).append(measured[recipe])
    one_way = [made[recipe] for recipe in recipes(ONE_WAY, config)]
    movies = (material.train, material.test)
    delays = [each / config.dt_s for each in config.delays_s]
    raw = Pair(*(raw_windows(each.frames, config.memory) for each in movies))
    known = Pair(*(correlators(each.frames, config.memory, delays) for each in movies))
    references = {RAW: read(raw, material, config), CORRELATORS: read(known, material, config)}
    if all_of_them:
        order = config.rng(number, _SHUFFLE).permutation(len(material.train.velocity))
        shuffled = replace(material.train, velocity=material.train.velocity[order])
        references[SHUFFLED] = read(known, replace(material, train=shuffled), config)
    return _Repetition(material, curves, references, one_way)


def _gathered(rows: list[dict[str, Any]]) -> dict[str, dict[str, np.ndarray]]:
    """Turn repetitions of names of (depths of) measures into names of measures of arrays."""
    gathered: dict[str, dict[str, np.ndarray]] = {}
    for name in rows[0]:
        parts = [row[name] if isinstance(row[name], list) else [row[name]] for row in rows]
        gathered[name] = {
            measure: np.array([[each[measure] for each in part] for part in parts]) for measure in parts[0][0]
        }
    return gathered


def _trace(repetition: _Repetition, config: DepthConfig) -> Trace:
    material, seconds = repetition.material, config.averages_s[-1]
    chosen = config.rng(0, _TRACE).permutation(len(material.test.velocity))[:SHOWN]
    start = config.memory + config.longest_average - 2
    estimates = []
    for stages in (repetition.one_way[0], repetition.one_way[-1]):
        readout = train_readout(top_outputs(stages, material.train.frames), material.train, config, seconds)
        outputs = top_outputs(stages, material.test.frames[chosen])
        estimates.append(readout(averaged(outputs, config.longest_average))[:, start:, 0])
    return Trace(material.test.velocity[chosen], np.array(estimates), start * config.dt_s)
