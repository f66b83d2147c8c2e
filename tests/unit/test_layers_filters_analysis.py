"""What filters tell of themselves: magnitude, phase, group delay, band energies."""

import numpy as np
import pytest
import scipy.signal
import torch

from lamina.layers.mixing.adaptive_global_filter import AdaptiveGlobalFilter
from lamina.layers.mixing.filtering import FilterMixingConfig, FilterMixingLayer
from lamina.layers.mixing.global_filter import GlobalFilterMixing
from lamina.layers.mixing.global_filter2d import GlobalFilterMixing2D


def with_taps(taps, **options):
    """A filter with this impulse response (size, channels)."""
    size, hidden = taps.shape
    layer = GlobalFilterMixing(hidden, size, "identity", dtype=torch.float64, **options)
    spectrum = np.fft.fft(taps, axis=0)
    with torch.no_grad():
        layer.filter_real.copy_(torch.tensor(spectrum.real))
        layer.filter_imag.copy_(torch.tensor(spectrum.imag))
    return layer


def analysed(layer):
    return {name: value.detach().numpy() for name, value in layer.analyze_frequency_response().items()}


def impulses(size, delays):
    taps = np.zeros((size, len(delays)))
    taps[np.asarray(delays) % size, np.arange(len(delays))] = 1
    return taps


@pytest.mark.parametrize("kind", [GlobalFilterMixing, AdaptiveGlobalFilter, GlobalFilterMixing2D])
def test_magnitude_and_phase_are_those_of_the_response(kind):
    layer = kind(4, 9, "identity", filter_init_std=1.0, generator=torch.Generator().manual_seed(0))
    found, response = analysed(layer), layer.get_filter_response().detach().numpy()
    assert set(found) == {"magnitude", "phase", "group_delay", "passband_energy"}
    np.testing.assert_allclose(found["magnitude"], np.abs(response), rtol=1e-5)
    np.testing.assert_allclose(found["phase"], np.angle(response), atol=1e-5)
    assert found["group_delay"].shape == (9, 4)
    assert found["passband_energy"].shape == (4, 4)


@pytest.mark.parametrize("size", [16, 15])
def test_group_delay_of_a_delay_is_the_delay(size):
    delays = [0, 1, 3, 7, -1, -5]
    found = analysed(with_taps(impulses(size, delays)))["group_delay"]
    np.testing.assert_allclose(found, np.tile(delays, (size, 1)), atol=1e-12)


@pytest.mark.parametrize("size", [16, 15])
def test_group_delay_of_a_causal_delay_counts_on(size):
    delays = [0, 1, 7, 12, size - 1]
    found = analysed(with_taps(impulses(size, delays), causal=True))["group_delay"]
    np.testing.assert_allclose(found, np.tile(delays, (size, 1)), atol=1e-12)


@pytest.mark.parametrize("size", [16, 15])
def test_group_delay_of_a_causal_filter_is_scipys(size):
    taps = np.random.default_rng(0).standard_normal((size, 3))
    found = analysed(with_taps(taps, causal=True))["group_delay"]
    for channel in range(3):
        place = 2 * np.pi * np.arange(size) / size
        _, expected = scipy.signal.group_delay((taps[:, channel], [1.0]), w=place)
        np.testing.assert_allclose(found[:, channel], expected, rtol=1e-9)


