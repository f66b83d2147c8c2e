"""How a detector answers edges, bars and the ON/OFF pattern at different speeds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lamina.circuits import MotionDetector, direction_selectivity_index
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.detectors import respond
from lamina.experiments.motion.stimuli import HEADLINE, Pair, headline_pattern
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.simulate import moving_bar, moving_edge

PATTERNS = ("ON edge", "OFF edge", "ON bar", "OFF bar", HEADLINE)

SILENT_SD = 0.01
"""Standard deviations below which an index would be a ratio of two nothings."""


@dataclass(frozen=True, eq=False)
class SpeedTuning:
    """Responses of one detector to edges, bars and the ON/OFF pattern over speed.

    Parameters
    ----------
    speeds_deg_per_s
        ``(speeds,)``.
    peaks
        For each pattern ``(speeds, 2)`` peak responses to the preferred and the null direction, in standard
        deviations.
    """

    speeds_deg_per_s: np.ndarray
    peaks: dict[str, np.ndarray]

    def index(self, pattern: str) -> np.ndarray:
        """Return the index at every speed, ``(speeds,)``; NaN where neither direction moves the detector."""
        preferred, null = self.peaks[pattern].T
        shown = direction_selectivity_index(preferred, null)
        return np.where(np.maximum(preferred, null) > SILENT_SD, shown, np.nan)


def tune_to_speed(detector: MotionDetector, config: MotionConfig) -> SpeedTuning:
    """Show a detector edges, bars and the ON/OFF pattern at every speed, both ways.

    Parameters
    ----------
    detector
        Chosen on training scenes.
    config
        Retina, speeds, width of the bars and threshold.

    Returns
    -------
    SpeedTuning
        Peak responses.
    """
    speeds = config.speeds_deg_per_s
    shown = [_pair(name, speed, config) for name in PATTERNS for speed in speeds]
    found = respond(detector, shown, config.threshold)
    peaks = np.array([[each.preferred, each.null] for each in found]).reshape(len(PATTERNS), -1, 2)
    return SpeedTuning(np.array(speeds), dict(zip(PATTERNS, peaks, strict=True)))


def _pair(name: str, speed: float, config: MotionConfig) -> Pair:
    if name == HEADLINE:
        return headline_pattern(replace(config, velocity_deg_per_s=speed))
    polarity = "on" if name.startswith("ON") else "off"
    if name.endswith("edge"):
        return {way: moving_edge(config.retina, way * speed, polarity) for way in (RIGHT, LEFT)}
    return {way: moving_bar(config.retina, way * speed, config.bar_deg, polarity) for way in (RIGHT, LEFT)}
