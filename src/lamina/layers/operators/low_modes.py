r"""The lowest Fourier coefficients of a signal, and the signal that they make up.

.. math:: c_k = \frac{1}{n} \sum_{j=0}^{n-1} x_j\, e^{-2\pi i\,jk/n}, \qquad
          y_j = \operatorname{Re} \Bigl( d_0 + 2 \sum_{k=1}^{m-1} d_k\, e^{2\pi i\,jk/n} \Bigr)

With the factor 1/n in front of the sum, the coefficients of a band-limited function do not depend on how
finely it is sampled. Few modes are summed by a matrix product, which takes O(n m); many go through an FFT.
Coefficients are real pairs along a last axis of 2, so that nothing here needs complex operators.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lamina.errors import DataError, ShapeError
from lamina.layers.masking import can_look
from lamina.transforms.fourier import irfft, rfft
from lamina.transforms.precision import full_precision, widened
from lamina.transforms.prefix import chirp_dft, within

# up to here, a matrix product is as quick as an FFT or quicker (one thread, 128 to 4096 positions, 256
# channels; half of the FFT's time at 4096)
MATRIX_MODES = 32


def check_modes(modes: int, x: Tensor, axis: int, *, signs: int = 1) -> None:
    r"""Refuse an input whose Nyquist frequency n/2 does not lie above all modes.

    With one sign the modes are 0, 1, …, m - 1; with both they are 0, 1, -1, 2, … The Nyquist frequency of an
    even n is not below itself: its phase cannot be seen in n samples.
    """
    n = x.shape[axis]
    largest = (n + 1) // 2 if signs == 1 else n - (n + 1) % 2
    if modes > largest:
        least = least_length(modes, signs=signs)
        raise ShapeError(
            "x",
            allowed=f"at least {least} points long along axis {axis}, for {modes} modes",
            got=f"{n} points",
            remedy=f"{n} points have {largest} modes below their Nyquist frequency; ask for at most as many.",
        )


def least_length(modes: int, *, signs: int = 1) -> int:
    """Fewest points whose Nyquist frequency lies above all of these modes."""
    return 2 * (modes if signs == 1 else modes // 2 + 1) - 1


def check_lengths(modes: int, lengths: Tensor) -> None:
    """Refuse samples that are too short for the modes; those of padding alone have none and may pass."""
    least = least_length(modes)
    if can_look(lengths) and bool(((lengths > 0) & (lengths < least)).any()):
        shortest = int(lengths[lengths > 0].min())
        raise DataError(
            "key_padding_mask",
            allowed=f"one that leaves at least {least} points of each sample, for {modes} modes",
            got=f"a sample of {shortest}",
            remedy=f"{shortest} points have {(shortest + 1) // 2} modes below their Nyquist frequency.",
        )


def low_modes(x: Tensor, modes: int, lengths: Tensor | None = None) -> Tensor:
    """Compute the first coefficients along the last axis.

    Parameters
    ----------
    x
        (batch, channels, n), real. What lies beyond a sample must be zero already.
    modes
        How many: frequencies 0 to modes - 1.
    lengths
        (batch,) lengths of the samples, each of which is transformed over its own; modes that it does not
        have are zero. None: all are n long.

    Returns
    -------
    Tensor
        (batch, channels, modes, 2), in the working precision.
    """
    x = widened(x)
    batch, channels, n = x.shape
    if modes > MATRIX_MODES:
        if lengths is None:
            found = torch.view_as_real(rfft(x, norm="forward")[..., :modes])
        else:
            period = lengths.clamp(min=1)
            summed = chirp_dft(x, period, outputs=modes)
            found = torch.view_as_real(summed) / period[:, None, None, None]
    else:
        real, imaginary = circle(n, modes, n if lengths is None else lengths, x)
        matrix = torch.stack([real, -imaginary], dim=-1).reshape(-1, n, 2 * modes)
        matrix = matrix / (n if lengths is None else lengths.clamp(min=1)[:, None, None])
        with full_precision(x):
            found = torch.bmm(x, matrix.expand(batch, -1, -1)).reshape(batch, channels, modes, 2)
    if lengths is None:
        return found
    exists = 2 * torch.arange(modes, device=x.device) < lengths[:, None]
    return torch.where(exists[:, None, :, None], found, torch.zeros((), dtype=found.dtype, device=x.device))


def from_low_modes(y: Tensor, n: int, lengths: Tensor | None = None) -> Tensor:
    """Compute the real signal that has these coefficients.

    Parameters
    ----------
    y
        (batch, channels, modes, 2), real pairs. The imaginary part at frequency 0 is ignored.
    n
        How many positions.
    lengths
        (batch,) lengths of the samples; beyond them the result is zero. None: all are n long.

    Returns
    -------
    Tensor
        (batch, channels, n), real.
    """
    batch, channels, modes, _ = y.shape
    if modes > MATRIX_MODES:
        spectrum = torch.view_as_complex(y.contiguous())
        if lengths is None:
            return irfft(spectrum, n, norm="forward")
        doubled = spectrum * _doubling(modes, y)[:, 0]
        summed = chirp_dft(doubled, lengths.clamp(min=1), outputs=n, inverse=True).real
    else:
        real, imaginary = circle(n, modes, n if lengths is None else lengths, y)
        matrix = torch.stack([real, -imaginary], dim=-1) * _doubling(modes, y)
        matrix = matrix.reshape(-1, n, 2 * modes).transpose(1, 2).expand(batch, -1, -1)
        with full_precision(y):
            summed = torch.bmm(y.reshape(batch, channels, 2 * modes), matrix)
    if lengths is None:
        return summed
    inside = within(lengths, n)[:, None, :]
    return torch.where(inside, summed, torch.zeros((), dtype=summed.dtype, device=y.device))


def mixed(x: Tensor, weights: Tensor) -> Tensor:
    r"""Multiply the channels of each mode by a complex matrix: :math:`y_{bok} = \sum_i w_{kio}\, x_{bik}`.

    Parameters
    ----------
    x
        (batch, inputs, modes, 2), real pairs.
    weights
        (modes, inputs, outputs, 2), real pairs of the same dtype.

    Returns
    -------
    Tensor
        (batch, outputs, modes, 2), real pairs.
    """
    modes, inputs, outputs, _ = weights.shape
    batch = x.shape[0]
    stacked = x.permute(2, 3, 0, 1).reshape(modes, 2 * batch, inputs)
    with full_precision(x):
        product = torch.bmm(stacked, weights.reshape(modes, inputs, 2 * outputs))
    product = product.reshape(modes, 2, batch, outputs, 2)
    real = product[:, 0, ..., 0] - product[:, 1, ..., 1]
    imaginary = product[:, 0, ..., 1] + product[:, 1, ..., 0]
    return torch.stack([real, imaginary], dim=-1).permute(1, 2, 0, 3)


def circle(count: int, modes: int | Tensor, period: int | Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    r"""Cosine and sine of :math:`2\pi jk/P`, each (batch, count, modes); batch is 1 for a single period P.

    ``modes`` is how many frequencies from 0 on, or the frequencies themselves.
    """
    place = torch.arange(count, device=like.device, dtype=torch.float64)[:, None]
    if isinstance(modes, int):
        modes = torch.arange(modes, device=like.device)
    product = place * modes.to(torch.float64)
    if isinstance(period, Tensor):
        period = period.clamp(min=1).to(torch.float64)[:, None, None]
    # the product is exact; the turns are reduced in double precision before they are rounded
    turn = product / period
    angle = ((turn - turn.floor()) * (2 * math.pi)).to(like.dtype)
    if angle.ndim == 2:
        angle = angle[None]
    return angle.cos(), angle.sin()


def signed_frequencies(modes: int, like: Tensor) -> Tensor:
    """Return the frequencies 0, 1, -1, 2, -2, …, as many as asked for."""
    place = torch.arange(modes, device=like.device)
    return ((place + 1) // 2) * (2 * (place % 2) - 1)


def _doubling(modes: int, like: Tensor) -> Tensor:
    """Factors 1, 2, 2, …, (modes, 1): every frequency but 0 stands for its negative, too."""
    return (1 + (torch.arange(modes, device=like.device) > 0)).to(like.dtype)[:, None]
