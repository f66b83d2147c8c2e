r"""Circular convolution along the sequence by a frequency response, of samples of any length.

.. math:: y = F_n^{-1}\bigl(H^{(n)} \odot F_n x\bigr), \qquad
          H^{(n)}_j = (1 - s)\, H_k + s\, H_{k+1}, \quad \frac{jS}{n} = k + s,\ 0 \le s < 1

H is given at S frequencies and read, linearly in real and imaginary parts, at the n frequencies of the
signal. Source: Rao et al. 2021, Global filter networks for image classification, section 3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.transforms.fourier import irfft, rfft
from lamina.transforms.length import is_symbol
from lamina.transforms.precision import widened, working_dtype
from lamina.transforms.prefix import chirp_dft, within


def half_size(length: int) -> int:
    """Count the frequencies from 0 to the Nyquist frequency of a real signal."""
    return length // 2 + 1


def hermitian_part(real: Tensor, imag: Tensor, counts: tuple[int, ...]) -> Tensor:
    r"""Hermitian part of a spectrum: that of its inverse transform's real part.

    .. math:: H_k = \tfrac12 \bigl(A_k + \overline{A_{-k}}\bigr)

    Parameters
    ----------
    real, imag
        A over the first ``len(counts)`` axes, of n₁, n₂, … frequencies each; further axes are channels.
    counts
        How many frequencies of each axis to return, from 0 on.

    Returns
    -------
    Tensor
        Complex; exactly real where k = -k.
    """
    kept, mirrored = [widened(real), widened(imag)], [widened(real), widened(imag)]
    for axis, count in enumerate(counts):
        kept = [part.narrow(axis, 0, count) for part in kept]
        mirrored = [_mirrored(part, axis, count) for part in mirrored]
    return torch.complex((kept[0] + mirrored[0]) / 2, (kept[1] - mirrored[1]) / 2)


def _mirrored(values: Tensor, axis: int, count: int) -> Tensor:
    """Return what stands at 0, -1, -2, … of a periodic axis."""
    last = values.narrow(axis, values.shape[axis] - count + 1, count - 1)
    return torch.cat([values.narrow(axis, 0, 1), last.flip(axis)], dim=axis)


def closed(half: Tensor, size: int) -> Tensor:
    """Append to the half spectrum of ``size`` frequencies its next one, which symmetry tells.

    Between the last frequency of an odd size and its mirror image lies the Nyquist frequency of other sizes.
    """
    following = half[size - half.shape[0]] if size > 1 else half[0]
    return torch.cat([half, torch.complex(following.real, -following.imag)[None]])


def read_at(spectrum: Tensor, number: Tensor, length: Tensor | int, size: int) -> Tensor:
    """Read a spectrum of ``size`` frequencies linearly at the frequencies j / length.

    Parameters
    ----------
    spectrum
        (rows, channels), complex: the frequencies 0, 1 / size, … of one period, or `closed` half of them.
    number, length
        Whole numbers j and signal lengths, of shapes that broadcast to (...).
    size
        Number of frequencies in a period.

    Returns
    -------
    Tensor
        (..., channels), complex; exact where j · size / length is whole.
    """
    place = number * size
    below = torch.div(place, length, rounding_mode="floor")
    share = ((place - below * length).to(torch.float64) / length).to(working_dtype(spectrum.dtype))[..., None]
    above = torch.remainder(below + 1, spectrum.shape[0])
    return spectrum[below] * (1 - share) + spectrum[above] * share


def filtered(x: Tensor, half: Tensor, size: int, *, norm: str, kept: Tensor | None = None) -> Tensor:
    """Convolve circularly along the sequence with the filter of a half spectrum.

    Parameters
    ----------
    x
        (batch, n, channels), real.
    half
        (⌊size/2⌋ + 1, channels), complex: its response.
    size
        Length that the response was made for.
    norm
        Of both transforms; it cancels.
    kept
        (batch, ⌊n/2⌋ + 1, 1) factors of the signal's frequencies; None for 1.

    Returns
    -------
    Tensor
        Of the shape of ``x``, in working precision.
    """
    n = x.shape[1]
    # at equal lengths what is read is what is there
    if is_symbol(n) or n != size:
        half = read_at(closed(half, size), torch.arange(half_size(n), device=x.device), n, size)
    spectrum = rfft(x, dim=1, norm=norm) * half
    if kept is not None:
        spectrum = spectrum * kept
    return irfft(spectrum, n, dim=1, norm=norm)


def filtered_prefixes(
    x: Tensor, lengths: Tensor, half: Tensor, size: int, *, kept: Tensor | None = None
) -> Tensor:
    """Convolve each sample over its own length, as `filtered` does one by one; beyond it are zeros.

    Parameters
    ----------
    x
        (batch, n, channels), real; what lies beyond a sample has no influence.
    lengths
        (batch,) whole numbers from 0 to n.
    half, size, kept
        As in `filtered`.

    Returns
    -------
    Tensor
        Of the shape of ``x``, in working precision.
    """
    n = x.shape[1]
    inside = within(lengths, n)[..., None]
    # where, not a product: what lies beyond may be NaN
    signal = torch.where(inside, widened(x), 0.0)
    period = lengths.clamp(min=1)[:, None]
    number = torch.arange(half_size(n), device=x.device)
    response = read_at(closed(half, size), torch.minimum(number, period // 2), period, size)
    # the other half is the conjugate: counted by doubling what is not its own mirror image
    times = torch.where((number == 0) | (2 * number == period), 1, 2)
    weight = (torch.where(2 * number <= period, times, 0).to(signal.dtype) / period)[..., None]
    factors = response * (weight if kept is None else weight * kept)
    spectrum = chirp_dft(signal.transpose(1, 2), period[:, 0], outputs=half_size(n)) * factors.transpose(1, 2)
    mixed = chirp_dft(spectrum, period[:, 0], outputs=n, inverse=True).real.transpose(1, 2)
    return torch.where(inside, mixed, 0.0)
