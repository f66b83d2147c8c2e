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

    _Row = tuple[str, Any, Any, bool | None]


class ReproductionError(LaminaError):
    """A number of an experiment lies outside its tolerance."""


HELP = """
Run one of the papers' experiments, and compare its numbers with theirs.

With --out it also writes a folder with the report (report.html), the figures, the numbers (metrics.json) and
the fitted models. Without a NAME it lists the experiments. The exit code is 1 if a checked number is off.
"""

EXAMPLE = """
Examples:

[bold]lamina reproduce motion --out motion[/bold]

[bold]lamina reproduce motion --images panoramas --field-of-view 360 --out mine[/bold]
"""


def reproduce(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The experiment.")] = None,
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
    if name not in experiments.REGISTRY:
        near = difflib.get_close_matches(name, experiments.REGISTRY, n=1)
        raise ArgumentError(
            "NAME",
            allowed="one of " + ", ".join(experiments.REGISTRY),
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
    if out is not None:
        check_output_folder(out)
    with terminal.progress(quiet) as progress:
        result = experiments.REGISTRY[name].reproduce(
            out, seed=seed, n_seeds=seeds, images=images, field_of_view_deg=field_of_view, progress=progress
        )
    off = [label for _, rows in result.table for label, _, _, ok in rows if ok is False]
    report = None if result.report is None else str(result.report)
    printed = {"experiment": name, "seed": seed, "metrics": result.metrics, "off": off, "report": report}
    pictured = [*_tables(result.table), _where(result.report, out)]
    terminal.print_result(printed, *pictured, as_json=as_json, quiet=quiet)
    if off:
        count = "1 checked number is" if len(off) == 1 else f"{len(off)} checked numbers are"
        raise ReproductionError(f"{count} off: {'; '.join(off)}")


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
            table.add_row(Text(f"  {label}"), Text(_shown(ours)), Text(_shown(expected)), marks[ok])
    return [table, ""]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.4g}"


def _where(report: Path | None, out: Path | None) -> str:
    if report is not None:
        return f"report: {report}"
    return "report: not written (give --out DIR to have it)" if out is None else f"results: {out}"
