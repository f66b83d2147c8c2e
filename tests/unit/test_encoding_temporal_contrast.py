"""Codes of change (TBR, moving window, delta, send-on-delta): definitions, limits, decoders."""

import math
import statistics

import numpy as np
import pytest
import torch
from snntorch import spikegen

from lamina.encoding import Scaling
from lamina.encoding.delta_modulation import DeltaModulation
from lamina.encoding.moving_window import MovingWindow
from lamina.encoding.send_on_delta import SendOnDelta
from lamina.encoding.threshold_based_representation import ThresholdBasedRepresentation
from lamina.errors import DataError, StateError

ABSOLUTE = pytest.mark.parametrize(
    "code", [DeltaModulation, MovingWindow, SendOnDelta], ids=["delta", "mw", "send-on-delta"]
)
EVERY = pytest.mark.parametrize(
    "code",
    [DeltaModulation, MovingWindow, SendOnDelta, ThresholdBasedRepresentation],
    ids=["delta", "mw", "send-on-delta", "tbr"],
)
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def walk(samples=400, channels=(), seed=0, dtype="float64"):
    return np.random.default_rng(seed).standard_normal((*channels, samples)).cumsum(-1).astype(dtype)


def signed(spikes):
    return spikes[0] + spikes[1]


# -- against others --------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.1, 0.75, 2.0])
def test_delta_is_that_of_snntorch(threshold):
    """snntorch also takes changes of exactly its threshold, and starts from zero unless it pads."""
    # rounded to eighths, so that many changes are exactly 0.75 and 2
    signal = (np.round(walk(channels=(3,)) * 8) / 8).astype(np.float32)
    spikes = DeltaModulation(threshold=threshold).encode(signal)
    above = float(np.nextafter(np.float32(threshold), np.float32(np.inf)))
    theirs = spikegen.delta(torch.from_numpy(signal.T), threshold=above, padding=True, off_spike=True)
    np.testing.assert_array_equal(signed(spikes), theirs.numpy().T)
    np.testing.assert_array_equal(
        DeltaModulation(threshold=threshold, down_spike=False).encode(signal)[0],
        spikegen.delta(torch.from_numpy(signal.T), threshold=above, padding=True).numpy().T,
    )
    unpadded = spikegen.delta(torch.from_numpy(signal.T), threshold=above, off_spike=True).numpy().T
    np.testing.assert_array_equal(signed(spikes)[:, 1:], unpadded[:, 1:])


@pytest.mark.parametrize("window", [2, 8, 64])
def test_moving_window_against_numpys_windows(window):
    """Whole numbers have exact means over powers of two, in whatever order they are added."""
    signal = np.round(walk() * 4)
    views = np.lib.stride_tricks.sliding_window_view(signal, window)[:-1]
    full = views.mean(axis=1)
    spikes = MovingWindow(threshold=1.0, window=window).encode(signal)
    np.testing.assert_array_equal(spikes[0, window:], signal[window:] > full + 1)
    np.testing.assert_array_equal(spikes[1, window:], -1.0 * (signal[window:] < full - 1))
    assert spikes[:, window:].any()


def test_moving_window_wider_than_the_signal_is_the_mean_so_far():
    signal = np.round(walk(200) * 4)
    so_far = np.cumsum(signal)[:-1] / np.arange(1, 200)
    spikes = MovingWindow(threshold=2.0, window=10**9).encode(signal)
    np.testing.assert_array_equal(spikes[0, 1:], signal[1:] > so_far + 2)
    np.testing.assert_array_equal(spikes[1, 1:], -1.0 * (signal[1:] < so_far - 2))


def test_moving_window_of_one_is_delta():
    signal = np.round(walk(channels=(2,)) * 16) / 16
    for threshold in (0.25, 1.0):
        np.testing.assert_array_equal(
            MovingWindow(threshold=threshold, window=1).encode(signal),
            DeltaModulation(threshold=threshold).encode(signal),
        )


