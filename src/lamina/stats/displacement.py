r"""Gram matrix of all windows of a signal, without building them.

Neighbouring windows share all but one sample, so the Gram matrix :math:`G_{ij} = \sum_t y_{t+i} y_{t+j}^\top`
of N windows is nearly constant along its block diagonals: :math:`G_{i+1,j+1} = G_{ij} - y_i y_j^\top +
y_{N+i} y_{N+j}^\top`. Subtracting would lose digits where a trial starts with a burst, so the same identity
is used in a form that only adds: with d = j - i, every pair of samples (t, t+d) counted in :math:`G_{ij}`
belongs to exactly one of

- the core, t <= N-1 and t+d >= L-1, which is common to the whole diagonal (a cross-correlation at L lags),
- the head, both among the first L-1 samples, grows from the diagonal's lower end upwards,
- the tail, both among the last L-1 samples, grows from its upper end downwards.

The core is computed at matrix-multiply speed: the signal is cut into short blocks, and every block is
multiplied by the blocks up to L samples later. Work O(T L C^2), memory O(L^2 C^2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import array_api_compat
import numpy as np

from lamina.stats.diagonals import sum_diagonals
from lamina.stats.window_moments import WindowMoments, mirror, tiles
from lamina.typing import Array

# blocks that one step shifts and multiplies: narrow ones stay in the second-level cache
_ROWS = 3072

# numbers in a block (samples times channels). BLAS multiplies matrices this narrow without repacking them,
# and few lags beyond the window are computed in vain; with many channels a block is wide anyway, and better a
# bit wider
_NARROW, _WIDE, _MANY_CHANNELS = 16, 224, 8

# weights below this count as 0: they add nothing, and subnormal numbers slow a matrix product down a
# hundredfold
LIGHTEST = 1e-290


@dataclass(frozen=True)
class Segments:
    """Pieces of signal without gaps, packed one after the other, each at least one window long.

    Parameters
    ----------
    samples
        ``(total, channels)``, any real dtype; only read.
    lengths
        Samples of each piece.
    weights
        Weight of the last window of each piece; 1 without forgetting.
    decay
        Weight of a window relative to the one that starts a sample later; 1 without forgetting.
    """

    samples: Array
    lengths: Sequence[int]
    weights: Sequence[float]
    decay: float = 1.0


def displaced_moments(segments: Segments, window: int, shift: Array) -> WindowMoments:
    r"""Moments of all windows of segments that are at least two windows long, less two samples.

    Parameters
    ----------
    segments
        The signal; every piece at least ``2 * window - 2`` samples long.
    window
        Samples ``L`` of a window, at least 2.
    shift
        Value near the data to subtract before multiplying, shape ``(channels,)``, float64.

    Returns
    -------
    WindowMoments
        With ``shift`` as its origin; entries time-major, channels fastest, oldest sample first.
    """
    layout = _Layout(segments, window)
    core, core_sum = _core(layout, window, shift)
    heads, tails = _boundaries(layout, window, shift)
    scatter, sums = _propagate(core, core_sum, heads, tails, layout, window)
    mean = sums / layout.weight
    for rows in tiles(scatter):
        scatter[rows, rows.start :] -= sums[rows, None] * mean[None, rows.start :]
    mirror(scatter)
    return WindowMoments(layout.weight, layout.weight_squares, shift, mean, scatter)


class _Layout:
    """Where windows start in packed segments, and what each of them weighs."""

    def __init__(self, segments: Segments, window: int) -> None:
        self.samples = segments.samples
        self.decay = segments.decay
        self.last_weights = np.asarray(segments.weights, dtype=np.float64)
        lengths = np.asarray(segments.lengths, dtype=np.int64)
        self.counts = lengths - (window - 1)
        self.stops = np.cumsum(lengths)
        self.starts = self.stops - lengths
        self.first_weights = self.last_weights * self.decay ** (self.counts - 1.0)
        self.weight = float(np.sum(self.last_weights * _geometric(self.decay, self.counts)))
        self.weight_squares = float(np.sum(self.last_weights**2 * _geometric(self.decay**2, self.counts)))

    def window_weights(self, start: int, stop: int) -> np.ndarray | None:
        """Weight of the window that starts at each packed position; 0 where none does; None if all are 1."""
        first = int(np.searchsorted(self.stops, start, side="right"))
        last = int(np.searchsorted(self.starts, stop, side="left"))
        plain = self.decay == 1 and last - first == 1 and self.last_weights[first] == 1
        if plain and stop <= self.starts[first] + self.counts[first]:
            return None
        weights = np.zeros(stop - start)
        for index in range(first, last):
            low = max(start, int(self.starts[index]))
            high = min(stop, int(self.starts[index] + self.counts[index]))
            if low >= high:
                continue
            newest = self.starts[index] + self.counts[index] - 1
            weights[low - start : high - start] = self.last_weights[index] * self.decay ** np.arange(
                float(newest - low), float(newest - high), -1.0
            )
        weights[weights <= LIGHTEST] = 0
        return weights


def _geometric(ratio: float, terms: np.ndarray) -> np.ndarray:
    if ratio == 1:
        return terms.astype(np.float64)
    if ratio == 0:
        return np.ones(terms.shape)
    return np.expm1(terms * math.log(ratio)) / math.expm1(math.log(ratio))


def _block_length(window: int, channels: int) -> int:
    if channels <= _MANY_CHANNELS:
        return min(window - 1, -(-_NARROW // channels))
    return max(1, min(window // 6, _WIDE // channels))


def _core(layout: _Layout, window: int, shift: Array) -> tuple[Array, Array]:
    """Sum over the core: x_t x_{t+d}^T, ``(C, L*C)`` over d; and x_t, ``(C,)``."""
    samples = layout.samples
    xp = array_api_compat.array_namespace(samples)
    device = array_api_compat.device(samples)
    channels = samples.shape[1]
    block = _block_length(window, channels)
    ahead = -(-(window - 1) // block)
    width = block * channels
    products = xp.zeros((width, (ahead + 1) * width), dtype=xp.float64, device=device)
    total = xp.zeros((channels,), dtype=xp.float64, device=device)
    starts = samples.shape[0] - (window - 1)
    step = block * max(_ROWS, 4 * ahead)
    # one buffer for all steps: memory fresh from the system costs more than the products
    work = xp.empty((min(step, starts) + (ahead + 1) * block, channels), dtype=xp.float64, device=device)
    for start in range(0, starts, step):
        blocks = -(-min(step, starts - start) // block)
        reach = (blocks + ahead) * block
        present = min(reach, samples.shape[0] - start)
        work[:present, :] = samples[start : start + present, :]
        work[:present, :] -= shift
        work[present:reach, :] = 0
        earlier, later = work[:reach, :], work[window - 1 : window - 1 + blocks * block, :]
        weights = layout.window_weights(start, start + reach)
        if weights is None:
            total += xp.sum(later, axis=0)
        else:
            column = xp.asarray(weights, device=device)[:, None]
            exists = xp.asarray((weights > 0).astype(np.float64), device=device)[: blocks * block, None]
            earlier, later = earlier * column, later * exists
            total += xp.sum(later * column[window - 1 : window - 1 + blocks * block, :], axis=0)
        left = xp.reshape(earlier, (blocks + ahead, width))
        right = xp.reshape(later, (blocks, width)).T
        for lag in range(ahead + 1):
            products[:, lag * width : (lag + 1) * width] += right @ left[lag : lag + blocks, :]
    return _fold(products, window, channels), total


def _fold(products: Array, window: int, channels: int) -> Array:
    """Sum the block diagonals of later-by-earlier products into one row of lags d = L-1-e."""
    xp = array_api_compat.array_namespace(products)
    span = window * channels
    folded = xp.zeros((channels, span), dtype=xp.float64, device=array_api_compat.device(products))
    for row in range(0, products.shape[0], channels):
        folded += products[row : row + channels, row : row + span]
    by_lag = xp.flip(xp.reshape(folded, (channels, window, channels)), axis=1)
    return xp.reshape(xp.permute_dims(by_lag, (2, 1, 0)), (channels, span))


def _boundaries(layout: _Layout, window: int, shift: Array) -> tuple[Array, Array]:
    """First and last L-1 samples of every segment, each ``(segments, (L-1)*C)``, shifted."""
    samples = layout.samples
    xp = array_api_compat.array_namespace(samples)
    device = array_api_compat.device(samples)
    offsets = np.arange(window - 1)
    ends = []
    for firsts in (layout.starts, layout.stops - (window - 1)):
        index = xp.asarray((firsts[:, None] + offsets).reshape(-1), device=device)
        taken = xp.astype(xp.take(samples, index, axis=0), xp.float64) - shift
        ends.append(xp.reshape(taken, (len(firsts), -1)))
    return ends[0], ends[1]


def _propagate(
    core: Array, core_sum: Array, heads: Array, tails: Array, layout: _Layout, window: int
) -> tuple[Array, Array]:
    """Upper triangle of the Gram matrix, and the sums of the windows, from the core and both ends."""
    xp = array_api_compat.array_namespace(core)
    device = array_api_compat.device(core)
    channels = core.shape[0]
    decay = layout.decay
    weighted_tails = tails * xp.asarray(layout.last_weights, device=device)[:, None]
    tail_sums = _faded_sums(xp.reshape(xp.sum(weighted_tails, axis=0), (-1, channels)), decay)
    # a window's weight, seen from the sample of the head that it starts with
    ages = layout.counts[:, None] - 1.0 - np.arange(window - 1)[None, :]
    by_sample = np.repeat(layout.last_weights[:, None] * decay**ages, channels, axis=1)
    weighted_heads = heads * xp.asarray(by_sample, device=device)
    head_sums = xp.reshape(xp.sum(weighted_heads, axis=0), (-1, channels))
    head_sums = xp.flip(xp.cumulative_sum(xp.flip(head_sums, axis=0), axis=0), axis=0)

    nothing = xp.zeros_like(core_sum)[None, :]
    fading = xp.asarray(decay ** np.arange(window, dtype=np.float64), device=device)[:, None]
    from_core = fading * (core_sum[None, :] + xp.concat([head_sums, nothing], axis=0))
    sums = xp.reshape(from_core + xp.concat([nothing, tail_sums], axis=0), (-1,))
    if isinstance(core, np.ndarray) and channels == len(heads) == decay == layout.last_weights[0] == 1:
        return sum_diagonals(core[0], heads[0], tails[0]), sums
    return _sum_rows(core, (weighted_heads, heads), (weighted_tails, tails), decay), sums


def _sum_rows(core: Array, heads: tuple[Array, Array], tails: tuple[Array, Array], decay: float) -> Array:
    """Upper triangle of the Gram matrix, a block row at a time; heads and tails come weighted, and plain."""
    xp = array_api_compat.array_namespace(core)
    channels, size = core.shape
    gram = xp.zeros((size, size), dtype=xp.float64, device=array_api_compat.device(core))

    row = xp.zeros_like(core)
    weighted, plain = tails
    for start in range(channels, size, channels):
        old, left = slice(start - channels, start), size - start
        if decay != 1:
            row *= decay
        row[:, :left] += weighted[:, old].T @ plain[:, old.start :]
        gram[start : start + channels, start:] = row[:, :left]

    row = core
    weighted, plain = heads
    for start in range(size - channels, -1, -channels):
        stop, left = start + channels, size - start
        if stop < size:
            row[:, : size - stop] += weighted[:, start:stop].T @ plain[:, start:]
        part = row[:, :left]
        gram[start:stop, start:] += part if decay == 1 else decay ** (start // channels) * part
    return gram


def _faded_sums(terms: Array, decay: float) -> Array:
    """Sum along the first axis, where each step weighs what came before by ``decay``."""
    xp = array_api_compat.array_namespace(terms)
    if decay == 1:
        return xp.cumulative_sum(terms, axis=0)
    sums = xp.zeros_like(terms)
    running = xp.zeros_like(terms[0, :])
    for position in range(terms.shape[0]):
        running = decay * running + terms[position, :]
        sums[position, :] = running
    return sums
