"""The score of series taken apart: what each unit adds at each time, and which samples that comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.resu.features.attribution import (
    EARLY,
    back_to_samples,
    differences_to_samples,
    early,
    levels_to_samples,
    mean_of_present,
    outputs_of,
    parts,
)
from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.collection import Collection
from lamina.resu.features.gaps import fill_gaps
from lamina.resu.features.levels import LEVELS
from lamina.resu.features.outputs import view_of
from lamina.resu.features.views import KINDS

if TYPE_CHECKING:
    from lamina.resu.features.transformer import ReSUFeatures


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
    longest, n = int(collection.lengths.max()), len(collection)
    samples = np.zeros((collection.channels, longest))
    moments, outputs = np.zeros((2, len(features.units_), longest))
    begins = [_first_there(collection.series(i)) for i in range(n)]
    whole = fill_gaps(collection, features.channel_means_)
    around = None if around is None else fill_gaps(around, features.channel_means_)
    levels = np.zeros((collection.channels, len(LEVELS)))
    columns = np.flatnonzero(features.feature_units_ < 0)
    places = [LEVELS.index(name) for name in features.feature_statistics_[columns]]
    for i, begin in enumerate(begins):
        told = np.zeros(levels.shape)
        told[features.feature_channels_[columns], places] = weights[columns] * (table[i] - usual)[columns]
        given = levels_to_samples(whole.series(i), told)
        samples[:, begin : begin + given.shape[1]] += given / n
        levels += told / n
    sights = {
        view: _see(features, whole, around, usual, view) for view in {u.scale.view for u in features.units_}
    }
    for k, unit in enumerate(features.units_):
        columns = np.flatnonzero(features.feature_units_ == k)
        names, weight = features.feature_statistics_[columns].tolist(), weights[columns]
        sight, late = sights[unit.scale.view], int(KINDS[unit.scale.view][0])
        course, rescaled = _courses(sight, unit, names)
        drawn = []
        for i, begin in enumerate(begins):
            z = outputs_of(sight.series[i][None], unit)[0]
            told = float(weight @ (table[i, columns] - usual[columns]))
            adds = timed = _timed(z, weight, names, unit, usual[columns], course)
            # what is not told for each time, and what rounding leaves, goes to all times alike
            adds = adds + (told - adds.sum()) / max(len(adds), 1)
            x = sight.rescaled[i]
            if x is not sight.series[i]:
                timed = _timed(outputs_of(x[None], unit)[0], weight, names, unit, usual[columns], rescaled)
            given = back_to_samples(timed, x - sight.alike if sight.alike.shape == x.shape else x, unit)
            if late:
                given, adds = differences_to_samples(given), np.pad(adds, (1, 0))
            # what a series by its own standard owes to that standard, and what rounding leaves
            given += (told - given.sum()) * sight.shares[i]
            if len(z) == 0:
                adds += told / len(adds)
            end = begin + len(adds)
            samples[:, begin:end] += given / n
            moments[k, begin:end] += adds / n
            drawn.append(np.pad(z, (begin + late, longest - end), constant_values=np.nan))
        outputs[k] = mean_of_present(drawn)
    return samples, moments, outputs, levels


def _first_there(series: np.ndarray) -> int:
    """Count samples at the beginning that are missing in every channel."""
    return int(np.argmin(np.isnan(series).all(axis=0)))


@dataclass(frozen=True)
class _Sight:
    """Series in a view; those by their own standard also as divided by the usual deviation instead.

    Else a shape that makes a series large would make all the rest of it small, and speak from there.
    ``shares``, (channels, time) of each series, say which samples account for its own standard. ``around``,
    (n_series, channels, time), and ``alike``, their mean, are empty without a background of one length.
    """

    series: list[np.ndarray]
    rescaled: list[np.ndarray]
    shares: list[np.ndarray]
    around: np.ndarray
    around_rescaled: np.ndarray
    alike: np.ndarray


def _see(
    features: ReSUFeatures, whole: Collection, around: Collection | None, usual: np.ndarray, view: str
) -> _Sight:
    mean, own = features.channel_means_, KINDS[view][1]
    spreads = np.full(len(mean), np.nan)
    for column in np.flatnonzero(features.feature_statistics_ == "log_deviation"):
        channel = features.feature_channels_[column]
        spreads[channel] = features.channel_scales_[channel] * np.exp(usual[column])

    def ratios(series: np.ndarray) -> np.ndarray:
        deviations = series.std(axis=1, dtype=np.float64)
        known = (deviations > 0) & (spreads > 0)
        return np.where(known, deviations / np.where(known, spreads, 1.0), 1.0)

    def both(collection: Collection) -> tuple[list[np.ndarray], list[np.ndarray]]:
        all_series = [collection.series(i) for i in range(len(collection))]
        seen = [view_of(series, view, mean) for series in all_series]
        if not own:
            return seen, seen
        scaled = [
            x * ratios(one)[:, None].astype(np.float32) for x, one in zip(seen, all_series, strict=True)
        ]
        return seen, scaled

    series, rescaled = both(whole)
    none = np.zeros((0, len(mean), 0))
    seen, scaled = none, none
    if around is not None and len(set(around.lengths.tolist())) == 1:
        seen, scaled = map(np.stack, both(around))
    shares = [
        _shares(whole.series(i), ratios(whole.series(i)) if own else np.ones(len(mean)))
        for i in range(len(whole))
    ]
    return _Sight(
        series,
        rescaled,
        shares,
        seen,
        scaled,
        scaled.mean(axis=0) if len(scaled) else np.zeros((len(mean), 0)),
    )


def _shares(series: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """Share of each sample, (channels, time), in how far the deviations of a series are from the usual."""
    unusual = np.abs(np.log(ratios))
    if unusual.sum() == 0:
        return np.full(series.shape, 1 / series.size)
    squares = (series - series.mean(axis=1, dtype=np.float64)[:, None]) ** 2
    total = np.maximum(squares.sum(axis=1), np.finfo(np.float64).tiny)
    return squares * (unusual / unusual.sum() / total)[:, None]


def _courses(sight: _Sight, unit: FeatureUnit, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean parts of the background, (columns, time), as it is and rescaled; empty without one."""
    if not len(sight.around):
        return np.zeros((len(names), 0)), np.zeros((len(names), 0))
    course = parts(outputs_of(sight.around, unit), unit.thresholds, names).mean(axis=1)
    if not KINDS[unit.scale.view][1]:
        return course, course
    return course, parts(outputs_of(sight.around_rescaled, unit), unit.thresholds, names).mean(axis=1)


def _timed(
    z: np.ndarray,
    weight: np.ndarray,
    names: Sequence[str],
    unit: FeatureUnit,
    usual: np.ndarray,
    course: np.ndarray,
) -> np.ndarray:
    """Return what outputs add over time, less what is usual at each time, or else at all times."""
    found = parts(z, unit.thresholds, names)
    square = np.array([name == "deviation" for name in names])
    # s − r = (s² − r²) / (s + r), in which every moment adds its own square and nothing else
    both = np.sqrt(np.where(square, found.sum(axis=1), 0.0)) + usual
    weight = np.where(square, weight / np.where(square & (both > 0), both, 1.0), weight)
    if course.shape[1] == len(z):
        return weight @ (found - course)
    level = weight @ np.where(square, usual**2, usual) / max(len(z), 1)
    return weight @ found - level - _even_course(z, weight, names)


def _even_course(z: np.ndarray, weight: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return what ON and OFF would add early and late if they were as large as on average at all times."""
    if len(z) == 0:
        return np.zeros(0)
    slopes = [w * EARLY[name](z, 0.0).mean() for w, name in zip(weight, names, strict=True) if name in EARLY]
    return sum(slopes) * early(z) / len(z)
