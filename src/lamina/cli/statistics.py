"""Range, mean and gaps of every channel, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np


class ChannelStatistics:
    """What ``lamina inspect`` says of a recording, gathered in constant memory.

    Parameters
    ----------
    channels
        How many there are, ≥ 0.

    Attributes
    ----------
    samples, gaps, rows_missing
        Samples seen; stretches with a NaN in any channel; samples with one.
    missing, infinite
        (channels,) counts of NaN and of infinities.
    least, greatest, mean
        (channels,) of the finite values, NaN where there are none.

    Examples
    --------
    >>> statistics = ChannelStatistics(1)
    >>> for block in ([1.0, np.nan], [np.nan, 5.0]):
    ...     statistics.update(np.array(block))
    >>> statistics.gaps, statistics.rows_missing, statistics.mean
    (1, 2, array([3.]))
    """

    def __init__(self, channels: int) -> None:
        self.samples = self.gaps = self.rows_missing = 0
        self.missing = np.zeros(channels, dtype=int)
        self.infinite = np.zeros(channels, dtype=int)
        self.least = np.full(channels, np.nan)
        self.greatest = np.full(channels, np.nan)
        self.mean = np.full(channels, np.nan)
        self._count = np.zeros(channels)
        self._squares = np.zeros(channels)
        self._in_gap = False

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation of the finite values of every channel."""
        return np.where(self._count > 0, np.sqrt(self._squares / np.maximum(self._count, 1)), np.nan)

    def as_dict(self) -> dict[str, Any]:
        """Return all but the number of samples, by name."""
        names = ("gaps", "missing", "infinite", "least", "greatest", "mean", "deviation")
        return {name: getattr(self, name) for name in names}

    def update(self, block: np.ndarray) -> None:
        """Take in the next samples.

        Parameters
        ----------
        block
            ``(some,)`` or ``(some, channels)`` of real numbers.
        """
        values = np.asarray(block, dtype=np.float64).reshape(len(block), -1)
        absent, finite = np.isnan(values), np.isfinite(values)
        rows = np.asarray(absent.any(axis=1))
        begins = rows & ~np.concatenate([[self._in_gap], rows[:-1]])
        self.gaps += int(begins.sum())
        self.rows_missing += int(rows.sum())
        self._in_gap = bool(rows[-1]) if len(rows) else self._in_gap
        self.samples += len(values)
        self.missing += absent.sum(axis=0)
        self.infinite += (~finite & ~absent).sum(axis=0)
        count = finite.sum(axis=0)
        seen = count > 0
        least, greatest = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
        self.least[seen] = np.fmin(self.least, least.min(axis=0, initial=np.inf))[seen]
        self.greatest[seen] = np.fmax(self.greatest, greatest.max(axis=0, initial=-np.inf))[seen]
        # means of blocks are joined by their differences, which never cancels
        mean = np.where(finite, values, 0.0).sum(axis=0) / np.maximum(count, 1)
        squares = np.where(finite, values - mean, 0.0) ** 2
        before, total = self._count, np.maximum(self._count + count, 1)
        shift = np.where(before > 0, mean - np.nan_to_num(self.mean), 0.0)
        joined = np.where(before > 0, np.nan_to_num(self.mean) + shift * count / total, mean)
        self.mean[seen] = joined[seen]
        self._squares += squares.sum(axis=0) + shift**2 * before * count / total
        self._count = before + count
