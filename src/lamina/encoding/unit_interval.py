"""Signals to [0, 1] by the range of their channel, clipped to it, and back, in their own floating type."""

from __future__ import annotations

import numpy as np

from lamina.encoding.scaling import ChannelScaling
from lamina.typing import Array


def to_unit(signal: Array, ranges: ChannelScaling | None) -> Array:
    r"""Return :math:`s = (x - \min) / (\max - \min)` of a signal ``(channels, time)``, clipped to [0, 1].

    Without ranges, the signal itself is clipped. The result is always an array of its own.
    """
    if isinstance(signal, np.ndarray):
        if ranges is None:
            return np.clip(signal, 0, 1)
        low, span = _limits(ranges, signal.dtype)
        # far beyond the range, where a difference overflows, everything is clipped all the same
        with np.errstate(over="ignore"):
            scaled = signal - low[:, None]
            scaled /= span[:, None]
        return np.clip(scaled, 0, 1, out=scaled)
    if ranges is None:
        return signal.clamp(0, 1)
    low, span = _tensor_limits(ranges, signal)
    return ((signal - low) / span).clamp(0, 1)


def from_unit(values: Array, ranges: ChannelScaling | None) -> Array:
    r"""Return :math:`\min + s\,(\max - \min)` of ``(channels, time)`` values, which may be overwritten."""
    if ranges is None:
        return values
    if isinstance(values, np.ndarray):
        low, span = _limits(ranges, values.dtype)
        values *= span[:, None]
        values += low[:, None]
        return values
    low, span = _tensor_limits(ranges, values)
    return low + values * span


def _limits(ranges: ChannelScaling, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    low, high = ranges.limits(dtype)
    return low, high - low


def _tensor_limits(ranges: ChannelScaling, like: Array) -> tuple[Array, Array]:
    low, span = _limits(ranges, np.dtype(str(like.dtype).removeprefix("torch.")))
    return like.new_tensor(low)[:, None], like.new_tensor(span)[:, None]
