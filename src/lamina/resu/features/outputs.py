"""The outputs of many units over many series, pooled: the step that takes the time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.collection import Collection
from lamina.resu.features.pooling import columns, pool


def view_of(series: np.ndarray, view: str, mean: np.ndarray) -> np.ndarray:
    """A series in a view, less the training mean, float32: (channels, time).

    "difference" is one sample shorter, and its mean is taken as zero.
    """
    if view == "difference":
        return np.diff(series.astype(np.float64), axis=1).astype(np.float32)
    return (series - mean[:, None]).astype(np.float32)


def unit_output(x: np.ndarray, unit: FeatureUnit) -> np.ndarray:
    """Output of one unit, (time,): missing values and missing history count as the mean.

    NaN where the newest sample is missing in every channel.
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
    """Compute the table of features, (n_series, units · columns), float32."""
    del n_jobs
    width = len(columns(statistics, len(units[0].thresholds)))
    table = np.empty((len(collection), len(units) * width), dtype=np.float32)
    for i in range(len(collection)):
        views = {view: view_of(collection.series(i), view, mean) for view in {u.scale.view for u in units}}
        for k, unit in enumerate(units):
            z = unit_output(views[unit.scale.view], unit)
            table[i, k * width : (k + 1) * width] = pool(z, unit.thresholds, statistics)
    return table


def sample_outputs(
    collection: Collection, units: Sequence[FeatureUnit], mean: np.ndarray, n_samples: int = 4096
) -> np.ndarray:
    """Sample each unit's output over the collection evenly, (units, about n_samples), for its quantiles."""
    step = max(1, len(collection) // 64)
    chosen = range(0, len(collection), step)
    stride = max(1, int(collection.lengths[::step].sum()) // n_samples)
    rows = []
    for unit in units:
        outputs = [unit_output(view_of(collection.series(i), unit.scale.view, mean), unit) for i in chosen]
        z = np.concatenate(outputs)
        rows.append(z[~np.isnan(z)][::stride])
    shortest = min(len(row) for row in rows)
    return np.stack([row[:shortest] for row in rows])
