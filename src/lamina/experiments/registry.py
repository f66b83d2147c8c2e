"""What every experiment offers: a frozen configuration, a run, and claims with their numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from lamina._checks import check_integer
from lamina.errors import ArgumentError
from lamina.experiments.claims import Claim
from lamina.experiments.fingerprint import fingerprint
from lamina.typing import Progress


class Row(NamedTuple):
    """One line of a table of numbers.

    Parameters
    ----------
    label
        What was measured.
    ours
        The number, or text.
    expected
        What it should be, or empty.
    ok
        Whether it is; None if it is not checked.

    Examples
    --------
    >>> Row("σ₁", 0.998, "≥ 0.99", True).ok
    True
    """

    label: str
    ours: Any
    expected: Any
    ok: bool | None


class Panel(NamedTuple):
    """A figure of an experiment that stands in the joint report.

    Parameters
    ----------
    figure
        Its name, as the experiment draws it.
    caption
        What it shows.
    alt
        What a reader who cannot see it needs to know of it.

    Examples
    --------
    >>> Panel("filters", "The first two filters.", "One is a low-pass filter, one a derivative.").figure
    'filters'
    """

    figure: str
    caption: str
    alt: str


@dataclass(frozen=True)
class Reproduction:
    """What a run of an experiment leaves behind.

    Parameters
    ----------
    metrics
        Every number, ready for JSON.
    table
        Titled groups of rows, short enough for a terminal.
    report
        The report, if a folder was written.
    claims
        The paper's claims, each with its number and ours.

    Examples
    --------
    >>> Reproduction({"index": 0.9}, [("T4a", [Row("index", 0.9, "≥ 0.6", True)])]).report is None
    True
    """

    metrics: dict[str, Any]
    table: list[tuple[str, list[Row]]] = field(default_factory=list)
    report: Path | None = None
    claims: list[Claim] = field(default_factory=list)


@dataclass(frozen=True)
class Experiment:
    """One experiment: what it assumes, how it runs, and how its numbers are shown.

    Parameters
    ----------
    name
        What the command line calls it.
    title
        What it finds out, as a heading.
    summary
        One line on what it shows.
    source
        Where the paper has it ("Fig. 2B"), or "beyond the paper".
    config
        The settings of the published run, a frozen dataclass with a ``seed``.
    quick
        Settings for a run of some seconds.
    run
        ``run(config, progress=...)`` gives a result, which holds its ``config``; where images are taken, also
        ``images`` and ``field_of_view_deg``.
    metrics
        Every number of a result, ready for JSON.
    claims
        The claims of a result.
    draw
        Draws the figures of a result into a folder as PNG and SVG, and returns the SVG files by name.
    compose
        Writes the report of a result and its figures to a file.
    panels
        The figures that stand in the joint report.
    seconds
        Roughly how long the published run takes on one core, by which a joint run is planned.
    table
        A table for the terminal in place of the claims.
    models
        Fitted models of a result by the names of their files.
    takes_images
        Whether other images can be given.

    Examples
    --------
    >>> from lamina.experiments import REGISTRY
    >>> REGISTRY["adaptation"].source
    'Fig. S2'
    """

    name: str
    title: str
    summary: str
    source: str
    config: Any
    quick: Any
    run: Callable[..., Any]
    metrics: Callable[[Any], dict[str, Any]]
    claims: Callable[[Any], list[Claim]]
    draw: Callable[[Any, Path], dict[str, Path]]
    compose: Callable[[Any, dict[str, Path], Path], Any]
    panels: tuple[Panel, ...]
    seconds: float = 30.0
    table: Callable[[Any], list[tuple[str, list[Row]]]] | None = None
    models: Callable[[Any], Mapping[str, Any]] | None = None
    takes_images: bool = False

    def settings(self, *, seed: int = 0, n_seeds: int | None = None, quick: bool = False) -> Any:
        """Return the configuration of a run.

        Parameters
        ----------
        seed
            Seed of everything random, at least 0.
        n_seeds
            Repetitions; as many as the configuration says if not given.
        quick
            Start from the quick configuration.

        Returns
        -------
        Any
            The configuration.

        Raises
        ------
        ArgumentError
            If a number cannot be, or the experiment has no repetitions.
        """
        config = replace(self.quick if quick else self.config, seed=check_integer("seed", seed, minimum=0))
        if n_seeds is None:
            return config
        count = check_integer("n_seeds", n_seeds, minimum=1)
        if "n_seeds" not in {each.name for each in fields(config)}:
            raise ArgumentError(
                "n_seeds",
                allowed=f"left out for {self.name!r}, which has no repetitions",
                got=str(count),
                remedy="Leave out --seeds; --seed chooses other data.",
            )
        return replace(config, n_seeds=count)

    def reproduce(
        self,
        out: Path | None,
        *,
        seed: int = 0,
        n_seeds: int | None = None,
        quick: bool = False,
        images: Path | None = None,
        field_of_view_deg: float | None = None,
        progress: Progress | None = None,
    ) -> Reproduction:
        """Run it, and write report, figures, numbers and models to ``out`` if that is given.

        Parameters
        ----------
        out
            Folder to write; None writes nothing.
        seed
            Seed of everything random, at least 0.
        n_seeds
            Repetitions; as many as the experiment says if not given.
        quick
            A run of some seconds, with fewer repetitions and shorter recordings.
        images, field_of_view_deg
            A folder of images, and the angle that each spans; the experiment's own data if not given.
        progress
            Called now and then with the fraction done and what is being done.

        Returns
        -------
        Reproduction
            Numbers, claims, the table for the terminal, and where the report is.

        Raises
        ------
        ArgumentError
            If a setting cannot be, or images are given to an experiment that makes its own data.
        FileError, DataError
            If an image cannot be used.
        OutputError
            If the folder cannot be written; nothing is left of it then.
        """
        config = self.settings(seed=seed, n_seeds=n_seeds, quick=quick)
        given: dict[str, Any] = {}
        if self.takes_images:
            given = {"images": images, "field_of_view_deg": field_of_view_deg}
        elif images is not None or field_of_view_deg is not None:
            raise ArgumentError(
                "images",
                allowed=f"left out for {self.name!r}, which makes its own data",
                got=repr(str(images)),
                remedy="Leave out --images and --field-of-view.",
            )
        # before the run: what is changed while it goes on, code or images, it has not seen
        seen = {key: value for key, value in given.items() if value is not None}
        mark = "" if out is None else fingerprint(self.name, config, seen)
        started = time.perf_counter()
        result = self.run(config, progress=progress, **given)
        seconds = time.perf_counter() - started
        report = None
        if out is not None:
            report = self.write(result, out, seconds=seconds, mark=mark, given=seen)
        claims = self.claims(result)
        table = claim_rows(claims) if self.table is None else self.table(result)
        return Reproduction(self.metrics(result), table, report, claims)

    def write(
        self,
        result: Any,
        out: Path,
        *,
        seconds: float | None = None,
        mark: str = "",
        given: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write a run as a folder, whole or not at all.

        Parameters
        ----------
        result
            A run.
        out
            The folder; one of an earlier run is replaced.
        seconds
            How long the run took, for the joint report.
        mark
            What the run depends on (settings, code, packages), by which a joint run knows that it is done.
        given
            What was given beside the settings, such as a folder of images.

        Returns
        -------
        Path
            The report.

        Raises
        ------
        OutputError
            If the folder cannot be written, or holds files that lamina did not write.
        """
        # matplotlib is loaded only now: who wants numbers need not wait for it
        from lamina.experiments.folder import write_folder

        return write_folder(self, result, out, seconds=seconds, mark=mark, given=given)


def claim_rows(claims: list[Claim]) -> list[tuple[str, list[Row]]]:
    """Group claims by their source, as rows for a terminal."""
    groups: dict[str, list[Row]] = {}
    for claim in claims:
        rows = groups.setdefault(claim.source, [])
        rows.append(Row(claim.statement, claim.ours, claim.bar or claim.paper, claim.holds))
    return list(groups.items())
