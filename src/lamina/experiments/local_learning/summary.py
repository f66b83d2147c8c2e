"""The numbers of local learning, as JSON and as a short table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.claims import Claim, at_least
from lamina.experiments.local_learning.config import CORRELATION, COSINE, CURVES, TUNED_ON
from lamina.experiments.local_learning.run import Curve, LocalLearningResult
from lamina.experiments.registry import Row


def smallest(values: np.ndarray) -> np.ndarray:
    """Return the smallest over units, ``(seeds, checkpoints)``."""
    return values.min(axis=2)


def span(values: np.ndarray) -> str:
    """Write the mean over seeds, and the lowest of them."""
    return f"{values.mean():.4f} (lowest {values.min():.4f})"


def steps_to_reach(curve: Curve, checkpoints: tuple[int, ...]) -> int | None:
    """Return the first checkpoint from which on every seed has what it should reach, or None."""
    near = smallest(curve.cosines) >= COSINE
    reached = np.all(near & (smallest(curve.correlations) >= CORRELATION), axis=0)
    last = None
    for steps, there in zip(checkpoints[::-1], np.asarray(reached)[::-1], strict=True):
        if not there:
            break
        last = steps
    return last


def metrics(result: LocalLearningResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Settings, curves (seeds, checkpoints, units), and what the remedies gave.
    """
    return {
        "config": asdict(result.config),
        "tuned_on": TUNED_ON,
        "ways": [asdict(way) for way in CURVES],
        "curves": {
            process: {way: _numbers(curve) for way, curve in curves.items()}
            for process, curves in result.curves.items()
        },
        "remedies": {way: _numbers(curve) for way, curve in result.remedies.items()},
    }


def table(result: LocalLearningResult) -> list[tuple[str, list[Row]]]:
    """Set the numbers beside those to reach.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    Groups of rows. Only what the aim is stated for is checked: rules in the order of time, at the end.
    """
    groups: list[tuple[str, list[Row]]] = []
    for process, curves in result.curves.items():
        rows: list[Row] = []
        for way in ("asymmetric", "Bio-CCA"):
            cosines = smallest(curves[way].cosines)[:, -1]
            rows.append(
                Row(f"{way}: smallest cosine", span(cosines), f"≥ {COSINE:g}", bool(cosines.min() >= COSINE))
            )
            units = smallest(curves[way].turned)[:, -1]
            label = "smallest unit correlation" + (", rotated" if way == "Bio-CCA" else "")
            rows.append(
                Row(
                    f"{way}: {label}",
                    span(units),
                    f"≥ {CORRELATION:g}",
                    bool(units.min() >= CORRELATION),
                )
            )
        loose = smallest(curves["Bio-CCA"].correlations)[:, -1]
        rows.append(Row("Bio-CCA: the same, as it is", span(loose), "", None))
        plain = smallest(curves["asymmetric, plain"].cosines)[:, -1]
        rows.append(Row("plain asymmetric: smallest cosine", span(plain), "", None))
        reached = steps_to_reach(curves["asymmetric"], result.config.checkpoints)
        rows.append(Row("asymmetric: steps until all seeds are there", f"{reached}", "", None))
        note = ", settings chosen on it" if process == TUNED_ON else ""
        groups.append((f"{process}{note}", rows))
    remedies = [
        Row(way, span(smallest(curve.cosines)[:, -1]), "", None) for way, curve in result.remedies.items()
    ]
    groups.append((f"What helps against order in time: smallest cosine, {TUNED_ON}", remedies))
    return groups


def claims(result: LocalLearningResult) -> list[Claim]:
    """Say for each process how near the local rules come to batch CCA, at the end of the run.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    list[Claim]
        The lowest over units and seeds; the bars are the specification's.
    """
    found: list[Claim] = []
    for process, curves in result.curves.items():
        for way in ("asymmetric", "Bio-CCA"):
            units = "units" if way == "asymmetric" else "units, rotated"
            for what, bar, values in (
                ("angles between subspaces, lowest cosine", COSINE, curves[way].cosines),
                (f"{units}, lowest correlation", CORRELATION, curves[way].turned),
            ):
                found.append(
                    at_least(
                        "beyond the paper",
                        f"{process}, {way}: {what}",
                        bar,
                        float(smallest(values)[:, -1].min()),
                        digits=4,
                    )
                )
    return found


def _numbers(curve: Curve) -> dict[str, Any]:
    return {name: np.asarray(value).tolist() for name, value in vars(curve).items()}
