"""The names of pyresu 0.1.0 with the calls of its Quick Start, on lamina's own mathematics."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from array_api_compat import array_namespace

from lamina._checks import check_integer, check_recording
from lamina.errors import DataError, ShapeError, StateError
from lamina.resu.placement import like
from lamina.resu.rectification import rectify
from lamina.stats import lag_vectors, predictive_information, truncated_cca
from lamina.stats.admission import check_same_library
from lamina.typing import Array, Covariance, LagVectors, Recording


def construct_lag_vectors(data: Recording, memory: int, horizon: int) -> tuple[LagVectors, LagVectors]:
    """Build past and future lag vectors, p_t = [y_t; …; y_{t−m+1}] and f_t = [y_{t+1}; …; y_{t+h}].

    Parameters
    ----------
    data
        (time,) or (time, channels); windows that touch NaN are left out.
    memory, horizon
        Samples of past and of future, ≥ 1.

    Returns
    -------
    past, future
        (windows, memory · channels), newest first, and (windows, horizon · channels), nearest first.

    Raises
    ------
    ArgumentError
        ``memory`` or ``horizon`` is not an integer of at least 1.
    DataError
        There is no whole window, or infinities.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eq. 3.

    Examples
    --------
    >>> construct_lag_vectors([0.0, 1.0, 2.0, 3.0], memory=2, horizon=1)[0].tolist()
    [[1.0, 0.0], [2.0, 1.0]]
    """
    return lag_vectors(check_recording("data", data), memory, horizon)


def center_lag_vectors(past: LagVectors, future: LagVectors) -> tuple[LagVectors, LagVectors]:
    """Subtract from every lag its mean over the windows.

    Parameters
    ----------
    past, future
        (windows, lags); not modified.

    Returns
    -------
    past, future
        Centred copies.

    Raises
    ------
    ShapeError
        Different numbers of windows.
    ArgumentTypeError
        Arrays of two libraries or devices.
    DataError
        Infinities or NaN, or values so large that their sum overflows.

    Examples
    --------
    >>> import numpy as np
    >>> center_lag_vectors(np.array([[1.0], [3.0]]), np.array([[0.0], [2.0]]))[0].tolist()
    [[-1.0], [1.0]]
    """
    past, future = _check_pair(past, future)
    return _centred("past", past), _centred("future", future)


def compute_covariance_matrices(past: LagVectors, future: LagVectors) -> tuple[Covariance, Covariance, Array]:
    """Covariances of lag vectors, normalised by N − 1; the means are subtracted here if they were not before.

    Parameters
    ----------
    past, future
        (windows, lags), at least two windows.

    Returns
    -------
    C_pp, C_ff, C_fp
        (lags, lags) of the past, of the future, and (future lags, past lags), float64.

    Raises
    ------
    ShapeError
        Different numbers of windows.
    ArgumentTypeError
        Arrays of two libraries or devices.
    DataError
        Fewer than two windows, infinities or NaN, or values whose squares overflow.

    Examples
    --------
    >>> import numpy as np
    >>> C_pp, C_ff, C_fp = compute_covariance_matrices(np.array([[1.0], [3.0]]), np.array([[0.0], [4.0]]))
    >>> C_pp.tolist(), C_ff.tolist(), C_fp.tolist()
    ([[2.0]], [[8.0]], [[4.0]])
    """
    past, future = _check_pair(past, future)
    xp = array_namespace(past)
    windows = past.shape[0]
    if windows < 2:
        raise DataError(
            "past", allowed="at least 2 windows long", got=str(windows), remedy="Give a longer recording."
        )
    p, f = center_lag_vectors(xp.astype(past, xp.float64), xp.astype(future, xp.float64))
    p_rows, f_rows = xp.permute_dims(p, (1, 0)), xp.permute_dims(f, (1, 0))
    with np.errstate(over="ignore", invalid="ignore"):
        C_pp, C_ff = p_rows @ p / (windows - 1), f_rows @ f / (windows - 1)
        C_fp = f_rows @ p / (windows - 1)
    for name, covariance in (("past", C_pp), ("future", C_ff)):
        _check_finite(name, covariance, "whose squares are finite numbers")
    return C_pp, C_ff, C_fp


def perform_truncated_cca(
    C_pp: Covariance, C_ff: Covariance, C_fp: Array, rank: int
) -> tuple[Array, Array, Array]:
    """Canonical correlation analysis, truncated: Ψ = V_rᵀ C_pp^{−1/2}, Φ = U_rᵀ C_ff^{−1/2}.

    Parameters
    ----------
    C_pp, C_ff, C_fp
        As `compute_covariance_matrices` gives them.
    rank
        Directions to keep, ≥ 1.

    Returns
    -------
    Psi, sigma, Phi
        (rank, past lags), (rank,) descending, (rank, future lags).

    Raises
    ------
    ArgumentError
        ``rank`` is not an integer of at least 1, or larger than the matrices.

    Warns
    -----
    RankDeficientWarning
        Fewer directions exist; only those come back.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eqs. 5 to 7.

    Examples
    --------
    >>> import numpy as np
    >>> Psi, sigma, Phi = perform_truncated_cca(np.eye(1), 4 * np.eye(1), np.eye(1), rank=1)
    >>> Psi.tolist(), sigma.tolist(), Phi.tolist()
    ([[1.0]], [0.5], [[0.5]])
    """
    directions = truncated_cca(C_pp, C_ff, C_fp, rank)
    return directions.past_filters, directions.singular_values, directions.future_filters


def calculate_mutual_information(canonical_correlations: Any) -> float:
    """Information between past and future, I_r = −½ Σ ln(1 − σ²), in nats.

    Parameters
    ----------
    canonical_correlations
        σ, (rank,), from 0 to 1.

    Returns
    -------
    float
        Nats.

    Warns
    -----
    ClippedInformationWarning
        A correlation of 1 was clipped, so that the result is finite.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eq. 8.

    Examples
    --------
    >>> round(calculate_mutual_information([0.6]), 4)
    0.2231
    """
    return float(predictive_information(canonical_correlations))


class ReSUCell:
    """Rectified units learned from lag vectors: ON = max(Ψ(p − μ), 0), OFF = max(−Ψ(p − μ), 0).

    For recordings use `lamina.ReSU`, which never builds the lag vectors.

    Parameters
    ----------
    rank
        Number of units, ≥ 1.

    Attributes
    ----------
    filters_ : (units, past lags)
        Ψ.
    canonical_correlations_ : (units,)
        σ, descending.
    past_mean_ : (past lags,)
        μ, about zero for centred lag vectors.

    Raises
    ------
    ArgumentError
        ``rank`` is not an integer of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> past, future = construct_lag_vectors(np.sin(np.arange(90.0) ** 1.1), memory=3, horizon=2)
    >>> on, off = ReSUCell(rank=2).fit(past, future).forward(past)
    >>> on.shape, bool((on * off == 0).all())
    ((86, 2), True)
    """

    def __init__(self, rank: int) -> None:
        self.rank = check_integer("rank", rank, minimum=1)
        self.filters_: Array | None = None
        self.canonical_correlations_: Array | None = None
        self.past_mean_: Array | None = None

    def fit(self, past: LagVectors, future: LagVectors) -> Self:
        """Learn the units from lag vectors.

        Parameters
        ----------
        past, future
            (windows, lags), centred or not.

        Raises
        ------
        ShapeError, DataError
            As `compute_covariance_matrices`.
        ArgumentError
            ``rank`` exceeds the number of lags.
        """
        covariances = compute_covariance_matrices(past, future)
        self.filters_, self.canonical_correlations_, _ = perform_truncated_cca(*covariances, self.rank)
        past, _ = _check_pair(past, future)
        xp = array_namespace(past)
        self.past_mean_ = xp.mean(xp.astype(past, xp.float64), axis=0)
        return self

    def forward(self, past: LagVectors) -> tuple[Array, Array]:
        """Compute the ON and OFF outputs for past lag vectors.

        Parameters
        ----------
        past
            (windows, past lags), of any library.

        Returns
        -------
        on, off
            (windows, units) each, ≥ 0, of that library.

        Raises
        ------
        StateError
            Not fitted yet.
        ShapeError
            Another number of lags than in the fit.
        DataError
            Infinities, or values so large that the outputs overflow.
        """
        if self.filters_ is None or self.past_mean_ is None:
            raise StateError("The cell has learned nothing yet. Call fit(past, future) first.")
        past = check_recording("past", past, channels=self.filters_.shape[1])
        xp = array_namespace(past)
        filters, mean = like(self.filters_, past), like(self.past_mean_, past)
        with np.errstate(over="ignore", invalid="ignore"):
            z = (xp.astype(past, xp.float64) - mean) @ xp.permute_dims(filters, (1, 0))
            z = xp.astype(z, past.dtype)
        # rows with a gap have no output
        here = ~xp.any(xp.isnan(past), axis=1)[:, None]
        _check_finite("past", xp.where(here, z, xp.zeros_like(z)), "whose outputs are finite numbers")
        units = z.shape[1]
        return rectify(z, ["on"] * units), rectify(z, ["off"] * units)


def _centred(name: str, vectors: Array) -> Array:
    xp = array_namespace(vectors)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = xp.mean(xp.astype(vectors, xp.float64), axis=0)
        centred = xp.astype(xp.astype(vectors, xp.float64) - mean, vectors.dtype)
    _check_finite(name, centred, "whose sum is a finite number")
    return centred


def _check_finite(name: str, result: Array, which: str) -> None:
    xp = array_namespace(result)
    if not bool(xp.all(xp.isfinite(result))):
        raise DataError(
            name, allowed=f"of values {which}", got="an overflow", remedy="Rescale the recording."
        )


def _check_pair(past: Any, future: Any) -> tuple[Array, Array]:
    past = check_recording("past", past, gaps=False)
    future = check_recording("future", future, gaps=False)
    check_same_library("future", past, future)
    if past.shape[0] != future.shape[0]:
        raise ShapeError(
            "future",
            allowed=f"of {past.shape[0]} windows, as past",
            got=f"shape {tuple(future.shape)}",
            remedy="Build both with construct_lag_vectors.",
        )
    return past, future
