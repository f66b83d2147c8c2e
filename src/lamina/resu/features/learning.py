"""From a collection to units: moments at each scale, canonical directions, thresholds."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lamina.errors import DataError, RankDeficientWarning
from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.collection import Collection
from lamina.resu.features.gathering import scale_moments
from lamina.resu.features.outputs import sample_outputs
from lamina.resu.features.pooling import quantile_levels
from lamina.resu.features.scales import Scale
from lamina.stats.cca import truncated_cca


def channel_means(collection: Collection) -> np.ndarray:
    """Mean of each channel over all that is there, (channels,), float64; 0 for a channel that is never there."""
    total = np.zeros(collection.channels)
    count = np.zeros(collection.channels)
    for i in range(len(collection)):
        series = collection.series(i)
        total += np.nansum(series, axis=1, dtype=np.float64)
        count += np.sum(~np.isnan(series), axis=1)
    return total / np.maximum(count, 1)


def learn_units(
    collection: Collection, scales: Sequence[Scale], rank: int, ridge: float
) -> list[list[FeatureUnit]]:
    """Fit the units of every scale, strongest first; scales on which nothing varies have none.

    Parameters
    ----------
    collection
        The training series.
    scales
        Those of one view and dilation share their moments.
    rank
        Most units of a scale, ≥ 1.
    ridge
        As in `lamina.stats.truncated_cca`.

    Returns
    -------
    list of list of FeatureUnit
        For each scale; thresholds are still empty.
    """
    found: dict[Scale, list[FeatureUnit]] = {scale: [] for scale in scales}
    for view, dilation in dict.fromkeys((scale.view, scale.dilation) for scale in scales):
        group = [scale for scale in scales if (scale.view, scale.dilation) == (view, dilation)]
        memory, horizon = max(s.memory for s in group), max(s.horizon for s in group)
        moments = scale_moments(collection, view, dilation, memory, horizon)
        if moments.n_windows < 2:
            continue
        whole = moments.covariances()
        for scale in group:
            past, future = scale.memory * collection.channels, scale.horizon * collection.channels
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", RankDeficientWarning)
                    directions = truncated_cca(
                        whole.past[:past, :past],
                        whole.future[:future, :future],
                        whole.cross[:future, :past],
                        rank=min(rank, past, future),
                        ridge=ridge,
                    )
            except DataError:  # nothing varies at this scale
                continue
            filters = directions.past_filters.reshape(-1, scale.memory, collection.channels)
            found[scale] = [
                FeatureUnit(scale, k, filter_.astype(np.float32), float(sigma), np.empty(0, np.float32))
                for k, (filter_, sigma) in enumerate(
                    zip(filters, directions.canonical_correlations, strict=True)
                )
            ]
    return [found[scale] for scale in scales]


def spend(units: Sequence[Sequence[FeatureUnit]], most: int) -> list[FeatureUnit]:
    """Take the first unit of every scale, then the second of every scale, … until there are ``most``."""
    deepest = max((len(of_scale) for of_scale in units), default=0)
    turns = [of_scale[k] for k in range(deepest) for of_scale in units if k < len(of_scale)]
    chosen = set(map(id, turns[:most]))
    return [unit for of_scale in units for unit in of_scale if id(unit) in chosen]


def set_thresholds(
    collection: Collection, units: Sequence[FeatureUnit], mean: np.ndarray, thresholds: int
) -> list[FeatureUnit]:
    """Give every unit the quantiles of its own training output as thresholds."""
    samples = sample_outputs(collection, units, mean)
    levels = np.quantile(samples, quantile_levels(thresholds), axis=1).T.astype(np.float32)
    return [replace(unit, thresholds=row) for unit, row in zip(units, levels, strict=True)]
