"""Detectors of motion in two dimensions: learned by groups that compete, chosen on training scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from lamina.circuits import peak_response
from lamina.experiments.motion_2d.competition import Groups, Moments, compete, moments_of
from lamina.experiments.motion_2d.config import CELLS, Motion2DConfig
from lamina.experiments.motion_2d.scenes import Movies
from lamina.experiments.motion_2d.tuning import Tuning, difference, measure
from lamina.resu import ReSULayer, ReSUNetwork
from lamina.simulate.grid_stimuli import drifting_grating_2d, moving_edge_2d
from lamina.stats import truncated_cca

SECTORS = 12
"""Parts of the circle into which movies are sorted by their direction, to measure tuning to scenes."""

ON_AXIS_DEG = 15.0
"""The rule takes units whose preferred direction on training scenes is this near to the group's axis."""

LEAST_PEAK = 1.0
"""The rule takes units whose peak response is at least this, in standard deviations."""

HEADLINE = "ON/OFF pattern"

OTHER_HALF = "ON/OFF pattern, other half"
"""What the other half of a detector's direction answers, where contrast changes the other way."""

_GRATINGS: tuple[tuple[str, Literal["sine", "square"]], ...] = (
    (HEADLINE, "square"),
    ("sine grating", "sine"),
)
_EDGES: tuple[tuple[str, Literal["on", "off"]], ...] = (("ON edge", "on"), ("OFF edge", "off"))


@dataclass(frozen=True, eq=False)
class Detector:
    """One rectified unit of the second layer, and what it does.

    Parameters
    ----------
    weights
        ``(5, 3)``: up, left, centre, right, down; L3, L1, L2; in units that make the response on training
        scenes have standard deviation 1 before rectification.
    direction
        Which canonical direction of its group, from 0.
    group_deg
        Mean direction of the movies that its group has won.
    training
        Tuning to the scenes that it learned from.
    on_rule
        Whether a unit met the rule; otherwise the one with the largest index was taken.
    curves
        Peak responses to patterns that move in ``config.angles_deg``, by the name of the pattern.
    held_out
        ``(12,)`` peak responses to scenes not learned from, by direction; empty where not measured.
    """

    weights: np.ndarray
    direction: int
    group_deg: float
    training: Tuning
    on_rule: bool
    curves: Mapping[str, np.ndarray]
    held_out: np.ndarray

    def tuning(self, config: Motion2DConfig, pattern: str = HEADLINE) -> Tuning:
        """Measure the tuning to a pattern."""
        return measure(config.angles_deg, self.curves[pattern])

    def respond(self, inputs: np.ndarray, sign: float = 1.0) -> np.ndarray:
        """Return rectified responses to ``(..., 15)`` inputs; with ``sign`` -1 those of the other half."""
        return np.maximum(sign * (inputs @ self.weights.ravel().astype(inputs.dtype)), 0.0)


@dataclass(frozen=True, eq=False)
class Photoreceptors:
    """Layer 1, and what layer 2 sees of it: L3, L1 and L2 of a photoreceptor and its four neighbours."""

    network: ReSUNetwork
    layer: ReSULayer

    def inputs(self, seen: Sequence[np.ndarray]) -> np.ndarray:
        """Return ``(movies, time, rows, columns, 15)`` in single precision, from where windows are whole."""
        start = self.network.valid_from_[0]
        outputs = np.stack([np.asarray(each)[start:] for each in self.network.transform(list(seen))])
        below = np.moveaxis(outputs.astype(np.float32), (2, 3), (0, 1))
        fields = np.asarray(self.layer.receptive_fields(below, axes=2))
        return np.moveaxis(fields, (0, 1), (2, 3))


def learn_photoreceptors(movies: Movies, config: Motion2DConfig) -> Photoreceptors:
    """Learn L3, L1 and L2 from what single photoreceptors see."""
    first = ReSULayer(config.memory, config.horizon, 2, rectify=("none", "split"))
    above = ReSULayer(1, 1, 15, gap=config.gap, width=3, field="cross", center=False)
    return Photoreceptors(ReSUNetwork([first]).fit(movies.seen), above)


