"""The figures of the report on motion in two dimensions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina.experiments.motion_2d.config import CELLS, INDEX
from lamina.experiments.motion_2d.detectors import HEADLINE, sector_angles
from lamina.experiments.motion_2d.local_motion import DISC_WAYS_DEG, LocalMotion
from lamina.experiments.motion_2d.run import CONTROLS, Motion2DResult
from lamina.experiments.motion_2d.summary import control_indices, indices
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style

_DASHES = ("-", "--", "-.", ":")
_TICKS = (0, 90, 180, 270, 360)


def draw_figures(result: Motion2DResult, folder: Path) -> dict[str, Path]:
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
            "tuning": tuning_figure(result),
            "groups": groups_figure(result),
            "local_motion": local_motion_figure(result),
            "weights": weights_figure(result),
        }
        return {name: save_figure(each, folder, name)[1] for name, each in drawn.items()}


def tuning_figure(result: Motion2DResult) -> Figure:
    """Draw responses to the ON/OFF pattern against its direction, and indices beside those of controls."""
    drawn, axes = figure(1, 2, width_in=7.0, height_in=2.9)
    angles = np.append(result.config.angles_deg, 360.0)
    for place, cell in enumerate(CELLS):
        curves = np.array([each.cells[cell].curves[HEADLINE] for each in result.repetitions])
        curves = curves / curves.max(axis=1, keepdims=True)
        closed = np.concatenate([curves, curves[:, :1]], axis=1)
        _band(axes[0, 0], angles, closed, place, cell)
    _directions(axes[0, 0], "Direction of the pattern (°)")
    axes[0, 0].set_ylabel("Peak response (largest: 1)")
    axes[0, 0].set_ylim(bottom=0)
    axes[0, 0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, columnspacing=1.0)
    _index_panel(axes[0, 1], result)
    label_panels(axes)
    return drawn


def groups_figure(result: Motion2DResult) -> Figure:
    """Draw which windows each group won by direction, and the mean directions of groups."""
    drawn, axes = figure(1, 2, width_in=7.0, height_in=2.9)
    for place, cell in enumerate(CELLS):
        shares = np.array([each.by_direction[place] for each in result.repetitions])
        _band(axes[0, 0], sector_angles(), shares, place, f"group of {cell}")
    _directions(axes[0, 0], "Direction in which scenes move (°)")
    axes[0, 0].set_ylabel("Share of windows won")
    axes[0, 0].set_ylim(0, 1)
    axes[0, 0].legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.0, handlelength=2.2
    )
    sources = {
        "photographs": [each.groups for each in result.repetitions],
        "dead leaves": [each.leaves for each in result.repetitions],
        "frames in\nrandom order": [each.shuffled for each in result.repetitions],
    }
    ax = axes[0, 1]
    for row, ways in enumerate(sources.values()):
        found = np.concatenate(ways)
        ax.scatter(
            (np.rad2deg(np.angle(found)) + 45.0) % 360.0 - 45.0,
            np.full(len(found), row) + np.linspace(-0.22, 0.22, len(found)),
            s=6 + 40 * np.abs(found),
            facecolor="none",
            edgecolor=PALETTE[row],
            linewidth=0.9,
        )
    ax.set_yticks(range(len(sources)), list(sources))
    ax.set_ylim(len(sources) - 0.5, -0.5)
    _directions(ax, "Mean direction of what a group won (°)")
    ax.set_xlim(-45, 315)
    ax.set_xticks(_TICKS[:-1])
    ax.axvline(0.0, color="0.85", linewidth=0.7, zorder=0)
    label_panels(axes)
    return drawn


def local_motion_figure(result: Motion2DResult) -> Figure:
    """Draw local motion of a held-out scene, as a whole and with a disc before it, as arrows."""
    drawn, axes = figure(1, 2, width_in=7.0, height_in=5.4)
    titles = ("the whole scene moves up and right", "a disc moves right, the rest left")
    for ax, motion, title in zip(axes[0], result.repetitions[0].examples, titles, strict=True):
        _arrows(ax, motion, result.config.spacing_deg)
        ax.set_title(title)
        ax.set_xlabel("Azimuth (°)")
    axes[0, 0].set_ylabel("Elevation (°)")
    label_panels(axes)
    return drawn


def weights_figure(result: Motion2DResult) -> Figure:
    """Draw the weights of the first repetition's detectors at five positions."""
    drawn, axes = figure(3, 4, width_in=6.4, height_in=4.6)
    for column, (cell, detector) in enumerate(result.repetitions[0].cells.items()):
        # what a photoreceptor's cells weigh, relative to the largest weight
        weights = detector.weights / np.abs(detector.weights).max()
        for row, name in enumerate(("L3", "L1", "L2")):
            ax = axes[row, column]
            grid = np.full((3, 3), np.nan)
            grid[[0, 1, 1, 1, 2], [1, 0, 1, 2, 1]] = weights[:, row]
            ax.imshow(grid, cmap="RdBu_r", vmin=-1, vmax=1)
            for (i, j), value in np.ndenumerate(grid):
                if np.isfinite(value):
                    color = "white" if abs(value) > 0.6 else "black"
                    ax.text(j, i, f"{value:+.2f}", ha="center", va="center", fontsize=6.5, color=color)
            ax.set_xticks([])
            ax.set_yticks([])
            for spine in ax.spines.values():
                spine.set_visible(False)
            if row == 0:
                ax.set_title(cell)
            if column == 0:
                ax.set_ylabel(name)
    return drawn


