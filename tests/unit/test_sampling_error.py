"""Theory of the errors of fits, against closed forms and many fits."""

import numpy as np
import pytest

from lamina.errors import ArgumentError, ShapeError
from lamina.experiments.convergence import Convergence, Population, length_text, named, slope_claim
from lamina.experiments.sampling_error import (
    bartlett_covariance,
    correlation_bias,
    correlation_slopes,
    filter_slopes,
    sampling_error,
)
from lamina.simulate import population_canonical_correlations, population_covariances
from lamina.stats import truncated_cca

DECAY = 0.8 ** np.arange(200)
NOISY = DECAY + 0.5 * (np.arange(200) == 0)


def test_bartlett_of_white_noise_and_of_an_autoregression():
    white = np.zeros(50)
    white[0] = 2.0
    np.testing.assert_allclose(bartlett_covariance(white, 4), np.diag([8.0, 4, 4, 4]), atol=1e-12)
    # variance of the sample variance of AR(1): 2 (1 + a²) / (1 - a²)
    assert bartlett_covariance(DECAY, 3)[0, 0] == pytest.approx(2 * (1 + 0.64) / (1 - 0.64))
    # the sum, term by term
    naive = sum(
        DECAY[abs(s)] * DECAY[abs(s + 2 - 1)] + DECAY[abs(s + 2)] * DECAY[abs(s - 1)]
        for s in range(-150, 150)
    )
    assert bartlett_covariance(DECAY, 3)[2, 1] == pytest.approx(naive)


def test_one_lag_each_is_the_correlation_coefficient():
    # the lag-1 autocorrelation of AR(1): variance (1 - a²) / T, bias -(1 + 3a) / T (Kendall 1954)
    assert sampling_error(DECAY, 1, 1).correlation_sd[0] == pytest.approx(np.sqrt(1 - 0.64))
    assert correlation_bias(DECAY, 1, 1)[0] == pytest.approx(-(1 + 3 * 0.8), rel=0.01)
    # of white noise every entry of the whitened cross-covariance has variance 1
    white = np.eye(1, 60)[0] + 1e-9 * DECAY[:60]
    assert sampling_error(white, 5, 1).moment_error == pytest.approx(5.0, rel=1e-5)


def test_slopes_are_derivatives():
    directions = truncated_cca(*population_covariances(NOISY, 3, 3))
    slopes = correlation_slopes(directions, 1)[0]
    step = 1e-6
    for lag in range(6):
        up, down = NOISY.copy(), NOISY.copy()
        up[lag] += step
        down[lag] -= step
        difference = [population_canonical_correlations(each, 3, 3)[0] for each in (up, down)]
        assert slopes[lag] == pytest.approx((difference[0] - difference[1]) / (2 * step), abs=1e-7)


@pytest.mark.parametrize("unit", [0, 1])
def test_slopes_of_filters_are_derivatives(unit):
    R = 2 * DECAY + (-0.7) ** np.arange(200) + 0.3 * np.cos(np.arange(200)) * DECAY + (np.arange(200) == 0)
    here = truncated_cca(*population_covariances(R, 4, 4))
    psi = np.asarray(here.past_filters)
    move = np.random.default_rng(0).standard_normal(8)
    expected = psi.T @ (filter_slopes(here, unit) @ move)
    step = 1e-6
    moved = []
    for sign in (1, -1):
        each = R.copy()
        each[:8] += sign * step * move
        found = np.asarray(truncated_cca(*population_covariances(each, 4, 4)).past_filters)[unit]
        moved.append(found * np.sign(found @ psi[unit]))
    np.testing.assert_allclose((moved[0] - moved[1]) / (2 * step), expected, rtol=1e-4, atol=1e-5)


