"""The motion pathway learned by the local rule in the order of time, beside batch CCA on the same scenes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lamina.circuits.detector import Pathway
from lamina.experiments.motion_local.agreement import filter_cosines, output_correlations, smallest_cosine
from lamina.experiments.motion_local.config import MotionLocalConfig
from lamina.experiments.motion_local.detectors import (
    ACROSS,
    INPUTS,
    Seen,
    Verdict,
    batch_weights,
    choose,
    layer_2_inputs,
    look,
)
from lamina.experiments.motion_local.lamina_cells import (
    CENTRE,
    LaminaCells,
    LocalLamina,
    batch_cells,
    components,
)
from lamina.experiments.motion_local.remedies import Attempt, try_remedies
from lamina.experiments.natural_scenes import LEFT, RIGHT, Scene, load_scenes, move, split_rows
from lamina.resu.local import LocalReSU
from lamina.typing import Progress

CELLS: dict[str, tuple[Pathway, int]] = {
    "T4a": ("T4", RIGHT),
    "T4b": ("T4", LEFT),
    "T5a": ("T5", RIGHT),
    "T5b": ("T5", LEFT),
}
"""Pathway, and the motion that a cell's network is trained on."""

PAIRED = 4
"""Directions of layer 2 up to the pair whose correlations nearly agree."""

Movies = dict[int, list[np.ndarray]]


@dataclass(frozen=True, eq=False)
class Layer1:
    """How layer 1 came to its filters, on scenes that move one way.

    Parameters
    ----------
    local, batch
        The filters at the end, and those of batch CCA.
    samples
        ``(times,)`` samples learned from, at every look.
    cosines, correlations
        ``(times, 2)``: of the filters, and of their outputs on the training rows, with those of batch CCA.
    """

    local: LaminaCells
    batch: LaminaCells
    samples: np.ndarray
    cosines: np.ndarray
    correlations: np.ndarray


@dataclass(frozen=True, eq=False)
class Layer2:
    """How layer 2 came to its weights on the outputs of the learned layer 1, for one cell.

    Parameters
    ----------
    local, batch
        ``(6, 6)``: the weights at the end, and those of batch CCA on the same outputs.
    batch_correlations
        ``(6,)`` canonical correlations of that batch CCA.
    samples
        ``(times,)`` samples learned from, at every look.
    correlations
        ``(times, 6)`` of the units' outputs with those of batch CCA.
    subspace
        ``(times,)`` smallest cosine between the spaces of the first four units.
    verdicts
        The detector that the rule chooses at every look; the last is the result.
    batch_verdict
        The same when both layers are learned by batch CCA.
    mixed_verdict
        The same for batch CCA on the outputs of the locally learned layer 1.
    """

    local: np.ndarray
    batch: np.ndarray
    batch_correlations: np.ndarray
    samples: np.ndarray
    correlations: np.ndarray
    subspace: np.ndarray
    verdicts: list[Verdict]
    batch_verdict: Verdict
    mixed_verdict: Verdict


@dataclass(frozen=True, eq=False)
class Repetition:
    """One choice of rows, noise and first weights: layer 1 by the motion trained on, layer 2 by cell."""

    layer1: dict[int, Layer1]
    cells: dict[str, Layer2]


@dataclass(frozen=True, eq=False)
class MotionLocalResult:
    """Everything that a run found.

    Parameters
    ----------
    repetitions
        One for every seed.
    attempts
        Other ways of learning layer 1, on the rows of the first repetition.
    plain
        Layer 2 of the first repetition, learned on its six inputs as they are.
    samples_per_pass
        Samples in the training rows of the first repetition.
    """

    config: MotionLocalConfig
    repetitions: list[Repetition]
    attempts: list[Attempt]
    plain: dict[str, Layer2]
    samples_per_pass: int

    @property
    def cells(self) -> list[str]:
        """Names of the cells that were learned."""
        return list(self.repetitions[0].cells)

    def indices(self, cell: str, by: str = "local") -> np.ndarray:
        """Return a cell's index over repetitions, by "local", "batch" or "mixed" learning."""
        found = [each.cells[cell] for each in self.repetitions]
        verdicts = [each.verdicts[-1] if by == "local" else getattr(each, f"{by}_verdict") for each in found]
        return np.array([verdict.index for verdict in verdicts])


