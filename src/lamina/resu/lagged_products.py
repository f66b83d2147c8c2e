r"""Products of past and future vectors that are paired in any way, without building the vectors.

A pairing is a list of pieces: n consecutive windows of the past against n consecutive windows of the future,
from wherever they are. Within a piece, with x and z the samples from its first past window and its first
future vector on, :math:`M_{ji} = \sum_{k<n} z_{k+j} x_{k+i}^\top` obeys
:math:`M_{j+1,i+1} = M_{ji} - z_j x_i^\top + z_{n+j} x_{n+i}^\top`, so that its first row, its first column
and the ends of the pieces give all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# samples per block of the product: few lags are computed in vain, and the matrices stay narrow
_BLOCK = 32

# numbers that one step of the product copies
_STEP = 2**21


@dataclass(frozen=True)
class Pieces:
    """Runs of windows that are paired with each other.

    Attributes
    ----------
    past, future
        Position of the oldest past sample, and of the nearest future sample, of each piece's first pair.
    counts
        Pairs of each piece, at least 1.
    """

    past: np.ndarray
    future: np.ndarray
    counts: np.ndarray


def paired_scatter(
    x: np.ndarray,
    z: np.ndarray,
    pieces: Pieces,
    past_mean: np.ndarray,
    future_mean: np.ndarray,
) -> np.ndarray:
    r"""Scatter of past and future over all pairs, :math:`\sum (f - \mu_f)(p - \mu_p)^\top`.

    Parameters
    ----------
    x, z
        Samples that pasts and futures are taken from, (time, channels), float64.
    pieces
        What is paired with what.
    past_mean, future_mean
        (memory, channels) newest first, and (horizon, channels) nearest first.

    Returns
    -------
    numpy.ndarray
        (horizon · channels, memory · channels), in the order of lag vectors.
    """
    memory, horizon = len(past_mean), len(future_mean)
    own, other, counts = pieces.past, pieces.future, pieces.counts
    row = _lagged(z, other, x, own, counts, memory)
    column = np.swapaxes(_lagged(x, own, z, other, counts, horizon), 1, 2)
    step = _ends(z, other + counts, horizon - 1).T @ _ends(x, own + counts, memory - 1)
    step -= _ends(z, other, horizon - 1).T @ _ends(x, own, memory - 1)
    shape = (horizon - 1, z.shape[1], memory - 1, x.shape[1])
    scatter = lag_order(propagate(row, column, np.swapaxes(step.reshape(shape), 1, 2)))
    mu_p, mu_f = past_mean.reshape(-1), future_mean.reshape(-1)
    if not (mu_p.any() or mu_f.any()):
        return scatter
    p_sum = _sums(x, own, counts, memory)[::-1].reshape(-1)
    f_sum = _sums(z, other, counts, horizon).reshape(-1)
    pairs = float(counts.sum())
    return scatter - np.outer(f_sum, mu_p) - np.outer(mu_f, p_sum) + pairs * np.outer(mu_f, mu_p)


def propagate(row: np.ndarray, column: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Fill M from its first row and column and from what it gains along its diagonals.

    Parameters
    ----------
    row, column
        M[0, i], (memory, channels of z, channels of x), and M[j, 0], (horizon, the same).
    steps
        M[j+1, i+1] − M[j, i], (horizon − 1, memory − 1, channels of z, channels of x).

    Returns
    -------
    numpy.ndarray
        (horizon, memory, channels of z, channels of x), oldest past sample first.
    """
    products = np.empty((len(column), *row.shape))
    products[0] = row
    products[:, 0] = column
    for j in range(len(column) - 1):
        products[j + 1, 1:] = products[j, :-1] + steps[j]
    return products


def lag_order(products: np.ndarray) -> np.ndarray:
    """Put what `propagate` returns in the order of lag vectors: newest past first, channels fastest."""
    horizon, memory, future_channels, past_channels = products.shape
    ordered = np.swapaxes(products[:, ::-1], 1, 2)
    return ordered.reshape(horizon * future_channels, memory * past_channels)


def _lagged(
    still: np.ndarray, at: np.ndarray, moving: np.ndarray, start: np.ndarray, counts: np.ndarray, lags: int
) -> np.ndarray:
    """Sum still[at + k] ⊗ moving[start + k + l] over k < counts: (lags, channels, channels)."""
    blocks = -(-counts // _BLOCK)
    piece = np.repeat(np.arange(len(counts)), blocks)
    within = (np.arange(len(piece)) - np.repeat(np.cumsum(blocks) - blocks, blocks)) * _BLOCK
    width = _BLOCK + lags - 1
    c, d = still.shape[1], moving.shape[1]
    left_view = sliding_window_view(_padded(still, _BLOCK), _BLOCK, axis=0)
    right_view = sliding_window_view(_padded(moving, width), width, axis=0)
    left_at, right_at, filled = at[piece] + within, start[piece] + within, counts[piece] - within
    products = np.zeros((c * _BLOCK, d * width))
    step = max(1, _STEP // (width * max(c, d)))
    for low in range(0, len(piece), step):
        part = slice(low, low + step)
        left = left_view[left_at[part]]
        short = filled[part] < _BLOCK
        if short.any():
            left[short] *= (np.arange(_BLOCK) < filled[part][short, None])[:, None, :]
        right = right_view[right_at[part]]
        products += left.reshape(len(left), -1).T @ right.reshape(len(right), -1)
    table = products.reshape(c, _BLOCK, d, width)
    return np.sum([np.moveaxis(table[:, k, :, k : k + lags], 2, 0) for k in range(_BLOCK)], axis=0)


def _padded(samples: np.ndarray, width: int) -> np.ndarray:
    return np.concatenate([samples, np.zeros((width, samples.shape[1]))])


def _ends(samples: np.ndarray, at: np.ndarray, length: int) -> np.ndarray:
    """Take the samples from each position on, (pieces, length · channels)."""
    index = at[:, None] + np.arange(length)
    return samples[np.minimum(index, len(samples) - 1)].reshape(len(at), -1)


def _sums(samples: np.ndarray, at: np.ndarray, counts: np.ndarray, lags: int) -> np.ndarray:
    """Sum the samples that each lag sees, (lags, channels)."""
    running = np.concatenate([np.zeros((1, samples.shape[1])), np.cumsum(samples, axis=0)])
    index = at[:, None] + np.arange(lags)
    return (running[index + counts[:, None]] - running[index]).sum(axis=0)
