"""The numbers of the adaptation experiment, as JSON and as a short table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.adaptation.config import REACHED, WITHIN
from lamina.experiments.adaptation.run import AdaptationResult, Change
from lamina.experiments.claims import Claim, at_least, reported
from lamina.experiments.registry import Row


def reached_at(times: np.ndarray, cosines: np.ndarray) -> float | None:
    """Return the first time from which on the mean over seeds stays at the new filter; None if never.

    Parameters
    ----------
    times
        (times,), ascending.
    cosines
        (seeds, times).

    Returns
    -------
    float or None
        One of ``times``.
    """
    there = np.logical_and.accumulate((cosines.mean(axis=0) >= REACHED)[::-1])[::-1]
    return float(times[np.argmax(there)]) if there.any() else None


def lengths(result: AdaptationResult) -> tuple[np.ndarray, np.ndarray]:
    """Return the times in lag vectors of the forgetting filters, and of the local ones."""
    config = result.config
    return np.arange(config.after + 1), np.array([0, *config.local_checkpoints])


def metrics(result: AdaptationResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Settings, times in lag vectors, and cosines (seeds, times) for each change.
    """
    forgetting, local = lengths(result)
    return {
        "config": asdict(result.config),
        "times_lag_vectors": {"forgetting": forgetting.tolist(), "local": local.tolist()},
        "changes": {
            name: {
                **{part: value.tolist() for part, value in vars(change).items()},
                "old_and_new_cosine": float(change.old @ change.new),
                "pooled_reached_lag_vectors": reached_at(forgetting, change.pooled),
                "single_reached_lag_vectors": reached_at(forgetting, change.single),
                "local_reached_lag_vectors": reached_at(local, change.local),
            }
            for name, change in result.changes.items()
        },
    }


def table(result: AdaptationResult) -> list[tuple[str, list[Row]]]:
    """Set the numbers beside those to reach.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    Groups of rows. What the paper says is checked; the local rule and a single photoreceptor are reported.
    """
    return [(_title(name, result), _rows(change, result)) for name, change in result.changes.items()]


def claims(result: AdaptationResult) -> list[Claim]:
    """Set the paper's claim beside what was found, for either change.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    list[Claim]
        One judged and two reported claims for each change.
    """
    config = result.config
    at = min(WITHIN, config.after)
    _, local_times = lengths(result)
    found: list[Claim] = []
    for name, change in result.changes.items():
        found += [
            at_least(
                "Fig. S2",
                f"{name}: cosine with the new filter after {at} lag vectors, "
                f"{config.photoreceptors} photoreceptors",
                REACHED,
                float(change.pooled[:, at].mean()),
                paper=f"reached within about {WITHIN}",
                why="" if config.photoreceptors > 1 else "One photoreceptor has too few samples.",
            ),
            reported(
                "Fig. S2",
                f"{name}: the same from one photoreceptor",
                f"{change.single[:, at].mean():.3f}",
                why="Too few samples for one, forgetting or not; the text that we have does not say how "
                "many series the paper's figure pools.",
            ),
            reported(
                "beyond the paper",
                f"{name}: the same by the local rule, after {local_times[-1]:g} lag vectors",
                f"{change.local[:, -1].mean():.3f}",
            ),
        ]
    return found


def _title(name: str, result: AdaptationResult) -> str:
    before, after = result.config.changes[name]
    return f"{name[0].upper()}{name[1:]}, from {before:g} to {after:g} SD of the signal"


def _rows(change: Change, result: AdaptationResult) -> list[Row]:
    forgetting, local = lengths(result)
    count = result.config.photoreceptors
    at = min(WITHIN, result.config.after)
    pooled = change.pooled[:, at]
    one, all_of_them = "one photoreceptor", f"{count} photoreceptors"
    return [
        Row("cosine of old and new filter", f"{abs(change.old @ change.new):.3f}", "", None),
        Row(
            f"{all_of_them}: cosine after {at} lag vectors",
            f"{pooled.mean():.3f} (lowest {pooled.min():.3f})",
            f"≥ {REACHED}",
            bool(pooled.mean() >= REACHED),
        ),
        Row(f"{all_of_them}: reached for good after", _time(reached_at(forgetting, change.pooled)), "", None),
        Row(f"{all_of_them}: fit to the first {WITHIN} alone", f"{change.fresh[:, 0].mean():.3f}", "", None),
        Row(f"{one}: cosine after {at} lag vectors", f"{change.single[:, at].mean():.3f}", "", None),
        Row(f"{one}: reached for good after", _time(reached_at(forgetting, change.single)), "", None),
        Row(f"{one}: fit to the first {WITHIN} alone", f"{change.fresh[:, 1].mean():.3f}", "", None),
        Row("local rule: cosine with the old at the change", f"{change.local_old.mean():.3f}", "", None),
        Row("local rule: reached for good after", _time(reached_at(local, change.local)), "", None),
        Row(f"local rule: cosine after {local[-1]}", f"{change.local[:, -1].mean():.3f}", "", None),
    ]


def _time(lags: float | None) -> str:
    return "not within the run" if lags is None else f"{lags:g}"
