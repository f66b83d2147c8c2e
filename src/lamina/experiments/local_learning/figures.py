"""The figures of the report on local learning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina.experiments.local_learning.config import CORRELATION, COSINE
from lamina.experiments.local_learning.run import Curve, LocalLearningResult
from lamina.experiments.local_learning.summary import smallest
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style

_LOOKS = {
    "asymmetric": (PALETTE[0], "-"),
    "asymmetric, shuffled": (PALETTE[0], ":"),
    "Bio-CCA": (PALETTE[2], "-"),
    "Bio-CCA, shuffled": (PALETTE[2], ":"),
    "asymmetric, plain": (PALETTE[1], "-"),
    "asymmetric, plain, shuffled": (PALETTE[1], ":"),
}


def draw_figures(result: LocalLearningResult, folder: Path) -> dict[str, Path]:
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
        drawn = {"curves": curves_figure(result), "remedies": remedies_figure(result)}
        return {name: save_figure(each, folder, name)[1] for name, each in drawn.items()}


def curves_figure(result: LocalLearningResult) -> Figure:
    """Draw 1 − cosine and 1 − correlation against steps, process by process."""
    count = len(result.curves)
    drawn, axes = figure(2, count, width_in=3.2 * count, height_in=5.6, sharex=True, sharey=True)
    for column, (process, curves) in enumerate(result.curves.items()):
        for way, curve in curves.items():
            _draw(axes[0, column], result.config.checkpoints, curve.cosines, way)
            _draw(axes[1, column], result.config.checkpoints, curve.correlations, way)
        axes[0, column].set_title(process)
        for row, bar in enumerate((COSINE, CORRELATION)):
            axes[row, column].axhline(1 - bar, color="0.5", linewidth=0.8, linestyle="--")
        axes[1, column].set_xlabel("Steps")
    axes[0, 0].set_ylabel("1 − smallest cosine")
    axes[1, 0].set_ylabel("1 − smallest unit correlation")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    label_panels(axes)
    return drawn


def remedies_figure(result: LocalLearningResult) -> Figure:
    """Draw what each remedy leaves of the error, every seed a dot."""
    drawn, axes = figure(1, 1, width_in=6.4, height_in=3.2)
    ax = axes[0, 0]
    names = list(result.remedies)
    for place, name in enumerate(names):
        errors = _error(smallest(result.remedies[name].cosines)[:, -1])
        ax.plot(errors, np.full(len(errors), place), "o", color=PALETTE[0], alpha=0.5, markeredgewidth=0)
        ax.plot(errors.mean(), place, "|", color=PALETTE[6], markersize=12)
    ax.axvline(1 - COSINE, color="0.5", linewidth=0.8, linestyle="--")
    ax.set_xscale("log")
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlabel("1 − smallest cosine (less is better)")
    return drawn


def _draw(ax: Axes, steps: tuple[int, ...], values: np.ndarray, way: str) -> None:
    color, line = _LOOKS[way]
    errors = _error(smallest(values))
    ax.plot(steps, errors.mean(axis=0), line, color=color, label=way)
    if line == "-":
        ax.fill_between(steps, errors.min(axis=0), errors.max(axis=0), color=color, alpha=0.15, linewidth=0)
    ax.set_xscale("log")
    ax.set_yscale("log")


def _error(values: np.ndarray) -> np.ndarray:
    # a logarithmic axis has no room for a perfect match
    return np.maximum(1 - values, 1e-6)


__all__ = ["Curve", "draw_figures"]
