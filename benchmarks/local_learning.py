"""How long local learning takes, in seconds of one core: 10⁶ steps in chunks, and sample by sample.

    python benchmarks/local_learning.py           # the size of the specification and a few others
    python benchmarks/local_learning.py --quick   # a smoke run
    python benchmarks/local_learning.py --tuning  # the table that the step sizes were chosen from

The first call of a process compiles, or loads what an earlier one compiled; it is not counted.
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np

from lamina.errors import ArgumentError
from lamina.experiments.local_learning.config import TUNED_ON, LocalLearningConfig, Way, processes
from lamina.experiments.local_learning.run import learn_process
from lamina.experiments.local_learning.summary import smallest
from lamina.resu.local import LocalReSU

BAR_SECONDS = 5.0
SIZES = ((10, 1, 2), (50, 1, 2), (10, 4, 4), (50, 4, 8))


def timed(unit: LocalReSU, recording: np.ndarray, *, one_by_one: bool = False) -> float:
    start = time.perf_counter()
    if one_by_one:
        for sample in recording[:, None]:
            unit.partial_fit(sample)
    else:
        unit.fit(recording)
    return time.perf_counter() - start


def speed(steps: int, repeats: int) -> None:
    rng = np.random.default_rng(0)
    print(f"{'rule':<11} {'m = h':>5} {'C':>3} {'r':>3} {'steps':>9} {'fastest':>9} {'median':>9}  bar")
    for rule, (memory, channels, rank) in itertools.product(("asymmetric", "bio"), SIZES):
        recording = rng.standard_normal((steps + 2 * memory - 1, channels))
        unit = LocalReSU(memory, memory, rank, rule=rule)
        unit.fit(recording[: 4 * memory])
        seconds = [timed(unit, recording) for _ in range(repeats)]
        bar = f"{BAR_SECONDS:g} s" if (memory, channels, rank) == (10, 1, 2) and steps == 1_000_000 else ""
        print(
            f"{rule:<11} {memory:>5} {channels:>3} {rank:>3} {steps:>9} {min(seconds):>7.2f} s "
            f"{np.median(seconds):>7.2f} s  {bar}",
            flush=True,
        )
    few = steps // 100
    recording = rng.standard_normal((few, 1))
    unit = LocalReSU(10, 10, 2).fit(recording[:100])
    seconds = timed(LocalReSU(10, 10, 2), recording, one_by_one=True)
    print(f"sample by sample through partial_fit: {1e6 * seconds / few:.0f} µs each")


def tuning() -> None:
    config = LocalLearningConfig(n_seeds=5, checkpoints=(3_000, 10_000, 30_000, 100_000, 300_000))
    print("smallest cosine or unit correlation, lowest of 5 seeds, after", *config.checkpoints)
    grid = itertools.product((0.05, 0.1, 0.2), (300.0, 1000.0, 3000.0), (0.5, 2 / 3), (0.0, 1.0, 3.0))
    for rate, steps, power, averaging in grid:
        chosen = {"learning_rate": rate, "decay_steps": steps, "decay_power": power, "averaging": averaging}
        line = " ".join(f"{name}={value:.3g}" for name, value in chosen.items())
        try:
            (found,) = learn_process(processes()[TUNED_ON], [Way(line, chosen)], config)
        except ArgumentError:
            print(f"{line:<70} ran away", flush=True)
            continue
        lowest = np.minimum(smallest(found.cosines), smallest(found.correlations)).min(axis=0)
        print(f"{line:<70}", *(f"{value:.4f}" for value in lowest), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="How long local learning takes.")
    parser.add_argument("--quick", action="store_true", help="few steps, to see that it runs")
    parser.add_argument("--tuning", action="store_true", help="how the step sizes were chosen")
    arguments = parser.parse_args()
    if arguments.tuning:
        tuning()
    else:
        speed(10_000 if arguments.quick else 1_000_000, 1 if arguments.quick else 3)


if __name__ == "__main__":
    main()
