"""Moments of all data but one block, for each block: what the scatter of an estimate is judged from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from lamina.resu.surrogates import WindowRows
from lamina.stats import LagMoments

# blocks of rows that are left out; more would make them shorter, fewer the errors less certain
MOST_BLOCKS = 30

# moments that may be held at once, in bytes
_ROOM = 2**29


def block_edges(rows: WindowRows, *, by_trials: bool, channels: int) -> np.ndarray:
    """Cut rows into contiguous blocks of at least two windows' length, or into groups of trials.

    Parameters
    ----------
    rows
        Windows of the data, at least four.
    by_trials
        Cut between trials only.
    channels
        Of the recording and its partner together.

    Returns
    -------
    numpy.ndarray
        First row of every block, and the number of rows: blocks + 1 integers.
    """
    affordable = max(10, _ROOM // (16 * (rows.window * channels) ** 2))
    most = min(MOST_BLOCKS, affordable)
    if by_trials:
        ends = np.concatenate([[0], np.cumsum(rows.per_trial())])
        blocks = min(most, len(ends) - 1)
        return ends[np.linspace(0, len(ends) - 1, blocks + 1).round().astype(int)]
    blocks = max(2, min(most, rows.total // (2 * rows.window)))
    return np.linspace(0, rows.total, blocks + 1).round().astype(np.int64)


def leave_one_out(
    rows: WindowRows, trials: Sequence[np.ndarray], edges: np.ndarray
) -> tuple[LagMoments, Iterator[LagMoments]]:
    """Moments of all rows, and of all rows but those of each block in turn.

    Every block is read once. What comes before and what comes after it are merged, so that nothing is ever
    subtracted.

    Parameters
    ----------
    rows, trials
        Windows, and the data that they were found in.
    edges
        Of at least two blocks.

    Returns
    -------
    total : LagMoments
        Of all rows.
    others : iterator of LagMoments
        One for each block.
    """
    samples = np.concatenate(trials)
    blocks = [_moments(rows, samples, low, high) for low, high in pairwise(edges.tolist())]
    after = [blocks[-1]]
    for block in blocks[-2::-1]:
        after.append(_merged(block, after[-1]))
    return after.pop(), _others(blocks, after)


def _others(blocks: list[LagMoments], after: list[LagMoments]) -> Iterator[LagMoments]:
    """``after`` holds what comes after each block but the last, last first; it is used up."""
    before: list[LagMoments] = []
    for block in blocks:
        yield _merged(*before, *([after.pop()] if after else []))
        before = [_merged(*before, block)]


def _merged(*parts: LagMoments) -> LagMoments:
    # an empty one takes them in, so that none of them changes
    total = LagMoments(parts[0].memory, parts[0].horizon, parts[0].gap, parts[0].channels)
    for part in parts:
        total.merge(part)
    return total


def _moments(rows: WindowRows, samples: np.ndarray, low: int, high: int) -> LagMoments:
    moments = LagMoments(rows.memory, rows.horizon, rows.gap, samples.shape[1])
    first = np.cumsum(rows.counts) - rows.counts
    for start, begin, count in zip(rows.starts, first, rows.counts, strict=True):
        begun, ended = max(low - begin, 0), min(high - begin, count)
        if begun < ended:
            moments.update(samples[start + begun : start + ended + rows.window - 1]).end_trial()
    return moments
