"""The figures of the scenes experiment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from lamina.experiments.natural_scenes import Split
from lamina.experiments.scenes.findings import MS_PER_S, products, widening
from lamina.experiments.scenes.measures import first_lobe
from lamina.experiments.scenes.run import LEAVES, PHOTOGRAPHS, WHITE, ScenesResult, World
from lamina.experiments.scenes.staircase import answer
from lamina.experiments.scenes.worlds import add_noise, scans
from lamina.plotting import PALETTE, figure, label_panels, plot_scene, save_figure, style
from lamina.plotting.style import GREY, mark_zero

UNITS = ("unit 1: L3", "unit 2: L1, L2")
LOOK = {PHOTOGRAPHS: ("-", "o"), LEAVES: ("--", "s")}
PALE_NOISE = "#9A9A9A"


def draw_figures(result: ScenesResult, folder: Path) -> dict[str, Path]:
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
    drawers = {
        "scans": scans_figure,
        "filters": filters_figure,
        "staircase": staircase_figure,
        "widening": widening_figure,
        "controls": controls_figure,
    }
    with style():
        return {name: save_figure(draw(result), folder, name)[1] for name, draw in drawers.items()}


def scans_figure(result: ScenesResult) -> Figure:
    """Draw a photograph and dead leaves with the line that is scanned, and the contrast along it."""
    drawn, axes = figure(2, 2, width_in=7.0, height_in=4.6, width_ratios=(1.0, 1.25))
    rows = ((result.splits[0], "photograph"), (result.leaves[0], "dead leaves"))
    for place, (split, name) in enumerate(rows):
        photograph = split.scene.photograph
        chosen = len(split.test) // 2
        line = split.test_band[0] + chosen * result.config.row_step
        plot_scene(
            _shown(photograph.luminance),
            axes[place, 0],
            degrees_per_pixel=photograph.degrees_per_pixel,
            rows=[line],
        )
        axes[place, 0].set_title(name)
        _trace(axes[place, 1], split, chosen, result)
    axes[0, 1].legend(loc="upper right", ncols=2)
    label_panels(axes)
    return drawn


def filters_figure(result: ScenesResult) -> Figure:
    """Draw both filters at the noise levels of the paper, of photographs and of dead leaves."""
    config = result.config
    drawn, axes = figure(2, len(config.noises), width_in=7.2, height_in=4.2, sharey=True, sharex=True)
    for row, name in enumerate((PHOTOGRAPHS, LEAVES)):
        world = result.worlds[name]
        for column, noise in enumerate(config.noises):
            ax = axes[row, column]
            place = world.at(noise)
            for unit, label in enumerate(UNITS):
                _band(ax, world.each("filters")[:, place, unit], unit, label, config.dt_s)
                if name == LEAVES:
                    ideal = _upright(result.closed_form[place].filters[unit])
                    ax.plot(_lags(ideal, config.dt_s), ideal, color="black", linewidth=0.9, linestyle=":",
                            label="closed form" if unit else "_")  # fmt: skip
            mark_zero(ax)
            sigma = world.each("correlations")[:, place].mean(axis=0)
            ax.text(
                0.04,
                0.05,
                f"σ₁ {_short(sigma[0])}\nσ₂ {_short(sigma[1])}",
                transform=ax.transAxes,
                va="bottom",
                fontsize=7.5,
            )
            if row == 0:
                ax.set_title(f"noise {noise:g}")
            else:
                ax.set_xlabel("Time before now (ms)")
        axes[row, 0].set_ylabel(f"{name}\nFilter (unit length)")
    axes[0, 0].legend(loc="upper left")
    axes[1, 0].legend(loc="upper left")
    label_panels(axes)
    return drawn


def staircase_figure(result: ScenesResult) -> Figure:
    """Draw the staircase, and the answers of L3, L1 and L2 to it at each noise level of the paper."""
    config = result.config
    drawn, axes = figure(
        4, len(config.noises), width_in=7.2, height_in=5.0, sharex=True, sharey="row",
        height_ratios=(0.8, 1.0, 1.0, 1.0),
    )  # fmt: skip
    colors = {"L3": PALETTE[0], "L1": PALETTE[1], "L2": PALETTE[2]}
    for column, noise in enumerate(config.noises):
        for name, (dashes, _) in LOOK.items():
            world = result.worlds[name]
            units = [one.units[world.at(noise)] for one in world.learned]
            answers = [answer(unit, config) for unit in units]
            whole = slice(answers[0].whole_from, None)
            time = answers[0].time_s[whole]
            for row, cell in enumerate(colors, start=1):
                every = np.array([each.cells[row - 1, whole] for each in answers])
                ax = axes[row, column]
                ax.plot(time, every.mean(axis=0), color=colors[cell] if name == PHOTOGRAPHS else "black",
                        linestyle=dashes, linewidth=1.3 if dashes == "-" else 0.8, label=name)  # fmt: skip
                if len(every) > 1:
                    # the outline of a band is kept point by point in the file; every fifth is enough
                    ax.fill_between(
                        time[::5],
                        every.min(axis=0)[::5],
                        every.max(axis=0)[::5],
                        color=colors[cell],
                        alpha=0.2,
                        linewidth=0,
                    )
                mark_zero(ax)
            if name == PHOTOGRAPHS:
                axes[0, column].plot(time, answers[0].log_luminance[whole], color=GREY)
        axes[0, column].set_title(f"noise {noise:g}")
        axes[-1, column].set_xlabel("Time (s)")
    axes[0, 0].set_ylabel("Luminance\n(decades)")
    for row, cell in enumerate(colors, start=1):
        axes[row, 0].set_ylabel(f"{cell} (SD)")
        axes[row, 0].margins(x=0)
    axes[2, 0].legend(loc="upper right")
    label_panels(axes[:, 0])
    return drawn


def widening_figure(result: ScenesResult) -> Figure:
    """Draw how filters widen with noise, and why."""
    drawn, axes = figure(2, 3, width_in=7.4, height_in=4.6)
    _spectra(axes[0, 0], result)
    wide = {name: widening(result.worlds[name]) for name in LOOK}
    quantities = (
        (axes[0, 1], "first_lobe_ms", "First lobe (ms)"),
        (axes[1, 0], "centre_of_mass_ms", "Centre of mass (ms)"),
        (axes[1, 1], "lobes", "Number of lobes"),
    )
    for ax, quantity, label in quantities:
        for name in LOOK:
            _against_noise(ax, result.worlds[name], getattr(wide[name], quantity), name)
        ax.set_ylabel(label)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("Noise (SD of a row)")
    for unit in (0, 1):
        ideal = [
            first_lobe(each.filters[unit]) * MS_PER_S * result.config.dt_s for each in result.closed_form
        ]
        axes[0, 1].plot(result.config.levels, ideal, color="black", linestyle=":", linewidth=0.9, zorder=3,
                        label="closed form" if unit else "_")  # fmt: skip
    axes[0, 1].set_ylim(top=1.55 * axes[0, 1].get_ylim()[1])
    axes[0, 1].legend(loc="upper left", fontsize=6.5)
    _collapse(axes[0, 2], result)
    for name in LOOK:
        _against_noise(axes[1, 2], result.worlds[name], result.worlds[name].each("correlations"), name)
    world = result.worlds[PHOTOGRAPHS]
    for unit in (0, 1):
        held = world.each("held_out")[..., unit].mean(axis=0)
        axes[1, 2].plot(world.noises, held, linestyle="", marker="x", color="black", markersize=4.5,
                        label="other rows" if unit else "_")  # fmt: skip
    axes[1, 2].set_ylabel("Canonical correlation")
    axes[1, 2].set_xlabel("Noise (SD of a row)")
    axes[1, 2].set_ylim(0, 1.03)
    axes[1, 2].legend(handles=[axes[1, 2].lines[-1]], loc="lower left")
    label_panels(axes)
    return drawn


def controls_figure(result: ScenesResult) -> Figure:
    """Draw both filters of every world at the headline noise."""
    config = result.config
    drawn, axes = figure(1, 2, width_in=7.0, height_in=2.8, sharey=True)
    for unit, ax in enumerate(axes[0]):
        for color, (name, world) in enumerate(result.worlds.items()):
            every = _upright(world.each("filters")[:, world.at(config.headline), unit])
            mean = every.mean(axis=0)
            ax.plot(_lags(mean, config.dt_s), mean, color=PALETTE[color], label=name,
                    linestyle=("-", "--", "-.", ":")[color])  # fmt: skip
            ax.fill_between(_lags(mean, config.dt_s), every.min(axis=0), every.max(axis=0),
                            color=PALETTE[color], alpha=0.18, linewidth=0)  # fmt: skip
        mark_zero(ax)
        ax.set_title(UNITS[unit])
        ax.set_xlabel("Time before now (ms)")
    axes[0, 0].set_ylabel("Filter (unit length)")
    axes[0, 0].legend(loc="upper left")
    label_panels(axes)
    return drawn


def _trace(ax: Axes, split: Split, chosen: int, result: ScenesResult) -> None:
    config = result.config
    clean = scans([split], "test", config)[chosen]
    time = np.arange(len(clean)) * config.dt_s
    noise = config.noises[-1]
    noisy = add_noise([clean], noise, config.rng(0, 5))[0]
    ax.plot(time, noisy, color=PALE_NOISE, linewidth=0.6, label=f"with noise {noise:g}")
    ax.plot(time, clean, color=PALETTE[1], label="contrast")
    mark_zero(ax)
    ax.margins(x=0)
    ax.set_ylim(noisy.min() * 1.05, noisy.max() * 1.25)
    ax.set_xlabel(f"Time at {config.velocity_deg_per_s:g}°/s (s)")
    ax.set_ylabel("Contrast (SD)")


def _band(ax: Axes, filters: np.ndarray, unit: int, label: str, dt_s: float) -> None:
    every = _upright(filters)
    mean = every.mean(axis=0)
    lags = _lags(mean, dt_s)
    ax.plot(lags, mean, color=PALETTE[unit], label=label, linestyle=("-", "--")[unit])
    ax.fill_between(lags, every.min(axis=0), every.max(axis=0), color=PALETTE[unit], alpha=0.25, linewidth=0)


def _spectra(ax: Axes, result: ScenesResult) -> None:
    config = result.config
    for name, (dashes, _) in LOOK.items():
        world = result.worlds[name]
        frequencies = world.learned[0].frequencies / config.dt_s
        shown = (frequencies > 0) & (frequencies < 15)
        ax.plot(
            frequencies[shown],
            world.each("power").mean(axis=0)[shown],
            color=PALETTE[0] if name == PHOTOGRAPHS else "black",
            linestyle=dashes,
            linewidth=1.4 if name == PHOTOGRAPHS else 1.0,
            label=name,
        )
    world = result.worlds[PHOTOGRAPHS]
    for noise in config.noises:
        ax.axhline(noise**2, color=GREY, linewidth=0.7, linestyle=":")
        cut = world.each("cut_off_hz")[:, world.at(noise)].mean()
        ax.plot([cut], [noise**2], marker="o", color=PALETTE[1], linestyle="", zorder=3)
        ax.annotate(f"noise {noise:g}", (14.8, noise**2), xytext=(0, 2), textcoords="offset points",
                    ha="right", fontsize=6.5, color=GREY)  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(1e-6, 100)
    ax.set_xlim(0, 15)
    ax.set_xlabel("Frequency (Hz)")
    ax.set_ylabel("Power per sample")
    ax.legend(loc="upper right", fontsize=6.5)


def _against_noise(ax: Axes, world: World, values: np.ndarray, name: str) -> None:
    dashes, marker = LOOK[name]
    for unit in (0, 1):
        every = values[..., unit]
        ax.plot(world.noises, every.mean(axis=0), color=PALETTE[unit], linestyle=dashes, marker=marker,
                markersize=3.0, linewidth=1.1, label=f"unit {unit + 1}, {name}")  # fmt: skip
        ax.fill_between(world.noises, every.min(axis=0), every.max(axis=0), color=PALETTE[unit], alpha=0.15,
                        linewidth=0)  # fmt: skip
    ax.set_xscale("log")
    _log_ticks(ax.xaxis, world.config.noises)


def _log_ticks(axis: Axis, values: Sequence[float]) -> None:
    axis.set_ticks(values, labels=[f"{value:g}" for value in values])
    axis.set_minor_locator(NullLocator())


def _collapse(ax: Axes, result: ScenesResult) -> None:
    """Draw first lobes against the inverse cut-off, of everything that was scanned with blur."""
    worlds = {
        **{name: result.worlds[name] for name in (*LOOK, WHITE)},
        **{f"{velocity:g}°/s": world for velocity, world in result.velocities.items()},
    }
    for place, (name, world) in enumerate(worlds.items()):
        inverse_ms = MS_PER_S / world.each("cut_off_hz").mean(axis=0)
        lobes = widening(world).first_lobe_ms.mean(axis=0)
        for unit in (0, 1):
            ax.plot(inverse_ms, lobes[:, unit], linestyle="", marker="osv^Dp"[place % 6], markersize=3.5,
                    color=PALETTE[unit], markerfacecolor=PALETTE[unit] if place < 1 else "none",
                    label="_" if unit else name)  # fmt: skip
    low, high = ax.get_xlim()
    low = max(low, 50.0)
    for unit, product in enumerate(products(result.worlds[PHOTOGRAPHS]).mean(axis=0)):
        ax.plot([low, high], [product * low, product * high], color=PALETTE[unit], linewidth=0.7, zorder=1)
    ax.loglog()
    _log_ticks(ax.xaxis, (50, 100, 200, 400))
    _log_ticks(ax.yaxis, (5, 10, 20, 50, 100, 200))
    ax.set_ylim(4, 1500)
    ax.set_xlabel("1 / cut-off (ms)")
    ax.set_ylabel("First lobe (ms)")
    ax.legend(loc="upper left", fontsize=6.5, handletextpad=0.2)


def _shown(luminance: np.ndarray) -> np.ndarray:
    """Compress luminance for the eye of the reader, as screens do, with the brightest 1 % cut."""
    return np.clip(luminance / np.percentile(luminance, 99.0), 0.0, 1.0) ** (1 / 2.2)


def _upright(filters: np.ndarray) -> np.ndarray:
    """Give filters the sign under which their newest weight is positive."""
    return filters * np.where(filters[..., :1] < 0, -1.0, 1.0)


def _lags(weights: np.ndarray, dt_s: float) -> np.ndarray:
    return -np.arange(len(weights)) * dt_s * MS_PER_S


def _short(sigma: float) -> str:
    return f"{sigma:.3f}" if sigma < 0.9995 else f"{sigma:.5f}"
