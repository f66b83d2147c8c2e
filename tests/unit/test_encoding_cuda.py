"""Other devices give the spikes of the CPU, for every code; without a GPU, their way is walked on the CPU."""

import math

import numpy as np
import pytest
import torch

from lamina.encoding import CODES, signals
from lamina.errors import ArgumentError, DataError

REASON = "this machine has no CUDA device: the CPU walks the same way in the tests beside this one"
ON_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason=REASON)
EVERY = pytest.mark.parametrize("code", list(CODES), ids=[code.name for code in CODES])
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])

# where codes compute sums or powers, devices may round the last place of decoded values otherwise
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def walk(channels, samples, dtype, seed=0):
    """Random walks of scale 1 that every code has something to say about, even if they are short."""
    steps = np.random.default_rng(seed).standard_normal((channels, samples)) * 0.3
    steps[:, 1:2] += 0.7
    return steps.cumsum(-1).astype(dtype)


def fitted(code, signal):
    """Scaled by a longer signal, since one of a single sample has no range."""
    reference = np.concatenate([signal, signal[..., -1:] + 1.5, signal[..., -1:] - 1.5], axis=-1)
    instance = code(seed=3) if "seed" in code.arguments else code()
    return instance.fit(reference, trials=0)


def as_elsewhere(monkeypatch):
    """Let tensors of the CPU take the way of those that NumPy cannot see."""
    flatten = signals._flatten

    def flatten_as_elsewhere(name, array, dim, *, rows):
        if not isinstance(array, torch.Tensor):
            return flatten(name, array, dim, rows=rows)
        axis = dim if dim < 0 else dim - (array.ndim - rows)
        moved = array.detach().movedim(axis, -1)
        leading = tuple(moved.shape[rows:-1])
        flat = moved.reshape(*moved.shape[:rows], math.prod(leading), moved.shape[-1])
        return flat, leading, axis, True

    monkeypatch.setattr(signals, "_flatten", flatten_as_elsewhere)


@EVERY
@DTYPES
@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("samples", [1, 2, 3, 50])
def test_the_way_of_devices_gives_the_spikes_of_the_kernels(code, dtype, channels, samples):
    signal = walk(channels, samples, dtype)
    instance = fitted(code, signal)
    if instance.random:
        pytest.skip("every device draws its own")
    before = torch.from_numpy(signal.copy())
    tensor = before.clone()
    ranges, values = instance.scaling_.per_channel((channels,)), instance._values((channels,))
    spikes = instance._encode_tensor(tensor, values, ranges)
    expected = instance.encode(signal)
    assert spikes.dtype == tensor.dtype
    assert torch.equal(tensor, before), "the signal was modified"
    np.testing.assert_array_equal(spikes.numpy(), expected)
    if not instance.invertible:
        return
    given = torch.from_numpy(expected.copy())
    decoded = instance._decode_tensor(given, values, ranges, ranges.initial)
    assert decoded.dtype == tensor.dtype
    assert tuple(decoded.shape) == signal.shape
    np.testing.assert_array_equal(given.numpy(), expected, err_msg="the spikes were modified")
    np.testing.assert_allclose(
        decoded.numpy(), instance.decode(expected), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
    )


@EVERY
@DTYPES
def test_ties_are_decided_alike(code, dtype):
    """Values in quarters meet thresholds of a quarter exactly, where > and >= differ."""
    signal = np.round(walk(3, 80, dtype, seed=2) * 4) / 4
    more = {"threshold": 0.25} if "threshold" in code.arguments else {}
    instance = code(**more).fit(signal, trials=0)
    if instance.random:
        pytest.skip("every device draws its own")
    ranges, values = instance.scaling_.per_channel((3,)), instance._values((3,))
    spikes = instance._encode_tensor(torch.from_numpy(signal), values, ranges)
    np.testing.assert_array_equal(spikes.numpy(), instance.encode(signal))


@EVERY
@DTYPES
@pytest.mark.parametrize("threshold", [1e-300, 1.0, 1e300])
def test_parameters_beyond_the_type_and_zeros_are_alike(code, dtype, threshold):
    """What single precision cannot hold is no infinity, and no zero has a sign."""
    if "threshold" not in code.arguments:
        pytest.skip("has no threshold")
    signal = walk(3, 40, dtype, seed=4)
    try:
        instance = code(threshold=threshold).fit(signal, trials=0)
    except ArgumentError:
        pytest.skip("has limits")
    ranges, values = instance.scaling_.per_channel((3,)), instance._values((3,))
    spikes = instance._encode_tensor(torch.from_numpy(signal), values, ranges).numpy()
    np.testing.assert_array_equal(spikes, instance.encode(signal))
    assert not np.signbit(spikes[spikes == 0]).any()
    if instance.invertible:
        decoded = instance._decode_tensor(torch.from_numpy(spikes), values, ranges, ranges.initial)
        assert not decoded.isnan().any()


