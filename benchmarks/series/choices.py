"""The settings that were tried for series features, beside those that were chosen, through the library.

    python benchmarks/series/choices.py results.jsonl        # runs, or resumes, and prints the table

On the design list and on the sets of invented.py; never on the judged list. Controls: filters drawn at
random, and filters that are the principal components of windows, in place of canonical directions; and the
read-out that is usual for such features, one penalty for all columns, in place of one that weighs blocks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from series.invented import INVENTED
from series.sets import DESIGN, SEED, Collection
from series.splits import split

from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.collection import read_collection
from lamina.resu.features.learning import set_thresholds
from lamina.resu.features.reading import find_blocks
from lamina.resu.features.ridge import fit_ridge
from lamina.resu.features.transformer import ReSUFeatures

N_RESAMPLES, MOST_TESTED = 4, 200
ALPHAS = np.logspace(-3, 3, 10).tolist()
Series = list[np.ndarray]
# training series, labels, test series, resample → predictions and number of features
Method = Callable[[Series, np.ndarray, Series, int], tuple[np.ndarray, int]]


def collections() -> Iterator[Collection]:
    """The design list, and the sets that were invented beside it."""
    for name, read in DESIGN.items():
        yield read(name)
    for name, draw in INVENTED.items():
        series, labels, n_training = draw(SEED)
        yield Collection(name, series, labels, np.arange(len(labels)) < n_training)


def chosen(collection: Collection, resample: int) -> tuple[Series, np.ndarray, Series, np.ndarray]:
    """Training series and labels, test series and labels; of many test series 200, drawn by the resample."""
    training, test = split(collection, resample)
    if len(test) > MOST_TESTED:
        test = np.sort(np.random.default_rng(resample).permutation(test)[:MOST_TESTED])
    labels = collection.targets
    return (
        list(collection.chosen(training)),
        labels[training],
        list(collection.chosen(test)),
        labels[test],
    )


def setting(**settings: object) -> Method:
    """The classifier with some settings other than the default."""

    def method(training: Series, labels: np.ndarray, test: Series, resample: int) -> tuple[np.ndarray, int]:
        del resample
        model: Any = ReSUClassifier(**settings)  # type: ignore[arg-type]
        model.fit(training, labels)
        return model.predict(test), len(model.features_.feature_units_)

    return method


def usual_readout(
    training: Series, labels: np.ndarray, test: Series, resample: int
) -> tuple[np.ndarray, int]:
    """Standardised columns, one penalty for all: as MiniRocket is read out."""
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    del resample
    features = ReSUFeatures().fit(training)
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=ALPHAS))
    model.fit(features.transform(training), labels)
    return model.predict(features.transform(test)), len(features.feature_units_)


def other_filters(kind: str) -> Method:
    """The same scales and numbers of units, with "random" filters or "principal" components of windows."""

    def method(training: Series, labels: np.ndarray, test: Series, resample: int) -> tuple[np.ndarray, int]:
        features = ReSUFeatures().fit(training)
        rng = np.random.default_rng(resample)
        components: dict[object, np.ndarray] = {}
        units = []
        for unit in features.units_:
            if kind == "random":
                filter_ = rng.standard_normal(unit.filter.shape)
            else:
                if unit.scale not in components:
                    components[unit.scale] = _components(training, unit.scale)
                filter_ = components[unit.scale][unit.index].reshape(unit.filter.shape)
            units.append(replace(unit, filter=filter_.astype(np.float32)))
        collection = read_collection("training", training)
        features.units_ = set_thresholds(collection, units, features.channel_means_, features.thresholds)
        classes = np.unique(labels)
        targets = np.where(labels[:, None] == classes, 1.0, -1.0)
        found = fit_ridge(features.transform(training), targets, ALPHAS, blocks=find_blocks(features))
        scores = (features.transform(test) - found.mean) / found.scale @ found.coef.T + found.intercept
        return classes[scores.argmax(axis=1)], len(found.mean)

    return method


def _components(training: Series, scale: object) -> np.ndarray:
    """Principal components of windows as filters lie in memory, strongest first: (values, values)."""
    view, memory, dilation = scale.view, scale.memory, scale.dilation  # type: ignore[attr-defined]
    extent = (memory - 1) * dilation + 1
    parts = []
    for each in training:
        seen = np.diff(each, axis=1) if view == "difference" else each - each.mean(axis=1, keepdims=True)
        if view == "standardised":
            seen = seen / np.maximum(each.std(axis=1, keepdims=True), 1e-12)
        if seen.shape[1] >= extent:
            windows = np.lib.stride_tricks.sliding_window_view(seen, extent, axis=1)[..., ::dilation]
            # (channels, windows, memory), oldest first → (windows, memory, channels), newest first
            parts.append(windows[..., ::-1].transpose(1, 2, 0).reshape(windows.shape[1], -1))
    values, vectors = np.linalg.eigh(np.cov(np.concatenate(parts), rowvar=False))
    return vectors.T[np.argsort(-values)]


METHODS: dict[str, Method] = {
    "default": setting(),
    "usual read-out": usual_readout,
    "random filters": other_filters("random"),
    "principal components": other_filters("principal"),
    "memories 4, 8, 16": setting(memories=(4, 8, 16)),
    "horizon 4": setting(horizon=4),
    "raw instead of standardised": setting(views=("raw", "difference")),
    "without levels": setting(levels=False),
    "3 thresholds": setting(thresholds=3),
    "1200 features": setting(n_features=1200),
    "600 features": setting(n_features=600),
}


def run(path: Path, rows_of: Callable[[Collection, int], Iterator[tuple[str, float, int]]]) -> list[dict]:
    """Append what is missing to a file of JSON lines, and read all of it."""
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    there = {(each["set"], each["resample"]) for each in done}
    for collection in collections():
        for resample in range(N_RESAMPLES):
            if (collection.name, resample) in there:
                continue
            where = {"set": collection.name, "resample": resample}
            rows = [
                {**where, "method": name, "accuracy": hit, "features": n}
                for name, hit, n in rows_of(collection, resample)
            ]
            with path.open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
            done += rows
    return done


def accuracies(collection: Collection, resample: int) -> Iterator[tuple[str, float, int]]:
    """Accuracy and number of features of every method on one resample."""
    training, labels, test, expected = chosen(collection, resample)
    for name, method in METHODS.items():
        predicted, n = method(training, labels, test, resample)
        yield name, float((predicted == expected).mean()), n


def report(rows: list[dict]) -> str:
    """Accuracies, mean ranks, paired differences and tests against the first method, as Markdown."""
    from scipy.stats import friedmanchisquare, rankdata, wilcoxon

    names = list(dict.fromkeys(row["method"] for row in rows))
    sets = list(dict.fromkeys(row["set"] for row in rows))
    resamples = 1 + max(row["resample"] for row in rows)
    found = np.full((len(sets), len(names), resamples), np.nan)
    for row in rows:
        found[sets.index(row["set"]), names.index(row["method"]), row["resample"]] = row["accuracy"]
    mean = found.mean(axis=2)
    ranks = rankdata(-mean.round(6), axis=1).mean(axis=0)
    difference = found - found[:, :1]
    error = np.sqrt((difference.var(axis=2, ddof=1) / resamples).sum(axis=0)) / len(sets)
    p = np.array([wilcoxon(mean[:, k], mean[:, 0])[1] for k in range(1, len(names))])
    order = np.argsort(p)
    holm = np.empty_like(p)
    holm[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    columns = {name: np.mean([row["features"] for row in rows if row["method"] == name]) for name in names}
    lines = [
        f"| method | columns | accuracy | mean rank | against {names[0]} | won / lost | Wilcoxon–Holm p |",
        "|---|---|---|---|---|---|---|",
    ]
    for k, name in enumerate(names):
        change = mean[:, k] - mean[:, 0]
        against = f"{100 * change.mean():+.2f} ± {100 * error[k]:.2f} %" if k else ""
        won = f"{(change > 1e-9).sum()} / {(change < -1e-9).sum()}" if k else ""
        tested = f"{holm[k - 1]:.2f}" if k else ""
        lines.append(
            f"| {name} | {columns[name]:.0f} | {mean[:, k].mean():.4f} | {ranks[k]:.2f} "
            f"| {against} | {won} | {tested} |"
        )
    lines += ["", f"Friedman: p = {friedmanchisquare(*mean.T)[1]:.3f} over {len(sets)} sets.", ""]
    lines += ["| set | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {s} | " + " | ".join(f"{v:.3f}" for v in mean[i]) + " |" for i, s in enumerate(sets)]
    return "\n".join(lines)


if __name__ == "__main__":
    print(report(run(Path(sys.argv[1]), accuracies)))
