"""Measurements in the order that tables need: by set and method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from series.records import Record, latest
from series.splits import N_RESAMPLES


class Results:
    """Measurements by set and method, of the methods in the order given; those without any are left out."""

    def __init__(self, every: Sequence[Record], methods: Sequence[str]) -> None:
        self._accuracy = latest(every, "accuracy")
        self.costs = {(name, method): record for (name, method, _), record in latest(every, "cost").items()}
        seen = {method for _, method, _ in self._accuracy}
        self.methods = [method for method in methods if method in seen]

    def values(self, name: str, method: str, key: str = "score") -> np.ndarray:
        """One value a resample that succeeded, in their order."""
        found = [self._accuracy.get((name, method, number), {}) for number in range(N_RESAMPLES)]
        return np.asarray([record[key] for record in found if key in record], dtype=float)

    def complete(self, names: Sequence[str]) -> list[str]:
        """The methods with a score on every one of these sets, on a resample that those before have too."""
        found: list[str] = []
        for method in self.methods:
            if all(self.shared(name, [*found, method]).size for name in names):
                found.append(method)
        return found

    def shared(self, name: str, methods: Sequence[str]) -> np.ndarray:
        """(methods, resamples): the scores on those resamples of a set that all these methods have."""
        found = [
            [self._accuracy.get((name, method, number), {}).get("score", np.nan) for method in methods]
            for number in range(N_RESAMPLES)
        ]
        return np.asarray([row for row in found if not np.isnan(row).any()]).reshape(-1, len(methods)).T

    def means(self, names: Sequence[str], methods: Sequence[str]) -> np.ndarray:
        """(sets, methods): means over the same resamples for all, since some are easier than others."""
        return np.asarray([self.shared(name, methods).mean(axis=1) for name in names])
