"""Signals and spikes as they come in: checked, seen as ``(channels, time)``, and put back as they came."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import array_api_compat
import numpy as np

from lamina._checks import as_floating, check_integer
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.typing import Array

# what kernels and arithmetic take as it is
_PLAIN = (np.dtype(np.float32), np.dtype(np.float64))


@dataclass(eq=False, slots=True)
class Channels:
    """A signal as ``(channels, time)``: contiguous NumPy on the CPU, a torch tensor on other devices.

    Parameters
    ----------
    values
        ``(channels, time)``, or ``(rows, channels, time)`` for spikes with an axis of their own.
    leading
        The shape of the signal without time.
    axis
        Where time was, counted from the end (−1 is the last axis).
    torch
        Whether a torch tensor came in, so that one goes out.
    """

    values: Array
    leading: tuple[int, ...]
    axis: int
    torch: bool
    _extremes: tuple[np.ndarray, np.ndarray] | None = field(default=None, init=False, repr=False)

    @property
    def dtype(self) -> np.dtype:
        """The floating type, as NumPy has it."""
        values = self.values
        if isinstance(values, np.ndarray):
            return values.dtype
        return np.dtype(str(values.dtype).removeprefix("torch."))

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the largest value of each channel, which are NaN where a sample is."""
        if self._extremes is None:
            values = self.values
            if values.shape[-1] == 1:
                only = self.on_cpu()[:, 0]
                self._extremes = only, only
            elif isinstance(values, np.ndarray):
                self._extremes = values.min(axis=1), values.max(axis=1)
            else:
                self._extremes = values.amin(dim=1).cpu().numpy(), values.amax(dim=1).cpu().numpy()
        return self._extremes

    def restore(self, values: Array, *, rows: bool = False) -> Array:
        """Give ``(channels, time)``, behind the rows if it has any, the shape and kind that came."""
        head = tuple(values.shape[:1]) if rows else ()
        shaped = values.reshape(*head, *self.leading, values.shape[-1])
        if isinstance(shaped, np.ndarray):
            if self.axis != -1:
                shaped = np.moveaxis(shaped, -1, self.axis)
            return _to_torch(shaped) if self.torch else shaped
        return shaped.movedim(-1, self.axis)

    def on_cpu(self) -> np.ndarray:
        """Return the values as NumPy has them."""
        return self.values if isinstance(self.values, np.ndarray) else self.values.cpu().numpy()

    def per_channel(self, values: Array) -> Array:
        """Give ``(channels,)`` values the leading shape and the kind that came; one number for one series."""
        shaped = values.reshape(self.leading)
        if self.torch:
            return _to_torch(shaped)
        return shaped if self.leading else shaped[()]


def admit_signal(name: str, signal: Any, dim: int = -1, *, minimum_samples: int = 1) -> Channels:
    """Return a signal ``(..., time)`` as channels, without modifying or, where possible, copying it.

    Integers and booleans become float64 and half precision float32. What is not finite is refused, with the
    channel that it is in.
    """
    if _is_plain(signal) and type(dim) is int and dim == -1:
        # most signals, and every step of a stream
        leading = signal.shape[:-1]
        channels = Channels(signal.reshape(math.prod(leading), signal.shape[-1]), leading, -1, False)
    else:
        channels = Channels(*_flatten(name, as_floating(name, signal, True), dim, rows=False))
    n_channels, n_samples = channels.values.shape
    if n_samples < minimum_samples or n_channels == 0:
        raise DataError(
            name,
            allowed=f"at least {minimum_samples} sample(s) long, with at least one channel",
            got=f"shape {tuple(np.shape(signal))}",
            remedy="Give a longer signal." if n_channels else "Give a signal that has channels.",
        )
    _refuse_nonfinite(name, channels)
    return channels


def admit_spikes(name: str, spikes: Any, dim: int = -1, *, rows: int | None, signed: bool) -> Channels:
    """Return spikes as channels: ``(rows, channels, time)``, or ``(channels, time)`` if ``rows`` is None.

    Spikes are 0 and 1; with ``signed``, those of the second row are 0 and −1.
    """
    array = as_floating(name, spikes, True)
    allowed = "(..., time)" if rows is None else f"({rows}, ..., time)"
    if array.ndim < 1 + (rows is not None) or (rows is not None and array.shape[0] != rows):
        raise ShapeError(
            name,
            allowed=f"of shape {allowed}",
            got=f"shape {tuple(array.shape)}",
            remedy="Pass what encode returned."
            + (" The first row holds the up spikes, the second the down spikes." if signed else ""),
        )
    values, leading, axis, is_torch = _flatten(name, array, dim, rows=rows is not None)
    if values.shape[-1] == 0 or values.shape[-2] == 0:
        raise DataError(
            name,
            allowed="at least one sample long, with at least one channel",
            got=f"shape {tuple(array.shape)}",
            remedy="Pass what encode returned.",
        )
    _refuse_other_than_spikes(name, values, leading, signed)
    return Channels(values, leading, axis, is_torch)


