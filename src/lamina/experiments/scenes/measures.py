"""How wide a temporal filter is: its first lobe, its centre of mass, and how many lobes it has."""

from __future__ import annotations

import numpy as np

LOBE = 0.05
"""Share of the largest weight below which a weight belongs to no lobe (specification)."""


def first_lobe(weights: np.ndarray) -> float:
    r"""Lag at which a filter first changes its sign, between samples by linear interpolation.

    .. math:: \tau_0 = k + \frac{w_k}{w_k - w_{k+1}}, \qquad k + 1 = \min \{j : w_j w_0 \le 0\}

    Parameters
    ----------
    weights
        (memory,), newest lag first.

    Returns
    -------
    float
        In samples; the memory if the sign never changes.
    """
    changed = weights * weights[0] <= 0
    if not changed.any():
        return float(len(weights))
    later = int(np.argmax(changed))
    if later == 0:
        return 0.0
    before, after = weights[later - 1], weights[later]
    return float(later - 1 + before / (before - after))


def centre_of_mass(weights: np.ndarray, power: float = 2.0) -> float:
    r"""Mean lag of a filter, each lag weighted by a power of its weight's magnitude.

    .. math:: \bar\tau = \sum_k k |w_k|^q \Big/ \sum_k |w_k|^q

    Parameters
    ----------
    weights
        (memory,), newest lag first.
    power
        :math:`q`: 2 for the energy, 1 for the magnitude, which gives more to the tail.

    Returns
    -------
    float
        In samples.
    """
    mass = np.abs(weights) ** power
    return float(mass @ np.arange(len(weights)) / mass.sum())


def count_lobes(weights: np.ndarray) -> int:
    """Count the lobes of a filter: runs of one sign among the weights above 5 % of the largest.

    Parameters
    ----------
    weights
        (memory,). Weights below the limit neither begin a lobe nor split one.

    Returns
    -------
    int
        At least 1, unless all weights are 0.
    """
    large = weights[np.abs(weights) > LOBE * np.abs(weights).max(initial=0.0)]
    return int(len(large) > 0) + int(np.count_nonzero(np.diff(np.sign(large))))
