"""Local learning from recordings to numbers: how near to batch CCA, after how many steps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.experiments.local_learning.config import (
    CURVES,
    REMEDIES,
    TUNED_ON,
    LocalLearningConfig,
    Way,
    processes,
)
from lamina.resu import ReSU
from lamina.resu.local import LocalReSU
from lamina.resu.local_learning import settings_of
from lamina.resu.local_readout import correlations, filters, rotation
from lamina.resu.local_state import LocalState
from lamina.simulate import OUSystem, generate_ou_process
from lamina.typing import Progress

_BUFFER, _THINNING = 1000, 10


@dataclass(frozen=True, eq=False)
class Curve:
    """How near one way of learning came, over all seeds.

    Parameters
    ----------
    cosines
        (seeds, checkpoints, units), descending: of the principal angles between the outputs' subspace and
        that of batch CCA on the same recording.
    correlations
        (seeds, checkpoints, units): of each unit's output with that of batch CCA, without sign.
    turned
        The same after ``rotation_``, which is the identity but for Bio-CCA.
    estimates
        (seeds, units): the canonical correlations that the units themselves know of, at the end.
    batch
        (seeds, units): those of batch CCA.
    """

    cosines: np.ndarray
    correlations: np.ndarray
    turned: np.ndarray
    estimates: np.ndarray
    batch: np.ndarray


@dataclass(frozen=True, eq=False)
class LocalLearningResult:
    """Everything that a run found: curves by process and way, and the remedies on the first process."""

    config: LocalLearningConfig
    curves: dict[str, dict[str, Curve]]
    remedies: dict[str, Curve]


def run(
    config: LocalLearningConfig | None = None, *, progress: Progress | None = None
) -> LocalLearningResult:
    """Learn three processes in every way, over all seeds.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    LocalLearningResult
        Cosines and correlations with batch CCA against steps.
    """
    settings = config if config is not None else LocalLearningConfig()
    curves: dict[str, dict[str, Curve]] = {}
    remedies: dict[str, Curve] = {}
    systems = processes()
    for place, (name, system) in enumerate(systems.items()):
        if progress is not None:
            progress(place / len(systems), f"learning {name}")
        # one way may stand in both lists, and is learned once
        wanted = [*CURVES, *REMEDIES] if name == TUNED_ON else list(CURVES)
        different = {_kind(way): way for way in wanted}
        found = dict(zip(different, learn_process(system, list(different.values()), settings), strict=True))
        curves[name] = {way.name: found[_kind(way)] for way in CURVES}
        if name == TUNED_ON:
            remedies = {way.name: found[_kind(way)] for way in REMEDIES}
    return LocalLearningResult(settings, curves, remedies)


def learn_process(system: OUSystem, ways: Sequence[Way], config: LocalLearningConfig) -> list[Curve]:
    """Learn one process in several ways, over all seeds.

    Parameters
    ----------
    system
        The process.
    ways
        How to learn.
    config
        Settings.

    Returns
    -------
    list of Curve
        How near each way came.
    """
    # the kernels let go of Python's lock, so seeds can run side by side
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        found = list(pool.map(lambda number: _one_seed(system, ways, config, number), range(config.n_seeds)))
    return [
        Curve(*(np.array(part) for part in zip(*(seed[place] for seed in found), strict=True)))
        for place in range(len(ways))
    ]


def compare(ours: np.ndarray, theirs: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare filters by their outputs' second moments.

    Parameters
    ----------
    ours, theirs
        (units, lags).
    covariance
        C_pp, (lags, lags).

    Returns
    -------
    cosines, correlations
        (units,) each: of the principal angles between both subspaces of outputs, and of each pair of units,
        without sign.
    """
    own, other = (np.linalg.cholesky(side @ covariance @ side.T) for side in (ours, theirs))
    across = ours @ covariance @ theirs.T
    whitened = np.linalg.solve(own, np.linalg.solve(other, across.T).T)
    scale = np.sqrt(np.diag(own @ own.T) * np.diag(other @ other.T))
    cosines = np.linalg.svd(whitened, compute_uv=False)
    return np.minimum(cosines, 1.0), np.minimum(np.abs(np.diag(across)) / scale, 1.0)


def _kind(way: Way) -> tuple[Any, ...]:
    return (way.order, *sorted(way.parameters.items()))


def _one_seed(
    system: OUSystem, ways: Sequence[Way], config: LocalLearningConfig, number: int
) -> list[tuple[np.ndarray, ...]]:
    length = config.checkpoints[-1] + config.memory + config.horizon - 1
    recording = generate_ou_process(length, system, seed=np.random.default_rng([config.seed, number, 0]))
    recording = recording.reshape(recording.shape[0], -1)
    recording = (recording - recording.mean(axis=0)) / recording.std(axis=0)
    batch = ReSU(config.memory, config.horizon, config.rank).fit(recording)
    return [_one_way(recording, batch, way, config, number) for way in ways]


def _one_way(
    recording: np.ndarray, batch: ReSU, way: Way, config: LocalLearningConfig, number: int
) -> tuple[np.ndarray, ...]:
    window, steps = config.memory + config.horizon, config.checkpoints
    thinning = _THINNING if way.order == "thinned" else 1
    covariance = np.asarray(batch.moments_.covariances().past)
    theirs = np.asarray(batch.filters_).reshape(config.rank, -1)
    weights = np.random.default_rng([config.seed, number, 1]).integers(2**31)
    unit = LocalReSU(config.memory, config.horizon, config.rank, seed=int(weights), **way.parameters)
    rows: list[tuple[np.ndarray, ...]] = []
    state = LocalState.begin(settings_of(unit), recording.shape[1])
    order = _order(way.order, steps[-1], np.random.default_rng([config.seed, number, 2]))
    seen = 0
    for checkpoint in steps:
        # "time" is learned as users learn, sample after sample; the controls jump about in the recording
        if order is None:
            unit.partial_fit(recording[seen : checkpoint + window - 1])
            state, seen = unit.state_, checkpoint + window - 1
        else:
            _learn_in_order(state, unit, recording, order[seen : checkpoint // thinning])
            seen = checkpoint // thinning
        ours = filters(state)[0].reshape(config.rank, -1)
        turned = rotation(state) @ ours
        rows.append((*compare(ours, theirs, covariance), compare(turned, theirs, covariance)[1]))
    estimates = np.asarray(correlations(state))
    curves = (np.array(part) for part in zip(*rows, strict=True))
    return (*curves, estimates, np.asarray(batch.canonical_correlations_))


def _order(kind: str, windows: int, rng: np.random.Generator) -> np.ndarray | None:
    if kind == "time":
        return None
    if kind == "thinned":
        return np.arange(0, windows, _THINNING)
    if kind == "shuffled":
        return rng.permutation(windows)
    blocks = [np.arange(start, min(start + _BUFFER, windows)) for start in range(0, windows, _BUFFER)]
    return np.concatenate([rng.permutation(block) for block in blocks])


def _learn_in_order(state: LocalState, unit: LocalReSU, recording: np.ndarray, order: np.ndarray) -> None:
    from lamina.resu.local_kernels import learn_in_order

    settings = settings_of(unit)
    # the recording comes standardised
    state.variance[:] = 1.0
    fine = learn_in_order(
        recording,
        order,
        state.counts,
        state.learned(),
        state.averages(),
        state.window,
        settings.schedule(recording.shape[1]),
        settings.lateral_time if settings.rule == "bio" else 0.0,
    )
    if not fine:
        # a way that runs away is a result, too: it stays at no resemblance
        state.average_past_weights[:] = np.eye(*state.average_past_weights.shape)