def admit_numbers(name: str, value: Any) -> np.ndarray:
    """Return finite numbers of any library as a float64 array of their own."""
    array = as_floating(name, value, True)
    if array_api_compat.is_torch_array(array):
        array = array.detach().cpu().numpy()
    wide = np.array(array, dtype=np.float64)
    if wide.size == 0 or not np.isfinite(wide).all():
        raise DataError(
            name,
            allowed="a finite number, or one for each channel",
            got=repr(value).replace("\n", "")[:60],
            remedy="Remove what is missing or infinite.",
        )
    return wide


def channel_label(channel: int, leading: tuple[int, ...]) -> str:
    """Say where a flattened channel stands in the signal that was passed."""
    if not leading:
        return "in the signal"
    index = tuple(int(part) for part in np.unravel_index(channel, leading))
    return f"in channel {index[0] if len(index) == 1 else index}"


def _is_plain(signal: Any) -> bool:
    return (
        type(signal) is np.ndarray
        and signal.dtype in _PLAIN
        and signal.ndim > 0
        and signal.flags.c_contiguous
        and signal.flags.aligned
    )


def _flatten(name: str, array: Array, dim: Any, *, rows: bool) -> tuple[Array, tuple[int, ...], int, bool]:
    if array.ndim == 0:
        raise ShapeError(
            name,
            allowed="of shape (..., time)",
            got="a single number",
            remedy="Pass an array of samples, or give single samples to step.",
        )
    axes = array.ndim - rows
    wanted = check_integer("dim", dim)
    if not -axes <= wanted < axes:
        raise ShapeError(
            "dim",
            allowed=f"an axis of the signal, from {-axes} to {axes - 1}",
            got=str(wanted),
            remedy="Name the axis of time.",
        )
    axis = wanted if wanted < 0 else wanted - axes
    if array_api_compat.is_torch_array(array):
        array = array.detach().resolve_neg()
        if array.device.type != "cpu":
            moved = array.movedim(axis, -1)
            leading = tuple(moved.shape[rows:-1])
            head = tuple(moved.shape[:1]) if rows else ()
            return moved.reshape(*head, math.prod(leading), moved.shape[-1]), leading, axis, True
        array, is_torch = array.numpy(), True
    else:
        is_torch = False
        if not isinstance(array, np.ndarray):
            raise ArgumentTypeError(
                name,
                allowed="an array of NumPy or torch",
                got=f"a {type(array).__module__} array",
                remedy="Convert it with numpy.asarray.",
            )
    moved = np.moveaxis(array, axis, -1)
    leading = moved.shape[rows:-1]
    head = moved.shape[:1] if rows else ()
    # kernels are compiled for native byte order and rows that lie one behind the other
    flat = np.ascontiguousarray(moved, dtype=moved.dtype.newbyteorder("="))
    return flat.reshape(*head, math.prod(leading), moved.shape[-1]), leading, axis, is_torch


def _refuse_nonfinite(name: str, channels: Channels) -> None:
    low, high = channels.extremes()
    right = np.isfinite(low) if high is low else np.isfinite(low) & np.isfinite(high)
    if np.count_nonzero(right) == right.size:
        return
    channel, leading = int(np.flatnonzero(~right)[0]), channels.leading
    values = np.asarray(channels.on_cpu()[channel])
    missing, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    counts = [f"{missing} value(s) of NaN"] * bool(missing) + [f"{infinite} of infinity"] * bool(infinite)
    raise DataError(
        name,
        allowed="finite",
        got=f"{' and '.join(counts)} {channel_label(channel, leading)}",
        remedy="Remove or fill these samples before encoding.",
    )


def _refuse_other_than_spikes(name: str, values: Array, leading: tuple[int, ...], signed: bool) -> None:
    for row, part in enumerate(values if values.ndim == 3 else values[None]):
        sign = -1 if signed and row == 1 else 1
        right = (part == 0) | (part == sign)
        if bool(right.all()):
            continue
        wrong = (~right).any(-1)
        channel = int(np.flatnonzero(wrong if isinstance(wrong, np.ndarray) else wrong.cpu())[0])
        what = f"0 and {sign}" + (f" in the row of {'down' if row else 'up'} spikes" if signed else "")
        raise DataError(
            name,
            allowed=what,
            got=f"other values {channel_label(channel, leading)}",
            remedy="Pass what encode returned.",
        )


def _to_torch(array: np.ndarray) -> Array:
    import torch

    return torch.from_numpy(np.ascontiguousarray(array) if any(s < 0 for s in array.strides) else array)
