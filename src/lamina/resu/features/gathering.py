"""Moments of past and future over a whole collection, at one view and dilation."""

from __future__ import annotations

import numpy as np

from lamina.resu.features.collection import Collection
from lamina.resu.features.views import KINDS, Look, look, read_only, series_moments
from lamina.stats import LagMoments

# numbers in each of the two buffers for the ends of runs
_BUFFER = 2**19


def look_for_moments(collection: Collection, view: str) -> Look:
    """Look at a collection in a view less the mean of all that is there, so that no digits are lost to it."""
    difference, standardised = KINDS[view]
    if standardised:
        return look(collection, view, np.zeros(collection.channels))
    counts, means, _ = series_moments(collection, difference=difference)
    mean = (counts * means).sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
    return Look(difference, np.tile(mean, (len(collection), 1)), np.ones(means.shape))


def scale_moments(
    collection: Collection,
    view: str,
    dilation: int,
    memory: int,
    horizon: int,
    seen: Look | None = None,
) -> LagMoments:
    """Gather the moments of windows whose samples are ``dilation`` apart, from every series.

    The samples t, t + dilation, t + 2·dilation, … of a series are a trial of their own for each t below the
    dilation, so that these are the moments of `LagMoments` fed with all these trials. A collection has many
    short ones, though, of which each would need the Gram matrices of its ends: since the displacement
    identity (see `lamina.stats.displacement`) is linear, all ends of all trials are multiplied at once here.

    Parameters
    ----------
    collection
        The series; a window that touches NaN does not exist.
    view
        A name from `lamina.resu.features.views.KINDS`.
    dilation, memory, horizon
        Of the windows.
    seen
        The collection in this view, if it is known already; see `look_for_moments`.

    Returns
    -------
    LagMoments
        In float64, of ended trials.
    """
    from lamina.resu.features import kernels_moments as kernels

    window, channels = memory + horizon, collection.channels
    size, edge = window * channels, (window - 1) * channels
    data, starts = read_only(collection.data), collection.starts
    seen = look_for_moments(collection, view) if seen is None else seen
    core, total, counts = np.zeros((channels, size)), np.zeros(channels), np.zeros(4, np.int64)
    change, shift = np.zeros((edge, edge)), np.zeros(edge)
    phases = dilation * len(collection)
    most = int(collection.lengths.max()) // (window + 1) + 2 * dilation
    if collection.missing:
        phases += len(collection.data) // size
    heads, tails = (np.empty((max(min(_BUFFER // edge, phases), most), edge)) for _ in range(2))
    done = 0
    # squares that overflow are reported where the covariances are asked for
    with np.errstate(over="ignore", invalid="ignore"):
        while done < len(collection):
            done, runs = kernels.gather(
                data,
                starts,
                done,
                seen.difference,
                seen.levels,
                seen.factors,
                dilation,
                window,
                core,
                total,
                counts,
                heads,
                tails,
            )
            change += tails[:runs].T @ tails[:runs]
            change -= heads[:runs].T @ heads[:runs]
            shift += tails[:runs].sum(axis=0) - heads[:runs].sum(axis=0)
        state = {
            "version": 1,
            "memory": memory,
            "horizon": horizon,
            "gap": 1,
            "channels": channels,
            "half_life": None,
            "trial_open": False,
            "windows_before_trial": 0,
            **{f"n_{name}": int(counts[k]) for k, name in enumerate(_COUNTS)},
            "clock": int(counts[3]),
        }
        if counts[0]:
            mean, scatter = kernels.propagate(core, total, change, shift, int(counts[0]))
            weight = float(counts[0])
            state |= {"weight": weight, "weight_squares": weight}
            state |= {"origin": _origin(seen, view), "mean": mean, "scatter": scatter}
    return LagMoments.from_state(state)


# as `gather` counts them
_COUNTS = ("windows", "trials", "short_trials", "samples")


def _origin(seen: Look, view: str) -> np.ndarray:
    """Give back what was taken off all series alike."""
    return np.zeros(seen.levels.shape[1]) if KINDS[view][1] else seen.levels[0]
