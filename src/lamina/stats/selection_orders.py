"""How many past samples say something about the next one: autoregressive orders and their scores."""

from __future__ import annotations

import math
from typing import Literal

import array_api_compat
import numpy as np

from lamina._checks import check_choice, check_integer, check_real
from lamina.errors import DataError, ShapeError
from lamina.linalg import inverse_sqrt
from lamina.linalg.inverse_roots import check_cutoff
from lamina.stats.covariances import LagCovariances
from lamina.typing import Array

# lagged samples that an order search may regress on, whatever the number of channels
_WIDEST = 1024
# what is left of a variance of 1 below this is rounding: four digits above the last
_ROUNDING = 2.0**-40


def largest_order(n_samples: float, channels: int) -> int:
    r"""Return the largest autoregressive order that is worth looking at.

    .. math:: p_{\max} = \min\left(10 \log_{10} T,\; \frac{T}{5 C},\; \frac{1024}{C}\right), \quad
              \text{at least } 1

    The first bound is the usual one; for one channel it is the one that counts from 100 samples on. The
    second leaves five samples for every coefficient, without which AIC likes any order; the third keeps
    memory and time within bounds for many channels.

    Parameters
    ----------
    n_samples
        Length T of the recording (of all trials together), at least 1.
    channels
        Channels C of the past, at least 1.

    Returns
    -------
    int

    Raises
    ------
    ArgumentError
        An argument is below 1.

    Notes
    -----
    Bauer (2001), "Order estimation for subspace methods", Automatica 37, for the first bound.

    Examples
    --------
    >>> largest_order(5000, channels=1), largest_order(5000, channels=100)
    (36, 10)
    """
    samples = check_real("n_samples", n_samples, minimum=1)
    channels = check_integer("channels", channels, minimum=1)
    # the few ulps keep 10 log10(1000) = 30 from becoming 29
    bounds = (10 * math.log10(samples) * (1 + 1e-12), samples / (5 * channels), _WIDEST / channels)
    return max(1, int(min(bounds)))


def score_orders(
    covariances: LagCovariances,
    channels: int,
    criterion: Literal["aic", "bic"] = "aic",
    *,
    n_samples: float | None = None,
) -> np.ndarray:
    r"""Score every autoregressive order up to the memory of the moments; the least score wins.

    .. math:: \mathrm{AIC}(p) = \ln \frac{\det \hat\Sigma_p}{\det \hat\Sigma_0} + \frac{2 p C C'}{N}, \qquad
              \hat\Sigma_p = C_{ff} - C_{fp}^{(p)} \big(C_{pp}^{(p)}\big)^{-1} C_{pf}^{(p)}

    where (p) takes the p newest lags, C is the number of channels of the past and C' that of the future; BIC
    has ln N for the 2. One elimination of the covariance gives all orders, and all count on the same N
    windows. Directions of the channels that do not vary, or repeat others, do not count.

    Parameters
    ----------
    covariances
        With horizon 1 (any gap): ``LagMoments(largest order, 1).covariances()``. With several channels the
        order is that of a vector autoregression. Where the future belongs to another recording, the order is
        the number of lags of the one that foretell the other.
    channels
        Channels of the past, at least 1.
    criterion
        "aic" or "bic".
    n_samples
        N in the penalty, above 1; the number of windows by default. Fewer for windows that are forgotten.

    Returns
    -------
    numpy.ndarray
        Shape ``(largest order + 1,)``, for orders 0, 1, …; the first is 0. A future that is a function of the
        past scores as if 1e-12 of its variance were left.

    Raises
    ------
    ArgumentError
        An argument is outside its range.
    ShapeError
        The past is not made of whole lags of ``channels`` channels.
    DataError
        Nothing varies.

    Notes
    -----
    Akaike (1974); for vectors Lütkepohl (2005), "New Introduction to Multiple Time Series Analysis", 4.3.

    Examples
    --------
    >>> from lamina.stats import LagMoments
    >>> noise = np.random.default_rng(0).standard_normal(2000)
    >>> moments = LagMoments(memory=20, horizon=1).update(noise[2:] - 0.8 * noise[1:-1] + 0.7 * noise[:-2])
    >>> scores = score_orders(moments.covariances(), channels=1)
    >>> scores.shape, bool(scores.argmin() > 2)  # a moving average has no finite order
    ((21,), True)
    """
    check_choice("criterion", criterion, ("aic", "bic"))
    channels = check_integer("channels", channels, minimum=1)
    size = covariances.past.shape[0]
    if size % channels:
        raise ShapeError(
            "covariances",
            allowed=f"of a past of whole lags of {channels} channel(s)",
            got=f"{size} entries",
            remedy="Pass the number of channels that the past has.",
        )
    samples = check_real("n_samples", covariances.n_windows if n_samples is None else n_samples, above=1)
    past, cross, future = (
        as_numpy(each) for each in (covariances.past, covariances.cross, covariances.future)
    )
    lags = size // channels
    # the same coordinates at every lag keep the lags nested; a channel that moves at any lag moves
    at_lag = [past[i : i + channels, i : i + channels] for i in range(0, size, channels)]
    whitening, kept = inverse_sqrt(np.mean(at_lag, axis=0))
    whiten_future, kept_future = inverse_sqrt(future)
    if kept == 0 or kept_future == 0:
        raise DataError(
            "covariances",
            allowed="of data that vary",
            got=f"effective ranks {kept} (past) and {kept_future} (future)",
            remedy="A constant signal has no order.",
        )
    spread = np.kron(np.eye(lags), whitening)
    left = log_determinants(spread @ past @ spread.T, whiten_future @ cross @ spread.T, every=kept)
    price = 2.0 if criterion == "aic" else math.log(samples)
    return left + price * np.arange(lags + 1) * kept * kept_future / samples


