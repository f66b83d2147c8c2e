"""The report on adaptation."""

from __future__ import annotations

from pathlib import Path

from lamina.experiments.adaptation.config import REACHED, WITHIN
from lamina.experiments.adaptation.run import AdaptationResult
from lamina.experiments.adaptation.summary import claims, lengths, reached_at, table
from lamina.experiments.claims import claims_table
from lamina.experiments.closing import details_section, footer
from lamina.experiments.report import Report


def write_report(result: AdaptationResult, figures: dict[str, Path], path: Path) -> Path:
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
    _, local_times = lengths(result)
    report = Report(
        "How fast a filter follows a change of noise",
        "Sensory neurons change their temporal filters with the signal-to-noise ratio. Here the noise of a "
        "signal changes at once, and the filter is watched on its way to the one that belongs to the new "
        "noise.",
        footer=footer("adaptation"),
    )
    report.section("In short")
    at = min(WITHIN, config.after)
    report.numbers(
        [
            (
                f"cosine after {at} lag vectors, {name}; {config.photoreceptors} photoreceptors together",
                f"{change.pooled[:, at].mean():.3f}",
                f"aim {REACHED:g}; of one alone {change.single[:, at].mean():.3f}; "
                f"old and new {abs(change.old @ change.new):.3f}",
            )
            for name, change in result.changes.items()
        ]
    )
    report.text(
        f"The signal is a Gaussian process with the rational quadratic kernel (length scale "
        f"{config.length_scale:g} samples) and variance 1, plus white noise of {config.low_noise:g} or "
        f"{config.high_noise:g} standard deviations. Filters have {config.memory} samples of memory, one lag "
        f"vector. Covariances forget with a half-life of {config.half_life:g} lag vectors. The cosine is "
        "that of the first filter with the first filter of the population: what an infinitely long recording "
        "of the new noise would give."
    )
    claims_table(report, claims(result), caption="What the paper claims, and what was found.")
    report.section("With forgetting")
    report.figure(
        figures["forgetting"],
        "Mean over seeds, bands span them. Dotted: the cosine of the old filter with the new. Dashed: the "
        f"aim, and {WITHIN} lag vectors.",
        "From ten photoreceptors the new filter is reached in time; from one it is estimated too roughly.",
        wide=True,
    )
    alone = ", ".join(f"{change.fresh[:, 1].mean():.2f}" for change in result.changes.values())
    report.note(
        f"Where {config.photoreceptors} photoreceptors that see signals of the same kind share one filter, "
        "as columns of an eye may, ten lag vectors are enough. One alone has too few samples: a fit to "
        f"nothing but these ten lag vectors comes to {alone} (noise rises, falls). The text of the paper "
        "that we have does not say how many series its Figure S2 pools. Half-life and number of "
        "photoreceptors were chosen in a first look, with other signals."
    )
    report.figure(
        figures["filters"],
        f"The first seed's filter on its way, from {config.photoreceptors} photoreceptors.",
        "The filter widens when noise rises and sharpens when it falls.",
        wide=True,
    )
    report.section("By the local rule")
    local = [reached_at(local_times, change.local) for change in result.changes.values()]
    shown = " and ".join("not at all" if each is None else f"after {each:g} lag vectors" for each in local)
    old = ", ".join(f"{change.local_old.mean():.2f}" for change in result.changes.values())
    report.text(
        "The local rule keeps no covariances. It takes small steps, and has to relearn its weights: the new "
        f"filter is reached {shown} (noise rises, falls), in the mean over seeds, looked at after "
        f"{', '.join(f'{each:g}' for each in local_times[1:])} lag vectors. At the change, after "
        f"{config.local_before} lag vectors of the old noise, its cosine with the old filter was {old}: with "
        "little noise the lag vectors of a smooth signal are nearly collinear, and directions of small "
        "variance are learned slowly."
    )
    report.figure(
        figures["local"],
        f"The asymmetric rule, half-life {config.local_half_life:g} lag vectors, one photoreceptor.",
        "The local rule takes hundreds of lag vectors.",
        wide=True,
    )
    report.section("Numbers")
    for title, rows in table(result):
        report.table(["", "here", "expected", ""], [list(row) for row in rows], caption=title)
    details_section(report, config)
    return report.write(path)
