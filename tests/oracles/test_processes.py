"""Processes against closed forms, step-by-step simulation and second routes to the same numbers."""

import math
from functools import partial

import numpy as np
import pytest
import scipy.linalg
from sklearn.gaussian_process.kernels import RBF, Matern, RationalQuadratic

from lamina.simulate import (
    OUSystem,
    exponential_kernel,
    generate_gp_data,
    generate_ou_process,
    matern32_kernel,
    matern52_kernel,
    oscillating_kernel,
    ou_autocovariance,
    ou_canonical_correlations,
    population_canonical_correlations,
    population_covariances,
    rational_quadratic_kernel,
    squared_exponential_kernel,
)

A = np.array([[0.6, 0.6, 0.0], [-0.6, 0.6, 0.0], [0.0, 0.0, 0.4]])
B = np.diag([0.17, -0.15, 0.28])
C = np.array([0.78, 0.53, 1.0])
TWO_CHANNELS = OUSystem(A, B, [[0.78, 0.53, 1.0], [0.0, 1.0, -0.5]], 0.05)


def correlations_by_cholesky(past, future, cross):
    """Canonical correlations by triangular factors, which share nothing with an eigendecomposition."""
    left = scipy.linalg.solve_triangular(np.linalg.cholesky(future), cross, lower=True)
    whole = scipy.linalg.solve_triangular(np.linalg.cholesky(past), left.T, lower=True)
    return scipy.linalg.svdvals(whole)


def summed_autocovariance(n_lags, readout, noise):
    """R_k by adding up what each past input left behind, term by term."""
    powers = [np.eye(3)]
    for _ in range(400):  # 0.8485**400 is 1e-29
        powers.append(A @ powers[-1])
    P = sum(p @ B @ B.T @ p.T for p in powers)
    lagged = np.array([readout @ powers[k] @ P @ readout.T for k in range(n_lags)])
    lagged[0] += noise * np.eye(len(readout))
    return lagged


def test_published_values_of_the_three_state_system():
    correlations = ou_canonical_correlations(25, 25)
    np.testing.assert_allclose(correlations[:3], [0.3757, 0.2214, 0.0485], rtol=0, atol=5e-5)
    assert np.all(correlations[3:] < 1e-12)
    assert -0.5 * np.log1p(-(correlations**2)).sum() == pytest.approx(0.1024, abs=5e-5)


@pytest.mark.parametrize(("memory", "horizon", "gap"), [(25, 25, 1), (4, 7, 1), (6, 3, 5)])
def test_ou_correlations_by_a_second_route(memory, horizon, gap):
    R = summed_autocovariance(60, C[None, :], 0.1)[:, 0, 0]
    past = scipy.linalg.toeplitz(R[:memory])
    future = scipy.linalg.toeplitz(R[:horizon])
    cross = scipy.linalg.hankel(R[gap : gap + horizon], R[gap + horizon - 1 : gap + horizon + memory - 1])
    expected = correlations_by_cholesky(past, future, cross)
    np.testing.assert_allclose(
        ou_canonical_correlations(memory, horizon, gap)[: len(expected)], expected, atol=1e-12
    )


@pytest.mark.parametrize(("system", "noise"), [(OUSystem(), 0.1), (TWO_CHANNELS, 0.05)])
def test_ou_autocovariance_by_summation(system, noise):
    readout = np.atleast_2d(system.readout)
    expected = summed_autocovariance(12, readout, noise)
    lagged = ou_autocovariance(12, system)
    if lagged.ndim == 1:
        expected = expected[:, 0, 0]
    np.testing.assert_allclose(lagged, expected, rtol=1e-11, atol=1e-14)


