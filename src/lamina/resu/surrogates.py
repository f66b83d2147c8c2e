"""Data in which the past meets a future that is not its own, at the price of their covariances.

Whole windows are paired anew, never samples, so that a surrogate keeps the covariances of past and of future.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft

from lamina.resu.lagged_products import Pieces, lag_order, paired_scatter, propagate
from lamina.stats.gaps import gapless_runs


@dataclass(frozen=True)
class WindowRows:
    """The whole windows of a data set, in order: one row each, in runs that neither gap nor trial breaks.

    Attributes
    ----------
    past, future
        Samples of all trials one after the other, (total, channels), float64, 0 where missing. They differ
        where the future is that of a partner.
    past_origin, future_origin
        What was taken off each channel of the two.
    memory, horizon, gap
        Of a window.
    trials, delays, starts, counts
        For every run: its trial; the position in that trial, and in ``past``, of the oldest sample of its
        first window; its windows.
    """

    past: np.ndarray
    future: np.ndarray
    past_origin: np.ndarray
    future_origin: np.ndarray
    memory: int
    horizon: int
    gap: int
    trials: np.ndarray
    delays: np.ndarray
    starts: np.ndarray
    counts: np.ndarray

    @property
    def window(self) -> int:
        """Samples that one window spans."""
        return self.memory + self.gap + self.horizon - 1

    @property
    def total(self) -> int:
        """Number of rows."""
        return int(self.counts.sum())

    def pieces(self, past: np.ndarray, future: np.ndarray, counts: np.ndarray) -> Pieces:
        """Pair windows, each named by the position of its oldest past sample."""
        return Pieces(past, future + self.memory - 1 + self.gap, counts)

    def positions(self, rows: np.ndarray) -> np.ndarray:
        """Return the position of the oldest past sample of rows."""
        ends = np.cumsum(self.counts)
        run = np.searchsorted(ends, rows, side="right")
        return self.starts[run] + rows - (ends - self.counts)[run]

    def per_trial(self) -> np.ndarray:
        """Count the rows of every trial that has some."""
        _, index = np.unique(self.trials, return_inverse=True)
        return np.bincount(index, weights=self.counts).astype(np.int64)

    def shared(self) -> float:
        """Share of the rows that find a partner at the same time in another trial, drawn at random."""
        n_trials = len(np.unique(self.trials))
        if n_trials < 2:
            return 0.0
        steps = np.zeros(int((self.delays + self.counts).max()) + 1)
        np.add.at(steps, self.delays, 1)
        np.subtract.at(steps, self.delays + self.counts, 1)
        at_once = np.cumsum(steps)
        return float(np.sum(at_once * (at_once - 1))) / (n_trials - 1) / self.total


def window_rows(
    trials: Sequence[np.ndarray],
    memory: int,
    horizon: int,
    gap: int,
    *,
    future_channels: int | None = None,
    center: bool = True,
) -> WindowRows:
    """Find the whole windows of trials.

    Parameters
    ----------
    trials
        (time, channels) each, float64; NaN marks a gap, in whichever channel.
    memory, horizon, gap
        Of the window.
    future_channels
        The last so many channels are the partner whose future counts; None if there is no partner.
    center
        Take off a value near each channel's mean, so that a large offset costs no digits. It must stay for
        moments about zero.

    Returns
    -------
    WindowRows
        Possibly without any row.
    """
    window = memory + gap + horizon - 1
    found: list[tuple[int, int, int, int]] = []
    offset = 0
    for index, trial in enumerate(trials):
        for start, stop in gapless_runs("X", trial, window):
            if stop - start >= window:
                found.append((index, start, offset + start, stop - start - window + 1))
        offset += len(trial)
    samples = np.concatenate(trials)
    missing = np.isnan(samples).any(axis=1)
    origin = np.zeros(samples.shape[1])
    if center and not missing.all():
        origin = samples[~missing].mean(axis=0)
    samples -= origin
    samples[missing] = 0
    table = np.asarray(found, dtype=np.int64).reshape(-1, 4).T.copy()
    if future_channels is None:
        return WindowRows(samples, samples, origin, origin, memory, horizon, gap, *table)
    split = samples.shape[1] - future_channels
    past, future = np.ascontiguousarray(samples[:, :split]), np.ascontiguousarray(samples[:, split:])
    return WindowRows(past, future, origin[:split], origin[split:], memory, horizon, gap, *table)


def circular_scatters(
    rows: WindowRows, shifts: np.ndarray, past_mean: np.ndarray, future_mean: np.ndarray
) -> Iterator[np.ndarray]:
    r"""Scatter of the past and the circularly shifted future, one shift after the other.

    .. math:: S_s = \sum_{t<N} (f_{(t+s) \bmod N} - \mu_f) (p_t - \mu_p)^\top

    over the N rows. Without gaps one Fourier transform serves all shifts, O(T log T).

    Parameters
    ----------
    rows
        Windows of the data.
    shifts
        From 1 to rows − 1.
    past_mean, future_mean
        Means over ``rows``, (memory, channels) newest first and (horizon, channels) nearest first; zeros for
        moments about zero.

    Yields
    ------
    numpy.ndarray
        (horizon · channels of the future, memory · channels).
    """
    if len(rows.counts) == 1:
        constant = rows.total * np.outer(future_mean, past_mean)
        for scatter in _by_fourier(rows, shifts):
            yield scatter - constant
        return
    ends = np.cumsum(rows.counts)
    for shift in shifts:
        # a piece ends where a run does, of the past or of the future, and where the shift wraps around
        edges = np.unique(np.concatenate([ends, ends - shift]) % rows.total)
        counts = np.diff(np.append(edges, rows.total))
        pairs = rows.pieces(rows.positions(edges), rows.positions((edges + shift) % rows.total), counts)
        yield paired_scatter(rows.past, rows.future, pairs, past_mean, future_mean)


def shuffled_scatters(
    rows: WindowRows,
    n_surrogates: int,
    past_mean: np.ndarray,
    future_mean: np.ndarray,
    generator: np.random.Generator,
) -> Iterator[tuple[np.ndarray, int]]:
    """Scatter of each trial's past and another trial's future at the same time in the trial.

    Parameters
    ----------
    rows
        Windows of the data, of at least two trials.
    n_surrogates
        How many, each with a derangement of its own.
    past_mean, future_mean
        As for `circular_scatters`.
    generator
        Draws the derangements.

    Yields
    ------
    scatter : numpy.ndarray
        As for `circular_scatters`.
    pairs : int
        Rows that went in: of two trials the shorter one counts, and of two gaps both.
    """
    _, trial = np.unique(rows.trials, return_inverse=True)
    n_trials = int(trial[-1]) + 1
    runs = [np.flatnonzero(trial == index) for index in range(n_trials)]
    simple = len(trial) == n_trials and not rows.delays.any()
    for _ in range(n_surrogates):
        partner = _derangement(n_trials, generator)
        if simple:
            counts = np.minimum(rows.counts, rows.counts[partner])
            pairs = rows.pieces(rows.starts, rows.starts[partner], counts)
        else:
            found = [_common(rows, runs[own], runs[other]) for own, other in enumerate(partner)]
            pairs = rows.pieces(*np.concatenate(found).T)
        if len(pairs.counts) == 0:
            continue
        yield (
            paired_scatter(rows.past, rows.future, pairs, past_mean, future_mean),
            int(pairs.counts.sum()),
        )


def _derangement(n: int, generator: np.random.Generator) -> np.ndarray:
    """Draw a permutation that leaves nothing in its place, all such equally likely (about e tries)."""
    while True:
        order = generator.permutation(n)
        if not np.any(order == np.arange(n)):
            return order


def _common(rows: WindowRows, own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pieces in which both trials have whole windows at the same time: (pieces, 3)."""
    low = np.maximum.outer(rows.delays[own], rows.delays[other])
    high = np.minimum.outer(rows.delays[own] + rows.counts[own], rows.delays[other] + rows.counts[other])
    first, second = np.nonzero(high > low)
    begin, counts = low[first, second], (high - low)[first, second]
    ahead = rows.starts - rows.delays
    return np.stack([ahead[own][first] + begin, ahead[other][second] + begin, counts], axis=1)


