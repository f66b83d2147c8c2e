"""The fast Walsh–Hadamard transform against scipy's matrix."""

import numpy as np
import pytest
import scipy.linalg
import torch

from lamina.errors import ArgumentError
from lamina.transforms.hadamard import (
    Hadamard,
    hadamard,
    ihadamard,
    prefix_hadamard,
    prefix_ihadamard,
)
from lamina.transforms.length import next_power_of_two

LENGTHS = (1, 2, 3, 4, 5, 8, 13, 16, 31, 32, 33, 64, 100, 128, 512, 1000, 2048)
SCALES = {"ortho": lambda p: float(p) ** -0.5, "backward": lambda p: 1.0, "forward": lambda p: 1 / p}


def noise(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def matrix(n, norm="ortho"):
    """The first n columns of scipy's matrix of the next power of two."""
    size = 1 << (n - 1).bit_length()
    return scipy.linalg.hadamard(size, dtype=float)[:, :n] * SCALES[norm](size)


@pytest.mark.parametrize("norm", SCALES)
@pytest.mark.parametrize("n", LENGTHS)
def test_it_equals_scipys_matrix(n, norm):
    x = noise(3, n)
    expected = x.numpy() @ matrix(n, norm).T
    np.testing.assert_allclose(
        hadamard(x, norm=norm), expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max()
    )
    torch.testing.assert_close(ihadamard(hadamard(x, norm=norm), n, norm=norm), x)


@pytest.mark.parametrize("dim", [0, 1, 2, 3, -1, -2, -3, -4])
def test_any_axis(dim):
    x = noise(3, 6, 40, 5)
    expected = np.moveaxis(np.moveaxis(x.numpy(), dim, -1) @ matrix(x.shape[dim]).T, -1, dim)
    np.testing.assert_allclose(hadamard(x, dim=dim), expected, atol=1e-13)
    torch.testing.assert_close(ihadamard(hadamard(x, dim=dim), x.shape[dim], dim=dim), x)


def test_strided_and_empty_input():
    x = noise(40, 6, 3).transpose(0, 2)
    torch.testing.assert_close(hadamard(x, dim=2), hadamard(x.contiguous(), dim=2))
    assert hadamard(torch.zeros(0, 5, 3), dim=1).shape == (0, 8, 3)


@pytest.mark.parametrize("norm", SCALES)
@pytest.mark.parametrize("n", [1, 7, 16, 48])
def test_the_adjoint_passes_the_dot_test(n, norm):
    transform = Hadamard(dim=1, norm=norm, n=n)
    x = noise(2, n, 3)
    y = noise(2, next_power_of_two(n), 3, seed=1)
    torch.testing.assert_close((transform(x) * y).sum(), (x * transform.adjoint(y)).sum())
    torch.testing.assert_close(transform.inverse(transform(x)), x)
    assert transform.orthonormal == (norm == "ortho")


def test_energy_is_preserved():
    x = noise(4, 77)
    torch.testing.assert_close(hadamard(x).square().sum(), x.square().sum())


def test_each_sample_has_its_own_power_of_two():
    lengths = [0, 1, 2, 3, 5, 8, 9, 17, 20]
    x = noise(len(lengths), 20, 3)
    padded = x.clone()
    for sample, n in enumerate(lengths):
        padded[sample, n:] = float("nan")
    y = prefix_hadamard(padded, torch.tensor(lengths))
    assert y.shape == (len(lengths), 32, 3)
    for sample, n in enumerate(lengths):
        expected = np.zeros((32, 3))
        if n:
            part = matrix(n) @ x[sample, :n].numpy()
            expected[: len(part)] = part
        np.testing.assert_allclose(y[sample], expected, atol=1e-13)
    garbage = y.clone()
    garbage[1, 1:] = float("nan")
    back = prefix_ihadamard(garbage, torch.tensor(lengths), 20)
    for sample, n in enumerate(lengths):
        torch.testing.assert_close(back[sample, :n], x[sample, :n])
        assert (back[sample, n:] == 0).all()


def test_the_inverse_of_arbitrary_coefficients_over_a_prefix():
    lengths = torch.tensor([3, 8, 5])
    y = noise(3, 8, 2)
    back = prefix_ihadamard(y, lengths)
    for sample, (n, size) in enumerate([(3, 4), (8, 8), (5, 8)]):
        expected = (matrix(size) @ y[sample, :size].numpy())[:n]
        np.testing.assert_allclose(back[sample, :n], expected, atol=1e-13)


def test_gradients():
    x = noise(2, 5, 3).requires_grad_()
    lengths = torch.tensor([5, 3])
    assert torch.autograd.gradcheck(lambda v: hadamard(v, dim=1), x)
    assert torch.autograd.gradcheck(lambda v: prefix_ihadamard(prefix_hadamard(v, lengths), lengths, 5), x)
    assert torch.autograd.gradgradcheck(lambda v: hadamard(v, dim=1).square(), x)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_computes_in_float32(dtype):
    x = noise(2, 300, 4).to(dtype)
    y = hadamard(x, dim=1)
    assert y.dtype == torch.float32
    torch.testing.assert_close(y, hadamard(x.float(), dim=1), rtol=0, atol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(hadamard(x.float(), dim=1), y, rtol=0, atol=0)


def test_it_compiles_exports_and_vectorises():
    x = noise(2, 3, 20, 4, dtype=torch.float32)
    lengths = torch.tensor([20, 7, 13])

    def both(v):
        return prefix_ihadamard(prefix_hadamard(hadamard(v, dim=2), lengths), lengths, 20)

    expected = torch.stack([both(v) for v in x])
    torch.testing.assert_close(torch.func.vmap(both)(x), expected)
    compiled = torch.compile(both, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x[0]), expected[0])
    exported = torch.export.export(Hadamard(dim=1), (x[0],), strict=False).module()
    torch.testing.assert_close(exported(x[0]), hadamard(x[0], dim=1))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: hadamard(torch.ones(3, 0)), "x must be"),
        (lambda: hadamard(torch.ones(3), dim=1), "axis 1"),
        (lambda: hadamard(torch.ones(3, dtype=torch.int64)), "float"),
        (lambda: hadamard("x"), "tensor"),
        (lambda: hadamard(torch.ones(3), norm="orto"), "ortho"),
        (lambda: ihadamard(torch.ones(3)), "power of two"),
        (lambda: ihadamard(torch.ones(4), 5), "at most 4|from 1 to 4"),
        (lambda: ihadamard(torch.ones(4), norm="orto"), "ortho"),
        (lambda: Hadamard(norm="orto"), "ortho"),
        (lambda: Hadamard(n=0), "at least 1"),
        (lambda: prefix_ihadamard(torch.ones(1, 3, 1), torch.tensor([1])), "power of two"),
    ],
)
def test_bad_arguments(call, word):
    with pytest.raises(ArgumentError, match=word):
        call()
