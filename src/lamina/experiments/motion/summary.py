"""The numbers of the motion experiment, as JSON and as a short table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.motion import scrutiny_metrics
from lamina.experiments.motion.config import EXPECTED, PAPER_INDEX
from lamina.experiments.motion.connectome import connectome_weights, unit_length
from lamina.experiments.motion.detectors import CELLS
from lamina.experiments.motion.run import MotionResult
from lamina.experiments.motion.unit_metrics import WAYS, likeness_metrics, unit_metrics
from lamina.experiments.registry import Row

PERCENTILE = 99.0
DETECTORS = ("T4a", "T4b")
ALL_CELLS = ("T4a", "T4b", "T5a", "T5b")
TRAINED_ON = {cell: way for cell, _, way in CELLS}


def mean_weights(result: MotionResult, cell: str) -> np.ndarray:
    """Mean over repetitions of a detector's relative weights, ``(2, 3)``: L1 (or L2), L3; left to right."""
    return unit_length(
        np.mean([unit_length(r.cells[cell].detector.weights) for r in result.repetitions], axis=0)
    )


def paper_weights(result: MotionResult, cell: str = "T4a") -> np.ndarray:
    """Mean relative weights of the paper's T4, the second direction with the paper's settings, ``(2, 3)``.

    A canonical direction has no sign of its own; it is given the one under which L1 of the centre excites it.
    """
    weights = [unit_length(r.papers[cell].detector.weights) for r in result.repetitions]
    return unit_length(np.mean(weights, axis=0))


def second_indices(result: MotionResult, cell: str | None = None) -> np.ndarray:
    """Return the indices of the paper's units on the ON/OFF pattern, positive for the motion trained on.

    Repetition by repetition; T4a and T4b each, or one of them.
    """
    return np.array(
        [
            r.papers[each].headline.index * r.papers[each].detector.preferred * TRAINED_ON[each]
            for r in result.repetitions
            for each in (DETECTORS if cell is None else (cell,))
        ]
    )


def likenesses(result: MotionResult) -> dict[str, list[np.ndarray]]:
    """Collect the weights that are compared with the connectome's onto T4a, of every repetition.

    A T4b looks the other way, so that its weights are mirrored, left for right. The chosen units prefer the
    motion that they were not trained on; hence they are compared both ways.
    """
    repetitions = result.repetitions
    second = {cell: [r.papers[cell].detector.weights for r in repetitions] for cell in DETECTORS}
    chosen = {cell: [r.cells[cell].detector.weights for r in repetitions] for cell in DETECTORS}
    return {
        "second direction, T4a": second["T4a"],
        "second direction, T4b mirrored": [weights[:, ::-1] for weights in second["T4b"]],
        "chosen T4a": chosen["T4a"],
        "chosen T4b mirrored": [weights[:, ::-1] for weights in chosen["T4b"]],
        "chosen T4a mirrored": [weights[:, ::-1] for weights in chosen["T4a"]],
        "chosen T4b": chosen["T4b"],
    }


def cosines(weights: np.ndarray) -> np.ndarray:
    """Cosine with the connectome's weights for each cell type, ``(2,)``: L1, L3."""
    return (unit_length(weights) * connectome_weights()).sum(axis=1)


def held_out(result: MotionResult) -> np.ndarray:
    """Return the correlations of layer 1 on rows not trained on, ``(2,)``, mean over repetitions."""
    return np.array([r.layer1.held_out for r in result.repetitions]).mean(axis=0)


def untrained_limit(result: MotionResult) -> float:
    """Return the 99th percentile of the untrained networks' indices."""
    return float(np.percentile(result.untrained, PERCENTILE))


