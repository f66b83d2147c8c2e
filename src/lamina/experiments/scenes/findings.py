"""What the filters of a run come to: how they widen, what explains it, and how far they carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lamina.experiments.gp.lobes import count_lobes
from lamina.experiments.scenes.measures import centre_of_mass, first_lobe
from lamina.experiments.scenes.population import autocovariance_at, population
from lamina.experiments.scenes.run import LEAVES, PHOTOGRAPHS, ScenesResult, World

MS_PER_S = 1000.0


@dataclass(frozen=True, eq=False)
class Widening:
    """How wide the filters of one world are, ``(seeds, noises, 2)`` each.

    Parameters
    ----------
    first_lobe_ms
        Time before the present at which a filter first changes its sign.
    centre_of_mass_ms
        Mean time before the present, weighted by the squared weights.
    magnitude_centre_ms
        The same weighted by their magnitudes.
    lobes
        Number of lobes.
    """

    first_lobe_ms: np.ndarray
    centre_of_mass_ms: np.ndarray
    magnitude_centre_ms: np.ndarray
    lobes: np.ndarray


def widening(world: World) -> Widening:
    """Measure the filters of a world.

    Parameters
    ----------
    world
        One kind of scene.

    Returns
    -------
    Widening
        At every noise level of it.
    """
    filters = world.each("filters")
    unit_ms = MS_PER_S * world.config.dt_s
    return Widening(
        unit_ms * _of_each(filters, first_lobe),
        unit_ms * _of_each(filters, centre_of_mass),
        unit_ms * _of_each(filters, lambda weights: centre_of_mass(weights, 1.0)),
        _of_each(filters, count_lobes),
    )


def products(world: World) -> np.ndarray:
    """First lobe times cut-off frequency, mean over seeds, ``(noises, 2)``: a number without a unit."""
    lobe_s = widening(world).first_lobe_ms / MS_PER_S
    return (lobe_s * world.each("cut_off_hz")[..., None]).mean(axis=0)


def theory_cosines(world: World) -> np.ndarray:
    """Cosines of fitted filters with those of the scans' autocovariance, ``(seeds, noises, 2)``."""
    return np.abs((world.each("filters") * world.each("theory")).sum(axis=-1))


def closed_form_cosines(result: ScenesResult) -> np.ndarray:
    """Cosines of the filters of dead leaves with those of the closed form, ``(seeds, noises, 2)``."""
    ideal = np.array([each.filters for each in result.closed_form])
    return np.abs((result.worlds[LEAVES].each("filters") * ideal).sum(axis=-1))


def leaves_cosines(result: ScenesResult) -> np.ndarray:
    """Cosines of the photographs' filters with those of dead leaves, ``(seeds, noises, 2)``."""
    worlds = result.worlds
    return np.abs((worlds[PHOTOGRAPHS].each("filters") * worlds[LEAVES].each("filters")).sum(axis=-1))


def carried(result: ScenesResult) -> np.ndarray:
    """Held-out correlation of other photographs' filters over that of a photograph's own.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    numpy.ndarray
        (seeds, photographs, 2); no photographs if there is only one.
    """
    shares = [[each.foreign / each.held_out for each in seed] for seed in result.alone]
    return np.array(shares).reshape(len(shares), -1, 2)


def predicted_by_speed(result: ScenesResult, velocity: float) -> np.ndarray:
    """Predict the correlations at another speed from the scans at the usual one.

    Parameters
    ----------
    result
        A run.
    velocity
        One of its other velocities, in degrees per second.

    Returns
    -------
    numpy.ndarray
        (seeds, 2), at the headline noise.
    """
    config = result.config
    lags = np.arange(config.memory + config.horizon) * velocity / config.velocity_deg_per_s
    found = []
    for one in result.worlds[PHOTOGRAPHS].learned:
        covariance = autocovariance_at(one.frequencies, one.power, lags)
        found.append(population(covariance, config.headline, config).correlations)
    return np.array(found)


def _of_each(filters: np.ndarray, measure: Callable[[np.ndarray], float]) -> np.ndarray:
    return np.apply_along_axis(measure, -1, filters)
