"""The experiment on kernels: how fast canonical correlations decay, and where closed forms exist."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from lamina.errors import ClippedInformationWarning
from lamina.experiments.kernels.config import KernelsConfig
from lamina.experiments.kernels.library import Kernel, kernels
from lamina.experiments.kernels.states import damped_oscillation, state_correlations
from lamina.linalg import inverse_sqrt
from lamina.simulate import (
    exponential_kernel,
    generate_gp_data,
    oscillating_kernel,
    population_canonical_correlations,
    population_covariances,
)
from lamina.stats import LagMoments, predictive_information, truncated_cca
from lamina.typing import Progress


@dataclass(frozen=True, eq=False)
class Spectrum:
    """What one kernel has at one noise.

    Parameters
    ----------
    correlations
        (memory,), descending; fewer where the covariance of the past is singular to rounding.
    information
        (memory + 1,): nats of the first 0, 1, 2 … of them.
    resolved
        Dimensions of the past that can be told from rounding; all of them, or the spectrum is rounding's.
    by_states
        The same correlations from filters of the states; None without.
    """

    correlations: np.ndarray
    information: np.ndarray
    resolved: int
    by_states: np.ndarray | None


@dataclass(frozen=True, eq=False)
class KernelsResult:
    """Everything that a run found.

    Parameters
    ----------
    config
        The settings.
    kernels
        The kernels by name.
    spectra
        By name of the kernel, then by noise.
    fitted
        (memory,) by name: canonical correlations of a fit to one recording with the noise of comparison.
    exponential_by_gap
        (gaps, memory): correlations of the exponential kernel without noise.
    dampings
        (dampings,): length scales of damped cosines, in samples.
    damped
        (dampings, 2): their correlations without noise.
    damped_closed
        (dampings, 2): the same in closed form.
    """

    config: KernelsConfig
    kernels: dict[str, Kernel]
    spectra: dict[str, dict[float, Spectrum]]
    fitted: dict[str, np.ndarray]
    exponential_by_gap: np.ndarray
    dampings: np.ndarray
    damped: np.ndarray
    damped_closed: np.ndarray


def run(config: KernelsConfig | None = None, *, progress: Progress | None = None) -> KernelsResult:
    """Compare the canonical correlations of kernels.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    KernelsResult
        Spectra of populations, closed forms, and a fit to one recording of each.
    """
    settings = config if config is not None else KernelsConfig()
    memory = settings.memory
    compared = {each.name: each for each in kernels(settings)}
    spectra: dict[str, dict[float, Spectrum]] = {}
    fitted: dict[str, np.ndarray] = {}
    for place, (name, kernel) in enumerate(compared.items()):
        if progress is not None:
            progress(place / len(compared), name)
        spectra[name] = {noise: spectrum(kernel, memory, noise) for noise in settings.noises}
        fitted[name] = _fit(settings, place, kernel)
    dampings = np.geomspace(settings.period / 4, 100 * settings.period, settings.dampings)
    lags = np.arange(2 * memory)
    return KernelsResult(
        config=settings,
        kernels=compared,
        spectra=spectra,
        fitted=fitted,
        exponential_by_gap=np.array(
            [
                population_canonical_correlations(
                    exponential_kernel(np.arange(2 * memory + gap), settings.length_scale),
                    memory,
                    memory,
                    gap,
                )
                for gap in settings.gaps
            ]
        ),
        dampings=dampings,
        damped=np.array(
            [
                population_canonical_correlations(
                    oscillating_kernel(lags, scale, settings.period), memory, memory
                )[:2]
                for scale in dampings.tolist()
            ]
        ),
        damped_closed=np.array([damped_oscillation(scale, settings.period) for scale in dampings.tolist()]),
    )


def spectrum(kernel: Kernel, memory: int, noise: float) -> Spectrum:
    """Return the canonical correlations and the information of a kernel with noise."""
    autocovariance = np.array(kernel.kernel(np.arange(2.0 * memory)))
    autocovariance[0] += noise**2
    correlations = population_canonical_correlations(autocovariance, memory, memory)
    past = population_covariances(autocovariance, memory, memory).past
    with warnings.catch_warnings():
        # smooth kernels without noise: the report says what rounding leaves of them
        warnings.simplefilter("ignore", ClippedInformationWarning)
        information = [
            predictive_information(correlations[:rank]) if rank else 0.0 for rank in range(memory + 1)
        ]
    return Spectrum(
        correlations,
        np.array(information),
        inverse_sqrt(past)[1],
        None if kernel.states is None else state_correlations(kernel.states, memory, noise),
    )


def _fit(config: KernelsConfig, place: int, kernel: Kernel) -> np.ndarray:
    rng = np.random.default_rng([config.seed, place])
    recording = generate_gp_data(config.n_samples, kernel.kernel, noise_sd=config.noise, seed=rng)
    moments = LagMoments(config.memory, config.memory).update(recording).covariances()
    found = truncated_cca(moments.past, moments.future, moments.cross)
    return np.asarray(found.canonical_correlations)
