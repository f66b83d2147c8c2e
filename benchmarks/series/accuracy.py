"""How good the predictions of a method on one split of a set are."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from series.peers import Method
from series.sets import Collection
from series.splits import split


def measure(collection: Collection, method: Method, resample: int) -> dict[str, Any]:
    """Fit on the training series, predict the others.

    ``score`` is the accuracy, or R² on the test series for regression, with ``rmse`` beside it. The seconds
    are those of this run, whatever else the machine did; see `costs` for quiet ones.
    """
    if not method.any_length:
        collection = collection.padded()
    training, test = split(collection, resample)
    estimator = method.make(collection.is_regression, resample)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        estimator.fit(collection.chosen(training), collection.targets[training])
        fitted = time.perf_counter()
        predicted = np.asarray(estimator.predict(collection.chosen(test)))
        end = time.perf_counter()
    found = scores(collection.targets[test], predicted)
    return {
        **{name: round(value, 6) for name, value in found.items()},
        "n_features": int(method.count(estimator)),
        "fit_s": round(fitted - start, 4),
        "predict_s": round(end - fitted, 4),
    }


def scores(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Accuracy for whole numbers; for floats R² (one minus error over variance) and the error's root."""
    if truth.dtype.kind != "f":
        return {"score": float((predicted == truth).mean())}
    squared = float(((predicted - truth) ** 2).mean())
    return {"score": 1 - squared / float(truth.var()), "rmse": squared**0.5}
