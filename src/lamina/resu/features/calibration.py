"""From scores to probabilities: how sharp they may be is learned from series that were left out."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

# the order of the scores survives in the probabilities even where they say nothing
_LEAST, _MOST = 1e-3, 1e3


def fit_sharpness(scores: np.ndarray, labels: np.ndarray) -> float:
    """Choose β of p_k = exp(β s_k) / Σ_j exp(β s_j) by maximum likelihood.

    As targets, a series of class k with n_k series has (n_k + 1)/(n_k + K) for k and 1/(n_k + K) for each
    other class, which keeps β finite where all scores are right (Platt 1999, for two classes).

    Parameters
    ----------
    scores
        (series, classes), each by a fit that has not seen the series.
    labels
        (series,), 0 to classes − 1.

    Returns
    -------
    float
        From 0.001 (scores that tell nothing) to 1000.
    """
    n, classes = scores.shape
    counts = np.bincount(labels, minlength=classes)[labels]
    wanted = np.repeat(1 / (counts + classes), classes).reshape(n, classes)
    wanted[np.arange(n), labels] *= counts + 1

    def surprise(logarithm: float) -> float:
        return -float((wanted * log_softmax(np.exp(logarithm) * scores, axis=1)).sum())

    found = minimize_scalar(surprise, bounds=(np.log(_LEAST), np.log(_MOST)), method="bounded")
    return float(np.exp(found.x))
