"""Which axes spikes have, for whatever takes them elsewhere: one convention for all converters.

Spikes come as `SpikeCode.encode` returns them. ``rows`` says what their first axis is, or a code says it:

==============  ====================  ==================================================================
``rows``        shape                 meaning
==============  ====================  ==================================================================
``"polarity"``  ``(2, ..., time)``    [0] up in {0, 1}, [1] down in {0, −1}
``"neurons"``   ``(n, ..., time)``    {0, 1}; several neurons stand for one channel of the signal
None            ``(..., time)``       {0, 1}
a code          what it returns       the code's own ``rows`` and ``n_rows``
==============  ====================  ==================================================================

Elsewhere, a train has a *channel*: its place in the flattened leading shape, the last axis fastest. With
neurons, theirs is the first axis of that shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.encoding.hooks import CodeHooks
from lamina.encoding.signals import admit_spikes
from lamina.errors import ArgumentError, DataError, ShapeError

Rows: TypeAlias = Literal["polarity", "neurons"] | None
RowsOrCode: TypeAlias = Rows | CodeHooks

_KINDS = ("polarity", "neurons", None)

_REMEDY = "Say by rows what their first axis is ('polarity', 'neurons', or None for no such axis)."


@dataclass(frozen=True, eq=False)
class Trains:
    """Spikes on the CPU as ``(polarities, channels, time)``, checked.

    Parameters
    ----------
    values
        Two polarities, up and down, or one.
    leading
        The shape that the channels were flattened from, neurons included.
    rows
        What the first axis of the spikes was.
    """

    values: np.ndarray
    leading: tuple[int, ...]
    rows: Rows


def admit_trains(spikes: Any, rows: RowsOrCode, dim: int = -1) -> Trains:
    """Return spikes ``(2, ..., time)``, ``(neurons, ..., time)`` or ``(..., time)`` as `Trains`.

    ``dim`` is the axis of time in the signal, as in `SpikeCode.decode`.
    """
    kind = check_rows(rows)
    n_rows = 2 if kind == "polarity" else None
    if isinstance(rows, CodeHooks):
        n_rows = rows.n_rows
    elif kind == "neurons":
        shape = tuple(getattr(spikes, "shape", ()))
        n_rows = int(shape[0]) if shape else 1
    try:
        channels = admit_spikes("spikes", spikes, dim, rows=n_rows, signed=kind == "polarity")
    except (ShapeError, DataError) as error:
        if isinstance(rows, CodeHooks):
            raise
        raise type(error)(
            error.argument, allowed=error.allowed, got=error.got, remedy=f"{error.remedy} {_REMEDY}"
        ) from error
    values = channels.on_cpu()
    leading = tuple(channels.leading)
    if kind == "neurons":
        leading = (int(values.shape[0]), *leading)
    if kind != "polarity":
        values = values.reshape(1, -1, values.shape[-1])
    return Trains(values, leading, kind)


def check_rows(rows: Any) -> Rows:
    """Return what the first axis of spikes is, from the word for it or from a code."""
    kind = rows.rows if isinstance(rows, CodeHooks) else rows
    if not (kind is None or isinstance(kind, str)) or kind not in _KINDS:
        raise ArgumentError(
            "rows",
            allowed="'polarity', 'neurons', None, or a code",
            got=repr(rows)[:60],
            remedy="Pass the code that made the spikes, and nothing can be mistaken.",
        )
    return kind  # type: ignore[return-value]


def check_leading(name: str, value: Any) -> tuple[int, ...]:
    """Return the shape of the channels as a tuple of lengths; one number is one axis."""
    parts = (value,) if not isinstance(value, (tuple, list)) else value
    return tuple(check_integer(name, part, minimum=1) for part in parts)


def check_rate(value: Any) -> float | None:
    """Return a sampling rate in hertz, or None for none."""
    return None if value is None else check_real("sampling_rate", value, above=0.0)


def assemble(dense: np.ndarray, leading: tuple[int, ...]) -> np.ndarray:
    """Give ``(polarities, channels, time)`` the shape of spikes: two polarities stay the first axis."""
    head = (2,) if dense.shape[0] == 2 else ()
    return dense.reshape(*head, *leading, dense.shape[-1])


def place(channel: int, leading: tuple[int, ...]) -> tuple[int, ...]:
    """Return where a flattened channel stands in the leading shape."""
    return tuple(int(part) for part in np.unravel_index(channel, leading)) if leading else ()


def count_channels(leading: tuple[int, ...]) -> int:
    """Count the channels of a leading shape."""
    return math.prod(leading)
