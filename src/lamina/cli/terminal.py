"""What the commands print: results to the standard output, progress to the terminal and nowhere else."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType

from lamina.errors import OutputError
from lamina.typing import Progress


def print_result(
    result: Mapping[str, Any], *pictured: RenderableType, as_json: bool = False, quiet: bool = False
) -> None:
    """Print a result as one JSON object, or as what a person reads, or not at all.

    Parameters
    ----------
    result
        What a program wants to know: numbers, texts, arrays, lists and mappings.
    *pictured
        What a person wants to see: lines of text and rich tables.
    as_json
        Print ``result`` instead of ``pictured``; infinity and NaN, which JSON lacks, become null.
    quiet
        Print nothing, unless ``as_json`` asks for the result.

    Raises
    ------
    OutputError
        If the standard output is a full disk, say. A pipe that was closed stays a ``BrokenPipeError``.
    """
    try:
        if as_json:
            sys.stdout.write(json.dumps(_plain(result), allow_nan=False) + "\n")
        elif not quiet:
            # names of files and channels are shown as they are: "a.h5:x:" is no cross, "[a]" no colour
            console = Console(highlight=False, markup=False, emoji=False)
            for part in pictured:
                # paths must stay whole, to be copied
                console.print(part, soft_wrap=isinstance(part, str))
    except BrokenPipeError:
        raise
    except OSError as error:
        # the system names no file here, and a report may have been written all the same
        raise OutputError(f"cannot write to the standard output: {error.strerror}") from error


@contextmanager
def progress(quiet: bool, doing: str = "") -> Iterator[Progress | None]:
    """Give a function that moves a progress bar, or None where nobody would see one.

    Parameters
    ----------
    quiet
        Show nothing.
    doing
        What is being done, in one word, said in front of what the work says itself.

    Yields
    ------
    Progress or None
        Call it with the fraction done (0 to 1) and what is being done. The bar disappears at the end.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing or "starting", total=1.0)

        def move(fraction: float, part: str) -> None:
            bar.update(task, completed=fraction, description=f"{doing}: {part}" if doing else part)

        yield move


@contextmanager
def working(doing: str, quiet: bool) -> Iterator[None]:
    """Show a spinner while work of unknown length goes on, where somebody would see it.

    Parameters
    ----------
    doing
        What is being done, in one word.
    quiet
        Show nothing.
    """
    if quiet or not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(doing):
        yield


def counted(number: int, noun: str) -> str:
    """Return "1 window" or "12 345 windows".

    Parameters
    ----------
    number
        How many.
    noun
        Of what, in the singular, with a regular plural.

    Returns
    -------
    str
        The number, in groups of three digits, and the noun.
    """
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}") + f" {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """Return a text from a file without what would move the cursor or change colours.

    Parameters
    ----------
    text
        As the file says it.

    Returns
    -------
    str
        With a question mark in place of every character that is none to be seen.
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if callable(getattr(value, "tolist", None)):
        # NumPy's arrays and numbers, without importing NumPy here
        return _plain(value.tolist())
    return str(value)
