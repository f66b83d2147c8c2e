"""What a method costs on a set: seconds to fit and to predict, side by side with the others, and peak memory.

Everything is measured on the set's own split, in one thread, after a small slice has been through the same
code, so that neither imports nor compiling counts. Series that a method gets padded are padded beforehand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from series.peers import BASELINE, METHODS, Method, NotThereError
from series.sets import Collection, Series, load
from series.splits import split

SCRIPT = Path(__file__).resolve().parent / "evaluate.py"
# series of each class, and classes, that the slice for warming up has
WARM_SERIES, WARM_CLASSES = 4, 3


@dataclass
class Work:
    """One method on one set, ready to run."""

    method: Method
    regression: bool
    training: Series
    training_targets: np.ndarray
    test: Series
    seconds: list[tuple[float, float]] = field(default_factory=list)

    def run(self) -> tuple[float, float]:
        """Fit and predict once; the seconds of each."""
        estimator = self.method.make(self.regression, 0)
        start = time.perf_counter()
        estimator.fit(self.training, self.training_targets)
        fitted = time.perf_counter()
        estimator.predict(self.test)
        return fitted - start, time.perf_counter() - fitted


def prepare(collection: Collection, method: Method) -> Work:
    """Cut the set, pad it where the method needs that, and warm the method up."""
    if not method.any_length:
        collection = collection.padded()
    training, test = split(collection, 0)

    def work(which: np.ndarray, others: np.ndarray) -> Work:
        chosen, targets = collection.chosen(which), collection.targets[which]
        return Work(method, collection.is_regression, chosen, targets, collection.chosen(others))

    few = a_slice(collection.targets, training, collection.is_regression)
    work(few, few).run()
    return work(training, test)


def a_slice(targets: np.ndarray, training: np.ndarray, regression: bool) -> np.ndarray:
    """A few training series of a few classes."""
    if regression:
        return training[: WARM_SERIES * WARM_CLASSES]
    classes = np.unique(targets[training])[:WARM_CLASSES]
    return np.concatenate([training[targets[training] == each][:WARM_SERIES] for each in classes])


def seconds(collection: Collection, methods: Mapping[str, Method], rounds: int) -> dict[str, dict[str, Any]]:
    """Time all methods in turns, ``rounds`` times, so that other work on the machine meets all alike.

    ``ratio`` is the median over the rounds: the time for both over that of the baseline in the same round.
    """
    works = {}
    for name, method in methods.items():
        try:
            works[name] = prepare(collection, method)
        except NotThereError:
            continue
    for _ in range(rounds):
        for work in works.values():
            work.seconds.append(work.run())
    totals = {name: np.asarray(work.seconds).sum(axis=1) for name, work in works.items()}
    return {
        name: {
            "fit_s": [round(fit, 5) for fit, _ in work.seconds],
            "predict_s": [round(predict, 5) for _, predict in work.seconds],
            "ratio": round(float(np.median(totals[name] / totals[BASELINE])), 4),
        }
        for name, work in works.items()
    }


def peak_bytes(name: str, method: str, settings: Mapping[str, Any] | None = None) -> int:
    """Run `print_peak_bytes` in a process of its own."""
    command = [sys.executable, str(SCRIPT), "--peak-memory", name, method, json.dumps(dict(settings or {}))]
    # freed memory goes back at once: what warming up left would hide what comes after
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return int(done.stdout.split()[-1])


def print_peak_bytes(name: str, method: str, settings: str) -> None:
    """Largest resident set in fit and predict, above that with the data loaded and the code warm."""
    from parts.memory import _largest, _reset
    from series.peers import variant

    warnings.simplefilter("ignore")
    chosen = METHODS[method] if method in METHODS else variant(**json.loads(settings))
    work = prepare(load(name), chosen)
    before = _reset()
    work.run()
    print(max(0, _largest() - before))
