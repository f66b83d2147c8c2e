"""One page on all experiments: claim by claim, with the figures that would stand in the paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.experiments.claims import Claim, claims_table
from lamina.experiments.closing import footer, versions
from lamina.experiments.folder import FIGURES, REPORT
from lamina.experiments.report import Report

if TYPE_CHECKING:
    from lamina.experiments.joint import Outcome


def write_joint_report(
    outcomes: Sequence[Outcome],
    path: Path,
    *,
    quick: bool,
    seed: int,
    images: Path | None = None,
    field_of_view_deg: float | None = None,
) -> Path:
    """Write the page.

    Parameters
    ----------
    outcomes
        Every experiment, with its folder.
    path
        The file to write.
    quick
        Whether these were quick runs.
    seed
        The seed of all.
    images, field_of_view_deg
        The images that were given, and what each spans.

    Returns
    -------
    Path
        ``path``.
    """
    done = [outcome for outcome in outcomes if not outcome.error]
    met, missed, told = (sum(outcome.count(holds) for outcome in done) for holds in (True, False, None))
    report = Report(
        "Rectified spectral units: the paper and what lies beyond it, claim by claim",
        "Every experiment of Qin et al. (2025), arXiv:2512.23146, run again by lamina, and what lies beyond: "
        "each claim with the paper's number, ours, and a tolerance that was stated before the run.",
        footer=footer("all --quick" if quick else "all"),
    )
    report.section("In short")
    failed = len(outcomes) - len(done)
    report.numbers(
        [
            ("claims that hold", met, f"of {met + missed} that are judged"),
            ("claims that do not", missed, "each is explained below" if missed else ""),
            ("numbers that are reported only", told, "no bar was stated for them"),
            *([("experiments that did not finish", failed, "their claims are missing here")] * bool(failed)),
        ]
    )
    report.text(
        "A claim's source is a figure of the paper, *Specification* or *Issue* where the plan of lamina "
        "stated a bar before the run, or *beyond the paper*."
    )
    if quick:
        report.note(
            "These are **quick** runs, with fewer repetitions and shorter recordings: they show that all of "
            "it works. The published numbers come from `lamina reproduce all`."
        )
    if images is not None:
        names = ", ".join(f"`{outcome.name}`" for outcome in outcomes if outcome.takes_images)
        report.note(
            f"Images of `{images}`, {field_of_view_deg:g}° wide each, stand in place of the photographs of "
            f"the published run in: {names}. All others made, or brought, their own data."
        )
    report.table(
        ["Experiment", "Shows", "Paper", "Hold", "Do not", "Reported", "Seconds"],
        [_overview_row(outcome) for outcome in outcomes],
        caption="The experiments. Each has a report of its own in the folder of its name.",
        digits=0,
    )
    _red(report, outcomes)
    for outcome in done:
        _experiment(report, outcome)
    report.section("Details")
    for outcome in done:
        report.details(f"Settings of {outcome.name}", outcome.summary["config"])
    report.details("Versions", versions())
    report.details("Commands", _commands(outcomes, quick, seed, images, field_of_view_deg))
    return report.write(path)


def _overview_row(outcome: Outcome) -> list[object]:
    if outcome.error:
        return [outcome.name, f"**did not finish**: {outcome.error}", None, None, None, None, None]
    found = outcome.summary
    counts = [outcome.count(holds) for holds in (True, False, None)]
    return [outcome.name, _shows(found), found["source"], *counts, found["seconds"]]


def _shows(found: dict[str, Any]) -> str:
    """Its summary, without the source where that is told beside it."""
    return found["summary"].removesuffix(f" ({found['source']})")


def _red(report: Report, outcomes: Sequence[Outcome]) -> None:
    rows = [
        [outcome.name, claim["statement"], claim["paper"] or None, claim["ours"], claim["bar"], claim["why"]]
        for outcome in outcomes
        for claim in outcome.claims
        if claim["holds"] is False
    ]
    report.section("What does not hold, and why")
    if rows:
        report.table(["Experiment", "Claim", "Paper", "Here", "Bar", "Why"], rows, caption="Every red row.")
    elif any(not outcome.error for outcome in outcomes):
        missing = any(outcome.error for outcome in outcomes)
        report.text(f"Every claim that is judged holds{' where an experiment finished' * missing}.")
    else:
        report.text("No experiment finished.")


def _experiment(report: Report, outcome: Outcome) -> None:
    found = outcome.summary
    report.section(found["title"])
    missed = outcome.count(False)
    report.text(
        f"`lamina reproduce {outcome.name}` ({found['source']}): {_shows(found)}. The whole story is in "
        f"`{outcome.name}/{REPORT}`."
        + (f" **{missed}** of its claims {'does' if missed == 1 else 'do'} not hold." if missed else "")
    )
    for panel in found["panels"]:
        picture = outcome.folder / FIGURES / f"{panel['figure']}.svg"
        report.figure(picture, panel["caption"], panel["alt"], wide=True)
    if outcome.claims:
        claims_table(
            report, [Claim(**claim) for claim in outcome.claims], caption=f"Claims of {outcome.name}."
        )


def _commands(
    outcomes: Sequence[Outcome], quick: bool, seed: int, images: Path | None, field_of_view_deg: float | None
) -> str:
    more = (" --quick" if quick else "") + (f" --seed {seed}" if seed else "")
    given = "" if images is None else f' --images "{images}" --field-of-view {field_of_view_deg:g}'
    lines = [f"lamina reproduce all{more}{given} --out all"]
    lines += [
        f"lamina reproduce {each.name}{more}{given if each.takes_images else ''} --out {each.name}"
        for each in outcomes
    ]
    return "\n".join(lines)
