"""The findings of the motion report on the circuit: Fig. 5B to D, and how the units are tuned."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.motion import statements
from lamina.experiments.motion.config import GRATING_SD, PAPER_GAP, PAPER_NOISE
from lamina.experiments.motion.connectome import compare, unit_length
from lamina.experiments.motion.run import MotionResult
from lamina.experiments.motion.stimuli import HEADLINE
from lamina.experiments.motion.summary import ALL_CELLS, DETECTORS, likenesses
from lamina.experiments.motion.thresholds import learned_threshold
from lamina.experiments.report import Report


def responses(report: Report, result: MotionResult, figures: dict[str, Path]) -> None:
    """Show the paper's unit beside the chosen one: their responses (Fig. 5B)."""
    report.section("Fig. 5B: the paper's unit, and the one chosen here")
    report.text(
        "The paper takes the *second* canonical direction for T4. It stands here beside the unit that the "
        f"rule above chooses, and comes from networks with the paper's noise ({PAPER_NOISE:g}) and gap "
        f"({PAPER_GAP}); of its two halves it is the one that L1 of the centre excites. Before "
        f"rectification, from peak to trough, its index is {_swing(result, 'papers'):.2f}, and that of the "
        f"chosen unit {_swing(result, 'cells'):.2f}."
    )
    report.figure(
        figures["responses"],
        "A: the ON/OFF pattern as three pixels see it. B and C: the first two directions of the network with "
        "the paper's settings, trained on motion to the right. D: the second once more, rectified, with the "
        "threshold at which the null direction falls silent. E and F: the unit chosen here, before "
        "rectification and after it, with its own such threshold.",
        "Traces over time of three units in the preferred and in the null direction.",
        wide=True,
    )
    report.figure(
        figures["thresholds"],
        "A and B: what a threshold leaves of the peak response to either direction, on the ON/OFF pattern "
        "and on scenes not trained on. C: the index then; diamonds: before rectification, from peak to "
        "trough. Mean over repetitions.",
        "Peak responses fall in straight lines with the threshold; the index rises until the null "
        "direction is silent.",
        wide=True,
    )
    report.text(
        "A threshold takes the same off both peaks. It silences the null direction once it is as large as "
        f"N, and leaves P − N: {_left(result, 'papers'):.2f} SD of the second direction's response, "
        f"{_left(result, 'cells'):.2f} SD of the chosen unit's. Natural scenes hold contrasts of every "
        "size. The threshold that silences the null direction on those trained on is "
        f"{_learned(result, 'papers'):.2f} SD and {_learned(result, 'cells'):.2f} SD, and a weaker edge in "
        "the preferred direction is lost with it."
    )


def mechanism(report: Report, result: MotionResult, figures: dict[str, Path]) -> None:
    """Show which inputs make the units selective (Fig. 5C)."""
    keys = {"second": "T4a, paper", "chosen": "T4a"}
    found = {name: [r.studies[key].mechanism for r in result.repetitions] for name, key in keys.items()}
    l1, l3 = (
        {name: _mean([each.shares[row].sum() for each in found[name]], 2) for name in keys} for row in (0, 1)
    )
    without = {name: _mean([each.without["all L1"].index for each in found[name]], 3) for name in keys}
    leads = sum(r.studies["T4a, paper"].mechanism.leads for r in result.repetitions)
    report.section("Fig. 5C: which inputs tell the directions apart")
    report.figure(
        figures["inputs"],
        "Inputs of both units, each times its weight, while the pattern moves in the preferred and in the "
        "null direction. The grey line is their sum, and what is above zero the response.",
        "Six weighted inputs and their sum over time, for two units and two directions.",
        wide=True,
    )
    report.figure(
        figures["contributions"],
        "Left: the index with one or more inputs silenced. Right: what each input gives in the preferred "
        "direction more than in the null direction, at the moments when the three L3 inputs drive the unit "
        "most. Strokes span the repetitions.",
        "Bars for each input: the index without it, and its part of the difference between the directions.",
        wide=True,
    )
    report.text(
        "The paper explains its unit by the left L3 input, which rises in the preferred direction before "
        f"the right and the centre one fall. So it does here, in {leads} of {len(result.repetitions)} "
        "repetitions of T4a. But an edge of the other kind does the same in the null direction. When the "
        f"L3 inputs drive it most, they give the second direction {l3['second']:.2f} SD more in the "
        f"preferred direction than in the null direction, and the chosen unit {l3['chosen']:.2f} SD; the L1 "
        f"inputs give {l1['second']:.2f} SD and {l1['chosen']:.2f} SD. Without L1 the indices are "
        f"{without['second']:.3f} and {without['chosen']:.3f}. That is no accident: where the weights of L3 "
        "add up to nothing, its answer to an edge one way is the negative of its answer to the same edge "
        "the other way, run backwards, and a pattern has as many edges of one kind as of the other. L1 is "
        "rectified, and only what is rectified tells the two apart."
    )


