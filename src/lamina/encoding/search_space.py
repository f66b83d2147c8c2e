"""Points of the unit cube and the settings of a code that they stand for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lamina.encoding.hooks import Dimension

Setting = tuple[float | int, ...]
"""One value for each tuned parameter of a code."""


def settings_at(points: np.ndarray, dimensions: tuple[Dimension, ...]) -> list[Setting]:
    """Map points ``(count, dimensions)`` of the unit cube to settings within the bounds."""
    columns: list[list[float | int]] = []
    for part, (_, low, high, integer, log) in zip(points.T, dimensions, strict=True):
        begin, end = _limits(low, high, integer)
        values = begin * (end / begin) ** part if log else begin + (end - begin) * part
        if integer:
            columns.append(values.round().clip(math.ceil(begin), math.floor(end)).astype(np.int64).tolist())
        else:
            columns.append(values.clip(low, high).tolist())
    return list(zip(*columns, strict=True))


def points_of(settings: Sequence[Setting], dimensions: tuple[Dimension, ...]) -> np.ndarray:
    """Return the points ``(count, dimensions)`` that map to settings, or the nearest to those outside."""
    values = np.array(settings, dtype=np.float64).reshape(-1, len(dimensions))
    points = np.zeros_like(values)
    for i, (_, low, high, integer, log) in enumerate(dimensions):
        begin, end = _limits(low, high, integer)
        if not begin < end:
            continue
        if log:
            # a setting of zero lies beyond every logarithm, and below the bounds
            with np.errstate(divide="ignore"):
                points[:, i] = np.log(values[:, i] / begin) / math.log(end / begin)
        else:
            points[:, i] = (values[:, i] - begin) / (end - begin)
    return points.clip(0.0, 1.0)


def spread_out(count: int, dimensions: int, generator: np.random.Generator) -> np.ndarray:
    """Return ``(count, dimensions)`` points in [0, 1): in each dimension, one in each of ``count`` parts."""
    columns = [(np.arange(count) + 0.5) / count]
    columns += [generator.permutation(columns[0]) for _ in range(dimensions - 1)]
    return np.stack(columns, axis=1)


def cloud(count: int, dimensions: int, generator: np.random.Generator) -> np.ndarray:
    """Return ``(count, dimensions)`` random points in [−1, 1]: one in each of ``count`` parts, as above."""
    parts = [generator.permutation(count) for _ in range(dimensions)]
    return 2 * (np.stack(parts, axis=1) + generator.random((count, dimensions))) / count - 1


def best_apart(points: np.ndarray, errors: np.ndarray, count: int, distance: float) -> np.ndarray:
    """Return the points that err least and lie more than a distance apart in some dimension, best first."""
    left = errors.copy()
    chosen = [int(np.argmin(left))]
    while True:
        left[np.abs(points - points[chosen[-1]]).max(axis=1) <= distance] = np.inf
        best = int(np.argmin(left))
        if len(chosen) == count or left[best] == np.inf:
            return points[chosen]
        chosen.append(best)


def _limits(low: float, high: float, integer: bool) -> tuple[float, float]:
    # every whole number gets the same share of the interval, or of its logarithm
    return (low - 0.5, high + 0.5) if integer else (low, high)
