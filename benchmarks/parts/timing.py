"""Interleaved timing: what is compared takes turns, so that other work on the machine meets all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Seconds:
    """Median, shortest and longest of several runs."""

    median: float
    shortest: float
    longest: float

    def __str__(self) -> str:
        unit, factor = ("s", 1) if self.median >= 1 else ("ms", 1e3)
        values = (f"{factor * value:.3g}" for value in (self.median, self.shortest, self.longest))
        return "{} [{}, {}] {}".format(*values, unit)


def in_turns(
    works: Mapping[str, Callable[[], object]], rounds: int, times_per_round: Mapping[str, int] | None = None
) -> dict[str, Seconds]:
    """Time each work in every round, after one run of the quick ones to warm up.

    Works named in ``times_per_round`` run that many times in each round, so that a short one is timed as
    often, in all, as it deserves; they are also the ones that are warmed up.
    """
    repeats = times_per_round or {}
    taken: dict[str, list[float]] = {name: [] for name in works}
    for name in repeats:
        works[name]()
    for _ in range(rounds):
        for name, work in works.items():
            for _ in range(repeats.get(name, 1)):
                start = time.perf_counter()
                work()
                taken[name].append(time.perf_counter() - start)
    return {name: Seconds(statistics.median(all_), min(all_), max(all_)) for name, all_ in taken.items()}
