"""The figures of local learning of the motion pathway."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina.experiments.motion_local.config import FILTER_COSINE, INDEX
from lamina.experiments.motion_local.run import MotionLocalResult
from lamina.experiments.motion_local.steps import step_responses
from lamina.experiments.motion_local.summary import FILTERS
from lamina.experiments.natural_scenes import RIGHT
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style

_CELL_LOOKS = {
    "T4a": (PALETTE[0], "-", "o"),
    "T4b": (PALETTE[1], "--", "s"),
    "T5a": (PALETTE[2], "-.", "^"),
    "T5b": (PALETTE[3], ":", "v"),
}


def draw_figures(result: MotionLocalResult, folder: Path) -> dict[str, Path]:
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
            "learning": learning_figure(result),
            "filters": filters_figure(result),
            "remedies": remedies_figure(result),
            "weights": weights_figure(result),
        }
        return {name: save_figure(each, folder, name)[1] for name, each in drawn.items()}


def learning_figure(result: MotionLocalResult) -> Figure:
    """Draw how near both layers come to batch CCA in time, and the index of the detectors."""
    drawn, axes = figure(1, 3, width_in=7.0, height_in=2.9)
    _draw_layer_1(axes[0, 0], result)
    _draw_layer_2(axes[0, 1], result)
    _draw_index(axes[0, 2], result)
    label_panels(axes)
    return drawn


def filters_figure(result: MotionLocalResult) -> Figure:
    """Draw the filters of the first repetition beside those of batch CCA, and their answers to a step."""
    drawn, axes = figure(1, 3, width_in=7.0, height_in=2.6)
    layer = result.repetitions[0].layer1[RIGHT]
    lags = -np.arange(result.config.memory) * result.config.dt_s
    for unit, name in enumerate(FILTERS):
        ax = axes[0, unit]
        for cells, look in ((layer.batch, _BATCH), (layer.local, _LOCAL)):
            ax.plot(lags, cells.filters[unit] / np.linalg.norm(cells.filters[unit]), **look)
        ax.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)
        ax.set_title(f"Filter of {name}")
        ax.set_xlabel("Lag (s)")
    axes[0, 0].set_ylabel("Filter, unit length")
    axes[0, 0].legend(loc="upper left")
    ax = axes[0, 2]
    for cells, look in ((layer.batch, _BATCH), (layer.local, _LOCAL)):
        times, responses = step_responses(cells, result.config)
        ax.plot(times, responses[:, 0], **look)
        ax.plot(times, responses[:, 1], **(look | {"label": "_"}))
    ax.annotate("L3", (0.97, responses[-1, 0]), xycoords=("axes fraction", "data"), ha="right", va="bottom")
    ax.annotate("L1", (0.97, responses[-1, 1]), xycoords=("axes fraction", "data"), ha="right", va="bottom")
    ax.set_title("Answer to a step")
    ax.set_xlabel("Time (s)")
    ax.set_ylabel("Output, relative to its peak")
    label_panels(axes)
    return drawn


def remedies_figure(result: MotionLocalResult) -> Figure:
    """Draw what each way of learning layer 1 gave."""
    drawn, axes = figure(1, 2, width_in=7.0, height_in=0.9 + 0.28 * len(result.attempts), sharey=True)
    names = [
        f"{each.name.split(',')[0].removesuffix(' as they are')} ({each.noise:g})" for each in result.attempts
    ]
    places = np.arange(len(names))
    for ax, part, title in (
        (axes[0, 0], "cosines", "Cosine of filters"),
        (axes[0, 1], "correlations", "Correlation of outputs"),
    ):
        for unit, (marker, color) in enumerate((("o", PALETTE[0]), ("D", PALETTE[1]))):
            values = [getattr(each, part)[unit] for each in result.attempts]
            ax.plot(values, places, marker, color=color, label=FILTERS[unit], markersize=5,
                    markerfacecolor=color if unit == 0 else "none")  # fmt: skip
        ax.axvline(FILTER_COSINE, color="0.5", linewidth=0.8, linestyle="--")
        ax.set_xlim(0, 1.03)
        ax.set_xlabel(title)
        ax.grid(axis="y", color="0.9", linewidth=0.6)
    axes[0, 0].set_yticks(places, names)
    # the layout gives long labels of ticks too little room: an empty label beside them makes it
    axes[0, 0].set_ylabel(" ")
    axes[0, 0].invert_yaxis()
    axes[0, 0].legend(loc="lower left")
    label_panels(axes)
    return drawn


def weights_figure(result: MotionLocalResult) -> Figure:
    """Draw the six weights of each cell's detector, local beside batch, first repetition."""
    count = len(result.cells)
    drawn, axes = figure(1, count, width_in=1.75 * count, height_in=2.5, sharey=True)
    for ax, name in zip(axes[0], result.cells, strict=True):
        cell = result.repetitions[0].cells[name]
        verdict, mixed = cell.verdicts[-1], cell.mixed_verdict
        for shift, weights, chosen, color, label in (
            (-0.18, cell.batch, mixed.output, "0.6", "batch CCA"),
            (0.18, cell.local, verdict.output, PALETTE[0], "local rule"),
        ):
            row = weights[chosen // 2] * (1 if chosen % 2 == 0 else -1)
            ordered = np.concatenate([row[0::2], row[1::2]]) / np.abs(row).max()
            look = {"color": color, "label": label, "edgecolor": "black", "linewidth": 0.4}
            ax.bar(np.arange(6) + shift, ordered, 0.36, **look)
        rectified = "L1" if name.startswith("T4") else "L2"
        ax.set_xticks(range(6), ["l", "c", "r", "l", "c", "r"])
        ax.set_xlabel(f"{rectified}            L3")
        ax.axhline(0.0, color="0.3", linewidth=0.6)
        ax.set_title(name)
    axes[0, 0].set_ylabel("Weight, relative")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=2)
    label_panels(axes)
    return drawn


