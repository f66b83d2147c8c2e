"""What was measured, as tables: scores, ranks and tests, losses, numbers of features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from parts.tables import Table
from series import comparison, cost_tables
from series.peers import BASELINE
from series.results import Results
from series.sets import LISTS, REPORTED
from series.splits import N_RESAMPLES


def sections(results: Results, ours: str) -> dict[str, Table]:
    """Every table of the page, by the name of its place."""
    found = {
        "judged": scores(results, "judged"),
        "judged ranks": ranking(results, "judged"),
        "judged tests": tests(results, "judged"),
        "regression": scores(results, "regression"),
        "design": scores(results, "design"),
        "design ranks": ranking(results, "design"),
        "features": features(results),
    }
    if ours in results.methods:
        found["losses"] = losses(results, ours)
    if results.costs:
        found |= {"seconds": cost_tables.seconds(results), "memory": cost_tables.memory(results)}
    if ours in results.methods and results.costs:
        found["bars"] = cost_tables.bars(results, ours)
    return found


def scores(results: Results, which: str) -> Table:
    """Mean and standard deviation over the resamples, for every set of a list."""
    names = list(LISTS[which])
    word = "R² on the test series" if which == "regression" else "accuracy"
    table = Table(which, f"{which} list: {word}, mean ± standard deviation", ["set", *results.methods])
    fewer = []
    for name in names:
        cells = []
        for method in results.methods:
            values = results.values(name, method)
            if not values.size:
                cells.append("–")
                continue
            spread = f" ± {values.std(ddof=1):.3f}" if values.size > 1 else ""
            cells.append(f"{values.mean():.3f}{spread}")
            if values.size < N_RESAMPLES:
                fewer.append(f"{method} on {name}: {values.size}")
        table.add(name, *cells)
    whole = results.complete(names)
    averages = {}
    if whole:
        averages = dict(zip(whole, results.means(names, whole).mean(axis=0), strict=True))
    table.add("mean", *(f"{averages[each]:.3f}" if each in averages else "–" for each in results.methods))
    table.remark = f"{N_RESAMPLES} resamples each."
    if fewer:
        table.remark = (
            f"{N_RESAMPLES} resamples each, but fewer for {'; '.join(fewer)}. The means in the last row, "
            "ranks and tests compare methods on the resamples that all of them have."
        )
    return table


def ranking(results: Results, which: str) -> Table:
    """Mean rank and mean score of the methods that have an answer for every set, best first."""
    names = list(LISTS[which])
    methods = results.complete(names)
    table = Table(
        f"{which} ranks", f"{which} list: ranks", ["method", "mean rank", "mean accuracy", "best on"]
    )
    if not methods:
        return table
    means = results.means(names, methods)
    ranks = comparison.mean_ranks(means)
    best = np.isclose(means, means.max(axis=1, keepdims=True), rtol=0, atol=1e-9).sum(axis=0)
    for place in np.argsort(ranks, kind="stable"):
        table.add(
            methods[place], f"{ranks[place]:.2f}", f"{means[:, place].mean():.4f}", f"{best[place]} sets"
        )
    statistic, p = comparison.friedman(means)
    if np.isfinite(p):
        table.remark = f"Friedman's test over {len(names)} sets: χ² = {statistic:.2f}, p = {p:.2g}."
    return table


def tests(results: Results, which: str) -> Table:
    """Every pair of methods over the sets of a list."""
    names = list(LISTS[which])
    methods = results.complete(names)
    heads = ["pair", "better, equal, worse", "Wilcoxon's p", "after Holm"]
    table = Table(f"{which} tests", f"{which} list: pairs of methods", heads)
    for pair in comparison.pairs(results.means(names, methods), methods) if len(methods) > 1 else ():
        counts = f"{pair.wins}, {pair.ties}, {pair.losses}"
        table.add(f"{pair.first} against {pair.second}", counts, f"{pair.p:.2g}", f"{pair.p_holm:.2g}")
    return table


def losses(results: Results, ours: str) -> Table:
    """Each set, of all lists, on which ours is worse than the baseline, the largest loss first."""
    heads = ["set", "list", ours, BASELINE, "difference", "worse in", "best of all"]
    table = Table("losses", f"Sets on which {ours} loses to {BASELINE}", heads)
    rows = []
    for which in REPORTED:
        for name in LISTS[which]:
            own, other = results.shared(name, [ours, BASELINE])
            difference = np.round(own - other, 9)
            if not own.size or difference.mean() >= 0:
                continue
            present = [method for method in results.methods if results.shared(name, [ours, method]).size]
            best = present[int(results.shared(name, present).mean(axis=1).argmax())]
            cells = (f"{own.mean():.3f}", f"{other.mean():.3f}", f"{difference.mean():+.3f}")
            worse = f"{(difference < 0).sum()} of {own.size} resamples"
            rows.append((difference.mean(), (name, which, *cells, worse, best)))
    for _, row in sorted(rows):
        table.add(*row)
    return table


def features(results: Results) -> Table:
    """How many features each method's read-out sees on its own split, smallest and largest over the sets."""
    table = Table("features", "Number of features", ["method", "fewest", "median", "most"])
    for method in results.methods:
        counts = [
            results.values(name, method, "n_features")[0]
            for which in REPORTED
            for name in LISTS[which]
            if results.values(name, method, "n_features").size
        ]
        table.add(method, *(f"{value:.0f}" for value in (min(counts), np.median(counts), max(counts))))
    return table


def draw(results: Results, ours: str, folder: Path) -> None:
    """The two pictures, of the judged list."""
    from series import pictures

    names = list(LISTS["judged"])
    methods = results.complete(names)
    if len(methods) > 2:
        path = folder / "critical-differences.png"
        pictures.critical_differences(results.means(names, methods), methods, path)
    if {ours, BASELINE} <= set(methods):
        points = [results.shared(name, (ours, BASELINE)) for name in names]
        pictures.scatter(names, points, (ours, BASELINE), folder / "scatter.png")
