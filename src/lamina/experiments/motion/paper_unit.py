"""The paper's own T4: the second canonical direction of a network with the paper's settings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.circuits import MotionDetector, direction_selectivity_index
from lamina.circuits.detector import Pathway, rectified_peaks, response_scale, second_layer
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.detectors import (
    CELLS,
    PAPER_DIRECTION,
    Fitted,
    Tested,
    fit_detectors,
    measure,
    training_movies,
)
from lamina.experiments.natural_scenes import Split

CENTRE_L1 = 2
"""Column of the centre's L1 among the six inputs."""


def second_direction(fitted: Fitted, pathway: Pathway) -> MotionDetector:
    """Return the second direction's half that L1 of the centre excites, as it does a fly's T4.

    Parameters
    ----------
    fitted
        A network, and what its second layer sees of the training scenes.
    pathway
        Its pathway.

    Returns
    -------
    MotionDetector
        The unit. A canonical direction has no sign of its own; this one is told by the weights alone.
    """
    way = fitted.way
    filters, means = second_layer(fitted.network)
    scale = response_scale(fitted.scenes[way], filters, means)
    output = 2 * PAPER_DIRECTION + (0 if filters[PAPER_DIRECTION, CENTRE_L1] > 0 else 1)
    index = float(
        direction_selectivity_index(
            *(rectified_peaks(fitted.scenes[side], filters, means, scale)[output] for side in (way, -way))
        )
    )
    # the preference is that on training scenes, as it is for the chosen units
    preferred = way if index > 0 else -way
    return MotionDetector(
        fitted.network, pathway, output, float(scale[PAPER_DIRECTION]), preferred, abs(index)
    )


def paper_units(splits: Sequence[Split], config: MotionConfig, repetition: int) -> dict[str, Tested]:
    """Fit networks with the paper's noise and gap, and test their second directions.

    Parameters
    ----------
    splits
        Rows of one repetition.
    config
        Settings, of which noise, gap and centring are replaced by the paper's.
    repetition
        Which one.

    Returns
    -------
    dict[str, Tested]
        The units of the networks trained on motion to the right ("T4a") and to the left ("T4b").
    """
    theirs = config.as_in_the_paper()
    training = training_movies(splits, theirs, repetition)
    found = {}
    for name, pathway, way in CELLS:
        if pathway == "T4":
            fitted = fit_detectors(training, pathway, way, theirs)
            found[name] = measure(second_direction(fitted, pathway), fitted, training, theirs)
    return found


def first_direction(tested: Tested) -> float:
    """Return the larger index, in magnitude, of the two halves of the first direction."""
    return float(np.abs(tested.directions[0]).max())
