"""All that asks whether the detectors are what they seem: robustness, held-out images and controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.controls import TRAINED, Probed
from lamina.experiments.motion.held_out_images import HeldOutImage, leave_each_out
from lamina.experiments.motion.outcome import Outcome
from lamina.experiments.motion.robustness import Robustness, vary
from lamina.experiments.natural_scenes import Scene
from lamina.typing import Progress

FACTORS = ("spacing", "gap", "memory", "noise")
ROBUSTNESS_SHARE = 0.65
"""Part of the time that goes into robustness; the rest goes into held-out images."""


@dataclass(frozen=True, eq=False)
class Scrutiny:
    """Robustness, held-out images and controls of one run.

    Parameters
    ----------
    config
        Settings.
    bundled
        Whether the scenes are the bundled photographs; nothing is promised of others.
    robustness
        One setting changed at a time.
    images
        One image left out at a time; empty if there is only one.
    probed
        Controls of T4a and T4b of each repetition.
    """

    config: MotionConfig
    bundled: bool
    robustness: Robustness
    images: list[HeldOutImage]
    probed: list[Probed]

    def outcomes(self, control: str) -> list[Outcome]:
        """Collect one control's outcomes, T4a's and T4b's of each repetition in turn."""
        return [one.outcomes[control] for one in self.probed]

    def indices(self, control: str, where: str = "pattern") -> np.ndarray:
        """Collect one control's indices on the "pattern" or on unseen "scenes"."""
        return np.array([getattr(one, where).index for one in self.outcomes(control)])

    def gains(self, control: str, where: str) -> np.ndarray:
        """How far each detector's index lies above that of its own control."""
        return self.indices(TRAINED, where) - self.indices(control, where)

    def chance(self, weights: str, where: str = "pattern", *, chosen: bool = True) -> np.ndarray:
        """Collect magnitudes of the indices of random second layers, of all repetitions."""
        return np.array(
            [
                abs(getattr(one, where).index)
                for probed in self.probed
                for chance in probed.chances
                if chance.weights == weights
                for one in (chance.chosen if chosen else chance.unchosen)
            ]
        )


def scrutinise(
    scenes: Sequence[Scene],
    config: MotionConfig,
    probed: Sequence[Probed],
    progress: Progress,
    *,
    bundled: bool = True,
    step: int = 1,
) -> Scrutiny:
    """Vary settings and leave out images, and put the results beside the controls.

    Parameters
    ----------
    scenes
        All scenes.
    config
        Settings.
    probed
        Controls of T4a and T4b of each repetition, from `lamina.experiments.motion.controls.probe`.
    progress
        Called with the fraction done and what is being done.
    bundled
        Whether the scenes are the bundled photographs.
    step
        Every how many values of each setting's range are tried.

    Returns
    -------
    Scrutiny
        All of it.
    """
    robustness = vary(scenes, config, lambda done, what: progress(ROBUSTNESS_SHARE * done, what), step=step)
    images = leave_each_out(
        scenes, config, lambda done, what: progress(ROBUSTNESS_SHARE + (1 - ROBUSTNESS_SHARE) * done, what)
    )
    return Scrutiny(config, bundled, robustness, images, list(probed))
