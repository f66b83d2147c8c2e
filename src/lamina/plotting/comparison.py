"""Codes against each other: how small their error is at each spike rate."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lamina.encoding.comparison import Comparison
from lamina.errors import ArgumentTypeError, DataError
from lamina.plotting.style import GREY, PALETTE, drawing

# neighbours in the legend differ in colour, and no two codes in both colour and marker
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES = ("-", (0, (4, 1.5)))


def plot_comparison(comparison: Comparison, ax: Axes | None = None) -> Axes:
    """Draw the error of each code against its spike rate, both on logarithmic axes.

    A line joins the settings of a code that none of its others beats in both; a large marker shows the one
    that the table tells of, with the least error that its search found. Lower and further left is better. An
    error of 1, the dashed line, is what the signal's mean alone would reach. Settings without any spike or
    any error have no place on such axes and are left out; lines end below the least error of the table.

    Parameters
    ----------
    comparison
        As `lamina.encoding.compare` returns it.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        One line for each code that could encode the signal, the least error first in the legend.

    Raises
    ------
    ArgumentTypeError
        If it is no comparison.
    DataError
        If no code could encode the signal, or none has both spikes and error.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.encoding import compare
    >>> ax = plot_comparison(compare(np.sin(np.arange(300) / 20), codes=["sf"], trials=8))
    >>> ax.get_legend_handles_labels()[1], ax.get_xscale(), ax.get_yscale()
    (['sf'], 'log', 'log')
    """
    if not isinstance(comparison, Comparison):
        raise ArgumentTypeError(
            "comparison",
            allowed="a Comparison",
            got=type(comparison).__name__,
            remedy="Pass what lamina.encoding.compare returned.",
        )
    found = []
    for result in comparison.results:
        if result.curve is None:
            continue
        seen = (result.curve.spike_rate > 0) & (result.curve.error > 0)
        if seen.any():
            found.append((result, result.curve.spike_rate[seen], result.curve.error[seen]))
    if not found:
        raise DataError(
            "comparison",
            allowed="one with at least one code that has spikes and an error above 0",
            got="none",
            remedy="Print it: the table says why.",
        )
    # a code keeps its colour when others join, as long as it keeps its place in the comparison
    looks = {
        result.name: (PALETTE[index % 7], _MARKERS[(index + index // 7) % 7], _DASHES[index // 7 % 2])
        for index, result in enumerate(comparison.results)
    }
    with drawing(ax, width_in=5.2, height_in=3.2) as on:
        for result, rates, errors in sorted(found, key=lambda one: float(one[2][-1])):
            color, marker, dash = looks[result.name]
            (line,) = on.plot(
                rates, errors, color=color, linestyle=dash, marker=marker, markersize=3.0, linewidth=1.0,
                markevery=_spread(rates, errors), label=result.name,
            )  # fmt: skip
            on.plot(
                [result.mean("spike_rate")],
                [result.error],
                color=color,
                marker=marker,
                markersize=6.5,
                markeredgecolor="white",
                markeredgewidth=0.7,
                linestyle="none",
                zorder=line.get_zorder() + 0.5,
                label="_best",
            )
        on.set_xscale("log")
        on.set_yscale("log")
        top = max(float(errors.max()) for _, _, errors in found)
        least = min((result.error for result, *_ in found if result.error > 0), default=0.0)
        if least > 0:
            # a code with a bit for every phase goes down to rounding errors
            on.set_ylim(0.4 * least, 2.0 * max(top, least))
        if top >= 0.5:
            on.axhline(1.0, color=GREY, linewidth=0.7, linestyle="--", zorder=0.5, label="_mean")
        unit = "sample" if comparison.sampling_rate is None else "second"
        on.set_xlabel(f"Spikes per {unit}")
        on.set_ylabel("RMSE / standard deviation")
        for axis in (on.xaxis, on.yaxis):
            _label(axis)
        on.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), borderaxespad=0.4, handlelength=2.4)
    return on


def _spread(rates: np.ndarray, errors: np.ndarray) -> list[int]:
    """Choose points far enough apart on logarithmic axes that their markers can be told apart."""
    places = np.stack([np.log10(rates), np.log10(errors)], axis=1)
    steps = np.hypot(*np.diff(places, axis=0).T)
    chosen, since = [0], 0.0
    for index, step in enumerate(itertools.chain(steps), start=1):
        since += float(step)
        if since >= 0.15:
            chosen.append(index)
            since = 0.0
    return chosen


def _label(axis: Axis) -> None:
    """Label an axis that spans too little for two powers of ten to be seen."""
    low, high = axis.get_view_interval()
    if high > 100 * low:
        return
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 5 * low else range(1, 10)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
