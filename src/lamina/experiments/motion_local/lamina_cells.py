"""Layer 1: filters of a single photoreceptor, learned locally from cosines of its past, or by batch CCA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.resu import ReSU
from lamina.resu.local import LocalReSU
from lamina.stats import causal_filter

CENTRE = 1
UNITS = 2


@dataclass(frozen=True, eq=False)
class LaminaCells:
    """The two filters of layer 1, for the photoreceptor's signal as it is.

    Parameters
    ----------
    filters
        ``(2, memory)``, newest lag first: L3, and the derivative whose halves are L1 and L2.
    offsets
        ``(2,)``, what the filters answer to the mean signal, which is taken off.
    """

    filters: np.ndarray
    offsets: np.ndarray

    def respond(self, signal: np.ndarray) -> np.ndarray:
        """Return both outputs before rectification, ``(time - memory + 1, 2)``."""
        memory = self.filters.shape[1]
        return np.asarray(causal_filter(signal, self.filters[:, :, None]))[memory - 1 :] - self.offsets


def cosines(count: int, memory: int) -> np.ndarray:
    r"""Return cosines over the past, the slowest first.

    .. math:: D_{ki} = \sqrt{\frac{2 - \delta_{k0}}{m}} \cos\frac{\pi k (i + 1/2)}{m}

    Parameters
    ----------
    count
        How many, at most ``memory``.
    memory
        m, samples of past.

    Returns
    -------
    numpy.ndarray
        ``(count, memory)``, orthonormal rows.
    """
    angles = np.pi * np.outer(np.arange(count), np.arange(memory) + 0.5) / memory
    scale = np.full((count, 1), np.sqrt(2 / memory))
    scale[0] = np.sqrt(1 / memory)
    return scale * np.cos(angles)


def components(signal: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """Return what synapses with these time courses see, ``(time - memory + 1, count)``."""
    return np.asarray(causal_filter(signal, bank[:, :, None]))[bank.shape[1] - 1 :]


class LocalLamina:
    """Layer 1 that learns locally from the cosines of one photoreceptor's past.

    Cosines of ``memory`` samples at a time ``memory`` later hold the same as the next ``memory`` samples, so
    that a unit without lags of its own, and with that gap, learns past-future CCA. Each cosine is brought to
    variance 1 by its own running deviation, which is all that differs from learning on the lags themselves.

    Parameters
    ----------
    count, memory
        Of the cosines.
    seed
        Of the first weights.
    """

    def __init__(self, count: int, memory: int, seed: int) -> None:
        self._bank = cosines(count, memory)
        self._unit = LocalReSU(1, 1, UNITS, gap=memory, seed=seed)

    @property
    def bank(self) -> np.ndarray:
        """The cosines."""
        return self._bank

    def learn(self, seen: Sequence[np.ndarray]) -> None:
        """Learn from `components` of whole rows, sample after sample."""
        self._unit.partial_fit(list(seen))

    def cells(self) -> LaminaCells:
        """Return the filters as they are now."""
        weights = np.asarray(self._unit.filters_)[:, 0, :]
        return _signed(weights @ self._bank, weights @ self._unit.past_mean_[0])


def batch_cells(signals: Sequence[np.ndarray], memory: int) -> tuple[LaminaCells, np.ndarray]:
    """Return layer 1 by batch CCA on the lags, and the covariance of the lags.

    Parameters
    ----------
    signals
        ``(time,)`` of one photoreceptor each.
    memory
        Samples of past, and of future.

    Returns
    -------
    tuple
        The filters, and ``(memory, memory)``.
    """
    unit = ReSU(memory, memory, UNITS).fit(list(signals))
    filters = np.asarray(unit.filters_)[:, :, 0]
    covariance = np.asarray(unit.moments_.covariances().past)
    return _signed(filters, filters @ np.asarray(unit.past_mean_)[:, 0]), covariance


def _signed(filters: np.ndarray, offsets: np.ndarray) -> LaminaCells:
    """Give each filter the sign with which it answers a rise of the signal by a rise."""
    steps = np.cumsum(filters, axis=1)
    peaks = np.take_along_axis(steps, np.abs(steps).argmax(axis=1)[:, None], axis=1)[:, 0]
    signs = np.where(peaks < 0, -1.0, 1.0)
    return LaminaCells(filters * signs[:, None], offsets * signs)
