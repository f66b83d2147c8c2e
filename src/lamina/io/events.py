"""Events of spikes in files: as counts and gaps, and for other programs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina._checks import check_choice, check_path
from lamina.encoding.events import SpikeEvents, check_events
from lamina.encoding.layout import count_channels
from lamina.io.files import atomic_file
from lamina.io.records import Arrays, NotInOrderError, as_count
from lamina.io.writing import write_signal

_MOST_STEPS = 2**48


def write_events(path: str | os.PathLike[str], events: SpikeEvents) -> None:
    """Write events for other programs, whole or not at all.

    Parameters
    ----------
    path
        The file: ``.csv``, with a header and one row per event, or ``.npz``, with the arrays ``time``,
        ``channel`` and ``polarity``, and ``n_samples``, ``leading`` and (if known) ``sampling_rate``. Its
        folder must exist; an existing file is replaced.
    events
        Such as `lamina.encoding.to_events` gives.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path, or these are no events.
    ArgumentError
        If the name ends otherwise.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> events = SpikeEvents([1, 5], [2, 0], [-1, 1], n_samples=8, leading=(3,))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_events(Path(folder) / "events.csv", events)
    ...     print((Path(folder) / "events.csv").read_text())
    time,channel,polarity
    1,2,-1
    5,0,1
    """
    suffix = check_choice("the suffix of the file", check_path("path", path).suffix.lower(), (".csv", ".npz"))
    check_events(events)
    columns = {"time": events.time, "channel": events.channel, "polarity": events.polarity}
    if suffix == ".csv":
        table = np.column_stack([part.astype(np.int64) for part in columns.values()])
        write_signal(path, table, channel_names=tuple(columns))
        return
    more: dict[str, Any] = {"n_samples": events.n_samples, "leading": np.array(events.leading, np.int64)}
    if events.sampling_rate is not None:
        more["sampling_rate"] = events.sampling_rate
    with atomic_file(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **columns, **more)


def pack_events(events: SpikeEvents) -> Arrays:
    """Turn events into counts and gaps.

    Parameters
    ----------
    events
        Such as `lamina.encoding.to_events` gives.

    Returns
    -------
    dict
        ``counts``, the number of spikes of each train (all up trains, then all down trains), and ``gaps``,
        the steps from each spike to the next of its train, the first from step −1; in the smallest unsigned
        integers that hold them.
    """
    trains = count_channels(events.leading) * (2 if events.rows == "polarity" else 1)
    train = (events.polarity < 0) * count_channels(events.leading) + events.channel
    order = np.argsort(train, kind="stable")
    counts = np.bincount(train, minlength=trains)
    gaps = np.diff(events.time[order], prepend=-1)
    starts = np.cumsum(counts) - counts
    first = starts[counts > 0]
    gaps[first] = events.time[order][first] + 1
    return {"counts": _smallest(counts), "gaps": _smallest(gaps)}


def _smallest(values: np.ndarray) -> np.ndarray:
    largest = int(values.max(initial=0))
    size = next(size for size in (1, 2, 4, 8) if largest < 2 ** (8 * size))
    return values.astype(f"u{size}")


def unpack_events(plan: Mapping[str, Any], arrays: dict[str, np.ndarray], rate: float | None) -> SpikeEvents:
    """Turn what `pack_events` gave back into events, after checking every part of it.

    Parameters
    ----------
    plan
        With ``rows``, ``leading`` and ``n_steps``, as read.
    arrays
        As read; ``counts`` and ``gaps`` are taken out.
    rate
        Time steps per second, if known; checked before.

    Returns
    -------
    SpikeEvents

    Raises
    ------
    NotInOrderError
        If the parts cannot be, or do not go together.
    """
    rows = plan["rows"]
    if rows not in ("polarity", "neurons", None):
        raise NotInOrderError("the rows of its spikes are not in order")
    leading = plan["leading"]
    if not isinstance(leading, list) or len(leading) > 32:
        raise NotInOrderError("the shape of its spikes is not in order")
    shape = tuple(as_count("the shape of its spikes", length) for length in leading)
    steps = as_count("n_steps", plan["n_steps"])
    counts, gaps = (_integers(arrays, name) for name in ("counts", "gaps"))
    channels = count_channels(shape)
    if len(counts) != channels * (2 if rows == "polarity" else 1):
        raise NotInOrderError("it does not say how many spikes each train has")
    if steps > _MOST_STEPS or counts.astype(np.float64).sum() != len(gaps):
        raise NotInOrderError("its numbers of spikes or time steps cannot be")
    if len(gaps) and (gaps.min() < 1 or gaps.max() > steps or gaps.astype(np.float64).sum() >= 2.0**62):
        raise NotInOrderError("the gaps between its spikes cannot be")
    train = np.repeat(np.arange(len(counts)), counts.astype(np.int64))
    total = np.concatenate([[0], np.cumsum(gaps.astype(np.int64))])
    starts = np.cumsum(counts.astype(np.int64)) - counts.astype(np.int64)
    time = total[1:] - total[starts][train] - 1
    polarity = np.where(train < channels, 1, -1)
    return SpikeEvents(time, train % channels, polarity, steps, shape, rows, rate)


def _integers(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    array = arrays.pop(name, None)
    if array is None or array.dtype.kind != "u" or array.ndim != 1:
        raise NotInOrderError(f"its array {name!r} is missing, or holds no whole numbers")
    return array
