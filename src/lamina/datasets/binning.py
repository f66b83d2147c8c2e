"""Events, each with a time and a unit, as counts on a grid; none is lost and none counts twice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.datasets.arrays import as_real_array
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.typing import Array

MOST_CELLS = 2**31
"""Largest grid that is made, in cells (8 GiB)."""

# a quotient of two rounded numbers is off by less than this, and an event on an edge belongs behind it
_ROUNDING = 1 + 4 * np.finfo(np.float64).eps


def bin_events(
    times_s: Array, units: Array, n_units: int, dt_s: float, *, duration_s: float | None = None
) -> np.ndarray:
    r"""Count events in bins of time.

    .. math:: n_{k,u} = \#\{\,i : u_i = u,\; \lfloor t_i / \Delta t \rfloor = k \,\}

    Each event falls into exactly one bin, so that the counts add up to the number of events. A time within
    rounding (four units in the last place of a float64) of an edge is on it, and belongs to the bin that
    begins there; at the very end, ``duration_s`` itself, to the last bin.

    Parameters
    ----------
    times_s
        ``(events,)``, in seconds, finite, from 0, in any order; integers or floats of any precision. Float16,
        as the Heidelberg digits have, is widened first.
    units
        ``(events,)`` integers from 0 to ``n_units - 1``.
    n_units
        Number of units, at least 1.
    dt_s
        Width of a bin in seconds, above 0.
    duration_s
        Length of the recording in seconds; the last bin is cut short if it is no multiple of ``dt_s``.
        Default: up to the end of the bin of the last event.

    Returns
    -------
    numpy.ndarray
        ``(time, n_units)`` counts, int32. Without events and ``duration_s``, time has no bins.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If ``n_units``, ``dt_s`` or ``duration_s`` is out of range, the grid would hold more than 2³¹ cells,
        or the events are not given in numbers.
    ShapeError
        If times and units are not two rows of equal length.
    DataError
        If an event lies outside the recording or belongs to no unit; events are never left out.

    Examples
    --------
    >>> bin_events([0.0, 0.1, 0.3, 0.4], [0, 2, 1, 1], n_units=3, dt_s=0.1, duration_s=0.4)
    array([[1, 0, 0],
           [0, 0, 1],
           [0, 0, 0],
           [0, 2, 0]], dtype=int32)
    """
    n_units = check_integer("n_units", n_units, minimum=1)
    width = check_real("dt_s", dt_s, above=0.0)
    times, rows = _times(times_s), _units(units, n_units)
    if len(times) != len(rows):
        raise ShapeError(
            "units",
            allowed=f"as long as times_s ({len(times)} events)",
            got=f"{len(rows)}",
            remedy="Give each event its time and its unit.",
        )
    last = float(times.max()) if len(times) else 0.0
    if duration_s is None:
        n_bins = _whole(_quotient(last, width)) + 1 if len(times) else 0
    else:
        duration = check_real("duration_s", duration_s, above=0.0)
        if last > duration * _ROUNDING:
            raise DataError(
                "times_s",
                allowed=f"within duration_s ({duration:g} s)",
                got=f"{int((times > duration * _ROUNDING).sum())} later event(s), the last at {last:.6g} s",
                remedy="Give a longer duration_s, or cut the events first.",
            )
        n_bins = max(1, math.ceil(_quotient(duration, width) / _ROUNDING))
    if n_bins * n_units > MOST_CELLS:
        raise ArgumentError(
            "dt_s",
            allowed=f"wide enough for at most {MOST_CELLS:,} cells",
            got=f"{width:g}, which makes {n_bins:,} bins of {n_units:,} units",
            remedy="Widen the bins; times are in seconds.",
        )
    bins = np.minimum(np.floor(times / width * _ROUNDING).astype(np.int64), max(n_bins - 1, 0))
    counts = np.bincount(bins * n_units + rows, minlength=n_bins * n_units)
    return counts.astype(np.int32).reshape(n_bins, n_units)


def _whole(quotient: float) -> int:
    return math.floor(quotient * _ROUNDING)


def _quotient(length: float, width: float) -> float:
    # what is beyond all grids is refused by its size, not by an overflow
    return min(length / width, 2.0**62)


def _times(value: Any) -> np.ndarray:
    times = _row("times_s", value).astype(np.float64)
    wrong = ~(np.isfinite(times) & (times >= 0))
    if wrong.any():
        raise DataError(
            "times_s",
            allowed="finite and at least 0",
            got=f"{int(wrong.sum())} event(s) that are not, the first {times[wrong][0]:g}",
            remedy="Count time from the beginning of the recording, in seconds.",
        )
    return times


def _units(value: Any, n_units: int) -> np.ndarray:
    units = _row("units", value)
    if units.dtype.kind == "f" and len(units):
        raise ArgumentTypeError(
            "units", allowed="integers", got=f"dtype {units.dtype}", remedy="Give the index of each unit."
        )
    # compared before the cast, which would wrap the largest unsigned numbers
    if len(units) and (units.min() < 0 or units.max() >= n_units):
        raise DataError(
            "units",
            allowed=f"from 0 to {n_units - 1}",
            got=f"{units.min()} to {units.max()}",
            remedy="Give n_units, and count units from 0.",
        )
    return units.astype(np.int64)


def _row(name: str, value: Any) -> np.ndarray:
    if np.ma.is_masked(value):
        raise DataError(
            name,
            allowed="without masked values",
            got=f"{np.ma.count_masked(value)} of them",
            remedy="Leave these events out of both rows, with compressed().",
        )
    array = as_real_array(
        name, value, "of shape (events,)", even="Pass one row of numbers.", source="Pass one row of numbers."
    )
    if array.ndim != 1:
        raise ShapeError(
            name,
            allowed="of shape (events,)",
            got=f"shape {array.shape}",
            remedy="Bin recordings one by one.",
        )
    return array
