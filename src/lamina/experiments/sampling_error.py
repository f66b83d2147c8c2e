r"""How far a fit to T samples of a Gaussian process lies from its population: theory, to set beside fits.

Everything that a fit sees are the sample autocovariances of the recording. They scatter around the true ones
by Bartlett's formula,

.. math:: N \operatorname{Cov}(\hat R_k, \hat R_l) \to B_{kl} = D_{k-l} + D_{k+l}, \qquad
          D_j = \sum_{s=-\infty}^{\infty} R_s R_{s+j},

and whatever is a smooth function of them scatters as :math:`N^{-1/2}` times a number that follows from B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.linalg import hankel
from scipy.signal import convolve2d

from lamina._checks import check_integer
from lamina.errors import ShapeError
from lamina.simulate import PopulationCovariances, population_covariances
from lamina.stats import CanonicalDirections, truncated_cca

_STEP = 1e-3
"""Step of the second derivatives, as a share of the smallest eigenvalue of the covariance of the past."""


@dataclass(frozen=True, eq=False)
class SamplingError:
    """What a fit to N windows is expected to miss, for N = 1: everything falls as 1 / sqrt(N).

    Parameters
    ----------
    correlation_covariance
        (rank, rank): covariance of the fitted correlations.
    filter_covariance
        (rank, memory, rank, memory): covariance of the coefficients of what each fitted filter misses, in
        terms of all filters of the population.
    moment_error
        Root mean square of the Frobenius norm of the error of the whitened cross-covariance.
    moment_spread
        Variance of the square of this norm, as a share of its squared mean.
    spurious
        (draws, memory - rank): correlations of what the past does not tell about the future, descending, in
        draws from the limit of many samples; no draws if none were asked for.
    """

    correlation_covariance: np.ndarray
    filter_covariance: np.ndarray
    moment_error: float
    moment_spread: float
    spurious: np.ndarray

    @property
    def correlation_sd(self) -> np.ndarray:
        """Standard deviation of each fitted correlation, (rank,)."""
        return np.sqrt(np.diag(self.correlation_covariance))

    @property
    def filter_error(self) -> np.ndarray:
        """Root mean square of the distance between fitted and true filter, (rank,).

        The distance is the standard deviation of the difference of their outputs, where a unit's own is 1.
        """
        return np.sqrt(np.einsum("ijij->i", self.filter_covariance))

    def correlation_spread(self, units: Sequence[int]) -> float:
        """Return the variance of the mean square error of these units, as a share of its squared mean.

        Each counts as a share of its own standard deviation.
        """
        chosen = list(units)
        sd = self.correlation_sd[chosen]
        return _spread(self.correlation_covariance[np.ix_(chosen, chosen)] / np.outer(sd, sd))

    def filter_spread(self, units: Sequence[int]) -> float:
        """Return the same of the distances of the filters."""
        chosen, memory = list(units), self.filter_covariance.shape[1]
        error = np.repeat(self.filter_error[chosen], memory)
        covariance = self.filter_covariance[chosen][:, :, chosen].reshape(len(error), len(error))
        return _spread(covariance / np.outer(error, error))


def sampling_error(
    autocovariance: Any,
    memory: int,
    rank: int,
    *,
    n_draws: int = 0,
    rng: np.random.Generator | None = None,
) -> SamplingError:
    r"""Return what theory says about fits to samples of a Gaussian process, of equal memory and horizon.

    To first order in the errors :math:`\delta` of the covariances, with filters :math:`\psi_i, \varphi_i` of
    the population, and :math:`A = \Phi\,\delta C_{fp} \Psi^\top`, :math:`P = \Psi\,\delta C_{pp} \Psi^\top`,
    :math:`F = \Phi\,\delta C_{ff} \Phi^\top`,

    .. math:: \delta\sigma_i = A_{ii} - \tfrac12 \sigma_i (P_{ii} + F_{ii}), \qquad
              \delta\psi_i = -\tfrac12 P_{ii} \psi_i + \sum_{j \ne i}
              \frac{\sigma_i A_{ij} + \sigma_j A_{ji} - \sigma_i \sigma_j F_{ij} - \sigma_i^2 P_{ij}}
              {\sigma_i^2 - \sigma_j^2}\, \psi_j.

    All of these are linear in the sample autocovariances, whose covariance is Bartlett's B.

    Parameters
    ----------
    autocovariance
        (lags,) from lag 0 on, noise in lag 0; so many lags that those left out would change no sum.
    memory
        Samples of the past, and of the future, which begins one sample later.
    rank
        How many directions are looked at; their correlations differ from each other and from 0.
    n_draws
        Draws of the spurious correlations of the directions behind ``rank``, which should be 0 in the
        population.
    rng
        Generator of the draws; one of seed 0 if not given.

    Returns
    -------
    SamplingError
        For one window; it scales with the number of windows.

    Raises
    ------
    ShapeError
        If there are fewer lags than past and future have samples.
    """
    R = _check(autocovariance, memory, rank)
    covariances = population_covariances(R, memory, memory)
    directions = truncated_cca(*covariances)
    bartlett = bartlett_covariance(R, 2 * memory)
    slopes = correlation_slopes(directions, rank)
    coefficients = np.array([filter_slopes(directions, unit) for unit in range(rank)])
    # the squared norm is a quadratic form of the errors, which are normal: mean and variance are traces
    form = _moment_form(covariances) @ bartlett[1:, 1:]
    return SamplingError(
        correlation_covariance=slopes @ bartlett @ slopes.T,
        filter_covariance=np.einsum("ijk,kl,abl->ijab", coefficients, bartlett, coefficients, optimize=True),
        moment_error=float(np.sqrt(np.trace(form))),
        moment_spread=float(2 * np.trace(form @ form) / np.trace(form) ** 2),
        spurious=_spurious(directions, rank, bartlett, n_draws, rng or np.random.default_rng(0)),
    )


def correlation_bias(autocovariance: Any, memory: int, rank: int) -> np.ndarray:
    r"""Return by how much fits to N windows are expected to be too large, for N = 1: it falls as 1 / N.

    .. math:: N \operatorname{E}[\hat\sigma_i - \sigma_i] \to \tfrac12 \operatorname{tr}(H_i B)
              - \sum_{s=-\infty}^{\infty} R_s \sum_k \frac{\partial \sigma_i}{\partial R_k},
              \qquad [H_i]_{kl} = \frac{\partial^2 \sigma_i}{\partial R_k\, \partial R_l}

    The first term is noise that looks like correlation; the second is what the subtraction of the sample mean
    takes from every autocovariance.

    Parameters
    ----------
    autocovariance, memory, rank
        As for `sampling_error`.

    Returns
    -------
    numpy.ndarray
        (rank,).

    Raises
    ------
    ShapeError
        As for `sampling_error`.
    """
    R = _check(autocovariance, memory, rank)
    past = population_covariances(R, memory, memory).past
    step = _STEP * np.linalg.eigvalsh(past)[0] / np.sqrt(2 * memory)

    def slopes(move: np.ndarray) -> np.ndarray:
        moved = population_covariances(R[: 2 * memory] + move, memory, memory)
        return correlation_slopes(truncated_cca(*moved), rank)

    variances, axes = np.linalg.eigh(bartlett_covariance(R, 2 * memory))
    curvature = np.zeros(rank)
    for variance, axis in zip(variances, axes.T, strict=True):
        curvature += variance * ((slopes(step * axis) - slopes(-step * axis)) @ axis) / (2 * step)
    return curvature / 2 - (2 * np.sum(R) - R[0]) * slopes(0 * R[: 2 * memory]).sum(axis=1)


def bartlett_covariance(autocovariance: np.ndarray, n_lags: int) -> np.ndarray:
    """Return N times the covariance of the first sample autocovariances of a Gaussian process.

    Parameters
    ----------
    autocovariance
        (lags,) from lag 0 on, until it has died out.
    n_lags
        How many sample autocovariances.

    Returns
    -------
    numpy.ndarray
        (n_lags, n_lags), in the limit of long recordings.
    """
    both_sides = np.concatenate([autocovariance[:0:-1], autocovariance])
    size = next_fast_len(len(both_sides) + 2 * n_lags)
    products = np.asarray(irfft(np.abs(np.asarray(rfft(both_sides, size))) ** 2, size))
    lags = np.arange(n_lags)
    return products[np.abs(lags[:, None] - lags)] + products[lags[:, None] + lags]


def correlation_slopes(directions: CanonicalDirections, rank: int) -> np.ndarray:
    """Return the derivatives of the first canonical correlations by the autocovariances, (rank, lags)."""
    psi, phi, sigma = _parts(directions)
    return np.array(
        [
            _cross(phi[i], psi[i]) - sigma[i] / 2 * (_within(psi[i], psi[i]) + _within(phi[i], phi[i]))
            for i in range(rank)
        ]
    )


def _check(autocovariance: Any, memory: int, rank: int) -> np.ndarray:
    check_integer("rank", rank, minimum=1, maximum=check_integer("memory", memory, minimum=1))
    R = np.asarray(autocovariance, dtype=np.float64)
    if R.ndim != 1 or len(R) < 2 * memory:
        raise ShapeError(
            "autocovariance",
            allowed=f"(lags,) with at least 2 * memory = {2 * memory} lags",
            got=f"shape {R.shape}",
            remedy="Evaluate it at more lags.",
        )
    return R


def filter_slopes(directions: CanonicalDirections, unit: int) -> np.ndarray:
    """Return the derivatives of one past filter by the autocovariances, in terms of all, (memory, lags)."""
    psi, phi, sigma = _parts(directions)
    i, slopes = unit, []
    for j in range(len(sigma)):
        if j == i:
            slope = -_within(psi[i], psi[i]) / 2
        else:
            slope = sigma[i] * _cross(phi[i], psi[j]) + sigma[j] * _cross(phi[j], psi[i])
            slope -= sigma[i] * sigma[j] * _within(phi[i], phi[j]) + sigma[i] ** 2 * _within(psi[i], psi[j])
            slope /= sigma[i] ** 2 - sigma[j] ** 2
        slopes.append(slope)
    return np.array(slopes)


def _moment_form(covariances: PopulationCovariances) -> np.ndarray:
    return convolve2d(np.linalg.inv(covariances.future), np.linalg.inv(covariances.past))


def _spread(covariance: np.ndarray) -> float:
    return float(2 * np.sum(covariance**2) / np.trace(covariance) ** 2)


def _spurious(
    directions: CanonicalDirections, rank: int, bartlett: np.ndarray, n_draws: int, rng: np.random.Generator
) -> np.ndarray:
    psi, phi, sigma = _parts(directions)
    memory = len(sigma)
    variances, axes = np.linalg.eigh(bartlett[1:, 1:])
    root = axes * np.sqrt(np.maximum(variances, 0.0))
    found = np.empty((n_draws, memory - rank))
    for draw in range(n_draws):
        errors = root @ rng.standard_normal(2 * memory - 1)
        cross = hankel(errors[:memory], errors[memory - 1 :])
        found[draw] = np.linalg.svd(phi[rank:] @ cross @ psi[rank:].T, compute_uv=False)
    return found


def _parts(directions: CanonicalDirections) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.asarray(directions.past_filters),
        np.asarray(directions.future_filters),
        np.asarray(directions.canonical_correlations),
    )


def _cross(future: np.ndarray, past: np.ndarray) -> np.ndarray:
    """Coefficients of the autocovariances from lag 0 on in f' C_fp p."""
    return np.concatenate([[0.0], np.convolve(future, past)])


def _within(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Coefficients of the autocovariances from lag 0 on in a' C b, for as many lags as `_cross` has."""
    memory = len(one)
    both_sides = np.correlate(one, other, mode="full")
    folded = np.zeros(2 * memory)
    folded[:memory] = both_sides[memory - 1 :]
    folded[1:memory] += both_sides[: memory - 1][::-1]
    return folded
