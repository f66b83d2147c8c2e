"""Ways of choosing a few filters of the past, and what their outputs tell about the future."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import eigh

from lamina.errors import ClippedInformationWarning
from lamina.simulate import population_covariances
from lamina.stats import LagMoments, projection_information, truncated_cca

CCA, RRR, PCA, RIDGE, SLOW = "CCA", "RRR", "PCA", "ridge", "slow features"
METHODS = (CCA, RRR, PCA, RIDGE, SLOW)
"""In the order of every table and figure."""

_NOTHING = 1e-10  # share of the strongest direction below which a singular value is rounding


@dataclass(frozen=True, eq=False)
class Moments:
    """What all methods learn from.

    Parameters
    ----------
    past, future, cross
        ``C_pp``, ``C_ff`` and ``C_fp``; newest lag first, nearest sample first.
    change
        Covariance of p_t − p_{t−1}, the change of the past from one sample to the next.
    past_mean, future_mean
        Means that were taken off.
    """

    past: np.ndarray
    future: np.ndarray
    cross: np.ndarray
    change: np.ndarray
    past_mean: np.ndarray
    future_mean: np.ndarray


def population_moments(autocovariance: np.ndarray, memory: int, horizon: int) -> Moments:
    """Return what infinitely much data would give.

    Parameters
    ----------
    autocovariance
        At least ``memory + horizon + 1`` lags.
    memory, horizon
        Samples of past and future.

    Returns
    -------
    Moments
        With means of zero.
    """
    # one sample of past more than asked for shows how the past changes
    longer = population_covariances(autocovariance, memory + 1, horizon)
    zeros = np.zeros(memory + 1), np.zeros(horizon)
    return _cut(longer.past, longer.future, longer.cross, *zeros)


def sample_moments(trials: Sequence[np.ndarray], memory: int, horizon: int) -> Moments:
    """Return the moments of recordings, ``(time,)`` each, whose windows cross no end."""
    gathered = LagMoments(memory + 1, horizon)
    for trial in trials:
        gathered.update(trial).end_trial()
    found = gathered.covariances()
    parts = (found.past, found.future, found.cross, found.past_mean, found.future_mean)
    return _cut(*(np.asarray(part) for part in parts))


def learn(method: str, moments: Moments, penalty: float = 0.0) -> np.ndarray:
    r"""Choose filters by one method, best first.

    .. math:: \text{CCA}: \; C_{ff}^{-1/2} C_{fp} C_{pp}^{-1/2}, \quad
              \text{RRR}: \; C_{fp} C_{pp}^{-1/2}, \quad \text{PCA}: \; C_{fp}, \quad
              \text{ridge}: \; C_{fp} (C_{pp} + \lambda I)^{-1}

    Each is cut off after r singular values; slow features minimise the variance of :math:`z_t - z_{t-1}`
    under :math:`\Psi C_{pp} \Psi^\top = I`.

    Parameters
    ----------
    method
        One of `METHODS`.
    moments
        To learn from.
    penalty
        Of ridge regression, in units of the mean variance of the past.

    Returns
    -------
    numpy.ndarray
        ``(units, memory)``, as many as exist.
    """
    if method == SLOW:
        return eigh(moments.change, moments.past)[1].T
    if method == RIDGE:
        return np.linalg.svd(ridge_coefficients(moments, penalty), full_matrices=False)[2]
    objectives: dict[str, Any] = {CCA: "cca", RRR: "rrr", PCA: "pca"}
    found = truncated_cca(
        moments.past, moments.future, moments.cross, objective=objectives[method], rcond=_NOTHING
    )
    return np.asarray(found.past_filters)


def ridge_coefficients(moments: Moments, penalty: float) -> np.ndarray:
    """Return the full-rank forecast of ridge regression, ``(horizon, memory)``."""
    size = len(moments.past)
    load = penalty * float(np.trace(moments.past)) / size
    return np.linalg.solve(moments.past + load * np.eye(size), moments.cross.T).T


def information(filters: np.ndarray, moments: Moments) -> float:
    """Return the information (nats) that the outputs of the filters hold about the future."""
    joint = filters @ moments.past @ filters.T
    with warnings.catch_warnings():
        # a few windows more than lags may leave a correlation of 1, which the curve shows as it is
        warnings.simplefilter("ignore", ClippedInformationWarning)
        return projection_information((joint + joint.T) / 2, filters @ moments.cross.T, moments.future)


def best_forecast(filters: np.ndarray, moments: Moments) -> np.ndarray:
    """Return the least-squares forecast from the outputs of the filters, ``(horizon, memory)``."""
    outputs = filters @ moments.past @ filters.T
    return moments.cross @ filters.T @ np.linalg.solve(outputs, filters)


def forecast_error(coefficients: np.ndarray, learned: Moments, moments: Moments) -> float:
    r"""Return the squared error of a forecast as a share of the future's variance.

    .. math:: \frac{\operatorname{E} \lVert f - \hat f \rVert^2}{\operatorname{E} \lVert f - \mu_f \rVert^2},
              \qquad \hat f = \mu_f + B (p - \mu_p)

    Parameters
    ----------
    coefficients
        ``B``, ``(horizon, memory)``.
    learned
        Where the means of the forecast come from.
    moments
        Of the recording to judge on.

    Returns
    -------
    float
        0 is a perfect forecast, 1 no better than the mean.
    """
    explained = np.sum(coefficients * moments.cross)
    spread = np.sum((coefficients @ moments.past) * coefficients)
    # a mean that is not that of the new recording is an error, too
    offset = (moments.future_mean - learned.future_mean) - coefficients @ (
        moments.past_mean - learned.past_mean
    )
    total = float(np.trace(moments.future))
    return float((total - 2 * explained + spread + offset @ offset) / total)


def _cut(
    past: np.ndarray, future: np.ndarray, cross: np.ndarray, past_mean: np.ndarray, future_mean: np.ndarray
) -> Moments:
    newer, older = past[:-1, :-1], past[1:, 1:]
    change = newer + older - past[:-1, 1:] - past[1:, :-1]
    return Moments(newer, future, cross[:, :-1], (change + change.T) / 2, past_mean[:-1], future_mean)
