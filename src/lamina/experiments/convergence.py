r"""Fits to recordings of many lengths beside their population: whether they converge as theory says.

An error that is linear in the errors of the covariances falls as :math:`T^{-1/2}`. Three are measured,

.. math:: \lVert W_f (\hat C_{fp} - C_{fp}) W_p^\top \rVert_F, \qquad
          |\hat\sigma_i - \sigma_i|, \qquad
          d_i = \sqrt{(\hat\psi_i - \psi_i)^\top C_{pp} (\hat\psi_i - \psi_i)},

with the whitening maps W of the population. The first is linear at any length. The other two are so once the
recording is long: a correlation that is 0 in the population is *not* among them, since a fit cannot be
negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import polygamma

from lamina.errors import ArgumentError
from lamina.experiments.claims import Claim
from lamina.experiments.sampling_error import SamplingError
from lamina.linalg import inverse_sqrt
from lamina.simulate import population_covariances
from lamina.stats import LagMoments, truncated_cca

SLOPE = -0.5
"""What the slope of log error against log length should be."""

SLOPE_ALLOWANCE = 0.05
"""By how much a measured slope may differ besides sampling error, for what the first order leaves out."""

SLOPE_ERRORS = 2.0
"""By how many of its standard errors it may differ on top of that."""


class Population:
    """What infinitely much data would give, to which fits are compared; memory and horizon are equal.

    Parameters
    ----------
    autocovariance
        (lags,) from lag 0 on, with the noise in lag 0; at least 2 memory lags.
    memory
        Samples of the past, and of the future.
    rank
        Directions of which filters are compared.
    """

    def __init__(self, autocovariance: np.ndarray, memory: int, rank: int) -> None:
        self.memory = memory
        self.rank = rank
        self.covariances = population_covariances(autocovariance, memory, memory)
        self.directions = truncated_cca(*self.covariances)
        self.correlations = np.asarray(self.directions.canonical_correlations)
        self.filters = np.asarray(self.directions.past_filters)[:rank]
        self._whiten_past = np.asarray(inverse_sqrt(self.covariances.past)[0])
        self._whiten_future = np.asarray(inverse_sqrt(self.covariances.future)[0])

    def compare(self, recording: np.ndarray) -> Fit:
        """Fit a recording and measure what it misses."""
        moments = LagMoments(self.memory, self.memory).update(recording).covariances()
        past, future, cross = (np.asarray(each) for each in (moments.past, moments.future, moments.cross))
        fitted = truncated_cca(past, future, cross)
        filters = np.asarray(fitted.past_filters)[: self.rank]
        overlaps = np.einsum("ij,jk,ik->i", filters, self.covariances.past, self.filters)
        # a canonical direction has no sign of its own
        filters = filters * np.where(overlaps < 0, -1.0, 1.0)[:, None]
        missed = filters - self.filters
        whitened = self._whiten_future @ (cross - self.covariances.cross) @ self._whiten_past.T
        return Fit(
            correlations=np.asarray(fitted.canonical_correlations),
            filters=filters,
            filter_errors=np.sqrt(np.einsum("ij,jk,ik->i", missed, self.covariances.past, missed)),
            moment_error=float(np.linalg.norm(whitened)),
        )


@dataclass(frozen=True, eq=False)
class Fit:
    """One fit beside the population.

    Parameters
    ----------
    correlations
        (memory,).
    filters
        (rank, memory), with the signs of the population's.
    filter_errors
        (rank,): distance of each from the population's.
    moment_error
        Frobenius norm of the error of the whitened cross-covariance.
    """

    correlations: np.ndarray
    filters: np.ndarray
    filter_errors: np.ndarray
    moment_error: float


@dataclass(frozen=True, eq=False)
class Sweep:
    """Fits to recordings of several lengths.

    Parameters
    ----------
    lengths
        (lengths,), samples.
    correlations
        (seeds, lengths, memory).
    filters
        (seeds, lengths, rank, memory).
    filter_errors
        (seeds, lengths, rank).
    moment_errors
        (seeds, lengths).
    """

    lengths: np.ndarray
    correlations: np.ndarray
    filters: np.ndarray
    filter_errors: np.ndarray
    moment_errors: np.ndarray


def collect(lengths: Sequence[int], fits: Sequence[Sequence[Fit]]) -> Sweep:
    """Put fits together: ``fits[length][seed]``."""

    def gather(name: str) -> np.ndarray:
        return np.array([[getattr(fit, name) for fit in row] for row in fits]).swapaxes(0, 1)

    return Sweep(
        np.array(lengths),
        gather("correlations"),
        gather("filters"),
        gather("filter_errors"),
        gather("moment_error"),
    )


@dataclass(frozen=True, eq=False)
class Convergence:
    """How an error falls with the length of the recording.

    Parameters
    ----------
    name
        What is missed.
    lengths
        (lengths,), samples.
    errors
        (seeds, lengths), not negative.
    theory
        The root mean square that theory gives, (lengths,).
    spread
        Variance of a squared error over its squared mean, by theory: 2 for one normal number, less for many.
    slope_from
        The shortest recording that the slope is fitted to.
    """

    name: str
    lengths: np.ndarray
    errors: np.ndarray
    theory: np.ndarray
    spread: float
    slope_from: int

    @property
    def rms(self) -> np.ndarray:
        """Root mean square over seeds, (lengths,)."""
        return np.sqrt(np.mean(self.errors**2, axis=0))

    @property
    def relative_error(self) -> float:
        """Standard error of the logarithm of a root mean square over seeds, by theory.

        The mean of n squares is a chi-squared number, scaled, of as many degrees of freedom as its variance
        tells.
        """
        return float(np.sqrt(polygamma(1, len(self.errors) / self.spread)) / 2)

    @property
    def slope(self) -> float:
        """Slope of log rms against log length, least squares."""
        logs = self._logs
        return float(logs @ np.log(self.rms[self._fitted]) / (logs @ logs))

    @property
    def slope_error(self) -> float:
        """Standard error of the slope."""
        return self.relative_error / float(np.linalg.norm(self._logs))

    @property
    def ratio(self) -> float:
        """Measured over theory's root mean square at the longest recordings."""
        return float(self.rms[-1] / self.theory[-1])

    @property
    def _fitted(self) -> np.ndarray:
        return self.lengths >= self.slope_from

    @property
    def _logs(self) -> np.ndarray:
        logs = np.log(self.lengths[self._fitted])
        return logs - logs.mean()


