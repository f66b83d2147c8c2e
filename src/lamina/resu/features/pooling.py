"""What is kept of a unit's output over time: the statistics, by name, and how many numbers each gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STATISTICS = ("above", "deviation", "max_on", "max_off", "early_on", "early_off")
"""Those that are kept, in the order of the columns; "above" has a column for each threshold."""

FURTHER = ("mean_on", "mean_off")
"""Others that can be asked for."""


def columns(statistics: Sequence[str], thresholds: int) -> list[str]:
    """Name the columns of one unit: the statistics, each threshold by its quantile."""
    # from 0.1 to 0.9, more than 81 thresholds are less than 0.01 apart
    digits = len(str((thresholds - 1) // 80)) if thresholds > 81 else 0
    names: list[str] = []
    for statistic in statistics:
        if statistic == "above":
            names += [f"above_q{100 * level:.{digits}f}" for level in quantile_levels(thresholds)]
        else:
            names.append(statistic)
    return names


def quantile_levels(thresholds: int) -> np.ndarray:
    """Levels of the quantiles that serve as thresholds, evenly from 0.1 to 0.9; one alone is the median."""
    return np.linspace(0.1, 0.9, thresholds) if thresholds > 1 else np.full(thresholds, 0.5)


def pool(z: np.ndarray, thresholds: np.ndarray, statistics: Sequence[str]) -> np.ndarray:
    """Pool one output over time, by NumPy: what the compiled kernel computes, one unit at a time.

    Parameters
    ----------
    z
        (time,), NaN where there is none. If there is none at all, it counts as one sample at the mean.
    thresholds
        (thresholds,).
    statistics
        Names from ``STATISTICS`` and ``FURTHER``.

    Returns
    -------
    numpy.ndarray
        (columns,).
    """
    z = z[~np.isnan(z)]
    if len(z) == 0:
        z = np.zeros(1)
    on, off = np.maximum(z, 0), np.maximum(-z, 0)
    early = np.cos(np.pi * (np.arange(len(z)) + 0.5) / len(z))
    values: list[float] = []
    for statistic in statistics:
        if statistic == "above":
            values += [float((z > level).mean()) for level in thresholds]
        elif statistic == "mean_on":
            values.append(float(on.mean()))
        elif statistic == "max_on":
            values.append(float(on.max()))
        elif statistic == "mean_off":
            values.append(float(off.mean()))
        elif statistic == "max_off":
            values.append(float(off.max()))
        elif statistic == "deviation":
            values.append(float(z.std(dtype=np.float64)))
        elif statistic == "early_on":
            values.append(float((on * early).mean()))
        elif statistic == "early_off":
            values.append(float((off * early).mean()))
    return np.array(values)
