"""The figures of the report on three layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from lamina.experiments.motion.stimuli import HEADLINE
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.experiments.three_layers.cells import CELLS, COLUMNS, look
from lamina.experiments.three_layers.config import AGREEMENT, INDEX, ThreeLayersConfig
from lamina.experiments.three_layers.controls import CONTROLS
from lamina.experiments.three_layers.patterns import EDGES, TUNING_DEG, TUNING_HZ, battery
from lamina.experiments.three_layers.run import Repetition, ThreeLayersResult, tuning_index
from lamina.experiments.three_layers.summary import gratings_index
from lamina.plotting import (
    PALETTE,
    figure,
    label_panels,
    plot_responses_by_stimulus,
    plot_selectivity,
    plot_tuning_map,
    save_figure,
    style,
)

_LAMINA = ("L3", "L1", "L2")
_WAYS = {RIGHT: "right", LEFT: "left"}
_DASHES = ("-", "--", ":", "-.")

CELLS_OF = {named: name for name, named in CELLS.items()}
"""The cell that is named for an edge of this polarity, moving this way."""


def draw_figures(result: ThreeLayersResult, folder: Path) -> dict[str, Path]:
    """Draw every figure into ``folder`` as PNG and SVG.

    Parameters
    ----------
    result
        A run.
    folder
        Where to write; must exist.

    Returns
    -------
    dict[str, pathlib.Path]
        The SVG files by name. Those of the cells are left out where none arose in the first repetition.
    """
    drawers = {"selectivity": selectivity_figure, "competition": competition_figure, "layers": layers_figure}
    if len(result.repetitions[0].cells) == len(CELLS):
        drawers |= {
            "edges": edges_figure,
            "weights": weights_figure,
            "stimuli": stimuli_figure,
            "tuning": tuning_figure,
        }
    with style():
        return {name: save_figure(draw(result), folder, name)[1] for name, draw in drawers.items()}


def selectivity_figure(result: ThreeLayersResult) -> Figure:
    """Draw the index of the four cells on pattern, scenes and gratings, and the controls."""
    drawn, axes = figure(1, 2, width_in=9.6, height_in=4.2)
    groups: dict[str, np.ndarray] = {}
    for name in CELLS:
        groups[f"{name}, scenes"] = result.held_out(name)
        groups[f"{name}, pattern"] = result.index(name, HEADLINE)
        groups[f"{name}, gratings"] = gratings_index(result, name)
    plot_selectivity(groups, axes[0, 0], level=INDEX)
    for line, place in zip(axes[0, 0].lines, range(len(groups)), strict=False):
        line.set_color(PALETTE[place // 3])
    axes[0, 0].set_title("three layers, both directions at once", pad=22)
    controls = {"three layers": np.mean([result.index(name, HEADLINE) for name in CELLS], axis=0)}
    controls |= {
        name: result.control(name)[:, 0].mean(axis=1) for name in CONTROLS if result.control(name).size
    }
    plot_selectivity(controls, axes[0, 1], null=result.untrained, null_label="layer 3 untrained", level=INDEX)
    axes[0, 1].set_title("mean of the four, on the pattern", pad=22)
    label_panels(axes)
    engine = drawn.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        # labels of rows this long would else reach out of the figure
        engine.set(rect=(0.02, 0.0, 0.98, 1.0))
    return drawn


def competition_figure(result: ThreeLayersResult) -> Figure:
    """Draw how the groups part: what changes hands by round, and how often they tell the direction."""
    drawn, axes = figure(1, 3, width_in=9.6, height_in=2.8)
    for repetition in result.repetitions:
        changed = repetition.trained.competition.changed
        rounds = np.arange(1, len(changed) + 1)
        axes[0, 0].plot(
            rounds, np.maximum(changed, 1e-5), color=PALETTE[0], alpha=0.7, marker="o", markersize=2.5
        )
    axes[0, 0].set_yscale("log")
    axes[0, 0].set_xlabel("Round")
    axes[0, 0].set_ylabel("Share of windows that change hands")
    axes[0, 0].set_title("the competition settles")
    for place in range(2):
        shares = [r.agreement[place] for r in result.repetitions]
        spread = np.linspace(-0.12, 0.12, len(shares)) if len(shares) > 1 else np.zeros(1)
        axes[0, 1].plot(
            place + spread, shares, linestyle="none", marker="o", markersize=4, color=PALETTE[place]
        )
    axes[0, 1].axhline(0.5, color="0.5", linewidth=0.8, linestyle=":")
    axes[0, 1].axhline(AGREEMENT, color="0.5", linewidth=0.8, linestyle="--")
    axes[0, 1].set_xlim(-0.5, 1.5)
    axes[0, 1].set_ylim(0.4, 1.02)
    axes[0, 1].set_xticks([0, 1], labels=["training\nscenes", "held-out\nscenes"])
    axes[0, 1].set_ylabel("Share of time in agreement")
    axes[0, 1].set_title("groups tell the direction")
    parity = np.concatenate([r.parity for r in result.repetitions])
    axes[0, 2].hist(parity, bins=np.linspace(-1, 1, 21), color=PALETTE[6], alpha=0.8)
    axes[0, 2].set_xlabel("Correlation with its mirror image")
    axes[0, 2].set_ylabel("Canonical directions")
    axes[0, 2].set_title("without it: even or odd")
    label_panels(axes)
    return drawn


def layers_figure(result: ThreeLayersResult) -> Figure:
    """Draw the filters of layer 1 and those of the medulla cells of layer 2."""
    config = result.config
    lamina, medulla = result.repetitions[0].trained.network.layers_
    rows = -(-(1 + config.medulla_rank) // 3)
    drawn, grid = figure(rows, 3, width_in=8.0, height_in=2.3 * rows, sharey=True)
    axes = list(grid.flat)
    sources = [np.asarray(lamina.filters_)[:, :, 0].T, *np.asarray(medulla.filters_)]
    correlations = np.asarray(medulla.canonical_correlations_)
    for unit, (ax, filters) in enumerate(zip(axes, sources, strict=False)):
        labels = ("unit 1: L3", "unit 2: L1, L2") if unit == 0 else _LAMINA
        lags = -1000 * config.dt_s * np.arange(len(filters))
        largest = np.abs(filters).max(axis=0 if unit == 0 else None)
        for place, (each, label) in enumerate(zip((filters / largest).T, labels, strict=True)):
            ax.plot(lags, each, color=PALETTE[place], linestyle=_DASHES[place], label=label)
        ax.axhline(0, color="0.7", linewidth=0.6, zorder=0.5)
        ax.set_title("layer 1" if unit == 0 else f"layer 2, unit {unit} (σ = {correlations[unit - 1]:.3f})")
        if unit < 2:
            ax.legend(loc="lower left", title="" if unit == 0 else "weights on")
        ax.set_xlabel("Lag (ms)")
        if unit % 3 == 0:
            ax.set_ylabel("Weight, largest 1")
    for ax in axes[len(sources) :]:
        ax.set_visible(False)
    axes[0].set_ylim(-1.1, 1.1)
    label_panels(grid)
    return drawn


def edges_figure(result: ThreeLayersResult) -> Figure:
    """Draw the four cells' responses to the four edges, one after the other."""
    config, first = result.config, result.repetitions[0]
    shown = [
        (
            f"{name}, {_WAYS[way]}",
            CELLS_OF[(name.split()[0], way)],
            look(first.trained.network, [pair[way]])[0],
        )
        for name, pair in battery(config)
        if name in EDGES
        for way in (RIGHT, LEFT)
    ]
    drawn, axes = figure(len(CELLS), 1, width_in=7.0, height_in=4.2, sharex=True, sharey=True)
    length = len(shown[0][2])
    for ax, (name, cell) in zip(axes[:, 0], first.cells.items(), strict=True):
        for place, (_, named, seen) in enumerate(shown):
            time = (place * length + np.arange(length)) * config.dt_s
            color = PALETTE[0] if named == name else PALETTE[1]
            ax.plot(time, cell.response(seen), color=color)
            ax.fill_between(time, cell.response(seen), color=color, alpha=0.3, linewidth=0)
            if place:
                ax.axvline(time[0], color="0.7", linewidth=0.6)
        ax.set_ylabel(f"{name} (SD)")
        ax.margins(x=0)
    for place, (label, _, _) in enumerate(shown):
        axes[0, 0].text(
            (place + 0.5) * length * config.dt_s, 1.02, label,
            transform=axes[0, 0].get_xaxis_transform(), ha="center", va="bottom", weight="bold",
        )  # fmt: skip
    axes[0, 0].set_ylim(bottom=0)
    axes[-1, 0].set_xlabel("Time (s), four movies one after the other")
    return drawn