@pytest.mark.parametrize("size", [16, 15])
def test_group_delay_is_the_slope_of_the_phase(size):
    rng = np.random.default_rng(1)
    taps = rng.standard_normal((size, 3))
    if size % 2 == 0:
        taps[size // 2] = 0
    found = analysed(with_taps(taps))["group_delay"]
    time = np.fft.fftfreq(size, 1 / size)
    step = 1e-5
    for k in range(size):
        omega = 2 * np.pi * k / size
        ahead, behind = (np.exp(-1j * (omega + s) * time) @ taps for s in (step, -step))
        slope = np.angle(ahead / behind) / (2 * step)
        np.testing.assert_allclose(found[k], -slope, rtol=1e-5, atol=1e-5)


def test_zero_phase_filters_have_no_delay():
    layer = AdaptiveGlobalFilter(3, 16, filter_init_std=0.0, dtype=torch.float64)
    np.testing.assert_allclose(analysed(layer)["group_delay"], 0, atol=1e-12)
    layer = GlobalFilterMixing(3, 16, "identity", dtype=torch.float64)
    with torch.no_grad():  # real, of changing sign
        layer.filter_imag.zero_()
        layer.filter_real.normal_(generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(analysed(layer)["group_delay"], 0, atol=1e-12)


def test_silent_frequencies_have_no_delay_and_no_nan():
    size = 16
    # two equal taps cancel at the Nyquist frequency; the last channel passes nothing
    taps = impulses(size, [0, 0, 0])
    taps[2, :2] = 1
    taps[:, 2] = 0
    layer = with_taps(taps)
    found = analysed(layer)
    assert found["magnitude"][4, 0] < 1e-12
    assert found["group_delay"][4, 0] == 0
    assert found["group_delay"][12, 0] == 0
    np.testing.assert_allclose(np.delete(found["group_delay"][:, 0], [4, 12]), 1, atol=1e-9)
    assert not found["group_delay"][:, 2].any()
    layer.analyze_frequency_response()["group_delay"].sum().backward()
    assert torch.isfinite(layer.filter_real.grad).all()


def test_what_counts_as_silent_is_norm_eps():
    taps = impulses(16, [2, 2])
    taps[0, 0] = 0.999
    loud = analysed(with_taps(taps, norm_eps=1e-5))["group_delay"][4, 0]
    assert abs(loud) > 100  # nearly cancelled
    assert analysed(with_taps(taps, norm_eps=0.01))["group_delay"][4, 0] == 0


@pytest.mark.parametrize("size", [1, 2, 3, 15, 16, 40])
@pytest.mark.parametrize("kind", [GlobalFilterMixing, GlobalFilterMixing2D])
def test_band_energies_add_up_to_the_energy_of_the_impulse_response(size, kind):
    layer = kind(
        4,
        size,
        "identity",
        filter_init_std=1.0,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(0),
    )
    power = np.abs(layer.get_filter_response().detach().numpy()) ** 2
    bands = analysed(layer)["passband_energy"]
    expected = np.zeros((4, 4))
    for k in range(size):
        frequency = min(k, size - k) / size
        expected[min(int(frequency * 8), 3)] += power[k] / size
    np.testing.assert_allclose(bands, expected, rtol=1e-12)
    if kind is GlobalFilterMixing:
        taps = np.fft.ifft(layer.get_filter_response().detach().numpy(), axis=0)
        np.testing.assert_allclose(bands.sum(0), np.sum(np.abs(taps) ** 2, axis=0), rtol=1e-12)


def test_band_energies_are_the_output_variance_for_white_input():
    layer = GlobalFilterMixing(
        4, 32, "identity", filter_init_std=0.7, generator=torch.Generator().manual_seed(0)
    )
    x = torch.randn(4000, 32, 4, generator=torch.Generator().manual_seed(1))
    variance = layer(x).square().mean((0, 1)).detach().numpy()
    np.testing.assert_allclose(analysed(layer)["passband_energy"].sum(0), variance, rtol=0.02)


def test_a_low_pass_filter_has_its_energy_in_the_first_band():
    layer = GlobalFilterMixing(2, 32, "identity", filter_init_std=0.0)
    with torch.no_grad():
        layer.filter_real[:4] = 1
        layer.filter_real[29:] = 1
    energy = analysed(layer)["passband_energy"]
    np.testing.assert_allclose(energy[:, 0], [7 / 32, 0, 0, 0], rtol=1e-6)


def test_the_base_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        FilterMixingLayer(FilterMixingConfig(hidden_dim=4, sequence_length=8))