def test_the_threshold_of_tbr_is_that_of_the_statistics_module():
    signal = walk(300, seed=4)
    changes = np.diff(signal).tolist()
    theta = statistics.fmean(changes) + 0.7 * statistics.pstdev(changes)
    spikes = ThresholdBasedRepresentation(factor=0.7).encode(signal)
    np.testing.assert_array_equal(spikes[0, 1:], np.diff(signal) > theta)
    np.testing.assert_array_equal(spikes[1, 1:], -1.0 * (np.diff(signal) < -theta))
    decoded = ThresholdBasedRepresentation(factor=0.7).fit(signal, trials=0).decode(spikes)
    np.testing.assert_allclose(decoded, signal[0] + theta * np.cumsum(signed(spikes)), rtol=1e-12)


# -- limits ----------------------------------------------------------------------------------------------


@ABSOLUTE
@DTYPES
def test_exactly_the_threshold_is_silence_and_one_step_above_is_a_spike(code, dtype):
    theta = np.array(0.1, dtype)
    above = np.nextafter(theta, np.array(1, dtype))
    for sign in (1, -1):
        assert not code(threshold=float(theta)).encode(np.array([0, sign * theta], dtype)).any()
        spikes = code(threshold=float(theta)).encode(np.array([0, sign * above], dtype))
        np.testing.assert_array_equal(signed(spikes), [0, sign])


@ABSOLUTE
@DTYPES
def test_the_unit_does_not_matter(code, dtype):
    """Powers of two are exact: signals near the ends of floating point give the spikes of ordinary ones."""
    # whole numbers below 2⁹ in steps of 2⁻³, so that nothing is lost among the least numbers
    signal = np.clip(np.round(walk(samples=300, dtype=dtype) * 8) / 8, -100, 100).astype(dtype)
    info = np.finfo(dtype)
    # a window of a power of two, since a third of the least number is none
    more = {"window": 2} if code is MovingWindow else {}
    expected = code(threshold=0.75, **more).encode(signal)
    assert expected.any()
    for exponent in (info.maxexp - 8, -20, info.minexp + 12):
        scaled = np.ldexp(signal, exponent)
        spikes = code(threshold=math.ldexp(0.75, exponent), **more).encode(scaled)
        np.testing.assert_array_equal(spikes, expected)


@DTYPES
def test_window_sums_that_overflow(dtype):
    """Where the sum of a window is no number any more, its mean still is."""
    huge = np.finfo(dtype).max
    signal = np.array([0.9, 0.9, 0.9, 0.9, 0.9, 0.5, -0.9], dtype) * huge
    spikes = MovingWindow(threshold=float(0.1 * huge), window=4).encode(signal)
    np.testing.assert_array_equal(signed(spikes), [0, 0, 0, 0, 0, -1, -1])
    code, ranges = MovingWindow(threshold=float(0.1 * huge), window=4), None
    tensor = code._encode_tensor(torch.from_numpy(signal[None]), code._values((1,)), ranges)
    np.testing.assert_array_equal(tensor.numpy()[:, 0], spikes)


@EVERY
@DTYPES
def test_one_and_two_samples(code, dtype):
    one = code().encode(np.array([3.0], dtype))
    assert one.shape == (2, 1)
    assert not one.any()
    two = np.array([[3.0, 5.0], [3.0, -5.0]], dtype)
    # for TBR, a single change is its own mean: a rise is not above it, and a fall leaves no threshold
    expected = [0, -1] if code is ThresholdBasedRepresentation else [1, -1]
    np.testing.assert_array_equal(signed(code().encode(two))[:, 1], expected)
    assert not signed(code().encode(two))[:, 0].any()


