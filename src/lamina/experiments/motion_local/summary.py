"""The numbers of local learning of the motion pathway, as JSON and as claims."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.claims import Claim, at_least, at_most, reported
from lamina.experiments.motion_local.config import (
    FEWEST_SEEDS,
    FILTER_COSINE,
    INDEX,
    INDEX_DIFFERENCE,
    SUBSPACE_COSINE,
)
from lamina.experiments.motion_local.run import CELLS, Layer2, MotionLocalResult

_SOURCE = "beyond the paper"

_MORE = "Directions of small variance are learned slowly; the learning curve shows how far it has come."

FILTERS = ("L3", "L1 and L2")
"""What the two filters of layer 1 belong to."""


def final_cosines(result: MotionLocalResult) -> np.ndarray:
    """Return the cosines of the learned filters with those of batch CCA, ``(networks, 2)``."""
    return np.array([layer.cosines[-1] for each in result.repetitions for layer in each.layer1.values()])


def final_correlations(result: MotionLocalResult) -> np.ndarray:
    """Return the correlations of layer 1's outputs with those of batch CCA, ``(networks, 2)``."""
    return np.array([layer.correlations[-1] for each in result.repetitions for layer in each.layer1.values()])


def final_subspaces(result: MotionLocalResult) -> np.ndarray:
    """Return the smallest cosines of layer 2's first four directions, ``(networks,)``."""
    return np.array([cell.subspace[-1] for each in result.repetitions for cell in each.cells.values()])


def final_units(result: MotionLocalResult) -> np.ndarray:
    """Return the correlations of layer 2's single units with those of batch CCA, ``(networks, 6)``."""
    return np.array([cell.correlations[-1] for each in result.repetitions for cell in each.cells.values()])


def held_out(result: MotionLocalResult, cell: str, by: str = "local") -> np.ndarray:
    """Return a cell's index on rows not trained on, over repetitions."""
    found = [each.cells[cell] for each in result.repetitions]
    verdicts = [each.verdicts[-1] if by == "local" else each.batch_verdict for each in found]
    return np.array([verdict.held_out for verdict in verdicts])


