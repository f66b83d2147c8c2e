"""Plots of how the layers' times grow with the sequence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from parts.layers_cases import LayerToTime
from parts.layers_speed import ATTENTION
from parts.timing import Seconds


def draw_growth(cases: list[LayerToTime], found: Mapping[int, Mapping[str, Seconds]], picture: Path) -> None:
    """One panel for each family, attention in all of them, and the slope of n log n."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter, NullLocator

    lengths = sorted(found)
    families = list(dict.fromkeys(case.family for case in cases))
    columns = 3
    rows = -(-len(families) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(4.6 * columns, 3.8 * rows), squeeze=False, sharex=True, sharey=True
    )
    for ax, family in zip(axes.flat, families, strict=False):
        ax.loglog(
            lengths,
            [1e3 * found[length][ATTENTION].shortest for length in lengths],
            "k--",
            label="multi-head attention",
        )
        for case in cases:
            if case.family == family:
                measured = [length for length in lengths if case.name in found[length]]
                times = [1e3 * found[length][case.name].shortest for length in measured]
                ax.loglog(measured, times, "o-", markersize=3, label=case.name)
        ax.set_title(family, fontsize=10)
        ax.set_xticks(lengths, [str(length) for length in lengths])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(labelsize=8)
        ax.legend(fontsize=6.5, frameon=False)
    for place in range(len(families), rows * columns):
        axes.flat[place].set_visible(False)
        # the panel above is now the lowest one
        axes.flat[place - columns].tick_params(labelbottom=True)
    for ax in axes[:, 0]:
        ax.set_ylabel("forward (ms)")
    figure.supxlabel("sequence length n; batch 8, hidden 256, float32", fontsize=10)
    figure.tight_layout()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)
    plt.close(figure)
