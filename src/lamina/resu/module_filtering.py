"""Causal filtering of a batch of recordings in torch, without control flow that depends on the data."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv1d, pad


def direct_filter(rows: Tensor, weight: Tensor) -> Tensor:
    """Filter by one matrix product of overlapping blocks of samples with a banded Toeplitz matrix.

    Torch's own convolution (`convolve`) rounds to ten bits on recent GPUs unless told otherwise, and copies
    out every window in float64; a plain product does neither.

    Parameters
    ----------
    rows
        (batch, time, channels), finite; what lies before the first sample counts as zero.
    weight
        (memory, channels, units), oldest lag first, of the same dtype.

    Returns
    -------
    Tensor
        (batch, time, units).

    Examples
    --------
    >>> import torch
    >>> difference = torch.tensor([-1.0, 1.0])[:, None, None]
    >>> direct_filter(torch.tensor([1.0, 2.0, 4.0])[None, :, None], difference).flatten().tolist()
    [1.0, 1.0, 2.0]
    """
    memory, channels, units = weight.shape
    # the matrix has 2 * block rows for memory useful ones, so a block is no longer than need be
    block = max(memory, 16)
    padded = pad(weight, (0, 0, 0, 0, block - memory + 1, block))
    # cut one sample short, each repetition of the filter comes to lie one sample later than the one before
    skewed = padded.expand(block, 2 * block + 1, channels, units).reshape(-1, channels, units)
    bands = skewed[: 2 * block * block].reshape(block, 2 * block, channels, units)
    bands = bands.permute(2, 1, 0, 3).reshape(2 * block * channels, block * units)
    filtered = _pairs(rows, block).flatten(2) @ bands
    return filtered.unflatten(2, (block, units)).flatten(1, 2)[:, : rows.shape[1]]


def fourier_filter(rows: Tensor, weight: Tensor) -> Tensor:
    """Filter by the fast Fourier transform of overlapping blocks of samples.

    Parameters
    ----------
    rows, weight
        As in `direct_filter`.

    Returns
    -------
    Tensor
        (batch, time, units). Rounding is relative to the largest value within about four memories.

    Examples
    --------
    >>> import torch
    >>> difference = torch.tensor([-1.0, 1.0])[:, None, None]
    >>> fourier_filter(torch.tensor([1.0, 2.0, 4.0])[None, :, None], difference).round().flatten().tolist()
    [1.0, 1.0, 2.0]
    """
    memory, channels, _ = weight.shape
    # from two to four memories: of blocks of one to eight, timed, none was the fastest throughout
    block = 1 << (2 * memory - 1).bit_length()
    if rows.shape[0] == 0:
        # the library behind torch's transform refuses an empty batch
        return direct_filter(rows, weight)
    spectra = torch.fft.rfft(_pairs(rows, block))
    responses = torch.fft.rfft(weight.permute(1, 2, 0).flip(2), n=2 * block)
    mixed = torch.einsum("bncf,cuf->bnuf", spectra, responses) if channels > 1 else spectra * responses
    filtered = torch.fft.irfft(mixed, n=2 * block)[..., block:]
    return filtered.permute(0, 1, 3, 2).flatten(1, 2)[:, : rows.shape[1]]


def convolve(rows: Tensor, weight: Tensor) -> Tensor:
    """Filter by torch's own convolution, whose shape a tracer follows for any time, and which ONNX knows.

    Parameters
    ----------
    rows, weight
        As in `direct_filter`.

    Returns
    -------
    Tensor
        (batch, time, units).

    Examples
    --------
    >>> import torch
    >>> difference = torch.tensor([-1.0, 1.0])[:, None, None]
    >>> convolve(torch.tensor([1.0, 2.0, 4.0])[None, :, None], difference).flatten().tolist()
    [1.0, 1.0, 2.0]
    """
    # one sample more than need be, whose output is left out: torch convolves nothing shorter than a filter
    padded = pad(rows, (0, 0, weight.shape[0], 0))
    return conv1d(padded.mT, weight.permute(2, 1, 0)).mT[:, 1:]


def touched(missing: Tensor, memory: int) -> Tensor:
    """Say which windows touch a missing sample.

    Parameters
    ----------
    missing
        (batch, time), boolean.
    memory
        Samples in a window.

    Returns
    -------
    Tensor
        (batch, time), boolean.

    Examples
    --------
    >>> import torch
    >>> touched(torch.tensor([[False, True, False, False]]), 2).tolist()
    [[False, True, True, False]]
    """
    gone = torch.cumsum(missing.to(torch.int64), dim=1)
    return gone > pad(gone, (memory, 0))[:, : gone.shape[1]]


def _pairs(rows: Tensor, block: int) -> Tensor:
    """Cut (batch, time, channels) into (batch, pairs, channels, 2 · block): blocks led by the ones before."""
    time = rows.shape[1]
    # compilers make a special case of an axis of length one, and so would compile for short recordings again
    count = time // block + 2 if torch.compiler.is_compiling() else max(1, -(-time // block))
    return pad(rows, (0, 0, block, count * block - time)).unfold(1, 2 * block, block)
