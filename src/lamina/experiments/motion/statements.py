"""Sentences of the motion report that depend on what came out: other images may say otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.experiments.motion.choices import Choice
from lamina.experiments.motion.config import EXPECTED, PAPER_INDEX
from lamina.experiments.motion.run import MotionResult
from lamina.experiments.motion.summary import (
    ALL_CELLS,
    DETECTORS,
    TRAINED_ON,
    cosines,
    mean_weights,
    paper_weights,
    second_indices,
    untrained_limit,
)
from lamina.experiments.natural_scenes import RIGHT

_NAMED = 5
"""Choices that are named in a sentence."""


def opening(result: MotionResult) -> str:
    """Say what the second layer came to hold, or only what the page is about."""
    selective = all(EXPECTED["index"].passes(float(result.each(cell, "index").mean())) for cell in DETECTORS)
    layer1 = all(
        EXPECTED[f"{cell}_plateau"].passes(
            float(np.mean([r.layer1.plateau[cell] for r in result.repetitions]))
        )
        for cell in ("L1", "L2", "L3")
    )
    if layer1 and selective and _above_untrained(result):
        return (
            "Its first layer came to resemble the cells L1, L2 and L3 of the fly's lamina; its second layer "
            "holds units that answer motion one way and not the other."
        )
    return "This page shows how far its two layers came to resemble the fly's motion pathway."


def fragility(choices: Sequence[Choice]) -> str:
    """Name the choices without which the detectors are not selective; empty if there are none."""
    goal = EXPECTED["index"].limit
    other_units = ("only units that L1 excites", "the same, and the paper's second direction")
    compared = [choice for choice in choices if choice.name not in other_units]
    weak = sorted((choice for choice in compared if choice.index < goal), key=lambda choice: choice.index)
    if not weak:
        return ""
    named = "; ".join(f"{choice.name}: {choice.index:.2f}" for choice in weak[:_NAMED])
    more = f", of which the {_NAMED} lowest are named here" if len(weak) > _NAMED else ""
    return (
        "The selectivity depends on modelling choices, which a table below lists. Of "
        f"{len(compared)} settings tried, {len(weak)} {'has' if len(weak) == 1 else 'have'} an index below "
        f"{goal:g}{more}: {named}."
    )


def preference(result: MotionResult) -> str:
    """Say which direction of the second layer was chosen, and which motion it prefers."""
    units = [r.cells[cell].detector for r in result.repetitions for cell in DETECTORS]
    numbers = sorted({unit.direction + 1 for unit in units})
    sigma = np.mean([unit.network.layers_[1].canonical_correlations_[unit.direction] for unit in units])
    named = f"direction {numbers[0]}" if len(numbers) == 1 else f"directions {_listed(numbers)}"
    chosen = f"Chosen was {named} of six (canonical correlation {sigma:.2f} on average). "
    strong, null = (
        np.mean([result.each(cell, what) for cell in DETECTORS]) for what in ("preferred", "null")
    )
    signs = {
        r.cells[cell].detector.preferred * TRAINED_ON[cell] for r in result.repetitions for cell in DETECTORS
    }
    if signs == {-1}:
        return chosen + (
            "It prefers the motion *opposite* to training, in every repetition. The learned way, the "
            f"weighted inputs cancel or add up to less than zero, and rectification leaves {null:.2f} "
            f"standard deviations at the peak; the other way they do not, and it leaves {strong:.2f}."
        )
    if signs == {1}:
        return chosen + "It prefers the motion of training, in every repetition."
    return chosen + "Which motion it prefers differs between repetitions."


def is_learned(result: MotionResult) -> str:
    """Set the trained units beside the untrained."""
    means = {cell: float(result.each(cell, "index").mean()) for cell in DETECTORS}
    reached = np.mean(result.untrained >= min(means.values()))
    both = " and ".join(f"{cell} with {mean:.2f}" for cell, mean in means.items())
    if _above_untrained(result):
        return (
            f"{both} lie above it; {100 * reached:.1f} % of the untrained reach the lower of the two, and "
            f"the largest of them all is {result.untrained.max():.2f}. So high an index of one unit is weak "
            "evidence; that all seeds agree is better."
        )
    return f"{both} do not both lie above it, so that here the index is no evidence of learning."


def papers_unit(result: MotionResult) -> str:
    """Say what the second canonical direction does here."""
    paper = second_indices(result)
    agreeing = int(np.sum(paper > 0))
    return (
        f"It prefers the direction of training, as theirs does, in {agreeing} of {len(paper)} networks. On a "
        f"pattern with both kinds of edges its index is {paper.mean():.2f} here; the paper's figure shows "
        f"{PAPER_INDEX:g}."
    )


def edges(result: MotionResult) -> str:
    """Say which edges the units answer, and why."""
    names = "Names on this page say which cells a unit listens to, and not which edges it answers."
    answered = {cell: _edge(result, cell, "OFF") > _edge(result, cell, "ON") for cell in ALL_CELLS}
    inhibited = all(np.all(mean_weights(result, cell)[0] < 0) for cell in ALL_CELLS)
    if inhibited and answered == {"T4a": True, "T4b": True, "T5a": False, "T5b": False}:
        return (
            "A fly's T4 answers moving ON edges, and is excited by the pathway of L1. The unit found here is "
            "driven by the *same cells* as T4 but is *inhibited* by all three L1 inputs: an ON edge is "
            "cancelled whichever way it moves, and what remains is the response of the three L3 inputs to "
            "an OFF edge. The mirror image, trained on L2 and L3 (called T5 here for its inputs), answers ON "
            f"edges. {names}"
        )
    return f"A fly's T4 answers moving ON edges, and is excited by the pathway of L1. {names}"


def likeness(result: MotionResult) -> str:
    """Compare the weights with the connectome's, and say of which unit they are."""
    own, other = (cosines(mean_weights(result, cell)) for cell in DETECTORS)
    second = cosines(paper_weights(result))
    text = (
        f"The cosine between the weights of T4a and the connectome's is {own[1]:.2f} for L3 and {own[0]:.2f} "
        "for L1. "
    )
    if all(r.cells["T4a"].detector.preferred != RIGHT for r in result.repetitions):
        text += (
            "But the paper's T4a prefers motion to the right, and this unit prefers the left; T4b, which "
            f"prefers the right here, has {other[1]:.2f} for L3 and {other[0]:.2f} for L1. One goes with the "
            "other: L3 is not rectified, so that the same L3 weights prefer one way for ON edges and the "
            "other for OFF edges. "
        )
    return text + (
        "The paper compares its second direction. That one, with the sign under which L1 excites it, has "
        f"{second[1]:.2f} for L3 and {second[0]:.2f} for L1 here."
    )


def _above_untrained(result: MotionResult) -> bool:
    lowest = min(float(result.each(cell, "index").mean()) for cell in DETECTORS)
    return lowest > untrained_limit(result)


def _edge(result: MotionResult, cell: str, polarity: str) -> float:
    return float(np.mean([r.cells[cell].responses[f"{polarity} edge"].preferred for r in result.repetitions]))


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} or {numbers[-1]}"
