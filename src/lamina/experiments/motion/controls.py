"""Second layers that were not taught by motion, or not by CCA: the controls of the detectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lamina.circuits import detector_inputs, motion_layers
from lamina.circuits.detector import Pathway
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.detectors import CELLS, Fitted, Training
from lamina.experiments.motion.outcome import (
    Objective,
    Outcome,
    SecondLayer,
    Trained,
    fitted_layer,
    inputs_of,
    learned_layer,
    measure,
    present_and_future,
    random_layer,
    seen_in_training,
)
from lamina.experiments.motion.stimuli import headline_pattern
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.resu import ReSUNetwork

TRAINED = "CCA, motion one way"
SHUFFLED = "shuffled frames"
FLICKER = "flicker, no motion"
BOTH_WAYS = "motion both ways"
RRR_SECOND, RRR_BOTH = "RRR in layer 2", "RRR in both layers"
PCA_SECOND, PCA_BOTH = "PCA in layer 2", "PCA in both layers"
PCA_INPUTS = "PCA of the inputs"
PCA_BOTH_WAYS = "PCA of the inputs, motion both ways"

_BOTH_LAYERS: tuple[tuple[str, Objective], ...] = ((RRR_BOTH, "rrr"), (PCA_BOTH, "pca"))

CONTROLS = (
    SHUFFLED,
    FLICKER,
    BOTH_WAYS,
    RRR_SECOND,
    RRR_BOTH,
    PCA_SECOND,
    PCA_BOTH,
    PCA_INPUTS,
    PCA_BOTH_WAYS,
)
"""Names, in the order in which they are shown."""

EVERY = 4
"""Peaks of scenes are taken over every fourth sample: some 40 000 are left."""

SPARSE = 20
"""Random second layers are judged on every how many samples of the scenes; some 8 000 are left."""

_L3_LEFT, _L1_CENTRE, _L3_RIGHT = 1, 2, 5

Weights = Literal["normal", "whitened"]
KINDS: tuple[Weights, ...] = ("normal", "whitened")


@dataclass(frozen=True)
class Chance:
    """Random second layers on a fitted first one: what the rule makes of luck.

    Parameters
    ----------
    weights
        "normal": independent normal weights, as in an untrained network. "whitened": random directions of
        unit response that are uncorrelated with each other, as canonical directions are.
    chosen
        The unit that the rule picks of each layer's twelve.
    unchosen
        One unit of the layer, without a choice.
    """

    weights: str
    chosen: tuple[Outcome, ...]
    unchosen: tuple[Outcome, ...]


@dataclass(frozen=True)
class Probed:
    """The controls of one network.

    Parameters
    ----------
    outcomes
        By name: `TRAINED`, the detector itself, then `CONTROLS`.
    chances
        Random second layers with either kind of weights; none but for T4a.
    marks
        Correlations of the centre pixel's L1 with L3 of the pixel that the scene comes from, and of the one
        that it goes to: the mark that motion leaves in what the inputs are at one time.
    variances
        Of the principal components of motion both ways, falling.
    """

    outcomes: dict[str, Outcome]
    chances: tuple[Chance, ...]
    marks: tuple[float, float]
    variances: tuple[float, ...]


def probe(cell: str, fitted: Fitted, training: Training, config: MotionConfig, number: int) -> Probed:
    """Teach second layers otherwise or not at all, choose a unit of each by the rule, and measure it.

    Parameters
    ----------
    cell
        Whose network it is.
    fitted
        The network; its first layer is kept where only the second is taught otherwise.
    training
        Movies of the same repetition.
    config
        Settings. A quarter of ``n_untrained`` random layers of each kind are drawn, over all repetitions.
    number
        Which repetition.

    Returns
    -------
    Probed
        What they did.
    """
    trained = Trained(cell, fitted, inputs_of(fitted, training.test))
    rng = config.rng(number, 7)
    found = {TRAINED: measure(trained, fitted_layer(fitted), config, every=EVERY)}
    for name, layer in _second_layers(fitted, training, config, rng):
        found[name] = measure(trained, layer, config, every=EVERY)
    for name, objective in _BOTH_LAYERS:
        other = fit_with_objective(cell, training, config, objective)
        seen = Trained(cell, other, inputs_of(other, training.test))
        found[name] = measure(seen, fitted_layer(other), config, every=EVERY)
    count = len(range(number, -(-config.n_untrained // 4), config.n_seeds)) if cell == "T4a" else 0
    chances = tuple(by_chance(trained, config, count, rng, kind) for kind in KINDS if count)
    either = seen_in_training(fitted) + seen_in_training(fitted, -fitted.way)
    return Probed(
        {name: found[name] for name in (TRAINED, *CONTROLS)},
        chances,
        motion_marks(fitted),
        tuple(np.linalg.eigvalsh(present_moments(either, config)[0])[::-1].tolist()),
    )


def motion_marks(fitted: Fitted) -> tuple[float, float]:
    """Correlate L1 of the centre with L3 of the pixel before and of the pixel behind, on training scenes."""
    related = np.corrcoef(fitted.scenes[fitted.way].T)[_L1_CENTRE]
    ends = (_L3_LEFT, _L3_RIGHT) if fitted.way == RIGHT else (_L3_RIGHT, _L3_LEFT)
    before, behind = (float(related[end]) for end in ends)
    return before, behind


def _second_layers(
    fitted: Fitted, training: Training, config: MotionConfig, rng: np.random.Generator
) -> Iterator[tuple[str, SecondLayer]]:
    movies = training.train[fitted.way]
    yield SHUFFLED, _taught_by(fitted, [rng.permutation(movie) for movie in movies], config)
    yield FLICKER, _taught_by(fitted, [flicker(movie, config.noise, rng) for movie in movies], config)
    one_way = seen_in_training(fitted)
    either = one_way + seen_in_training(fitted, -fitted.way)
    yield BOTH_WAYS, learned_layer(either, config)
    yield RRR_SECOND, learned_layer(one_way, config, "rrr")
    yield PCA_SECOND, learned_layer(one_way, config, "pca")
    yield PCA_INPUTS, principal_layer(one_way, config)
    yield PCA_BOTH_WAYS, principal_layer(either, config)


def flicker(movie: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Show what the centre pixel saw to all three, each with noise of its own: light that does not move."""
    return movie[:, [1, 1, 1]] + noise * rng.standard_normal(movie.shape)


