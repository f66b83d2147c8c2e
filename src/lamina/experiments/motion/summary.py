"""The numbers of the motion experiment, as JSON and as a short table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.circuits.detector import second_layer
from lamina.experiments.claims import Claim, at_least
from lamina.experiments.motion.config import CONNECTOME, EXPECTED, PAPER_INDEX
from lamina.experiments.motion.detectors import PAPER_DIRECTION
from lamina.experiments.motion.run import MotionResult
from lamina.experiments.registry import Row

PERCENTILE = 99.0
DETECTORS = ("T4a", "T4b")
ALL_CELLS = ("T4a", "T4b", "T5a", "T5b")
WAYS = {1: "right", -1: "left"}


def unit_length(weights: np.ndarray) -> np.ndarray:
    """Scale the weights of each cell type, ``(..., 3)``, to length 1: only relative weights compare."""
    return weights / np.linalg.norm(weights, axis=-1, keepdims=True)


def mean_weights(result: MotionResult, cell: str) -> np.ndarray:
    """Mean over repetitions of a detector's relative weights, ``(2, 3)``: L1 (or L2), L3; left to right."""
    return unit_length(
        np.mean([unit_length(r.cells[cell].detector.weights) for r in result.repetitions], axis=0)
    )


def connectome_weights() -> np.ndarray:
    """Return the connectome's relative weights, ``(2, 3)``."""
    return unit_length(np.array([CONNECTOME["L1"], CONNECTOME["L3"]]))


def paper_weights(result: MotionResult) -> np.ndarray:
    """Mean relative weights of the paper's T4, the second direction of T4a's network, ``(2, 3)``.

    A canonical direction has no sign of its own; it is given the one under which L1 excites the unit.
    """
    filters = [
        second_layer(r.cells["T4a"].detector.network)[0][PAPER_DIRECTION].reshape(-1, 2).T
        for r in result.repetitions
    ]
    return unit_length(
        np.mean([unit_length(weights * np.sign(weights[0].sum())) for weights in filters], axis=0)
    )


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
    weights = {cell: mean_weights(result, cell) for cell in ALL_CELLS}
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
            cell: {
                "index": result.each(cell, "index").tolist(),
                "preferred_response_sd": result.each(cell, "preferred").tolist(),
                "null_response_sd": result.each(cell, "null").tolist(),
                "prefers": [WAYS[r.cells[cell].detector.preferred] for r in repetitions],
                "training_index": [r.cells[cell].detector.training_index for r in repetitions],
                "direction": [r.cells[cell].detector.direction + 1 for r in repetitions],
                "half": ["positive" if r.cells[cell].detector.sign > 0 else "negative" for r in repetitions],
                "held_out_scenes_index": [r.cells[cell].held_out.index for r in repetitions],
                "held_out_scenes_null_sd": [r.cells[cell].held_out.null for r in repetitions],
                "paper_second_direction_index": [r.cells[cell].paper for r in repetitions],
                "layer2_canonical_correlations": [
                    r.cells[cell].detector.network.layers_[1].canonical_correlations_.tolist()
                    for r in repetitions
                ],
                "every_direction_index": [r.cells[cell].directions.tolist() for r in repetitions],
                "weights": weights[cell].tolist(),
                "responses_sd": {
                    name: [
                        [r.cells[cell].responses[name].preferred, r.cells[cell].responses[name].null]
                        for r in repetitions
                    ]
                    for name in repetitions[0].cells[cell].responses
                },
            }
            for cell in ALL_CELLS
        },
        "controls": {
            "untrained_index": result.untrained.tolist(),
            "untrained_99th_percentile": untrained_limit(result),
            "shuffled_index": {cell: [r.shuffled[cell] for r in repetitions] for cell in DETECTORS},
        },
        "connectome_cosine": _by_input(cosines(weights["T4a"])),
        "paper_second_direction_weights": paper_weights(result).tolist(),
        "paper_second_direction_connectome_cosine": _by_input(cosines(paper_weights(result))),
        "choices": [asdict(choice) for choice in result.choices],
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
    paper = np.mean([r.cells[cell].paper for r in result.repetitions for cell in DETECTORS])
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


def claims(result: MotionResult) -> list[Claim]:
    """Set the paper's claims and the bars of the specification beside what was found.

    Parameters
    ----------
    result
        A run. Only one on the bundled photographs is judged: elsewhere nothing is promised.

    Returns
    -------
    list[Claim]
        The claims.
    """
    sigma = held_out(result)
    found = [
        at_least(
            "Fig. 4", f"σ{'₁₂'[k]} on rows not trained on", EXPECTED[f"sigma_{k + 1}"].limit, float(sigma[k])
        )
        for k in (0, 1)
    ]
    for cell in ALL_CELLS:
        index = result.each(cell, "index")
        found.append(
            at_least(
                "Fig. 5", f"{cell}: index on the ON/OFF pattern", EXPECTED["index"].limit, float(index.mean())
            )
        )
    return [found_one if result.bundled else found_one._replace(holds=None, bar="") for found_one in found]


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
