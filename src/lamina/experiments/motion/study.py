"""All that is asked of a unit once it is chosen: how it is tuned, and which inputs make it so."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.circuits import MotionDetector
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.mechanism import Mechanism, explain
from lamina.experiments.motion.speeds import SpeedTuning, tune_to_speed
from lamina.experiments.motion.tuning import Tuning, tune


@dataclass(frozen=True, eq=False)
class Study:
    """Tuning and mechanism of one unit.

    Parameters
    ----------
    gratings
        Responses to sine gratings.
    speeds
        Responses to edges and bars over speed.
    mechanism
        What each input does.
    """

    gratings: Tuning
    speeds: SpeedTuning
    mechanism: Mechanism


def study(detector: MotionDetector, config: MotionConfig) -> Study:
    """Show a unit gratings, edges and bars, and silence its inputs.

    Parameters
    ----------
    detector
        The unit.
    config
        Retina, speeds and threshold.

    Returns
    -------
    Study
        What was found.
    """
    return Study(tune(detector, config), tune_to_speed(detector, config), explain(detector, config))
