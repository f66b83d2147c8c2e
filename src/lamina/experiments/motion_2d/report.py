"""The report on motion in two dimensions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.motion_2d.config import CELLS, FIELD_ERROR_DEG, INDEX, WITHIN_DEG
from lamina.experiments.motion_2d.local_motion import DISC_DEG, OBLIQUE_DEG
from lamina.experiments.motion_2d.run import Motion2DResult
from lamina.experiments.motion_2d.summary import (
    axes_deviations,
    claims,
    control_indices,
    deviations,
    held_out_tunings,
    indices,
    tunings,
)
from lamina.experiments.motion_2d.tuning import difference
from lamina.experiments.report import Report


def write_report(result: Motion2DResult, figures: dict[str, Path], path: Path) -> Path:
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
    report = Report(
        "Four directions of motion on a grid of photoreceptors",
        "Scenes translate over an eye in all directions. Four groups of units compete for what they see, and "
        "nothing tells them which way it moves; each comes to know one direction. What is learned is set "
        "beside T4a, b, c and d of the fly.",
        footer=footer("motion-2d"),
    )
    report.section("In short")
    report.numbers(
        [
            (
                f"{cell}: index on the ON/OFF pattern",
                f"{indices(result, cell).mean():.2f}",
                f"{np.abs(deviations(result, cell)).mean():.1f}° from {angle:g}° on average, half-width "
                f"{np.mean([each.half_width_deg for each in tunings(result, cell)]):.0f}°",
            )
            for cell, angle in CELLS.items()
        ]
    )
    claims_table(
        report,
        claims(result),
        caption=f"Preferred directions within {WITHIN_DEG:g}° and an index of {INDEX:g} were asked for; "
        f"{FIELD_ERROR_DEG:g}° for local motion is our own. Means and spreads over {config.n_seeds} "
        "repetition(s) with other parts of the scenes.",
    )
    _learning(report, result, figures)
    _tuning(report, result, figures)
    _local(report, result, figures)
    details_section(report, config)
    return report.write(path)


def _learning(report: Report, result: Motion2DResult, figures: dict[str, Path]) -> None:
    config = result.config
    report.section("How four directions are learned")
    report.text(
        f"An eye of {config.eye} × {config.eye} photoreceptors, {config.spacing_deg:g}° apart, sees parts of "
        f"two photographs and their left-right mirror images move at {config.speed_deg_per_s:g}°/s, in "
        "directions spread evenly over the circle; every path is played forwards and backwards. Layer 1 is "
        "that of the paper: each photoreceptor has L3, L1 and L2. Layer 2 sees these of a photoreceptor and "
        "of its neighbours above, below, left and right: 15 channels, memory 1.\n\n"
        "A single linear forecast does not fit scenes that may move any way. So there are four forecasters, "
        "each with its own moments of present and future. At every position and moment the one whose recent "
        "forecasts were the best learns, and the others do not. They begin with blocks dealt out at random. "
        "Errors are judged relative to the local contrast, as the equation in the documentation says: judged "
        "as they are, one forecaster takes all places of little contrast. When nothing changes hands any "
        "more, the canonical directions of each group are its units."
    )
    report.figure(
        figures["groups"],
        "**A** Which share of the windows of each direction a group won. Mean over repetitions, bands span "
        "them. **B** Mean directions of what groups won; a large circle is a group that keeps to one "
        "direction.",
        "Shares of windows by direction for four groups, and the mean directions of groups.",
        wide=True,
    )
    groups = np.array([each.groups for each in result.repetitions])
    leaves = np.array([each.leaves for each in result.repetitions])
    shuffled = np.array([each.shuffled for each in result.repetitions])
    report.text(
        f"The groups lie {axes_deviations(groups).mean():.1f}° from the horizontal and vertical axes on "
        f"average (groups at random: 22.5°). On dead leaves, discs without a preferred orientation, they lie "
        f"{axes_deviations(leaves).mean():.1f}° from them. There the lattice of photoreceptors alone has "
        "axes: a neighbour's present is the best forecast when the motion comes from its side. The mean "
        "length of their directions (1: always one direction, 0: any) is "
        f"{np.abs(groups).mean():.2f} on photographs, {np.abs(leaves).mean():.2f} on leaves and "
        f"{np.abs(shuffled).mean():.2f} if frames come in random order."
    )
    turned = axes_deviations(groups).max(axis=1)
    report.text(
        f"In {np.sum(turned <= WITHIN_DEG)} of {len(groups)} repetitions all four groups lie within "
        f"{WITHIN_DEG:g}° of the axes; the furthest is {turned.max():.0f}° off. The best of "
        f"{config.restarts} starts is kept, by its forecasts and not by its directions, after at most "
        f"{config.rounds} rounds: a start may still be on its way, or stay where it is nearly as good."
    )
    report.note(
        "This design is ours. The paper trains one network for each direction of motion; nothing public says "
        "how directions can be told apart without a teacher. On a square lattice the axes are at right "
        "angles; the fly's is hexagonal."
    )


def _tuning(report: Report, result: Motion2DResult, figures: dict[str, Path]) -> None:
    report.section("Tuning to direction")
    opposite = [
        abs(float(difference(cell.training.preferred_deg, cell.group_deg))) > 90
        for each in result.repetitions
        for cell in each.cells.values()
    ]
    against = sum(opposite)
    report.text(
        "The half of a canonical direction that L1 excites more than L2 can be a T4, the other half is the "
        "T5 beside it. Which of a group's is called T4 is decided by a rule that looks at training scenes "
        "only: of those that prefer a direction along the group's axis and respond with a standard deviation "
        "at least, it is the one with the largest index. Controls go by the same rule. "
        f"{against} of {len(opposite)} prefer the direction opposite to the one that their group knows; in "
        "one dimension, too, lower directions cancel what was predictable."
    )
    report.figure(
        figures["tuning"],
        "**A** Peak response to the moving ON/OFF pattern, relative to each cell's largest. Mean over "
        "repetitions, bands span them. **B** "
        "Index of each detector (circles: repetitions; bars: means; dashed: the bar).",
        "Tuning curves of four cells, and indices of cells and controls.",
        wide=True,
    )
    held = np.mean([[each.index for each in held_out_tunings(result, cell)] for cell in CELLS])
    sine = np.mean([indices(result, cell, "sine grating") for cell in CELLS])
    edges = [np.mean([indices(result, cell, f"{sign} edge") for cell in CELLS]) for sign in ("ON", "OFF")]
    ours = np.mean([indices(result, cell) for cell in CELLS])
    told, random = (control_indices(result, name).mean() for name in ("told", "random"))
    report.text(
        f"Mean index over the four cells: {ours:.2f} on the ON/OFF pattern, {sine:.2f} on sine gratings, "
        f"{edges[0]:.2f} on single ON edges, {edges[1]:.2f} on single OFF edges, {held:.2f} on parts of the "
        f"photographs that were not learned from. Groups that are told the direction reach {told:.2f}. The "
        f"best of as many units with random weights reach {random:.2f}, which is what rectified inputs and a "
        "choice among 15 give without learning; an index says little without its control."
    )
    report.figure(
        figures["weights"],
        "Weights of the first repetition's detectors, relative to the largest: photoreceptor in the middle "
        "and its four neighbours. T5 are the other halves of the same directions, with all signs "
        "turned round.",
        "Weights of four cells, for L3, L1 and L2 at five positions.",
    )


def _local(report: Report, result: Motion2DResult, figures: dict[str, Path]) -> None:
    config = result.config
    report.section("Local motion")
    report.text(
        "Four detectors stand at every position of a larger grid, over parts of the photographs that were "
        "not learned from. T4a − T4b is motion to the right, T4c − T4d motion upwards, averaged over "
        f"{config.window_s:g} s. Each works together with the other half of its canonical direction, which "
        "answers where contrast changes the other way, as T5 does in the fly. Nothing is averaged over space."
    )
    report.figure(
        figures["local_motion"],
        f"Contrast and local motion (arrows; orange to the right, blue to the left). **A** The whole scene "
        f"moves at {OBLIQUE_DEG:g}°. **B** A disc of {DISC_DEG:g}° radius cut out of the other photograph "
        "moves to the right, the background to the left. Dashed: the disc is there all the time; beyond the "
        "dotted line the background is.",
        "Arrows of local motion over two frames.",
        wide=True,
    )
    errors = np.concatenate([each.field_errors_deg for each in result.repetitions])
    report.text(
        f"Over all positions of {2 * config.field_movies * config.n_seeds} such movies of whole scenes, in "
        f"directions spread over the circle, the median error of the angle is {np.median(errors):.0f}°, and "
        f"{100 * np.mean(errors < 90):.0f} % of the arrows are less than 90° off."
    )
    report.note(
        "A position sees no more than 10° of a scene: where there is one edge it can tell the motion across "
        "that edge only (the aperture problem), and where there is no contrast nothing at all."
    )
