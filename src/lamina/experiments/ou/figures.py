"""The figures of the report on the OU process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina.experiments.convergence import length_text, named
from lamina.experiments.convergence_figure import draw_convergence
from lamina.experiments.ou.config import LEADING, STATES
from lamina.experiments.ou.run import OUResult
from lamina.experiments.ou.summary import windows
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style
from lamina.stats import predictive_information

MARKERS = "os^D"


def draw_figures(result: OUResult, folder: Path) -> dict[str, Path]:
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
        drawn = {"population": population_figure(result), "convergence": convergence_figure(result)}
        return {name: save_figure(each, folder, name)[1] for name, each in drawn.items()}


def population_figure(result: OUResult) -> Figure:
    """Draw a recording, the filters, the spectrum and the information, of population and fits."""
    drawn, axes = figure(2, 2, width_in=7.0, height_in=4.6)
    at = list(result.sweep.lengths).index(result.config.length)
    axes[0, 0].plot(result.recording, color=PALETTE[6], linewidth=0.8)
    axes[0, 0].set_xlabel("Time (samples)")
    axes[0, 0].set_ylabel("Observation y")
    axes[0, 0].set_title("The recording")
    _filters(axes[0, 1], result, at)
    _spectrum(axes[1, 0], result, at)
    _information(axes[1, 1], result, at)
    label_panels(axes)
    return drawn


def convergence_figure(result: OUResult) -> Figure:
    """Draw errors, correlations, bias and angles against the length of the recording."""
    drawn, axes = figure(2, 2, width_in=7.0, height_in=5.2)
    shown = {"moments": "whitened covariances"}
    for unit in range(LEADING):
        shown[f"filter {unit + 1}"] = f"filter {unit + 1}"
    for unit in range(LEADING):
        shown[f"correlation {unit + 1}"] = f"σ{'₁₂'[unit]} less bias"
    draw_convergence(axes[0, 0], [(named(result.convergences, name), label) for name, label in shown.items()])
    axes[0, 0].set_title("Errors fall as 1/√T")
    _against_length(axes[0, 1], result)
    _bias(axes[1, 0], result)
    _angles(axes[1, 1], result)
    label_panels(axes)
    return drawn


def _filters(ax: Axes, result: OUResult, at: int) -> None:
    lags = -np.arange(result.config.memory)
    for unit in range(STATES):
        fits = result.sweep.filters[:, at, unit]
        color = PALETTE[unit]
        ax.fill_between(lags, fits.min(axis=0), fits.max(axis=0), color=color, alpha=0.2, linewidth=0)
        ax.plot(lags, result.population.filters[unit], color=color, linestyle=("-", "--", ":")[unit])
        ax.plot([], [], color=color, linestyle=("-", "--", ":")[unit], label=f"unit {unit + 1}")
    ax.axhline(0, color="0.8", linewidth=0.7, zorder=0.5)
    ax.set_xlim(-14.5, 0.5)
    ax.set_xlabel("Lag (samples)")
    ax.set_ylabel("Filter weight")
    ax.set_title("Past filters")
    ax.legend(loc="upper left")


def _spectrum(ax: Axes, result: OUResult, at: int) -> None:
    shown = min(12, result.config.memory)
    directions = np.arange(1, shown + 1)
    fits = result.sweep.correlations[:, at, :shown]
    spurious = result.theory.spurious[:, : shown - STATES] / np.sqrt(windows(result)[at])
    ax.fill_between(
        directions[STATES:], *np.percentile(spurious, [2.5, 97.5], axis=0), color="0.8", linewidth=0,
        label="spurious, theory (95 %)",
    )  # fmt: skip
    ax.plot(
        directions, result.population.correlations[:shown], color="0.15", marker="_", markersize=11,
        linestyle="none", label="population",
    )  # fmt: skip
    mean, low, high = fits.mean(axis=0), fits.min(axis=0), fits.max(axis=0)
    ax.errorbar(
        directions, mean, yerr=[mean - low, high - mean],
        color=PALETTE[0], marker="o", markersize=3, linestyle="none", linewidth=0.8,
        label=f"fits, T = {length_text(result.config.length)}",
    )  # fmt: skip
    ax.set_xlabel("Canonical direction")
    ax.set_ylabel("Canonical correlation σ")
    ax.set_title("Spectrum")
    ax.legend(loc="upper right")


def _information(ax: Axes, result: OUResult, at: int) -> None:
    memory = result.config.memory
    ranks = np.arange(memory + 1)
    for place, length in enumerate(
        (result.config.length // 10, result.config.length, result.sweep.lengths[-1])
    ):
        rows = result.sweep.correlations[:, result.sweep.lengths == length].reshape(-1, memory)
        if not len(rows):
            continue
        fits = np.array(
            [[predictive_information(each[:rank]) if rank else 0.0 for rank in ranks] for each in rows]
        )
        color = PALETTE[place]
        ax.fill_between(ranks, fits.min(axis=0), fits.max(axis=0), color=color, alpha=0.2, linewidth=0)
        ax.plot(
            ranks, fits.mean(axis=0), color=color, linestyle=("-.", ":", "-")[place],
            label=f"fits, T = {length_text(int(length))}",
        )  # fmt: skip
    population = [
        predictive_information(result.population.correlations[:rank]) if rank else 0.0 for rank in ranks
    ]
    ax.plot(ranks, population, color="0.15", linestyle="--", label="population")
    ax.set_ylim(0)
    ax.set_xlabel("Rank")
    ax.set_ylabel("Information (nats)")
    ax.set_title("Information against rank")
    ax.legend(loc="lower right")


def _against_length(ax: Axes, result: OUResult) -> None:
    lengths = result.sweep.lengths
    for unit in range(STATES):
        ax.axhline(result.population.correlations[unit], color=PALETTE[unit], linewidth=0.9, linestyle="--")
    for unit in range(STATES + 1):
        fits = result.sweep.correlations[:, :, unit]
        ax.fill_between(
            lengths, fits.min(axis=0), fits.max(axis=0), color=PALETTE[unit], alpha=0.2, linewidth=0
        )
        ax.plot(
            lengths, fits.mean(axis=0), color=PALETTE[unit], marker=MARKERS[unit], markersize=3,
            label=f"σ{'₁₂₃₄'[unit]}" + (" (0 in the population)" if unit == STATES else ""),
        )  # fmt: skip
    ax.plot(
        lengths, result.theory.spurious[:, 0].mean() / np.sqrt(windows(result)), color="0.15", linewidth=0.9,
        linestyle=":", label="σ₄, theory",
    )  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(3e-3, 3)
    ax.set_xlabel("Length of the recording T (samples)")
    ax.set_ylabel("Canonical correlation σ")
    ax.set_title("Fitted correlations")
    ax.legend(loc="upper right", ncols=2)


def _bias(ax: Axes, result: OUResult) -> None:
    lengths, counts = result.sweep.lengths, windows(result)
    for unit in range(LEADING):
        missed = result.sweep.correlations[:, :, unit] - result.population.correlations[unit]
        color = PALETTE[unit]
        error = result.theory.correlation_sd[unit] / np.sqrt(counts * len(missed))
        ax.errorbar(
            lengths * (1 + 0.08 * unit), counts * missed.mean(axis=0), yerr=counts * error, color=color,
            marker=MARKERS[unit], markersize=3.5, linestyle="none", linewidth=0.9, label=f"σ{'₁₂'[unit]}",
        )  # fmt: skip
        ax.axhline(result.bias[unit], color=color, linewidth=0.9, linestyle="--")
    ax.axhline(0, color="0.8", linewidth=0.7, zorder=0.5)
    ax.set_xscale("log")
    # where the scatter hides the bias, whiskers leave the panel
    ax.set_ylim(-3 * result.bias[1], 4 * result.bias[1])
    ax.set_xlabel("Length of the recording T (samples)")
    ax.set_ylabel("Windows × mean error")
    ax.set_title("Bias falls as 1/T")
    ax.legend(loc="lower left")


def _angles(ax: Axes, result: OUResult) -> None:
    lengths = result.sweep.lengths
    sines = np.sqrt(np.maximum(1 - result.state_cosines**2, 0.0))
    for place, label in enumerate(("smallest angle", "middle", "largest")):
        values = sines[:, :, place]
        ax.fill_between(
            lengths, values.min(axis=0), values.max(axis=0), color=PALETTE[place], alpha=0.2, linewidth=0
        )
        ax.plot(
            lengths, np.sqrt((values**2).mean(axis=0)), color=PALETTE[place], marker=MARKERS[place],
            markersize=3, label=label,
        )  # fmt: skip
    guide = np.sqrt((sines[:, -1, 0] ** 2).mean()) * np.sqrt(lengths[-1] / lengths)
    ax.plot(lengths, guide * 0.6, color="0.15", linewidth=0.9, linestyle=":", label="slope −1/2")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("Length of the recording T (samples)")
    ax.set_ylabel("Sine of the angle")
    ax.set_title("Fitted units and the optimal observer")
    ax.legend(loc="lower left")
