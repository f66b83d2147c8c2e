"""Streams, scaling, files and seeds: what every spike code remembers, and what it must not."""

import warnings

import numpy as np
import pytest
from code_cases import ALL_SETTINGS, DTYPES, EVERY, EVERY_SETTING, fitted, made, walk

import lamina
from lamina.encoding import Scaling
from lamina.errors import (
    ArgumentTypeError,
    DataError,
    LaminaError,
    OutOfRangeWarning,
    ShapeError,
    StateError,
)


@EVERY_SETTING
@DTYPES
@pytest.mark.parametrize("channels", [(), (2, 2)])
def test_steps_are_encode(code, index, dtype, channels):
    signal = walk(channels=channels, samples=60, dtype=dtype)
    instance = fitted(code, index, signal=signal)
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


@EVERY_SETTING
@pytest.mark.parametrize("length", [1, 7, 59])
def test_chunks_are_encode(code, index, length):
    if not code.causal:
        pytest.skip("not causal")
    signal = walk(channels=(2,), samples=120)
    instance = fitted(code, index, signal=signal)
    state, parts = None, []
    for start in range(0, 120, length):
        spikes, state = instance.advance(signal[:, start : start + length], state)
        parts.append(spikes)
    np.testing.assert_array_equal(np.concatenate(parts, -1), instance.encode(signal))


@EVERY_SETTING
def test_streams_do_not_meddle(code, index):
    if not code.causal:
        pytest.skip("not causal")
    signal = walk(channels=(2,), samples=100)
    instance = fitted(code, index, signal=signal)
    _, state = instance.advance(signal[:, :40])
    frozen = {name: np.array(value) for name, value in state.carry.items()}
    once, _ = instance.advance(signal[:, 40:], state)
    instance.advance(signal[:, ::-1])
    instance.encode(signal * 0.5)
    again, _ = instance.advance(signal[:, 40:], state)
    np.testing.assert_array_equal(once, again)
    for name, value in frozen.items():
        np.testing.assert_array_equal(state.carry[name], value)


@EVERY_SETTING
def test_causal_is_true(code, index):
    """What comes later changes no earlier spike, if and only if the code says so."""
    signal = walk(samples=200)
    instance = fitted(code, index, signal=np.concatenate([signal, -signal]))
    whole, same = instance.encode(signal), []
    for first in range(20, 180, 8):
        changed = signal.copy()
        changed[first:] *= -1
        cut = first * instance.steps_per_sample
        same.append(np.array_equal(whole[..., :cut], instance.encode(changed)[..., :cut]))
    assert all(same) == code.causal


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


@EVERY_SETTING
def test_only_fit_changes_the_scaling(code, index):
    instance = fitted(code, index)
    learned = instance.scaling_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRangeWarning)
        instance.encode(walk(seed=3) * 2 + 1)
    assert instance.scaling_ is learned
    instance.fit(walk(seed=3), trials=0)
    assert instance.scaling_ is not learned


@EVERY_SETTING
def test_instances_are_isolated(code, index):
    first, second = made(code, index), made(code, index)
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
    for name in code.learned:
        setattr(fresh, name, getattr(instance, name))
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


@EVERY_SETTING
def test_saved_and_loaded_it_is_the_same(code, index, tmp_path):
    signal = walk(channels=(2,), samples=150)
    instance = fitted(code, index, signal=signal)
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
    index = next((i for i in range(len(ALL_SETTINGS[code.name])) if made(code, i).random), 0)
    one, two, other = (made(code, index, seed=seed).encode(signal) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    if made(code, index).random:
        assert not np.array_equal(one, other)


@EVERY
def test_what_was_fitted_is_no_hindrance_to_other_channels(code):
    if not code.tuned:
        pytest.skip("tunes nothing")
    several, single = walk(60, (3,)), walk(60, seed=1)
    fresh = made(code).fit(single, trials=2)
    again = made(code).fit(several, trials=2).fit(single, trials=2)
    np.testing.assert_array_equal(again.encode(single), fresh.encode(single))
    only = made(code)
    only.optimize(several, trials=2)
    only.optimize(single, trials=2)
    for name in code.tuned:
        assert only.parameters_[name].shape == ()


@EVERY
def test_parameters_may_be_changed_later(code):
    signal = walk(60, (2,))
    for parameter in code.parameters:
        changed = made(code)
        setattr(changed, parameter.name, getattr(changed, parameter.name).tolist())
        np.testing.assert_array_equal(changed.encode(signal), made(code).encode(signal))
        if changed.tuned:
            changed.fit(signal, trials=2)
        setattr(changed, parameter.name, "much")
        changed.parameters_ = {}
        with pytest.raises(ArgumentTypeError, match=parameter.name):
            changed.encode(signal)
