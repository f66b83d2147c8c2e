"""Spectral convolutions against naive sums, neuraloperator, and what band-limited functions must give."""

import warnings

import numpy as np
import pytest
import torch

from lamina import errors
from lamina.layers.operators.spectral_conv import SpectralConv1d
from lamina.layers.operators.spectral_conv2d import SpectralConv2d

# below and above the number of modes from which on the FFT is used; odd, even and prime lengths
LINES = [(1, 1), (1, 2), (4, 7), (4, 8), (5, 13), (32, 63), (33, 65), (33, 66), (40, 101)]
IMAGES = [
    ((1, 1), (1, 1)),
    ((3, 2), (3, 4)),
    ((4, 3), (5, 7)),
    ((5, 4), (7, 8)),
    ((33, 2), (37, 5)),
    ((34, 33), (35, 66)),
]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=1):
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def generic(layer, seed=3):
    """The layer with weights that no rule made, in double precision."""
    layer = layer.double()
    with torch.no_grad():
        layer.weight_pairs.copy_(normal(*layer.weight_pairs.shape, seed=seed))
    return layer


def naive_line(x, weights):
    """Sum the definition in NumPy: coefficients, weights, and the real part of the waves."""
    n, modes = x.shape[-1], weights.shape[-1]
    j = np.arange(n)
    y = np.zeros((x.shape[0], weights.shape[1], n))
    for k in range(modes):
        coefficient = (x * np.exp(-2j * np.pi * j * k / n)).sum(-1) / n
        filtered = coefficient @ weights[..., k]
        y += (1 if k == 0 else 2) * (filtered[..., None] * np.exp(2j * np.pi * j * k / n)).real
    return y


def naive_image(x, weights):
    h, w = x.shape[2:]
    a, b = np.arange(h)[:, None], np.arange(w)
    y = np.zeros((x.shape[0], weights.shape[1], h, w))
    for p in range(weights.shape[2]):
        k = (p + 1) // 2 if p % 2 else -(p // 2)
        for q in range(weights.shape[3]):
            wave = np.exp(2j * np.pi * (a * k / h + b * q / w))
            coefficient = (x * wave.conj()).sum((-2, -1)) / (h * w)
            filtered = coefficient @ weights[:, :, p, q]
            y += (1 if q == 0 else 2) * (filtered[..., None, None] * wave).real
    return y


@pytest.mark.parametrize(("modes", "n"), LINES)
def test_a_line_equals_the_naive_sum(modes, n):
    layer = generic(SpectralConv1d(3, 4, modes))
    x = normal(2, 3, n)
    expected = naive_line(x.numpy(), layer.weights.detach().numpy())
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(("modes", "size"), IMAGES)
def test_an_image_equals_the_naive_sum(modes, size):
    layer = generic(SpectralConv2d(3, 2, modes))
    x = normal(2, 3, *size)
    expected = naive_image(x.numpy(), layer.weights.detach().numpy())
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, atol=1e-12)


def line(points, channels, highest, seed=2):
    """A function of period 1 without frequencies above ``highest``, at equidistant points."""
    rng = np.random.default_rng(seed)
    real, imaginary = rng.standard_normal((2, channels, highest + 1))
    angle = 2 * np.pi * np.arange(highest + 1)[:, None] * np.arange(points) / points
    return torch.tensor(real @ np.cos(angle) + imaginary @ np.sin(angle))[None]


@pytest.mark.parametrize("modes", [1, 7, 32, 40])
@pytest.mark.parametrize("n", [87, 96])
@pytest.mark.parametrize("factor", [2, 4])
def test_resolution_does_not_matter_on_lines(modes, n, factor):
    # the function has more frequencies than the layer keeps, all below n/2
    layer = generic(SpectralConv1d(3, 4, modes))
    coarse, fine = layer(line(n, 3, 43)), layer(line(factor * n, 3, 43))
    assert (fine[..., ::factor] - coarse).abs().max() < 1e-10


