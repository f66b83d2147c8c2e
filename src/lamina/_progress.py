"""How far something long has come, told to a function or shown as a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lamina.errors import ArgumentTypeError
from lamina.typing import Progress

# a function is called at most about so many times where the length is known
_STEPS = 200

Report = Callable[[int], None]
"""Told how many are done."""


@contextmanager
def reporting(
    progress: Progress | bool | None, total: int | None, what: str = "samples", doing: str = "reading"
) -> Iterator[Report]:
    """Give a function that passes on how many are done; at a good end it says that all are.

    Parameters
    ----------
    progress
        Called with the fraction done (0 to 1; 0 until the end where the length is unknown) and what has been
        done; True shows a bar on a terminal's standard error, which goes when it is full; False and None say
        nothing.
    total
        How many there are in all, None if unknown.
    what
        What they are, for the function.
    doing
        What is being done, for the bar.

    Raises
    ------
    ArgumentTypeError
        ``progress`` is something else.

    Examples
    --------
    >>> with reporting(lambda fraction, text: print(fraction, text), total=2000) as report:
    ...     report(500)
    0.25 500 of 2,000 samples
    1.0 2,000 samples
    """
    if progress is None or progress is False:
        yield lambda done: None
    elif progress is True:
        yield from _on_terminal(total, doing)
    elif callable(progress):
        yield from _to_function(progress, total, what)
    else:
        raise ArgumentTypeError(
            "progress",
            allowed="True, False, or a function of a fraction and a text",
            got=f"{progress!r}",
            remedy="Pass True for a bar in the terminal.",
        )


def _to_function(tell: Any, total: int | None, what: str) -> Iterator[Report]:
    last = reached = 0

    def report(done: int) -> None:
        nonlocal last, reached
        reached = done
        if total is None:
            tell(0.0, f"{done:,} {what}")
        elif done - last >= total / _STEPS and done < total:
            last = done
            tell(done / total, f"{done:,} of {total:,} {what}")

    yield report
    tell(1.0, f"{total or reached:,} {what}")


def _on_terminal(total: int | None, doing: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    seen = console.is_terminal or console.is_jupyter
    with Bar(console=console, transient=True, disable=not seen) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda done: bar.update(task, completed=done)
