"""What holds for every estimator of a collection of series, and for those that look ahead in one recording.

The suites of scikit-learn and aeon run in tests/unit/test_series_estimator_checks.py,
test_forecaster_conventions.py and below.
"""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import lamina
from lamina.errors import LaminaError

SMALL = {"n_features": 120, "memories": (2, 4), "rank": 2}
# each with the call whose answer is compared
OF_COLLECTIONS = {
    "ReSUFeatures": (lambda: lamina.ReSUFeatures(**SMALL), "transform"),
    "ReSUClassifier": (lambda: lamina.ReSUClassifier(**SMALL), "decision_function"),
    "ReSURegressor": (lambda: lamina.ReSURegressor(**SMALL), "predict"),
}
OF_RECORDINGS = {
    "ReSUAnomaly": (lambda: lamina.ReSUAnomaly(memory=3, horizon=2), "score_samples"),
    "ReSUForecaster": (lambda: lamina.ReSUForecaster(horizon=2, memory=4), "predict"),
}
ALL = OF_COLLECTIONS | OF_RECORDINGS

# a declared check that passes after all fails the suite (xfail_strict)
DECLARED = {
    "check_methods_sample_order_invariance": "rows are time: a shuffled recording is another signal",
    "check_methods_subset_invariance": "rows are time: what comes before a row is its history",
    "check_fit1d": "a 1-D array is a recording of one channel",
    "check_fit2d_predict1d": "a 1-D array is a recording of one channel; here it is one too few",
    "check_outliers_train": "the first samples have no whole window: their score is NaN, and they are normal",
    "check_outliers_fit_predict": "the rate is that of other samples like these, of which none need be out",
}


def data(name, seed=0):
    rng = np.random.default_rng(seed)
    if name in OF_RECORDINGS:
        recording = rng.standard_normal((400, 2))
        for t in range(1, 400):
            recording[t] += 0.8 * recording[t - 1]
        return recording, None
    series = rng.standard_normal((24, 2, 50)).cumsum(axis=2)
    series[12:] = np.diff(series[12:], axis=2, prepend=0)
    return series, np.repeat([0, 1], 12)


@pytest.fixture(params=sorted(ALL))
def case(request):
    make, call = ALL[request.param]
    return make(), call, *data(request.param)


def test_every_parameter_is_kept_and_cloned(case):
    estimator, _, X, y = case
    before = estimator.get_params(deep=False)
    assert estimator.fit(X, y) is estimator
    assert estimator.get_params(deep=False) == before
    fresh = clone(estimator)
    assert fresh.get_params(deep=False) == before
    assert not [name for name in vars(fresh) if name.endswith("_")]


def test_a_fit_repeats_leaves_data_and_global_generator_alone(case):
    estimator, call, X, y = case
    kept = X.copy()
    X.flags.writeable = False
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = getattr(estimator.fit(X, y), call)(X)
    np.testing.assert_array_equal(getattr(clone(estimator).fit(X, y), call)(X), first)
    np.testing.assert_array_equal(getattr(estimator.fit(X, y), call)(X), first)
    np.testing.assert_array_equal(X, kept)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert np.isfinite(first).all() or call in ("predict", "score_samples")


def test_processes_can_exchange_it(case):
    estimator, call, X, y = case
    expected = getattr(estimator.fit(X, y), call)(X)
    np.testing.assert_array_equal(getattr(pickle.loads(pickle.dumps(estimator)), call)(X), expected)


def test_what_is_not_fitted_says_so(case):
    estimator, call, X, _ = case
    with pytest.raises(NotFittedError, match=type(estimator).__name__):
        getattr(estimator, call)(X)


def test_other_channels_than_those_of_the_fit_are_refused(case):
    estimator, call, X, y = case
    estimator.fit(X, y)
    fewer = X[:, :1]
    with pytest.raises(LaminaError, match="channel"):
        getattr(estimator, call)(fewer)


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinities_are_refused_and_nothing_is_lost(case, bad):
    estimator, call, X, y = case
    expected = getattr(estimator.fit(X, y), call)(X)
    spoiled = X.copy()
    spoiled.flat[7] = bad
    with pytest.raises(LaminaError, match="inf"):
        getattr(estimator, call)(spoiled)
    with pytest.raises(LaminaError, match="inf"):
        estimator.fit(spoiled, y)
    np.testing.assert_array_equal(getattr(estimator, call)(X), expected)


def test_a_wrong_parameter_is_named(case):
    estimator, _, X, y = case
    name = "horizon"
    with pytest.raises(LaminaError, match=name):
        estimator.set_params(**{name: 0}).fit(X, y)


@parametrize_with_checks(
    [lamina.ReSUAnomaly(memory=2, horizon=1, rank=1)], expected_failed_checks=lambda _: DECLARED
)
def test_scikit_learn_suite_of_the_detector(estimator, check):
    kept = np.random.get_state()  # noqa: NPY002
    try:
        check(estimator)
    finally:
        if check.func.__name__ == "check_methods_sample_order_invariance":
            # it draws from the global generator itself
            np.random.set_state(kept)  # noqa: NPY002
