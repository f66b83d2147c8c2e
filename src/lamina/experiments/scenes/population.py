"""The second route to the filters: from the spectrum of scans, measured or in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lamina.experiments.scenes.config import ScenesConfig
from lamina.simulate import population_covariances
from lamina.simulate.acceptance import SIGMA_PER_FWHM
from lamina.simulate.dead_leaves import dead_leaves_correlation
from lamina.stats import truncated_cca

GRID_DEG = 0.5
"""Sampling of the plane on which the dead-leaves model is blurred; a tenth of the acceptance function."""

LEAST_EXTENT_DEG = 512.0
"""Least width of that plane."""


class Population(NamedTuple):
    """What infinitely many scans of one autocovariance would give.

    Parameters
    ----------
    filters
        (2, memory), newest lag first, each of unit length.
    correlations
        (2,) canonical correlations.
    """

    filters: np.ndarray
    correlations: np.ndarray


def power_spectrum(recordings: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the mean power spectrum of recordings, each tapered to nothing at its ends.

    .. math:: S(f) = \Big\langle \Big|\sum_t h_t x_t e^{-2\pi i f t}\Big|^2 \Big/ \sum_t h_t^2 \Big\rangle

    Without the taper the steps at the ends would pass for fast changes of the scene.

    Parameters
    ----------
    recordings
        (time,) each, of mean 0.

    Returns
    -------
    tuple[numpy.ndarray, numpy.ndarray]
        Frequencies from 0 to ½ in cycles per sample, and the power at each. White noise of standard deviation
        σ would add σ² everywhere; the mean over frequencies is scaled to 1, the variance of a row.
    """
    length = 1 << (2 * max(len(each) for each in recordings) - 1).bit_length()
    power = np.zeros(length // 2 + 1)
    for each in recordings:
        taper = np.hanning(len(each) + 2)[1:-1]
        power += np.abs(np.fft.rfft(taper * each, length)) ** 2 / np.sum(taper**2)
    return np.fft.rfftfreq(length), power / np.fft.irfft(power)[0]


def cut_off_hz(frequencies: np.ndarray, power: np.ndarray, noise: float, dt_s: float) -> float:
    r"""Return the highest frequency at which a signal is as strong as white noise, :math:`S(f_c) = \sigma^2`.

    Parameters
    ----------
    frequencies, power
        As from `power_spectrum`.
    noise
        Standard deviation :math:`\sigma` of the noise.
    dt_s
        Time between samples.

    Returns
    -------
    float
        In hertz, between samples of the spectrum by interpolation in the logarithm of the power; half the
        sampling rate if the signal is stronger at every frequency, 0 if at none.
    """
    above = np.nonzero(power > noise**2)[0]
    if not len(above):
        return 0.0
    last = int(above[-1])
    if last == len(power) - 1:
        return float(frequencies[last] / dt_s)
    high, low = np.log(power[last]), np.log(power[last + 1])
    share = (high - 2 * math.log(noise)) / (high - low)
    return float((frequencies[last] + share * (frequencies[last + 1] - frequencies[last])) / dt_s)


def autocovariance_at(frequencies: np.ndarray, power: np.ndarray, lags: np.ndarray) -> np.ndarray:
    r"""Return the autocovariance that belongs to a power spectrum, :math:`\int S \cos(2\pi f\tau)\,df`.

    Parameters
    ----------
    frequencies, power
        As from `power_spectrum`.
    lags
        In samples, not necessarily whole ones: a scan of twice the speed has the autocovariance at every
        second lag.

    Returns
    -------
    numpy.ndarray
        Of the shape of ``lags``, 1 at lag 0.
    """
    weight = np.where((frequencies == 0) | (frequencies == frequencies[-1]), 1.0, 2.0) * power
    return np.cos(2 * np.pi * np.multiply.outer(lags, frequencies)) @ weight / weight.sum()


def population(autocovariance: np.ndarray, noise: float, config: ScenesConfig) -> Population:
    """Return the filters that infinitely much data of one autocovariance would give, with noise added.

    Parameters
    ----------
    autocovariance
        (memory + horizon,) lags of the scan without noise.
    noise
        Standard deviation of the photoreceptor noise.
    config
        Memory and horizon.

    Returns
    -------
    Population
        Two filters and their correlations.
    """
    noisy = np.array(autocovariance, dtype=np.float64)
    noisy[0] += noise**2
    found = truncated_cca(*population_covariances(noisy, config.memory, config.horizon), 2)
    filters = np.asarray(found.past_filters)
    filters = filters / np.linalg.norm(filters, axis=1, keepdims=True)
    return Population(filters, np.asarray(found.canonical_correlations))


def leaves_autocovariance(config: ScenesConfig, width_deg: float, n_lags: int) -> np.ndarray:
    r"""Return the autocovariance of scans of the dead-leaves model, from its closed form alone.

    .. math:: R(\tau) \propto \int |\hat G_a(k)|^2 |1 - \hat G_s(k)|^2 \, \hat\rho(k)\,
              \cos(2\pi k_x v \tau)\, \mathrm{d}^2 k

    The correlation of the leaves is blurred by the acceptance function and loses its local mean in the plane;
    a row of it is what the scan sees. Contrast divides by the local mean too, which this leaves out: it is
    exact for leaves of small contrast.

    Parameters
    ----------
    config
        Leaves, widths of the two Gaussians, speed and sampling.
    width_deg
        Width of the scene, over which each row's own mean is taken off.
    n_lags
        How many lags.

    Returns
    -------
    numpy.ndarray
        (n_lags,), 1 at lag 0.
    """
    # the plane is a torus: no leaf may reach round it into the row again
    side = max(LEAST_EXTENT_DEG, 4 * config.largest_leaf_deg, width_deg + 4 * config.largest_leaf_deg)
    points = 1 << math.ceil(math.log2(side / GRID_DEG))
    places = np.fft.fftfreq(points) * points * GRID_DEG
    distances = np.hypot(places[:, None], places)
    table = np.arange(0.0, distances.max() + GRID_DEG, GRID_DEG / 10)
    known = dead_leaves_correlation(
        table, config.smallest_leaf_deg, config.largest_leaf_deg, config.leaf_exponent
    )
    # the transform of a correlation has no negative power; what is negative is error of the grid
    power = np.maximum(np.fft.fft2(np.interp(distances, table, known)).real, 0.0)
    waves = np.fft.fftfreq(points, GRID_DEG)
    squared = waves[:, None] ** 2 + waves**2
    seen = _passes(squared, config.acceptance_deg) * (1 - _passes(squared, config.surround_deg))
    along = (power * seen**2).sum(axis=0)

    def covariance(shift_deg: np.ndarray) -> np.ndarray:
        return np.cos(2 * np.pi * np.outer(shift_deg, waves)) @ along

    # the variance of a wave's mean over the width
    of_the_mean = along @ np.sinc(waves * width_deg) ** 2
    found = covariance(np.arange(n_lags) * config.velocity_deg_per_s * config.dt_s) - of_the_mean
    return found / found[0]


def _passes(squared_frequency: np.ndarray, fwhm_deg: float) -> np.ndarray:
    """Return what a Gaussian blur leaves of each wave of the plane."""
    return np.exp(-2 * (math.pi * fwhm_deg * SIGMA_PER_FWHM) ** 2 * squared_frequency)
