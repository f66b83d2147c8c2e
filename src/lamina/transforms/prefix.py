"""Fourier transforms of samples that differ in length, in one batch.

A padded batch holds samples of lengths L₁, L₂, …; each is to be transformed over its own L, as if it were
alone. The chirp identity (Bluestein 1970) turns a transform of any period into a convolution of one fixed
size, so that no shape and no control flow depends on the lengths: it compiles, exports and vectorises.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lamina.transforms.empty import transformed
from lamina.transforms.length import quick_size
from lamina.transforms.precision import complex_dtype, widened, working_dtype


def within(lengths: Tensor, size: int) -> Tensor:
    """Whether each of ``size`` positions lies in the sample: (batch, size), True inside."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def turns(numerator: Tensor, denominator: Tensor, dtype: torch.dtype) -> Tensor:
    r"""Return :math:`e^{2\pi i\,a/b}` for whole numbers a and b, reduced exactly before they are rounded."""
    fraction = torch.remainder(numerator, denominator).to(torch.float64) / denominator
    angle = (2 * math.pi * fraction).to(working_dtype(dtype))
    return torch.polar(torch.ones_like(angle), angle)


def chirp_dft(x: Tensor, period: Tensor, *, outputs: int | None = None, inverse: bool = False) -> Tensor:
    r"""Compute :math:`y_k = \sum_n x_n e^{\mp 2\pi i\,nk/P}` with a period P for each sample.

    Parameters
    ----------
    x
        (batch, channels, n), real or complex. What lies beyond a sample must be zero already.
    period
        (batch,) whole numbers of at least 1: P, which need not be the sample's length.
    outputs
        How many k from 0 on; None for as many as n.
    inverse
        Take the sign + in the exponent.

    Returns
    -------
    Tensor
        (batch, channels, outputs), complex.
    """
    count = x.shape[2]
    wanted = count if outputs is None else outputs
    # nk = (n² + k² - (k - n)²) / 2
    size = quick_size(count + wanted - 1)
    period = period.to(torch.int64)[:, None]
    sign = 1 if inverse else -1
    # lags of the convolution, in the order in which a circular one has them
    place = torch.arange(size, device=x.device)
    lag = torch.where(place < wanted, place, place - size)
    kernel = turns(-sign * lag * lag, 2 * period, x.dtype)
    longest = max(count, wanted)
    number = torch.arange(longest, device=x.device)
    chirp = turns(sign * number * number, 2 * period, x.dtype)[:, None]
    # with positions side by side, an FFT takes a fraction of what it takes across channels
    rising = (widened(x).to(complex_dtype(x.dtype)) * chirp[..., :count]).contiguous()
    spectrum = transformed(torch.fft.fft, rising, n=size) * transformed(torch.fft.fft, kernel)[:, None]
    return transformed(torch.fft.ifft, spectrum)[..., :wanted] * chirp[..., :wanted]


def prefix_fft(x: Tensor, lengths: Tensor, *, norm: str = "ortho") -> Tensor:
    """Transform each sample over its own length; what lies beyond is taken, and returned, as zero.

    Parameters
    ----------
    x
        (batch, n, channels), real or complex.
    lengths
        (batch,) whole numbers from 0 to n.
    norm
        "ortho", "backward" (no factor here) or "forward" (1/L here), as in `torch.fft`.

    Returns
    -------
    Tensor
        (batch, n, channels), complex: frequencies 0 to L - 1 of each sample, then zeros.

    Examples
    --------
    >>> import torch
    >>> x, lengths = torch.ones(2, 4, 1), torch.tensor([4, 2])
    >>> prefix_fft(x, lengths, norm="forward").real[..., 0].round(decimals=3).abs()
    tensor([[1., 0., 0., 0.],
            [1., 0., 0., 0.]])
    """
    return _prefix(x, lengths, norm, inverse=False)


def prefix_ifft(x: Tensor, lengths: Tensor, *, norm: str = "ortho") -> Tensor:
    """Undo `prefix_fft`.

    Parameters
    ----------
    x
        (batch, n, channels), real or complex.
    lengths, norm
        As in `prefix_fft`.

    Returns
    -------
    Tensor
        (batch, n, channels), complex; zero beyond each sample.

    Examples
    --------
    >>> import torch
    >>> x, lengths = torch.tensor([[[1.0], [2.0], [0.0]]]), torch.tensor([2])
    >>> torch.allclose(prefix_ifft(prefix_fft(x, lengths), lengths).real, x, atol=1e-6)
    True
    """
    return _prefix(x, lengths, norm, inverse=True)


def _prefix(x: Tensor, lengths: Tensor, norm: str, *, inverse: bool) -> Tensor:
    inside = within(lengths, x.shape[1])[..., None]
    # where, not a product: what lies beyond may be NaN
    kept = torch.where(inside, x, torch.zeros((), dtype=x.dtype, device=x.device))
    period = lengths.clamp(min=1)
    summed = chirp_dft(kept.transpose(1, 2), period, inverse=inverse).transpose(1, 2)
    power = {"ortho": -0.5, "backward": -1.0 if inverse else 0.0, "forward": 0.0 if inverse else -1.0}[norm]
    scale = period.to(working_dtype(x.dtype))[:, None, None] ** power
    return torch.where(inside, summed * scale, torch.zeros((), dtype=summed.dtype, device=x.device))
