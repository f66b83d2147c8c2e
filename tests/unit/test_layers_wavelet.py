"""Wavelet mixing against PyWavelets and plain NumPy."""

import warnings

import numpy as np
import pytest
import pywt
import torch

from lamina.errors import ArgumentError, LaminaWarning
from lamina.layers.mixing.wavelet import WaveletMixing
from lamina.layers.mixing.wavelet2d import WaveletMixing2D

few_levels = pytest.mark.filterwarnings("ignore::lamina.errors.LaminaWarning")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def shaken(layer):
    """A layer of generic weights in double precision."""
    layer = layer.double().eval()
    with torch.no_grad():
        for number, parameter in enumerate(layer.parameters()):
            parameter.add_(0.3 * noise(*parameter.shape, seed=number + 10))
    return layer


def possible(n, wavelet, levels):
    return min(pywt.dwt_max_level(n, wavelet), levels)


def named(levels):
    return ["approximation", *(f"detail_{level}" for level in range(levels, 0, -1))]


@few_levels
@pytest.mark.parametrize("mode", ["pointwise", "channel"])
@pytest.mark.parametrize(
    ("wavelet", "n"), [("haar", 1), ("haar", 9), ("db4", 31), ("db4", 64), ("bior2.2", 47)]
)
def test_linear_mixing_equals_pywavelets(mode, wavelet, n):
    layer = shaken(WaveletMixing(5, wavelet, 3, mode))
    x = noise(2, n, 5)
    levels = possible(n, wavelet, 3)
    parts = pywt.wavedec(x.numpy(), wavelet, level=levels, axis=1)
    weights = [layer.mixing_weights[name].detach().numpy() for name in named(levels)]
    mixed = [part * w if mode == "pointwise" else part @ w for part, w in zip(parts, weights, strict=True)]
    expected = x.numpy() + pywt.waverec(mixed, wavelet, axis=1)[:, :n]
    np.testing.assert_allclose(layer(x).detach(), expected, atol=1e-10)


@few_levels
@pytest.mark.parametrize("n", [5, 40])
def test_level_mixing_equals_attention_written_out(n):
    layer = shaken(WaveletMixing(6, "db2", 2, "level", num_heads=3, generator=seeded()))
    weights = {name: value.detach().numpy() for name, value in layer.mixing_weights.items()}
    x = noise(2, n, 6)
    levels = possible(n, "db2", 2)
    for sample in range(2):
        parts = pywt.wavedec(x[sample].numpy(), "db2", level=levels, axis=0)
        rows = [0, *range(levels, 0, -1)]
        tokens = np.concatenate([part + weights["band"][row] for part, row in zip(parts, rows, strict=True)])
        q, k, v = np.split(tokens @ weights["in_weight"].T + weights["in_bias"], 3, axis=1)
        heads = []
        for head in range(3):
            own = slice(2 * head, 2 * head + 2)
            scores = np.exp(q[:, own] @ k[:, own].T / np.sqrt(2))
            heads.append(scores / scores.sum(1, keepdims=True) @ v[:, own])
        mixed = np.concatenate(heads, axis=1) @ weights["out_weight"].T + weights["out_bias"]
        bands = np.split(mixed, np.cumsum([len(part) for part in parts])[:-1])
        expected = x[sample].numpy() + pywt.waverec(bands, "db2", axis=0)[:n]
        np.testing.assert_allclose(layer(x)[sample].detach(), expected, atol=1e-10)


@pytest.mark.parametrize("mode", ["pointwise", "channel"])
@pytest.mark.parametrize("wavelet", ["haar", "db4", "sym8", "rbio3.3"])
def test_at_the_start_it_doubles_its_input(mode, wavelet):
    x = noise(2, 131, 8).float()
    torch.testing.assert_close(WaveletMixing(8, wavelet, mixing_mode=mode)(x), 2 * x, atol=1e-5, rtol=1e-5)


@few_levels
@pytest.mark.parametrize("mode", ["pointwise", "channel", "level"])
def test_padded_samples_are_mixed_as_if_alone_gradients_too(mode):
    lengths = [0, 1, 13, 14, 29, 56, 64]
    layer = shaken(WaveletMixing(4, "db4", 3, mode, num_heads=2, generator=seeded()))
    x = noise(len(lengths), 64, 4)
    padding = torch.arange(64) >= torch.tensor(lengths)[:, None]
    together = x.masked_fill(padding[..., None], float("nan")).requires_grad_()
    y = layer(together, key_padding_mask=padding)
    y.square().sum().backward()
    assert together.grad is not None
    for sample, n in enumerate(lengths):
        assert (y[sample, n:] == 0).all()
        assert (together.grad[sample, n:] == 0).all()
        if n:
            alone = x[sample : sample + 1, :n].clone().requires_grad_()
            own = layer(alone)
            own.square().sum().backward()
            torch.testing.assert_close(y[sample, :n], own[0], atol=1e-10, rtol=1e-10)
            torch.testing.assert_close(together.grad[sample, :n], alone.grad[0], atol=1e-9, rtol=1e-9)


