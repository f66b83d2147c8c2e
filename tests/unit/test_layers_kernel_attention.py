"""Kernel attention: the polynomial kernel exactly, the Gaussian in the limit, the learned one as a sum."""

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.layers.attention.kernel import KernelAttention
from lamina.layers.attention.performer import PerformerAttention
from lamina.layers.attention.spectral import SpectralAttention


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def numpy_attention(layer, x, kernel, kept):
    """Head by head, query by query, key by key."""
    with torch.no_grad():
        q, k, v = (layer.split_heads(part(x)).numpy() for part in (layer.q_proj, layer.k_proj, layer.v_proj))
    batch, heads, count, size = q.shape
    weights = np.zeros((batch, heads, count, count))
    for sample, head, i, j in np.ndindex(weights.shape):
        if kept[sample, i] and kept[sample, j]:
            weights[sample, head, i, j] = kernel(head, q[sample, head, i], k[sample, head, j])
    totals = weights.sum(-1, keepdims=True)
    weights = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
    out = (weights @ v).transpose(0, 2, 1, 3).reshape(batch, count, heads * size)
    out = out @ layer.out_proj.weight.detach().numpy().T + layer.out_proj.bias.detach().numpy()
    return np.where(kept[..., None], out, 0), weights


@pytest.mark.parametrize(("degree", "offset"), [(2, 1.0), (4, 0.5), (2, 0.0)])
def test_the_polynomial_kernel_is_exact(degree, offset):
    layer = KernelAttention(
        6, 2, "polynomial", degree=degree, offset=offset, generator=seeded(), dtype=torch.float64
    )
    x = torch.randn(3, 7, 6, generator=seeded(1), dtype=torch.float64)
    kept = torch.rand(3, 7, generator=seeded(2)) > 0.3
    kept[2] = False
    expected, weights = numpy_attention(
        layer, x, lambda _, q, k: (q @ k / np.sqrt(3) + offset) ** degree, kept.numpy()
    )
    out, found = layer(torch.where(kept[..., None], x, torch.nan), kept, return_attention=True)
    np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(found.detach().numpy(), weights, atol=1e-12)


def test_polynomial_weights_where_the_kernel_vanishes():
    layer = KernelAttention(6, 2, "polynomial", offset=0.0, generator=seeded())
    with torch.no_grad():
        layer.q_proj.weight.zero_()
        layer.q_proj.bias.zero_()
    x = torch.randn(1, 4, 6, requires_grad=True)
    out, weights = layer(x, return_attention=True)
    assert (weights == 0).all()
    out.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
@pytest.mark.parametrize("kernel_type", ["gaussian", "polynomial", "spectral"])
def test_no_nan_at_large_norms(kernel_type, dtype):
    more = {"degree": 8} if kernel_type == "polynomial" else {}
    layer = KernelAttention(8, 2, kernel_type, generator=seeded(), dtype=dtype, **more)
    x = (1e3 * torch.randn(2, 30, 8, generator=seeded(3))).to(dtype)
    assert layer(x).isfinite().all()


def test_gaussian_is_spectral_attention_with_that_kernel():
    layer = KernelAttention(12, 3, num_features=16, generator=seeded())
    other = SpectralAttention(12, 3, 16, kernel_type="gaussian", generator=seeded())
    x = torch.randn(2, 9, 12)
    assert torch.equal(layer(x), other(x))
    assert (layer.num_features, layer.rank, KernelAttention(9, 3).num_features) == (16, None, 10)


