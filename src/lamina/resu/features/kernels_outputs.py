"""Outputs of units over series, and what is kept of them, compiled: the loops behind `pooled_outputs`.

Each series is written once into a line of float32 with zeros before it, so that missing history counts as
the mean; a lag is then an offset into that line. Two units are convolved at a time, four lags at a time:
eight multiplications for six loads and two stores. Their outputs stay in the first-level cache, where they
are pooled. All loops run over a multiple of `BLOCK` samples, so that no scalar remainder is left over. What
is beyond the end of the series, or missing in it, is set to zero in the output and taken off the counts.

Loaded only when something is transformed, since numba takes a while to import.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# samples that a vectorised loop of float32 takes at once: four registers of eight
BLOCK = 32

# sums may be reordered; there is no NaN in the lines
_FAST = {"reassoc", "contract", "nsz", "nnan"}

_SIGN = np.int32(-(2**31))

Series = tuple[np.ndarray, np.ndarray, int, bool]
"""Values and starts as in `Collection`, the channels, and whether any value is missing."""

Views = tuple[np.ndarray, np.ndarray, np.ndarray]
"""How the views look at the series: whether at differences, (views,), levels and factors, each (views,
n_series, channels), see `lamina.resu.features.views.Look`."""

Plan = tuple[np.ndarray, ...]
"""Six arrays: view, dilation, memory and first unit of each scale (and the end of the last); the place of
its weights; and the weights, (units, taps) of each scale, float32, taps filled up to a multiple of four."""


@njit(cache=True, nogil=True)
def pool_series(
    series: Series,
    first: int,
    last: int,
    views: Views,
    plan: Plan,
    thresholds: np.ndarray,
    columns: np.ndarray,
    table: np.ndarray,
) -> None:
    """Fill the rows ``first`` to ``last`` (excluded) of the table.

    Parameters
    ----------
    series, views, plan
        As above.
    first, last
        Of the series.
    thresholds
        (units, thresholds), float32.
    columns
        Which of the statistics, in the order of `_pool`, go into the columns of a unit.
    table
        (n_series, units · columns), float32.
    """
    lines, absent, outputs = _scratch(series, first, last, len(views[0]), plan)
    bits = outputs.view(np.int32)
    n_thresholds = thresholds.shape[1]
    kept = np.empty(n_thresholds + 7, np.float32)
    # how early a sample is among those that are pooled
    early = np.empty(outputs.shape[1], np.float32)
    n_views = len(views[0])
    n_absent, samples = np.zeros(n_views, np.int64), np.zeros(n_views, np.int64)
    offsets = np.empty(4 * ((plan[2].max() * series[2] + 3) // 4), np.int64)
    width = len(columns)
    for i in range(first, last):
        _write_lines(series, i, views, plan, lines, absent, n_absent, samples)
        for scale in range(len(plan[0])):
            view = plan[0][scale]
            padded = _padded(samples[view])
            unit, stop = plan[3][scale], plan[3][scale + 1]
            taps = _write_offsets(plan, scale, series[2], samples[view], offsets)
            place = plan[4][scale]
            _write_early(early[:padded], samples[view], absent[view], n_absent[view])
            while unit < stop:
                pair = min(2, stop - unit)
                _convolve(lines[view], offsets, taps, plan[5], place, pair, outputs, padded)
                place += pair * taps
                for k in range(pair):
                    z = outputs[k, :padded]
                    present = _fill(z, np.float32(0), samples[view], absent[view], n_absent[view])
                    _pool(z, bits[k, :padded], present, thresholds[unit + k], early[:padded], kept)
                    # the last, since it overwrites what does not count
                    mean = kept[n_thresholds] - kept[n_thresholds + 2]
                    _fill(z, mean, samples[view], absent[view], n_absent[view])
                    kept[n_thresholds + 6] = _deviation(z, mean, present)
                    row = table[i, (unit + k) * width : (unit + k + 1) * width]
                    for column in range(width):
                        row[column] = kept[columns[column]]
                unit += pair


@njit(cache=True, nogil=True)
def sample_series(
    series: Series, chosen: np.ndarray, stride: int, views: Views, plan: Plan, samples: np.ndarray
) -> int:
    """Keep every ``stride``-th output that there is, over the chosen series one after another.

    Parameters
    ----------
    series, views, plan
        As above.
    chosen
        Indices of series.
    stride
        ≥ 1.
    samples
        (units, most samples), float32, to be filled from the left.

    Returns
    -------
    int
        How many of each unit's were filled; of the view that has fewest.
    """
    lines, absent, outputs = _scratch(series, 0, len(series[1]) - 1, len(views[0]), plan)
    n_views = len(views[0])
    n_absent, length = np.zeros(n_views, np.int64), np.zeros(n_views, np.int64)
    offsets = np.empty(4 * ((plan[2].max() * series[2] + 3) // 4), np.int64)
    picked = np.empty((n_views, outputs.shape[1]), np.int64)
    n_picked, seen = np.zeros(n_views, np.int64), np.zeros(n_views, np.int64)
    filled = np.zeros(n_views, np.int64)
    for i in chosen:
        _write_lines(series, i, views, plan, lines, absent, n_absent, length)
        for view in range(n_views):
            n_picked[view] = 0
            skipped = 0
            for t in range(length[view]):
                if skipped < n_absent[view] and absent[view, skipped] == t:
                    skipped += 1
                    continue
                if seen[view] % stride == 0 and filled[view] + n_picked[view] < samples.shape[1]:
                    picked[view, n_picked[view]] = t
                    n_picked[view] += 1
                seen[view] += 1
        for scale in range(len(plan[0])):
            view = plan[0][scale]
            unit, stop = plan[3][scale], plan[3][scale + 1]
            taps = _write_offsets(plan, scale, series[2], length[view], offsets)
            place = plan[4][scale]
            while unit < stop:
                pair = min(2, stop - unit)
                _convolve(lines[view], offsets, taps, plan[5], place, pair, outputs, _padded(length[view]))
                place += pair * taps
                for k in range(pair):
                    row = samples[unit + k, filled[view] : filled[view] + n_picked[view]]
                    for j in range(n_picked[view]):
                        row[j] = outputs[k, picked[view, j]]
                unit += pair
        filled += n_picked
    fewest = samples.shape[1]
    for scale in range(len(plan[0])):
        fewest = min(fewest, filled[plan[0][scale]])
    return fewest


@njit(cache=True)
def _padded(samples):  # noqa: ANN001, ANN202
    return (samples + BLOCK - 1) // BLOCK * BLOCK


@njit(cache=True)
def _reach(plan, view):  # noqa: ANN001, ANN202
    """Count the samples before the first that units of a view look back to."""
    reach = 0
    for scale in range(len(plan[0])):
        if plan[0][scale] == view:
            reach = max(reach, (plan[2][scale] - 1) * plan[1][scale])
    return reach


@njit(cache=True)
def _scratch(series, first, last, n_views, plan):  # noqa: ANN001, ANN202
    longest = 0
    for i in range(first, last):
        longest = max(longest, (series[1][i + 1] - series[1][i]) // series[2])
    padded = _padded(longest)
    reach = 0
    for view in range(n_views):
        reach = max(reach, _reach(plan, view))
    lines = np.zeros((n_views, series[2] * (reach + padded)), np.float32)
    return (
        lines,
        np.empty((n_views, longest if series[3] else 1), np.int64),
        np.empty((2, padded), np.float32),
    )


@njit(cache=True, nogil=True)
def _write_lines(series, i, views, plan, lines, absent, n_absent, samples):  # noqa: ANN001, ANN202
    """Write a series in each view that is looked at, (channels, reach + padded samples), zeros around it."""
    data, starts, channels, missing = series
    time = (starts[i + 1] - starts[i]) // channels
    for view in range(len(views[0])):
        late = 1 if views[0][view] else 0
        samples[view] = time - late
        n_absent[view] = 0
        reach = _reach(plan, view)
        stride = reach + _padded(samples[view])
        line = lines[view]
        for c in range(channels):
            source = data[starts[i] + c * time : starts[i] + (c + 1) * time]
            level, factor = views[1][view, i, c], views[2][view, i, c]
            line[c * stride : c * stride + reach] = 0
            target = line[c * stride + reach : (c + 1) * stride]
            if late:
                for t in range(time - 1):
                    target[t] = ((np.float64(source[t + 1]) - np.float64(source[t])) - level) * factor
            else:
                for t in range(time):
                    target[t] = (np.float64(source[t]) - level) * factor
            target[samples[view] :] = 0
        if missing:
            _find_absent(line, channels, reach, stride, view, absent, n_absent, samples)


@njit(cache=True, nogil=True)
def _find_absent(line, channels, reach, stride, view, absent, n_absent, samples):  # noqa: ANN001, ANN202
    """List the samples that are missing in every channel, and put the mean wherever a value is missing."""
    for t in range(reach, reach + samples[view]):
        there = False
        for c in range(channels):
            if line[c * stride + t] == line[c * stride + t]:
                there = True
            else:
                line[c * stride + t] = 0
        if not there:
            absent[view, n_absent[view]] = t - reach
            n_absent[view] += 1


@njit(cache=True)
def _write_offsets(plan, scale, channels, samples, offsets):  # noqa: ANN001, ANN202
    """Write where in the line each tap begins, channel by channel, newest lag first; return how many taps.

    Those that fill them up to a multiple of four have no weight, and point to where there is something.
    """
    reach = _reach(plan, plan[0][scale])
    stride = reach + _padded(samples)
    taps = 0
    for c in range(channels):
        for lag in range(plan[2][scale]):
            offsets[taps] = c * stride + reach - lag * plan[1][scale]
            taps += 1
    while taps % 4:
        offsets[taps] = reach
        taps += 1
    return taps


@njit(cache=True, nogil=True, fastmath=_FAST)
def _convolve(line, offsets, taps, weights, place, pair, outputs, padded):  # noqa: ANN001, ANN202
    """Convolve with one or two units whose weights begin at ``place``; a lone one is computed twice."""
    z0, z1 = outputs[0, :padded], outputs[1, :padded]
    for k in range(0, taps, 4):
        f, g = place + k, place + k + (pair - 1) * taps
        f0, f1, f2, f3 = weights[f], weights[f + 1], weights[f + 2], weights[f + 3]
        g0, g1, g2, g3 = weights[g], weights[g + 1], weights[g + 2], weights[g + 3]
        x0 = line[offsets[k] : offsets[k] + padded]
        x1 = line[offsets[k + 1] : offsets[k + 1] + padded]
        x2 = line[offsets[k + 2] : offsets[k + 2] + padded]
        x3 = line[offsets[k + 3] : offsets[k + 3] + padded]
        if k == 0:
            for t in range(padded):
                z0[t] = (f0 * x0[t] + f1 * x1[t]) + (f2 * x2[t] + f3 * x3[t])
                z1[t] = (g0 * x0[t] + g1 * x1[t]) + (g2 * x2[t] + g3 * x3[t])
        else:
            for t in range(padded):
                z0[t] += (f0 * x0[t] + f1 * x1[t]) + (f2 * x2[t] + f3 * x3[t])
                z1[t] += (g0 * x0[t] + g1 * x1[t]) + (g2 * x2[t] + g3 * x3[t])


@njit(cache=True)
def _fill(z, value, end, absent, n_absent):  # noqa: ANN001, ANN202
    """Put a value wherever nothing is to be looked at; return how many samples are left."""
    z[end:] = value
    for k in range(n_absent):
        z[absent[k]] = value
    return end - n_absent


@njit(cache=True, nogil=True, fastmath=_FAST)
def _deviation(z, mean, present):  # noqa: ANN001, ANN202
    squares = np.float32(0)
    for t in range(len(z)):
        squares += (z[t] - mean) * (z[t] - mean)
    return np.sqrt(squares / np.float32(max(present, 1)))


@njit(cache=True, nogil=True, fastmath=_FAST)
def _write_early(early, end, absent, n_absent):  # noqa: ANN001, ANN202
    """Write cos(π (k + ½) / T), k and T counting the samples that are pooled; anything for the others."""
    share = np.float32(1.0) / np.float32(max(end - n_absent, 1))
    # its argument, less a half, is between −½ and ½, where the series of −sin(π y) up to y¹¹ errs by 6e-8
    y = np.float32(0.5) * share - np.float32(0.5)
    for t in range(len(early)):
        early[t] = y + np.float32(np.int32(t)) * share
    if n_absent:
        rank, skipped = 0, 0
        for t in range(end):
            while skipped < n_absent and absent[skipped] < t:
                skipped += 1
            early[t] = (np.float32(rank) + np.float32(0.5)) * share - np.float32(0.5)
            rank += not (skipped < n_absent and absent[skipped] == t)
    for t in range(len(early)):
        x = early[t] * np.float32(np.pi)
        s = x * x
        value = np.float32(-1 / 39916800) * s + np.float32(1 / 362880)
        value = value * s + np.float32(-1 / 5040)
        value = value * s + np.float32(1 / 120)
        value = value * s + np.float32(-1 / 6)
        early[t] = -x * (value * s + np.float32(1.0))


@njit(cache=True, nogil=True, fastmath=_FAST)
def _pool(z, bits, present, thresholds, early, kept):  # noqa: ANN001, ANN202
    """Write the fractions above the thresholds, then the statistics of `_AFTER_FRACTIONS` in bank.py.

    Of a series with nothing to look at, those of a single sample at the mean.
    """
    zeros = len(z) - max(present, 1)
    share = np.float32(1.0) / np.float32(max(present, 1))
    n = len(thresholds)
    fours = n // 4 * 4
    for k in range(0, fours, 4):
        q0, q1, q2, q3 = thresholds[k], thresholds[k + 1], thresholds[k + 2], thresholds[k + 3]
        n0 = n1 = n2 = n3 = np.int32(0)
        for t in range(len(z)):
            # the casts keep the counters at 32 bits, as wide as the values, so that the loop is vectorised
            n0 = np.int32(n0 + (z[t] > q0))
            n1 = np.int32(n1 + (z[t] > q1))
            n2 = np.int32(n2 + (z[t] > q2))
            n3 = np.int32(n3 + (z[t] > q3))
        kept[k] = np.float32(n0 - zeros * (q0 < 0)) * share
        kept[k + 1] = np.float32(n1 - zeros * (q1 < 0)) * share
        kept[k + 2] = np.float32(n2 - zeros * (q2 < 0)) * share
        kept[k + 3] = np.float32(n3 - zeros * (q3 < 0)) * share
    for k in range(fours, n):
        q0 = thresholds[k]
        n0 = np.int32(0)
        for t in range(len(z)):
            n0 = np.int32(n0 + (z[t] > q0))
        kept[k] = np.float32(n0 - zeros * (q0 < 0)) * share
    total = sizes = early_total = early_sizes = np.float32(0)
    for t in range(len(z)):
        total += z[t]
        sizes += abs(z[t])
        early_total += early[t] * z[t]
        early_sizes += early[t] * abs(z[t])
    highest = lowest = np.int32(0)
    for t in range(len(z)):
        # positive floats have the order of their bits, negative ones are negative; unlike the maximum of
        # floats, that of integers is vectorised
        highest = max(highest, bits[t])
        lowest = max(lowest, np.int32(bits[t] ^ _SIGN))
    half = np.float32(0.5) * share
    kept[n] = (sizes + total) * half
    kept[n + 1] = _as_float(highest)
    kept[n + 2] = (sizes - total) * half
    kept[n + 3] = _as_float(lowest)
    kept[n + 4] = (early_sizes + early_total) * half
    kept[n + 5] = (early_sizes - early_total) * half


@njit(cache=True)
def _as_float(bits):  # noqa: ANN001, ANN202
    return np.int32(bits).view(np.float32)
