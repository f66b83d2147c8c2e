"""Differences of a series, and what takes them back, as linear maps of lag vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular


def difference_filter(difference: int, seasons: int, period: int | None) -> np.ndarray:
    """Return the coefficients a of the differences of a series, w_t = Σ_i a_i y_{t−i}, a_0 = 1.

    a(B) = (1 − B)^d (1 − (B^P + B^{2P} + … + B^{kP}) / k): ordinary differences, and what a sample deviates
    from the mean of the same phase in the last k seasons (k = 1: the seasonal difference).

    Parameters
    ----------
    difference
        d ≥ 0.
    seasons
        k ≥ 0; 0 for none.
    period
        P, samples; needed for k ≥ 1.

    Returns
    -------
    numpy.ndarray
        (d + k P + 1,).

    Examples
    --------
    >>> difference_filter(1, 2, 3).tolist()
    [1.0, -1.0, 0.0, -0.5, 0.5, 0.0, -0.5, 0.5]
    """
    coefficients = np.ones(1)
    for _ in range(difference):
        coefficients = np.convolve(coefficients, [1.0, -1.0])
    if seasons and period is not None:
        seasonal = np.zeros(seasons * period + 1)
        seasonal[0] = 1.0
        seasonal[period::period] = -1.0 / seasons
        coefficients = np.convolve(coefficients, seasonal)
    return coefficients


@dataclass(frozen=True)
class DifferenceMaps:
    """Maps between a series y and its differences w, with m = memory of w, M = memory of y, h = horizon.

    With past q = [y_t; …; y_{t−M+1}], p = [w_t; …; w_{t−m+1}] and futures f of y and g of w, nearest first:
    p = D q and g = E f + F q, so that f = S g + R q with S = E⁻¹ and R = −S F.

    Attributes
    ----------
    past
        D, (m, M).
    future, future_past
        E, (h, h), and F, (h, M).
    summed, carried
        S, (h, h), and R, (h, M).
    """

    past: np.ndarray
    future: np.ndarray
    future_past: np.ndarray
    summed: np.ndarray
    carried: np.ndarray


def difference_maps(coefficients: np.ndarray, memory: int, horizon: int) -> DifferenceMaps:
    """Return the maps of the differences with these coefficients.

    Parameters
    ----------
    coefficients
        a, (n,), a_0 = 1, as `difference_filter` gives them.
    memory, horizon
        m and h, ≥ 1; then M = m + n − 1.

    Returns
    -------
    DifferenceMaps

    Examples
    --------
    >>> maps = difference_maps(difference_filter(1, 0, None), memory=1, horizon=2)
    >>> maps.past.tolist(), maps.summed.tolist(), maps.carried.tolist()
    ([[1.0, -1.0]], [[1.0, 0.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]])
    """
    reach = len(coefficients) - 1
    total = memory + reach
    past = np.zeros((memory, total))
    for lag in range(memory):
        past[lag, lag : lag + reach + 1] = coefficients
    future, future_past = np.zeros((horizon, horizon)), np.zeros((horizon, total))
    for step in range(horizon):
        for back, coefficient in enumerate(coefficients):
            if back <= step:
                future[step, step - back] = coefficient
            else:
                future_past[step, back - step - 1] = coefficient
    summed = solve_triangular(future, np.eye(horizon), lower=True)
    # + 0.0 turns -0.0 into 0.0
    return DifferenceMaps(past, future, future_past, summed, -summed @ future_past + 0.0)
