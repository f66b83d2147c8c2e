"""The same lag matrices through scikit-learn, deeptime and statsmodels: the same answers, up to signs."""

import numpy as np
import pytest
from deeptime.decomposition import VAMP
from sklearn.cross_decomposition import CCA, PLSSVD
from sklearn.linear_model import LinearRegression
from statsmodels.multivariate.cancorr import CanCorr

import lamina
from lamina.resu.compat import compute_covariance_matrices, perform_truncated_cca

# memory, horizon, gap, channels, units
CASES = [
    pytest.param(1, 1, 1, 2, 2, id="one sample each"),
    pytest.param(5, 3, 1, 1, 3, id="one channel"),
    pytest.param(3, 2, 1, 3, 4, id="three channels"),
    pytest.param(2, 4, 5, 2, 3, id="gap of five"),
]
RATE = {"rtol": 0, "atol": 1e-9}


def recording(seed, samples, channels, scale=1.0, level=3.0):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((samples, channels))
    drift = 0.75 * np.linalg.qr(rng.standard_normal((channels, channels)))[0]
    for t in range(1, samples):
        y[t] += drift @ y[t - 1]
    y = (y + 0.5 * rng.standard_normal((samples, channels))) * scale + level
    y[samples // 3] = np.nan
    return y


def lag_matrices(y, memory, horizon, gap):
    past, future = [], []
    for t in range(memory - 1, len(y) - gap - horizon + 1):
        if np.isfinite(y[t - memory + 1 : t + gap + horizon]).all():
            past.append(y[t - memory + 1 : t + 1][::-1].ravel())
            future.append(y[t + gap : t + gap + horizon].ravel())
    return np.array(past), np.array(future)


def assert_same_up_to_signs(ours, theirs, atol):
    """Compare columns that may be the negative of one another."""
    assert ours.shape == theirs.shape
    signs = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours * signs, theirs, rtol=0, atol=atol)


@pytest.mark.parametrize(("memory", "horizon", "gap", "channels", "units"), CASES)
def test_scikit_learn(memory, horizon, gap, channels, units):
    y = recording(0, 1500, channels)
    past, future = lag_matrices(y, memory, horizon, gap)
    unit = lamina.ReSU(memory, horizon, units, gap=gap).fit(y)
    theirs = CCA(n_components=units, scale=False, max_iter=50_000, tol=1e-15).fit(past, future)
    z, f = theirs.transform(past, future)
    centred = past - past.mean(axis=0), future - future.mean(axis=0)
    ours = centred[0] @ unit.filters_.reshape(units, -1).T
    ahead = centred[1] @ unit.future_filters_.reshape(units, -1).T
    correlations = [np.corrcoef(z[:, i], f[:, i])[0, 1] for i in range(units)]
    np.testing.assert_allclose(unit.canonical_correlations_, correlations, **RATE)
    # the power method stops where a step changes nothing any more; how far off that is, the gap between two
    # correlations decides
    assert_same_up_to_signs(ours, z / z.std(axis=0, ddof=1), atol=2e-5)
    assert_same_up_to_signs(ahead, f / f.std(axis=0, ddof=1), atol=2e-5)
    # their regression on the past goes through the same directions
    forecast = LinearRegression().fit(z, future).predict(z)
    by_time = unit.predict(y)[unit.valid_from_ : len(y) - gap - horizon + 1].reshape(-1, future.shape[1])
    whole = np.isfinite(
        [y[t - memory + 1 : t + gap + horizon] for t in range(memory - 1, len(y) - gap - horizon + 1)]
    )
    np.testing.assert_allclose(by_time[whole.all(axis=(1, 2))], forecast, rtol=0, atol=2e-5)


@pytest.mark.parametrize(("memory", "horizon", "gap", "channels", "units"), CASES)
def test_statsmodels(memory, horizon, gap, channels, units):
    y = recording(1, 800, channels, scale=1e3, level=-1e4)
    past, future = lag_matrices(y, memory, horizon, gap)
    unit = lamina.ReSU(memory, horizon, units, gap=gap).fit(y)
    theirs = CanCorr(future, past)
    np.testing.assert_allclose(unit.canonical_correlations_, np.array(theirs.cancorr)[:units], **RATE)
    # their directions give scores of length one
    length = np.sqrt(len(past) - 1)
    assert_same_up_to_signs(
        unit.filters_.reshape(units, -1).T * 1e3, np.array(theirs.x_cancoef)[:, :units] * length * 1e3, 1e-8
    )
    assert_same_up_to_signs(
        unit.future_filters_.reshape(units, -1).T * 1e3,
        np.array(theirs.y_cancoef)[:, :units] * length * 1e3,
        1e-8,
    )
    # Wilks' lambda of all directions is the exponential of minus twice the information in all of them
    everything = lamina.ReSU(memory, horizon, min(memory, horizon) * channels, gap=gap).fit(y)
    wilks = theirs.corr_test().stats["Wilks' lambda"].iloc[0]
    np.testing.assert_allclose(everything.predictive_information_, -0.5 * np.log(wilks), rtol=1e-9)


