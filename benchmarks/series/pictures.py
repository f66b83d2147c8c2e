"""The two pictures of the results: average ranks, and one method against another on every set."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

# of the scatter's axes, in points, about
HEIGHT = 380


def critical_differences(scores: np.ndarray, names: list[str], path: Path) -> None:
    """Draw aeon's diagram: mean ranks; a bar joins what its one-sided Wilcoxon tests do not tell apart."""
    from aeon.visualisation import plot_critical_difference

    drawn = plot_critical_difference(scores, names, test="wilcoxon", correction="holm", alpha=0.05)
    _save(drawn[0], path)


def scatter(sets: list[str], scores: list[np.ndarray], labels: tuple[str, str], path: Path) -> None:
    """One point a set; above the diagonal the first method is better.

    ``scores`` is (2, resamples) for each set; points are at the means, bars are standard deviations.
    """
    y, x = np.stack([each.mean(axis=1) for each in scores], axis=1)
    up, across = np.stack([each.std(axis=1) for each in scores], axis=1)
    figure, ax = plt.subplots(figsize=(6, 6), layout="constrained")
    # room for the label of the lowest
    low = min(x.min(), y.min()) - 0.12
    ax.plot([low, 1], [low, 1], color="0.6", linewidth=1, zorder=0)
    ax.errorbar(
        x,
        y,
        xerr=across,
        yerr=up,
        fmt="o",
        color="tab:blue",
        ecolor="0.8",
        markersize=5,
        linewidth=1,
    )
    better = y >= x
    for side, offset, align in ((better, -8, "right"), (~better, 8, "left")):
        names = [name for name, here in zip(sets, side, strict=True) if here]
        for name, left, height, label in zip(names, x[side], y[side], _apart(y[side], 1 - low), strict=True):
            # labels on the outer side of the diagonal, pushed apart, with a line to their point
            ax.annotate(
                name,
                (left, height),
                (offset, (label - height) * HEIGHT / (1 - low)),
                textcoords="offset points",
                ha=align,
                va="center",
                fontsize=7,
                arrowprops={"arrowstyle": "-", "color": "0.7", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2},
            )
    wins, losses = int((y > x).sum()), int((y < x).sum())
    ax.set(xlim=(low, 1.01), ylim=(low, 1.01), aspect="equal")
    ax.set(xlabel=f"accuracy of {labels[1]}", ylabel=f"accuracy of {labels[0]}")
    ax.set_title(
        f"{labels[0]} better on {wins}, equal on {len(sets) - wins - losses}, worse on {losses}", fontsize=10
    )
    _save(figure, path)


def _apart(heights: np.ndarray, extent: float) -> np.ndarray:
    """Move labels down until none covers the next, from the highest on."""
    gap, moved, last = 9 * extent / HEIGHT, heights.copy(), np.inf
    for place in np.argsort(-heights, kind="stable"):
        moved[place] = last = min(heights[place], last - gap)
    return moved


def _save(figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
