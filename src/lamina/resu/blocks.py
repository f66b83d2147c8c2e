"""Contiguous blocks of recordings, for judging on one what was learned on the others."""

from __future__ import annotations

from collections.abc import Sequence

from lamina._checks import check_integer
from lamina.typing import Array


def cut_into_blocks(trials: Sequence[Array], folds: int) -> list[list[Array]]:
    """Cut trials into contiguous blocks of nearly equal length; the windows across a cut are lost.

    Parameters
    ----------
    trials
        Recordings, shape (time, channels) each. The pieces are views.
    folds
        Number of blocks, at least 2.

    Returns
    -------
    list of list of Array
        The pieces of each block; a trial that crosses from one block to the next is in both in part.

    Raises
    ------
    ArgumentError
        Fewer than two blocks.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = cut_into_blocks([np.zeros((7, 1)), np.zeros((5, 1))], folds=2)
    >>> [[len(piece) for piece in block] for block in blocks]
    [[6], [1, 5]]
    """
    folds = check_integer("folds", folds, minimum=2)
    total = sum(len(trial) for trial in trials)
    borders = [total * block // folds for block in range(folds + 1)]
    blocks: list[list[Array]] = [[] for _ in range(folds)]
    start = 0
    for trial in trials:
        for block, low, high in zip(blocks, borders, borders[1:], strict=False):
            first, last = max(low - start, 0), min(high - start, len(trial))
            if first < last:
                block.append(trial[first:last])
        start += len(trial)
    return blocks
