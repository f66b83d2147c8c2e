"""Chunks of any size add up to one fit: windows across borders, gaps, trials, weights, forgetting."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina
from lamina.errors import DataError, LaminaWarning, StateError

MEMORY, HORIZON = 3, 2


def recording(length, seed):
    """A damped oscillation seen by two channels: past and future are never independent."""
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((length, 2))
    for t in range(2, length):
        y[t] += 1.2 * y[t - 1] - 0.6 * y[t - 2]
    return y + rng.uniform(-5, 5)


def unit(**changes):
    return lamina.ReSU(**{"memory": MEMORY, "horizon": HORIZON, "rank": 2} | changes)


def assert_same_fit(found, expected):
    for center in (True, False):
        one, other = (side.moments_.covariances(center) for side in (found, expected))
        for name in ("past", "future", "cross", "past_mean", "future_mean"):
            actual, desired = getattr(one, name), getattr(other, name)
            assert np.linalg.norm(actual - desired) <= 1e-10 * np.linalg.norm(desired), name
    # the squares are smooth where a correlation is 0
    actual, desired = (side.canonical_correlations_**2 for side in (found, expected))
    np.testing.assert_allclose(actual, desired, rtol=0, atol=1e-10)
    assert found.n_windows_ == expected.n_windows_
    assert found.moments_.n_trials == expected.moments_.n_trials


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    lengths=st.lists(st.integers(1, 60), max_size=3),
    pieces=st.lists(st.integers(1, 25), min_size=1, max_size=6),
    weights=st.none() | st.lists(st.just(0.0) | st.floats(0.1, 10), min_size=4, max_size=4),
    half_life=st.none() | st.floats(20, 1e4),
    hole=st.integers(0, 120),
    paired=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_chunks_of_any_size_add_up_to_one_fit(lengths, pieces, weights, half_life, hole, paired, seed):
    trials = [recording(length, seed + index) for index, length in enumerate([*lengths, 120])]
    trials[-1][hole:][:1] = np.nan
    partners = [trial[::-1, :1].copy() for trial in trials]
    weights = [1.0] * len(trials) if weights is None else [*weights[: len(lengths)], 1.0]
    chunked = unit(half_life=half_life)
    with warnings.catch_warnings():
        # short trials, and fewer windows than lags at first
        warnings.simplefilter("ignore", LaminaWarning)
        whole = unit(half_life=half_life).fit(
            trials, future_of=partners if paired else None, trial_weights=weights
        )
        for trial, partner, weight in zip(trials, partners, weights, strict=True):
            start = 0
            while start < len(trial):
                for rows in pieces:
                    part = slice(start, start + rows)
                    if start < len(trial):
                        chunked.partial_fit(
                            trial[part], future_of=partner[part] if paired else None, trial_weight=weight
                        )
                    start += rows
            chunked.end_trial()
    assert_same_fit(chunked, whole)


def test_one_sample_at_a_time():
    whole = recording(80, 0)
    whole[[30, 31, 50]] = np.nan
    chunked = unit()
    for sample in whole:
        chunked.partial_fit(sample[None, :])
    assert_same_fit(chunked, unit().fit(whole))


def test_lists_of_trials_and_chunks_take_turns():
    trials = [recording(50, seed) for seed in range(4)]
    weights = [2.0, 2.0, 0.5, 1.0]
    chunked = unit().partial_fit(trials[:2], trial_weight=2.0)
    chunked.partial_fit(trials[2][:20], trial_weight=0.5).partial_fit(trials[2][20:], trial_weight=0.5)
    chunked.partial_fit([trials[3]])
    assert_same_fit(chunked, unit().fit(trials, trial_weights=weights))


@pytest.mark.parametrize("streamed", [False, True])
def test_a_chunk_that_cannot_be_adds_nothing(streamed):
    whole = recording(90, 1)
    bad = whole[:20].copy()
    bad[13, 1] = np.inf
    learned = unit().partial_fit(whole[:40])
    with pytest.raises(DataError, match=r"X \(chunk 1, .*infinity" if streamed else "X must be finite"):
        learned.partial_fit(iter([whole[:20], bad]) if streamed else bad)
    with pytest.raises(StateError, match=r"began with 1.0, now update got 2.0"):
        learned.partial_fit(whole[40:], trial_weight=2.0)
    assert_same_fit(learned.partial_fit(whole[40:]), unit().fit(whole))


def test_a_chunk_may_come_in_chunks():
    whole = recording(90, 2)
    learned = unit().partial_fit(iter(np.split(whole[:40], [1, 7, 30]))).partial_fit(whole[40:])
    assert_same_fit(learned, unit().fit(whole))


@pytest.mark.parametrize("scale", [1e160, 1e-160])
def test_a_chunk_whose_squares_overflow_or_vanish_adds_nothing(scale):
    whole = recording(90, 3)
    learned = unit().partial_fit(whole[:40])
    bad = np.zeros_like(whole) if scale < 1 else scale * whole
    bad[:, 0] = scale * whole[:, 0]
    if scale < 1:
        learned.end_trial()
        fresh = unit()
        with pytest.raises(DataError, match="X must be of values whose squares keep their digits"):
            fresh.partial_fit(bad)
        assert_same_fit(fresh.partial_fit(whole), unit().fit(whole))
        return
    for _ in range(2):
        with pytest.raises(DataError, match="X must be of values whose squares are finite numbers"):
            learned.partial_fit(bad)
    with pytest.raises(DataError, match="X must be of values whose squares are finite numbers"):
        learned.partial_fit([whole, bad])
    assert_same_fit(learned.partial_fit(whole[40:]), unit().fit(whole))


def test_a_warning_that_is_an_error_undoes_the_chunk():
    whole = recording(400, 4)
    learned = lamina.ReSU(6, 4, 3).partial_fit(whole)
    windows = learned.moments_.n_windows
    learned.set_params(rank=8)
    same = np.repeat(np.sin(np.arange(400.0))[:, None], 2, axis=1)
    rank = lamina.ReSU(6, 4, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(LaminaWarning):
            rank.partial_fit(same)
    assert not hasattr(rank, "moments_")
    assert learned.moments_.n_windows == windows


def test_after_a_long_silence_a_stream_goes_on():
    rng = np.random.default_rng(7)
    before, after = rng.standard_normal((300, 2)), rng.standard_normal((60, 2)).cumsum(axis=0)
    silence = np.full((3000, 2), np.nan)
    learned = lamina.ReSU(3, 2, 1, half_life=10.0).partial_fit(before).partial_fit(silence)
    for sample in after:
        # all windows but one are forgotten when the first comes in; that is waited out
        learned.partial_fit(sample[None, :])
    whole = np.concatenate([before, silence, after])
    assert_same_fit(learned, lamina.ReSU(3, 2, 1, half_life=10.0).fit(whole))
    with pytest.raises(StateError, match="not forgotten"):
        lamina.ReSU(3, 2, 1, half_life=0.01).partial_fit(before)
