"""ReSURegressor: against scikit-learn's ridge, of one target and of several."""

import pickle
from itertools import product

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.transformer import ReSUFeatures

SMALL = {"n_features": 200, "memories": (2, 5), "rank": 3}


def processes(n=80, time=80, seed=0):
    """AR(1) series; the targets are their memory and their spread."""
    rng = np.random.default_rng(seed)
    memory, spread = rng.uniform(0, 0.95, n), rng.uniform(0.5, 2, n)
    x = rng.standard_normal((n, time)) * spread[:, None]
    for t in range(1, time):
        x[:, t] += memory * x[:, t - 1]
    return x[:, None], np.column_stack([memory, spread])


X, Y = processes()
NEW, TRUTH = processes(seed=1, n=150)


def small(**settings):
    return ReSURegressor(**(SMALL | settings))


@pytest.fixture(scope="module")
def fitted():
    return small().fit(X, Y)


def test_it_learns_what_there_is_to_learn(fitted):
    assert fitted.score(NEW, TRUTH) > 0.8


def test_a_pipeline_of_scikit_learn_predicts_the_same(fitted):
    features = ReSUFeatures(**SMALL).fit(X)
    scaler = StandardScaler().fit(features.transform(X).astype(np.float64))
    z, z_new = (scaler.transform(features.transform(x).astype(np.float64)) for x in (X, NEW))
    early = np.array([name.startswith("early") for name in features.feature_statistics_])
    for k in range(2):
        fits = []
        for timing, level in product((0.3, 3), (1, 3)):
            weight = np.where(features.feature_units_ < 0, level, np.where(early, timing, 1))
            model = RidgeCV(np.logspace(-3, 3, 10)).fit(z * weight, Y[:, k])
            prediction = model.predict(z_new * weight)
            fits.append((model.best_score_, (1, timing, level), model.alpha_, prediction))
        _, strengths, alpha, expected = max(fits, key=lambda fit: fit[0])
        np.testing.assert_allclose(fitted.predict(NEW)[:, k], expected, rtol=1e-6, atol=1e-8)
        assert fitted.alpha_[k] == pytest.approx(alpha)
        np.testing.assert_array_equal(fitted.strengths_[k], strengths)


def test_several_targets_are_predicted_as_each_alone(fitted):
    for k in range(2):
        alone = small().fit(X, Y[:, k])
        assert alone.predict(NEW).shape == (150,)
        np.testing.assert_allclose(alone.predict(NEW), fitted.predict(NEW)[:, k])
        np.testing.assert_allclose(alone.left_out_predictions_, fitted.left_out_predictions_[:, k])
        assert alone.coef_.shape == (1, fitted.coef_.shape[1])


def test_one_target_in_a_column_stays_a_column():
    assert small().fit(X, Y[:, :1]).predict(NEW).shape == (150, 1)


@pytest.mark.parametrize(("factor", "offset"), [(1e6, 0), (1e-6, 3), (-2, 1e4)])
def test_units_of_the_target_play_no_part(factor, offset):
    plain = small().fit(X, Y[:, 0]).predict(NEW)
    other = small().fit(X, factor * Y[:, 0] + offset).predict(NEW)
    np.testing.assert_allclose((other - offset) / factor, plain, rtol=1e-5, atol=1e-6)


def test_predictions_left_out_tell_the_error_on_new_series(fitted):
    left_out = np.square(fitted.left_out_predictions_ - Y).mean(axis=0)
    new = np.square(fitted.predict(NEW) - TRUTH).mean(axis=0)
    folds = np.square(cross_val_predict(small(), X, Y, cv=10) - Y).mean(axis=0)
    np.testing.assert_allclose(left_out, new, rtol=0.5)
    np.testing.assert_allclose(left_out, folds, rtol=0.5)


def test_a_constant_target_is_predicted():
    np.testing.assert_allclose(small().fit(X, np.full(80, 3.0)).predict(NEW), 3)


def test_two_series_are_enough_and_one_is_not():
    assert np.isfinite(small().fit(X[:2], [1, 2]).predict(NEW)).all()
    with pytest.raises(ShapeError, match="1 sample"):
        small().fit(X[:1], [1])


@pytest.mark.parametrize("kind", [list, tuple, np.float32, int])
def test_targets_of_many_kinds(kind):
    targets = kind(Y[:, 0].tolist()) if kind in (list, tuple) else (10 * Y[:, 0]).astype(kind)
    model = small().fit(X, targets)
    expected = small().fit(X, np.asarray(targets, dtype=np.float64))
    np.testing.assert_array_equal(model.predict(NEW), expected.predict(NEW))
    assert model.predict(NEW).dtype == np.float64


@pytest.mark.parametrize(
    ("targets", "error", "message"),
    [
        (None, ArgumentError, "requires y"),
        (Y[:-1], ShapeError, "80 series"),
        (np.where(Y > 1.9, np.nan, Y), DataError, "NaN"),
        (np.where(Y > 1.9, np.inf, Y), DataError, "infinity"),
        (Y + 1j, ArgumentTypeError, "Complex data not supported"),
        (["a"] * 80, ArgumentTypeError, "real numbers"),
        (np.zeros((80, 0)), ShapeError, "targets"),
        (np.zeros((80, 1, 1)), ShapeError, "targets"),
        (3.0, ShapeError, "targets"),
    ],
)
def test_targets_that_cannot_be(targets, error, message):
    with pytest.raises(error, match=message):
        small().fit(X, targets)


def test_settings_are_those_of_the_features():
    mine, theirs = ReSURegressor().get_params(), ReSUFeatures().get_params()
    assert set(mine) - set(theirs) == {"alphas"}
    assert {name: mine[name] for name in theirs} == theirs
    changed = {
        "n_features": 150,
        "memories": (3,),
        "dilations": (1, 3),
        "horizon": 2,
        "rank": 2,
        "views": ("raw",),
        "levels": False,
        "thresholds": 3,
        "ridge": 0.1,
        "n_jobs": 2,
    }
    model = ReSURegressor(**changed).fit(X, Y)
    assert {name: value for name, value in model.features_.get_params().items() if name in changed} == changed


def test_processes_can_exchange_it(fitted):
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(NEW), fitted.predict(NEW))


def test_it_must_be_fitted():
    with pytest.raises(NotFittedError):
        small().predict(X)


def test_unequal_lengths_and_missing_values():
    ragged = [X[k, :, : 80 - k // 2] for k in range(80)]
    ragged[3] = np.where(np.arange(ragged[3].shape[1]) % 9 == 4, np.nan, ragged[3])
    assert small().fit(ragged, Y).score(NEW, TRUTH) > 0.7


def test_it_explains_itself(fitted):
    found = fitted.explain(NEW[0], 1)
    assert found.score == pytest.approx(fitted.predict(NEW[:1])[0, 1])
