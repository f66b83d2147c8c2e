"""One detector of the motion experiment: fitted, chosen on training scenes, tested on patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.circuits import (
    MotionDetector,
    choose_detector,
    detector_inputs,
    direction_selectivity_index,
    fit_motion_network,
    motion_layers,
    peak_response,
)
from lamina.circuits.detector import Pathway, choose_output, rectified_peaks, response_scale, second_layer
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.stimuli import HEADLINE, Pair, battery, headline_pattern
from lamina.experiments.natural_scenes import LEFT, RIGHT, Split, move
from lamina.resu import ReSUNetwork

CELLS: tuple[tuple[str, Pathway, int], ...] = (
    ("T4a", "T4", RIGHT),
    ("T4b", "T4", LEFT),
    ("T5a", "T5", RIGHT),
    ("T5b", "T5", LEFT),
)
"""Name, pathway, and the motion that its network is trained on."""

PAPER_DIRECTION = 1
"""The second direction, which the paper takes for T4."""


@dataclass(frozen=True)
class Response:
    """Peak responses to motion in the preferred and the null direction, in standard deviations."""

    preferred: float
    null: float

    @property
    def index(self) -> float:
        """(P - N) / (P + N); negative if a test pattern turns the preference of the training scenes round."""
        return float(direction_selectivity_index(self.preferred, self.null))


@dataclass(frozen=True, eq=False)
class Training:
    """Movies of one repetition: each row moving either way, to train on and to test on."""

    train: dict[int, list[np.ndarray]]
    test: dict[int, list[np.ndarray]]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network, and what its second layer sees of the training scenes and of the headline pattern."""

    network: ReSUNetwork
    way: int
    scenes: dict[int, np.ndarray]
    pattern: dict[int, np.ndarray]
    lengths: list[int]


@dataclass(frozen=True)
class Judged:
    """A second layer's unit, chosen by the rule: which, its index in training, and its test responses.

    ``way`` is +1 if it prefers the motion trained on, -1 if the opposite.
    """

    output: int
    way: int
    training_index: float
    response: Response


@dataclass(frozen=True, eq=False)
class Tested:
    """A chosen detector and what it did.

    Parameters
    ----------
    detector
        The unit.
    responses
        To every test pattern.
    training, held_out
        To the scenes trained on, and to scenes from rows not trained on.
    swings
        From peak to trough before rectification: to the headline pattern ("pattern") and to scenes from rows
        not trained on ("held-out scenes"), in the directions that the rectified unit prefers and does not.
    directions
        ``(6, 2)`` index of every direction's positive and negative half on the headline pattern, positive if
        it prefers the motion that was trained on.
    paper
        Index of the paper's second direction, of the half that the same rule picks; likewise signed.
    """

    detector: MotionDetector
    responses: dict[str, Response]
    training: Response
    held_out: Response
    swings: dict[str, Response]
    directions: np.ndarray
    paper: float

    @property
    def headline(self) -> Response:
        """Response to the ON/OFF pattern."""
        return self.responses[HEADLINE]


def training_movies(splits: Sequence[Split], config: MotionConfig, repetition: int) -> Training:
    """Move the rows of one repetition both ways, with their own noise."""
    rng = config.rng(repetition, 2)
    train, test = (
        {way: move(splits, part, way, config, config.noise, rng) for way in (RIGHT, LEFT)}
        for part in ("train", "test")
    )
    return Training(train, test)


def fit_detectors(training: Training, pathway: Pathway, way: int, config: MotionConfig) -> Fitted:
    """Fit both layers on scenes that move one way, and look at scenes and pattern through the first."""
    layers = motion_layers(
        pathway, memory=config.memory, horizon=config.horizon, gap=config.gap, center=config.center
    )
    network = fit_motion_network(training.train[way], layers)
    pattern = headline_pattern(config)
    return Fitted(
        network,
        way,
        {side: detector_inputs(network, training.train[side]) for side in (RIGHT, LEFT)},
        {side: detector_inputs(network, [pattern[side]]) for side in (RIGHT, LEFT)},
        [len(movie) - network.valid_from_[0] for movie in training.train[way]],
    )


def judge(
    fitted: Fitted,
    filters: np.ndarray,
    means: np.ndarray,
    *,
    allowed: Sequence[int] | None = None,
    threshold: float = 0.0,
    every: int = 1,
) -> Judged:
    """Choose a unit of a second layer by the rule, on training scenes, and test it on the headline pattern.

    Parameters
    ----------
    fitted
        Whose first layer is used.
    filters
        ``(directions, 6)`` of the second layer to judge, which need not be the fitted one.
    means
        ``(6,)`` that this layer subtracts.
    allowed
        Outputs among which to choose; all by default.
    threshold
        In standard deviations.
    every
        Look at every how many samples of the training scenes.

    Returns
    -------
    Judged
        The unit and its responses.
    """
    way = fitted.way
    scale = response_scale(fitted.scenes[way][::every], filters, means)
    candidates = np.arange(2 * len(filters)) if allowed is None else np.asarray(allowed)
    best, index = choose_output(
        *(
            rectified_peaks(fitted.scenes[side][::every], filters, means, scale)[candidates]
            for side in (way, -way)
        )
    )
    output = int(candidates[best])
    preference = 1 if index > 0 else -1
    preferred, null = (
        max(0.0, float(rectified_peaks(fitted.pattern[side], filters, means, scale)[output]) - threshold)
        for side in (preference * way, -preference * way)
    )
    return Judged(output, preference, abs(index), Response(preferred, null))


