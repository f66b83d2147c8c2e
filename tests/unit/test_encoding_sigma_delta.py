"""Sigma-delta: nothing of the signal is lost, and what the decoder makes of it."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from lamina.encoding import Scaling
from lamina.encoding.sigma_delta import SigmaDelta
from lamina.errors import DataError, OutOfRangeWarning, StateError

UNIT = Scaling(-1.0, 1.0)
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
POLARITIES = pytest.mark.parametrize("down_spike", [True, False], ids=["signed", "up-only"])


def walk(samples=500, channels=(), seed=0, dtype="float64"):
    return np.random.default_rng(seed).standard_normal((*channels, samples)).cumsum(-1).astype(dtype)


def dyadic(samples, seed=0):
    """Numbers in [-1, 1] of which all sums are exact."""
    return np.random.default_rng(seed).integers(-1024, 1025, samples) / 1024


def signed(spikes):
    return spikes[0] + spikes[1]


def triangle(window):
    return window - np.abs(np.arange(-window + 1, window))


# -- the encoder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [1.0, 1.5, 3.25])
@pytest.mark.parametrize("shape", ["noise", "sine", "extremes"])
def test_what_the_spikes_owe_stays_below_the_threshold(threshold, shape):
    """Exact sums, in fractions: |Σ(s − θ·spike)| < θ at every time, as long as |s| ≤ θ."""
    signal = {
        "noise": dyadic(3000),
        "sine": np.round(1024 * np.sin(np.arange(3000) / 40)) / 1024,
        "extremes": np.sign(dyadic(3000, seed=2)),
    }[shape]
    spikes = signed(SigmaDelta(threshold=threshold).encode(signal, scaling=UNIT))
    owed = Fraction(0)
    for s, spike in zip(signal, spikes, strict=True):
        owed += Fraction(float(s)) - Fraction(threshold) * int(spike)
        assert abs(owed) < threshold
    assert np.abs(spikes).sum() > 50


@DTYPES
@POLARITIES
def test_the_bound_holds_for_real_signals_but_for_rounding(dtype, down_spike):
    signal = walk(20000, dtype=dtype)
    spikes = signed(SigmaDelta(down_spike=down_spike).encode(signal)).astype(np.float64)
    wide = signal.astype(np.float64)
    unit = (wide - wide.min()) / np.ptp(wide)
    owed = np.cumsum((2 * unit - 1 if down_spike else unit) - spikes)
    # every sum rounds by at most half a unit in the last place of the potential
    assert np.abs(owed).max() < 1 + 20000 * np.finfo(dtype).eps


@pytest.mark.parametrize("level", [0.0, 0.125, 0.375, 0.5, 0.8125, 1.0])
@pytest.mark.parametrize("threshold", [1.0, 1.25, 2.0])
def test_constants_are_counted_exactly(level, threshold):
    """By time t, the spikes are the whole thresholds in the sum: floor((t + 1)·s/θ)."""
    expected = np.floor(np.arange(1, 201) * level / threshold)
    for sign in (1, -1):
        spikes = SigmaDelta(threshold=threshold).encode(np.full(200, sign * level), scaling=UNIT)
        np.testing.assert_array_equal(np.cumsum(signed(spikes)), sign * expected)
    ups = SigmaDelta(threshold=threshold, down_spike=False).encode(
        np.full(200, level), scaling=Scaling(0.0, 1.0)
    )
    np.testing.assert_array_equal(np.cumsum(ups[0]), expected)
    assert not ups[1].any()


def test_exactly_the_threshold_spikes():
    for sign in (1.0, -1.0):
        spikes = SigmaDelta(threshold=1.0).encode(np.array([sign]), scaling=UNIT)
        assert signed(spikes)[0] == sign
        # a difference that scaling does not round away
        below = sign * (1 - 2.0**-40)
        assert not SigmaDelta(threshold=1.0).encode(np.array([below]), scaling=UNIT).any()


@DTYPES
@POLARITIES
def test_ties_are_decided_alike_on_every_device(dtype, down_spike):
    signal = np.round(dyadic(600).reshape(3, 200).astype(dtype) * 4) / 4
    code = SigmaDelta(threshold=1.25, down_spike=down_spike)
    ranges = UNIT.per_channel((3,))
    tensor = code._encode_tensor(torch.from_numpy(signal), code._values((3,)), ranges)
    spikes = code.encode(signal, scaling=UNIT)
    np.testing.assert_array_equal(tensor.numpy(), spikes)
    assert spikes[0].any()
    assert spikes[1].any() == down_spike


def test_an_overloaded_unit_catches_up():
    """At s = 1 and θ = 0.5, half of what comes in is owed after ten samples: ten spikes more."""
    signal = np.concatenate([np.ones(10), np.zeros(30)])
    spikes = SigmaDelta(threshold=0.5).encode(signal, scaling=UNIT)
    np.testing.assert_array_equal(spikes[0], [1] * 20 + [0] * 20)


def test_values_beyond_the_range_are_kept():
    code = SigmaDelta().fit(np.array([0.0, 1.0]), trials=0)
    with pytest.warns(OutOfRangeWarning, match="as they are"):
        spikes = code.encode(np.array([2.0, 0.5, 0.5, 0.5]))
    # s is 3, then 0: three spikes, one per sample
    np.testing.assert_array_equal(spikes[0], [1, 1, 1, 0])


def test_streams_carry_the_potential():
    signal = walk(seed=3)
    code = SigmaDelta().fit(signal, trials=0)
    first, state = code.advance(signal[:123])
    scaled = 2 * (signal[:123] - signal.min()) / np.ptp(signal) - 1
    assert state.carry["potential"][0] == pytest.approx(scaled.sum() - signed(first).sum(), abs=1e-10)
    second, _ = code.advance(signal[123:], state)
    np.testing.assert_array_equal(np.concatenate([first, second], -1), code.encode(signal))
    with pytest.raises(StateError, match="range"):
        SigmaDelta().step(0.5)


def test_a_range_lost_in_single_precision_is_named():
    with pytest.raises(DataError, match="float32"):
        SigmaDelta().encode(np.array([1e9, 1e9 + 1], np.float32), scaling=Scaling(1e9, 1e9 + 1))
    with pytest.raises(DataError, match="float32"):
        SigmaDelta().decode(np.zeros((2, 4), np.float32), scaling=Scaling(1e9, 1e9 + 1))


@DTYPES
@pytest.mark.parametrize("exponent", [-1000, -140, 0, 100, 1000])
def test_the_unit_does_not_matter(dtype, exponent):
    if dtype == "float32" and abs(exponent) > 140:
        pytest.skip("beyond float32")
    signal = (np.round(walk(dtype=dtype) * 8) / 8).astype(dtype)
    spikes = SigmaDelta().encode(np.ldexp(signal, exponent))
    np.testing.assert_array_equal(spikes, SigmaDelta().encode(signal))


def test_one_sample_needs_a_range():
    with pytest.raises(DataError, match="constant"):
        SigmaDelta().encode(np.array([0.5]))
    code = SigmaDelta()
    spikes = code.encode(np.array([1.0]), scaling=UNIT)
    np.testing.assert_array_equal(code.decode(spikes, scaling=UNIT), [1.0])


# -- the decoder -----------------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("window", [1, 2, 9, 40, 399, 1000])
@pytest.mark.parametrize("samples", [1, 2, 3, 50, 400])
def test_decoding_is_a_triangle(dtype, window, samples):
    rng = np.random.default_rng(5)
    spikes = np.zeros((2, 3, samples), dtype)
    spikes[0] = rng.random((3, samples)) < 0.3
    spikes[1] = -1.0 * ((rng.random((3, samples)) < 0.3) & (spikes[0] == 0))
    code = SigmaDelta(threshold=1.25, window=window)
    decoded = code.decode(spikes)
    weights = triangle(window)
    inside = slice(window - 1, window - 1 + samples)
    total = np.array([np.convolve(one, weights)[inside] for one in signed(spikes).astype(float)])
    norm = np.convolve(np.ones(samples), weights)[inside]
    np.testing.assert_allclose(
        decoded, 1.25 * total / norm, rtol=0, atol=1e-6 if dtype == "float32" else 1e-12
    )
    tensor = code._decode_tensor(torch.from_numpy(spikes), code._values((3,)), None, None)
    np.testing.assert_array_equal(tensor.numpy(), decoded)


def test_windows_may_differ_between_channels():
    spikes = SigmaDelta().encode(walk(channels=(4,)))
    windows = np.array([1, 5, 60, 10**9])
    code = SigmaDelta(window=windows, threshold=[1.0, 1.5, 2.0, 1.0])
    decoded = code.decode(spikes)
    for channel, (window, threshold) in enumerate(zip(windows, (1.0, 1.5, 2.0, 1.0), strict=True)):
        alone = SigmaDelta(window=window, threshold=threshold).decode(spikes[:, channel])
        np.testing.assert_array_equal(decoded[channel], alone)
    # under an endless triangle all spikes weigh alike
    np.testing.assert_allclose(decoded[3], signed(spikes)[3].mean(), atol=1e-6)
    tensor = code._decode_tensor(torch.from_numpy(spikes), code._values((4,)), None, None)
    np.testing.assert_array_equal(tensor.numpy(), decoded)


def test_decoding_does_not_lag():
    """Time turned round is the same turned round."""
    spikes = SigmaDelta().encode(walk())
    code = SigmaDelta(window=17)
    np.testing.assert_array_equal(code.decode(spikes[:, ::-1]), code.decode(spikes)[::-1])


@pytest.mark.parametrize("window", [1, 5, 20, 80])
def test_a_constant_errs_by_less_than_twice_the_threshold_by_the_window(window):
    for threshold in (1.0, 2.0):
        for level in np.linspace(-1, 1, 41):
            code = SigmaDelta(threshold=threshold, window=window)
            decoded = code.decode(code.encode(np.full(400, level), scaling=UNIT), scaling=UNIT)
            inside = slice(window, 400 - window)
            assert np.abs(decoded[inside] - level).max() < 2 * threshold / window + 1e-12


@pytest.mark.parametrize("kind", ["slow-sine", "sine", "walk", "smooth-noise"])
def test_the_triangle_errs_less_than_moving_averages(kind):
    """At the best width of each: the reason for this decoder."""
    t = np.arange(2000)
    noise = np.random.default_rng(0).standard_normal(2400)
    signal = {
        "slow-sine": np.sin(2 * np.pi * t / 1000),
        "sine": np.sin(2 * np.pi * t / 100),
        "walk": walk(2000),
        "smooth-noise": np.convolve(noise, np.hanning(41), "same")[200:2200],
    }[kind]
    scaled = 2 * (signal - signal.min()) / np.ptp(signal) - 1
    spikes = SigmaDelta().encode(signal)
    widths = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80)

    def error(decoded):
        return np.sqrt(np.mean((decoded - scaled) ** 2))

    def average(width, ahead):
        sums = np.concatenate([[0], np.cumsum(signed(spikes))])
        begin, end = np.maximum(t - width + 1, 0), np.minimum(t + 1 + ahead, 2000)
        return (sums[end] - sums[begin]) / (end - begin)

    ours = min(error(SigmaDelta(window=width).decode(spikes)) for width in widths)
    assert ours < 0.95 * min(error(average(width, width - 1)) for width in widths)
    assert ours < 0.75 * min(error(average(width, 0)) for width in widths)


@POLARITIES
def test_without_a_range_the_codes_own_interval_is_decoded(down_spike):
    signal = walk(seed=8)
    code = SigmaDelta(window=12, down_spike=down_spike)
    spikes = code.encode(signal)
    raw = SigmaDelta(window=12, down_spike=down_spike).decode(spikes)
    unit = (raw + 1) / 2 if down_spike else raw
    np.testing.assert_allclose(code.decode(spikes), signal.min() + unit * np.ptp(signal), rtol=1e-12)
    error = np.sqrt(np.mean((code.decode(spikes) - signal) ** 2))
    assert error < 0.08 * np.ptp(signal)


@pytest.mark.parametrize("samples", [1, 2, 9, 5000])
def test_bounds_of_the_search_are_in_order(samples):
    signal = walk(samples)[None]
    for dimension in SigmaDelta()._dimensions(signal, Scaling.of(signal).per_channel((1,))):
        assert 0 < dimension.low < dimension.high
        SigmaDelta(**{dimension.name: dimension.low})
        SigmaDelta(**{dimension.name: dimension.high})
