"""Causal filtering of a recording by a bank of filters, fast for any memory."""

from __future__ import annotations

import math
from typing import Any

import array_api_compat
import numpy as np

from lamina._checks import check_readable, check_recording
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.stats.filter_routes import Reader, Writer, fourier_filter, prefers_fourier, toeplitz_filter
from lamina.typing import Array, Filters, Recording

# values that are looked at together in the search for gaps
_LOOK = 2**17


def causal_filter(recording: Recording, filters: Filters) -> Array:
    r"""Filter a recording by each of several causal filters; samples before the first count as zero.

    .. math:: z_{t,u} = \sum_{i=0}^{m-1} \sum_c \mathrm{filters}_{u,i,c}\; y_{t-i,c}

    Short memories go through a blocked Toeplitz product (stretches of samples times a banded matrix), long
    ones through the fast Fourier transform with overlapping blocks; the border is a measured one.
    Temporary memory does not grow with the recording.

    Parameters
    ----------
    recording
        ``(time,)`` or ``(time, channels)``. NaN marks a gap: outputs whose window touches one are NaN.
    filters
        ``(units, memory, channels)``, newest lag first.

    Returns
    -------
    array
        ``(time, units)``, in the library, device and floating dtype of the recording (float64 for integers).

    Raises
    ------
    ShapeError
        ``filters`` does not have three axes, or the recording has other channels.
    ArgumentTypeError
        An argument is not made of real numbers.
    DataError
        The recording holds infinity, or the filters NaN or infinity; filters or outputs are too large for the
        dtype of the recording.

    Notes
    -----
    ReSU paper, Eq. 4, without rectification. Through the Fourier transform, rounding is relative to the
    largest value within about eight memories.

    Examples
    --------
    >>> import numpy as np
    >>> causal_filter(np.array([1.0, 2.0, 4.0]), np.array([[[1.0], [-1.0]]])).tolist()  # the first difference
    [[1.0], [1.0], [2.0]]
    """
    bank = _check_filters(filters)
    signal = check_recording("recording", recording, channels=bank.shape[2], minimum_samples=0)
    with np.errstate(over="ignore"):
        ours = _like(bank, signal)
    xp = array_api_compat.array_namespace(ours)
    if not bool(xp.all(xp.isfinite(ours))):
        raise DataError(
            "filters",
            allowed=f"of values that {str(ours.dtype).removeprefix('torch.')} holds, as the recording",
            got="an overflow",
            remedy="Rescale the filters, or pass the recording in float64.",
        )
    return filter_deviations(signal, ours)


def filter_deviations(
    signal: Array,
    filters: Array,
    level: Array | None = None,
    offset: Array | None = None,
    dtype: Any = None,
) -> Array:
    r"""Filter what a recording deviates from a level; samples before the first count as the level.

    .. math:: z_{t,u} = \sum_{i=0}^{m-1} \sum_c \mathrm{filters}_{u,i,c}\; (y_{t-i,c} - \mathrm{level}_c)
              - \mathrm{offset}_u

    Parameters
    ----------
    signal
        ``(time, channels)``, floating, without infinities; NaN marks a gap. Read a block at a time.
    filters
        ``(units, memory, channels)``, finite, of the same library; their dtype is what is computed in.
    level
        ``(channels,)``, of that dtype; 0 by default.
    offset
        ``(units,)``, of that dtype; 0 by default.
    dtype
        Of the outputs; by default that of the filters.

    Returns
    -------
    array
        ``(time, units)``; NaN where a window touches a gap.

    Raises
    ------
    DataError
        An output is too large for the dtype.
    """
    gaps = _has_gaps(signal)
    # lags beyond the first sample meet nothing but zeros
    memory = min(filters.shape[1], max(1, signal.shape[0]))
    filters = filters[:, :memory, :]
    route = fourier_filter if prefers_fourier(*filters.shape) else toeplitz_filter
    # what overflows is looked for, and named, below
    with np.errstate(over="ignore", invalid="ignore"):
        filtered = route(Reader(signal, filters.dtype, level, gaps), filters, Writer(dtype, offset))
    _finish(filtered, _touched(signal, memory) if gaps else None)
    return filtered


