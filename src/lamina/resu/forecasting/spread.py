"""How far forecasts go astray, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.stats import t as student


@dataclass(frozen=True)
class Spread:
    """Second moments of forecast errors about zero, for each step.

    Attributes
    ----------
    total
        Σ e eᵀ, (horizon, channels, channels).
    count
        Errors that went in, (horizon,).
    held_out
        Whether what was forecast had not been learned from.
    """

    total: np.ndarray
    count: np.ndarray
    held_out: bool

    @classmethod
    def of(cls, errors: np.ndarray, *, held_out: bool) -> Self:
        """Return the spread of errors, (forecasts, horizon, channels); NaN in a channel leaves one out."""
        whole = np.asarray(np.isfinite(errors).all(axis=2))
        used = np.where(whole[:, :, None], errors, 0.0)
        return cls(np.einsum("nhc,nhd->hcd", used, used), np.sum(whole, axis=0), held_out)

    def joined(self, other: Spread) -> Spread:
        """Return both together."""
        return Spread(self.total + other.total, self.count + other.count, self.held_out and other.held_out)

    @property
    def covariance(self) -> np.ndarray:
        """Mean of e eᵀ, (horizon, channels, channels).

        A step never reached has that of the last one before that was, or of the first one of all.
        """
        found = self.total / np.maximum(self.count, 1)[:, None, None]
        reached = np.flatnonzero(self.count)
        if len(reached):
            found[: reached[0]] = found[reached[0]]
        for step in range(1, len(found)):
            if not self.count[step] and self.count[:step].any():
                found[step] = found[step - 1]
        return found

    def half_width(self, level: float) -> np.ndarray:
        """Return half the width of intervals that hold this share, (horizon, channels).

        The variance of the best forecast never falls from step to step; of the estimates, which may, the
        nearest variances that do not are taken (isotonic regression). Student's t has as many degrees of
        freedom as errors at a step over the steps that one horizon spans: neighbouring forecasts err
        together.
        """
        weights = np.maximum(self.count, 1e-3)
        variances = np.diagonal(self.covariance, axis1=1, axis2=2)
        rising = np.stack([isotonic_regression(v, weights=weights).x for v in variances.T], axis=1)
        steps = 1 + np.arange(len(self.count))
        freedom = np.maximum(self.count / steps, 2.0)
        return student.ppf((1.0 + level) / 2.0, freedom)[:, None] * np.sqrt(np.maximum(rising, 0.0))
