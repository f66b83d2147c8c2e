"""Every spike code keeps one contract; the codes come from the registry, so that none can be forgotten.

What a code must compute is written a second time, in plain Python, in ``tests/contracts/codes``.
"""

import importlib.util
import pathlib
import warnings

import numpy as np
import pytest
import torch

import lamina
from lamina.encoding import CODES, Scaling
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    LaminaError,
    OutOfRangeWarning,
    ShapeError,
    StateError,
)

FOLDER = pathlib.Path(__file__).parent / "codes"


def load_reference(path):
    spec = importlib.util.spec_from_file_location(f"reference_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCES = {module.NAME: module for module in map(load_reference, sorted(FOLDER.glob("*.py")))}
NAMED = {code.name: code for code in CODES}
CASES = [
    pytest.param(name, index, id=f"{name}-{index}")
    for name in NAMED
    for index in range(len(REFERENCES[name].SETTINGS) if name in REFERENCES else 0)
]
EVERY = pytest.mark.parametrize("code", list(CODES), ids=list(NAMED))
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def walk(samples=300, channels=(), seed=0, dtype="float64"):
    """Random walks that stay within about ±1, so that every code has something to say."""
    steps = np.random.default_rng(seed).standard_normal((*channels, samples)) * 0.2
    walked = np.zeros_like(steps)
    for t in range(samples):
        walked[..., t] = (0.95 * walked[..., t - 1] if t else 0) + steps[..., t]
    return walked.astype(dtype)


def arguments_of(code, index=0):
    return REFERENCES[code.name].SETTINGS[index]


def made(code, index=0, **more):
    """An instance with one of the settings of its reference, seeded if it draws at random."""
    settings = {**arguments_of(code, index), **more}
    if "seed" in code.arguments:
        settings.setdefault("seed", 7)
    return code(**settings)


def fitted(code, index=0, signal=None):
    return made(code, index).fit(walk() if signal is None else signal, trials=0)


def signed_sum(spikes):
    return np.asarray(spikes).sum()


# -- the registry ----------------------------------------------------------------------------------------


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
    for seed in range(3):
        signal = walk(seed=seed, dtype=dtype)
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
        pytest.skip("the literature has no decoder")
    settings = reference.SETTINGS[index]
    signal = walk(seed=5, dtype=dtype)
    instance = fitted(code, index, signal)
    if hasattr(instance, "alignment_"):
        instance.alignment_ = "document"
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
        pytest.skip("the literature has no decoder")
    signal = np.sin(2 * np.pi * np.arange(3000) / 1000)
    errors = []
    for settings in reference.FINER:
        if "seed" in code.arguments:
            settings = {"seed": 0, **settings}
        instance = code(**settings).fit(signal, trials=0)
        decoded = instance.decode(instance.encode(signal))
        errors.append(float(np.sqrt(np.mean((decoded - signal) ** 2))))
    assert len(errors) >= 3
    assert all(fine < coarse for coarse, fine in zip(errors, errors[1:], strict=False)), errors
    assert errors[-1] < 0.3, "worse than a constant, nearly"


# -- shapes, types, libraries ----------------------------------------------------------------------------


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


# -- streams ---------------------------------------------------------------------------------------------


@EVERY
@DTYPES
@pytest.mark.parametrize("channels", [(), (3,), (2, 2)])
def test_steps_are_encode(code, dtype, channels):
    signal = walk(channels=channels, samples=60, dtype=dtype)
    instance = fitted(code, signal=signal)
    if not code.causal:
        with pytest.raises(StateError, match="looks ahead"):
            instance.step(signal[..., 0])
        return
    whole = instance.encode(signal)
    state, parts = None, []
    for t in range(60):
        spikes, state = instance.step(signal[..., t], state)
        parts.append(spikes)
    if instance.steps_per_sample == 1:
        np.testing.assert_array_equal(np.stack(parts, -1), whole)
    else:
        np.testing.assert_array_equal(np.concatenate(parts, -1), whole)
    assert state.samples == 60


@EVERY
@pytest.mark.parametrize("length", [1, 7, 59])
def test_chunks_are_encode(code, length):
    if not code.causal:
        pytest.skip("not causal")
    signal = walk(channels=(2,), samples=120)
    instance = fitted(code, signal=signal)
    state, parts = None, []
    for start in range(0, 120, length):
        spikes, state = instance.advance(signal[:, start : start + length], state)
        parts.append(spikes)
    np.testing.assert_array_equal(np.concatenate(parts, -1), instance.encode(signal))


@EVERY
def test_streams_do_not_meddle(code):
    if not code.causal:
        pytest.skip("not causal")
    signal = walk(channels=(2,), samples=100)
    instance = fitted(code, signal=signal)
    _, state = instance.advance(signal[:, :40])
    frozen = {name: np.array(value) for name, value in state.carry.items()}
    once, _ = instance.advance(signal[:, 40:], state)
    instance.advance(signal[:, ::-1])
    instance.encode(signal * 0.5)
    again, _ = instance.advance(signal[:, 40:], state)
    np.testing.assert_array_equal(once, again)
    for name, value in frozen.items():
        np.testing.assert_array_equal(state.carry[name], value)


@EVERY
def test_causal_is_true(code):
    """What comes later changes no earlier spike, if and only if the code says so."""
    signal = walk(samples=200)
    changed = signal.copy()
    changed[120:] = signal[:80][::-1]
    instance = fitted(code, signal=np.concatenate([signal, changed]))
    cut = 120 * instance.steps_per_sample
    same = np.array_equal(instance.encode(signal)[..., :cut], instance.encode(changed)[..., :cut])
    assert same == code.causal


@EVERY
def test_a_stream_keeps_its_shape(code):
    if not code.causal:
        pytest.skip("not causal")
    instance = fitted(code, signal=walk(channels=(2,)))
    _, state = instance.step(np.zeros(2))
    with pytest.raises(ShapeError, match="stream so far"):
        instance.step(np.zeros(2, dtype=np.float32), state)
    with pytest.raises(LaminaError):
        instance.step(np.zeros(3), state)
    with pytest.raises(DataError, match="channel 1"):
        instance.step(np.array([0.0, np.nan]), state)


# -- state -----------------------------------------------------------------------------------------------


@EVERY
def test_only_fit_changes_the_scaling(code):
    instance = fitted(code)
    learned = instance.scaling_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRangeWarning)
        instance.encode(walk(seed=3) * 2 + 1)
    assert instance.scaling_ is learned
    instance.fit(walk(seed=3), trials=0)
    assert instance.scaling_ is not learned


