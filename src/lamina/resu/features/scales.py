"""Which windows a collection is looked at through: views, memories and dilations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lamina.resu.features.views import KINDS

VIEWS = ("standardised", "difference")
"""Those that are used by default; `lamina.resu.features.views` has all."""


_WIDEST = 128


@dataclass(frozen=True)
class Scale:
    """One way to look at a series.

    Parameters
    ----------
    view
        How the series is looked at, by its name in `lamina.resu.features.views`.
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
    channels: int = 1,
) -> list[Scale]:
    """List the scales whose window, past and future, fits into three quarters of a series, and is not wide.

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
    channels
        Of a window; one of more than 128 values is left out, as many values need many windows.

    Returns
    -------
    list of Scale
        At least one for each view that has two samples: of series of many channels the smallest window, of
        short ones the longest that fits.
    """
    scales: list[Scale] = []
    for view in views:
        length = time - KINDS[view][0]
        candidates = (
            dilations if dilations is not None else [2**k for k in range(max(length, 1).bit_length())]
        )
        fitting = [
            Scale(view, memory, horizon or memory, dilation)
            for dilation in candidates
            for memory in memories
            if (memory + (horizon or memory) - 1) * dilation + 1 <= 0.75 * length
        ]
        narrow = [scale for scale in fitting if (scale.memory + scale.horizon) * channels <= _WIDEST]
        fitting = narrow or sorted(fitting, key=lambda scale: (scale.memory, scale.dilation))[:1]
        if not fitting and length >= 2:
            memory = min(min(memories), length // 2)
            fitting = [Scale(view, memory, min(horizon or memory, length - memory), 1)]
        scales += fitting
    return scales
