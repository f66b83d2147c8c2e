"""What comes into a spike code: signals, spikes and parameters, of any library, or refused by name."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from lamina.encoding import StepForwardConverter
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.parameters import Parameter, spread
from lamina.encoding.signals import admit_signal, admit_spikes
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    ShapeError,
)

SIGNAL = np.round(np.random.default_rng(0).standard_normal((3, 40)).cumsum(axis=1) * 8) / 8


def read_only(array):
    array = array.copy()
    array.setflags(write=False)
    return array


def unaligned(array):
    raw = np.zeros(array.nbytes + 1, np.uint8)
    raw[1:] = np.frombuffer(array.tobytes(), np.uint8)
    return raw[1:].view(array.dtype).reshape(array.shape)


def as_float64(given):
    if isinstance(given, torch.Tensor):
        return given.detach().resolve_neg().double().numpy()
    return np.asarray(given, dtype=np.float64)


SAME = {
    "list": SIGNAL.tolist(),
    "tuple": tuple(map(tuple, SIGNAL)),
    "fortran": np.asfortranarray(SIGNAL),
    "strided": np.repeat(SIGNAL, 2, axis=1)[:, ::2],
    "negative-strides": SIGNAL[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": read_only(SIGNAL),
    "broadcast": np.broadcast_to(SIGNAL, (1, 3, 40))[0],
    "big-endian": SIGNAL.astype(">f8"),
    "unaligned": unaligned(SIGNAL),
    "eighths": (SIGNAL * 8).astype(np.int16) / np.float64(8),
    "objects": SIGNAL.astype(object),
    "extended": SIGNAL.astype(np.longdouble),
    "nothing-masked": np.ma.array(SIGNAL),
    "matrix": np.asmatrix(SIGNAL),
    "frame": pd.DataFrame(SIGNAL),
    "float32": SIGNAL.astype(np.float32),
    "big-endian-float32": SIGNAL.astype(">f4"),
    "float16": SIGNAL.astype(np.float16),
    "tensor": torch.tensor(SIGNAL),
    "tensor-float32": torch.tensor(SIGNAL).float(),
    "bfloat16": torch.tensor(SIGNAL).bfloat16(),
    "requires-grad": torch.tensor(SIGNAL, requires_grad=True),
    "parameter": torch.nn.Parameter(torch.tensor(SIGNAL)),
    "tensor-strided": torch.tensor(SIGNAL.T.copy()).T,
    "negative-bit": torch.tensor(SIGNAL * -1j).conj().imag,
}


@pytest.mark.parametrize("kind", list(SAME))
def test_the_same_numbers_give_the_same_spikes_in_whatever_they_come(kind):
    given = SAME[kind]
    before = copy.deepcopy(given)
    spikes = StepForwardConverter(0.5).encode(given)
    np.testing.assert_array_equal(np.asarray(spikes), StepForwardConverter(0.5).encode(SIGNAL))
    assert isinstance(spikes, torch.Tensor) == isinstance(given, torch.Tensor)
    half = "16" in kind or "32" in kind
    assert str(spikes.dtype).removeprefix("torch.") == ("float32" if half else "float64")
    np.testing.assert_array_equal(as_float64(given), as_float64(before))


REFUSED = {
    "nothing": (None, ArgumentTypeError),
    "word": ("abc", ArgumentTypeError),
    "dictionary": ({}, ArgumentTypeError),
    "generator": ((x for x in (1.0, 2.0)), ArgumentTypeError),
    "dates": (np.array(["2020-01-01"], dtype="M8[D]"), ArgumentTypeError),
    "complex": (SIGNAL + 0j, ArgumentTypeError),
    "complex-tensor": (torch.tensor(SIGNAL + 0j), ArgumentTypeError),
    "sparse": (scipy.sparse.csr_matrix(SIGNAL), ArgumentTypeError),
    "sparse-tensor": (torch.tensor(SIGNAL).to_sparse(), ArgumentTypeError),
    "meta": (torch.zeros(3, 5, device="meta"), ArgumentTypeError),
    "huge-integer": ([10**400, 1], ArgumentTypeError),
    "ragged": ([[1.0, 2.0], [3.0]], ShapeError),
    "number": (1.0, ShapeError),
    "zero-axes": (np.array(1.0), ShapeError),
    "zero-axes-tensor": (torch.tensor(1.0), ShapeError),
    "no-samples": (np.zeros((3, 0)), DataError),
    "no-channels": (np.zeros((0, 3)), DataError),
    "no-samples-tensor": (torch.zeros(3, 0), DataError),
    "masked": (np.ma.masked_greater(SIGNAL, 1), DataError),
    "nullable": (pd.Series([1, None, 2], dtype="Int64"), DataError),
    "nan-tensor": (torch.tensor([1.0, float("nan")]), DataError),
    "minus-infinity": (np.array([1.0, -np.inf]), DataError),
}


@pytest.mark.parametrize("kind", list(REFUSED))
@pytest.mark.parametrize("code", [StepForwardConverter, LIFBasedEncoding])
def test_what_is_no_signal_is_named_and_nothing_is_learned(code, kind):
    given, error = REFUSED[kind]
    instance = code()
    with pytest.raises(error, match="signal"):
        instance.encode(given)
    assert instance.scaling is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_values_are_no_infinities(dtype):
    largest = np.finfo(dtype).max
    spikes = StepForwardConverter(1.0).encode(np.array([0.0, largest, -largest], dtype))
    np.testing.assert_array_equal(spikes, [[0, 1, 0], [0, 0, -1]])


def test_the_first_channel_at_fault_is_told_with_the_count():
    signal = np.zeros((2, 3, 5))
    signal[1, 2, :2], signal[1, 2, 3] = np.nan, np.inf
    with pytest.raises(DataError, match=r"2 value\(s\) of NaN and 1 of infinity in channel \(1, 2\)"):
        StepForwardConverter().encode(signal)


@pytest.mark.parametrize("dim", [-1, 0, 1])
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_channels_are_put_back_as_they_came(dim, kind):
    signal = SIGNAL if kind == "numpy" else torch.tensor(SIGNAL)
    channels = admit_signal("signal", signal, dim)
    back = channels.restore(channels.values)
    assert type(back) is type(signal)
    np.testing.assert_array_equal(np.asarray(back), SIGNAL)
    assert channels.values.shape == (40, 3) if dim == 0 else (3, 40)


@pytest.mark.parametrize("dim", [True, 1.0, -1.0, "time", None])
def test_an_axis_is_a_whole_number(dim):
    with pytest.raises(ArgumentTypeError, match="dim"):
        StepForwardConverter().encode(SIGNAL, dim)


def test_plain_signals_are_not_copied():
    assert np.shares_memory(admit_signal("signal", SIGNAL).values, SIGNAL)
    tensor = torch.tensor(SIGNAL)
    assert np.shares_memory(admit_signal("signal", tensor).values, tensor.numpy())


def test_extremes_are_those_of_each_channel():
    for given in (SIGNAL, SIGNAL[:, :1], torch.tensor(SIGNAL)):
        low, high = admit_signal("signal", given).extremes()
        np.testing.assert_array_equal(low, np.asarray(given).min(axis=1))
        np.testing.assert_array_equal(high, np.asarray(given).max(axis=1))


def test_spikes_of_booleans_and_integers_are_spikes():
    up = np.array([[True, False, True]] * 2)
    assert admit_spikes("spikes", up, rows=None, signed=False).values.dtype == np.float64
    signed = np.stack([up.astype(np.int8), -up.astype(np.int8)])
    np.testing.assert_array_equal(admit_spikes("spikes", signed, rows=2, signed=True).values, signed)
    with pytest.raises(DataError, match=r"0 and -1 in the row of down spikes.*channel 0"):
        admit_spikes("spikes", np.stack([up, up]), rows=2, signed=True)


@pytest.mark.parametrize(
    "value",
    [
        *(True, "0.5", None, 1j, [], {}, [[0.5], [0.5, 0.6]], np.array([0.5], object), 10**400),
        *(np.ma.array([0.5, 0.6], mask=[0, 1]), torch.zeros(2, device="meta"), torch.ones(2).to_sparse()),
    ],
    ids=[
        *("flag", "word", "none", "complex", "empty", "dictionary", "ragged", "objects", "huge"),
        *("masked", "meta", "sparse"),
    ],
)
def test_what_is_no_parameter_is_named(value):
    with pytest.raises(ArgumentTypeError, match=r"threshold must be a finite number above 0"):
        StepForwardConverter(value)


@pytest.mark.parametrize(
    "value",
    [
        *(0.5, np.float32(0.5), [0.5], torch.tensor(0.5), torch.tensor([0.5]).bfloat16(), pd.Series([0.5])),
        *(torch.tensor(0.5, requires_grad=True), np.longdouble(0.5)),
    ],
    ids=["number", "float32", "list", "tensor", "bfloat16", "series", "gradient", "extended"],
)
def test_a_parameter_may_come_from_any_library(value):
    expected = StepForwardConverter(0.5).encode(SIGNAL)
    np.testing.assert_array_equal(StepForwardConverter(value).encode(SIGNAL), expected)


def test_the_limits_are_told():
    whole = Parameter("order", minimum=1, maximum=9, integer=True)
    assert whole.check(np.array([1.0, 9.0])).dtype == np.int64
    for wrong, told in ((0, "got 0"), (10, "got 10"), (2.5, "got 2.5"), ([3, 11], "got 11 for channel 1")):
        with pytest.raises(ArgumentError, match=rf"order must be a whole number of at least 1 .*9.*{told}"):
            whole.check(wrong)


def test_a_parameter_that_is_changed_is_used_and_checked():
    code = StepForwardConverter(0.5)
    code.encode(SIGNAL)
    code.threshold = 0.25
    np.testing.assert_array_equal(code.encode(SIGNAL), StepForwardConverter(0.25).encode(SIGNAL))
    code.threshold = -1.0
    with pytest.raises(ArgumentError, match="threshold"):
        code.encode(SIGNAL)
    code.threshold = np.array([0.1, 0.2, 0.3])
    code.encode(SIGNAL)
    code.threshold[:] = 0.25
    np.testing.assert_array_equal(code.encode(SIGNAL), StepForwardConverter(0.25).encode(SIGNAL))


def test_what_was_found_comes_before_what_was_given():
    code = StepForwardConverter(0.5)
    code.parameters_ = {"threshold": np.array([0.1, 0.2, 0.3])}
    expected = StepForwardConverter([0.1, 0.2, 0.3]).encode(SIGNAL)
    np.testing.assert_array_equal(code.encode(SIGNAL), expected)
    code.parameters_["threshold"][:] = 0.25
    np.testing.assert_array_equal(code.encode(SIGNAL), StepForwardConverter(0.25).encode(SIGNAL))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda code: pickle.loads(pickle.dumps(code))])
def test_a_copy_is_a_code_of_its_own(copied):
    code = StepForwardConverter(0.5)
    before = code.encode(SIGNAL)
    other = copied(code)
    np.testing.assert_array_equal(other.encode(SIGNAL), before)
    other.threshold = 0.25
    np.testing.assert_array_equal(other.encode(SIGNAL), StepForwardConverter(0.25).encode(SIGNAL))
    np.testing.assert_array_equal(code.encode(SIGNAL), before)


def test_parameters_spread_over_leading_axes():
    np.testing.assert_array_equal(spread("a", np.array([1.0, 2.0]), (3, 2)), [1, 2, 1, 2, 1, 2])
    np.testing.assert_array_equal(spread("a", np.array([[7.0]]), (2,)), [7, 7])
    with pytest.raises(ShapeError, match="as many as the signal has"):
        spread("a", np.ones(3), (2,))


def test_a_parameter_beyond_float32_is_its_largest_number():
    code = LIFBasedEncoding(threshold=1e300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spikes = code.encode(SIGNAL.astype(np.float32))
        assert not spikes.any()
        assert np.isfinite(code.decode(spikes)).all()


@pytest.mark.parametrize("trials", [-1, 1.5, True, "many"])
def test_trials_are_counted_in_whole_numbers(trials):
    code = LIFBasedEncoding()
    with pytest.raises(ArgumentError, match="trials"):
        code.fit(SIGNAL, trials=trials)
    assert code.scaling_ is None


def test_a_fit_that_fails_leaves_everything_as_it_was(monkeypatch):
    code = LIFBasedEncoding().fit(SIGNAL, trials=0)
    scaling = code.scaling_

    def failing(signal, ranges):
        raise KeyboardInterrupt

    monkeypatch.setattr(code, "_settle", failing)
    for method in (code.fit, code.optimize):
        with pytest.raises(KeyboardInterrupt):
            method(SIGNAL / 3, trials=2)
        assert code.scaling_ is scaling
        assert code.parameters_ == {}


def test_spikes_of_other_channels_can_be_decoded_by_a_code_that_does_not_scale():
    code = StepForwardConverter(threshold=0.5)
    code.encode(SIGNAL)
    spikes = StepForwardConverter(threshold=0.5).encode(SIGNAL[:2])
    np.testing.assert_array_equal(code.decode(spikes), StepForwardConverter(threshold=0.5).decode(spikes))
    with pytest.raises(ShapeError, match="scaling must be"):
        LIFBasedEncoding().fit(SIGNAL, trials=0).decode(spikes)
