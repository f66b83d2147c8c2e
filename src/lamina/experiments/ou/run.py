"""The OU experiment: a partly observed linear system, its population, and fits to recordings of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.experiments.convergence import Convergence, Population, Sweep, collect, convergences
from lamina.experiments.ou.config import LEADING, STATES, OUConfig
from lamina.experiments.ou.observer import (
    kalman_filters,
    subspace_cosines,
    subspace_sines,
    windowed_kalman_filters,
)
from lamina.experiments.sampling_error import SamplingError, correlation_bias, sampling_error
from lamina.simulate import OUSystem, generate_ou_process, ou_autocovariance
from lamina.typing import Progress

_LAGS = 500
"""Lags of the autocovariance that theory sums over; the slowest state has forgotten 0.85**500 of itself."""


@dataclass(frozen=True, eq=False)
class OUResult:
    """Everything that a run found.

    Parameters
    ----------
    config
        The settings.
    population
        What infinitely much data would give.
    theory
        Errors to expect from one window; they fall as the root of the number of windows.
    bias
        (3,): bias of the correlations to expect from one window; it falls as their number.
    sweep
        The fits.
    convergences
        Errors against length of moments, of the two leading correlations and of their filters.
    observer
        (3, memory): the Kalman predictor of the states.
    observer_cosines
        (3,): of the angles between the population's filters and the Kalman predictor.
    observer_sines
        (3,): of the angles to the one that has seen as many samples as the filters have, ascending.
    state_cosines
        (seeds, lengths, 3): of the angles between the fitted filters and the Kalman predictor.
    recording
        The first samples of a recording.
    """

    config: OUConfig
    population: Population
    theory: SamplingError
    bias: np.ndarray
    sweep: Sweep
    convergences: list[Convergence]
    observer: np.ndarray
    observer_cosines: np.ndarray
    observer_sines: np.ndarray
    state_cosines: np.ndarray
    recording: np.ndarray


def run(config: OUConfig | None = None, *, progress: Progress | None = None) -> OUResult:
    """Fit recordings of several lengths and compare them with the population.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    OUResult
        Population, theory and fits.
    """
    settings = config if config is not None else OUConfig()
    system, memory = OUSystem(), settings.memory
    autocovariance = ou_autocovariance(max(_LAGS, 2 * memory), system)
    population = Population(autocovariance, memory, STATES)
    theory = sampling_error(
        autocovariance,
        memory,
        STATES,
        n_draws=settings.n_draws,
        rng=np.random.default_rng([settings.seed, 1]),
    )
    bias = correlation_bias(autocovariance, memory, STATES)
    fits = []
    for place, length in enumerate(settings.lengths):
        if progress is not None:
            progress(sum(settings.lengths[:place]) / sum(settings.lengths), f"recordings of {length} samples")
        fits.append(
            [
                population.compare(
                    generate_ou_process(length, system, seed=_generator(settings, place, number))
                )
                for number in range(settings.n_seeds)
            ]
        )
    sweep = collect(settings.lengths, fits)
    observer = kalman_filters(system, memory)
    past = population.covariances.past
    return OUResult(
        config=settings,
        population=population,
        theory=theory,
        bias=bias,
        sweep=sweep,
        convergences=convergences(
            sweep, population, theory, rank=LEADING, slope_from=settings.slope_from, bias=bias[:LEADING]
        ),
        observer=observer,
        observer_cosines=subspace_cosines(population.filters, observer, past),
        observer_sines=subspace_sines(population.filters, windowed_kalman_filters(system, memory), past),
        state_cosines=np.array(
            [[subspace_cosines(fitted, observer, past) for fitted in row] for row in sweep.filters]
        ),
        recording=generate_ou_process(200, system, seed=_generator(settings, 0, 0)),
    )


def _generator(config: OUConfig, place: int, number: int) -> np.random.Generator:
    return np.random.default_rng([config.seed, 0, place, number])
