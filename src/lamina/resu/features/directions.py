"""Canonical directions of many small scales: those of `truncated_cca`, by a route that a ridge makes safe."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.linalg import eigh, get_lapack_funcs

from lamina.errors import DataError, RankDeficientWarning
from lamina.linalg import fix_signs
from lamina.stats import truncated_cca

_factorise, _invert = get_lapack_funcs(("potrf", "trtri"), dtype=np.float64)

# with this much, no eigenvalue comes near those that `truncated_cca` would drop as rounding
_SAFE_RIDGE = 1e-8
# matrices beyond this are cheaper to reduce for a few eigenvectors than for all
_LARGE = 64


def canonical_directions(
    past: np.ndarray, future: np.ndarray, cross: np.ndarray, rank: int, ridge: float
) -> tuple[np.ndarray, np.ndarray] | None:
    r"""Find the filters of the past that tell most about the future, as `truncated_cca` with a ridge does.

    .. math:: C_{pp} = L_p L_p^\top, \quad C_{ff} = L_f L_f^\top, \quad
              K = L_f^{-1} C_{fp} L_p^{-\top}, \qquad
              K^\top K v_i = \sigma_i^2 v_i, \quad \psi_i = L_p^{-\top} v_i

    A ridge keeps both covariances far from singular, so that Cholesky factors serve as their roots. Without
    one, `truncated_cca` itself answers. Squaring σ costs digits of those below 1e-6 only.

    Parameters
    ----------
    past, future, cross
        C_pp, (p, p); C_ff, (f, f); C_fp, (f, p), float64.
    rank
        Most directions, from 1 to min(p, f).
    ridge
        Adds ridge · tr(C)/d · I to both covariances, ≥ 0.

    Returns
    -------
    filters, canonical_correlations
        (r, p) and (r,), strongest first, float64; None if nothing varies.
    """
    if ridge >= _SAFE_RIDGE:
        past_root, future_root = _inverse_root(past, ridge), _inverse_root(future, ridge)
        if past_root is not None and future_root is not None:
            K = future_root @ cross @ past_root.T
            squares = K.T @ K
            if len(squares) > _LARGE:
                some = (len(squares) - rank, len(squares) - 1)
                values, vectors = eigh(squares, subset_by_index=some, check_finite=False)
            else:
                values, vectors = np.linalg.eigh(squares)
            values, vectors = values[::-1][:rank], vectors[:, ::-1][:, :rank]
            filters, _ = fix_signs(vectors.T @ past_root)
            return filters, np.sqrt(np.clip(values, 0.0, 1.0))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RankDeficientWarning)
            found = truncated_cca(past, future, cross, rank=rank, ridge=ridge)
    except DataError:  # nothing varies at this scale
        return None
    return found.past_filters, found.canonical_correlations


def _inverse_root(covariance: np.ndarray, ridge: float) -> np.ndarray | None:
    """Invert the Cholesky factor of a covariance with its ridge; None if nothing varies."""
    regular = covariance.copy()
    regular.flat[:: len(regular) + 1] += ridge * np.trace(covariance) / len(covariance)
    factor, failed = _factorise(regular, lower=1, clean=1, overwrite_a=1)
    if failed:
        return None
    inverse, failed = _invert(factor, lower=1)
    return None if failed else inverse