def convergences(
    sweep: Sweep,
    population: Population,
    theory: SamplingError,
    *,
    rank: int,
    slope_from: int,
    bias: np.ndarray | float = 0.0,
) -> list[Convergence]:
    """Return the errors of moments, correlations and filters of the first directions.

    Parameters
    ----------
    sweep, population, theory
        Fits, and what they are compared to.
    rank
        How many directions.
    slope_from
        The shortest recording that slopes of correlations and filters are fitted to; that of the moments is
        fitted to all.
    bias
        (rank,) or 0: theory's bias of the correlations, which is taken off, for one window.

    Returns
    -------
    list[Convergence]
        Moments; each correlation; each filter. And correlations and filters as one: the root mean square of
        the errors of all directions, each as a share of what theory expects for one window.
    """
    windows = sweep.lengths - 2 * population.memory + 1
    fall = windows**-0.5
    expected = population.correlations[:rank] + np.multiply.outer(1 / windows, np.broadcast_to(bias, rank))
    missed = np.abs(sweep.correlations[:, :, :rank] - expected)
    shares = {
        "correlations": missed / theory.correlation_sd[:rank],
        "filters": sweep.filter_errors[:, :, :rank] / theory.filter_error[:rank],
    }
    start, every = int(sweep.lengths[0]), range(rank)

    def made(
        name: str, errors: np.ndarray, size: float, spread: float, since: int = slope_from
    ) -> Convergence:
        return Convergence(name, sweep.lengths, errors, size * fall, spread, since)

    found = [made("moments", sweep.moment_errors, theory.moment_error, theory.moment_spread, start)]
    for i in every:
        sd, distance = float(theory.correlation_sd[i]), float(theory.filter_error[i])
        found += [
            made(f"correlation {i + 1}", missed[:, :, i], sd, theory.correlation_spread([i])),
            made(f"filter {i + 1}", sweep.filter_errors[:, :, i], distance, theory.filter_spread([i])),
        ]
    spreads = {"correlations": theory.correlation_spread(every), "filters": theory.filter_spread(every)}
    return found + [
        made(name, np.sqrt(np.mean(share**2, axis=2)), 1.0, spreads[name]) for name, share in shares.items()
    ]


def named(found: Sequence[Convergence], name: str) -> Convergence:
    """Return the one of this name."""
    for each in found:
        if each.name == name:
            return each
    raise ArgumentError(
        "name",
        allowed=" or ".join(each.name for each in found),
        got=repr(name),
        remedy="Ask for a direction below the rank.",
    )


def slope_claim(source: str, statement: str, found: Convergence, *, why: str = "") -> Claim:
    """Return the claim that an error falls as one over the root of the length."""
    tolerance = SLOPE_ALLOWANCE + SLOPE_ERRORS * found.slope_error
    return Claim(
        source,
        statement,
        f"{SLOPE:g}",
        f"{found.slope:.3f} ± {found.slope_error:.3f}",
        f"± {tolerance:.3f} ({SLOPE_ALLOWANCE:g} and {SLOPE_ERRORS:g} standard errors)",
        bool(abs(found.slope - SLOPE) <= tolerance),
        why,
    )


def convergence_metrics(found: Sequence[Convergence]) -> dict[str, Any]:
    """Collect the numbers of each, ready for JSON."""
    return {
        each.name: {
            "rms": each.rms.tolist(),
            "theory": each.theory.tolist(),
            "slope": each.slope,
            "slope_standard_error": each.slope_error,
            "slope_from": each.slope_from,
            "measured_over_theory_at_the_longest": each.ratio,
        }
        for each in found
    }


def length_text(length: int) -> str:
    """Return a number of samples as a reader likes it: a power of ten, or with its thousands apart."""
    digits = str(length)
    if digits == "1" + "0" * (len(digits) - 1):
        return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(len(digits) - 1))
    return f"{length:,}".replace(",", " ")
