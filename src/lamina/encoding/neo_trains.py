"""Spikes as spike trains of neo, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._checks import check_choice, check_real
from lamina.encoding.events import SpikeEvents, from_events, to_events
from lamina.encoding.layout import Rows, RowsOrCode, check_leading, check_rows, count_channels, place
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, MissingDependencyError
from lamina.typing import Array

if TYPE_CHECKING:
    from neo import SpikeTrain

# share of a time step by which a spike may miss it: times are rounded, and may have been in other units
_NEAR = 1e-3


def to_neo(
    spikes: Array,
    sampling_rate: float,
    rows: RowsOrCode = "polarity",
    dim: int = -1,
    *,
    t_start: float = 0.0,
) -> list[SpikeTrain]:
    """Give spikes as trains of `neo <https://neo.readthedocs.io>`_, one for each channel and polarity.

    Parameters
    ----------
    spikes
        As `SpikeCode.encode` returns them; NumPy or torch.
    sampling_rate
        Time steps of the spikes per second (hertz): the signal's rate times ``steps_per_sample``.
    rows
        What their first axis is: ``"polarity"``, ``"neurons"``, None for none, or the code that made them.
    dim
        The axis of time in the signal, as in `SpikeCode.decode`.
    t_start
        Time of the first step, in seconds.

    Returns
    -------
    list of neo.SpikeTrain
        Times in seconds, step k at ``t_start`` + k / ``sampling_rate``; ``t_stop`` is the end of the last
        step. All up trains come first, then all down trains. Each is annotated with ``channel`` (its place
        in the flattened leading shape), ``polarity`` (1 or −1), and ``leading`` and ``rows``, from which
        `from_neo` gives the spikes back exactly. Silent channels have empty trains.

    Raises
    ------
    MissingDependencyError
        If neo is not installed.
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        If these are no spikes, or not such as ``rows`` says; if the rate is not positive.

    Examples
    --------
    >>> up, down = to_neo(np.array([[0, 1, 0, 0], [0, 0, 0, -1]]), sampling_rate=100.0)
    >>> up.times, up.t_stop, down.annotations["polarity"]
    (array([0.01]) * s, array(0.04) * s, -1)
    """
    neo = _neo()
    rate = check_real("sampling_rate", sampling_rate, above=0.0)
    start = check_real("t_start", t_start)
    events = to_events(spikes, rows, dim)
    channels = count_channels(events.leading)
    signs = (1, -1) if events.rows == "polarity" else (1,)
    # sorted by train, and within a train by time
    train = (events.polarity < 0) * channels + events.channel
    order = np.argsort(train, kind="stable")
    limits = np.searchsorted(train[order], np.arange(len(signs) * channels + 1))
    times = start + events.time[order] / rate
    trains = []
    for index in range(len(signs) * channels):
        polarity, channel = signs[index // channels], index % channels
        where = "".join(f"[{part}]" for part in place(channel, events.leading))
        sign = "" if len(signs) == 1 else (" up" if polarity == 1 else " down")
        trains.append(
            neo.SpikeTrain(
                times[limits[index] : limits[index + 1]],
                t_stop=start + events.n_samples / rate,
                t_start=start,
                units="s",
                sampling_rate=rate * _hertz(),
                name=f"channel{where}{sign}",
                channel=channel,
                polarity=polarity,
                leading=list(events.leading),
                rows=events.rows or "none",
            )
        )
    return trains


def from_neo(
    trains: Sequence[Any],
    sampling_rate: float | None = None,
    *,
    leading: tuple[int, ...] | None = None,
    rows: Rows | None = None,
    between: str = "refuse",
    dtype: Any = np.float32,
) -> np.ndarray:
    """Put spike trains of neo on a grid of time steps, as `SpikeCode.decode` takes them.

    Parameters
    ----------
    trains
        Trains with one ``t_start`` and one ``t_stop``, such as `to_neo` gives, or the ``spiketrains`` of a
        ``neo.Segment``, in any units of time. Those
        without annotations are taken as channels 0, 1, 2 and so on, with up spikes only.
    sampling_rate
        Time steps per second (hertz). Default: that of the trains.
    leading
        The shape of the channels. Default: as annotated, else one axis.
    rows
        What the first axis of the spikes is to be. Default: as annotated, else None.
    between
        What is done with a spike that lies over a thousandth of a step away from any: ``"refuse"``, or
        ``"nearest"``, which moves it to the nearest step within the train.
    dtype
        Of the spikes.

    Returns
    -------
    numpy.ndarray
        ``(2, ..., time)`` for ``rows="polarity"``, else ``(..., time)``; there are as many time steps as
        come nearest to ``t_stop`` − ``t_start``.

    Raises
    ------
    MissingDependencyError
        If neo is not installed.
    ArgumentTypeError, ArgumentError
        If these are no trains of neo, or no rate is known.
    DataError
        If there is no train, if trains differ in their limits, if a spike lies between two steps, or two
        spikes of a train at one.

    Examples
    --------
    >>> spikes = np.array([[0, 1, 0, 0], [0, 0, 0, -1]])
    >>> from_neo(to_neo(spikes, sampling_rate=30_000.0))
    array([[ 0.,  1.,  0.,  0.], [ 0.,  0.,  0., -1.]], dtype=float32)
    """
    trains = _check_trains(trains, _neo())
    check_choice("between", between, ("refuse", "nearest"))
    rate = _rate(trains, sampling_rate)
    start, stop = _limits(trains)
    n_samples = max(1, round((stop - start) * rate))
    # "channel" alone may be anybody's annotation; with "leading" it is that of to_neo
    annotated = all({"leading", "rows", "channel", "polarity"} <= set(train.annotations) for train in trains)
    known = trains[0].annotations if annotated else {}
    if rows is None and known:
        rows = None if known["rows"] == "none" else known["rows"]
    channels = [int(train.annotations["channel"]) if known else i for i, train in enumerate(trains)]
    if leading is None:
        leading = tuple(int(n) for n in known["leading"]) if known else (len(trains),)
    times, places, signs = [], [], []
    for index, (train, channel) in enumerate(zip(trains, channels, strict=True)):
        steps = (train.rescale("s").magnitude.astype(np.float64) - start) * rate
        times.append(_on_grid(steps, n_samples, between, f"trains[{index}]"))
        places.append(np.full(len(steps), channel))
        signs.append(np.full(len(steps), int(train.annotations["polarity"]) if known else 1))
    events = SpikeEvents(
        np.concatenate(times),
        np.concatenate(places),
        np.concatenate(signs),
        n_samples,
        check_leading("leading", leading),
        check_rows(rows),
    )
    return from_events(events, dtype)


def _on_grid(steps: np.ndarray, n_samples: int, between: str, name: str) -> np.ndarray:
    nearest = np.round(steps)
    if between == "nearest":
        # the end of the last step rounds to a step that is none
        nearest = np.minimum(nearest, n_samples - 1)
    else:
        wrong = np.flatnonzero((np.abs(steps - nearest) > _NEAR) | (nearest >= n_samples))
        if wrong.size:
            raise DataError(
                name,
                allowed=f"made of spikes on the {n_samples} time steps",
                got=f"one at {steps[wrong[0]]:.6g} steps after t_start",
                remedy="Give the sampling_rate of the spikes, or move them: between='nearest'.",
            )
    return nearest.astype(np.int64)


def _check_trains(trains: Any, neo: Any) -> list[Any]:
    # a segment has its trains in a class that is no sequence
    lists = (Sequence, neo.spiketrainlist.SpikeTrainList)
    if isinstance(trains, neo.SpikeTrain) or not isinstance(trains, lists):
        raise ArgumentTypeError(
            "trains",
            allowed="a list of neo.SpikeTrain",
            got=f"a {type(trains).__name__}",
            remedy="Put it into a list.",
        )
    if not len(trains):
        raise DataError("trains", allowed="at least one", got="none", remedy="Silent trains count, too.")
    for index, train in enumerate(trains):
        if not isinstance(train, neo.SpikeTrain):
            raise ArgumentTypeError(
                f"trains[{index}]",
                allowed="a neo.SpikeTrain",
                got=f"a {type(train).__name__}",
                remedy="Pass the spiketrains of a neo.Segment, say.",
            )
    return list(trains)


def _rate(trains: Sequence[Any], given: float | None) -> float:
    if given is not None:
        return check_real("sampling_rate", given, above=0.0)
    # the attribute of a train that has none is 1 Hz in neo: annotated trains are those that say theirs
    stated = {float(train.sampling_rate.rescale("Hz")) for train in trains if "leading" in train.annotations}
    if len(stated) == 1:
        return stated.pop()
    raise ArgumentError(
        "sampling_rate",
        allowed="known, in time steps per second",
        got="None, and the trains do not say one rate",
        remedy="Give the number of time steps per second that the spikes are to be put on.",
    )


def _limits(trains: Sequence[Any]) -> tuple[float, float]:
    limits = [(float(train.t_start.rescale("s")), float(train.t_stop.rescale("s"))) for train in trains]
    for index, (start, stop) in enumerate(limits):
        same = math.isclose(start, limits[0][0], rel_tol=1e-9, abs_tol=1e-12)
        if not same or not math.isclose(stop, limits[0][1], rel_tol=1e-9, abs_tol=1e-12):
            raise DataError(
                f"trains[{index}]",
                allowed=f"from {limits[0][0]:g} to {limits[0][1]:g} s, as the first",
                got=f"from {start:g} to {stop:g} s",
                remedy="Cut the trains to the same limits, with time_slice.",
            )
    return limits[0]


def _neo() -> Any:
    try:
        import neo
    except ImportError as error:
        raise MissingDependencyError(
            "trains of neo need the package neo: pip install 'lamina[events]'"
        ) from error
    return neo


def _hertz() -> Any:
    import quantities

    return quantities.Hz
