"""The two ways to filter causally: products with banded Toeplitz matrices, and fast Fourier transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np
import scipy.fft

from lamina.typing import Array

# bytes that one step reads and writes: what a second-level cache holds
_STEP = 2**19

# samples that a Fourier transform spans, as a multiple of the memory, and at least
_SPAN, _SHORTEST = 8, 1024

# numbers in a row that NumPy works through without minding where the row begins
_ROW = 128

# rows that SciPy transforms abreast, in the lanes of the processor's vectors
_ABREAST = 4


class Reader:
    """Deviations of a recording from a level, cut out a stretch at a time.

    Parameters
    ----------
    signal
        ``(time, channels)``, floating, without infinities; only read.
    dtype
        Of what is cut; by default that of the signal. The level is taken off after the conversion.
    level
        ``(channels,)``, of that dtype; 0 by default.
    gaps
        Whether there are NaN, which count as the level.
    """

    def __init__(
        self, signal: Array, dtype: Any = None, level: Array | None = None, gaps: bool = False
    ) -> None:
        self.signal = signal
        self.dtype = signal.dtype if dtype is None else dtype
        self.level = level
        self.gaps = gaps

    def cut(self, start: int, stop: int) -> Array:
        """Deviations from sample ``start`` to ``stop``, with zeros where the signal has none."""
        xp = array_api_compat.array_namespace(self.signal)
        device = array_api_compat.device(self.signal)
        samples, channels = self.signal.shape
        inside = xp.astype(self.signal[max(start, 0) : min(stop, samples), :], self.dtype, copy=False)
        if self.level is not None:
            inside = _minus(inside, self.level)
        if self.gaps:
            inside = xp.where(xp.isnan(inside), xp.zeros_like(inside), inside)
        if start >= 0 and stop <= samples:
            return inside
        before = xp.zeros((max(0, -start), channels), dtype=self.dtype, device=device)
        after = xp.zeros((max(0, stop - max(samples, start)), channels), dtype=self.dtype, device=device)
        return xp.concat([before, inside, after], axis=0)


@dataclass(frozen=True)
class Writer:
    """What becomes of the outputs, a stretch at a time.

    Parameters
    ----------
    dtype
        Of the outputs; by default that of the filters, in which they are computed.
    offset
        ``(units,)``, in the dtype of the filters, taken off every output; 0 by default.
    """

    dtype: Any = None
    offset: Array | None = None

    def begin(self, samples: int, filters: Array) -> Array:
        """Room for all outputs, ``(samples, units)``."""
        xp = array_api_compat.array_namespace(filters)
        dtype = filters.dtype if self.dtype is None else self.dtype
        return xp.empty((samples, filters.shape[0]), dtype=dtype, device=array_api_compat.device(filters))


AS_COMPUTED = Writer()


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


def toeplitz_filter(
    recording: Reader, filters: Array, writer: Writer = AS_COMPUTED, block: int | None = None
) -> Array:
    """Filter by matrix products of overlapping stretches of signal with a banded Toeplitz matrix.

    Parameters
    ----------
    recording
        Of the library of the filters, and read in their dtype.
    filters
        ``(units, memory, channels)``, finite.
    writer
        Dtype and offset of the outputs.
    block
        Outputs that one stretch gives; by default chosen by the size of the filters.

    Returns
    -------
    array
        ``(time, units)``.
    """
    xp = array_api_compat.array_namespace(filters)
    samples = recording.signal.shape[0]
    units, memory, channels = filters.shape
    block = block or toeplitz_block(units, memory)
    behind = -(-(memory - 1) // block)
    surplus = behind * block - (memory - 1)
    bands = _bands(filters, block)
    # as wide as the products: rows of a few units would be subtracted one by one
    offset = None if writer.offset is None else xp.tile(writer.offset, (block,))
    filtered = writer.begin(samples, filters)
    # NumPy converts as it writes, others need to be told
    numpy = isinstance(filtered, np.ndarray)
    at_once = max(16, _numbers(filters) // ((memory - 1 + block) * channels + block * units))
    for start in range(0, samples, at_once * block):
        blocks = min(at_once, -(-(samples - start) // block))
        rows = recording.cut(start - behind * block, start + blocks * block)
        rows = xp.reshape(rows, (behind + blocks, block * channels))
        pieces = [rows[lag : lag + blocks, :] for lag in range(behind + 1)]
        # the oldest samples of the oldest block are seen by no output of this one
        pieces[0] = pieces[0][:, surplus * channels :]
        stretches = pieces[0] if behind == 0 else xp.concat(pieces, axis=1)
        stop = min(start + blocks * block, samples)
        whole = numpy and stop == start + blocks * block
        if whole and filtered.dtype == bands.dtype:
            products = np.matmul(stretches, bands, out=filtered[start:stop, :].reshape(blocks, -1))
        else:
            products = stretches @ bands
        if offset is not None:
            products -= offset
        if not (whole and filtered.dtype == bands.dtype):
            outputs = xp.reshape(products, (-1, units))[: stop - start, :]
            filtered[start:stop, :] = outputs if numpy else xp.astype(outputs, filtered.dtype, copy=False)
    return filtered


def toeplitz_block(units: int, memory: int) -> int:
    """Choose the outputs of a stretch: enough for an efficient product, few enough to waste little work.

    Parameters
    ----------
    units, memory
        Shape of the filters.

    Returns
    -------
    int
    """
    return max(8, min(memory + 8, int(48 / units**0.5)))


def _numbers(filters: Array) -> int:
    """Count what fits into a step."""
    xp = array_api_compat.array_namespace(filters)
    return 8 * _STEP // xp.finfo(filters.dtype).bits


def _bands(filters: Array, block: int) -> Array:
    """Matrix that takes ``memory - 1 + block`` samples to the last ``block`` outputs."""
    xp = array_api_compat.array_namespace(filters)
    device = array_api_compat.device(filters)
    units, memory, channels = filters.shape
    oldest_first = xp.flip(xp.permute_dims(filters, (1, 2, 0)), axis=0)
    span = memory - 1 + block
    bands = xp.zeros((span, channels, block, units), dtype=filters.dtype, device=device)
    for output in range(block):
        bands[output : output + memory, :, output, :] = oldest_first
    return xp.reshape(bands, (span * channels, block * units))


def fourier_filter(recording: Reader, filters: Array, writer: Writer = AS_COMPUTED) -> Array:
    """Filter by fast Fourier transforms of overlapping blocks (overlap-save).

    Parameters
    ----------
    recording
        Of the library of the filters, and read in their dtype.
    filters
        ``(units, memory, channels)``, finite.
    writer
        Dtype and offset of the outputs.

    Returns
    -------
    array
        ``(time, units)``.
    """
    xp = array_api_compat.array_namespace(filters)
    # SciPy transforms several rows at once, NumPy one after the other
    fft: Any = scipy.fft if isinstance(filters, np.ndarray) else xp.fft
    samples = recording.signal.shape[0]
    units, memory, channels = filters.shape
    span = max(2 * memory, min(max(_SPAN * memory, _SHORTEST), samples + memory))
    size: Any = scipy.fft.next_fast_len(span, real=True)
    fresh = size - memory + 1
    filtered = writer.begin(samples, filters)
    numpy = isinstance(filtered, np.ndarray)
    # a transformed filter is eight times as long as the filter: only so many of them at once
    together = max(1, min(units, 4 * _numbers(filters) // (size * channels)))
    at_once = _ABREAST if _ABREAST * size * channels <= 16 * _numbers(filters) else 1
    few = max(1, _numbers(filters) // (size * at_once))
    for first in range(0, units, together):
        last = min(first + together, units)
        responses = fft.rfft(xp.permute_dims(filters[first:last, :, :], (0, 2, 1)), n=size)[:, :, None, :]
        for start in range(0, samples, at_once * fresh):
            length = min(at_once * fresh, samples - start)
            spectra = fft.rfft(_overlapping(recording, start, -(-length // fresh), fresh, memory))
            for unit in range(first, last, few):
                some = slice(unit, min(unit + few, last))
                response = responses[unit - first : some.stop - first, ...]
                product = response[:, 0, :, :] * spectra[None, 0, :, :]
                for channel in range(1, channels):
                    product += response[:, channel, :, :] * spectra[None, channel, :, :]
                outputs = fft.irfft(product, n=size)[:, :, memory - 1 :]
                if writer.offset is not None:
                    outputs -= writer.offset[some, None, None]
                # one unit at a time: copied together, they would be copied a pair or so at a time
                for each in range(some.stop - some.start):
                    series = xp.reshape(outputs[each, ...], (-1,))[:length]
                    filtered[start : start + length, unit + each] = (
                        series if numpy else xp.astype(series, filtered.dtype, copy=False)
                    )
    return filtered


def _minus(rows: Array, level: Array) -> Array:
    channels = rows.shape[1]
    if not isinstance(rows, np.ndarray) or not 1 < channels < _ROW:
        return rows - level
    # NumPy works row by row, and a row of few channels costs more to begin than to subtract
    together = _ROW // channels
    bulk = rows.shape[0] // together * together
    difference = np.empty_like(rows, order="C")
    wide = rows[:bulk].reshape(-1, together * channels)
    np.subtract(wide, np.tile(level, together), out=difference[:bulk].reshape(wide.shape))
    np.subtract(rows[bulk:], level, out=difference[bulk:])
    return difference


def _overlapping(recording: Reader, start: int, blocks: int, fresh: int, memory: int) -> Array:
    """Blocks of new samples, each after the memory before it: ``(channels, blocks, memory - 1 + fresh)``."""
    stop = start + blocks * fresh
    xp = array_api_compat.array_namespace(recording.signal)
    channels = recording.signal.shape[1]
    cut = xp.permute_dims(recording.cut(start - memory + 1, stop), (1, 0))
    new = xp.reshape(cut[:, memory - 1 :], (channels, blocks, fresh))
    old = xp.reshape(cut[:, : blocks * fresh], (channels, blocks, fresh))[:, :, : memory - 1]
    return xp.concat([old, new], axis=2)
