"""Attention by products of spectra: dense matrices of scipy, masks with holes, settings."""

import math

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import torch

from lamina import errors
from lamina.layers.attention.dct import DCTAttention
from lamina.layers.attention.hadamard import HadamardAttention
from lamina.layers.attention.lst import LSTAttention
from lamina.layers.attention.lst_rfft import turned_fourier
from lamina.layers.attention.mixed import MixedSpectralAttention, MixedSpectralAttentionConfig


def cosine(kind):
    def matrix(n):
        if kind == 1 and n == 1:
            return np.eye(1)
        return scipy.fft.dct(np.eye(n), kind, axis=0, norm="ortho")

    return matrix


def sine(n):
    return scipy.fft.dst(np.eye(n), 2, axis=0, norm="ortho")


def walsh(n, *, scale=True):
    size = 2 ** math.ceil(math.log2(n))
    return scipy.linalg.hadamard(size)[:, :n] / (math.sqrt(size) if scale else 1.0)


def fourier(n):
    j = np.arange(n)
    return np.exp(-2j * np.pi * np.outer(j, j) / n) / math.sqrt(n)


def unit(spectrum):
    """Divide by the length over the channels, as the docstring's equation says."""
    squares = np.abs(spectrum) ** 2
    return spectrum / np.sqrt(squares.mean(1, keepdims=True) + 1e-3 * squares.mean())


def dense(layer, x, matrices):
    """The layer on one sample (n, hidden), head by head, by dense matrices."""
    projections = (layer.q_proj, layer.k_proj, layer.v_proj, layer.out_proj)
    weights = [p.weight.detach().double().numpy() for p in projections]
    biases = [0.0 if p.bias is None else p.bias.detach().double().numpy() for p in projections]
    q, k, v = (x @ w.T + b for w, b in zip(weights[:3], biases[:3], strict=True))
    outputs = []
    for head in range(layer.num_heads):
        own = slice(head * layer.head_dim, (head + 1) * layer.head_dim)
        matrix = matrices[head](len(x))
        scale = 1.0 if layer.scale is None else layer.scale[head].detach().double().numpy()
        tq, tk, tv = (matrix @ part[:, own] for part in (q, k, v))
        if layer.normalize:
            tq, tk = unit(tq), unit(tk)
        mixed = matrix.conj().T @ (scale * tq.conj() * tk * tv)
        assert np.abs(mixed.imag).max() < 1e-10 * max(np.abs(mixed.real).max(), 1)
        outputs.append(mixed.real)
    return np.concatenate(outputs, axis=1) @ weights[3].T + biases[3]


KINDS = {
    "dct": (LSTAttention, {}, [cosine(2)] * 4),
    "dst": (LSTAttention, {"transform_type": "dst"}, [sine] * 4),
    "hadamard": (LSTAttention, {"transform_type": "hadamard"}, [walsh] * 4),
    "mixed": (LSTAttention, {"transform_type": "mixed"}, [cosine(2)] * 2 + [sine, walsh]),
    "cubic": (LSTAttention, {"normalize": False}, [cosine(2)] * 4),
    "bare": (LSTAttention, {"learnable_scale": False, "use_bias": False}, [cosine(2)] * 4),
    **{f"dct {t}": (DCTAttention, {"dct_type": t}, [cosine(t)] * 4) for t in (1, 2, 3, 4)},
    "walsh": (HadamardAttention, {}, [walsh] * 4),
    "unscaled": (HadamardAttention, {"scale_by_sqrt": False}, [lambda n: walsh(n, scale=False)] * 4),
    "three": (MixedSpectralAttention, {}, [fourier] * 2 + [cosine(2), walsh]),
    "two": (MixedSpectralAttention, {"use_fft": False}, [cosine(2)] * 2 + [walsh] * 2),
    "fourier": (MixedSpectralAttention, {"use_dct": False, "use_hadamard": False}, [fourier] * 4),
}


def built(name, *, seed=0, hidden=12):
    """A layer in float64 whose scale is not the initial one."""
    kind, arguments, matrices = KINDS[name]
    generator = torch.Generator().manual_seed(seed)
    layer = kind(hidden, num_heads=4, **arguments, generator=generator, dtype=torch.float64)
    if layer.scale is not None:
        layer.scale.data.normal_(generator=generator)
    return layer, matrices


