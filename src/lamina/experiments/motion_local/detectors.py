"""Layer 2: six weights on what layer 1 shows of three photoreceptors, and the detector among its units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lamina.circuits import direction_selectivity_index
from lamina.circuits.detector import N_INPUTS, Pathway, choose_output, rectified_peaks, response_scale
from lamina.experiments.motion_local.config import MotionLocalConfig
from lamina.experiments.motion_local.lamina_cells import LaminaCells, cosines
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.resu import ReSU
from lamina.simulate import drifting_grating

INPUTS = 2 * N_INPUTS

ACROSS = np.kron(cosines(N_INPUTS, N_INPUTS), np.eye(2))
"""Cosines over the three pixels, of L1 (or L2) and of L3: their sum, their slope, centre against surround."""

Sides = dict[int, np.ndarray]
"""What layer 2 sees of something that moves to the right and to the left, ``(samples, 6)`` each."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What layer 2 sees of the training scenes, of the test pattern, and of rows not trained on."""

    train: Sides
    pattern: Sides
    held_out: Sides


@dataclass(frozen=True)
class Verdict:
    """A unit of layer 2 that was chosen on training scenes, and its responses in standard deviations.

    Parameters
    ----------
    output
        2 k for the positive half of direction k, 2 k + 1 for the negative.
    training_index
        Its index on the training scenes, by which it was chosen.
    preferred, null
        Peak responses to the test pattern.
    held_out
        Index on rows not trained on; negative if they turn its preference round.
    """

    output: int
    training_index: float
    preferred: float
    null: float
    held_out: float

    @property
    def index(self) -> float:
        """Direction selectivity index on the test pattern, negative if it turns the preference round."""
        return float(direction_selectivity_index(self.preferred, self.null))


def layer_2_inputs(cells: LaminaCells, movies: Sequence[np.ndarray], pathway: Pathway) -> list[np.ndarray]:
    """Return what layer 2 sees of each movie: L1 (or L2) and L3 of the left, centre and right pixel.

    Parameters
    ----------
    cells
        Layer 1.
    movies
        ``(time, 3)`` each.
    pathway
        "T4" sees L1, the positive half of the second filter; "T5" sees L2, the negative one.

    Returns
    -------
    list of numpy.ndarray
        ``(time - memory + 1, 6)`` each.
    """
    half = 1.0 if pathway == "T4" else -1.0
    shown: list[np.ndarray] = []
    for movie in movies:
        outputs = np.stack([cells.respond(movie[:, pixel]) for pixel in range(N_INPUTS)], axis=1)
        rectified = np.maximum(half * outputs[:, :, 1], 0.0)
        shown.append(np.stack([rectified, outputs[:, :, 0]], axis=2).reshape(-1, INPUTS))
    return shown


def batch_weights(shown: Sequence[np.ndarray], gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Return layer 2 by uncentred batch CCA: six directions ``(6, 6)``, and their correlations ``(6,)``."""
    unit = ReSU(1, 1, INPUTS, gap=gap, center=False).fit(list(shown))
    return np.asarray(unit.filters_)[:, 0, :], np.asarray(unit.canonical_correlations_)


def look(
    cells: LaminaCells,
    movies: Mapping[int, Sequence[np.ndarray]],
    held_out: Mapping[int, Sequence[np.ndarray]],
    pathway: Pathway,
    config: MotionLocalConfig,
) -> Seen:
    """Send training scenes, test pattern and held-out rows through layer 1."""
    pattern = test_pattern(config)
    train, tested, others = (
        {side: np.concatenate(layer_2_inputs(cells, each[side], pathway)) for side in (RIGHT, LEFT)}
        for each in (movies, {side: [pattern[side]] for side in (RIGHT, LEFT)}, held_out)
    )
    return Seen({side: inputs[:: config.every] for side, inputs in train.items()}, tested, others)


def choose(seen: Seen, weights: np.ndarray, way: int) -> Verdict:
    """Choose a unit by the rule of the motion experiment, and test it.

    The rule: of both halves of all directions, the one with the largest index on the training scenes.

    Parameters
    ----------
    seen
        What layer 2 sees.
    weights
        ``(directions, 6)``.
    way
        The motion trained on.

    Returns
    -------
    Verdict
        The unit and its responses.
    """
    none = np.zeros(INPUTS)
    scale = response_scale(seen.train[way], weights, none)
    peaks = {
        name: [rectified_peaks(sides[side], weights, none, scale) for side in (way, -way)]
        for name, sides in (("train", seen.train), ("pattern", seen.pattern), ("held_out", seen.held_out))
    }
    output, index = choose_output(*peaks["train"])
    turn = 1 if index > 0 else -1
    (preferred, null), others = (
        [float(side[output]) for side in peaks[name][::turn]] for name in ("pattern", "held_out")
    )
    return Verdict(output, abs(index), preferred, null, float(direction_selectivity_index(*others)))


def test_pattern(config: MotionLocalConfig) -> Sides:
    """Return alternating ON and OFF edges moving either way: one memory to fill the filters, then periods."""
    frequency = config.velocity_deg_per_s / config.wavelength_deg
    samples = config.memory - 1 + round(config.periods / frequency / config.dt_s)
    return {
        way: drifting_grating(
            config.retina,
            config.wavelength_deg,
            way * frequency,
            duration_s=samples * config.dt_s,
            waveform="square",
        )
        for way in (RIGHT, LEFT)
    }


test_pattern.__test__ = False  # type: ignore[attr-defined]  # the name is no invitation to pytest