def run(config: MotionLocalConfig | None = None, *, progress: Progress | None = None) -> MotionLocalResult:
    """Learn both layers one sample after another, and compare them with batch CCA at every look.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    MotionLocalResult
        Filters, learning curves, and the detectors' indices.
    """
    settings = config if config is not None else MotionLocalConfig()
    scenes = load_scenes(settings)
    done = 0.0

    def report(step: float, what: str) -> None:
        nonlocal done
        done += step
        if progress is not None:
            progress(min(done, 1.0), what)

    report(0.0, "reading scenes")
    first = _movies(scenes, settings, 0)[0][RIGHT]
    attempts = try_remedies(scenes, settings)
    share = 0.9 / (settings.n_seeds + 0.5)
    report(0.1, "learning both layers")
    repetitions = []
    # the local rule lets go of Python's lock, so that both motions are learned side by side
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for number in range(settings.n_seeds):
            repetitions.append(_repeat(scenes, settings, number, pool))
            report(share, f"learned both layers, repetition {number + 1} of {settings.n_seeds}")
        plain = _plain(scenes, settings, repetitions[0].layer1, pool)
    count = sum(len(movie) for movie in first)
    return MotionLocalResult(settings, repetitions, attempts, plain, count)


def _movies(scenes: Sequence[Scene], config: MotionLocalConfig, number: int) -> tuple[Movies, Movies]:
    chooser = config.rng(number, 0)
    splits = [split_rows(scene, config, chooser) for scene in scenes]
    noise = config.rng(number, 1)
    train, test = (
        {way: move(splits, part, way, config, config.noise, noise) for way in (RIGHT, LEFT)}
        for part in ("train", "test")
    )
    return train, test


def _repeat(
    scenes: Sequence[Scene], config: MotionLocalConfig, number: int, pool: ThreadPoolExecutor
) -> Repetition:
    train, test = _movies(scenes, config, number)
    wanted = {name: way for name, (pathway, way) in CELLS.items() if pathway in config.pathways}
    ways: list[int] = [RIGHT, LEFT]

    def first(way: int) -> Layer1:
        return learn_layer_1(train[way], config, number, way)

    layers: dict[int, Layer1] = dict(zip(ways, pool.map(first, ways), strict=True))

    def learn(cell: str) -> Layer2:
        return learn_layer_2(cell, layers[wanted[cell]], train, test, config, number)

    return Repetition(layers, dict(zip(wanted, pool.map(learn, wanted), strict=True)))


def _plain(
    scenes: Sequence[Scene], config: MotionLocalConfig, layers: dict[int, Layer1], pool: ThreadPoolExecutor
) -> dict[str, Layer2]:
    train, test = _movies(scenes, config, 0)
    wanted = [name for name, (pathway, _) in CELLS.items() if pathway == config.pathways[0]]

    def learn(cell: str) -> Layer2:
        return learn_layer_2(cell, layers[CELLS[cell][1]], train, test, config, 0, np.eye(INPUTS))

    return dict(zip(wanted, pool.map(learn, wanted), strict=True))


def learn_layer_1(movies: Sequence[np.ndarray], config: MotionLocalConfig, number: int, way: int) -> Layer1:
    """Learn layer 1 from the central photoreceptor, row after row, and look at it now and then.

    Parameters
    ----------
    movies
        ``(time, 3)`` training rows, moving one way.
    config
        Components and passes.
    number, way
        Repetition and motion, which choose first weights and the order of rows.

    Returns
    -------
    Layer1
        Filters and learning curve.
    """
    signals = [movie[:, CENTRE] for movie in movies]
    batch, covariance = batch_cells(signals, config.memory)
    rng = config.rng(number, 2 + (way == RIGHT))
    layer = LocalLamina(config.components, config.memory, int(rng.integers(2**31)))
    seen = [components(signal, layer.bank) for signal in signals]
    samples, cosines, correlations = [], [], []
    for rows, count in stretches(seen, config.passes, config.checkpoints, rng):
        layer.learn([seen[row] for row in rows])
        cells = layer.cells()
        samples.append(count)
        cosines.append(filter_cosines(cells.filters, batch.filters))
        correlations.append(output_correlations(cells.filters, batch.filters, covariance))
    return Layer1(layer.cells(), batch, np.array(samples), np.array(cosines), np.array(correlations))


