"""Stationary covariance kernels: the covariance of a Gaussian process with itself some lag earlier.

Each takes lags in any unit (samples, usually) with its length scale in the same unit, and is 1 at lag 0. Fix
the parameters with `functools.partial` where a kernel is asked for.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina._checks import check_real


def rational_quadratic_kernel(lag: Any, alpha: float = 1.0, length_scale: float = 50.0) -> np.ndarray:
    r"""Rational quadratic kernel: many time scales at once, a tail that falls as a power of the lag.

    .. math:: k(\tau) = \left(1 + \frac{\tau^2}{2 \alpha \ell^2}\right)^{-\alpha}

    Parameters
    ----------
    lag
        Lags, a number or an array of any shape.
    alpha
        Power of the tail, above 0; the squared exponential kernel is its limit at infinity.
    length_scale
        :math:`\ell`, in the unit of ``lag``, above 0.

    Returns
    -------
    numpy.ndarray
        float64 array of the shape of ``lag``.

    Raises
    ------
    ArgumentError
        If a parameter is not a finite number above 0.

    Notes
    -----
    Qin et al. (2025), Figs. 2C and 3; Rasmussen and Williams (2006), "Gaussian Processes for Machine
    Learning", Eq. 4.19.

    Examples
    --------
    >>> rational_quadratic_kernel([0, 50, 100])
    array([1.        , 0.66666667, 0.33333333])
    """
    power = check_real("alpha", alpha, above=0.0)
    scaled = _scaled(lag, length_scale)
    return np.exp(-power * np.log1p(scaled**2 / (2 * power)))


def exponential_kernel(lag: Any, length_scale: float = 50.0) -> np.ndarray:
    r"""Exponential kernel: an Ornstein-Uhlenbeck process, whose present holds all that its past tells.

    .. math:: k(\tau) = e^{-|\tau| / \ell}

    Parameters
    ----------
    lag
        Lags, a number or an array of any shape.
    length_scale
        :math:`\ell`, in the unit of ``lag``, above 0.

    Returns
    -------
    numpy.ndarray
        float64 array of the shape of ``lag``.

    Raises
    ------
    ArgumentError
        If ``length_scale`` is not a finite number above 0.

    Notes
    -----
    Rasmussen and Williams (2006), Eq. 4.18. Without noise it has one canonical correlation,
    :math:`e^{-1/\ell}`.

    Examples
    --------
    >>> exponential_kernel([0, 50]).round(4)
    array([1.    , 0.3679])
    """
    return np.exp(-np.abs(_scaled(lag, length_scale)))


def squared_exponential_kernel(lag: Any, length_scale: float = 50.0) -> np.ndarray:
    r"""Squared exponential kernel: infinitely smooth, so nearly predictable.

    .. math:: k(\tau) = e^{-\tau^2 / 2 \ell^2}

    Parameters
    ----------
    lag
        Lags, a number or an array of any shape.
    length_scale
        :math:`\ell`, in the unit of ``lag``, above 0.

    Returns
    -------
    numpy.ndarray
        float64 array of the shape of ``lag``.

    Raises
    ------
    ArgumentError
        If ``length_scale`` is not a finite number above 0.

    Notes
    -----
    Rasmussen and Williams (2006), Eq. 4.9.

    Examples
    --------
    >>> squared_exponential_kernel([0, 50]).round(4)
    array([1.    , 0.6065])
    """
    return np.exp(-0.5 * _scaled(lag, length_scale) ** 2)


def matern32_kernel(lag: Any, length_scale: float = 50.0) -> np.ndarray:
    r"""Matérn kernel of smoothness 3/2: once differentiable.

    .. math:: k(\tau) = (1 + r)\, e^{-r}, \qquad r = \sqrt3\, |\tau| / \ell

    Parameters
    ----------
    lag
        Lags, a number or an array of any shape.
    length_scale
        :math:`\ell`, in the unit of ``lag``, above 0.

    Returns
    -------
    numpy.ndarray
        float64 array of the shape of ``lag``.

    Raises
    ------
    ArgumentError
        If ``length_scale`` is not a finite number above 0.

    Notes
    -----
    Rasmussen and Williams (2006), Eq. 4.17.

    Examples
    --------
    >>> matern32_kernel([0, 50]).round(4)
    array([1.    , 0.4834])
    """
    r = math.sqrt(3) * np.abs(_scaled(lag, length_scale))
    return (1 + r) * np.exp(-r)


def matern52_kernel(lag: Any, length_scale: float = 50.0) -> np.ndarray:
    r"""Matérn kernel of smoothness 5/2: twice differentiable.

    .. math:: k(\tau) = (1 + r + r^2 / 3)\, e^{-r}, \qquad r = \sqrt5\, |\tau| / \ell

    Parameters
    ----------
    lag
        Lags, a number or an array of any shape.
    length_scale
        :math:`\ell`, in the unit of ``lag``, above 0.

    Returns
    -------
    numpy.ndarray
        float64 array of the shape of ``lag``.

    Raises
    ------
    ArgumentError
        If ``length_scale`` is not a finite number above 0.

    Notes
    -----
    Rasmussen and Williams (2006), Eq. 4.17.

    Examples
    --------
    >>> matern52_kernel([0, 50]).round(4)
    array([1.   , 0.524])
    """
    r = math.sqrt(5) * np.abs(_scaled(lag, length_scale))
    return (1 + r + r**2 / 3) * np.exp(-r)


def oscillating_kernel(lag: Any, length_scale: float = 50.0, period: float = 50.0) -> np.ndarray:
    r"""Damped oscillation: a noisy resonance, whose future needs both its value and its phase.

    .. math:: k(\tau) = e^{-|\tau| / \ell} \cos(2 \pi \tau / P)

    Parameters
    ----------
    lag
        Lags, a number or an array of any shape.
    length_scale
        :math:`\ell`, the time in which the oscillation is forgotten, in the unit of ``lag``, above 0.
    period
        :math:`P`, in the unit of ``lag``, above 0.

    Returns
    -------
    numpy.ndarray
        float64 array of the shape of ``lag``.

    Raises
    ------
    ArgumentError
        If a parameter is not a finite number above 0.

    Notes
    -----
    The product of two valid kernels, exponential and cosine (Rasmussen and Williams 2006, section 4.2.4).

    Examples
    --------
    >>> oscillating_kernel([0, 25, 50]).round(4)
    array([ 1.    , -0.6065,  0.3679])
    """
    cycles = _scaled(lag, check_real("period", period, above=0.0))
    return exponential_kernel(lag, length_scale) * np.cos(2 * np.pi * cycles)


def _scaled(lag: Any, length_scale: float) -> np.ndarray:
    return np.asarray(lag, dtype=np.float64) / check_real("length_scale", length_scale, above=0.0)
