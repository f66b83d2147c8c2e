"""Series features where a stranger's data end: failed fits, huge and tiny values, many channels."""

import numpy as np
import pandas as pd
import pytest

from lamina.errors import DataError, ShapeError
from lamina.resu.features import learning
from lamina.resu.features.collection import read_collection
from lamina.resu.features.levels import channel_scales
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.transformer import ReSUFeatures

SMALL = {"n_features": 200, "memories": (2, 5), "rank": 3}
WALKS = np.random.default_rng(0).standard_normal((30, 1, 60)).cumsum(axis=2)


@pytest.mark.parametrize("form", [np.asarray, lambda table: pd.DataFrame(table).rename(columns=str)])
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
@pytest.mark.parametrize("bad", [np.zeros((4, 2, 20)), np.zeros((4, 30)), np.full((4, 1, 9), np.inf)])
def test_a_fit_that_fails_leaves_the_last_one_whole(form, method, bad):
    table = form(WALKS[:, 0])
    features = ReSUFeatures(**SMALL).fit(table)
    expected, before = features.transform(table), vars(features).copy()
    with pytest.raises(DataError):
        getattr(features, method)(bad)
    assert vars(features).keys() == before.keys()
    assert all(vars(features)[name] is value for name, value in before.items())
    np.testing.assert_array_equal(features.transform(table), expected)


@pytest.mark.parametrize("exponent", [-800, -500, 0, 500, 800])
def test_scales_of_channels_are_in_the_unit_of_the_series(exponent):
    usual = channel_scales(read_collection("X", WALKS), np.zeros(1))
    factor = np.exp2(float(exponent))
    found = channel_scales(read_collection("X", WALKS * factor), np.zeros(1))
    np.testing.assert_array_equal(found, usual * factor)
    np.testing.assert_allclose(usual, np.sqrt(np.mean(WALKS**2)))


@pytest.mark.parametrize("exponent", [-900, 900])
def test_levels_are_those_of_usual_units_however_large_they_are(exponent):
    settings = SMALL | {"views": ("standardised",)}
    usual = ReSUFeatures(**settings).fit_transform(WALKS)
    found = ReSUFeatures(**settings).fit_transform(WALKS * np.exp2(float(exponent)))
    np.testing.assert_allclose(found, usual, atol=1e-5)


def test_series_below_the_least_normal_number_are_refused():
    with pytest.raises(DataError, match="vary over time"):
        ReSUFeatures(**SMALL, views=("standardised",)).fit(WALKS * 1e-310)


@pytest.mark.parametrize("exponents", [(-700, 700), (0, -550), (550, 900)])
def test_targets_of_any_size_are_predicted_alike(exponents):
    targets = np.column_stack([WALKS.std(axis=(1, 2)), WALKS[:, 0, -1]])
    usual, factors = ReSURegressor(**SMALL).fit(WALKS, targets), np.exp2(np.array(exponents, dtype=float))
    found = ReSURegressor(**SMALL).fit(WALKS, targets * factors)
    np.testing.assert_array_equal(found.alpha_, usual.alpha_)
    np.testing.assert_array_equal(found.strengths_, usual.strengths_)
    np.testing.assert_allclose(found.left_out_predictions_ / factors, usual.left_out_predictions_)
    np.testing.assert_allclose(found.predict(WALKS) / factors, usual.predict(WALKS))
    alone = [ReSURegressor(**SMALL).fit(WALKS, y) for y in (targets[:, 0], targets[:, 0] * factors[0])]
    np.testing.assert_allclose(alone[1].unit_importances_, alone[0].unit_importances_)


@pytest.mark.parametrize("thresholds", [81, 82, 900])
def test_columns_have_names_of_their_own_however_many(thresholds):
    settings = SMALL | {"n_features": 2000, "thresholds": thresholds}
    names = ReSUFeatures(**settings).fit(WALKS[:, :, :20]).get_feature_names_out()
    assert len(set(names)) == len(names)


def test_other_columns_than_in_the_fit_are_refused_by_our_error():
    frame = pd.DataFrame(WALKS[:, 0]).add_prefix("t")
    for given, other in ((WALKS[:, 0], WALKS[:, 0, 5:]), (frame, frame.add_prefix("s"))):
        features = ReSUFeatures(**SMALL).fit(given)
        with pytest.raises(ShapeError, match="feature"):
            features.transform(other)


def test_thresholds_do_not_depend_on_how_many_units_are_taken_together(monkeypatch):
    few = ReSUFeatures(**SMALL).fit(WALKS[:7])
    monkeypatch.setattr(learning, "_TOGETHER", 10**6)
    whole = ReSUFeatures(**SMALL).fit(WALKS[:7])
    for count in (1, 3):
        monkeypatch.setattr(learning, "_TOGETHER", count)
        found = ReSUFeatures(**SMALL).fit(WALKS[:7])
        for one, other, third in zip(found.units_, whole.units_, few.units_, strict=True):
            np.testing.assert_array_equal(one.thresholds, other.thresholds)
            np.testing.assert_array_equal(third.thresholds, other.thresholds)
