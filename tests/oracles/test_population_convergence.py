"""Samples of processes with known covariances: fits come to the population's as 1 / sqrt(T).

A partly observed Ornstein-Uhlenbeck process, from its drift by matrix exponentials and a Lyapunov equation,
and a Gaussian process, from its kernel; all written here. A mistake in one of the moments, in the lags, or in
the normalisation leaves an error that does not fall, or falls at another rate.
"""

import numpy as np
import pytest
import scipy.linalg
from scipy.signal import lfilter

import lamina

# dx = F x dt + G dW in continuous time, seen every 0.5 time units through two channels with noise
F = np.array([[-0.25, 1.1, 0.0], [-1.1, -0.25, 0.3], [0.0, 0.0, -0.6]])
G = np.array([[0.6, 0.0, 0.0], [0.2, 0.5, 0.0], [0.0, 0.0, 0.9]])
READOUT = np.array([[1.0, 0.4, 0.7], [0.3, -1.0, 1.2]])
OBSERVATION_NOISE = np.array([[0.5, 0.2], [0.2, 0.6]])
INTERVAL = 0.5


def ou_autocovariance(lags):
    """R_k = H exp(F k dt) P Hᵀ with F P + P Fᵀ = −G Gᵀ, and the observation noise at lag 0."""
    spread = scipy.linalg.solve_continuous_lyapunov(F, -G @ G.T)
    values = [READOUT @ scipy.linalg.expm(F * lag * INTERVAL) @ spread @ READOUT.T for lag in range(lags)]
    values[0] = values[0] + OBSERVATION_NOISE
    return np.array(values)


def ou_sample(rng, samples):
    """Exact in distribution: x_{t+1} = A x_t + q_t, cov(q) = P − A P Aᵀ, one recursion per eigenmode of A."""
    spread = scipy.linalg.solve_continuous_lyapunov(F, -G @ G.T)
    step = scipy.linalg.expm(F * INTERVAL)
    kicks = rng.standard_normal((samples, 3)) @ np.linalg.cholesky(spread - step @ spread @ step.T).T
    kicks[0] = np.linalg.cholesky(spread) @ rng.standard_normal(3)
    rates, modes = np.linalg.eig(step)
    driven = kicks @ np.linalg.inv(modes).T
    states = np.column_stack([lfilter([1.0], [1.0, -rate], driven[:, i]) for i, rate in enumerate(rates)])
    noise = rng.standard_normal((samples, 2)) @ np.linalg.cholesky(OBSERVATION_NOISE).T
    return (states @ modes.T).real @ READOUT.T + noise


def gp_autocovariance(lags):
    """Rational quadratic kernel of length 6 (a power law, k^-3), and observation noise."""
    values = (1 + np.arange(lags) ** 2 / (3 * 6.0**2)) ** -1.5
    values[0] += 0.2
    return values[:, None, None]


def gp_sample(rng, samples):
    """Exact in distribution: the kernel on a circle twice as long, coloured by its spectrum."""
    kernel = gp_autocovariance(samples + 1)[:, 0, 0]
    spectrum = np.fft.rfft(np.concatenate([kernel, kernel[-2:0:-1]])).real
    assert spectrum.min() > 0
    white = np.fft.rfft(rng.standard_normal(2 * samples))
    return np.fft.irfft(white * np.sqrt(spectrum), n=2 * samples)[:samples, None]


def population(autocovariance, memory, horizon, gap):
    """Covariances from E[y_s y_tᵀ] = R_{s−t}, entry by entry; the rest by triangular factors."""
    times = [-lag for lag in range(memory)] + [gap + ahead for ahead in range(horizon)]
    channels = autocovariance.shape[1]
    joint = np.empty((len(times) * channels,) * 2)
    for i, s in enumerate(times):
        for j, t in enumerate(times):
            block = autocovariance[s - t] if s >= t else autocovariance[t - s].T
            joint[i * channels : (i + 1) * channels, j * channels : (j + 1) * channels] = block
    split = memory * channels
    past, future, cross = joint[:split, :split], joint[split:, split:], joint[split:, :split]
    left, right = np.linalg.cholesky(future), np.linalg.cholesky(past)
    between = scipy.linalg.solve_triangular(left, cross, lower=True)
    between = scipy.linalg.solve_triangular(right, between.T, lower=True).T
    _, correlations, directions = scipy.linalg.svd(between)
    return past, correlations, scipy.linalg.solve_triangular(right.T, directions.T).T


PROCESSES = {
    "Ornstein-Uhlenbeck": (ou_autocovariance, ou_sample, 4, 3, 2, 3),
    "Gaussian process": (gp_autocovariance, gp_sample, 6, 5, 1, 2),
}
LENGTHS = 1000 * 4 ** np.arange(5)
RUNS = 32


@pytest.fixture(scope="module", params=PROCESSES)
def errors(request):
    """Root-mean-square errors over runs, for each length: of the correlations, and of the filters."""
    kernel, sample, memory, horizon, gap, units = PROCESSES[request.param]
    past, correlations, filters = population(kernel(memory + gap + horizon), memory, horizon, gap)
    rng = np.random.default_rng(20)
    of_correlations, of_filters = [], []
    for samples in LENGTHS:
        squares = np.zeros((RUNS, 2, units))
        for run in range(RUNS):
            unit = lamina.ReSU(memory, horizon, units, gap=gap).fit(sample(rng, samples))
            squares[run, 0] = (unit.canonical_correlations_ - correlations[:units]) ** 2
            for i, found in enumerate(unit.filters_.reshape(units, -1)):
                found = found * np.sign(found @ past @ filters[i])
                squares[run, 1, i] = (found - filters[i]) @ past @ (found - filters[i])
        of_correlations.append(np.sqrt(squares[:, 0].mean()))
        of_filters.append(np.sqrt(squares[:, 1].mean()))
    return correlations[: units + 1], np.array(of_correlations), np.array(of_filters)


@pytest.mark.parametrize("which", ["correlations", "filters"])
def test_errors_fall_as_one_over_the_square_root_of_the_length(errors, which):
    correlations, *measured = errors
    # well apart from one another and from zero, where other rates hold
    assert (-np.diff(correlations) > 0.05).all()
    error = measured[which == "filters"]
    logs = np.log(LENGTHS)
    slope = np.polyfit(logs, np.log(error), 1)[0]
    # the logarithm of a root mean square of RUNS independent errors scatters by 1 / sqrt(2 RUNS), and a slope
    # fitted through it by that over the spread of the logs: 0.029, of which four are allowed
    scatter = 1 / np.sqrt(2 * RUNS) / np.sqrt(((logs - logs.mean()) ** 2).sum())
    assert abs(slope + 0.5) < 4 * scatter, (slope, error)


def test_errors_are_as_small_as_theory_says(errors):
    correlations, error, _ = errors
    # of independent windows a correlation scatters by (1 - s^2) / sqrt(N); overlapping ones have one new
    # sample each, and what they share multiplies this by a number that the memory of the process bounds
    ideal = np.sqrt(np.mean((1 - correlations[:-1] ** 2) ** 2) / LENGTHS)
    assert (error > 0.3 * ideal).all()
    assert (error < 6 * ideal).all()