def test_too_few_values_for_the_levels_warn_once():
    layer = WaveletMixing(4, "db4", 3)
    with pytest.warns(LaminaWarning, match="30 allows 2 of the 3 levels with db4"):
        layer(torch.ones(1, 30, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(torch.ones(1, 20, 4))
        WaveletMixing(4, "db4", 3)(torch.ones(1, 56, 4))
    image = WaveletMixing2D(4, "db4", 2)
    with pytest.warns(LaminaWarning, match="14 pixels allow 1 of the 2 levels"):
        image(torch.ones(1, 4, 40, 14))


@pytest.mark.parametrize("mode", ["pointwise", "channel", "level"])
def test_gradcheck(mode):
    layer = shaken(WaveletMixing(2, "db2", 2, mode, num_heads=1, generator=seeded()))
    x = noise(2, 13, 2).requires_grad_()
    padding = torch.arange(13) >= torch.tensor([13, 7])[:, None]
    for mask in (None, padding):
        assert torch.autograd.gradcheck(
            lambda v, mask=mask: layer(v, key_padding_mask=mask), x, fast_mode=True
        )


def test_long_sequences_are_doubled_too():
    x = noise(1, 3001, 4)
    torch.testing.assert_close(WaveletMixing(4).double()(x), 2 * x, atol=1e-9, rtol=0)
    padding = torch.arange(3001)[None] >= 2000
    expected = (2 * x).masked_fill(padding[..., None], 0)
    torch.testing.assert_close(
        WaveletMixing(4).double()(x, key_padding_mask=padding), expected, atol=1e-9, rtol=0
    )


@few_levels
@pytest.mark.parametrize(("height", "width"), [(13, 22), (3, 1), (16, 16)])
def test_subband_mixing_of_images_equals_pywavelets(height, width):
    layer = shaken(WaveletMixing2D(3, "haar", 2, generator=seeded()))
    x = noise(2, 3, height, width)
    levels = possible(min(height, width), "haar", 2)
    low, *details = pywt.wavedec2(x.numpy(), "haar", level=levels)
    mixed = [layer.ll_mixer(torch.from_numpy(low)).detach().numpy()]
    for level, three in zip(range(levels, 0, -1), details, strict=True):
        first, _, second = layer.detail_mixers[level - 1]
        made = []
        for kind, band in enumerate(three):
            own = slice(3 * kind, 3 * kind + 3)
            hidden = torch.nn.functional.conv2d(
                torch.from_numpy(band), first.weight[own], first.bias[own], padding=1, groups=3
            )
            made.append(
                torch.nn.functional.conv2d(
                    torch.nn.functional.gelu(hidden), second.weight[own], second.bias[own]
                )
                .detach()
                .numpy()
            )
        mixed.append(tuple(made))
    expected = x.numpy() + pywt.waverec2(mixed, "haar")[..., :height, :width]
    np.testing.assert_allclose(layer(x).detach(), expected, atol=1e-10)


@pytest.mark.parametrize("mode", ["cross", "attention"])
def test_attention_over_subbands_equals_torchs_modules(mode):
    layer = shaken(WaveletMixing2D(4, "haar", 2, mode, num_heads=2, generator=seeded()))
    x = noise(2, 4, 9, 12)
    low, *details = pywt.wavedec2(x.numpy(), "haar", level=2)
    bands = [low, *details[0], *details[1]]
    rows = [0, 4, 5, 6, 1, 2, 3]
    embedding = layer.band.detach()
    tokens = torch.cat(
        [torch.from_numpy(b).flatten(2).mT + embedding[row] for b, row in zip(bands, rows, strict=True)],
        dim=1,
    )
    if mode == "cross":
        made = layer.cross_mixer(tokens, tokens, tokens, need_weights=False)[0]
    else:
        made = layer.subband_attention(tokens)
    pieces = made.detach().split([b.shape[2] * b.shape[3] for b in bands], dim=1)
    mixed = [piece.mT.reshape(b.shape).numpy() for piece, b in zip(pieces, bands, strict=True)]
    expected = (
        x.numpy() + pywt.waverec2([mixed[0], tuple(mixed[1:4]), tuple(mixed[4:])], "haar")[..., :9, :12]
    )
    np.testing.assert_allclose(layer(x).detach(), expected, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: WaveletMixing(8, "db44"), "Did you mean 'db4'"),
        (lambda: WaveletMixing(8, levels=0), "levels"),
        (lambda: WaveletMixing(8, mixing_mode="band"), "mixing_mode"),
        (
            lambda: WaveletMixing(12, mixing_mode="level"),
            "num_heads must be a divisor of 12, got 8.*1, 2, 3, 4, 6, 12",
        ),
        (lambda: WaveletMixing(8)(torch.ones(2, 3, 9)), "x must be"),
        (lambda: WaveletMixing2D(8, "db44"), "Did you mean 'db4'"),
        (lambda: WaveletMixing2D(6, mixing_mode="cross"), "num_heads must be a divisor of 6"),
        (lambda: WaveletMixing2D(8, mixing_mode="level"), "mixing_mode"),
        (lambda: WaveletMixing2D(8)(torch.ones(2, 3, 9, 9)), "x must be"),
        (lambda: WaveletMixing2D(8)(torch.ones(8, 9, 9)), "x must be"),
    ],
)
def test_bad_arguments(call, word):
    with pytest.raises(ArgumentError, match=word):
        call()


@few_levels
@pytest.mark.parametrize("mode", ["pointwise", "channel", "level"])
def test_second_derivatives(mode):
    layer = shaken(WaveletMixing(3, "db2", 2, mode, num_heads=1, generator=seeded()))
    x = noise(2, 9, 3).requires_grad_()
    padding = torch.arange(9) >= torch.tensor([9, 7])[:, None]
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        for mask in (None, padding):
            assert torch.autograd.gradgradcheck(
                lambda v, mask=mask: layer(v * v, key_padding_mask=mask), x, fast_mode=True
            )


@pytest.mark.parametrize("mode", ["subband", "cross", "attention"])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (13, 5), (64, 3)])
@few_levels
def test_images_of_any_size_in_half_precision(mode, size):
    layer = shaken(WaveletMixing2D(4, "db4", 2, mode, num_heads=2, generator=seeded()))
    x = noise(2, 4, *size).to(torch.float16)
    y = layer(x.double())
    found = layer.half()(x)
    assert found.dtype == torch.float16
    assert (found - y).norm() / y.norm() < 3e-3
