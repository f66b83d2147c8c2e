"""From a collection to units: moments at each scale, canonical directions, thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lamina.errors import DataError
from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.collection import Collection
from lamina.resu.features.directions import canonical_directions
from lamina.resu.features.gathering import look_for_moments, scale_moments
from lamina.resu.features.outputs import sample_outputs
from lamina.resu.features.pooling import quantile_levels
from lamina.resu.features.scales import Scale


def channel_means(collection: Collection) -> np.ndarray:
    """Mean of each channel over all that is there, (channels,), float64; 0 where nothing is."""
    return look_for_moments(collection, "raw").levels[0].copy()


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

    Raises
    ------
    DataError
        Squares of the values overflow, or vanish.
    """
    found: dict[Scale, list[FeatureUnit]] = {scale: [] for scale in scales}
    looks = {view: look_for_moments(collection, view) for view in {scale.view for scale in scales}}
    for view, dilation in dict.fromkeys((scale.view, scale.dilation) for scale in scales):
        group = [scale for scale in scales if (scale.view, scale.dilation) == (view, dilation)]
        memory, horizon = max(s.memory for s in group), max(s.horizon for s in group)
        moments = scale_moments(collection, view, dilation, memory, horizon, looks[view])
        if moments.n_windows < 2:
            continue
        try:
            whole = moments.covariances()
        except DataError as error:  # which speaks of a chunk, which nobody passed
            raise DataError("X", allowed=error.allowed, got=error.got, remedy=error.remedy) from None
        for scale in group:
            past, future = scale.memory * collection.channels, scale.horizon * collection.channels
            directions = canonical_directions(
                whole.past[:past, :past],
                whole.future[:future, :future],
                whole.cross[:future, :past],
                rank=min(rank, past, future),
                ridge=ridge,
            )
            if directions is not None:
                filters = directions[0].reshape(-1, scale.memory, collection.channels)
                found[scale] = [
                    FeatureUnit(scale, k, filter_, sigma, _NONE)
                    for k, (filter_, sigma) in enumerate(zip(filters, directions[1].tolist(), strict=True))
                ]
    return [found[scale] for scale in scales]


_NONE = np.empty(0, np.float32)

# units whose outputs are kept at once for their quantiles, a megabyte
_TOGETHER = 64


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
    found: list[FeatureUnit] = []
    # one of each view goes along, as the view with the fewest outputs says how many count of each
    along = list({unit.scale.view: unit for unit in units}.values())
    for first in range(0, len(units), _TOGETHER):
        some = units[first : first + _TOGETHER]
        samples = sample_outputs(collection, [*some, *along], mean)[: len(some)]
        levels = _quantiles(samples, quantile_levels(thresholds)).astype(np.float32)
        found += [replace(unit, thresholds=row) for unit, row in zip(some, levels, strict=True)]
    return found


def _quantiles(samples: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of each row but for NaN, (rows, levels), as by `numpy.quantile`; sorts in place."""
    samples.sort(axis=1)
    # NaN is last now; where there is nothing else, 0 is as good as any threshold
    counts = samples.shape[1] - np.isnan(samples).sum(axis=1)
    places = levels * np.maximum(counts - 1, 0)[:, None]
    below = np.floor(places).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(counts - 1, 0)[:, None])
    low, high = (np.take_along_axis(samples, where, axis=1) for where in (below, above))
    return np.nan_to_num(low + (high - low) * (places - below))
