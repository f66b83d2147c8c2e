"""How far a download has come, told to a function or shown as a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lamina.errors import ArgumentTypeError

_STEPS = 200

Report = Callable[[int, int | None], None]
"""Told how many bytes there are, and of how many (None if the server does not say)."""


@contextmanager
def reporting(progress: Any, what: str) -> Iterator[Report]:
    """Give a function that passes on how many bytes have come.

    Parameters
    ----------
    progress
        A function of the fraction done (0 to 1) and a text, called at most about 200 times; True shows a bar
        on a terminal's standard error; False says nothing.
    what
        What is being fetched.

    Yields
    ------
    Report
        To be called with the bytes there are, and those there will be.

    Raises
    ------
    ArgumentTypeError
        If ``progress`` is something else.

    Examples
    --------
    >>> with reporting(lambda fraction, text: print(fraction, text), "words.tar.gz") as report:
    ...     report(1_500_000, 3_000_000)
    0.5 words.tar.gz: 1.5 of 3.0 MB
    """
    if progress is None or progress is False:
        yield lambda done, total: None
    elif progress is True:
        yield from _on_terminal(what)
    elif callable(progress):
        yield _to_function(progress, what)
    else:
        raise ArgumentTypeError(
            "progress",
            allowed="True, False, or a function of a fraction and a text",
            got=f"{progress!r}",
            remedy="Pass True for a bar in the terminal.",
        )


def _to_function(tell: Any, what: str) -> Report:
    last = -1

    def report(done: int, total: int | None) -> None:
        nonlocal last
        step = int(_STEPS * done / total) if total else done >> 20
        if step == last:
            return
        last = step
        of = f" of {total / 1e6:.1f}" if total else ""
        tell(done / total if total else 0.0, f"{what}: {done / 1e6:.1f}{of} MB")

    return report


def _on_terminal(what: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    seen = console.is_terminal or console.is_jupyter
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, console=console, transient=True, disable=not seen) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