def pairs(inputs: np.ndarray, config: Motion2DConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return present and future, ``(movies, time, positions, channels)``, every few samples."""
    flat = inputs.reshape(*inputs.shape[:2], -1, inputs.shape[-1])
    starts = range(0, flat.shape[1] - config.gap, config.every)
    past = flat[:, starts]
    return past, flat[:, [start + config.gap for start in starts]]


def learn_groups(inputs: np.ndarray, config: Motion2DConfig, rng: np.random.Generator) -> Groups:
    """Let four groups compete, from several starts, and return the one that forecasts best."""
    past, future = pairs(inputs, config)
    interval = config.every * config.dt_s
    found = [
        compete(past, future, len(CELLS), config.leak_s, interval, config.rounds, rng)
        for _ in range(config.restarts)
    ]
    return max(found, key=lambda groups: groups.score)


def told_groups(inputs: np.ndarray, movies: Movies, config: Motion2DConfig) -> list[Moments]:
    """Return the moments of movies within 45 degrees of each cardinal direction, for comparison."""
    past, future = pairs(inputs, config)
    found = []
    for angle in CELLS.values():
        near = np.abs(difference(movies.directions, angle)) <= 45.0
        found.append(moments_of(past[near], future[near], np.ones(past[near].shape[:3], dtype=bool)))
    return found


def group_directions(groups: Groups, movies: Movies) -> np.ndarray:
    """Return mean directions of the movies that groups have won, as complex numbers of length 0 to 1."""
    ways = np.exp(1j * np.deg2rad(movies.directions))
    shares = [(groups.winners == group).mean(axis=(1, 2)) for group in range(len(groups.moments))]
    return np.array([np.sum(share * ways) / max(share.sum(), 1e-12) for share in shares])


def canonical_directions(moments: Moments) -> np.ndarray:
    """Return the canonical directions of a group, ``(directions, channels)``."""
    found = truncated_cca(moments.past, moments.future, moments.cross, rcond=1e-6)
    return np.asarray(found.past_filters)


def choose(
    directions: np.ndarray, axis_deg: float, inputs: np.ndarray, movies: Movies, config: Motion2DConfig
) -> Detector:
    """Choose a rectified unit by its responses to training scenes, and test it on moving patterns.

    Of every direction the half that L1 excites more than L2 is a T4, and the other half a T5. Among the T4 it
    is the one with the largest index, of those that prefer a direction along the group's axis, either way,
    and respond with a standard deviation at least.

    Parameters
    ----------
    directions
        ``(directions, channels)`` filters of a second layer.
    axis_deg
        Mean direction of what they learned from.
    inputs, movies
        What the layer sees of the training scenes, and how these move.
    config
        Settings.

    Returns
    -------
    Detector
        Without responses to patterns, which `with_responses` adds.
    """
    responses = inputs[:, :: config.every] @ directions.T.astype(np.float32)
    scale = np.sqrt(np.mean(np.square(responses), axis=(0, 1, 2, 3), dtype=np.float64))
    scale = np.where(scale > 1e-6 * scale.max(), scale, np.inf)
    lamina = directions.reshape(-1, 5, 3).sum(axis=1)
    sign = np.where(lamina[:, 1] > lamina[:, 2], 1.0, -1.0)
    # peaks of positive halves come first
    peaks = np.split(sector_peaks(responses / scale.astype(np.float32), movies), 2, axis=1)
    angles = sector_angles()
    tunings = [measure(angles, curve) for curve in np.where(sign > 0, *peaks).T]
    preferred = np.array([each.preferred_deg for each in tunings])
    # doubled angles: along the axis either way
    off_axis = np.abs(difference(2 * preferred, 2 * axis_deg)) / 2
    met = (off_axis <= ON_AXIS_DEG) & (np.array([each.peak for each in tunings]) >= LEAST_PEAK)
    index = np.array([each.index for each in tunings])
    best = int(np.argmax(np.where(met, index, index - 2.0)))
    weights = sign[best] * directions[best] / scale[best]
    return Detector(weights.reshape(5, 3), best, axis_deg, tunings[best], bool(met[best]), {}, np.empty(0))


def pattern_inputs(photoreceptors: Photoreceptors, config: Motion2DConfig) -> dict[str, np.ndarray]:
    """Return what a detector sees of moving patterns, ``(directions, time, 15)`` by name."""
    retina = config.grid(3, 3)
    frequency = config.speed_deg_per_s / config.wavelength_deg
    seconds = config.memory * config.dt_s + 2 / frequency
    patterns: dict[str, list[np.ndarray]] = {HEADLINE: [], "sine grating": [], "ON edge": [], "OFF edge": []}
    for angle in config.angles_deg:
        way = float(angle)
        for name, shape in _GRATINGS:
            patterns[name].append(
                drifting_grating_2d(
                    retina, config.wavelength_deg, frequency, way, duration_s=seconds, waveform=shape
                )
            )
        for name, polarity in _EDGES:
            patterns[name].append(
                moving_edge_2d(retina, config.speed_deg_per_s, way, polarity, duration_s=seconds)
            )
    return {name: photoreceptors.inputs(seen)[:, :, 0, 0] for name, seen in patterns.items()}


def sector_peaks(responses: np.ndarray, movies: Movies) -> np.ndarray:
    """Return peaks of both halves of units, ``(12, 2 units)``, by the direction in which scenes moved."""
    sector = sectors(movies)
    peaks = []
    for each in range(SECTORS):
        flat = responses[sector == each].reshape(-1, responses.shape[-1])
        peaks.append(np.concatenate([peak_response(flat), peak_response(-flat)]))
    return np.array(peaks)


def sectors(movies: Movies) -> np.ndarray:
    """Return the part of the circle that each movie moves in, from 0."""
    return np.floor(movies.directions % 360.0 / (360.0 / SECTORS)).astype(int)


def sector_angles() -> np.ndarray:
    """Return the middles of the parts of the circle, in degrees."""
    return (np.arange(SECTORS) + 0.5) * 360.0 / SECTORS


def name_detectors(detectors: Sequence[Detector]) -> dict[str, Detector]:
    """Name four detectors after the cardinal directions that they prefer in training, each name once."""
    angles = list(CELLS.values())
    cost = [
        [abs(float(difference(each.training.preferred_deg, angle))) for angle in angles] for each in detectors
    ]
    rows, columns = linear_sum_assignment(np.nan_to_num(cost, nan=180.0))
    names = list(CELLS)
    found = {names[column]: detectors[row] for row, column in zip(rows, columns, strict=True)}
    return {name: found[name] for name in names}


def with_responses(
    detector: Detector,
    patterns: Mapping[str, np.ndarray],
    held_out: tuple[np.ndarray, Movies] | None = None,
) -> Detector:
    """Return a detector with its responses to patterns, and to scenes that it did not learn from."""
    curves = {
        name: np.array([float(peak_response(detector.respond(each))) for each in seen])
        for name, seen in patterns.items()
    }
    other = [float(peak_response(detector.respond(each, -1.0))) for each in patterns[HEADLINE]]
    curves[OTHER_HALF] = np.array(other)
    scenes = np.empty(0)
    if held_out is not None:
        inputs, movies = held_out
        scenes = sector_peaks(detector.respond(inputs)[..., None], movies)[:, 0]
    return replace(detector, curves=curves, held_out=scenes)
