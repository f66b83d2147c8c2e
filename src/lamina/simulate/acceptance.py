"""The Gaussian acceptance function of a photoreceptor, applied to ideal patterns in closed form."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

SIGMA_PER_FWHM = 1 / (2 * math.sqrt(2 * math.log(2)))
"""Standard deviation of a Gaussian whose full width at half maximum is 1."""

_SATURATED = 9.0  # beyond so many standard deviations a Gaussian integral is 0 or 1 in float64
_FOURIER_ABOVE = 0.25  # in periods: from this width on, four harmonics reach float64 accuracy


def blurred_step(distance: np.ndarray, sigma: float) -> np.ndarray:
    r"""Return a unit step, blurred by a Gaussian.

    .. math:: s(d) = \tfrac12 \left(1 + \operatorname{erf}\frac{d}{\sqrt2\,\sigma}\right)

    Parameters
    ----------
    distance
        Signed distance to the step, any unit; the step is 1 where it is positive.
    sigma
        Standard deviation of the Gaussian, in the same unit, at least 0. Without blur the step itself is at
        ½.

    Returns
    -------
    Array of the same shape, from 0 to 1.

    Examples
    --------
    >>> blurred_step(np.array([-2.0, 0.0, 2.0]), sigma=1.0).round(3)
    array([0.023, 0.5  , 0.977])
    """
    distance = np.asarray(distance, dtype=np.float64)
    return np.heaviside(distance, 0.5) if sigma == 0 else ndtr(distance / sigma)


def sine_attenuation(wavelength: float, sigma: float) -> float:
    r"""Return the factor by which a Gaussian blur lowers the amplitude of a sine wave.

    .. math:: a = \exp(-2 \pi^2 \sigma^2 / \lambda^2)

    Parameters
    ----------
    wavelength
        Period of the wave, above 0.
    sigma
        Standard deviation of the Gaussian, in the same unit, at least 0.

    Returns
    -------
    Factor from 0 to 1.

    Examples
    --------
    >>> round(sine_attenuation(wavelength=20.0, sigma=2.42), 3)
    0.749
    """
    return math.exp(-2 * (math.pi * sigma / wavelength) ** 2)


def blurred_square_wave(cycles: np.ndarray, sigma_cycles: float) -> np.ndarray:
    r"""Return a square wave of amplitude 1 that has been blurred by a Gaussian.

    .. math:: q(u) = \sum_{k} (-1)^k \operatorname{erf}\frac{u - k/2}{\sqrt2\,\sigma}
              = \frac4\pi \sum_{k\ \mathrm{odd}} \frac{e^{-2\pi^2 k^2 \sigma^2}}{k} \sin 2\pi k u

    It rises at whole cycles and falls half-way between. The first form converges fast for narrow Gaussians,
    the second for wide ones; each is used where it is exact to rounding.

    Parameters
    ----------
    cycles
        Phase :math:`u`, in periods.
    sigma_cycles
        Standard deviation :math:`\sigma` of the Gaussian, in periods, at least 0.

    Returns
    -------
    numpy.ndarray
        Array of the same shape, from -1 to 1.

    Examples
    --------
    >>> blurred_square_wave(np.array([0.0, 0.25, 0.75]), sigma_cycles=0.05).round(3)
    array([ 0.,  1., -1.])
    """
    phase = np.asarray(cycles, dtype=np.float64)
    phase = phase - np.round(phase)
    if sigma_cycles >= _FOURIER_ABOVE:
        wave = np.zeros_like(phase)
        for harmonic in (1, 3, 5, 7):
            amplitude = 4 / (math.pi * harmonic) * sine_attenuation(1 / harmonic, sigma_cycles)
            wave += amplitude * np.sin(2 * np.pi * harmonic * phase)
        return wave
    nearby = 1 + math.ceil(2 * _SATURATED * sigma_cycles)
    wave = np.zeros_like(phase)
    for edge in range(-nearby, nearby + 1):
        wave += (-1) ** edge * (2 * blurred_step(phase - edge / 2, sigma_cycles) - 1)
    return wave
