"""Measures of codes against closed forms, hand counts, scikit-learn and SciPy."""

import math

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import r2_score, root_mean_squared_error

from lamina.encoding import StepForwardConverter, metrics
from lamina.encoding.metrics import fit_per_spike, r_squared, rmse, snr_db, sparsity, spike_bits, spike_rate
from lamina.encoding.population_code import PopulationCode
from lamina.encoding.signals import Channels
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError

OF_SIGNALS = (rmse, snr_db, r_squared)
OF_SPIKES = (spike_rate, sparsity, spike_bits)


def walks(seed=0, shape=(3, 2, 200)):
    rng = np.random.default_rng(seed)
    signal = np.cumsum(rng.standard_normal(shape), axis=-1)
    return signal, signal + 0.3 * rng.standard_normal(shape)


def trains(seed=0, shape=(3, 2, 200)):
    symbols = np.random.default_rng(seed).choice([0, 1, -1], p=[0.7, 0.2, 0.1], size=shape)
    return np.stack([symbols == 1, -(symbols == -1).astype(float)]).astype(float), symbols


def named(function):
    return function.__name__


def test_sine_and_its_half_have_the_errors_of_the_textbook():
    signal = np.sin(2 * np.pi * np.arange(1000) / 100)
    # a sine of amplitude A has root mean square A / √2
    assert rmse(signal, 0.5 * signal) == pytest.approx(0.5 / math.sqrt(2), rel=1e-12)
    assert snr_db(signal, 0.5 * signal) == pytest.approx(20 * math.log10(2), rel=1e-12)
    assert r_squared(signal, 0.5 * signal) == pytest.approx(0.75, rel=1e-12)


def test_an_offset_counts_for_the_signal_to_noise_ratio_and_not_for_r_squared():
    signal, decoded = walks(1, (500,))
    high = 1000.0 - signal.mean()
    assert snr_db(signal + high, decoded + high) == pytest.approx(
        10 * math.log10(np.mean((signal + high) ** 2) / np.mean((signal - decoded) ** 2)), rel=1e-9
    )
    assert r_squared(signal + high, decoded + high) == pytest.approx(r_squared(signal, decoded), rel=1e-9)


def test_errors_agree_with_scikit_learn_in_every_channel():
    signal, decoded = walks()
    for index in np.ndindex(3, 2):
        assert rmse(signal, decoded)[index] == pytest.approx(
            root_mean_squared_error(signal[index], decoded[index]), rel=1e-12
        )
        assert r_squared(signal, decoded)[index] == pytest.approx(
            r2_score(signal[index], decoded[index]), rel=1e-12
        )


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_squares_neither_overflow_nor_vanish(scale):
    signal, decoded = walks(2, (100,))
    assert rmse(signal * scale, decoded * scale) == pytest.approx(rmse(signal, decoded) * scale, rel=1e-9)
    assert snr_db(signal * scale, decoded * scale) == pytest.approx(snr_db(signal, decoded), rel=1e-9)
    assert r_squared(signal * scale, decoded * scale) == pytest.approx(r_squared(signal, decoded), rel=1e-9)


def test_limits_of_exact_decodings_and_of_constant_signals():
    signal = np.array([1.0, 2.0, 4.0])
    assert (rmse(signal, signal), snr_db(signal, signal), r_squared(signal, signal)) == (0.0, math.inf, 1.0)
    # the mean of 49 times 0.1 is not 0.1 in floating point
    constant = np.full(49, 0.1)
    assert r_squared(constant, constant + 1.0) == -math.inf
    assert math.isnan(r_squared(constant, constant))
    silent = np.zeros(4)
    assert snr_db(silent, silent + 1.0) == -math.inf
    assert math.isnan(snr_db(silent, silent))


def test_rates_count_every_spike():
    spikes, symbols = trains()
    counts = (symbols != 0).sum(axis=-1)
    np.testing.assert_allclose(spike_rate(spikes), counts / 200, rtol=1e-15)
    np.testing.assert_allclose(spike_rate(spikes, 250.0), counts / 200 * 250, rtol=1e-15)
    np.testing.assert_allclose(sparsity(spikes), 1 - counts / 200, rtol=1e-12)


def test_neurons_count_together_but_are_silent_only_together():
    neurons = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    assert spike_rate(neurons, rows="neurons") == 1.0
    assert sparsity(neurons, rows="neurons") == 0.25
    # halves, quarters and quarters, each neuron coded alone
    quarter = -4 * (0.25 * math.log2(0.25) + 0.75 * math.log2(0.75))
    assert spike_bits(neurons, rows="neurons") == pytest.approx(4 + 2 * quarter, rel=1e-12)


def test_trains_of_several_steps_per_sample_are_counted_per_sample():
    train = np.array([1, 1, 0, 0, 1, 1, 1, 1])
    assert spike_rate(train, rows=None, steps_per_sample=4) == 3.0
    assert spike_rate(train, 10.0, rows=None, steps_per_sample=4) == 30.0
    assert sparsity(train, rows=None) == 0.25
    with pytest.raises(ShapeError, match="multiple of 3 steps"):
        spike_rate(train, rows=None, steps_per_sample=3)


def test_bits_are_the_entropy_of_the_symbols():
    spikes, symbols = trains()
    found = spike_bits(spikes)
    for index in np.ndindex(3, 2):
        _, counts = np.unique(symbols[index], return_counts=True)
        assert found[index] == pytest.approx(200 * scipy.stats.entropy(counts, base=2), rel=1e-12)


