"""LagMoments gives the same moments whatever the chunks, the order, the gaps and the library."""

import json
import tracemalloc

import array_api_strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lamina.stats import LagMoments

FIELDS = ("past", "future", "cross", "past_mean", "future_mean")


def moments_by_definition(trials, memory, horizon, gap, center=True, half_life=None):
    """Every window copied out, with its weight; trials may hold NaN."""
    received, past, future, born = 0, [], [], []
    for trial in trials:
        for t in range(memory - 1, len(trial) - gap - horizon + 1):
            if not np.isnan(trial[t - memory + 1 : t + gap + horizon]).any():
                past.append(trial[t - memory + 1 : t + 1][::-1].ravel())
                future.append(trial[t + gap : t + gap + horizon].ravel())
                born.append(received + t + gap + horizon)
        received += len(trial)
    past, future = np.array(past), np.array(future)
    ages = received - np.array(born)
    weights = np.ones(len(past)) if half_life is None else 0.5 ** (ages / half_life)
    norm = weights.sum()
    past_mean, future_mean = weights @ past / norm, weights @ future / norm
    if center:
        past, future = past - past_mean, future - future_mean
        norm -= (weights**2).sum() / weights.sum()
    else:
        past_mean, future_mean = 0 * past_mean, 0 * future_mean
    weighted = weights[:, None] * past
    matrices = (weighted.T @ past, (weights[:, None] * future).T @ future, future.T @ weighted)
    return dict(zip(FIELDS, (*(matrix / norm for matrix in matrices), past_mean, future_mean), strict=True))


def assert_same(found, expected, relative=1e-10):
    for name in FIELDS:
        actual = np.asarray(getattr(found, name))
        desired = expected[name] if isinstance(expected, dict) else np.asarray(getattr(expected, name))
        assert actual.shape == desired.shape
        assert np.linalg.norm(actual - desired) <= relative * np.linalg.norm(desired), name


def gathered(trials, *arguments, chunk=None, **keywords):
    moments = LagMoments(*arguments, channels=trials[0].shape[1], **keywords)
    for trial in trials:
        for start in range(0, len(trial), chunk or len(trial)):
            moments.update(trial[start : start + (chunk or len(trial))])
        moments.end_trial()
    return moments


@given(
    memory=st.integers(1, 6),
    horizon=st.integers(1, 6),
    gap=st.integers(1, 4),
    channels=st.integers(1, 8),
    lengths=st.lists(st.integers(1, 150), min_size=1, max_size=4),
    hole=st.integers(0, 200),
    center=st.booleans(),
    half_life=st.none() | st.floats(0.5, 1e4),
    chunk=st.none() | st.integers(1, 60),
    seed=st.integers(0, 2**32 - 1),
)
def test_moments_are_those_of_the_windows(
    memory, horizon, gap, channels, lengths, hole, center, half_life, chunk, seed
):
    rng = np.random.default_rng(seed)
    trials = [
        1 + rng.standard_normal((length, channels)) for length in [*lengths, memory + horizon + gap + 1]
    ]
    if hole < lengths[0]:
        trials[0][hole, hole % channels] = np.nan
    moments = gathered(trials, memory, horizon, gap, half_life=half_life, chunk=chunk)
    expected = moments_by_definition(trials, memory, horizon, gap, center, half_life)
    assert_same(moments.covariances(center), expected)
    assert moments.n_trials == len(trials)
    assert moments.n_samples == sum(len(trial) for trial in trials)


@pytest.mark.parametrize("half_life", [None, 40.0])
@pytest.mark.parametrize("chunk", [1, 7, 128, 5000])
def test_chunks_that_overflow_the_buffer_change_nothing(chunk, half_life, monkeypatch):
    monkeypatch.setattr("lamina.stats.pending._FEW", 2**10)
    monkeypatch.setattr("lamina.stats.pending._MANY", 2**11)
    trials = [
        np.random.default_rng(0).standard_normal((length, 2)).cumsum(axis=0) for length in (900, 40, 2000)
    ]
    trials[2][700] = np.nan
    found = gathered(trials, 5, 4, 2, chunk=chunk, half_life=half_life)
    assert_same(found.covariances(), moments_by_definition(trials, 5, 4, 2, half_life=half_life))


