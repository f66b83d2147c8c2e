"""Every spike code keeps one contract; the codes come from the registry, so that none can be forgotten.

What a code must compute is written a second time, in plain Python, in ``tests/contracts/codes``.
"""

import itertools

import numpy as np
import pytest
import torch
from code_cases import CASES, DTYPES, EVERY, NAMED, REFERENCES, arguments_of, fitted, made, walk

from lamina.encoding import CODES
from lamina.encoding.signals import admit_signal
from lamina.errors import ArgumentError, ShapeError


def test_every_code_has_a_reference_and_every_reference_a_code():
    assert set(REFERENCES) == set(NAMED)
    assert len(NAMED) == len(CODES), "two codes have one name"


@EVERY
def test_declares_itself_fully(code):
    assert code.source
    assert (code.__doc__ or "").count("References") == 1, "the docstring names its source"
    assert set(code.tuned) <= {parameter.name for parameter in code.parameters}
    assert {parameter.name for parameter in code.parameters} <= set(code.arguments)
    instance = made(code)
    assert all(hasattr(instance, name) for name in code.arguments)
    assert repr(instance).startswith(f"{code.__name__}(")


# -- what it computes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "index"),
    [(name, i) for name in NAMED if name in REFERENCES for i in range(len(REFERENCES[name].WORKED))],
)
def test_worked_example(name, index):
    example = REFERENCES[name].WORKED[index]
    code = NAMED[name](**example["arguments"])
    signal = np.array(example["signal"], dtype=example["dtype"])
    for shaped in (signal, signal[None, :]):
        spikes = code.encode(shaped)
        np.testing.assert_array_equal(np.squeeze(spikes), np.array(example["spikes"]))
        if example["decoded"] is not None:
            decoded = code.decode(spikes)
            assert decoded.shape == shaped.shape
            np.testing.assert_allclose(
                np.squeeze(decoded), example["decoded"], rtol=0, atol=0.51 * 10.0 ** -example["decimals"]
            )


@DTYPES
@pytest.mark.parametrize(("name", "index"), CASES)
def test_equals_the_definition_spike_for_spike(name, index, dtype):
    reference, code = REFERENCES[name], NAMED[name]
    if reference.encode is None:
        pytest.skip("spikes drawn at random: their statistics are tested with the code")
    settings = reference.SETTINGS[index]
    walks = [walk(seed=seed, dtype=dtype) for seed in range(3)]
    # whole quarters often lie at a threshold exactly, where > and >= differ
    for signal in (*walks, np.round(walks[0] * 8) / 4):
        expected = np.array(reference.encode(signal, signal.min(), signal.max(), **settings))
        instance = code(**settings)
        spikes = instance.encode(signal)
        assert spikes.dtype == dtype
        np.testing.assert_array_equal(spikes, expected)
        assert np.abs(expected).sum() > 0, "the example is silent and so shows nothing"


@DTYPES
@pytest.mark.parametrize(("name", "index"), CASES)
def test_decodes_as_its_definition_reads(name, index, dtype):
    reference, code = REFERENCES[name], NAMED[name]
    if reference.decode is None:
        pytest.skip("no decoder, or one that needs more than the range")
    settings = reference.SETTINGS[index]
    signal = walk(seed=5, dtype=dtype)
    instance = fitted(code, index, signal)
    if hasattr(instance, "alignment_"):
        instance.alignment_ = np.array("document")
    spikes = instance.encode(signal)
    expected = reference.decode(spikes, signal.min(), signal.max(), signal[0], **settings)
    decoded = instance.decode(spikes)
    assert decoded.dtype == dtype
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(decoded, np.array(expected), rtol=0, atol=tolerance)


@EVERY
def test_error_falls_as_the_code_gets_finer(code):
    reference = REFERENCES[code.name]
    if not reference.FINER:
        assert reference.decode is None
        pytest.skip("no decoder, or one that needs more than the range")
    signal = np.sin(2 * np.pi * np.arange(3000) / 1000)
    errors = []
    for settings in reference.FINER:
        if "seed" in code.arguments:
            settings = {"seed": 0, **settings}
        instance = code(**settings).fit(signal, trials=0)
        decoded = instance.decode(instance.encode(signal))
        errors.append(float(np.sqrt(np.mean((decoded - signal) ** 2))))
    assert len(errors) >= 3
    assert all(fine < coarse for coarse, fine in itertools.pairwise(errors)), errors
    assert errors[-1] < 0.3, "worse than a constant, nearly"


@EVERY
def test_leading_axes_are_independent_channels(code):
    signal = walk(channels=(2, 3), samples=120)
    spikes = made(code).encode(signal)
    for i in range(2):
        for j in range(3):
            if code.random:
                continue
            alone = made(code).encode(signal[i, j])
            at = (slice(None), i, j) if code.rows is not None else (i, j)
            np.testing.assert_array_equal(spikes[at], alone)
    if code.invertible:
        instance = fitted(code, signal=signal)
        assert instance.decode(instance.encode(signal)).shape == signal.shape