def _finish(filtered: Array, touched: Array | None) -> None:
    """Write NaN into the outputs that touch a gap, and see that all others are finite (`DataError`)."""
    xp = array_api_compat.array_namespace(filtered)
    step = max(1, _LOOK // filtered.shape[1])
    for start in range(0, filtered.shape[0], step):
        some = slice(start, min(start + step, filtered.shape[0]))
        block = filtered[some, :]
        gone = None if touched is None else touched[some]
        if gone is not None and bool(xp.any(gone)):
            filtered[some, :] = xp.where(gone[:, None], xp.full_like(block, math.nan), block)
            block = xp.where(gone[:, None], xp.zeros_like(block), block)
        block = block.detach() if array_api_compat.is_torch_array(block) else block
        with np.errstate(over="ignore", invalid="ignore"):
            if math.isfinite(float(xp.sum(block))):
                continue
        # finite values that overflow in the sum end up here too
        if not bool(xp.all(xp.isfinite(block))):
            raise DataError(
                "recording",
                allowed=f"of values whose outputs are finite in {str(filtered.dtype).removeprefix('torch.')}",
                got="an overflow",
                remedy="Rescale the recording, or pass it in float64.",
            )


def _like(filters: Array, signal: Array) -> Array:
    """Return the filters in the library, dtype and device of the signal; gradients stay within torch."""
    xp = array_api_compat.array_namespace(signal)
    device = array_api_compat.device(signal)
    if array_api_compat.array_namespace(filters) is xp:
        return xp.astype(array_api_compat.to_device(filters, device), signal.dtype)
    if array_api_compat.is_torch_array(filters):
        filters = filters.detach().cpu().numpy()
    return xp.asarray(filters, dtype=signal.dtype, device=device)


def _has_gaps(signal: Array) -> bool:
    """Whether there is a NaN: where a sum is finite there is none, and no mask is needed to see it."""
    xp = array_api_compat.array_namespace(signal)
    if array_api_compat.is_torch_array(signal):
        signal = signal.detach()
    step = max(1, _LOOK // signal.shape[1])
    for start in range(0, signal.shape[0], step):
        block = signal[start : min(start + step, signal.shape[0]), :]
        with np.errstate(over="ignore", invalid="ignore"):
            if math.isfinite(float(xp.sum(block))):
                continue
        # finite values that overflow in the sum end up here too
        if bool(xp.any(xp.isnan(block))):
            return True
    return False


def _touched(signal: Array, memory: int) -> Array:
    """Which outputs have a missing sample in their window."""
    xp = array_api_compat.array_namespace(signal)
    seen = xp.cumulative_sum(xp.astype(xp.any(xp.isnan(signal), axis=1), xp.int64))
    left = xp.zeros_like(seen)
    left[memory:] = seen[: max(0, seen.shape[0] - memory)]
    return seen > left


def _check_filters(filters: Any) -> Array:
    if not array_api_compat.is_array_api_obj(filters):
        raise ArgumentTypeError(
            "filters",
            allowed="an array of shape (units, memory, channels)",
            got=type(filters).__name__,
            remedy="Convert it to an array.",
        )
    bank: Array = filters
    check_readable("filters", bank)
    xp = array_api_compat.array_namespace(bank)
    if bank.ndim != 3 or 0 in bank.shape:
        raise ShapeError(
            "filters",
            allowed="of shape (units, memory, channels)",
            got=f"shape {tuple(bank.shape)}",
            remedy="Add the missing axes (a single filter of one channel is filters[None, :, None]).",
        )
    if not xp.isdtype(bank.dtype, ("bool", "integral", "real floating")):
        raise ArgumentTypeError(
            "filters",
            allowed="an array of real numbers",
            got=f"dtype {bank.dtype}",
            remedy="Filter with real and imaginary part as two units.",
        )
    if xp.isdtype(bank.dtype, "real floating") and not bool(xp.all(xp.isfinite(bank))):
        raise DataError(
            "filters",
            allowed="finite",
            got="NaN or infinity",
            remedy="Fit the filters again, on data that vary.",
        )
    return bank
