"""The report on depth."""

from __future__ import annotations

from pathlib import Path

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.depth.comparing import compare, controls, explanations, verdict
from lamina.experiments.depth.curves import CURVES, ONE_WAY, SIDE, STACKED
from lamina.experiments.depth.measuring import FAR, NEAR, OWN, SPEED, VELOCITY, r2_name
from lamina.experiments.depth.run import CORRELATORS, DepthResult
from lamina.experiments.depth.summary import QUESTION, claims
from lamina.experiments.report import Report


def write_report(result: DepthResult, figures: dict[str, Path], path: Path) -> Path:
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
    deepest, seconds = config.depths[-1], config.averages_s[-1]
    speed, velocity = r2_name(SPEED, seconds), r2_name(VELOCITY, seconds)
    report = Report(
        "Does depth help?",
        "Networks of several depths see drifting photographs through the same window. How much does the top "
        "tell about what comes next, and how well can velocity be read from it?",
        footer=footer("depth"),
    )
    report.section("In short")
    report.text(f"So, {QUESTION} {verdict(result)}")
    claims_table(
        report,
        [claim for claim in claims(result) if claim.statement != QUESTION],
        caption="What has to hold if the comparison is sound, and what it says. Differences are paired over "
        f"repetitions, with their {config.confidence:.0%} intervals.",
    )
    report.section("What is compared")
    train, test = result.n_movies
    report.text(
        f"Each movie shows one row of a photograph to {config.photoreceptors} photoreceptors for "
        f"{config.samples * config.dt_s:g} s, at one velocity between {config.slowest_deg_per_s:g} and "
        f"{config.fastest_deg_per_s:g}°/s to either side, with noise of {config.noises[0]:g} standard "
        f"deviations of the row. There are {train} movies of training rows and {test} of a held-out band of "
        f"rows, {config.n_seeds} repetitions with other rows, velocities and noise.\n\n"
        f"Every network sees all {config.photoreceptors} photoreceptors and {config.memory} samples, "
        f"{config.memory * config.dt_s:g} s; a deeper one in smaller steps. Layers have {config.units} units "
        f"per position and learn to predict {config.horizon} samples of their own inputs, from a gap on that "
        "passes over all that lower layers remember. Hidden layers are rectified into ON and OFF. Numbers "
        "are matched in two ways: at the top, where all networks have as many outputs; and in all, where one "
        "layer holds side by side as many units as the stack has on top of each other, and all of them are "
        "read: the stack shows its top alone."
    )
    report.table(
        ["Network", "Layers", "Outputs", "Weights"],
        [
            [curve, f"{depth}", f"{result.values(curve, 'outputs')[0, place]:.0f}",
             f"{result.values(curve, 'weights')[0, place]:.0f}"]
            for curve in (STACKED, SIDE)
            for place, depth in enumerate(config.depths)
        ],
        caption="Outputs that are read (ON and OFF), and weights; positions share them. For the one layer, "
        "*layers* is the depth of the stack whose units it has.",
    )  # fmt: skip
    report.section("Against depth")
    report.figure(
        figures["depth"],
        "Held-out rows. A, B: what a linear forecast from the top's outputs keeps about the next "
        f"{config.horizon} samples of all photoreceptors, and about as many that begin {config.far_gap} "
        "samples ahead, where the future of the deepest network's top begins. C: R² of the speed, by "
        "networks that learned from motion either way. D: R² of the signed velocity, by networks that "
        f"learned from motion to the right; outputs averaged over {seconds:g} s. Bars: standard errors over "
        "repetitions.",
        "Curves of information and of R² against depth, for the stack and its controls.",
        wide=True,
    )
    near, far = (result.values(STACKED, name).mean(axis=0) for name in (NEAR, FAR))
    own = result.values(STACKED, OWN).mean(axis=0)
    report.text(
        "No linear network can keep more about the next samples than one layer of as many units, since one "
        "layer of CCA keeps the most that any linear map of the window can. Rectified layers could, where "
        f"scenes are not Gaussian. The stack keeps {near[0]:.2f} nats with one layer and {near[-1]:.2f} with "
        f"{deepest}, of the samples farther ahead {far[0]:.2f} and {far[-1]:.2f}. Of the future of its own "
        f"inputs the top keeps {own[0]:.2f} and {own[-1]:.2f}: another future for each depth, and no "
        "comparison between them. Every layer keeps what is predictable in its own input, with as many "
        "units, and what one layer leaves out the next cannot bring back."
    )
    report.figure(
        figures["differences"],
        f"R² of {deepest} layers less that of each control, paired over repetitions, with "
        f"{config.confidence:.0%} intervals. Principal components: as many as the top has units.",
        "Differences with their intervals, for speed and for velocity.",
        wide=True,
    )
    report.text(
        f"{explanations(result)} A control that does as well explains the gain as well as depth does: "
        "unrectified layers, that layers choose other directions; one layer that looks as far ahead, that "
        "upper layers have a later future; one layer with a small window, of "
        f"{config.grown_width} photoreceptors and {config.grown_memory} samples, that units of lower layers "
        "see less at a time."
    )
    rows = [
        [name, *(compare(result, asked).text() for asked in pair)] for name, pair in controls(config).items()
    ]
    report.table(
        ["Less", "Speed", "Velocity"], rows, caption=f"The differences as numbers, {deepest} layers."
    )
    report.section("An example")
    one = result.values(ONE_WAY, velocity).mean(axis=0)
    report.figure(
        figures["trace"],
        f"Signed velocity, read from {seconds:g} s of outputs of the first repetition's networks that "
        f"learned from motion to the right; held-out movies drawn by lot. Over all of them R² is "
        f"{one[0]:.2f} with one layer and {one[-1]:.2f} with {deepest}, means over repetitions.",
        "The true velocity of ten movies, and what is read from one layer and from the deepest stack.",
        wide=True,
    )
    report.section("Window, symmetry, averages, noise")
    report.figure(
        figures["window"],
        "A, B: beside the stack, one layer whose future begins as far ahead as that of the stack's top, and "
        "layers that each add to the window, so that depth also widens it. C: signed velocity from networks "
        "that learned from motion either way, and from every second movie with its mirror image; principal "
        "components are as many as the stack has units in all. D: how long outputs are averaged. E, F: "
        "levels of noise.",
        "Six panels of R²: window and future for speed and velocity, symmetry, averaging time, and noise.",
        wide=True,
    )
    report.text(
        "Units that learned mirrored movies are even or odd in space, and by symmetry the mean of their "
        "outputs says nothing about the direction of motion, however many layers there are. What networks "
        "that learned from motion either way do tell about it, they owe to rows that are not symmetric. "
        "The paper trains its T4a and T4b one way each, and so are the networks that velocity is read from."
    )
    known = (result.reference(CORRELATORS, each).mean() for each in (speed, velocity))
    report.note(
        "All repetitions share two photographs, so that the intervals speak of rows, velocities and noise of "
        "these, not of other scenes. There are six questions, and no correction for asking six. Correlators "
        "of neighbours, which are told what motion is, reach R² of {:.2f} (speed) and {:.2f} (velocity) and "
        "are no upper bound. Networks with a gap of one sample in upper layers were left out: past and "
        "future of such a layer overlap, it has more channels than there are photoreceptors, and so futures "
        "that its past determines exactly, whatever the scene.".format(*known)
    )
    report.table(
        ["Name", "Network"], [[name, what] for name, what in CURVES.items()], caption="All networks."
    )
    details_section(report, config)
    return report.write(path)
