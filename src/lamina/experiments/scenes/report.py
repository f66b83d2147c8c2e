"""The report on scanned scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.report import Report
from lamina.experiments.scenes.findings import closed_form_cosines, products, theory_cosines, widening
from lamina.experiments.scenes.run import LEAVES, PHOTOGRAPHS, SHARP, WHITE, ScenesResult
from lamina.experiments.scenes.statements import claims


def write_report(result: ScenesResult, figures: dict[str, Path], path: Path) -> Path:
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
    report = Report(
        "What one photoreceptor learns from scanned scenes",
        "An eye turns at constant velocity, and one photoreceptor sees the contrast along a row of the scene "
        "go by. The directions of its past that tell most about its future are compared with the cells L3, "
        "L1 and L2 behind a fly's photoreceptor, and followed as the noise grows.",
        footer=footer("scenes"),
    )
    report.section("Claims")
    claims_table(
        report, claims(result), caption="The paper's claims, and what was found; mean ± SD of seeds."
    )
    _scans(report, result, figures)
    _filters(report, result, figures)
    _widening(report, result, figures)
    _controls(report, result, figures)
    images = {
        scene.photograph.name: f"{scene.photograph.source}; {scene.contrast.shape[1]} × "
        f"{scene.contrast.shape[0]} pixels, {scene.photograph.field_of_view_deg:.1f}° wide"
        for scene in result.scenes
    }
    details_section(report, result.config, Images=images)
    return report.write(path)


def _scans(report: Report, result: ScenesResult, figures: dict[str, Path]) -> None:
    config = result.config
    report.section("What is scanned")
    report.text(
        f"Luminance is blurred as a photoreceptor blurs (a Gaussian {config.acceptance_deg:g}° wide at half "
        "height) and turned into local contrast (I − Ī)/Ī, with Ī the mean over a Gaussian "
        f"{config.surround_deg:g}° wide. Every row is put into units of its own standard deviation and moves "
        f"past at {config.velocity_deg_per_s:g}° per second, sampled every {1000 * config.dt_s:g} ms; then "
        f"comes white noise. Past and future are {config.memory} and {config.horizon} samples long. In each "
        f"of {config.n_seeds} repetitions another band of {100 * config.test_share:.0f} % of the rows of "
        f"each image is kept from training, with {config.guard_deg:g}° on either side of it."
    )
    report.text(
        "The *dead leaves* are the model by which the paper explains its result: opaque discs with radii "
        f"from {config.smallest_leaf_deg:g}° to {config.largest_leaf_deg:g}° and a density that falls as the "
        f"power {config.leaf_exponent:g} of the radius, each of its own luminance, seen as the photographs "
        "are. The chance that two points lie on one leaf has a closed form, and so has the "
        "autocovariance of a scan."
    )
    report.figure(
        figures["scans"],
        "A, C: a photograph and a dead-leaves scene with the row that is scanned. B, D: the contrast along "
        "it, and the same with the strongest noise.",
        "Plateaus and transitions in both, the transitions as slow as the photoreceptor's blur.",
        wide=True,
    )
    if result.bundled:
        report.note(
            "What angle the cameras saw is not known; the photographs are treated as if sampled at 2.575 "
            "pixels per degree, like the panoramas of Meyer et al. (2014)."
        )


def _filters(report: Report, result: ScenesResult, figures: dict[str, Path]) -> None:
    config = result.config
    theory, closed = theory_cosines(result.worlds[PHOTOGRAPHS]), closed_form_cosines(result)
    report.section("L3, L1 and L2")
    report.text(
        "The first direction is mostly one positive lobe: it follows the luminance, as L3 does. The second "
        "takes the difference of the present and the recent past; its two halves, rectified, answer steps up "
        "(L1, ON) and steps down (L2, OFF)."
    )
    report.figure(
        figures["filters"],
        "Filters at three noise levels, mean over seeds, bands span them. A–C: photographs. D–F: dead "
        "leaves; dotted: the closed form, with nothing fitted.",
        "A low-pass filter and a smoothed derivative, wider with more noise; the closed form lies on them.",
        wide=True,
    )
    report.text(
        "Two other routes lead to the same filters. From the autocovariance of the scans alone, with the "
        f"noise added to its lag 0, come filters whose cosine with the fitted ones is {theory.min():.4f} or "
        "more at every noise level and seed. From the closed form of the dead-leaves model, blurred and "
        f"stripped of its local mean on paper, come filters of cosine {closed.min():.4f} or more with those "
        "fitted to drawn scenes."
    )
    report.figure(
        figures["staircase"],
        "Answers to a luminance staircase (A), mean over seeds, bands span them: L3 (B), L1 (C), L2 (D). In "
        "black, broken: units that learned from dead leaves.",
        "L3 follows every step; L1 answers steps up and L2 steps down, with a rest that grows with noise.",
        wide=True,
    )
    noise = config.noises[-1]
    marks = result.worlds[PHOTOGRAPHS].marks(noise)
    rest = np.mean([max(each.L1_plateau, each.L2_plateau) for each in marks])
    report.note(
        f"That L1 and L2 are silent on plateaus is a matter of noise. At noise {noise:g} their answer on the "
        f"worst plateau is {100 * rest:.0f} % of their mean peak: where the noise is strong, the second "
        "filter weighs a long past against the present, and its weights no longer sum to zero. The stimulus "
        "is shown in units of its own standard deviation about its mean; what rests "
        "depends on that mean."
    )


def _widening(report: Report, result: ScenesResult, figures: dict[str, Path]) -> None:
    world = result.worlds[PHOTOGRAPHS]
    lobes = widening(world).first_lobe_ms.mean(axis=0)
    cuts = world.each("cut_off_hz").mean(axis=0)
    shares = products(world).mean(axis=0)
    report.section("Noise widens filters, and why")
    report.text(
        f"From noise {world.noises[0]:g} to {world.noises[-1]:g} the first lobe of the first filter grows "
        f"from {lobes[0, 0]:.0f} to {lobes[-1, 0]:.0f} ms, that of the second from {lobes[0, 1]:.0f} to "
        f"{lobes[-1, 1]:.0f} ms, and the number of lobes falls. The reason stands in the spectrum (A): the "
        "photoreceptor's blur makes the power of the scans fall steeply with frequency, and white noise "
        f"hides all that lies above the frequency at which it is as strong, {cuts[0]:.1f} Hz at the least "
        f"noise and {cuts[-1]:.1f} Hz at the most. A filter that has to do without the frequencies above the "
        f"cut-off cannot change faster: the first lobes are about {shares[0]:.2f} and {shares[1]:.2f} of a "
        "period of the cut-off long (C), in photographs, dead leaves and white scenes, and at other speeds."
    )
    report.figure(
        figures["widening"],
        "A: power spectra of the scans, and of the noise (dotted); dots mark the cut-offs. B: time before "
        "the present at which a filter first changes its sign. C: the same against the period of the "
        "cut-off, for everything that was scanned with blur; lines: proportional. D: centre of mass of the "
        "squared weights. E: number of lobes (runs of one sign above 5 % of the largest weight). F: "
        "canonical correlations; crosses: rows not trained on. Bands span the seeds.",
        "First lobes widen with noise in proportion to the period of the cut-off, while lobes become fewer.",
        wide=True,
    )
    report.note(
        "The centre of mass says less than the first lobe. While every lobe widens, the last ones disappear, "
        "and what is added near the present is taken off the tail; weighted by magnitudes and not by "
        "squares, the centre does not move with noise in any one direction (metrics.json has both)."
    )


def _controls(report: Report, result: ScenesResult, figures: dict[str, Path]) -> None:
    noise = result.config.headline
    sigma = {
        name: world.each("correlations")[:, world.at(noise)].mean(axis=0)
        for name, world in result.worlds.items()
    }
    report.section("What the scene adds, and what the eye")
    report.text(
        "The paper explains both filters by dead leaves: plateaus, and transitions as the optics shape them. "
        "Two controls tell the parts apart. In the *white scene* every pixel has a luminance of its own, so "
        f"that nothing but the photoreceptor's blur makes it smooth; its σ₂ is {sigma[WHITE][1]:.3f}, that "
        f"of the photographs {sigma[PHOTOGRAPHS][1]:.3f} and of dead leaves {sigma[LEAVES][1]:.3f}. Dead "
        f"leaves that are seen without blur keep their plateaus, but their σ₂ is {sigma[SHARP][1]:.3f}."
    )
    report.figure(
        figures["controls"],
        f"Both filters at noise {noise:g}, mean over seeds, bands span them.",
        "The white scene teaches nearly the same filters; without blur the second filter is another one.",
        wide=True,
    )
    report.note(
        "Canonical directions see autocovariances alone: a Gaussian process of the same spectrum has the "
        "same filters, plateaus or not. Where σ₂ without structure is as high as with it, the shape of the "
        "first two filters tells about the eye's optics and its noise, and less about objects."
    )
    rows = []
    for name, world in {
        **result.worlds,
        **{f"photographs, {velocity:g}°/s": world for velocity, world in result.velocities.items()},
    }.items():
        marks = world.marks(noise)
        held = world.each("held_out")[:, world.at(noise)].mean(axis=0)
        values = world.each("correlations")[:, world.at(noise)].mean(axis=0)
        rest = float(np.mean([max(each.L1_plateau, each.L2_plateau) for each in marks]))
        rows.append(
            [name, values[0], values[1], held[1], float(np.mean([each.L3_kept for each in marks])), rest]
        )
    report.table(
        ["scanned", "σ₁", "σ₂", "σ₂, other rows", "L3 keeps", "L1, L2 rest"],
        rows,
        caption=f"Noise {noise:g}, mean over seeds. L3 keeps this share of a step on the plateau; L1 and L2 "
        "rest on their worst plateau at this share of their mean peak.",
        digits=3,
    )
