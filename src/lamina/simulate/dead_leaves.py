"""The dead-leaves model of natural scenes: opaque discs that hide one another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from lamina._checks import check_integer, check_real, check_seed
from lamina.errors import ArgumentError, ShapeError
from lamina.typing import Scene, Seed

_BATCH = 4096
_LARGEST_DEG = (
    360.0  # beyond the field of view of any scene, where nearly every leaf drawn would lie outside it
)
_NODES = 64


def dead_leaves(
    shape: tuple[int, int] = (427, 640),
    degrees_per_pixel: float = 1 / 2.575,
    *,
    smallest_deg: float = 1.0,
    largest_deg: float = 60.0,
    exponent: float = 3.0,
    contrast: float = 0.5,
    seed: Seed = 0,
) -> Scene:
    r"""Draw a scene of opaque discs, each of its own luminance, that lie on one another like fallen leaves.

    .. math:: p(r) \propto r^{-\alpha}, \quad r_0 \le r \le r_1, \qquad
              \ln L \sim \mathcal N\!\left(-\tfrac12 \ln(1 + c^2),\; \ln(1 + c^2)\right)

    Discs fall from the front to the back until none of the scene is left uncovered, which gives the
    stationary state of the model exactly, borders included. With :math:`\alpha = 3` objects of all sizes
    cover equal areas, and between its two cut-offs the scene looks the same at every scale.

    Parameters
    ----------
    shape
        Rows and columns, at least 1 each.
    degrees_per_pixel
        Visual angle between neighbouring pixels, in degrees, above 0.
    smallest_deg
        Radius :math:`r_0` of the smallest leaves, in degrees, at least ``degrees_per_pixel``.
    largest_deg
        Radius :math:`r_1` of the largest, in degrees, at least ``smallest_deg`` and at most 360; all leaves
        are alike if it is the same as the smallest.
    exponent
        :math:`\alpha`, 0 to 10.
    contrast
        Standard deviation :math:`c` of the luminance over its mean, above 0.
    seed
        An integer or a ``numpy.random.Generator``.

    Returns
    -------
    numpy.ndarray
        ``(rows, columns)`` float64, luminances above 0 of mean 1 and standard deviation ``contrast``. A pixel
        has the luminance of its centre.

    Raises
    ------
    ArgumentError
        If a number is out of range.
    ShapeError
        If ``shape`` does not have two axes.

    Notes
    -----
    Matheron (1968); Ruderman (1997), Vision Research 37:3385, doi 10.1016/S0042-6989(97)00008-4; Lee, Mumford
    and Huang (2001), IJCV 41:35, doi 10.1023/A:1011109015675. The model by which Qin et al. (2025) explain
    their Fig. 4. From front to back: Kendall and Thönnes (1999), Pattern Recognition 32:1569.

    Examples
    --------
    >>> scene = dead_leaves((40, 60), 0.5, largest_deg=10.0, seed=1)
    >>> scene.shape, bool(scene.min() > 0)
    ((40, 60), True)
    """
    if len(shape) != 2:
        raise ShapeError(
            "shape",
            allowed="two numbers, rows and columns",
            got=f"{len(shape)} numbers",
            remedy="Pass (rows, columns).",
        )
    rows, columns = (check_integer("shape", side, minimum=1) for side in shape)
    spacing = check_real("degrees_per_pixel", degrees_per_pixel, above=0.0)
    smallest, largest, power = _check_sizes(smallest_deg, largest_deg, exponent)
    check_real("largest_deg", largest, maximum=_LARGEST_DEG)
    if smallest < spacing:
        raise ArgumentError(
            "smallest_deg",
            allowed=f"at least degrees_per_pixel ({spacing:.4g})",
            got=f"{smallest:.4g}",
            remedy="Leaves smaller than a pixel cannot be drawn; sample more finely or leave them out.",
        )
    log_variance = math.log1p(check_real("contrast", contrast, above=0.0) ** 2)
    generator = check_seed("seed", seed)
    scene = np.zeros((rows, columns))
    uncovered = rows * columns
    leaves = _leaves(rows, columns, smallest / spacing, largest / spacing, power, generator)
    while uncovered:
        row, column, radius = next(leaves)
        # luminances are above 0, so that 0 marks what no leaf covers yet
        part, down, across = _around(scene, row, column, radius)
        free = part == 0
        if free.any():
            free &= down[:, None] ** 2 + across**2 <= radius**2
            part[free] = math.exp(math.sqrt(log_variance) * generator.standard_normal() - log_variance / 2)
            uncovered -= int(np.count_nonzero(free))
    return scene


def dead_leaves_correlation(
    distance_deg: Any, smallest_deg: float = 1.0, largest_deg: float = 60.0, exponent: float = 3.0
) -> np.ndarray:
    r"""Correlation of luminances some angle apart in a `dead_leaves` scene: the chance of one common leaf.

    .. math:: \rho(d) = \frac{B(d)}{2 B(0) - B(d)}, \qquad
              B(d) = \int_{\max(r_0, d/2)}^{r_1} p(r) \left[2 r^2 \arccos\frac{d}{2r}
              - \frac d2 \sqrt{4 r^2 - d^2}\right] \mathrm{d}r

    :math:`B(d)` is the mean area in which a leaf's centre has to lie to cover both points. The first leaf to
    cover either of them decides: it covers both, or they belong to two leaves, whose luminances have nothing
    to do with each other.

    Parameters
    ----------
    distance_deg
        Distances :math:`d`, in degrees, a number or an array of any shape; their signs do not matter.
    smallest_deg, largest_deg, exponent
        As for `dead_leaves`; the smallest above 0.

    Returns
    -------
    numpy.ndarray
        float64 array of the shape of ``distance_deg``, from 1 at distance 0 to 0 beyond the largest leaf.

    Raises
    ------
    ArgumentError
        If a radius or the exponent is out of range.

    Notes
    -----
    Ruderman (1997), Vision Research 37:3385; Lee, Mumford and Huang (2001), IJCV 41:35. Integrated
    numerically, to rounding.

    Examples
    --------
    >>> dead_leaves_correlation([0.0, 1.0, 10.0, 200.0], largest_deg=60.0).round(3)
    array([1.   , 0.738, 0.206, 0.   ])
    """
    smallest, largest, power = _check_sizes(smallest_deg, largest_deg, exponent)
    distance = np.abs(np.asarray(distance_deg, dtype=np.float64))
    both = _covering_both(distance, smallest, largest, power)
    one = _covering_both(np.zeros(()), smallest, largest, power)
    return both / (2 * one - both)


def _covering_both(distance: np.ndarray, smallest: float, largest: float, power: float) -> np.ndarray:
    """Integrate p(r) up to a factor, times the area common to two discs, over the radii."""
    least = np.clip(distance / 2, smallest, largest)[..., None]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    # the common area of touching discs grows as a power of 3/2: in the square of the variable it is smooth
    share = (nodes + 1) / 2
    decades = np.log(largest / least)
    radius = least * np.exp(share**2 * decades)
    if smallest == largest:
        radius, weight = np.full_like(least, largest), np.ones(1)
    else:
        weight = weights * share * decades * radius ** (1 - power)
    half = np.minimum(distance[..., None] / (2 * radius), 1.0)
    area = 2 * radius**2 * (np.arccos(half) - half * np.sqrt(1 - half**2))
    return np.sum(weight * area, axis=-1)


def _leaves(
    rows: int, columns: int, smallest: float, largest: float, power: float, generator: np.random.Generator
) -> Iterator[tuple[float, float, float]]:
    """Give centre and radius of leaves that may touch the scene, front to back, in pixels, without end."""
    most = (rows + 2 * largest) * (columns + 2 * largest)
    while True:
        radii = _radii(generator.random(_BATCH), smallest, largest, power)
        # the larger a leaf, the farther away its centre may be: the more of them touch the scene
        touching = (rows + 2 * radii) * (columns + 2 * radii) / most
        radii = radii[generator.random(_BATCH) < touching]
        places = generator.random((2, len(radii)))
        down = (rows + 2 * radii) * places[0] - radii - 0.5
        across = (columns + 2 * radii) * places[1] - radii - 0.5
        yield from zip(down.tolist(), across.tolist(), radii.tolist(), strict=True)


def _radii(uniform: np.ndarray, smallest: float, largest: float, power: float) -> np.ndarray:
    decades = math.log(largest / smallest)
    if abs(power - 1) * max(decades, 1.0) < 1e-9:
        return smallest * np.exp(uniform * decades)
    # in logarithms nothing overflows, whichever end the sizes crowd at
    lean = (1 - power) * decades
    return smallest * np.exp(np.log1p(uniform * math.expm1(lean)) / (1 - power))


def _around(
    scene: np.ndarray, row: float, column: float, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the part of a scene around a leaf, and its distances from the centre, down and across."""
    ends = []
    for centre, size in zip((row, column), scene.shape, strict=True):
        ends.append((max(0, math.ceil(centre - radius)), min(size, math.floor(centre + radius) + 1)))
    (top, bottom), (left, right) = ends
    part = scene[top : max(top, bottom), left : max(left, right)]
    return part, np.arange(top, max(top, bottom)) - row, np.arange(left, max(left, right)) - column


def _check_sizes(smallest_deg: float, largest_deg: float, exponent: float) -> tuple[float, float, float]:
    smallest = check_real("smallest_deg", smallest_deg, above=0.0)
    largest = check_real("largest_deg", largest_deg, minimum=smallest)
    return smallest, largest, check_real("exponent", exponent, minimum=0.0, maximum=10.0)