def test_detector(fitted: Fitted, pathway: Pathway, training: Training, config: MotionConfig) -> Tested:
    """Choose the detector on the training scenes, then test it on patterns and on other rows."""
    way = fitted.way
    detector = choose_detector(fitted.network, pathway, fitted.scenes[way], fitted.scenes[-way], way)
    return measure(detector, fitted, training, config)


test_detector.__test__ = False  # type: ignore[attr-defined]  # the name is no invitation to pytest


def measure(detector: MotionDetector, fitted: Fitted, training: Training, config: MotionConfig) -> Tested:
    """Test a unit of a fitted network on patterns, on the scenes trained on and on other rows.

    Parameters
    ----------
    detector
        A unit of the network.
    fitted
        The network, and what its second layer sees.
    training
        The movies, of which those to test on are used.
    config
        Patterns and threshold.

    Returns
    -------
    Tested
        What the unit did.
    """
    way, level = fitted.way, config.threshold
    filters, means = second_layer(fitted.network)
    scale = response_scale(fitted.scenes[way], filters, means)
    directions = direction_selectivity_index(
        *(rectified_peaks(fitted.pattern[side], filters, means, scale) for side in (way, -way))
    ).reshape(-1, 2)
    paper = judge(fitted, filters, means, allowed=(2 * PAPER_DIRECTION, 2 * PAPER_DIRECTION + 1))
    held_out = {side: detector_inputs(fitted.network, training.test[side]) for side in (RIGHT, LEFT)}
    names, pairs = zip(*battery(config), strict=True)
    return Tested(
        detector,
        dict(zip(names, respond(detector, pairs, level), strict=True)),
        _peaks(detector, fitted.scenes, level),
        _peaks(detector, held_out, level),
        {"pattern": _swings(detector, fitted.pattern), "held-out scenes": _swings(detector, held_out)},
        directions,
        paper.way * paper.response.index,
    )


def respond(detector: MotionDetector, pairs: Sequence[Pair], threshold: float) -> list[Response]:
    """Peak responses of a detector to each pattern moving as it prefers, and the other way."""
    ways = (detector.preferred, -detector.preferred)
    movies = [pair[side] for pair in pairs for side in ways]
    first = detector.network.valid_from_[-1]
    # all at once: a call costs more than a short movie
    outputs = detector.network.transform(movies)
    peaks = [
        float(peak_response(each[first:, 0, detector.output] / detector.scale - threshold))
        for each in outputs
    ]
    return [Response(*peaks[at : at + 2]) for at in range(0, len(peaks), 2)]


def weighted(detector: MotionDetector, inputs: np.ndarray) -> np.ndarray:
    """Weight what the second layer sees as a detector does, in standard deviations: the sum is its response.

    Parameters
    ----------
    detector
        The unit.
    inputs
        ``(samples, 6)`` from `lamina.circuits.detector_inputs`.

    Returns
    -------
    numpy.ndarray
        ``(samples, 6)``: L1 (or L2) and L3 of the left, the centre and the right pixel. What the layer
        subtracts as its mean is taken off each.
    """
    filters, means = second_layer(detector.network)
    return (inputs - means) * filters[detector.direction] * (detector.sign / detector.scale)


def _peaks(detector: MotionDetector, inputs: dict[int, np.ndarray], threshold: float) -> Response:
    ways = (detector.preferred, -detector.preferred)
    responses = (weighted(detector, inputs[side]).sum(axis=1) for side in ways)
    return Response(*(float(peak_response(response - threshold)) for response in responses))


def _swings(detector: MotionDetector, inputs: dict[int, np.ndarray]) -> Response:
    ways = (detector.preferred, -detector.preferred)
    responses = (weighted(detector, inputs[side]).sum(axis=1) for side in ways)
    return Response(*(float(peak_response(z) + peak_response(-z)) for z in responses))


def untrained_indices(fitted: Fitted, count: int, rng: np.random.Generator) -> np.ndarray:
    """Give the second layer random weights, choose by the same rule, and return the indices.

    Parameters
    ----------
    fitted
        Its first layer is kept.
    count
        How many networks.
    rng
        Draws the weights, independent and normal; six directions each.

    Returns
    -------
    numpy.ndarray
        ``(count,)`` magnitudes of the indices on the headline pattern.
    """
    none = np.zeros(6)
    # the percentile of every tenth sample of some 10^5 is the same to about a part in a hundred
    judged = (judge(fitted, rng.standard_normal((6, 6)), none, every=10) for _ in range(count))
    return np.array([abs(one.response.index) for one in judged])
