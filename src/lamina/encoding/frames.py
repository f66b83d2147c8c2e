"""Spikes as input of spiking networks: frames (time, batch, channel), and back."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np

from lamina._checks import check_integer
from lamina.encoding.hooks import CodeHooks
from lamina.encoding.layout import Rows, RowsOrCode, admit_trains, check_leading, check_rows, count_channels
from lamina.errors import ArgumentError, DataError, ShapeError
from lamina.typing import Array


def to_frames(spikes: Array, rows: RowsOrCode = "polarity", dim: int = -1, *, batch_axes: int = 0) -> Array:
    """Arrange spikes as snnTorch, Norse and SpikingJelly read them: ``(time, batch, channel)``.

    Each polarity and each neuron of a channel is an input of its own, and down spikes are 1 there: polarity
    (or neuron) p of channel c is input p · channels + c. So all up spikes come first, then all down spikes,
    each in the order of the flattened leading axes.

    Parameters
    ----------
    spikes
        As `SpikeCode.encode` returns them; NumPy or torch, on any device.
    rows
        What their first axis is: ``"polarity"``, ``"neurons"``, None for none, or the code that made them.
    dim
        The axis of time in the signal, as in `SpikeCode.decode`.
    batch_axes
        How many of the signal's leading axes, from the first, are a batch: 1 for signals
        ``(trials, channels, time)``. They are flattened; with 0, the batch has length 1.

    Returns
    -------
    array
        ``(time, batch, inputs)``, contiguous, of the spikes' library, device and type, values in {0, 1}.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        If these are no spikes, or not such as ``rows`` says, or have fewer leading axes than the batch.

    Examples
    --------
    >>> to_frames(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0]]))[:, 0]
    array([[0., 0.], [1., 0.], [0., 1.]])
    """
    kind = check_rows(rows)
    admit_trains(spikes, rows, dim)
    has_rows = kind is not None
    spikes = _as_array(spikes)
    axes = spikes.ndim - 1 - has_rows
    n_batch = check_integer("batch_axes", batch_axes, minimum=0)
    if n_batch > axes:
        raise ArgumentError(
            "batch_axes",
            allowed=f"at most {axes}, the number of axes beside time" + (" and the rows" if has_rows else ""),
            got=str(n_batch),
            remedy="A batch of one recording needs no axis: batch_axes=0.",
        )
    xp = array_api_compat.array_namespace(spikes)
    last = xp.moveaxis(spikes, dim if dim < 0 else dim + has_rows, -1)
    shape = tuple(last.shape)
    samples, head = shape[-1], shape[:1] if has_rows else (1,)
    leading = shape[has_rows:-1]
    flat = xp.reshape(
        last, (*head, count_channels(leading[:n_batch]), count_channels(leading[n_batch:]), samples)
    )
    frames = xp.reshape(xp.permute_dims(flat, (3, 1, 0, 2)), (samples, flat.shape[1], -1))
    # the values are copied in any case, and a network may change them
    frames = abs(frames)
    return frames.contiguous() if array_api_compat.is_torch_array(frames) else np.ascontiguousarray(frames)


def from_frames(
    frames: Array,
    leading: tuple[int, ...] | None = None,
    rows: RowsOrCode = "polarity",
    *,
    batch_axes: int = 0,
) -> Array:
    """Turn frames into spikes, as `SpikeCode.decode` takes them: undo `to_frames`.

    Parameters
    ----------
    frames
        ``(time, batch, inputs)``, values in {0, 1}; also the output of a layer of as many neurons.
    leading
        The signal's leading shape (without time and rows), of which the first ``batch_axes`` are the batch.
        Default: the batch if ``batch_axes`` is 1, and one axis of channels.
    rows
        What the first axis of the spikes is to be, as in `to_frames`.
    batch_axes
        How many axes of ``leading`` are the batch.

    Returns
    -------
    array
        ``(2, ..., time)``, ``(neurons, ..., time)`` or ``(..., time)``, of the library, device and type of
        the frames (int8 for types without a sign).

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        If these are no frames of spikes, or do not go with ``leading`` and ``rows``.

    Examples
    --------
    >>> from_frames(np.array([[[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]]]), leading=())
    array([[ 0.,  1.,  0.], [ 0.,  0., -1.]])
    """
    kind = check_rows(rows)
    try:
        # without rows, frames are trains with time first
        admit_trains(frames, None, 0)
    except (ShapeError, DataError) as error:
        raise type(error)(
            "frames",
            allowed=error.allowed,
            got=error.got,
            remedy="Pass what to_frames returned, or the spikes of a layer.",
        ) from error
    frames = _as_array(frames)
    if frames.ndim != 3:
        raise ShapeError(
            "frames",
            allowed="of shape (time, batch, inputs)",
            got=f"shape {tuple(frames.shape)}",
            remedy="Pass what to_frames returned.",
        )
    samples, batch, inputs = (int(length) for length in frames.shape)
    n_batch = check_integer("batch_axes", batch_axes, minimum=0)
    n_rows = _count_rows(rows, kind, inputs, leading, n_batch)
    if leading is None:
        shape = (*((batch,) if n_batch == 1 else ()), inputs // max(n_rows, 1))
    else:
        shape = check_leading("leading", leading)
    channels = count_channels(shape[n_batch:])
    if n_batch > len(shape) or count_channels(shape[:n_batch]) != batch or n_rows * channels != inputs:
        raise ShapeError(
            "leading",
            allowed=f"the leading shape of a batch of {batch} with {inputs} inputs each"
            + (f", {n_rows} for each channel" if n_rows > 1 else ""),
            got=f"{shape} with batch_axes={n_batch}",
            remedy="Give the leading shape of the signal, and the batch_axes that to_frames was given.",
        )
    xp = array_api_compat.array_namespace(frames)
    if xp.isdtype(frames.dtype, ("bool", "unsigned integer")):
        frames = xp.astype(frames, xp.int8)
    split = xp.reshape(frames, (samples, batch, n_rows, channels))
    head = () if kind is None else (n_rows,)
    spikes = xp.reshape(xp.permute_dims(split, (2, 1, 3, 0)), (*head, *shape, samples))
    if kind == "polarity":
        # not the negative of 0, which is another number
        spikes = xp.stack([spikes[0], 0 - spikes[1]])
    return spikes


def _as_array(value: Any) -> Array:
    """Return what was checked and may be nested lists as an array."""
    return value if array_api_compat.is_array_api_obj(value) else np.asarray(value)


def _count_rows(
    rows: RowsOrCode, kind: Rows, inputs: int, leading: tuple[int, ...] | None, n_batch: int
) -> int:
    if kind is None:
        return 1
    if isinstance(rows, CodeHooks) and rows.n_rows is not None:
        return rows.n_rows
    if kind == "polarity":
        return 2
    if leading is None:
        raise ArgumentError(
            "leading",
            allowed="given, for neurons",
            got="None",
            remedy="Give the leading shape of the signal, or the code in place of 'neurons'.",
        )
    return max(1, inputs // count_channels(check_leading("leading", leading)[n_batch:]))
