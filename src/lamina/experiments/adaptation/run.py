"""The adaptation experiment: noise changes at once, and the filter follows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lamina.experiments.adaptation.config import WITHIN, AdaptationConfig
from lamina.resu.local import LocalReSU
from lamina.simulate import generate_gp_data, population_covariances, rational_quadratic_kernel
from lamina.stats import LagMoments, truncated_cca
from lamina.typing import Progress


@dataclass(frozen=True, eq=False)
class Change:
    """How filters followed one change of noise; cosines with the population's filter for the new noise.

    Parameters
    ----------
    old, new
        (memory,): the population's first filter before and after, of unit length.
    pooled, single
        (seeds, after + 1): with forgetting, from all photoreceptors and from one, at the change and after
        each further lag vector.
    fresh
        (seeds, 2): a fit to nothing but what came in the first ten lag vectors after the change, of all
        photoreceptors and of one: what forgetting all of the past at once would give.
    local
        (seeds, checkpoints + 1): by the local rule, at the change and at each checkpoint.
    local_old
        (seeds,): cosine of the local filter at the change with that of the old noise.
    filters
        (after + 1, memory): the pooled filters of the first seed, of unit length.
    """

    old: np.ndarray
    new: np.ndarray
    pooled: np.ndarray
    single: np.ndarray
    fresh: np.ndarray
    local: np.ndarray
    local_old: np.ndarray
    filters: np.ndarray


@dataclass(frozen=True, eq=False)
class AdaptationResult:
    """Everything that a run found, by the name of the change."""

    config: AdaptationConfig
    changes: dict[str, Change]


def run(config: AdaptationConfig | None = None, *, progress: Progress | None = None) -> AdaptationResult:
    """Change the noise of a signal at once, both ways, and watch the first filter.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    AdaptationResult
        Cosines with the filter of the new noise, against time.
    """
    settings = config if config is not None else AdaptationConfig()
    changes: dict[str, Change] = {}
    for place, (name, noises) in enumerate(settings.changes.items()):
        if progress is not None:
            progress(place / len(settings.changes), f"{name}")
        changes[name] = _watch(settings, place, *noises)
    return AdaptationResult(settings, changes)


def population_filter(config: AdaptationConfig, noise: float) -> np.ndarray:
    """Return the first filter that infinitely much data of one noise would give, ``(memory,)``."""
    lags = np.arange(config.memory + config.horizon)
    autocovariance = rational_quadratic_kernel(lags, length_scale=config.length_scale)
    autocovariance[0] += noise**2
    covariances = population_covariances(autocovariance, config.memory, config.horizon)
    return _first_filter([covariances])


def _watch(config: AdaptationConfig, place: int, noise_before: float, noise_after: float) -> Change:
    old, target = (population_filter(config, noise) for noise in (noise_before, noise_after))

    def one_seed(number: int) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng([config.seed, number, place, 0])
        pooled, single, fresh = _forgetting(config, rng, noise_before, noise_after)
        rng = np.random.default_rng([config.seed, number, place, 1])
        local = _local(config, rng, noise_before, noise_after)
        curves = (_cosines(filters, target) for filters in (pooled, single, fresh, local))
        return *curves, _cosines(local[0], old), pooled

    # half of the time is spent in kernels that let go of Python's lock
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        found = list(pool.map(one_seed, range(config.n_seeds)))
    curves = [np.array(part) for part in zip(*(seed[:5] for seed in found), strict=True)]
    return Change(old, target, *curves, filters=found[0][5])


def _forgetting(
    config: AdaptationConfig, rng: np.random.Generator, noise_before: float, noise_after: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    memory, count = config.memory, config.photoreceptors
    length, change = (config.before + config.after) * memory, config.before * memory
    signal = _signals(config, rng, length, count)
    noise = np.where(np.arange(length) < change, noise_before, noise_after)
    signal += noise * rng.standard_normal(signal.shape)
    every = [
        LagMoments(memory, config.horizon, half_life=config.half_life * memory).update(one[:change])
        for one in signal
    ]
    pooled, single = [], []
    for stop in range(change, length + 1, memory):
        for moments, one in zip(every, signal, strict=True):
            if stop > change:
                moments.update(one[stop - memory : stop])
        covariances = [moments.covariances() for moments in every]
        pooled.append(_first_filter(covariances))
        single.append(_first_filter(covariances[:1]))
    recent = signal[:, change : change + WITHIN * memory]
    new = [LagMoments(memory, config.horizon).update(one).covariances() for one in recent]
    return np.array(pooled), np.array(single), np.array([_first_filter(new), _first_filter(new[:1])])


def _local(
    config: AdaptationConfig, rng: np.random.Generator, noise_before: float, noise_after: float
) -> np.ndarray:
    memory = config.memory
    change = config.local_before * memory
    length = change + config.local_checkpoints[-1] * memory
    recording = _signals(config, rng, length, 1)[0]
    noise = np.where(np.arange(length) < change, noise_before, noise_after)
    recording += noise * rng.standard_normal(length)
    unit = LocalReSU(
        memory,
        config.horizon,
        1,
        half_life=config.local_half_life * memory,
        seed=int(rng.integers(2**31)),
    )
    stops = [change, *(change + checkpoint * memory for checkpoint in config.local_checkpoints)]
    filters = [unit.partial_fit(chunk).filters_[0, :, 0] for chunk in np.split(recording, stops)[:-1]]
    return np.array([each / np.linalg.norm(each) for each in filters])


def _signals(config: AdaptationConfig, rng: np.random.Generator, length: int, count: int) -> np.ndarray:
    def kernel(lags: np.ndarray) -> np.ndarray:
        return rational_quadratic_kernel(lags, length_scale=config.length_scale)

    return np.array(generate_gp_data(length, kernel, n_series=count, seed=rng))


def _first_filter(covariances: Sequence[object]) -> np.ndarray:
    past, future, cross = (
        np.mean([np.asarray(getattr(each, name)) for each in covariances], axis=0)
        for name in ("past", "future", "cross")
    )
    found = np.asarray(truncated_cca(past, future, cross, 1).past_filters)[0]
    return found / np.linalg.norm(found)


def _cosines(filters: np.ndarray, target: np.ndarray) -> np.ndarray:
    # a canonical direction has no sign of its own
    return np.abs(filters @ target)
