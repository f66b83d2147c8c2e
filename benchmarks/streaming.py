"""How long one sample takes: `ReSUStream.step` through NumPy and `ReSUModule.step` through torch.

Beside them, in turn and in the same run: a step as one would write it with NumPy (shift the window, multiply,
rectify), and what `transform` takes per sample of a long recording. Each figure is the median over many short
blocks of steps; the lowest tenth stands beside it, for machines that do other things meanwhile.

    python benchmarks/streaming.py           # 64 units, memory 50, one channel; then other sizes
    python benchmarks/streaming.py --quick   # a smoke run
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import threadpoolctl

import lamina
from lamina.resu.stream import ReSUStream

# units, memory, channels, rectification; the bars of the specification are for the first two
CASES = (
    (64, 50, 1, "none"),
    (64, 50, 1, "split"),
    (64, 50, 8, "none"),
    (64, 1000, 1, "none"),
    (2, 50, 1, "none"),
)
BARS = {"ReSUStream.step": 10.0, "ReSUModule.step": 40.0}
SAMPLES, STEPS = 100_000, 50


def fitted(units: int, memory: int, channels: int, rectify: str) -> lamina.ReSU:
    noise = np.random.default_rng(0).standard_normal((20_000, channels))
    y = noise + np.concatenate([np.zeros((1, channels)), 0.8 * noise[:-1]])
    # a horizon that leaves room for as many units
    return lamina.ReSU(memory=memory, horizon=64, rank=min(units, memory * channels), rectify=rectify).fit(y)


def widened(unit: lamina.ReSU, units: int) -> lamina.ReSU:
    """Repeat units until there are as many as asked for: a memory of 50 in one channel has room for 50."""
    chosen = np.arange(units) % unit.filters_.shape[0]
    unit.filters_ = unit.filters_[chosen]
    unit.forecast_ = unit.forecast_[:, chosen]
    unit.modes_ = tuple(unit.modes_[index] for index in chosen)
    return unit


class Naive:
    """The step that one writes first."""

    def __init__(self, unit: lamina.ReSU) -> None:
        self.filters = unit.filters_.reshape(unit.filters_.shape[0], -1)
        self.mean = unit.past_mean_
        self.window = self.mean.copy()
        self.split = unit.modes_[0] == "split"

    def step(self, x: np.ndarray) -> np.ndarray:
        self.window = np.roll(self.window, 1, axis=0)
        self.window[0] = x
        z = self.filters @ (self.window - self.mean).ravel()
        return np.stack([np.maximum(z, 0.0), np.maximum(-z, 0.0)], axis=1).ravel() if self.split else z


def torch_step(unit: lamina.ReSU, y: np.ndarray) -> Callable[[], None]:
    import torch

    from lamina.resu.module import ReSUModule

    module = ReSUModule(unit, dtype=torch.float32)
    samples = torch.from_numpy(y[:STEPS, None]).float()
    state = module.initial_state(1)

    def block() -> None:
        nonlocal state
        with torch.inference_mode():
            for sample in samples:
                _, state = module.step(sample, state)

    return block


def microseconds(work: Callable[[], object], steps: int) -> float:
    start = time.perf_counter()
    work()
    return 1e6 * (time.perf_counter() - start) / steps


def measure(case: tuple[int, int, int, str], blocks: int, samples: int) -> dict[str, list[float]]:
    units, memory, channels, _ = case
    unit = widened(fitted(*case), units)
    y = np.random.default_rng(1).standard_normal((samples, channels))
    stream, naive, rows = ReSUStream(unit), Naive(unit), list(y[:STEPS])
    for x in y[:memory]:
        # until the windows are whole, only the stream knows what it has not seen
        stream.step(x)
        naive.step(x)
    ahead = np.array([naive.step(x) for x in rows])
    np.testing.assert_allclose([stream.step(x) for x in rows], ahead, atol=1e-9 * np.abs(ahead).max())
    work: dict[str, Callable[[], object]] = {
        "ReSUStream.step": lambda: [stream.step(x) for x in rows],
        "naive NumPy step": lambda: [naive.step(x) for x in rows],
    }
    try:
        work["ReSUModule.step"] = torch_step(unit, y)
    except ModuleNotFoundError:
        print("torch is not installed: its step is left out")
    found: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(blocks):
        for name, block in work.items():
            found[name].append(microseconds(block, STEPS))
    found["transform, per sample"] = [microseconds(lambda: unit.transform(y), samples) for _ in range(5)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few blocks and one size, to see that it runs")
    arguments = parser.parse_args()
    with threadpoolctl.threadpool_limits(1):
        print("one thread; microseconds per sample: median [lowest tenth], ratio to ReSUStream.step")
        for case in CASES[:1] if arguments.quick else CASES:
            units, memory, channels, rectify = case
            print(f"{units} units, memory {memory}, {channels} channel(s), rectify={rectify!r}")
            blocks, samples = (20, SAMPLES // 10) if arguments.quick else (400, SAMPLES)
            found = measure(case, blocks, samples)
            reference = float(np.median(found["ReSUStream.step"]))
            for name, values in found.items():
                median, low = float(np.median(values)), float(np.quantile(values, 0.1))
                bar = f"  bar {BARS[name]:.0f}" if name in BARS and case in CASES[:2] else ""
                print(f"  {name:22s} {median:8.2f} [{low:.2f}]  {median / reference:6.2f}x{bar}", flush=True)


if __name__ == "__main__":
    main()
