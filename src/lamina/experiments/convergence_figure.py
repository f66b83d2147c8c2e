"""Errors of fits against the length of the recording, beside theory."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from lamina.experiments.convergence import Convergence
from lamina.plotting import PALETTE

MARKERS = "osD^v"


def draw_convergence(ax: Axes, shown: Sequence[tuple[Convergence, str]]) -> None:
    """Draw root mean squares over seeds with twice their standard error, and theory as lines.

    Parameters
    ----------
    ax
        Where to draw.
    shown
        Each with its name for the legend, at most five.
    """
    for place, (each, label) in enumerate(shown):
        color = PALETTE[place]
        ax.plot(each.lengths, each.theory, color=color, linewidth=0.9)
        ax.errorbar(
            each.lengths,
            each.rms,
            yerr=2 * each.relative_error * each.rms,
            color=color,
            marker=MARKERS[place],
            markersize=3.5,
            linestyle="none",
            linewidth=0.9,
            label=f"{label}: {each.slope:.3f} ± {each.slope_error:.3f}".replace("-", "−"),
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("Length of the recording T (samples)")
    ax.set_ylabel("Root mean square error")
    # the names stand below everything
    lowest, highest = (float(limit) for limit in ax.get_ylim())
    decades = range(math.ceil(math.log10(lowest)), math.floor(math.log10(highest)) + 1)
    ax.set_yticks([10.0**decade for decade in decades[:: math.ceil(len(decades) / 7)]])
    ax.set_yticks([], minor=True)
    ax.spines["left"].set_bounds(lowest, highest)
    ax.set_ylim(lowest / (highest / lowest) ** (0.16 * len(shown)), highest)
    ax.legend(loc="lower left", title="Slope", alignment="left", handletextpad=0.2, borderaxespad=0.2)
