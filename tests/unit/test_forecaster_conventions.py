"""A forecaster keeps scikit-learn's contract, and loads nothing that it does not need."""

import subprocess
import sys

from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina.resu.forecasting import ReSUForecaster

DECLARED = {
    "check_methods_sample_order_invariance": "rows are time: a shuffled recording is another signal",
    "check_methods_subset_invariance": "rows are time: what comes before a row is its history",
    "check_fit1d": "a 1-D array is a recording of one channel",
    "check_fit2d_predict1d": "a 1-D array is a recording of one channel; here it is one too few",
}


@parametrize_with_checks([ReSUForecaster(memory=2)], expected_failed_checks=lambda _: DECLARED)
def test_scikit_learn_suite(estimator, check):
    check(estimator)


def test_nothing_heavy_is_imported():
    code = (
        "import sys, numpy as np; from lamina.resu.forecasting import ReSUForecaster; "
        "ReSUForecaster(2).fit(np.sin(np.arange(40.0) ** 1.1)).forecast(); "
        "print({'torch', 'numba', 'aeon', 'statsmodels', 'matplotlib'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
