"""The suites of scikit-learn and aeon: nothing is excluded from either."""

import inspect

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.transformer import ReSUFeatures

aeon_checks = pytest.importorskip("aeon.testing.estimator_checking")

from lamina.resu.features import aeon as adapters  # noqa: E402

SMALL = {"n_features": 120, "memories": (2,), "rank": 2}
INSTANCES = [kind(**SMALL) for kind in (ReSUFeatures, ReSUClassifier, ReSURegressor)]
ADAPTERS = {
    adapters.AeonReSUFeatures: ReSUFeatures,
    adapters.AeonReSUClassifier: ReSUClassifier,
    adapters.AeonReSURegressor: ReSURegressor,
}


@parametrize_with_checks(INSTANCES)
def test_scikit_learn_suite(estimator, check):
    kept = np.random.get_state()  # noqa: NPY002
    check(estimator)
    if check.func.__name__ == "check_methods_sample_order_invariance":
        # it draws from the global generator itself
        np.random.set_state(kept)  # noqa: NPY002


def aeon_cases():
    from aeon.testing.estimator_checking import _yield_multithreading_checks as threading

    # aeon leaves these checks out unless it is told to run them
    threading.MULTITHREAD_TESTING = True
    return aeon_checks.parametrize_with_checks(list(ADAPTERS))


@aeon_cases()
def test_aeon_suite(check):
    check()


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_adapters_take_the_settings_of_what_they_adapt(adapter):
    assert inspect.signature(adapter) == inspect.signature(ADAPTERS[adapter])
    assert adapter(50, rank=3).get_params() == ADAPTERS[adapter](50, rank=3).get_params()
    with pytest.raises(TypeError, match="no_such"):
        adapter(no_such=1)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_adapters_do_what_they_adapt_for_any_series(adapter):
    rng = np.random.default_rng(0)
    series = [rng.standard_normal((2, 30 + k)).cumsum(axis=1) for k in range(12)]
    series[3][0, 4:7] = np.nan
    targets = np.arange(12.0) if adapter is adapters.AeonReSURegressor else np.arange(12) % 2
    ours = ADAPTERS[adapter](**SMALL).fit(series, targets)
    theirs = adapter(**SMALL).fit(series, targets)
    if adapter is adapters.AeonReSUFeatures:
        np.testing.assert_array_equal(theirs.transform(series), ours.transform(series))
        return
    np.testing.assert_array_equal(theirs.predict(series), ours.predict(series))
    left_out = adapter(**SMALL).fit_predict(series, targets)
    if adapter is adapters.AeonReSUClassifier:
        np.testing.assert_array_equal(theirs.predict_proba(series), ours.predict_proba(series))
        np.testing.assert_array_equal(left_out, ours.left_out_probabilities_.argmax(axis=1))
    else:
        np.testing.assert_array_equal(left_out, ours.left_out_predictions_)


def test_aeon_has_each_check_run():
    ran = {check.func.__name__ for check in test_aeon_suite.pytestmark[0].args[1]}
    assert {
        "check_estimator_multithreading",
        "check_classifier_train_estimate",
        "check_regressor_output",
    } <= ran
