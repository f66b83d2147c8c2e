"""Time and memory of every layer beside torch's multi-head attention on the same tensor."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Mapping
from typing import Any

import torch
from parts.layers_cases import BATCH, HIDDEN, LENGTH, LONG, LayerToTime, attend, attention
from parts.layers_memory import peaks
from parts.tables import Table
from parts.timing import Seconds

LENGTHS = (128, 256, 512, 1024, 2048, 4096, 8192)
ATTENTION = "nn.MultiheadAttention"
TRAINING, LONGEST, DOUBLING = 1.0, 0.25, 2.6
Work = Callable[[], object]
Clock = Callable[[], float]


def forward(layer: Any, x: torch.Tensor) -> Work:
    def work() -> object:
        with torch.no_grad():
            return attend(layer, x) if isinstance(layer, torch.nn.MultiheadAttention) else layer(x)

    return work


def training(layer: Any, x: torch.Tensor) -> Work:
    """Forward and backward, gradients of the input and of all parameters."""
    wanted = x.clone().requires_grad_()
    ones = torch.ones_like(x)

    def work() -> object:
        plain = isinstance(layer, torch.nn.MultiheadAttention)
        y = attend(layer, wanted) if plain else layer(wanted)
        layer.zero_grad()
        wanted.grad = None
        y.backward(ones)
        return wanted.grad

    return work


def works(
    cases: list[LayerToTime], make: Callable[[Any, torch.Tensor], Work], length: int, batch: int = BATCH
) -> dict[str, Work]:
    found: dict[str, Work] = {ATTENTION: make(attention(), torch.randn(batch, length, HIDDEN))}
    for case in cases:
        if case.longest is not None and length > case.longest:
            continue
        found[case.name] = make(case.build(length), case.input(batch, length))
    return found


def timed(made: Mapping[str, Work], rounds: int, clock: Clock) -> dict[str, Seconds]:
    """Run all in turns, each once in a round, after a first run of each."""
    taken: dict[str, list[float]] = {name: [] for name in made}
    for work in made.values():
        work()
    for _ in range(rounds):
        for name, work in made.items():
            start = clock()
            work()
            taken[name].append(clock() - start)
    return {name: Seconds(statistics.median(all_), min(all_), max(all_)) for name, all_ in taken.items()}


def speed_table(
    cases: list[LayerToTime], long: Mapping[str, Seconds], clock: Clock, *, quick: bool, memory: bool
) -> Table:
    """Forward, forward and backward, at 4096, and the peak of memory; shares of attention's."""
    length = 128 if quick else LENGTH
    ahead = timed(works(cases, forward, length), 2 if quick else 20, clock)
    both = timed(works(cases, training, length), 2 if quick else 8, clock)
    table = Table(
        "layers speed",
        f"({BATCH}, {length}, {HIDDEN}), float32, two threads: shares of the time of {ATTENTION}",
        [
            *("layer", "forward", "share", "bar", "", "forward + backward", "share", "bar", ""),
            *(f"at {LONG}", "bar", "", "peak memory forward", "share", "forward + backward", "share"),
        ],
        remark=f"Best of interleaved runs, ms. {ATTENTION}({HIDDEN}, 8, batch_first=True) without weights, "
        "in eval mode; forward without gradients; backward to the input and all parameters. A share is of "
        f"attention's number in the same column; at {LONG}, the batch is {BATCH} too. SpectralConv1d has its "
        f"channels first, images are of {HIDDEN} channels and as many values. Peak memory: resident set of a "
        "process of its own above what it held before the first full-sized run, MiB, output included.",
    )
    kept = {name: peaks(name, length) if memory else (0, 0) for name in (ATTENTION, *(c.name for c in cases))}
    base = kept[ATTENTION]
    for case in (None, *cases):
        name = case.name if case else ATTENTION
        shares = [
            ahead[name].shortest / ahead[ATTENTION].shortest,
            both[name].shortest / both[ATTENTION].shortest,
        ]
        at_long = long[name].shortest / long[ATTENTION].shortest if name in long else None
        table.add(
            name,
            f"{1e3 * ahead[name].shortest:.3g}",
            f"{shares[0]:.2f}",
            *_judged(shares[0], case.bar if case else None),
            f"{1e3 * both[name].shortest:.3g}",
            f"{shares[1]:.2f}",
            *_judged(shares[1], TRAINING if case and case.training else None),
            "–" if at_long is None else f"{at_long:.3f}",
            *_judged(at_long, LONGEST if case and case.long else None),
            *_memory(kept[name], base, memory),
        )
    return table


def _judged(share: float | None, bar: float | None) -> tuple[str, str]:
    if bar is None or share is None:
        return "–", ""
    return f"≤ {bar:g}", "met" if share <= bar else "not met"


def _memory(taken: tuple[int, int], base: tuple[int, int], measured: bool) -> list[str]:
    if not measured:
        return ["–"] * 4
    cells = []
    for one, of in zip(taken, base, strict=True):
        cells += [f"{one / 2**20:.0f}", f"{one / max(of, 1):.2f}"]
    return cells


def growth(
    cases: list[LayerToTime], clock: Clock, *, quick: bool, batch: int = BATCH
) -> dict[int, dict[str, Seconds]]:
    """Forward times at every length, all layers in turns."""
    lengths = (128, 256) if quick else LENGTHS
    most = {1024: 8, 2048: 4, 4096: 3, 8192: 2}
    rounds = {length: 2 if quick else most.get(length, 12) for length in lengths}
    return {length: timed(works(cases, forward, length, batch), rounds[length], clock) for length in lengths}


def growth_table(
    cases: list[LayerToTime], found: Mapping[int, Mapping[str, Seconds]], *, batch: int = BATCH
) -> Table:
    lengths = sorted(found)
    table = Table(
        "layers growth",
        f"forward on ({batch}, n, {HIDDEN}), ms, and the factor of each doubling",
        ["layer", *(f"n = {length}" for length in lengths), "greatest factor", "bar", ""],
        remark="Best of interleaved runs; in brackets, how much longer than at half the length. The bar is "
        "for layers of O(n log n).",
    )
    for case in (None, *cases):
        name = case.name if case else ATTENTION
        times = [found[length][name].shortest for length in lengths if name in found[length]]
        factors = [after / before for before, after in itertools.pairwise(times)]
        cells = [f"{1e3 * times[0]:.3g}"]
        cells += [f"{1e3 * time:.3g} [{factor:.2f}]" for time, factor in zip(times[1:], factors, strict=True)]
        cells += ["–"] * (len(lengths) - len(times))
        table.add(
            name,
            *cells,
            f"{max(factors):.2f}",
            *_judged(max(factors), DOUBLING if case and case.grows else None),
        )
    return table