def effective_samples(n_samples: int, half_life: float | None) -> float:
    r"""Return how many samples of equal weight tell as much as these, which are forgotten.

    .. math:: \frac{(\sum_t w_t)^2}{\sum_t w_t^2}, \qquad w_t = 2^{-t / \text{half-life}}

    Parameters
    ----------
    n_samples
        All samples, at least 1.
    half_life
        Samples after which a sample counts half, above 0, or None.

    Returns
    -------
    float
        At most about 2.9 half-lives.

    Examples
    --------
    >>> effective_samples(1000, None), round(effective_samples(10**6, 100.0))
    (1000.0, 289)
    """
    if half_life is None:
        return float(n_samples)
    rate = math.log(2) / half_life
    # (1 - w^n)^2 / (1 - w)^2 times (1 - w^2) / (1 - w^2n), without the cancellation of long half-lives
    seen = -math.expm1(-rate * n_samples) / (1 + math.exp(-rate * n_samples))
    return seen * (1 + math.exp(-rate)) / -math.expm1(-rate)


def log_determinants(
    predictors: np.ndarray, cross: np.ndarray, every: int = 1, rcond: float | None = None
) -> np.ndarray:
    r"""Log-determinants of what more and more predictors leave of a target of unit covariance.

    .. math:: \ln\det\left(I - B_j A_j^{-1} B_j^\top\right), \qquad j = 0, k, 2k, \ldots

    with the covariance A of the first j predictors and their covariance B with the target. A predictor that
    the ones before it determine (to ``rcond`` of its variance) is passed over.

    Parameters
    ----------
    predictors
        Covariance of the predictors, shape ``(n, n)``.
    cross
        Target by predictors, shape ``(targets, n)``; the target's covariance is the identity.
    every
        k, predictors that are added between two results, at least 1.
    rcond
        Relative cut-off, 0 to 1; default the rounding error of the size, but at least 1e-12.

    Returns
    -------
    numpy.ndarray
        Shape ``(n // every + 1,)``, from 0 downwards.
    """
    size, targets = predictors.shape[0], cross.shape[0]
    cutoff = max(check_cutoff(rcond, size), _ROUNDING)
    variances = np.diagonal(predictors)
    scales = np.where(variances > 0, np.sqrt(np.maximum(variances, 0)), np.inf)
    rest, toward, left = predictors / scales[:, None] / scales, cross / scales, np.eye(targets)
    found = [0.0]
    for j in range(size):
        pivot = rest[j, j]
        if pivot > cutoff:
            row, column = rest[j, j:] / math.sqrt(pivot), toward[:, j] / math.sqrt(pivot)
            rest[j:, j:] -= row[:, None] * row
            toward[:, j:] -= column[:, None] * row
            left -= column[:, None] * column
        if (j + 1) % every == 0:
            remaining = np.maximum(np.linalg.eigvalsh(left), _ROUNDING)
            found.append(float(np.log(remaining).sum()))
    return np.array(found)


def as_numpy(array: Array) -> np.ndarray:
    """Return an array of any library as float64 NumPy."""
    if array_api_compat.is_torch_array(array):
        array = array.detach().cpu()
    return np.asarray(array, dtype=np.float64)
