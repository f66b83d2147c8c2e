"""Both methods with a part of one exchanged: what losses.py compares, each on one split of a set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from series.choices import other_filters
from series.sets import Collection, Series

from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.reading import ALPHAS, find_blocks
from lamina.resu.features.ridge import Blocks, fit_ridge
from lamina.resu.features.transformer import ReSUFeatures


@dataclass(frozen=True)
class Part:
    """Training and test series of one resample, as they are and padded with zeros."""

    name: str
    training: Series
    test: Series
    padded_training: np.ndarray
    padded_test: np.ndarray
    labels: np.ndarray
    expected: np.ndarray
    seed: int

    @property
    def unequal(self) -> bool:
        return isinstance(self.training, list)


def part(collection: Collection, training: np.ndarray, test: np.ndarray, seed: int) -> Part:
    padded = collection.padded()
    series = (
        collection.chosen(training),
        collection.chosen(test),
        padded.chosen(training),
        padded.chosen(test),
    )
    return Part(collection.name, *series, collection.targets[training], collection.targets[test], seed)  # type: ignore[arg-type]


def banded(
    table: np.ndarray, labels: np.ndarray, test: np.ndarray, blocks: Blocks | None = None
) -> np.ndarray:
    """Predict by the read-out of `ReSUClassifier`."""
    classes = np.unique(labels)
    found = fit_ridge(table, np.where(labels[:, None] == classes, 1.0, -1.0), ALPHAS, blocks=blocks)
    scores = (test - found.mean) / found.scale @ found.coef.T + found.intercept
    return classes[scores.argmax(axis=1)]


def usual(table: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Predict by the read-out of aeon's MiniRocket."""
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(with_mean=False), RidgeClassifierCV(alphas=ALPHAS))
    return model.fit(table, labels).predict(test)


def rocket(one: Part, kernels: int = 10_000, *, standardise: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Make MiniRocket's features of the training and the test series."""
    from aeon.transformations.collection.convolution_based import MiniRocket

    both = [one.padded_training, one.padded_test]
    if standardise:
        both = [
            (x - x.mean(axis=2, keepdims=True)) / np.maximum(x.std(axis=2, keepdims=True), 1e-12)
            for x in both
        ]
    made = MiniRocket(n_kernels=kernels, random_state=one.seed, n_jobs=1)
    return np.asarray(made.fit_transform(both[0])), np.asarray(made.transform(both[1]))


def answers(one: Part) -> Iterator[tuple[str, np.ndarray]]:
    """Predictions of both methods, and of what has a part of one exchanged."""

    def ours(training: Series = one.training, test: Series = one.test, **settings) -> np.ndarray:
        return ReSUClassifier(**settings).fit(training, one.labels).predict(test)

    labels, features = one.labels, ReSUFeatures().fit(one.training)
    tables = features.transform(one.training), features.transform(one.test)
    theirs = rocket(one)
    yield "ReSU", banded(tables[0], labels, tables[1], find_blocks(features))
    yield "MiniRocket", usual(theirs[0], labels, theirs[1])
    yield "MiniRocket's features, our read-out", banded(theirs[0], labels, theirs[1])
    yield "our features, MiniRocket's read-out", usual(tables[0], labels, tables[1])
    both = [np.hstack(pair) for pair in zip(tables, theirs, strict=True)]
    yield "both features, MiniRocket's read-out", usual(both[0], labels, both[1])
    fewer = rocket(one, 2400)
    yield "MiniRocket cut to 2400", usual(fewer[0], labels, fewer[1])
    alike = rocket(one, standardise=True)
    yield "MiniRocket, each series standardised", usual(alike[0], labels, alike[1])
    flat = [x.reshape(len(x), -1) for x in (one.padded_training, one.padded_test)]
    yield "no features, the samples themselves", usual(flat[0], labels, flat[1])
    for n in (600, 1200, 10_000):
        yield f"ReSU, {n} features", ours(n_features=n)
    yield "ReSU without levels", ours(levels=False)
    yield "ReSU, raw and difference", ours(views=("raw", "difference"))
    yield "ReSU, 9 thresholds, as many units", ours(n_features=3360, thresholds=9)
    yield (
        "ReSU, random filters",
        other_filters("random")(list(one.training), labels, list(one.test), one.seed)[0],
    )
    blocks, kinds = find_blocks(features), features.feature_statistics_.astype(str)
    views = np.array(
        [features.units_[unit].scale.view if unit >= 0 else "level" for unit in features.feature_units_]
    )
    above = np.char.startswith(kinds, "above")
    for kind, kept in {
        "without early_on, early_off": ~np.char.startswith(kinds, "early"),
        "without max_on, max_off": ~np.char.startswith(kinds, "max") | (views == "level"),
        "fractions above and nothing else": above,
        "without fractions above": ~above,
        "without the differences": views != "difference",
        "without the standardised series": views != "standardised",
    }.items():
        rest = Blocks(blocks.of_column[kept], blocks.strengths)
        yield f"ReSU {kind}", banded(tables[0][:, kept], labels, tables[1][:, kept], rest)
    if one.unequal:
        yield "ReSU on padded series", ours(one.padded_training, one.padded_test)
        lengths = [np.log([[x.shape[1]] for x in series]) for series in (one.training, one.test)]
        known = [np.hstack(pair) for pair in zip(tables, lengths, strict=True)]
        told = Blocks(np.append(blocks.of_column, 2), blocks.strengths)
        yield "ReSU, told the length", banded(known[0], labels, known[1], told)


def more_training(collection: Collection, one: tuple[np.ndarray, np.ndarray], seed: int) -> dict[str, float]:
    """Accuracy on half of the test series, by the training series alone and by them and the other half."""
    training, test = one
    places = np.concatenate(
        [np.flatnonzero(collection.targets[test] == k)[::2] for k in np.unique(collection.targets)]
    )
    kept = np.setdiff1d(np.arange(len(test)), places)
    found = {}
    for name, learnt in (("as it is", training), ("with more", np.sort(np.append(training, test[places])))):
        made = part(collection, learnt, test[kept], seed)
        ours = ReSUClassifier().fit(made.training, made.labels).predict(made.test)
        theirs = rocket(made)
        found[f"half of the test, training {name}: ReSU"] = float((ours == made.expected).mean())
        rocketed = usual(theirs[0], made.labels, theirs[1])
        found[f"half of the test, training {name}: MiniRocket"] = float((rocketed == made.expected).mean())
    return found
