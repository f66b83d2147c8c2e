"""The numbers of the experiment on motion in two dimensions, as JSON and as claims."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.circuits import direction_selectivity_index
from lamina.experiments.claims import Claim, at_least, at_most, reported
from lamina.experiments.motion_2d.config import CELLS, FIELD_ERROR_DEG, INDEX, LEAST_REPETITIONS, WITHIN_DEG
from lamina.experiments.motion_2d.detectors import HEADLINE, OTHER_HALF, Detector, sector_angles
from lamina.experiments.motion_2d.run import CONTROLS, Motion2DResult
from lamina.experiments.motion_2d.tuning import Tuning, difference, measure

_ISSUE = "Issue"
_OWN = "beyond the paper"


def tunings(result: Motion2DResult, cell: str, pattern: str = HEADLINE) -> list[Tuning]:
    """Return the tuning of one cell to a pattern, in every repetition."""
    return [each.cells[cell].tuning(result.config, pattern) for each in result.repetitions]


def deviations(result: Motion2DResult, cell: str) -> np.ndarray:
    """Return how far the preferred direction is from the cardinal one in every repetition, in degrees."""
    return np.array([float(difference(each.preferred_deg, CELLS[cell])) for each in tunings(result, cell)])


def indices(result: Motion2DResult, cell: str, pattern: str = HEADLINE) -> np.ndarray:
    """Return the direction selectivity index of one cell in every repetition."""
    return np.array([each.index for each in tunings(result, cell, pattern)])


def held_out_tunings(result: Motion2DResult, cell: str) -> list[Tuning]:
    """Return the tuning of one cell to scenes that it did not learn from, in every repetition."""
    return [measure(sector_angles(), each.cells[cell].held_out) for each in result.repetitions]


def control_indices(result: Motion2DResult, control: str) -> np.ndarray:
    """Return the index of every detector of a control, ``(repetitions, 4)``."""
    return np.array(
        [
            [cell.tuning(result.config).index for cell in each.controls[control].values()]
            for each in result.repetitions
        ]
    )


def control_deviations(result: Motion2DResult, control: str) -> np.ndarray:
    """Return how far detectors of a control are from the nearest cardinal direction, in degrees."""
    preferred = np.array(
        [
            [cell.tuning(result.config).preferred_deg for cell in each.controls[control].values()]
            for each in result.repetitions
        ]
    )
    return np.abs(difference(4 * preferred, 0.0)) / 4


def edge_contrasts(result: Motion2DResult) -> np.ndarray:
    """Return (ON - OFF) / (ON + OFF) of the largest responses to edges, ``(repetitions, 4)``."""
    on, off = (
        np.array([[cell.curves[edge].max() for cell in each.cells.values()] for each in result.repetitions])
        for edge in ("ON edge", "OFF edge")
    )
    return direction_selectivity_index(on, off)


def axes_deviations(ways: np.ndarray) -> np.ndarray:
    """Return the angles between directions of groups and the nearest cardinal ones, in degrees."""
    return np.abs(difference(4 * np.rad2deg(np.angle(ways)), 0.0)) / 4


def metrics(result: Motion2DResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Settings, and for every repetition detectors, groups, controls and errors of local motion.
    """
    return {
        "config": asdict(result.config),
        "repetitions": [
            {
                "cells": {name: _cell(result, each) for name, each in repetition.cells.items()},
                "controls": {
                    control: {name: _cell(result, each) for name, each in cells.items()}
                    for control, cells in repetition.controls.items()
                },
                "groups": _ways(repetition.groups),
                "groups_on_dead_leaves": _ways(repetition.leaves),
                "groups_on_shuffled_frames": _ways(repetition.shuffled),
                "share_of_windows": repetition.shares.tolist(),
                "share_by_direction": repetition.by_direction.tolist(),
                "rounds": repetition.rounds,
                "local_motion_median_error_deg": float(np.median(repetition.field_errors_deg)),
                "disc_median_error_deg": float(np.median(repetition.disc_errors_deg)),
            }
            for repetition in result.repetitions
        ],
    }


