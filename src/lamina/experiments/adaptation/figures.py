"""The figures of the report on adaptation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina.experiments.adaptation.config import REACHED, WITHIN
from lamina.experiments.adaptation.run import AdaptationResult
from lamina.experiments.adaptation.summary import lengths
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style


def draw_figures(result: AdaptationResult, folder: Path) -> dict[str, Path]:
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
            "forgetting": forgetting_figure(result),
            "filters": filters_figure(result),
            "local": local_figure(result),
        }
        return {name: save_figure(each, folder, name)[1] for name, each in drawn.items()}


def forgetting_figure(result: AdaptationResult) -> Figure:
    """Draw the cosine with the new filter against time, with forgetting."""
    count = result.config.photoreceptors
    drawn, axes = figure(1, len(result.changes), width_in=7.0, height_in=2.8, sharey=True)
    times, _ = lengths(result)
    for ax, (name, change) in zip(axes[0], result.changes.items(), strict=True):
        _draw(ax, times, change.pooled, PALETTE[0], f"{count} photoreceptors")
        _draw(ax, times, change.single, PALETTE[1], "one photoreceptor")
        ax.axhline(abs(change.old @ change.new), color="0.5", linewidth=0.8, linestyle=":")
        ax.axhline(REACHED, color="0.5", linewidth=0.8, linestyle="--")
        ax.axvline(WITHIN, color="0.5", linewidth=0.8, linestyle="--")
        ax.set_title(name)
        ax.set_xlabel("Lag vectors since the change")
    axes[0, 0].set_ylabel("Cosine with the new filter")
    axes[0, 0].set_ylim(0, 1.02)
    axes[0, -1].legend(loc="lower right")
    label_panels(axes)
    return drawn


def filters_figure(result: AdaptationResult) -> Figure:
    """Draw the filters of the first seed on their way."""
    drawn, axes = figure(1, len(result.changes), width_in=7.0, height_in=2.8, sharey=True)
    lags = -np.arange(result.config.memory)
    shown = [step for step in (0, 2, 5, 10, result.config.after) if step <= result.config.after]
    for ax, (name, change) in zip(axes[0], result.changes.items(), strict=True):
        ax.plot(lags, change.new, color="black", linewidth=2.6, alpha=0.25, label="new, population")
        for step in dict.fromkeys(shown):
            each = change.filters[step] * np.sign(change.filters[step] @ change.new)
            share = step / result.config.after
            color = (0.84 * (1 - share), 0.37 + 0.08 * share, 0.70 * share)
            ax.plot(lags, each, color=color, linewidth=1.0, label=f"after {step}")
        ax.set_title(name)
        ax.set_xlabel("Lag (samples)")
    axes[0, 0].set_ylabel("Filter, unit length")
    axes[0, -1].legend(loc="upper left")
    label_panels(axes)
    return drawn


def local_figure(result: AdaptationResult) -> Figure:
    """Draw the cosine with the new filter against time, by the local rule."""
    drawn, axes = figure(1, len(result.changes), width_in=7.0, height_in=2.8, sharey=True)
    _, times = lengths(result)
    for ax, (name, change) in zip(axes[0], result.changes.items(), strict=True):
        _draw(ax, times[1:], change.local[:, 1:], PALETTE[2], "local rule, one photoreceptor")
        ax.axhline(REACHED, color="0.5", linewidth=0.8, linestyle="--")
        ax.set_xscale("log")
        ax.set_title(name)
        ax.set_xlabel("Lag vectors since the change")
    axes[0, 0].set_ylabel("Cosine with the new filter")
    axes[0, 0].set_ylim(0, 1.02)
    axes[0, 0].legend(loc="lower right")
    label_panels(axes)
    return drawn


def _draw(ax: Axes, times: np.ndarray, cosines: np.ndarray, color: str, label: str) -> None:
    ax.plot(times, cosines.mean(axis=0), color=color, label=label)
    ax.fill_between(times, cosines.min(axis=0), cosines.max(axis=0), color=color, alpha=0.18, linewidth=0)