def metrics(result: MotionLocalResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Settings, learning curves of both layers for every repetition, detectors, and what remedies gave.
    """
    return {
        "config": asdict(result.config),
        "samples_per_pass": result.samples_per_pass,
        "repetitions": [
            {
                "layer1": {
                    "right" if way > 0 else "left": {
                        "samples": layer.samples.tolist(),
                        "cosines": layer.cosines.tolist(),
                        "correlations": layer.correlations.tolist(),
                        "filters": layer.local.filters.tolist(),
                        "batch_filters": layer.batch.filters.tolist(),
                    }
                    for way, layer in each.layer1.items()
                },
                "cells": {name: _numbers(cell) for name, cell in each.cells.items()},
            }
            for each in result.repetitions
        ],
        "attempts": [
            {
                **asdict(each),
                "cosines": each.cosines.tolist(),
                "correlations": each.correlations.tolist(),
            }
            for each in result.attempts
        ],
        "layer2_inputs_as_they_are": {name: _numbers(cell) for name, cell in result.plain.items()},
    }


def claims(result: MotionLocalResult) -> list[Claim]:
    """Say how near the local rule comes to batch CCA, layer by layer, and what its detectors are worth.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    list[Claim]
        The bars are ours; the index is judged from three repetitions on.
    """
    cosines, outputs = final_cosines(result), final_correlations(result)
    found: list[Claim] = []
    for unit, name in enumerate(FILTERS):
        found.append(
            at_least(
                _SOURCE,
                f"layer 1, {name}: cosine of the local filter with batch CCA, mean",
                FILTER_COSINE,
                float(cosines[:, unit].mean()),
                spread=f" (lowest {cosines[:, unit].min():.3f})",
                why=_filter_why(float(cosines[:, unit].mean())),
            )
        )
    found.append(
        reported(
            _SOURCE,
            "layer 1: correlation of the outputs with those of batch CCA, lowest",
            f"L3 {outputs[:, 0].min():.4f}, L1 and L2 {outputs[:, 1].min():.4f}",
        )
    )
    subspaces, units = final_subspaces(result), final_units(result)
    every = [cell for each in result.repetitions for cell in each.cells.values()]
    known = np.mean([cell.batch_correlations for cell in every], axis=0)
    found.append(
        at_least(
            _SOURCE,
            "layer 2: space of the first four directions, smallest cosine, mean",
            SUBSPACE_COSINE,
            float(subspaces.mean()),
            spread=f" (lowest {subspaces.min():.3f})",
            why="" if subspaces.mean() >= SUBSPACE_COSINE else _MORE,
        )
    )
    found.append(
        reported(
            _SOURCE,
            "layer 2: correlation of each unit with that of batch CCA, mean",
            ", ".join(f"{value:.2f}" for value in units.mean(axis=0)),
            why="Units with canonical correlations near to each other are told apart last; those of batch "
            f"CCA are {', '.join(f'{value:.2f}' for value in known)}.",
        )
    )
    for cell in result.cells:
        found += _cell_claims(result, cell)
    return found


def _cell_claims(result: MotionLocalResult, cell: str) -> list[Claim]:
    local, batch, mixed = (result.indices(cell, by) for by in ("local", "batch", "mixed"))
    difference = float(abs(local.mean() - batch.mean()))
    shown = f"{local.mean():.2f} ({local.min():.2f} to {local.max():.2f}); batch {batch.mean():.2f}"
    others = (
        f"{cell}: index on rows not trained on, mean",
        f"{held_out(result, cell).mean():.2f}; batch {held_out(result, cell, 'batch').mean():.2f}",
    )
    if result.config.n_seeds < FEWEST_SEEDS:
        return [
            reported(_SOURCE, f"{cell}: index on the ON/OFF pattern, mean", shown),
            reported(_SOURCE, *others),
        ]
    units = np.array([each.cells[cell].correlations[-1] for each in result.repetitions])
    side = "above" if local.mean() > batch.mean() else "below"
    mixed_up = (
        f"The local rule's lies {side} that of batch CCA. Batch CCA on the outputs of the locally learned "
        f"layer 1 has {mixed.mean():.2f}, so that the rest is layer 2's: its third and fourth unit have come "
        f"to correlations of {units[:, 2].mean():.2f} and {units[:, 3].mean():.2f} with those of batch CCA, "
        f"their lowest {units[:, 2:4].min():.2f}."
    )
    return [
        at_least(
            _SOURCE,
            f"{cell}: index on the ON/OFF pattern, mean",
            INDEX,
            float(local.mean()),
            digits=2,
            spread=shown[shown.index(" ") :],
            why="" if local.mean() >= INDEX else mixed_up,
        ),
        at_most(
            _SOURCE,
            f"{cell}: difference of the mean index from batch CCA",
            INDEX_DIFFERENCE,
            difference,
            digits=2,
            why="" if difference <= INDEX_DIFFERENCE else mixed_up,
        ),
        reported(_SOURCE, *others),
    ]


def _filter_why(cosine: float) -> str:
    if cosine >= FILTER_COSINE:
        return ""
    return _MORE


def _numbers(cell: Layer2) -> dict[str, Any]:
    return {
        "samples": cell.samples.tolist(),
        "correlations": cell.correlations.tolist(),
        "subspace": cell.subspace.tolist(),
        "weights": cell.local.tolist(),
        "batch_weights": cell.batch.tolist(),
        "batch_correlations": cell.batch_correlations.tolist(),
        "detectors": [{**asdict(each), "index": each.index} for each in cell.verdicts],
        "batch": {**asdict(cell.batch_verdict), "index": cell.batch_verdict.index},
        "batch_on_local_layer1": {**asdict(cell.mixed_verdict), "index": cell.mixed_verdict.index},
    }


__all__ = [
    "CELLS",
    "FILTERS",
    "claims",
    "final_correlations",
    "final_cosines",
    "final_subspaces",
    "final_units",
    "held_out",
    "metrics",
]
