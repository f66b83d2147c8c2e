"""How far a search has come, told to a function or shown as a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lamina.errors import ArgumentTypeError
from lamina.typing import Progress

Report = Callable[[int], None]
"""Told how many settings are tried."""


@contextmanager
def reporting(progress: Progress | bool | None, total: int, what: str) -> Iterator[Report]:
    """Give a function that passes on how many of ``total`` are done; at a good end it says that all are.

    Parameters
    ----------
    progress
        Called with the fraction done (0 to 1) and what is done; True shows a bar on a terminal's standard
        error, which goes when it is full; False and None say nothing.
    total
        How many there are.
    what
        What they are.

    Raises
    ------
    ArgumentTypeError
        ``progress`` is something else.

    Examples
    --------
    >>> with reporting(lambda fraction, text: print(fraction, text), total=200, what="settings") as report:
    ...     report(50)
    0.25 50 of 200 settings
    1.0 200 of 200 settings
    """
    if progress is None or progress is False:
        yield lambda done: None
    elif progress is True:
        yield from _on_terminal(total, what)
    elif callable(progress):
        yield from _to_function(progress, total, what)
    else:
        raise ArgumentTypeError(
            "progress",
            allowed="True, False, or a function of a fraction and a text",
            got=f"{progress!r}",
            remedy="Pass True for a bar in the terminal.",
        )


def _to_function(tell: Progress, total: int, what: str) -> Iterator[Report]:
    def report(done: int) -> None:
        if done < total:
            tell(done / total, f"{done:,} of {total:,} {what}")

    yield report
    tell(1.0, f"{total:,} of {total:,} {what}")


def _on_terminal(total: int, what: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    seen = console.is_terminal or console.is_jupyter
    with Bar(console=console, transient=True, disable=not seen) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
