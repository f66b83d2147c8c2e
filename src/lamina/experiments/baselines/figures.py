"""The figures of the comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina.experiments.baselines.methods import CCA, METHODS, PCA, RIDGE, RRR, SLOW
from lamina.experiments.baselines.run import GP, SCENES, BaselinesResult, Comparison
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style

LOOKS = {
    CCA: {"color": PALETTE[6], "linestyle": "-", "marker": "o", "linewidth": 1.8},
    RRR: {"color": PALETTE[0], "linestyle": "--", "marker": "s"},
    PCA: {"color": PALETTE[1], "linestyle": ":", "marker": "^"},
    RIDGE: {"color": PALETTE[2], "linestyle": "-.", "marker": "D"},
    SLOW: {"color": PALETTE[3], "linestyle": (0, (5, 1, 1, 1, 1, 1)), "marker": "v"},
}
"""Every method has a colour, a line and a marker of its own, so that the figures can be read in grey."""


def draw_figures(result: BaselinesResult, folder: Path) -> dict[str, Path]:
    """Draw every figure into ``folder`` as PNG and SVG.

    Parameters
    ----------
    result
        A run.
    folder
        Where to write; must exist.

    Returns
    -------
    The SVG files by name.
    """
    with style():
        drawn = {
            "ranks": ranks_figure(result),
            "lengths": lengths_figure(result),
            "filters": filters_figure(result),
        }
        return {name: save_figure(each, folder, name)[1] for name, each in drawn.items()}


def ranks_figure(result: BaselinesResult) -> Figure:
    """Draw information and forecast error against rank, on recordings not learned from."""
    count = len(result.processes)
    drawn, axes = figure(2, count, width_in=7.0, height_in=4.8, sharex=True)
    ranks = np.arange(1, result.config.max_rank + 1)
    for column, (name, each) in enumerate(result.processes.items()):
        for row, scores in enumerate((each.held_out.information, each.held_out.error)):
            for place, method in enumerate(METHODS):
                _draw(axes[row, column], ranks, scores[:, place], method)
        axes[1, column].axhline(
            each.ridge_error[:, 1].mean(), color=PALETTE[2], linewidth=0.8, label="ridge, full rank"
        )
        axes[0, column].set_title(name[0].upper() + name[1:])
        axes[0, column].set_ylim(bottom=0)
        axes[1, column].set_xlabel("Units kept")
        axes[1, column].set_xticks(ranks[::2] if len(ranks) > 4 else ranks)
    axes[0, 0].set_ylabel("Information kept (nats)")
    axes[1, 0].set_ylabel("Forecast error (share of variance)")
    _legend(drawn, axes[1, 0])
    label_panels(axes)
    return drawn


def lengths_figure(result: BaselinesResult) -> Figure:
    """Draw information on other recordings against the length of those learned from."""
    count = len(result.processes)
    drawn, axes = figure(1, count, width_in=7.0, height_in=2.9)
    for ax, (name, each) in zip(axes[0], result.processes.items(), strict=True):
        for place, method in enumerate(METHODS):
            _draw(ax, each.lengths, each.curves[:, :, place], method)
        ax.set_xscale("log")
        ax.set_ylim(bottom=0)
        units = "unit" if each.curve_rank == 1 else "units"
        ax.set_title(f"{name[0].upper()}{name[1:]}, {each.curve_rank} {units}")
        ax.set_xlabel("Samples learned from")
    axes[0, 0].set_ylabel("Information kept (nats)")
    _legend(drawn, axes[0, 0])
    label_panels(axes)
    return drawn


def filters_figure(result: BaselinesResult) -> Figure:
    """Draw the first two filters of every method on the Gaussian process and on photographs."""
    shown = {name: result.processes[name] for name in (GP, SCENES)}
    drawn, axes = figure(len(shown), 2, width_in=7.0, height_in=4.4)
    for row, (name, each) in enumerate(shown.items()):
        for unit in range(2):
            _draw_filters(axes[row, unit], each, unit)
            axes[row, unit].set_title(f"{name[0].upper()}{name[1:]}, unit {unit + 1}")
        axes[row, 0].set_ylabel("Filter, unit length")
    for ax in axes[-1]:
        ax.set_xlabel("Lag (samples)")
    _legend(drawn, axes[0, 0])
    label_panels(axes)
    return drawn


def _draw(ax: Axes, x: np.ndarray, values: np.ndarray, method: str) -> None:
    # open markers, so that curves which coincide show each other
    inside = LOOKS[method]["color"] if method == CCA else "none"
    ax.plot(x, values.mean(axis=0), label=method, markersize=4, markerfacecolor=inside, **LOOKS[method])
    ax.fill_between(
        x, values.min(axis=0), values.max(axis=0), color=LOOKS[method]["color"], alpha=0.15, linewidth=0
    )


def _draw_filters(ax: Axes, each: Comparison, unit: int) -> None:
    lags = -np.arange(each.filters.shape[-1])
    for place, method in enumerate(METHODS):
        look = {name: value for name, value in LOOKS[method].items() if name != "marker"}
        ax.plot(lags, each.filters[place, unit], label=method, **look)
    ax.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)


def _legend(drawn: Figure, ax: Axes) -> None:
    handles, labels = ax.get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=len(labels))
