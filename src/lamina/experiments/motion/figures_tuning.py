"""How the detectors are tuned: gratings, speeds, thresholds."""

from __future__ import annotations

import warnings

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from lamina.circuits import direction_selectivity_index
from lamina.experiments.motion.config import EXPECTED
from lamina.experiments.motion.detectors import Response
from lamina.experiments.motion.run import MotionResult
from lamina.experiments.motion.stimuli import HEADLINE
from lamina.experiments.motion.summary import ALL_CELLS, DETECTORS
from lamina.experiments.motion.thresholds import LEVELS_SD, curves
from lamina.plotting import PALETTE, figure, label_panels, plot_tuning_map
from lamina.plotting.style import GREY

FAINT_SD = 0.2
"""Standard deviations of P + N below which no index is drawn."""

UNIT_STYLES = {
    "T4a": (PALETTE[0], "-", "o"),
    "T4b": (PALETTE[1], "--", "s"),
    "T5a": (PALETTE[2], "-.", "^"),
    "T5b": (PALETTE[3], ":", "v"),
    "T4a, paper": (GREY, "-", "x"),
}
"""Colour, line and marker of each unit, to be told apart in grey too."""


def tuning_figure(result: MotionResult) -> Figure:
    """Draw the tuning of T4a and T4b to sine gratings, mean over repetitions."""
    drawn, axes = figure(2, 2, width_in=7.4, height_in=5.4)
    for row, cell in zip(axes, DETECTORS, strict=True):
        found = [r.studies[cell].gratings for r in result.repetitions]
        frequencies, wavelengths = found[0].frequencies_hz, found[0].wavelengths_deg
        preferred = np.mean([each.preferred for each in found], axis=0)
        plot_tuning_map(frequencies, wavelengths, preferred, row[0], kind="response")
        row[0].set_title(f"{cell}: response, preferred direction")
        plot_tuning_map(frequencies, wavelengths, _mean([each.index for each in found]), row[1])
        row[1].set_title(f"{cell}: index")
    label_panels(axes)
    return drawn


def speeds_figure(result: MotionResult) -> Figure:
    """Draw responses to edges and bars over speed, and the index."""
    config = result.config
    drawn, axes = figure(2, 3, width_in=9.0, height_in=5.0, sharex=True, sharey="row")
    columns = (
        ("edges", ("ON edge", "OFF edge")),
        (f"bars of {config.bar_deg:g}°", ("ON bar", "OFF bar")),
        (HEADLINE, (HEADLINE,)),
    )
    for (name, patterns), top, below in zip(columns, axes[0], axes[1], strict=True):
        for at, pattern in enumerate(patterns):
            _speed_responses(top, result, pattern, PALETTE[at] if len(patterns) > 1 else PALETTE[2])
        top.set_title(f"T4a: {name}")
        below.set_title("index")
        _log_speeds(below, config.speeds_deg_per_s)
        below.axhline(0.0, color=GREY, linewidth=0.6)
        below.set_xlabel("Speed (°/s)")
    for at, pattern in enumerate(("ON edge", "OFF edge")):
        _speed_index(axes[1, 0], result, "T4a", pattern, PALETTE[at], pattern, "s--" if at else "o-")
    for at, pattern in enumerate(("ON bar", "OFF bar")):
        _speed_index(axes[1, 1], result, "T4a", pattern, PALETTE[at], pattern, "s--" if at else "o-")
    for cell in (*ALL_CELLS, "T4a, paper"):
        color, line, marker = UNIT_STYLES[cell]
        label = "second direction" if cell.endswith("paper") else cell
        _speed_index(axes[1, 2], result, cell, HEADLINE, color, label, marker + line)
    axes[1, 2].axhline(EXPECTED["index"].limit, color=GREY, linewidth=0.7, linestyle="--")
    axes[0, 0].set_ylabel("Peak response (SD)")
    axes[1, 0].set_ylabel("Direction selectivity index")
    axes[1, 0].set_ylim(-1.05, 1.1)
    for ax in axes[0]:
        ax.legend(loc="upper left")
    low, high = axes[0, 0].get_ylim()
    axes[0, 0].set_ylim(0, high + 0.35 * (high - low))
    axes[1, 0].legend(loc="lower right")
    axes[1, 1].legend(loc="lower right")
    axes[1, 2].legend(loc="lower right", ncols=2)
    label_panels(axes)
    return drawn


