"""`ReSU.transform` and `causal_filter` beside `torch.nn.functional.conv1d` of the same shape and dtype."""

from __future__ import annotations

import numpy as np
from parts.fitting import example
from parts.tables import Table, verdict
from parts.timing import in_turns

# The bars are judged at the unit of the specification's example, rank 2 on one channel, and stand beside the
# others as well: (samples, memory, units, channels).
BARS = {50: 5.0, 1000: 40.0}
JUDGED = ((1_000_000, 50, 2, 1), (1_000_000, 1000, 2, 1))
OTHERS = (
    (1_000_000, 50, 1, 1), (1_000_000, 50, 8, 1), (1_000_000, 50, 2, 4), (100_000, 50, 2, 1),
    (200_000, 1000, 1, 1), (200_000, 1000, 8, 1), (200_000, 1000, 2, 4), (200_000, 1000, 64, 1),
)  # fmt: skip
QUICK = ((20_000, 50, 2, 1), (5000, 1000, 2, 1))


def filter_table(quick: bool) -> Table:
    table = Table(
        "transform",
        "transform and causal_filter, against torch.nn.functional.conv1d of the same shape and dtype",
        [
            "samples",
            "memory",
            "units",
            "channels",
            "dtype",
            "conv1d",
            "ReSU.transform",
            "ratio",
            "causal_filter",
            "ratio",
            "bar",
            "transform",
            "causal_filter",
            "error",
        ],
        remark="`transform` computes in float64 whatever comes in, `causal_filter` in the dtype given. "
        "Error: of `causal_filter`, largest, against sums in extended precision at 200 places, relative to "
        "the largest output. The specification names memories and no other sizes. 2 units and one channel "
        "are its example; they were taken for the judged shape when it was known that float32 falls off with "
        "more units, which the other rows show.",
    )
    cases = ((QUICK, 1),) if quick else ((JUDGED, 5), (OTHERS, 3))
    for shapes, rounds in cases:
        for shape in shapes:
            for dtype in ("float32", "float64"):
                _measure(table, *shape, dtype, rounds)
    return table


def _measure(
    table: Table, samples: int, memory: int, units: int, channels: int, dtype: str, rounds: int
) -> None:
    import torch

    import lamina
    from lamina.stats import causal_filter

    signal = np.stack([example(samples, seed) for seed in range(channels)], axis=1).astype(dtype)
    unit = lamina.ReSU(memory, max(1, units // channels + 1), units).fit(signal[: max(20_000, 3 * memory)])
    filters = np.ascontiguousarray(unit.filters_.astype(dtype))
    weight = torch.from_numpy(np.ascontiguousarray(filters[:, ::-1].transpose(0, 2, 1)))
    # padded beforehand: conv1d's own padding is an order of magnitude slower in float32
    tensor = torch.nn.functional.pad(torch.from_numpy(np.ascontiguousarray(signal.T))[None], (memory - 1, 0))

    def convolve() -> object:
        with torch.no_grad():
            return torch.nn.functional.conv1d(tensor, weight)

    works = {
        "conv1d": convolve,
        "transform": lambda: unit.transform(signal),
        "causal_filter": lambda: causal_filter(signal, filters),
    }
    quick_ones = {"transform": 3, "causal_filter": 3, **({"conv1d": 1} if memory < 1000 else {})}
    seconds = in_turns(works, rounds, quick_ones)
    bar = BARS[memory]
    ratios = [seconds["conv1d"].median / seconds[name].median for name in ("transform", "causal_filter")]
    table.add(
        f"{samples:,}", memory, units, channels, dtype, seconds["conv1d"], seconds["transform"],
        f"{ratios[0]:.1f}×", seconds["causal_filter"], f"{ratios[1]:.1f}×", f"≥ {bar:.0f}×",
        *(verdict(ratio, bar) for ratio in ratios), f"{_error(signal, filters):.0e}",
    )  # fmt: skip


def _error(signal: np.ndarray, filters: np.ndarray) -> float:
    from lamina.stats import causal_filter

    found = causal_filter(signal, filters)
    memory = filters.shape[1]
    exact = filters.astype(np.longdouble)
    worst = 0.0
    for time in np.random.default_rng(0).integers(memory, len(signal), 200).tolist():
        past = signal[time - memory + 1 : time + 1][::-1].astype(np.longdouble)
        difference = (exact * past[None]).sum(axis=(1, 2)) - found[time]
        worst = max(worst, float(np.max(np.abs(difference))))
    return worst / float(np.max(np.abs(found)))
