"""What a user may ask of the features, checked and settled once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._checks import check_choice, check_integer, check_real
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.resu.features.levels import LEVELS
from lamina.resu.features.pooling import STATISTICS, columns
from lamina.resu.features.views import KINDS


@dataclass(frozen=True)
class FeatureSettings:
    """Arguments of `ReSUFeatures`, each of which can be.

    Parameters
    ----------
    names
        Of the columns of one unit.
    n_features
        Most columns.
    memories, dilations, views
        Each once; None for dilations as far as they fit.
    horizon, rank, levels, thresholds, ridge
        As given.
    """

    names: tuple[str, ...]
    n_features: int
    memories: tuple[int, ...]
    dilations: tuple[int, ...] | None
    views: tuple[str, ...]
    horizon: int | None
    rank: int
    levels: bool
    thresholds: int
    ridge: float

    def level_columns(self, channels: int) -> int:
        """Count the columns of levels; there are none where they would take more than half of all."""
        count = len(LEVELS) * channels if self.levels else 0
        return count if 2 * count <= self.n_features else 0

    def units(self, channels: int) -> int:
        """Count the units that there may be at most, ≥ 1."""
        return max(1, (self.n_features - self.level_columns(channels)) // len(self.names))


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
    views = [check_choice("views", view, tuple(KINDS)) for view in _sequence("views", estimator.views)]
    return FeatureSettings(
        names=names,
        n_features=n_features,
        memories=_counts("memories", estimator.memories),
        dilations=None if auto else _counts("dilations", estimator.dilations),
        views=tuple(dict.fromkeys(views)),
        horizon=None if estimator.horizon is None else check_integer("horizon", estimator.horizon, minimum=1),
        rank=check_integer("rank", estimator.rank, minimum=1),
        levels=_flag("levels", estimator.levels),
        thresholds=thresholds,
        ridge=check_real("ridge", estimator.ridge, minimum=0),
    )


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentTypeError(
            name, allowed="True or False", got=repr(value), remedy="Choose one of the two."
        )
    return bool(value)


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
