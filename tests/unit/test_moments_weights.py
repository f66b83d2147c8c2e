"""Weights of trials in LagMoments: every window of a trial counts as often as its weight says."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.errors import ArgumentError, StateError
from lamina.stats import LagMoments

FIELDS = ("past", "future", "cross", "past_mean", "future_mean")


def moments_of_weighted_windows(trials, weights, memory, horizon, gap, center=True, half_life=None):
    """Every window copied out with the weight of its trial, faded by its age."""
    received, past, future, born, heavy = 0, [], [], [], []
    for trial, weight in zip(trials, weights, strict=True):
        for t in range(memory - 1, len(trial) - gap - horizon + 1):
            if not np.isnan(trial[t - memory + 1 : t + gap + horizon]).any():
                past.append(trial[t - memory + 1 : t + 1][::-1].ravel())
                future.append(trial[t + gap : t + gap + horizon].ravel())
                born.append(received + t + gap + horizon)
                heavy.append(weight)
        received += len(trial)
    past, future, omega = np.array(past), np.array(future), np.array(heavy, dtype=float)
    if half_life is not None:
        omega *= 0.5 ** ((received - np.array(born)) / half_life)
    past_mean, future_mean = omega @ past / omega.sum(), omega @ future / omega.sum()
    norm = omega.sum()
    if center:
        past, future = past - past_mean, future - future_mean
        norm -= (omega**2).sum() / omega.sum()
    else:
        past_mean, future_mean = 0 * past_mean, 0 * future_mean
    root = np.sqrt(omega)[:, None]
    past, future = root * past, root * future
    return {
        "past": past.T @ past / norm,
        "future": future.T @ future / norm,
        "cross": future.T @ past / norm,
        "past_mean": past_mean,
        "future_mean": future_mean,
    }


def trials_of(lengths, channels, seed):
    rng = np.random.default_rng(seed)
    return [rng.uniform(-3, 3) + rng.standard_normal((length, channels)) for length in lengths]


def gathered(trials, weights, *arguments, chunk=None, **keywords):
    moments = LagMoments(*arguments, channels=trials[0].shape[1], **keywords)
    for trial, weight in zip(trials, weights, strict=True):
        for start in range(0, len(trial), chunk or len(trial)):
            moments.update(trial[start : start + (chunk or len(trial))], weight=weight)
        moments.end_trial()
    return moments


def assert_same(found, expected, relative=1e-10):
    for name in FIELDS:
        actual = np.asarray(getattr(found, name))
        desired = expected[name] if isinstance(expected, dict) else np.asarray(getattr(expected, name))
        assert actual.shape == desired.shape
        assert np.linalg.norm(actual - desired) <= relative * np.linalg.norm(desired), name


def correlations(covariances):
    """Canonical correlations by Cholesky whitening, which the library does not use."""
    whiten_past = np.linalg.inv(np.linalg.cholesky(covariances.past))
    whiten_future = np.linalg.inv(np.linalg.cholesky(covariances.future))
    return np.linalg.svd(whiten_future @ covariances.cross @ whiten_past.T, compute_uv=False)


@settings(deadline=None, derandomize=True)
@given(
    memory=st.integers(1, 5),
    horizon=st.integers(1, 5),
    gap=st.integers(1, 3),
    channels=st.integers(1, 4),
    lengths=st.lists(st.integers(1, 90), min_size=1, max_size=4),
    weights=st.lists(st.just(0.0) | st.floats(1e-3, 1e3), min_size=5, max_size=5),
    hole=st.integers(0, 150),
    center=st.booleans(),
    half_life=st.none() | st.floats(5, 1e4),
    chunk=st.none() | st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_weighted_moments_are_those_of_the_weighted_windows(
    memory, horizon, gap, channels, lengths, weights, hole, center, half_life, chunk, seed
):
    trials = trials_of([*lengths, memory + horizon + gap + 20], channels, seed)
    weights = [*weights[: len(lengths)], 2.5]
    if hole < lengths[0]:
        trials[0][hole, hole % channels] = np.nan
    moments = gathered(trials, weights, memory, horizon, gap, half_life=half_life, chunk=chunk)
    expected = moments_of_weighted_windows(trials, weights, memory, horizon, gap, center, half_life)
    assert_same(moments.covariances(center), expected)
    assert moments.n_trials == len(trials)
    assert moments.n_samples == sum(len(trial) for trial in trials)


@pytest.mark.parametrize("half_life", [None, 60.0])
@pytest.mark.parametrize("chunk", [1, 7, 128, 5000])
def test_pieces_of_unlike_weight_that_wait_together(chunk, half_life, monkeypatch):
    monkeypatch.setattr("lamina.stats.pending._FEW", 2**10)
    monkeypatch.setattr("lamina.stats.pending._MANY", 2**11)
    trials, weights = trials_of((900, 12, 40, 2000, 30), 2, 0), [0.5, 8.0, 0.0, 3.0, 1e-2]
    trials[3][700] = np.nan
    found = gathered(trials, weights, 5, 4, 2, chunk=chunk, half_life=half_life)
    assert_same(found.covariances(), moments_of_weighted_windows(trials, weights, 5, 4, 2, True, half_life))


def test_an_integer_weight_is_that_many_repetitions():
    trials, weights = trials_of((300, 150, 80), 2, 1), [1, 3, 2]
    weighted = gathered(trials, weights, 4, 3, 2)
    repeated = gathered([trials[0], *[trials[1]] * 3, *[trials[2]] * 2], [1] * 6, 4, 3, 2)
    windows = [len(trial) - 7 for trial in trials]
    total = float(np.dot(weights, windows))
    # Σω − Σω²/Σω where the repetitions have N − 1; about zero both divide by N
    freedom = total - float(np.dot(np.square(weights), windows)) / total
    found, expected = weighted.covariances(), repeated.covariances()
    for name in ("past", "future", "cross"):
        np.testing.assert_allclose(
            getattr(found, name) * freedom, getattr(expected, name) * (total - 1), rtol=1e-12, atol=1e-11
        )
    np.testing.assert_allclose(correlations(found), correlations(expected), rtol=0, atol=1e-12)
    assert_same(weighted.covariances(False), repeated.covariances(False), relative=1e-13)
    assert weighted.n_windows == sum(windows)


@pytest.mark.parametrize("factor", [2.0**-60, 1e-90, 7.0, 1e90])
@pytest.mark.parametrize("half_life", [None, 60.0])
def test_only_the_ratios_of_weights_matter(factor, half_life):
    trials, weights = trials_of((200, 90, 120), 2, 2), np.array([1.0, 0.25, 3.0])
    expected = gathered(trials, weights, 4, 3, half_life=half_life).covariances()
    found = gathered(trials, factor * weights, 4, 3, half_life=half_life).covariances()
    assert_same(found, expected, relative=0 if factor == 2.0**-60 else 1e-13)


@pytest.mark.parametrize("half_life", [None, 60.0])
def test_weights_of_one_change_no_bit(half_life):
    trials = trials_of((200, 6, 90), 2, 3)
    found = gathered(trials, [1.0, 1, np.float32(1)], 4, 3, half_life=half_life)
    expected = LagMoments(4, 3, channels=2, half_life=half_life)
    for trial in trials:
        expected.update(trial).end_trial()
    assert_same(found.covariances(), expected.covariances(), relative=0)


def test_a_weight_of_nothing_leaves_the_trial_out():
    trials = trials_of((200, 90, 3, 120), 2, 4)
    found = gathered(trials, [1, 0, 0, 1], 4, 3)
    expected = gathered([trials[0], trials[3]], [1, 1], 4, 3)
    assert_same(found.covariances(), expected.covariances(), relative=0)
    assert (found.n_windows, found.n_trials, found.n_short_trials) == (expected.n_windows, 4, 0)
    assert found.n_samples == 413
    with pytest.raises(StateError, match=r"at least 1 window.*got 0 from 200 samples"):
        gathered(trials[:1], [0], 4, 3).covariances(False)


def test_with_forgetting_a_trial_left_out_ages_the_others_like_a_gap():
    trials = trials_of((200, 90, 120), 1, 5)
    silent = [trials[0], np.full((90, 1), np.nan), trials[2]]
    found = gathered(trials, [1, 0, 1], 4, 3, half_life=50).covariances()
    assert_same(found, gathered(silent, [1, 1, 1], 4, 3, half_life=50).covariances(), relative=0)


@pytest.mark.parametrize("half_life", [None, 60.0])
def test_merged_weights_stay_what_they_were(half_life):
    trials, weights = trials_of((200, 90, 120), 2, 6), [2.0, 0.5, 5.0]
    together = gathered(trials, weights, 4, 3, half_life=half_life)
    merged = LagMoments(4, 3, channels=2, half_life=half_life)
    age = 410
    for trial, weight in zip(trials, weights, strict=True):
        age -= len(trial)
        faded = weight if half_life is None else weight * 0.5 ** (age / half_life)
        # merging lets all parts end at the same moment
        merged.merge(gathered([trial], [faded], 4, 3, half_life=half_life))
    assert_same(merged.covariances(), together.covariances())


@pytest.mark.parametrize("weight", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("at", [3, 20, 150])
def test_an_open_trial_is_stored_with_its_weight(weight, at):
    first, second = trials_of((100, 300), 2, 7)
    moments = gathered([first], [4.0], 5, 4).update(second[:at], weight=weight)
    restored = LagMoments.from_state(moments.state())
    with pytest.raises(StateError, match=f"began with {weight}, now update got 2.0"):
        restored.update(second[at:], weight=2.0)
    restored.update(second[at:], weight=weight).end_trial()
    moments.update(second[at:], weight=weight).end_trial()
    assert_same(restored.covariances(), moments.covariances(), relative=0)
    assert restored.state().keys() == moments.state().keys()
    expected = moments_of_weighted_windows([first, second], [4.0, weight], 5, 4, 1)
    assert_same(restored.covariances(), expected)


def test_states_from_before_weights_can_be_read():
    signal = trials_of((100,), 1, 8)[0]
    state = LagMoments(5, 4).update(signal[:40]).state()
    del state["trial_weight"]
    expected = LagMoments(5, 4).update(signal[:40]).update(signal[40:]).covariances()
    assert_same(LagMoments.from_state(state).update(signal[40:]).covariances(), expected)


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf, 1e-101, 1e101, "2", None, True, [1.0]])
def test_a_weight_that_cannot_be_is_named_and_adds_nothing(weight):
    moments = LagMoments(2, 1)
    with pytest.raises(ArgumentError, match=r"^weight must be"):
        moments.update(np.arange(9.0), weight=weight)
    assert (moments.n_trials, moments.n_samples) == (0, 0)
    state = LagMoments(2, 1).update(np.arange(9.0)).state() | {"trial_weight": weight}
    with pytest.raises(ArgumentError, match=r"^trial_weight must be"):
        LagMoments.from_state(state)


def test_another_weight_within_a_trial_is_refused_and_adds_nothing():
    trial = trials_of((60,), 1, 9)[0]
    moments = LagMoments(3, 2).update(trial[:30], weight=2.0)
    with pytest.raises(StateError, match=r"began with 2.0, now update got 1.0.*end_trial"):
        moments.update(trial[30:])
    moments.update(trial[30:], weight=2).end_trial().update(trial)
    expected = moments_of_weighted_windows([trial, trial], [2, 1], 3, 2, 1)
    assert_same(moments.covariances(), expected)


def test_weights_in_another_library():
    trials, weights = trials_of((80, 200), 2, 10), [0.5, 4.0]
    found = gathered([torch.asarray(trial) for trial in trials], weights, 4, 3, 2, chunk=33)
    assert_same(found.covariances(), moments_of_weighted_windows(trials, weights, 4, 3, 2))
