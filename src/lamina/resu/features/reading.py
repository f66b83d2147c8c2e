"""What classifier and regressor share: their features, and targets that go with the series."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from lamina._checks import check_real
from lamina.errors import ArgumentError, ShapeError
from lamina.resu.features.ridge import Blocks, Ridge
from lamina.resu.features.transformer import ReSUFeatures

SETTINGS = tuple(name for name in inspect.signature(ReSUFeatures.__init__).parameters if name != "self")
"""Arguments that are handed on to `ReSUFeatures`."""

ALPHAS = tuple(np.logspace(-3, 3, 10).tolist())
"""Penalties to choose from by default, those of MiniRocket's read-out (Dempster et al. 2021)."""


_TIMING = (0.3, 3.0)
"""Strengths to choose from for what tells when outputs are large, beside 1 for how they are distributed."""

_LEVEL = (1.0, 3.0)
"""Strengths to choose from for levels: few numbers, which may drown among those of the units."""


def find_blocks(features: ReSUFeatures) -> Blocks:
    """Tell which columns a read-out may weigh more or less together.

    Parameters
    ----------
    features
        Fitted.

    Returns
    -------
    Blocks
        0, what tells how outputs are distributed; 1, when they are large; 2, levels.
    """
    level = features.feature_units_ < 0
    timing = np.char.startswith(features.feature_statistics_.astype(str), "early")
    block = np.where(level, 2, np.where(timing, 1, 0))
    choices = product(
        _TIMING if timing.any() else _TIMING[:1],
        _LEVEL if level.any() else _LEVEL[:1],
    )
    strengths = np.array([(1.0, *choice) for choice in choices])
    return Blocks(block, strengths)


def learn_features(estimator: Any, X: Any, targets: np.ndarray) -> tuple[ReSUFeatures, np.ndarray]:
    """Fit the features of an estimator, and compute those of the training series.

    Parameters
    ----------
    estimator
        With the settings of `ReSUFeatures`.
    X
        As in `ReSUFeatures.fit`.
    targets
        With one row for each series.

    Returns
    -------
    features
        Fitted.
    table
        (series, features).

    Raises
    ------
    ShapeError
        Other numbers of series and targets.
    """
    features = ReSUFeatures(**{name: getattr(estimator, name) for name in SETTINGS})
    collection = features._read(X, reset=True)
    if len(targets) != len(collection):
        raise ShapeError(
            "y",
            allowed=f"one target for each of the {len(collection)} series",
            got=f"inconsistent numbers of samples, {len(targets)} targets",
            remedy="X and y go together, series by series; axes of X are (n_series, channels, time).",
        )
    if len(collection) < 2:
        raise ShapeError(
            "X",
            allowed="two series or more",
            got="1 sample",
            remedy="The penalty is chosen by leaving one series out.",
        )
    collection = features._learn(collection)
    return features, features._table(collection)


def check_target(name: str, y: Any) -> None:
    """Refuse to learn without targets, in the words that scikit-learn's checks look for."""
    if y is None:
        raise ArgumentError(
            "y",
            allowed="one target for each series",
            got=f"None; {name} requires y to be passed, but the target y is None",
            remedy="Call fit(X, y); ReSUFeatures learns without.",
        )


def check_alphas(alphas: Sequence[float] | None) -> list[float]:
    """Return the penalties to choose from; None for the usual ones."""
    chosen = np.ravel(np.asarray(ALPHAS if alphas is None else alphas, dtype=object)).tolist()
    if not chosen:
        raise ArgumentError(
            "alphas",
            allowed="at least one penalty",
            got="none",
            remedy="Leave alphas away for the usual ones.",
        )
    return [check_real("alphas", alpha, above=0) for alpha in chosen]


def set_readout(estimator: Any, features: ReSUFeatures, ridge: Ridge) -> None:
    """Set the attributes that tell what came in, and how the features are read out."""
    for name in ("n_features_in_", "feature_names_in_"):
        vars(estimator).pop(name, None)
        if name in vars(features):
            setattr(estimator, name, vars(features)[name])
    # relative to the largest, since squares of 1e-200 or 1e200 are none
    largest = np.abs(ridge.coef).max()
    weights = np.square(ridge.coef / (largest if largest > 0 else 1.0)).sum(axis=0)
    of_unit = features.feature_units_ >= 0
    share = np.bincount(
        features.feature_units_[of_unit], weights=weights[of_unit], minlength=len(features.units_)
    )
    estimator.features_ = features
    estimator.feature_means_, estimator.feature_scales_ = ridge.mean, ridge.scale
    estimator.coef_, estimator.intercept_ = ridge.coef, ridge.intercept
    estimator.unit_importances_ = share / max(weights.sum(), np.finfo(np.float64).tiny)


def read_out(estimator: Any, X: Any) -> np.ndarray:
    """Compute the scores of series, (series, targets)."""
    table = estimator.features_.transform(X).astype(np.float64)
    weights = estimator.coef_ / estimator.feature_scales_
    return table @ weights.T + (estimator.intercept_ - weights @ estimator.feature_means_)
