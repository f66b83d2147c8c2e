"""The outputs of many units over many series, pooled: the step that takes the time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from lamina.resu.features.bank import Bank, FeatureUnit, compile_units
from lamina.resu.features.collection import Collection
from lamina.resu.features.pooling import columns
from lamina.resu.features.views import look, read_only

# series that outputs are sampled from, for quantiles
_SAMPLED = 64


def view_of(series: np.ndarray, view: str, mean: np.ndarray) -> np.ndarray:
    """Look at a series in a view, float32: (channels, time), one sample shorter for differences.

    Of "raw" the training mean is taken off; the mean of differences is taken as zero.
    """
    flat = np.ascontiguousarray(series).reshape(-1)
    collection = Collection(flat, np.array([0, series.size]), len(series), bool(np.isnan(flat).any()))
    seen = look(collection, view, mean)
    values = series.astype(np.float64)
    if seen.difference:
        values = np.diff(values, axis=1)
    return ((values - seen.levels[0][:, None]) * seen.factors[0][:, None]).astype(np.float32)


def unit_output(x: np.ndarray, unit: FeatureUnit) -> np.ndarray:
    """Output of one unit, (time,): missing values and missing history count as the mean.

    NaN where the newest sample is missing in every channel. By NumPy, one lag after another: what the
    compiled kernel computes for many units at once.
    """
    known = np.nan_to_num(x, nan=0.0)
    z = np.zeros(x.shape[1], dtype=np.float32)
    for lag in range(unit.scale.memory):
        shift = lag * unit.scale.dilation
        if shift < len(z):
            z[shift:] += unit.filter[lag] @ known[:, : len(z) - shift]
    z[np.isnan(x).all(axis=0)] = np.nan
    return z


def pooled_outputs(
    collection: Collection,
    units: Sequence[FeatureUnit],
    mean: np.ndarray,
    statistics: Sequence[str],
    n_jobs: int = 1,
) -> np.ndarray:
    """Compute the table of features, (n_series, units · columns), float32.

    Parameters
    ----------
    collection
        The series, only read.
    units
        With their thresholds, as many for each.
    mean
        Of the channels, in the training series.
    statistics
        Names from ``STATISTICS`` and ``FURTHER`` of `lamina.resu.features.pooling`.
    n_jobs
        Threads, ≥ 1, each of which takes its share of the series. The table does not depend on it.
    """
    # numba takes a while to load: only who transforms waits for it
    from lamina.resu.features import kernels_outputs as kernels

    bank = compile_units(units)
    thresholds = np.stack([unit.thresholds for unit in units])
    names = columns(statistics, thresholds.shape[1])
    places = bank.columns_of(names, thresholds.shape[1])
    table = np.empty((len(collection), len(units) * len(names)), dtype=np.float32)
    series, views = _prepare(collection, bank, mean)

    def fill(limits: tuple[int, int]) -> None:
        kernels.pool_series(series, *limits, views, bank.plan, thresholds, places, table)

    if n_jobs == 1 or len(collection) == 1:
        fill((0, len(collection)))
        return table
    # a few shares for each thread, since series may differ in length
    shares = min(4 * n_jobs, len(collection))
    limits = [len(collection) * share // shares for share in range(shares + 1)]
    with ThreadPoolExecutor(n_jobs) as pool:
        list(pool.map(fill, pairwise(limits)))
    return table


def sample_outputs(
    collection: Collection, units: Sequence[FeatureUnit], mean: np.ndarray, n_samples: int = 4096
) -> np.ndarray:
    """Sample each unit's output over the collection evenly, (units, about n_samples), for its quantiles."""
    from lamina.resu.features import kernels_outputs as kernels

    step = max(1, len(collection) // _SAMPLED)
    chosen = np.arange(0, len(collection), step)
    total = int(collection.lengths[::step].sum())
    stride = max(1, total // n_samples)
    samples = np.empty((len(units), -(-total // stride)), dtype=np.float32)
    bank = compile_units(units)
    series, views = _prepare(collection, bank, mean)
    filled = kernels.sample_series(series, chosen, stride, views, bank.plan, samples)
    return samples[:, :filled]


def _prepare(collection: Collection, bank: Bank, mean: np.ndarray) -> tuple[tuple, tuple]:
    """Put collection and views into the form that the kernels take."""
    series = (read_only(collection.data), collection.starts, collection.channels, collection.missing)
    looks = [look(collection, view, mean) for view in bank.views]
    differences = np.array([seen.difference for seen in looks])
    factors = np.stack([seen.factors * gain for seen, gain in zip(looks, bank.gains, strict=True)])
    return series, (differences, np.stack([seen.levels for seen in looks]), factors)
