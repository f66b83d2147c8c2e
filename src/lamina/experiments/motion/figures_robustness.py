"""Figures of robustness, held-out images and controls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from lamina.experiments.motion.config import EXPECTED
from lamina.experiments.motion.controls import CONTROLS, KINDS, TRAINED
from lamina.experiments.motion.outcome import Outcome
from lamina.experiments.motion.robustness import (
    BEST_RANDOM,
    PAPER,
    PAPER_UNIT,
    RANDOM_DIRECTIONS,
    RANDOM_FACTORS,
    default_value,
    degenerate_spacing,
    delay,
)
from lamina.experiments.motion.scrutiny import FACTORS, Scrutiny
from lamina.plotting import PALETTE, figure, label_panels, plot_selectivity

GOAL = EXPECTED["index"].limit
PATTERN: dict[str, Any] = {"color": PALETTE[0], "linestyle": "-", "marker": "o", "markersize": 3.5}
SCENES: dict[str, Any] = {
    "color": PALETTE[1],
    "linestyle": "--",
    "marker": "s",
    "markersize": 3.0,
}
RANDOM: dict[str, Any] = {"color": "0.45", "linestyle": ":", "marker": "x", "markersize": 3.5}
OTHER: dict[str, Any] = {"color": PALETTE[2], "linestyle": "none", "marker": "^", "markersize": 4.0}
LABELS = {
    "spacing": "Spacing of photoreceptors (°)",
    "gap": "Gap in layer 2 (samples)",
    "memory": "Memory in layer 1 (samples)",
    "noise": "Photoreceptor noise (SD)",
}
WHERE = (("pattern", PATTERN, "ON/OFF pattern"), ("scenes", SCENES, "unseen scenes"))


def robustness_figure(found: Scrutiny) -> Figure:
    """Draw index and responses against every factor, for images left out, and for every repetition."""
    drawn, axes = figure(4, 3, width_in=9.2, height_in=9.0, height_ratios=(1.5, 1, 1.5, 1), sharey="row")
    panels = [(axes[row, column], axes[row + 1, column]) for row in (0, 2) for column in range(3)]
    for (above, below), factor in zip(panels[:4], FACTORS, strict=True):
        _factor(above, below, found, factor)
    _images(*panels[4], found)
    _seeds(*panels[5], found)
    # a unit that turns its preference round on unseen scenes has a negative index
    lowest = min(above.dataLim.y0 for above, _ in panels)
    for above, below in panels:
        above.axhline(GOAL, color="0.5", linewidth=0.8, linestyle="--", zorder=0.5)
        above.set_ylim(-0.02 if lowest >= 0 else lowest - 0.04, 1.04)
        above.tick_params(labelbottom=False)
        below.set_ylim(bottom=0)
    for row in (0, 2):
        axes[row, 0].set_ylabel("Direction selectivity index")
        axes[row + 1, 0].set_ylabel("Response (SD)")
    label_panels([above for above, _ in panels])
    drawn.legend(handles=_key(), loc="outside lower center", ncols=3)
    return drawn


def _key() -> list[Line2D]:
    grey: dict[str, Any] = {"color": "0.4", "linestyle": "none", "marker": "o", "markersize": 4}
    return [
        Line2D([], [], label="ON/OFF pattern", **PATTERN),
        Line2D([], [], label="unseen scenes; E: unseen rows of the same image", **SCENES),
        Line2D([], [], label="E: all rows of the image left out", **OTHER),
        Line2D([], [], label=f"best of {RANDOM_DIRECTIONS} random directions, unseen scenes", **RANDOM),
        Line2D([], [], label="filled: index; response to preferred motion", **grey),
        Line2D([], [], label="open: response to null motion", **{**grey, "markerfacecolor": "white"}),
    ]


def controls_figure(found: Scrutiny) -> Figure:
    """Draw the index of detectors beside their controls, and what the rule makes of random weights."""
    drawn, axes = figure(2, 2, width_in=9.2, height_in=7.4, height_ratios=(1.9, 1), sharey="row")
    for ax, (where, _, shown) in zip(axes[0], WHERE, strict=True):
        drawn_null = found.chance("normal", where)
        plot_selectivity(
            _groups(found, where),
            ax,
            null=drawn_null if len(drawn_null) else None,
            null_label="random weights",
            level=GOAL,
        )
        ax.set_title(shown, pad=26)
        # a negative index is rare here: the room is for the others
        ax.set_xlim(-0.12, 1.03)
    for ax, (where, _, _) in zip(axes[1], WHERE, strict=True):
        _chances(ax, found, where)
    axes[1, 0].set_ylabel("Share of networks below")
    label_panels(axes)
    handles, labels = axes[1, 0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    return drawn


def _factor(above: Axes, below: Axes, found: Scrutiny, factor: str) -> None:
    config = found.config
    levels = found.robustness.factor(factor, config)
    values = [level.value for level in levels]
    for where, look, _ in WHERE:
        _line(above, values, [level.each(where) for level in levels], look)
        for what, filled in (("preferred", True), ("null", False)):
            responses = [level.each(where, what) for level in levels]
            fill = look["color"] if filled else "white"
            _line(below, values, responses, {**look, "markerfacecolor": fill})
    if factor in RANDOM_FACTORS:
        best = found.robustness.factor(factor + BEST_RANDOM, config)
        above.plot(
            [level.value for level in best],
            [level.each("scenes").mean() for level in best],
            linewidth=1.0,
            **RANDOM,
        )
    for ax in (above, below):
        ax.axvspan(
            *_around(values, default_value(factor, config), factor == "noise"), color="0.88", zorder=0.1
        )
        if factor == "noise":
            ax.set_xscale("log")
            ax.xaxis.set_major_locator(FixedLocator(values))
            ax.xaxis.set_minor_locator(NullLocator())
            ax.set_xticklabels([f"{value:g}" for value in values], rotation=45)
    at = {"gap": delay(config), "spacing": degenerate_spacing(config)}.get(factor)
    if at is not None:
        above.axvline(at, color="0.3", linewidth=0.8, linestyle=":", zorder=0.4)
        above.text(at, 0.02, " gap = delay", fontsize=7, ha="left", va="bottom", color="0.3")
    # what is marked above may lie beyond the values that were tried
    ends = [end for ax in (above, below) for end in ax.get_xlim()]
    for ax in (above, below):
        ax.set_xlim(min(ends), max(ends))
    below.set_xlabel(LABELS[factor])


def _around(values: Sequence[float], default: float, logarithmic: bool) -> tuple[float, float]:
    """Give the default a band of the same width in every panel."""
    if logarithmic:
        half = (max(values) / min(values)) ** 0.025
        return default / half, default * half
    half = 0.025 * (max(values) - min(values))
    return default - half, default + half


def _line(ax: Axes, values: Sequence[float], each: Sequence[np.ndarray], look: dict[str, Any]) -> None:
    ax.plot(values, [one.mean() for one in each], linewidth=1.1, **look)
    low, high = ([bound(one) for one in each] for bound in (np.min, np.max))
    ax.fill_between(values, low, high, color=look["color"], alpha=0.15, linewidth=0)


def _images(above: Axes, below: Axes, found: Scrutiny) -> None:
    names = []
    for place, image in enumerate(found.images):
        names.append(f"trained on\n{_short(image.trained_on)}")
        for where, offset, look in (
            ("pattern", -0.22, PATTERN),
            ("own rows", 0.0, SCENES),
            ("other image", 0.22, OTHER),
        ):
            drawn = {**look, "linestyle": "none"}
            _spread(above, place + offset, image.each(where), drawn)
            _spread(below, place + offset, image.each(where, "preferred"), drawn)
            hollow = {**drawn, "markerfacecolor": "white"}
            _spread(below, place + offset, image.each(where, "null"), hollow)
    below.set_xticks(range(len(names)), labels=names)
    above.set_xticks(range(len(names)))
    if not names:
        above.text(0.0, 0.3, "one image alone:\nnone can be left out", ha="center", fontsize=7.5, color="0.3")
    below.set_xlim(-0.6, max(len(names), 1) - 0.4)
    above.set_xlim(-0.6, max(len(names), 1) - 0.4)


def _spread(ax: Axes, at: float, values: np.ndarray, look: dict[str, Any]) -> None:
    ax.vlines(at, values.min(), values.max(), color=look["color"], linewidth=1.0, zorder=1)
    ax.plot([at], [values.mean()], **look)


def _seeds(above: Axes, below: Axes, found: Scrutiny) -> None:
    outcomes = found.outcomes(TRAINED)
    for offset, cell in ((-0.12, "T4a"), (0.12, "T4b")):
        own = [one for one in outcomes if one.cell == cell]
        places = np.arange(1, len(own) + 1) + offset
        for where, look, _ in WHERE:
            drawn = {**look, "linestyle": "none"}
            above.plot(places, _collect(own, where, "index"), **drawn)
            below.plot(
                places, _collect(own, where, "preferred"), **{**drawn, "markerfacecolor": look["color"]}
            )
            below.plot(places, _collect(own, where, "null"), **{**drawn, "markerfacecolor": "white"})
    below.set_xlabel("Repetition (left T4a, right T4b)")
    count = len(outcomes) // 2
    for ax in (above, below):
        ax.set_xlim(0.4, count + 0.6)
        ax.set_xticks(range(1, count + 1))


def _collect(outcomes: Sequence[Outcome], where: str, what: str) -> list[float]:
    return [getattr(getattr(one, where), what) for one in outcomes]


def _groups(found: Scrutiny, where: str) -> dict[str, np.ndarray]:
    outcomes = found.outcomes(TRAINED)
    groups = {
        cell: np.array([getattr(one, where).index for one in outcomes if one.cell == cell])
        for cell in ("T4a", "T4b")
    }
    groups |= {name: found.indices(name, where) for name in CONTROLS}
    for name, shown in ((PAPER, PAPER), (PAPER_UNIT, "the same, second direction")):
        if found.robustness[name].outcomes:
            groups[shown] = found.robustness[name].each(where)
    return groups


def _chances(ax: Axes, found: Scrutiny, where: str) -> None:
    looks: dict[str, tuple[str, str]] = {
        "normal": ("-", "random weights"),
        "whitened": ("--", "random white directions"),
    }
    for weights in KINDS:
        line, shown = looks[weights]
        for chosen, color, how in ((True, "0.15", "picked by the rule"), (False, "0.6", "not picked")):
            values = np.sort(found.chance(weights, where, chosen=chosen))
            if len(values):
                share = np.arange(1, len(values) + 1) / len(values)
                ax.step(
                    values,
                    share,
                    where="post",
                    color=color,
                    linestyle=line,
                    linewidth=1.1,
                    label=f"{shown}, {how}",
                )
    ours = np.sort(found.indices(TRAINED, where))
    share = np.arange(1, len(ours) + 1) / len(ours)
    ax.step(ours, share, where="post", color=PALETTE[0], linewidth=1.8, label="trained: T4a, T4b")
    ax.set_xlim(0, 1.03)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel("Direction selectivity index (magnitude)")


def _short(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 3 else f"{len(names)} others"
