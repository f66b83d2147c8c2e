"""ReSUClassifier: its read-out against scikit-learn's, its probabilities, and odd labels."""

import pickle
from itertools import product

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.preprocessing import StandardScaler

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.resu.features.calibration import fit_sharpness
from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.ridge import Blocks, fit_ridge
from lamina.resu.features.transformer import ReSUFeatures

SMALL = {"n_features": 200, "memories": (2, 5), "rank": 3}
ALPHAS = np.logspace(-3, 3, 10)


def oscillations(n=60, classes=3, noise=0.5, seed=0, time=60):
    """Noisy sinusoids of any phase, whose frequency is the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    series = np.sin(2 * np.pi * (labels[:, None] + 2) / 30 * np.arange(time) + phase)
    return (series + noise * rng.standard_normal((n, time)))[:, None], labels


X, Y = oscillations()
NEW, TRUTH = oscillations(seed=1, n=90)


def small(**settings):
    return ReSUClassifier(**(SMALL | settings))


@pytest.fixture(scope="module")
def fitted():
    return small().fit(X, Y)


# --- the read-out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "p"), [(12, 40), (40, 12), (30, 30), (3, 5)])
@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_is_that_of_scikit_learn(n, p, weighted):
    rng = np.random.default_rng(0)
    table = rng.standard_normal((n, p)) * rng.uniform(0.1, 10, p) + 5
    targets = np.column_stack([table[:, 0] + rng.standard_normal(n), rng.standard_normal(n)])
    weights = rng.uniform(0.5, 2, n) if weighted else None
    z = StandardScaler().fit_transform(table)
    for per_target in (False, True):
        ours = fit_ridge(table, targets, ALPHAS, weights=weights, per_target=per_target)
        theirs = RidgeCV(ALPHAS, alpha_per_target=per_target).fit(z, targets, sample_weight=weights)
        np.testing.assert_allclose(ours.alpha, np.broadcast_to(theirs.alpha_, 2))
        np.testing.assert_allclose(ours.coef, theirs.coef_, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(ours.intercept, theirs.intercept_, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "p"), [(12, 40), (40, 12)])
def test_scores_left_out_are_those_of_fits_without_the_series(n, p, weighted):
    rng = np.random.default_rng(1)
    weights = rng.uniform(0.5, 2, n) if weighted else np.ones(n)
    table, targets = rng.standard_normal((n, p)), rng.standard_normal((n, 2))
    # centred and scaled by all series, which is what leaving out the read-out alone means
    table = StandardScaler().fit_transform(table)
    found = fit_ridge(table, targets, [2.5], weights=weights if weighted else None)
    for i in range(n):
        rest = np.arange(n) != i
        z, y, s = table[rest], targets[rest], weights[rest]
        middle, level = s @ z / s.sum(), s @ y / s.sum()
        outer = (z - middle).T @ (s[:, None] * (z - middle)) + 2.5 * np.eye(p)
        w = np.linalg.solve(outer, (z - middle).T @ (s[:, None] * (y - level)))
        np.testing.assert_allclose(found.left_out[i], level + (table[i] - middle) @ w, rtol=1e-8)


@pytest.mark.parametrize(("n", "p", "second"), [(20, 60, 30), (60, 20, 10), (40, 60, 8), (40, 60, 1)])
@pytest.mark.parametrize("per_target", [False, True])
def test_blocks_are_weighed_by_what_errs_least_left_out(n, p, second, per_target):
    rng = np.random.default_rng(2)
    table, noise = rng.standard_normal((n, p)), rng.standard_normal((n, 2))
    # the first target is told by few columns of one block, the second by the other
    targets = np.column_stack([table[:, 0], table[:, p - 1]]) + 0.1 * noise
    blocks = Blocks(np.repeat([0, 1], [p - second, second]), np.array([[1, 1], [1, 0.2], [0.2, 1], [1, 0]]))
    found = fit_ridge(table, targets, ALPHAS, blocks=blocks, per_target=per_target)
    z = StandardScaler().fit_transform(table)
    for columns in ([0], [1]) if per_target else ([0, 1],):
        fits = [
            (model.best_score_, strength, model.coef_ * strength[blocks.of_column])
            for strength in blocks.strengths
            for model in [RidgeCV(ALPHAS).fit(z * strength[blocks.of_column], targets[:, columns])]
        ]
        _, strength, coef = max(fits, key=lambda fit: fit[0])
        for row, column in zip(np.atleast_2d(coef), columns, strict=True):
            np.testing.assert_array_equal(found.strengths[column], strength)
            np.testing.assert_allclose(found.coef[column], row, rtol=1e-7, atol=1e-10)


def test_of_penalties_that_err_alike_it_is_the_first():
    rng = np.random.default_rng(0)
    # each of two series is predicted by the other's target, whatever the penalty
    for seed_table in rng.standard_normal((20, 2, 5)):
        assert fit_ridge(seed_table, rng.standard_normal((2, 1)), ALPHAS).alpha == ALPHAS[0]


def test_ridge_of_columns_that_do_not_vary():
    rng = np.random.default_rng(0)
    table = rng.standard_normal((20, 6)).astype(np.float32)
    table[:, 2], table[:, 4] = 0.1, 0
    found = fit_ridge(table, table[:, :1], ALPHAS)
    assert (found.coef[:, [2, 4]] == 0).all()
    assert (found.scale[[2, 4]] == 1).all()
    assert found.coef[0, 0] != 0


def by_scikit_learn(features, series, new, labels, **settings):
    """The best, by leave-one-out, of RidgeClassifierCV on features standardised and weighed by block."""
    scaler = StandardScaler().fit(features.transform(series).astype(np.float64))
    z, z_new = (scaler.transform(features.transform(x).astype(np.float64)) for x in (series, new))
    early = np.array([name.startswith("early") for name in features.feature_statistics_])
    found = []
    for timing, level in product((0.3, 3), (1, 3)):
        weight = np.where(features.feature_units_ < 0, level, np.where(early, timing, 1))
        model = RidgeClassifierCV(ALPHAS, **settings).fit(z * weight, labels)
        scores = model.decision_function(z_new * weight)
        found.append((model.best_score_, (1, timing, level), model.alpha_, scores))
    return max(found, key=lambda one: one[0])


def test_a_pipeline_of_scikit_learn_predicts_the_same(fitted):
    _, strengths, alpha, expected = by_scikit_learn(ReSUFeatures(**SMALL).fit(X), X, NEW, Y)
    np.testing.assert_allclose(fitted.decision_function(NEW), expected, rtol=1e-6, atol=1e-8)
    assert fitted.alpha_ == pytest.approx(alpha)
    np.testing.assert_array_equal(fitted.strengths_, strengths)
    assert fitted.score(NEW, TRUTH) > 0.9


def test_balanced_classes_are_those_of_scikit_learn():
    keep = np.flatnonzero((Y != 2) | (np.arange(60) < 20))
    series, labels = X[keep], Y[keep]
    model = small(class_weight="balanced").fit(series, labels)
    features = ReSUFeatures(**SMALL).fit(series)
    *_, expected = by_scikit_learn(features, series, NEW, labels, class_weight="balanced")
    np.testing.assert_allclose(model.decision_function(NEW), expected, rtol=1e-6, atol=1e-8)
    weighed = small(class_weight={0: 1.0, 1: 1.0, 2: 9.0}).fit(series, labels)
    assert (weighed.predict(NEW) == 2).sum() >= (small().fit(series, labels).predict(NEW) == 2).sum()


def test_a_score_can_be_put_together_from_weights_and_names(fitted):
    table = fitted.features_.transform(NEW).astype(np.float64)
    z = (table - fitted.feature_means_) / fitted.feature_scales_
    np.testing.assert_allclose(fitted.decision_function(NEW), z @ fitted.coef_.T + fitted.intercept_)
    assert fitted.coef_.shape == (3, len(fitted.features_.get_feature_names_out()))
    assert fitted.unit_importances_.shape == (len(fitted.features_.units_),)
    levels = np.square(fitted.coef_[:, fitted.features_.feature_units_ < 0]).sum()
    assert fitted.unit_importances_.sum() == pytest.approx(1 - levels / np.square(fitted.coef_).sum())
    unit = fitted.unit_importances_.argmax()
    columns = fitted.features_.feature_units_ == unit
    share = np.square(fitted.coef_[:, columns]).sum() / np.square(fitted.coef_).sum()
    assert fitted.unit_importances_[unit] == pytest.approx(share)


def test_two_classes_have_one_score():
    model = small().fit(X[Y < 2], Y[Y < 2])
    scores = model.decision_function(NEW)
    assert scores.shape == (90,)
    assert model.coef_.shape[0] == 1
    np.testing.assert_array_equal(model.predict(NEW), (scores > 0).astype(int))


def test_features_do_not_depend_on_labels(fitted):
    other = small().fit(X, np.roll(Y, 7))
    np.testing.assert_array_equal(other.features_.transform(NEW), fitted.features_.transform(NEW))


# --- probabilities ----------------------------------------------------------------------------------------


def test_probabilities_sum_to_one_in_the_order_of_the_scores(fitted):
    p = fitted.predict_proba(NEW)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(p.argsort(axis=1), fitted.decision_function(NEW).argsort(axis=1))
    np.testing.assert_array_equal(fitted.classes_[p.argmax(axis=1)], fitted.predict(NEW))


def test_two_classes_have_the_logistic_function_of_their_score():
    model = small().fit(X[Y < 2], Y[Y < 2])
    expected = expit(2 * model.sharpness_ * model.decision_function(NEW))
    np.testing.assert_allclose(model.predict_proba(NEW)[:, 1], expected)


@pytest.mark.parametrize("true_sharpness", [0.3, 1.0, 4.0])
def test_sharpness_is_found_where_it_is_known(true_sharpness):
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((20000, 3))
    p = np.exp(true_sharpness * scores)
    p /= p.sum(axis=1, keepdims=True)
    labels = (rng.random(20000)[:, None] > p.cumsum(axis=1)).sum(axis=1)
    assert fit_sharpness(scores, labels) == pytest.approx(true_sharpness, rel=0.1)


def test_sharpness_stays_finite_where_all_is_right_and_vanishes_where_nothing_is():
    labels = np.arange(30) % 3
    right = np.where(labels[:, None] == np.arange(3), 1.0, -1.0)
    # of ten series of a class, Platt's targets are 11/13 and 1/13: the odds of two classes are exp(2 β)
    assert fit_sharpness(right, labels) == pytest.approx(np.log(11) / 2, rel=1e-3)
    assert fit_sharpness(-right, labels) == pytest.approx(1e-3, rel=0.01)


def test_probabilities_say_how_often_it_is_right():
    series, labels = oscillations(n=240, noise=1.2)
    new, truth = oscillations(n=600, noise=1.2, seed=9)
    model = small().fit(series, labels)
    p = model.predict_proba(new)
    accuracy = (p.argmax(axis=1) == truth).mean()
    assert 0.5 < accuracy < 0.97
    # the mean of what it is sure of is how often it is right, within three standard errors and a little
    assert abs(p.max(axis=1).mean() - accuracy) < 0.1
    hard = np.full(p.shape, 1e-6)
    hard[np.arange(600), p.argmax(axis=1)] = 1
    assert log_loss(truth, p) < 0.7 * log_loss(truth, hard / hard.sum(axis=1, keepdims=True))
    assert log_loss(truth, p) < log_loss(truth, np.full(p.shape, 1 / 3))


def test_labels_at_random_give_probabilities_near_chance():
    labels = np.random.default_rng(3).permutation(Y)
    p = small().fit(X, labels).predict_proba(NEW)
    assert p.max() < 0.75


def test_scores_left_out_tell_the_accuracy_on_new_series():
    series, labels = oscillations(n=240, noise=1.2)
    model = small().fit(series, labels)
    guess = (model.left_out_probabilities_.argmax(axis=1) == labels).mean()
    new, truth = oscillations(n=600, noise=1.2, seed=9)
    assert abs(guess - model.score(new, truth)) < 0.08
    folds = cross_val_predict(small(), series, labels, cv=10)
    assert abs(guess - (folds == labels).mean()) < 0.08
    assert model.left_out_scores_.shape == (240, 3)


def test_one_series_of_each_class_is_enough_but_tells_nothing_of_probabilities():
    model = small().fit(X[:3], Y[:3])
    assert (model.predict(X[:3]) == Y[:3]).all()
    np.testing.assert_allclose(model.predict_proba(NEW), 1 / 3, atol=0.01)


# --- labels -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        np.array(["a", "b", "c"]),
        np.array(["a", "bb", "ccc"], dtype=object),
        np.array([-1, 5, 9]),
        np.array([0.0, 1.0, 2.0]),
        np.array([10, 20, 30], dtype=np.uint8),
    ],
)
def test_labels_of_any_kind(names, fitted):
    model = small().fit(X, names[Y])
    np.testing.assert_array_equal(model.classes_, names)
    np.testing.assert_array_equal(model.predict(NEW), names[fitted.predict(NEW)])
    assert model.score(NEW, names[TRUTH]) == fitted.score(NEW, TRUTH)


def test_booleans_lists_and_pandas_labels(fitted):
    pandas = pytest.importorskip("pandas")
    assert set(small().fit(X, Y == 1).predict(NEW)) == {False, True}
    for labels in (Y.tolist(), tuple(Y), pandas.Series(Y), pandas.Series(Y).astype("category")):
        np.testing.assert_array_equal(small().fit(X, labels).predict(NEW), fitted.predict(NEW))


def test_labels_in_a_column_are_taken_with_a_warning():
    with pytest.warns(DataConversionWarning):
        small().fit(X, Y[:, None])


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (None, ArgumentError, "requires y"),
        (np.zeros(60), DataError, "two classes"),
        (Y[:-1], ShapeError, "60 series"),
        (np.where(Y == 0, np.nan, Y), DataError, "NaN"),
        (np.where(Y == 0, np.inf, Y), DataError, "infinity"),
        (np.array(["a" if k else 1 for k in Y], dtype=object), ArgumentTypeError, "one kind"),
        ([None if k else "a" for k in Y], ArgumentTypeError, "one kind"),
        (Y + 0.5 * np.arange(60), ArgumentTypeError, "label type"),
        (np.zeros((60, 2)), ShapeError, "1d"),
        ("abc", ShapeError, "1d"),
    ],
    ids=["None", "one class", "count", "NaN", "inf", "mixed", "missing", "continuous", "two columns", "text"],
)
def test_labels_that_cannot_be(labels, error, message):
    with pytest.raises(error, match=message):
        small().fit(X, labels)


@pytest.mark.parametrize("alphas", [[], [0.0], [-1.0, 1.0], ["a"], [np.nan]])
def test_penalties_that_cannot_be(alphas):
    with pytest.raises(ArgumentError, match=r"^alphas"):
        small(alphas=alphas).fit(X, Y)


def test_penalties_of_choice():
    assert small(alphas=[7.0]).fit(X, Y).alpha_ == 7
    assert small(alphas=np.array([3.0, 5.0])).fit(X, Y).alpha_ in (3, 5)


@pytest.mark.parametrize("weight", ["even", {5: 1.0}, {0: 0.0}, {0: -1.0}, {0: np.nan}, 3.0])
def test_weights_of_classes_that_cannot_be(weight):
    with pytest.raises(ArgumentError, match=r"^class_weight must be"):
        small(class_weight=weight).fit(X, Y)


# --- as its users expect ----------------------------------------------------------------------------------


def test_settings_are_those_of_the_features():
    mine = small().get_params()
    theirs = ReSUFeatures().get_params()
    assert set(mine) - set(theirs) == {"alphas", "class_weight"}
    assert set(theirs) <= set(mine)
    defaults = ReSUClassifier().get_params()
    assert {name: defaults[name] for name in theirs} == theirs
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
    model = ReSUClassifier(**changed).fit(X, Y)
    assert {name: value for name, value in model.features_.get_params().items() if name in changed} == changed


def test_grid_search_over_settings_of_the_features():
    search = GridSearchCV(small(), {"n_features": [40, 200], "memories": [(2,), (5,)]}, cv=3).fit(X, Y)
    assert search.best_score_ > 0.8
    assert search.predict(NEW).shape == (90,)


def test_processes_can_exchange_it(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(NEW), fitted.predict_proba(NEW))
    assert not hasattr(clone(fitted), "classes_")


def test_it_must_be_fitted():
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(small(), method)(X)


def test_many_channels_unequal_lengths_and_missing_values():
    rng = np.random.default_rng(0)
    series = [np.vstack([rng.standard_normal(40 + k % 20), X[k, 0, : 40 + k % 20]]) for k in range(60)]
    series[5][1, 10:20] = np.nan
    series[6][0] = np.nan
    model = small(n_features=400).fit(series, Y)
    assert model.score(series, Y) > 0.9
    with pytest.raises(ShapeError, match="as in the fit"):
        model.predict(NEW)


def test_threads_change_nothing(fitted):
    np.testing.assert_array_equal(small(n_jobs=2).fit(X, Y).predict_proba(NEW), fitted.predict_proba(NEW))


def test_it_explains_itself(fitted):
    found = fitted.explain(NEW[0])
    assert found.label == fitted.predict(NEW[:1])[0]
    assert found.base + found.contributions.sum() == pytest.approx(found.score)