def weights_figure(result: ThreeLayersResult) -> Figure:
    """Draw what layer 3 takes from the medulla cells of the three columns, for T4a and, mirrored, T4b."""
    first = result.repetitions[0]
    outputs = [f"{unit + 1}{sign}" for unit in range(result.config.medulla_rank) for sign in ("+", "−")]
    shown = {name: first.cells[name].weights.reshape(COLUMNS, -1).T for name in ("T4a", "T4b")}
    deviations = np.concatenate([np.concatenate(_views(first, way)) for way in (RIGHT, LEFT)]).std(axis=0)
    shown = {name: each * deviations.reshape(COLUMNS, -1).T for name, each in shown.items()}
    largest = max(float(np.abs(each).max()) for each in shown.values())
    drawn, axes = figure(1, 2, width_in=5.4, height_in=3.2, sharey=True)
    for ax, (name, each) in zip(axes[0], shown.items(), strict=True):
        ax.imshow(each, cmap="PuOr_r", vmin=-largest, vmax=largest, aspect="auto")
        for (row, column), value in np.ndenumerate(each):
            ax.text(
                column, row, f"{value:.1f}".replace("-0.0", "0.0"), ha="center", va="center", fontsize=6,
                color="white" if abs(value) > 0.6 * largest else "black",
            )  # fmt: skip
        ax.set_xticks(range(COLUMNS), labels=["left", "centre", "right"])
        ax.set_yticks(range(len(outputs)), labels=outputs)
        ax.tick_params(length=0)
        ax.set_title(f"{name}, weight × SD of the input")
    axes[0, 0].set_ylabel("Medulla cell (unit of layer 2, half)")
    label_panels(axes)
    return drawn