@ABSOLUTE
def test_thresholds_beyond_the_type_are_silence(code):
    signal = np.array([0.0, 1e30, -1e30], np.float32)
    instance = code(threshold=1e300)
    assert not instance.encode(signal).any()
    decoded = instance.decode(np.zeros((2, 3), np.float32), initial_value=2.0)
    np.testing.assert_array_equal(decoded, [2, 2, 2])
    values = instance._values((1,))
    tensor = instance._decode_tensor(torch.zeros(2, 1, 3), values, None, np.array([2.0]))
    np.testing.assert_array_equal(tensor.numpy(), [[2, 2, 2]])


@EVERY
def test_without_down_spikes_the_ups_stay(code):
    signal = walk(channels=(2,))
    ups_only = code(down_spike=False).encode(signal)
    assert ups_only[0].any()
    assert not ups_only[1].any()
    if code is not SendOnDelta:
        np.testing.assert_array_equal(ups_only[0], code().encode(signal)[0])


def test_send_on_delta_without_down_spikes_only_rises():
    """The reference is the last value sent, so that what was fallen is not risen again."""
    signal = np.array([0.0, 1.0, -5.0, 0.5, 1.5, 2.0])
    spikes = SendOnDelta(threshold=0.75, down_spike=False).encode(signal)
    np.testing.assert_array_equal(spikes[0], [0, 1, 0, 0, 0, 1])


@DTYPES
@pytest.mark.parametrize(("signs", "spike"), [((0, 1, -1), 1), ((1, -1, 0), 0)], ids=["lost", "kept"])
def test_sums_of_windows_start_from_the_oldest(dtype, signs, spike):
    """1 + big − big is 0, big − big + 1 is 1: chunks agree with the whole only in one order."""
    big = 2.0 ** (np.finfo(dtype).nmant + 2)
    signal = np.array([*(sign * big if sign else 1.0 for sign in signs), 0.375], dtype)
    code = MovingWindow(threshold=0.25, window=3)
    assert code.encode(signal)[0, 3] == spike
    tensor = code._encode_tensor(torch.from_numpy(signal[None]), code._values((1,)), None)
    assert tensor[0, 0, 3] == spike


@ABSOLUTE
@DTYPES
def test_ties_are_decided_alike_on_every_device(code, dtype):
    signal = (np.round(walk(channels=(3,)) * 4) / 4).astype(dtype)
    assert (np.abs(np.diff(signal)) == 0.75).any()
    for down_spike in (True, False):
        instance = code(threshold=0.75, down_spike=down_spike)
        tensor = instance._encode_tensor(torch.from_numpy(signal), instance._values((3,)), None)
        np.testing.assert_array_equal(tensor.numpy(), instance.encode(signal))


# -- the statistics of TBR -------------------------------------------------------------------------------


def test_tbr_keeps_the_threshold_of_its_fit():
    quiet, loud = walk(seed=1), 10 * walk(seed=2)
    code = ThresholdBasedRepresentation(factor=1.0).fit(quiet, trials=0)
    theta = np.diff(quiet).mean() + np.diff(quiet).std()
    np.testing.assert_array_equal(code.encode(loud)[0, 1:], np.diff(loud) > theta)
    assert not np.array_equal(code.encode(loud), ThresholdBasedRepresentation(factor=1.0).encode(loud))
    state, parts = None, []
    for x in loud:
        spikes, state = code.step(x, state)
        parts.append(spikes)
    np.testing.assert_array_equal(np.stack(parts, -1), code.encode(loud))


def test_tbr_on_a_falling_trend_has_no_threshold():
    """mean + f·std is below 0: every change spikes by its sign, and nothing is decoded."""
    changes = np.array([-1.0, -1.25, -0.75, 0.125, -1.0, 0.0, -1.5])
    assert changes.mean() + 0.5 * changes.std() < 0
    signal = np.cumsum([3.0, *changes])
    code = ThresholdBasedRepresentation(factor=0.5)
    spikes = code.encode(signal)
    np.testing.assert_array_equal(signed(spikes)[1:], np.sign(changes))
    np.testing.assert_array_equal(code.decode(spikes, initial_value=3.0), np.full(8, 3.0))
    # the same signal upside down has one
    rising = ThresholdBasedRepresentation(factor=0.5).encode(-signal)
    np.testing.assert_array_equal(signed(rising)[1:], [0, 1, 0, 0, 0, 0, 1])


