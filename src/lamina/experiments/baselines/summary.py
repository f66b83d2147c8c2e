"""The numbers of the comparison, as JSON and as claims."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.baselines.config import HELD_OUT_LOSS, OU_INFORMATION, OU_TOLERANCE, ROUNDING
from lamina.experiments.baselines.methods import CCA, METHODS, RIDGE, RRR
from lamina.experiments.baselines.run import OU, BaselinesResult, Comparison, Scores
from lamina.experiments.claims import Claim, at_least, at_most, near, reported

_CODE = "Paper's code"


def information_lead(scores: Scores) -> np.ndarray:
    """Return by how many nats CCA keeps more than the best of the others, ``(..., ranks)``."""
    own = METHODS.index(CCA)
    others = np.delete(scores.information, own, axis=-2)
    return np.asarray(scores.information[..., own, :] - others.max(axis=-2))


def forecast_lead(scores: Scores) -> np.ndarray:
    """Return how much smaller the error of RRR is than the smallest of the others, ``(..., ranks)``."""
    own = METHODS.index(RRR)
    others = np.delete(scores.error, own, axis=-2)
    return np.asarray(others.min(axis=-2) - scores.error[..., own, :])


def held_out_loss(comparison: Comparison) -> np.ndarray:
    """Return the share that CCA keeps less than the best of the others, held out, ``(ranks,)``.

    Of the means over seeds; negative where CCA keeps more.
    """
    mean = Scores(*(each.mean(axis=0) for each in vars(comparison.held_out).values()))
    own = mean.information[METHODS.index(CCA)]
    return np.asarray(-information_lead(mean) / own)


def metrics(result: BaselinesResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Settings, and for each process information and forecast errors (seeds, methods, ranks).
    """
    return {
        "config": asdict(result.config),
        "methods": list(METHODS),
        "ranks": list(range(1, result.config.max_rank + 1)),
        "processes": {name: _numbers(each) for name, each in result.processes.items()},
    }


def claims(result: BaselinesResult) -> list[Claim]:
    """Set what theory says beside what was found.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    list[Claim]
        Information kept first, then forecasts.
    """
    return [*_information_claims(result), *_forecast_claims(result)]


def _information_claims(result: BaselinesResult) -> list[Claim]:
    found: list[Claim] = []
    for name, each in result.processes.items():
        if each.population is not None:
            found.append(
                _theorem(
                    "Specification",
                    f"{name}, in closed form: CCA keeps the most information at every rank",
                    float(information_lead(each.population).min()),
                    "nats",
                )
            )
    exact = result.processes[OU].population
    if exact is not None and result.config.max_rank >= 3:
        found.append(
            near(
                "Specification",
                f"{OU}, in closed form: information that three directions keep (nats)",
                OU_INFORMATION,
                float(exact.information[METHODS.index(CCA), 2]),
                OU_TOLERANCE,
                digits=4,
            )
        )
    for name, each in result.processes.items():
        found.append(
            _theorem(
                "Specification",
                f"{name}, recordings learned from: CCA keeps the most at every rank",
                float(information_lead(each.training).min()),
                "nats",
            )
        )
    for name, each in result.processes.items():
        loss = held_out_loss(each)
        rank = int(np.argmax(loss))
        found.append(
            at_most(
                "Issue",
                f"{name}, other recordings: share that CCA keeps less than the best",
                HELD_OUT_LOSS,
                float(loss[rank]),
                digits=4,
                spread=f" at rank {rank + 1}, its worst",
                why=""
                if loss[rank] <= HELD_OUT_LOSS
                else "Filters are estimates, and the test recordings "
                "are others: the theorem speaks of the moments that were learned from.",
            )
        )
    for name, each in result.processes.items():
        first = ", ".join(str(rank + 1) for rank in np.flatnonzero(held_out_loss(each) <= 0)) or "none"
        found.append(
            reported(
                "Specification",
                f"{name}, other recordings: ranks at which CCA keeps the most",
                f"{first} of {result.config.max_rank}",
                paper="every rank",
            )
        )
    for name, each in result.processes.items():
        kept = each.held_out.information.mean(axis=0)[:, 0]
        shown = ", ".join(f"{method} {value:.3f}" for method, value in zip(METHODS, kept, strict=True))
        found.append(reported(_CODE, f"{name}, other recordings: nats that one unit keeps", shown))
    return found


def _forecast_claims(result: BaselinesResult) -> list[Claim]:
    found: list[Claim] = []
    for name, each in result.processes.items():
        scores = {"in closed form": each.population, "recordings learned from": each.training}
        for where, score in scores.items():
            if score is not None:
                found.append(
                    _theorem(
                        "Theory",
                        f"{name}, {where}: RRR forecasts best at every rank",
                        float(forecast_lead(score).min()),
                        "of the variance",
                    )
                )
    for name, each in result.processes.items():
        error = each.held_out.error.mean(axis=0)[:, 0]
        shown = ", ".join(f"{method} {value:.3f}" for method, value in zip(METHODS, error, strict=True))
        found.append(reported(_CODE, f"{name}, other recordings: forecast error from one unit", shown))
    for name, each in result.processes.items():
        last = each.held_out.error.mean(axis=0)[:, -1]
        found.append(
            reported(
                _CODE,
                f"{name}, other recordings: ridge regression of full rank forecasts with error",
                f"{each.ridge_error[:, 1].mean():.4f}; from {result.config.max_rank} units "
                f"CCA {last[METHODS.index(CCA)]:.4f}, RRR {last[METHODS.index(RRR)]:.4f}, "
                f"{RIDGE} {last[METHODS.index(RIDGE)]:.4f}",
            )
        )
    return found


def _theorem(source: str, statement: str, lead: float, unit: str) -> Claim:
    held = at_least(source, statement, -ROUNDING, lead)
    # nothing but a mistake in the code could make it red
    why = "" if held.holds else "It is a theorem about these moments: the computation is wrong somewhere."
    return held._replace(
        ours=f"smallest lead {max(lead, 0.0) if held.holds else lead:.2g} {unit}",
        bar=f"≥ 0, to {ROUNDING:g}",
        why=why,
    )


def _numbers(each: Comparison) -> dict[str, Any]:
    kinds = {"population": each.population, "training": each.training, "held_out": each.held_out}
    return {
        **{
            kind: None if scores is None else {part: value.tolist() for part, value in vars(scores).items()}
            for kind, scores in kinds.items()
        },
        "held_out_loss": held_out_loss(each).tolist(),
        "ridge_error": each.ridge_error.tolist(),
        "penalties": each.penalties.tolist(),
        "curves": {
            "samples": each.lengths.tolist(),
            "rank": each.curve_rank,
            "information": each.curves.tolist(),
        },
        "filters": each.filters.tolist(),
    }
