"""Causal filtering of a recording by a bank of filters, fast for any memory."""

from __future__ import annotations

import math
from typing import Any

import array_api_compat
from scipy.fft import next_fast_len

from lamina._checks import check_recording
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.typing import Array, Filters, Recording

# numbers that one step reads and writes: a few times the second-level cache, and all the temporary memory
# there is
_STEP = 2**18


def causal_filter(recording: Recording, filters: Filters) -> Array:
    r"""Filter a recording by each of several causal filters; samples before the first count as zero.

    .. math:: z_{t,u} = \sum_{i=0}^{m-1} \sum_c \mathrm{filters}_{u,i,c}\; y_{t-i,c}

    Short memories go through a blocked Toeplitz product (blocks of samples times a banded matrix), long ones
    through the fast Fourier transform with overlapping blocks; `prefers_fourier` holds the measured border.
    Temporary memory does not grow with the recording.

    Parameters
    ----------
    recording
        ``(time,)`` or ``(time, channels)``. NaN marks a gap: outputs whose window touches one are NaN.
    filters
        ``(units, memory, channels)``, newest lag first.

    Returns
    -------
    array
        ``(time, units)``, in the library, device and floating dtype of the recording (float64 for integers).

    Raises
    ------
    ShapeError
        ``filters`` does not have three axes, or the recording has other channels.
    ArgumentTypeError
        An argument is not made of real numbers.
    DataError
        The recording holds infinity, or the filters NaN or infinity.

    Notes
    -----
    ReSU paper, Eq. 4, without rectification. Through the Fourier transform, rounding is relative to the
    largest value within about eight memories.

    Examples
    --------
    >>> import numpy as np
    >>> causal_filter(np.array([1.0, 2.0, 4.0]), np.array([[[1.0], [-1.0]]])).tolist()  # the first difference
    [[1.0], [1.0], [2.0]]
    """
    bank = _check_filters(filters)
    signal = check_recording("recording", recording, channels=bank.shape[2], minimum_samples=0)
    xp = array_api_compat.array_namespace(signal)
    bank = _like(bank, signal)
    missing = xp.any(xp.isnan(signal), axis=1)
    gaps = bool(xp.any(missing))
    if gaps:
        signal = xp.where(missing[:, None], xp.zeros_like(signal), signal)
    # lags beyond the first sample meet nothing but zeros
    memory = min(bank.shape[1], max(1, signal.shape[0]))
    bank = bank[:, :memory, :]
    route = fourier_filter if prefers_fourier(*bank.shape) else toeplitz_filter
    filtered = route(signal, bank)
    if gaps:
        filtered[_touched(missing, memory), :] = math.nan
    return filtered


def prefers_fourier(units: int, memory: int, channels: int) -> bool:
    """Whether the Fourier route is the faster one for filters of this size.

    Parameters
    ----------
    units, memory, channels
        Shape of the filters.

    Returns
    -------
    bool
    """
    # timed on one core with 1 to 64 units, 1 to 32 channels and memories of 10 to 800: the routes cross at
    # memories of 60 to 130, and at about 200 for a single filter, which has its transforms to itself
    return memory > 64 + 128 // min(units * channels, 8)