def test_asking_in_between_changes_nothing():
    signal = np.random.default_rng(1).standard_normal((300, 1))
    moments = LagMoments(6, 5)
    for start in range(0, 300, 13):
        moments.update(signal[start : start + 13])
        if moments.n_windows >= 2:
            moments.covariances()
            moments.state()
    assert_same(moments.covariances(), moments_by_definition([signal], 6, 5, 1))


def test_a_gap_is_the_same_as_two_trials_but_for_the_count():
    signal = np.random.default_rng(2).standard_normal((400, 2))
    holed = signal.copy()
    holed[150:152, 1] = np.nan
    split = gathered([signal[:150], signal[152:]], 7, 3, 2)
    one = gathered([holed], 7, 3, 2)
    assert_same(one.covariances(), split.covariances())
    assert (one.n_windows, one.n_trials) == (split.n_windows, 1)
    assert one.n_windows == (150 - 10) + (248 - 10)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)])
def test_the_order_of_merging_changes_nothing(order):
    rng = np.random.default_rng(3)
    trials = [
        offset + rng.standard_normal((length, 2))
        for offset, length in ((0, 90), (1e6, 30), (0, 200), (5, 12))
    ]
    together = gathered(trials, 4, 3, 2)
    parts = [gathered([trials[index]], 4, 3, 2) for index in order]
    merged = LagMoments(4, 3, 2, 2)
    for part in parts:
        merged.merge(part)
    assert_same(merged.covariances(), together.covariances())
    pairs = parts[0].merge(parts[1]).merge(parts[2].merge(parts[3]))
    assert_same(pairs.covariances(), together.covariances())
    for moments in merged, pairs:
        assert moments.n_windows == together.n_windows
        assert moments.n_trials == 4
        assert moments.n_samples == 332


def test_merging_leaves_the_other_as_it_was():
    rng = np.random.default_rng(4)
    trials = [rng.standard_normal((50, 1)) for _ in range(2)]
    first, second = (gathered([trial], 3, 2) for trial in trials)
    before = second.covariances()
    LagMoments(3, 2).merge(second).update(trials[0]).covariances()
    first.merge(second).update(trials[1]).covariances()
    assert_same(second.covariances(), before, relative=0)


def test_merging_with_itself_counts_everything_twice():
    trial = np.random.default_rng(5).standard_normal((60, 1))
    moments = gathered([trial], 3, 2)
    assert_same(moments.merge(moments).covariances(), moments_by_definition([trial, trial], 3, 2, 1))
    assert moments.n_windows == 2 * 56


def test_merging_with_forgetting_lets_both_end_now():
    trials = [np.random.default_rng(6).standard_normal((length, 1)) for length in (80, 60)]
    # silence lets a window age without a new one coming in
    silence = np.full((25, 1), np.nan)
    parts = [
        gathered([np.concatenate([trials[0], silence])], 3, 2, half_life=20),
        gathered([trials[1]], 3, 2, half_life=20),
    ]
    apart = [moments_by_definition([np.concatenate([trials[0], silence])], 3, 2, 1, False, 20)]
    apart.append(moments_by_definition([trials[1]], 3, 2, 1, False, 20))
    weights = [sum(0.5 ** (age / 20) for age in ages) for ages in (range(25, 25 + 76), range(56))]
    merged = parts[0].merge(parts[1]).covariances(center=False)
    expected = (weights[0] * apart[0]["past"] + weights[1] * apart[1]["past"]) / sum(weights)
    np.testing.assert_allclose(merged.past, expected, rtol=1e-12)
    # later samples make both older by the same
    third = np.random.default_rng(7).standard_normal((30, 1))
    later = parts[0].update(third).covariances(center=False)
    fresh = sum(0.5 ** (age / 20) for age in range(26))
    old = sum(weights) * 0.5 ** (30 / 20)
    newest = moments_by_definition([third], 3, 2, 1, False, 20)["past"]
    np.testing.assert_allclose(later.past, (old * expected + fresh * newest) / (old + fresh), rtol=1e-12)


