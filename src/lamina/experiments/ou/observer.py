r"""The optimal observer of the hidden states, which knows the system: what the units should span."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_discrete_are

from lamina.simulate import OUSystem


def kalman_filters(system: OUSystem, memory: int) -> np.ndarray:
    r"""Return the steady Kalman predictor of the states as filters of the past observations.

    .. math:: \hat x_{t+1} = \sum_{k \ge 0} (A - K C)^k K\, y_{t-k}, \qquad
              K = A S C^\top (C S C^\top + r)^{-1}, \qquad
              S = A S A^\top - K C S A^\top + B B^\top

    It is built from the matrices of the system and sees no covariance of lag vectors.

    Parameters
    ----------
    system
        A system with one channel.
    memory
        Samples of the past, of those that the sum goes over.

    Returns
    -------
    numpy.ndarray
        (states, memory), newest first.
    """
    A, B, C = system.transition, system.drive, system.readout[None, :]
    noise = np.array([[system.observation_variance]])
    S = solve_discrete_are(A.T, C.T, B @ B.T, noise)
    K = A @ S @ C.T / (C @ S @ C.T + noise)
    filters, moved = np.empty((len(A), memory)), K[:, 0]
    for lag in range(memory):
        filters[:, lag] = moved
        moved = (A - K @ C) @ moved
    return filters


def windowed_kalman_filters(system: OUSystem, memory: int) -> np.ndarray:
    r"""Return the Kalman predictor of the states that has seen nothing but so many observations.

    It starts from the stationary states, :math:`\hat x = 0, S = P`, and goes through the observations from
    the oldest to the newest, with a gain of its own at each. What it spans is what a past of this length
    tells of the states, exactly; the steady one is its limit.

    Parameters
    ----------
    system
        A system with one channel.
    memory
        Observations that it has seen.

    Returns
    -------
    numpy.ndarray
        (states, memory), newest first.
    """
    A, B, C = system.transition, system.drive, system.readout
    S, filters = system.stationary_covariance, np.empty((len(A), 0))
    for _ in range(memory):
        K = A @ S @ C / (C @ S @ C + system.observation_variance)
        filters = np.column_stack([K, (A - np.outer(K, C)) @ filters])
        S = A @ S @ A.T - np.outer(K, C @ S @ A.T) + B @ B.T
    return filters


def subspace_sines(one: np.ndarray, other: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return the sines of the angles of `subspace_cosines`, without the cosines: small ones are exact.

    Parameters
    ----------
    one, other, covariance
        As there; as many filters each.

    Returns
    -------
    numpy.ndarray
        As many as there are filters, ascending, from 0 to 1.
    """
    root = np.linalg.cholesky(covariance).T
    bases = [np.linalg.qr(root @ filters.T)[0] for filters in (one, other)]
    beside = bases[0] - bases[1] @ (bases[1].T @ bases[0])
    return np.minimum(np.linalg.svd(beside, compute_uv=False)[::-1], 1.0)


def subspace_cosines(one: np.ndarray, other: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return the cosines of the principal angles between what two sets of filters span.

    Parameters
    ----------
    one, other
        (filters, memory) each.
    covariance
        (memory, memory), of the past: angles are between the outputs.

    Returns
    -------
    numpy.ndarray
        As many as the smaller set has filters, descending, from 0 to 1.
    """
    root = np.linalg.cholesky(covariance).T
    bases = [np.linalg.qr(root @ filters.T)[0] for filters in (one, other)]
    return np.minimum(np.linalg.svd(bases[0].T @ bases[1], compute_uv=False), 1.0)