@EVERY
@DTYPES
def test_any_spikes_are_decoded_alike(code, dtype):
    """Also those that no encoder gives, such as spikes at the first sample."""
    rng, signal = np.random.default_rng(5), walk(3, 80, dtype)
    instance = fitted(code, signal)
    if not instance.invertible:
        pytest.skip("no decoder")
    spikes = (rng.random(instance.encode(signal).shape) < 0.4).astype(dtype)
    if code.rows == "polarity":
        spikes[1] = (spikes[0] - 1) * spikes[1]
    spikes[..., 0] = 0
    spikes[(0, ..., 0) if code.rows is not None else (..., 0)] = 1
    ranges, values = instance.scaling_.per_channel((3,)), instance._values((3,))
    decoded = instance._decode_tensor(torch.from_numpy(spikes), values, ranges, ranges.initial)
    np.testing.assert_allclose(
        decoded.numpy(), instance.decode(spikes), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
    )


@EVERY
@DTYPES
def test_channels_do_not_meet_on_the_way_of_devices(code, dtype):
    signal = walk(3, 60, dtype, seed=4)
    instance = fitted(code, signal)
    if instance.random:
        pytest.skip("channels share the draws")
    ranges, values = instance.scaling_.per_channel((3,)), instance._values((3,))
    spikes = instance._encode_tensor(torch.from_numpy(signal), values, ranges)
    changed = signal.copy()
    changed[1] = changed[1, ::-1]
    others = instance._encode_tensor(torch.from_numpy(changed), values, ranges)
    for channel in (0, 2):
        assert torch.equal(spikes[..., channel, :], others[..., channel, :])
    assert not torch.equal(spikes[..., 1, :], others[..., 1, :])


def check_public_way(code, dtype, samples, device):
    signal = walk(6, samples, dtype).reshape(2, 3, samples)
    instance = fitted(code, signal)
    tensor = torch.from_numpy(signal.copy()).to(device)
    spikes = instance.encode(tensor)
    assert spikes.device == tensor.device
    assert spikes.dtype == tensor.dtype
    np.testing.assert_array_equal(tensor.cpu().numpy(), signal, err_msg="the signal was modified")
    if instance.random:
        assert torch.equal(spikes, fitted(code, signal).encode(tensor))
    else:
        np.testing.assert_array_equal(spikes.cpu().numpy(), instance.encode(signal))
        # time first, and a view that is not contiguous
        moved = instance.encode(tensor.movedim(-1, 0), dim=0)
        np.testing.assert_array_equal(moved.movedim(-3, -1).cpu().numpy(), instance.encode(signal))
    if instance.invertible:
        decoded = instance.decode(spikes)
        assert decoded.device == tensor.device
        assert decoded.dtype == tensor.dtype
        expected = instance.decode(spikes.cpu().numpy())
        tolerance = TOLERANCE[dtype]
        np.testing.assert_allclose(decoded.cpu().numpy(), expected, rtol=tolerance, atol=tolerance)


@EVERY
@DTYPES
@pytest.mark.parametrize("samples", [2, 50])
def test_encode_and_decode_lead_devices_their_way(code, dtype, samples, monkeypatch):
    as_elsewhere(monkeypatch)
    called = []
    spied = code._encode_tensor
    monkeypatch.setattr(code, "_encode_tensor", lambda self, *rest: called.append(1) or spied(self, *rest))
    check_public_way(code, dtype, samples, "cpu")
    assert called, "the tensor went to the kernels"


@ON_CUDA
@EVERY
@DTYPES
@pytest.mark.parametrize("samples", [1, 2, 3, 50, 700])
def test_cuda_gives_the_spikes_of_the_cpu(code, dtype, samples):
    check_public_way(code, dtype, samples, "cuda")


@ON_CUDA
@EVERY
def test_cuda_refuses_what_the_cpu_refuses(code):
    signal = torch.zeros(2, 9, device="cuda")
    signal[1, 3] = torch.nan
    with pytest.raises(DataError, match="channel 1"):
        code().encode(signal)
