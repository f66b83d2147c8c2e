"""Compiled outputs and pooling, against the plain ones of NumPy, one unit of one series at a time."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.collection import Collection, read_collection
from lamina.resu.features.learning import set_thresholds
from lamina.resu.features.outputs import pooled_outputs, sample_outputs, unit_output, view_of
from lamina.resu.features.pooling import FURTHER, STATISTICS, columns, pool
from lamina.resu.features.scales import Scale

ALL = ("above", "mean_on", "max_on", "mean_off", "max_off", "early_on", "early_off", "deviation")


def random_units(rng, channels, count=7, thresholds=5, longest=9):
    units = []
    for _ in range(count):
        scale = Scale(
            ("raw", "difference", "standardised")[int(rng.integers(3))],
            int(rng.integers(1, longest)),
            1,
            int(rng.integers(1, longest)),
        )
        for index in range(int(rng.integers(1, 4))):
            filter_ = rng.standard_normal((scale.memory, channels)).astype(np.float32)
            levels = np.sort(rng.standard_normal(thresholds)).astype(np.float32)
            units.append(FeatureUnit(scale, index, filter_, 0.5, levels))
    return units


def random_collection(rng, channels, kind=np.float32, gaps=True):
    series = [
        rng.standard_normal((channels, time)).astype(kind) + 3.0
        for time in rng.integers(1, 80, size=int(rng.integers(1, 9)))
    ]
    series = [item.astype(kind) for item in series]
    if gaps:
        for item in series:
            item[rng.random(item.shape) < 0.2] = np.nan
            item[:, rng.random(item.shape[1]) < 0.1] = np.nan
            item[0, -1] = 1.0
    return read_collection("X", series)


def plain(collection, units, mean, statistics=ALL):
    rows = []
    for i in range(len(collection)):
        views = [view_of(collection.series(i), unit.scale.view, mean) for unit in units]
        outputs = [unit_output(x, unit) for x, unit in zip(views, units, strict=True)]
        rows.append(
            np.concatenate(
                [pool(z, unit.thresholds, statistics) for z, unit in zip(outputs, units, strict=True)]
            )
        )
    return np.array(rows)


@pytest.mark.parametrize("seed", range(40))
def test_any_collection_is_pooled_as_one_unit_at_a_time(seed):
    rng = np.random.default_rng(seed)
    channels = int(rng.integers(1, 5))
    units = random_units(rng, channels, thresholds=int(rng.integers(1, 10)))
    kind = (np.float32, np.float64)[seed % 2]
    collection = random_collection(rng, channels, kind, gaps=seed % 4 < 2)
    mean = rng.standard_normal(channels) + 3.0
    ours, theirs = pooled_outputs(collection, units, mean, ALL), plain(collection, units, mean)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)


def test_a_filter_of_one_channel_is_that_of_scipy():
    rng = np.random.default_rng(0)
    scale = Scale("raw", 5, 5, 3)
    unit = FeatureUnit(scale, 0, rng.standard_normal((5, 1)).astype(np.float32), 0.5, np.zeros(1, np.float32))
    series = rng.standard_normal((4, 1, 100))
    taps = np.zeros(13)
    taps[::3] = unit.filter[:, 0]
    z = np.asarray(lfilter(taps, [1.0], series[:, 0]))
    table = pooled_outputs(read_collection("X", series), [unit], np.zeros(1), ALL)
    on, off = np.maximum(z, 0), np.maximum(-z, 0)
    expected = [(z > 0).mean(axis=1), on.mean(axis=1), on.max(axis=1), off.mean(axis=1), off.max(axis=1)]
    early = np.cos(np.pi * (np.arange(100) + 0.5) / 100)
    expected += [(on * early).mean(axis=1), (off * early).mean(axis=1), z.std(axis=1)]
    np.testing.assert_allclose(table, np.stack(expected, axis=1), rtol=1e-5, atol=1e-6)


def test_statistics_are_chosen_by_name():
    assert set(ALL) == {*STATISTICS, *FURTHER}
    rng = np.random.default_rng(1)
    units, collection = random_units(rng, 2), random_collection(rng, 2)
    names = columns(ALL, 5)
    table = pooled_outputs(collection, units, np.zeros(2), ALL).reshape(len(collection), len(units), -1)
    some = ("max_off", "above", "mean_on")
    chosen = [names.index(name) for name in columns(some, 5)]
    np.testing.assert_array_equal(
        pooled_outputs(collection, units, np.zeros(2), some).reshape(len(collection), len(units), -1),
        table[:, :, chosen],
    )


def test_threads_and_neighbours_change_nothing():
    rng = np.random.default_rng(2)
    units, mean = random_units(rng, 2, longest=20), np.ones(2)
    series = [rng.standard_normal((2, time)) for time in rng.integers(1, 90, size=41)]
    collection = read_collection("X", series)
    table = pooled_outputs(collection, units, mean, ALL)
    for n_jobs in (2, 3, 50):
        np.testing.assert_array_equal(pooled_outputs(collection, units, mean, ALL, n_jobs), table)
    for i in (0, 17, 40):
        alone = pooled_outputs(read_collection("X", [series[i]]), units, mean, ALL)
        np.testing.assert_array_equal(alone[0], table[i])


def test_a_series_with_nothing_to_look_at_counts_as_one_sample_at_the_mean():
    unit = FeatureUnit(
        Scale("difference", 2, 1, 1), 0, np.ones((2, 1), np.float32), 0.5, np.array([-1, 0, 1], np.float32)
    )
    for item in ([5.0], [5.0, np.nan, 2.0]):
        collection = read_collection("X", [np.array([item])])
        table = pooled_outputs(collection, [unit], np.zeros(1), ALL)
        np.testing.assert_array_equal(table, [[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]])
        np.testing.assert_array_equal(table, plain(collection, [unit], np.zeros(1)))


@pytest.mark.parametrize("scale", [1e-30, 1e-300, 1e300])
def test_the_scale_of_values_does_not_matter(scale):
    rng = np.random.default_rng(3)
    series = rng.standard_normal((5, 2, 50))
    units = random_units(rng, 2)
    far = [
        replace(u, filter=u.filter.astype(np.float64) / (1.0 if u.scale.view == "standardised" else scale))
        for u in units
    ]
    table = pooled_outputs(read_collection("X", series), units, np.ones(2), ALL)
    ours = pooled_outputs(read_collection("X", series * scale), far, np.full(2, scale), ALL)
    np.testing.assert_allclose(ours, table, rtol=1e-3, atol=1e-4)


def test_a_level_of_a_million_deviations_does_not_matter():
    rng = np.random.default_rng(4)
    series, units = rng.standard_normal((5, 1, 50)), random_units(rng, 1)
    table = pooled_outputs(read_collection("X", series), units, np.zeros(1), ALL)
    ours = pooled_outputs(read_collection("X", series + 1e6), units, np.full(1, 1e6), ALL)
    np.testing.assert_allclose(ours, table, atol=1e-3)


def test_values_are_only_read():
    rng = np.random.default_rng(5)
    units, series = random_units(rng, 2), rng.standard_normal((4, 2, 40))
    series[0, 0, 3] = np.nan
    before = series.copy()
    series.flags.writeable = False
    collection = read_collection("X", series)
    assert np.shares_memory(collection.data, series)
    pooled_outputs(collection, units, np.zeros(2), ALL)
    sample_outputs(collection, units, np.zeros(2))
    np.testing.assert_array_equal(series, before)


@pytest.mark.parametrize("seed", range(12))
def test_samples_are_every_few_outputs_of_every_few_series(seed):
    rng = np.random.default_rng(seed)
    channels = int(rng.integers(1, 3))
    units = random_units(rng, channels)
    one = random_collection(rng, channels, gaps=seed % 2 == 0)
    collection = read_collection("X", [one.series(i) for i in range(len(one))] * (1, 30)[seed % 3 == 0])
    mean = rng.standard_normal(channels)
    step = max(1, len(collection) // 64)
    total = collection.lengths[::step].sum()
    for most in (50, 4096):
        ours = sample_outputs(collection, units, mean, most)
        stride = max(1, total // most)
        rows = []
        for unit in units:
            chosen = range(0, len(collection), step)
            z = [unit_output(view_of(collection.series(i), unit.scale.view, mean), unit) for i in chosen]
            there = ~np.isnan(np.concatenate(z))
            rows.append(np.concatenate(z)[there][::stride])
        fewest = min(len(row) for row in rows)
        theirs = np.stack([row[:fewest] for row in rows])
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)


def test_part_of_a_collection_is_read_where_it_lies():
    rng = np.random.default_rng(6)
    units, collection = random_units(rng, 2), random_collection(rng, 2)
    part: Collection = collection.part(1, len(collection))
    table = pooled_outputs(collection, units, np.zeros(2), ALL)
    np.testing.assert_array_equal(pooled_outputs(part, units, np.zeros(2), ALL), table[1:])


@pytest.mark.parametrize("seed", range(4))
def test_thresholds_are_quantiles_of_what_counts(seed):
    rng = np.random.default_rng(seed)
    units, collection = random_units(rng, 2, count=5), random_collection(rng, 2, gaps=False)
    samples = sample_outputs(collection, units, np.zeros(2))
    found = set_thresholds(collection, units, np.zeros(2), 6)
    for unit, row in zip(found, samples, strict=True):
        row = row[~np.isnan(row)].astype(np.float64)
        expected = np.quantile(row, np.linspace(0.1, 0.9, 6)) if len(row) else np.zeros(6)
        np.testing.assert_allclose(unit.thresholds, expected, rtol=1e-5, atol=1e-6)
