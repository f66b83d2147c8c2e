r"""Which of a detector's six inputs make it prefer one direction.

The response before rectification is a sum over inputs, so that its difference between the two directions is
one too, exactly:

.. math:: z^P(t_P) - z^N(t_N) = \sum_i w_i \left[x_i^P(t_P) - x_i^N(t_N)\right],

at those moments :math:`t_P` and :math:`t_N` at which the three L3 inputs together drive the unit most.

Beside these shares stand the indices with one input silenced, and with one input alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.circuits import MotionDetector, detector_inputs, peak_response
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.detectors import Response, weighted
from lamina.experiments.motion.stimuli import Pair, headline_pattern
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.simulate import moving_edge

PLACES = ("left", "centre", "right")
SUSTAINED = 1
"""Row of L3 among the two cell types."""


@dataclass(frozen=True, eq=False)
class Mechanism:
    """What each input does.

    Parameters
    ----------
    intact
        Response to the headline pattern.
    without
        Response with an input silenced: "L1 left" … "L3 right", "all L1" and "all L3" (L2 for T5).
    alone
        Response with a single input.
    shares
        ``(2, 3)`` parts of the difference between the directions when L3 drives the unit most, in standard
        deviations: L1 (or L2) and L3; left, centre, right. Their sum is the difference.
    at_peak
        ``(2, 3)`` weighted inputs at the highest point in the preferred direction.
    edge_change, edge_time_s
        ``(3,)`` by how much each weighted L3 input has changed in the end when an edge has passed in the
        preferred direction, and when half of it was reached, counted from the edge at the centre. The edge is
        of the polarity that the unit answers more.
    edge
        This polarity, "ON" or "OFF".
    """

    intact: Response
    without: dict[str, Response]
    alone: dict[str, Response]
    shares: np.ndarray
    at_peak: np.ndarray
    edge_change: np.ndarray
    edge_time_s: np.ndarray
    edge: str

    @property
    def leads(self) -> bool:
        """Whether one outer L3 input excites, before the other two L3 inputs inhibit."""
        first = 0 if self.edge_time_s[0] < self.edge_time_s[2] else 2
        others = [place for place in range(3) if place != first]
        return bool(
            self.edge_change[first] > 0
            and np.all(self.edge_change[others] < 0)
            and np.all(self.edge_time_s[others] > self.edge_time_s[first])
        )


def input_names(pathway: str) -> tuple[str, ...]:
    """Return the six inputs in the order of the second layer's columns."""
    transient = "L1" if pathway == "T4" else "L2"
    return tuple(f"{cell} {place}" for place in PLACES for cell in (transient, "L3"))


def explain(detector: MotionDetector, config: MotionConfig) -> Mechanism:
    """Silence the inputs of a detector, and take the difference between the directions apart.

    Parameters
    ----------
    detector
        The unit.
    config
        The headline pattern, and the edge's speed. No threshold is used.

    Returns
    -------
    Mechanism
        What was found.
    """
    inputs = _both_ways(detector, headline_pattern(config))
    names = input_names(detector.pathway)
    transient = names[0][:2]
    each = {name: [column] for column, name in enumerate(names)}
    silenced = {**each, f"all {transient}": [0, 2, 4], "all L3": [1, 3, 5]}
    everything = set(range(6))
    preferred, null = inputs[detector.preferred], inputs[-detector.preferred]
    at_peak = preferred[preferred.sum(axis=1).argmax()]
    driven, cancelled = (each[each[:, SUSTAINED::2].sum(axis=1).argmax()] for each in (preferred, null))
    polarity, change, times = _edge_course(detector, config)
    return Mechanism(
        _response(detector, inputs, sorted(everything)),
        {name: _response(detector, inputs, sorted(everything - set(off))) for name, off in silenced.items()},
        {name: _response(detector, inputs, on) for name, on in each.items()},
        (driven - cancelled).reshape(3, 2).T,
        at_peak.reshape(3, 2).T,
        change,
        times,
        polarity,
    )


def _both_ways(detector: MotionDetector, pair: Pair) -> dict[int, np.ndarray]:
    return {
        side: weighted(detector, detector_inputs(detector.network, [pair[side]])) for side in (RIGHT, LEFT)
    }


def _response(detector: MotionDetector, inputs: dict[int, np.ndarray], columns: list[int]) -> Response:
    ways = (detector.preferred, -detector.preferred)
    return Response(*(float(peak_response(inputs[side][:, columns].sum(axis=1))) for side in ways))


def _edge_course(detector: MotionDetector, config: MotionConfig) -> tuple[str, np.ndarray, np.ndarray]:
    """Return the polarity answered more, and change and half time of the weighted L3 inputs to its edge."""
    velocity = detector.preferred * config.velocity_deg_per_s
    # both edges begin with one memory of rest, and end with one
    duration = 2 * config.memory * config.dt_s + 2 * config.retina.extent_deg / config.velocity_deg_per_s
    courses = {
        polarity.upper(): weighted(
            detector,
            detector_inputs(
                detector.network,
                [moving_edge(config.retina, velocity, polarity, duration_s=duration)],
            ),
        )
        for polarity in ("on", "off")
    }
    edge = max(courses, key=lambda name: courses[name].sum(axis=1).max())
    followed = courses[edge][:, SUSTAINED::2]
    moved = followed - followed[0]
    half = (np.abs(moved) >= np.abs(moved[-1]) / 2).argmax(axis=0)
    samples = len(followed) + config.memory - 1
    times = (half + config.memory - 1 - (samples - 1) / 2) * config.dt_s
    return edge, moved[-1], times
