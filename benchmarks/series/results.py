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
        """The methods with a score on every one of these sets."""
        return [method for method in self.methods if all(self.values(name, method).size for name in names)]

    def means(self, names: Sequence[str], methods: Sequence[str]) -> np.ndarray:
        return np.asarray([[self.values(name, method).mean() for method in methods] for name in names])
