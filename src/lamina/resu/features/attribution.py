"""Where in time, and on which samples, the features of one unit come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.levels import LEVELS

# z, threshold → what each moment gives
Rule = Callable[[np.ndarray, float], np.ndarray]


def _above(z: np.ndarray, threshold: float) -> np.ndarray:
    return z > threshold


def _mean_on(z: np.ndarray, threshold: float) -> np.ndarray:
    return np.fmax(z, 0)


def _mean_off(z: np.ndarray, threshold: float) -> np.ndarray:
    return np.fmax(-z, 0)


def _deviation(z: np.ndarray, threshold: float) -> np.ndarray:
    there = ~np.isnan(z)
    n = np.maximum(there.sum(axis=-1, keepdims=True), 1)
    mean = np.where(there, z, 0.0).sum(axis=-1, keepdims=True, dtype=np.float64) / n
    return np.where(there, z - mean, 0.0) ** 2


def early(z: np.ndarray) -> np.ndarray:
    """1 at the first output that counts, falling to −1 at the last."""
    there = ~np.isnan(z)
    n = np.maximum(there.sum(axis=-1, keepdims=True), 1)
    return np.cos(np.pi * (np.cumsum(there, axis=-1) - 0.5) / n)


def _early_on(z: np.ndarray, threshold: float) -> np.ndarray:
    return np.fmax(z, 0) * early(z)


def _early_off(z: np.ndarray, threshold: float) -> np.ndarray:
    return np.fmax(-z, 0) * early(z)


def _max_on(z: np.ndarray, threshold: float) -> np.ndarray:
    on = np.fmax(z, 0)
    top = on.max(axis=-1, keepdims=True, initial=0)
    reached = (on == top) & (top > 0)
    return top * reached / np.maximum(reached.sum(axis=-1, keepdims=True), 1)


def _max_off(z: np.ndarray, threshold: float) -> np.ndarray:
    return _max_on(-z, threshold)


MEANS: dict[str, Rule] = {
    "above": _above,
    "deviation": _deviation,
    "mean_on": _mean_on,
    "mean_off": _mean_off,
    "early_on": _early_on,
    "early_off": _early_off,
}
"""Statistics that are means over time of what each output gives, or, of a deviation, whose squares are."""

EARLY: dict[str, Rule] = {"early_on": _mean_on, "early_off": _mean_off}
"""What is weighed by time in the statistics that say when."""

MOMENTS: dict[str, Rule] = {"max_on": _max_on, "max_off": _max_off}
"""Statistics that certain moments hold."""


def parts(z: np.ndarray, thresholds: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Split the features of a unit into what each moment adds to them.

    Parameters
    ----------
    z
        (..., time), the unit's output; NaN where there is none, which adds nothing.
    thresholds
        Of the unit, in the order of the names that have one.
    names
        Of the unit's columns, such as "above_q10" or "max_on".

    Returns
    -------
    numpy.ndarray
        (columns, ..., time), float64, whose sums over time are the features; of a deviation, its square.
    """
    levels = iter(thresholds)
    share = 1 / np.maximum(np.sum(~np.isnan(z), axis=-1, keepdims=True), 1)
    found = np.empty((len(names), *z.shape))
    for row, name in enumerate(names):
        if name in MOMENTS:
            found[row] = MOMENTS[name](z, 0.0)
        elif name in MEANS:
            found[row] = MEANS[name](z, 0.0) * share
        else:
            found[row] = MEANS[name.partition("_")[0]](z, float(next(levels))) * share
    return found


def outputs_of(x: np.ndarray, unit: FeatureUnit) -> np.ndarray:
    """Output of a unit, (n_series, time), on series of one length in its view, (n_series, channels, time)."""
    z = np.zeros((x.shape[0], x.shape[2]), dtype=np.float32)
    shifts = [lag * unit.scale.dilation for lag in range(unit.scale.memory)]
    for lag, shift in enumerate(shifts):
        if shift < z.shape[1]:
            z[:, shift:] += np.einsum("c,nct->nt", unit.filter[lag], x[:, :, : z.shape[1] - shift])
    return z


def back_to_samples(moments: np.ndarray, x: np.ndarray, unit: FeatureUnit) -> np.ndarray:
    """Hand what each output adds to the samples that the output was made of.

    The output at t is Σ_j Σ_c F_jc x_{c, t − j·d}; a sample gets the share |F_jc x_{c, t − j·d}| of what is
    added at t. Where all of these are zero, the newest sample of each channel gets as much as the others.

    Parameters
    ----------
    moments
        (time,), what the outputs add.
    x
        (channels, time), the series in the unit's view, less that with which it is compared.
    unit
        With filter and dilation.

    Returns
    -------
    numpy.ndarray
        (channels, time), with the sum of ``moments``.
    """
    known = np.abs(x).astype(np.float64)
    weights = np.abs(unit.filter).astype(np.float64)
    time = x.shape[1]
    shifts = [lag * unit.scale.dilation for lag in range(unit.scale.memory)]
    shifts = [shift for shift in shifts if shift < time]
    total = np.zeros(time)
    for lag, shift in enumerate(shifts):
        total[shift:] += weights[lag] @ known[:, : time - shift]
    silent = total == 0
    scaled = np.where(silent, 0.0, moments) / np.where(silent, 1.0, total)
    found = np.zeros(x.shape)
    for lag, shift in enumerate(shifts):
        found[:, : time - shift] += weights[lag][:, None] * scaled[shift:]
    found *= known
    return found + np.where(silent, moments, 0.0) / len(x)


def differences_to_samples(found: np.ndarray) -> np.ndarray:
    """Hand what differences y_t − y_{t−1} add, (..., time − 1), to both of their samples, (..., time)."""
    samples = np.zeros((*found.shape[:-1], found.shape[-1] + 1))
    samples[..., 1:] += found / 2
    samples[..., :-1] += found / 2
    return samples


def levels_to_samples(series: np.ndarray, adds: np.ndarray) -> np.ndarray:
    """Hand what levels add to the samples that make them.

    The mean goes to all samples of its channel alike, the logarithm of the deviation to each in proportion
    to its squared deviation, minimum and maximum to the samples that reach them, the rise to both ends.

    Parameters
    ----------
    series
        (channels, time), without gaps.
    adds
        (channels, levels), in the order of ``LEVELS``.

    Returns
    -------
    numpy.ndarray
        (channels, time), with the sum of ``adds``.
    """
    found = np.zeros(series.shape)
    for row, x, given in zip(found, series.astype(np.float64), adds, strict=True):
        squares = (x - x.mean()) ** 2
        ends = np.zeros(len(x))
        ends[[0, -1]] += 0.5
        shares = {
            "mean": np.ones(len(x)),
            "log_deviation": squares if squares.sum() > 0 else np.ones(len(x)),
            "minimum": x == x.min(),
            "maximum": x == x.max(),
            "rise": ends,
        }
        for name, value in zip(LEVELS, given, strict=True):
            row += value * shares[name] / shares[name].sum()
    return found


def mean_of_present(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of arrays (..., time), aligned at their start, over those that are there; NaN where none is."""
    longest = max(array.shape[-1] for array in arrays)
    total, count = np.zeros((2, *arrays[0].shape[:-1], longest))
    for array in arrays:
        total[..., : array.shape[-1]] += np.nan_to_num(array, nan=0.0)
        count[..., : array.shape[-1]] += ~np.isnan(array)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
