"""The two pictures of the results: average ranks, and one method against another on every set."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np


def critical_differences(scores: np.ndarray, names: list[str], path: Path) -> None:
    """Draw aeon's diagram: mean ranks; a bar joins what its one-sided Wilcoxon tests do not tell apart."""
    from aeon.visualisation import plot_critical_difference

    drawn = plot_critical_difference(scores, names, test="wilcoxon", correction="holm", alpha=0.05)
    _save(drawn[0], path)


def scatter(
    sets: list[str], ours: np.ndarray, theirs: np.ndarray, labels: tuple[str, str], path: Path
) -> None:
    """One point a set; above the diagonal the first method is better.

    ``ours`` and ``theirs`` are (sets, resamples); points are at the means, bars are standard deviations.
    """
    x, y = theirs.mean(axis=1), ours.mean(axis=1)
    figure, ax = plt.subplots(figsize=(6, 6), layout="constrained")
    low = min(x.min(), y.min()) - 0.05
    ax.plot([low, 1], [low, 1], color="0.6", linewidth=1, zorder=0)
    ax.errorbar(
        x,
        y,
        xerr=theirs.std(axis=1, ddof=1),
        yerr=ours.std(axis=1, ddof=1),
        fmt="o",
        color="tab:blue",
        ecolor="0.8",
        markersize=5,
        linewidth=1,
    )
    for name, across, up in zip(sets, x, y, strict=True):
        # the label on the outer side of the diagonal
        side, align = ((-6, 4), "right") if up >= across else ((6, -8), "left")
        ax.annotate(name, (across, up), side, textcoords="offset points", ha=align, fontsize=7)
    wins, losses = int((y > x).sum()), int((y < x).sum())
    ax.set(xlim=(low, 1.01), ylim=(low, 1.01), aspect="equal")
    ax.set(xlabel=f"accuracy of {labels[1]}", ylabel=f"accuracy of {labels[0]}")
    ax.set_title(
        f"{labels[0]} better on {wins}, equal on {len(sets) - wins - losses}, worse on {losses}", fontsize=10
    )
    _save(figure, path)


def _save(figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