def test_tbr_on_a_straight_line_and_on_a_constant_is_silent():
    for slope in (0.25, 0.0):
        assert not ThresholdBasedRepresentation().encode(slope * np.arange(50.0)).any()


def test_tbr_says_what_it_needs():
    code = ThresholdBasedRepresentation()
    spikes = np.zeros((2, 5))
    with pytest.raises(StateError, match="no signal was encoded"):
        code.decode(spikes)
    with pytest.raises(StateError, match="scaling does not hold"):
        code.encode(np.arange(5.0), scaling=Scaling(0.0, 1.0))
    with pytest.raises(StateError, match="call fit first"):
        code.step(0.5)
    with pytest.raises(DataError, match="change_deviation"):
        code.encode(np.arange(5.0), scaling=Scaling(0.0, 1.0, change_mean=0.0, change_deviation=-1.0))
    known = Scaling(0.0, 1.0, change_mean=0.5, change_deviation=1.0)
    np.testing.assert_array_equal(code.encode(np.array([0.0, 1.0, 2.125]), scaling=known)[0], [0, 0, 1])


@pytest.mark.parametrize("exponent", [1000, -1000])
def test_tbr_measures_immense_and_tiny_changes(exponent):
    signal = walk(seed=6)
    scaled = np.ldexp(signal, exponent)
    ours, plain = Scaling.of(scaled, changes=True), Scaling.of(signal, changes=True)
    assert ours.change_deviation == np.ldexp(plain.change_deviation, exponent)
    np.testing.assert_array_equal(
        ThresholdBasedRepresentation().encode(scaled), ThresholdBasedRepresentation().encode(signal)
    )


# -- send-on-delta ---------------------------------------------------------------------------------------


def test_send_on_delta_keeps_within_its_threshold():
    signal, theta = walk(2000, seed=3), 1.5
    events = signed(SendOnDelta(threshold=theta).encode(signal))
    last, largest = signal[0], np.abs(np.diff(signal)).max()
    for x, event in zip(signal[1:], events[1:], strict=True):
        if event:
            assert theta < event * (x - last) < theta + largest
            last = x
        else:
            assert abs(x - last) <= theta
    assert np.abs(events).sum() > 100


def test_send_on_delta_of_a_ramp_is_regular():
    """A rise of 1/8 per sample passes 1/2 every fifth sample, and each event is decoded as 1/2 of its 5/8."""
    code = SendOnDelta(threshold=0.5)
    spikes = code.encode(np.arange(41) / 8)
    np.testing.assert_array_equal(np.flatnonzero(spikes[0]), np.arange(5, 41, 5))
    assert code.decode(spikes)[-1] == 0.5 * 8


# -- decoding --------------------------------------------------------------------------------------------


@ABSOLUTE
def test_decoders_count_and_do_not_drift_by_rounding(code):
    """A thousand steps of 0.1 in float32 are one product, and as many downs lead back to the start."""
    spikes = np.zeros((2, 2001), np.float32)
    spikes[0, 1:1001], spikes[1, 1001:] = 1, -1
    for given in (spikes, torch.from_numpy(spikes)):
        decoded = np.asarray(code(threshold=0.1).decode(given, initial_value=0.3))
        assert decoded[1000] == np.float32(0.1) * np.float32(1000) + np.float32(0.3)
        assert decoded[-1] == decoded[0] == np.float32(0.3)
    assert code(threshold=0.1).decode(spikes.astype(int)).dtype == np.float64


