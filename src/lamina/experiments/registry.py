"""What every experiment offers: a name, one run that writes a folder, and numbers beside what is expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from lamina.errors import ArgumentError
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

    Examples
    --------
    >>> Reproduction({"index": 0.9}, [("T4a", [Row("index", 0.9, "≥ 0.6", True)])]).report is None
    True
    """

    metrics: dict[str, Any]
    table: list[tuple[str, list[Row]]] = field(default_factory=list)
    report: Path | None = None


class Experiment(Protocol):
    """An experiment of the registry."""

    @property
    def name(self) -> str:
        """What the command line calls it."""
        ...

    @property
    def summary(self) -> str:
        """One line on what it shows."""
        ...

    def reproduce(
        self,
        out: Path | None,
        *,
        seed: int = 0,
        n_seeds: int | None = None,
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
        images, field_of_view_deg
            A folder of images, and the angle that each spans; the experiment's own data if not given.
        progress
            Called now and then with the fraction done and what is being done.

        Returns
        -------
        Reproduction
            Numbers, the table for the terminal, and where the report is.
        """
        ...


def refuse_images(name: str, images: Path | None, field_of_view_deg: float | None) -> None:
    """Say that an experiment takes no images (`ArgumentError`), rather than pass over them."""
    if images is not None or field_of_view_deg is not None:
        raise ArgumentError(
            "images",
            allowed=f"left out for {name!r}, which makes its own data",
            got=repr(str(images)),
            remedy="Leave out --images and --field-of-view.",
        )
