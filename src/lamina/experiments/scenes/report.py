"""The report on scanned scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.report import Report
from lamina.experiments.scenes.findings import closed_form_cosines, products, theory_cosines, widening
from lamina.experiments.scenes.run import LEAVES, PHOTOGRAPHS, SHARP, WHITE, ScenesResult, World
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
    marks = result.worlds[PHOTOGRAPHS].marks(config.headline)
    report.section("L3, L1 and L2")
    report.text(
        f"At noise {config.headline:g} the first direction keeps "
        f"{100 * np.mean([each.L3_kept for each in marks]):.1f} % of a step on the plateau: it follows the "
        "luminance, as L3 does. The second sets the present against the recent past. Its two halves, "
        "rectified, are L1, which answers steps up (ON), and L2, which answers steps down (OFF); on their "
        f"worst plateaus {100 * np.mean([each.L1_plateau for each in marks]):.0f} % and "
        f"{100 * np.mean([each.L2_plateau for each in marks]):.0f} % of their mean peaks are left."
    )
    report.figure(
        figures["filters"],
        "Filters at three noise levels, mean over seeds, bands span them. A–C: photographs. D–F: dead "
        "leaves; dotted: the closed form, with nothing fitted.",
        "A low-pass filter and a smoothed derivative, wider with more noise.",
        wide=True,
    )
    report.text(
        "Two other routes to the filters need no fit. From the autocovariance of the scans alone, with the "
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
    rests = [
        np.mean([max(each.L1_plateau, each.L2_plateau) for each in result.worlds[PHOTOGRAPHS].marks(noise)])
        for noise in config.noises
    ]
    shown = ", ".join(
        f"{100 * rest:.0f} % at noise {noise:g}" for noise, rest in zip(config.noises, rests, strict=True)
    )
    world = result.worlds[PHOTOGRAPHS]
    sums = [
        np.mean([one.units[world.at(noise)].filters_[1].sum() for one in world.learned])
        for noise in config.noises
    ]
    report.note(
        f"How silent L1 and L2 are on plateaus depends on the noise: their worst rest is {shown} of the mean "
        f"peak, and the weights of the second filter sum to {', '.join(f'{each:.2f}' for each in sums)}. The "
        "stimulus is shown in units of its own standard deviation about its mean; what rests depends on that "
        "mean."
    )


def _widening(report: Report, result: ScenesResult, figures: dict[str, Path]) -> None:
    world = result.worlds[PHOTOGRAPHS]
    wide = widening(world)
    lobes, count = wide.first_lobe_ms.mean(axis=0), wide.lobes.mean(axis=0)
    cuts = world.each("cut_off_hz").mean(axis=0)
    blurred = [result.worlds[name] for name in (PHOTOGRAPHS, LEAVES, WHITE)] + list(
        result.velocities.values()
    )
    every = np.concatenate([products(each) for each in blurred])
    report.section("Noise widens filters, and why")
    report.text(
        f"From noise {world.noises[0]:g} to {world.noises[-1]:g} the first lobe of the first filter goes "
        f"from {lobes[0, 0]:.0f} to {lobes[-1, 0]:.0f} ms, that of the second from {lobes[0, 1]:.0f} to "
        f"{lobes[-1, 1]:.0f} ms; the number of lobes from {count[0, 0]:.1f} to {count[-1, 0]:.1f} and from "
        f"{count[0, 1]:.1f} to {count[-1, 1]:.1f}. The reason stands in the spectrum (A). The "
        "photoreceptor's blur makes the power of the scans fall steeply with frequency, and white noise "
        f"hides all that lies above the frequency at which it is as strong: {cuts[0]:.1f} Hz at the least "
        f"noise, {cuts[-1]:.1f} Hz at the most. A filter that has to do without the frequencies above this "
        f"cut-off cannot change faster. In everything that was scanned with blur, at every noise and speed, "
        f"the first lobe is {every[:, 0].min():.2f} to {every[:, 0].max():.2f} of a period of the cut-off "
        f"long in the first filter, and {every[:, 1].min():.2f} to {every[:, 1].max():.2f} in the second "
        f"(C), while the lobes themselves differ by factors of {_factor(blurred, 0):.0f} and "
        f"{_factor(blurred, 1):.0f}."
    )
    report.figure(
        figures["widening"],
        "A: power spectra of the scans, and of the noise (dotted); dots mark the cut-offs. B: time before "
        "the present at which a filter first changes its sign. C: the same against the period of the "
        "cut-off, for everything that was scanned with blur; lines: proportional. Dotted in B: the closed "
        "form of dead leaves. D: centre of mass of the squared weights. E: number of lobes (runs of one sign "
        "above 5 % of the largest weight). F: canonical correlations; crosses: rows not trained "
        "on. Bands span the seeds.",
        "Spectra with their cut-offs, and the widths of filters against noise and against the cut-off.",
        wide=True,
    )
    magnitude = wide.magnitude_centre_ms.mean(axis=0)[[world.at(noise) for noise in result.config.noises]]
    trail = [" → ".join(f"{value:.0f}" for value in magnitude[:, unit]) for unit in (0, 1)]
    report.note(
        "The centre of mass says less than the first lobe: where lobes widen and become fewer, what is added "
        "near the present is taken off the tail. Weighted by magnitudes and not by squares, which gives more "
        f"to the tail, it is at {trail[0]} ms for the first filter and {trail[1]} ms for the second, at the "
        "three noise levels of the filters above."
    )


def _factor(worlds: list[World], unit: int) -> float:
    lobes = np.concatenate([widening(each).first_lobe_ms.mean(axis=0)[:, unit] for each in worlds])
    return float(lobes.max() / lobes.min())


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
        "Filters of photographs, dead leaves, white scenes, and dead leaves without blur, on one another.",
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
