"""Spectral attention tends to exact softmax or Gaussian-kernel attention."""

import math

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError
from lamina.layers.attention.performer import PerformerAttention
from lamina.layers.attention.spectral import SpectralAttention, SpectralAttentionConfig

COUNTS = (64, 256, 1024, 4096)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def exact_attention(layer, x, kernel_type):
    """Softmax or Gaussian-kernel attention with the layer's projections, by NumPy; the logits' deviation."""
    names = ("q_proj", "k_proj", "v_proj", "out_proj")
    weight = {name: getattr(layer, name).weight.numpy() for name in names}
    heads, size = layer.num_heads, layer.head_dim
    q, k, v = (
        (x.numpy() @ weight[name].T).reshape(*x.shape[:2], heads, size).transpose(0, 2, 1, 3)
        for name in ("q_proj", "k_proj", "v_proj")
    )
    logits = q @ k.swapaxes(-1, -2) / math.sqrt(size)
    spread = logits.std()
    if kernel_type == "gaussian":
        squares = ((q[..., :, None, :] - k[..., None, :, :]) ** 2).sum(-1)
        logits = -squares / (2 * math.sqrt(size))
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    heads_out = weights @ v / weights.sum(-1, keepdims=True)
    return heads_out.transpose(0, 2, 1, 3).reshape(x.shape) @ weight["out_proj"].T, spread


def relative_errors(build, kernel_type, spread, draws=6):
    """Root mean square error over that of the exact output, for each number of features."""
    errors = []
    for count in COUNTS:
        squares = []
        for seed in range(draws):
            generator = seeded(seed)
            layer = build(64, 2, count, generator=generator, dtype=torch.float64)
            with torch.no_grad():
                for projection in (layer.q_proj, layer.k_proj, layer.v_proj, layer.out_proj):
                    projection.bias.zero_()
                for projection in (layer.q_proj, layer.k_proj):
                    square = torch.randn(64, 64, generator=generator, dtype=torch.float64)
                    projection.weight.copy_(math.sqrt(spread) * torch.linalg.qr(square)[0])
                x = torch.randn(2, 64, 64, generator=generator, dtype=torch.float64)
                expected, found = exact_attention(layer, x, kernel_type)
                assert abs(found / spread - 1) < 0.1
                error = layer(x).numpy() - expected
            squares.append((error**2).mean() / (expected**2).mean())
        errors.append(math.sqrt(np.mean(squares)))
    return errors


BUILDS = {
    "spectral": (SpectralAttention, "softmax"),
    "gaussian": (lambda *given, **more: SpectralAttention(*given, None, "gaussian", **more), "gaussian"),
    "performer": (PerformerAttention, "softmax"),
}


@pytest.mark.parametrize("name", BUILDS)
def test_the_error_falls_like_the_root_of_the_features(name):
    errors = relative_errors(*BUILDS[name], spread=0.25)
    slope = np.polyfit(np.log(COUNTS), np.log(errors), 1)[0]
    assert abs(slope + 0.5) < 0.1
    assert errors[-1] < 0.25


@pytest.mark.parametrize("name", BUILDS)
def test_the_estimate_is_poor_at_unit_logits(name):
    # as the docstrings say
    assert min(relative_errors(*BUILDS[name], spread=1.0, draws=3)) > 0.5


def test_heads_of_another_size():
    layer = SpectralAttention(10, 3, 4, head_dim=5, use_bias=False)
    assert layer.q_proj.weight.shape == (15, 10)
    assert layer.out_proj.weight.shape == (10, 15)
    assert layer.out_proj.bias is None
    assert layer(torch.randn(2, 3, 10)).shape == (2, 3, 10)


def test_default_number_of_features_is_the_hidden_size_made_even():
    assert SpectralAttention(32).num_features == 32
    assert SpectralAttention(33, 3).num_features == 34
    assert PerformerAttention(33, 3).num_features == 33


def test_features_are_redrawn_at_each_forward_in_training_only():
    layer = SpectralAttention(8, 2, feature_redraw=True, generator=seeded())
    x = torch.randn(1, 4, 8)
    layer.eval()
    assert torch.equal(layer(x), layer(x))
    layer.train()
    torch.manual_seed(0)
    total = layer(x) + layer(x)
    assert not torch.equal(layer(x), layer(x))
    # both passes of one graph can still be differentiated
    total.sum().backward()
    fixed = SpectralAttention(8, 2, generator=seeded())
    assert torch.equal(fixed(x), fixed(x))


def test_independent_frequencies():
    layer = SpectralAttention(8, 2, 8, use_orthogonal=False, generator=seeded())
    rows = layer.kernel.projection
    assert (rows @ rows.T - torch.diag((rows @ rows.T).diagonal())).abs().max() > 0.1
    rows = SpectralAttention(8, 2, 8, generator=seeded()).kernel.projection
    assert torch.allclose(rows @ rows.T, torch.diag((rows @ rows.T).diagonal()), atol=1e-5)


def test_no_weights_are_returned():
    layer, x = SpectralAttention(8, 2), torch.randn(1, 4, 8)
    out, weights = layer(x, return_attention=True)
    assert weights is None
    assert torch.equal(out, layer(x))


@pytest.mark.parametrize("build", [SpectralAttention, PerformerAttention])
@pytest.mark.parametrize("causal", [False, True])
def test_masks(build, causal):
    layer = build(12, 3, 64, causal=causal, generator=seeded(), dtype=torch.float64)
    x = torch.randn(4, 20, 12, generator=seeded(1), dtype=torch.float64)
    kept = torch.rand(4, 20, generator=seeded(2)) > 0.4
    kept[3] = False
    padding = torch.zeros(4, 20, dtype=torch.bool)
    padding[0, 15:] = True
    both = kept & ~padding
    garbage = torch.where(both[..., None], x, torch.full_like(x, torch.nan))
    out = layer(garbage, kept.int(), key_padding_mask=padding)
    assert (out[~both] == 0).all()
    for sample in range(3):
        alone = layer(x[sample : sample + 1, both[sample]])[0]
        assert torch.allclose(out[sample, both[sample]], alone, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("scale", [1, 1e3])
def test_no_nan_at_large_norms(dtype, scale):
    x = (scale * torch.randn(2, 70, 16, generator=seeded(3))).to(dtype)
    for kernel_type in ("softmax", "gaussian"):
        for causal in (False, True):
            layer = SpectralAttention(
                16, 2, kernel_type=kernel_type, causal=causal, generator=seeded(), dtype=dtype
            )
            out = layer(x)
            assert out.dtype == dtype
            assert out.isfinite().all()


def test_bad_arguments():
    with pytest.raises(ArgumentError, match=r"a divisor of hidden_dim = 12.*1, 2, 3, 4, 6, 12"):
        SpectralAttention(12, 5)
    with pytest.raises(ArgumentError, match="num_features must be even"):
        SpectralAttention(12, 3, 7)
    with pytest.raises(ArgumentError, match="kernel_type"):
        SpectralAttentionConfig(hidden_dim=8, kernel_type="cosine")
    with pytest.raises(ArgumentError, match="zeros and ones"):
        SpectralAttention(8, 2)(torch.zeros(1, 3, 8), torch.tensor([[0.0, -1.0, 1.0]]))
