"""The GP experiment: a rational quadratic kernel at several noises, its population, and fits to samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.experiments.convergence import Convergence, Fit, Population, Sweep, collect, convergences
from lamina.experiments.gp.config import RANK, GPConfig
from lamina.experiments.gp.lobes import count_lobes
from lamina.experiments.sampling_error import SamplingError, sampling_error
from lamina.simulate import generate_gp_data, population_covariances
from lamina.stats import causal_filter, truncated_cca
from lamina.typing import Progress

_LAGS = 100_000
"""Lags of the autocovariance that theory sums over: at the last, the published kernel is 5e-7."""

_SHOWN = 400
"""Samples of the traces that are drawn."""


@dataclass(frozen=True, eq=False)
class Noise:
    """What was found at one noise.

    Parameters
    ----------
    population
        What infinitely much data would give.
    theory
        Errors to expect from one window; they fall as the root of the number of windows.
    sweep
        The fits.
    convergences
        Errors of fits against length.
    trace
        (time,): some samples of signal and noise.
    latent
        (time, 2): the outputs of the two units of the population over these samples.
    latent_covariance
        (2, 2): of the outputs of the population's units over the recording that the trace is cut from.
    """

    population: Population
    theory: SamplingError
    sweep: Sweep
    convergences: list[Convergence]
    trace: np.ndarray
    latent: np.ndarray
    latent_covariance: np.ndarray


@dataclass(frozen=True, eq=False)
class GPResult:
    """Everything that a run found.

    Parameters
    ----------
    config
        The settings.
    noises
        What was found, by the standard deviation of the noise.
    lobe_noises
        (noises,): finely spaced noises, up to far more than the signal.
    lobes
        (noises, 2): lobes of the population's filters there.
    centroids
        (noises, 2): mean lag of the squared weights of these filters, in samples.
    """

    config: GPConfig
    noises: dict[float, Noise]
    lobe_noises: np.ndarray
    lobes: np.ndarray
    centroids: np.ndarray


def run(config: GPConfig | None = None, *, progress: Progress | None = None) -> GPResult:
    """Fit recordings of several lengths and noises and compare them with the population.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    GPResult
        Population, theory and fits.
    """
    settings = config if config is not None else GPConfig()
    memory = settings.memory
    autocovariances = {noise: settings.autocovariance(_LAGS, noise) for noise in settings.noises}
    populations = {noise: Population(each, memory, RANK) for noise, each in autocovariances.items()}
    fits: dict[float, list[list[Fit]]] = {noise: [] for noise in settings.noises}
    total = sum(settings.lengths)
    for place, length in enumerate(settings.lengths):
        if progress is not None:
            progress(sum(settings.lengths[:place]) / total, f"recordings of {length} samples")
        rows: dict[float, list[Fit]] = {noise: [] for noise in settings.noises}
        for number in range(settings.n_seeds):
            signal, white = _draw(settings, place, number, length)
            for noise, population in populations.items():
                rows[noise].append(population.compare(signal + noise * white))
        for noise, row in rows.items():
            fits[noise].append(row)
    signal, white = _draw(settings, len(settings.lengths), 0, settings.length)
    found: dict[float, Noise] = {}
    for noise, population in populations.items():
        theory = sampling_error(autocovariances[noise], memory, RANK)
        sweep = collect(settings.lengths, fits[noise])
        recording = signal + noise * white
        # the mean of the process is known to be 0
        latent = np.asarray(causal_filter(recording, population.filters[:, :, None]))[memory - 1 :]
        found[noise] = Noise(
            population,
            theory,
            sweep,
            convergences(sweep, population, theory, rank=RANK, slope_from=settings.slope_from),
            recording[memory - 1 :][:_SHOWN],
            latent[:_SHOWN],
            latent.T @ latent / len(latent),
        )
    levels = np.geomspace(settings.noises[0], settings.most_noise, settings.n_lobe_noises)
    filters = np.array([population_filters(settings, noise) for noise in levels.tolist()])
    shares = filters**2 / np.sum(filters**2, axis=2, keepdims=True)
    return GPResult(
        settings,
        found,
        levels,
        np.array([[count_lobes(each) for each in pair] for pair in filters]),
        shares @ np.arange(memory),
    )


def population_filters(config: GPConfig, noise: float) -> np.ndarray:
    """Return the filters that infinitely much data of one noise would give, (2, memory)."""
    autocovariance = config.autocovariance(2 * config.memory, noise)
    directions = truncated_cca(*population_covariances(autocovariance, config.memory, config.memory), RANK)
    return np.asarray(directions.past_filters)


def _draw(config: GPConfig, place: int, number: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([config.seed, place, number])
    signal = generate_gp_data(length, config.kernel, seed=rng)
    return signal, rng.standard_normal(length)
