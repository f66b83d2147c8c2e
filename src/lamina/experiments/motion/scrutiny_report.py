"""Sections of the motion report on robustness, held-out images and controls."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.motion.config import EXPECTED
from lamina.experiments.motion.controls import CONTROLS, PCA_BOTH_WAYS, PCA_INPUTS, TRAINED
from lamina.experiments.motion.outcome import Outcome
from lamina.experiments.motion.robustness import BEST_RANDOM, RANDOM_DIRECTIONS, SCALED, Level
from lamina.experiments.motion.scrutiny import FACTORS, Scrutiny
from lamina.experiments.report import Report

GOAL = EXPECTED["index"].limit
COLUMNS = ["index", "P (SD)", "N (SD)", "unseen: index", "P (SD)", "N (SD)"]


def robustness(report: Report, found: Scrutiny, figures: dict[str, Path]) -> None:
    """Show what each setting does, one changed at a time."""
    config = found.config
    report.section("One setting at a time")
    report.text(
        f"Spacing, gap, memory and noise are changed one at a time, with {config.choice_seeds} "
        "repetitions of T4a and T4b each. In every one the unit is chosen anew by the rule, on "
        "training scenes, and tested on the "
        "ON/OFF pattern and on rows not trained on. An index near 1 can be a ratio of two small "
        "numbers: the responses stand below it."
    )
    report.figure(
        figures["robustness"],
        "Index, and below it the responses in standard deviations of the training response: filled, "
        "preferred direction; open, null. Bands span all networks; grey, the settings as they are; dashed, "
        f"the aim of {GOAL:g}. Crosses: the best of {RANDOM_DIRECTIONS} random directions of the second "
        "layer's inputs, picked by the same rule: how selective a unit of these inputs could be. E: one "
        "image left out. F: every repetition, T4a beside T4b.",
        "Curves of the index over spacing, gap, memory and noise, dots for images and repetitions; the index "
        "falls where photoreceptors stand far apart.",
        wide=True,
    )
    report.text(
        "Of the mean indices on the pattern and on unseen scenes, the lower:\n\n"
        + "\n".join(f"- {sentence}" for sentence in _where_it_holds(found))
    )
    failed = [level for level in found.robustness.levels if level.failure]
    for level in failed:
        report.note(f"With {level.name}, nothing could be learned: {level.failure}")
    scaled = found.robustness.factor(SCALED, config)
    if len(scaled) > 1:
        report.table(
            ["spacing (°)", "gap", *COLUMNS],
            [
                [level.value, round(config.gap * level.value / config.spacing_deg), *_means(level.outcomes)]
                for level in scaled
            ],
            caption="Spacing again, with a gap that grows with the delay between neighbours.",
        )


def _where_it_holds(found: Scrutiny) -> list[str]:
    sentences = []
    for factor in FACTORS:
        levels = found.robustness.factor(factor, found.config)
        weak = [level for level in levels if min(_both(level)) < GOAL]
        lowest = min(levels, key=lambda level: min(_both(level)))
        span = f"{levels[0].value:g} to {levels[-1].value:g}"
        if not weak:
            sentence = f"**{factor}**, {span}: {min(_both(lowest)):.2f} or more everywhere"
        else:
            values = ", ".join(f"{level.value:g}" for level in weak)
            sentence = (
                f"**{factor}**, {span}: below {GOAL:g} at {values}, and {min(_both(lowest)):.2f} at least"
            )
        best = found.robustness.factor(factor + BEST_RANDOM, found.config)
        there = [level for level in best if level.value == lowest.value]
        if weak and there:
            sentence += (
                f"; the best of the random directions reaches {min(_both(there[0])):.2f} at {lowest.value:g}"
            )
        sentences.append(f"{sentence}.")
    return sentences


def held_out_images(report: Report, found: Scrutiny) -> None:
    """Show what detectors do on an image that they have never seen."""
    if not found.images:
        return
    report.section("On an image never seen")
    rows = []
    for image in found.images:
        for cell in ("T4a", "T4b", "T5a", "T5b"):
            other, own = (image.each(where, cells=[cell]) for where in ("other image", "own rows"))
            rows.append(
                [
                    ", ".join(image.trained_on),
                    image.name,
                    cell,
                    f"{other.mean():.2f} ± {other.std():.2f}",
                    image.each("other image", "preferred", [cell]).mean(),
                    image.each("other image", "null", [cell]).mean(),
                    f"{own.mean():.2f} ± {own.std():.2f}",
                    f"{image.each('pattern', cells=[cell]).mean():.2f}",
                ]
            )
    report.text(
        "Rows of one photograph resemble each other. So detectors are trained on the rows of all images but "
        f"one, and tested on every row of that one, moving either way, in {found.config.n_seeds} repetitions."
    )
    report.table(
        ["trained on", "tested on", "", "index there", "P (SD)", "N (SD)", "own unseen rows", "pattern"],
        rows,
        caption="Mean and spread over repetitions.",
    )


def controls(report: Report, found: Scrutiny, figures: dict[str, Path]) -> None:
    """Show detectors beside second layers that were taught otherwise, or not at all."""
    report.section("Is it motion, and is it CCA?")
    report.text(
        "Each control keeps layer 1 (unless it says both layers), teaches layer 2 otherwise, and lets the "
        "same rule pick a unit: from frames in random order; from light that flickers alike at all three "
        "pixels; from motion both ways together; by reduced-rank regression (RRR) or by singular vectors of "
        "the covariance of past and future (PCA, as in the paper's code) in place of CCA; by the principal "
        "components of the present inputs, which never look at the future."
    )
    report.figure(
        figures["controls"],
        "A, B: index of every network, on the pattern and on unseen scenes; strokes are means, the grey "
        "range holds 99 % of the networks with random second-layer weights. C, D: how often a random unit "
        "has at most this index, if the rule picks it out of twelve and if nothing picks it.",
        "Dots of T4a and T4b beside those of the controls, and cumulative distributions of random units.",
        wide=True,
    )
    report.table(
        ["", *COLUMNS],
        [[name, *_means(found.outcomes(name))] for name in (TRAINED, *CONTROLS)],
        caption="Means over T4a, T4b and all repetitions.",
    )
    trained, inputs, both = (
        found.indices(name, "scenes").mean() for name in (TRAINED, PCA_INPUTS, PCA_BOTH_WAYS)
    )
    before, behind = np.mean([one.marks for one in found.probed], axis=0)
    own, principal = ([one.way for one in found.outcomes(name)] for name in (TRAINED, PCA_INPUTS))
    small = np.mean([one.pattern.preferred for one in found.outcomes(PCA_INPUTS)])
    large = np.mean([one.pattern.preferred for one in found.outcomes(TRAINED)])
    moral = " A high index alone is therefore no evidence that a unit has learned to predict."
    report.note(
        "Layer 1 looks back in time, so that its outputs at one moment already tell the order of events: L1 "
        f"of the centre has a correlation of {before:+.2f} with L3 of the pixel that the scene comes from, "
        f"and of {behind:+.2f} with L3 of the one that it goes to. Principal components of the six inputs, "
        f"which look at no future, have an index of {inputs:.2f} on unseen scenes, where CCA has "
        f"{trained:.2f}; of motion both ways, {both:.2f}. They answer the pattern with {small:.2f} SD, those "
        f"of CCA with {large:.2f}, and prefer the motion trained on in {sum(way > 0 for way in principal)} "
        f"of {len(principal)} networks, those of CCA in {sum(way > 0 for way in own)}."
        + (moral if inputs >= GOAL else "")
    )


def _both(level: Level) -> tuple[float, float]:
    return float(level.each("pattern").mean()), float(level.each("scenes").mean())


def _means(outcomes: list[Outcome] | tuple[Outcome, ...]) -> list[float]:
    return [
        float(np.mean([getattr(getattr(one, where), what) for one in outcomes]))
        for where in ("pattern", "scenes")
        for what in ("index", "preferred", "null")
    ]