def _band(ax: Axes, at: np.ndarray, values: np.ndarray, place: int, label: str) -> None:
    mean = values.mean(axis=0)
    ax.plot(at, mean, color=PALETTE[place], linestyle=_DASHES[place], label=label)
    if len(values) > 1:
        ax.fill_between(
            at, values.min(axis=0), values.max(axis=0), color=PALETTE[place], alpha=0.15, linewidth=0
        )


def _directions(ax: Axes, label: str) -> None:
    ax.set_xlim(0, 360)
    ax.set_xticks(_TICKS)
    ax.set_xlabel(label)
    for angle in _TICKS[1:-1]:
        ax.axvline(angle, color="0.85", linewidth=0.7, zorder=0)


def _index_panel(ax: Axes, result: Motion2DResult) -> None:
    names = {"told": "groups told", "one group": "one group", "random": "random weights",
             "shuffled": "frames in\nrandom order"}  # fmt: skip
    rows = [(cell, indices(result, cell)) for cell in CELLS]
    rows += [(names[control], control_indices(result, control).ravel()) for control in CONTROLS]
    for row, (_, values) in enumerate(rows):
        color = PALETTE[row] if row < len(CELLS) else "0.45"
        spread = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
        ax.scatter(values, row + spread, s=9, facecolor="none", edgecolor=color, linewidth=0.8)
        ax.plot([values.mean()] * 2, [row - 0.35, row + 0.35], color=color, linewidth=1.8)
    ax.axvline(INDEX, color="0.5", linewidth=0.8, linestyle="--")
    ax.axvline(0.0, color="0.85", linewidth=0.7, zorder=0)
    ax.set_yticks(range(len(rows)), [name for name, _ in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(right=1.0)
    ax.set_xlabel("Direction selectivity index")


def _arrows(ax: Axes, motion: LocalMotion, spacing: float) -> None:
    rows, columns = motion.frame.shape
    across = (np.arange(columns) - (columns - 1) / 2) * spacing
    up = ((rows - 1) / 2 - np.arange(rows)) * spacing
    edge = spacing / 2
    limit = float(np.percentile(np.abs(motion.frame), 98))
    ax.imshow(
        motion.frame,
        cmap="gray",
        vmin=-1.6 * limit,
        vmax=1.6 * limit,
        extent=(across[0] - edge, across[-1] + edge, up[-1] - edge, up[0] + edge),
        interpolation="bilinear",
    )
    # long arrows would hide their neighbours; the longest tenth is cut to one length
    length = np.abs(motion.vectors)
    longest = max(float(np.percentile(length, 90)), 1e-12)
    shown = motion.vectors * np.minimum(1.0, longest / np.maximum(length, 1e-12)) / longest
    right = np.cos(np.angle(motion.vectors)) >= 0
    for chosen, color in ((right, PALETTE[4]), (~right, PALETTE[5])):
        i, j = np.nonzero(chosen)
        ax.quiver(
            across[j],
            up[i],
            shown[i, j].real,
            shown[i, j].imag,
            color=color,
            edgecolor="black",
            linewidth=0.25,
            angles="xy",
            scale_units="xy",
            scale=1 / (1.3 * spacing),
            width=0.008,
            pivot="mid",
        )
    if np.isnan(motion.truth_deg).any():
        # unknown counts as neither: it lies between the two lines
        for way, dashes in zip(DISC_WAYS_DEG, (":", "--"), strict=True):
            ax.contour(across, up, motion.truth_deg == way, levels=[0.5], colors="white", linewidths=1.0,
                       linestyles=dashes)  # fmt: skip
    ax.set_aspect("equal")
