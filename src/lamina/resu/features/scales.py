"""Which windows a collection is looked at through: views, memories and dilations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

View = Literal["raw", "difference"]

VIEWS = ("raw", "difference")


@dataclass(frozen=True)
class Scale:
    """One way to look at a series.

    Parameters
    ----------
    view
        "raw", or "difference" (y_t − y_{t−1}).
    memory, horizon
        Samples of past and future, ``dilation`` apart, ≥ 1.
    dilation
        Steps from one lag to the next, ≥ 1.
    """

    view: str
    memory: int
    horizon: int
    dilation: int


def choose_scales(
    time: int,
    views: Sequence[str],
    memories: Sequence[int],
    dilations: Sequence[int] | None,
    horizon: int | None,
) -> list[Scale]:
    """List the scales whose joint window, past and future, is at most three quarters of a series.

    Parameters
    ----------
    time
        Samples of a typical series.
    views, memories
        To combine.
    dilations
        To combine; None takes 1, 2, 4, … as far as they fit.
    horizon
        Samples of future; None takes each memory.

    Returns
    -------
    list of Scale
        Of short series at least one scale for each view that has two samples: the longest that fits.
    """
    scales: list[Scale] = []
    for view in views:
        length = time - 1 if view == "difference" else time
        candidates = (
            dilations if dilations is not None else [2**k for k in range(max(length, 1).bit_length())]
        )
        fitting = [
            Scale(view, memory, horizon or memory, dilation)
            for dilation in candidates
            for memory in memories
            if (memory + (horizon or memory) - 1) * dilation + 1 <= 0.75 * length
        ]
        if not fitting and length >= 2:
            memory = min(min(memories), length // 2)
            fitting = [Scale(view, memory, min(horizon or memory, length - memory), 1)]
        scales += fitting
    return scales