_BATCH = {"color": "0.6", "linewidth": 2.6, "label": "batch CCA"}
_LOCAL = {"color": PALETTE[0], "linewidth": 1.1, "linestyle": "--", "label": "local rule"}


def _draw_layer_1(ax: Axes, result: MotionLocalResult) -> None:
    layers = [layer for each in result.repetitions for layer in each.layer1.values()]
    samples = np.mean([layer.samples for layer in layers], axis=0)
    cosines = np.array([layer.cosines for layer in layers])
    for unit, (line, marker) in enumerate((("-", "o"), ("--", "s"))):
        _band(ax, samples, cosines[:, :, unit], PALETTE[unit], line, marker, FILTERS[unit])
    ax.axhline(FILTER_COSINE, color="0.5", linewidth=0.8, linestyle=":")
    ax.set_title("Layer 1")
    ax.set_ylabel("Cosine with batch CCA")
    ax.legend(loc="lower right")


def _draw_layer_2(ax: Axes, result: MotionLocalResult) -> None:
    cells = [cell for each in result.repetitions for cell in each.cells.values()]
    samples = np.mean([cell.samples for cell in cells], axis=0)
    units = np.array([cell.correlations for cell in cells])
    groups = (
        (units[:, :, :2].mean(axis=2), PALETTE[0], "-", "o", "units 1, 2"),
        (units[:, :, 2:4].mean(axis=2), PALETTE[1], "--", "s", "units 3, 4"),
        (np.array([cell.subspace for cell in cells]), PALETTE[2], "-.", "^", "space of 1 to 4"),
    )
    for values, color, line, marker, label in groups:
        _band(ax, samples, values, color, line, marker, label)
    ax.set_title("Layer 2")
    ax.set_ylabel("Agreement with batch CCA")
    ax.legend(loc="lower right")


def _draw_index(ax: Axes, result: MotionLocalResult) -> None:
    for name in result.cells:
        color, line, marker = _CELL_LOOKS[name]
        cells = [each.cells[name] for each in result.repetitions]
        samples = np.mean([cell.samples for cell in cells], axis=0)
        index = np.array([[verdict.index for verdict in cell.verdicts] for cell in cells])
        ax.plot(samples, index.mean(axis=0), linestyle=line, marker=marker, markersize=3.5, color=color,
                label=name)  # fmt: skip
        ax.plot([samples[-1] * 1.6], [result.indices(name, "batch").mean()], marker=marker, color=color,
                markersize=5, markerfacecolor="none", linestyle="none")  # fmt: skip
    ax.axhline(INDEX, color="0.5", linewidth=0.8, linestyle=":")
    _time_axis(ax)
    ax.set_ylim(0, 1.03)
    ax.set_title("Detectors")
    ax.set_ylabel("Direction selectivity index")
    ax.legend(loc="lower right", ncols=2)


def _band(
    ax: Axes, samples: np.ndarray, values: np.ndarray, color: str, line: str, marker: str, label: str
) -> None:
    ax.plot(samples, values.mean(axis=0), linestyle=line, marker=marker, markersize=3.5, color=color,
            label=label)  # fmt: skip
    ax.fill_between(samples, values.min(axis=0), values.max(axis=0), color=color, alpha=0.13, linewidth=0)
    _time_axis(ax)
    ax.set_ylim(0, 1.03)


def _time_axis(ax: Axes) -> None:
    ax.set_xscale("log")
    ax.set_xlabel("Samples learned from")
