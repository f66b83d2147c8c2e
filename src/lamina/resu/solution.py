"""What a unit learns from its moments: filters, forecast and reconstruction (paper, Eqs. 5 to 8)."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

from array_api_compat import array_namespace

from lamina.errors import ClippedInformationWarning, DataError, FewWindowsWarning
from lamina.linalg.inverse_roots import whiten_projection
from lamina.resu.settings import Settings
from lamina.stats import LagCovariances, predictive_information, projection_information, truncated_cca
from lamina.stats.cca import CanonicalDirections, projected_covariance
from lamina.typing import Array


@dataclass(frozen=True)
class Solution:
    """The fitted quantities of one unit, with r = units, m = memory, h = horizon, C = channels.

    Attributes
    ----------
    filters
        Ψ, (r, m, C), newest lag first.
    future_filters
        Φ, (r, h, C of the future), nearest first.
    canonical_correlations, singular_values
        (r,), descending: correlations of the units with the future, and singular values of the objective.
    predictive_information
        I_r in nats.
    forecast
        Least-squares map from z to the future, (h·C, r): C_fp Ψᵀ (Ψ C_pp Ψᵀ)⁻¹; C_fp Ψᵀ for white units.
    reconstruction
        Least-squares map from z to the past, (m·C, r): C_pp Ψᵀ (Ψ C_pp Ψᵀ)⁻¹.
    past_mean, future_mean
        (m, C) and (h, C of the future).
    """

    filters: Array
    future_filters: Array
    canonical_correlations: Array
    singular_values: Array
    predictive_information: float
    forecast: Array
    reconstruction: Array
    past_mean: Array
    future_mean: Array


def solve(covariances: LagCovariances, settings: Settings) -> Solution:
    """Turn the moments of past and future into units.

    Parameters
    ----------
    covariances
        Moments of the lag vectors.
    settings
        Of the unit. Fewer units than its rank come back when the data hold fewer directions.

    Returns
    -------
    Solution
        Filters, maps and means, in float64.

    Warns
    -----
    RankDeficientWarning
        Fewer than ``rank`` directions exist.
    FewWindowsWarning
        With fewer windows than directions of past and future together, the strongest correlation is 1
        whatever the data; a ridge keeps that of "cca" below.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eqs. 5 to 8.
    """
    xp = array_namespace(covariances.past)
    directions = truncated_cca(
        covariances.past,
        covariances.future,
        covariances.cross,
        settings.rank,
        objective=settings.objective,
        ridge=settings.ridge,
        rcond=settings.rcond,
    )
    few = _warn_of_few_windows(covariances, directions, settings)
    psi, phi = directions.past_filters, directions.future_filters
    units = psi.shape[0]
    spread = covariances.past @ xp.permute_dims(psi, (1, 0))
    toward_future = covariances.cross @ xp.permute_dims(psi, (1, 0))
    # for plain CCA this is the identity; ridge, "rrr" and "pca" leave units that are not white
    whitener, _ = whiten_projection(projected_covariance(psi, covariances.past))
    precision = xp.permute_dims(whitener, (1, 0)) @ whitener
    return Solution(
        filters=xp.reshape(psi, (units, settings.memory, -1)),
        future_filters=xp.reshape(phi, (units, settings.horizon, -1)),
        canonical_correlations=directions.canonical_correlations,
        singular_values=directions.singular_values,
        predictive_information=_information(directions.canonical_correlations, few),
        forecast=toward_future @ precision,
        reconstruction=spread @ precision,
        past_mean=xp.reshape(covariances.past_mean, (settings.memory, -1)),
        future_mean=xp.reshape(covariances.future_mean, (settings.horizon, -1)),
    )


def _warn_of_few_windows(
    covariances: LagCovariances, directions: CanonicalDirections, settings: Settings
) -> bool:
    if settings.ridge and settings.objective == "cca":
        return False
    # what is centred has lost one window to the mean
    windows = math.ceil(covariances.effective_windows - 1e-9) - covariances.center
    # the correlations of "rrr" and "pca" are those of the units alone, and know of no ridge
    past = directions.past_filters.shape[0] if settings.ridge else directions.past_rank
    few = windows < past + directions.future_rank
    if few:
        count = f"{covariances.n_windows} window(s)"
        if covariances.effective_windows < covariances.n_windows:
            count += f" of the weight of {covariances.effective_windows:.3g}"
        warnings.warn(
            f"{count} are too few for {past} direction(s) of the past and "
            f"{directions.future_rank} of the future: correlations near 1 say nothing about the signal. "
            "Give a longer recording or half_life, a shorter memory and horizon, or a ridge.",
            FewWindowsWarning,
            stacklevel=3,
        )
    return few


def _information(correlations: Array, few: bool) -> float:
    with warnings.catch_warnings():
        if few:
            # a correlation of 1 was explained already, and otherwise
            warnings.simplefilter("ignore", ClippedInformationWarning)
        return predictive_information(correlations)


def information_kept(filters: Array, covariances: LagCovariances) -> float:
    """Information (nats) that the projection z = Ψp holds about the whole future, on given moments.

    I = −½ ln det(I − C_zz^{−1/2} C_zf C_ff^{−1} C_fz C_zz^{−1/2}), C_zz = Ψ C_pp Ψᵀ, C_zf = Ψ C_pf.

    Parameters
    ----------
    filters
        Ψ, shape (units, memory, channels).
    covariances
        Moments of the recording to judge on.

    Returns
    -------
    float
        Nats; not negative. It cannot fall when a unit is added.

    Raises
    ------
    DataError
        Too few windows to tell, what is forgotten not counted: with N − 1 < units + horizon · channels some
        sample correlation is always 1.
    """
    units = filters.shape[0]
    needed = units + covariances.future.shape[0] + 1
    windows = math.ceil(covariances.effective_windows - 1e-9)
    if windows < needed:
        raise DataError(
            "X",
            allowed=f"long enough for {needed} windows (units + horizon * channels + 1)",
            got=f"{windows} window(s) that count",
            remedy="Score on a longer recording, or fit with a shorter horizon or a longer half_life.",
        )
    xp = array_namespace(covariances.past)
    psi = xp.reshape(filters, (units, -1))
    toward_future = covariances.cross @ xp.permute_dims(psi, (1, 0))
    return projection_information(
        projected_covariance(psi, covariances.past),
        xp.permute_dims(toward_future, (1, 0)),
        covariances.future,
    )
