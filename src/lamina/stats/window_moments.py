"""Weight, mean and centred scatter of a set of windows, and how two such sets become one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import array_api_compat

from lamina.typing import Array

# rows of a moment matrix that are worked on at once, so that no second matrix of its size is needed
_TILE = 128


@dataclass(frozen=True)
class WindowMoments:
    r"""Second moments of weighted windows about their own mean.

    .. math:: W = \sum_t \omega_t, \quad \mu = W^{-1} \sum_t \omega_t w_t, \quad
              S = \sum_t \omega_t (w_t - \mu)(w_t - \mu)^\top

    Parameters
    ----------
    weight, weight_squares
        Sums of the weights and of their squares.
    origin
        A value near the data for each channel, shape ``(channels,)``.
    mean
        Mean minus the origin of its channel, shape ``(d,)``: small, so that no digits are lost to a large
        offset.
    scatter
        ``S``, shape ``(d, d)``, exactly symmetric.
    """

    weight: float
    weight_squares: float
    origin: Array
    mean: Array
    scatter: Array

    def faded(self, factor: float) -> WindowMoments:
        """Return the same windows, each weighing ``factor`` times as much."""
        if factor == 1:
            return self
        return replace(
            self,
            weight=self.weight * factor,
            weight_squares=self.weight_squares * factor**2,
            scatter=self.scatter * factor,
        )

    def copy(self) -> WindowMoments:
        """Return the same moments in arrays of their own."""
        return replace(self, origin=self.origin + 0, mean=self.mean + 0, scatter=self.scatter + 0)


def combine(first: WindowMoments, second: WindowMoments) -> WindowMoments:
    r"""Moments of the union of two sets of windows.

    .. math:: S = S_1 + S_2 + \frac{W_1 W_2}{W_1 + W_2} \delta \delta^\top, \qquad \delta = \mu_2 - \mu_1

    Takes over the first scatter matrix, which is written to (Chan, Golub & LeVeque 1983).
    """
    weight = first.weight + second.weight
    if weight == 0 or second.weight == 0:
        return first
    xp = array_api_compat.array_namespace(first.mean)
    repeats = first.mean.shape[0] // first.origin.shape[0]
    delta = xp.tile(second.origin - first.origin, (repeats,)) + (second.mean - first.mean)
    between = first.weight * second.weight / weight
    scatter = first.scatter
    for rows in tiles(scatter):
        right = slice(rows.start, scatter.shape[0])
        scatter[rows, right] += second.scatter[rows, right]
        scatter[rows, right] += (between * delta[rows])[:, None] * delta[None, right]
    mirror(scatter)
    return WindowMoments(
        weight=weight,
        weight_squares=first.weight_squares + second.weight_squares,
        origin=first.origin,
        mean=first.mean + (second.weight / weight) * delta,
        scatter=scatter,
    )


def mirror(matrix: Array) -> None:
    """Copy the upper triangle of a square matrix onto its lower one, in place."""
    xp = array_api_compat.array_namespace(matrix)
    for rows in tiles(matrix):
        corner = matrix[rows, rows]
        matrix[rows, rows] = xp.triu(corner) + xp.triu(corner, k=1).T
        matrix[rows.stop :, rows] = matrix[rows, rows.stop :].T


def tiles(matrix: Array) -> Iterator[slice]:
    """Cut the rows of a matrix into slices that are small beside it."""
    for top in range(0, matrix.shape[0], _TILE):
        yield slice(top, min(top + _TILE, matrix.shape[0]))
