"""The figures of the report on depth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from lamina.experiments.depth.comparing import compare, controls
from lamina.experiments.depth.curves import (
    AHEAD,
    GROWN,
    LINEAR,
    MIRRORED,
    ONE_WAY,
    ONE_WAY_AHEAD,
    ONE_WAY_LINEAR,
    ONE_WAY_PRINCIPAL,
    ONE_WAY_SIDE,
    PRINCIPAL,
    SIDE,
    STACKED,
    UNTRAINED,
)
from lamina.experiments.depth.measuring import FAR, NEAR, SPEED, VELOCITY, r2_name
from lamina.experiments.depth.run import CORRELATORS, DepthResult
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style

_LOOKS = {
    STACKED: ("stacked", PALETTE[0], "o", "-", 2.0),
    SIDE: ("one layer, same units in all", PALETTE[1], "s", "-", 1.4),
    LINEAR: ("stacked, no hidden rectification", PALETTE[2], "^", "--", 1.2),
    PRINCIPAL: ("one layer of principal components", PALETTE[4], "D", ":", 1.2),
    UNTRAINED: ("stacked, random weights", "0.55", "v", ":", 1.2),
    AHEAD: ("one layer, as far ahead", PALETTE[3], "P", "-.", 1.2),
    GROWN: ("window grows with depth", PALETTE[5], "X", "-.", 1.2),
    MIRRORED: ("stacked, mirrored movies", "0.25", "x", "--", 1.2),
}
_SAME_LOOK = {
    ONE_WAY: STACKED,
    ONE_WAY_SIDE: SIDE,
    ONE_WAY_LINEAR: LINEAR,
    ONE_WAY_PRINCIPAL: PRINCIPAL,
    ONE_WAY_AHEAD: AHEAD,
}


def draw_figures(result: DepthResult, folder: Path) -> dict[str, Path]:
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
            "depth": depth_figure(result),
            "differences": differences_figure(result),
            "trace": trace_figure(result),
            "window": window_figure(result),
        }
        return {name: save_figure(each, folder, name)[1] for name, each in drawn.items()}


def depth_figure(result: DepthResult) -> Figure:
    """Draw information and read-outs against depth, for the stack and its controls."""
    speed, velocity = _targets(result)
    drawn, axes = figure(2, 2, width_in=7.0, height_in=5.4)
    either = (STACKED, SIDE, LINEAR, PRINCIPAL, UNTRAINED)
    one_way = (ONE_WAY, ONE_WAY_SIDE, ONE_WAY_LINEAR, ONE_WAY_PRINCIPAL, UNTRAINED)
    kept, read = "Information kept (nats)", "R² of the read-out"
    for ax, measure, curves, title, label in (
        (axes[0, 0], NEAR, either, "Next samples", kept),
        (axes[0, 1], FAR, either, "Samples farther ahead", kept),
        (axes[1, 0], speed, either, "Speed, learned either way", read),
        (axes[1, 1], velocity, one_way, "Velocity, learned one way", read),
    ):
        for place, curve in enumerate(curves):
            _curve(ax, result, curve, measure, place - (len(curves) - 1) / 2)
        if measure in (speed, velocity):
            _reference(ax, result, measure)
        _finish(ax, result, title, label)
    axes[0, 0].set_yscale("log")
    axes[0, 0].yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes[0, 0].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes[0, 0].yaxis.set_minor_formatter(NullFormatter())
    _legend_below(drawn, axes[1, 1])
    label_panels(axes)
    return drawn


def differences_figure(result: DepthResult) -> Figure:
    """Draw the paired differences of the deepest network from each control."""
    rows = controls(result.config)
    drawn, axes = figure(1, 2, width_in=7.0, height_in=2.8, sharey=True)
    for column, (ax, title) in enumerate(
        zip(axes[0], ("Speed, learned either way", "Velocity, learned one way"), strict=True)
    ):
        for place, pair in enumerate(rows.values()):
            found = compare(result, pair[column])
            reach = (found.high - found.low) / 2 if np.isfinite(found.low) else 0.0
            ax.errorbar(found.mean, place, xerr=reach, fmt="o", color=PALETTE[0], capsize=2.5, elinewidth=1.2)
        ax.axvline(0.0, color="0.5", linewidth=0.8)
        ax.set_title(title)
        ax.set_xlabel(f"R² of {result.config.depths[-1]} layers less that of the other")
    axes[0, 0].set_yticks(range(len(rows)), list(rows))
    axes[0, 0].set_ylim(len(rows) - 0.4, -0.6)
    # room at the left: names are wider on paper than the layout takes them to be
    axes[0, 0].set_ylabel(" ")
    label_panels(axes)
    return drawn


def trace_figure(result: DepthResult) -> Figure:
    """Draw the velocity that is read from held-out movies, and the true one."""
    trace, config = result.trace, result.config
    drawn, axes = figure(1, 1, width_in=7.0, height_in=2.4)
    ax = axes[0, 0]
    length = trace.estimates.shape[2] * config.dt_s
    depths = (config.depths[0], config.depths[-1])
    starts = np.arange(len(trace.truth)) * length
    ax.hlines(trace.truth, starts, starts + length, color="black", linewidth=2.6, alpha=0.3, label="true")
    # a line breaks where one movie ends
    times = np.append(np.arange(trace.estimates.shape[2]) * config.dt_s, np.nan) + starts[:, None]
    looks = ((PALETTE[1], "--"), (PALETTE[0], "-"))
    for depth, estimates, (color, line) in zip(depths, trace.estimates, looks, strict=True):
        broken = np.pad(estimates, ((0, 0), (0, 1)), constant_values=np.nan)
        name = f"read from {depth} layer{'s' if depth > 1 else ''}"
        ax.plot(times.ravel(), broken.ravel(), color=color, linestyle=line, linewidth=1.2, label=name)
    for start in starts[1:]:
        ax.axvline(start, color="0.85", linewidth=0.6, zorder=0)
    ax.axhline(0.0, color="0.6", linewidth=0.6, zorder=0)
    ax.set_xlim(0, len(trace.truth) * length)
    ax.set_xlabel("Time that is read (s), held-out movies one after the other")
    ax.set_ylabel("Velocity (°/s)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return drawn


def window_figure(result: DepthResult) -> Figure:
    """Draw what the window, the future, the average and the noise have to do with it."""
    config = result.config
    speed, velocity = _targets(result)
    drawn, axes = figure(3, 2, width_in=7.0, height_in=7.8)
    read = "R² of the read-out"
    for ax, measure, curves, title in (
        (axes[0, 0], speed, (STACKED, AHEAD, GROWN), "Speed, learned either way"),
        (axes[0, 1], velocity, (ONE_WAY, ONE_WAY_AHEAD), "Velocity, learned one way"),
        (axes[1, 0], velocity, (STACKED, LINEAR, PRINCIPAL, MIRRORED), "Velocity, learned either way"),
    ):
        for place, curve in enumerate(curves):
            _curve(ax, result, curve, measure, place - (len(curves) - 1) / 2)
        _finish(ax, result, title, read)
    shades = ("0.75", "0.55", "0.3", "0.0")
    for place, depth in enumerate(config.depths):
        color, marker = shades[place % 4], "osD^"[place % 4]
        values = [result.values(ONE_WAY, r2_name(VELOCITY, s))[:, place] for s in config.averages_s]
        name = f"{depth} layer{'s' if depth > 1 else ''}"
        _points(axes[1, 1], np.array(config.averages_s), np.array(values).T, color, marker, "-", name)
    axes[1, 1].set(xlabel="Average over (s)", ylabel=read, title="Velocity, learned one way")
    _legend_within(axes[1, 1])
    _noises(axes[2, 0], result, (STACKED, SIDE), speed)
    _finish(axes[2, 0], result, "Speed, learned either way", read)
    _noises(axes[2, 1], result, (ONE_WAY, ONE_WAY_SIDE), velocity)
    _finish(axes[2, 1], result, "Velocity, learned one way", read)
    for ax in axes[2]:
        _legend_within(ax)
    _legend_below(drawn, axes[0, 0], axes[1, 0])
    label_panels(axes)
    return drawn


def _targets(result: DepthResult) -> tuple[str, str]:
    seconds = result.config.averages_s[-1]
    return r2_name(SPEED, seconds), r2_name(VELOCITY, seconds)


def _curve(ax: Axes, result: DepthResult, curve: str, measure: str, place: float) -> None:
    name, color, marker, line, width = _LOOKS[_SAME_LOOK.get(curve, curve)]
    depths = np.array(result.config.depths) + 0.05 * place
    _points(ax, depths, result.values(curve, measure), color, marker, line, name, width=width)


def _noises(ax: Axes, result: DepthResult, curves: tuple[str, ...], measure: str) -> None:
    looks = (("-", "full"), ("--", "none"), (":", "left"), ("-.", "right"))
    for noise, (line, fill) in zip(result.config.noises, looks, strict=False):
        for place, curve in enumerate(curves):
            name = f"{'one layer' if place else 'stacked'}, noise {noise:g}"
            _, color, marker, _, _ = _LOOKS[_SAME_LOOK.get(curve, curve)]
            depths = np.array(result.config.depths)
            _points(ax, depths, result.values(curve, measure, noise), color, marker, line, name, fill)


def _points(
    ax: Axes,
    x: np.ndarray,
    values: np.ndarray,
    color: str,
    marker: str,
    line: str,
    label: str,
    fill: str = "full",
    width: float = 1.4,
) -> None:
    count = len(values)
    error = values.std(axis=0, ddof=1) / np.sqrt(count) if count > 1 else np.zeros(values.shape[1])
    ax.errorbar(x, values.mean(axis=0), yerr=error, color=color, marker=marker, linestyle=line, label=label,
                linewidth=width, elinewidth=0.8, fillstyle=fill)  # type: ignore[arg-type]  # fmt: skip


def _reference(ax: Axes, result: DepthResult, measure: str) -> None:
    read = result.reference(CORRELATORS, measure).mean()
    ax.axhline(float(read), color="0.3", linewidth=0.9, linestyle=(0, (1, 1)), label="correlators")


def _finish(ax: Axes, result: DepthResult, title: str, label: str) -> None:
    ax.set_xticks(result.config.depths)
    ax.set(xlabel="Layers of the stack", ylabel=label, title=title)
    if label.startswith("R²"):
        ax.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)


def _legend_within(ax: Axes) -> None:
    low, high = ax.get_ylim()
    # a strip above the curves, so that nothing is covered
    ax.set_ylim(low, high + 0.28 * (high - low))
    ax.legend(loc="upper left", ncols=2, columnspacing=1.0, handletextpad=0.5)


def _legend_below(drawn: Figure, *axes: Axes) -> None:
    shown: Mapping[str, object] = {
        label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    drawn.legend(list(shown.values()), list(shown), loc="outside lower center", ncols=3)  # type: ignore[arg-type]