def test_gaussian_tends_to_the_gaussian_kernel():
    x = torch.randn(1, 20, 8, generator=seeded(4), dtype=torch.float64)
    errors = []
    for count in (256, 4096):
        squares = []
        for seed in range(6):
            layer = KernelAttention(8, 2, num_features=count, generator=seeded(seed), dtype=torch.float64)
            expected, _ = numpy_attention(
                layer, x, lambda _, q, k: np.exp(-((q - k) ** 2).sum() / 4), np.ones((1, 20), dtype=bool)
            )
            squares.append(np.mean((layer(x).detach().numpy() - expected) ** 2))
        errors.append(np.sqrt(np.mean(squares)))
    assert errors[1] < 0.01
    assert 2.5 < errors[0] / errors[1] < 6.5  # 4, the root of 16


def test_the_learned_kernel_is_its_sum():
    layer = KernelAttention(6, 2, "spectral", rank=5, generator=seeded(), dtype=torch.float64)
    with torch.no_grad():
        layer.kernel.log_eigenvalues.normal_(generator=seeded(5))
    x = torch.randn(2, 7, 6, generator=seeded(6), dtype=torch.float64)
    directions = layer.kernel.directions.detach().numpy()
    eigenvalues = np.exp(layer.kernel.log_eigenvalues.detach().numpy())

    def eigenfunctions(head, x):
        x = x / 3**0.25
        return np.exp(directions[head] @ x - x @ x / 2)

    kept = np.ones((2, 7), dtype=bool)
    kept[1, 4:] = False
    expected, _ = numpy_attention(
        layer,
        x,
        lambda head, q, k: np.sum(eigenvalues[head] * eigenfunctions(head, q) * eigenfunctions(head, k)),
        kept,
    )
    out = layer(x, torch.from_numpy(kept))
    np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-12)
    assert layer.rank == 5
    assert KernelAttention(6, 2, "spectral").rank == 3


def test_the_learned_kernel_starts_as_a_performer():
    layer = KernelAttention(8, 1, "spectral", rank=8, generator=seeded())
    performer = PerformerAttention(8, 1, 8)
    performer.load_state_dict(
        {name: value for name, value in layer.state_dict().items() if "kernel" not in name}
        | {"kernel.projection": layer.kernel.directions.detach()[0]}
    )
    x = torch.randn(2, 5, 8)
    assert torch.allclose(layer(x), performer(x), atol=1e-6)


@pytest.mark.parametrize("kernel_type", ["gaussian", "polynomial", "spectral"])
def test_gradients(kernel_type):
    layer = KernelAttention(4, 2, kernel_type, generator=seeded(), dtype=torch.float64)
    x = torch.randn(2, 4, 4, generator=seeded(7), dtype=torch.float64, requires_grad=True)
    kept = torch.tensor([[True, True, False, True], [True, False, False, False]])
    assert torch.autograd.gradcheck(lambda x: layer(x, kept), (x,), fast_mode=True)
    layer(x).sum().backward()
    assert all(parameter.grad is not None for parameter in layer.parameters())


def test_only_the_polynomial_kernel_has_weights():
    x = torch.randn(1, 3, 8)
    assert KernelAttention(8, 2)(x, return_attention=True)[1] is None
    assert KernelAttention(8, 2, "spectral")(x, return_attention=True)[1] is None
    weights = KernelAttention(8, 2, "polynomial")(x, return_attention=True)[1]
    assert torch.allclose(weights.sum(-1), torch.ones(1, 2, 3))


def test_bad_arguments():
    with pytest.raises(ArgumentError, match="rank must be None with the gaussian kernel"):
        KernelAttention(8, 2, rank=3)
    with pytest.raises(ArgumentError, match="num_features must be None with the polynomial kernel"):
        KernelAttention(8, 2, "polynomial", num_features=4)
    with pytest.raises(ArgumentError, match="degree must be even"):
        KernelAttention(8, 2, "polynomial", degree=3)
    with pytest.raises(ArgumentError, match="num_features must be even"):
        KernelAttention(8, 2, num_features=3)
    with pytest.raises(ArgumentTypeError, match="key_padding_mask"):
        KernelAttention(8, 2)(torch.zeros(1, 3, 8), key_padding_mask=torch.zeros(1, 3))
