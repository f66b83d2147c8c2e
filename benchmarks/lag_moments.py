"""LagMoments against the explicit lag matrix with BLAS, as ratios within one run.

The explicit route is what one would write with NumPy: copy the windows out (`sliding_window_view`),
subtract the mean, and multiply, three products for the three moments. Where the lag matrix would not fit,
it is written out in blocks, about a fixed shift. Both routes take turns, with the same threads; medians
and spreads are printed.

    python benchmarks/lag_moments.py           # the three sizes of the specification, a few minutes
    python benchmarks/lag_moments.py --quick   # a smoke run
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import threadpoolctl
from numpy.lib.stride_tricks import sliding_window_view

from lamina.stats import LagMoments

# rows of lag matrix that are written out together
BLOCK_BYTES = 2**30

Moments = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Case:
    samples: int
    memory: int
    horizon: int
    channels: int
    bar: float
    repeats: int


CASES = (
    Case(samples=1_000_000, memory=50, horizon=50, channels=1, bar=60, repeats=7),
    Case(samples=200_000, memory=500, horizon=500, channels=1, bar=100, repeats=3),
    Case(samples=1_000_000, memory=50, horizon=50, channels=16, bar=20, repeats=1),
)
QUICK = (
    Case(samples=100_000, memory=50, horizon=50, channels=1, bar=1, repeats=3),
    Case(samples=20_000, memory=100, horizon=100, channels=1, bar=1, repeats=1),
    Case(samples=20_000, memory=20, horizon=20, channels=4, bar=1, repeats=1),
)


def explicit(signal: np.ndarray, memory: int, horizon: int) -> Moments:
    windows = signal.shape[0] - memory - horizon + 1
    size = (memory + horizon) * signal.shape[1]
    rows = max(1, BLOCK_BYTES // (8 * size))
    if rows >= windows:
        past, future = _lag_matrices(signal, memory, horizon)
        past -= past.mean(axis=0)
        future -= future.mean(axis=0)
        sums = past.T @ past, future.T @ future, future.T @ past
        return tuple(total / (windows - 1) for total in sums)
    return _explicit_in_blocks(signal - signal.mean(axis=0), memory, horizon, rows, windows)


def _explicit_in_blocks(signal: np.ndarray, memory: int, horizon: int, rows: int, windows: int) -> Moments:
    channels = signal.shape[1]
    sides = ((memory, memory), (horizon, horizon), (horizon, memory))
    totals = [np.zeros((rows_ * channels, columns * channels)) for rows_, columns in sides]
    past_sum, future_sum = np.zeros(memory * channels), np.zeros(horizon * channels)
    for start in range(0, windows, rows):
        stop = min(start + rows, windows) + memory + horizon - 1
        past, future = _lag_matrices(signal[start:stop], memory, horizon)
        past_sum += past.sum(axis=0)
        future_sum += future.sum(axis=0)
        totals[0] += past.T @ past
        totals[1] += future.T @ future
        totals[2] += future.T @ past
    pairs = ((past_sum, past_sum), (future_sum, future_sum), (future_sum, past_sum))
    centred = (total - np.outer(a, b) / windows for total, (a, b) in zip(totals, pairs, strict=True))
    return tuple(total / (windows - 1) for total in centred)


def _lag_matrices(signal: np.ndarray, memory: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    windows = sliding_window_view(signal, memory + horizon, axis=0).swapaxes(1, 2)
    count = windows.shape[0]
    past = np.ascontiguousarray(windows[:, memory - 1 :: -1]).reshape(count, -1)
    future = np.ascontiguousarray(windows[:, memory:]).reshape(count, -1)
    return past, future


def displaced(signal: np.ndarray, memory: int, horizon: int) -> Moments:
    moments = LagMoments(memory, horizon, channels=signal.shape[1]).update(signal)
    found = moments.covariances()
    return found.past, found.future, found.cross


def timed(work: Callable[..., Moments], *arguments) -> tuple[float, Moments]:
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result


def measure(case: Case) -> tuple[list[float], list[float], float]:
    signal = np.random.default_rng(0).standard_normal((case.samples, case.channels)).cumsum(axis=0) * 0.01
    slow: list[float] = []
    fast: list[float] = []
    error = 0.0
    for _ in range(case.repeats):
        # the short one several times, so that both medians rest on comparable time
        for _ in range(3):
            seconds, ours = timed(displaced, signal, case.memory, case.horizon)
            fast.append(seconds)
        seconds, theirs = timed(explicit, signal, case.memory, case.horizon)
        slow.append(seconds)
        error = max(
            float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(ours, theirs, strict=True)
        )
    return slow, fast, error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--threads", type=int, default=None, help="BLAS threads (default: all)")
    arguments = parser.parse_args()
    with threadpoolctl.threadpool_limits(arguments.threads):
        threads = max((pool["num_threads"] for pool in threadpoolctl.threadpool_info()), default=1)
        print(f"BLAS threads: {threads}; medians of interleaved runs, [fastest, slowest]")
        columns = f"{'samples':>9} {'m':>4} {'h':>4} {'C':>3} {'explicit':>26} {'LagMoments':>26}"
        print(f"{columns} {'ratio':>8} {'bar':>5} error")
        for case in QUICK if arguments.quick else CASES:
            slow, fast, error = measure(case)
            ratio = statistics.median(slow) / statistics.median(fast)
            print(
                f"{case.samples:>9} {case.memory:>4} {case.horizon:>4} {case.channels:>3} "
                f"{_spread(slow):>26} {_spread(fast):>26} {ratio:>7.0f}x {case.bar:>4.0f}x {error:.0e}",
                flush=True,
            )


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.4f} [{min(seconds):.4f}, {max(seconds):.4f}]"


if __name__ == "__main__":
    main()
