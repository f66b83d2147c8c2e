"""A linear read-out of standardised features by ridge regression, its penalty chosen by leaving one out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# a column that varies less than this share of its size varies by the rounding of float32 only
_CONSTANT = 1e-6

# errors that differ by less than this share are alike: of two series, left out in turn, those at any penalty
_ALIKE = 1e-9


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
    left_out
        (series, targets), the score of each training series by the fit without it, at this penalty.
    """

    mean: np.ndarray
    scale: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    alpha: np.ndarray
    left_out: np.ndarray


def fit_ridge(
    table: np.ndarray,
    targets: np.ndarray,
    alphas: Sequence[float],
    *,
    weights: np.ndarray | None = None,
    per_target: bool = False,
) -> Ridge:
    """Fit by Σ_i s_i ‖y_i − b − w z_i‖² + α ‖w‖², with the α that errs least on series left out.

    With centred z and y, K = Z Zᵀ and G = (K + αI)⁻¹, series i by the fit without it errs by (G y)_i / G_ii,
    so that one eigendecomposition gives the errors at every α (Golub, Heath and Wahba 1979, Eqs. 2.1, 2.2).

    Parameters
    ----------
    table
        (series ≥ 2, features).
    targets
        (series, targets).
    alphas
        Penalties > 0 to choose from; of two that err alike the first.
    weights
        s, (series,), > 0; None for 1.
    per_target
        Whether each target has a penalty of its own, rather than one that errs least in the sum.

    Returns
    -------
    Ridge
        With the errors of the chosen penalty.
    """
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
    errors, coefficients = _decompose(z, y, root[:, 0] / np.linalg.norm(root))
    misses = np.stack([errors(alpha) for alpha in alphas])
    total = np.square(misses).sum(axis=1)
    if not per_target:
        total = np.broadcast_to(total.sum(axis=1, keepdims=True), total.shape)
    best = (total <= (1 + _ALIKE) * total.min(axis=0)).argmax(axis=0)
    alpha = np.asarray(alphas, dtype=np.float64)[best]
    # rows one after another: a fit that comes back from a file multiplies bit by bit alike
    coef = np.ascontiguousarray(coefficients(alpha))
    coef[:, constant] = 0
    left_out = targets - np.take_along_axis(misses, best[None, None, :], axis=0)[0] / root
    return Ridge(mean, scale, coef, middle - coef @ center, alpha, left_out)


def _decompose(z: np.ndarray, y: np.ndarray, unit: np.ndarray):  # noqa: ANN202
    """Functions of α: errors left out, (series, targets), and of one α for each target: coefficients."""
    n, p = z.shape
    if n <= p:
        gram = z @ z.T
        # the intercept's direction, not penalised, gets the largest eigenvalue and is left away
        gram += (2 * np.trace(gram) + 1) * np.outer(unit, unit)
        values, vectors = np.linalg.eigh(gram)
        values, vectors = np.maximum(values[:-1], 0), vectors[:, :-1]
        turned, squares = vectors.T @ y, vectors**2

        def errors(alpha: float) -> np.ndarray:
            inverse = 1 / (values + alpha)
            return (vectors @ (inverse[:, None] * turned)) / (squares @ inverse)[:, None]

        def coefficients(alpha: np.ndarray) -> np.ndarray:
            return (z.T @ (vectors @ (turned / (values[:, None] + alpha)))).T

    else:
        values, vectors = np.linalg.eigh(z.T @ z)
        values = np.maximum(values, 0)
        outputs = z @ vectors
        turned, squares = outputs.T @ y, outputs**2

        def errors(alpha: float) -> np.ndarray:
            inverse = 1 / (values + alpha)
            kept = 1 - unit**2 - squares @ inverse
            return (y - outputs @ (inverse[:, None] * turned)) / kept[:, None]

        def coefficients(alpha: np.ndarray) -> np.ndarray:
            return (vectors @ (turned / (values[:, None] + alpha))).T

    return errors, coefficients