def claims(result: Motion2DResult) -> list[Claim]:
    """Set the numbers to reach beside those found.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    list[Claim]
        Preferred directions and indices of the four cells, what sets the axes, local motion, controls.
    """
    found: list[Claim] = []
    for cell, angle in CELLS.items():
        off = deviations(result, cell)
        found.append(
            at_most(
                _ISSUE,
                f"{cell}: preferred direction, distance from {angle:g}°, mean over repetitions",
                WITHIN_DEG,
                float(np.abs(off).mean()),
                spread=f"° (from {off.min():+.1f}° to {off.max():+.1f}°)",
                digits=1,
                why="" if np.abs(off).mean() <= WITHIN_DEG else _why_off(result, cell),
            )
        )
    for cell in CELLS:
        index = indices(result, cell)
        found.append(
            at_least(
                _ISSUE,
                f"{cell}: index on the ON/OFF pattern, mean over repetitions",
                INDEX,
                float(index.mean()),
                spread=f" ± {index.std():.3f}{_responses(result, cell)}",
                why="" if index.mean() >= INDEX else _why_low(result, cell),
            )
        )
    found = [_if_a_mean(result, claim) for claim in found]
    found += [
        reported(
            _ISSUE, f"{cell}: half-width of the tuning curve at half its maximum", _half_width(result, cell)
        )
        for cell in CELLS
    ]
    found += [
        _within_claim(result),
        _other_half_claim(result),
        _polarity_claim(result),
        _held_out_claim(result),
        *_axes_claims(result),
        *_local_claims(result),
        *_control_claims(result),
    ]
    return found


def _if_a_mean(result: Motion2DResult, claim: Claim) -> Claim:
    """Judge a mean over repetitions only where there are enough of them."""
    if len(result.repetitions) >= LEAST_REPETITIONS:
        return claim
    why = f"{claim.bar} is asked of a mean over {LEAST_REPETITIONS} repetitions or more. {claim.why}"
    return claim._replace(bar="", holds=None, why=why.strip())


def _other_half_claim(result: Motion2DResult) -> Claim:
    index = np.mean([indices(result, cell, OTHER_HALF) for cell in CELLS], axis=0)
    off = [
        abs(float(difference(each.preferred_deg, angle)))
        for cell, angle in CELLS.items()
        for each in tunings(result, cell, OTHER_HALF)
    ]
    return reported(
        _OWN,
        "T5a to d, the other halves: mean index, and distance from their directions",
        f"{index.mean():.3f} ± {index.std():.3f}, {np.mean(off):.1f}°",
    )


def _polarity_claim(result: Motion2DResult) -> Claim:
    contrast = edge_contrasts(result)
    return reported(
        _OWN,
        "T4a to d answer ON edges: (ON − OFF) / (ON + OFF), mean",
        f"{contrast.mean():.2f} (least {contrast.min():.2f})",
    )


def _within_claim(result: Motion2DResult) -> Claim:
    off = np.abs([deviations(result, cell) for cell in CELLS])
    return reported(
        _OWN,
        f"single detectors that prefer a direction within {WITHIN_DEG:g}° of the cardinal one",
        f"{np.sum(off <= WITHIN_DEG)} of {off.size} (the furthest: {off.max():.0f}°)",
    )


def _held_out_claim(result: Motion2DResult) -> Claim:
    index = np.array([[each.index for each in held_out_tunings(result, cell)] for cell in CELLS])
    return reported(
        _ISSUE,
        "index on scenes not learned from, mean over the four cells",
        f"{index.mean():.3f} ± {index.mean(axis=0).std():.3f}",
    )


def _axes_claims(result: Motion2DResult) -> list[Claim]:
    groups = np.array([each.groups for each in result.repetitions])
    leaves = np.array([each.leaves for each in result.repetitions])
    return [
        reported(
            _OWN,
            "groups that nobody told directions: distance of their mean directions from the axes",
            f"{axes_deviations(groups).mean():.1f}° (at most {axes_deviations(groups).max():.1f}°)",
        ),
        reported(
            _OWN,
            f"repetitions in which all four groups lie within {WITHIN_DEG:g}° of the axes",
            f"{np.sum(axes_deviations(groups).max(axis=1) <= WITHIN_DEG)} of {len(groups)}, "
            f"on dead leaves {np.sum(axes_deviations(leaves).max(axis=1) <= WITHIN_DEG)} of {len(leaves)}",
        ),
        reported(
            _OWN,
            "the same distance on dead leaves, where only the lattice has axes",
            f"{axes_deviations(leaves).mean():.1f}° (at most {axes_deviations(leaves).max():.1f}°)",
        ),
    ]


