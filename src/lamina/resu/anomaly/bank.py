"""The bank of filters whose outputs are the whitened forecast residual."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from array_api_compat import to_device

from lamina.errors import DataError, FewWindowsWarning, LaminaWarning
from lamina.linalg import inverse_sqrt
from lamina.stats import LagCovariances, truncated_cca
from lamina.typing import Array

Statistic: TypeAlias = Literal["window", "sample"]

# 1 − σ² of what the past foretells to the last digit, as the library clips it for information
_FLOOR = 1e-12


@dataclass(frozen=True)
class SurpriseBank:
    r"""Filters over the last L = memory + gap + horizon − 1 samples whose squared outputs add up to surprise.

    Attributes
    ----------
    weights
        A, (outputs, L, channels), newest sample first: r = A (w − μ), and :math:`r^\top r = e^\top S^{-1} e`.
    mean
        μ, (L, channels).
    whitening
        W, (outputs, entries): r = W e, for the residual e whose entries are channels, or, nearest first, the
        channels of each future sample.
    filters, future_filters
        Ψ, (units, memory, channels), and Φ, (units, horizon, channels).
    canonical_correlations
        σ, (units,), descending.
    n_windows
        Windows that it was learned from.
    statistic
        Whether e is the whole future, the outputs then unit by unit, or the innovation of its last sample.
    typical
        Mean and degrees of freedom of normal scores, where less than usual is a surprise as well; else None.
    """

    weights: np.ndarray
    mean: np.ndarray
    whitening: np.ndarray
    filters: np.ndarray
    future_filters: np.ndarray
    canonical_correlations: np.ndarray
    n_windows: int
    statistic: Statistic
    typical: tuple[float, float] | None = None

    @property
    def channels(self) -> int:
        """Channels of the recording."""
        return self.weights.shape[2]

    @property
    def window(self) -> int:
        """Samples L that a score looks at."""
        return self.weights.shape[1]


def solve_bank(
    covariances: LagCovariances,
    *,
    memory: int,
    horizon: int,
    gap: int,
    rank: int,
    ridge: float,
    rcond: float | None,
    statistic: Statistic,
) -> SurpriseBank:
    r"""Turn moments into surprise filters.

    With Φ, Ψ and σ of all canonical directions of the future (σ_i = 0 beyond the units), the outputs

    .. math:: r_i = (\Phi_i \tilde f - \sigma_i \Psi_i \tilde p) / \sqrt{1 - \sigma_i^2}

    are white, and their squares add up to :math:`e^\top S^{-1} e`, since
    :math:`S = C_{ff}^{1/2} (I - U \Sigma^2 U^\top) C_{ff}^{1/2}`.

    Parameters
    ----------
    covariances
        Of past and future.
    memory, horizon, gap, rank
        Of the units; fewer come back where the data have fewer directions.
    ridge
        Adds ridge · diag(C) to both covariances, ≥ 0.
    rcond
        Relative cut-off of eigenvalues.
    statistic
        "window": all of the future; "sample": its last sample, given the others.

    Returns
    -------
    SurpriseBank
        In NumPy and float64.

    Warns
    -----
    FewWindowsWarning
        Fewer windows than directions of past and future: some residual is always 0 in the fit.

    Raises
    ------
    DataError
        Nothing in the future varies.
    """
    past, future, cross = (_numpy(c) for c in (covariances.past, covariances.future, covariances.cross))
    past, future = _with_noise(past, ridge), _with_noise(future, ridge)
    channels = future.shape[0] // horizon
    whitener, kept = inverse_sqrt(future, rcond)
    if not kept:
        raise DataError("X", allowed="a signal that varies", got="a constant one", remedy="Look at it.")
    with warnings.catch_warnings():
        # that fewer directions exist than were asked for changes nothing about what can be expected
        warnings.simplefilter("ignore", LaminaWarning)
        found = truncated_cca(past, future, cross, rank, rcond=rcond)
    psi, phi, sigma = found.past_filters, found.future_filters, found.canonical_correlations
    units = len(sigma)
    if covariances.effective_windows - 1 < found.past_rank + found.future_rank:
        warnings.warn(
            f"{covariances.n_windows} window(s) are too few for {found.past_rank} direction(s) of the past "
            f"and {found.future_rank} of the future: part of the residual vanishes in the fit but for the "
            "ridge, and is a surprise on any other recording. Give a longer recording, or a shorter memory "
            "and horizon.",
            FewWindowsWarning,
            stacklevel=6,
        )
    # Φ = U_rᵀ W_f: the rest of an orthonormal basis gives the directions that no unit foretells
    basis = whitener @ future @ phi.T
    rest = np.linalg.qr(basis, mode="complete")[0][:, units:].T @ whitener
    scale = 1.0 / np.sqrt(np.maximum(1.0 - sigma**2, _FLOOR))
    whitening = np.concatenate([phi * scale[:, None], rest])
    toward_past = np.zeros((len(whitening), past.shape[0]))
    toward_past[:units] = -psi * (sigma * scale)[:, None]
    toward_future = whitening
    if statistic == "sample":
        whitening, turn = _newest_given_others(whitening, channels)
        toward_past, toward_future = turn @ toward_past, turn @ toward_future
    return SurpriseBank(
        weights=_over_window(toward_future, toward_past, memory, horizon, gap, channels),
        mean=_mean_of_window(covariances, memory, horizon, gap, channels),
        whitening=whitening,
        filters=psi.reshape(units, memory, channels),
        future_filters=phi.reshape(units, horizon, channels),
        canonical_correlations=sigma,
        n_windows=covariances.n_windows,
        statistic=statistic,
    )


def _newest_given_others(whitening: np.ndarray, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return W′ (outputs, channels) of the newest sample's innovation e′, and the turn T with r′ = T r.

    With the precision P = WᵀW, e′ = P_nn⁻¹ (P e)_n has the covariance P_nn⁻¹: r′ = P_nn^{1/2} e′, in the
    directions in which the newest sample varies at all.
    """
    newest = whitening[:, -channels:]
    left, lengths, right = np.linalg.svd(newest, full_matrices=False)
    exist = lengths > 1e-10 * lengths.max()
    # newest = Q Λ Rᵀ: P_nn = R Λ² Rᵀ, so that r′ = Λ⁻¹ Rᵀ (P e)_n = Qᵀ r
    return lengths[exist, None] * right[exist], left[:, exist].T


def _over_window(
    of_future: np.ndarray, of_past: np.ndarray, memory: int, horizon: int, gap: int, channels: int
) -> np.ndarray:
    """Lay weights of futures (nearest first) and pasts (newest first) over one window, newest first."""
    weights = np.zeros((len(of_future), memory + gap + horizon - 1, channels))
    weights[:, :horizon] = of_future.reshape(-1, horizon, channels)[:, ::-1]
    weights[:, horizon + gap - 1 :] = of_past.reshape(-1, memory, channels)
    return weights


def _mean_of_window(
    covariances: LagCovariances, memory: int, horizon: int, gap: int, channels: int
) -> np.ndarray:
    past = _numpy(covariances.past_mean).reshape(memory, channels)
    future = _numpy(covariances.future_mean).reshape(horizon, channels)
    # nothing is expected of the samples between, which have no weight
    between = np.broadcast_to(past[0], (gap - 1, channels))
    return np.concatenate([future[::-1], between, past])


def _with_noise(covariance: np.ndarray, ridge: float) -> np.ndarray:
    return covariance + np.diag(ridge * np.diag(covariance))


def _numpy(array: Array) -> np.ndarray:
    return np.asarray(to_device(array, "cpu"), dtype=np.float64)
