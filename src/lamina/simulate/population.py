"""What CCA of past and future would find with infinitely much data, straight from an autocovariance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lamina._checks import check_integer
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.linalg import inverse_sqrt


class PopulationCovariances(NamedTuple):
    """Covariances of past and future lag vectors.

    Parameters
    ----------
    past
        ``(memory * channels, memory * channels)``, newest lag first, channels fastest.
    future
        ``(horizon * channels, horizon * channels)``, nearest sample first.
    cross
        ``(horizon * channels, memory * channels)``.

    Examples
    --------
    >>> population_covariances([1.0, 0.5, 0.25], memory=2, horizon=1).past
    array([[1. , 0.5],
           [0.5, 1. ]])
    """

    past: np.ndarray
    future: np.ndarray
    cross: np.ndarray


def population_covariances(
    autocovariance: Any, memory: int, horizon: int, gap: int = 1
) -> PopulationCovariances:
    r"""Arrange an autocovariance as the covariances of past and future lag vectors.

    .. math:: [C_{pp}]_{ij} = R_{j-i}, \qquad [C_{ff}]_{ij} = R_{i-j}, \qquad [C_{fp}]_{ij} = R_{g+i+j},
              \qquad R_k = \operatorname{E}[y_{t+k} y_t^\top] = R_{-k}^\top

    Parameters
    ----------
    autocovariance
        :math:`R_k` for lags 0, 1, 2 ..., shape ``(lags,)`` or ``(lags, channels, channels)``; at least
        ``memory + horizon + gap - 1`` lags. Observation noise belongs into lag 0.
    memory
        Number of past samples, at least 1.
    horizon
        Number of future samples, at least 1.
    gap
        Samples from the newest past to the nearest future one, at least 1.

    Returns
    -------
    PopulationCovariances
        `PopulationCovariances`, which `lamina.stats.truncated_cca` takes one by one.

    Raises
    ------
    ArgumentError
        If ``memory``, ``horizon`` or ``gap`` is below 1.
    ArgumentTypeError
        If ``autocovariance`` does not hold real numbers.
    ShapeError
        If ``autocovariance`` has the wrong shape or too few lags.
    DataError
        If it holds NaN or infinity.

    Notes
    -----
    Qin et al. (2025), Eq. 9.

    Examples
    --------
    >>> population_covariances([1.0, 0.5, 0.25], memory=2, horizon=1).cross
    array([[0.5 , 0.25]])
    """
    m = check_integer("memory", memory, minimum=1)
    h = check_integer("horizon", horizon, minimum=1)
    g = check_integer("gap", gap, minimum=1)
    lagged = _check_autocovariance(autocovariance, m + h + g - 1)
    past, future = np.arange(m), np.arange(h)
    return PopulationCovariances(
        past=_blocks(lagged, past[None, :] - past[:, None]),
        future=_blocks(lagged, future[:, None] - future[None, :]),
        cross=_blocks(lagged, g + future[:, None] + past[None, :]),
    )


def population_canonical_correlations(
    autocovariance: Any, memory: int, horizon: int, gap: int = 1
) -> np.ndarray:
    r"""Return the canonical correlations between past and future of a process with a known autocovariance.

    .. math:: \sigma_i = \text{singular values of } C_{ff}^{-1/2} C_{fp} C_{pp}^{-1/2}

    Parameters
    ----------
    autocovariance
        :math:`R_k` for lags 0, 1, 2 ..., as in `population_covariances`.
    memory
        Number of past samples, at least 1.
    horizon
        Number of future samples, at least 1.
    gap
        Samples from the newest past to the nearest future one, at least 1.

    Returns
    -------
    numpy.ndarray
        ``(min(memory, horizon) * channels,)`` float64, descending, from 0 to 1; fewer where the covariances
        are singular to rounding (smooth kernels without noise).

    Raises
    ------
    ArgumentError
        If ``memory``, ``horizon`` or ``gap`` is below 1.
    ArgumentTypeError
        If ``autocovariance`` does not hold real numbers.
    ShapeError
        If ``autocovariance`` has the wrong shape or too few lags.
    DataError
        If it holds NaN or infinity, or a negative variance.

    Notes
    -----
    Qin et al. (2025), Eqs. 5-7 and 9. For a Gaussian process the information between past and future is
    ``lamina.stats.predictive_information`` of these.

    Examples
    --------
    >>> from lamina.simulate import rational_quadratic_kernel
    >>> R = rational_quadratic_kernel(np.arange(150))
    >>> R[0] += 0.1**2  # white noise of standard deviation 0.1
    >>> population_canonical_correlations(R, memory=75, horizon=75)[:3].round(3)
    array([0.998, 0.836, 0.244])
    """
    past, future, cross = population_covariances(autocovariance, memory, horizon, gap)
    whiten_past, _ = inverse_sqrt(past)
    whiten_future, _ = inverse_sqrt(future)
    correlations = np.linalg.svd(whiten_future @ cross @ whiten_past.T, compute_uv=False)
    return np.minimum(correlations, 1.0)


def _blocks(lagged: np.ndarray, lags: np.ndarray) -> np.ndarray:
    blocks = lagged[np.abs(lags)]
    blocks = np.where((lags < 0)[:, :, None, None], blocks.swapaxes(2, 3), blocks)
    rows, columns, channels, _ = blocks.shape
    return blocks.transpose(0, 2, 1, 3).reshape(rows * channels, columns * channels)


def _check_autocovariance(autocovariance: Any, n_lags: int) -> np.ndarray:
    try:
        values = np.asarray(autocovariance, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            "autocovariance", allowed="an array of real numbers", got=str(error), remedy="Pass numbers."
        ) from error
    if values.ndim == 1:
        values = values[:, None, None]
    if values.ndim != 3 or values.shape[1] != values.shape[2] or values.shape[1] == 0:
        raise ShapeError(
            "autocovariance",
            allowed="of shape (lags,) or (lags, channels, channels)",
            got=f"shape {np.shape(autocovariance)}",
            remedy="The first axis counts lags, from 0.",
        )
    if len(values) < n_lags:
        raise ShapeError(
            "autocovariance",
            allowed=f"at least memory + horizon + gap - 1 = {n_lags} lags long",
            got=f"{len(values)} lags",
            remedy="Evaluate it at more lags.",
        )
    if not np.isfinite(values[:n_lags]).all():
        raise DataError(
            "autocovariance",
            allowed="finite",
            got="NaN or infinity",
            remedy="Check the kernel or the process that it comes from.",
        )
    return values
