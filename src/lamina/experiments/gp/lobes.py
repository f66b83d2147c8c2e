"""The lobes of a filter: how often it changes its mind."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._checks import check_real
from lamina.errors import DataError, ShapeError

LOBE_THRESHOLD = 0.05
"""Share of the largest weight that a lobe has to rise above (specification)."""


def count_lobes(weights: Any, threshold: float = LOBE_THRESHOLD) -> int:
    r"""Count the lobes of a filter: runs of one sign above a share of the largest weight.

    .. math:: n = 1 + \#\{i : s_i \ne s_{i-1}\}, \qquad s = (\operatorname{sign} w_k :
              |w_k| > \theta \max_j |w_j|)

    Weights at or below the threshold are left out before the runs are counted. They neither make a lobe nor
    part one: a lobe that dips below the threshold and rises again with the same sign is one lobe, and two
    lobes of opposite sign are two with or without small weights between them.

    Parameters
    ----------
    weights
        (memory,), in either order of time and of either sign.
    threshold
        Share :math:`\theta` of the largest magnitude, from 0 to 0.99.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ShapeError
        If ``weights`` is not one row of numbers.
    DataError
        If they hold NaN or infinity, or nothing but zeros.
    ArgumentError
        If ``threshold`` is out of range.

    Examples
    --------
    >>> count_lobes([1.0, 0.5, -0.2, -0.3, 0.01, -0.1, 0.2, 0.04])
    3
    """
    row = np.asarray(weights, dtype=np.float64)
    share = check_real("threshold", threshold, minimum=0.0, maximum=0.99)
    if row.ndim != 1 or row.size == 0:
        raise ShapeError(
            "weights", allowed="one row of numbers", got=f"shape {row.shape}", remedy="Pass one filter."
        )
    if not np.isfinite(row).all() or not row.any():
        raise DataError(
            "weights",
            allowed="finite, not all zero",
            got="NaN, infinity or zeros",
            remedy="Count the lobes of a filter that was fitted to data that vary.",
        )
    magnitudes = np.abs(row)
    signs = np.sign(row[magnitudes > share * magnitudes.max()])
    return 1 + int(np.count_nonzero(signs[1:] != signs[:-1]))