@ABSOLUTE
def test_the_first_value_is_the_initial_one(code):
    """No code spikes at the first sample; spikes that someone put there do not shift the rest."""
    spikes = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    for given in (spikes, torch.from_numpy(spikes)):
        decoded = code(threshold=0.5).decode(given, initial_value=2.0)
        np.testing.assert_array_equal(np.asarray(decoded), [2, 2, 2.5])
    instance = code(threshold=0.5)
    tensor = torch.from_numpy(spikes[:, None])
    decoded = instance._decode_tensor(tensor, instance._values((1,)), None, np.array([2.0]))
    np.testing.assert_array_equal(decoded.numpy(), [[2, 2, 2.5]])


@ABSOLUTE
@DTYPES
def test_devices_decode_bit_for_bit_alike(code, dtype):
    spikes = code(threshold=0.3).encode(walk(channels=(5,), dtype=dtype))
    instance = code(threshold=np.linspace(0.1, 0.5, 5))
    first = np.linspace(-1, 1, 5)
    tensor = instance._decode_tensor(torch.from_numpy(spikes), instance._values((5,)), None, first)
    np.testing.assert_array_equal(tensor.numpy(), instance.decode(spikes, initial_value=first))


def test_delta_gives_back_at_most_56_percent_of_a_slow_sine():
    signal = np.sin(2 * np.pi * np.arange(10001) / 10000)
    steepest = 2 * np.pi / 10000
    heights = []
    for part in np.linspace(0.02, 0.98, 49):
        code = DeltaModulation(threshold=part * steepest)
        heights.append(np.ptp(code.decode(code.encode(signal))) / 2)
        # θ adds up where the slope is above it: u·acos(u) of the height
        assert heights[-1] == pytest.approx(part * math.acos(part), abs=2e-3)
    assert 0.559 < max(heights) < 0.5621


# -- streams ---------------------------------------------------------------------------------------------


def test_moving_window_streams_with_a_window_for_each_channel():
    signal = walk(channels=(3,))
    code = MovingWindow(threshold=0.5, window=[1, 7, 50])
    whole, state, parts, start = code.encode(signal), None, [], 0
    for length in (1, 2, 3, 50, 1, 100, 243):
        spikes, state = code.advance(signal[:, start : start + length], state)
        parts.append(spikes)
        start += length
    np.testing.assert_array_equal(np.concatenate(parts, -1), whole)
    assert state.carry["recent"].shape == (3, 50)


def test_a_window_that_grows_within_a_stream_is_named():
    narrow, wide = MovingWindow(window=3), MovingWindow(window=9)
    _, state = narrow.advance(walk(20))
    with pytest.raises(StateError, match="9 wide"):
        wide.advance(walk(20), state)
    # a window that shrinks loses nothing
    _, state = wide.advance(walk(40)[:20])
    spikes, _ = narrow.advance(walk(40)[20:], state)
    np.testing.assert_array_equal(spikes, narrow.encode(walk(40))[:, 20:])


# -- search ----------------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("kind", ["walk", "constant", "one", "line"])
def test_bounds_of_the_search_are_in_order(code, kind):
    signal = {"walk": walk(), "constant": np.ones(9), "one": np.ones(1), "line": np.arange(9.0)}[kind][None]
    ranges = Scaling.of(signal, changes=True).per_channel((1,))
    dimensions = code()._dimensions(signal, ranges)
    assert tuple(dimension.name for dimension in dimensions) == code.tuned
    for dimension in dimensions:
        assert math.isfinite(dimension.high)
        assert dimension.low < dimension.high
        assert dimension.low > 0 or not dimension.log
        code(**{dimension.name: dimension.low})
        code(**{dimension.name: dimension.high})


@pytest.mark.parametrize("code", [DeltaModulation, ThresholdBasedRepresentation], ids=["delta", "tbr"])
def test_the_upper_bound_is_where_spikes_end(code):
    signal = walk()[None]
    ranges = Scaling.of(signal, changes=True).per_channel((1,))
    (dimension,) = code()._dimensions(signal, ranges)
    assert not code(**{dimension.name: dimension.high * (1 + 1e-12)}).encode(signal).any()
    assert code(**{dimension.name: dimension.high * 0.99}).encode(signal).any()