def test_merging_with_forgetting_ages_nothing_although_the_other_holds_no_window():
    old, short, new = (
        np.random.default_rng(seed).standard_normal((n, 1)) for seed, n in ((8, 80), (9, 4), (10, 30))
    )
    mine = gathered([old], 3, 3, half_life=5).merge(gathered([short], 3, 3, half_life=5))
    assert_same(mine.update(new).covariances(), moments_by_definition([old, new], 3, 3, 1, True, 5))


def test_a_gradient_is_not_followed():
    signal = torch.tensor(np.random.default_rng(11).standard_normal(60), requires_grad=True)
    moments = LagMoments(2, 2).update(signal[:30]).update(signal[30:])
    assert not moments.covariances().cross.requires_grad
    assert not moments.state()["carry"].requires_grad


def test_an_empty_object_is_neutral():
    trial = np.random.default_rng(7).standard_normal((60, 1))
    expected = moments_by_definition([trial], 3, 2, 1, half_life=9)
    left = LagMoments(3, 2, half_life=9).merge(gathered([trial], 3, 2, half_life=9))
    right = gathered([trial], 3, 2, half_life=9).merge(LagMoments(3, 2, half_life=9))
    assert_same(left.covariances(), expected)
    assert_same(right.covariances(), expected)


@pytest.mark.parametrize("at", [0, 3, 20, 150])
@pytest.mark.parametrize("half_life", [None, 30.0])
def test_a_stored_object_continues_where_it_was(at, half_life):
    signal = np.random.default_rng(8).standard_normal((300, 2))
    moments = LagMoments(5, 4, 3, 2, half_life=half_life).update(signal[:at])
    state = moments.state()
    json.dumps({name: value for name, value in state.items() if not hasattr(value, "shape")})
    restored = LagMoments.from_state(state)
    if at < 150:
        moments.update(signal[at:]).covariances()  # must not reach into what was stored
    else:
        for value in moments.state().values():
            if hasattr(value, "shape"):
                value[...] = 7  # nor what was stored into the object
        assert_same(
            moments.update(signal[at:]).covariances(),
            moments_by_definition([signal], 5, 4, 3, half_life=half_life),
        )
    restored.update(signal[at:]).end_trial()
    assert_same(restored.covariances(), moments_by_definition([signal], 5, 4, 3, half_life=half_life))
    assert (restored.n_windows, restored.n_trials, restored.n_samples) == (290, 1, 300)
    again = LagMoments.from_state(state).update(signal[at:])
    assert_same(again.covariances(), restored.covariances(), relative=0)


def test_short_trials_are_counted_and_add_nothing():
    rng = np.random.default_rng(9)
    trials = [rng.standard_normal((length, 1)) for length in (40, 6, 7, 1, 30)]  # a window has 7 samples
    moments = gathered(trials, 4, 3)
    assert (moments.n_trials, moments.n_short_trials, moments.n_windows) == (5, 2, 34 + 1 + 24)
    moments.end_trial().end_trial()
    assert moments.n_short_trials == 2
    assert_same(moments.covariances(), moments_by_definition(trials, 4, 3, 1))


def test_past_and_future_from_different_channels():
    rng = np.random.default_rng(10)
    stimulus, response = rng.standard_normal((200, 2)), rng.standard_normal((200, 3))
    both = gathered([np.hstack([stimulus, response])], 4, 3, 2)
    found = both.covariances(past_channels=[0, 1], future_channels=range(2, 5))
    windows = range(3, 200 - 2 - 3 + 1)
    past = np.array([stimulus[t - 3 : t + 1][::-1].ravel() for t in windows])
    future = np.array([response[t + 2 : t + 5].ravel() for t in windows])
    joint = np.cov(np.hstack([past, future]), rowvar=False)
    np.testing.assert_allclose(found.past, joint[:8, :8], rtol=1e-10)
    np.testing.assert_allclose(found.future, joint[8:, 8:], rtol=1e-10)
    np.testing.assert_allclose(found.cross, joint[8:, :8], atol=1e-13)


def test_integers_count_exactly_as_their_values():
    samples = np.random.default_rng(11).integers(-(2**15), 2**15, (500, 2)).astype(np.int16)
    assert_same(
        gathered([samples], 4, 3).covariances(), moments_by_definition([samples.astype(float)], 4, 3, 1)
    )


