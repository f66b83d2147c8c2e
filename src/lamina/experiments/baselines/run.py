"""Compare ways of choosing filters: in closed form, on recordings learned from, and on others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lamina.experiments.baselines.config import BaselinesConfig
from lamina.experiments.baselines.methods import (
    METHODS,
    Moments,
    best_forecast,
    forecast_error,
    information,
    learn,
    population_moments,
    ridge_coefficients,
    sample_moments,
)
from lamina.experiments.natural_scenes import RIGHT, Scene, load_scenes, move, split_rows
from lamina.simulate import (
    generate_gp_data,
    generate_ou_process,
    ou_autocovariance,
    rational_quadratic_kernel,
)
from lamina.typing import Progress

OU, GP, SCENES = "linear system", "Gaussian process", "photographs"
PROCESSES = (OU, GP, SCENES)

Trials = list[np.ndarray]
Draw = Callable[[int], tuple[Trials, Trials]]
"""Recordings of a seed to learn from, and others to test on."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Information (nats) and forecast error (share of variance), ``(..., methods, ranks)`` each.

    Where a method has fewer directions, those that it has count at every higher rank.
    """

    information: np.ndarray
    error: np.ndarray


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was found on one process; seeds come first in every array.

    Parameters
    ----------
    population
        In closed form, without seeds; None for photographs.
    training, held_out
        On the recordings learned from, and on others.
    ridge_error
        ``(seeds, 2)``: error of the full-rank forecast of ridge regression, in training and held out.
    penalties
        ``(seeds,)``, as ridge regression chose them.
    lengths
        Samples learned from in the learning curves.
    curve_rank
        Units kept there.
    curves
        ``(seeds, lengths, methods)`` information on the held-out recordings, of filters learned from the
        beginning of the others.
    filters
        ``(methods, 2, memory)``: the first two of the first seed, of unit length.
    """

    population: Scores | None
    training: Scores
    held_out: Scores
    ridge_error: np.ndarray
    penalties: np.ndarray
    lengths: np.ndarray
    curve_rank: int
    curves: np.ndarray
    filters: np.ndarray


@dataclass(frozen=True, eq=False)
class BaselinesResult:
    """Everything that a run found, by the name of the process."""

    config: BaselinesConfig
    processes: dict[str, Comparison]


def run(config: BaselinesConfig | None = None, *, progress: Progress | None = None) -> BaselinesResult:
    """Choose filters in every way on every process, and compare what their outputs tell.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    BaselinesResult
        Information kept and forecast errors, rank by rank.
    """
    settings = config if config is not None else BaselinesConfig()
    scenes = load_scenes(settings)
    draws: dict[str, Draw] = {
        OU: lambda number: _linear_system(settings, number),
        GP: lambda number: _gaussian_process(settings, number),
        SCENES: lambda number: _photographs(scenes, settings, number),
    }
    found: dict[str, Comparison] = {}
    for place, (name, draw) in enumerate(draws.items()):

        def report(done: float, at: int = place, of: str = name) -> None:
            if progress is not None:
                progress((at + done) / len(draws), f"{of}: filters by {len(METHODS)} methods")

        found[name] = _compare(name, draw, settings, report)
    return BaselinesResult(settings, found)


def population(name: str, config: BaselinesConfig) -> Moments | None:
    """Return the moments of a process in closed form; None for photographs, which have none."""
    memory, horizon = window(name, config)
    lags = memory + horizon + 1
    if name == OU:
        return population_moments(ou_autocovariance(lags), memory, horizon)
    if name == GP:
        autocovariance = _kernel(np.arange(lags), config)
        autocovariance[0] += config.gp_noise**2
        return population_moments(autocovariance, memory, horizon)
    return None


def window(name: str, config: BaselinesConfig) -> tuple[int, int]:
    """Return memory and horizon on a process."""
    if name == SCENES:
        return config.memory, config.horizon
    memory = config.ou_memory if name == OU else config.gp_memory
    return memory, memory


def score(filters: Sequence[np.ndarray], learned: Moments, moments: Moments, max_rank: int) -> Scores:
    """Judge filters rank by rank.

    Parameters
    ----------
    filters
        Of each method, best first.
    learned
        Moments that forecasts are made from.
    moments
        Moments to judge on.
    max_rank
        From 1 to this.

    Returns
    -------
    Scores
        ``(methods, ranks)``.
    """
    kept = np.empty((len(filters), max_rank))
    error = np.empty_like(kept)
    for row, every in enumerate(filters):
        for units in range(1, max_rank + 1):
            if units > len(every):
                kept[row, units - 1], error[row, units - 1] = kept[row, units - 2], error[row, units - 2]
                continue
            psi = every[:units]
            kept[row, units - 1] = information(psi, moments)
            error[row, units - 1] = forecast_error(best_forecast(psi, learned), learned, moments)
    return Scores(kept, error)