@EVERY
@pytest.mark.parametrize("dim", [0, 1, -2])
def test_time_may_be_any_axis(code, dim):
    signal = walk(channels=(2, 3), samples=60)
    moved = np.moveaxis(signal, -1, dim)
    straight = made(code).encode(signal)
    instance = made(code)
    spikes = instance.encode(moved, dim=dim)
    axis = dim if dim < 0 else dim - 3
    np.testing.assert_array_equal(np.moveaxis(spikes, axis, -1), straight)
    if code.invertible:
        decoded = instance.decode(spikes, dim=dim)
        assert decoded.shape == moved.shape


@EVERY
def test_input_is_never_modified(code):
    for signal in (walk(), walk(channels=(3,), dtype="float32"), walk(channels=(2, 1))):
        before = signal.copy()
        signal.setflags(write=False)
        instance = fitted(code, signal=signal)
        spikes = instance.encode(signal)
        assert signal.shape == before.shape
        np.testing.assert_array_equal(signal, before)
        if code.invertible:
            kept = spikes.copy()
            spikes.setflags(write=False)
            instance.decode(spikes)
            np.testing.assert_array_equal(spikes, kept)


@EVERY
@DTYPES
def test_spikes_are_zero_and_one(code, dtype):
    spikes = made(code).encode(walk(channels=(2,), dtype=dtype))
    assert spikes.dtype == dtype
    if code.rows == "polarity":
        assert spikes.shape[0] == 2
        assert set(np.unique(spikes[0])) <= {0.0, 1.0}
        assert set(np.unique(spikes[1])) <= {-1.0, 0.0}
    else:
        assert set(np.unique(spikes)) <= {0.0, 1.0}
    assert spikes.shape[-1] == 300 * made(code).steps_per_sample


@EVERY
def test_never_both_polarities_at_once(code):
    if code.rows != "polarity":
        pytest.skip("one polarity")
    spikes = made(code).encode(walk(channels=(4,)))
    assert not np.any((spikes[0] != 0) & (spikes[1] != 0))


@EVERY
@DTYPES
def test_torch_in_torch_out_with_the_same_spikes(code, dtype):
    signal = walk(channels=(2,), dtype=dtype, samples=150)
    ours, theirs = fitted(code, signal=signal), fitted(code, signal=signal)
    spikes = ours.encode(signal)
    tensor = theirs.encode(torch.tensor(signal, requires_grad=True))
    assert isinstance(tensor, torch.Tensor)
    assert str(tensor.dtype) == f"torch.{dtype}"
    assert not tensor.requires_grad
    np.testing.assert_array_equal(tensor.numpy(), spikes)
    if code.invertible:
        decoded = theirs.decode(tensor)
        assert isinstance(decoded, torch.Tensor)
        np.testing.assert_array_equal(decoded.numpy(), ours.decode(spikes))


def test_tensors_are_read_where_they_lie():
    signal = torch.from_numpy(walk(channels=(2,)))
    admitted = admit_signal("signal", signal)
    assert np.shares_memory(admitted.values, signal.numpy()), "the tensor was copied on its way in"
    restored = admitted.restore(admitted.values)
    assert restored.data_ptr() == signal.data_ptr(), "the tensor was copied on its way out"


@EVERY
@DTYPES
@pytest.mark.parametrize("samples", [2, 3, 77])
def test_the_way_of_other_devices_gives_the_same(code, dtype, samples):
    if code.random:
        pytest.skip("every device draws its own")
    signal = walk(channels=(3,), dtype=dtype, samples=samples)
    instance = fitted(code, signal=signal)
    spikes = instance.encode(signal)
    ranges = instance.scaling_.per_channel((3,))
    values = instance._values((3,))
    tensor = instance._encode_tensor(torch.from_numpy(signal), values, ranges)
    np.testing.assert_array_equal(tensor.numpy(), spikes)
    if code.invertible:
        decoded = instance._decode_tensor(torch.from_numpy(spikes), values, ranges, ranges.initial)
        tolerance = 1e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(decoded.numpy(), instance.decode(spikes), rtol=tolerance, atol=tolerance)


@EVERY
def test_integers_count_as_float64_and_halves_as_float32(code):
    counts = np.round(walk() * 100).astype(np.int16)
    np.testing.assert_array_equal(made(code).encode(counts), made(code).encode(counts.astype(np.float64)))
    half = walk().astype(np.float16)
    assert made(code).encode(half).dtype == np.float32


@EVERY
def test_one_parameter_for_each_channel(code):
    if code.random:
        pytest.skip("channels share the draws")
    signal = walk(channels=(2,), samples=150)
    for parameter in code.parameters:
        default = np.asarray(getattr(made(code), parameter.name)).item()
        other = default + 1 if parameter.integer else 0.9 * default
        try:
            code(**{**arguments_of(code), parameter.name: other})
        except ArgumentError:
            other = default - 1 if parameter.integer else 1.1 * default
        kind = int if parameter.integer else float
        each = code(**{**arguments_of(code), parameter.name: np.array([default, other])})
        spikes = each.encode(signal)
        for channel, value in enumerate((kind(default), kind(other))):
            alone = code(**{**arguments_of(code), parameter.name: value}).encode(signal[channel])
            np.testing.assert_array_equal(spikes[..., channel, :], alone)
        with pytest.raises(ShapeError, match=parameter.name):
            each.encode(walk(channels=(3,)))
