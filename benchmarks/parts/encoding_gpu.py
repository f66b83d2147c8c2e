"""How many samples a GPU encodes in a second: step-forward and LIF over many channels at once.

    python benchmarks/parts/encoding_gpu.py           # 100 000 channels of 500 samples
    python benchmarks/parts/encoding_gpu.py --quick   # a smoke run

Timed is what a user calls, `encode` and `decode` of a tensor on the device, with checks and scaling. Codes
that follow a signal take one time after the other, so that what a step costs is the starting of its
operations; these are counted on any machine. Without a CUDA device, the table holds the counts alone and
says so.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parts.tables import Table, verdict

from lamina.encoding import Scaling, SpikeCode
from lamina.encoding.registry import code_named

CODES = ("sf", "lif")
BAR = 1e8
CHANNELS, SAMPLES, ROUNDS = 100_000, 500, 5
# what starting one operation takes on a device, at most, as rules of thumb have it
LAUNCH_S = 10e-6
NO_DEVICE = (
    "no CUDA device on this machine: nothing was timed. The last column is an estimate, not a measurement: "
    f"the counted operations of a step at {LAUNCH_S * 1e6:.0f} µs each."
)
# what only looks at memory in another way starts nothing
VIEWS = {"alias", "as_strided", "detach", "expand", "select", "slice", "t", "transpose", "unsqueeze", "view"}


class Counter(TorchDispatchMode):
    """Counts the operations that a device would be asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.count += func.overloadpacket.__name__ not in VIEWS
        return func(*args, **(kwargs or {}))


def walks(channels: int, samples: int, device: str) -> torch.Tensor:
    generator = torch.Generator(device).manual_seed(0)
    steps = torch.randn(channels, samples, device=device, generator=generator)
    return steps.cumsum(1) / samples**0.5


def operations_per_step(code: SpikeCode, way: str) -> float:
    """Count on the CPU how many operations each further time asks for."""
    counts = []
    for samples in (20, 120):
        signal = walks(4, samples, "cpu")
        ranges, values = Scaling.of(signal).per_channel((4,)), code._values((4,))
        spikes = code._encode_tensor(signal, values, ranges)
        with Counter() as counter:
            if way == "encode":
                code._encode_tensor(signal, values, ranges)
            else:
                code._decode_tensor(spikes, values, ranges, ranges.initial)
        counts.append(counter.count)
    return (counts[1] - counts[0]) / 100


def seconds(work: Any, rounds: int) -> float:
    """Median over rounds, each waited for, after one that warms up."""
    taken = []
    for _ in range(rounds + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def measure(channels: int = CHANNELS, samples: int = SAMPLES, rounds: int = ROUNDS) -> Table:
    """Return samples per second for every code and way, or the counts alone where there is no device."""
    there = torch.cuda.is_available()
    table = Table(
        "encoding gpu",
        f"On a GPU, {channels} channels of {samples} samples, float32; bar: {BAR:.0e} samples/s to encode",
        ("code", "way", "operations per step", "samples/s", "bar"),
    )
    table.remark = torch.cuda.get_device_name() if there else NO_DEVICE
    signal = walks(channels, samples, "cuda") if there else None
    for name in CODES:
        code = code_named(name)(threshold=0.1)
        for way in ("encode", "decode"):
            count = operations_per_step(code, way)
            if signal is None:
                guessed = channels / (count * LAUNCH_S)
                table.add(name, way, f"{count:.0f}", f"(about {guessed:.0e})", "not timed")
                continue
            spikes = code.encode(signal)
            if way == "encode":
                taken = seconds(lambda code=code: code.encode(signal), rounds)
            else:
                taken = seconds(lambda code=code, spikes=spikes: code.decode(spikes), rounds)
            speed = channels * samples / taken
            judged = verdict(speed, BAR) if way == "encode" else "–"
            table.add(name, way, f"{count:.0f}", f"{speed:.2e}", judged)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few channels and samples: does it run?")
    quick = parser.parse_args().quick
    table = measure(1000, 50, 1) if quick else measure()
    if quick:
        table.without_verdicts()
    print(table.text())


if __name__ == "__main__":
    main()
