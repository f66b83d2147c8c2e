"""What one second layer's chosen unit does: the measurement that robustness and controls share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lamina.circuits import detector_inputs, peak_response
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.detectors import CELLS, Fitted, Response, fit_detectors, judge, training_movies
from lamina.experiments.natural_scenes import LEFT, RIGHT, Split, move
from lamina.stats import truncated_cca

Objective = Literal["cca", "rrr", "pca"]
Pick = Callable[[np.ndarray], list[int]]
"""Which outputs the rule may choose from, given the filters."""


@dataclass(frozen=True, eq=False)
class SecondLayer:
    """Six weights per direction, the means taken off first, and the canonical correlations.

    Parameters
    ----------
    filters
        ``(directions, 6)``.
    means
        ``(6,)``.
    correlations
        ``(directions,)``; empty where nothing was correlated.
    """

    filters: np.ndarray
    means: np.ndarray
    correlations: np.ndarray


@dataclass(frozen=True, eq=False)
class Trained:
    """A fitted network of one cell, and what its second layer sees of scenes that it was not trained on.

    Parameters
    ----------
    cell
        "T4a", say.
    fitted
        Network, training scenes and pattern.
    unseen
        ``(samples, 6)`` for motion either way.
    """

    cell: str
    fitted: Fitted
    unseen: dict[int, np.ndarray]


@dataclass(frozen=True)
class Outcome:
    """What the unit did that the rule chose.

    Parameters
    ----------
    cell
        For which it stands.
    output
        Which: 2 k and 2 k + 1 are the halves of direction k.
    way
        +1 if it prefers the motion trained on, -1 if the opposite.
    training_index
        On the training scenes, by which it was chosen.
    pattern
        Responses to the ON/OFF pattern.
    scenes
        Responses to scenes that were not trained on.
    correlations
        Canonical correlations of its second layer.
    weights
        Of its six inputs, scaled to length 1: L1 and L3 of the left, the centre and the right pixel.
    """

    cell: str
    output: int
    way: int
    training_index: float
    pattern: Response
    scenes: Response
    correlations: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def mirror_cosine(self) -> float:
        """Cosine of the weights with those of the unit turned left to right: 1 if symmetric, -1 if odd."""
        weights = np.reshape(self.weights, (-1, 2))
        return float((weights * weights[::-1]).sum())


def learn(
    splits: Sequence[Split], config: MotionConfig, number: int, cells: Sequence[str] = ("T4a", "T4b")
) -> Iterator[Trained]:
    """Train the network of each cell on one repetition's rows, one after the other."""
    training = training_movies(splits, config, number)
    for cell, pathway, way in CELLS:
        if cell in cells:
            fitted = fit_detectors(training, pathway, way, config)
            yield Trained(cell, fitted, inputs_of(fitted, training.test))


def inputs_of(fitted: Fitted, movies: dict[int, list[np.ndarray]]) -> dict[int, np.ndarray]:
    """Return what the second layer sees of movies, either way."""
    return {side: detector_inputs(fitted.network, movies[side]) for side in (RIGHT, LEFT)}


def fitted_layer(fitted: Fitted) -> SecondLayer:
    """Return the second layer that the network learned."""
    unit = fitted.network.layers_[1]
    return SecondLayer(*(np.asarray(part) for part in (
        unit.filters_[:, 0, :], unit.past_mean_[0], unit.canonical_correlations_
    )))  # fmt: skip


def without_noise(trained: Trained, splits: Sequence[Split], config: MotionConfig) -> Trained:
    """Show the same rows without noise to the network: what its second layer sees of them."""
    rng = np.random.default_rng(0)  # adds nothing: the noise is 0
    train, test = (
        {way: move(splits, part, way, config, 0.0, rng) for way in (RIGHT, LEFT)}
        for part in ("train", "test")
    )
    fitted = replace(trained.fitted, scenes=inputs_of(trained.fitted, train))
    return Trained(trained.cell, fitted, inputs_of(fitted, test))


def present_and_future(movies: Sequence[np.ndarray], gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Pair the six inputs at each time with those ``gap`` samples later; no pair spans two movies."""
    return (
        np.concatenate([movie[:-gap] for movie in movies]),
        np.concatenate([movie[gap:] for movie in movies]),
    )


def seen_in_training(fitted: Fitted, way: int | None = None) -> list[np.ndarray]:
    """Return what the second layer saw of each training movie; ``way`` may be the opposite motion."""
    ends = np.cumsum(fitted.lengths)[:-1]
    return np.split(fitted.scenes[fitted.way if way is None else way], ends)


def learned_layer(
    movies: Sequence[np.ndarray], config: MotionConfig, objective: Objective = "cca"
) -> SecondLayer:
    """Learn a second layer from what it sees of movies, each ``(time, 6)``.

    The same as a fit of `lamina.ReSU` with memory and horizon 1; with so few dimensions the covariances are
    one product of matrices, which is several times faster than collecting them movie by movie.
    """
    present, future = present_and_future(movies, config.gap)
    means = (present.mean(axis=0), future.mean(axis=0)) if config.center else (np.zeros(6), np.zeros(6))
    present, future = present - means[0], future - means[1]
    count = len(present)
    directions = truncated_cca(
        present.T @ present / count,
        future.T @ future / count,
        future.T @ present / count,
        6,
        objective=objective,
    )
    return SecondLayer(directions.past_filters, means[0], directions.canonical_correlations)


def random_layer(directions: int, rng: np.random.Generator) -> SecondLayer:
    """Draw a second layer of independent normal weights, uncentred, as an untrained network has."""
    return SecondLayer(rng.standard_normal((directions, 6)), np.zeros(6), np.empty(0))


def relearned(fitted: Fitted, config: MotionConfig, *, anew: bool = False) -> SecondLayer:
    """Learn the second layer again with another gap or centring; the first layer stays as it is.

    Where neither differs, the fitted one is returned, unless ``anew``.
    """
    plan = fitted.network.layers[1]
    if not anew and (plan.gap, plan.center) == (config.gap, config.center):
        return fitted_layer(fitted)
    return learned_layer(seen_in_training(fitted), config)


def measure(
    trained: Trained,
    layer: SecondLayer,
    config: MotionConfig,
    *,
    pick: Pick | None = None,
    every: int = 1,
) -> Outcome:
    """Choose a unit by the rule, on training scenes, and test it on the pattern and on unseen scenes.

    Parameters
    ----------
    trained
        Its first layer is used, and its scenes.
    layer
        The second layer to judge, which need not be the fitted one.
    config
        Threshold.
    pick
        Outputs among which to choose; all by default.
    every
        Look at every how many samples of the scenes.

    Returns
    -------
    Outcome
        The unit and its responses.
    """
    fitted = trained.fitted
    judged = judge(
        fitted,
        layer.filters,
        layer.means,
        allowed=None if pick is None else pick(layer.filters),
        threshold=config.threshold,
        every=every,
    )
    weights = layer.filters[judged.output // 2] * (1 if judged.output % 2 == 0 else -1)
    scale = ((fitted.scenes[fitted.way][::every] - layer.means) @ weights).std()
    preferred, null = (
        float(peak_response((trained.unseen[side][::every] - layer.means) @ weights / scale))
        for side in (judged.way * fitted.way, -judged.way * fitted.way)
    )
    held = (max(0.0, peak - config.threshold) for peak in (preferred, null))
    return Outcome(
        trained.cell,
        judged.output,
        judged.way,
        judged.training_index,
        judged.response,
        Response(*held),
        tuple(layer.correlations.tolist()),
        tuple((weights / np.linalg.norm(weights)).tolist()),
    )