@pytest.mark.parametrize("function", OF_SPIKES, ids=named)
def test_the_code_itself_says_what_the_rows_are(function):
    spikes, _ = trains()
    np.testing.assert_array_equal(function(spikes, rows=StepForwardConverter()), function(spikes))
    neurons = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    assert function(neurons, rows=PopulationCode(n_neurons=3)) == function(neurons, rows="neurons")


def test_up_and_down_at_once_are_a_symbol_of_their_own():
    spikes = np.array([[0, 1, 0, 1], [0, 0, -1, -1]])
    assert spike_bits(spikes) == 8.0
    assert spike_bits(np.zeros((2, 5))) == 0.0
    assert spike_bits(np.array([1, 1, 1, 1]), rows=None) == 0.0


def test_fit_per_spike_shares_the_explained_variance_out():
    signal, decoded = walks()
    spikes, symbols = trains()
    counts = (symbols != 0).sum(axis=-1)
    np.testing.assert_allclose(
        fit_per_spike(signal, decoded, spikes), r_squared(signal, decoded) / counts, rtol=1e-12
    )
    # worse than the mean explains nothing, however few spikes it took; nor do no spikes
    assert (fit_per_spike(signal, decoded + 100.0, spikes) == 0).all()
    assert (fit_per_spike(signal, signal, np.zeros_like(spikes)) == 0).all()


@pytest.mark.parametrize("function", OF_SIGNALS, ids=named)
def test_torch_in_torch_out_and_any_axis_of_time(function):
    import torch

    signal, decoded = walks()
    expected = function(signal, decoded)
    assert expected.shape == (3, 2)
    found = function(torch.from_numpy(signal), torch.from_numpy(decoded))
    assert isinstance(found, torch.Tensor)
    np.testing.assert_array_equal(found.numpy(), expected)
    np.testing.assert_array_equal(
        function(np.moveaxis(signal, -1, 1), np.moveaxis(decoded, -1, 1), dim=1), expected
    )
    assert isinstance(function(signal[0, 0], decoded[0, 0]), float)


@pytest.mark.parametrize("function", OF_SPIKES, ids=named)
def test_spikes_of_torch_and_any_axis_of_time(function):
    import torch

    spikes, _ = trains()
    expected = function(spikes)
    assert expected.shape == (3, 2)
    np.testing.assert_array_equal(function(torch.from_numpy(spikes).to(torch.float32)).numpy(), expected)
    np.testing.assert_array_equal(function(np.moveaxis(spikes, -1, 2), dim=-2), expected)


def test_tensors_on_other_devices_are_measured_there(monkeypatch):
    import torch

    # what is not on the CPU stays a tensor; here one stands in for it
    def as_tensors(admit):
        def admitted(*words, **named):
            channels = admit(*words, **named)
            return Channels(torch.from_numpy(channels.values), channels.leading, channels.axis, True)

        return admitted

    signal, decoded = walks()
    spikes, _ = trains()
    expected = [function(signal, decoded) for function in OF_SIGNALS]
    expected += [function(spikes) for function in OF_SPIKES]
    expected.append(fit_per_spike(signal, decoded, spikes))
    for name in ("admit_signal", "admit_spikes"):
        monkeypatch.setattr(metrics, name, as_tensors(getattr(metrics, name)))
    found = [function(signal, decoded) for function in OF_SIGNALS]
    found += [function(spikes) for function in OF_SPIKES]
    found.append(fit_per_spike(signal, decoded, spikes))
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, torch.Tensor)
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-12)


@pytest.mark.parametrize("function", OF_SIGNALS, ids=named)
def test_signals_that_do_not_belong_together_are_refused(function):
    signal, decoded = walks()
    with pytest.raises(ShapeError, match="decoded must be of the signal's shape"):
        function(signal, decoded[..., 1:])
    with pytest.raises(ShapeError, match="decoded must be of the signal's shape"):
        function(signal, np.moveaxis(decoded, 0, 1))
    decoded[1, 0, 3] = np.nan
    with pytest.raises(DataError, match=r"decoded .* 1 value\(s\) of NaN in channel \(1, 0\)"):
        function(signal, decoded)
    with pytest.raises(ArgumentTypeError, match="decoded"):
        function(signal, "text")


@pytest.mark.parametrize("function", OF_SPIKES, ids=named)
def test_what_are_no_spikes_is_refused(function):
    spikes, _ = trains()
    with pytest.raises(ShapeError, match="spikes must be of shape"):
        function(spikes[0])
    with pytest.raises(DataError, match="spikes must be 0 and 1 in the row of up spikes"):
        function(-spikes)
    with pytest.raises(ArgumentError, match="rows must be"):
        function(spikes, rows="columns")
    with pytest.raises(ShapeError, match="spikes must be of shape"):
        function(1.0)


def test_other_arguments_are_checked():
    spikes, _ = trains()
    signal, decoded = walks()
    with pytest.raises(ArgumentError, match="sampling_rate must be"):
        spike_rate(spikes, 0.0)
    with pytest.raises(ArgumentError, match="steps_per_sample must be"):
        spike_rate(spikes, steps_per_sample=0)
    with pytest.raises(ShapeError, match=r"spikes must be of the signal's channels, of shape \(3, 2\)"):
        fit_per_spike(signal, decoded, spikes[:, :2])