def learn_layer_2(
    cell: str,
    layer1: Layer1,
    train: Movies,
    test: Movies,
    config: MotionLocalConfig,
    number: int,
    bank: np.ndarray = ACROSS,
) -> Layer2:
    """Learn layer 2 of one cell on the outputs of the learned layer 1, and choose its detector at every look.

    Parameters
    ----------
    cell
        One of `CELLS`.
    layer1
        Learned, on scenes that move as those of this cell.
    train, test
        Rows that move either way.
    config
        Gap, rate and passes.
    number
        Repetition, which chooses first weights and the order of rows.
    bank
        ``(6, 6)``, what synapses see of the six inputs, each with its own gain.

    Returns
    -------
    Layer2
        Weights, learning curve and detectors.
    """
    pathway, way = CELLS[cell]
    shown = layer_2_inputs(layer1.local, train[way], pathway)
    moments = _second_moments(shown)
    batch, known = batch_weights(shown, config.gap)
    seen = look(layer1.local, train, test, pathway, config)
    rng = config.rng(number, 4 + list(CELLS).index(cell))
    unit = LocalReSU(
        1,
        1,
        INPUTS,
        gap=config.gap,
        center=False,
        learning_rate=config.learning_rate_2,
        decay_steps=config.decay_steps_2,
        decay_power=config.decay_power_2,
        seed=int(rng.integers(2**31)),
    )
    turned = [each @ bank.T for each in shown]
    weights = bank
    samples, correlations, subspace, verdicts = [], [], [], []
    for rows, count in stretches(shown, config.passes_2, config.checkpoints, rng):
        unit.partial_fit([turned[row] for row in rows])
        weights = np.asarray(unit.filters_)[:, 0, :] @ bank
        samples.append(count)
        correlations.append(output_correlations(weights, batch, moments))
        subspace.append(smallest_cosine(weights[:PAIRED], batch[:PAIRED], moments))
        verdicts.append(choose(seen, weights, way))
    return Layer2(
        weights,
        batch,
        known,
        np.array(samples),
        np.array(correlations),
        np.array(subspace),
        verdicts,
        _all_batch(layer1.batch, train, test, pathway, way, config),
        choose(seen, batch, way),
    )


def stretches(
    rows: Sequence[np.ndarray], passes: int, checkpoints: Sequence[float], rng: np.random.Generator
) -> Iterator[tuple[list[int], int]]:
    """Go through rows several times, each time in another order, and stop at checkpoints.

    Parameters
    ----------
    rows
        What is learned from; samples within a row keep their order.
    passes
        How often.
    checkpoints
        When to stop, in passes; the end is always one.
    rng
        Draws the order of rows.

    Yields
    ------
    tuple
        Indices of the next rows, and how many samples will have been seen after them.
    """
    order = np.concatenate([rng.permutation(len(rows)) for _ in range(passes)])
    stops = {min(max(1, round(each * len(rows))), len(order)) for each in checkpoints} | {len(order)}
    before, count = 0, 0
    for stop in sorted(stops):
        stretch = order[before:stop].tolist()
        count += sum(len(rows[row]) for row in stretch)
        before = stop
        yield stretch, count


def _all_batch(
    cells: LaminaCells, train: Movies, test: Movies, pathway: Pathway, way: int, config: MotionLocalConfig
) -> Verdict:
    shown = layer_2_inputs(cells, train[way], pathway)
    seen: Seen = look(cells, train, test, pathway, config)
    return choose(seen, batch_weights(shown, config.gap)[0], way)


def _second_moments(shown: Sequence[np.ndarray]) -> np.ndarray:
    total = sum(each.T @ each for each in shown)
    return np.asarray(total / sum(len(each) for each in shown))