@EVERY
def test_instances_are_isolated(code):
    first, second = made(code), made(code)
    before = second.encode(walk(seed=1))
    first.fit(walk(seed=2) * 100, trials=0)
    np.testing.assert_array_equal(second.encode(walk(seed=1)), before)
    assert second.scaling_ is None


@EVERY
def test_decodes_with_any_saved_scaling(code):
    if not code.invertible or code.uses_changes:
        pytest.skip("no scale of its own")
    instance = fitted(code)
    signal = walk()
    spikes = instance.encode(signal)
    decoded = instance.decode(spikes)
    fresh = made(code)
    np.testing.assert_array_equal(fresh.decode(spikes, scaling=instance.scaling_), decoded)
    if code.interval is not None:
        known = instance.scaling_
        wider = Scaling(10 * known.minimum, 10 * known.maximum, 10 * known.initial)
        np.testing.assert_allclose(fresh.decode(spikes, scaling=wider), 10 * decoded, rtol=1e-9, atol=1e-9)


@EVERY
def test_fit_learns_parameters_that_are_no_worse(code):
    if not code.tuned:
        pytest.skip("nothing to tune")
    signal = np.sin(np.arange(400) / 15) + 0.3 * np.sin(np.arange(400) / 4)
    plain, tuned = fitted(code, signal=signal), made(code).fit(signal, trials=20, seed=1)
    assert set(tuned.parameters_) == set(code.tuned)
    errors = [np.mean((one.decode(one.encode(signal)) - signal) ** 2) for one in (plain, tuned)]
    assert errors[1] <= errors[0] * (1 + 1e-9)
    again = made(code).fit(signal, trials=20, seed=1)
    for name, value in tuned.parameters_.items():
        np.testing.assert_array_equal(again.parameters_[name], value)


@EVERY
def test_saved_and_loaded_it_is_the_same(code, tmp_path):
    signal = walk(channels=(2,), samples=150)
    instance = fitted(code, signal=signal)
    lamina.save(instance, tmp_path / "code.safetensors")
    again = lamina.load(tmp_path / "code.safetensors")
    assert type(again) is code
    assert repr(again) == repr(instance)
    spikes = instance.encode(signal)
    np.testing.assert_array_equal(again.encode(signal), spikes)
    if code.invertible:
        np.testing.assert_array_equal(again.decode(spikes), instance.decode(spikes))


