"""LagMoments names what it cannot use, and stays as it was."""

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError, StateError
from lamina.stats import LagMoments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"memory": 0}, "memory must be an integer of at least 1, got 0"),
        ({"horizon": 2.0}, "horizon"),
        ({"gap": 0}, "gap"),
        ({"channels": True}, "channels"),
        ({"half_life": 0}, "half_life must be a finite number above 0"),
        ({"half_life": float("inf")}, "half_life"),
    ],
)
def test_parameters_that_cannot_be(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        LagMoments(**({"memory": 1, "horizon": 1} | arguments))


@pytest.mark.parametrize(
    ("chunk", "kind", "words"),
    [
        (
            np.zeros((5, 3)),
            ShapeError,
            r"chunk must be of 2 channel\(s\), got 3 channel\(s\), shape \(5, 3\)",
        ),
        (np.zeros(5), ShapeError, "2 channel"),
        (np.zeros((5, 2, 1)), ShapeError, "3 axes"),
        (np.array([[0.0, 1.0], [np.inf, 2.0]]), DataError, "infinity"),
        (
            np.array([[0.0, 1.0], [np.nan, -np.inf]]),
            DataError,
            r"1 value\(s\) of infinity among samples 0 to 1",
        ),
        (np.zeros((5, 2)) * 1j, ArgumentTypeError, "real numbers"),
        ([["a", "b"]], ArgumentTypeError, "real numbers"),
    ],
)
def test_a_bad_chunk_is_named_and_adds_nothing(chunk, kind, words):
    good = np.random.default_rng(16).standard_normal((30, 2))
    moments = LagMoments(2, 1, channels=2).update(good[:20])
    with pytest.raises(kind, match=words):
        moments.update(chunk)
    found = moments.update(good[20:]).covariances()
    # the same chunks without the bad one between them
    expected = LagMoments(2, 1, channels=2).update(good[:20]).update(good[20:]).covariances()
    np.testing.assert_array_equal(found.past, expected.past)
    assert found.n_windows == expected.n_windows == 28


def test_values_whose_sum_overflows_are_finite_all_the_same():
    signal = np.random.default_rng(17).standard_normal((300, 1)) + 1e307
    assert LagMoments(1, 1).update(signal).n_windows == 299


@pytest.mark.parametrize("library", [np, torch])
def test_squares_that_overflow_are_named(library):
    moments = LagMoments(1, 1).update(
        library.asarray([1e308, 1e300, -1e308, 0.0, 1.0, 2.0], dtype=library.float64)
    )
    with pytest.raises(DataError, match=r"squares are finite.*Rescale"):
        moments.covariances()


def test_libraries_are_not_mixed():
    moments = LagMoments(2, 1).update(np.zeros(1))
    with pytest.raises(ArgumentTypeError, match=r"library that came before, .*numpy, got .*torch"):
        moments.update(torch.zeros(5))


def test_merging_needs_ended_trials_of_the_same_kind():
    ended, open_ = LagMoments(2, 1).update(np.zeros(9)).end_trial(), LagMoments(2, 1).update(np.zeros(9))
    with pytest.raises(StateError, match=r"other has an open one\. Call end_trial\(\)"):
        ended.merge(open_)
    with pytest.raises(StateError, match="this object has an open one"):
        open_.merge(ended)
    with pytest.raises(ArgumentError, match="other must be of horizon 1, got horizon 2"):
        ended.merge(LagMoments(2, 2))
    with pytest.raises(ArgumentError, match="half_life"):
        ended.merge(LagMoments(2, 1, half_life=3))
    with pytest.raises(ArgumentTypeError, match="LagMoments"):
        ended.merge({})


@pytest.mark.parametrize(
    ("samples", "center", "fails"), [(6, False, True), (7, False, False), (7, True, True), (8, True, False)]
)
def test_too_few_windows_are_named(samples, center, fails):
    moments = LagMoments(4, 3).update(np.arange(float(samples)))
    if fails:
        with pytest.raises(
            StateError, match=f"at least {1 + center} window.* of 7 samples.*got .* from {samples} samples"
        ):
            moments.covariances(center)
    else:
        assert moments.covariances(center).n_windows == samples - 6


def test_a_memory_too_short_to_hold_two_windows_is_named():
    with pytest.raises(StateError, match="longer half_life"):
        LagMoments(1, 1, half_life=0.01).update(np.arange(50.0)).covariances()


@pytest.mark.parametrize("center", [True, False])
def test_merging_what_a_long_silence_let_be_forgotten_is_named(center):
    signal = np.concatenate([np.random.default_rng(3).standard_normal(50), np.full(3000, np.nan)])
    forgotten = LagMoments(2, 1, half_life=1).update(signal).end_trial()
    with pytest.raises(StateError, match="weight of none"):
        LagMoments(2, 1, half_life=1).merge(forgotten).covariances(center)


@pytest.mark.parametrize("channels", [[2], [-1], [], [0.5]])
def test_channels_that_do_not_exist(channels):
    moments = LagMoments(1, 1, channels=2).update(np.eye(2))
    with pytest.raises(ArgumentError, match="past_channels"):
        moments.covariances(False, past_channels=channels)


@pytest.mark.parametrize("channel", [0, 1.0, np.int64(1), np.array(0), True])
def test_a_channel_alone_is_no_sequence_of_channels(channel):
    moments = LagMoments(1, 1, channels=2).update(np.eye(2))
    for name in ("past_channels", "future_channels"):
        with pytest.raises(ArgumentTypeError, match=rf"{name} must be a sequence.*\[{channel}\]"):
            moments.covariances(False, **{name: channel})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 99}, "version 99"),
        ({"mean": None}, "no mean"),
        ({"clock": None}, "no clock"),
        ({"scatter": np.zeros((2, 2))}, "scatter of shape"),
        ({"carry": np.zeros((9, 1))}, "carry of shape"),
        ({"memory": "4"}, "memory"),
        ({"scatter": [[1.0]]}, "scatter of type list"),
        ({"carry": [[1.0]]}, "carry of type list"),
        ({"weight": "7"}, "weight"),
        ({"weight_squares": -1.0}, "weight_squares"),
        ({"n_windows": "7"}, "n_windows"),
        ({"clock": -1}, "clock"),
        ({"trial_open": 3}, "trial_open"),
    ],
)
def test_states_that_were_not_made_here(change, words):
    state = LagMoments(2, 1).update(np.arange(9.0)).state()
    broken = {
        name: value for name, value in (state | change).items() if value is not None or name == "half_life"
    }
    with pytest.raises(ArgumentError, match=words):
        LagMoments.from_state(broken)


def test_a_state_must_be_a_dictionary():
    with pytest.raises(ArgumentTypeError, match="dictionary"):
        LagMoments.from_state([1, 2])
