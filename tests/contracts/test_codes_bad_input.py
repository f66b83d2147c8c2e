"""What no spike code can use is refused by name, and changes nothing."""

import numpy as np
import pytest
from code_cases import EVERY, arguments_of, fitted, made, walk

from lamina.encoding import Scaling
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    LaminaError,
    OutOfRangeWarning,
    ShapeError,
    StateError,
)

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
        instance = made(code, threshold={"lif": 3.0}.get(code.name, 1.0)).fit(walk(), trials=0)
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
    known = Scaling(0.0, 1.0, change_mean=0.0, change_deviation=0.1)
    spikes = made(code).encode(np.array([0.3]), scaling=known)
    assert spikes.shape[-1] == made(code).steps_per_sample


@EVERY
def test_flags_are_true_or_false(code):
    if "down_spike" not in code.arguments:
        pytest.skip("has no polarity to leave out")
    for value in ("False", 2, None, 0.0):
        with pytest.raises(ArgumentTypeError, match="down_spike must be True or False"):
            code(**{**arguments_of(code), "down_spike": value})
    assert code(**{**arguments_of(code), "down_spike": np.False_}).down_spike is False


@EVERY
def test_parameters_beyond_single_precision(code):
    signal = walk(60, (2,), dtype="float32")
    for parameter in code.parameters:
        if parameter.integer or parameter.maximum is not None or parameter.below is not None:
            continue
        if parameter.name == "frequency":
            continue  # half of the sampling rate is the limit
        huge = code(**{**arguments_of(code), parameter.name: 1e300})
        # any warning is an error here
        spikes = huge.encode(signal)
        assert set(np.unique(spikes)) <= {-1.0, 0.0, 1.0}
        if code.invertible:
            assert not np.isnan(huge.decode(spikes)).any()