def principal_layer(movies: list[np.ndarray], config: MotionConfig) -> SecondLayer:
    """Return the principal components of the present inputs, the largest first; they know of no future."""
    moments, means = present_moments(movies, config)
    return SecondLayer(np.linalg.eigh(moments)[1].T[::-1], means, np.empty(0))


def present_moments(movies: list[np.ndarray], config: MotionConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return second moments ``(6, 6)`` of the present inputs, and the means ``(6,)`` that were taken off."""
    present, _ = present_and_future(movies, config.gap)
    means = present.mean(axis=0) if config.center else np.zeros(6)
    present = present - means
    return present.T @ present / len(present), means


def fit_with_objective(cell: str, training: Training, config: MotionConfig, objective: Objective) -> Fitted:
    """Fit both layers by another objective than CCA.

    The second filter of layer 1 need not be a derivative then, nor its positive half the one that answers
    increments; of its halves, the one that does is taken for L1 (or for L2 the one that does not).
    """
    _, pathway, way = next(each for each in CELLS if each[0] == cell)
    layers = _plan(pathway, config, objective)
    network = ReSUNetwork(layers).fit(training.train[way])
    step = np.cumsum(np.asarray(network.layers_[0].filters_[1, :, 0]))
    if step[np.argmax(np.abs(step))] < 0:
        other: Pathway = "T5" if pathway == "T4" else "T4"
        network = ReSUNetwork(_plan(other, config, objective)).fit(training.train[way])
    pattern = headline_pattern(config)
    return Fitted(
        network,
        way,
        {side: detector_inputs(network, training.train[side]) for side in (RIGHT, LEFT)},
        {side: detector_inputs(network, [pattern[side]]) for side in (RIGHT, LEFT)},
        [len(movie) - network.valid_from_[0] for movie in training.train[way]],
    )


def by_chance(
    trained: Trained, config: MotionConfig, count: int, rng: np.random.Generator, weights: Weights
) -> Chance:
    """Draw second layers at random, choose a unit of each by the rule, and measure it.

    Parameters
    ----------
    trained
        A network; its first layer is kept.
    config
        Threshold.
    count
        How many layers, of six directions each.
    rng
        Draws them.
    weights
        "normal" or "whitened".

    Returns
    -------
    Chance
        Of each layer, the unit that the rule picks and one that is not picked.
    """
    own = fitted_layer(trained.fitted)
    chosen, unchosen = [], []
    for _ in range(count):
        layer = random_layer(6, rng)
        if weights == "whitened":
            # canonical directions are white: any rotation of them is as white
            layer = replace(own, filters=np.linalg.qr(layer.filters)[0] @ own.filters)
        chosen.append(measure(trained, layer, config, every=SPARSE))
        one = replace(layer, filters=layer.filters[:1])
        unchosen.append(measure(trained, one, config, pick=_first_half, every=SPARSE))
    return Chance(weights, tuple(chosen), tuple(unchosen))


def _taught_by(fitted: Fitted, movies: list[np.ndarray], config: MotionConfig) -> SecondLayer:
    network = fitted.network
    columns = list(network.layers[1].inputs or ())
    first = network.valid_from_[0]
    seen = [out[first:][:, :, columns].reshape(-1, 6) for out in network.transform(movies, layer=0)]
    return learned_layer(seen, config)


def _plan(pathway: Pathway, config: MotionConfig, objective: Objective) -> list:
    layers = motion_layers(
        pathway, memory=config.memory, horizon=config.horizon, gap=config.gap, center=config.center
    )
    return [replace(layer, objective=objective) for layer in layers]


def _first_half(filters: np.ndarray) -> list[int]:
    del filters
    return [0]
