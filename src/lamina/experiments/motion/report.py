"""The report of the motion experiment: what was done, what came out, and the paper's claims beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.motion import findings, findings_circuit, scrutiny_report, statements
from lamina.experiments.motion.config import EXPECTED
from lamina.experiments.motion.paper_claims import claims
from lamina.experiments.motion.run import MotionResult
from lamina.experiments.motion.summary import DETECTORS, held_out, untrained_limit
from lamina.experiments.report import Report


def write_report(result: MotionResult, figures: dict[str, Path], path: Path) -> Path:
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
    t4 = np.concatenate([result.each(cell, "index") for cell in DETECTORS])
    found = claims(result)
    names = ", ".join(scene.photograph.name for scene in result.scenes)
    report = Report(
        "How a fly could learn to see motion",
        f"A network of rectified spectral units was shown photographs ({names}) drifting past three "
        f"photoreceptors. Nobody told it what motion is. {statements.opening(result)}",
        footer=footer("motion"),
    )
    _overview(report, result, t4)
    report.section("The paper's claims, and ours beside them")
    claims_table(
        report,
        found,
        caption=f"Means over {result.config.n_seeds} repetitions, with standard deviations. The second "
        "direction is that of networks with the paper's settings; the chosen units are those of the rule "
        "below.",
    )
    _scenes(report, result, figures)
    _layer1(report, result, figures)
    findings.layer2(report, result)
    findings.controls(report, result, figures)
    scrutiny_report.controls(report, result.scrutiny, figures)
    findings.polarity(report, result)
    findings_circuit.responses(report, result, figures)
    findings_circuit.mechanism(report, result, figures)
    findings_circuit.connectome(report, result, figures)
    findings_circuit.tuning(report, result, figures)
    scrutiny_report.robustness(report, result.scrutiny, figures)
    scrutiny_report.held_out_images(report, result.scrutiny)
    findings.choices(report, result)
    _details(report, result)
    return report.write(path)


def _overview(report: Report, result: MotionResult, t4: np.ndarray) -> None:
    sigma = held_out(result)
    nulls = np.concatenate([result.each(cell, "null") for cell in DETECTORS])
    report.section("In short")
    report.numbers(
        [
            ("σ₂ of layer 1", f"{sigma[1]:.3f}", f"σ₁ {sigma[0]:.3f}; on rows not trained on"),
            (
                "direction selectivity of T4a and T4b",
                f"{t4.mean():.2f}",
                f"lowest of all seeds {t4.min():.2f}",
            ),
            ("response to the null direction", f"{nulls.mean():.2f} SD", "of the training response"),
            ("99 % of untrained networks lie below", f"{untrained_limit(result):.2f}", "by the same rule"),
        ]
    )
    report.text(
        "A *rectified spectral unit* (ReSU) looks at the recent past of its input and keeps the direction "
        "in it that best predicts the future: past–future canonical correlation analysis, followed by "
        "rectification. No labels, no gradients, one pass over the data for each layer; only the rule that "
        "picks T4 among the units of the second layer knows which way the scenes moved. The idea and the "
        "experiment are those of Qin et al. (2025), arXiv:2512.23146; this page repeats their Figures 4 "
        "and 5, with controls."
    )
    report.text(
        "Gap and noise of the settings were chosen by a search in which the test pattern was seen, so the "
        "index is flattered by what that search could gain; the row with the paper's own settings under "
        "*Every choice* is free of it."
    )
    fragile = statements.fragility(result.choices)
    if fragile:
        report.note(fragile)


def _scenes(report: Report, result: MotionResult, figures: dict[str, Path]) -> None:
    config = result.config
    report.section("What the network saw")
    report.text(
        f"Each image is blurred as a photoreceptor blurs (a Gaussian {config.acceptance_deg:g}° wide at "
        "half height), and its luminance *I* turned into local contrast (I − Ī)/Ī, where Ī is the mean "
        f"over a Gaussian {config.surround_deg:g}° wide. Every row is put into units of its own standard "
        f"deviation and moved over three photoreceptors {config.spacing_deg:g}° apart at "
        f"{config.velocity_deg_per_s:g}° per second, sampled every {1000 * config.dt_s:g} ms. In each of "
        f"the {config.n_seeds} repetitions, another band of {100 * config.test_share:.0f} % of the rows of "
        f"each image, and {config.guard_deg:g}° on either side of it, is kept from training."
    )
    if result.bundled:
        report.note(
            "The photographs are those that ship with scikit-learn. What angle their cameras saw is not "
            "known; they are treated as if sampled at 2.575 pixels per degree, like the panoramas of Meyer "
            "et al. (2014)."
        )
    report.figure(
        figures["scenes"],
        "A: luminance; the rows between the lines are kept for testing in the first repetition. B: local "
        "contrast. C: one of these rows as the three photoreceptors see it while it moves to the right.",
        "A photograph, its local contrast, and bands of light and dark that pass three pixels one after "
        "the other.",
        wide=True,
    )


def _layer1(report: Report, result: MotionResult, figures: dict[str, Path]) -> None:
    config = result.config
    shares = {
        cell: float(np.mean([r.layer1.plateau[cell] for r in result.repetitions]))
        for cell in ("L3", "L1", "L2", "unit 2")
    }
    sigma = held_out(result)
    report.section("Layer 1: L1, L2 and L3")
    report.text(
        f"One photoreceptor, {config.memory} samples of past, {config.horizon} of future, photoreceptor "
        f"noise {config.layer1_noise:g} of the contrast. The first direction is a low-pass filter that "
        "follows the luminance, as L3 does. The second is a smoothed derivative; its positive half answers "
        "a brightening and falls silent on the plateau (L1), its negative half a darkening (L2)."
    )
    report.figure(
        figures["layer1"],
        "A: the two filters, the present at the right. B: canonical correlations in training and on rows not "
        "trained on. C: the response to a staircase of luminance.",
        "A low-pass filter and a biphasic filter; L3 follows the stairs, L1 and L2 answer each step briefly.",
        wide=True,
    )
    rows = [
        [
            "σ₁, rows not trained on",
            sigma[0],
            _goal(result, "sigma_1"),
            _mark(result, "sigma_1", sigma[0]),
        ],
        [
            "σ₂, rows not trained on",
            sigma[1],
            _goal(result, "sigma_2"),
            _mark(result, "sigma_2", sigma[1]),
        ],
    ]
    rows += [
        [
            f"{cell}: share of the peak left on the plateau after a step",
            shares[cell],
            _goal(result, f"{cell}_plateau"),
            _mark(result, f"{cell}_plateau", shares[cell]),
        ]
        for cell in ("L3", "L1", "L2")
    ]
    rows.append(["the same for the second unit before rectification", shares["unit 2"], "", None])
    report.table(["", "here", "expected", ""], rows, caption="Layer 1, mean over repetitions.", digits=3)


def _details(report: Report, result: MotionResult) -> None:
    scenes = {
        scene.photograph.name: f"{scene.photograph.source}; {scene.contrast.shape[1]} × "
        f"{scene.contrast.shape[0]} pixels, {scene.photograph.field_of_view_deg:.1f}° wide"
        for scene in result.scenes
    }
    details_section(report, result.config, Images=scenes)
    rows = []
    first = result.repetitions[0]
    for cell in DETECTORS:
        tested = first.cells[cell]
        sigma = tested.detector.network.layers_[1].canonical_correlations_
        rows += [
            # adding 0 takes the sign off a zero
            [cell, number + 1, *(round(float(value), 2) + 0.0 for value in (sigma[number], *pair))]
            for number, pair in enumerate(tested.directions)
        ]
    report.table(
        ["network", "direction", "correlation", "index, positive half", "index, negative half"],
        rows,
        caption="Every direction of the first repetition on the ON/OFF pattern; above zero prefers the "
        "direction of training.",
    )


def _mark(result: MotionResult, name: str, value: float) -> bool | None:
    return EXPECTED[name].passes(float(value)) if result.bundled else None


def _goal(result: MotionResult, name: str) -> str:
    return str(EXPECTED[name]) if result.bundled else ""
