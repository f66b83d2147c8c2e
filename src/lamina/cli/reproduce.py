"""``lamina reproduce``: one figure of the papers, with its numbers checked."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet
from lamina.errors import LaminaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from lamina.experiments.joint import Joint

    _Row = tuple[str, Any, Any, bool | None]


ALL = "all"


class ReproductionError(LaminaError):
    """A number of an experiment lies outside its tolerance, or an experiment did not finish."""


HELP = """
Run one of the paper's experiments, or all of them, and compare their numbers with the paper's.

With --out it also writes a folder with the report (report.html), the figures, the numbers (metrics.json) and
the fitted models. Without a NAME it lists the experiments. The exit code is 1 if a checked number is off.

With "all" every experiment has a folder of its own within --out, and one report sets each claim beside the
paper's number. Several run at a time; what is there already, from the same code, is not run again.
"""

EXAMPLE = """
Examples:

[bold]lamina reproduce motion --out motion[/bold]

[bold]lamina reproduce motion --images panoramas --field-of-view 360 --out mine[/bold]

[bold]lamina reproduce all --quick --out everything[/bold]
"""


def reproduce(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The experiment, or all.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder to write, new or of an earlier run."),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Images to use instead of the bundled ones.")
    ] = None,
    field_of_view: Annotated[
        float | None,
        typer.Option(metavar="DEGREES", help="Horizontal angle that each of the --images spans."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of everything random, from 0.")] = 0,
    seeds: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Repetitions; as many as the experiment says if not given."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer repetitions and shorter recordings: some seconds.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="With all: how many at once; as many as cores if not given."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="With all: run again what is there already.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run an experiment of the registry and print its table."""
    del debug
    from lamina import experiments
    from lamina.cli import terminal
    from lamina.errors import ArgumentError
    from lamina.io import check_output_folder

    if name is None:
        summaries = {experiment.name: experiment.summary for experiment in experiments.REGISTRY.values()}
        terminal.print_result({"experiments": summaries}, _listed(summaries), as_json=as_json, quiet=quiet)
        return
    names = [*experiments.REGISTRY, ALL]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        raise ArgumentError(
            "NAME",
            allowed="one of " + ", ".join(names),
            got=repr(name),
            remedy=f"Did you mean {near[0]!r}?" if near else "See: lamina reproduce",
        )
    if (images is None) != (field_of_view is None):
        raise ArgumentError(
            "--images and --field-of-view",
            allowed="given together",
            got="only one of them",
            remedy="Say how many degrees each image spans.",
        )
    if name == ALL:
        together = {"seed": seed, "quick": quick, "jobs": jobs, "fresh": fresh, "images": images}
        if seeds is not None:
            raise ArgumentError(
                "--seeds",
                allowed="left out with all, where each experiment says how many repetitions it needs",
                got=str(seeds),
                remedy="Use --quick for a short run, or run one experiment.",
            )
        reproduce_all(out, quiet=quiet, as_json=as_json, field_of_view_deg=field_of_view, **together)
        return
    if jobs is not None or fresh:
        raise ArgumentError(
            "--jobs and --fresh",
            allowed="given with all",
            got=f"the experiment {name!r}",
            remedy="Leave them out: one experiment is always run, in one process.",
        )
    if out is not None:
        check_output_folder(out)
    with terminal.progress(quiet) as progress:
        result = experiments.REGISTRY[name].reproduce(
            out,
            seed=seed,
            n_seeds=seeds,
            quick=quick,
            images=images,
            field_of_view_deg=field_of_view,
            progress=progress,
        )
    off = [label for _, rows in result.table for label, _, _, ok in rows if ok is False]
    report = None if result.report is None else str(result.report)
    printed = {"experiment": name, "seed": seed, "metrics": result.metrics, "off": off, "report": report}
    red = [claim.statement for claim in result.claims if claim.holds is False and claim.statement not in off]
    printed["claims_off"] = red
    pictured = [*_tables(result.table), *_told(red, result.report), _where(result.report, out)]
    terminal.print_result(printed, *pictured, as_json=as_json, quiet=quiet)
    _judge(off)


