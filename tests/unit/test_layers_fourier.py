"""The Fourier family against NumPy and against sums written out."""

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError, StateError
from lamina.layers.block import SpectralBlock
from lamina.layers.mixing.fourier import FourierMixing
from lamina.layers.mixing.fourier1d import FourierMixing1D
from lamina.layers.mixing.real_fourier import RealFourierMixing
from lamina.layers.mixing.separable_fourier import SeparableFourierMixing

SHAPES = [(2, 8, 6), (2, 7, 5), (1, 1, 1), (1, 1, 4), (2, 5, 1), (1, 2, 2), (1, 3, 2), (1, 13, 8)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
norms = pytest.mark.parametrize("norm", ["ortho", "backward", "forward"])
LENGTHS = (6, 1, 0, 5)


def white(shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def dft(n):
    """Unitary DFT matrix, written out."""
    number = np.arange(n)
    return np.exp(-2j * np.pi * np.outer(number, number) / n) / np.sqrt(n)


def check(found, expected):
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-12 * max(1, np.abs(expected).max()))


@shapes
def test_fourier_mixing_is_the_matrix_product(shape):
    x = white(shape)
    spectrum = dft(shape[1]) @ x.numpy() @ dft(shape[2])
    check(FourierMixing(shape[2])(x), spectrum.real)
    check(FourierMixing(shape[2], keep_complex=True)(x), spectrum)


@shapes
@norms
def test_fourier_mixing_equals_numpy(shape, norm):
    x = white(shape)
    spectrum = np.fft.fft2(x.numpy(), norm=norm)
    check(FourierMixing(shape[2], fft_norm=norm)(x), spectrum.real)
    check(FourierMixing(shape[2], fft_norm=norm, keep_complex=True)(x), spectrum)


@shapes
@norms
def test_fourier_mixing_1d_equals_numpy(shape, norm):
    x = white(shape)
    spectrum = np.fft.fft(x.numpy(), axis=1, norm=norm)
    check(FourierMixing1D(shape[2], fft_norm=norm)(x), spectrum.real)
    check(FourierMixing1D(shape[2], fft_norm=norm, keep_complex=True)(x), spectrum)
    check(FourierMixing1D(shape[2])(x), (dft(shape[1]) @ x.numpy()).real)


@shapes
@norms
@pytest.mark.parametrize("use_real_fft", [True, False])
def test_real_fourier_mixing_equals_numpy(shape, norm, use_real_fft):
    x = white(shape)
    layer = RealFourierMixing(shape[2], use_real_fft, fft_norm=norm)
    check(layer(x), np.fft.fft2(x.numpy(), norm=norm).real)
    single = layer(x.float())
    assert single.dtype == torch.float32
    plain = FourierMixing(shape[2], fft_norm=norm)(x.float())
    np.testing.assert_allclose(single, plain, rtol=0, atol=1e-5 * plain.abs().max().clamp(min=1))


@shapes
@norms
def test_separable_fourier_mixing_equals_numpy(shape, norm):
    x, d = white(shape), shape[2]
    check(SeparableFourierMixing(d, fft_norm=norm)(x), np.fft.fft2(x.numpy(), norm=norm).real)
    along = SeparableFourierMixing(d, mix_features=False, fft_norm=norm)
    check(along(x), np.fft.fft(x.numpy(), axis=1, norm=norm).real)
    across = SeparableFourierMixing(d, mix_sequence=False, fft_norm=norm)
    check(across(x), np.fft.fft(x.numpy(), axis=2, norm=norm).real)


def test_separable_mixing_of_no_axis_is_an_error():
    with pytest.raises(ValueError, match="mix_sequence must be True where mix_features is False"):
        SeparableFourierMixing(4, False, False)
    with pytest.raises(ArgumentError, match="mix_features must be"):
        SeparableFourierMixing(4, 1)


@pytest.mark.parametrize("kind", [FourierMixing, FourierMixing1D])
def test_energy_of_real_and_imaginary_part_is_that_of_the_input(kind):
    x = white((3, 11, 6))
    y = kind(6, keep_complex=True)(x)
    energy = y.real.square().sum((1, 2)) + y.imag.square().sum((1, 2))
    np.testing.assert_allclose(energy, x.square().sum((1, 2)), rtol=1e-13)
    layer = kind(6, keep_complex=True)
    assert layer.verify_energy_preservation(x, y)
    assert not layer.verify_energy_preservation(x, kind(6)(x))
    np.testing.assert_array_equal(kind(6)(x), y.real)


def test_real_parts_of_white_noise_have_half_the_energy():
    # of an even length, those of the frequencies 0 and n/2 have all of it: 1/2 + 1/n
    x = white((400, 8, 4))
    power = FourierMixing1D(4)(x).square().mean((0, 2))
    np.testing.assert_allclose(power, [1, 0.5, 0.5, 0.5, 1, 0.5, 0.5, 0.5], rtol=0.15)


@pytest.mark.parametrize(
    ("layer", "axes"),
    [
        (FourierMixing(4), (0, 1)),
        (FourierMixing(4, fft_norm="backward", keep_complex=True), (0, 1)),
        (FourierMixing1D(4), (0,)),
        (FourierMixing1D(4, fft_norm="forward", keep_complex=True), (0,)),
        (RealFourierMixing(4, fft_norm="backward"), (0, 1)),
        (RealFourierMixing(4, use_real_fft=False), (0, 1)),
        (SeparableFourierMixing(4), (0, 1)),
        (SeparableFourierMixing(4, mix_sequence=False), (1,)),
        (SeparableFourierMixing(4, mix_features=False, fft_norm="forward"), (0,)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, torch.nn.Module) else str(value),
)
def test_padded_samples_are_transformed_over_their_own_length(layer, axes):
    x = white((len(LENGTHS), 6, 4))
    mask = torch.arange(6)[None] >= torch.tensor(LENGTHS)[:, None]
    x[mask] = torch.nan
    y = layer(x, key_padding_mask=mask)
    for one, out, length in zip(x, y, LENGTHS, strict=True):
        assert not out[length:].abs().any()
        if length:
            spectrum = np.fft.fftn(one[:length].numpy(), axes=axes, norm=layer.fft_norm)
            check(out[:length], spectrum if y.is_complex() else spectrum.real)


def test_outputs_do_not_hold_more_than_they_show():
    x = torch.zeros(2, 8, 4)
    for layer in (
        FourierMixing(4),
        FourierMixing1D(4),
        RealFourierMixing(4),
        RealFourierMixing(4, use_real_fft=False),
        SeparableFourierMixing(4, mix_features=False),
    ):
        y = layer(x)
        assert y.is_contiguous()
        assert y.untyped_storage().nbytes() == y.numel() * 4


@pytest.mark.parametrize("kind", [FourierMixing, FourierMixing1D])
def test_dropout_drops_coefficients_whole(kind):
    layer = kind(16, dropout=0.5, keep_complex=True)
    x = white((2, 64, 16)).float()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = layer(x)
    kept = layer.eval()(x)
    dropped = y == 0
    assert 0.4 < dropped.float().mean() < 0.6
    torch.testing.assert_close(y[~dropped], 2 * kept[~dropped])


def test_attributes_of_the_document():
    assert type(FourierMixing(4, fft_norm="forward").fft2d).__name__ == "FFT2D"
    assert FourierMixing1D(4).fft1d.norm == "ortho"
    layer = RealFourierMixing(4, fft_norm="backward")
    assert (type(layer.rfft).__name__, type(layer.rfft2d).__name__) == ("RFFT", "RFFT2D")
    assert (layer.rfft.norm, layer.rfft2d.norm, layer.use_real_fft) == ("backward", "backward", True)
    separable = SeparableFourierMixing(4, mix_features=False)
    assert (separable.mix_features, separable.mix_sequence) == (False, True)
    assert type(separable.fft1d).__name__ == "FFT1D"


def test_positions_stay_for_themselves_without_mixing_along_the_sequence():
    properties = SeparableFourierMixing(4, mix_sequence=False).get_spectral_properties()
    assert properties["causal"]
    assert properties["translation_equivariant"]
    assert properties["complexity"] == "O(n d (log d))"
    assert not SeparableFourierMixing(4).get_spectral_properties()["causal"]


def test_features_alone_go_step_by_step_in_a_block_too():
    layer = SeparableFourierMixing(hidden_dim=6, mix_sequence=False)
    block = SpectralBlock(layer).eval()
    x = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(0))
    found = torch.stack([block.step(x[:, t])[0] for t in range(4)], dim=1)
    torch.testing.assert_close(found, block(x))
    with pytest.raises(StateError, match="mix_sequence=False"):
        SeparableFourierMixing(hidden_dim=6).step(x[:, 0])
