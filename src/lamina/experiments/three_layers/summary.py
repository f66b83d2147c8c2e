"""The numbers of the experiment with three layers, as JSON and as claims."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.circuits import direction_selectivity_index
from lamina.experiments.claims import Claim, at_least, at_most, reported
from lamina.experiments.motion.stimuli import HEADLINE
from lamina.experiments.three_layers.cells import CELLS
from lamina.experiments.three_layers.config import AGREEMENT, INDEX, NULL_RESPONSE, POLARITY
from lamina.experiments.three_layers.controls import CONTROLS
from lamina.experiments.three_layers.patterns import EDGES, GRATINGS_DEG, TUNING_DEG, TUNING_HZ
from lamina.experiments.three_layers.run import ThreeLayersResult, tuning_index

PERCENTILE = 99.0
"""Of the layers with random weights, to be passed."""

ISSUE, OURS = "Issue", "beyond the paper"


def gratings_index(result: ThreeLayersResult, cell: str) -> np.ndarray:
    """Return a cell's mean index over the gratings that move at the trained speed, ``(repetitions,)``."""
    return np.mean([result.index(cell, f"grating, {wave:g}°") for wave in GRATINGS_DEG], axis=0)


def polarity_index(result: ThreeLayersResult, cell: str) -> np.ndarray:
    """Return (P - N) / (P + N) of a cell's own kind of edge against the other, ``(repetitions,)``."""
    on, off = (result.response(cell, edge)[:, 0] for edge in EDGES)
    own, other = (on, off) if CELLS[cell][0] == "ON" else (off, on)
    return direction_selectivity_index(own, other)


def tuned_share(result: ThreeLayersResult) -> tuple[float, float]:
    """Return the median index over all gratings, and the share of them with an index to the bar."""
    index = np.array([tuning_index(r.tuning) for r in result.repetitions])
    moved = index[~np.isnan(index)]
    if not moved.size:
        return 0.0, 0.0
    return float(np.median(moved)), float(np.mean(moved >= INDEX))


def turned_share(result: ThreeLayersResult) -> float:
    """Return the share of all gratings, for all cells, that turn the preference of the training round."""
    index = np.array([tuning_index(r.tuning) for r in result.repetitions])
    moved = index[~np.isnan(index)]
    return float(np.mean(moved < 0)) if moved.size else 0.0


def untrained_limit(result: ThreeLayersResult) -> float:
    """Return the 99th percentile of the mean index that random weights in layer 3 reach."""
    return float(np.percentile(result.untrained, PERCENTILE))


