"""Fig. 5B to D: responses of the paper's unit and of the chosen one, their weighted inputs, their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina.circuits import MotionDetector, detector_inputs
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.connectome import compare, connectome_weights, unit_length
from lamina.experiments.motion.detectors import weighted
from lamina.experiments.motion.mechanism import PLACES
from lamina.experiments.motion.run import MotionResult
from lamina.experiments.motion.stimuli import headline_pattern
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.plotting import PALETTE, figure, label_panels, plot_weights
from lamina.plotting.style import GREY, INK, mark_zero

PERIODS_SHOWN = 1.5
WAY_STYLES = (("preferred direction", PALETTE[0], "-"), ("null direction", PALETTE[1], "--"))
INPUT_STYLES = (("L3 left", PALETTE[2], "-"), ("L3 centre", PALETTE[3], "--"), ("L3 right", PALETTE[4], ":"))


@dataclass(frozen=True, eq=False)
class Shown:
    """A unit's weighted inputs ``(time, 6)`` in the preferred and the null direction, and the time."""

    time_s: np.ndarray
    inputs: tuple[np.ndarray, np.ndarray]

    @property
    def responses(self) -> np.ndarray:
        """Responses before rectification, ``(2, time)``."""
        return np.array([each.sum(axis=1) for each in self.inputs])


def show(detector: MotionDetector, config: MotionConfig) -> Shown:
    """Show a unit the ON/OFF pattern both ways."""
    pattern = headline_pattern(config)
    inputs = {
        way: weighted(detector, detector_inputs(detector.network, [pattern[way]])) for way in (RIGHT, LEFT)
    }
    period_s = config.wavelength_deg / config.velocity_deg_per_s
    count = min(round(PERIODS_SHOWN * period_s / config.dt_s), len(inputs[RIGHT]))
    chosen = tuple(inputs[way][:count] for way in (detector.preferred, -detector.preferred))
    return Shown(np.arange(count) * config.dt_s, (chosen[0], chosen[1]))


def responses_figure(result: MotionResult) -> Figure:
    """Draw the stimulus and the responses to it (Fig. 5B): the paper's unit, and the chosen one below."""
    config, first = result.config, result.repetitions[0]
    paper, own = first.papers["T4a"], first.cells["T4a"]
    units = [show(each, config) for each in (_first_direction(paper.detector), paper.detector)]
    chosen = show(own.detector, config)
    drawn, axes = figure(2, 3, width_in=8.6, height_in=4.6, sharex=True)
    _stimulus(axes[0, 0], config, len(chosen.time_s))
    panels = (
        (axes[0, 1], units[0], None, "1st direction, not rectified"),
        (axes[0, 2], units[1], None, "2nd direction, not rectified"),
        (axes[1, 0], units[1], paper.headline.null, "2nd direction"),
        (axes[1, 1], chosen, None, "chosen T4a, not rectified"),
        (axes[1, 2], chosen, own.headline.null, "chosen T4a"),
    )
    for ax, unit, threshold, title in panels:
        traces = unit.responses if threshold is None else np.maximum(unit.responses - threshold, 0)
        shown = title if threshold is None else f"{title}, threshold {threshold:.2f}"
        _ways(ax, unit.time_s, traces, shown)
    for ax in axes[1]:
        ax.set_xlabel("Time (s)")
    # what a threshold leaves is seen beside what there was
    for ax in (axes[1, 0], axes[1, 2]):
        ax.set_ylim(-0.1, max(axes[0, 2].get_ylim()[1], axes[1, 1].get_ylim()[1]))
    top = max(ax.get_ylim()[1] for ax in (axes[0, 1], axes[0, 2]))
    axes[0, 1].set_ylim(top=1.45 * top)
    axes[0, 1].legend(loc="upper right")
    label_panels(axes)
    return drawn


def inputs_figure(result: MotionResult) -> Figure:
    """Draw the weighted inputs of both units in either direction (Fig. 5C)."""
    config, first = result.config, result.repetitions[0]
    units = (("second direction", first.papers["T4a"]), ("chosen T4a", first.cells["T4a"]))
    drawn, axes = figure(2, 2, width_in=7.4, height_in=5.0, sharex=True, sharey="row")
    for row, (name, tested) in zip(axes, units, strict=True):
        shown = show(tested.detector, config)
        for ax, inputs, way in zip(row, shown.inputs, ("preferred", "null"), strict=True):
            for place, (label, color, line) in enumerate(INPUT_STYLES):
                ax.plot(shown.time_s, inputs[:, 2 * place + 1], color=color, linestyle=line, label=label)
            ax.plot(shown.time_s, inputs[:, 2], color=PALETTE[0], linestyle="-.", label="L1 centre")
            ax.plot(
                shown.time_s,
                inputs[:, [0, 4]].sum(axis=1),
                color=PALETTE[5],
                linestyle=(0, (1, 1)),
                label="L1 left + right",
            )
            ax.plot(shown.time_s, inputs.sum(axis=1), color=INK, linewidth=1.6, alpha=0.55, label="sum")
            mark_zero(ax)
            ax.margins(x=0)
            ax.set_title(f"{name}, {way} direction")
        row[0].set_ylabel("Weighted input (SD)")
    low, high = axes[0, 0].get_ylim()
    axes[0, 0].set_ylim(low, high + 0.45 * (high - low))
    axes[0, 0].legend(loc="upper center", ncols=3)
    for ax in axes[1]:
        ax.set_xlabel("Time (s)")
    label_panels(axes)
    return drawn


