"""The numbers of robustness, held-out images and controls, ready for JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lamina.experiments.motion.controls import CONTROLS, KINDS, TRAINED
from lamina.experiments.motion.outcome import Outcome
from lamina.experiments.motion.scrutiny import Scrutiny


def metrics(found: Scrutiny) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    found
        Of a run.

    Returns
    -------
    dict[str, Any]
        "robustness", by what was changed; "held_out_images", by the image left out; "controls", by name, and
        "chance", by the kind of random weights.
    """
    return {
        "robustness": {
            level.name: {
                "factor": level.factor,
                "value": None if math.isnan(level.value) else level.value,
                "failure": level.failure,
                "networks": rows(level.outcomes),
            }
            for level in found.robustness.levels
        },
        "held_out_images": {
            image.name: {
                "trained_on": list(image.trained_on),
                "other_image": rows(image.outcomes),
                "own_rows": rows(image.own_rows),
            }
            for image in found.images
        },
        "controls": {name: rows(found.outcomes(name)) for name in (TRAINED, *CONTROLS)},
        "l1_with_l3_before_and_behind": [list(one.marks) for one in found.probed],
        "principal_variances_both_ways": [list(one.variances) for one in found.probed],
        "chance": {
            weights: {
                f"{'picked' if chosen else 'not_picked'}_{where}_index": found.chance(
                    weights, where, chosen=chosen
                ).tolist()
                for chosen in (True, False)
                for where in ("pattern", "scenes")
            }
            for weights in KINDS
        },
    }


def rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Write outcomes out, one mapping per network."""
    return [
        {
            "cell": one.cell,
            "direction": one.output // 2 + 1,
            "half": "positive" if one.output % 2 == 0 else "negative",
            "prefers_motion_trained_on": one.way > 0,
            "training_index": one.training_index,
            "pattern": {"index": one.pattern.index, "P": one.pattern.preferred, "N": one.pattern.null},
            "unseen_scenes": {"index": one.scenes.index, "P": one.scenes.preferred, "N": one.scenes.null},
            "canonical_correlations": list(one.correlations),
            "weights": list(one.weights),
        }
        for one in outcomes
    ]
