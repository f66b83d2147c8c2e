"""How wide a temporal filter is: its first lobe, and its centre of mass."""

from __future__ import annotations

import numpy as np


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
