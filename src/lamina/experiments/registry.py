"""What every experiment offers: a name, one run that writes a folder, and numbers beside what is expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from lamina.typing import Progress


class Row(NamedTuple):
    """One line of a table: what, our number, the one expected, and whether ours passes (None: unchecked)."""

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
        """Run it, and write report, figures, numbers and models to ``out`` if that is given."""
        ...
