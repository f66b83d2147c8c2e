"""What stands in for missing values: lines between the neighbours that are there."""

from __future__ import annotations

import numpy as np

from lamina.resu.features.collection import Collection


def fill_gaps(collection: Collection, mean: np.ndarray) -> Collection:
    """Complete the series of a collection; one without missing values is given back as it is.

    Samples at the ends of a series that are missing in every channel are cut off: padding leaves no trace.
    Between values that are there, and not across channels, those missing lie on a straight line; before the
    first and after the last of a channel they equal it; a channel that is nowhere there is at its mean.

    Parameters
    ----------
    collection
        Each series with at least one value; not written to.
    mean
        (channels,), of the training series.

    Returns
    -------
    Collection
        Of the same dtype, without NaN.
    """
    if not collection.missing:
        return collection
    pieces = [_completed(collection.series(i), mean) for i in range(len(collection))]
    starts = np.concatenate([[0], np.cumsum([piece.size for piece in pieces])]).astype(np.int64)
    return Collection(np.concatenate([p.ravel() for p in pieces]), starts, collection.channels, missing=False)


def _completed(series: np.ndarray, mean: np.ndarray) -> np.ndarray:
    there = ~np.isnan(series)
    if there.all():
        return series
    known = np.flatnonzero(there.any(axis=0))
    series, there = series[:, known[0] : known[-1] + 1].copy(), there[:, known[0] : known[-1] + 1]
    times = np.arange(series.shape[1])
    for values, present, level in zip(series, there, mean, strict=True):
        missing = ~present
        if missing.all():
            values[:] = level
        elif missing.any():
            values[missing] = np.interp(times[missing], times[present], values[present])
    return series
