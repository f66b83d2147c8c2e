"""Lag vectors are what Eq. 3 says, and leave out what does not exist."""

import array_api_strict
import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.stats import lag_vectors


def written_out(recording, memory, horizon, gap):
    past, future = [], []
    for t in range(memory - 1, len(recording) - gap - horizon + 1):
        if np.isnan(recording[t - memory + 1 : t + gap + horizon]).any():
            continue
        past.append([value for lag in range(memory) for value in recording[t - lag]])
        future.append([value for step in range(horizon) for value in recording[t + gap + step]])
    return np.array(past), np.array(future)


@given(
    memory=st.integers(1, 5),
    horizon=st.integers(1, 5),
    gap=st.integers(1, 4),
    channels=st.integers(1, 3),
    extra=st.integers(0, 20),
    holes=st.sets(st.integers(1, 60), max_size=2),
)
def test_every_window_is_the_one_that_the_definition_says(memory, horizon, gap, channels, extra, holes):
    length = memory + gap + horizon - 1
    recording = np.random.default_rng(extra).standard_normal((2 * length + extra, channels))
    for hole in holes:
        if length <= hole < len(recording):
            recording[hole, hole % channels] = np.nan
    past, future = lag_vectors(recording, memory, horizon, gap)
    expected_past, expected_future = written_out(recording, memory, horizon, gap)
    np.testing.assert_array_equal(past, expected_past)
    np.testing.assert_array_equal(future, expected_future)


def test_the_number_of_windows():
    past, future = lag_vectors(np.zeros(100), memory=7, horizon=5, gap=3)
    assert past.shape == (100 - 7 - 3 - 5 + 2, 7)
    assert future.shape == (100 - 7 - 3 - 5 + 2, 5)


def test_no_window_crosses_trials():
    trials = [np.arange(5.0), np.arange(10.0, 14.0)]
    past, future = lag_vectors(trials, memory=2, horizon=2)
    assert past.tolist() == [[1, 0], [2, 1], [11, 10]]
    assert future.tolist() == [[2, 3], [3, 4], [12, 13]]


def test_a_gap_inside_the_gap_also_removes_the_window():
    past, _ = lag_vectors(np.array([0.0, np.nan, 2.0, 3.0, 4.0]), memory=1, horizon=1, gap=2)
    assert past.tolist() == [[2.0]]


@pytest.mark.parametrize("library", [array_api_strict, torch])
def test_other_libraries_keep_their_kind_and_dtype(library):
    recording = np.random.default_rng(0).standard_normal((12, 2)).astype(np.float32)
    past, future = lag_vectors(library.asarray(recording), 3, 2)
    assert type(past) is type(library.asarray(recording))
    assert past.dtype == library.float32
    expected = lag_vectors(recording, 3, 2)
    np.testing.assert_array_equal(np.asarray(past), expected[0])
    np.testing.assert_array_equal(np.asarray(future), expected[1])


@pytest.mark.parametrize(
    ("recording", "arguments", "kind", "words"),
    [
        (
            np.zeros(4),
            (3, 2),
            DataError,
            r"at least 5 samples \(memory \+ gap \+ horizon - 1\).* of at most 4 samples",
        ),
        (np.full(9, np.nan), (3, 2), DataError, "at least 5 samples"),
        (np.array([0.0, np.inf, 1.0]), (1, 1), DataError, "infinity"),
        (np.zeros((4, 2, 2)), (1, 1), ShapeError, "3 axes"),
        ([np.zeros((9, 2)), np.zeros((9, 3))], (1, 1), ShapeError, r"recording\[1\]"),
        ([np.zeros(9), torch.zeros(9)], (1, 1), ArgumentTypeError, r"recording\[1\] must be .* library"),
        (np.zeros(9), (0, 1), ArgumentError, "memory"),
        (np.zeros(9), (1, 1.5), ArgumentError, "horizon"),
        (np.zeros(9), (1, 1, 0), ArgumentError, "gap"),
    ],
)
def test_bad_input_is_named(recording, arguments, kind, words, monkeypatch):
    # users run without the tests' shape checks, which would answer before the library does
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(kind, match=words):
        lag_vectors(recording, *arguments)