def _by_fourier(rows: WindowRows, shifts: np.ndarray) -> Iterator[np.ndarray]:
    n, memory, horizon = rows.total, rows.memory, rows.horizon
    x = rows.past[rows.starts[0] :][: n + memory - 1]
    z = rows.future[rows.starts[0] + memory - 1 + rows.gap :][: n + horizon - 1]
    # what a row gains when all its windows move on by one sample
    x_new, z_new = x[n:] - x[: memory - 1], z[n:] - z[: horizon - 1]
    back, ahead = np.arange(memory), np.arange(horizon)
    # correlations of the first lags alone, at every shift that a surrogate needs
    lags = np.concatenate([shifts[:, None] - back, shifts[:, None] + ahead[1:]], axis=1) % n
    table = np.empty((*lags.shape, z.shape[1], x.shape[1]))
    spectra = [np.asarray(scipy.fft.rfft(samples)) for samples in z[:n].T]
    for channel in range(x.shape[1]):
        other = np.conj(np.asarray(scipy.fft.rfft(x[:n, channel])))
        for partner, spectrum in enumerate(spectra):
            table[:, :, partner, channel] = np.asarray(scipy.fft.irfft(spectrum * other, n))[lags]
    rows_0, columns_0 = table[:, :memory], np.concatenate([table[:, :1], table[:, memory:]], axis=1)
    for d in range(1, memory):
        rows_0[:, d:] += z[(shifts - d) % n][:, None, :, None] * x_new[None, : memory - d, None, :]
    for d in range(1, horizon):
        columns_0[:, d:] += z_new[None, : horizon - d, :, None] * x[(-shifts - d) % n][:, None, None, :]
    for shift, row, column in zip(shifts, rows_0, columns_0, strict=True):
        steps = np.einsum("jf,ip->jifp", z[shift : shift + horizon - 1], x_new)
        steps += np.einsum("jf,ip->jifp", z_new, x[n - shift : n - shift + memory - 1])
        yield lag_order(propagate(row, column, steps))
