"""Fourier transforms against sums written out, and their adjoints against dense matrices."""

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError
from lamina.transforms.fourier import FFT1D, RFFT, fft, ifft, irfft, rfft
from lamina.transforms.fourier2d import FFT2D, RFFT2D, fft2, ifft2, irfft2, rfft2

LENGTHS = (1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 50)
# factor of the forward transform, and of the inverse
FACTORS = {
    "ortho": (lambda n: n**-0.5, lambda n: n**-0.5),
    "backward": (lambda n: 1.0, lambda n: 1 / n),
    "forward": (lambda n: 1 / n, lambda n: 1.0),
}
norms = pytest.mark.parametrize("norm", FACTORS)


def noise(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def matrix(n, norm="ortho"):
    number = np.arange(n)
    return FACTORS[norm][0](n) * np.exp(-2j * np.pi * np.outer(number, number) / n)


def near(found, expected):
    found, expected = (np.asarray(value) for value in (found, expected))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * max(np.abs(expected).max(), 1.0))


@norms
def test_one_axis(norm):
    for n in LENGTHS:
        x, w = noise(2, n, 3), matrix(n, norm)
        expected = np.einsum("kj,bjc->bkc", w, x.numpy())
        near(fft(x, dim=1, norm=norm), expected)
        near(rfft(x, dim=1, norm=norm), expected[:, : n // 2 + 1])
        y = torch.from_numpy(expected)
        near(ifft(y, dim=1, norm=norm), x)
        near(irfft(y[:, : n // 2 + 1], n, dim=1, norm=norm), x)


@norms
def test_two_axes(norm):
    for n in (1, 2, 5, 8):
        x = noise(2, n, 3, 6)
        expected = np.einsum("kj,bjcd,ld->bkcl", matrix(n, norm), x.numpy(), matrix(6, norm))
        dim = (1, 3)
        near(fft2(x, dim=dim, norm=norm), expected)
        near(rfft2(x, dim=dim, norm=norm), expected[..., :4])
        y = torch.from_numpy(expected)
        near(ifft2(y, dim=dim, norm=norm), x)
        near(irfft2(y[..., :4], (n, 6), dim=dim, norm=norm), x)


def dense(function, n):
    """Real matrix of a map from n real numbers to complex ones: real parts, then imaginary ones."""
    columns = [function(column) for column in torch.eye(n, dtype=torch.float64)]
    return torch.stack([torch.cat([y.real.flatten(), y.imag.flatten()]) for y in columns], dim=1)


@norms
@pytest.mark.parametrize("n", LENGTHS)
def test_the_adjoint_of_half_a_spectrum_is_the_transposed_matrix(norm, n):
    transform = RFFT(norm=norm)
    y = noise(n // 2 + 1, seed=1, dtype=torch.complex128)
    expected = dense(transform, n).T @ torch.cat([y.real, y.imag])
    torch.testing.assert_close(transform.adjoint(y, n), expected)
    x = noise(n)
    torch.testing.assert_close(transform.inverse(transform(x), n), x)
    assert not transform.orthonormal


@norms
@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (5, 2), (3, 4), (4, 6), (1, 7)])
def test_the_adjoint_of_half_a_spectrum_of_two_axes(norm, shape):
    transform = RFFT2D(norm=norm)
    m, n = shape
    y = noise(m, n // 2 + 1, seed=1, dtype=torch.complex128)
    flat = dense(lambda x: transform(x.reshape(shape)), m * n)
    expected = flat.T @ torch.cat([y.real.flatten(), y.imag.flatten()])
    torch.testing.assert_close(transform.adjoint(y, n).flatten(), expected)
    x = noise(*shape)
    torch.testing.assert_close(transform.inverse(transform(x), n), x)


def test_the_length_of_the_signal_may_be_left_out_when_it_is_even():
    for transform in (RFFT(), RFFT2D()):
        x = noise(3, 6)
        torch.testing.assert_close(transform.inverse(transform(x)), x)
        assert transform.adjoint(transform(x)).shape == x.shape
        assert transform.inverse(transform(noise(3, 1))).shape == (3, 1)


@norms
def test_the_adjoint_of_a_whole_spectrum_is_the_conjugate_transpose(norm):
    y = noise(6, seed=1, dtype=torch.complex128)
    near(FFT1D(norm=norm).adjoint(y), matrix(6, norm).conj().T @ y.numpy())
    y = noise(4, 3, seed=1, dtype=torch.complex128)
    expected = matrix(4, norm).conj().T @ y.numpy() @ matrix(3, norm).conj()
    near(FFT2D(norm=norm).adjoint(y), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_computes_in_float32(dtype):
    x = noise(2, 9, 4).to(dtype)
    for function in (fft, rfft, fft2, rfft2):
        y = function(x)
        assert y.dtype == torch.complex64
        assert torch.equal(y, function(x.float()))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(function(x.float()), y)
    assert RFFT(dim=1).adjoint(rfft(x, dim=1)).dtype == torch.float32


def test_gradients():
    x = noise(2, 5, 4).requires_grad_()
    y = noise(2, 3, 4, dtype=torch.complex128).requires_grad_()
    for transform in (RFFT(dim=1), RFFT2D(dim=(2, 1))):
        assert torch.autograd.gradcheck(transform, x)
        assert torch.autograd.gradcheck(lambda v, t=transform: t.adjoint(v, 5), y)
        assert torch.autograd.gradcheck(lambda v, t=transform: t.inverse(v, 5), y)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: fft(torch.ones(3, 0)), "x must be"),
        (lambda: fft(torch.ones(3, dtype=torch.int64)), "int64"),
        (lambda: fft(torch.ones(3), dim=1), "axis 1"),
        (lambda: fft([1.0]), "list"),
        (lambda: rfft(torch.ones(3, dtype=torch.complex64)), "complex"),
        (lambda: fft(torch.ones(3), norm="orto"), "ortho"),
        (lambda: irfft(torch.ones(3), 0), "n must be"),
        (lambda: RFFT().inverse(torch.ones(3), 6), "n must be"),
        (lambda: RFFT().adjoint(torch.ones(3), 3), "n must be"),
        (lambda: RFFT2D().inverse(torch.ones(3, 3), 6), "n must be"),
        (lambda: RFFT2D().adjoint(torch.ones(3, 3), 3), "n must be"),
        (lambda: RFFT2D().adjoint(torch.ones(3)), "axis -2"),
        (lambda: RFFT(norm="none"), "norm must be"),
        (lambda: RFFT2D(norm="none"), "norm must be"),
    ],
)
def test_bad_arguments(call, word):
    with pytest.raises(ArgumentError, match=word):
        call()
