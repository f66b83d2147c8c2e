"""ReSUFeatures: what the columns are, what they depend on and what not, and every kind of odd collection."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.resu.features.transformer import ReSUFeatures


def walks(n=12, channels=1, time=60, seed=0):
    """AR(2) series: something to predict, at more than one scale."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, channels, time))
    for t in range(2, time):
        x[..., t] += 1.5 * x[..., t - 1] - 0.7 * x[..., t - 2]
    return x


def small(**settings):
    return ReSUFeatures(**({"n_features": 300, "memories": (2, 5), "rank": 3} | settings))


X = walks()
PLANE = walks(channels=3, seed=1)


@pytest.fixture(scope="module")
def fitted():
    return small().fit(X)


# --- what the columns are ---------------------------------------------------------------------------------


def test_names_and_columns_go_together(fitted):
    names = fitted.get_feature_names_out()
    table = fitted.transform(X)
    assert table.shape == (len(X), len(names))
    assert table.dtype == np.float32
    assert len(set(names)) == len(names)
    for name, unit, channel, statistic in zip(
        names, fitted.feature_units_, fitted.feature_channels_, fitted.feature_statistics_, strict=True
    ):
        if unit >= 0:
            scale = fitted.units_[unit].scale
            assert name.startswith(f"{scale.view}_m{scale.memory}_d{scale.dilation}_u")
            assert name.endswith(f"_{statistic}")
            assert channel == -1
        else:
            assert name == f"level_c{channel}_{statistic}"


@pytest.mark.parametrize("data", [X, PLANE], ids=["1 channel", "3 channels"])
def test_a_column_can_be_computed_from_its_unit(data):
    features = small(n_features=600, views=("raw", "difference", "standardised")).fit(data)
    table = features.transform(data)
    names = features.get_feature_names_out().tolist()
    checked = 0
    for unit in features.units_:
        scale = unit.scale
        for i in (0, 5):
            series = np.diff(data[i], axis=1)
            if scale.view == "standardised":
                series = (data[i] - data[i].mean(axis=1, keepdims=True)) / data[i].std(axis=1, keepdims=True)
            elif scale.view == "raw":
                series = data[i] - features.channel_means_[:, None]
            z = np.zeros(series.shape[1])
            for t in range(len(z)):
                for lag in range(scale.memory):
                    if t - lag * scale.dilation >= 0:
                        z[t] += unit.filter[lag] @ series[:, t - lag * scale.dilation]
            early = np.cos(np.pi * (np.arange(len(z)) + 0.5) / len(z))
            for name, expected in {
                "deviation": z.std(),
                "max_on": np.maximum(z, 0).max(),
                "max_off": np.maximum(-z, 0).max(),
                "early_on": (np.maximum(z, 0) * early).mean(),
                "early_off": (np.maximum(-z, 0) * early).mean(),
            }.items():
                found = table[i, names.index(f"{unit.name}_{name}")]
                np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
            above = [k for k, name in enumerate(names) if name.startswith(f"{unit.name}_above")]
            fractions = [(z > level).mean() for level in unit.thresholds]
            # a value at a threshold may fall on either side of it in float32
            np.testing.assert_allclose(table[i, above], fractions, atol=1.5 / len(z))
            checked += 1
    assert checked > 10


@pytest.mark.parametrize("data", [X, PLANE], ids=["1 channel", "3 channels"])
def test_levels_can_be_computed_from_the_series(data):
    features = small().fit(data)
    table = features.transform(data)
    flat = data.transpose(1, 0, 2).reshape(data.shape[1], -1)
    mean, deviation = flat.mean(axis=1), flat.std(axis=1)
    expected = {
        "mean": (data.mean(axis=2) - mean) / deviation,
        "log_deviation": np.log(data.std(axis=2) / deviation + 1e-3),
        "minimum": (data.min(axis=2) - mean) / deviation,
        "maximum": (data.max(axis=2) - mean) / deviation,
        "rise": (data[:, :, -1] - data[:, :, 0]) / deviation,
    }
    levels = np.flatnonzero(features.feature_units_ < 0)
    assert len(levels) == 5 * data.shape[1]
    for column in levels:
        found = expected[features.feature_statistics_[column]][:, features.feature_channels_[column]]
        np.testing.assert_allclose(table[:, column], found, rtol=1e-5, atol=1e-6)


def test_levels_that_do_not_vary_are_no_features():
    # of series by their own standard, what is left of mean and deviation is rounding
    own = (X - X.mean(axis=2, keepdims=True)) / X.std(axis=2, keepdims=True)
    features = small().fit(own)
    kept = set(features.feature_statistics_[features.feature_units_ < 0])
    assert kept == {"minimum", "maximum", "rise"}
    assert small().fit(X[:1]).feature_units_.min() == 0


def test_levels_can_be_left_away_and_are_where_they_would_be_most():
    assert small(levels=False).fit(X).feature_units_.min() == 0
    wide = walks(n=6, channels=20, time=20)
    assert small(n_features=150, memories=(2,)).fit(wide).feature_units_.min() == 0
    assert (small(n_features=200, memories=(2,)).fit(wide).feature_units_ < 0).sum() == 100


