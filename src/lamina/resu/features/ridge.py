"""A linear read-out of standardised features by ridge regression, chosen by leaving one series out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

# a column that varies less than this share of its size varies by the rounding of float32 only
_CONSTANT = 1e-6

# errors that differ by less than this share are alike: of two series, left out in turn, those at any penalty
_ALIKE = 1e-9

# a block of fewer columns than this part of the series is thin
_THIN = 4


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
    y = targets.astype(np.float64)
    share = np.full(len(z), 1 / len(z)) if weights is None else weights / weights.sum()
    center, middle = share @ z, share @ y
    root = np.sqrt(np.ones(len(z)) if weights is None else weights)[:, None]
    z = (z - center) * root
    y = (y - middle) * root
    solvers = _decompose(z, y, root[:, 0] / np.linalg.norm(root), blocks)
    misses = np.concatenate([errors(np.asarray(alphas, dtype=np.float64)) for errors, _ in solvers])
    total = np.square(misses).sum(axis=1)
    if not per_target:
        total = np.broadcast_to(total.sum(axis=1, keepdims=True), total.shape)
    best = (total <= (1 + _ALIKE) * total.min(axis=0)).argmax(axis=0)
    choice, place = np.divmod(best, len(alphas))
    alpha = np.asarray(alphas, dtype=np.float64)[place]
    coef = np.empty((y.shape[1], z.shape[1]))
    for k in range(len(coef)):
        strength = blocks.strengths[choice[k]][blocks.of_column]
        coef[k] = strength * solvers[choice[k]][1](alpha[k], k)
    coef[:, constant] = 0
    left_out = targets - np.take_along_axis(misses, best[None, None, :], axis=0)[0] / root
    return Ridge(mean, scale, coef, middle - coef @ center, alpha, blocks.strengths[choice], left_out)


# errors left out, (alphas, series, targets); and, of one penalty and target, the weights of r_f z_f
_Solver = tuple[Callable[[np.ndarray], np.ndarray], Callable[[float, int], np.ndarray]]


def _decompose(z: np.ndarray, y: np.ndarray, unit: np.ndarray, blocks: Blocks) -> list[_Solver]:
    n, p = z.shape
    if n > p:
        outer = z.T @ z
        return [
            _by_columns(outer * np.outer(r, r), z * r, y, unit)
            for r in (strength[blocks.of_column] for strength in blocks.strengths)
        ]
    members = [np.compress(blocks.of_column == k, z, axis=1) for k in range(blocks.strengths.shape[1])]
    # blocks of a few columns are added to an eigendecomposition, rather than made a part of it
    thin = np.array([columns.shape[1] <= n // _THIN for columns in members])
    wide = [None if few else columns @ columns.T for few, columns in zip(thin, members, strict=True)]
    solved: dict[tuple[float, ...], tuple[np.ndarray, np.ndarray]] = {}
    solvers: list[_Solver] = []
    for strength in blocks.strengths:
        key = tuple(np.where(thin, 0, strength))
        if key not in solved:
            solved[key] = _diagonalise(key, wide, unit)
        few = [strength[k] * members[k] for k in np.flatnonzero(thin)]
        extra = np.hstack([np.empty((n, 0)), *few])
        solvers.append(_by_series(*solved[key], extra, z, strength[blocks.of_column], y))
    return solvers


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
    values: np.ndarray, vectors: np.ndarray, extra: np.ndarray, z: np.ndarray, r: np.ndarray, y: np.ndarray
) -> _Solver:
    """Solve with K = V Λ Vᵀ + E Eᵀ, by the identity of Woodbury."""
    turned, squares, across = vectors.T @ y, vectors**2, vectors.T @ extra
    one = np.eye(extra.shape[1])

    def duals(alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """G y, (alphas, series, targets), and the diagonal of G, (alphas, series, 1)."""
        inverse = 1 / (values + alphas[:, None])[:, :, None]
        diagonal = np.matmul(squares, inverse)
        shares = inverse * turned
        if extra.shape[1]:
            weighed = inverse * across
            middle = np.linalg.solve(one + across.T @ weighed, weighed.transpose(0, 2, 1))
            shares = shares - weighed @ (middle @ turned)
            seen = vectors @ weighed
            diagonal = diagonal - (seen * (vectors @ middle.transpose(0, 2, 1))).sum(axis=2, keepdims=True)
        return vectors @ shares, diagonal

    def errors(alphas: np.ndarray) -> np.ndarray:
        dual, diagonal = duals(alphas)
        return dual / diagonal

    def coefficients(alpha: float, k: int) -> np.ndarray:
        return r * (z.T @ duals(np.array([alpha]))[0][0, :, k])

    return errors, coefficients


def _by_columns(outer: np.ndarray, z: np.ndarray, y: np.ndarray, unit: np.ndarray) -> _Solver:
    values, vectors = np.linalg.eigh(outer)
    values = np.maximum(values, 0)
    outputs = z @ vectors
    turned, squares = outputs.T @ y, outputs**2

    def errors(alphas: np.ndarray) -> np.ndarray:
        inverse = 1 / (values + alphas[:, None])
        kept = 1 - unit**2 - inverse @ squares.T
        return (y - outputs @ (inverse[:, :, None] * turned)) / kept[:, :, None]

    def coefficients(alpha: float, k: int) -> np.ndarray:
        return vectors @ (turned[:, k] / (values + alpha))

    return errors, coefficients
