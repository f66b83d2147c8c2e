"""Tables of numbers as text: one row per sample, one column per channel."""

from __future__ import annotations

import csv
import io
import math
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TextIO

import numpy as np

from lamina.errors import FileError
from lamina.io.lazy import Content

_ROWS = 10_000

_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read_table(file: Path) -> tuple[np.ndarray, tuple[str, ...] | None]:
    r"""Read a table of numbers, and the names of its columns where it has them.

    The separator is a tab, semicolon or comma, whichever the first row has (looked for in this order); a
    ``.txt`` without any is separated by blanks. A first row without any number is the header. Lines that
    start with ``#`` are comments. An empty cell, or ``nan``, is a missing sample; so is an empty line between
    two rows. Every column is a channel: a column of times must be taken out beforehand.

    Parameters
    ----------
    file
        The file to read, in UTF-8.

    Returns
    -------
    samples
        float64 array ``(time,)`` of one column or ``(time, columns)`` of several, NaN where a sample is
        missing.
    names
        The header row, or None.

    Raises
    ------
    FileError
        If a cell is no number, rows differ in length, or there are no rows; the message names the line.
    OSError
        If the file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "x.txt").write_text("# made by hand\n1 2\n3 4\n")
    ...     read_table(Path(folder) / "x.txt")
    (array([[1., 2.],
           [3., 4.]]), None)
    """
    try:
        # utf-8-sig: spreadsheets put a byte-order mark in front
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _parse(file, stream)
    except UnicodeDecodeError as error:
        raise FileError(f"cannot read {file}: it is not text in UTF-8; save it as UTF-8") from error
    except csv.Error as error:
        raise FileError(f"cannot read {file}: it is not a table of numbers ({error})") from error


def open_table(file: Path, member: str | None) -> Content:
    """Read a table as the content of a recording; text is read whole."""
    del member
    samples, names = read_table(file)
    return Content(samples, None, names, detail="table of numbers as text")


def write_table(file: Path, samples: np.ndarray, names: Sequence[str] | None) -> None:
    """Write ``(time, columns)`` as comma-separated text that `read_table` reads back exactly.

    Parameters
    ----------
    file
        The file to write.
    samples
        Array ``(time, columns)`` of real numbers; NaN is written as ``nan``.
    names
        One name per column for the header row, or None for none.
    """
    with file.open("wb") as stream:
        append_rows(stream, samples, names)


def append_rows(stream: IO[bytes], samples: np.ndarray, names: Sequence[str] | None) -> None:
    """Write more rows of a table, as `write_table` does.

    Parameters
    ----------
    stream
        Open for writing.
    samples
        Array ``(time, columns)``.
    names
        The header row, written first, or None.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if names is not None:
        writer.writerow(names)
    # tolist gives Python numbers, whose shortest text is read back to the same bits
    for start in range(0, len(samples), _ROWS):
        writer.writerows(row.tolist() for row in samples[start : start + _ROWS])
        stream.write(text.getvalue().encode("utf-8"))
        text.seek(0)
        text.truncate()
    stream.write(text.getvalue().encode("utf-8"))


def _parse(file: Path, stream: TextIO) -> tuple[np.ndarray, tuple[str, ...] | None]:
    values = array("d")
    names: tuple[str, ...] | None = None
    width = 0
    empty_lines = 0
    for line, cells in _rows(stream, _SEPARATORS.get(file.suffix.lower(), " ")):
        if not cells:
            # an empty line is a missing sample only if another row follows
            empty_lines += 1 if width else 0
            continue
        if not width:
            width = len(cells)
            if _is_header(cells):
                names = tuple(cells)
                continue
        if len(cells) != width:
            raise FileError(
                f"cannot read {file}: line {line} has {len(cells)} cell(s), the first row has {width}; "
                f"give every row the same number"
            )
        values.extend([math.nan] * (width * empty_lines))
        empty_lines = 0
        for column, cell in enumerate(cells, start=1):
            values.append(_number(file, line, column, cell))
    if not values:
        raise FileError(f"cannot read {file}: it holds no numbers; give one row per sample")
    table = np.frombuffer(values, dtype=np.float64).reshape(-1, width)
    return (table[:, 0] if width == 1 else table), names


def _rows(stream: TextIO, separator: str) -> Iterator[tuple[int, list[str]]]:
    undecided = True
    for number, line in enumerate(stream, start=1):
        if line.startswith("#"):
            continue
        if not line.strip():
            yield number, []
            continue
        if undecided:
            separator = next((mark for mark in "\t;," if mark in line), separator)
            undecided = False
        if separator == " ":
            yield number, line.split()
        elif '"' in line:
            # one line at a time, so that a stray quotation mark cannot swallow the rest of the file
            cells = next(csv.reader([line], delimiter=separator, strict=True))
            yield number, [cell.strip() for cell in cells]
        else:
            yield number, [cell.strip() for cell in line.split(separator)]


def _is_header(cells: list[str]) -> bool:
    return any(cells) and not any(_reads_as_number(cell) for cell in cells)


def _reads_as_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(file: Path, line: int, column: int, cell: str) -> float:
    if not cell:
        return math.nan
    try:
        if "_" in cell:
            raise ValueError
        return float(cell)
    except ValueError:
        remedy = "write decimals with a point" if "," in cell else "leave the cell empty for a missing sample"
        raise FileError(
            f"cannot read {file}: line {line}, column {column} holds {cell[:40]!r}, "
            f"which is no number; {remedy}"
        ) from None
