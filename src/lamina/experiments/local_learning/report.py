"""The report on local learning."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.local_learning.config import CORRELATION, COSINE, CURVES, REMEDIES, TUNED_ON
from lamina.experiments.local_learning.run import LocalLearningResult
from lamina.experiments.local_learning.summary import claims, smallest, span, steps_to_reach
from lamina.experiments.report import Report


def write_report(result: LocalLearningResult, figures: dict[str, Path], path: Path) -> Path:
    """Write the report as one self-contained page.

    Parameters
    ----------
    result
        A run.
    figures
        SVG files by name, from `draw_figures`.
    path
        The file to write.

    Returns
    -------
    Path
        ``path``.
    """
    config = result.config
    steps = f"{config.checkpoints[-1]:,}".replace(",", " ")
    worst_cosine = min(
        smallest(curves[way].cosines)[:, -1].min()
        for curves in result.curves.values()
        for way in ("asymmetric", "Bio-CCA")
    )
    worst_unit = min(
        smallest(curves["asymmetric"].correlations)[:, -1].min() for curves in result.curves.values()
    )
    report = Report(
        "Can a neuron learn its own predictive filter?",
        "Past–future CCA can be learned one sample at a time, by rules that use only what a synapse sees. "
        "This page shows how near two such rules come to batch CCA on the same recordings, in the order of "
        "time.",
        footer=footer("local"),
    )
    report.section("In short")
    report.numbers(
        [
            (
                "smallest cosine",
                f"{worst_cosine:.4f}",
                f"of both rules, all processes and seeds; aim {COSINE:g}",
            ),
            ("smallest unit correlation", f"{worst_unit:.4f}", f"asymmetric rule; aim {CORRELATION:g}"),
            ("steps", steps, f"{config.n_seeds} seeds, {len(result.curves)} processes"),
        ]
    )
    report.text(
        "*Asymmetric CCA* (Pehlevan et al. 2020) and *Bio-CCA* (Lipshutz et al. 2021) were written for "
        "independent samples. Windows of a signal are not: each shares nearly all of its samples with the "
        "next, so that errors of many steps add up in one direction. With a constant rate the weights keep "
        "wandering about the solution, mostly further than with shuffled windows. What settles them, and is "
        "local to each synapse: a rate that decays as one over the root of the steps, and a slow copy of "
        "every weight that averages over them (Polyak and Juditsky 1992)."
    )
    report.note(
        f"Rate, decay and averaging were chosen on *{TUNED_ON}* alone. The other two processes were fixed "
        "beforehand, from the canonical correlations of their populations, and only then learned."
    )
    claims_table(report, claims(result), caption="The bars of the specification, lowest over seeds.")
    report.section("Against steps")
    report.figure(
        figures["curves"],
        "Distance from batch CCA on the same recording, mean over seeds; bands span them. Solid: in the "
        "order of time. Dotted: the same windows shuffled. *Plain*: constant rate, last weights. Dashed: the "
        "aim.",
        "Error falls with steps for the averaged rules and levels off for the plain one.",
        wide=True,
    )
    rows = []
    for process, curves in result.curves.items():
        for way in CURVES:
            curve = curves[way.name]
            reached = steps_to_reach(curve, config.checkpoints)
            rows.append(
                [
                    process,
                    way.name,
                    span(smallest(curve.cosines)[:, -1]),
                    span(smallest(curve.correlations)[:, -1]),
                    "–" if reached is None else f"{reached}",
                ]
            )
    report.table(
        ["process", "way", "smallest cosine", "smallest unit correlation", "steps until all seeds are there"],
        rows,
        caption=f"After {steps} steps: mean over {config.n_seeds} seeds, and the lowest of them.",
    )
    rows = [
        [
            process,
            _shown(curves["asymmetric"].batch),
            _shown(curves["asymmetric"].estimates),
            _shown(curves["Bio-CCA"].estimates),
            span(smallest(curves["Bio-CCA"].turned)[:, -1]),
        ]
        for process, curves in result.curves.items()
    ]
    report.section("What the units know about themselves")
    report.text(
        "The gains of the asymmetric rule end at 1 + σ, and the eigenvalues of Bio-CCA's lateral weights "
        "do so too. The eigenvectors of these weights also undo the rotation in which Bio-CCA leaves its "
        "units."
    )
    report.table(
        ["process", "batch CCA", "asymmetric", "Bio-CCA", "Bio-CCA's units, rotated: correlation with batch"],
        rows,
        caption="Canonical correlations, mean over seeds.",
    )
    report.section("What helps against order in time")
    report.figure(
        figures["remedies"],
        f"{TUNED_ON}, asymmetric rule, after {steps} samples; each dot a seed, the bar their mean.",
        "A decaying rate and averaged weights together leave less error than any other remedy.",
    )
    report.table(
        ["remedy", "order", "smallest cosine", "smallest unit correlation"],
        [
            [
                way.name,
                way.order,
                span(smallest(result.remedies[way.name].cosines)[:, -1]),
                span(smallest(result.remedies[way.name].correlations)[:, -1]),
            ]
            for way in REMEDIES
        ],
        caption="Each alternative by itself.",
    )
    details_section(report, config)
    return report.write(path)


def _shown(values: np.ndarray) -> str:
    return ", ".join(f"{value:.3f}" for value in values.mean(axis=0))