@pytest.mark.parametrize("library", [array_api_strict, torch])
@pytest.mark.parametrize("half_life", [None, 25.0])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_other_libraries_stay_in_their_library(library, half_life, dtype):
    samples = (10 * np.random.default_rng(12).standard_normal((300, 2))).astype(dtype)
    moments = LagMoments(4, 3, 2, 2, half_life=half_life)
    for chunk in (samples[:1], samples[1:40], samples[40:]):
        moments.update(library.asarray(chunk))
    found = moments.end_trial().covariances()
    assert type(found.cross) is type(library.asarray(samples))
    assert found.cross.dtype == library.float64
    assert_same(found, moments_by_definition([samples.astype(float)], 4, 3, 2, half_life=half_life))
    merged = LagMoments(4, 3, 2, 2, half_life=half_life).merge(LagMoments.from_state(moments.state()))
    assert_same(merged.covariances(), found, relative=1e-14)


def test_moments_are_exactly_symmetric():
    signal = np.random.default_rng(13).standard_normal((4000, 3))
    found = gathered([signal], 30, 30, chunk=900).covariances()
    np.testing.assert_array_equal(found.past, found.past.T)
    np.testing.assert_array_equal(found.future, found.future.T)


def test_what_was_passed_is_neither_modified_nor_kept():
    buffer = np.random.default_rng(14).standard_normal((50, 1))
    signal = np.concatenate([buffer, buffer + 1])
    moments = LagMoments(4, 3)
    for offset in (0, 1):
        chunk = buffer + offset
        before = chunk.copy()
        moments.update(chunk)
        np.testing.assert_array_equal(chunk, before)
        chunk[:] = 1e9
    assert_same(moments.covariances(), moments_by_definition([signal], 4, 3, 1))


@pytest.mark.parametrize(
    ("make", "samples", "memory", "channels"),
    [
        (lambda rng, shape: rng.standard_normal(shape, dtype=np.float32), 2_000_000, 20, 1),
        (lambda rng, shape: rng.standard_normal(shape), 100_000, 10, 16),
        (lambda rng, shape: rng.integers(-999, 999, shape, dtype=np.int16), 1_000_000, 3, 2),
        (lambda rng, shape: np.where(rng.random(shape) < 0.01, np.nan, 1.0), 500_000, 20, 1),
    ],
    ids=["float32", "16 channels", "int16", "gaps"],
)
@pytest.mark.parametrize("pieces", [1, 100])
def test_memory_beyond_the_signal_is_bounded(make, samples, memory, channels, pieces):
    signal = make(np.random.default_rng(15), (samples, channels))
    size = 2 * memory * channels
    tracemalloc.start()
    moments = LagMoments(memory, memory, channels=channels)
    for piece in np.array_split(signal, pieces):
        moments.update(piece)
    moments.covariances()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 64 * 2**20 + 4 * 8 * size**2


def test_samples_behind_a_mask_are_gaps():
    signal = np.random.default_rng(18).standard_normal((60, 2))
    masked = np.ma.masked_array(signal, mask=np.zeros((60, 2), dtype=bool))
    masked[30, 1] = np.ma.masked
    holed = signal.copy()
    holed[30, 1] = np.nan
    found = LagMoments(3, 2, channels=2).update(masked)
    assert found.n_windows == 60 - 4 - 5
    assert_same(found.covariances(), moments_by_definition([holed], 3, 2, 1))


def test_a_mapped_file_is_read_like_an_array(tmp_path):
    signal = np.random.default_rng(19).standard_normal((60, 1))
    np.save(tmp_path / "signal.npy", signal)
    mapped = np.load(tmp_path / "signal.npy", mmap_mode="r")
    assert_same(LagMoments(3, 2).update(mapped).covariances(), moments_by_definition([signal], 3, 2, 1))


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, np.uint8, np.bool_, object])
def test_every_real_dtype_is_taken(dtype):
    signal = np.random.default_rng(20).integers(0, 2, (60, 1)).astype(dtype)
    found = LagMoments(3, 2).update(signal).covariances()
    assert_same(found, moments_by_definition([signal.astype(float)], 3, 2, 1))


def test_an_empty_chunk_is_nothing():
    moments = LagMoments(2, 1).update(np.zeros((0, 1))).update(np.zeros(0))
    assert (moments.n_trials, moments.n_samples) == (0, 0)