def reproduce_all(out: Path | None, *, quiet: bool, as_json: bool, **settings: Any) -> None:
    """Run every experiment of the registry, and print one line for each and every claim that does not hold.

    Parameters
    ----------
    out
        The folder; without one, the results are printed and thrown away.
    quiet, as_json
        How to print.
    **settings
        As for `lamina.experiments.joint.run_all`.

    Raises
    ------
    ReproductionError
        If a claim does not hold, or an experiment did not finish.
    """
    import tempfile

    from lamina import experiments
    from lamina.cli import terminal
    from lamina.experiments.joint import run_all

    with tempfile.TemporaryDirectory() as spare, terminal.progress(quiet) as progress:
        folder = Path(spare) / ALL if out is None else out
        joint = run_all(experiments.REGISTRY, folder, progress=progress, **settings)
    printed = {
        "experiments": {
            each.name: {"error": each.error} if each.error else {"claims": each.claims, "run": each.repeated}
            for each in joint.outcomes
        },
        "off": joint.off,
        "report": None if out is None else str(joint.report),
    }
    where = _where(None if out is None else joint.report, out)
    terminal.print_result(printed, _overview(joint), "", where, as_json=as_json, quiet=quiet)
    failed = [f"{each.name}: {each.error}" for each in joint.outcomes if each.error]
    if failed:
        count = "1 experiment" if len(failed) == 1 else f"{len(failed)} experiments"
        raise ReproductionError(f"{count} did not finish: {'; '.join(failed)}")
    _judge(joint.off)


def _told(red: Sequence[str], report: Path | None) -> list[str]:
    """Say which claims do not hold that the table does not show."""
    if not red:
        return []
    count = "1 claim does" if len(red) == 1 else f"{len(red)} claims do"
    why = "; the report says why" if report is not None else ""
    return [f"{count} not hold{why}:", *(f"  {statement}" for statement in red), ""]


def _judge(off: Sequence[str]) -> None:
    if off:
        count = "1 checked number is" if len(off) == 1 else f"{len(off)} checked numbers are"
        raise ReproductionError(f"{count} off: {'; '.join(off)}")


def _overview(joint: Joint) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("experiment")
    for column in ("hold", "do not", "reported", "seconds"):
        table.add_column(column, justify="right")
    table.add_column("")
    for each in joint.outcomes:
        if each.error:
            table.add_row(Text(each.name), "", "", "", "", Text("FAILED", style="bold red"))
            continue
        red = each.count(False)
        mark = Text("OFF", style="bold red") if red else Text("ok", style="green")
        took = f"{each.summary['seconds']:.0f}" if each.repeated else "kept"
        counts = [str(each.count(holds)) for holds in (True, False, None)]
        table.add_row(Text(each.name), *counts, took, mark)
    return table


def _listed(summaries: Mapping[str, str]) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for name, summary in summaries.items():
        table.add_row(name, summary)
    return table


def _tables(
    tables: Sequence[tuple[str, Sequence[tuple[str, Any, Any, bool | None]]]],
) -> list[RenderableType]:
    from rich import box
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    # one table for all, so that the columns of every part line up
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("")
    table.add_column("here", justify="right")
    table.add_column("expected", justify="right")
    table.add_column("")
    marks = {True: Text("ok", style="green"), False: Text("OFF", style="bold red"), None: Text("")}
    for title, rows in tables:
        table.add_row(Text(title, style="bold"), "", "", "")
        for label, ours, expected, ok in rows:
            # padded, so that a long label goes on below its own beginning
            table.add_row(
                Padding(Text(label), (0, 0, 0, 2)), Text(_shown(ours)), Text(_shown(expected)), marks[ok]
            )
    return [table, ""]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.4g}"


def _where(report: Path | None, out: Path | None) -> str:
    if report is not None:
        return f"report: {report}"
    return "report: not written (give --out DIR to have it)" if out is None else f"results: {out}"
