"""Temporal filters against time before the present."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_real
from lamina.errors import ShapeError
from lamina.plotting.admission import as_numbers, check_indices, check_names
from lamina.plotting.style import PALETTE, color_bar, drawing, mark_zero, symmetric_limit
from lamina.resu import ReSU
from lamina.typing import Array

DASHES = ("-", "--", ":", "-.")


def plot_filters(
    filters: ReSU | Array,
    ax: Axes | None = None,
    *,
    dt_s: float | None = None,
    units: Sequence[int] | None = None,
    labels: Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
) -> Axes:
    """Draw filters as lines over time, the present at the right; one colour per unit, one dash per channel.

    Parameters
    ----------
    filters
        (units, memory) or (units, memory, channels), newest lag first; or a fitted `lamina.ReSU`.
    ax
        Where to draw; a new figure by default.
    dt_s
        Seconds between samples, above 0; by default 1 / sampling_rate of a `lamina.ReSU` that knows it. Time
        is in samples without it.
    units
        Which units to draw, counted from 0; all by default.
    labels
        A name for each unit drawn; "unit 1" … by default.
    channels
        A name for each channel; "channel 1" … by default. At most 4: `plot_filter_map` shows more.

    Returns
    -------
    matplotlib.axes.Axes
        One line per unit and channel, unit by unit.

    Raises
    ------
    ArgumentError, ShapeError, DataError, NotFittedError
        If the filters, the units or the names cannot be; if there are more than 4 channels; not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> ax = plot_filters(np.array([[1.0, 0.5, 0.25], [1.0, -1.0, 0.0]]), dt_s=0.01, labels=["L3", "L1"])
    >>> ax.lines[0].get_ydata().tolist(), ax.get_xlabel()
    ([1.0, 0.5, 0.25], 'Time relative to the present (s)')
    """
    array, dt_s = resolve_filters(filters, dt_s)
    time, unit_of_time = _times(array.shape[1], dt_s)
    n_channels = array.shape[2]
    if n_channels > len(DASHES):
        raise ShapeError(
            "filters",
            allowed=f"of at most {len(DASHES)} channels",
            got=f"{n_channels}",
            remedy="Use plot_filter_map.",
        )
    indices = check_indices("units", units, len(array))
    names = unit_names(labels, indices)
    channel_names = check_names("channels", channels, n_channels, "channel")
    with drawing(ax) as on:
        for place, index in enumerate(indices):
            for channel, channel_name in enumerate(channel_names):
                on.plot(
                    time,
                    array[index, :, channel],
                    color=PALETTE[place % len(PALETTE)],
                    linestyle=DASHES[channel],
                    marker="o" if len(time) == 1 else None,
                    label=names[place] if n_channels == 1 else f"{names[place]}, {channel_name}",
                )
        mark_zero(on)
        on.set_xlabel(f"Time relative to the present ({unit_of_time})")
        on.set_ylabel("Filter weight")
        if len(indices) * n_channels > 1 or labels is not None:
            on.legend()
    return on


def plot_filter_map(
    filters: ReSU | Array,
    ax: Axes | None = None,
    *,
    dt_s: float | None = None,
    unit: int = 0,
    channels: Sequence[str] | None = None,
) -> Axes:
    """Draw the filter of one unit as a map: channels from top to bottom, the present at the right.

    Parameters
    ----------
    filters
        (units, memory, channels), newest lag first; or a fitted `lamina.ReSU`.
    ax
        Where to draw; a new figure by default.
    dt_s
        Seconds between samples, above 0; as for `plot_filters`.
    unit
        Which unit to draw, counted from 0.
    channels
        A name for each channel; "channel 1" … by default.

    Returns
    -------
    matplotlib.axes.Axes
        One image, (channels, memory) with the oldest lag first; its colour bar is an inset.

    Raises
    ------
    ArgumentError, ShapeError, DataError, NotFittedError
        If the filters, the unit or the names cannot be; not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> ax = plot_filter_map(np.arange(12.0).reshape(1, 4, 3), channels=["left", "centre", "right"])
    >>> ax.images[0].get_array()[0].tolist()
    [9.0, 6.0, 3.0, 0.0]
    """
    array, dt_s = resolve_filters(filters, dt_s)
    time, unit_of_time = _times(array.shape[1], dt_s)
    (index,) = check_indices("unit", [unit], len(array))
    names = check_names("channels", channels, array.shape[2], "channel")
    shown = array[index, ::-1].T
    half = (time[0] - time[-1]) / (2 * max(len(time) - 1, 1)) or 0.5
    limit = symmetric_limit(shown)
    with drawing(ax) as on:
        image = on.imshow(
            shown,
            extent=(time[-1] - half, time[0] + half, len(names) - 0.5, -0.5),
            aspect="auto",
            interpolation="nearest",
            cmap="PuOr_r",
            vmin=-limit,
            vmax=limit,
        )
        on.set_yticks(range(len(names)), labels=names)
        on.tick_params(axis="y", length=0)
        on.set_xlabel(f"Time relative to the present ({unit_of_time})")
        color_bar(on, image, "Filter weight")
    return on


def resolve_filters(filters: ReSU | Array, dt_s: float | None) -> tuple[np.ndarray, float | None]:
    """Return filters as (units, memory, channels), and the seconds between samples where they are known."""
    if isinstance(filters, ReSU):
        check_is_fitted(filters)
        if dt_s is None and filters.sampling_rate is not None:
            dt_s = 1.0 / filters.sampling_rate
        filters = filters.filters_
    array = as_numbers("filters", filters, "units, memory", "units, memory, channels")
    if array.ndim == 2:
        array = array[:, :, None]
    return array, None if dt_s is None else check_real("dt_s", dt_s, above=0)


def _times(memory: int, dt_s: float | None) -> tuple[np.ndarray, str]:
    step = 1.0 if dt_s is None else dt_s
    return 0.0 - np.arange(memory) * step, "samples" if dt_s is None else "s"


def unit_names(labels: Sequence[str] | None, indices: list[int]) -> list[str]:
    """Name the units drawn: "unit 1" … without any names."""
    if labels is None:
        return [f"unit {index + 1}" for index in indices]
    return check_names("labels", labels, len(indices), "unit")
