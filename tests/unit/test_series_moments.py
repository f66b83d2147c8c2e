"""Compiled moments of many short trials, against LagMoments fed with each in turn; directions from them."""

import numpy as np
import pytest

from lamina.errors import DataError
from lamina.resu.features import gathering
from lamina.resu.features.collection import read_collection
from lamina.resu.features.directions import canonical_directions
from lamina.resu.features.gathering import look_for_moments, scale_moments
from lamina.stats import LagMoments, truncated_cca


def plain(collection, view, dilation, memory, horizon):
    moments = LagMoments(memory, horizon, channels=collection.channels)
    for i in range(len(collection)):
        series = collection.series(i).astype(np.float64)
        if view == "difference":
            series = np.diff(series, axis=1)
        if view == "standardised":
            there = np.ma.masked_invalid(series)
            series = ((there - there.mean(axis=1)[:, None]) / there.std(axis=1)[:, None]).filled(np.nan)
        for phase in range(min(dilation, series.shape[1])):
            moments.update(series[:, phase::dilation].T).end_trial()
    return moments


def differences(collection, *scale):
    """Relative to the norm, of each covariance and mean; counts are compared on the way."""
    ours, theirs = scale_moments(collection, *scale), plain(collection, *scale)
    counts = ("n_windows", "n_trials", "n_short_trials", "n_samples")
    assert [getattr(ours, name) for name in counts] == [getattr(theirs, name) for name in counts]
    if theirs.n_windows < 2:
        return [0.0]
    ours, theirs = ours.covariances(), theirs.covariances()
    # means relative to the spread, which is what a lost digit costs
    spread = np.sqrt(np.trace(theirs.past))
    names = ("past", "future", "cross")
    found = [
        np.linalg.norm(getattr(ours, name) - getattr(theirs, name))
        / max(np.linalg.norm(getattr(theirs, name)), 1e-300)
        for name in names
    ]
    return [*found, np.linalg.norm(ours.past_mean - theirs.past_mean) / max(spread, 1e-300)]


def random_collection(rng, kind=np.float64):
    channels = int(rng.integers(1, 4))
    lengths = rng.integers(1, 70, size=int(rng.integers(1, 12)))
    series = [rng.standard_normal((channels, time)).cumsum(axis=1).astype(kind) for time in lengths]
    if rng.random() < 0.5:
        for item in series:
            item[rng.random(item.shape) < 0.03] = np.nan
            item[:, 0] = 1.0
    return read_collection("X", series)


@pytest.mark.parametrize("seed", range(40))
def test_any_collection_gives_the_moments_of_its_trials(seed):
    rng = np.random.default_rng(seed)
    collection = random_collection(rng, (np.float32, np.float64)[seed % 2])
    view = ("raw", "difference", "standardised")[int(rng.integers(3))]
    dilation, memory, horizon = (int(value) for value in rng.integers(1, (9, 12, 12)))
    assert max(differences(collection, view, dilation, memory, horizon)) < 1e-10


def test_a_small_buffer_is_filled_many_times(monkeypatch):
    collection = random_collection(np.random.default_rng(1))
    collection = read_collection("X", [collection.series(i) for i in range(len(collection))] * 20)
    monkeypatch.setattr(gathering, "_BUFFER", 1)
    for dilation in (1, 3, 50):
        assert max(differences(collection, "raw", dilation, 3, 2)) < 1e-10


