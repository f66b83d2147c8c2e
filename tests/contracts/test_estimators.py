"""Every estimator keeps scikit-learn's contract; what cannot hold for time series is declared, with a reason.

The estimators are collected from the package, so that a new one cannot be forgotten.
"""

import inspect
import pickle

import numpy as np
import pytest
import test_series_estimators
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import lamina
import lamina.resu
from lamina.resu import ReSULayer

# one small instance of every public estimator of the package
INSTANCES = {
    "ReSU": lambda: lamina.ReSU(memory=2, horizon=1, rank=1),
    "LocalReSU": lambda: lamina.LocalReSU(memory=2, horizon=1, rank=1),
    "ReSUNetwork": lambda: lamina.ReSUNetwork([ReSULayer(2, 1, 1), ReSULayer(1, 1, 1, gap=2, width=2)]),
}

# a declared check that passes after all fails the suite (xfail_strict)
DECLARED = {
    "check_methods_sample_order_invariance": "rows are time: a shuffled recording is another signal",
    "check_methods_subset_invariance": "rows are time: what comes before a row is its history",
    "check_fit1d": "a 1-D array is a recording of one channel",
    "check_fit2d_predict1d": "a 1-D array is a recording of one channel; here it is one too few",
}

# a network answers at every position of a retina, and is laid over any
DECLARED_FOR_NETWORKS = {
    "check_n_features_in": "a network is laid over rows of any number of pixels",
    "check_n_features_in_after_fitting": "a network is laid over rows of any number of pixels",
    "check_transformer_general": "a network is laid over rows of any number of pixels",
    "check_fit2d_1feature": "one pixel is too narrow for these receptive fields; the error speaks of pixels",
    "check_fit2d_predict1d": "one pixel is too narrow for these receptive fields; the error speaks of pixels",
}


def declared(estimator):
    if not isinstance(estimator, lamina.ReSUNetwork):
        return DECLARED
    # a 1-D array is a movie of one pixel, which these receptive fields refuse as the check expects
    shared = {name: reason for name, reason in DECLARED.items() if name != "check_fit1d"}
    return shared | DECLARED_FOR_NETWORKS


def recording(seed=0, time=300, channels=2):
    rng = np.random.default_rng(seed)
    y = np.zeros((time, channels))
    for t in range(2, time):
        y[t] = 1.2 * y[t - 1] - 0.5 * y[t - 2] + rng.standard_normal(channels)
    return y


def test_every_estimator_of_the_package_is_listed():
    found = {
        name
        for name, thing in inspect.getmembers(lamina.resu, inspect.isclass)
        if issubclass(thing, BaseEstimator) and thing.__module__.startswith("lamina.")
    }
    assert found == set(INSTANCES) | set(test_series_estimators.ALL)


@parametrize_with_checks([INSTANCES[name]() for name in sorted(INSTANCES)], expected_failed_checks=declared)
def test_scikit_learn_suite(estimator, check):
    check(estimator)


@pytest.fixture(params=sorted(INSTANCES))
def estimator(request):
    return INSTANCES[request.param]()


def test_clone_get_params_and_set_params(estimator):
    parameters = estimator.get_params(deep=False)
    copy = clone(estimator)
    assert copy is not estimator
    assert copy.get_params(deep=False) == parameters
    assert set(parameters) == set(inspect.signature(type(estimator).__init__).parameters) - {"self"}
    assert estimator.set_params(**parameters) is estimator
    with pytest.raises(ValueError, match="Invalid parameter"):
        estimator.set_params(no_such_parameter=1)


def test_a_clone_of_a_fitted_estimator_is_not_fitted(estimator):
    fresh = clone(estimator.fit(recording()))
    assert not [name for name in vars(fresh) if name.endswith("_")]


def test_fit_returns_self_keeps_parameters_and_data_and_repeats(estimator):
    y = recording()
    before, parameters = y.copy(), estimator.get_params(deep=False)
    assert estimator.fit(y) is estimator
    assert estimator.get_params(deep=False) == parameters
    first = estimator.transform(y)
    np.testing.assert_array_equal(estimator.fit(y).transform(y), first)
    np.testing.assert_array_equal(y, before)
    assert first.shape[0] == len(y)


def test_processes_can_exchange_a_fitted_estimator(estimator):
    y = recording()
    expected = estimator.fit(y).transform(y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(estimator)).transform(y), expected)


def test_the_global_generator_plays_no_part(estimator):
    y = recording()
    one = estimator.fit(y).transform(y)
    other = clone(estimator).fit(y).transform(y)
    np.testing.assert_array_equal(one, other)


def test_trials_of_different_lengths(estimator):
    trials = [recording(1, 120), recording(2, 80)]
    outputs = estimator.fit(trials).transform(trials)
    assert [len(output) for output in outputs] == [120, 80]


def test_in_a_pipeline():
    y = recording()
    labels = (y[:, 0] > 0).astype(int)
    pipeline = make_pipeline(
        StandardScaler(), lamina.ReSU(memory=4, horizon=3, rank=2, rectify="split"), RidgeClassifier()
    )
    assert pipeline.fit(y, labels).score(y, labels) > 0.8
    names = make_pipeline(StandardScaler(), lamina.ReSU(memory=4, horizon=3, rank=2)).fit(y)
    assert names.get_feature_names_out().tolist() == ["resu0", "resu1"]
    below = make_pipeline(lamina.ReSU(memory=4, horizon=3, rank=4), PCA(n_components=2))
    assert below.fit_transform(y).shape == (300, 2)


def test_default_output_can_be_asked_for():
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).set_output(transform="default")
    assert isinstance(unit.fit_transform(recording()), np.ndarray)


def test_data_frames_out_one_per_trial():
    pandas = pytest.importorskip("pandas")
    unit = lamina.ReSU(memory=4, horizon=3, rank=2, rectify=["none", "split"]).set_output(transform="pandas")
    y = recording()
    named = pandas.DataFrame(y, columns=["left", "right"], index=pandas.RangeIndex(1000, 1300))
    table = unit.fit_transform(named)
    assert table.columns.tolist() == ["resu0", "resu1_on", "resu1_off"]
    assert table.index.equals(named.index)
    plain = lamina.ReSU(memory=4, horizon=3, rank=2, rectify=["none", "split"]).fit(y)
    np.testing.assert_array_equal(table.to_numpy(), plain.transform(y))
    for tables in (unit.transform([named, named[:100]]), unit.fit_transform([named, named[:100]])):
        assert [len(one) for one in tables] == [300, 100]
        assert all(isinstance(one, pandas.DataFrame) for one in tables)


def test_grid_search_over_rank_scores_by_information_kept():
    search = GridSearchCV(
        lamina.ReSU(memory=4, horizon=3, rank=1), {"rank": [1, 2, 4]}, cv=TimeSeriesSplit(n_splits=3)
    )
    search.fit(recording(time=1200))
    scores = search.cv_results_["mean_test_score"]
    assert (np.diff(scores) > 0).all()
    assert search.best_params_ == {"rank": 4}


def test_grid_search_over_a_list_of_trials():
    trials = [recording(seed, 200) for seed in range(6)]
    search = GridSearchCV(lamina.ReSU(memory=1, horizon=3, rank=2), {"memory": [1, 2, 8]}, cv=3)
    search.fit(trials)
    # the process has two lags: a memory of one loses information, of eight gains next to nothing
    one, two, eight = search.cv_results_["mean_test_score"]
    assert two > one + 0.1
    assert abs(eight - two) < 0.1
