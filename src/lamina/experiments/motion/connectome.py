r"""Are learned weights like the connectome's? A correlation, and how often chance does as well.

Weights are known relative within each cell type, so that both sides are scaled to length 1 for each type.
With six weights the distribution under chance needs no sampling: every order of ours is tried against the
connectome's,

.. math:: p = \frac{1}{n!} \sum_\pi \left[r(w_\pi, c) \ge r(w, c)\right],

all :math:`6! = 720` of them, or only the :math:`3! \times 3! = 36` that leave each weight with its cell type.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from lamina.errors import DataError
from lamina.experiments.motion.config import CONNECTOME

_TIE = 1e-9
"""Correlations closer than this are the same, or rounding would decide."""


@dataclass(frozen=True)
class Likeness:
    """A correlation with the connectome's weights, and what chance reaches.

    Parameters
    ----------
    correlation
        Pearson's, over the six weights.
    by_type
        The same within L1 and within L3.
    p, p_within
        Share of all orders, and of those within the cell types, that correlate at least as much.
    p_either_sign
        As ``p``, with the magnitudes of both correlations: a canonical direction has no sign of its own.
    smallest, smallest_within
        The smallest ``p`` and ``p_within`` that these weights could have: ties make it larger.
    """

    correlation: float
    by_type: tuple[float, float]
    p: float
    p_within: float
    p_either_sign: float
    smallest: float
    smallest_within: float


def unit_length(weights: np.ndarray) -> np.ndarray:
    """Scale the weights of each cell type, ``(..., 3)``, to length 1: only relative weights compare."""
    return weights / np.linalg.norm(weights, axis=-1, keepdims=True)


def connectome_weights() -> np.ndarray:
    """Return the connectome's relative weights, ``(2, 3)``."""
    return unit_length(np.array([CONNECTOME["L1"], CONNECTOME["L3"]]))


def compare(weights: np.ndarray, reference: np.ndarray | None = None) -> Likeness:
    """Correlate weights with the connectome's, and try every order of them.

    Parameters
    ----------
    weights
        ``(2, 3)``: L1 (or L2) and L3; left, centre, right.
    reference
        ``(2, 3)``; the connectome's if not given.

    Returns
    -------
    Likeness
        Correlations and exact p.

    Raises
    ------
    DataError
        If the weights of a cell type, or the reference's, are all the same: nothing correlates with that.

    Examples
    --------
    >>> found = compare(connectome_weights())
    >>> round(found.correlation, 6), found.p * 720, found.p_within * 36
    (1.0, 1.0, 1.0)
    """
    theirs = connectome_weights() if reference is None else unit_length(np.asarray(reference, float))
    ours = unit_length(np.asarray(weights, dtype=float))
    for name, each in (("weights", ours), ("reference", theirs)):
        if np.any(np.ptp(each, axis=1) < _TIE):
            raise DataError(
                name,
                allowed="not all the same within a cell type",
                got=str(each.tolist()),
                remedy="Leave out a type whose weights do not differ.",
            )
    flat, target = ours.ravel(), theirs.ravel()
    observed = _correlate(flat[None], target)[0]
    of_all = _correlate(flat[np.array(list(permutations(range(6))))], target)
    of_some = _correlate(flat[_within_types()], target)
    return Likeness(
        float(observed),
        (float(np.corrcoef(ours[0], theirs[0])[0, 1]), float(np.corrcoef(ours[1], theirs[1])[0, 1])),
        _share(of_all, observed),
        _share(of_some, observed),
        _share(np.abs(of_all), abs(observed)),
        _share(of_all, of_all.max()),
        _share(of_some, of_some.max()),
    )


def _within_types() -> np.ndarray:
    return np.array(
        [
            [*first, *(3 + place for place in second)]
            for first, second in product(permutations(range(3)), repeat=2)
        ]
    )


def _correlate(rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    against = target - target.mean()
    return centred @ against / (np.linalg.norm(centred, axis=1) * np.linalg.norm(against))


def _share(values: np.ndarray, limit: float) -> float:
    return float(np.mean(values >= limit - _TIE))