@pytest.mark.parametrize("view", ["raw", "difference"])
def test_a_level_or_a_trend_of_a_million_deviations_costs_no_digits(view):
    rng = np.random.default_rng(0)
    series = rng.standard_normal((30, 2, 200))
    level = 1e6 * np.array([1.0, -3.0])[:, None] * np.ones(200)
    lifted = series + (level if view == "raw" else level * np.arange(200))
    # what the level itself rounds off is gone before anybody looks
    kept = lifted - (level if view == "raw" else level * np.arange(200))
    ours = scale_moments(read_collection("X", lifted), view, 2, 8, 8).covariances()
    theirs = scale_moments(read_collection("X", kept), view, 2, 8, 8).covariances()
    for name in ("past", "future", "cross"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert np.linalg.norm(a - b) < 1e-8 * np.linalg.norm(b)


def test_levels_that_differ_between_series_count_as_variance():
    rng = np.random.default_rng(0)
    series = rng.standard_normal((20, 1, 60)) + 1e3 * rng.standard_normal((20, 1, 1))
    assert max(differences(read_collection("X", series), "raw", 1, 6, 6)) < 1e-10


def test_bursts_at_the_ends_leave_the_rest_its_digits():
    series = np.random.default_rng(0).standard_normal((20, 1, 60))
    series[:, :, :3] *= 1e3
    series[:, :, -2:] *= 1e3
    assert max(differences(read_collection("X", series), "raw", 1, 6, 6)) < 1e-10


@pytest.mark.parametrize("seed", range(6))
def test_means_are_those_of_what_is_there(seed):
    collection = random_collection(np.random.default_rng(seed), (np.float32, np.float64)[seed % 2])
    for view in ("raw", "difference"):
        series = [collection.series(i).astype(np.float64) for i in range(len(collection))]
        series = [np.diff(item, axis=1) if view == "difference" else item for item in series]
        together = np.concatenate(series, axis=1)
        there = ~np.isnan(together)
        expected = np.where(there, together, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        levels = look_for_moments(collection, view).levels
        np.testing.assert_allclose(levels, np.tile(expected, (len(levels), 1)), rtol=1e-12, atol=1e-12)


def test_nothing_long_enough_gives_moments_without_windows():
    moments = scale_moments(read_collection("X", np.zeros((3, 1, 5))), "raw", 1, 4, 4)
    assert (moments.n_windows, moments.n_trials, moments.n_short_trials) == (0, 3, 3)
    moments = scale_moments(read_collection("X", np.zeros((3, 1, 1))), "difference", 2, 1, 1)
    assert (moments.n_windows, moments.n_trials, moments.n_samples) == (0, 0, 0)


def test_values_are_only_read():
    series = np.random.default_rng(0).standard_normal((4, 2, 30))
    before = series.copy()
    series.flags.writeable = False
    scale_moments(read_collection("X", series), "difference", 2, 3, 3)
    np.testing.assert_array_equal(series, before)


def test_squares_that_overflow_are_an_error_where_covariances_are_asked_for():
    series = 1e200 * np.random.default_rng(0).standard_normal((4, 1, 30))
    with pytest.raises(DataError, match="1e150"):
        scale_moments(read_collection("X", series), "raw", 1, 3, 3).covariances()


@pytest.mark.parametrize(("memory", "horizon", "channels"), [(1, 1, 1), (4, 4, 1), (16, 9, 2), (24, 24, 3)])
@pytest.mark.parametrize("ridge", [1e-4, 0.1, 0.0])
def test_directions_are_those_of_truncated_cca(memory, horizon, channels, ridge):
    rng = np.random.default_rng(memory)
    scales = 10.0 ** np.arange(channels)[:, None]
    series = (rng.standard_normal((30, channels, 300)).cumsum(axis=2) * 0.2) + rng.standard_normal(
        (30, channels, 300)
    )
    moments = scale_moments(read_collection("X", series * scales), "raw", 1, memory, horizon).covariances()
    covariances = moments.past, moments.future, moments.cross
    rank = min(5, memory * channels, horizon * channels)
    found = canonical_directions(*covariances, rank, ridge)
    assert found is not None
    filters, correlations = found
    theirs = truncated_cca(*covariances, rank=rank, ridge=ridge)
    np.testing.assert_allclose(correlations, theirs.canonical_correlations, rtol=1e-9)
    size = np.abs(theirs.past_filters).max(axis=1, keepdims=True)
    np.testing.assert_allclose(filters / size, theirs.past_filters / size, atol=1e-7)


def test_where_nothing_varies_there_are_no_directions():
    nothing = np.zeros((3, 3))
    for past, future in ((nothing, np.eye(3)), (np.eye(3), nothing)):
        for ridge in (0.0, 1e-4):
            assert canonical_directions(past, future, nothing, 2, ridge) is None


def test_a_constant_channel_has_no_part_in_what_the_others_tell():
    series = np.random.default_rng(0).standard_normal((20, 2, 100)).cumsum(axis=2)
    series[:, 1] = 3.0
    moments = scale_moments(read_collection("X", series), "raw", 1, 4, 4).covariances()
    found = canonical_directions(moments.past, moments.future, moments.cross, 4, 1e-4)
    assert found is not None
    filters = found[0]
    assert np.abs(filters[:, 1::2]).max() < 1e-6 * np.abs(filters[:, ::2]).max()
