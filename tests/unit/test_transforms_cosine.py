"""Cosine and sine transforms against scipy.fft, and against their defining sums."""

import math

import numpy as np
import pytest
import scipy.fft
import torch

from lamina.errors import ArgumentError
from lamina.transforms.cosine import DCT, dct, idct
from lamina.transforms.sine import DST, dst, idst

LENGTHS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 31, 50, 97, 128, 1000)
NORMS = ("ortho", "backward", "forward")
PAIRS = {
    "dct": (dct, idct, scipy.fft.dct, scipy.fft.idct, DCT),
    "dst": (dst, idst, scipy.fft.dst, scipy.fft.idst, DST),
}
every = pytest.mark.parametrize("name", PAIRS)
types = pytest.mark.parametrize("kind", [1, 2, 3, 4])


def noise(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def lengths(name, kind):
    return LENGTHS[1:] if (name, kind) == ("dct", 1) else LENGTHS


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * max(np.abs(expected).max(), 1e-300) * 10)


@every
@types
@pytest.mark.parametrize("norm", NORMS)
def test_they_equal_scipy(name, kind, norm):
    ours, inverse, theirs, their_inverse, _ = PAIRS[name]
    for n in lengths(name, kind):
        x = noise(2, n, 3, seed=n)
        close(ours(x, kind, dim=1, norm=norm), theirs(x.numpy(), kind, axis=1, norm=norm))
        close(inverse(x, kind, dim=1, norm=norm), their_inverse(x.numpy(), kind, axis=1, norm=norm))
        torch.testing.assert_close(inverse(ours(x, kind, dim=1, norm=norm), kind, dim=1, norm=norm), x)


def matrix_of_sums(name, kind, n):
    """The equation of the docstring, term by term."""
    end = math.sqrt(0.5)
    rows = []
    for k in range(n):
        row = []
        for j in range(n):
            if name == "dct":
                angle = {
                    1: j * k / max(n - 1, 1),
                    2: k * (2 * j + 1) / (2 * n),
                    3: j * (2 * k + 1) / (2 * n),
                    4: (2 * j + 1) * (2 * k + 1) / (4 * n),
                }[kind]
                value = math.cos(math.pi * angle)
                if kind in (1, 2) and (k == 0 or (kind == 1 and k == n - 1)):
                    value *= end
                if kind in (1, 3) and (j == 0 or (kind == 1 and j == n - 1)):
                    value *= end
                size = n - 1 if kind == 1 else n
            else:
                angle = {
                    1: (j + 1) * (k + 1) / (n + 1),
                    2: (k + 1) * (2 * j + 1) / (2 * n),
                    3: (j + 1) * (2 * k + 1) / (2 * n),
                    4: (2 * j + 1) * (2 * k + 1) / (4 * n),
                }[kind]
                value = math.sin(math.pi * angle)
                if (kind == 2 and k == n - 1) or (kind == 3 and j == n - 1):
                    value *= end
                size = n + 1 if kind == 1 else n
            row.append(math.sqrt(2 / size) * value)
        rows.append(row)
    return np.array(rows)


@every
@types
@pytest.mark.parametrize("n", [2, 5, 8, 13])
def test_they_equal_the_equation(name, kind, n):
    ours = PAIRS[name][0]
    expected = matrix_of_sums(name, kind, n)
    close(ours(torch.eye(n, dtype=torch.float64), kind, dim=0), expected)
    close(expected @ expected.T, np.eye(n))


@every
@types
@pytest.mark.parametrize("dim", [0, 1, 2, 3, -1, -2, -3, -4])
def test_any_axis_and_any_strides(name, kind, dim):
    ours, _, theirs, _, _ = PAIRS[name]
    x = noise(3, 6, 9, 4).permute(2, 0, 3, 1)
    close(ours(x, kind, dim=dim), theirs(x.numpy(), kind, axis=dim, norm="ortho"))
    before = x.clone()
    ours(x, kind, dim=dim)
    assert torch.equal(x, before)


@every
@types
def test_float32_stays_accurate_in_long_transforms(name, kind):
    ours, _, theirs, _, _ = PAIRS[name]
    for n in (8192, 8191):
        x = noise(n, dtype=torch.float32)
        expected = theirs(x.double().numpy(), kind, norm="ortho")
        assert np.linalg.norm(ours(x, kind).numpy() - expected) < 5e-7 * np.linalg.norm(expected)


@every
@types
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", [2, 7, 10])
def test_the_adjoint_is_the_transposed_matrix(name, kind, norm, n):
    module = PAIRS[name][4](kind, 0, norm)
    eye = torch.eye(n, dtype=torch.float64)
    torch.testing.assert_close(module.adjoint(eye), module(eye).T)
    torch.testing.assert_close(module.inverse(module(eye)), eye)
    assert module.orthonormal == (norm == "ortho")


@every
@types
@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_gradients(name, kind, n):
    if (name, kind, n) == ("dct", 1, 1):
        n = 3
    ours, inverse, *_ = PAIRS[name]
    x = noise(2, n, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: ours(v, kind, dim=1), x)
    assert torch.autograd.gradcheck(lambda v: inverse(v, kind, dim=1, norm="forward"), x)
    assert torch.autograd.gradgradcheck(lambda v: ours(v, kind, dim=1).square(), x)


@every
@types
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_computes_in_float32(name, kind, dtype):
    ours = PAIRS[name][0]
    x = noise(2, 30, 4).to(dtype)
    y = ours(x, kind, dim=1)
    assert y.dtype == torch.float32
    assert torch.equal(y, ours(x.float(), kind, dim=1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(ours(x.float(), kind, dim=1), y)


@every
def test_an_empty_batch(name):
    for kind in (1, 2, 3, 4):
        x = torch.zeros(0, 6, 3, requires_grad=True)
        y = PAIRS[name][0](x, kind, dim=1)
        assert y.shape == x.shape
        y.sum().backward()


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: dct(torch.ones(1), 1), "2 value"),
        (lambda: idct(torch.ones(3, 1), 1), "y must be .* at least 2"),
        (lambda: dct(torch.ones(3, 0)), "at least 1 value"),
        (lambda: dst(torch.ones(3, 0)), "at least 1 value"),
        (lambda: dct(torch.ones(3), dim=1), "axis 1"),
        (lambda: dct(torch.tensor(1.0)), "axis -1"),
        (lambda: dct(torch.ones(3), 5), "type must be"),
        (lambda: dct(torch.ones(3), 0), "type must be"),
        (lambda: dst(torch.ones(3), 2.0), "type must be"),
        (lambda: dct(torch.ones(3), True), "type must be"),
        (lambda: dct(torch.ones(3), norm="orto"), "ortho"),
        (lambda: dct(torch.ones(3), dim="a"), "dim must be"),
        (lambda: dct(torch.ones(3), dim=True), "dim must be"),
        (lambda: dct(torch.ones(3, dtype=torch.complex64)), "complex"),
        (lambda: dct(torch.ones(3, dtype=torch.int64)), "int64"),
        (lambda: dst([1.0, 2.0]), "list"),
        (lambda: DCT(5), "type must be"),
        (lambda: DST(norm="none"), "norm must be"),
        (lambda: DCT(dim=1.5), "dim must be"),
    ],
)
def test_bad_arguments(call, word):
    with pytest.raises(ArgumentError, match=word):
        call()