def metrics(result: ThreeLayersResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Settings, scenes, what each cell answers in each repetition, the competition, and the controls.
    """
    repetitions = result.repetitions
    patterns = list(next((r.responses[name] for r in repetitions for name in r.responses), {}))
    median, share = tuned_share(result)
    return {
        "config": asdict(result.config),
        "scenes": [scene.photograph.name for scene in result.scenes],
        "cells": {
            name: {
                "arose": [name in r.cells for r in repetitions],
                "group": [r.cells[name].group if name in r.cells else None for r in repetitions],
                "direction": [r.cells[name].direction + 1 if name in r.cells else None for r in repetitions],
                "training_index": [
                    r.cells[name].training_index if name in r.cells else None for r in repetitions
                ],
                "index": result.index(name, HEADLINE).tolist() if patterns else [],
                "held_out_scenes_index": result.held_out(name).tolist(),
                "gratings_index": gratings_index(result, name).tolist() if patterns else [],
                "polarity_index": polarity_index(result, name).tolist() if patterns else [],
                "responses_sd": {pattern: result.response(name, pattern).tolist() for pattern in patterns},
            }
            for name in CELLS
        },
        "competition": {
            "agreement_training": [r.agreement[0] for r in repetitions],
            "agreement_held_out": [r.agreement[1] for r in repetitions],
            "changed_by_round": [list(r.trained.competition.changed) for r in repetitions],
            "shares": [r.trained.competition.shares.tolist() for r in repetitions],
        },
        "medulla_canonical_correlations": [
            np.asarray(r.trained.network.layers_[1].canonical_correlations_).tolist() for r in repetitions
        ],
        "mirror_correlation": [r.mirror for r in repetitions],
        "parity_of_one_group": [r.parity.tolist() for r in repetitions],
        "tuning": {
            "frequencies_hz": list(TUNING_HZ),
            "wavelengths_deg": list(TUNING_DEG),
            "peaks_sd": [r.tuning.tolist() for r in repetitions],
            "median_index": median,
            "share_with_index": share,
            "share_turned_round": turned_share(result),
        },
        "controls": {name: result.control(name).tolist() for name in CONTROLS},
        "untrained_index": result.untrained.tolist(),
        "untrained_99th_percentile": untrained_limit(result),
    }


def claims(result: ThreeLayersResult) -> list[Claim]:
    """Set the bars beside what was found.

    Parameters
    ----------
    result
        A run. Only one on the bundled photographs is judged: elsewhere nothing is promised.

    Returns
    -------
    list[Claim]
        The claims.
    """
    found: list[Claim] = []
    for name, (polarity, _) in CELLS.items():
        kinds = {
            "held-out scenes": result.held_out(name),
            "the ON/OFF pattern": result.index(name, HEADLINE),
            "gratings at the trained speed": gratings_index(result, name),
        }
        for kind, index in kinds.items():
            found.append(_mean(ISSUE, f"{name}: index on {kind}", INDEX, index))
        found.append(
            _mean(
                OURS, f"{name}: {polarity} edges against the others", POLARITY, polarity_index(result, name)
            )
        )
        null = result.response(name, HEADLINE)[:, 1]
        found.append(
            at_most(
                "Specification",
                f"{name}: response to the null direction of the pattern, in SD",
                NULL_RESPONSE,
                float(null.mean()),
                spread=f" ± {null.std():.2f}",
                why=_why_null(null),
            )
        )
    found += [_opposite(result), _arose(result)]
    told = np.array([r.agreement[1] for r in result.repetitions])
    found.append(_mean(OURS, "groups tell the direction of held-out scenes, share of time", AGREEMENT, told))
    found.append(_above_chance(result))
    found += _reported(result)
    if result.bundled:
        return found
    return [claim._replace(holds=None, bar="") for claim in found]


def _mean(source: str, statement: str, bar: float, values: np.ndarray) -> Claim:
    why = (
        ""
        if values.mean() >= bar
        else f"It ranges from {values.min():.2f} to {values.max():.2f} over repetitions."
    )
    return at_least(source, statement, bar, float(values.mean()), spread=f" ± {values.std():.2f}", why=why)


def _why_null(null: np.ndarray) -> str:
    if null.mean() <= NULL_RESPONSE:
        return ""
    return f"It ranges from {null.min():.2f} to {null.max():.2f} over repetitions; no threshold is set."


def _opposite(result: ThreeLayersResult) -> Claim:
    lowest = min(
        float(index.min())
        for name in CELLS
        for index in (result.held_out(name), result.index(name, HEADLINE))
    )
    return Claim(
        ISSUE,
        "a prefers right and b left, on scenes and pattern: lowest index of all",
        "opposite",
        f"{lowest:.3f}",
        "> 0",
        lowest > 0,
        "" if lowest > 0 else "In one repetition at least one cell is missing, or turned round by a test.",
    )


def _arose(result: ThreeLayersResult) -> Claim:
    share = float(np.mean([len(r.cells) == len(CELLS) for r in result.repetitions]))
    return Claim(
        ISSUE,
        "all four cells arise, share of repetitions",
        "all four",
        f"{share:.2f}",
        "1",
        share == 1,
        "" if share == 1 else "No direction of a group had halves of either polarity that prefer one motion.",
    )


def _above_chance(result: ThreeLayersResult) -> Claim:
    limit = untrained_limit(result)
    mean = float(np.mean([result.index(name, HEADLINE).mean() for name in CELLS]))
    return Claim(
        OURS,
        f"mean of the four above the 99th percentile of {len(result.untrained)} untrained layers 3",
        f"{limit:.3f}",
        f"{mean:.3f}",
        f"> {limit:.3f}",
        mean > limit,
        "" if mean > limit else "Random weights reach as much under the same rule.",
    )


def _reported(result: ThreeLayersResult) -> list[Claim]:
    mirror = np.array([r.mirror for r in result.repetitions])
    parity = np.abs(np.concatenate([r.parity for r in result.repetitions]))
    median, share = tuned_share(result)
    rounds = [r.trained.competition.n_rounds for r in result.repetitions]
    lines = [
        reported(OURS, "T4b's direction mirrors T4a's: their correlation", f"{mirror.mean():.3f}"),
        reported(
            OURS,
            "one group alone: every direction is even or odd, median |correlation| with its mirror",
            f"{np.median(parity):.3f}",
        ),
        reported(
            OURS,
            f"all gratings, {TUNING_HZ[0]:g}-{TUNING_HZ[-1]:g} Hz: median index; share of {INDEX:g} or more",
            f"{median:.2f}; {share:.2f}",
            why="Trained at one speed, the cells cancel motion of that speed; others get through.",
        ),
        reported(OURS, "rounds of the competition", f"{min(rounds)} to {max(rounds)}"),
    ]
    for name in CONTROLS:
        found = result.control(name)
        if found.size:
            pattern, scenes = found.mean(axis=(0, 2))
            lines.append(
                reported(
                    OURS, f"{name}: mean index, pattern; held-out scenes", f"{pattern:.2f}; {scenes:.2f}"
                )
            )
    return lines
