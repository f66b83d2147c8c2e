"""The report on three layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.motion.stimuli import HEADLINE
from lamina.experiments.report import Report
from lamina.experiments.three_layers.cells import CELLS
from lamina.experiments.three_layers.controls import CONTROLS
from lamina.experiments.three_layers.run import ThreeLayersResult
from lamina.experiments.three_layers.summary import claims, gratings_index, tuned_share, turned_share


def write_report(result: ThreeLayersResult, figures: dict[str, Path], path: Path) -> Path:
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
        "Three layers, both directions at once",
        "Scenes drift to the right and to the left, and nobody says which is which. Three layers of "
        "rectified spectral units learn from both together; the question is whether T4a, T4b, T5a and "
        "T5b all arise. The paper mentions such a network and does not describe it: this one is our own "
        "design.",
        footer=footer("three-layers"),
    )
    report.section("In short")
    lowest = min(float(result.held_out(name).mean()) for name in CELLS)
    told = np.array([r.agreement[1] for r in result.repetitions])
    arose = sum(len(r.cells) == len(CELLS) for r in result.repetitions)
    report.text(
        f"All four arose in {arose} of {len(result.repetitions)} repetitions. The lowest of their mean "
        f"indices on scenes not trained on is {lowest:.2f}. The two groups of layer 3 came to stand for the "
        f"two directions of motion: on held-out scenes they agree with it {100 * told.mean():.1f} % of the "
        f"time (least: {100 * told.min():.1f} %)."
    )
    claims_table(
        report, claims(result), caption=f"Bars and numbers, {len(result.repetitions)} repetition(s)."
    )
    _add_design(report, result)
    _add_competition(report, result, figures)
    _add_cells(report, result, figures)
    _add_controls(report, result, figures)
    _add_limits(report, result, figures)
    details_section(report, config)
    return report.write(path)


def _add_design(report: Report, result: ThreeLayersResult) -> None:
    config = result.config
    report.section("The design")
    report.text(
        f"- **Layer 1, lamina**: one photoreceptor, {config.memory} samples of past and future. Unit 1 is "
        "L3; the halves of unit 2 are L1 (brightening) and L2 (darkening).\n- **Layer 2, medulla**: one "
        f"column, fed by L1, L2 and L3, {config.medulla_memory} samples of past and future, "
        f"{config.medulla_rank} units, each split into its two halves.\n- **Layer 3, T4 and T5**: three "
        f"neighbouring columns, no memory of its own, the future {config.gap} samples ahead. Two groups of "
        "units see the same inputs and compete.\n\nAll layers learn from motion either way, mixed. Layers "
        "1 and 2 see one column and cannot tell directions. In layer 3 each group keeps its own moments "
        f"and its own forecast of what comes next. A leaky memory of {config.leak_s:g} s holds whose "
        "forecast was the better one of late, as a share of both errors; what is seen teaches only the "
        f"group that is ahead. The groups start from blocks of {config.block_s:g} s given out at random."
    )
    report.note(
        "Why compete at all? Motion to the left is motion to the right in a mirror. Learned from both, "
        "the moments are the same in the mirror, so that every canonical direction is even or odd. An even "
        "one answers both ways alike; of an odd one, the halves answer opposite ways, but as a difference of "
        "left and right they tell them apart only as well as their inputs remember. Something has to break "
        "the mirror. The paper speculates that plasticity gated by a T4 cell's own output could; here it is "
        "gated by who forecasts best."
    )


def _add_competition(report: Report, result: ThreeLayersResult, figures: dict[str, Path]) -> None:
    report.section("How the groups part")
    rounds = [r.trained.competition.n_rounds for r in result.repetitions]
    report.figure(
        figures["competition"],
        "A: windows that change hands from round to round, each line a repetition. B: share of the time at "
        "which the winning group tells the direction of motion; dotted: chance, dashed: our bar. C: the "
        "canonical directions of one group that learns from everything, each correlated with its own mirror "
        "image.",
        "The competition settles, the groups tell directions apart, and without it directions are even "
        "or odd.",
        wide=True,
    )
    report.text(
        f"It took {min(rounds)} to {max(rounds)} rounds. Which group comes to stand for which direction is "
        "decided by the random start; it is read off the training scenes."
    )
    report.figure(
        figures["layers"],
        "Filters of the first repetition: layer 1, and the units of layer 2 with what they take from L3, "
        "L1 and L2.",
        "Layer 2 holds slow and fast units.",
        wide=True,
    )


def _add_cells(report: Report, result: ThreeLayersResult, figures: dict[str, Path]) -> None:
    report.section("The four cells")
    report.text(
        "A group that has learned from motion one way expects it, and units of small canonical "
        "correlation are what is left when the expected cancels: silent while the forecast holds, and "
        "active when the scene moves the other way. So the group of one direction gives the cells of the "
        "other. The rule that names them looks at training scenes only: of all directions whose halves "
        "prefer the same motion, one of them active with L1 and the other with L2, it takes the one that "
        "is clearest about both, by the smallest of the two direction indices and the two contrasts "
        "between L1 and L2. The half with L1 is T4, the half with L2 is T5; a prefers motion to the "
        "right, b to the left."
    )
    if "edges" not in figures:
        report.note("Not all four arose in the first repetition, so that there is no figure of them.")
        return
    report.figure(
        figures["edges"],
        "First repetition: responses to an edge of either polarity that moves either way. Blue: the edge "
        "that the cell is named for.",
        "Each cell answers one of the four edges.",
        wide=True,
    )
    mirror = np.array([r.mirror for r in result.repetitions])
    report.figure(
        figures["weights"],
        "What T4a and T4b take from the medulla cells of three columns. A unit's halves are marked + and −.",
        "The weights of T4b are those of T4a in a mirror.",
    )
    report.text(
        "Nothing in the design makes the two groups alike. The correlation of T4b's direction with T4a's "
        f"in a mirror is {mirror.mean():.2f} (least {mirror.min():.2f})."
    )


def _add_controls(report: Report, result: ThreeLayersResult, figures: dict[str, Path]) -> None:
    report.section("What each part is good for")
    report.figure(
        figures["selectivity"],
        "A: index of the four cells on scenes not trained on, on the ON/OFF pattern and on gratings at the "
        "trained speed, a dot for each repetition. B: mean of the four, with something taken "
        "away; all but one chosen by the same rule. A cell that does not arise counts 0.",
        "The cells pass the bar; without competition they do not arise.",
        wide=True,
    )
    full = float(np.mean([result.index(name, HEADLINE).mean() for name in CELLS]))
    means = {name: result.control(name)[:, 0].mean() for name in CONTROLS if result.control(name).size}
    if means:
        without = means["no layer 2"]
        report.text(
            "With directions told to the groups the mean index is "
            f"{means['directions told to the groups']:.2f}, with the competition {full:.2f}. Without layer "
            f"2, competing on L1, L2 and L3 alone, it is {without:.2f}, and with random filters in layer 2 "
            f"{means['layer 2 untrained']:.2f}. One group that learns from everything comes to "
            f"{means['no competition: one group']:.2f} by the same rule, and to "
            f"{means['one group, cell by cell']:.2f} if each cell may be any half of any "
            "direction. Principal directions of what each group has won, in place of canonical ones, come to "
            f"{means['PCA in layer 3']:.2f}."
        )


def _add_limits(report: Report, result: ThreeLayersResult, figures: dict[str, Path]) -> None:
    report.section("Other patterns")
    if "stimuli" in figures:
        report.figure(
            figures["stimuli"],
            "Peak responses to every pattern. Bars: mean over repetitions; whiskers: the least and the "
            "largest.",
            "Preferred beside null direction for every pattern.",
            wide=True,
        )
        report.figure(
            figures["tuning"],
            "Sine gratings, mean over cells and repetitions. Dashed: the speed that was trained.",
            "The index is high along the trained speed.",
            wide=True,
        )
    median, share = tuned_share(result)
    at_speed = np.mean([gratings_index(result, name).mean() for name in CELLS])
    report.note(
        f"Gratings that move at {result.config.velocity_deg_per_s:g}°/s, the only speed in training, give "
        f"a mean index of {at_speed:.2f}. Over all temporal frequencies and wavelengths the median is "
        f"{median:.2f}, {100 * share:.0f} % of the gratings reach the bar, and "
        f"{100 * turned_share(result):.0f} % turn the preference round: a cell that cancels what it expects "
        "cancels it at the speed at which it expects it."
    )
    report.note(
        "Each movie here moves one way throughout, and the memory of the score "
        f"({result.config.leak_s:g} s) makes use of that. The control without memory, in which every window "
        "is for itself, shows how much."
    )
