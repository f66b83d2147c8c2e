"""The figures of the report on kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina.experiments.kernels.run import KernelsResult
from lamina.experiments.kernels.summary import resolved
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style

DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = "os^Dv"
_DIRECTIONS = 27


def draw_figures(result: KernelsResult, folder: Path) -> dict[str, Path]:
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
        drawn = {"spectra": spectra_figure(result), "noise": noise_figure(result)}
        return {name: save_figure(each, folder, name)[1] for name, each in drawn.items()}


def spectra_figure(result: KernelsResult) -> Figure:
    """Draw kernels, spectra and cumulative information: left without, right with oscillations."""
    drawn, axes = figure(3, 2, width_in=7.0, height_in=7.0, sharey="row", sharex="row")
    noise, shown = result.config.noise, min(_DIRECTIONS, result.config.memory)
    for column, names in enumerate(_groups(result)):
        for place, name in enumerate(names):
            look = {"color": PALETTE[place], "linestyle": DASHES[place], "linewidth": 1.1}
            dots = {"marker": MARKERS[place], "markersize": 3, **look}
            lags, found = np.arange(1.5 * result.config.memory), result.spectra[name][noise]
            axes[0, column].plot(lags, result.kernels[name].kernel(lags), label=name, **look)
            axes[1, column].plot(np.arange(1, shown + 1), found.correlations[:shown], **dots)
            cumulative = found.information[: shown + 1] / found.information[-1]
            axes[2, column].plot(np.arange(shown + 1), cumulative, **dots)
        axes[0, column].set_title(("No oscillation", "Oscillations")[column])
        axes[0, column].axhline(0, color="0.8", linewidth=0.7, zorder=0.5)
        axes[0, column].set_xlabel("Lag (samples)")
        axes[0, column].legend(loc="upper right", fontsize=6.5)
        axes[1, column].set_xlabel("Canonical direction")
        axes[2, column].set_xlabel("Rank")
    low, high = axes[0, 0].get_ylim()
    axes[0, 0].set_ylim(low, high + 0.75 * (high - low))
    axes[0, 0].set_yticks([-0.5, 0, 0.5, 1])
    axes[1, 0].set_ylim(-0.03, 1.05)
    axes[2, 0].set_ylim(0, 1.05)
    axes[0, 0].set_ylabel("Covariance")
    axes[1, 0].set_ylabel(f"Correlation σ, noise {noise:g}")
    axes[2, 0].set_ylabel("Share of the information")
    label_panels(axes)
    return drawn


def noise_figure(result: KernelsResult) -> Figure:
    """Draw information against noise, and the closed form of a damped oscillation."""
    drawn, axes = figure(1, 2, width_in=7.0, height_in=3.3)
    _information(axes[0, 0], result)
    _closed_form(axes[0, 1], result)
    label_panels(axes)
    return drawn


def _groups(result: KernelsResult) -> tuple[list[str], list[str]]:
    names = {flag: [n for n, k in result.kernels.items() if k.oscillates is flag] for flag in (False, True)}
    return names[False], names[True]


def _information(ax: Axes, result: KernelsResult) -> None:
    for group, names in enumerate(_groups(result)):
        for place, name in enumerate(names):
            noises = [noise for noise in result.config.noises if noise > 0 and resolved(result, name, noise)]
            nats = [result.spectra[name][noise].information[-1] for noise in noises]
            ax.plot(
                noises, nats, color=PALETTE[place], linestyle="--" if group else "-", linewidth=1.0,
                marker=MARKERS[place], markersize=3.5, markerfacecolor="white" if group else PALETTE[place],
                label=name,
            )  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.45)
    ax.set_xlabel("Noise (SD of the signal)")
    ax.set_ylabel("Information (nats)")
    ax.set_title("Information against noise")
    ax.legend(loc="upper right", ncols=2, fontsize=6.0, columnspacing=0.8)


def _closed_form(ax: Axes, result: KernelsResult) -> None:
    for unit in range(2):
        ax.plot(
            result.dampings / result.config.period, result.damped_closed[:, unit], color=PALETTE[unit],
            linestyle=DASHES[unit], linewidth=1.0, label=f"σ{'₁₂'[unit]}, closed form",
        )  # fmt: skip
        ax.plot(
            result.dampings / result.config.period, result.damped[:, unit], color=PALETTE[unit],
            marker=MARKERS[unit], markersize=3.5, linestyle="none", label=f"σ{'₁₂'[unit]}, from the kernel",
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("Length scale / period")
    ax.set_ylabel("Canonical correlation σ")
    ax.set_title("Damped cosine, no noise")
    ax.legend(loc="lower right")
