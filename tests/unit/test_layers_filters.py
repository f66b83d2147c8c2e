"""Global filters against sums written out and NumPy's transforms."""

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError, StateError
from lamina.layers.mixing.adaptive_global_filter import AdaptiveGlobalFilter
from lamina.layers.mixing.global_filter import GlobalFilterMixing
from lamina.layers.mixing.global_filter2d import GlobalFilterMixing2D

SIZES = [1, 2, 3, 7, 8, 12]
LENGTHS = [1, 2, 3, 5, 8, 13, 24, 31]
KINDS = [GlobalFilterMixing, AdaptiveGlobalFilter]
kinds = pytest.mark.parametrize("kind", KINDS)
ACTIVATIONS = {"sigmoid": lambda w: 1 / (1 + np.exp(-w)), "tanh": np.tanh, "identity": lambda w: w}


def white(shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def generic(kind, hidden, size, activation="identity", **more):
    layer = kind(hidden, size, activation, dtype=torch.float64, **more).eval()
    with torch.no_grad():
        layer.filter_real.copy_(white((size, hidden), seed=1))
        layer.filter_imag.copy_(white((size, hidden), seed=2))
    return layer


def response(layer):
    return layer.get_filter_response().detach().numpy()


def weights(layer):
    return layer.filter_real.detach().numpy(), layer.filter_imag.detach().numpy()


def circular(x, h):
    """Sum over i of h[i] x[(t - i) mod n], channel by channel."""
    return sum(h[i] * np.roll(x, i, axis=0) for i in range(len(h)))


def half_at(full, n):
    """Frequencies 0 … n/2 of the response at another length, read off a curve through a whole period."""
    size = len(full)
    grid = np.arange(size + 1) / size
    periodic = np.concatenate([full, full[:1]])
    wanted = np.arange(n // 2 + 1) / n
    columns = [
        np.interp(wanted, grid, column.real) + 1j * np.interp(wanted, grid, column.imag)
        for column in periodic.T
    ]
    return np.stack(columns, axis=1)


def check(found, expected):
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=0, atol=1e-12)


@kinds
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_response_is_the_hermitian_part_of_the_activated_table(kind, size, activation):
    layer = generic(kind, 3, size, activation)
    real, imag = (ACTIVATIONS[activation](part) for part in weights(layer))
    expected = np.empty((size, 3), dtype=complex)
    for k in range(size):
        mirror = -k % size
        expected[k] = (real[k] + 1j * imag[k] + real[mirror] - 1j * imag[mirror]) / 2
    check(layer.get_filter_response(), expected)
    assert np.abs(np.fft.ifft(response(layer), axis=0).imag).max() < 1e-15


@kinds
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("norm", ["ortho", "backward", "forward"])
def test_forward_is_a_circular_convolution(kind, size, norm):
    layer = generic(kind, 3, size, "tanh", fft_norm=norm)
    x = white((2, size, 3))
    h = np.fft.ifft(response(layer), axis=0).real
    check(layer(x), np.stack([circular(one, h) for one in x.numpy()]))


@kinds
@pytest.mark.parametrize("n", LENGTHS)
def test_a_filter_of_ones_returns_the_input(kind, n):
    layer = kind(3, 8, "identity", dtype=torch.float64)
    torch.nn.init.ones_(layer.filter_real)
    torch.nn.init.zeros_(layer.filter_imag)
    x = white((2, n, 3))
    check(layer(x), x.numpy())


@kinds
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("n", LENGTHS)
def test_another_length_reads_the_half_spectrum_between_its_neighbours(kind, size, n):
    layer = generic(kind, 3, size)
    x = white((2, n, 3))
    half = half_at(response(layer), n)
    if n % 2 == 0:
        np.testing.assert_allclose(half[-1].imag, 0, atol=1e-15)
    expected = np.fft.irfft(np.fft.rfft(x.numpy(), axis=1) * half, n, axis=1)
    check(layer(x), expected)
    # the whole spectrum, by symmetry: nothing imaginary is thrown away
    full = np.concatenate([half, half[1 : n - n // 2][::-1].conj()])
    check(layer(x), np.fft.ifft(np.fft.fft(x.numpy(), axis=1) * full, axis=1))


@kinds
@pytest.mark.parametrize("size", [1, 5, 8])
def test_padded_samples_are_filtered_over_their_own_length(kind, size):
    layer = generic(kind, 3, size)
    lengths = (9, 1, 0, 4, 5, 8)
    x = white((6, 9, 3))
    mask = torch.arange(9)[None] >= torch.tensor(lengths)[:, None]
    x[mask] = torch.nan
    y = layer(x, key_padding_mask=mask)
    for one, out, n in zip(x.numpy(), y, lengths, strict=True):
        assert not out[n:].any()
        if n:
            spectrum = np.fft.rfft(one[:n], axis=0) * half_at(response(layer), n)
            check(out[:n], np.fft.irfft(spectrum, n, axis=0))


def test_short_delays_survive_a_change_of_length():
    # magnitude and phase would need unwrapping; real and imaginary parts do not
    size, delay = 64, 2
    layer = GlobalFilterMixing(1, size, "identity", dtype=torch.float64)
    angle = -2 * np.pi * delay * np.arange(size)[:, None] / size
    with torch.no_grad():
        layer.filter_real.copy_(torch.tensor(np.cos(angle)))
        layer.filter_imag.copy_(torch.tensor(np.sin(angle)))
    for n in (32, 64, 128, 200, 75):
        x = white((1, n, 1))
        error = (layer(x) - x.roll(delay, 1)).norm() / x.norm()
        assert error < 1e-2


@kinds
def test_filters_that_do_not_learn_are_buffers(kind):
    free, fixed = (
        kind(3, 8, learnable_filters=flag, generator=torch.Generator().manual_seed(0))
        for flag in (True, False)
    )
    assert [name for name, _ in free.named_parameters()] == ["filter_real", "filter_imag"]
    assert list(fixed.parameters()) == []
    assert fixed.state_dict().keys() == free.state_dict().keys()
    x = white((1, 5, 3)).float()
    assert torch.equal(free(x), fixed(x))
    with pytest.raises(ArgumentError, match=r"^learnable_filters must be"):
        kind(3, 8, learnable_filters=1)


@pytest.mark.parametrize("kind", [*KINDS, GlobalFilterMixing2D])
def test_initial_parameters_have_the_standard_deviation_asked_for(kind):
    plain = {"adaptive_initialization": False} if kind is AdaptiveGlobalFilter else {}
    for std in (0.02, 3.0):
        layer = kind(64, 128, filter_init_std=std, **plain, generator=torch.Generator().manual_seed(0))
        for part in (layer.filter_real, layer.filter_imag):
            assert part.shape == (128, 64)
            assert part.std().item() == pytest.approx(std, rel=0.02)
            assert abs(part.mean().item()) < 0.03 * std
        together = torch.stack([layer.filter_real, layer.filter_imag]).flatten(1)
        assert abs(torch.corrcoef(together)[0, 1].item()) < 0.03
    with pytest.raises(ArgumentError, match=r"^filter_init_std must be"):
        kind(4, 8, filter_init_std=-0.1)


@pytest.mark.parametrize("kind", [*KINDS, GlobalFilterMixing2D])
def test_activations_of_the_document_alone(kind):
    for name in ("relu", "gelu", "Sigmoid", None, 1):
        with pytest.raises(ArgumentError, match=r"^activation must be"):
            kind(4, 8, activation=name)
    layer = kind(4, 8, "tanh")
    assert (layer.activation, type(layer.activation_fn)) == ("tanh", torch.nn.Tanh)


@pytest.mark.parametrize("kind", [*KINDS, GlobalFilterMixing2D])
def test_sigmoid_filters_pass_a_quarter_of_the_power(kind):
    plain = {"adaptive_initialization": False} if kind is AdaptiveGlobalFilter else {}
    layer = kind(32, 64, filter_init_std=0.0, **plain)
    # ½ + ½i at every frequency has the Hermitian part ½
    assert torch.equal(layer.get_filter_response(), torch.full((64, 32), 0.5 + 0j))
    x = white((8, 64, 32)).float()
    torch.testing.assert_close(layer(x), x / 2)


def test_attributes_of_the_document():
    layer = GlobalFilterMixing(4, 8, fft_norm="forward")
    assert (type(layer.fft1d).__name__, layer.fft1d.norm, layer.fft1d.dim) == ("FFT1D", "forward", 1)
    assert (layer.sequence_length, layer.learnable_filters, layer.causal) == (8, True, False)
    flat = GlobalFilterMixing2D(4, 8)
    assert (type(flat.fft2d).__name__, flat.fft2d.dim) == ("FFT2D", (1, 2))
    adaptive = AdaptiveGlobalFilter(4, 8, filter_regularization=0.5, spectral_dropout_p=0.25)
    assert (adaptive.filter_regularization, adaptive.spectral_dropout_p) == (0.5, 0.25)
    assert adaptive.adaptive_initialization
    assert isinstance(adaptive.spectral_dropout, torch.nn.Module)


def test_a_circular_filter_does_not_step():
    with pytest.raises(StateError, match="causal=True"):
        GlobalFilterMixing(4, 8).step(torch.zeros(1, 4))


def convolved_2d(x, h):
    return sum(
        h[i, j] * np.roll(x, (i, j), axis=(0, 1)) for i in range(h.shape[0]) for j in range(h.shape[1])
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 1), (6, 4), (7, 5), (4, 7), (2, 2)], ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_2d_filter_is_a_circular_convolution_over_both_axes(shape, activation):
    layer = generic(GlobalFilterMixing2D, shape[1], shape[0], activation)
    real, imag = (ACTIVATIONS[activation](part) for part in weights(layer))
    table = real + 1j * imag
    full = response(layer)
    for k, m in np.ndindex(shape):
        np.testing.assert_allclose(full[k, m], (table[k, m] + table[-k, -m].conj()) / 2, atol=1e-15)
    h = np.fft.ifft2(full)
    assert np.abs(h.imag).max() < 1e-15
    x = white((2, *shape))
    check(layer(x), np.stack([convolved_2d(one, h.real) for one in x.numpy()]))


@pytest.mark.parametrize("hidden", [1, 4, 5])
@pytest.mark.parametrize("size", [1, 5, 8])
@pytest.mark.parametrize("n", [1, 2, 5, 8, 13, 20])
def test_2d_filter_at_another_length(hidden, size, n):
    layer = generic(GlobalFilterMixing2D, hidden, size)
    full = response(layer)
    place = np.arange(n) / n
    columns = [
        np.interp(place, np.arange(size) / size, column.real, period=1)
        + 1j * np.interp(place, np.arange(size) / size, column.imag, period=1)
        for column in full.T
    ]
    x = white((2, n, hidden))
    expected = np.fft.ifft2(np.fft.fft2(x.numpy()) * np.stack(columns, axis=1))
    assert np.abs(expected.imag).max() < 1e-14
    check(layer(x), expected.real)
    lengths = (n, n // 2, 0, 1)
    padded = white((4, n, hidden), seed=3)
    mask = torch.arange(n)[None] >= torch.tensor(lengths)[:, None]
    padded[mask] = torch.nan
    y = layer(padded, key_padding_mask=mask)
    for one, out, length in zip(padded, y, lengths, strict=True):
        assert not out[length:].any()
        if length:
            check(out[:length], layer(one[None, :length])[0].detach().numpy())


def test_2d_filter_of_ones_returns_the_input():
    layer = GlobalFilterMixing2D(5, 8, "identity", dtype=torch.float64, filter_init_std=0.0)
    torch.nn.init.ones_(layer.filter_real)
    x = white((2, 11, 5))
    check(layer(x), x.numpy())