def test_many_fits_scatter_as_theory_says():
    # two states, one slow and one that alternates, seen through noise: two correlations that lie apart
    R = 2 * DECAY + (-0.7) ** np.arange(200) + 0.2 * (np.arange(200) == 0)
    population, theory = Population(R, 3, 2), sampling_error(R, 3, 2)
    bias = correlation_bias(R, 3, 2)
    rng = np.random.default_rng(3)
    count, n = 1000, 400
    # sampled naively, from the covariance matrix itself
    lags = np.arange(count)
    long = np.zeros(count)
    long[:200] = R
    root = np.linalg.cholesky(long[np.abs(lags[:, None] - lags)])
    fits = [population.compare(root @ rng.standard_normal(count)) for _ in range(n)]
    windows = count - 5
    missed = np.array([fit.correlations[:2] for fit in fits]) - population.correlations[:2]
    np.testing.assert_allclose(missed.std(axis=0) * np.sqrt(windows), theory.correlation_sd, rtol=0.15)
    error = missed.std(axis=0) / np.sqrt(n)
    assert np.all(np.abs(missed.mean(axis=0) - bias / windows) < 4 * error)
    distances = np.sqrt(np.mean([fit.filter_errors**2 for fit in fits], axis=0))
    np.testing.assert_allclose(distances * np.sqrt(windows), theory.filter_error, rtol=0.15)
    # how much the squares themselves scatter, from which the errors of slopes follow
    squares = np.array([[*fit.filter_errors, fit.moment_error] for fit in fits]) ** 2
    spread = [theory.filter_spread([0]), theory.filter_spread([1]), theory.moment_spread]
    np.testing.assert_allclose(np.var(squares, axis=0) / np.mean(squares, axis=0) ** 2, spread, rtol=0.3)
    both = np.mean((missed / theory.correlation_sd) ** 2, axis=1)
    assert np.var(both) / np.mean(both) ** 2 == pytest.approx(theory.correlation_spread([0, 1]), rel=0.3)
    moments = np.sqrt(np.mean([fit.moment_error**2 for fit in fits]))
    assert moments * np.sqrt(windows) == pytest.approx(theory.moment_error, rel=0.1)


def test_spurious_correlations_of_one_lag_are_half_normal():
    # one direction is left of two, whose error is one normal number
    draws = sampling_error(NOISY, 2, 1, n_draws=2000, rng=np.random.default_rng(0)).spurious
    assert draws.shape == (2000, 1)
    assert draws.mean() / np.sqrt(np.mean(draws**2)) == pytest.approx(np.sqrt(2 / np.pi), abs=0.02)


def test_spurious_correlations_of_a_process_that_is_not_white():
    # an autoregression of two samples each: the one that is left is the error of one number, whose variance
    # is that of a sum of sample autocovariances of lags 1 to 3
    theory = sampling_error(NOISY, 2, 1, n_draws=4000, rng=np.random.default_rng(1))
    directions = truncated_cca(*population_covariances(NOISY, 2, 2))
    psi, phi = (np.asarray(each)[1] for each in (directions.past_filters, directions.future_filters))
    weights = np.array([phi[0] * psi[0], phi[0] * psi[1] + phi[1] * psi[0], phi[1] * psi[1]])
    variance = weights @ bartlett_covariance(NOISY, 4)[1:, 1:] @ weights
    assert np.mean(theory.spurious**2) == pytest.approx(variance, rel=0.1)


def test_the_ratio_is_that_at_the_longest_recordings():
    lengths = np.array([100, 1000])
    found = Convergence("one", lengths, np.array([[9.0, 3.0], [9.0, 1.0]]), np.array([1.0, 0.5]), 2.0, 100)
    assert found.ratio == pytest.approx(np.sqrt(5) / 0.5)


def test_a_slope_and_its_error():
    lengths = np.array([100, 1000, 10_000])
    rng = np.random.default_rng(0)
    slopes, errors = [], []
    for _ in range(200):
        drawn = np.abs(rng.standard_normal((30, 3))) * lengths**-0.5
        found = Convergence("one", lengths, drawn, lengths**-0.5, 2.0, 100)
        slopes.append(found.slope)
        errors.append(found.slope_error)
    assert np.mean(slopes) == pytest.approx(-0.5, abs=0.01)
    assert np.std(slopes) == pytest.approx(np.mean(errors), rel=0.2)
    steep = Convergence("one", lengths, np.full((30, 3), 1.0) * lengths**-1.0, lengths**-0.5, 2.0, 100)
    assert steep.slope == pytest.approx(-1)
    assert slope_claim("Issue", "steep", steep).holds is False
    with pytest.raises(ArgumentError):
        named([steep], "two")


@pytest.mark.parametrize(
    ("memory", "rank", "error"), [(0, 1, ArgumentError), (3, 4, ArgumentError), (101, 1, ShapeError)]
)
def test_what_cannot_be(memory, rank, error):
    with pytest.raises(error):
        sampling_error(DECAY, memory, rank)


def test_lengths_as_text():
    assert [length_text(each) for each in (1, 1000, 3162, 1_000_000, 316_228)] == [
        "10⁰", "10³", "3 162", "10⁶", "316 228",
    ]  # fmt: skip
