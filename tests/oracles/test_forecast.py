"""Forecasts, reconstructions and information against least squares on explicit windows and closed forms."""

import warnings

import numpy as np
import pytest
import scipy.linalg

import lamina
from lamina.errors import LaminaWarning
from lamina.stats import predictive_information, truncated_cca


def signal(seed, samples=500, channels=2, level=2.0):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((samples, channels))
    for t in range(2, samples):
        y[t] += 0.6 * y[t - 1] - 0.3 * y[t - 2][::-1]
    return y @ (np.eye(channels) + 0.4 * rng.standard_normal((channels, channels))) + level


def lag_matrices(y, memory, horizon, gap):
    times = [
        t
        for t in range(memory - 1, len(y) - gap - horizon + 1)
        if not np.isnan(y[t - memory + 1 : t + gap + horizon]).any()
    ]
    past = np.array([y[t - memory + 1 : t + 1][::-1].ravel() for t in times])
    future = np.array([y[t + gap : t + gap + horizon].ravel() for t in times])
    return past, future, times


CASES = [
    pytest.param(3, 4, 1, 1, id="one channel"),
    pytest.param(4, 2, 3, 2, id="two channels, gap of three"),
    pytest.param(1, 1, 2, 3, id="one sample each, three channels"),
]


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(("memory", "horizon", "gap", "channels"), CASES)
def test_at_full_rank_the_forecast_is_least_squares(memory, horizon, gap, channels, center):
    y = signal(0, channels=channels)
    y[200, 0] = np.nan
    past, future, times = lag_matrices(y, memory, horizon, gap)
    design = np.column_stack([np.ones(len(past)), past]) if center else past
    weights = np.linalg.lstsq(design, future, rcond=None)[0]
    unit = lamina.ReSU(memory, horizon, min(memory, horizon) * channels, gap=gap, center=center).fit(y)
    found = unit.predict(y)
    assert found.shape == (len(y), horizon, channels)
    np.testing.assert_allclose(found[times].reshape(len(times), -1), design @ weights, rtol=0, atol=1e-9)
    # and on samples that were not there in the fit
    new = signal(1, channels=channels)
    past, _, times = lag_matrices(new, memory, horizon, gap)
    design = np.column_stack([np.ones(len(past)), past]) if center else past
    np.testing.assert_allclose(
        unit.predict(new)[times].reshape(len(times), -1), design @ weights, rtol=0, atol=1e-9
    )


def reduced_rank_regression(past, future, rank, weight):
    """Least-squares weights of a given rank for the error (f − Bp)ᵀ W (f − Bp), W = LLᵀ.

    With f' = Lᵀf the error is plain. Whatever B, it is that of ordinary least squares plus ‖fitted − B'p‖²,
    and the best matrix of rank r near the fitted values keeps their r strongest principal components.
    """
    root = np.linalg.cholesky(weight)
    fitted = past @ np.linalg.lstsq(past, future @ root, rcond=None)[0]
    _, _, components = np.linalg.svd(fitted, full_matrices=False)
    kept = components[:rank].T @ components[:rank]
    ordinary = np.linalg.lstsq(past, future @ root, rcond=None)[0]
    return ordinary @ kept @ np.linalg.inv(root)


