"""What is measured of a network: the information it keeps, and the velocity that can be read from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.experiments.depth.config import DepthConfig
from lamina.experiments.depth.curves import Material
from lamina.experiments.depth.information import (
    forecast_covariances,
    kept_information,
    linear_information,
    own_information,
)
from lamina.experiments.depth.movies import Movies
from lamina.experiments.depth.networks import Stage, n_weights, top_outputs
from lamina.experiments.depth.readout import Readout, averaged, explained, fit_readout

VELOCITY, SPEED = "velocity", "speed"
TARGETS = (VELOCITY, SPEED)
"""Signed velocity, and its magnitude."""

NEAR, FAR, OWN, LINEAR_TRAIN = "near future", "far future", "own future", "linear, training"


@dataclass(frozen=True, eq=False)
class Pair:
    """Outputs for training movies and for held-out ones, (movies, time, outputs)."""

    train: np.ndarray
    test: np.ndarray


def measure(stages: list[Stage], material: Material, config: DepthConfig) -> dict[str, float]:
    """Measure one network on held-out movies.

    Parameters
    ----------
    stages
        Its layers.
    material
        Movies of training rows and of held-out rows.
    config
        Settings.

    Returns
    -------
    dict[str, float]
        Information in nats, R² and correlations by name, and the numbers of outputs and weights; NaN where a
        measure has no meaning.
    """
    pair = Pair(*(top_outputs(stages, movies.frames) for movies in (material.train, material.test)))
    frames = (material.train.frames, material.test.frames)
    first = config.memory - 1
    found: dict[str, float] = {}
    for name, gap in ((NEAR, 1), (FAR, config.far_gap)):
        train, test = (
            forecast_covariances(outputs, seen, first=first, horizon=config.horizon, gap=gap)
            for outputs, seen in zip((pair.train, pair.test), frames, strict=True)
        )
        found[name] = kept_information(train, test).test
        if name == NEAR:
            found[LINEAR_TRAIN] = linear_information(train)
    learned = stages[-1].future is not None
    found[OWN] = own_information(stages, frames[1]) if learned else float("nan")
    found |= read(pair, material, config)
    return found | {"outputs": float(pair.train.shape[-1]), "weights": float(n_weights(stages))}


def read(pair: Pair, material: Material, config: DepthConfig) -> dict[str, float]:
    """Read velocity and speed linearly from averages of outputs, and judge it on held-out movies.

    Parameters
    ----------
    pair
        Outputs, or anything else to read from.
    material
        What moved how.
    config
        Averages.

    Returns
    -------
    dict[str, float]
        By `r2_name` and `correlation_name`.
    """
    found: dict[str, float] = {}
    times = read_times(config)
    truth = targets(material.test, len(times)).reshape(-1, len(TARGETS))
    for seconds in config.averages_s:
        readout = train_readout(pair.train, material.train, config, seconds)
        features = averaged(pair.test, config.average_samples(seconds))[:, times]
        estimates = readout(features).reshape(-1, len(TARGETS))
        for place, target in enumerate(TARGETS):
            guess, true = estimates[:, place], truth[:, place]
            varies = guess.std() > 1e-12 * max(1.0, float(np.abs(guess).max()))
            found[r2_name(target, seconds)] = explained(guess, true)
            found[correlation_name(target, seconds)] = (
                float(np.corrcoef(guess, true)[0, 1]) if varies else 0.0
            )
    return found


def train_readout(outputs: np.ndarray, movies: Movies, config: DepthConfig, seconds: float) -> Readout:
    """Fit the read-out of averages over some seconds, on training movies."""
    times = read_times(config)
    features = averaged(outputs, config.average_samples(seconds))[:, times]
    return fit_readout(
        features.reshape(-1, features.shape[-1]),
        targets(movies, len(times)).reshape(-1, len(TARGETS)),
        np.repeat(movies.row, len(times)),
        config.folds,
    )


def read_times(config: DepthConfig) -> np.ndarray:
    """Return the samples at which velocity is read: the same for every average, all of it with history."""
    return np.arange(config.memory + config.longest_average - 2, config.samples, config.read_every)


def targets(movies: Movies, times: int) -> np.ndarray:
    """Return velocity and speed at some times of every movie, (movies, times, 2)."""
    both = np.stack([movies.velocity, np.abs(movies.velocity)], axis=1)
    return np.repeat(both[:, None], times, axis=1)


def r2_name(target: str, seconds: float) -> str:
    """Name the R² of a target read from averages over some seconds."""
    return f"{target}, R², {seconds:g} s"


def correlation_name(target: str, seconds: float) -> str:
    """Name the correlation of a target with its read-out."""
    return f"{target}, correlation, {seconds:g} s"
