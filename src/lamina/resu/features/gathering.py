"""Moments of past and future over a whole collection, at one view and dilation."""

from __future__ import annotations

import numpy as np

from lamina.resu.features.collection import Collection
from lamina.stats import LagMoments

# numbers in each of the two buffers for the ends of runs
_BUFFER = 2**19


def view_means(collection: Collection, view: str) -> np.ndarray:
    """Mean of each channel of a view over all that is there, (channels,), float64; 0 where nothing is."""
    # numba takes a while to load: only who fits waits for it
    from lamina.resu.features import kernels_moments as kernels

    data = read_only(collection.data)
    return kernels.view_means(data, collection.starts, collection.channels, view == "difference")


def scale_moments(
    collection: Collection,
    view: str,
    dilation: int,
    memory: int,
    horizon: int,
    means: np.ndarray | None = None,
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
        "raw" or "difference".
    dilation, memory, horizon
        Of the windows.
    means
        From `view_means` of this view, if they are known already.

    Returns
    -------
    LagMoments
        In float64, of ended trials.
    """
    from lamina.resu.features import kernels_moments as kernels

    difference, window, channels = view == "difference", memory + horizon, collection.channels
    size, edge = window * channels, (window - 1) * channels
    data, starts = read_only(collection.data), collection.starts
    means = view_means(collection, view) if means is None else means
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
                data, starts, done, means, difference, dilation, window, core, total, counts, heads, tails
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
            state |= {"origin": means, "mean": mean, "scatter": scatter}
    return LagMoments.from_state(state)


# as `gather` counts them
_COUNTS = ("windows", "trials", "short_trials", "samples")


def read_only(data: np.ndarray) -> np.ndarray:
    """View that is not writeable, so that kernels are compiled for one type of array and not for two."""
    view = data.view()
    view.flags.writeable = False
    return view