def toeplitz_filter(signal: Array, filters: Array, block: int | None = None) -> Array:
    """Filter by matrix products of blocks of samples with a banded Toeplitz matrix.

    Parameters
    ----------
    signal
        ``(time, channels)``, finite.
    filters
        ``(units, memory, channels)``, of the same library and dtype.
    block
        Samples in a block; by default chosen by the size of the filters.

    Returns
    -------
    array
        ``(time, units)``.
    """
    xp = array_api_compat.array_namespace(signal)
    device = array_api_compat.device(signal)
    samples, channels = signal.shape
    units, memory, _ = filters.shape
    block = block or toeplitz_block(units, memory, channels)
    behind = -(-(memory - 1) // block)
    bands = _bands(filters, block, behind)
    filtered = xp.empty((samples, units), dtype=signal.dtype, device=device)
    step = block * max(4 * behind, _STEP // (block * max(units, channels)), 1)
    for start in range(0, samples, step):
        length = min(step, samples - start)
        blocks = -(-length // block)
        rows = _padded(signal, start - behind * block, start + blocks * block)
        rows = xp.reshape(rows, (behind + blocks, block * channels))
        total = rows[behind:, :] @ bands[0]
        for lag in range(1, behind + 1):
            total += rows[behind - lag : behind - lag + blocks, :] @ bands[lag]
        filtered[start : start + length, :] = xp.reshape(total, (blocks * block, units))[:length, :]
    return filtered


def toeplitz_block(units: int, memory: int, channels: int) -> int:
    """Choose the samples in a block: enough for an efficient product, few enough to waste little of the band.

    Parameters
    ----------
    units, memory, channels
        Shape of the filters.

    Returns
    -------
    int
    """
    return max(1, min(memory, 48 // min(units, channels)))


def _bands(filters: Array, block: int, behind: int) -> list[Array]:
    """Matrices that take the samples of a block, and of those before it, to the outputs of the block."""
    xp = array_api_compat.array_namespace(filters)
    device = array_api_compat.device(filters)
    units, memory, channels = filters.shape
    by_lag = xp.permute_dims(filters, (1, 2, 0))
    span = (behind + 1) * block
    bands = xp.zeros((span, channels, block, units), dtype=filters.dtype, device=device)
    for output in range(block):
        # the newest sample that this output sees lies in the last block, at the same place
        newest = span - block + output
        reach = min(memory, newest + 1)
        bands[newest + 1 - reach : newest + 1, :, output, :] = xp.flip(by_lag[:reach, :, :], axis=0)
    flat = xp.reshape(bands, (span * channels, block * units))
    width = block * channels
    return [flat[(behind - lag) * width : (behind - lag + 1) * width, :] for lag in range(behind + 1)]


def fourier_filter(signal: Array, filters: Array) -> Array:
    """Filter by fast Fourier transforms of overlapping blocks (overlap-save).

    Parameters
    ----------
    signal
        ``(time, channels)``, finite.
    filters
        ``(units, memory, channels)``, of the same library and dtype.

    Returns
    -------
    array
        ``(time, units)``.
    """
    xp = array_api_compat.array_namespace(signal)
    device = array_api_compat.device(signal)
    samples, channels = signal.shape
    units, memory, _ = filters.shape
    size = next_fast_len(min(max(8 * memory, 1024), samples + memory - 1), real=True)
    fresh = size - memory + 1
    filtered = xp.empty((samples, units), dtype=signal.dtype, device=device)
    # a transformed filter is eight times as long as the filter: only so many of them at once
    together = max(1, 2 * _STEP // (size * channels))
    for unit in range(0, units, together):
        some = slice(unit, min(unit + together, units))
        responses = xp.fft.rfft(xp.permute_dims(filters[some, :, :], (0, 2, 1)), n=size)
        for start in range(0, samples, fresh):
            length = min(fresh, samples - start)
            piece = _padded(signal, start - memory + 1, start - memory + 1 + size)
            spectrum = xp.fft.rfft(piece.T)
            product = responses[:, 0, :] * spectrum[0, :][None, :]
            for channel in range(1, channels):
                product += responses[:, channel, :] * spectrum[channel, :][None, :]
            outputs = xp.fft.irfft(product, n=size)
            filtered[start : start + length, some] = outputs[:, memory - 1 : memory - 1 + length].T
    return filtered


def _padded(signal: Array, start: int, stop: int) -> Array:
    """Cut samples from start to stop, with zeros where the signal has none."""
    xp = array_api_compat.array_namespace(signal)
    device = array_api_compat.device(signal)
    samples, channels = signal.shape
    inside = signal[max(start, 0) : min(stop, samples), :]
    if start >= 0 and stop <= samples:
        return inside
    before = xp.zeros((max(0, -start), channels), dtype=signal.dtype, device=device)
    after = xp.zeros((max(0, stop - samples), channels), dtype=signal.dtype, device=device)
    return xp.concat([before, inside, after], axis=0)


def _like(filters: Array, signal: Array) -> Array:
    """Return the filters in the library, dtype and device of the signal; gradients stay within torch."""
    xp = array_api_compat.array_namespace(signal)
    device = array_api_compat.device(signal)
    if array_api_compat.array_namespace(filters) is xp:
        return xp.astype(array_api_compat.to_device(filters, device), signal.dtype)
    if array_api_compat.is_torch_array(filters):
        filters = filters.detach().cpu().numpy()
    return xp.asarray(filters, dtype=signal.dtype, device=device)


def _touched(missing: Array, memory: int) -> Array:
    """Which outputs have a missing sample in their window."""
    xp = array_api_compat.array_namespace(missing)
    seen = xp.cumulative_sum(xp.astype(missing, xp.int64))
    left = xp.zeros_like(seen)
    left[memory:] = seen[: max(0, seen.shape[0] - memory)]
    return seen > left


def _check_filters(filters: Any) -> Array:
    if not array_api_compat.is_array_api_obj(filters):
        raise ArgumentTypeError(
            "filters",
            allowed="an array of shape (units, memory, channels)",
            got=type(filters).__name__,
            remedy="Convert it to an array.",
        )
    bank: Array = filters
    xp = array_api_compat.array_namespace(bank)
    if bank.ndim != 3 or 0 in bank.shape:
        raise ShapeError(
            "filters",
            allowed="of shape (units, memory, channels)",
            got=f"shape {tuple(bank.shape)}",
            remedy="Add the missing axes (a single filter of one channel is filters[None, :, None]).",
        )
    if not xp.isdtype(bank.dtype, ("bool", "integral", "real floating")):
        raise ArgumentTypeError(
            "filters",
            allowed="an array of real numbers",
            got=f"dtype {bank.dtype}",
            remedy="Filter with real and imaginary part as two units.",
        )
    if xp.isdtype(bank.dtype, "real floating") and not bool(xp.all(xp.isfinite(bank))):
        raise DataError(
            "filters",
            allowed="finite",
            got="NaN or infinity",
            remedy="Fit the filters again, on data that vary.",
        )
    return bank
