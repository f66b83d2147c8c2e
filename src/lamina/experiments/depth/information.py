"""How much outputs tell about a future, on scenes that nothing was fitted to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lamina.experiments.depth.networks import Stage, as_stack, ascend
from lamina.resu.projection import project
from lamina.stats import LagMoments, predictive_information, truncated_cca


class Covariances(NamedTuple):
    """Of outputs (past) and of the future of the photoreceptors, over all movies.

    Parameters
    ----------
    past, future, cross
        (outputs, outputs), (future, future) and (future, outputs).
    """

    past: np.ndarray
    future: np.ndarray
    cross: np.ndarray


class Kept(NamedTuple):
    """Information in nats.

    Parameters
    ----------
    train
        That the training covariances stand for, as if data were Gaussian.
    test
        That the same canonical pairs keep on held-out movies.
    """

    train: float
    test: float


def forecast_covariances(
    outputs: np.ndarray, frames: np.ndarray, *, first: int, horizon: int, gap: int = 1
) -> Covariances:
    """Gather outputs together with the photoreceptors' future.

    Parameters
    ----------
    outputs
        (movies, time, outputs).
    frames
        (movies, time, photoreceptors).
    first
        Leave out this many samples at the beginning, which lack history.
    horizon, gap
        Samples of future, and samples to the first of them.

    Returns
    -------
    Covariances
        Centred, over all windows.
    """
    count = outputs.shape[-1]
    both = np.concatenate([outputs, frames], axis=-1)[:, first:]
    moments = LagMoments(1, horizon, gap, both.shape[-1])
    for movie in both:
        moments.update(movie).end_trial()
    found = moments.covariances(
        past_channels=list(range(count)), future_channels=list(range(count, both.shape[-1]))
    )
    return Covariances(np.asarray(found.past), np.asarray(found.future), np.asarray(found.cross))


def kept_information(train: Covariances, test: Covariances) -> Kept:
    r"""Fit canonical pairs to training movies, and measure each on held-out ones.

    .. math:: I = -\tfrac12 \sum_i \ln(1 - \rho_i^2)

    with the correlation of the i-th pair, which is not fitted again: information that was fitted on as few
    scenes as are held out would come out too large. Negative correlations count as 0.

    Parameters
    ----------
    train, test
        From `forecast_covariances`.

    Returns
    -------
    Kept
        On both.
    """
    found = truncated_cca(train.past, train.future, train.cross)
    psi, phi = np.asarray(found.past_filters), np.asarray(found.future_filters)
    variance = np.einsum("rp,pq,rq->r", psi, test.past, psi) * np.einsum("rf,fg,rg->r", phi, test.future, phi)
    covariance = np.einsum("rf,fp,rp->r", phi, test.cross, psi)
    return Kept(
        predictive_information(found.canonical_correlations),
        predictive_information(_correlations(covariance, variance)),
    )


def own_information(stages: list[Stage], frames: np.ndarray) -> float:
    """Return what the top's units tell about the future of the top's own inputs, on these movies, in nats.

    Parameters
    ----------
    stages
        A learned network.
    frames
        (movies, time, photoreceptors).

    Returns
    -------
    float
        From the correlation of each unit with the future that it was learned to predict.
    """
    top = stages[-1]
    if top.future is None:
        raise ValueError("own_information needs a learned network; this one has no future filters")
    layer, first = top.layer, sum(stage.layer.memory - 1 for stage in stages)
    below = ascend(stages[:-1], as_stack(frames))
    fields = np.asarray(layer.receptive_fields(below))
    trials = fields.reshape(-1, *fields.shape[2:])
    units = project(trials, top.filters, top.mean)
    # the last sample of a future comes gap + horizon - 1 after the present, and is the newest to its filter
    ahead = layer.gap + layer.horizon - 1
    level = np.zeros((layer.horizon, trials.shape[-1]))
    futures = project(trials, np.ascontiguousarray(top.future[:, ::-1]), level)
    one = units[:, first : trials.shape[1] - ahead].reshape(-1, len(top.filters))
    other = futures[:, first + ahead :].reshape(-1, len(top.filters))
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    covariance = np.mean(one * other, axis=0)
    return predictive_information(
        _correlations(covariance, np.mean(one**2, axis=0) * np.mean(other**2, axis=0))
    )


def linear_information(found: Covariances) -> float:
    """Return what z = ON − OFF tells about the future, by covariances of ON and OFF, in nats.

    Parameters
    ----------
    found
        From `forecast_covariances`; outputs are ON and OFF of each unit in turn.

    Returns
    -------
    float
        No linear network of as many units and the same window has more than one layer of CCA.
    """
    count = len(found.past) // 2
    together = np.kron(np.eye(count), [[1.0, -1.0]])
    past = together @ found.past @ together.T
    return predictive_information(
        truncated_cca((past + past.T) / 2, found.future, found.cross @ together.T).canonical_correlations
    )


def _correlations(covariance: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return np.clip(covariance / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0, 1.0)
