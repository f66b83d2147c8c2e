"""The figures of the report on the Gaussian process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lamina.experiments.convergence import named
from lamina.experiments.convergence_figure import draw_convergence
from lamina.experiments.gp.config import RANK
from lamina.experiments.gp.lobes import LOBE_THRESHOLD, count_lobes
from lamina.experiments.gp.run import GPResult
from lamina.plotting import PALETTE, figure, label_panels, save_figure, style
from lamina.stats import predictive_information

DASHES = ("-", "--", "-.", ":")
MARKERS = "os^Dv"
_DIRECTIONS = 10


def draw_figures(result: GPResult, folder: Path) -> dict[str, Path]:
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
            "traces": traces_figure(result),
            "filters": filters_figure(result),
            "noise": noise_figure(result),
            "convergence": convergence_figure(result),
        }
        return {name: save_figure(each, folder, name)[1] for name, each in drawn.items()}


def traces_figure(result: GPResult) -> Figure:
    """Draw samples of the process above the outputs of the two units."""
    drawn, axes = figure(2, len(result.noises), width_in=7.0, height_in=3.6, sharex=True, sharey="row")
    for column, (noise, found) in enumerate(result.noises.items()):
        axes[0, column].plot(found.trace, color=PALETTE[6], linewidth=0.7)
        axes[0, column].set_title(f"Noise {noise:g}")
        for unit in range(RANK):
            axes[1, column].plot(
                found.latent[:, unit],
                color=PALETTE[unit],
                linewidth=1.1,
                linestyle=DASHES[unit],
                label=f"unit {unit + 1}",
            )
        axes[1, column].set_xlabel("Time (samples)")
    axes[0, 0].set_ylabel("Signal + noise")
    axes[1, 0].set_ylabel("Latent z (SD)")
    low, high = axes[1, 0].get_ylim()
    axes[1, 0].set_ylim(low, high + 0.35 * (high - low))
    axes[1, 0].legend(loc="upper left", ncols=2)
    label_panels(axes)
    return drawn


def filters_figure(result: GPResult) -> Figure:
    """Draw the filters of the population, with bands over fits."""
    drawn, axes = figure(1, len(result.noises), width_in=7.0, height_in=2.7, sharey=True)
    lags = -np.arange(result.config.memory)
    for ax, (noise, found) in zip(axes[0], result.noises.items(), strict=True):
        at = list(found.sweep.lengths).index(result.config.length)
        for level in (-LOBE_THRESHOLD, LOBE_THRESHOLD):
            ax.axhline(level, color="0.7", linewidth=0.6, linestyle=":")
        for unit in range(RANK):
            weights = found.population.filters[unit]
            largest = np.abs(weights).max()
            fits = found.sweep.filters[:, at, unit] / largest
            ax.fill_between(
                lags, fits.min(axis=0), fits.max(axis=0), color=PALETTE[unit], alpha=0.25, linewidth=0
            )
            ax.plot(
                lags,
                weights / largest,
                color=PALETTE[unit],
                linestyle=DASHES[unit],
                linewidth=1.1,
                label=f"unit {unit + 1}: {count_lobes(weights)} lobes",
            )
        ax.set_title(f"Noise {noise:g}")
        ax.set_xlabel("Lag (samples)")
        ax.legend(loc="upper left")
    axes[0, 0].set_ylabel("Weight / largest weight")
    label_panels(axes)
    return drawn


def noise_figure(result: GPResult) -> Figure:
    """Draw spectrum and information for each noise, and lobes and width of the filters against noise."""
    drawn, axes = figure(2, 2, width_in=7.0, height_in=4.6)
    _spectrum(axes[0, 0], result)
    _information(axes[0, 1], result)
    for unit in range(RANK):
        shown = {"color": PALETTE[unit], "linestyle": DASHES[unit], "label": f"unit {unit + 1}"}
        axes[1, 0].step(result.lobe_noises, result.lobes[:, unit], where="mid", **shown)
        axes[1, 1].plot(result.lobe_noises, result.centroids[:, unit], **shown)
    for ax in axes[1]:
        for noise in result.noises:
            ax.axvline(noise, color="0.8", linewidth=0.7, zorder=0.5)
        ax.set_xscale("log")
        ax.set_xlabel("Noise (SD of the signal)")
    axes[1, 0].legend(loc="upper right")
    axes[1, 1].legend(loc="upper left")
    axes[1, 0].yaxis.set_major_locator(MaxNLocator(integer=True))
    axes[1, 0].set_ylim(0.5, result.lobes.max() + 0.5)
    axes[1, 0].set_ylabel("Lobes")
    axes[1, 0].set_title("Lobes of the population's filters")
    axes[1, 1].set_ylim(0)
    axes[1, 1].set_ylabel("Mean lag of w² (samples)")
    axes[1, 1].set_title("Width of the population's filters")
    label_panels(axes)
    return drawn


def convergence_figure(result: GPResult) -> Figure:
    """Draw errors against the length of the recording, noise by noise."""
    drawn, axes = figure(1, len(result.noises), width_in=7.0, height_in=3.4)
    shown = {"moments": "moments"}
    shown |= {f"filter {unit + 1}": f"filter {unit + 1}" for unit in range(RANK)}
    shown |= {f"correlation {unit + 1}": f"σ{'₁₂'[unit]}" for unit in range(RANK)}
    for ax, (noise, found) in zip(axes[0], result.noises.items(), strict=True):
        draw_convergence(ax, [(named(found.convergences, name), label) for name, label in shown.items()])
        ax.set_title(f"Noise {noise:g}")
        ax.set_xlabel("Length T (samples)")
    for ax in axes[0, 1:]:
        ax.set_ylabel("")
    label_panels(axes)
    return drawn


def _spectrum(ax: Axes, result: GPResult) -> None:
    for place, (noise, found) in enumerate(result.noises.items()):
        at = list(found.sweep.lengths).index(result.config.length)
        count = min(_DIRECTIONS, found.sweep.correlations.shape[-1])
        directions = np.arange(1, count + 1)
        fits = found.sweep.correlations[:, at, :count]
        color = PALETTE[place]
        ax.plot(
            directions, found.population.correlations[:count], color=color, linestyle=DASHES[place],
            linewidth=1.0, label=f"noise {noise:g}",
        )  # fmt: skip
        mean, low, high = fits.mean(axis=0), fits.min(axis=0), fits.max(axis=0)
        ax.errorbar(
            directions + 0.08 * (place - 1), mean, yerr=[mean - low, high - mean], color=color,
            marker=MARKERS[place], markersize=3, linewidth=0.8, linestyle="none",
        )  # fmt: skip
    ax.set_ylim(-0.03, 1.05)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("Canonical direction")
    ax.set_ylabel("Canonical correlation σ")
    ax.set_title("Spectrum")
    ax.legend(loc="upper right")


def _information(ax: Axes, result: GPResult) -> None:
    for place, (noise, found) in enumerate(result.noises.items()):
        correlations = found.population.correlations
        ranks = np.arange(min(_DIRECTIONS, len(correlations)) + 1)
        nats = [predictive_information(correlations[:rank]) if rank else 0.0 for rank in ranks]
        ax.plot(
            ranks, nats, color=PALETTE[place], linestyle=DASHES[place], marker=MARKERS[place], markersize=3,
            label=f"noise {noise:g}",
        )  # fmt: skip
    ax.set_ylim(0)
    ax.set_xlabel("Rank")
    ax.set_ylabel("Information (nats)")
    ax.set_title("Information against rank, population")
    ax.legend(loc="center right", bbox_to_anchor=(1.0, 0.72))
