"""Spikes as a list of events (time, channel, polarity), and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._checks import check_integer
from lamina.encoding.layout import (
    Rows,
    RowsOrCode,
    admit_trains,
    assemble,
    check_leading,
    check_rate,
    check_rows,
    count_channels,
)
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.typing import Array

_POLARITY = np.dtype(np.int8)
# times are kept as int64
_MOST_SAMPLES = 2**62


@dataclass(frozen=True, eq=False)
class SpikeEvents:
    """Spikes as events, sorted by time, then channel, up before down: 13 bytes for each.

    Parameters
    ----------
    time
        Index of each event's time step, from 0; whole numbers. Kept as int64.
    channel
        Index of its channel in the flattened ``leading`` shape (last axis fastest). Kept as int32.
    polarity
        +1 (up, and every spike that has no polarity) or −1 (down). Kept as int8.
    n_samples
        How many time steps the trains have, silent ones at the end included.
    leading
        Shape of the channels: that of the signal without time; with ``rows="neurons"``, the neurons first.
    rows
        What the first axis of the dense spikes is: ``"polarity"``, ``"neurons"``, or None for none.
    sampling_rate
        Time steps per second (hertz), if known.

    Raises
    ------
    ArgumentTypeError, ShapeError, DataError
        If these are no whole numbers, or their lengths differ; if an event lies outside of ``n_samples`` or
        ``leading``, has no polarity that there is, or occurs twice.

    Examples
    --------
    Events from anywhere can be put together by hand; they are sorted:

    >>> events = SpikeEvents([5, 1], [0, 2], [1, -1], n_samples=8, leading=(3,))
    >>> events.time, events.polarity
    (array([1, 5]), array([-1,  1], dtype=int8))
    >>> len(events)
    2
    """

    time: np.ndarray
    channel: np.ndarray
    polarity: np.ndarray
    n_samples: int
    leading: tuple[int, ...] = ()
    rows: Rows = "polarity"
    sampling_rate: float | None = None

    def __post_init__(self) -> None:
        """Check all parts, and sort."""
        put = object.__setattr__
        put(self, "n_samples", check_integer("n_samples", self.n_samples, minimum=1, maximum=_MOST_SAMPLES))
        put(self, "leading", check_leading("leading", self.leading))
        put(self, "rows", check_rows(self.rows))
        if self.rows == "neurons" and not self.leading:
            raise ShapeError(
                "leading",
                allowed="the number of neurons, and then the shape of the channels",
                got="()",
                remedy="Give (n_neurons,) for a single channel.",
            )
        put(self, "sampling_rate", check_rate(self.sampling_rate))
        channels = count_channels(self.leading)
        time = _whole("time", self.time, 0, self.n_samples - 1).astype(np.int64)
        wide = np.int32 if channels <= 2**31 else np.int64
        channel = _whole("channel", self.channel, 0, channels - 1).astype(wide)
        polarity = _whole("polarity", self.polarity, -1, 1).astype(_POLARITY)
        lengths = len(time), len(channel), len(polarity)
        if len(set(lengths)) > 1:
            raise ShapeError(
                "time, channel and polarity",
                allowed="of one length",
                got=f"{lengths[0]}, {lengths[1]} and {lengths[2]} values",
                remedy="Give one value of each for every event.",
            )
        wrong = np.flatnonzero(~np.isin(polarity, (1, -1) if self.rows == "polarity" else (1,)))
        if wrong.size:
            allowed = "+1 or −1" if self.rows == "polarity" else "+1 where spikes have no polarity"
            raise DataError(
                "polarity",
                allowed=allowed,
                got=f"{polarity[wrong[0]]} in event {wrong[0]}",
                remedy="Up spikes are +1, down spikes −1.",
            )
        later = _later(time, channel, polarity)
        if not later.all():
            order = np.lexsort((-polarity, channel, time))
            time, channel, polarity = time[order], channel[order], polarity[order]
            again = np.flatnonzero(~_later(time, channel, polarity))
            if again.size:
                index = int(again[0])
                raise DataError(
                    "time, channel and polarity",
                    allowed="different for each event",
                    got=f"two events of channel {channel[index]} at time step {time[index]}",
                    remedy="A train holds one spike in a time step: take shorter steps, or drop doubles.",
                )
        for name, array in (("time", time), ("channel", channel), ("polarity", polarity)):
            array.setflags(write=False)
            put(self, name, array)

    def __len__(self) -> int:
        return len(self.time)

    def __repr__(self) -> str:
        return (
            f"SpikeEvents({len(self)} events, n_samples={self.n_samples}, leading={self.leading}, "
            f"rows={self.rows!r}, sampling_rate={self.sampling_rate})"
        )

    def structured(self) -> np.ndarray:
        """Give the events as one NumPy array with the fields that tonic has: ``t``, ``x`` and ``p``.

        Returns
        -------
        numpy.ndarray
            Structured, of int64: ``t`` is the time step, ``x`` the channel, ``p`` 1 for up and 0 for down.

        Examples
        --------
        >>> SpikeEvents([1, 5], [2, 0], [-1, 1], n_samples=8, leading=(3,)).structured()
        array([(1, 2, 0), (5, 0, 1)], dtype=[('t', '<i8'), ('x', '<i8'), ('p', '<i8')])
        """
        array = np.empty(len(self), dtype=[("t", "<i8"), ("x", "<i8"), ("p", "<i8")])
        array["t"], array["x"], array["p"] = self.time, self.channel, self.polarity > 0
        return array


def to_events(
    spikes: Array, rows: RowsOrCode = "polarity", dim: int = -1, *, sampling_rate: float | None = None
) -> SpikeEvents:
    """List the spikes of all channels.

    Parameters
    ----------
    spikes
        As `SpikeCode.encode` returns them; NumPy or torch, on any device.
    rows
        What their first axis is: ``"polarity"``, ``"neurons"``, None for none, or the code that made them.
    dim
        The axis of time in the signal, as in `SpikeCode.decode`.
    sampling_rate
        Time steps per second (hertz), to be kept with the events.

    Returns
    -------
    SpikeEvents
        Sorted by time. `from_events` gives the spikes back exactly.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        If these are no spikes, or not such as ``rows`` says.

    Examples
    --------
    >>> spikes = np.array([[0, 1, 0, 0], [0, 0, 0, -1]])
    >>> to_events(spikes)
    SpikeEvents(2 events, n_samples=4, leading=(), rows='polarity', sampling_rate=None)
    >>> to_events(spikes).time
    array([1, 3])
    """
    trains = admit_trains(spikes, rows, dim)
    found = [np.nonzero(part) for part in trains.values]
    times, channels = (np.concatenate([part[axis] for part in found]) for axis in (1, 0))
    polarities = np.repeat(np.array([1, -1], np.int8)[: len(found)], [len(part[0]) for part in found])
    return SpikeEvents(
        times, channels, polarities, trains.values.shape[-1], trains.leading, trains.rows, sampling_rate
    )


def from_events(events: SpikeEvents, dtype: Any = np.float32) -> np.ndarray:
    """Turn events into spikes, as `SpikeCode.decode` takes them.

    Parameters
    ----------
    events
        Such as `to_events` gives.
    dtype
        Of the spikes: a floating or signed integer type of NumPy.

    Returns
    -------
    numpy.ndarray
        ``(2, ..., time)`` for ``rows="polarity"``, else ``(..., time)``, where the dots are ``leading``.

    Raises
    ------
    ArgumentTypeError
        If these are no `SpikeEvents`, or the type cannot hold −1.
    DataError
        If the spikes do not go into the memory.

    Examples
    --------
    >>> from_events(SpikeEvents([1, 3], [0, 0], [1, -1], n_samples=4))
    array([[ 0.,  1.,  0.,  0.], [ 0.,  0.,  0., -1.]], dtype=float32)
    """
    check_events(events)
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(object)
    if kind.kind not in "fi":
        raise ArgumentTypeError(
            "dtype",
            allowed="a floating or signed integer type",
            got=repr(dtype)[:60],
            remedy="Take numpy.float32.",
        )
    polarities = 2 if events.rows == "polarity" else 1
    shape = (polarities, count_channels(events.leading), events.n_samples)
    try:
        dense = np.zeros(shape, kind)
    # NumPy has a word of its own for what no machine could hold
    except (MemoryError, ValueError) as error:
        raise DataError(
            "events",
            allowed="of so few time steps and channels that the spikes go into the memory",
            got=f"n_samples={events.n_samples} and leading={events.leading}",
            remedy="Take longer time steps, or cut the events.",
        ) from error
    dense[(events.polarity < 0).astype(np.intp), events.channel, events.time] = events.polarity
    return assemble(dense, events.leading)


def check_events(events: Any) -> None:
    """Refuse what are no `SpikeEvents`."""
    if not isinstance(events, SpikeEvents):
        raise ArgumentTypeError(
            "events",
            allowed="lamina.encoding.SpikeEvents",
            got=f"a {type(events).__name__}",
            remedy="Make them by to_events, or SpikeEvents(time, channel, polarity, n_samples=...).",
        )


def _later(time: np.ndarray, channel: np.ndarray, polarity: np.ndarray) -> np.ndarray:
    """Whether each event but the first comes behind the one before it."""
    same = np.diff(time) == 0
    ahead = np.diff(channel) > 0
    beside = (np.diff(channel) == 0) & (polarity[1:] < polarity[:-1])
    return (np.diff(time) > 0) | (same & (ahead | beside))


def _whole(name: str, value: Any, least: int, most: int) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError:
        # rows that differ in length, which are refused by their type
        array = np.array(None)
    if array.size == 0:
        array = array.astype(np.int64).reshape(-1) if array.ndim <= 1 else array
    if array.dtype.kind not in "iuf" or array.ndim != 1:
        raise ArgumentTypeError(
            name,
            allowed="whole numbers along one axis, one for each event",
            got=f"{array.dtype} of shape {array.shape}",
            remedy="Pass a list or an array of whole numbers.",
        )
    wrong = np.flatnonzero(~((array >= least) & (array <= most) & (array == np.trunc(array))))
    if wrong.size:
        raise DataError(
            name,
            allowed=f"whole numbers from {least} to {most}",
            got=f"{array[wrong[0]]} in event {wrong[0]}",
            remedy="Time counts steps from 0 and channels count from 0; check n_samples and leading.",
        )
    return array
