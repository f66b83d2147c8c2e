"""The report on the OU process."""

from __future__ import annotations

from pathlib import Path

from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.convergence import length_text, named
from lamina.experiments.ou.config import STATES
from lamina.experiments.ou.run import OUResult
from lamina.experiments.ou.summary import claims
from lamina.experiments.report import Report


def write_report(result: OUResult, figures: dict[str, Path], path: Path) -> Path:
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
        "A process whose answer is known",
        "Three hidden states, seen through one noisy observation. What the past tells about the future of "
        "such a system follows from its matrices, and fits to recordings have to find it, at the rate that "
        "theory gives.",
        footer=footer("ou"),
    )
    report.section("Claims")
    claims_table(report, claims(result), caption="The paper's process (Fig. 2B).")
    report.section("Population and fits")
    report.text(
        f"The system is x(t+1) = A x(t) + B w(t), y(t) = C x(t) + v(t). Its autocovariance follows from the "
        f"Lyapunov equation P = A P Aᵀ + B Bᵀ, and the covariances of lag vectors of {config.memory} samples "
        f"from that. Past and future are tied by the {STATES} states alone: exactly {STATES} canonical "
        "correlations differ from 0. In fits all of them do: what is left over looks like correlation."
    )
    report.figure(
        figures["population"],
        f"A: a recording. B: past filters; bands span {config.n_seeds} fits to {length} samples. "
        "C: canonical correlations; whiskers span the fits, grey is what theory expects where there is "
        "nothing. D: information of the first directions; what fits add behind the third is spurious, and "
        "falls as 1/T.",
        "Three correlations stand out in the population; fits agree, and add a floor of spurious ones.",
        wide=True,
    )
    report.section("Convergence")
    bias = ", ".join(f"{each:.0f}" for each in result.bias)
    report.text(
        "A fit sees nothing of a recording but its sample autocovariances. For a Gaussian process these "
        "scatter by Bartlett's formula, and errors of moments, correlations and filters that are linear in "
        "them fall as 1/√T, with a factor that needs no fit. The correlations are also biased upwards, by "
        f"{bias} over the number of windows, which falls as 1/T: half the second derivative times the same "
        "scatter. The slope of the correlations is that of what is left when theory's bias is taken off; it "
        f"and that of the filters are fitted from {start} samples on. A correlation of 0 is not "
        "among these: noise gives it the singular values of a random Hankel matrix, which fall as 1/√T but "
        "are never negative."
    )
    slope = named(result.convergences, "moments")
    report.figure(
        figures["convergence"],
        f"A: errors of fits, root mean square over {config.n_seeds} recordings of each length with two "
        "standard errors, and theory as lines, which are not fitted. B: fitted correlations, bands span the "
        "recordings; dashed: the population. C: their mean error times the windows, with theory's standard "
        "error; dashed: theory. "
        "D: angles between what the three fitted units span and the steady Kalman predictor of the states.",
        f"Errors fall, those of the moments with a slope of {slope.slope:.2f}, beside theory's lines.",
        wide=True,
    )
    third = result.sweep.correlations[:, :, STATES - 1].mean(axis=0)
    fourth = result.sweep.correlations[:, :, STATES].mean(axis=0)
    apart = result.sweep.lengths[third > 1.5 * fourth]
    seen = f"at {length_text(int(apart[0]))} samples" if len(apart) else "at none of these lengths"
    report.note(
        "The third state hardly matters: its correlation in the population is "
        f"{result.population.correlations[STATES - 1]:.4f}. It first stands clear of the spurious ones, "
        f"half as large again as the fourth on average, {seen}; before that the third fitted unit is mostly "
        "noise, and the largest angle to the optimal observer says so."
    )
    details_section(report, config)
    return report.write(path)
