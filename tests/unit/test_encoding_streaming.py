"""Streams: samples and chunks as they come, and states as plain data."""

import copy
import pickle

import numpy as np
import pytest
import torch

from lamina.encoding import StepForwardConverter
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.errors import (
    ArgumentTypeError,
    DataError,
    ShapeError,
    StateError,
)

SIGNAL = np.round(np.random.default_rng(0).standard_normal((3, 40)).cumsum(axis=1) * 8) / 8


@pytest.mark.parametrize(
    "sample",
    [np.float64(1.5), 1.5, np.array(1.5), torch.tensor(1.5, dtype=torch.float64), np.array(1.5, ">f8")],
    ids=["scalar", "number", "zero-axes", "tensor", "big-endian"],
)
def test_a_sample_may_be_a_number(sample):
    code = StepForwardConverter(1.0)
    _, state = code.step(0.0)
    spikes, after = code.step(sample, state)
    np.testing.assert_array_equal(np.asarray(spikes), [1, 0])
    assert after.samples == 2


def test_samples_may_be_columns_of_an_array():
    code = StepForwardConverter(0.5)
    state, spikes = None, []
    for t in range(40):
        one, state = code.step(SIGNAL[:, t], state)
        spikes.append(one)
    np.testing.assert_array_equal(np.stack(spikes, axis=-1), code.encode(SIGNAL))


@pytest.mark.parametrize(
    ("sample", "error"),
    [
        (None, ArgumentTypeError),
        ("a", ArgumentTypeError),
        (1j, ArgumentTypeError),
        ([[1.0], [1.0, 2.0]], ShapeError),
        (float("nan"), DataError),
        (np.ma.masked, DataError),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), DataError),
        (np.array([]), DataError),
    ],
    ids=["none", "word", "complex", "ragged", "nan", "masked", "masked-channel", "empty"],
)
def test_what_is_no_sample_is_named(sample, error):
    with pytest.raises(error, match="sample"):
        StepForwardConverter().step(sample)


def test_a_stream_goes_on_from_a_copied_or_pickled_state():
    code = StepForwardConverter(0.5)
    _, state = code.advance(SIGNAL[:, :20])
    for other in (copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        spikes, _ = StepForwardConverter(0.5).advance(SIGNAL[:, 20:], other)
        np.testing.assert_array_equal(spikes, code.encode(SIGNAL)[..., 20:])


def test_a_state_is_never_modified():
    code = StepForwardConverter(0.5)
    _, state = code.advance(SIGNAL[:, :20])
    before = copy.deepcopy(state.carry)
    first, _ = code.advance(SIGNAL[:, 20:], state)
    second, _ = code.advance(SIGNAL[:, 20:], state)
    np.testing.assert_array_equal(first, second)
    for name, value in before.items():
        np.testing.assert_array_equal(state.carry[name], value)


@pytest.mark.parametrize(
    ("chunk", "told"),
    [
        (SIGNAL[0], r"of shape \(3,\) and type float64.*shape \(\)"),
        (SIGNAL.astype(np.float32), "type float32"),
        (SIGNAL[:2], r"shape \(2,\)"),
    ],
    ids=["axes", "type", "channels"],
)
def test_a_chunk_of_another_stream_is_refused(chunk, told):
    code = StepForwardConverter()
    _, state = code.advance(SIGNAL)
    with pytest.raises(ShapeError, match=told):
        code.advance(chunk, state)


def test_a_state_of_another_code_is_refused():
    _, state = StepForwardConverter().advance(SIGNAL)
    with pytest.raises(StateError, match=r"'sf'.*'lif'"):
        LIFBasedEncoding().fit(SIGNAL, trials=0).advance(SIGNAL, state)
    with pytest.raises(ArgumentTypeError, match="state"):
        StepForwardConverter().advance(SIGNAL, {"baseline": 0})


def test_a_stream_needs_a_scaling_where_the_code_scales():
    with pytest.raises(StateError, match="call fit first"):
        LIFBasedEncoding().step(0.5)
    # what an encode left behind is no promise for a stream
    code = LIFBasedEncoding()
    code.encode(SIGNAL)
    with pytest.raises(StateError, match="call fit first"):
        code.advance(SIGNAL)
