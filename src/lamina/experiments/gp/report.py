"""The report on the Gaussian process."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.convergence import length_text
from lamina.experiments.gp.lobes import LOBE_THRESHOLD
from lamina.experiments.gp.run import GPResult
from lamina.experiments.gp.summary import claims, single_lobed_from
from lamina.experiments.report import Report


def write_report(result: GPResult, figures: dict[str, Path], path: Path) -> Path:
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
    length, start = length_text(config.length), length_text(config.slope_from)
    report = Report(
        "Filters that follow the noise",
        "A Gaussian process with a rational quadratic kernel, whose correlations fall as a power of the lag, "
        "as those of contrast in natural scenes do, seen through white noise. What its past tells about its "
        "future follows from the kernel alone; with noise the filters lose lobes and widen, as those of "
        "sensory neurons do.",
        footer=footer("gp"),
    )
    report.section("Claims")
    claims_table(report, claims(result), caption="The paper's process (Figs. 2C and 3A–C).")
    report.section("Signals and their latent representation")
    covariances = "; ".join(
        f"{each.latent_covariance[0, 0]:.3f}, {each.latent_covariance[1, 1]:.3f} and "
        f"{each.latent_covariance[0, 1]:.3f}"
        for each in result.noises.values()
    )
    report.text(
        f"The kernel is (1 + τ²/2αℓ²)^−α with α = {config.alpha:g} and ℓ = {config.length_scale:g} samples; "
        f"past and future have {config.memory} samples each. The two units are those of the population. They "
        "are whitened by construction: their variances and covariance, noise by noise, over "
        f"{length} samples are {covariances}."
    )
    report.figure(
        figures["traces"],
        "The same stretch of one signal with more and more noise (top), and the outputs of the two units of "
        "the population for that noise (bottom).",
        "The traces become noisy, the output of the second unit as well, that of the first least.",
        wide=True,
    )
    report.section("Filters")
    report.text(
        f"A lobe is a run of one sign above {LOBE_THRESHOLD:.0%} of the largest weight; smaller weights "
        "neither make a lobe nor part one. Filters that hardly smooth can afford lobes, which take "
        "differences; with noise differences cost too much."
    )
    report.figure(
        figures["filters"],
        f"Lines: filters of the population. Bands span {config.n_seeds} fits to {length} samples. "
        f"Dotted: {LOBE_THRESHOLD:.0%} of the largest weight.",
        "Both filters lose lobes and widen with noise.",
        wide=True,
    )
    since = single_lobed_from(result)
    single = "at none of the noises looked at" if since is None else f"from a noise of about {since:.2g} on"
    most = "; ".join(
        f"{name} filter at most {int(result.lobes[:, unit].max())}"
        for unit, name in enumerate(("first", "second"))
    )
    report.text(
        f"The first filter has a single lobe {single}. It must, in the end: with much noise the covariances "
        "of past and future are nearly white, the filters become singular vectors of the cross-covariance, "
        "all entries of which are positive here, and so are those of its first singular vector (Perron and "
        "Frobenius)."
    )
    report.figure(
        figures["noise"],
        f"A: canonical correlations; lines: population, points: fits to {length} samples with their "
        "span. B: information of the first directions. C, D: lobes and width of the population's filters "
        "against noise; grey: the noises of the paper.",
        "With noise correlations fall, lobes vanish and filters widen.",
        wide=True,
    )
    ends = [
        float(np.abs(each.population.filters[1, -1]) / np.abs(each.population.filters[1]).max())
        for each in result.noises.values()
    ]
    report.note(
        f"The counts depend on the threshold where the end of a filter is close to it. Between the noises of "
        f"the paper they need not fall one by one ({most}). The oldest weight of the second filter is "
        f"{', '.join(f'{each:.3f}' for each in ends)} of the largest (noise by noise), beside a threshold of "
        f"{LOBE_THRESHOLD:g}: where these are close, fits count one lobe more or less."
    )
    report.section("Convergence")
    report.text(
        "Fits miss the population by what Bartlett's formula says of the sample autocovariances: errors fall "
        "as 1/√T, with a factor that follows from the kernel. The signal forgets within a few length scales, "
        "so that a recording holds far fewer independent stretches than samples, and the law sets in late: "
        f"slopes of correlations and filters are fitted from {start} samples on. The whitened "
        "covariances are linear in the sample autocovariances and obey it at any length."
    )
    report.figure(
        figures["convergence"],
        f"Errors of fits, root mean square over {config.n_seeds} recordings of each length with two standard "
        "errors, and theory as lines, which are not fitted.",
        "Errors fall as one over the root of the length, beside theory's lines.",
        wide=True,
    )
    details_section(report, config)
    return report.write(path)