@pytest.mark.parametrize(("memory", "horizon", "gap", "channels", "units"), CASES)
def test_deeptime_vamp(memory, horizon, gap, channels, units):
    y = recording(2, 1200, channels)
    past, future = lag_matrices(y, memory, horizon, gap)
    unit = lamina.ReSU(memory, horizon, units, gap=gap).fit(y)
    # TCCA is VAMP under another name: both take the Koopman matrix of the whitened past and future
    theirs = VAMP(epsilon=1e-12).fit((past, future)).fetch_model()
    np.testing.assert_allclose(unit.canonical_correlations_, theirs.singular_values[:units], **RATE)
    # deeptime divides by N, lamina by N - 1
    unbiased = np.sqrt(1 - 1 / len(past))
    for ours, vectors in (
        (unit.filters_, theirs.singular_vectors_left),
        (unit.future_filters_, theirs.singular_vectors_right),
    ):
        assert_same_up_to_signs(ours.reshape(units, -1).T, vectors[:, :units] * unbiased, 1e-8)
    everything = lamina.ReSU(memory, horizon, min(memory, horizon) * channels, gap=gap).fit(y)
    # the VAMP-2 score counts the constant function too
    np.testing.assert_allclose(
        1 + (everything.canonical_correlations_**2).sum(), theirs.score(r=2), rtol=1e-9
    )


def test_deeptime_sees_the_same_moments_of_a_time_lagged_recording():
    # deeptime lags a trajectory itself; a memory and horizon of one and a gap are the same thing
    y = recording(3, 900, 3)[301:]
    theirs = VAMP(lagtime=4, epsilon=1e-12).fit(y).fetch_model()
    unit = lamina.ReSU(1, 1, 3, gap=4).fit(y)
    np.testing.assert_allclose(unit.canonical_correlations_, theirs.singular_values, **RATE)
    np.testing.assert_allclose(unit.past_mean_[0], theirs.mean_0, rtol=1e-12)
    np.testing.assert_allclose(unit.future_mean_[0], theirs.mean_t, rtol=1e-12)
    several = VAMP(lagtime=4, epsilon=1e-12)
    for trial in (y[:200], y[200:]):
        several.partial_fit((trial[:-4], trial[4:]))
    trials = lamina.ReSU(1, 1, 3, gap=4).fit([y[:200], y[200:]])
    np.testing.assert_allclose(
        trials.canonical_correlations_, several.fetch_model().singular_values, rtol=0, atol=1e-9
    )


@pytest.mark.parametrize(("memory", "horizon", "gap", "channels", "units"), CASES)
def test_partial_least_squares_is_the_objective_called_pca(memory, horizon, gap, channels, units):
    y = recording(4, 700, channels)
    past, future = lag_matrices(y, memory, horizon, gap)
    unit = lamina.ReSU(memory, horizon, units, gap=gap, objective="pca").fit(y)
    theirs = PLSSVD(n_components=units, scale=False).fit(past, future)
    assert_same_up_to_signs(unit.filters_.reshape(units, -1).T, theirs.x_weights_, 1e-9)
    assert_same_up_to_signs(unit.future_filters_.reshape(units, -1).T, theirs.y_weights_, 1e-9)


def test_the_names_of_pyresu_give_what_statsmodels_gives():
    y = recording(5, 400, 2)
    past, future = lag_matrices(y, 3, 2, 1)
    psi, sigma, phi = perform_truncated_cca(*compute_covariance_matrices(past, future), 4)
    theirs = CanCorr(future, past)
    length = np.sqrt(len(past) - 1)
    np.testing.assert_allclose(sigma, theirs.cancorr, **RATE)
    assert_same_up_to_signs(psi.T, np.array(theirs.x_cancoef) * length, 1e-8)
    assert_same_up_to_signs(phi.T, np.array(theirs.y_cancoef) * length, 1e-8)
