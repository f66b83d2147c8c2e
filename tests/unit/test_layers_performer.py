"""Performer attention against performer_pytorch, and its weights' signs."""

import functools

import numpy as np
import pytest
import torch

from lamina.layers.attention.performer import PerformerAttention
from lamina.layers.attention.spectral import SpectralAttention


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def heads(layer, x):
    return [layer.split_heads(p(x)) for p in (layer.q_proj, layer.k_proj, layer.v_proj)]


@pytest.mark.parametrize("generalized", [False, True])
def test_equals_performer_pytorch(generalized, monkeypatch):
    performer_pytorch = pytest.importorskip("performer_pytorch")
    # theirs adds 10⁻⁴ to each exponential, which ours has no need of
    plain = functools.partial(performer_pytorch.performer_pytorch.softmax_kernel, eps=0.0)
    monkeypatch.setattr(performer_pytorch.performer_pytorch, "softmax_kernel", plain)
    layer = PerformerAttention(32, 4, 24, generalized, generator=seeded(), dtype=torch.float64)
    theirs = performer_pytorch.FastAttention(8, 24, generalized_attention=generalized).double()
    theirs.projection_matrix.copy_(layer.kernel.projection)
    x = torch.randn(2, 50, 32, generator=seeded(1), dtype=torch.float64)
    q, k, v = heads(layer, x)
    expected = layer.out_proj(layer.merge_heads(theirs(q, k, v)))
    assert torch.allclose(layer(x), expected, atol=1e-12)


def test_is_what_its_equation_says():
    layer = PerformerAttention(8, 2, 6, generator=seeded(), dtype=torch.float64)
    x = torch.randn(1, 9, 8, generator=seeded(2), dtype=torch.float64)
    with torch.no_grad():
        q, k, v = (part.numpy()[0] for part in heads(layer, x))
        found = layer(x)[0].numpy()
    omega = layer.kernel.projection.numpy()
    out = np.zeros((9, 8))
    for head in range(2):
        for i in range(9):
            weights = []
            for j in range(9):
                a, b = q[head, i] / 4**0.25, k[head, j] / 4**0.25
                weights.append(
                    np.mean(np.exp(omega @ a - a @ a / 2) * np.exp(omega @ b - b @ b / 2)),
                )
            out[i, 4 * head : 4 * head + 4] = np.average(v[head], axis=0, weights=weights)
    expected = out @ layer.out_proj.weight.detach().numpy().T + layer.out_proj.bias.detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("generalized", [False, True])
def test_outputs_lie_between_the_values(generalized):
    """Weights that are positive and sum to one."""
    layer = PerformerAttention(8, 2, 6, generalized, generator=seeded(), dtype=torch.float64)
    x = 20 * torch.randn(3, 40, 8, generator=seeded(3), dtype=torch.float64)
    with torch.no_grad():
        layer.out_proj.weight.copy_(torch.eye(8))
        layer.out_proj.bias.zero_()
        v, out = layer.v_proj(x), layer(x)
    assert (out <= v.amax(1, keepdim=True) + 1e-12).all()
    assert (out >= v.amin(1, keepdim=True) - 1e-12).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("generalized", [False, True])
def test_no_nan_at_large_norms(dtype, generalized):
    x = (1e3 * torch.randn(2, 70, 16, generator=seeded(4))).to(dtype).requires_grad_()
    for causal in (False, True):
        layer = PerformerAttention(
            16, 2, generalized=generalized, causal=causal, generator=seeded(), dtype=dtype
        )
        out = layer(x)
        assert out.isfinite().all()
        (gradient,) = torch.autograd.grad(out.float().sum(), x)
        assert gradient.isfinite().all()


def test_is_a_spectral_attention_with_the_documented_attributes():
    layer = PerformerAttention(16, 4, generalized=True)
    assert isinstance(layer, SpectralAttention)
    assert (layer.generalized, layer.head_dim, layer.num_features, layer.causal) == (True, 4, 16, False)
    assert layer.get_spectral_properties()["causal"] is False


def test_seeds_repeat():
    first, second = (PerformerAttention(16, 4, generator=seeded(5)) for _ in range(2))
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
    assert "kernel.projection" in first.state_dict()
