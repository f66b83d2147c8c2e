"""What is particular to pulse-width modulation; what every code keeps is in tests/contracts/test_codes.py."""

from fractions import Fraction

import numpy as np
import pytest

from lamina.encoding import Scaling
from lamina.encoding.pulse_width_modulation import PulseWidthModulation
from lamina.errors import ArgumentError, ArgumentTypeError, OutOfRangeWarning

UNIT = Scaling(minimum=0.0, maximum=1.0, initial=0.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_constant_signal_is_passed_once_in_every_period(dtype):
    # a carrier of 20 samples passes s at s, and 1 − s at 1 − s, in exact fractions
    level, period = Fraction(13, 64), 20
    expected = np.zeros((2, 200))
    for start in range(0, 200, period):
        ramp = [Fraction(k, period) for k in range(period)]
        expected[0, start + next(k for k in range(period) if level < ramp[k])] = 1
        expected[1, start + next(k for k in range(period) if level > 1 - ramp[k])] = -1
    code = PulseWidthModulation(50.0)
    np.testing.assert_array_equal(code.encode(np.full(200, float(level), dtype), scaling=UNIT), expected)


def test_down_wins_where_both_hold():
    # above one half the carrier is above s = 1/2 and 1 − c below it
    spikes = PulseWidthModulation(50.0).encode(np.full(20, 0.5), scaling=UNIT)
    assert not spikes[0].any()
    assert np.flatnonzero(spikes[1]).tolist() == [11]
    up = PulseWidthModulation(50.0, down_spike=False).encode(np.full(20, 0.5), scaling=UNIT)
    assert np.flatnonzero(up[0]).tolist() == [11]
    assert not up[1].any()


def test_a_level_that_changes_sign_spikes_again():
    # s below c gives +1, then s above 1 − c gives −1 with no sample between them
    signal = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    spikes = PulseWidthModulation(100.0).encode(signal, scaling=UNIT)
    np.testing.assert_array_equal(spikes, [[0, 1, 0, 0, 0, 1, 0], [0, 0, 0, -1, 0, 0, 0]])


def test_the_carrier_keeps_its_phase_over_a_long_signal():
    # 50 Hz at 1000 Hz repeats every 20 samples, also a million samples on
    signal = np.full(1_000_020, 0.32)
    spikes = PulseWidthModulation(50.0).encode(signal, scaling=UNIT)
    np.testing.assert_array_equal(spikes[:, -20:], spikes[:, :20])


def test_the_comparison_is_in_float64():
    # 0.1 is 0.1000000015 in float32; of these carriers at sample 1, one lies below and one above it, by less
    # than float32 can tell
    signal = np.array([1.0, 0.1, 0.0], np.float32)
    assert PulseWidthModulation(100.0000005).encode(signal, scaling=UNIT)[0, 1] == 0
    assert PulseWidthModulation(100.000002).encode(signal, scaling=UNIT)[0, 1] == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_decoding_is_the_line_through_both_polarities(dtype):
    spikes = np.zeros((2, 30), dtype)
    spikes[0, 3] = spikes[0, 17] = 1
    spikes[1, 8] = spikes[1, 25] = -1
    carrier = np.arange(30) * 0.07 % 1
    heights = [0.5, carrier[3], 1 - carrier[8], carrier[17], 1 - carrier[25]]
    line = np.interp(np.arange(30), [0, 3, 8, 17, 25], heights)
    code = PulseWidthModulation(70.0)
    decoded = code.decode(spikes, initial_value=0.5)
    assert decoded.dtype == dtype
    np.testing.assert_allclose(decoded, line, atol=1e-6 if dtype == "float32" else 1e-14)
    scaled = code.decode(spikes, scaling=Scaling(minimum=-3.0, maximum=5.0), initial_value=1.0)
    np.testing.assert_allclose(scaled, -3 + 8 * line, atol=1e-5 if dtype == "float32" else 1e-13)


def test_decoding_starts_from_what_is_known():
    silent = np.zeros((2, 5))
    code = PulseWidthModulation(1.0)
    np.testing.assert_array_equal(code.decode(silent), np.zeros(5))
    np.testing.assert_array_equal(code.decode(silent, scaling=Scaling(minimum=2.0, maximum=4.0)), [2.0] * 5)
    code.fit(np.array([3.0, 2.0, 4.0]), trials=0)
    np.testing.assert_array_equal(code.decode(silent), [3.0] * 5)
    np.testing.assert_array_equal(code.decode(silent, initial_value=2.5), [2.5] * 5)


def test_a_line_through_a_slow_signal_misses_it_by_less_than_one_period_lets_it_move():
    t = np.arange(3000)
    signal = 5 * np.sin(2 * np.pi * t / 1500) + 2
    code = PulseWidthModulation(40.0)
    error = np.abs(code.decode(code.encode(signal)) - signal)
    # 25 samples a period, and one sample's rise of the carrier
    slope = 5 * 2 * np.pi / 1500
    assert error[:-50].max() < 25 * slope + 10 * 0.04
    assert np.sqrt(np.mean(error**2)) < 0.25


def test_every_channel_has_its_own_frequency():
    signal = np.random.default_rng(0).standard_normal((2, 3, 400)).cumsum(axis=-1)
    frequencies = np.array([[3.0, 10.0, 33.3], [77.7, 150.0, 400.0]])
    code = PulseWidthModulation(frequencies)
    spikes = code.encode(signal)
    decoded = code.decode(spikes)
    for index in np.ndindex(2, 3):
        alone = PulseWidthModulation(frequencies[index])
        np.testing.assert_array_equal(spikes[(slice(None), *index)], alone.encode(signal[index]))
        np.testing.assert_array_equal(decoded[index], alone.decode(spikes[(slice(None), *index)]))


def test_only_the_ratio_of_the_frequencies_counts():
    signal = np.random.default_rng(0).standard_normal(300).cumsum()
    slow = PulseWidthModulation(0.5, sampling_rate=8.0).encode(signal)
    np.testing.assert_array_equal(PulseWidthModulation(1000.0, sampling_rate=16000.0).encode(signal), slow)


def test_values_beyond_the_range_are_clipped():
    code = PulseWidthModulation(100.0).fit(np.array([-1.0, 1.0]), trials=0)
    signal = np.random.default_rng(0).uniform(-3, 3, 100)
    with pytest.warns(OutOfRangeWarning, match="are clipped to it") as caught:
        spikes = code.encode(signal)
    assert len(caught) == 1
    np.testing.assert_array_equal(spikes, code.encode(signal.clip(-1, 1)))
    assert np.abs(code.decode(spikes)).max() <= 1


def test_a_stream_that_is_joined_late_has_a_carrier_of_its_own():
    signal = np.sin(np.arange(500) / 40)
    code = PulseWidthModulation(30.0).fit(signal, trials=0)
    spikes, _ = code.advance(signal[123:])
    np.testing.assert_array_equal(spikes, code.encode(signal[123:]))
    assert (spikes != code.encode(signal)[:, 123:]).any()
    late = code.decode(spikes, initial_value=signal[123])
    whole = code.decode(code.encode(signal))
    assert np.mean((late - signal[123:]) ** 2) < 1.5 * np.mean((whole - signal) ** 2)


def test_a_level_goes_on_over_the_border_of_two_chunks():
    code = PulseWidthModulation(50.0)
    signal = np.full(40, 0.25)
    first, state = code.advance(signal[:8], scaling=UNIT)
    second, _ = code.advance(signal[8:], state, scaling=UNIT)
    assert first[0, 6] == 1
    # the level is still +1 at samples 8 and 9, which does not count again
    assert not second[0, :8].any()
    np.testing.assert_array_equal(np.concatenate([first, second], -1), code.encode(signal, scaling=UNIT))


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"frequency": 0}, ArgumentError, "frequency"),
        ({"frequency": -1.0}, ArgumentError, "frequency"),
        ({"frequency": 500.1}, ArgumentError, "half of the sampling rate, 500 Hz"),
        (
            {"frequency": [1.0, 60.0], "sampling_rate": 100.0},
            ArgumentError,
            "half of the sampling rate, 50 Hz",
        ),
        ({"frequency": np.inf}, ArgumentError, "frequency"),
        ({"sampling_rate": 0}, ArgumentError, "sampling_rate"),
        ({"sampling_rate": [100.0, 100.0]}, ArgumentTypeError, "sampling_rate"),
        ({"sampling_rate": np.nan}, ArgumentError, "sampling_rate"),
        ({"down_spike": 2}, ArgumentTypeError, "down_spike"),
    ],
    ids=["zero", "negative", "above", "channel", "infinite", "rate-zero", "rates", "rate-nan", "flag"],
)
def test_arguments_out_of_range_are_named(arguments, error, named):
    with pytest.raises(error, match=named):
        PulseWidthModulation(**arguments)


