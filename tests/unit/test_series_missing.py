"""Missing values and unequal lengths: padding leaves no trace, gaps are lines, accuracy barely falls."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina.errors import DataError
from lamina.resu.features.collection import read_collection
from lamina.resu.features.gaps import fill_gaps
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


def test_padding_leaves_no_trace():
    ragged = [PLANE[i, :, 5 : 60 - 4 * i] for i in range(8)]
    padded = np.full((8, 3, 80), np.nan)
    for i, series in enumerate(ragged):
        padded[i, :, i : i + series.shape[1]] = series
    features = small().fit(ragged)
    np.testing.assert_array_equal(features.transform(padded), features.transform(ragged))
    np.testing.assert_array_equal(small().fit(padded).transform(padded), features.transform(ragged))


def test_gaps_are_filled_by_straight_lines():
    series = np.array([[0.0, np.nan, np.nan, 3.0, 5.0, np.nan], [np.nan, 1.0, 1.0, np.nan, 2.0, 4.0]])
    whole = np.array([[0.0, 1.0, 2.0, 3.0, 5.0, 5.0], [1.0, 1.0, 1.0, 1.5, 2.0, 4.0]])
    filled = fill_gaps(read_collection("X", [series, whole]), np.zeros(2))
    np.testing.assert_allclose(filled.series(0), whole)
    np.testing.assert_array_equal(filled.series(1), whole)
    assert not filled.missing


def test_a_channel_that_is_not_there_is_at_its_mean():
    series = np.array([[np.nan] * 4, [np.nan, 1.0, 2.0, np.nan]])
    filled = fill_gaps(read_collection("X", [series]), np.array([7.0, 8.0]))
    np.testing.assert_array_equal(filled.series(0), [[7.0, 7.0], [1.0, 2.0]])


def test_a_collection_without_gaps_is_left_alone():
    collection = read_collection("X", X)
    assert fill_gaps(collection, np.zeros(1)) is collection


def test_straight_lines_that_are_missing_are_not_missed(fitted):
    # a piece of a line taken out comes back, so nothing changes
    lines = np.linspace(0, 30, 60) + X
    lines[3, 0, 20:30] = np.linspace(lines[3, 0, 20], lines[3, 0, 29], 10)
    holed = lines.copy()
    holed[3, 0, 22:28] = np.nan
    features = small().fit(lines)
    np.testing.assert_allclose(features.transform(holed), features.transform(lines), atol=1 / 60)


def test_whole_channels_missing_in_some_series():
    data = PLANE.copy()
    data[::3, 1] = np.nan
    table = small().fit_transform(data)
    assert np.isfinite(table).all()
    with pytest.raises(DataError, match="without any"):
        small().fit(np.where(np.arange(12)[:, None, None] == 4, np.nan, PLANE))


def test_a_channel_missing_in_all_series_adds_nothing():
    data = PLANE.copy()
    data[:, 1] = np.nan
    features = small().fit(data)
    assert np.isfinite(features.transform(data)).all()
    for unit in features.units_:
        np.testing.assert_allclose(unit.filter[:, 1], 0, atol=1e-6)


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_accuracy_barely_falls_with_missing_values(share):
    datasets = pytest.importorskip("aeon.datasets")
    (train, labels), (test, truth) = datasets.load_gunpoint("train"), datasets.load_gunpoint("test")

    def accuracy(train, test):
        model = make_pipeline(ReSUFeatures(n_features=600), StandardScaler(), RidgeClassifierCV())
        return model.fit(train, labels).score(test, truth)

    rng = np.random.default_rng(0)
    holed = [np.where(rng.random(x.shape) < share, np.nan, x) for x in (train, test)]
    whole = accuracy(train, test)
    assert whole > 0.95
    assert accuracy(*holed) > whole - 0.03
    assert accuracy(train, holed[1]) > whole - 0.03
    assert accuracy(holed[0], test) > whole - 0.03


def test_other_lengths_than_in_the_fit(fitted):
    table = fitted.transform([X[0], X[1, :, :20], np.tile(X[2], 3), X[3, :, :1], X[4, :, :2]])
    assert np.isfinite(table).all()
    np.testing.assert_array_equal(table[0], fitted.transform(X)[0])
    assert np.isfinite(fitted.transform(X[:, :, :7])).all()
    assert np.isfinite(fitted.transform(X[:, :, :1])).all()


def test_fits_of_unequal_lengths():
    ragged = [X[i, :, : 60 - 5 * (i % 4)] for i in range(12)]
    table = small().fit_transform(ragged)
    assert np.isfinite(table).all()
    assert table.std(axis=0).max() > 0


def test_one_long_series_among_short_ones():
    long = walks(1, time=3000)[0]
    short = [X[i, :, :8] for i in range(12)]
    table = small().fit_transform([*short, long])
    assert np.isfinite(table).all()
    # windows are those of the typical series, and the long one takes part in them
    assert max(unit.scale.memory * unit.scale.dilation for unit in small().fit([*short, long]).units_) <= 8


def test_single_samples_beside_series_are_no_hindrance():
    mixed = [X[0], X[1], *[X[i, :, :1] for i in range(2, 12)]]
    assert np.isfinite(small().fit_transform(mixed)).all()


@pytest.mark.parametrize("time", [2, 3, 4, 5])
def test_shortest_series(time):
    table = ReSUFeatures().fit_transform(walks(10, time=time))
    assert np.isfinite(table).all()
    assert table.std(axis=0).max() > 0