@EVERY
def test_the_same_seed_gives_the_same_spikes(code):
    if "seed" not in code.arguments:
        pytest.skip("draws nothing")
    signal = walk(channels=(2,))
    index = next((i for i in range(len(REFERENCES[code.name].SETTINGS)) if made(code, i).random), 0)
    one, two, other = (made(code, index, seed=seed).encode(signal) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    if made(code, index).random:
        assert not np.array_equal(one, other)


# -- bad input -------------------------------------------------------------------------------------------

BAD_SIGNALS = {
    "nan": (lambda: np.where(np.arange(300) == 9, np.nan, walk()), DataError, "NaN"),
    "infinite": (lambda: np.where(np.arange(300) == 9, np.inf, walk()), DataError, "infinity"),
    "empty": (lambda: np.zeros(0), DataError, "at least 1"),
    "no-channel": (lambda: np.zeros((0, 5)), DataError, "channel"),
    "text": (lambda: "signal", ArgumentTypeError, "real numbers"),
    "none": (lambda: None, ArgumentTypeError, "None"),
    "complex": (lambda: walk() + 1j, ArgumentTypeError, "omplex"),
    "number": (lambda: 3.0, ShapeError, "single number"),
    "ragged": (lambda: [[1.0, 2.0], [3.0]], ShapeError, "differ in length"),
}


@EVERY
@pytest.mark.parametrize("kind", list(BAD_SIGNALS))
def test_bad_signals_are_named(code, kind):
    make, error, words = BAD_SIGNALS[kind]
    instance = fitted(code)
    before = instance.scaling_
    with pytest.raises(error, match=words):
        instance.encode(make())
    with pytest.raises(error, match=words):
        instance.fit(make())
    assert instance.scaling_ is before, "a failed fit changed the code"
    signal = walk()
    np.testing.assert_array_equal(instance.encode(signal), fitted(code).encode(signal))


@EVERY
def test_the_channel_at_fault_is_named(code):
    signal = walk(channels=(2, 3))
    signal[1, 2, 5] = np.nan
    with pytest.raises(DataError, match=r"channel \(1, 2\)"):
        made(code).encode(signal)


@EVERY
def test_constant_signals(code):
    constant = np.ones((2, 50))
    if code.interval is None:
        spikes = made(code).encode(constant)
        assert np.abs(spikes).sum() == 0, "a constant signal is silence"
    else:
        mixed = walk(channels=(2,))
        mixed[1] = 3.0
        with pytest.raises(DataError, match=r"constant.*channel 1"):
            made(code).encode(mixed)
        # with a range that is known, there is nothing wrong with it
        assert np.isfinite(made(code).encode(constant, scaling=Scaling(0.0, 2.0))).all()


@EVERY
def test_values_beyond_the_fitted_range(code):
    instance = fitted(code)
    beyond = walk() * 3
    if code.outside == "keep" and "threshold" in code.arguments:
        # high enough that what lies beyond is not drowned in spikes
        instance = made(code, threshold=3.0).fit(walk(), trials=0)
    if code.interval is None:
        instance.encode(beyond)
        return
    with pytest.warns(OutOfRangeWarning) as caught:
        spikes = instance.encode(beyond)
    assert len(caught) == 1
    scaling = instance.scaling_
    clipped = instance.encode(np.clip(beyond, scaling.minimum, scaling.maximum))
    assert np.array_equal(spikes, clipped) == (code.outside == "clip")


@EVERY
def test_parameters_out_of_range(code):
    for parameter in code.parameters:
        wrong = [np.nan, np.inf]
        wrong += [parameter.above] if parameter.above is not None else []
        wrong += [parameter.below] if parameter.below is not None else []
        wrong += [parameter.minimum - 1] if parameter.minimum is not None else []
        wrong += [parameter.maximum + 1] if parameter.maximum is not None else []
        wrong += [1.5] if parameter.integer else []
        for value in wrong:
            with pytest.raises(ArgumentError, match=parameter.name):
                code(**{**arguments_of(code), parameter.name: value})
        for value in ("high", None, [], [[1.0], [2.0, 3.0]], 1j, object()):
            with pytest.raises(ArgumentTypeError, match=parameter.name):
                code(**{**arguments_of(code), parameter.name: value})


@EVERY
def test_what_are_no_spikes_is_refused(code):
    instance = fitted(code)
    if not code.invertible:
        with pytest.raises(StateError, match="cannot be decoded"):
            instance.decode(np.zeros((2, 10)))
        return
    spikes = instance.encode(walk())
    for wrong in (spikes * 0.5, np.where(spikes == 0, np.nan, spikes), 2 * spikes):
        with pytest.raises(LaminaError, match="spikes"):
            instance.decode(wrong)
    for wrong in (np.zeros(()), spikes[..., :0], "spikes", None):
        with pytest.raises(LaminaError):
            instance.decode(wrong)
    if code.rows is not None:
        with pytest.raises(ShapeError):
            instance.decode(spikes[:1])


@EVERY
def test_what_is_no_axis_is_refused(code):
    for dim in (2, -3, 1.5, "time", None):
        with pytest.raises(ArgumentError, match="dim"):
            made(code).encode(walk(channels=(2,)), dim=dim)


@EVERY
def test_a_scaling_of_other_channels_is_refused(code):
    instance = made(code).fit(walk(channels=(2,)), trials=0)
    if code.interval is None and not code.uses_changes:
        pytest.skip("does not scale")
    with pytest.raises(ShapeError, match="scaling"):
        instance.encode(walk(channels=(3,)))


@EVERY
def test_one_sample_is_enough(code):
    spikes = made(code).encode(np.array([0.3]), scaling=Scaling(0.0, 1.0, change_mean=0.0, change_deviation=0.1))
    assert spikes.shape[-1] == made(code).steps_per_sample