def test_population_covariances_of_two_channels_are_the_joint_covariance():
    # the covariance of the states at six successive samples, seen through the readout, sample by sample
    memory, horizon, gap = 3, 2, 2
    P = scipy.linalg.solve_discrete_lyapunov(A, B @ B.T)
    readout = TWO_CHANNELS.readout
    times = [2, 1, 0, 4, 5]  # past newest first, future nearest first
    joint = np.empty((10, 10))
    for i, s in enumerate(times):
        for j, t in enumerate(times):
            if s >= t:
                states = np.linalg.matrix_power(A, s - t) @ P
            else:
                states = P @ np.linalg.matrix_power(A, t - s).T
            joint[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = readout @ states @ readout.T + 0.05 * (
                s == t
            ) * np.eye(2)
    found = population_covariances(ou_autocovariance(6, TWO_CHANNELS), memory, horizon, gap)
    np.testing.assert_allclose(found.past, joint[:6, :6], rtol=1e-11)
    np.testing.assert_allclose(found.future, joint[6:, 6:], rtol=1e-11)
    np.testing.assert_allclose(found.cross, joint[6:, :6], rtol=1e-11)


def test_recording_is_the_step_by_step_recursion():
    n = 300
    recording = generate_ou_process(n, TWO_CHANNELS, seed=5)
    rng = np.random.default_rng(5)
    P = scipy.linalg.solve_discrete_lyapunov(A, B @ B.T)
    variances, axes = np.linalg.eigh((P + P.T) / 2)
    x = axes @ (np.sqrt(variances) * rng.standard_normal(3))
    drive = rng.standard_normal((n - 1, 3))
    noise = rng.standard_normal((n, 2))
    expected = []
    for t in range(n):
        expected.append(TWO_CHANNELS.readout @ x + math.sqrt(0.05) * noise[t])
        if t < n - 1:
            x = A @ x + B @ drive[t]
    np.testing.assert_allclose(recording, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("at", [0, 7])
def test_process_is_stationary_from_its_first_sample_on(at):
    rng = np.random.default_rng(1)
    values = np.array([generate_ou_process(8, seed=rng)[at] for _ in range(4000)])
    variance = ou_autocovariance(1)[0]
    # a sample variance of 4000 normal values scatters by sqrt(2 / 4000) = 2.2 %
    assert values.var() == pytest.approx(variance, rel=4 * math.sqrt(2 / 4000))
    assert abs(values.mean()) < 4 * math.sqrt(variance / 4000)


@pytest.mark.parametrize(("noise", "expected"), [(0.01, [1.000, 0.992, 0.752]), (0.4, [0.978, 0.510, 0.079])])
def test_published_values_of_the_rational_quadratic_kernel(noise, expected):
    R = rational_quadratic_kernel(np.arange(150), alpha=1.0, length_scale=50.0)
    R[0] += noise**2
    by_library = population_canonical_correlations(R, 75, 75)[:3]
    np.testing.assert_allclose(by_library, expected, rtol=0, atol=5e-4)
    formula = np.array([1 / (1 + k**2 / 5000) for k in range(150)])
    own = scipy.linalg.toeplitz(formula[:75]) + noise**2 * np.eye(75)
    by_cholesky = correlations_by_cholesky(own, own, scipy.linalg.hankel(formula[1:76], formula[75:150]))
    # the conditioning of the covariance, about 75 / noise^2, times rounding
    np.testing.assert_allclose(by_library, by_cholesky[:3], rtol=0, atol=75 / noise**2 * 1e-15)


def test_an_exponential_kernel_has_one_correlation():
    correlations = population_canonical_correlations(exponential_kernel(np.arange(60), 20.0), 30, 30)
    assert correlations[0] == pytest.approx(math.exp(-1 / 20), rel=1e-12)
    assert np.all(correlations[1:] < 1e-6)


KERNELS = {
    "exponential": (exponential_kernel, {"length_scale": 7.0}, Matern(7.0, nu=0.5)),
    "squared exponential": (squared_exponential_kernel, {"length_scale": 7.0}, RBF(7.0)),
    "matern32": (matern32_kernel, {"length_scale": 7.0}, Matern(7.0, nu=1.5)),
    "matern52": (matern52_kernel, {"length_scale": 7.0}, Matern(7.0, nu=2.5)),
    "rational quadratic": (
        rational_quadratic_kernel,
        {"alpha": 0.7, "length_scale": 7.0},
        RationalQuadratic(7.0, alpha=0.7),
    ),
}


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_against_scikit_learn(name):
    function, parameters, theirs = KERNELS[name]
    lags = np.linspace(-40, 40, 81)
    np.testing.assert_allclose(function(lags, **parameters), theirs(lags[:, None], [[0.0]])[:, 0], rtol=1e-12)


def test_oscillating_kernel_is_the_real_part_of_a_complex_decay():
    lags = np.arange(-30, 31)
    expected = np.exp((-1 / 9.0 + 2j * np.pi / 12.0) * np.abs(lags)).real
    np.testing.assert_allclose(oscillating_kernel(lags, length_scale=9.0, period=12.0), expected, atol=1e-15)


@pytest.mark.parametrize(
    "kernel",
    [
        partial(rational_quadratic_kernel, length_scale=3.0),
        partial(squared_exponential_kernel, length_scale=8.0),  # needs a larger circle than the smallest
        partial(oscillating_kernel, length_scale=10.0, period=7.0),
    ],
)
@pytest.mark.parametrize("length", [1, 2, 17])
def test_gaussian_samples_have_exactly_the_covariance_of_the_kernel(kernel, length):
    """Feed unit impulses in place of noise: the map from noise to sample, squared, is the covariance."""

    class Impulses(np.random.Generator):
        position = 0
        sizes = ()

        def standard_normal(self, size):
            draw = np.zeros(size)
            if not self.sizes:  # the noise that is coloured; the second draw is the observation noise
                draw[self.position] = 1.0
            self.sizes += (size,)
            return draw

    columns = []
    while True:
        impulses = Impulses(np.random.PCG64(0))
        impulses.position = len(columns)
        columns.append(generate_gp_data(length, kernel, seed=impulses))
        if len(columns) == impulses.sizes[0]:
            break
    root = np.array(columns).T
    expected = scipy.linalg.toeplitz(kernel(np.arange(length)))
    np.testing.assert_allclose(root @ root.T, expected, rtol=0, atol=1e-11)
