"""The range of each channel: measured, given, spread, and judged in the signal's own type."""

import copy
import pickle
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from lamina.encoding import Scaling, StepForwardConverter
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.pulse_width_modulation import PulseWidthModulation
from lamina.errors import (
    ArgumentTypeError,
    DataError,
    LaminaError,
    OutOfRangeWarning,
    ShapeError,
)

SIGNAL = np.round(np.random.default_rng(0).standard_normal((3, 40)).cumsum(axis=1) * 8) / 8


def test_a_scaling_is_what_the_channels_are():
    scaling = Scaling.of(SIGNAL.T, 0, changes=True)
    np.testing.assert_array_equal(scaling.minimum, SIGNAL.min(axis=1))
    np.testing.assert_array_equal(scaling.maximum, SIGNAL.max(axis=1))
    np.testing.assert_array_equal(scaling.initial, SIGNAL[:, 0])
    steps = SIGNAL[:, 1:] - SIGNAL[:, :-1]
    np.testing.assert_allclose(scaling.change_mean, steps.sum(axis=1) / 39)
    np.testing.assert_allclose(scaling.change_deviation, np.sqrt(np.var(steps, axis=1)))


def test_a_scaling_cannot_be_changed_nor_shares_memory():
    low, high = np.zeros(3), np.ones(3)
    scaling = Scaling(low, high)
    high[:] = 5
    np.testing.assert_array_equal(scaling.maximum, [1, 1, 1])
    with pytest.raises(ValueError, match="read-only"):
        scaling.maximum[0] = 7
    with pytest.raises(AttributeError):
        scaling.maximum = high


@pytest.mark.parametrize(
    "made",
    [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))],
    ids=["shallow", "deep", "pickled"],
)
def test_copies_of_a_scaling_cannot_be_changed_either(made):
    signal = SIGNAL.astype(np.float32)
    code = LIFBasedEncoding().fit(signal, trials=0)
    again = made(code)
    for name in ("minimum", "maximum", "initial"):
        kept = getattr(again.scaling_, name)
        np.testing.assert_array_equal(kept, getattr(code.scaling_, name))
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 7
    np.testing.assert_array_equal(again.encode(signal), code.encode(signal))


@pytest.mark.parametrize(
    ("minimum", "maximum", "error"),
    [
        (np.nan, 1.0, DataError),
        (0.0, np.inf, DataError),
        (2.0, 1.0, DataError),
        ([0.0, 2.0], [1.0, 1.0], DataError),
        ("0", 1.0, ArgumentTypeError),
        (None, 1.0, LaminaError),
        (1j, 1.0, ArgumentTypeError),
        (np.ma.array([0.0, 1.0], mask=[0, 1]), 1.0, DataError),
        ([[0.0], [0.0, 1.0]], 1.0, ShapeError),
    ],
    ids=["nan", "infinite", "swapped", "swapped-channel", "word", "none", "complex", "masked", "ragged"],
)
def test_a_scaling_of_no_numbers_is_refused(minimum, maximum, error):
    with pytest.raises(error, match=r"minimum|maximum"):
        Scaling(minimum, maximum)


def test_a_scaling_may_be_made_of_tensors():
    scaling = Scaling(torch.zeros(3, dtype=torch.bfloat16), torch.tensor([1.0, 2.0, 3.0], requires_grad=True))
    np.testing.assert_array_equal(scaling.maximum, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("code", [LIFBasedEncoding, PulseWidthModulation])
@pytest.mark.parametrize(
    ("scaling", "signal", "told"),
    [
        (Scaling(1.0, 1.0 + 1e-12), np.ones(3, np.float32), "float32 cannot tell from none"),
        (Scaling(-1e300, 1e300), np.ones(3, np.float32), "beyond float32"),
        (Scaling(-1.5e308, 1.5e308), np.ones(3), "beyond float64"),
        (Scaling([0.0, 4.0], [1.0, 4.0]), np.ones((2, 3)), r"a constant \(4 to 4\) in channel 1"),
        (Scaling(np.zeros(4), np.ones(4)), np.ones((3, 5)), "leading shape"),
        ({"minimum": 0, "maximum": 1}, np.ones(3), "lamina.encoding.Scaling"),
    ],
    ids=["lost", "overflow", "overflow64", "constant", "shape", "dictionary"],
)
def test_a_scaling_that_does_not_serve_is_refused_by_encode_and_decode(code, scaling, signal, told):
    with pytest.raises(LaminaError, match=told):
        code().encode(signal, scaling=scaling)
    with pytest.raises(LaminaError, match=told):
        code().decode(np.zeros((2, *signal.shape), signal.dtype), scaling=scaling)


def test_a_range_is_judged_in_the_signals_own_type():
    signal = np.array([-3e38, 3e38, 0.0])
    assert LIFBasedEncoding().encode(signal).shape == (2, 3)
    with pytest.raises(DataError, match="beyond float32"):
        LIFBasedEncoding().encode(signal.astype(np.float32))


def test_a_float32_signal_is_within_the_range_of_its_float64_self():
    signal = np.random.default_rng(0).standard_normal(100)
    code = PulseWidthModulation(30.0).fit(signal, trials=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code.encode(signal.astype(np.float32))
    with pytest.warns(OutOfRangeWarning):
        code.encode(signal.astype(np.float32) * np.float32(1.000001))


@pytest.mark.parametrize(
    ("value", "error"),
    [("a", ArgumentTypeError), (np.nan, DataError), ([1.0, 2.0], ShapeError), (1j, ArgumentTypeError)],
    ids=["word", "nan", "shape", "complex"],
)
def test_a_first_value_that_is_none_is_named(value, error):
    with pytest.raises(error, match="initial_value"):
        StepForwardConverter().decode(np.zeros((2, 3, 4)), initial_value=value)


def test_first_values_may_be_one_for_each_channel_of_any_library():
    spikes = np.zeros((2, 3, 4))
    for given in ([1.0, 2.0, 3.0], torch.tensor([1.0, 2.0, 3.0], requires_grad=True), pd.Series([1, 2, 3])):
        decoded = StepForwardConverter().decode(spikes, initial_value=given)
        np.testing.assert_array_equal(decoded, np.repeat([[1.0], [2.0], [3.0]], 4, axis=1))


@pytest.mark.parametrize("samples", [2**18, 2**18 + 1, 2**18 + 2, 700_001])
def test_changes_of_long_recordings_are_those_of_the_whole(samples):
    signal = np.random.default_rng(0).standard_normal((2, samples)).cumsum(axis=1).astype(np.float32)
    signal[1] *= 1e-30
    scaling = Scaling.of(signal, changes=True)
    steps = np.diff(signal.astype(np.float64), axis=1)
    deviations = np.sqrt(np.var(steps, axis=1))
    np.testing.assert_allclose(scaling.change_deviation, deviations, rtol=1e-12)
    np.testing.assert_allclose(scaling.change_mean / deviations, steps.mean(axis=1) / deviations, atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 4_000_000), (40_000, 100)], ids=["long", "many"])
def test_measuring_changes_copies_no_recording(shape):
    signal = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    tracemalloc.start()
    Scaling.of(signal, changes=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < signal.nbytes
