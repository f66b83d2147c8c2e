"""Tables of a report: numbers stand right-aligned, and a goal that is met or missed has a sign and a word."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.errors import ShapeError
from lamina.experiments.report_text import escape, inline

_NUMERIC = re.compile(
    r"[<>≤≥≈−+\-±]?\s?\d[\d.,\u202f]*(e[+\-−]?\d+)?(\s?(±|to|–|…)\s?[−+\-]?\d[\d.,]*)?\s?(%|°|×)?"
)
_NOTHING = "–"
# a table that is wider than a phone scrolls by itself, by keyboard too
_FRAME = '<div class="scroll" role="region" tabindex="0" aria-label='


@dataclass(frozen=True)
class Mark:
    """Whether something holds, for a table cell: a sign, a word and a colour.

    Parameters
    ----------
    holds
        True (✓), False (✗) or None (–, not tested).
    text
        The word beside the sign; "reached", "missed" or "not tested" by default.
    """

    holds: bool | None
    text: str = ""

    def html(self) -> str:
        """Return the mark as an element."""
        key = None if self.holds is None else bool(self.holds)
        kind, sign, word = {
            True: ("ok", "✓", "reached"),
            False: ("off", "✗", "missed"),
            None: ("open", _NOTHING, "not tested"),
        }[key]
        sign = f'<span aria-hidden="true">{sign}</span>'
        return f'<span class="mark {kind}">{sign} {escape(self.text or word)}</span>'


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    caption: str,
    digits: int,
) -> str:
    """Return a table; columns of numbers are right-aligned, and the first column names its row."""
    for index, row in enumerate(rows):
        if len(row) != len(header):
            raise ShapeError(
                f"rows[{index}]",
                allowed=f"of {len(header)} cells, as the header",
                got=f"{len(row)} cells",
                remedy="Pass None for a cell that is to be empty.",
            )
    kinds = [_column_kind([row[column] for row in rows]) for column in range(len(header))]
    head = "".join(
        f'<th scope="col"{kind}>{inline(str(name))}</th>' for name, kind in zip(header, kinds, strict=True)
    )
    body = "\n".join(_row(row, kinds, digits) for row in rows)
    title = f"<caption>{inline(caption)}</caption>" if caption else ""
    name = escape(re.sub(r"[*`]", "", caption) or "Table")
    return (
        f'{_FRAME}"{name}"><table>{title}\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def settings_table(settings: Mapping[str, Any]) -> str:
    """Return names and values, nested ones as ``outer.inner``."""
    rows = "\n".join(
        f'<tr><th scope="row"><code>{escape(name)}</code></th><td><code>{escape(value)}</code></td></tr>'
        for name, value in _flat(settings)
    )
    return f'{_FRAME}"Settings"><table class="settings"><tbody>\n{rows}\n</tbody></table></div>'


def number(value: float, digits: int) -> str:
    """Return a number with a true minus; one that would round to zero keeps two figures."""
    if math.isnan(value):
        return _NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, numbers.Integral):
        shown = f"{int(value):,}" if abs(int(value)) > 9999 else str(int(value))
        return shown.replace(",", "\u202f").replace("-", "−")
    shown = f"{value:.{digits}f}"
    if (value != 0 and float(shown) == 0) or abs(value) >= 1e9:
        shown = f"{value:.2g}"
    return shown.replace("-", "−") if float(shown) != 0 else shown.lstrip("-")


def _is_truth(cell: Any) -> bool:
    return isinstance(cell, (bool, np.bool_))


def _column_kind(cells: Sequence[Any]) -> str:
    present = [cell for cell in cells if cell is not None and cell != ""]
    numeric = present and all(
        (isinstance(cell, numbers.Real) and not _is_truth(cell))
        or (isinstance(cell, str) and _NUMERIC.fullmatch(cell.strip()))
        for cell in present
    )
    return ' class="number"' if numeric else ""


def _row(row: Sequence[Any], kinds: Sequence[str], digits: int) -> str:
    cells = [_cell(cell, digits) for cell in row]
    named = f'<th scope="row"{kinds[0]}>{cells[0]}</th>'
    return (
        f"<tr>{named}"
        + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(cells[1:], kinds[1:], strict=True))
        + "</tr>"
    )


def _cell(cell: Any, digits: int) -> str:
    if isinstance(cell, Mark):
        return cell.html()
    if _is_truth(cell):
        return Mark(bool(cell)).html()
    if cell is None:
        return _NOTHING
    if isinstance(cell, numbers.Real):
        return number(cell, digits)  # pyright: ignore[reportArgumentType] -- float() would lose integers
    return inline(str(cell))


def _flat(settings: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            pairs += _flat(value, f"{before}{name}.")
        else:
            pairs.append((f"{before}{name}", str(value)))
    return pairs
