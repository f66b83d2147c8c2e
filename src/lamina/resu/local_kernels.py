"""The local rules, compiled: one sample after another, each window used once and then forgotten.

Loaded only when something is learned, since numba takes a while to import.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# A window of this many times the usual energy, such as the first sound after silence, gets a smaller step.
ENERGY_LIMIT = 10.0
# Beyond this, in standard deviations, an output has run away for good.
RUNAWAY = 1e6


Matrices = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Past and future weights (units, lags · channels), lateral weights (units, units), both gains (1, units)."""

Window = tuple[int, int, int]
"""Memory m, horizon h, gap g."""

Schedule = tuple[float, float, float, float, float]
"""First step size, steps after which it decays, power of the decay, power of the averaging, and the steps
that count at most (infinite if nothing is forgotten)."""


@njit(cache=True, nogil=True)
def learn(
    chunk: np.ndarray,
    buffer: np.ndarray,
    counts: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    weights: Matrices,
    averages: Matrices,
    window: Window,
    schedule: Schedule,
    lateral_time: float,
    center: bool,
) -> bool:
    """Learn from every window that a chunk completes, in place; return whether the weights stayed finite.

    Parameters
    ----------
    chunk
        (samples, channels), float64; NaN marks a gap.
    buffer
        (m + g + h − 2 + samples, channels); its first rows hold the samples before the chunk, standardised.
    counts
        int64: samples seen, windows learned from, samples since the last gap (at most one window).
    mean, variance
        Of each channel, so far.
    weights, averages
        What is learned, and its average over the steps.
    window, schedule
        Of the unit.
    lateral_time
        τ of Bio-CCA's lateral weights; 0 for asymmetric CCA.
    center
        Whether the mean is taken off; if not, ``mean`` stays as it is, 0.

    Returns
    -------
    bool
        False as soon as an output exceeds `RUNAWAY` or is not a number; the state is then of no use.
    """
    scratch = _scratch(weights)
    length = window[0] + window[1] + window[2] - 1
    for row in range(chunk.shape[0]):
        newest = row + length - 1
        if not _standardise(chunk[row], buffer[newest], counts, mean, variance, schedule[4], center):
            counts[2] = 0
            continue
        counts[2] = min(counts[2] + 1, length)
        if counts[2] == length and not _learn_window(
            buffer, row, counts, weights, averages, scratch, window, schedule, lateral_time
        ):
            return False
    return True


@njit(cache=True, nogil=True)
def learn_in_order(
    recording: np.ndarray,
    order: np.ndarray,
    counts: np.ndarray,
    weights: Matrices,
    averages: Matrices,
    window: Window,
    schedule: Schedule,
    lateral_time: float,
) -> bool:
    """Learn from the windows that begin at the samples ``order`` of a standardised recording, in that order.

    It is the control of the experiments (windows shuffled, replayed, or left out); arguments as for `learn`.
    """
    scratch = _scratch(weights)
    for row in order:
        if not _learn_window(
            recording, row, counts, weights, averages, scratch, window, schedule, lateral_time
        ):
            return False
    return True


@njit(cache=True)
def _scratch(weights):  # noqa: ANN001, ANN202
    units = weights[0].shape[0]
    return (
        np.empty(weights[0].shape[1]),
        np.empty(weights[1].shape[1]),
        np.empty(units),
        np.empty(units),
        np.empty(units),
        np.empty((units, units)),
    )


@njit(cache=True)
def _learn_window(buffer, row, counts, weights, averages, scratch, window, schedule, lateral_time):  # noqa: ANN001, ANN202
    """Take one step with the window that begins at ``row``; False if the weights ran away."""
    memory, _, gap = window
    rate, decay_steps, decay_power, averaging, forget = schedule
    past, future, a, b, z, eliminated = scratch
    present = row + memory - 1
    energy = max(_read(buffer, present, -1, past), _read(buffer, present + gap, 1, future))
    if energy == 0.0:
        # a constant beginning says nothing, and must not wind the gains up
        return True
    age = min(float(counts[1]), forget)
    counts[1] += 1
    step = rate / (1.0 + age / decay_steps) ** decay_power
    if energy > ENERGY_LIMIT:
        step *= ENERGY_LIMIT / energy
    _project(weights[0], past, a)
    _project(weights[1], future, b)
    if lateral_time > 0.0:
        _settle_both_ways(weights[2], a, b, z, eliminated)
        _step_bio(weights, past, future, a, b, z, step, lateral_time)
    else:
        _settle_downwards(weights[2], a, b, z)
        _step_asymmetric(weights, past, future, a, b, z, step)
    for unit in range(z.shape[0]):
        # written so that NaN counts as run away, too
        if not (abs(a[unit]) < RUNAWAY and abs(b[unit]) < RUNAWAY and abs(z[unit]) < RUNAWAY):
            return False
    share = (averaging + 1.0) / (averaging + 1.0 + age)
    for part in range(5):
        _blend(averages[part], weights[part], share)
    return True