def connectome(report: Report, result: MotionResult, figures: dict[str, Path]) -> None:
    """Compare the weights with the connectome's (Fig. 5D)."""
    report.section("Fig. 5D: the six weights and the connectome's")
    report.figure(
        figures["weights"],
        "Weights, each cell type scaled to length 1; dots are repetitions. Hatched: the connectome's "
        "feed-forward weights onto T4a (as quoted in the paper's Fig. 5D), mirrored for T4b. r: "
        "correlation over the six weights; p: share of all 720 orders of the weights that correlate as "
        "much, with one sign or the other.",
        "Bar charts of six weights for each unit, beside the connectome's.",
        wide=True,
    )
    rows = []
    for name, weights in likenesses(result).items():
        found = compare(np.mean([unit_length(one) for one in weights], axis=0))
        each = [compare(one).correlation for one in weights]
        rows.append(
            [
                name,
                found.correlation,
                f"{min(each):.2f} to {max(each):.2f}",
                *found.by_type,
                found.p,
                found.p_within,
                found.p_either_sign,
            ]
        )
    report.table(
        ["", "r", "seeds", "within L1", "within L3", "p", "p within types", "p, either sign"],
        rows,
        caption="Exact permutation tests on the mean weights. Six numbers have 720 orders, 36 of which leave "
        "each with its cell type, so that p cannot be below 0.0014 and 0.028.",
        digits=3,
    )
    report.text(statements.likeness(result))


def tuning(report: Report, result: MotionResult, figures: dict[str, Path]) -> None:
    """Show how the units answer gratings, and edges and bars over speed."""
    config = result.config
    low, high = config.speeds_deg_per_s[0], config.speeds_deg_per_s[-1]
    slow = np.mean([r.studies["T4a"].speeds.index(HEADLINE) for r in result.repetitions], axis=0)
    rows = []
    for cell in ALL_CELLS:
        found = [r.studies[cell].gratings for r in result.repetitions]
        driven = [each.driven(GRATING_SD) for each in found]
        rows.append(_grating_row(cell, [each.best for each in found], driven))
    for cell in DETECTORS:
        found = [r.studies[f"{cell}, paper"].gratings for r in result.repetitions]
        driven = [each.driven(GRATING_SD) for each in found]
        rows.append(_grating_row(f"second direction, {cell}", [each.best for each in found], driven))
    report.section("Gratings, edges and bars")
    report.figure(
        figures["tuning"],
        "T4a and T4b and drifting sine gratings, mean over repetitions. Grey: no response in either "
        "direction.",
        "Maps over temporal frequency and wavelength: the response and the index.",
        wide=True,
    )
    report.table(
        ["", "best grating", "gratings of at least 0.5 SD", "their mean index"],
        rows,
        caption="Index on sine gratings. The best is the one that drives a unit most in its preferred "
        "direction; all that drive it at least 0.5 SD count for the mean.",
        digits=3,
    )
    report.text(
        (
            "Where contrast moves slowly, L1 is almost silent and cannot suppress what the three L3 inputs "
            "pass on: on"
            if slow[0] < slow[-1]
            else "On"
        )
        + f" the {HEADLINE} the index of T4a is {slow[0]:.2f} at {low:g}°/s and {slow[-1]:.2f} at "
        f"{high:g}°/s."
    )
    report.figure(
        figures["speeds"],
        f"Peak responses of T4a from {low:g} to {high:g}°/s, and the index; it was trained at "
        f"{config.velocity_deg_per_s:g}°/s. No index is drawn where both responses together stay below 0.2 "
        f"SD. F: every cell and the paper's second direction on the {HEADLINE}.",
        "Curves of responses and indices over speed, for edges, bars and the ON/OFF pattern.",
        wide=True,
    )


def _mean(values: list[float], digits: int) -> float:
    # adding 0 takes the sign off a zero
    return round(float(np.mean(values)), digits) + 0.0


def _grating_row(name: str, best: list[float], driven: list[np.ndarray]) -> list[object]:
    means = [float(each.mean()) for each in driven if len(each)]
    count = float(np.mean([len(each) for each in driven]))
    return [name, float(np.mean(best)), f"{count:.0f} of 36", float(np.mean(means)) if means else None]


def _swing(result: MotionResult, of: str) -> float:
    return float(
        np.mean(
            [getattr(r, of)[cell].swings["pattern"].index for r in result.repetitions for cell in DETECTORS]
        )
    )


def _learned(result: MotionResult, of: str) -> float:
    return float(
        np.mean([learned_threshold(getattr(r, of)[cell]) for r in result.repetitions for cell in DETECTORS])
    )


def _left(result: MotionResult, of: str) -> float:
    found = [getattr(r, of)[cell].headline for r in result.repetitions for cell in DETECTORS]
    return float(np.mean([each.preferred - each.null for each in found]))