def metrics(result: MotionResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    Settings, scenes, and for each repetition and each choice what was measured.
    """
    repetitions = result.repetitions
    return {
        "config": asdict(result.config),
        "scenes": [
            {
                "name": scene.photograph.name,
                "source": scene.photograph.source,
                "rows": scene.contrast.shape[0],
                "columns": scene.contrast.shape[1],
                "degrees_per_pixel": scene.photograph.degrees_per_pixel,
            }
            for scene in result.scenes
        ],
        "layer1": {
            "noise": result.config.layer1_noise,
            "canonical_correlations": [r.layer1.unit.canonical_correlations_.tolist() for r in repetitions],
            "held_out_correlations": [r.layer1.held_out.tolist() for r in repetitions],
            "plateau_shares": [r.layer1.plateau for r in repetitions],
        },
        "cells": {
            cell: unit_metrics([r.cells[cell] for r in repetitions], [r.studies[cell] for r in repetitions])
            for cell in ALL_CELLS
        },
        "paper_units": {
            cell: unit_metrics(
                [r.papers[cell] for r in repetitions], [r.studies[f"{cell}, paper"] for r in repetitions]
            )
            for cell in DETECTORS
        },
        "connectome": {name: likeness_metrics(each) for name, each in likenesses(result).items()},
        "controls": {
            "untrained_index": result.untrained.tolist(),
            "untrained_99th_percentile": untrained_limit(result),
            "shuffled_index": {cell: [r.shuffled[cell] for r in repetitions] for cell in DETECTORS},
        },
        "connectome_cosine": _by_input(cosines(mean_weights(result, "T4a"))),
        "paper_second_direction_weights": paper_weights(result).tolist(),
        "paper_second_direction_connectome_cosine": _by_input(cosines(paper_weights(result))),
        "choices": [asdict(choice) for choice in result.choices],
        "scrutiny": scrutiny_metrics.metrics(result.scrutiny),
    }


def table(result: MotionResult) -> list[tuple[str, list[Row]]]:
    """Set the numbers beside those to reach, short enough for a terminal.

    Parameters
    ----------
    result
        A run. Only one on the bundled photographs is checked: elsewhere nothing is promised.

    Returns
    -------
    Groups of rows.
    """
    sigma = held_out(result)
    shares = {
        cell: float(np.mean([r.layer1.plateau[cell] for r in result.repetitions]))
        for cell in ("L3", "L1", "L2")
    }
    unit_2 = np.mean([r.layer1.plateau["unit 2"] for r in result.repetitions])
    layer1 = [
        _checked(result, "σ₁, rows not trained on", "sigma_1", float(sigma[0])),
        _checked(result, "σ₂, rows not trained on", "sigma_2", float(sigma[1])),
        *(
            _checked(result, f"{cell}: share of a step's peak left", f"{cell}_plateau", share)
            for cell, share in shares.items()
        ),
        Row("the same before rectification (L1, L2)", f"{unit_2:.3f}", "", None),
    ]
    groups = [(f"Layer 1, noise {result.config.layer1_noise:g}", layer1)]
    limit = untrained_limit(result)
    for cell in DETECTORS:
        index = result.each(cell, "index")
        prefers = [r.cells[cell].detector.preferred for r in result.repetitions]
        rows = [
            _checked(
                result, "direction selectivity index", "index", float(index.mean()), f" ± {index.std():.2f}"
            ),
            Row(
                "lowest over seeds",
                f"{index.min():.3f}",
                _goal(result, "> 0"),
                _ok(result, bool(index.min() > 0)),
            ),
            _checked(
                result,
                "null direction, response in SD",
                "null_response",
                float(result.each(cell, "null").mean()),
            ),
            Row("preferred direction, in SD", f"{result.each(cell, 'preferred').mean():.2f}", "", None),
            Row(
                "prefers, in all seeds",
                WAYS[prefers[0]] if len(set(prefers)) == 1 else "not the same",
                _goal(result, "one way"),
                _ok(result, len(set(prefers)) == 1),
            ),
        ]
        edges = {
            name: np.mean([r.cells[cell].responses[f"{name} edge"].preferred for r in result.repetitions])
            for name in ("ON", "OFF")
        }
        rows.append(Row("answers", f"{max(edges, key=lambda name: edges[name])} edges", "", None))
        way = {"T4a": "right", "T4b": "left"}[cell]
        groups.append((f"{cell}, trained on motion to the {way}", rows))
    first = [result.repetitions[0].cells[cell].detector.preferred for cell in DETECTORS]
    lowest = min(float(result.each(cell, "index").mean()) for cell in DETECTORS)
    shuffled = np.mean([list(r.shuffled.values()) for r in result.repetitions])
    paper = second_indices(result).mean()
    groups.append(
        (
            "Controls, chosen by the same rule",
            [
                Row(
                    "T4a and T4b prefer opposite ways",
                    _yes(first[0] != first[1]),
                    _goal(result, "yes"),
                    _ok(result, first[0] != first[1]),
                ),
                Row(
                    f"{len(result.untrained)} untrained, 99th percentile",
                    f"{limit:.3f}",
                    _goal(result, f"< {lowest:.3f}"),
                    _ok(result, limit < lowest),
                ),
                Row("trained on shuffled frames", f"{shuffled:.3f}", "", None),
                Row("the paper's second direction", f"{paper:.3f}", f"{PAPER_INDEX:g} (its figure)", None),
            ],
        )
    )
    ours, theirs = mean_weights(result, "T4a"), connectome_weights()
    groups.append(
        (
            "T4a weights (left, centre, right); the connectome's",
            [
                Row(f"from {cell}", _triple(ours[row]), f"{_triple(theirs[row])}", None)
                for row, cell in enumerate(("L1", "L3"))
            ],
        )
    )
    return groups


def _checked(result: MotionResult, label: str, name: str, value: float, spread: str = "") -> Row:
    bar = EXPECTED[name]
    return Row(label, f"{value:.3f}{spread}", _goal(result, str(bar)), _ok(result, bar.passes(value)))


def _goal(result: MotionResult, goal: str) -> str:
    # what the bundled photographs are held to is no goal for other images
    return goal if result.bundled else ""


def _ok(result: MotionResult, passes: bool) -> bool | None:
    return passes if result.bundled else None


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _by_input(values: np.ndarray) -> dict[str, float]:
    return dict(zip(("L1", "L3"), values.tolist(), strict=True))


def _triple(values: np.ndarray) -> str:
    return " ".join(f"{value:+.2f}" for value in values)
