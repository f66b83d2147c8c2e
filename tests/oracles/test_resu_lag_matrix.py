"""ReSU against an implementation that builds the lag matrices and shares no code with the library."""

import numpy as np
import pytest
import scipy.linalg

import lamina


def windows(recording, memory, horizon, gap):
    """Past and future of every window, one Python loop, gaps left out."""
    y = np.asarray(recording, dtype=np.float64).reshape(len(recording), -1)
    past, future, times = [], [], []
    for t in range(memory - 1, len(y) - gap - horizon + 1):
        if np.isnan(y[t - memory + 1 : t + gap + horizon]).any():
            continue
        past.append(y[t - memory + 1 : t + 1][::-1].ravel())
        future.append(y[t + gap : t + gap + horizon].ravel())
        times.append(t)
    return np.array(past), np.array(future), times


def moments(past, future, center):
    mu_p, mu_f = past.mean(0) * center, future.mean(0) * center
    p, f = past - mu_p, future - mu_f
    n = len(p) - center
    return p.T @ p / n, f.T @ f / n, f.T @ p / n, mu_p, mu_f


def correlated(seed, time, channels):
    """Channels of different memory, mixed and lifted off zero."""
    rng = np.random.default_rng(seed)
    y = np.zeros((time, channels))
    for t in range(1, time):
        y[t] = np.linspace(0.5, 0.95, channels) * y[t - 1] + rng.standard_normal(channels)
    return y @ rng.standard_normal((channels, channels)) + 3.0 + rng.standard_normal((time, channels))


CASES = [
    pytest.param(1, 6, 4, 1, 3, True, id="one channel"),
    pytest.param(3, 4, 3, 1, 4, True, id="three channels"),
    pytest.param(2, 3, 2, 5, 3, True, id="gap of five"),
    pytest.param(2, 3, 2, 5, 3, False, id="uncentred"),
    pytest.param(6, 1, 1, 5, 6, False, id="memory and horizon one, full rank"),
]


@pytest.mark.parametrize(("channels", "memory", "horizon", "gap", "rank", "center"), CASES)
def test_filters_solve_the_problem_of_the_explicit_windows(channels, memory, horizon, gap, rank, center):
    y = correlated(1, 700, channels)
    unit = lamina.ReSU(memory, horizon, rank, gap=gap, center=center).fit(y)
    past, future, times = windows(y, memory, horizon, gap)
    cpp, cff, cfp, mu_p, mu_f = moments(past, future, center)
    psi, phi = unit.filters_.reshape(rank, -1), unit.future_filters_.reshape(rank, -1)

    assert unit.n_windows_ == len(times)
    assert unit.valid_from_ == memory - 1
    np.testing.assert_allclose(unit.past_mean_.ravel(), mu_p, atol=1e-10)
    np.testing.assert_allclose(unit.future_mean_.ravel(), mu_f, atol=1e-10)
    np.testing.assert_allclose(psi @ cpp @ psi.T, np.eye(rank), atol=1e-9)
    np.testing.assert_allclose(phi @ cff @ phi.T, np.eye(rank), atol=1e-9)
    np.testing.assert_allclose(phi @ cfp @ psi.T, np.diag(unit.canonical_correlations_), atol=1e-9)
    # the squared correlations are the eigenvalues of a generalised problem, solved by another route
    squared = scipy.linalg.eigh(cfp.T @ np.linalg.solve(cff, cfp), cpp, eigvals_only=True)[::-1][:rank]
    np.testing.assert_allclose(unit.canonical_correlations_**2, squared, atol=1e-9)
    np.testing.assert_allclose(unit.predictive_information_, -0.5 * np.log1p(-squared).sum(), rtol=1e-9)


