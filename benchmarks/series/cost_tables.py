"""Seconds and memory beside the baseline's, and whether what was asked for is met."""

from __future__ import annotations

import numpy as np
from parts.tables import Table
from series.peers import BASELINE
from series.results import Results
from series.sets import LISTS, REPORTED


def _measured(results: Results) -> tuple[list[str], list[str]]:
    names = [name for which in REPORTED for name in LISTS[which]]
    methods = [method for method in results.methods if any((name, method) in results.costs for name in names)]
    return [name for name in names if any((name, method) in results.costs for method in methods)], methods


def seconds(results: Results) -> Table:
    """Fit and predict, and how the sum compares with the baseline's in the same rounds."""
    names, methods = _measured(results)
    title = f"Seconds to fit + to predict, medians (times {BASELINE}'s sum, median of the rounds)"
    table = Table("seconds", title, ["set", *methods])
    for name in names:
        cells = []
        for method in methods:
            record = results.costs.get((name, method))
            if record is None:
                cells.append("–")
                continue
            fit, predict = (float(np.median(record[key])) for key in ("fit_s", "predict_s"))
            cells.append(f"{fit:.3g} + {predict:.3g} ({record['ratio']:.2f}×)")
        table.add(name, *cells)
    table.add("geometric mean", *(f"{_geometric(ratios(results, method)):.2f}×" for method in methods))
    table.remark = "One thread, warm, in turns, each set's own split; below 1× is faster."
    return table


def memory(results: Results) -> Table:
    """Peak memory above what the process held before."""
    names, methods = _measured(results)
    table = Table("memory", "Peak memory to fit and predict, MiB above what was there", ["set", *methods])
    for name in names:
        taken = [results.costs.get((name, method), {}).get("peak_bytes") for method in methods]
        table.add(name, *("–" if each is None else f"{each / 2**20:.1f}" for each in taken))
    cells = [f"{_geometric(memory_ratios(results, method)):.2f}×" for method in methods]
    table.add(f"geometric mean of the ratio to {BASELINE}", *cells)
    table.remark = (
        "A process of its own for each, with the data loaded and the code warm on a slice beforehand."
    )
    return table


def ratios(results: Results, method: str) -> dict[str, float]:
    """Set → time over the baseline's."""
    return {name: record["ratio"] for (name, other), record in results.costs.items() if other == method}


def memory_ratios(results: Results, method: str) -> dict[str, float]:
    """Set → peak memory over the baseline's; a page at least, since nothing at all has no ratio."""
    found = {}
    for (name, other), record in results.costs.items():
        base = results.costs.get((name, BASELINE), {})
        if other == method and "peak_bytes" in record and "peak_bytes" in base:
            found[name] = max(record["peak_bytes"], 4096) / max(base["peak_bytes"], 4096)
    return found


def _geometric(found: dict[str, float]) -> float:
    return float(np.exp(np.mean(np.log(list(found.values()))))) if found else float("nan")


def bars(results: Results, ours: str) -> Table:
    """The numbers that were asked for, beside those that came."""
    names = list(LISTS["judged"])
    table = Table("bars", "What was asked for, on the judged list", ["what", "bar", "measured", "verdict"])

    def add(what: str, bar: str, measured: str, met: bool) -> None:
        table.add(what, bar, measured, "met" if met else "not met")

    if {ours, BASELINE} <= set(results.complete(names)):
        own, base = (float(results.means(names, [method]).mean()) for method in (ours, BASELINE))
        add("mean accuracy", f"≥ {base:.4f} ({BASELINE})", f"{own:.4f}", own >= base)
        shares = {
            name: results.values(name, ours, "n_features")[0]
            / results.values(name, BASELINE, "n_features")[0]
            for name in names
        }
        worst = max(shares, key=lambda name: shares[name])
        share = shares[worst]
        add("features, share of MiniRocket's", "≤ 0.25", f"{share:.3f} at most ({worst})", share <= 0.25)
    times, sizes = (
        {name: value for name, value in found(results, ours).items() if name in names}
        for found in (ratios, memory_ratios)
    )
    if times:
        slowest, faster = max(times, key=lambda name: times[name]), 1 / _geometric(times)
        bar = "fit and predict, times faster"
        add(f"{bar}, worst set", "≥ 1", f"{1 / times[slowest]:.2f} ({slowest})", times[slowest] <= 1)
        add(f"{bar}, geometric mean", "≥ 2", f"{faster:.2f}", faster >= 2)
    if sizes:
        largest = max(sizes, key=lambda name: sizes[name])
        what = "peak memory, share of MiniRocket's"
        add(f"{what}, worst set", "≤ 0.5", f"{sizes[largest]:.2f} ({largest})", sizes[largest] <= 0.5)
        add(f"{what}, geometric mean", "≤ 0.5", f"{_geometric(sizes):.2f}", _geometric(sizes) <= 0.5)
    return table
