"""Does a second or third layer of ReSUs make better features? The same number of features, one layer or more.

Layer 1 are units of `lamina.ReSU` on a series, each channel at its own standard, rectified into ON and OFF;
a further layer are units on those outputs. What is pooled is always `lamina.ReSUFeatures`, of the series
itself (one layer) or of the outputs of the layers below (deeper), and read out by the ridge regression of
`lamina.ReSUClassifier`. No label is used below the read-out.

    python benchmarks/series/depth.py results.jsonl        # runs, or resumes, and prints the table

Settings were written before the first result: memory and horizon 8 (a third of the shortest series, if
that is less), four units a layer, 2400 features in all, four resamples, at most 200 test series.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from series.choices import ALPHAS, Series, chosen, report, run
from series.sets import Collection

import lamina
from lamina.resu.features.ridge import Blocks, fit_ridge
from lamina.resu.features.transformer import ReSUFeatures

N_FEATURES = 2400
MEMORY, RANK = 8, 4
Layer = Callable[[Series, Series], tuple[Series, Series]]


def standardised(series: Series) -> Series:
    """Each channel to mean 0 and deviation 1; a constant one to 0."""
    return [
        (each - each.mean(axis=1, keepdims=True)) / np.maximum(each.std(axis=1, keepdims=True), 1e-12)
        for each in series
    ]


def layer(memories: tuple[int, ...], rank: int, rectify: str = "split") -> Layer:
    """Fit units of each memory on the training series; a function from (training, test) series to outputs."""

    def outputs(training: Series, test: Series) -> tuple[Series, Series]:
        most = max(1, min(each.shape[1] for each in training) // 3)
        banks = [
            lamina.ReSU(memory=memory, horizon=memory, rank=rank, rectify=rectify, ridge=1e-4).fit(  # type: ignore[arg-type]
                [each.T for each in training]
            )
            for memory in (min(memory, most) for memory in memories)
        ]
        transformed = [
            [np.hstack([bank.transform(each.T) for bank in banks]).T for each in part]
            for part in (training, test)
        ]
        return transformed[0], transformed[1]

    return outputs


SPLIT = layer((MEMORY,), RANK)
LINEAR = layer((MEMORY,), RANK, "none")
SCALES = layer((4, 8, 16, 32), 1)

# name → (layers below, share of the features) for each part of the table; whether deep parts may be weighed
METHODS: dict[str, tuple[tuple[tuple[tuple[Layer, ...], float], ...], bool]] = {
    "one layer": ((((), 1.0),), False),
    "two layers": ((((), 0.5), ((SPLIT,), 0.5)), False),
    "two layers, weighed": ((((), 0.5), ((SPLIT,), 0.5)), True),
    "two layers, four memories": ((((), 0.5), ((SCALES,), 0.5)), False),
    "two layers, not rectified": ((((), 0.5), ((LINEAR,), 0.5)), False),
    "three layers": ((((), 1 / 3), ((SPLIT,), 1 / 3), ((SPLIT, SPLIT), 1 / 3)), False),
    "second layer alone": ((((SPLIT,), 1.0),), False),
}


def table(
    layers: tuple[Layer, ...], n_features: int, training: Series, test: Series
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of training and test series, and the block of each column: 0 shape, 1 timing, 2 level."""
    if layers:
        training, test = standardised(training), standardised(test)
    for below in layers:
        training, test = below(training, test)
    features = ReSUFeatures(n_features, levels=not layers).fit(training)
    timing = np.char.startswith(features.feature_statistics_.astype(str), "early")
    block = np.where(features.feature_units_ < 0, 2, np.where(timing, 1, 0))
    return features.transform(training), features.transform(test), block


def accuracies(collection: Collection, resample: int) -> Iterator[tuple[str, float, int]]:
    """Accuracy and number of features of every method on one resample."""
    training, labels, test, expected = chosen(collection, resample)
    classes = np.unique(labels)
    known: dict[tuple, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
    for name, (parts, weighed) in METHODS.items():
        blocks, tables = [], []
        for layers, share in parts:
            key = layers, int(N_FEATURES * share)
            if key not in known:
                known[key] = table(*key, training, test)
            tables.append(known[key])
            # deep columns are blocks 3 and 4 where they may be weighed
            blocks.append(known[key][2] + (3 if weighed and layers else 0))
        found = fit_ridge(
            np.hstack([each[0] for each in tables]),
            np.where(labels[:, None] == classes, 1.0, -1.0),
            ALPHAS,
            blocks=Blocks(np.concatenate(blocks), _strengths(weighed)),
        )
        scores = (np.hstack([each[1] for each in tables]) - found.mean) / found.scale @ found.coef.T
        predicted = classes[(scores + found.intercept).argmax(axis=1)]
        yield name, float((predicted == expected).mean()), len(found.mean)


def _strengths(weighed: bool) -> np.ndarray:
    """Shape, timing, level, deep shape and timing: as `ReSUClassifier`, deep ones times 0, 0.3 or 1."""
    return np.array(
        [
            (1.0, timing, level, deep, deep * timing)
            for deep in ((1.0, 0.3, 0.0) if weighed else (1.0,))
            for timing in (0.3, 3.0)
            for level in (1.0, 3.0)
        ]
    )


if __name__ == "__main__":
    print(report(run(Path(sys.argv[1]), accuracies)))