@pytest.mark.parametrize("levels", [True, False])
@pytest.mark.parametrize("budget", [40, 100, 300])
def test_the_budget_is_kept_and_used(budget, levels):
    features = small(n_features=budget, levels=levels).fit(X)
    width = np.bincount(features.feature_units_[features.feature_units_ >= 0]).max()
    count = features.transform(X).shape[1]
    assert budget - width < count <= budget


def test_the_strongest_units_are_spent_first():
    few = {unit.name for unit in small(n_features=150).fit(X).units_}
    many = {unit.name for unit in small(n_features=300).fit(X).units_}
    assert few < many
    assert max(int(name.rsplit("_u")[1]) for name in few) <= max(int(name.rsplit("_u")[1]) for name in many)


# --- what the table depends on, and what not --------------------------------------------------------------


def test_fit_transform_is_fit_then_transform(fitted):
    np.testing.assert_array_equal(small().fit_transform(X), fitted.transform(X))


def test_labels_are_not_looked_at(fitted):
    np.testing.assert_array_equal(small().fit(X, np.arange(len(X))).transform(X), fitted.transform(X))


def test_a_series_has_its_features_whatever_stands_beside_it(fitted):
    whole = fitted.transform(X)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_array_equal(fitted.transform(X[order]), whole[order])
    for i in (0, 7):
        np.testing.assert_array_equal(fitted.transform(X[i : i + 1]), whole[i : i + 1])
    longer = [X[0], np.tile(X[1], 40), X[2, :, :9]]
    np.testing.assert_array_equal(fitted.transform(longer)[0], whole[0])


def test_all_forms_of_the_same_series_give_the_same(fitted):
    pandas = pytest.importorskip("pandas")
    expected = fitted.transform(X)
    frame = pandas.DataFrame(X[:, 0])
    for form in (X[:, 0], list(X), list(X[:, 0]), tuple(X), X[:, 0].tolist(), frame, np.asfortranarray(X)):
        np.testing.assert_array_equal(fitted.transform(form), expected)
        np.testing.assert_array_equal(small().fit(form).transform(X), expected)


@pytest.mark.parametrize("n_jobs", [2, 3, -1])
def test_threads_change_nothing(n_jobs, fitted):
    np.testing.assert_array_equal(small(n_jobs=n_jobs).fit(X).transform(X), fitted.transform(X))
    ragged = [X[i, :, : 3 + 4 * i] for i in range(12)]
    np.testing.assert_array_equal(
        small(n_jobs=n_jobs).fit(ragged).transform(ragged), small().fit(ragged).transform(ragged)
    )


def test_nothing_is_written_to_what_came():
    data = PLANE.copy()
    data[0, 1, 3:6] = np.nan
    before = data.copy()
    data.setflags(write=False)
    small().fit(data).transform(data)
    np.testing.assert_array_equal(data, before)


def test_single_precision_gives_nearly_the_same(fitted):
    single = fitted.transform(X.astype(np.float32))
    difference = np.abs(single - fitted.transform(X))
    assert np.median(difference) < 1e-5
    assert difference.max() < 3 / X.shape[2]


@pytest.mark.parametrize(("factor", "offset"), [(1e-40, 0), (1e40, 0), (1, 1e6), (1e3, 1e5)])
def test_units_of_measurement_play_no_part(factor, offset):
    plain = small().fit(X).transform(X)
    other = small().fit(factor * X + offset).transform(factor * X + offset)
    np.testing.assert_allclose(other, plain, atol=2.5 / X.shape[2])
    assert np.abs(other - plain).mean() < 1e-3


def test_what_is_turned_over_has_on_for_off():
    plain, turned = small().fit(X), small().fit(-X)
    for one, other in (("on", "off"), ("off", "on")):
        for statistic in ("early", "max"):
            left = plain.transform(X)[:, plain.feature_statistics_ == f"{statistic}_{one}"]
            right = turned.transform(-X)[:, turned.feature_statistics_ == f"{statistic}_{other}"]
            assert left.size
            np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-4)


def test_the_order_of_channels_plays_no_part():
    order = [2, 0, 1]
    one, other = small().fit(PLANE), small().fit(PLANE[:, order])
    units = one.feature_units_ >= 0
    left, right = one.transform(PLANE), other.transform(PLANE[:, order])
    np.testing.assert_allclose(right[:, units], left[:, units], atol=2.5 / PLANE.shape[2], rtol=1e-3)
    for channel in range(3):
        mine = left[:, one.feature_channels_ == order[channel]]
        np.testing.assert_allclose(right[:, other.feature_channels_ == channel], mine, rtol=1e-6)


# --- as scikit-learn and its users expect -----------------------------------------------------------------


