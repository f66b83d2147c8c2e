"""The figures of the motion report, composed from `lamina.plotting`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from lamina.experiments.motion.config import EXPECTED
from lamina.experiments.motion.figures_circuit import (
    contributions_figure,
    inputs_figure,
    responses_figure,
    weights_figure,
)
from lamina.experiments.motion.figures_robustness import controls_figure, robustness_figure
from lamina.experiments.motion.figures_tuning import speeds_figure, thresholds_figure, tuning_figure
from lamina.experiments.motion.run import MotionResult
from lamina.experiments.motion.stimuli import headline_pattern
from lamina.experiments.motion.summary import ALL_CELLS, DETECTORS, second_indices
from lamina.experiments.natural_scenes import RIGHT, move
from lamina.plotting import (
    figure,
    label_panels,
    plot_canonical_correlations,
    plot_filters,
    plot_movie,
    plot_responses_by_stimulus,
    plot_scene,
    plot_selectivity,
    plot_step_response,
    plot_traces,
    save_figure,
    style,
)
from lamina.simulate import luminance_staircase

CELL_NAMES = ("L3", "L1", "L2")


def draw_figures(result: MotionResult, folder: Path) -> dict[str, Path]:
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
        "overview": overview_figure,
        "scenes": scenes_figure,
        "layer1": layer1_figure,
        "responses": responses_figure,
        "inputs": inputs_figure,
        "weights": weights_figure,
        "contributions": contributions_figure,
        "selectivity": selectivity_figure,
        "stimuli": stimuli_figure,
        "tuning": tuning_figure,
        "speeds": speeds_figure,
        "thresholds": thresholds_figure,
        "robustness": lambda result: robustness_figure(result.scrutiny),
        "controls": lambda result: controls_figure(result.scrutiny),
    }
    with style():
        return {name: save_figure(draw(result), folder, name)[1] for name, draw in drawers.items()}


def overview_figure(result: MotionResult) -> Figure:
    """Draw the whole in one picture: what is seen, what both layers learn, and the controls."""
    config, first = result.config, result.repetitions[0]
    drawn, axes = figure(2, 2, width_in=8.6, height_in=5.4)
    movie = move([first.splits[0]], "test", RIGHT, config, config.noise, config.rng(0, 4))[0]
    plot_movie(movie, axes[0, 0], dt_s=config.dt_s, spacing_deg=config.spacing_deg, label="Contrast (SD)")
    axes[0, 0].set_title("three photoreceptors see a photograph drift by")
    plot_filters(first.layer1.unit, axes[0, 1], labels=("unit 1: L3", "unit 2: L1, L2"))
    axes[0, 1].set_title("layer 1: filters that predict its future")
    detector = first.cells["T4a"].detector
    pattern = headline_pattern(config)
    traces = np.array([detector.respond(pattern[side * detector.preferred]) for side in (1, -1)])
    time = np.arange(traces.shape[1]) * config.dt_s
    plot_traces(time, traces, axes[1, 0], labels=("preferred direction", "null direction"))
    axes[1, 0].set_ylim(top=1.5 * traces.max())
    axes[1, 0].legend(loc="upper right")
    axes[1, 0].set_title("layer 2: T4a, shown moving edges")
    groups = {cell: result.each(cell, "index") for cell in DETECTORS}
    groups["shuffled"] = np.array([value for r in result.repetitions for value in r.shuffled.values()])
    plot_selectivity(groups, axes[1, 1], null=result.untrained)
    label_panels(axes)
    return drawn


def scenes_figure(result: MotionResult) -> Figure:
    """Draw what is scanned: a photograph, its contrast, and a row of it as three photoreceptors see it."""
    split = result.repetitions[0].splits[0]
    photograph = split.scene.photograph
    rng = result.config.rng(0, 4)
    row = len(split.test) // 2
    drawn, axes = figure(1, 3, width_in=10.0, height_in=2.6)
    marked = (split.test_band[0], split.test_band[1] - 1)
    plot_scene(photograph.luminance, axes[0, 0], degrees_per_pixel=photograph.degrees_per_pixel, rows=marked)
    axes[0, 0].set_title(f"{photograph.name}: luminance")
    plot_scene(
        split.scene.contrast, axes[0, 1], degrees_per_pixel=photograph.degrees_per_pixel, kind="contrast"
    )
    axes[0, 1].set_title("local contrast")
    movie = move([split], "test", RIGHT, result.config, result.config.noise, rng)[row]
    plot_movie(
        movie,
        axes[0, 2],
        dt_s=result.config.dt_s,
        spacing_deg=result.config.spacing_deg,
        label="Contrast (SD)",
    )
    axes[0, 2].set_title("one row, moving right")
    label_panels(axes)
    return drawn


def layer1_figure(result: MotionResult) -> Figure:
    """Draw the filters of layer 1, its correlations, and its response to a luminance staircase."""
    config = result.config
    unit = result.repetitions[0].layer1.unit
    drawn, axes = figure(1, 3, width_in=10.0, height_in=2.8)
    plot_filters(unit, axes[0, 0], labels=("unit 1: L3", "unit 2: L1, L2"))
    plot_canonical_correlations(
        np.array([r.layer1.unit.canonical_correlations_ for r in result.repetitions]),
        axes[0, 1],
        held_out=np.array([r.layer1.held_out for r in result.repetitions]),
    )
    stairs = luminance_staircase(
        config.dt_s, velocity_deg_per_s=config.velocity_deg_per_s, acceptance_deg=config.acceptance_deg
    )
    time = np.arange(len(stairs)) * config.dt_s
    shown = (stairs - stairs.mean()) / stairs.std()
    outputs = np.asarray(unit.transform(shown)).T
    outputs[2] *= -1
    whole = slice(unit.valid_from_, None)
    plot_step_response(
        time[whole],
        stairs[whole],
        outputs[:, whole],
        axes[0, 2],
        labels=("L3", "L1 (ON)", "L2 (OFF), negated"),
    )
    label_panels(axes)
    return drawn


def selectivity_figure(result: MotionResult) -> Figure:
    """Draw the index of every repetition beside the controls."""
    repetitions = result.repetitions
    groups = {cell: result.each(cell, "index") for cell in ALL_CELLS}
    groups["shuffled frames"] = np.array([value for r in repetitions for value in r.shuffled.values()])
    groups["paper's second direction"] = second_indices(result)
    drawn, axes = figure(1, 1, width_in=6.4, height_in=3.2)
    plot_selectivity(groups, axes[0, 0], null=result.untrained, level=EXPECTED["index"].limit)
    return drawn


def stimuli_figure(result: MotionResult) -> Figure:
    """Draw the responses of T4a and T5a to every test pattern."""
    drawn, axes = figure(1, 2, width_in=10.0, height_in=4.0, sharey=True)
    for ax, cell in zip(axes[0], ("T4a", "T5a"), strict=True):
        names = list(result.repetitions[0].cells[cell].responses)
        peaks = np.array(
            [
                [
                    [r.cells[cell].responses[name].preferred, r.cells[cell].responses[name].null]
                    for name in names
                ]
                for r in result.repetitions
            ]
        )
        plot_responses_by_stimulus(names, peaks[:, :, 0], peaks[:, :, 1], ax)
        ax.set_title(cell, loc="left")
    label_panels(axes)
    return drawn
