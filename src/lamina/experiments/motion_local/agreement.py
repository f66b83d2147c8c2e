"""How near learned filters are to those of batch CCA, by themselves and by what they answer."""

from __future__ import annotations

import numpy as np


def filter_cosines(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Return the cosine of each filter with its counterpart, without sign, ``(units,)``."""
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return np.minimum(np.abs(np.sum(ours * theirs, axis=1)) / lengths, 1.0)


def output_correlations(ours: np.ndarray, theirs: np.ndarray, moments: np.ndarray) -> np.ndarray:
    r"""Correlate each unit's output with that of its counterpart, without sign.

    .. math:: \frac{|\psi_u C \phi_u^\top|}{\sqrt{\psi_u C \psi_u^\top \; \phi_u C \phi_u^\top}}

    Parameters
    ----------
    ours, theirs
        ``(units, inputs)``.
    moments
        ``C``, covariance or second moments of the inputs.

    Returns
    -------
    numpy.ndarray
        ``(units,)``.
    """
    across = np.einsum("ui,ij,uj->u", ours, moments, theirs)
    own, other = (np.einsum("ui,ij,uj->u", side, moments, side) for side in (ours, theirs))
    return np.minimum(np.abs(across) / np.sqrt(own * other), 1.0)


def smallest_cosine(ours: np.ndarray, theirs: np.ndarray, moments: np.ndarray) -> float:
    """Return the cosine of the largest angle between the spaces that two sets of outputs span."""
    root = np.linalg.cholesky(moments).T
    bases = [np.linalg.qr(root @ side.T)[0] for side in (ours, theirs)]
    return float(min(np.linalg.svd(bases[0].T @ bases[1], compute_uv=False).min(), 1.0))