def test_data_frames_in_and_out():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X[:, 0], columns=[f"t{k}" for k in range(60)], index=list("abcdefghijkl"))
    features = small().set_output(transform="pandas").fit(frame)
    assert features.n_features_in_ == 60
    assert features.feature_names_in_.tolist() == frame.columns.tolist()
    table = features.transform(frame)
    assert table.columns.tolist() == features.get_feature_names_out().tolist()
    assert table.index.tolist() == frame.index.tolist()
    with pytest.raises(ValueError, match="feature names"):
        features.transform(frame[frame.columns[::-1]])
    with pytest.raises(ValueError, match="expecting 60 features"):
        small().fit(X[:, 0]).transform(X[:, 0, :50])


def test_counts_of_features_in():
    assert small().fit(X[:, 0]).n_features_in_ == 60
    assert small().fit(X).n_features_in_ == 1
    assert small().fit(PLANE).n_features_in_ == 3
    again = small().fit(X[:, 0]).fit(PLANE)
    assert (again.n_features_in_, again.n_channels_) == (3, 3)
    # a table after a fit of three axes may have any length
    assert small().fit(X).transform(X[:, 0, :50]).shape[0] == 12


def test_a_fit_of_a_frame_then_of_an_array_forgets_the_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X[:, 0]).rename(columns=str)
    features = small().fit(frame).fit(X)
    assert not hasattr(features, "feature_names_in_")


def test_processes_can_exchange_it(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
    assert not hasattr(clone(fitted), "units_")


def test_in_a_pipeline_with_cross_validation():
    data = np.concatenate([walks(20), np.random.default_rng(5).standard_normal((20, 1, 60))])
    labels = np.repeat(["walk", "noise"], 20)
    model = make_pipeline(small(), StandardScaler(), RidgeClassifierCV())
    assert cross_val_score(model, data, labels, cv=4).mean() > 0.95
    assert cross_val_score(model, list(data), labels, cv=4).mean() > 0.95


# --- what cannot be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"n_features": 5}, "n_features"),
        ({"n_features": 100.0}, "n_features"),
        ({"memories": ()}, "memories"),
        ({"memories": (0,)}, "memories"),
        ({"memories": 4}, "memories"),
        ({"dilations": "all"}, "dilations"),
        ({"dilations": []}, "dilations"),
        ({"dilations": (1, -2)}, "dilations"),
        ({"horizon": 0}, "horizon"),
        ({"rank": 0}, "rank"),
        ({"views": ("raw", "second")}, "views"),
        ({"views": "raw"}, "views"),
        ({"levels": 1}, "levels"),
        ({"thresholds": 0}, "thresholds"),
        ({"ridge": -1.0}, "ridge"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"n_jobs": -2}, "n_jobs"),
    ],
)
def test_settings_that_cannot_be(settings, named):
    with pytest.raises(ArgumentError, match=f"^{named} must be"):
        small(**settings).fit(X)


def test_settings_may_be_arrays_and_repeat_themselves():
    features = small(memories=np.array([2, 5, 2]), dilations=np.array([1, 2, 1])).fit(X)
    plain = small(memories=(2, 5), dilations=(1, 2)).fit(X)
    np.testing.assert_array_equal(features.transform(X), plain.transform(X))


@pytest.mark.parametrize(
    "data",
    [np.ones((5, 1, 40)), np.zeros((5, 2, 3)), np.arange(5.0).reshape(5, 1, 1), [np.ones(4), np.ones(9)]],
    ids=["constant", "zero", "single samples", "unequal"],
)
def test_collections_in_which_nothing_varies(data):
    with pytest.raises(DataError, match="vary over time"):
        small().fit(data)


def test_levels_of_constant_series_are_features():
    levels = np.repeat(np.arange(4.0)[:, None, None], 30, axis=2)
    assert len(np.unique(small(views=("raw",)).fit_transform(levels), axis=0)) == 4
    assert len(np.unique(small(views=("raw",), levels=False).fit_transform(levels), axis=0)) == 4


def test_constant_series_and_channels_beside_others():
    data = PLANE.copy()
    data[2] = 3.0
    data[:, 1] = -1.0
    assert np.isfinite(small().fit_transform(data)).all()


def test_it_must_be_fitted():
    with pytest.raises(NotFittedError):
        small().transform(X)
    with pytest.raises(NotFittedError):
        small().get_feature_names_out()
    failed = small()
    with pytest.raises(DataError):
        failed.fit(np.ones((5, 40)))
    with pytest.raises(NotFittedError):
        failed.transform(X)


@pytest.mark.parametrize("factor", [1e25, 1e60, 1e300])
def test_series_beyond_all_of_the_fit_are_refused_rather_than_infinite(factor, fitted):
    data = X.copy()
    data[4] *= factor
    with pytest.raises(
        DataError, match="order of the training series, got features that overflow, of series 4"
    ):
        fitted.transform(data)
    assert np.isfinite(fitted.transform(1e12 * X)).all()


def test_other_channels_and_values_than_can_be(fitted):
    with pytest.raises(ShapeError, match="as in the fit"):
        fitted.transform(PLANE)
    with pytest.raises(DataError, match="inf"):
        fitted.transform(np.where(X > 3, np.inf, X))
    with pytest.raises(ArgumentTypeError):
        fitted.transform(X + 1j)