@pytest.mark.parametrize(("channels", "memory", "horizon", "gap", "rank", "center"), CASES)
def test_transform_is_filters_times_windows_with_missing_history_at_the_mean(
    channels, memory, horizon, gap, rank, center
):
    y = correlated(2, 300, channels)
    unit = lamina.ReSU(memory, horizon, rank, gap=gap, center=center).fit(y)
    z = unit.transform(y)
    assert z.shape == (300, rank)
    for t in range(300):
        expected = np.zeros(rank)
        for lag in range(memory):
            if t - lag >= 0:
                expected += unit.filters_[:, lag, :] @ (y[t - lag] - unit.past_mean_[lag])
        np.testing.assert_allclose(z[t], expected, atol=1e-9)


def test_predict_at_full_rank_is_the_least_squares_forecast():
    y = correlated(3, 500, 2)
    past, future, times = windows(y, 3, 4, 2)
    unit = lamina.ReSU(memory=3, horizon=4, rank=6, gap=2).fit(y)
    design = np.column_stack([np.ones(len(past)), past])
    expected = design @ np.linalg.lstsq(design, future, rcond=None)[0]
    np.testing.assert_allclose(unit.predict(y)[times].reshape(len(times), -1), expected, atol=1e-8)


@pytest.mark.parametrize("parameters", [{}, {"objective": "rrr"}, {"objective": "pca"}, {"ridge": 0.3}])
def test_predict_and_inverse_transform_are_least_squares_from_the_units(parameters):
    y = correlated(4, 400, 2)
    past, future, times = windows(y, 4, 3, 1)
    unit = lamina.ReSU(memory=4, horizon=3, rank=2, **parameters).fit(y)
    z = unit.transform(y)
    design = np.column_stack([np.ones(len(times)), z[times]])
    for got, wanted in ((unit.predict(y), future), (unit.inverse_transform(z), past)):
        expected = design @ np.linalg.lstsq(design, wanted, rcond=None)[0]
        np.testing.assert_allclose(got[times].reshape(len(times), -1), expected, atol=1e-8)


@pytest.mark.parametrize("objective", ["cca", "rrr", "pca"])
def test_score_is_the_information_of_the_projection_on_new_data(objective):
    unit = lamina.ReSU(memory=4, horizon=3, rank=2, objective=objective).fit(correlated(5, 600, 2))
    new = correlated(6, 500, 2)
    past, future, _ = windows(new, 4, 3, 1)
    z = past @ unit.filters_.reshape(2, -1).T
    joint = np.cov(np.column_stack([z, future]), rowvar=False)
    # entropy form of the mutual information of Gaussians
    determinants = [np.linalg.slogdet(c)[1] for c in (joint[:2, :2], joint[2:, 2:], joint)]
    expected = 0.5 * (determinants[0] + determinants[1] - determinants[2])
    np.testing.assert_allclose(unit.score(new), expected, rtol=1e-8)


def test_score_on_the_fitted_recording_is_the_information_of_the_fit():
    y = correlated(7, 600, 2)
    for objective in ("cca", "rrr", "pca"):
        unit = lamina.ReSU(memory=4, horizon=3, rank=2, objective=objective).fit(y)
        np.testing.assert_allclose(unit.score(y), unit.predictive_information_, rtol=1e-8)


def test_the_future_may_come_from_another_recording():
    stimulus, response = correlated(8, 400, 2), correlated(9, 400, 3)
    response[2:, :2] += stimulus[:-2]
    past, _, times = windows(stimulus, 3, 2, 2)
    _, future, _ = windows(response, 3, 2, 2)
    cpp, cff, cfp, *_ = moments(past, future, center=True)
    squared = scipy.linalg.eigh(cfp.T @ np.linalg.solve(cff, cfp), cpp, eigvals_only=True)[::-1][:2]
    unit = lamina.ReSU(memory=3, horizon=2, rank=2, gap=2).fit(stimulus, future_of=response)
    np.testing.assert_allclose(unit.canonical_correlations_**2, squared, atol=1e-9)
    assert unit.filters_.shape == (2, 3, 2)
    assert unit.future_filters_.shape == (2, 2, 3)
    assert unit.predict(stimulus).shape == (400, 2, 3)
    assert len(times) == unit.n_windows_
    np.testing.assert_allclose(
        unit.score(stimulus, future_of=response), unit.predictive_information_, rtol=1e-8
    )