@pytest.mark.parametrize("objective", ["cca", "rrr"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("memory", "horizon", "gap", "channels"), CASES)
def test_at_lower_rank_it_is_reduced_rank_regression(memory, horizon, gap, channels, rank, objective):
    y = signal(2, channels=channels) * np.arange(1, channels + 1)
    past, future, times = lag_matrices(y, memory, horizon, gap)
    p, f = past - past.mean(axis=0), future - future.mean(axis=0)
    # CCA forecasts best where every direction of the future counts by its own variance
    weight = np.linalg.inv(f.T @ f / len(f)) if objective == "cca" else np.eye(f.shape[1])
    weights = reduced_rank_regression(p, f, rank, weight)
    unit = lamina.ReSU(memory, horizon, rank, gap=gap, objective=objective).fit(y)
    np.testing.assert_allclose(
        unit.predict(y)[times].reshape(len(times), -1), future.mean(axis=0) + p @ weights, rtol=0, atol=1e-9
    )
    filters = unit.filters_.reshape(rank, -1)
    np.testing.assert_allclose(unit.forecast_ @ filters, weights.T, rtol=0, atol=1e-9)


@pytest.mark.parametrize("rectify", ["none", "split"])
@pytest.mark.parametrize("parameters", [{}, {"objective": "pca"}, {"ridge": 0.2}, {"center": False}])
def test_the_past_is_reconstructed_by_least_squares_from_the_units(parameters, rectify):
    y = signal(3, level=0.5)
    past, _, times = lag_matrices(y, 4, 3, 1)
    unit = lamina.ReSU(4, 3, 3, rectify=rectify, **parameters).fit(y)
    outputs = unit.transform(y)
    z = outputs if rectify == "none" else outputs[:, ::2] - outputs[:, 1::2]
    design = np.column_stack([np.ones(len(times)), z[times]])[:, 0 if parameters.get("center", True) else 1 :]
    expected = design @ np.linalg.lstsq(design, past, rcond=None)[0]
    np.testing.assert_allclose(
        unit.inverse_transform(outputs)[times].reshape(len(times), -1), expected, rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("parameters", [{"ridge": 1.0}, {"ridge": 1e-6}, {"objective": "pca"}, {}])
@pytest.mark.parametrize("center", [True, False])
def test_units_that_do_not_vary_add_nothing(parameters, center):
    # three windows leave two or three directions; the forecast on them is least squares of minimum norm
    rng = np.random.default_rng(4)
    for seed in range(20):
        y = signal(seed, samples=8 + int(rng.integers(2)))
        past, future, times = lag_matrices(y, 3, 3, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LaminaWarning)
            unit = lamina.ReSU(3, 3, 6, center=center, **parameters).fit(y)
        z = unit.transform(y)[times]
        assert np.abs(unit.forecast_).max() < 1e3
        assert np.abs(unit.reconstruction_).max() < 1e3
        level = np.ones(len(z))
        design = np.column_stack([level, z]) if center else z
        expected = design @ np.linalg.lstsq(design, future, rcond=1e-9)[0]
        np.testing.assert_allclose(
            unit.predict(y)[times].reshape(len(times), -1), expected, rtol=0, atol=1e-6
        )
        expected = design @ np.linalg.lstsq(design, past, rcond=1e-9)[0]
        found = unit.inverse_transform(unit.transform(y))[times].reshape(len(times), -1)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def entropy_information(z, f):
    """Mutual information of Gaussians by their entropies, from the data of both."""
    joint = np.cov(np.column_stack([z, f]), rowvar=False)
    split = z.shape[1]
    blocks = joint[:split, :split], joint[split:, split:], joint
    one, other, both = (np.linalg.slogdet(np.atleast_2d(block))[1] for block in blocks)
    return 0.5 * (one + other - both)


@pytest.mark.parametrize("parameters", [{}, {"objective": "rrr"}, {"objective": "pca"}, {"ridge": 0.1}])
@pytest.mark.parametrize("rectify", ["none", "on", ["off", "split"]])
def test_score_on_held_out_trials_is_the_information_of_gaussians(parameters, rectify):
    unit = lamina.ReSU(3, 2, 2, gap=2, rectify=rectify, **parameters).fit(signal(5))
    trials = [signal(6, 150, level=-1.0), signal(7, 90, level=-1.0)]
    trials[0][70] = np.nan
    lags = [lag_matrices(y, 3, 2, 2) for y in trials]
    past, future = np.vstack([p for p, *_ in lags]), np.vstack([f for _, f, _ in lags])
    # what the units are turned into afterwards does not change what they keep
    expected = entropy_information(past @ unit.filters_.reshape(2, -1).T, future)
    np.testing.assert_allclose(unit.score(trials), expected, rtol=1e-9)


def test_all_units_together_hold_what_past_and_future_share():
    y = signal(8, channels=3)
    past, future, _ = lag_matrices(y, 3, 4, 2)
    unit = lamina.ReSU(3, 4, 9, gap=2).fit(y)
    np.testing.assert_allclose(unit.predictive_information_, entropy_information(past, future), rtol=1e-9)


@pytest.mark.parametrize("coefficient", [0.99, 0.6, -0.8, 0.0])
@pytest.mark.parametrize("gap", [1, 4])
def test_an_autoregressive_process_of_order_one_in_closed_form(coefficient, gap):
    # all that the past knows is in its newest sample: sigma = |a|^g, I = -ln(1 - a^2g) / 2, filter (1, 0, 0)
    lags = np.arange(6)
    covariance = scipy.linalg.toeplitz(coefficient**lags / (1 - coefficient**2))
    past, future = covariance[:4, :4], covariance[:3, :3]
    cross = coefficient ** (gap + np.arange(3)[:, None] + np.arange(4)[None, :]) / (1 - coefficient**2)
    found = truncated_cca(past, future, cross)
    expected = np.zeros(3)
    expected[0] = abs(coefficient) ** gap
    np.testing.assert_allclose(found.canonical_correlations, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        predictive_information(found.canonical_correlations),
        -0.5 * np.log1p(-(coefficient ** (2 * gap))),
        rtol=1e-9,
        atol=1e-15,
    )
    if coefficient:
        deviation = 1 / np.sqrt(1 - coefficient**2)
        np.testing.assert_allclose(
            found.past_filters[0] * deviation, [1, 0, 0, 0], rtol=0, atol=1e-10 / (1 - coefficient**2)
        )


def test_samples_of_it_come_to_the_closed_form():
    coefficients, samples = np.array([0.9, 0.5]), 200_000
    rng = np.random.default_rng(9)
    kicks = rng.standard_normal((samples, 2))
    y = np.column_stack(
        [scipy.signal.lfilter([1], [1, -a], k) for a, k in zip(coefficients, kicks.T, strict=True)]
    )
    unit = lamina.ReSU(3, 3, 2, gap=2).fit(y)
    expected = coefficients**2
    # a sample autocorrelation at lag 2 of an AR(1) scatters by less than 2 / sqrt(T); four of these
    np.testing.assert_allclose(unit.canonical_correlations_, expected, rtol=0, atol=8 / np.sqrt(samples))
    deviations = 1 / np.sqrt(1 - coefficients**2)
    newest = np.zeros((2, 3, 2))
    newest[0, 0, 0], newest[1, 0, 1] = 1 / deviations
    shares = np.abs((unit.filters_ - newest) * deviations)
    assert shares.max() < 20 / np.sqrt(samples)
    # the forecast j samples beyond the gap is a^(2 + j) times the newest sample
    powers = coefficients ** (2 + np.arange(3))[:, None]
    found = unit.predict(y)[1000:]
    assert np.abs(found - powers * y[1000:, None, :]).max() < 100 / np.sqrt(samples)


def test_independent_channels_add_their_information():
    one, other = signal(10, channels=1, level=0.0), signal(11, channels=1, level=0.0)
    moments = [lag_matrices(y, 3, 3, 1)[:2] for y in (one, other)]
    blocks = [np.cov(past, future, rowvar=False) for past, future in moments]
    past = scipy.linalg.block_diag(*(block[:3, :3] for block in blocks))
    future = scipy.linalg.block_diag(*(block[3:, 3:] for block in blocks))
    cross = scipy.linalg.block_diag(*(block[3:, :3] for block in blocks))
    both = predictive_information(truncated_cca(past, future, cross).canonical_correlations)
    apart = sum(lamina.ReSU(3, 3, 3).fit(y).predictive_information_ for y in (one, other))
    np.testing.assert_allclose(both, apart, rtol=1e-10)
