"""The short-time Fourier transform against windows cut out one by one, and against scipy's."""

import numpy as np
import pytest
import scipy.signal
import torch

from lamina.errors import ArgumentError
from lamina.transforms.stft import STFT, istft, stft

SETTINGS = [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (8, None), (8, 7), (16, 4), (16, 5), (7, 7)]
settings = pytest.mark.parametrize(("size", "hop"), SETTINGS)
LENGTHS = (1, 2, 3, 7, 13, 50)


def noise(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def window_for(size, hop):
    """A Hann window, or one without zeros where frames do not overlap."""
    return None if hop != size or size == 1 else noise(size).abs() + 0.1


def frames_one_by_one(x, window, hop):
    size, n = len(window), x.shape[-1]
    starts = list(range(-(size - hop), n, hop))
    frames = np.zeros((*x.shape[:-1], size // 2 + 1, len(starts)), dtype=complex)
    for p, start in enumerate(starts):
        for j in range(size):
            if 0 <= start + j < n:
                turn = np.exp(-2j * np.pi * j * np.arange(size // 2 + 1) / size) / np.sqrt(size)
                frames[..., p] += window[j] * x[..., start + j, None] * turn
    return frames


@settings
def test_frames_are_those_of_the_equation(size, hop):
    window = window_for(size, hop)
    hann = np.sin(np.pi * np.arange(size) / size) ** 2 if size > 1 else np.ones(1)
    values = hann if window is None else window.numpy()
    for n in LENGTHS:
        x = noise(2, 3, n)
        expected = frames_one_by_one(x.numpy(), values, hop or size // 4)
        found = stft(x, size, hop, window=window)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("size", "hop", "later"), [(16, 4, 1), (15, 4, 1), (16, 8, 0), (12, 3, 1)])
def test_frames_are_those_of_scipy(size, hop, later):
    # scipy's frame p is centred on sample p·hop, ours begins at p·hop - (size - hop)
    x, window = noise(60), noise(size).abs() + 0.1
    theirs = scipy.signal.ShortTimeFFT(window.numpy(), hop, 1.0, fft_mode="onesided", phase_shift=None)
    frames = theirs.stft(x.numpy(), p0=0, p1=60 // hop)
    ours = stft(x, size, hop, window=window, norm="backward").numpy()
    np.testing.assert_allclose(ours[:, later : later + frames.shape[1]], frames, atol=1e-12)


@settings
@pytest.mark.parametrize("norm", ["ortho", "backward", "forward"])
def test_reconstruction_is_perfect(size, hop, norm):
    window = window_for(size, hop)
    for n in LENGTHS:
        x = noise(2, n)
        y = stft(x, size, hop, window=window, norm=norm)
        torch.testing.assert_close(istft(y, n, size, hop, window=window, norm=norm), x)
        whole = istft(y, None, size, hop, window=window, norm=norm)
        torch.testing.assert_close(whole[:, :n], x)
        torch.testing.assert_close(whole[:, n:], torch.zeros_like(whole[:, n:]))


def test_the_inverse_is_that_of_least_squares():
    transform, n = STFT(6, 2), 11
    rows = torch.stack([transform(one).flatten() for one in torch.eye(n, dtype=torch.float64)], dim=1)
    y = noise(4, 8, dtype=torch.complex128)
    # of frames' signals: the half spectrum weighs as the whole one does
    weights = torch.tensor([1.0, 2.0, 2.0, 1.0], dtype=torch.float64)[:, None].expand(4, 8).flatten().sqrt()
    # the imaginary parts that no real frame has at 0 and at the Nyquist frequency are not fitted
    y[0], y[3] = y[0].real.to(y.dtype), y[3].real.to(y.dtype)
    design, target = weights[:, None] * rows, weights * y.flatten()
    stacked = torch.cat([design.real, design.imag])
    fitted = torch.linalg.lstsq(stacked, torch.cat([target.real, target.imag])).solution
    torch.testing.assert_close(transform.inverse(y, n), fitted)


@settings
@pytest.mark.parametrize("norm", ["ortho", "backward", "forward"])
def test_the_adjoint_passes_the_dot_test(size, hop, norm):
    transform = STFT(size, hop, window=window_for(size, hop), norm=norm)
    for n in LENGTHS:
        x = noise(2, n)
        y = noise(*transform(x).shape, seed=1, dtype=torch.complex128)
        torch.testing.assert_close((transform(x).conj() * y).real.sum(), (x * transform.adjoint(y, n)).sum())


def test_gradients():
    x = noise(2, 9).requires_grad_()
    transform = STFT(5, 2)
    assert torch.autograd.gradcheck(transform, x)
    y = transform(x).detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: transform.inverse(v, 9), y)
    assert torch.autograd.gradcheck(lambda v: transform.adjoint(v, 9), y)
    window = (noise(5).abs() + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda w: istft(stft(x, 5, 2, window=w).abs() + 0j, 9, 5, 2, window=w), window
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_computes_in_float32(dtype):
    x = noise(2, 40).to(dtype)
    transform = STFT(8)
    y = transform(x)
    assert y.dtype == torch.complex64
    assert torch.equal(y, transform(x.float()))
    assert transform.inverse(y, 40).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(transform(x.float()), y)


def test_a_module_keeps_its_window():
    window = torch.ones(4)
    transform = STFT(4, 4, window=window)
    assert torch.equal(transform.window, window)
    assert not transform.state_dict()
    x = noise(10, dtype=torch.float32)
    torch.testing.assert_close(transform.double().inverse(transform(x.double()), 10), x.double())
    assert STFT(6).to("meta")(torch.zeros(2, 9, device="meta")).shape == (2, 4, 14)


def test_an_empty_batch():
    transform = STFT(6, 2)
    y = transform(torch.zeros(0, 9))
    assert y.shape == (0, 4, 7)
    assert transform.inverse(y, 9).shape == transform.adjoint(y, 9).shape == (0, 9)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: stft(torch.ones(3, 0), 4), "x must be"),
        (lambda: stft(torch.tensor(1.0), 4), "x must be"),
        (lambda: stft(torch.ones(3, dtype=torch.int64), 4), "int64"),
        (lambda: stft(torch.ones(3, dtype=torch.complex64), 4), "complex"),
        (lambda: stft([1.0], 4), "list"),
        (lambda: stft(torch.ones(3), 0), "size must be"),
        (lambda: stft(torch.ones(3), 4, 0), "hop must be"),
        (lambda: stft(torch.ones(3), 4, 5), "hop must be"),
        (lambda: stft(torch.ones(3), 4, norm="orto"), "ortho"),
        (lambda: stft(torch.ones(3), 4, window=torch.ones(3)), "window must be"),
        (lambda: stft(torch.ones(3), 4, window=torch.ones(4).int()), "window must be"),
        (lambda: stft(torch.ones(3), 4, window=[1.0] * 4), "window must be"),
        (lambda: istft(torch.ones(3, 5), None, 6), "y must be"),
        (lambda: istft(torch.ones(4, 2), None, 6, 2), "at least 3 frames"),
        (lambda: istft(torch.ones(3), None, 4), "y must be"),
        (lambda: istft(stft(torch.ones(9), 4, 2), 11, 4, 2), "n must be"),
        (lambda: istft(stft(torch.ones(9), 4, 2), 8, 4, 2), "n must be"),
        (lambda: istft(stft(torch.ones(9), 4, 4), 9, 4, 4), "window must be .* hop = 4"),
        (lambda: STFT(4, 4), "window must be"),
        (lambda: STFT(norm="none"), "norm must be"),
    ],
)
def test_bad_arguments(call, word):
    with pytest.raises(ArgumentError, match=word):
        call()
