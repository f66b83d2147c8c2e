"""Moments of past and future over many short runs, compiled: the loops behind `scale_moments`.

Loaded only when something is fitted, since numba takes a while to import.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"contract"})
def gather(
    data: np.ndarray,
    starts: np.ndarray,
    first: int,
    difference: bool,
    levels: np.ndarray,
    factors: np.ndarray,
    dilation: int,
    window: int,
    core: np.ndarray,
    total: np.ndarray,
    counts: np.ndarray,
    heads: np.ndarray,
    tails: np.ndarray,
) -> tuple[int, int]:
    """Add series from ``first`` on, until ``heads`` and ``tails`` might not hold all runs of the next one.

    A run is a phase of a series (the samples t, t + dilation, …) between two gaps, of n samples; if that is a
    window or more, N = n − window + 1 windows start in it.

    Parameters
    ----------
    data, starts
        As in `Collection`.
    first
        The first series to add.
    difference, levels, factors
        How each is looked at, as in `lamina.resu.features.views.Look`.
    dilation, window
        Of the windows.
    core
        (channels, window · channels): Σ_t y_t w_tᵀ over the windows w_t is added.
    total
        (channels,): the sum of the first samples of all windows is added.
    counts
        int64, to be added to: windows, phases, phases without a window, samples.
    heads, tails
        (runs, (window − 1) · channels), written from the top: the first samples of each run, and as many from
        its N-th on.

    Returns
    -------
    series, runs
        The first series that was not added, and how many runs were written.
    """
    channels = levels.shape[1]
    width = window * channels
    edge = width - channels
    longest = 0
    for i in range(first, len(starts) - 1):
        longest = max(longest, starts[i + 1] - starts[i])
    phase = np.empty(longest // dilation + channels)
    runs = 0
    for i in range(first, len(starts) - 1):
        time = (starts[i + 1] - starts[i]) // channels
        samples = time - difference
        # between two runs is a gap, so that a phase of n samples has at most (n + 1) / (window + 1) of them
        most = (samples + dilation) // (window + 1) + dilation
        if runs > 0 and runs + most > len(heads):
            return i, runs
        for offset in range(min(dilation, samples)):
            length = (samples - offset - 1) // dilation + 1
            counts[1] += 1
            counts[3] += length
            there = _read_phase(
                data, starts[i], time, difference, levels[i], factors[i], dilation, offset, length, phase
            )
            found = 0
            begin = 0
            while begin < length:
                if there:
                    end = length
                else:
                    end = begin
                    while end < length and _complete(phase, end, channels):
                        end += 1
                if end - begin >= window:
                    windows = end - begin - window + 1
                    found += windows
                    _add_core(phase[begin * channels : end * channels], windows, width, channels, core, total)
                    heads[runs] = phase[begin * channels : begin * channels + edge]
                    last = (begin + windows) * channels
                    tails[runs] = phase[last : last + edge]
                    runs += 1
                begin = end + 1
            counts[0] += found
            counts[2] += found == 0
    return len(starts) - 1, runs


@njit(cache=True, nogil=True)
def _read_phase(  # noqa: ANN202
    data,  # noqa: ANN001
    start,  # noqa: ANN001
    time,  # noqa: ANN001
    difference,  # noqa: ANN001
    level,  # noqa: ANN001
    factor,  # noqa: ANN001
    dilation,  # noqa: ANN001
    offset,  # noqa: ANN001
    length,  # noqa: ANN001
    phase,  # noqa: ANN001
):
    """Write a phase as it is looked at, time-major; return whether all of it is there."""
    channels = len(level)
    check = 0.0
    for c in range(channels):
        place = start + c * time + offset
        for s in range(length):
            if difference:
                value = ((np.float64(data[place + 1]) - np.float64(data[place])) - level[c]) * factor[c]
            else:
                value = (np.float64(data[place]) - level[c]) * factor[c]
            phase[s * channels + c] = value
            check += value - value
            place += dilation
    # NaN wherever a NaN (or an infinite difference) went in
    return check == 0.0


@njit(cache=True)
def _complete(phase, sample, channels):  # noqa: ANN001, ANN202
    for c in range(channels):
        value = phase[sample * channels + c]
        if value != value:
            return False
    return True


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_core(run, windows, width, channels, core, total):  # noqa: ANN001, ANN202
    """Add Σ_t y_t w_tᵀ; four windows at a time, which spares three of four loads and stores of the sum."""
    for c in range(channels):
        row = core[c]
        t = 0
        while t + 4 <= windows:
            place = t * channels
            a = run[place + c]
            b = run[place + channels + c]
            d = run[place + 2 * channels + c]
            e = run[place + 3 * channels + c]
            total[c] += (a + b) + (d + e)
            w0 = run[place : place + width]
            w1 = run[place + channels : place + channels + width]
            w2 = run[place + 2 * channels : place + 2 * channels + width]
            w3 = run[place + 3 * channels : place + 3 * channels + width]
            for k in range(width):
                row[k] += (a * w0[k] + b * w1[k]) + (d * w2[k] + e * w3[k])
            t += 4
        while t < windows:
            a = run[t * channels + c]
            total[c] += a
            w0 = run[t * channels : t * channels + width]
            for k in range(width):
                row[k] += a * w0[k]
            t += 1


@njit(cache=True, nogil=True)
def propagate(
    core: np.ndarray, total: np.ndarray, change: np.ndarray, shift: np.ndarray, windows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scatter of all windows from their first block row, by the displacement identity.

    Parameters
    ----------
    core, total
        As from `gather`, over all series.
    change
        ((window − 1) · channels,) twice: Gram matrix of the tails less that of the heads.
    shift
        ((window − 1) · channels,): sum of the tails less that of the heads.
    windows
        How many there are, ≥ 1.

    Returns
    -------
    mean, scatter
        (window · channels,) and twice that; relative to what was taken off.
    """
    channels, size = core.shape
    mean = np.empty(size)
    scatter = np.empty((size, size))
    for i in range(size):
        if i < channels:
            mean[i] = total[i]
            scatter[i] = core[i]
        else:
            before = i - channels
            mean[i] = mean[before] + shift[before]
            for j in range(i, size):
                scatter[i, j] = scatter[before, j - channels] + change[before, j - channels]
    for i in range(size):
        mean[i] /= windows
    for i in range(size):
        for j in range(i, size):
            scatter[i, j] -= windows * mean[i] * mean[j]
            scatter[j, i] = scatter[i, j]
    return mean, scatter