def choose_penalty(trials: Trials, memory: int, horizon: int, penalties: Sequence[float]) -> float:
    """Return the penalty of ridge regression that forecasts the last quarter best from the first three."""
    first, last = _part(trials, 0.75)
    learned, judged = sample_moments(first, memory, horizon), sample_moments(last, memory, horizon)
    errors = [forecast_error(ridge_coefficients(learned, each), learned, judged) for each in penalties]
    return float(penalties[int(np.argmin(errors))])


def _compare(name: str, draw: Draw, config: BaselinesConfig, report: Callable[[float], None]) -> Comparison:
    memory, horizon = window(name, config)
    exact = population(name, config)
    truth = None
    if exact is not None:
        truth = score([learn(method, exact) for method in METHODS], exact, exact, config.max_rank)
    rank = config.curve_ranks[PROCESSES.index(name)]
    seeds: list[tuple[np.ndarray, ...]] = []
    filters = np.empty((len(METHODS), 2, memory))
    lengths = np.array(config.lengths)
    for number in range(config.n_seeds):
        report(number / config.n_seeds)
        train, test = draw(number)
        penalty = choose_penalty(train, memory, horizon, config.penalties)
        learned, judged = sample_moments(train, memory, horizon), sample_moments(test, memory, horizon)
        chosen = [learn(method, learned, penalty) for method in METHODS]
        if number == 0:
            filters = np.array([_unit_length(every[:2]) for every in chosen])
        within, beyond = (score(chosen, learned, on, config.max_rank) for on in (learned, judged))
        full = ridge_coefficients(learned, penalty)
        errors = np.array([forecast_error(full, learned, on) for on in (learned, judged)])
        total = sum(len(trial) for trial in train)
        lengths = np.minimum(config.lengths, total)
        curve = []
        for length in lengths:
            beginning = _part(train, length / total)[0]
            some = sample_moments(beginning, memory, horizon)
            load = choose_penalty(beginning, memory, horizon, config.penalties)
            curve.append([information(learn(each, some, load)[:rank], judged) for each in METHODS])
        seeds.append(
            (within.information, within.error, beyond.information, beyond.error, errors,
             np.array(penalty), np.array(curve))
        )  # fmt: skip
    parts = [np.array(part) for part in zip(*seeds, strict=True)]
    return Comparison(
        truth, Scores(*parts[0:2]), Scores(*parts[2:4]), parts[4], parts[5], lengths, rank, parts[6], filters
    )


def _part(trials: Trials, share: float) -> tuple[Trials, Trials]:
    """Cut trials after a share of all samples, within a trial if need be."""
    left = round(share * sum(len(trial) for trial in trials))
    first: Trials = []
    last: Trials = []
    for trial in trials:
        cut = min(left, len(trial))
        left -= cut
        first += [trial[:cut]] if cut else []
        last += [trial[cut:]] if cut < len(trial) else []
    return first, last


def _unit_length(filters: np.ndarray) -> np.ndarray:
    # a direction has no sign of its own: the newest sample's is made positive
    signed = filters * np.where(filters[:, :1] < 0, -1.0, 1.0)
    return signed / np.linalg.norm(signed, axis=1, keepdims=True)


def _linear_system(config: BaselinesConfig, number: int) -> tuple[Trials, Trials]:
    rng = np.random.default_rng([config.seed, number, 0])
    train, test = (generate_ou_process(config.n_samples, seed=rng) for _ in range(2))
    return [train], [test]


def _gaussian_process(config: BaselinesConfig, number: int) -> tuple[Trials, Trials]:
    rng = np.random.default_rng([config.seed, number, 1])
    train, test = generate_gp_data(
        config.n_samples,
        lambda lags: _kernel(lags, config),
        noise_sd=config.gp_noise,
        n_series=2,
        seed=rng,
    )
    return [train], [test]


def _photographs(scenes: Sequence[Scene], config: BaselinesConfig, number: int) -> tuple[Trials, Trials]:
    rng = np.random.default_rng([config.seed, number, 2])
    splits = [split_rows(scene, config, rng) for scene in scenes]
    train, test = (
        [movie[:, 0] for movie in move(splits, part, RIGHT, config, config.noise, rng)]
        for part in ("train", "test")
    )
    # few samples are then rows from all over the images
    return [train[row] for row in rng.permutation(len(train))], test


def _kernel(lags: np.ndarray, config: BaselinesConfig) -> np.ndarray:
    return rational_quadratic_kernel(lags, length_scale=config.gp_length_scale)
