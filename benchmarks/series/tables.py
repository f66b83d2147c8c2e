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
    averages = [
        f"{results.means(names, [method]).mean():.3f}" if method in whole else "–"
        for method in results.methods
    ]
    table.add("mean", *averages)
    table.remark = f"{N_RESAMPLES} resamples each" + (
        f", but fewer for {'; '.join(fewer)}." if fewer else "."
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
            own, other = results.values(name, ours), results.values(name, BASELINE)
            if not own.size or not other.size or round(own.mean() - other.mean(), 9) >= 0:
                continue
            both = min(own.size, other.size)
            worse = int((np.round(own[:both] - other[:both], 9) < 0).sum())
            averages = {method: results.values(name, method) for method in results.methods}
            best = max((values.mean(), method) for method, values in averages.items() if values.size)
            cells = (f"{own.mean():.3f}", f"{other.mean():.3f}", f"{own.mean() - other.mean():+.3f}")
            rows.append(
                (own.mean() - other.mean(), (name, which, *cells, f"{worse} of {both} resamples", best[1]))
            )
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
        own, other = ([results.values(name, method) for name in names] for method in (ours, BASELINE))
        few = min(each.size for each in own + other)
        y, x = (np.stack([each[:few] for each in side]) for side in (own, other))
        pictures.scatter(names, y, x, (ours, BASELINE), folder / "scatter.png")
