"""What a user may ask of the features, checked and settled once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._checks import check_choice, check_integer, check_real
from lamina.errors import ArgumentError
from lamina.resu.features.pooling import STATISTICS, columns
from lamina.resu.features.scales import VIEWS


@dataclass(frozen=True)
class FeatureSettings:
    """Arguments of `ReSUFeatures`, each of which can be.

    Parameters
    ----------
    names
        Of the columns of one unit.
    units
        Most units, ≥ 1.
    memories, dilations, views
        Each once; None for dilations as far as they fit.
    horizon, rank, thresholds, ridge
        As given.
    """

    names: tuple[str, ...]
    units: int
    memories: tuple[int, ...]
    dilations: tuple[int, ...] | None
    views: tuple[str, ...]
    horizon: int | None
    rank: int
    thresholds: int
    ridge: float


def check_settings(estimator: Any) -> FeatureSettings:
    """Check the settings of an estimator that has those of `ReSUFeatures`.

    Raises
    ------
    ArgumentError
        One cannot be.
    """
    thresholds = check_integer("thresholds", estimator.thresholds, minimum=1)
    names = tuple(columns(tuple(STATISTICS), thresholds))
    n_features = check_integer("n_features", estimator.n_features, minimum=len(names))
    auto = isinstance(estimator.dilations, str) and estimator.dilations == "auto"
    views = [check_choice("views", view, VIEWS) for view in _sequence("views", estimator.views)]
    return FeatureSettings(
        names=names,
        units=n_features // len(names),
        memories=_counts("memories", estimator.memories),
        dilations=None if auto else _counts("dilations", estimator.dilations),
        views=tuple(dict.fromkeys(views)),
        horizon=None if estimator.horizon is None else check_integer("horizon", estimator.horizon, minimum=1),
        rank=check_integer("rank", estimator.rank, minimum=1),
        thresholds=thresholds,
        ridge=check_real("ridge", estimator.ridge, minimum=0),
    )


def _counts(name: str, values: Any) -> tuple[int, ...]:
    """Integers of at least 1, each once."""
    return tuple(dict.fromkeys(check_integer(name, value, minimum=1) for value in _sequence(name, values)))


def _sequence(name: str, values: Any) -> list[Any]:
    wanted = [] if isinstance(values, str) or not np.iterable(values) else list(values)
    if not wanted:
        raise ArgumentError(
            name,
            allowed="a sequence of at least one" + (' or "auto"' if name == "dilations" else ""),
            got=repr(values),
            remedy=f"Write {name}=(…,) for a single one.",
        )
    return wanted
