"""Transforms along the sequence: of whole batches, or of each sample over its own length.

All of them are taken along axis 1 of (batch, sequence, channels), where the data lie, for all channels at
once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.layers.attention import lst_fold
from lamina.layers.attention.lst_fold import folded, unfolded
from lamina.layers.attention.lst_rfft import multiplicity as half_multiplicity
from lamina.layers.attention.lst_rfft import turned_fourier
from lamina.transforms.cosine import DCT
from lamina.transforms.fourier import RFFT, irfft
from lamina.transforms.hadamard import Hadamard, prefix_hadamard, prefix_ihadamard
from lamina.transforms.length import next_power_of_two
from lamina.transforms.precision import complex_dtype
from lamina.transforms.prefix import prefix_fft, prefix_ifft
from lamina.transforms.prefix_cosine import prefix_dct, prefix_dst, prefix_idct, prefix_idst
from lamina.transforms.sine import DST
from lamina.transforms.transform import Transform


def spectrum(transform: Transform, x: Tensor, lengths: Tensor | None) -> Tensor:
    """Transform (batch, n, channels) along the sequence.

    Parameters
    ----------
    transform
        ``DCT``, ``DST``, ``Hadamard`` or ``RFFT`` along axis 1.
    x
        Real, at least float32; `arranged` where `is_folded` says so.
    lengths
        (batch,): each sample is transformed over its own length; None for all of it.

    Returns
    -------
    Tensor
        (batch, frequencies, channels, parts), complex for ``RFFT``: half a spectrum, or a whole one with
        ``lengths``. There are two parts, of different frequencies, if it is folded, else one.
    """
    if is_folded(transform, lengths):
        return folded(x, sine=isinstance(transform, DST))
    if lengths is None:
        spectra = _whole(transform, x)
    elif isinstance(transform, DCT):
        spectra = prefix_dct(x, lengths, transform.kind)
    elif isinstance(transform, DST):
        spectra = prefix_dst(x, lengths, transform.kind)
    elif isinstance(transform, Hadamard):
        spectra = prefix_hadamard(x, lengths)
    else:
        spectra = prefix_fft(x, lengths)
    return spectra[..., None]


def signal(transform: Transform, y: Tensor, n: int, lengths: Tensor | None) -> Tensor:
    """Apply the adjoint of `spectrum`, which is the inverse where the transform is orthonormal.

    Parameters
    ----------
    transform, lengths
        As in `spectrum`.
    y
        (batch, frequencies, channels, parts).
    n
        Length of the sequence.

    Returns
    -------
    Tensor
        (batch, n, channels), real.
    """
    if is_folded(transform, lengths):
        return unfolded(y, n, sine=isinstance(transform, DST))
    y = y.squeeze(-1)
    if isinstance(transform, RFFT):
        return irfft(y, n, dim=1) if lengths is None else prefix_ifft(y, lengths).real
    if lengths is None:
        return y if _is_identity(transform, y) else transform.adjoint(y)[:, :n]
    if isinstance(transform, DCT):
        return prefix_idct(y, lengths, transform.kind)
    if isinstance(transform, DST):
        return prefix_idst(y, lengths, transform.kind)
    back = prefix_ihadamard(y, lengths, n)
    if transform.orthonormal:
        return back
    # the factors that the unnormalised transform and its transpose have, and the orthonormal ones have not
    return back * torch.as_tensor(frequencies(transform, n, lengths))[:, None, None]


def is_folded(transform: Transform, lengths: Tensor | None) -> bool:
    """Whether the spectra come without order and sign, from samples that are arranged: see `lst_fold`."""
    return lengths is None and isinstance(transform, DCT | DST) and transform.kind == 2


def frequencies(transform: Transform, n: int, lengths: Tensor | None) -> Tensor | int:
    """How many frequencies a sequence of this length has, or (batch,) for each sample."""
    if not isinstance(transform, Hadamard):
        return n if lengths is None else lengths
    if lengths is None:
        return next_power_of_two(n)
    digits = next_power_of_two(n).bit_length()
    powers = torch.tensor([1 << digit for digit in range(digits)], device=lengths.device)
    return 1 << (lengths[:, None] > powers).sum(dim=1)


def multiplicity(transform: Transform, n: int, lengths: Tensor | None, like: Tensor) -> Tensor | None:
    """How many frequencies each number stands for: (frequencies, 1, parts); None for one each."""
    if is_folded(transform, lengths):
        return lst_fold.multiplicity(n, like)
    if lengths is not None or not isinstance(transform, RFFT):
        return None
    return half_multiplicity(n, like)[:, None, None]


def _whole(transform: Transform, x: Tensor) -> Tensor:
    if isinstance(transform, RFFT):
        return turned_fourier(x, torch.ones((), dtype=complex_dtype(x.dtype), device=x.device))
    return x if _is_identity(transform, x) else transform(x)


def _is_identity(transform: Transform, x: Tensor) -> bool:
    # DCT-I is defined from two values on; a single one is its own transform, orthonormally
    return isinstance(transform, DCT) and transform.kind == 1 and x.shape[1] == 1
