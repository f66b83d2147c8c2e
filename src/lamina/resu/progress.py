"""How far a fit has come, told to a function or shown as a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lamina.errors import ArgumentTypeError
from lamina.typing import Progress

# a function is called about so many times in a fit of known length
_STEPS = 200

Report = Callable[[int], None]
"""Told how many samples are done."""


@contextmanager
def reporting(progress: Progress | bool | None, total: int | None) -> Iterator[Report]:
    """Give a function that passes on how many samples are done; at a good end it says that all are.

    Parameters
    ----------
    progress
        Called with the fraction done (0 to 1; 0 until the end where the length is unknown) and what has been
        read; True shows a bar on a terminal's standard error, which goes when it is full; False and None say
        nothing.
    total
        Samples in all, None if unknown.

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
        yield from _on_terminal(total)
    elif callable(progress):
        yield from _to_function(progress, total)
    else:
        raise ArgumentTypeError(
            "progress",
            allowed="True, False, or a function of a fraction and a text",
            got=f"{progress!r}",
            remedy="Pass True for a bar in the terminal.",
        )


def _to_function(tell: Any, total: int | None) -> Iterator[Report]:
    last = reached = 0

    def report(done: int) -> None:
        nonlocal last, reached
        reached = done
        if total is None:
            tell(0.0, f"{done:,} samples")
        elif done - last >= total / _STEPS and done < total:
            last = done
            tell(done / total, f"{done:,} of {total:,} samples")

    yield report
    tell(1.0, f"{total or reached:,} samples")


def _on_terminal(total: int | None) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    seen = console.is_terminal or console.is_jupyter
    with Bar(console=console, transient=True, disable=not seen) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda done: bar.update(task, completed=done)
