"""What was, what is forecast, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.plotting.admission import as_numbers, check_length, check_names
from lamina.plotting.style import GREY, INK, PALETTE, drawing
from lamina.typing import Array


def plot_forecast(
    history: Array,
    forecast: Array,
    ax: Axes | None = None,
    *,
    intervals: Mapping[float, tuple[Array, Array]] | None = None,
    actual: Array | None = None,
    last: int | None = None,
    dt_s: float | None = None,
    labels: Sequence[str] | None = None,
    ylabel: str = "Signal",
) -> Axes:
    """Draw a recording, the forecast that continues it, and the intervals around that, darker where narrower.

    Parameters
    ----------
    history
        (time,) or (time, channels), what was known; NaN leaves a gap.
    forecast
        (horizon,) or (horizon, channels), as `lamina.resu.ReSUForecaster.forecast` gives it.
    ax
        Where to draw; a new figure by default.
    intervals
        Lower and upper bounds of the shape of ``forecast``, by their level (0 to 1, without these), as
        ``forecast_interval`` gives them.
    actual
        Of the shape of ``forecast``: what came, dotted; NaN leaves a gap.
    last
        Samples of the history that are drawn, ≥ 1; all by default.
    dt_s
        Seconds per sample, > 0; without it the axis counts samples. Zero is the newest sample of the history.
    labels
        A name for each channel; "channel 1" … by default.
    ylabel
        Label of the vertical axis, with its unit.

    Returns
    -------
    matplotlib.axes.Axes
        For each channel a line of the history, of the forecast, and of what came.

    Raises
    ------
    ArgumentError, ArgumentTypeError, ShapeError, DataError
        If the shapes do not belong together, a level cannot be, or a lower bound lies above its upper one.

    Examples
    --------
    >>> ax = plot_forecast([1.0, 2.0, 3.0], [4.0, 5.0], intervals={0.8: ([3.0, 3.5], [5.0, 6.5])})
    >>> ax.lines[1].get_xydata().tolist()
    [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    """
    past, ahead = _columns("history", history, gaps=True), _columns("forecast", forecast)
    check_length("forecast", ahead, 1, past.shape[1], "as history has channels")
    came = None if actual is None else _like(ahead, "actual", actual, gaps=True)
    bands = _bands(intervals, ahead)
    shown = len(past) if last is None else min(check_integer("last", last, minimum=1), len(past))
    step = 1.0 if dt_s is None else check_real("dt_s", dt_s, above=0)
    names = check_names("labels", labels, past.shape[1], "channel")
    before = np.arange(1 - shown, 1) * step
    after = np.arange(len(ahead) + 1) * step
    with drawing(ax) as on:
        for channel, name in enumerate(names):
            # a single recording in ink, and its forecast in colour
            color = PALETTE[channel % len(PALETTE)]
            ink = INK if len(names) == 1 else color
            label = "known" if len(names) == 1 and labels is None else name
            on.plot(before, past[-shown:, channel], color=ink, linewidth=1.0, label=label)
            # the forecast starts from the newest sample, so that the two lines meet
            joined = np.concatenate([past[-1:, channel], ahead[:, channel]])
            dash = "-" if len(names) == 1 else "--"
            on.plot(after, joined, dash, color=color, label="forecast" if channel == 0 else "_forecast")
            for place, (level, low, high) in enumerate(bands):
                on.fill_between(
                    after[1:],
                    low[:, channel],
                    high[:, channel],
                    color=color,
                    # light lies on light: narrower bands look darker
                    alpha=0.18,
                    linewidth=0,
                    label=f"{100 * level:g} %" if channel == 0 else f"_band {place}",
                )
            if came is not None:
                on.plot(
                    after[1:],
                    came[:, channel],
                    ":",
                    color=ink,
                    linewidth=1.2,
                    label="came" if channel == 0 else "_came",
                )
        on.axvline(0.0, color=GREY, linewidth=0.6, label="_now")
        on.margins(x=0)
        on.set_xlabel(f"Time after the newest sample ({'samples' if dt_s is None else 's'})")
        on.set_ylabel(ylabel)
        on.legend()
    return on


def _columns(name: str, value: Array, *, gaps: bool = False) -> np.ndarray:
    array = as_numbers(name, value, "time", "time, channels", gaps=gaps)
    return array.reshape(len(array), -1)


def _like(ahead: np.ndarray, name: str, value: Array, *, gaps: bool = False) -> np.ndarray:
    array = _columns(name, value, gaps=gaps)
    if array.shape != ahead.shape:
        raise ShapeError(
            name,
            allowed=f"of the shape of the forecast, {ahead.shape[0]} step(s) of {ahead.shape[1]} channel(s)",
            got=f"{array.shape[0]} step(s) of {array.shape[1]}",
            remedy="Pass arrays that belong together.",
        )
    return array


def _bands(intervals: object, ahead: np.ndarray) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Return level and bounds, widest first, so that narrower ones lie on top."""
    if intervals is None:
        return []
    if not isinstance(intervals, Mapping):
        raise ArgumentTypeError(
            "intervals",
            allowed="a mapping from levels to pairs of bounds",
            got=type(intervals).__name__,
            remedy="Write {0.95: forecaster.forecast_interval(level=0.95)}.",
        )
    bands = []
    for level in sorted(intervals, reverse=True):
        share = check_real("intervals", level, above=0, maximum=1)
        count = len(intervals[level]) if hasattr(intervals[level], "__len__") else 1
        if share == 1 or count != 2:
            raise ArgumentError(
                "intervals",
                allowed="levels below 1, each with a lower and an upper bound",
                got=f"{level}: {count} bound(s)",
                remedy="Write {0.95: (lower, upper)}.",
            )
        low, high = (_like(ahead, f"intervals[{level}]", bound) for bound in intervals[level])
        if (low > high).any():
            raise DataError(
                f"intervals[{level}]",
                allowed="lower bounds at most their upper ones",
                got=f"{int((low > high).sum())} that lie above",
                remedy="Pass (lower, upper).",
            )
        bands.append((share, low, high))
    return bands
