"""What is particular to LIF-based encoding; what every code keeps is in tests/contracts/test_codes.py."""

import warnings

import numpy as np
import pytest

from lamina.encoding import Scaling
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.errors import ArgumentError, ArgumentTypeError, OutOfRangeWarning

UNIT = Scaling(minimum=-1.0, maximum=1.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("leak", [0.0, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_constant_drive_spikes_at_the_interval_that_a_geometric_series_tells(dtype, leak, sign):
    drive, threshold = 0.3125, 0.28 if leak == 0.0 else 0.55
    # v after n samples is drive (1 + λ + ... + λⁿ⁻¹)
    interval = next(n for n in range(1, 99) if drive * sum(leak**k for k in range(n)) > threshold)
    code = LIFBasedEncoding(threshold, leak, baseline="zero")
    spikes = code.encode(np.full(60, sign * drive, dtype), scaling=UNIT)
    expected = np.zeros((2, 60))
    expected[0 if sign == 1 else 1, interval::interval] = sign
    np.testing.assert_array_equal(spikes, expected)


def test_below_what_the_leak_lets_it_reach_there_is_silence():
    # v never passes drive / (1 − λ) = 1
    signal = np.full(500, 0.25)
    assert not LIFBasedEncoding(1.0, 0.75, baseline="zero").encode(signal, scaling=UNIT).any()
    assert LIFBasedEncoding(0.99, 0.75, baseline="zero").encode(signal, scaling=UNIT).any()


def test_the_first_baseline_holds_until_the_first_spike():
    signal = np.array([0.0, 0.75, 0.25, 0.25, 0.25, 0.25, 0.0])
    zero = LIFBasedEncoding(0.5, 1.0, baseline="zero").encode(signal, scaling=UNIT)
    first = LIFBasedEncoding(0.5, 1.0).encode(signal, scaling=UNIT)
    # from zero: .75 spikes, then .25, .5, .75 spikes; from .75: +.25, +.5, +.75 spikes, and then from zero
    assert np.flatnonzero(zero[0]).tolist() == [1, 4]
    assert np.flatnonzero(first[0]).tolist() == [4]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_spike_of_either_sign_clears_the_first_baseline(sign):
    signal = sign * np.array([0.0, 0.75, 1.0, 0.25, 0.25, 0.25])
    spikes = LIFBasedEncoding(0.5, 1.0).encode(signal, scaling=UNIT)
    # 1.75 - 0.75 spikes; from zero, 0.75 does
    np.testing.assert_array_equal(np.flatnonzero(spikes[0 if sign == 1 else 1]), [2, 5])


def test_the_first_baseline_never_spikes_at_the_first_sample_however_large():
    spikes = LIFBasedEncoding(1e-6).encode(np.array([[0.0, 1.0, 1.0], [0.0, -1.0, -1.0]]), scaling=UNIT)
    assert not spikes[..., 1].any()
    assert spikes[0, 0, 2] == 1
    assert spikes[1, 1, 2] == -1


def test_the_first_sample_does_nothing():
    rest = np.array([0.5, -0.25, 0.75, 0.75])
    code = LIFBasedEncoding(0.4)
    one = code.encode(np.array([-1.0, *rest]), scaling=UNIT)
    np.testing.assert_array_equal(one, code.encode(np.array([1.0, *rest]), scaling=UNIT))


def test_without_down_spikes_a_low_voltage_is_kept():
    signal = np.array([0.0, -0.75, 0.5, 0.5, 0.5, 0.5])
    both = LIFBasedEncoding(0.5, 1.0, baseline="zero").encode(signal, scaling=UNIT)
    up = LIFBasedEncoding(0.5, 1.0, down_spike=False, baseline="zero").encode(signal, scaling=UNIT)
    assert np.flatnonzero(both[1]).tolist() == [1]
    assert np.flatnonzero(both[0]).tolist() == [3, 5]
    # −.75, −.25, .25, .75 spikes: one sample later, since nothing emptied the unit
    assert np.flatnonzero(up[0]).tolist() == [4]
    assert not up[1].any()


def test_decoding_is_a_sum_of_decaying_traces_of_either_sign():
    rng = np.random.default_rng(3)
    spikes = np.stack([rng.integers(0, 2, 40), -rng.integers(0, 2, 40)]).astype(np.float64)
    theta, leak = 0.3, 0.6
    t = np.arange(40)
    kernel = np.where(t[:, None] >= t, leak ** np.maximum(t[:, None] - t, 0), 0.0)
    kernel[:, 0] = 0.0  # a spike at t = 0 has nothing before it to change
    trace = theta * kernel @ spikes.sum(axis=0)
    code = LIFBasedEncoding(theta, leak)
    np.testing.assert_allclose(code.decode(spikes), trace, atol=1e-14)
    scaled = code.decode(spikes, scaling=Scaling(minimum=10.0, maximum=14.0))
    np.testing.assert_allclose(scaled, 10 + 4 * (trace + 1) / 2, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_channel_has_its_own_parameters(dtype):
    signal = np.random.default_rng(0).standard_normal((2, 3, 200)).cumsum(axis=-1).astype(dtype)
    thresholds = np.array([[0.1, 0.2, 0.3], [0.5, 0.7, 0.9]])
    leaks = np.array([[0.0, 0.3, 0.5], [0.7, 0.9, 1.0]])
    code = LIFBasedEncoding(thresholds, leaks)
    spikes = code.encode(signal)
    decoded = code.decode(spikes)
    assert decoded.dtype == dtype
    for index in np.ndindex(2, 3):
        alone = LIFBasedEncoding(thresholds[index], leaks[index])
        np.testing.assert_array_equal(spikes[(slice(None), *index)], alone.encode(signal[index]))
        np.testing.assert_array_equal(decoded[index], alone.decode(spikes[(slice(None), *index)]))


def test_values_beyond_the_range_charge_the_unit_more():
    code = LIFBasedEncoding(2.0, 1.0, baseline="zero").fit(np.array([-1.0, 1.0]), trials=0)
    with pytest.warns(OutOfRangeWarning, match="are used as they are") as caught:
        spikes = code.encode(np.array([0.0, 3.0, -5.0, 0.0]))
    np.testing.assert_array_equal(spikes, [[0, 1, 0, 0], [0, 0, -1, 0]])
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_a_stream_warns_once_of_values_beyond_the_range():
    code = LIFBasedEncoding().fit(np.array([-1.0, 1.0]), trials=0)
    state = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for x in (0.0, 3.0, -5.0, 0.0, 7.0):
            _, state = code.step(x, state)
    assert [warning.category for warning in caught] == [OutOfRangeWarning]
    assert caught[0].filename == __file__


def test_a_stream_that_is_joined_late_begins_with_a_silent_sample():
    signal = np.random.default_rng(1).uniform(-1, 1, 300)
    code = LIFBasedEncoding(0.3).fit(signal, trials=0)
    spikes, _ = code.advance(signal[100:])
    np.testing.assert_array_equal(spikes, code.encode(signal[100:]))
    # by its first spikes it has forgotten where it began
    whole = code.encode(signal)[:, 100:]
    np.testing.assert_array_equal(spikes[:, 50:], whole[:, 50:])


@pytest.mark.parametrize("samples", [(1, 1, 1), (2, 1, 30), (1, 40)], ids=["single", "two", "one-many"])
def test_a_stream_keeps_the_baseline_of_its_second_sample(samples):
    signal = np.array([0.0, 0.9] + [0.2] * 40)
    code = LIFBasedEncoding(0.5, 1.0).fit(np.array([-1.0, 1.0]), trials=0)
    state, parts, at = None, [], 0
    for length in (*samples, 99):
        if at < len(signal):
            part, state = code.advance(signal[at : at + length], state)
            parts.append(part)
            at += length
    np.testing.assert_array_equal(np.concatenate(parts, axis=-1), code.encode(signal))


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"threshold": 0}, ArgumentError, "threshold"),
        ({"threshold": [0.5, -0.5]}, ArgumentError, r"threshold.*channel 1"),
        ({"membrane_constant": 1.01}, ArgumentError, "membrane_constant"),
        ({"membrane_constant": -0.1}, ArgumentError, "membrane_constant"),
        ({"membrane_constant": "0.5"}, ArgumentTypeError, "membrane_constant"),
        ({"membrane_constant": np.nan}, ArgumentError, "membrane_constant"),
        ({"baseline": "frist"}, ArgumentError, "'first'"),
        ({"baseline": None}, ArgumentError, "baseline"),
        ({"down_spike": "False"}, ArgumentTypeError, "down_spike"),
    ],
    ids=["zero", "channel", "above", "below", "word", "nan", "typing-error", "none", "flag"],
)
def test_arguments_out_of_range_are_named(arguments, error, named):
    with pytest.raises(error, match=named):
        LIFBasedEncoding(**arguments)


def test_optimize_returns_the_parameters_in_the_documents_order():
    signal = np.sin(np.arange(400) / 20)
    code = LIFBasedEncoding()
    before = code.decode(code.encode(signal))
    threshold, leak = code.optimize(signal, trials=60, seed=1)
    assert code.parameters_["threshold"] == threshold
    assert code.parameters_["membrane_constant"] == leak
    after = code.decode(code.encode(signal))
    assert np.mean((after - signal) ** 2) < 0.2 * np.mean((before - signal) ** 2)
    # found parameters can be given to another instance, as in the document
    again = LIFBasedEncoding(threshold=threshold, membrane_constant=leak)
    np.testing.assert_array_equal(again.decode(again.encode(signal)), after)