def thresholds_figure(result: MotionResult) -> Figure:
    """Draw responses and index against the threshold, for the paper's unit and the chosen one."""
    drawn, axes = figure(1, 3, width_in=9.0, height_in=2.9)
    units = (("second direction", "papers", PALETTE[1]), ("chosen T4a", "cells", PALETTE[0]))
    sources = ((HEADLINE, "headline"), ("scenes not trained on", "held_out"))
    for ax, (title, source) in zip(axes[0], sources, strict=False):
        for name, of, color in units:
            found = [getattr(getattr(r, of)["T4a"], source) for r in result.repetitions]
            mean = curves(found).mean(axis=0)
            ax.plot(LEVELS_SD, mean[0], color=color, label=f"{name}, preferred")
            ax.plot(LEVELS_SD, mean[1], color=color, linestyle="--", label=f"{name}, null")
        ax.set_title(title)
        ax.set_xlabel("Threshold (SD)")
        ax.set_ylabel("Peak response (SD)")
        ax.set_ylim(bottom=0)
        ax.set_xlim(0, LEVELS_SD[-1])
    low, high = axes[0, 0].get_ylim()
    axes[0, 0].set_ylim(0, high + 0.65 * (high - low))
    axes[0, 0].legend(loc="upper right")
    last = axes[0, 2]
    for name, of, color in units:
        tested = [getattr(r, of)["T4a"] for r in result.repetitions]
        for (_, source), where, line in zip(sources, ("pattern", "scenes"), ("-", ":"), strict=True):
            index = _threshold_index([getattr(each, source) for each in tested])
            last.plot(LEVELS_SD, index, color=color, linestyle=line, label=f"{name}, {where}")
        swing = np.mean([each.swings["pattern"].index for each in tested])
        last.plot(0, swing, "D", color=color, markersize=4, markerfacecolor="white", clip_on=False, zorder=5)
    last.set_title("index")
    last.set_xlabel("Threshold (SD)")
    last.set_ylabel("Direction selectivity index")
    last.set_ylim(0, 1.75)
    last.set_yticks(np.linspace(0, 1, 6))
    last.plot([], [], "D", color=GREY, markersize=4, markerfacecolor="white", label="before rectification")
    last.legend(loc="upper right")
    last.set_xlim(0, LEVELS_SD[-1])
    label_panels(axes)
    return drawn


def _speed_responses(ax: Axes, result: MotionResult, pattern: str, color: str) -> None:
    found = [r.studies["T4a"].speeds for r in result.repetitions]
    peaks = np.array([each.peaks[pattern] for each in found])
    speeds = found[0].speeds_deg_per_s
    for way, line in ((0, "-"), (1, "--")):
        values = peaks[:, :, way]
        name = "preferred" if way == 0 else "null"
        ax.plot(speeds, values.mean(axis=0), color=color, linestyle=line, marker="o", markersize=3,
                markerfacecolor=color if way == 0 else "white", label=f"{pattern}, {name}")  # fmt: skip
        ax.fill_between(speeds, values.min(axis=0), values.max(axis=0), color=color, alpha=0.15, linewidth=0)


def _speed_index(
    ax: Axes, result: MotionResult, unit: str, pattern: str, color: str, label: str, look: str
) -> None:
    found = [r.studies[unit].speeds for r in result.repetitions]
    peaks = np.mean([each.peaks[pattern] for each in found], axis=0)
    index = _mean([each.index(pattern) for each in found])
    shown = np.where(peaks.sum(axis=1) >= FAINT_SD, index, np.nan)
    ax.plot(found[0].speeds_deg_per_s, shown, look, color=color, markersize=3.5, label=label)


def _log_speeds(ax: Axes, speeds: tuple[float, ...]) -> None:
    ax.set_xscale("log")
    ax.set_xticks(speeds, labels=[f"{speed:g}" for speed in speeds])
    ax.xaxis.set_minor_locator(NullLocator())


def _threshold_index(responses: list[Response]) -> np.ndarray:
    peaks = curves(responses)
    index = direction_selectivity_index(peaks[:, 0], peaks[:, 1])
    return _mean(list(np.where(peaks.max(axis=1) > 0, index, np.nan)))


def _mean(values: list[np.ndarray]) -> np.ndarray:
    """Mean over repetitions of what can be compared; NaN where nothing can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(values, axis=0))