def white(*shape, seed=1, mean=0.3):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("n", [1, 2, 7, 8, 30])
def test_dense_matrices_give_the_same(name, n):
    layer, matrices = built(name)
    x = white(2, n, 12)
    expected = np.stack([dense(layer, one.numpy(), matrices) for one in x])
    found = layer(x).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("name", KINDS)
def test_holes_are_as_if_they_were_not_there(name):
    layer, matrices = built(name)
    x = white(5, 13, 12)
    kept = torch.rand(5, 13, generator=torch.Generator().manual_seed(2)) < 0.6
    kept[1], kept[2], kept[3] = False, True, False
    kept[3, 4] = True
    assert kept.sum(1).unique().numel() == 5
    y = layer(torch.where(kept[..., None], x, math.nan), kept)
    assert not y[~kept].any()
    for i in range(5):
        if kept[i].any():
            alone = dense(layer, x[i][kept[i]].numpy(), matrices)
            np.testing.assert_allclose(y[i][kept[i]].detach().numpy(), alone, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["dct", "dst", "cubic", "dct 4", "walsh", "fourier"])
def test_gradients_are_right(name):
    layer, _ = built(name, hidden=8)
    x = white(2, 5, 8).requires_grad_()
    torch.autograd.gradcheck(layer, x, fast_mode=True, atol=1e-6)
    torch.autograd.gradgradcheck(layer, x, fast_mode=True, atol=1e-5)


@pytest.mark.parametrize("name", ["dct", "walsh", "fourier"])
def test_gradients_of_masked_samples_are_right(name):
    layer, _ = built(name, hidden=8)
    kept = torch.tensor([[True, False, True, True, False]])
    torch.autograd.gradcheck(
        lambda x: layer(x, kept), white(1, 5, 8).requires_grad_(), fast_mode=True, atol=1e-6
    )


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_the_gradient_of_the_real_transform_is_the_one_of_torch(n):
    x = white(3, n, 4)
    turns = torch.polar(white(n // 2 + 1, 1).abs(), white(n // 2 + 1, 1))
    weights = white(3, n // 2 + 1, 4) + 1j * white(3, n // 2 + 1, 4, seed=3)

    def gradient(function):
        own = x.clone().requires_grad_()
        (function(own) * weights).real.sum().backward()
        return own.grad

    expected = gradient(lambda x: torch.fft.rfft(x, dim=1, norm="ortho") * turns)
    assert torch.allclose(gradient(lambda x: turned_fourier(x, turns)), expected, atol=1e-12)


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"cubic"}))
def test_the_output_scales_with_the_input(name):
    layer, _ = built(name)
    for projection in (layer.q_proj, layer.k_proj, layer.v_proj, layer.out_proj):
        if projection.bias is not None:
            projection.bias.data.zero_()
    x = white(1, 10, 12)
    for factor in (1e-4, 1e4):
        assert torch.allclose(layer(factor * x), factor * layer(x), rtol=1e-8, atol=1e-12 * factor)


def test_without_normalize_it_is_cubic():
    layer, _ = built("cubic")
    for projection in (layer.q_proj, layer.k_proj, layer.v_proj, layer.out_proj):
        projection.bias.data.zero_()
    x = white(1, 10, 12)
    assert torch.allclose(layer(3 * x), 27 * layer(x), rtol=1e-10)


@pytest.mark.parametrize("name", ["dct", "dst", "walsh", "fourier", "three"])
def test_a_mean_does_not_make_the_output_grow_with_the_sequence(name):
    layer, _ = built(name)
    sizes = [layer(white(4, n, 12, mean=3.0)).square().mean().sqrt().item() for n in (16, 1024)]
    assert sizes[1] < 2 * sizes[0]
    # the document's product of three spectra would grow by the ratio of the lengths
    layer.normalize = False
    sizes = [layer(white(4, n, 12, mean=3.0)).square().mean().sqrt().item() for n in (16, 1024)]
    assert sizes[1] > 8 * sizes[0]


def test_fourier_heads_follow_a_shift():
    layer, _ = built("fourier")
    x = white(2, 9, 12)
    assert torch.allclose(layer(x.roll(4, 1)), layer(x).roll(4, 1), atol=1e-12)


