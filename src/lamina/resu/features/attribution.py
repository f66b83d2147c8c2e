"""Where in time, and on which samples, the features of one unit come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.collection import Collection
from lamina.resu.features.gaps import fill_gaps
from lamina.resu.features.levels import LEVELS
from lamina.resu.features.outputs import view_of
from lamina.resu.features.views import KINDS

if TYPE_CHECKING:
    from lamina.resu.features.transformer import ReSUFeatures

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
    squares = np.where(there, z - mean, 0.0) ** 2
    deviation = np.sqrt(squares.sum(axis=-1, keepdims=True) / n)
    return squares / np.where(deviation > 0, n * deviation, 1.0)


def _early(z: np.ndarray) -> np.ndarray:
    """1 at the first output that counts, falling to −1 at the last."""
    there = ~np.isnan(z)
    n = np.maximum(there.sum(axis=-1, keepdims=True), 1)
    return np.cos(np.pi * (np.cumsum(there, axis=-1) - 0.5) / n)


def _early_on(z: np.ndarray, threshold: float) -> np.ndarray:
    return np.fmax(z, 0) * _early(z)


def _early_off(z: np.ndarray, threshold: float) -> np.ndarray:
    return np.fmax(-z, 0) * _early(z)


def _max_on(z: np.ndarray, threshold: float) -> np.ndarray:
    on = np.fmax(z, 0)
    top = on.max(axis=-1, keepdims=True, initial=0)
    reached = (on == top) & (top > 0)
    return top * reached / np.maximum(reached.sum(axis=-1, keepdims=True), 1)


def _max_off(z: np.ndarray, threshold: float) -> np.ndarray:
    return _max_on(-z, threshold)


MEANS: dict[str, Rule] = {
    "above": _above,
    "mean_on": _mean_on,
    "mean_off": _mean_off,
    "early_on": _early_on,
    "early_off": _early_off,
}
"""Statistics that are means over time of what each output gives."""

EARLY: dict[str, Rule] = {"early_on": _mean_on, "early_off": _mean_off}
"""What is weighed by time in the statistics that say when."""

MOMENTS: dict[str, Rule] = {"deviation": _deviation, "max_on": _max_on, "max_off": _max_off}
"""Statistics that are sums over time: of the squares that make a deviation, of what the arg-max holds."""


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
        (columns, ..., time), float64, whose sums over time are the features.
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
    """Output of a unit, (n_series, time), on series of one length in its view, (n_series, channels, time).

    NaN where an output does not count, because its window begins before the series.
    """
    z = np.zeros((x.shape[0], x.shape[2]), dtype=np.float32)
    shifts = [lag * unit.scale.dilation for lag in range(unit.scale.memory)]
    for lag, shift in enumerate(shifts):
        if shift < z.shape[1]:
            z[:, shift:] += np.einsum("c,nct->nt", unit.filter[lag], x[:, :, : z.shape[1] - shift])
    if unit.whole:
        z[:, : min(shifts[-1], z.shape[1] - 1)] = np.nan
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


def take_apart(
    features: ReSUFeatures,
    collection: Collection,
    weights: np.ndarray,
    table: np.ndarray,
    usual: np.ndarray,
    around: Collection | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Take Σ_f w_f (x_f − r_f) apart over units and time, on average over series.

    Parameters
    ----------
    features
        Fitted.
    collection
        The series.
    weights
        (features,), w.
    table
        (n_series, features), x of each series.
    usual
        (features,), r.
    around
        Series of which r is the mean: where they have the length of a series, they say what is usual at
        each time. None, or of other lengths: r is spread evenly.

    Returns
    -------
    samples
        (channels, time), what each sample adds.
    moments
        (units, time), what each unit adds at the time of its output.
    outputs
        (units, time), of each unit; NaN where there is none.
    levels
        (channels, levels), what each level of each channel adds, without regard to time.
    """
    longest = int(collection.lengths.max())
    samples = np.zeros((collection.channels, longest))
    moments, outputs = np.zeros((2, len(features.units_), longest))
    mean = features.channel_means_
    begins = [_first_there(collection.series(i)) for i in range(len(collection))]
    whole = fill_gaps(collection, mean)
    around = None if around is None else fill_gaps(around, mean)
    levels = np.zeros((collection.channels, len(LEVELS)))
    columns = np.flatnonzero(features.feature_units_ < 0)
    places = [LEVELS.index(name) for name in features.feature_statistics_[columns]]
    for i, begin in enumerate(begins):
        told = np.zeros(levels.shape)
        told[features.feature_channels_[columns], places] = weights[columns] * (table[i] - usual)[columns]
        given = levels_to_samples(whole.series(i), told)
        samples[:, begin : begin + given.shape[1]] += given / len(collection)
        levels += told / len(collection)
    for k, unit in enumerate(features.units_):
        columns = np.flatnonzero(features.feature_units_ == k)
        names, weight = features.feature_statistics_[columns].tolist(), weights[columns]
        late = int(KINDS[unit.scale.view][0])
        usually, alike = _usual_course(around, unit, weight, names, mean)
        drawn = []
        for i, begin in enumerate(begins):
            x = view_of(whole.series(i), unit.scale.view, mean)
            z = outputs_of(x[None], unit)[0]
            adds = weight @ parts(z, unit.thresholds, names)
            if len(z) == len(usually):
                adds, x = adds - usually, x - alike
            else:
                adds -= _even_course(z, weight, names)
            # what is not told for each time, and what rounding leaves, goes to all times alike
            rest = float(weight @ (table[i, columns] - usual[columns]) - adds.sum())
            there = ~np.isnan(z)
            adds += rest * there / max(int(there.sum()), 1)
            given = back_to_samples(adds, x, unit)
            if late:
                given, adds = differences_to_samples(given), np.pad(adds, (1, 0))
            if not there.any():
                adds, given = adds + rest / len(adds), given + rest / given.size
            end = begin + len(adds)
            samples[:, begin:end] += given / len(collection)
            moments[k, begin:end] += adds / len(collection)
            drawn.append(np.pad(z, (begin + late, longest - end), constant_values=np.nan))
        outputs[k] = mean_of_present(drawn)
    return samples, moments, outputs, levels


def _first_there(series: np.ndarray) -> int:
    """Count samples at the beginning that are missing in every channel."""
    return int(np.argmin(np.isnan(series).all(axis=0)))


def _even_course(z: np.ndarray, weight: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return what ON and OFF would add early and late if they were as large as on average at all times."""
    there = ~np.isnan(z)
    n = max(int(there.sum()), 1)
    slope = 0.0
    for w, name in zip(weight, names, strict=True):
        if name in EARLY:
            slope += w * float(EARLY[name](z, 0.0).sum()) / n
    return slope * _early(z) * there / n


def _usual_course(
    around: Collection | None, unit: FeatureUnit, weight: np.ndarray, names: Sequence[str], mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a background adds over time, and its mean series, in the unit's view; else both empty."""
    if around is None or len(set(around.lengths.tolist())) > 1:
        return np.zeros(0), np.zeros((len(mean), 0))
    x = np.stack([view_of(around.series(i), unit.scale.view, mean) for i in range(len(around))])
    adds = np.tensordot(weight, parts(outputs_of(x, unit), unit.thresholds, names), axes=1)
    return adds.mean(axis=0), x.mean(axis=0)
