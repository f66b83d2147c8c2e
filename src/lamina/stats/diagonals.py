"""Gram matrix of windows, from its parts along its diagonals, for one gap-free recording of one channel."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

# rows that are summed at once; with windows of a thousand samples they stay in the second-level cache
_ROWS = 32


def sum_diagonals(core: np.ndarray, head: np.ndarray, tail: np.ndarray) -> np.ndarray:
    r"""Add up core, head and tail of every diagonal of a Gram matrix.

    .. math:: G_{i,i+d} = \mathrm{core}_d + \sum_{k \ge i} h_k h_{k+d} + \sum_{k < i} t_k t_{k+d}

    What `lamina.stats.displacement` does a row at a time for any library, here many rows at a time: row i of
    the matrix that is summed starts on the diagonal, at G_ii, one place later in memory than the row above.

    Parameters
    ----------
    core
        Cross-correlations that all of a diagonal shares, shape ``(L,)``, float64, by lag d.
    head, tail
        First and last ``L - 1`` samples, float64.

    Returns
    -------
    numpy.ndarray
        ``(L, L)``; below the diagonal is whatever was left there, finite.

    Examples
    --------
    >>> gram = sum_diagonals(np.array([5.0, 1.0]), np.array([2.0]), np.array([3.0]))
    >>> np.triu(gram).tolist()
    [[9.0, 1.0], [0.0, 14.0]]
    """
    window = core.shape[0]
    # rows that start on the diagonal run on into the lower triangle of the next row, the last one beyond it
    memory = np.zeros(window * (window + 1))
    place = memory.itemsize
    by_lag = as_strided(memory, (window, window), ((window + 1) * place, place))

    # tails, from above
    ahead = _ahead(tail, window)
    running = by_lag[0]
    for start in range(0, window - 1, _ROWS):
        stop, lags = min(start + _ROWS, window - 1), slice(window - 1 - start)
        below = by_lag[start + 1 : stop + 1, lags]
        np.multiply(ahead[start:stop, lags], tail[start:stop, None], out=below)
        for row in below:
            row += running[lags]
            running = row

    # heads, from below, on top of the core
    ahead = _ahead(head, window)
    running = core.copy()
    by_lag[-1] += core
    for stop in range(window - 1, 0, -_ROWS):
        start = max(stop - _ROWS, 0)
        lags = slice(window - start)
        products = ahead[start:stop, lags] * head[start:stop, None]
        for row, total in zip(products[::-1], by_lag[start:stop, lags][::-1], strict=True):
            row += running[lags]
            total += row
            running[lags] = row
    return memory[: window * window].reshape(window, window)


def _ahead(samples: np.ndarray, window: int) -> np.ndarray:
    """View of what follows each sample, itself included; zeros after the last."""
    return sliding_window_view(np.concatenate([samples, np.zeros(window)]), window)[: window - 1]