@pytest.mark.parametrize("name", ["dct", "walsh", "fourier"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_silence_and_constants_have_finite_gradients(name, dtype):
    layer = built(name)[0].to(dtype)
    for projection in (layer.q_proj, layer.k_proj, layer.v_proj):
        projection.bias.data.zero_()
    for x in (torch.zeros(1, 8, 12), torch.ones(1, 8, 12), torch.full((1, 8, 12), 1e-12)):
        x = x.to(dtype).requires_grad_()
        y = layer(x)
        y.square().sum().backward()
        assert torch.isfinite(y).all()
        assert torch.isfinite(x.grad).all()
        assert all(torch.isfinite(parameter.grad).all() for parameter in layer.parameters())


def test_heads_are_split_as_evenly_as_they_can_be():
    kinds = [type(transform).__name__ for transform in LSTAttention(16, transform_type="mixed").transforms]
    assert kinds == ["DCT"] * 3 + ["DST"] * 3 + ["Hadamard"] * 2
    kinds = [type(transform).__name__ for transform in MixedSpectralAttention(9).transforms]
    assert kinds == ["RFFT"] * 3 + ["DCT"] * 3 + ["Hadamard"] * 3
    assert len(MixedSpectralAttention(8, 8, use_fft=False, use_dct=False).transforms) == 1
    assert len(LSTAttention(16).transforms) == 1


def test_attributes():
    layer = LSTAttention(16, 4, "dst", learnable_scale=False)
    assert (layer.head_dim, layer.transform_type, layer.scale) == (4, "dst", None)
    assert LSTAttention(16).scale.shape == (8, 2)
    layer = DCTAttention(16, dct_type=3)
    assert isinstance(layer, LSTAttention)
    assert (layer.dct_type, layer.transform_type, layer.transforms[0].kind) == (3, "dct", 3)
    layer = HadamardAttention(16, scale_by_sqrt=False)
    assert (layer.scale_by_sqrt, layer.transform_type, layer.transforms[0].orthonormal) == (
        False,
        "hadamard",
        False,
    )
    x = torch.zeros(1, 2, 16)
    output, weights = layer(x, None, True)
    assert output.shape == x.shape
    assert weights is None


def test_heads_that_do_not_divide_name_those_that_do():
    with pytest.raises(errors.ArgumentError, match=r"num_heads .* got 5\. Choose one of 1, 2, 4, 8, 16\."):
        LSTAttention(16, num_heads=5)
    with pytest.raises(errors.ArgumentError, match=r"at least 3, got 9\. Choose one of 4, 8, 16\."):
        MixedSpectralAttention(16)
    with pytest.raises(errors.ArgumentError, match=r"at least 3, got 2\. Choose one of 4, 8, 16\."):
        MixedSpectralAttention(16, 2)
    with pytest.raises(errors.ArgumentError, match=r"at least 2, got 1\. Choose one of 2, 4, 8, 16\."):
        MixedSpectralAttention(16, 1, use_fft=False)
    with pytest.raises(errors.ArgumentError, match=r"Choose a greater hidden_dim"):
        MixedSpectralAttention(2, 2)
    with pytest.raises(errors.ArgumentError, match=r"num_heads must be at least 3"):
        LSTAttention(16, 2, "mixed")


def test_no_transform_at_all_is_an_error():
    with pytest.raises(errors.ArgumentError, match=r"True for at least one"):
        MixedSpectralAttention(16, 8, use_fft=False, use_dct=False, use_hadamard=False)
    with pytest.raises(errors.ArgumentError, match=r"True for at least one"):
        MixedSpectralAttentionConfig(hidden_dim=16, use_fft=False, use_dct=False, use_hadamard=False)


def test_wrong_kinds_are_errors():
    for wrong in (0, 5, 2.0, "2", None, True):
        with pytest.raises(errors.ArgumentError, match=r"^dct_type must be"):
            DCTAttention(16, dct_type=wrong)
    for wrong in ("fft", None, 2):
        with pytest.raises(errors.ArgumentError, match=r"^transform_type must be"):
            LSTAttention(16, transform_type=wrong)
    for name in ("learnable_scale", "normalize", "use_bias"):
        with pytest.raises(errors.ArgumentError, match=rf"^{name} must be"):
            LSTAttention(16, **{name: 1})
