"""Tables of measurements, for a terminal and for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Table:
    """A title, column heads, rows of words, and a remark below."""

    name: str
    title: str
    heads: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    remark: str = ""

    def add(self, *cells: object) -> None:
        self.rows.append([str(cell) for cell in cells])

    def without_verdicts(self) -> None:
        self.rows = [["–" if cell in ("met", "not met") else cell for cell in row] for row in self.rows]

    def text(self) -> str:
        lines = [list(self.heads), *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.heads))]
        padded = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
        ]
        return "\n".join([f"\n{self.title}", *padded, *([self.remark] if self.remark else [])])

    def markdown(self) -> str:
        lines = [
            "| " + " | ".join(line) + " |" for line in (self.heads, ["---"] * len(self.heads), *self.rows)
        ]
        return "\n".join([*lines, *(["", self.remark] if self.remark else [])])


def write_between_markers(page: Path, name: str, text: str) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- end name -->``."""
    before, marker, rest = page.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- end {name} -->")
    if not marker or not end:
        raise SystemExit(
            f"{page} has no place for {name}: <!-- {name} --> and <!-- end {name} -->, a line each"
        )
    page.write_text(f"{before}{marker}{text}\n{end}{after}", encoding="utf-8")


def verdict(ratio: float, bar: float) -> str:
    return "met" if ratio >= bar else "not met"
