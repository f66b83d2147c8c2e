"""A linear read-out of velocity: ridge regression whose penalty is chosen on training rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

PENALTIES = 10.0 ** np.arange(-6, 4)
"""Candidates, as shares of the number of samples; features have variance 1."""


class Readout(NamedTuple):
    """A linear map from outputs to targets.

    Parameters
    ----------
    weights
        (features, targets).
    offset
        (targets,).
    penalty
        (targets,): the share that was chosen for each.
    """

    weights: np.ndarray
    offset: np.ndarray
    penalty: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return the estimates, (..., targets)."""
        return features @ self.weights + self.offset


def averaged(outputs: np.ndarray, samples: int) -> np.ndarray:
    """Average the last samples of every output.

    Parameters
    ----------
    outputs
        (movies, time, outputs).
    samples
        How many, at least 1; early times average what there is.

    Returns
    -------
    numpy.ndarray
        Of the same shape.
    """
    sums = np.cumsum(outputs, axis=1)
    sums[:, samples:] -= sums[:, :-samples].copy()
    counts = np.minimum(np.arange(1, outputs.shape[1] + 1), samples)
    return sums / counts[:, None]


def fit_readout(features: np.ndarray, targets: np.ndarray, groups: np.ndarray, folds: int) -> Readout:
    r"""Fit ridge regression, for each target with the penalty that predicts left-out groups best.

    .. math:: \min_w \sum_n (y_n - w^\top x_n)^2 + \lambda N \lVert w \rVert^2

    Parameters
    ----------
    features, targets
        (samples, features) and (samples, targets).
    groups
        (samples,) whole numbers; samples of one group are left out together.
    folds
        How many times some groups are left out, at least 2.

    Returns
    -------
    Readout
        For features as they came; within it they have mean 0 and variance 1, and the mean is not shrunk.
    """
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    centre = targets.mean(axis=0)
    x, y = (features - mean) / scale, targets - centre
    fold = groups % folds
    parts = [(x[fold == k], y[fold == k]) for k in range(folds)]
    squares, products = [a.T @ a for a, _ in parts], [a.T @ b for a, b in parts]
    square, product = sum(squares, np.zeros(())), sum(products, np.zeros(()))
    errors = np.zeros((len(PENALTIES), y.shape[1]))
    for (a, b), less_square, less_product in zip(parts, squares, products, strict=True):
        values, vectors = np.linalg.eigh(square - less_square)
        turned, seen = vectors.T @ (product - less_product), a @ vectors
        for place, penalty in enumerate(PENALTIES):
            shrunk = turned / (values + penalty * (len(x) - len(a)))[:, None]
            errors[place] += ((b - seen @ shrunk) ** 2).sum(axis=0)
    penalty = PENALTIES[errors.argmin(axis=0)]
    values, vectors = np.linalg.eigh(square)
    weights = vectors @ ((vectors.T @ product) / (values[:, None] + penalty * len(x))) / scale[:, None]
    return Readout(weights, centre - mean @ weights, penalty)


def explained(estimates: np.ndarray, truth: np.ndarray) -> float:
    """Return R², the share of the truth's variance that is explained; below 0 if its mean does better."""
    return float(1 - np.sum((truth - estimates) ** 2) / np.sum((truth - truth.mean()) ** 2))
