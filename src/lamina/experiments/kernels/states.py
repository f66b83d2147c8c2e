r"""Kernels of processes with a finite state, and their canonical correlations without any lag vector.

A kernel that is a sum of r damped exponentials (times powers of the lag) is the covariance of one coordinate
of a Markov process with r states,

.. math:: k(\tau) = C A^{\tau} P C^\top, \qquad x_{t+1} = A x_t + w_t, \qquad \operatorname{Cov}(x) = P.

Given the state, past and future have nothing to do with each other. So there are at most r canonical
correlations above 0, whatever the noise, and they follow from how well either side knows the state.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import block_diag, expm, solve_continuous_lyapunov


class States(NamedTuple):
    """A Markov process of which one coordinate is observed.

    Parameters
    ----------
    transition
        (states, states): from one sample to the next.
    covariance
        (states, states): of the stationary states.
    readout
        (states,).
    """

    transition: np.ndarray
    covariance: np.ndarray
    readout: np.ndarray


def matern_states(order: int, length_scale: float) -> States:
    r"""Return the states of the Matérn kernel of smoothness order − 1/2: the signal and its derivatives.

    .. math:: \left(\frac{d}{dt} + \lambda\right)^{n} y = w, \qquad \lambda = \sqrt{2 n - 1} / \ell

    Parameters
    ----------
    order
        n: 1 is the exponential kernel, 2 is Matérn 3/2, 3 is Matérn 5/2.
    length_scale
        In samples.

    Returns
    -------
    States
        ``order`` of them; derivatives are by time in units of 1 / λ.
    """
    drift = np.eye(order, k=1)
    drift[-1] = [-math.comb(order, power) for power in range(order)]
    force = np.zeros((order, order))
    force[-1, -1] = 1.0
    covariance = solve_continuous_lyapunov(drift, -force)
    rate = math.sqrt(2 * order - 1) / length_scale
    return States(expm(rate * drift), covariance / covariance[0, 0], np.eye(order)[0])


def oscillator_states(frequencies: Sequence[float], weights: Sequence[float], length_scale: float) -> States:
    r"""Return the states of a sum of damped cosines: two each, which turn.

    .. math:: k(\tau) = e^{-\tau / \ell} \sum_i w_i \cos \omega_i \tau

    Parameters
    ----------
    frequencies
        Radians per sample, from 0 to π; those of 0 and π need one state only.
    weights
        Of each, above 0.
    length_scale
        In samples.

    Returns
    -------
    States
        Two for each frequency between 0 and π.
    """
    turns, variances, readout = [], [], []
    for frequency, weight in zip(frequencies, weights, strict=True):
        cosine, sine = math.cos(frequency), math.sin(frequency)
        alone = abs(sine) < 1e-9
        turns.append(np.array([[cosine]]) if alone else np.array([[cosine, -sine], [sine, cosine]]))
        variances += [weight] * (1 if alone else 2)
        readout += [1.0] if alone else [1.0, 0.0]
    turning = np.asarray(block_diag(*turns))
    return States(math.exp(-1 / length_scale) * turning, np.diag(variances), np.array(readout))


def periodic_weights(period: int, roughness: float) -> tuple[list[float], list[float]]:
    r"""Return the frequencies and weights of a kernel that repeats itself, for whole periods.

    .. math:: \exp\left(-2 \sin^2(\pi \tau / P) / s^2\right) = \sum_j w_j \cos(2 \pi j \tau / P)

    Parameters
    ----------
    period
        P, in samples.
    roughness
        s.

    Returns
    -------
    frequencies, weights
        period // 2 + 1 each.
    """
    shape = np.exp(-2 * np.sin(np.pi * np.arange(period) / period) ** 2 / roughness**2)
    weights = np.fft.rfft(shape).real / period
    twice = np.full(len(weights), 2.0)
    twice[0] = 1.0
    if period % 2 == 0:
        twice[-1] = 1.0
    frequencies = 2 * np.pi * np.arange(len(weights)) / period
    return frequencies.tolist(), (weights * twice).tolist()


def state_correlations(states: States, memory: int, noise: float, gap: int = 1) -> np.ndarray:
    r"""Return the canonical correlations of past and future from filters of the states.

    .. math:: \sigma_i^2 = \operatorname{eig}_i\left(P^{-1} K_p\, P^{-1} K_f\right)

    with the covariances :math:`K_p, K_f` of what the past and what the future know of the present state: one
    Kalman filter that runs forwards, one that runs backwards in time. No matrix has more rows than there are
    states, and none of them is nearly singular where the covariance of a smooth past is.

    Parameters
    ----------
    states
        The process.
    memory
        Samples of the past, and of the future.
    noise
        Standard deviation of the white noise.
    gap
        Samples from the newest past to the nearest future one.

    Returns
    -------
    numpy.ndarray
        (states,), descending.
    """
    A, P, C = states
    reverse = np.linalg.solve(P, A @ P).T
    past = _known(A, P, C, memory, noise)
    leap = np.linalg.matrix_power(reverse, gap)
    future = leap @ _known(reverse, P, C, memory, noise) @ leap.T
    squares = np.linalg.eigvals(np.linalg.solve(P, past) @ np.linalg.solve(P, future)).real
    return np.sqrt(np.clip(np.sort(squares)[::-1], 0.0, 1.0))


def damped_oscillation(length_scale: float, period: float, gap: int = 1) -> tuple[float, float]:
    r"""Return both canonical correlations of a damped cosine without noise, for an endless past and future.

    .. math:: \sigma_1 - \sigma_2 = \rho^g\, |\cos g \omega|\, (1 - e), \qquad
              (\sigma_1 + \sigma_2)^2 = \rho^{2g} \left[\cos^2(g \omega)\, (1 - e)^2 + 4 e\right]

    with :math:`\rho = e^{-1/\ell}`, :math:`\omega = 2 \pi / P`, and the share e that the past knows of the
    hidden one of the two states. Their Riccati equation is one number's:
    :math:`\rho^2 \sin^2 \omega\; s^2 + q^2 s = q^2` with :math:`s = 1 - e` and :math:`q = 1 - \rho^2`.

    Parameters
    ----------
    length_scale, period
        In samples.
    gap
        Samples from the newest past to the nearest future one.

    Returns
    -------
    tuple[float, float]
        The larger and the smaller.
    """
    decay, turn = math.exp(-1 / length_scale), 2 * math.pi / period
    lost = 1 - decay**2
    swing = (decay * math.sin(turn)) ** 2
    unknown = 2 * lost / (lost + math.sqrt(lost**2 + 4 * swing))
    known = 1 - unknown
    difference = decay**gap * abs(math.cos(gap * turn)) * unknown
    total = decay**gap * math.sqrt((math.cos(gap * turn) * unknown) ** 2 + 4 * known)
    return (total + difference) / 2, (total - difference) / 2


def _known(A: np.ndarray, P: np.ndarray, C: np.ndarray, memory: int, noise: float) -> np.ndarray:
    """Return the covariance of what so many samples tell of the state at the last of them."""
    fresh = P - A @ P @ A.T
    error = P
    for step in range(memory):
        if step:
            error = A @ error @ A.T + fresh
        seen = error @ C
        error = error - np.outer(seen, seen) / (C @ seen + noise**2)
        error = (error + error.T) / 2
    return P - error
