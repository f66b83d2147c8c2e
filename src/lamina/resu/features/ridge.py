"""A linear read-out of standardised features by ridge regression, chosen by leaving one series out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

# a column that varies less than this share of its size varies by the rounding of float32 only
_CONSTANT = 1e-6

# errors that differ by less than this share are alike: of two series, left out in turn, those at any penalty
_ALIKE = 1e-9

# a block of at most this part of the series is thin, if it has few columns or is at most the second part:
# adding it at ten penalties takes about the time of a decomposition then
_THIN, _THINNER = 4, 20
_FEW = 100

# numbers in a piece of the table that is worked on at once
_PIECE = 2**22


@dataclass(frozen=True)
class Blocks:
    """Columns that belong together, and how strongly each block may count.

    Parameters
    ----------
    of_column
        (features,), int, the block of each column.
    strengths
        (choices, blocks), factors ≥ 0 of the standardised columns: large ones are penalised less.
    """

    of_column: np.ndarray
    strengths: np.ndarray


@dataclass(frozen=True)
class Ridge:
    """score_k = Σ_f w_kf (x_f − mean_f) / scale_f + b_k, fitted.

    Parameters
    ----------
    mean, scale
        (features,), of the training table; the scale of a column that did not vary is 1, and its w 0.
    coef, intercept
        w and b, (targets, features) and (targets,), float64.
    alpha
        (targets,), the penalty of each.
    strengths
        (targets, blocks), the strengths of each; without blocks (targets, 1), of ones.
    left_out
        (series, targets), the score of each training series by the fit without it, chosen so.
    """

    mean: np.ndarray
    scale: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    alpha: np.ndarray
    strengths: np.ndarray
    left_out: np.ndarray


def fit_ridge(
    table: np.ndarray,
    targets: np.ndarray,
    alphas: Sequence[float],
    *,
    blocks: Blocks | None = None,
    weights: np.ndarray | None = None,
    per_target: bool = False,
) -> Ridge:
    """Fit by Σ_i s_i ‖y_i − b − Σ_f w_f z_if‖² + α Σ_f (w_f / r_f)², α and r chosen by leaving one out.

    r is the strength of a column's block: it is ridge regression on r_f z_f. With z and y centred, with
    K = Z R² Zᵀ and G = (K + αI)⁻¹, series i by the fit without it errs by (G y)_i / G_ii, so that one
    eigendecomposition for each choice of strengths gives the errors at every α (Golub, Heath and Wahba 1979,
    Eqs. 2.1, 2.2; of several strengths: Nunez-Elizalde, Huth and Gallant 2019).

    Parameters
    ----------
    table
        (series ≥ 2, features).
    targets
        (series, targets).
    alphas
        Penalties > 0 to choose from.
    blocks
        Strengths to choose from; None for 1. Of choices that err alike the first counts.
    weights
        s, (series,), > 0; None for 1.
    per_target
        Whether each target has its own α and r, rather than one choice that errs least in the sum.

    Returns
    -------
    Ridge
        With the scores left out of what was chosen.
    """
    if blocks is None:
        blocks = Blocks(np.zeros(table.shape[1], dtype=np.int64), np.ones((1, 1)))
    mean = table.mean(axis=0, dtype=np.float64)
    z = table.astype(np.float64)
    z -= mean
    scale = np.sqrt(np.einsum("if,if->f", z, z) / len(z))
    constant = scale <= _CONSTANT * np.abs(table).max(axis=0)
    scale[constant] = 1.0
    z[:, constant] = 0.0
    z /= scale
    # in a unit in which the largest is about 1, since squares of 1e200 or 1e-200 are none; a power of two,
    # which rounds nothing
    largest = np.abs(targets).max(axis=0 if per_target else None, keepdims=True).astype(np.float64)
    size = np.exp2(np.floor(np.log2(np.where(largest > 0, largest, 1.0))))
    y = targets / size
    share = np.full(len(z), 1 / len(z)) if weights is None else weights / weights.sum()
    center, middle = share @ z, share @ y
    root = np.sqrt(np.ones(len(z)) if weights is None else weights)[:, None]
    z = (z - center) * root
    y = (y - middle) * root
    penalties = np.asarray(alphas, dtype=np.float64)
    solved = _decompose(z, y, root[:, 0] / np.linalg.norm(root), blocks, penalties)
    total = np.concatenate([np.square(misses).sum(axis=1) for misses, _ in solved])
    if not per_target:
        total = np.broadcast_to(total.sum(axis=1, keepdims=True), total.shape)
    best = (total <= (1 + _ALIKE) * total.min(axis=0)).argmax(axis=0)
    choice, place = np.divmod(best, len(penalties))
    coef, missed = np.empty((y.shape[1], z.shape[1])), np.empty(y.shape)
    for k in range(len(coef)):
        misses, weigh = solved[choice[k]]
        coef[k] = blocks.strengths[choice[k]][blocks.of_column] * weigh(penalties[place[k]], k)
        missed[:, k] = misses[place[k], :, k]
    coef = coef * size.T
    coef[:, constant] = 0
    strengths, left_out = blocks.strengths[choice], targets - missed * size / root
    return Ridge(mean, scale, coef, (middle * size)[0] - coef @ center, penalties[place], strengths, left_out)


# errors left out, (alphas, series, targets); and, of one penalty and target, the weights of r_f z_f
_Solved = tuple[np.ndarray, Callable[[float, int], np.ndarray]]


def _decompose(
    z: np.ndarray, y: np.ndarray, unit: np.ndarray, blocks: Blocks, alphas: np.ndarray
) -> list[_Solved]:
    n, p = z.shape
    if n > p:
        outer = z.T @ z
        return [
            _by_columns(outer, z, y, unit, strength[blocks.of_column], alphas)
            for strength in blocks.strengths
        ]
    members = [np.compress(blocks.of_column == k, z, axis=1) for k in range(blocks.strengths.shape[1])]
    # blocks of a few columns are added to an eigendecomposition, rather than made a part of it
    few = max(n // _THINNER, min(n // _THIN, _FEW))
    thin = np.array([columns.shape[1] <= few for columns in members])
    wide = [None if few else columns @ columns.T for few, columns in zip(thin, members, strict=True)]
    members = [columns if few else None for few, columns in zip(thin, members, strict=True)]
    found: dict[tuple[float, ...], tuple[np.ndarray, np.ndarray]] = {}
    solved: list[_Solved] = []
    for strength in blocks.strengths:
        key = tuple(np.where(thin, 0, strength))
        if key not in found:
            found[key] = _diagonalise(key, wide, unit)
        added = [
            factor * columns for factor, columns in zip(strength, members, strict=True) if columns is not None
        ]
        extra = np.hstack([np.empty((n, 0)), *added])
        solved.append(_by_series(*found[key], extra, z, strength[blocks.of_column], y, alphas))
    return solved


def _diagonalise(
    strength: Sequence[float], grams: Sequence[np.ndarray | None], unit: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors, but for the intercept's direction."""
    gram = np.zeros((len(unit), len(unit)))
    for factor, of_block in zip(strength, grams, strict=True):
        if of_block is not None and factor:
            gram += factor**2 * of_block
    # that direction, on which nothing is penalised, gets the largest eigenvalue and is left away
    gram += (2 * np.trace(gram) + 1) * np.outer(unit, unit)
    values, vectors = np.linalg.eigh(gram)
    return np.maximum(values[:-1], 0), vectors[:, :-1]


