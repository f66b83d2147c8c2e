"""What each modelling choice does to the index, as a table: one line per change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.experiments.motion.robustness import BEST_RANDOM, Robustness


@dataclass(frozen=True)
class Choice:
    """One choice, and the mean over T4a, T4b and the repetitions.

    Parameters
    ----------
    name
        What was changed.
    training_index
        Index on the training scenes, by which the unit is chosen.
    index, worst
        Index on the headline pattern: mean, and the smallest of all.
    preferred, null
        Peak responses, in standard deviations.
    scenes
        Index on scenes not trained on.
    """

    name: str
    training_index: float
    index: float
    worst: float
    preferred: float
    null: float
    scenes: float


def choices_of(found: Robustness) -> list[Choice]:
    """Summarise every change with which something was learned, the settings as they are first.

    Parameters
    ----------
    found
        One setting changed at a time.

    Returns
    -------
    list[Choice]
        One line per change; the best of random directions is no choice, and is left out.
    """
    return [
        Choice(
            level.name,
            float(np.mean([one.training_index for one in level.outcomes])),
            float(level.each("pattern").mean()),
            float(level.each("pattern").min()),
            float(level.each("pattern", "preferred").mean()),
            float(level.each("pattern", "null").mean()),
            float(level.each("scenes").mean()),
        )
        for level in found.levels
        if level.outcomes and not level.factor.endswith(BEST_RANDOM)
    ]
