"""How many directions of the past say something about the future: scores of ranks from one set of moments."""

from __future__ import annotations

import math

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentError, DataError, ShapeError
from lamina.linalg import inverse_sqrt
from lamina.stats.cca import truncated_cca
from lamina.stats.covariances import LagCovariances
from lamina.stats.selection_orders import as_numpy, log_determinants
from lamina.typing import Array


def score_ranks_svc(
    canonical_correlations: Array, n_samples: float, channels: int = 1, future_channels: int | None = None
) -> np.ndarray:
    r"""Score every rank by the singular value criterion; the least score wins.

    .. math:: \mathrm{SVC}(s) = \sigma_{s+1}^2 + \frac{2 s C \ln T}{T}, \qquad s = 0, 1, \ldots, r, \qquad
              \sigma_{r+1} = 0

    The first term is the strongest direction that rank s leaves out; a direction pays where its
    :math:`\sigma^2` exceeds :math:`2 C \ln T / T`. Where past and future have different numbers of channels,
    their sum stands for the 2 C (the coefficients that one more state brings).

    Parameters
    ----------
    canonical_correlations
        All of them, shape ``(r,)``, descending, from 0 to 1.
    n_samples
        T, above 1.
    channels, future_channels
        Channels of past and future, at least 1; the second is the first by default.

    Returns
    -------
    numpy.ndarray
        Shape ``(r + 1,)``, for ranks 0, 1, …, r.

    Raises
    ------
    ArgumentError
        An argument is outside its range.
    ShapeError, DataError
        The correlations are not one row, are not descending, or lie outside 0 … 1 by more than rounding.

    Notes
    -----
    Bauer (2001), "Order estimation for subspace methods", Automatica 37, with :math:`C_T = \ln T`.

    Examples
    --------
    >>> score_ranks_svc(np.array([0.8, 0.3, 0.02]), n_samples=500).round(3)
    array([0.64 , 0.115, 0.05 , 0.075])
    """
    samples = check_real("n_samples", n_samples, above=1)
    price = _coefficients(channels, future_channels) * math.log(samples) / samples
    correlations = _check_correlations(canonical_correlations)
    return np.append(correlations, 0.0) ** 2 + price * np.arange(len(correlations) + 1)


def score_ranks_bic(
    covariances: LagCovariances,
    channels: int,
    future_channels: int | None = None,
    *,
    n_samples: float | None = None,
    ridge: float = 0.0,
    rcond: float | None = None,
) -> np.ndarray:
    r"""Score every rank by the Bayesian information criterion of the nearest forecast; the least wins.

    .. math:: \mathrm{BIC}(s) = \ln \frac{\det \hat\Sigma_s}{\det \hat\Sigma_0} + \frac{2 s C \ln T}{T},
              \qquad \hat\Sigma_s = \operatorname{cov}\big(y_{t+g} - \hat y_{t+g}(z_1, \ldots, z_s)\big)

    :math:`\hat y_{t+g}` is the least-squares forecast of the nearest future sample from the first s units.
    Windows overlap, so the likelihood of whole futures would count every sample up to h times; that of the
    nearest sample counts each once.

    Parameters
    ----------
    covariances
        Of any memory, horizon and gap.
    channels, future_channels
        Channels of past and future, at least 1; the second is the first by default.
    n_samples
        T, above 1; the number of windows by default.
    ridge, rcond
        As in `lamina.stats.truncated_cca`.

    Returns
    -------
    numpy.ndarray
        Shape ``(r + 1,)``, for ranks 0, 1, …, r, where r directions exist.

    Raises
    ------
    ArgumentError
        An argument is outside its range.
    ShapeError
        The future is not made of whole lags.
    DataError
        Nothing varies.

    Notes
    -----
    Larimore (1990), "Canonical variate analysis in identification, filtering, and adaptive control", Proc.
    29th IEEE CDC, scores states by the likelihood of the one-step forecast; Bauer (2001) calls it the
    innovation variance criterion and shows it consistent with a penalty of ln T. With g above 1 the forecast
    errors of neighbouring samples are correlated, and the criterion takes too many directions rather than too
    few. A direction that helps only with later samples is not seen.

    Examples
    --------
    >>> from lamina.stats import LagMoments
    >>> y = np.convolve(np.random.default_rng(0).standard_normal(3000), 0.8 ** np.arange(60), mode="valid")
    >>> scores = score_ranks_bic(LagMoments(memory=4, horizon=4).update(y).covariances(), channels=1)
    >>> int(scores.argmin())
    1
    """
    price = _coefficients(channels, future_channels)
    width = channels if future_channels is None else future_channels
    if covariances.future.shape[0] % width:
        raise ShapeError(
            "covariances",
            allowed=f"of a future of whole lags of {width} channel(s)",
            got=f"{covariances.future.shape[0]} entries",
            remedy="Pass the number of channels that the future has.",
        )
    samples = check_real("n_samples", covariances.n_windows if n_samples is None else n_samples, above=1)
    directions = truncated_cca(
        covariances.past, covariances.future, covariances.cross, ridge=ridge, rcond=rcond
    )
    psi, past = as_numpy(directions.past_filters), as_numpy(covariances.past)
    whitening, kept = inverse_sqrt(as_numpy(covariances.future)[:width, :width])
    if kept == 0:
        raise DataError(
            "covariances",
            allowed="of a future whose nearest sample varies",
            got="a constant one",
            remedy="Look at the recording.",
        )
    # with a ridge the units are not white: their covariance goes in
    toward = whitening @ as_numpy(covariances.cross)[:width] @ psi.T
    left = log_determinants(psi @ past @ psi.T, toward, rcond=rcond)
    return left + price * np.arange(len(left)) * math.log(samples) / samples


def _coefficients(channels: int, future_channels: int | None) -> int:
    of_past = check_integer("channels", channels, minimum=1)
    if future_channels is None:
        return 2 * of_past
    return of_past + check_integer("future_channels", future_channels, minimum=1)


def _check_correlations(values: Array) -> np.ndarray:
    row = as_numpy(values)
    if row.ndim != 1:
        raise ShapeError(
            "canonical_correlations",
            allowed="of shape (r,)",
            got=f"shape {row.shape}",
            remedy="Pass one row of correlations.",
        )
    if not ((row >= 0) & (row <= 1 + 1e-9)).all():
        raise DataError(
            "canonical_correlations",
            allowed="numbers from 0 to 1",
            got=f"values from {row.min():.3g} to {row.max():.3g}",
            remedy="Pass canonical correlations, not covariances.",
        )
    if (np.diff(row) > 1e-9).any():
        raise ArgumentError(
            "canonical_correlations",
            allowed="descending",
            got="a row that rises",
            remedy="Sort them, strongest first.",
        )
    return row