def _by_series(
    values: np.ndarray,
    vectors: np.ndarray,
    extra: np.ndarray,
    z: np.ndarray,
    r: np.ndarray,
    y: np.ndarray,
    alphas: np.ndarray,
) -> _Solved:
    """Solve with K = V Λ Vᵀ + E Eᵀ, by the identity of Woodbury."""
    turned, across = vectors.T @ y, vectors.T @ extra
    one = np.eye(extra.shape[1])

    def shares(alpha: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Vᵀ G y, (directions, targets), and two factors of what E takes off Vᵀ G V."""
        inverse = 1 / (values + alpha)[:, None]
        weighed = inverse * across
        middle = np.linalg.solve(one + across.T @ weighed, weighed.T)
        return inverse * turned - weighed @ (middle @ turned), weighed, middle

    # the diagonal of G, (alphas, series, 1); one penalty after another from here on, since memory adds up
    diagonal = np.matmul(vectors**2, 1 / (values + alphas[:, None])[:, :, None])
    misses = np.empty((len(alphas), *y.shape))
    for k, alpha in enumerate(alphas):
        dual, weighed, middle = shares(alpha)
        diagonal[k] -= ((vectors @ weighed) * (vectors @ middle.T)).sum(axis=1, keepdims=True)
        misses[k] = vectors @ dual / diagonal[k]
    return misses, lambda alpha, k: r * (z.T @ (vectors @ shares(alpha)[0])[:, k])


def _by_columns(
    outer: np.ndarray, z: np.ndarray, y: np.ndarray, unit: np.ndarray, r: np.ndarray, alphas: np.ndarray
) -> _Solved:
    """Solve with R Zᵀ Z R = V Λ Vᵀ, piece by piece of the series, of which there may be many."""
    values, vectors = np.linalg.eigh(outer * np.outer(r, r))
    values = np.maximum(values, 0)
    inverse = 1 / (values + alphas[:, None])
    step = max(1, _PIECE // z.shape[1])
    pieces = [slice(begin, begin + step) for begin in range(0, len(z), step)]
    outputs = np.empty(z.shape)
    for piece in pieces:
        np.matmul(z[piece] * r, vectors, out=outputs[piece])
    turned = outputs.T @ y
    weights = inverse[:, :, None] * turned
    misses = np.empty((len(alphas), *y.shape))
    for piece in pieces:
        kept = 1 - unit[piece] ** 2 - inverse @ (outputs[piece] ** 2).T
        misses[:, piece] = (y[piece] - outputs[piece] @ weights) / kept[:, :, None]
    return misses, lambda alpha, k: vectors @ (turned[:, k] / (values + alpha))