@pytest.mark.parametrize("modes", [(1, 1), (4, 3), (33, 35), (36, 2)])
def test_resolution_does_not_matter_on_images(modes):
    def image(h, w):
        return line(h, 3, 18, seed=4)[..., None] * line(w, 3, 35, seed=5)[..., None, :]

    layer = generic(SpectralConv2d(3, 2, modes))
    coarse, fine = layer(image(37, 72)), layer(image(74, 144))
    assert coarse.abs().max() > 0.1
    assert (fine[..., ::2, ::2] - coarse).abs().max() < 1e-10


@pytest.mark.parametrize("n", [*range(1, 9), 63, 64, 65, 66])
def test_as_many_modes_as_lie_below_the_nyquist_frequency(n):
    largest = sum(2 * k < n for k in range(n))
    x = normal(1, 1, n)
    assert generic(SpectralConv1d(1, 1, largest))(x).shape == x.shape
    with pytest.raises(
        errors.ShapeError, match=f"^x must be at least {2 * largest + 1} points long"
    ) as caught:
        generic(SpectralConv1d(1, 1, largest + 1))(x)
    assert f"{n} points have {largest} modes below" in str(caught.value)


@pytest.mark.parametrize("h", [1, 2, 3, 7, 8, 36, 37])
def test_as_many_rows_as_lie_below_the_nyquist_frequency(h):
    largest = sum(2 * abs(k) < h for k in range(-h, h + 1))
    x = normal(1, 1, h, 3)
    assert generic(SpectralConv2d(1, 1, (largest, 2)))(x).shape == x.shape
    with pytest.raises(errors.ShapeError, match=r"^x must be at least \d+ points long along axis 2"):
        generic(SpectralConv2d(1, 1, (largest + 1, 2)))(x)
    with pytest.raises(errors.ShapeError, match=r"along axis 3.* 3 points have 2 modes"):
        generic(SpectralConv2d(1, 1, (largest, 3)))(x)


def peer(*arguments):
    with warnings.catch_warnings():
        # it warns of its own imports
        warnings.simplefilter("ignore")
        layers = pytest.importorskip("neuralop.layers.spectral_convolution")
        return layers.SpectralConv(*arguments, bias=False)


def test_a_line_equals_neuraloperator():
    modes = 6
    # it counts both signs, and keeps half of them and zero
    other = peer(3, 4, (2 * (modes - 1),))
    layer = SpectralConv1d(3, 4, modes, generator=seeded())
    weights = other.weight.tensor if hasattr(other.weight, "tensor") else other.weight
    assert weights.shape == layer.weights.shape
    with torch.no_grad():
        weights.copy_(layer.weights)
        x = normal(2, 3, 21).float()
        np.testing.assert_allclose(layer(x), other(x), atol=1e-5)


def test_an_image_equals_neuraloperator():
    # odd, so that both keep as many rows of either sign; it has them in the order -2, -1, 0, 1, 2
    layer = SpectralConv2d(3, 4, (5, 4), generator=seeded())
    other = peer(3, 4, (5, 6))
    weights = other.weight.tensor if hasattr(other.weight, "tensor") else other.weight
    assert weights.shape == layer.weights.shape
    with torch.no_grad():
        weights.copy_(layer.weights[:, :, [4, 2, 0, 1, 3]])
        x = normal(2, 3, 12, 15).float()
        np.testing.assert_allclose(layer(x), other(x), atol=1e-5)


@pytest.mark.parametrize("modes", [3, 34])
def test_the_zero_frequency_stays_real(modes):
    layer = SpectralConv1d(2, 2, modes, generator=seeded()).double()
    assert not layer.weights[..., 0].imag.any()
    layer(normal(1, 2, 80)).square().sum().backward()
    assert not layer.weight_pairs.grad[0, ..., 1].any()
    assert layer.weight_pairs.grad[1:].all()


