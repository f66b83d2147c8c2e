r"""Forecasters that compete for what an eye sees, so that each comes to know one direction of motion.

A layer that learns from all directions at once has to forecast a mixture, which no linear forecast fits.
Several forecasters do better: each has its own moments of present and future, and learns only from where its
forecast is the best. Nothing tells them the direction of motion. The error of forecaster k at a position,

.. math:: e_k = f - A_k p, \qquad A_k = C_{fp} C_{pp}^{-1}, \qquad S_k = C_{ff} - A_k C_{fp}^\top,

is taken to be Gaussian of covariance :math:`s^2 S_k`, where the local contrast :math:`s` is unknown. With the
best :math:`s` the log-likelihood is

.. math:: \ell_k = -\tfrac d2 \ln \langle e_k^\top S_k^{-1} e_k \rangle - \tfrac12 \ln \det S_k,

a leaky average over the recent past in angle brackets. Without :math:`s` one forecaster would take the parts
of a scene where there is little contrast, whichever way they move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

_RIDGE = 1e-5
"""Added to covariances, relative to their mean eigenvalue: L1 - L2 and L3 are nearly the same at times."""

_SETTLED = 0.002
"""Share of windows that change hands in a round, below which the competition is over."""

_BLOCK_S = 0.7
"""Length of the blocks that are dealt out at random in the beginning."""


class Moments(NamedTuple):
    """Second moments about zero of present and future, ``(channels, channels)`` each."""

    past: np.ndarray
    future: np.ndarray
    cross: np.ndarray


@dataclass(frozen=True, eq=False)
class Groups:
    """What the competition ended with.

    Parameters
    ----------
    moments
        Of each group.
    winners
        ``(movies, time, positions)`` index of the group that each window belongs to.
    score
        Mean log-likelihood of the winners; starts are compared by it.
    rounds
        How many it took.
    """

    moments: list[Moments]
    winners: np.ndarray
    score: float
    rounds: int


def compete(
    past: np.ndarray,
    future: np.ndarray,
    count: int,
    leak: float,
    dt_s: float,
    rounds: int,
    rng: np.random.Generator,
) -> Groups:
    """Let ``count`` forecasters compete, from windows dealt out at random.

    Parameters
    ----------
    past, future
        ``(movies, time, positions, channels)``.
    count
        Number of groups, at least 2.
    leak
        Time constant of the leaky average, in seconds.
    dt_s
        Time between the windows.
    rounds
        Rounds at most.
    rng
        Deals out the windows.

    Returns
    -------
    Groups
        Their moments and what each has won.
    """
    movies, time, positions, channels = past.shape
    block = max(1, round(_BLOCK_S / dt_s))
    dealt = rng.integers(0, count, (movies, -(-time // block), positions))
    winners = np.repeat(dealt, block, axis=1)[:, :time]
    keep = np.exp(-dt_s / leak)
    score, done = -np.inf, 0
    while done < rounds:
        done += 1
        scores = np.empty((count, movies, time, positions), dtype=np.float32)
        for group in range(count):
            forecast, whiten, log_det = _forecaster(moments_of(past, future, winners == group))
            errors = np.square((future - past @ forecast) @ whiten).sum(axis=-1)
            recent = np.asarray(lfilter([1 - keep], [1, -keep], errors, axis=1))
            scores[group] = -0.5 * (channels * np.log(recent + np.finfo(np.float32).tiny) + log_det)
        before, winners = winners, scores.argmax(axis=0)
        score = float(scores.max(axis=0).mean(dtype=np.float64))
        if np.mean(before != winners) < _SETTLED:
            break
    moments = [moments_of(past, future, winners == group) for group in range(count)]
    return Groups(moments, winners, score, done)


def moments_of(past: np.ndarray, future: np.ndarray, chosen: np.ndarray) -> Moments:
    """Return the second moments of the windows that are chosen, zero if there are none."""
    p, f = past[chosen], future[chosen]
    count = max(1, len(p))
    return Moments(*(np.asarray(each, dtype=np.float64) / count for each in (p.T @ p, f.T @ f, f.T @ p)))


def _forecaster(moments: Moments) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the forecast and the whitening of its error, both to be applied from the right, and ln det."""
    past, future, cross = moments
    ridge = _RIDGE * max(np.trace(past) / len(past), np.finfo(np.float64).tiny) * np.eye(len(past))
    forecast = np.linalg.solve(past + ridge, cross.T)
    error = future - cross @ forecast
    error = (error + error.T) / 2 + ridge
    whiten = np.linalg.cholesky(np.linalg.inv(error))
    log_det = float(np.linalg.slogdet(error)[1])
    return forecast.astype(np.float32), whiten.astype(np.float32), log_det