def stimuli_figure(result: ThreeLayersResult) -> Figure:
    """Draw the responses of T4a and T5a to every test pattern."""
    drawn, axes = figure(1, 2, width_in=10.0, height_in=3.8, sharey=True)
    names = list(result.repetitions[0].responses["T4a"])
    for ax, cell in zip(axes[0], ("T4a", "T5a"), strict=True):
        peaks = np.array([result.response(cell, name) for name in names])
        plot_responses_by_stimulus(names, peaks[:, :, 0].T, peaks[:, :, 1].T, ax)
        ax.set_title(cell)
    label_panels(axes)
    return drawn


def tuning_figure(result: ThreeLayersResult) -> Figure:
    """Draw the tuning to sine gratings, mean over cells and repetitions."""
    peaks = np.mean([r.tuning for r in result.repetitions], axis=(0, 1))
    drawn, axes = figure(1, 2, width_in=8.0, height_in=3.0)
    plot_tuning_map(TUNING_HZ, TUNING_DEG, peaks[..., 0], axes[0, 0], kind="response")
    axes[0, 0].set_title("response to the preferred direction")
    plot_tuning_map(TUNING_HZ, TUNING_DEG, tuning_index(peaks), axes[0, 1])
    axes[0, 1].set_title("index")
    for ax in axes[0]:
        _mark_speed(ax, result.config)
    label_panels(axes)
    return drawn


def _mark_speed(ax: Axes, config: ThreeLayersConfig) -> None:
    limits = ax.get_xlim(), ax.get_ylim()
    wavelengths = np.array(limits[1])
    ax.plot(
        config.velocity_deg_per_s / wavelengths, wavelengths, color="black", linewidth=0.9, linestyle="--"
    )
    ax.set_xlim(limits[0])
    ax.set_ylim(limits[1])


def _views(repetition: Repetition, way: int) -> list[np.ndarray]:
    return look(repetition.trained.network, repetition.trained.movies[way])