@njit(cache=True)
def _standardise(sample, standardised, counts, mean, variance, forget, center):  # noqa: ANN001, ANN202
    """Take a sample into mean and variance, and write it standardised; False for a gap."""
    for channel in range(sample.shape[0]):
        if np.isnan(sample[channel]):
            return False
    counts[0] += 1
    share = 1.0 / min(float(counts[0]), forget + 1.0)
    for channel in range(sample.shape[0]):
        deviation = sample[channel] - mean[channel]
        if center:
            mean[channel] += share * deviation
            variance[channel] = (1.0 - share) * (variance[channel] + share * deviation * deviation)
        else:
            variance[channel] += share * (deviation * deviation - variance[channel])
        spread = np.sqrt(variance[channel])
        standardised[channel] = (sample[channel] - mean[channel]) / spread if spread > 0.0 else 0.0
    return True


@njit(cache=True)
def _read(buffer, first, direction, lags):  # noqa: ANN001, ANN202
    """Write samples from ``first`` on, backwards or forwards, into ``lags``; return their mean square."""
    channels = buffer.shape[1]
    energy = 0.0
    position = 0
    for lag in range(lags.shape[0] // channels):
        for channel in range(channels):
            value = buffer[first + direction * lag, channel]
            lags[position] = value
            energy += value * value
            position += 1
    return energy / lags.shape[0]


@njit(cache=True)
def _project(weights, lags, outputs):  # noqa: ANN001, ANN202
    for unit in range(weights.shape[0]):
        total = 0.0
        for position in range(lags.shape[0]):
            total += weights[unit, position] * lags[position]
        outputs[unit] = total


@njit(cache=True)
def _settle_downwards(lateral, a, b, z):  # noqa: ANN001, ANN202
    """Z = (I + M)⁻¹ (a + b), M strictly lower triangular: each unit hears those before it."""
    for unit in range(z.shape[0]):
        total = a[unit] + b[unit]
        for other in range(unit):
            total -= lateral[unit, other] * z[other]
        z[unit] = total


@njit(cache=True)
def _settle_both_ways(lateral, a, b, z, eliminated):  # noqa: ANN001, ANN202
    """Z = M⁻¹ (a + b) by elimination; M is symmetric and positive definite, so no pivots are needed."""
    units = z.shape[0]
    for unit in range(units):
        z[unit] = a[unit] + b[unit]
        for other in range(units):
            eliminated[unit, other] = lateral[unit, other]
    for pivot in range(units):
        for unit in range(pivot + 1, units):
            factor = eliminated[unit, pivot] / eliminated[pivot, pivot]
            for other in range(pivot, units):
                eliminated[unit, other] -= factor * eliminated[pivot, other]
            z[unit] -= factor * z[pivot]
    for unit in range(units - 1, -1, -1):
        for other in range(unit + 1, units):
            z[unit] -= eliminated[unit, other] * z[other]
        z[unit] /= eliminated[unit, unit]


@njit(cache=True)
def _step_asymmetric(weights, past, future, a, b, z, step):  # noqa: ANN001, ANN202
    past_weights, future_weights, lateral, past_gains, future_gains = weights
    for unit in range(z.shape[0]):
        toward_past = step * (z[unit] - past_gains[0, unit] * a[unit])
        for position in range(past.shape[0]):
            past_weights[unit, position] += toward_past * past[position]
        toward_future = step * (z[unit] - future_gains[0, unit] * b[unit])
        for position in range(future.shape[0]):
            future_weights[unit, position] += toward_future * future[position]
        past_gains[0, unit] += 0.5 * step * (a[unit] * a[unit] - 1.0)
        future_gains[0, unit] += 0.5 * step * (b[unit] * b[unit] - 1.0)
        for other in range(unit):
            lateral[unit, other] += step * z[unit] * z[other]


@njit(cache=True)
def _step_bio(weights, past, future, a, b, z, step, lateral_time):  # noqa: ANN001, ANN202
    past_weights, future_weights, lateral, _, _ = weights
    for unit in range(z.shape[0]):
        toward_past = 2.0 * step * (z[unit] - a[unit])
        for position in range(past.shape[0]):
            past_weights[unit, position] += toward_past * past[position]
        toward_future = 2.0 * step * (z[unit] - b[unit])
        for position in range(future.shape[0]):
            future_weights[unit, position] += toward_future * future[position]
        for other in range(z.shape[0]):
            lateral[unit, other] += (step / lateral_time) * (z[unit] * z[other] - lateral[unit, other])


@njit(cache=True)
def _blend(average, value, share):  # noqa: ANN001, ANN202
    for row in range(value.shape[0]):
        for column in range(value.shape[1]):
            average[row, column] += share * (value[row, column] - average[row, column])
