"""Scores of orders and ranks equal those of other libraries, of naive loops, and of closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import multivariate_normal
from statsmodels.tsa.api import VAR
from statsmodels.tsa.ar_model import ar_select_order

from lamina.errors import ArgumentError, DataError, ShapeError, StateError
from lamina.simulate import ou_canonical_correlations
from lamina.stats import LagMoments, lag_vectors
from lamina.stats.selection_folds import score_ranks_cv
from lamina.stats.selection_orders import effective_samples, largest_order, log_determinants, score_orders
from lamina.stats.selection_ranks import score_ranks_bic, score_ranks_svc


def noise(samples, channels=1, seed=0):
    return np.random.default_rng(seed).standard_normal((samples, channels))


def resonance(samples, seed=0):
    return lfilter([1.0], [1.0, -1.2, 0.7], noise(samples + 200, seed=seed), axis=0)[200:]


def vector_process(samples, seed=0):
    transition = np.array([[0.5, 0.3, 0.0], [-0.2, 0.4, 0.1], [0.0, 0.2, -0.6]])
    y = noise(samples, 3, seed)
    for t in range(2, samples):
        y[t] += transition @ y[t - 1] - 0.3 * y[t - 2]
    return y


def moments(y, memory, horizon=1, gap=1):
    return LagMoments(memory, horizon, gap, y.shape[1]).update(y).end_trial()


def covariances(y, memory, horizon=1, gap=1):
    return moments(y, memory, horizon, gap).covariances()


def explained(y, predictors):
    """Log-determinant of the covariance that least squares leaves, less that without predictors."""
    y = y - y.mean(axis=0)
    predictors = predictors - predictors.mean(axis=0)
    rest = y - predictors @ np.linalg.lstsq(predictors, y, rcond=None)[0]
    return np.linalg.slogdet(rest.T @ rest)[1] - np.linalg.slogdet(y.T @ y)[1]


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_orders_of_one_channel_score_as_in_statsmodels(criterion):
    y = resonance(400)
    theirs = ar_select_order(y[:, 0], maxlag=12, ic=criterion)
    # theirs is a dictionary from lags (0 for none) to -2 log L + penalty over the same 388 samples
    scores = {len(lags) if lags else 0: value for lags, value in getattr(theirs, criterion).items()}
    expected = np.array([scores[p] - scores[0] for p in range(13)]) / 388
    ours = score_orders(covariances(y, 12), 1, criterion)
    np.testing.assert_allclose(ours, expected, atol=1e-10)
    assert int(ours.argmin()) == max(theirs.ar_lags)


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_orders_of_several_channels_score_as_in_statsmodels(criterion):
    y = vector_process(600)
    theirs = VAR(y).select_order(8, trend="c")
    expected = np.array(theirs.ics[criterion])
    ours = score_orders(covariances(y, 8), 3, criterion)
    np.testing.assert_allclose(ours, expected - expected[0], atol=1e-10)
    assert int(ours.argmin()) == getattr(theirs, criterion) == 2


def test_lags_of_a_stimulus_score_as_least_squares_regressions_of_the_response():
    stimulus = noise(300, 2)
    response = np.roll(stimulus[:, :1], 4, axis=0) + 0.5 * noise(300, seed=1)
    both = moments(np.hstack([stimulus, response]), 9, gap=2)
    scores = score_orders(both.covariances(past_channels=[0, 1], future_channels=[2]), channels=2)
    past, _ = lag_vectors(stimulus, 9, 1, 2)
    _, future = lag_vectors(response, 9, 1, 2)
    expected = [
        (explained(future, past[:, : 2 * p]) if p else 0.0) + 2 * p * 2 / len(past) for p in range(10)
    ]
    np.testing.assert_allclose(scores, expected, atol=1e-12)
    # y_t = x_{t-4}, seen from two samples before
    assert np.diff(scores).argmin() + 1 == 3
    assert (np.abs(np.delete(np.diff(scores), 2)) < 0.02).all()


@pytest.mark.parametrize("factors", [(1e-8, 1.0, 1e8), (1e140, 1e-140, 1.0)])
def test_units_of_the_channels_do_not_matter(factors):
    y = vector_process(500)
    scaled = y * np.array(factors)
    for score in (
        lambda y: score_orders(covariances(y, 5), 3),
        lambda y: score_ranks_bic(covariances(y, 3, 3), 3),
        lambda y: score_ranks_cv([moments(block, 3, 3) for block in np.array_split(y, 4)]),
    ):
        np.testing.assert_allclose(score(scaled), score(y), atol=1e-9)


def test_mixing_the_channels_does_not_matter():
    y = vector_process(500)
    mixed = y @ np.array([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0], [0.0, -2.0, 1.0]]) + [1e6, 0.0, -3.0]
    np.testing.assert_allclose(
        score_orders(covariances(mixed, 5), 3), score_orders(covariances(y, 5), 3), atol=1e-7
    )
    np.testing.assert_allclose(
        score_ranks_bic(covariances(mixed, 3, 3), 3), score_ranks_bic(covariances(y, 3, 3), 3), atol=1e-7
    )


def test_channels_that_repeat_others_or_stand_still_do_not_count():
    y = vector_process(500)
    with_copies = np.hstack([y, y[:, :1] - 2 * y[:, 2:], np.full((500, 1), 3.0)])
    np.testing.assert_allclose(
        score_orders(covariances(with_copies, 5), 5), score_orders(covariances(y, 5), 3), atol=1e-8
    )
    folds = [moments(block, 3, 3) for block in np.array_split(with_copies, 4)]
    plain = [moments(block, 3, 3) for block in np.array_split(y, 4)]
    np.testing.assert_allclose(score_ranks_cv(folds), score_ranks_cv(plain), atol=1e-8)


def test_the_rounding_of_a_channel_that_stands_still_is_not_cross_validated():
    y = vector_process(500)
    # a constant that was computed, each time to its last digit
    still = np.where(noise(500, seed=1) > 0, 0.3, 0.1 + 0.2)
    folds = [moments(block, 3, 3) for block in np.array_split(np.hstack([y, still]), 4)]
    assert all(np.diagonal(fold.covariances().past).min() > 0 for fold in folds)
    plain = [moments(block, 3, 3) for block in np.array_split(y, 4)]
    np.testing.assert_allclose(score_ranks_cv(folds), score_ranks_cv(plain), atol=1e-8)


def test_a_channel_that_stands_still_within_a_block_is_no_surprise():
    y = vector_process(400)
    y[:100, 2] = 0.25
    scores = score_ranks_cv([moments(block, 2, 2) for block in np.array_split(y, 4)])
    assert np.isfinite(scores).all()


def test_a_future_that_is_a_function_of_the_past_has_the_order_of_that_function():
    y = np.sin(0.3 * np.arange(500.0))[:, None]
    scores = score_orders(covariances(y, 20), 1)
    assert np.isfinite(scores).all()
    assert scores.argmin() == 2
    # less than 2^-40 of a variance is rounding, and none of it depends on the order
    np.testing.assert_allclose(scores[2:], math.log(2.0**-40) + 2 * np.arange(2, 21) / 480, atol=1e-9)


def test_what_is_foretold_to_rounding_gains_a_bounded_amount():
    y = np.sin(0.3 * np.arange(500.0))[:, None]
    scores = score_ranks_cv([moments(block, 4, 4) for block in np.array_split(y, 5)])
    assert len(scores) == 3
    # - ln(1 - sigma^2) / 2 with 1e-8 for the rest
    np.testing.assert_allclose(np.diff(scores), math.log(1e-8) / 2, atol=1.0)


def test_predictors_that_others_determine_change_nothing():
    root = np.random.default_rng(2).standard_normal((4, 9))
    twice = np.vstack([root[:2], root[:2] @ root.T @ root, root[2:], root[0]])
    doubled = np.vstack([root[0], 3 * root[0], root[1], root[0] - root[1], root[2]])
    cross = np.linalg.qr(np.random.default_rng(3).standard_normal((9, 2)))[0].T
    for rows in (twice[:3], doubled):
        found = log_determinants(rows @ rows.T, cross @ rows.T)
        expected = [0.0]
        for j in range(1, len(rows) + 1):
            basis = np.linalg.svd(rows[:j], full_matrices=False)
            span = basis[2][basis[1] > 1e-9]
            left = np.eye(2) - cross @ span.T @ span @ cross.T
            expected.append(np.linalg.slogdet(left)[1])
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_svc_is_the_formula_of_the_specification():
    sigma, samples, channels = [0.9, 0.5, 0.2, 0.1], 700, 3
    expected = []
    for s in range(5):
        left_out = sigma[s] if s < 4 else 0.0
        expected.append(left_out**2 + 2 * s * channels * math.log(samples) / samples)
    np.testing.assert_allclose(score_ranks_svc(sigma, samples, channels), expected, rtol=1e-14)
    # a state from 2 channels to 4 has as many coefficients as one from 3 to 3
    np.testing.assert_allclose(score_ranks_svc(sigma, samples, 2, 4), expected, rtol=1e-14)


@pytest.mark.parametrize(("samples", "found"), [(200, 1), (250, 2), (7000, 2), (9000, 3), (10**7, 3)])
def test_svc_finds_the_population_order_once_the_penalty_is_below_the_weakest_direction(samples, found):
    # squares 0.1412, 0.0490 and 0.0023 against steps of 2 ln T / T
    sigma = ou_canonical_correlations(25, 25)
    assert score_ranks_svc(sigma, samples).argmin() == found


def test_bic_is_that_of_regressions_on_the_units_outputs():
    y = vector_process(400)
    at = covariances(y, 3, 2)
    past, future = lag_vectors(y, 3, 2)
    p, f = past - past.mean(axis=0), future - future.mean(axis=0)
    # canonical variates by QR and SVD of the data themselves
    q_past, r_past = np.linalg.qr(p)
    q_future, _ = np.linalg.qr(f)
    variates = q_past @ np.linalg.svd(q_future.T @ q_past)[2].T
    assert r_past.shape == (9, 9)
    nearest = f[:, :3]
    expected = [
        (explained(nearest, variates[:, :s]) if s else 0.0) + 2 * s * 3 * math.log(len(p)) / len(p)
        for s in range(7)
    ]
    np.testing.assert_allclose(score_ranks_bic(at, 3), expected, atol=1e-9)


@pytest.mark.parametrize(("center", "strength"), [(True, 1.0), (False, 1.0), (True, 30.0)])
def test_cross_validation_is_the_mean_log_density_of_held_out_futures(center, strength):
    # a slow wave, beside which the rest is weak: correlations up to 0.9998
    y = vector_process(400) + strength * np.sin(0.05 * np.arange(400.0))[:, None]
    blocks = np.array_split(y, 3)
    scores = score_ranks_cv([moments(block, 3, 2) for block in blocks], center=center)
    total, windows = np.zeros(7), 0
    for index, block in enumerate(blocks):
        pieces = [lag_vectors(other, 3, 2) for other in blocks[:index] + blocks[index + 1 :]]
        past, future = (np.vstack(side) for side in zip(*pieces, strict=True))
        p_mean, f_mean = (past.mean(axis=0), future.mean(axis=0)) if center else (np.zeros(9), np.zeros(6))
        divisor = len(past) - 1 if center else len(past)
        q_past, r_past = np.linalg.qr(past - p_mean)
        q_future, _ = np.linalg.qr(future - f_mean)
        turn = np.linalg.svd(q_future.T @ q_past)[2].T
        spread = (future - f_mean).T @ (future - f_mean) / divisor
        past, future = lag_vectors(block, 3, 2)
        for s in range(7):
            variates = q_past @ turn[:, :s] * np.sqrt(divisor)
            slopes = (np.vstack([each[1] for each in pieces]) - f_mean).T @ variates / divisor
            z = (past - p_mean) @ np.linalg.solve(r_past, turn[:, :s]) * np.sqrt(divisor)
            given = multivariate_normal(np.zeros(6), spread - slopes @ slopes.T)
            total[s] += given.logpdf(future - f_mean - z @ slopes.T).sum()
            total[s] -= multivariate_normal(np.zeros(6), spread).logpdf(future - f_mean).sum()
        windows += len(past)
    np.testing.assert_allclose(scores, -total / windows, atol=1e-9)


def test_cross_validation_penalises_what_chance_made_up_where_the_fit_does_not():
    y = noise(1000)
    scores = score_ranks_cv([moments(block, 8, 8) for block in np.array_split(y, 5)])
    assert scores.argmin() == 0
    assert scores[-1] > 0.02


def test_cross_validation_leaves_the_folds_as_they_are_and_wants_two():
    folds = [moments(block, 3, 2) for block in np.array_split(resonance(300), 3)]
    before = [fold.covariances().past.copy() for fold in folds]
    score_ranks_cv(folds)
    for fold, past in zip(folds, before, strict=True):
        np.testing.assert_array_equal(fold.covariances().past, past)
    with pytest.raises(DataError, match=r"folds must be at least two blocks .* got 1 such block"):
        score_ranks_cv([folds[0], LagMoments(3, 2)])
    with pytest.raises(StateError, match="ended trials"):
        score_ranks_cv([*folds, LagMoments(3, 2).update(resonance(50))])
    with pytest.raises(DataError, match="folds must be of data that vary"):
        score_ranks_cv([moments(np.full((50, 1), 3.0), 3, 2) for _ in range(3)])


def test_a_stimulus_is_cross_validated_against_its_response():
    stimulus = noise(600)
    response = stimulus + np.roll(stimulus, 1, axis=0) + noise(600, seed=1)
    both = np.hstack([stimulus, np.roll(response, 1, axis=0)])
    folds = [moments(block, 3, 3) for block in np.array_split(both, 5)]
    gained = score_ranks_cv(folds, future_channels=1)
    assert gained.argmin() == 2
    assert gained[2] < -0.3
    swapped = [moments(block[:, ::-1], 3, 3) for block in np.array_split(both, 5)]
    assert np.abs(score_ranks_cv(swapped, future_channels=1)).max() < 0.01


@pytest.mark.parametrize("score", ["order", "bic", "cv"])
def test_a_constant_is_refused(score):
    still = np.zeros((60, 2))
    with pytest.raises(DataError, match="that vary"):
        {
            "order": lambda: score_orders(covariances(still, 3), 2),
            "bic": lambda: score_ranks_bic(covariances(still, 3, 2), 2),
            "cv": lambda: score_ranks_cv([moments(still, 3, 2)] * 3),
        }[score]()


def test_a_nearest_future_that_does_not_vary_is_refused_by_bic():
    at = covariances(resonance(200), 2, 2)
    future, cross = at.future.copy(), at.cross.copy()
    future[0], future[:, 0], cross[0] = 0.0, 0.0, 0.0
    with pytest.raises(DataError, match="nearest sample varies"):
        score_ranks_bic(replace(at, future=future, cross=cross), 1)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: largest_order(0, 1), ArgumentError, "n_samples must be"),
        (lambda: largest_order(10, 0), ArgumentError, "channels must be"),
        (lambda: score_orders(covariances(noise(50), 3), 2), ShapeError, "whole lags of 2 channel"),
        (
            lambda: score_orders(covariances(noise(50), 3), 1, "svc"),
            ArgumentError,
            "criterion must be one of",
        ),
        (lambda: score_orders(covariances(noise(50), 3), 1, n_samples=1), ArgumentError, "n_samples must be"),
        (lambda: score_ranks_svc([[0.5]], 100), ShapeError, r"of shape \(r,\)"),
        (lambda: score_ranks_svc([1.5], 100), DataError, "numbers from 0 to 1"),
        (lambda: score_ranks_svc([0.5, float("nan")], 100), DataError, "numbers from 0 to 1"),
        (lambda: score_ranks_svc([0.2, 0.5], 100), ArgumentError, "descending"),
        (lambda: score_ranks_svc([0.5], 1), ArgumentError, "n_samples must be"),
        (lambda: score_ranks_svc([0.5], 100, 0), ArgumentError, "channels must be"),
        (lambda: score_ranks_bic(covariances(noise(50), 3, 3), 2), ShapeError, "whole lags of 2 channel"),
        (lambda: score_ranks_cv([], ridge=-1), ArgumentError, "ridge must be"),
        (
            lambda: score_ranks_cv([moments(noise(50), 2, 2)] * 2, future_channels=1),
            ArgumentError,
            "future_channels must be",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_the_largest_order_is_ten_decades_of_samples_within_bounds():
    assert [largest_order(10**d, 1) for d in (2, 3, 4, 5)] == [20, 30, 40, 50]
    assert largest_order(60, 1) == 12
    assert largest_order(1, 5) == 1
    assert largest_order(10**6, 200) == 5


@pytest.mark.parametrize(("samples", "half_life"), [(1, 3.0), (10, 3.0), (5000, 70.5), (40, 1e9)])
def test_forgotten_samples_count_as_many_as_weigh_alike(samples, half_life):
    weights = 0.5 ** (np.arange(samples) / half_life)
    expected = weights.sum() ** 2 / (weights**2).sum()
    assert effective_samples(samples, half_life) == pytest.approx(expected, rel=1e-9)
