"""The numbers of the experiment on depth, as JSON and as claims."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.claims import Claim, at_least, at_most, reported
from lamina.experiments.depth.comparing import Difference, compare, controls, paired, questions, verdict
from lamina.experiments.depth.config import HELD_OUT_GAIN_NATS, LINEAR_GAIN_NATS, NULL_R2, REFERENCE_R2
from lamina.experiments.depth.curves import LINEAR, MIRRORED
from lamina.experiments.depth.measuring import LINEAR_TRAIN, NEAR, TARGETS, VELOCITY, r2_name
from lamina.experiments.depth.run import CORRELATORS, RAW, SHUFFLED, DepthResult

BEYOND = "beyond the paper"
CHECK = "Issue"
QUESTION = "does depth help?"


def metrics(result: DepthResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Settings; every measure of every curve as (seeds, depths), of references as (seeds,), by noise;
        paired differences; the verdict.
    """
    config = result.config
    named = {
        "curves": {
            f"noise {noise:g}": {
                curve: {measure: _plain(values) for measure, values in measures.items()}
                for curve, measures in curves.items()
            }
            for noise, curves in result.curves.items()
        },
        "references": {
            f"noise {noise:g}": {
                name: {measure: _plain(values[:, 0]) for measure, values in measures.items()}
                for name, measures in references.items()
            }
            for noise, references in result.references.items()
        },
    }
    deepest = config.depths[-1]
    return {
        "config": asdict(config),
        "movies": {"train": result.n_movies[0], "test": result.n_movies[1]},
        **named,
        "differences": {
            f"noise {noise:g}": {
                name: {
                    f"depth {depth}": _difference(compare(result, asked, depth, noise))
                    for depth in config.depths[1:]
                }
                for name, asked in questions(config).items()
            }
            for noise in config.noises
        },
        "controls": {
            name: {
                target: _difference(compare(result, asked))
                for target, asked in zip(("speed", "velocity"), pair, strict=True)
            }
            for name, pair in controls(config).items()
        },
        "deepest": deepest,
        "verdict": verdict(result),
    }


def claims(result: DepthResult) -> list[Claim]:
    """List checks that can fail, each with its bar, and the answers, which are reported.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    list[Claim]
        First what has to hold if the comparison is sound, then what it says.
    """
    return [*_checks(result), *_answers(result)]


def _checks(result: DepthResult) -> list[Claim]:
    config = result.config
    seconds = config.averages_s[-1]
    velocity = r2_name(VELOCITY, seconds)
    linear = result.values(LINEAR, LINEAR_TRAIN)
    gain = float((linear[:, 1:] - linear[:, :1]).max(initial=-math.inf))
    held = result.values(LINEAR, NEAR)
    found = [paired(held[:, place] - held[:, 0], config.confidence) for place in range(1, held.shape[1])]
    best = max((_least(each) for each in found), default=0.0)
    mirror = [paired(column, config.confidence) for column in result.values(MIRRORED, velocity).T]
    read = float(result.reference(CORRELATORS, velocity).mean())
    checks = [
        at_most(
            CHECK,
            "unrectified layers keep no more than one layer, training movies (nats)",
            LINEAR_GAIN_NATS,
            gain if math.isfinite(gain) else 0.0,
            digits=6,
            why=""
            if gain <= LINEAR_GAIN_NATS
            else "Rounding: the deep network's inputs are nearly collinear.",
        ),
        at_most(
            CHECK,
            "the same on held-out movies, beyond two standard errors (nats)",
            HELD_OUT_GAIN_NATS,
            best,
            why=""
            if best <= HELD_OUT_GAIN_NATS
            else "Held-out rows differ from training rows by more than the errors say.",
        ),
        _null(
            "signed velocity from networks that learned mirrored movies, any depth, R²",
            max(_least(each) for each in mirror),
            "Units of even or odd symmetry cannot carry it in the mean; held-out movies are not mirrored.",
        ),
    ]
    for name, what in (
        (SHUFFLED, "velocities shuffled among training movies"),
        (RAW, "the raw window, linear"),
    ):
        worst = max(
            _least(paired(result.reference(name, r2_name(target, seconds)), config.confidence))
            for target in TARGETS
        )
        checks.append(
            _null(f"velocity or speed from {what}, R²", worst, "By chance, or the rows are too few.")
        )
    checks.append(
        at_least(
            CHECK,
            "signed velocity from correlators, which know what motion is, R²",
            REFERENCE_R2,
            read,
            spread=f" ± {_spread(result.reference(CORRELATORS, velocity)):.3f}",
            why="" if read >= REFERENCE_R2 else "Too few rows to fit the read-out; see the spread.",
        )
    )
    return checks


def _answers(result: DepthResult) -> list[Claim]:
    config = result.config
    deepest, percent = config.depths[-1], f"{config.confidence:.0%}"
    answers = [reported(BEYOND, QUESTION, "see below", why=verdict(result))]
    for noise in config.noises:
        for name, asked in questions(config).items():
            unit = "nats" if name.startswith("information") else "R²"
            answers.append(
                reported(
                    BEYOND,
                    f"{asked.label}: {deepest} layers less 1, noise {noise:g} ({unit}, {percent})",
                    compare(result, asked, noise=noise).text(),
                )
            )
    for name, pair in controls(config).items():
        if not name.startswith("one layer, same"):
            answers += [
                reported(
                    BEYOND,
                    f"{target}, {deepest} layers less: {name} (R², {percent})",
                    compare(result, asked).text(),
                )
                for target, asked in zip(("speed", "velocity"), pair, strict=True)
            ]
    return answers


def _null(statement: str, value: float, why: str) -> Claim:
    return at_most(CHECK, statement, NULL_R2, value, why="" if value <= NULL_R2 else why)


def _least(found: Difference) -> float:
    """Return what a mean is at least, two standard errors down."""
    return found.mean - (0.0 if math.isnan(found.error) else 2 * found.error)


def _spread(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _plain(values: np.ndarray) -> Any:
    """Turn an array into lists, with None where a measure has no meaning."""
    if values.ndim > 1:
        return [_plain(row) for row in values]
    return [float(value) if math.isfinite(value) else None for value in values]


def _difference(found: Difference) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in found._asdict().items()}