def weights_figure(result: MotionResult) -> Figure:
    """Draw the six weights of each unit beside the connectome's (Fig. 5D)."""
    repetitions = result.repetitions
    rows: list[tuple[str, list[np.ndarray], np.ndarray | None, str]] = [
        (
            f"second direction, {cell}",
            [r.papers[cell].detector.weights for r in repetitions],
            _reference(cell),
            "L1",
        )
        for cell in ("T4a", "T4b")
    ]
    rows += [
        (
            f"chosen {cell}",
            [r.cells[cell].detector.weights for r in repetitions],
            _reference(cell) if cell.startswith("T4") else None,
            "L1" if cell.startswith("T4") else "L2",
        )
        for cell in ("T4a", "T4b", "T5a", "T5b")
    ]
    drawn, axes = figure(3, 2, width_in=7.4, height_in=6.4, sharey=True)
    for at, (ax, (name, weights, reference, first)) in enumerate(zip(axes.flat, rows, strict=True)):
        relative = np.array([unit_length(each) for each in weights])
        plot_weights(relative, ax, reference=reference, labels=(first, "L3"))
        ax.set_title(name if reference is None else f"{name}: {_chance(relative, reference)}")
        ax.set_ylim(-1.1, 1.75 if at == 0 else 1.3)
        ax.get_legend().remove()
        if at % 2:
            ax.set_ylabel("")
    axes[0, 0].set_ylim(-1.1, 1.9)
    axes[0, 0].legend(loc="upper right", ncols=3)
    label_panels(axes)
    return drawn


def contributions_figure(result: MotionResult) -> Figure:
    """Draw the index with inputs silenced, and what each input adds to the difference of the directions."""
    units = (("second direction, T4a", "T4a, paper"), ("chosen T4a", "T4a"))
    drawn, axes = figure(2, 2, width_in=7.4, height_in=5.4, sharex="col")
    for row, (name, key) in zip(axes, units, strict=True):
        found = [r.studies[key].mechanism for r in result.repetitions]
        silenced = ["all L1", "all L3", *(f"{cell} {place}" for cell in ("L1", "L3") for place in PLACES)]
        index = np.array(
            [[each.intact.index, *(each.without[one].index for one in silenced)] for each in found]
        )
        _bars(row[0], ["none", *silenced], index, f"{name}: inputs silenced")
        shares = np.array([each.shares.ravel() for each in found])
        _bars(row[1], silenced[2:], shares, f"{name}: difference")
    axes[1, 0].set_xlabel("Direction selectivity index")
    axes[1, 1].set_xlabel("Weighted input, preferred − null (SD)")
    axes[0, 0].set_xlim(-0.1, 1.0)
    label_panels(axes)
    return drawn


def _first_direction(detector: MotionDetector) -> MotionDetector:
    """Return the first direction of the same network; whitening has given it a training response of 1."""
    return replace(detector, output=0, scale=1.0)


def _stimulus(ax: Axes, config: MotionConfig, count: int) -> None:
    pattern = headline_pattern(config)[RIGHT][config.memory - 1 :][:count]
    time = np.arange(count) * config.dt_s
    for place, (name, line) in enumerate((("left", "-"), ("centre", "--"), ("right", ":"))):
        ax.plot(time, pattern[:, place], color=GREY if place else INK, linestyle=line, label=name)
    mark_zero(ax)
    ax.margins(x=0)
    ax.set_ylim(-1.2, 2.1)
    ax.legend(loc="upper right", ncols=3)
    ax.set_ylabel("Contrast")
    ax.set_title("three pixels, moving right")


def _ways(ax: Axes, time: np.ndarray, traces: np.ndarray, title: str) -> None:
    for trace, (label, color, line) in zip(traces, WAY_STYLES, strict=True):
        ax.plot(time, trace, color=color, linestyle=line, label=label)
    mark_zero(ax)
    ax.margins(x=0)
    ax.set_ylabel("Response (SD)")
    ax.set_title(title)


def _reference(cell: str) -> np.ndarray:
    # a T4b looks the other way: left for right
    return connectome_weights() if cell == "T4a" else connectome_weights()[:, ::-1]


def _chance(weights: np.ndarray, reference: np.ndarray) -> str:
    found = compare(weights.mean(axis=0), reference)
    return f"r = {found.correlation:.2f}, p = {found.p_either_sign:.3f}"


def _bars(ax: Axes, names: Sequence[str], values: np.ndarray, title: str) -> None:
    at = np.arange(len(names))
    ax.barh(at, values.mean(axis=0), 0.7, color=PALETTE[0])
    ax.hlines(at, values.min(axis=0), values.max(axis=0), color=INK, linewidth=0.8)
    ax.axvline(0.0, color=INK, linewidth=0.6)
    ax.set_yticks(at, labels=names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_title(title)
