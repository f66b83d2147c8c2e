"""Chunks of a stream, encoded one after another; what is remembered is held by the caller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.encoding.hooks import CodeHooks
from lamina.encoding.ranges import given_scaling, report_outside
from lamina.encoding.scaling import Scaling
from lamina.encoding.signals import admit_signal
from lamina.errors import ArgumentTypeError, ShapeError, StateError
from lamina.typing import Array

# of which NumPy's own names take microseconds
_NAMES = {"f": "float32", "d": "float64"}


@dataclass(frozen=True, eq=False)
class StreamState:
    """The state of a stream after some samples: plain arrays, so that it can be kept, copied and saved.

    Parameters
    ----------
    leading
        The shape of one sample.
    dtype
        Name of the samples' floating type, ``"float32"`` or ``"float64"``.
    samples
        How many samples have been encoded.
    carry
        What the code remembers, by name: arrays ``(channels, ...)``.
    code
        Name of the code that the stream belongs to.
    warned
        Whether values outside the fitted range were already reported for this stream.
    """

    leading: tuple[int, ...]
    dtype: str
    samples: int
    carry: dict[str, np.ndarray]
    code: str
    warned: bool = False


def advance(
    code: CodeHooks, name: str, chunk: Array, state: StreamState | None, dim: int, scaling: Scaling | None
) -> tuple[Array, StreamState]:
    """Encode the next chunk; ``name`` is what the caller calls it."""
    kind = type(code).__name__
    if not code.causal:
        raise StateError(f"{kind} looks ahead, and so cannot encode a stream: encode whole signals.")
    channels = admit_signal(name, chunk, dim)
    if not isinstance(channels.values, np.ndarray):
        raise ArgumentTypeError(
            name,
            allowed="on the CPU",
            got=f"a tensor on {channels.values.device}",
            remedy="Streams run on the CPU; encode whole signals on other devices.",
        )
    used = scaling if scaling is not None else code.scaling_
    if used is None and (code.interval is not None or code.uses_changes):
        raise StateError(
            f"{kind} scales its input, and a stream does not tell its range: call fit first, or pass "
            "scaling=Scaling(minimum=..., maximum=...)."
        )
    n_channels, n_samples = channels.values.shape
    dtype = channels.values.dtype
    if state is None:
        state = StreamState(
            channels.leading, _NAMES[dtype.char], 0, code._start(n_channels, dtype), code.name
        )
    else:
        _check_stream(name, state, channels.leading, _NAMES[dtype.char], code)
    ranges, warned = None, state.warned
    if used is not None:
        ranges = given_scaling(channels, used, interval=code.interval is not None)
        if code.interval is not None and not warned:
            warned = report_outside(channels, ranges, code.outside)
    carry = {key: value.copy() for key, value in state.carry.items()}
    spikes = code._encode(channels.values, code._values(channels.leading), ranges, carry)
    after = StreamState(state.leading, state.dtype, state.samples + n_samples, carry, state.code, warned)
    return channels.restore(spikes, rows=code.rows is not None), after


def _check_stream(
    name: str, state: StreamState, leading: tuple[int, ...], dtype: str, code: CodeHooks
) -> None:
    if not isinstance(state, StreamState):
        raise ArgumentTypeError(
            "state",
            allowed="what the previous call returned, or None to start a stream",
            got=f"a {type(state).__name__}",
            remedy="Both step and advance return (spikes, state).",
        )
    if state.code != code.name:
        raise StateError(
            f"state belongs to a stream of the code {state.code!r}, and this is {code.name!r}: start another "
            "stream with state=None."
        )
    if state.leading != leading or state.dtype != dtype:
        raise ShapeError(
            name,
            allowed=f"of shape {state.leading} and type {state.dtype}, as in the stream so far",
            got=f"shape {leading} and type {dtype}",
            remedy="Start another stream with state=None.",
        )
