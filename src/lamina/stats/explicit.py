"""Moments of short pieces by writing their windows out, beside the displacement identity for long ones."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import array_api_compat
import numpy as np

from lamina.stats.displacement import LIGHTEST, Segments, displaced_moments
from lamina.stats.window_moments import WindowMoments, combine, mirror
from lamina.typing import Array

# stretch of signal, and samples of it, that tell what is "near the data"
_PROBE, _PROBED = 2**16, 2**9

# bytes of windows that are written out at a time (or a square matrix of windows, if that is more)
_WRITTEN = 2**23


def window_moments(
    pieces: Sequence[Array], weights: Sequence[float], window: int, decay: float = 1.0
) -> WindowMoments:
    """Moments of all windows of several gap-free pieces, short and long ones.

    The displacement identity needs pieces of about two windows. The windows of shorter ones are written out,
    a block at a time; they are as few as the samples of a window.

    Parameters
    ----------
    pieces
        Arrays ``(time, channels)`` of any real dtype without NaN, each at least ``window`` samples long.
    weights
        Weight of the last window of each piece.
    window
        Samples of a window, at least 2.
    decay
        Weight of a window relative to the one that starts a sample later.

    Returns
    -------
    WindowMoments
        Entries time-major, channels fastest, oldest sample first.
    """
    heavy = np.asarray(weights, dtype=np.float64) > LIGHTEST
    counts = np.asarray([piece.shape[0] - window + 1 for piece in pieces])
    long = heavy & (counts >= window - 1)
    return functools.reduce(combine, _parts(pieces, weights, window, decay, long, heavy & ~long))


def _parts(
    pieces: Sequence[Array],
    weights: Sequence[float],
    window: int,
    decay: float,
    long: np.ndarray,
    short: np.ndarray,
) -> Iterator[WindowMoments]:
    shift = _level(pieces[-1 if decay < 1 else 0], window, decay)
    if long.any():
        yield displaced_moments(_pack(pieces, weights, decay, long), window, shift)
    if short.any():
        yield from _written_out(_pack(pieces, weights, decay, short), window, shift)


def _pack(pieces: Sequence[Array], weights: Sequence[float], decay: float, chosen: np.ndarray) -> Segments:
    indices = np.flatnonzero(chosen).tolist()
    kept = [pieces[index] for index in indices]
    xp = array_api_compat.array_namespace(*kept)
    return Segments(
        samples=kept[0] if len(kept) == 1 else xp.concat(kept, axis=0),
        lengths=[piece.shape[0] for piece in kept],
        weights=[weights[index] for index in indices],
        decay=decay,
    )


def _level(piece: Array, window: int, decay: float) -> Array:
    """Take the median, which no burst moves, of some samples (the newest, if old ones are forgotten)."""
    xp = array_api_compat.array_namespace(piece)
    length = min(_PROBE, piece.shape[0])
    if decay < 1:
        length = min(length, window + int(4 / (1 - decay)))
    first = 0 if decay == 1 else piece.shape[0] - length
    probe = piece[first : first + length : -(-length // _PROBED), :]
    ordered = xp.sort(xp.astype(probe, xp.float64), axis=0)
    return ordered[ordered.shape[0] // 2, :]


def _written_out(segments: Segments, window: int, shift: Array) -> Iterator[WindowMoments]:
    samples = segments.samples
    xp = array_api_compat.array_namespace(samples)
    device = array_api_compat.device(samples)
    lengths = np.asarray(segments.lengths)
    counts = lengths - window + 1
    firsts = np.repeat(np.cumsum(lengths) - lengths - np.cumsum(counts) + counts, counts) + np.arange(
        counts.sum()
    )
    to_last = np.repeat(np.cumsum(counts), counts) - 1.0 - np.arange(counts.sum())
    weights = np.repeat(np.asarray(segments.weights, dtype=np.float64), counts) * segments.decay**to_last
    size = window * samples.shape[1]
    step = max(size // 4, _WRITTEN // (8 * size), 1)
    for start in range(0, len(firsts), step):
        block_weights = weights[start : start + step]
        if block_weights.max() <= LIGHTEST:
            continue
        index = firsts[start : start + step, None] + np.arange(window)[None, :]
        taken = xp.take(samples, xp.asarray(index.reshape(-1), device=device), axis=0)
        windows = xp.reshape(xp.astype(taken, xp.float64) - shift, (index.shape[0], size))
        yield _centred(windows, block_weights, shift)


def _centred(windows: Array, weights: np.ndarray, shift: Array) -> WindowMoments:
    xp = array_api_compat.array_namespace(windows)
    weight = float(weights.sum())
    column = xp.asarray(weights, device=array_api_compat.device(windows))[:, None]
    mean = xp.sum(windows * column, axis=0) / weight
    deviations = (windows - mean) * xp.sqrt(column)
    scatter = deviations.T @ deviations
    mirror(scatter)
    return WindowMoments(weight, float((weights**2).sum()), shift, mean, scatter)
