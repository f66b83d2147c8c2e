"""Where a series lies and how far it reaches, channel by channel: what its own standard takes away."""

from __future__ import annotations

import numpy as np

from lamina.resu.features.collection import Collection
from lamina.resu.features.views import series_moments

LEVELS = ("mean", "log_deviation", "minimum", "maximum", "rise")
"""Names of the numbers that each channel of a series gives."""

_FLOOR = 0.01
"""Levels that vary less from series to series, in deviations of the series, are no features: where all of
them were brought to one mean, what is left of it is rounding, which no read-out should look at."""

# of a series that does not vary, the logarithm of this share of the deviation is taken
_LEAST = 1e-3


def channel_scales(collection: Collection, mean: np.ndarray) -> np.ndarray:
    """Deviation of each channel from its mean over all series, (channels,); 1 where there is none."""
    counts, means, deviations = series_moments(collection, difference=False)
    # in a unit in which the largest is about 1, since squares of 1e200 or 1e-200 are none; a power of two,
    # which rounds nothing
    largest = np.maximum(deviations, np.abs(means - mean)).max(axis=0)
    unit = np.exp2(np.floor(np.log2(np.where(largest > 0, largest, 1.0))))
    squares = (deviations / unit) ** 2 + ((means - mean) / unit) ** 2
    squares = (counts * squares).sum(axis=0) / counts.sum(axis=0)
    return np.where(squares > 0, unit * np.sqrt(squares), 1.0)


def choose_levels(table: np.ndarray) -> np.ndarray:
    """Tell which of all levels of the training series, (n_series, channels · 5), vary, by their places."""
    return np.flatnonzero(table.std(axis=0, dtype=np.float64) > _FLOOR)


def level_features(collection: Collection, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Compute the levels of each series, (n_series, channels · 5), float32, channel by channel.

    Of the samples x of a channel, with μ and σ those of the training series: mean (x̄ − μ)/σ, log_deviation
    log(sd/σ + 0.001), minimum (min x − μ)/σ, maximum (max x − μ)/σ, and rise (last − first)/σ.

    Parameters
    ----------
    collection
        Without missing values.
    mean, scale
        μ and σ, (channels,).
    """
    _, means, deviations = series_moments(collection, difference=False)
    n, channels = means.shape
    offset = collection.starts[0]
    data = collection.data[offset : collection.starts[-1]]
    lengths = np.repeat(collection.lengths, channels)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    lowest, highest, first, last = (
        values.reshape(n, channels).astype(np.float64)
        for values in (
            np.minimum.reduceat(data, starts),
            np.maximum.reduceat(data, starts),
            data[starts],
            data[ends - 1],
        )
    )
    levels = (
        (means - mean) / scale,
        np.log(deviations / scale + _LEAST),
        (lowest - mean) / scale,
        (highest - mean) / scale,
        (last - first) / scale,
    )
    # what float32 does not hold becomes infinite, which is looked for
    with np.errstate(over="ignore"):
        return np.stack(levels, axis=2).reshape(n, channels * len(LEVELS)).astype(np.float32)