def test_initial_weights_of_an_image_are_those_of_a_real_filter():
    weights = SpectralConv2d(2, 3, (6, 2), generator=seeded()).weights.detach()
    assert not weights[:, :, 0, 0].imag.any()
    for row in (1, 3):
        assert torch.equal(weights[:, :, row + 1, 0], weights[:, :, row, 0].conj())
        assert not torch.equal(weights[:, :, row + 1, 1], weights[:, :, row, 1].conj())


@pytest.mark.parametrize("modes", [5, 35])
def test_a_masked_sample_is_as_if_alone(modes):
    lengths = [71, 69, 90, 0]
    layer = generic(SpectralConv1d(2, 3, modes))
    x = normal(4, 2, 90)
    mask = torch.arange(90)[None] >= torch.tensor(lengths)[:, None]
    dirty = torch.where(mask[:, None], torch.nan, x)
    y = layer(dirty, key_padding_mask=mask).detach().numpy()
    for i, length in enumerate(lengths):
        assert not y[i, :, length:].any()
        if length:
            expected = naive_line(x[i : i + 1, :, :length].numpy(), layer.weights.detach().numpy())
            np.testing.assert_allclose(y[i : i + 1, :, :length], expected, atol=1e-12)


def test_a_sample_too_short_for_the_modes_is_an_error():
    layer = SpectralConv1d(2, 2, 4)
    mask = torch.arange(9)[None] >= torch.tensor([9, 6, 0])[:, None]
    with pytest.raises(
        errors.DataError, match=r"at least 7 points .* got a sample of 6. 6 points have 3 modes"
    ):
        layer(torch.zeros(3, 2, 9), key_padding_mask=mask)


@pytest.mark.parametrize("modes", [4, 35])
def test_modes_that_a_short_sample_lacks_drop_where_nobody_may_look(modes):
    layer = generic(SpectralConv1d(2, 2, modes))
    x = normal(1, 2, 80)
    for length in (1, 2, 5, 6):
        mask = torch.arange(80)[None] >= length
        found = torch.func.vmap(lambda x, mask: layer(x, key_padding_mask=mask))(x[None], mask[None])[0]
        have = min(modes, (length + 1) // 2)
        expected = naive_line(x[..., :length].numpy(), layer.weights.detach().numpy()[..., :have])
        np.testing.assert_allclose(found[..., :length].detach(), expected, atol=1e-12)


@pytest.mark.parametrize("layer", [SpectralConv1d(2, 3, 4), SpectralConv2d(2, 3, (4, 3))], ids=str)
def test_weights_are_a_view(layer):
    with torch.no_grad():
        layer.weights[1, 2].fill_(2 - 3j)
    assert layer.weights.dtype == torch.complex64
    assert all((layer.weights[1, 2] == 2 - 3j).flatten())
    assert not layer.weight_pairs.is_complex()
    half = layer.half()
    assert half.weights.dtype == torch.complex64


def test_wrong_modes_are_errors():
    for wrong in (0, -1, 2.5, "8", True, (4,), None):
        with pytest.raises(errors.ArgumentError, match=r"^modes must be"):
            SpectralConv1d(2, 2, wrong)
    for wrong in (4, (4,), (4, 0), (4, 2.5), (1, 2, 3), "44", (True, 2), None):
        with pytest.raises(errors.ArgumentError, match=r"^modes"):
            SpectralConv2d(2, 2, wrong)


def test_the_layout_of_the_input_is_told_apart():
    with pytest.raises(errors.ShapeError, match="Channels come first"):
        SpectralConv1d(2, 2, 1)(torch.zeros(1, 7, 2))


@pytest.mark.parametrize("modes", [3, 34])
def test_second_derivatives_are_right(modes):
    layer = generic(SpectralConv1d(1, 1, modes))
    x = normal(1, 1, 70).requires_grad_()
    mask = (torch.arange(70) >= 68)[None]
    for given in (None, mask):
        torch.autograd.gradgradcheck(
            lambda x, pairs, given=given: torch.func.functional_call(
                layer, {"weight_pairs": pairs}, (x,), {"key_padding_mask": given}
            ),
            (x, layer.weight_pairs),
            fast_mode=True,
        )