def test_half_of_the_sampling_rate_is_allowed():
    spikes = PulseWidthModulation(500.0).encode(np.array([0.0, 0.4, 0.0, 0.6, 0.0]), scaling=UNIT)
    # the carrier is 0, ½, 0, ½, 0
    np.testing.assert_array_equal(spikes, [[0, 1, 0, 0, 0], [0, 0, 0, -1, 0]])


def test_optimize_finds_a_frequency_within_the_limits():
    signal = np.sin(np.arange(1000) / 30)
    code = PulseWidthModulation(sampling_rate=200.0)
    frequency = code.optimize(signal, trials=60, seed=1)
    assert 0.2 <= frequency <= 100.0
    found = np.mean((code.decode(code.encode(signal)) - signal) ** 2)
    for other in np.geomspace(0.2, 100, 30):
        rival = PulseWidthModulation(other, sampling_rate=200.0)
        assert found < 1.3 * np.mean((rival.decode(rival.encode(signal)) - signal) ** 2)


@pytest.mark.parametrize(
    ("name", "value", "error", "told"),
    [
        ("frequency", 600.0, ArgumentError, "half of the sampling rate, 500 Hz"),
        ("sampling_rate", 60.0, ArgumentError, "half of the sampling rate, 30 Hz"),
        ("sampling_rate", "fast", ArgumentTypeError, "sampling_rate"),
        ("sampling_rate", -1.0, ArgumentError, "sampling_rate"),
    ],
    ids=["frequency", "rate", "rate-word", "rate-negative"],
)
def test_what_was_changed_later_is_checked_again(name, value, error, told):
    code = PulseWidthModulation(50.0)
    setattr(code, name, value)
    with pytest.raises(error, match=told):
        code.encode(np.array([0.0, 1.0, 0.5]))
