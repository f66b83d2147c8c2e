"""Comparing methods over many sets: ranks, Friedman's test, and Wilcoxon's for pairs with Holm's correction.

As Demšar 2006, Journal of Machine Learning Research 7, recommends. One number per set and method: the mean
over the resamples.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Pair:
    """Two methods over all sets: how often the first is better, equal, worse, and Wilcoxon's p."""

    first: str
    second: str
    wins: int
    ties: int
    losses: int
    p: float
    p_holm: float


def mean_ranks(scores: np.ndarray) -> np.ndarray:
    """Mean over the sets (rows) of each method's rank (columns); 1 is best, ties share their ranks."""
    return stats.rankdata(-scores, axis=1).mean(axis=0)


def friedman(scores: np.ndarray) -> tuple[float, float]:
    """χ² and p of the hypothesis that no method differs; NaN for fewer than three methods."""
    if scores.shape[1] < 3:
        return float("nan"), float("nan")
    found = stats.friedmanchisquare(*scores.T)
    return float(found.statistic), float(found.pvalue)


def pairs(scores: np.ndarray, names: list[str]) -> list[Pair]:
    """Every pair of columns, two-sided, sets that tie left out; corrected for the number of pairs."""
    found = []
    for first, second in itertools.combinations(range(len(names)), 2):
        # accuracies are ratios of small whole numbers: what differs by rounding alone is a tie
        difference = np.round(scores[:, first] - scores[:, second], 9)
        apart = difference[difference != 0]
        tested: Any = stats.wilcoxon(apart) if apart.size else None
        found.append((first, second, difference, float(tested.pvalue) if tested else 1.0))
    corrected = holm([p for *_, p in found])
    return [
        Pair(
            names[first],
            names[second],
            wins=int((difference > 0).sum()),
            ties=int((difference == 0).sum()),
            losses=int((difference < 0).sum()),
            p=p,
            p_holm=p_holm,
        )
        for (first, second, difference, p), p_holm in zip(found, corrected, strict=True)
    ]


def holm(p_values: list[float]) -> list[float]:
    """Holm 1979: the i-th smallest of m times m − i + 1, never below a smaller one's, at most 1."""
    order = np.argsort(p_values)
    scaled = np.asarray(p_values)[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return [float(value) for value in corrected]