def _local_claims(result: Motion2DResult) -> list[Claim]:
    errors = np.array([np.median(each.field_errors_deg) for each in result.repetitions])
    disc = np.array([np.median(each.disc_errors_deg) for each in result.repetitions])
    held = errors.mean() <= FIELD_ERROR_DEG
    return [
        at_most(
            _OWN,
            "local motion on unseen scenes: median angular error (guessing: 90°)",
            FIELD_ERROR_DEG,
            float(errors.mean()),
            spread=f"° ± {errors.std():.1f}°",
            digits=1,
            why=""
            if held
            else "Every position counts, also where the scene is uniform or has one edge only. An edge tells "
            "nothing of motion along it, and four rectified units do not put neighbours together.",
        ),
        reported(
            _OWN,
            "the same for a disc and its background that move opposite ways",
            f"{disc.mean():.1f}° ± {disc.std():.1f}°",
        ),
    ]


def _control_claims(result: Motion2DResult) -> list[Claim]:
    ours = np.mean([indices(result, cell) for cell in CELLS])
    texts = {
        "told": "groups by the true direction, mean index of the four",
        "one group": "one group for all directions, mean index of the best units",
        "random": "random weights in layer 2, mean index of the best units",
        "shuffled": "groups learned from frames in random order, mean index of the best units",
    }
    found = []
    for control in CONTROLS:
        index, off = control_indices(result, control), control_deviations(result, control)
        ours_and_more = f"{index.mean():.3f}, {off.mean():.0f}° off the axes (ours: {ours:.3f})"
        found.append(reported(_OWN, texts[control], ours_and_more))
    return found


def _half_width(result: Motion2DResult, cell: str) -> str:
    widths = np.array([each.half_width_deg for each in tunings(result, cell)])
    sine = np.array([each.half_width_deg for each in tunings(result, cell, "sine grating")])
    return (
        f"{widths.mean():.0f}° ± {widths.std():.0f}° (sine grating: {sine.mean():.0f}° ± {sine.std():.0f}°)"
    )


def _responses(result: Motion2DResult, cell: str) -> str:
    """Return the responses behind an index, since it can be a ratio of two small numbers."""
    found = tunings(result, cell)
    preferred = np.mean([each.peak for each in found])
    null = np.mean([each.peak * (1 - each.index) / (1 + each.index) for each in found])
    return f" ({preferred:.1f} and {null:.1f} SD)"


def _why_off(result: Motion2DResult, cell: str) -> str:
    training = [
        float(difference(each.cells[cell].training.preferred_deg, CELLS[cell])) for each in result.repetitions
    ]
    groups = axes_deviations(np.array([each.groups for each in result.repetitions]))
    group = groups[:, list(CELLS).index(cell)].mean()
    return (
        f"On the scenes that it learned from, the preferred direction is {np.mean(training):+.1f}° off, and "
        f"what its group has won lies {group:.1f}° from the axis: two photographs are few, and their edges "
        "are not the same in all orientations. Left and right are mirror images in training, up and down are "
        "not."
    )


def _why_low(result: Motion2DResult, cell: str) -> str:
    training = np.mean([each.cells[cell].training.index for each in result.repetitions])
    told = np.mean([each.controls["told"][cell].tuning(result.config).index for each in result.repetitions])
    return (
        f"Its index on the scenes that it learned from is {training:.2f}; a group that is told the direction "
        f"gives {told:.2f} on the pattern. The rule looks at scenes only, and a pattern of straight edges is "
        "another stimulus."
    )


def _cell(result: Motion2DResult, cell: Detector) -> dict[str, Any]:
    def numbers(tuning: Tuning) -> dict[str, float | None]:
        return {name: None if np.isnan(value) else float(value) for name, value in asdict(tuning).items()}

    held_out = {}
    if len(cell.held_out):
        held_out = {
            "held_out": numbers(measure(sector_angles(), cell.held_out)),
            "held_out_curve": cell.held_out.tolist(),
        }
    return {
        "direction": cell.direction,
        "group_deg": float(cell.group_deg),
        "weights": cell.weights.tolist(),
        "on_rule": cell.on_rule,
        "training": numbers(cell.training),
        "patterns": {name: numbers(cell.tuning(result.config, name)) for name in cell.curves},
        "curves": {name: curve.tolist() for name, curve in cell.curves.items()},
        **held_out,
    }


def _ways(ways: np.ndarray) -> list[dict[str, float]]:
    return [
        {"direction_deg": float(np.rad2deg(np.angle(way)) % 360.0), "length": float(abs(way))} for way in ways
    ]
