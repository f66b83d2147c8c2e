"""Moments of past and future over a whole collection, at one view and dilation."""

from __future__ import annotations

import numpy as np

from lamina.resu.features.collection import Collection
from lamina.stats import LagMoments


def scale_moments(collection: Collection, view: str, dilation: int, memory: int, horizon: int) -> LagMoments:
    """Gather the moments of windows whose samples are ``dilation`` apart, from every series.

    The samples t, t + dilation, t + 2·dilation, … of a series are a trial of their own for each t below the
    dilation, so that these are the moments of `LagMoments` fed with all these trials.

    Parameters
    ----------
    collection
        The series; a window that touches NaN does not exist.
    view
        "raw" or "difference".
    dilation, memory, horizon
        Of the windows.

    Returns
    -------
    LagMoments
        In float64, of ended trials.
    """
    moments = LagMoments(memory, horizon, channels=collection.channels)
    for i in range(len(collection)):
        series = collection.series(i).astype(np.float64)
        if view == "difference":
            series = np.diff(series, axis=1)
        for phase in range(min(dilation, series.shape[1])):
            moments.update(series[:, phase::dilation].T).end_trial()
    return moments
