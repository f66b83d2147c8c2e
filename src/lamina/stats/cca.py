"""Truncated past-future canonical correlation analysis, and its two relatives that the paper compares."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import array_api_compat
from jaxtyping import Float

from lamina._checks import check_choice, check_integer, check_real
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, RankDeficientWarning, ShapeError
from lamina.linalg import fix_signs, inverse_sqrt
from lamina.linalg.inverse_roots import (
    check_covariance,
    check_cutoff,
    check_matrix,
    to_number,
    whiten_projection,
)
from lamina.typing import Array, Covariance, Objective


@dataclass(frozen=True)
class CanonicalDirections:
    r"""Directions of past and future, strongest first.

    Parameters
    ----------
    past_filters
        ``Psi``, shape ``(r, m*C)``.
    future_filters
        ``Phi``, shape ``(r, h*C)``.
    singular_values
        Shape ``(r,)``, descending: of K for "cca" (then in [0, 1]), of :math:`C_{fp} C_{pp}^{-1/2}` for
        "rrr", of :math:`C_{fp}` for "pca".
    canonical_correlations
        Shape ``(r,)``, descending, in [0, 1]. For "cca" the singular values. For "rrr" and "pca" the
        canonical correlations between the r projections z = Psi p taken together and the whole future, so
        that `predictive_information` of them is what z tells about the future; the i-th does not belong to
        the i-th row.
    past_rank, future_rank
        Effective ranks of the two covariances.
    """

    past_filters: Array
    future_filters: Array
    singular_values: Array
    canonical_correlations: Array
    past_rank: int
    future_rank: int


def truncated_cca(
    past_cov: Array,
    future_cov: Array,
    cross_cov: Array,
    rank: int | None = None,
    *,
    objective: Objective = "cca",
    ridge: float = 0.0,
    rcond: float | None = None,
) -> CanonicalDirections:
    r"""Directions of the past that tell most about the future.

    .. math:: K = C_{ff}^{-1/2} C_{fp} C_{pp}^{-1/2} = U \Sigma V^\top, \qquad
              \Psi = V_r^\top C_{pp}^{-1/2}, \qquad \Phi = U_r^\top C_{ff}^{-1/2}

    so that :math:`\Psi C_{pp} \Psi^\top = I`, :math:`\Phi C_{ff} \Phi^\top = I`, and
    :math:`\Phi C_{fp} \Psi^\top = \Sigma_r`. In every row of Psi the entry of largest magnitude is positive.

    Parameters
    ----------
    past_cov
        ``C_pp``, shape ``(p, p)``, symmetric.
    future_cov
        ``C_ff``, shape ``(f, f)``, symmetric.
    cross_cov
        ``C_fp``, shape ``(f, p)``: future by past.
    rank
        Directions ``r`` to keep, from 1 to min(p, f); default all that exist.
    objective
        "cca"; "rrr" (reduced-rank regression: SVD of :math:`C_{fp} C_{pp}^{-1/2}`, the best forecast in
        squared error; Phi has orthonormal rows); "pca" (SVD of :math:`C_{fp}`; Psi and Phi have orthonormal
        rows).
    ridge
        Adds ``ridge * trace(C) / d`` to the diagonal of both covariances, at least 0; the identities above
        then hold for these.
    rcond
        Relative cut-off of eigenvalues, see `lamina.linalg.inverse_sqrt`.

    Returns
    -------
    CanonicalDirections
        In float64, with as many directions as exist if ``rank`` is more than that.

    Warns
    -----
    RankDeficientWarning
        Fewer than ``rank`` directions exist.

    Raises
    ------
    ShapeError
        The shapes do not fit together.
    DataError
        A matrix holds NaN or infinity, a covariance is not one, nothing varies (a constant signal), or
        ``cross_cov`` is larger than the covariances allow.
    ArgumentError
        ``rank``, ``objective``, ``ridge`` or ``rcond`` is not among what is allowed.

    Notes
    -----
    ReSU paper, Eqs. 5-7; "rrr" and "pca" as in the comparison in the paper's code.

    Examples
    --------
    >>> import numpy as np
    >>> directions = truncated_cca(np.eye(2), np.eye(2), np.array([[0.0, 0.5], [0.1, 0.0]]), rank=1)
    >>> np.abs(directions.past_filters).tolist(), float(directions.canonical_correlations[0])
    ([[0.0, 1.0]], 0.5)
    """
    past = check_covariance("past_cov", past_cov)
    future = check_covariance("future_cov", future_cov)
    cross = check_matrix("cross_cov", cross_cov)
    _same_library(past, future, cross)
    if tuple(cross.shape) != (future.shape[0], past.shape[0]):
        raise ShapeError(
            "cross_cov",
            allowed=f"of shape (future, past) = ({future.shape[0]}, {past.shape[0]})",
            got=f"shape {tuple(cross.shape)}",
            remedy="Transpose it if past and future are swapped.",
        )
    check_choice("objective", objective, ("cca", "rrr", "pca"))
    ridge = check_real("ridge", ridge, minimum=0)
    for size in past.shape[0], future.shape[0]:
        check_cutoff(rcond, size)
    if rank is not None:
        rank = check_integer("rank", rank, minimum=1)
        if rank > min(cross.shape):
            raise ArgumentError(
                "rank",
                allowed=f"at most {min(cross.shape)}, the smaller of past and future dimensions",
                got=str(rank),
                remedy="Ask for fewer directions, or for a longer memory or horizon.",
            )
    directions = _directions(past, future, cross, objective, ridge, rcond)
    found = directions.singular_values.shape[0]
    if found == 0:
        raise DataError(
            "past_cov, future_cov and cross_cov",
            allowed="of data that vary",
            got=f"effective ranks {directions.past_rank} (past) and {directions.future_rank} (future)",
            remedy="A constant signal has nothing to predict, and a high rcond leaves nothing of any.",
        )
    if rank is not None and found < rank:
        warnings.warn(
            f"rank {rank} was asked for, but only {found} direction(s) exist in the data (effective rank "
            f"{directions.past_rank} of the past, {directions.future_rank} of the future); keeping {found}.",
            RankDeficientWarning,
            stacklevel=2,
        )
    return _truncate(
        directions, past, future, cross, found if rank is None else min(rank, found), objective, rcond
    )


def _directions(
    past: Float[Any, "p p"],
    future: Float[Any, "f f"],
    cross: Float[Any, "f p"],
    objective: str,
    ridge: float,
    rcond: float | None,
) -> CanonicalDirections:
    xp = array_api_compat.array_namespace(cross)
    past_map, past_rank = inverse_sqrt(_with_ridge(past, ridge), rcond)
    future_map, future_rank = inverse_sqrt(_with_ridge(future, ridge), rcond)
    if past_rank == 0 or future_rank == 0:
        nothing = cross[:0, 0]
        return CanonicalDirections(cross[:0, :], cross.T[:0, :], nothing, nothing, past_rank, future_rank)
    if objective == "cca":
        left, values, right = xp.linalg.svd(future_map @ cross @ past_map.T, full_matrices=False)
        _check_consistent(values[0], (past_map, past), (future_map, future))
        psi, phi = right @ past_map, left.T @ future_map
        values = xp.clip(values, 0.0, 1.0)
    elif objective == "rrr":
        left, values, right = xp.linalg.svd(cross @ past_map.T, full_matrices=False)
        psi, phi = right @ past_map, left.T
    else:
        left, values, right = xp.linalg.svd(cross, full_matrices=False)
        exist = int(xp.sum(xp.astype(values > check_cutoff(rcond, max(cross.shape)) * values[0], xp.int64)))
        psi, phi, values = right[:exist, :], left.T[:exist, :], values[:exist]
    if values.shape[0]:
        psi, phi = fix_signs(psi, phi)
    return CanonicalDirections(psi, phi, values, values, past_rank, future_rank)


def _truncate(
    all_: CanonicalDirections,
    past: Array,
    future: Array,
    cross: Array,
    rank: int,
    objective: str,
    rcond: float | None,
) -> CanonicalDirections:
    psi = all_.past_filters[:rank, :]
    values = all_.singular_values[:rank]
    correlations = values
    if objective != "cca":
        correlations = projected_correlations(projected_covariance(psi, past), psi @ cross.T, future, rcond)
    return CanonicalDirections(
        past_filters=psi,
        future_filters=all_.future_filters[:rank, :],
        singular_values=values,
        canonical_correlations=correlations,
        past_rank=all_.past_rank,
        future_rank=all_.future_rank,
    )


def projected_covariance(filters: Float[Any, "r p"], covariance: Covariance) -> Float[Any, "r r"]:
    r"""Covariance of a projection z = Psi p, exactly symmetric, without the rounding of what does not vary.

    .. math:: C_{zz} = \Psi C_{pp} \Psi^\top

    Where the data have fewer directions than there are filters, some projections do not vary, and all that is
    left of their variance is rounding, of either sign. It is set to zero, with its row and column.

    Parameters
    ----------
    filters
        ``Psi``, shape ``(r, p)``, float64.
    covariance
        ``C_pp``, shape ``(p, p)``, float64.

    Returns
    -------
    array
        Shape ``(r, r)``.
    """
    xp = array_api_compat.array_namespace(covariance)
    product = filters @ covariance @ xp.permute_dims(filters, (1, 0))
    product = (product + xp.permute_dims(product, (1, 0))) / 2
    scales = xp.sqrt(xp.linalg.diagonal(covariance))
    apart = xp.where(scales > 0, scales, xp.ones_like(scales))
    correlation = covariance / apart[:, None] / apart[None, :]
    # a lower bound of the largest eigenvalue, which needs no decomposition: no direction that `inverse_sqrt`
    # kept counts as rounding here
    strongest = xp.sum(correlation**2) / max(1, int(xp.sum(xp.astype(scales > 0, xp.int64))))
    lengths = xp.sum((filters * scales[None, :]) ** 2, axis=1)
    cutoff = check_cutoff(None, covariance.shape[0]) / 2
    varies = xp.astype(xp.linalg.diagonal(product) > cutoff * strongest * lengths, product.dtype)
    return product * varies[:, None] * varies[None, :]


def projected_correlations(
    C_zz: Float[Any, "r r"], C_zf: Float[Any, "r f"], C_ff: Float[Any, "f f"], rcond: float | None = None
) -> Float[Any, " r"]:
    r"""Canonical correlations between a projection z and the future f; 0 for directions that do not vary.

    .. math:: \rho = \mathrm{svd}(C_{zz}^{-1/2} C_{zf} C_{ff}^{-1/2})

    Parameters
    ----------
    C_zz, C_zf, C_ff
        Covariances, shapes ``(r, r)``, ``(r, f)`` and ``(f, f)``, float64.
    rcond
        Relative cut-off of eigenvalues, see `lamina.linalg.inverse_sqrt`.

    Returns
    -------
    array
        Shape ``(r,)``, descending, in [0, 1].
    """
    xp = array_api_compat.array_namespace(C_zf)
    z_map, z_rank = whiten_projection((C_zz + C_zz.T) / 2, rcond)
    f_map, f_rank = inverse_sqrt(C_ff, rcond)
    correlations = xp.zeros_like(C_zf[:, 0])
    if z_rank and f_rank:
        found = xp.linalg.svdvals(z_map @ C_zf @ f_map.T)
        correlations[: found.shape[0]] = xp.clip(found, 0.0, 1.0)
    return correlations


def _with_ridge(covariance: Covariance, ridge: float) -> Covariance:
    if ridge == 0:
        return covariance
    xp = array_api_compat.array_namespace(covariance)
    size = covariance.shape[0]
    variance = xp.sum(xp.linalg.diagonal(covariance)) / size
    if not math.isfinite(ridge * to_number(variance)):
        raise ArgumentError(
            "ridge",
            allowed="so small that ridge * trace(C) / d is a finite number",
            got=f"{ridge:.3g}",
            remedy="Ridges beyond 1 leave little of the data; try 1e-6 to 0.1.",
        )
    identity = xp.eye(size, dtype=covariance.dtype, device=array_api_compat.device(covariance))
    return covariance + ridge * variance * identity


def _check_consistent(largest: Array, *whitened: tuple[Array, Array]) -> None:
    """Refuse a correlation above 1 that rounding, as much as whitening can blow it up, does not explain."""
    xp = array_api_compat.array_namespace(largest)
    longest = [xp.max(xp.sum(maps**2 * xp.linalg.diagonal(cov)[None, :], axis=1)) for maps, cov in whitened]
    size = max(cov.shape[0] for _, cov in whitened)
    if bool(largest > 1 + 1e-6 + 100 * size * 2.0**-52 * size * xp.max(xp.stack(longest))):
        raise DataError(
            "cross_cov",
            allowed="no larger than the covariances of past and future allow",
            got="a canonical correlation above 1",
            remedy="Compute the three from the same windows, with the same means and normalisation.",
        )


def _same_library(*arrays: Array) -> None:
    names = {array_api_compat.array_namespace(array).__name__ for array in arrays}
    if len(names) > 1:
        raise ArgumentTypeError(
            "past_cov, future_cov and cross_cov",
            allowed="arrays of one library",
            got=" and ".join(sorted(names)),
            remedy="Convert them so that all are alike.",
        )
