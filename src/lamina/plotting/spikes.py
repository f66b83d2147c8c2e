"""Spikes over time, below the signal that they came from and what is decoded from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from lamina._checks import check_real
from lamina.errors import ShapeError
from lamina.plotting.admission import as_numbers, check_names
from lamina.plotting.style import GREY, INK, PALE, PALETTE, color_bar, drawing
from lamina.typing import Array

# columns of a picture that a page can show apart
_BINS = 1500
_MOST_TRACES = 12
_MOST_RASTERS = 48
_MOST_CHANNELS = 1000

_SIGNAL, _DECODED, _UP, _DOWN = GREY, PALETTE[2], PALETTE[0], PALETTE[1]
_SHADES = LinearSegmentedColormap.from_list("spikes", ["white", _UP, INK])


def plot_spikes(
    signal: Array,
    spikes: Array,
    decoded: Array | None = None,
    ax: Axes | None = None,
    *,
    sampling_rate: float | None = None,
    channels: Sequence[str] | None = None,
    ylabel: str = "Signal",
) -> Axes:
    """Draw spikes as ticks below the signal, up spikes upwards and down spikes downwards.

    Of a recording with more than 1500 steps, neighbouring steps are put together, and a tick is as high as
    its share of the fullest place of its row; traces keep their least and greatest values. Up to 12 channels
    have lanes of their own with trace and spikes, up to 48 only their spikes, and more become an image of
    how many spikes there are.

    Parameters
    ----------
    signal
        (time,) or (channels, time).
    spikes
        What a code made of it: (2, ..., time) up and down, (..., time) a single train, or (neurons, time) of
        a population for a single series. Codes with several steps for each sample have as many more.
    decoded
        Of the shape of ``signal``: what the spikes say of it. None draws no second trace.
    ax
        Where to draw; a new figure by default.
    sampling_rate
        Samples of the signal per second, above 0, for an axis in seconds; samples without it.
    channels
        A name for each channel; "channel 1" … by default.
    ylabel
        Label of the vertical axis for a single series, with its unit.

    Returns
    -------
    matplotlib.axes.Axes
        Trace by trace, with a collection of ticks for each row of spikes; or one image.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        If the arrays do not belong together or are not finite, there are more than 1000 channels, or a
        population belongs to several channels.

    Examples
    --------
    >>> from lamina.encoding import StepForwardConverter
    >>> code = StepForwardConverter(threshold=0.1).fit(np.sin(np.arange(200) / 20), trials=0)
    >>> spikes = code.encode(np.sin(np.arange(200) / 20))
    >>> ax = plot_spikes(np.sin(np.arange(200) / 20), spikes, code.decode(spikes), sampling_rate=100.0)
    >>> ax.get_legend_handles_labels()[1], ax.get_xlabel()
    (['signal', 'decoded', 'up', 'down'], 'Time (s)')
    """
    traces = as_numbers("signal", signal, "time", "channels, time")
    rows = _rows(as_numbers("spikes", spikes, "time", "rows, time", "rows, channels, time"), traces.shape)
    again = None if decoded is None else as_numbers("decoded", decoded, "time", "channels, time")
    if again is not None and again.shape != traces.shape:
        raise ShapeError(
            "decoded",
            allowed=f"of the signal's shape {traces.shape}",
            got=f"shape {again.shape}",
            remedy="Pass what decode made of the spikes.",
        )
    traces = np.atleast_2d(traces)
    number, samples = traces.shape
    if number > _MOST_CHANNELS:
        raise ShapeError(
            "signal",
            allowed=f"of at most {_MOST_CHANNELS} channels",
            got=f"{number}",
            remedy="Choose channels: signal[:100], spikes[:, :100].",
        )
    names = check_names("channels", channels, number, "channel")
    step = 1.0 if sampling_rate is None else 1.0 / check_real("sampling_rate", sampling_rate, above=0)
    lane = 0.5 if number <= _MOST_TRACES else 0.1
    inches = 3.2 if number > _MOST_RASTERS else max(2.4, 0.8 + lane * number)
    with drawing(ax, height_in=inches) as on:
        span = samples * step
        if number > _MOST_RASTERS:
            _draw_image(on, rows, span)
        else:
            shown = [traces] if again is None else [traces, np.atleast_2d(again)]
            _draw_lanes(on, shown if number <= _MOST_TRACES else [], rows, span, names, ylabel)
            on.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, borderaxespad=0.2)
        on.set_xlim(0.0, span)
        on.set_xlabel("Time (samples)" if sampling_rate is None else "Time (s)")
    return on


def _rows(spikes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return spikes as ``(rows, channels, steps)``: 1 row, 2 (up, down), or one for each neuron."""
    single = len(shape) == 1
    if spikes.ndim == len(shape):
        rows = spikes.reshape(1, *([1] if single else []), *spikes.shape)
    else:
        rows = spikes[:, None, :] if single and spikes.ndim == 2 else spikes
    number = 1 if single else shape[0]
    fits = rows.ndim == 3 and rows.shape[1] == number and rows.shape[2] % shape[-1] == 0
    if not fits or (number > 1 and rows.shape[0] > 2):
        raise ShapeError(
            "spikes",
            allowed=f"of shape {shape}, {(2, *shape)} or, for a single series, (neurons, time); "
            "time a multiple of the signal's samples",
            got=f"shape {spikes.shape}",
            remedy="Pass what encode made of this signal, time last; of a population one channel at a time.",
        )
    return rows


