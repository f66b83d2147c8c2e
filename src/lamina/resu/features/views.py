"""How units look at a series: as it is, at its first differences, or at either by its own standard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.resu.features.collection import Collection

# name → whether differences are taken; whether each channel of each series is brought to mean 0, deviation 1
KINDS = {
    "raw": (False, False),
    "difference": (True, False),
    "standardised": (False, True),
}

# a channel that deviates by less than this share of its level is constant but for rounding
_CONSTANT = 1e-12


@dataclass(frozen=True)
class Look:
    """A view of a whole collection, as numbers: v_t = (x_t − level) · factor, or of x_t − x_{t−1}.

    Parameters
    ----------
    difference
        Whether v is of differences.
    levels, factors
        (n_series, channels), float64.
    """

    difference: bool
    levels: np.ndarray
    factors: np.ndarray


def look(collection: Collection, view: str, mean: np.ndarray) -> Look:
    """Look at all series of a collection.

    Parameters
    ----------
    collection
        The series.
    view
        A name from ``KINDS``.
    mean
        (channels,), which "raw" takes off every series.
    """
    difference, standardised = KINDS[view]
    shape = len(collection), collection.channels
    if not standardised:
        level = np.zeros(shape) if difference else np.broadcast_to(mean, shape).astype(np.float64)
        return Look(difference, np.ascontiguousarray(level), np.ones(shape))
    _, means, deviations = series_moments(collection, difference=difference)
    # of what is below the least normal number there is no inverse
    varies = deviations > np.maximum(_CONSTANT * np.abs(means), np.finfo(np.float64).tiny)
    return Look(difference, means, np.where(varies, 1 / np.where(varies, deviations, 1.0), 0.0))


def series_moments(collection: Collection, *, difference: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count the values of each channel of each series, with mean and deviation, each (n_series, channels).

    Parameters
    ----------
    collection
        The series; NaN does not count.
    difference
        Of first differences.
    """
    # numba takes a while to load: only who fits or transforms waits for it
    from lamina.resu.features import kernels_views as kernels

    data = read_only(collection.data)
    return kernels.series_moments(data, collection.starts, collection.channels, difference)


def read_only(data: np.ndarray) -> np.ndarray:
    """View that is not writeable, so that kernels are compiled for one type of array and not for two."""
    view = data.view()
    view.flags.writeable = False
    return view
