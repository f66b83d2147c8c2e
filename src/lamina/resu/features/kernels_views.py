"""Means and deviations of series, compiled; loaded only when something is fitted or transformed."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def series_moments(
    data: np.ndarray, starts: np.ndarray, channels: int, difference: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many values of each channel of each series there are, their mean and their standard deviation.

    Parameters
    ----------
    data, starts, channels
        As in `Collection`.
    difference
        Of y_t − y_{t−1} instead of y_t.

    Returns
    -------
    counts, means, deviations
        Each (n_series, channels), float64; 0 where nothing is there.
    """
    n = len(starts) - 1
    late = 1 if difference else 0
    counts, means, deviations = np.zeros((n, channels)), np.zeros((n, channels)), np.zeros((n, channels))
    for i in range(n):
        time = (starts[i + 1] - starts[i]) // channels
        for c in range(channels):
            values = data[starts[i] + c * time : starts[i] + (c + 1) * time]
            # relative to the largest, since squares of 1e200 or 1e-200 are none
            largest = 0.0
            for t in range(late, time):
                size = abs(_value(values, t, late))
                if size > largest:
                    largest = size
            total, there = 0.0, 0
            for t in range(late, time):
                value = _value(values, t, late)
                if value == value:
                    total += value / largest if largest > 0 else 0.0
                    there += 1
            if there == 0:
                continue
            counts[i, c] = there
            if largest > 0:
                mean = total / there
                total = 0.0
                for t in range(late, time):
                    value = _value(values, t, late)
                    if value == value:
                        total += (value / largest - mean) ** 2
                means[i, c] = mean * largest
                deviations[i, c] = np.sqrt(total / there) * largest
    return counts, means, deviations


@njit(cache=True)
def _value(values, t, late):  # noqa: ANN001, ANN202
    return np.float64(values[t]) - np.float64(values[t - 1]) if late else np.float64(values[t])
