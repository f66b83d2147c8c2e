"""Responses over time: to motion in two directions, to steps of a stimulus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lamina.errors import DataError
from lamina.plotting.admission import as_numbers, check_increasing, check_length, check_names
from lamina.plotting.style import GREY, PALE, PALETTE, drawing, mark_zero
from lamina.typing import Array


def plot_traces(
    time_s: Array,
    traces: Array,
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    band: Array | None = None,
    ylabel: str = "Response (SD)",
) -> Axes:
    """Draw responses over time, such as those to the preferred and to the null direction.

    Parameters
    ----------
    time_s
        (time,), seconds, increasing.
    traces
        (time,) or (traces, time); NaN leaves a gap.
    ax
        Where to draw; a new figure by default.
    labels
        A name for each trace; "trace 1" … by default.
    band
        Of the shape of ``traces``, ≥ 0: shades each trace from −band to +band, its spread over seeds, say.
    ylabel
        Label of the vertical axis, with its unit.

    Returns
    -------
    matplotlib.axes.Axes
        One line per trace, in their order.

    Raises
    ------
    ArgumentError, ShapeError, DataError
        If the shapes do not belong together, or ``band`` is negative.

    Examples
    --------
    >>> ax = plot_traces([0.0, 0.1, 0.2], [[0.0, 1.0, 0.5], [0.0, 0.1, 0.0]], labels=["preferred", "null"])
    >>> ax.lines[1].get_ydata().tolist()
    [0.0, 0.1, 0.0]
    """
    time, values = _admit(time_s, "traces", traces)
    names = check_names("labels", labels, len(values), "trace")
    spread = None if band is None else _admit_band(band, values)
    with drawing(ax) as on:
        for place, (name, trace) in enumerate(zip(names, values, strict=True)):
            color = PALETTE[place % len(PALETTE)]
            on.plot(time, trace, color=color, label=name)
            if spread is not None:
                on.fill_between(
                    time, trace - spread[place], trace + spread[place], color=color, alpha=0.22, linewidth=0
                )
        mark_zero(on)
        on.margins(x=0)
        on.set_xlabel("Time (s)")
        on.set_ylabel(ylabel)
        if len(values) > 1 or labels is not None:
            on.legend()
    return on


def plot_step_response(
    time_s: Array,
    stimulus: Array,
    responses: Array,
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    ylabel: str = "Response (SD)",
    stimulus_label: str = "Log luminance",
) -> Axes:
    """Draw responses over a stimulus that stands in grey behind them, with its own axis at the right.

    Parameters
    ----------
    time_s
        (time,), seconds, increasing.
    stimulus
        (time,), such as the logarithm of a luminance staircase.
    responses
        (time,) or (responses, time); NaN leaves a gap.
    ax
        Where to draw; a new figure by default.
    labels
        A name for each response; "response 1" … by default.
    ylabel, stimulus_label
        Labels of the left and of the right axis, with their units.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the responses; those of the stimulus follow in the figure.

    Raises
    ------
    ArgumentError, ShapeError, DataError
        If the shapes do not belong together.

    Examples
    --------
    >>> ax = plot_step_response([0.0, 1.0, 2.0], [0, 1, 1], [[0.0, 1.0, 0.1]], labels=["L1"])
    >>> ax.figure.axes[-1].lines[0].get_ydata().tolist()
    [0.0, 1.0, 1.0]
    """
    time, values = _admit(time_s, "responses", responses)
    steps = check_length("stimulus", as_numbers("stimulus", stimulus, "time"), 0, len(time), "as time_s")
    names = check_names("labels", labels, len(values), "response")
    with drawing(ax) as on:
        behind = on.twinx()
        on.set_zorder(behind.get_zorder() + 1)
        on.patch.set_visible(False)
        behind.plot(time, steps, color=GREY, linewidth=0.8)
        behind.margins(x=0, y=0.12)
        behind.fill_between(time, behind.get_ylim()[0], steps, color=PALE, alpha=0.45, linewidth=0)
        behind.autoscale(False)
        behind.set_ylabel(stimulus_label, color=GREY)
        behind.tick_params(axis="y", colors=GREY, length=2.5, width=0.6)
        behind.spines["right"].set(visible=True, color=GREY)
        for place, (name, response) in enumerate(zip(names, values, strict=True)):
            on.plot(time, response, color=PALETTE[place % len(PALETTE)], label=name)
        mark_zero(on)
        on.margins(x=0)
        on.set_xlabel("Time (s)")
        on.set_ylabel(ylabel)
        if len(values) > 1 or labels is not None:
            on.legend()
    return on


def _admit(time_s: Array, name: str, values: Array) -> tuple[np.ndarray, np.ndarray]:
    time = check_increasing("time_s", as_numbers("time_s", time_s, "time"))
    array = as_numbers(name, values, "time", f"{name}, time", gaps=True)
    check_length(name, array, -1, len(time), "as time_s")
    return time, array.reshape(-1, len(time))


def _admit_band(band: Array, values: np.ndarray) -> np.ndarray:
    array = as_numbers("band", band, "time", "traces, time", gaps=True)
    array = array.reshape(-1, array.shape[-1])
    check_length("band", array, 0, values.shape[0], "as traces")
    check_length("band", array, 1, values.shape[1], "as traces")
    if np.nanmin(array, initial=0.0) < 0:
        raise DataError(
            "band", allowed="at least 0", got=f"{np.nanmin(array):.4g}", remedy="Pass half of its width."
        )
    return array
