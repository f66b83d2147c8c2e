"""Reduced-rank regression of the future on the past, at many ridges and ranks for one decomposition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.typing import Objective


@dataclass(frozen=True)
class Regression:
    """Moments of the past and the future that a forecast is computed from.

    Attributes
    ----------
    past, cross, future
        C_pp (p, p), C_fp (f, p) and C_ff (f, f).
    past_mean, future_mean
        (p,) and (f,).
    """

    past: np.ndarray
    cross: np.ndarray
    future: np.ndarray
    past_mean: np.ndarray
    future_mean: np.ndarray


def regress(
    moments: Regression,
    ridges: Sequence[float],
    ranks: Sequence[int],
    objective: Objective,
) -> np.ndarray:
    """Return the coefficients of f̂ = μ_f + B (p − μ_p), of every ridge and rank.

    With C = C_pp + ridge · tr(C_pp) / p · I and A = I ("rrr") or A = C_ff^{−1/2} ("cca"),

        A C_fp C^{−1/2} = U Σ Vᵀ,    B = A⁻¹ U_r Σ_r V_rᵀ C^{−1/2}.

    At full rank this is ridge regression, whatever the objective. Below it, "rrr" keeps what lowers the
    squared error most, and "cca" the units of a `lamina.ReSU`, the most predictable directions.

    Parameters
    ----------
    moments
        Of past and future.
    ridges
        ≥ 0 each; that of the future, for "cca", is at most 0.1.
    ranks
        ≥ 1 each; as many directions as exist are kept at most.
    objective
        "rrr" or "cca".

    Returns
    -------
    numpy.ndarray
        (ridges, ranks, f, p).

    Examples
    --------
    >>> eye = np.eye(2)
    >>> moments = Regression(eye, np.diag([0.5, 0.1]), eye, np.zeros(2), np.zeros(2))
    >>> regress(moments, [0.0], [1, 2], "cca").round(3).tolist()
    [[[[0.5, 0.0], [0.0, 0.0]], [[0.5, 0.0], [0.0, 0.1]]]]
    """
    values, vectors = np.linalg.eigh((moments.past + moments.past.T) / 2)
    values, variance = np.maximum(values, 0.0), float(np.trace(moments.past)) / len(moments.past)
    found = np.zeros((len(ridges), len(ranks), *moments.cross.shape))
    if variance <= 0.0:
        # a silent past says nothing
        return found
    # as in the rest of the library: what is below rounding does not count as a direction
    floor = np.finfo(np.float64).eps * len(values) * values[-1]
    future = _FutureRoots(moments.future) if objective == "cca" else None
    for i, ridge in enumerate(ridges):
        shrunk = values + ridge * variance
        root = vectors[:, shrunk > floor] / np.sqrt(shrunk[shrunk > floor])
        whitened = moments.cross @ root
        if future is not None:
            whitened = future.inverse_root(ridge) @ whitened
        left, strengths, right = np.linalg.svd(whitened, full_matrices=False)
        back = right @ root.T
        forward = left * strengths[None, :]
        if future is not None:
            forward = future.root(ridge) @ forward
        for j, rank in enumerate(ranks):
            found[i, j] = forward[:, :rank] @ back[:rank]
    return found


class _FutureRoots:
    """C_ff^{1/2} and its inverse, with a ridge."""

    def __init__(self, covariance: np.ndarray) -> None:
        self._values, self._vectors = np.linalg.eigh((covariance + covariance.T) / 2)
        self._values = np.maximum(self._values, 0.0)
        self._variance = float(np.trace(covariance)) / len(covariance)

    def _roots(self, ridge: float) -> np.ndarray:
        # a heavy ridge on the future would only turn "cca" into "rrr"
        shrunk = self._values + min(ridge, 0.1) * self._variance
        return np.sqrt(np.maximum(shrunk, np.finfo(np.float64).eps * max(shrunk[-1], 1e-300)))

    def root(self, ridge: float) -> np.ndarray:
        return (self._vectors * self._roots(ridge)) @ self._vectors.T

    def inverse_root(self, ridge: float) -> np.ndarray:
        return (self._vectors / self._roots(ridge)) @ self._vectors.T
