"""The report of the comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.experiments.baselines.methods import CCA, METHODS, RRR
from lamina.experiments.baselines.run import BaselinesResult, window
from lamina.experiments.baselines.summary import claims
from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.report import Report


def write_report(result: BaselinesResult, figures: dict[str, Path], path: Path) -> Path:
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
        "What canonical correlation keeps that others lose",
        "A unit has room for a few numbers about the past. Canonical correlation analysis (CCA) chooses "
        "those that tell most about the future. The paper's code sets two other ways beside it; here are "
        "these, ridge regression and slow features, on the same signals.",
        footer=footer("baselines"),
    )
    report.section("In short")
    claims_table(report, claims(result))
    _ways(report, result)
    _ranks(report, result, figures)
    _lengths(report, result, figures)
    _filters(report, result, figures)
    _numbers(report, result)
    details_section(report, result.config)
    return report.write(path)


def _ways(report: Report, result: BaselinesResult) -> None:
    config = result.config
    lags = {name: window(name, config) for name in result.processes}
    shown = "; ".join(f"{name} {m} and {h}" for name, (m, h) in lags.items())
    report.section("Ways of choosing filters")
    report.text(
        "- **CCA**: singular vectors of the cross-covariance of past and future after both were whitened.\n"
        "- **RRR**, reduced-rank regression: only the past is whitened. Best forecast in squared error.\n"
        "- **PCA**, as the paper's code names it: the cross-covariance as it is.\n"
        "- **ridge**: the leading input directions of ridge regression, whose penalty the last quarter of "
        "what is learned from chooses.\n"
        "- **slow features**: outputs of variance 1 that change least from one sample to the next.\n\n"
        f"Samples of past and of future: {shown}. Information is that of Gaussian variables, "
        "−½ ln det(I − C_zz^(−½) C_zf C_ff⁻¹ C_fz C_zz^(−½)), for the outputs z of the units kept and the "
        "whole future f. The error is the squared error of the best linear forecast from these outputs, as a "
        "share of the variance of the future."
    )


def _ranks(report: Report, result: BaselinesResult, figures: dict[str, Path]) -> None:
    report.section("Unit by unit")
    report.figure(
        figures["ranks"],
        "On recordings not learned from; mean over seeds, bands span them. Where a method has fewer "
        "directions, its last value goes on.",
        "Information and forecast error of the five methods against the number of units.",
        wide=True,
    )
    cca, rrr = METHODS.index(CCA), METHODS.index(RRR)
    lines: list[str] = []
    for name, each in result.processes.items():
        kept, error = (part.mean(axis=0)[:, 0] for part in vars(each.held_out).values())
        lines.append(
            f"- **{name}**: one unit of CCA keeps {kept[cca]:.2f} nats and leaves an error of "
            f"{error[cca]:.3f}; one of RRR {kept[rrr]:.2f} nats and {error[rrr]:.3f}."
        )
    report.text(
        "Both optima are theorems about the moments that were learned from, and the table above checks them. "
        "They are different aims: an output may tell much about the future and still forecast little of its "
        "variance, for information also counts what is small but sure.\n\n" + "\n".join(lines)
    )
    report.note(
        "The two differ by how the future is weighed. CCA measures every direction of the future in its own "
        "standard deviations; squared error measures all in the same unit, so that large, slow components "
        "count most. Which of them a neuron should care for is not settled by either."
    )


def _lengths(report: Report, result: BaselinesResult, figures: dict[str, Path]) -> None:
    report.section("From few samples")
    report.figure(
        figures["lengths"],
        "Information on recordings not learned from, against how much was learned from.",
        "Information of the five methods against the number of samples that they were learned from.",
        wide=True,
    )
    own = METHODS.index(CCA)
    lines: list[str] = []
    for name, each in result.processes.items():
        mean = each.curves.mean(axis=0)
        best = [METHODS[int(np.argmax(row))] for row in mean]
        others = sorted({method for method in best if method != CCA})
        lines.append(
            f"- **{name}**: from {each.lengths[0]:,} samples CCA keeps {mean[0, own]:.3f} nats, from "
            f"{each.lengths[-1]:,} {mean[-1, own]:.3f}; "
            + (f"at some length {' or '.join(others)} keeps more." if others else "most at every length.")
        )
    report.text(
        "CCA whitens past and future, and so has more to estimate than the others. Whether that costs "
        "anything on short recordings:\n\n" + "\n".join(lines)
    )


def _filters(report: Report, result: BaselinesResult, figures: dict[str, Path]) -> None:
    report.section("What the filters look like")
    report.figure(
        figures["filters"],
        "The first two filters of every method, first seed; the newest sample is at lag 0.",
        "Weights against lag, unit by unit, on the Gaussian process and on photographs.",
        wide=True,
    )
    lines = []
    for name, each in result.processes.items():
        shares = each.filters[:, 0] ** 2  # of unit length
        reach = shares @ np.arange(shares.shape[-1])
        told = ", ".join(f"{method} {lag:.1f}" for method, lag in zip(METHODS, reach, strict=True))
        lines.append(f"- **{name}**: {told}.")
    report.text(
        "How far back the first unit looks, as the mean lag of its squared weights, in samples:\n\n"
        + "\n".join(lines)
    )


def _numbers(report: Report, result: BaselinesResult) -> None:
    report.section("Numbers")
    for name, each in result.processes.items():
        for what, part in (("Information kept (nats)", "information"), ("Forecast error", "error")):
            mean = getattr(each.held_out, part).mean(axis=0)
            report.table(
                ["Units", *METHODS],
                [[rank + 1, *(float(value) for value in mean[:, rank])] for rank in range(mean.shape[1])],
                caption=f"{what}, {name}, recordings not learned from, mean over seeds.",
                digits=3,
            )