def _draw_lanes(
    on: Axes, shown: list[np.ndarray], rows: np.ndarray, span: float, names: list[str], ylabel: str
) -> None:
    number = rows.shape[1]
    places, labels = [], []
    for channel in range(number):
        # the first channel on top
        floor = float(number - 1 - channel)
        low, high, shift, scale = (
            floor + (0.04 if shown else 0.12),
            floor + (0.36 if shown else 0.88),
            0.0,
            1.0,
        )
        if shown:
            least = min(float(trace[channel].min()) for trace in shown)
            size = max(float(trace[channel].max()) for trace in shown) - least or 1.0
            if number == 1:
                low, high = least - 0.5 * size, least - 0.08 * size
                places = list(MaxNLocator(5).tick_values(least, least + size))
                places = [tick for tick in places if least <= tick <= least + size]
                labels = [f"{tick:g}" for tick in places]
            else:
                scale = 0.52 / size
                shift = floor + 0.44 - least * scale
        for trace, color, word in zip(shown, (_SIGNAL, _DECODED), ("signal", "decoded"), strict=False):
            time, values = _envelope(trace[channel], span)
            label = word if channel == 0 else f"_{word}"
            width = 1.8 if word == "signal" and len(shown) > 1 else 0.9
            on.plot(time, shift + scale * values, color=color, linewidth=width, label=label)
        _draw_ticks(on, rows[:, channel], span, low, high, channel == 0)
        if number > 1:
            places, labels = [*places, floor + 0.5], [*labels, names[channel]]
            if channel:
                on.axhline(floor + 1.0, color=PALE, linewidth=0.5, zorder=0.5, label="_lane")
    if number > _MOST_TRACES:
        every = -(-number // 16)
        places, labels = places[::every], labels[::every]
    on.set_yticks(places, labels=labels)
    if number == 1:
        on.set_ylabel(ylabel)
    else:
        on.set_ylim(0.0, number)
        on.tick_params(axis="y", length=0)


def _draw_ticks(on: Axes, rows: np.ndarray, span: float, low: float, high: float, labelled: bool) -> None:
    """Draw one row of ticks for each neuron, or up and down from one line."""
    polarity = len(rows) == 2
    if polarity:
        middle = (low + high) / 2
        on.plot([0.0, span], [middle, middle], color=PALE, linewidth=0.6, zorder=0.6, label="_silence")
        lanes = [(middle, high, _UP, "up"), (middle, low, _DOWN, "down")]
    else:
        edges = np.linspace(high, low, len(rows) + 1)
        gap = 0.12 * (edges[0] - edges[1])
        word = "spikes" if len(rows) == 1 else f"{len(rows)} neurons"
        lanes = [
            (edges[i + 1] + gap, edges[i] - gap, _UP, word if i == 0 else "_more") for i in range(len(rows))
        ]
    for row, (base, top, color, word) in zip(rows, lanes, strict=True):
        time, share = _binned(row, span)
        segments = [[(t, base), (t, base + s * (top - base))] for t, s in zip(time, share, strict=True)]
        label = word if labelled else "_more"
        on.add_collection(LineCollection(segments, colors=color, linewidths=0.8, label=label))
    # collections do not move the limits that plots set
    on.update_datalim([(0.0, low), (span, high)])
    on.autoscale_view()


def _draw_image(on: Axes, rows: np.ndarray, span: float) -> None:
    fired = (rows != 0).sum(axis=0)
    edges = _edges(fired.shape[1])
    shares = np.add.reduceat(fired, edges[:-1], axis=1) / np.diff(edges)
    image = on.imshow(
        shares,
        extent=(0.0, span, len(shares) + 0.5, 0.5),
        aspect="auto",
        cmap=_SHADES,
        vmin=0.0,
        interpolation="antialiased",
    )
    on.yaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
    on.set_ylabel("Channel")
    color_bar(on, image, "Spikes per step")


def _edges(steps: int) -> np.ndarray:
    bins = min(steps, _BINS)
    return np.arange(bins + 1) * steps // bins


def _binned(row: np.ndarray, span: float) -> tuple[np.ndarray, np.ndarray]:
    """Return where there are spikes, and how many of the most that there are anywhere in the row."""
    edges = _edges(len(row))
    counts = np.add.reduceat((row != 0).astype(np.float64), edges[:-1])
    # single steps stand at their beginning, as samples do; bins at their middle
    middles = (edges[:-1] + (np.diff(edges) - 1) / 2) * span / len(row)
    seen = counts > 0
    return middles[seen], counts[seen] / max(float(counts.max()), 1.0)


def _envelope(trace: np.ndarray, span: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a trace, or the least and the greatest value of each of its bins."""
    time = np.arange(len(trace)) * span / len(trace)
    if len(trace) <= 2 * _BINS:
        return time, trace
    edges = _edges(len(trace))[:-1]
    both = np.stack([np.minimum.reduceat(trace, edges), np.maximum.reduceat(trace, edges)], axis=1)
    return np.repeat(time[edges], 2), both.reshape(-1)
