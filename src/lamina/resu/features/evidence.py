"""A score taken apart: what a person looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lamina._checks import check_integer
from lamina.resu.features.bank import FeatureUnit


class Evidence(NamedTuple):
    """What one feature adds to a score.

    Parameters
    ----------
    name
        Of the feature, such as ``raw_m8_d4_u0_max_on``.
    value, usual
        Of the feature in the series, and in what the series is compared with.
    weight
        Of the feature in the score, for one unit of the feature.
    contribution
        weight · (value − usual).
    """

    name: str
    value: float
    usual: float
    weight: float
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """The score of a series, or the mean score of several, taken apart without remainder.

    Parameters
    ----------
    series
        (channels, time), the series, or the mean of the series that are there at a time.
    label, against
        Class that the score speaks for, and the class it is compared with. Of a regressor the index of the
        target, and None.
    score, base
        The score, and that of what the series is compared with: ``score`` = ``base`` + the sum of
        ``contributions``.
    scores
        Of every class or target, by label.
    contributions
        (channels, time), what each sample adds to the score.
    moments
        (units, time), what each unit adds at the time of its output.
    outputs
        (units, time), z_t of each unit; NaN where there is none.
    units
        The units: their filters, scales and names.
    unit_contributions
        (units,), sums of ``moments`` over time.
    level_contributions
        (channels, levels), what the levels of each channel add, in the order of `ReSUFeatures`: mean,
        deviation, minimum, maximum, rise. ``score`` = ``base`` + all of ``moments`` + all of these.
    features
        What each feature adds.

    Examples
    --------
    See `explain`.
    """

    series: np.ndarray = field(repr=False)
    label: Any
    against: Any
    score: float
    base: float
    scores: dict[Any, float]
    contributions: np.ndarray = field(repr=False)
    moments: np.ndarray = field(repr=False)
    outputs: np.ndarray = field(repr=False)
    units: tuple[FeatureUnit, ...] = field(repr=False)
    unit_contributions: np.ndarray = field(repr=False)
    level_contributions: np.ndarray = field(repr=False)
    features: tuple[Evidence, ...] = field(repr=False)

    def strongest_units(self, n: int = 5) -> list[int]:
        r"""Find the units that move the score most.

        Parameters
        ----------
        n
            How many, ≥ 1.

        Returns
        -------
        list of int
            Places in ``units``, those of the largest \|contribution\| first.
        """
        n = check_integer("n", n, minimum=1)
        return [int(k) for k in np.argsort(-np.abs(self.unit_contributions), kind="stable")[:n]]

    def strongest_features(self, n: int = 10) -> list[Evidence]:
        r"""Find the features that move the score most.

        Parameters
        ----------
        n
            How many, ≥ 1.

        Returns
        -------
        list of Evidence
            Those of the largest \|contribution\| first.
        """
        n = check_integer("n", n, minimum=1)
        return sorted(self.features, key=lambda one: -abs(one.contribution))[:n]

    def stretch(self, length: int) -> tuple[int, int]:
        """Find the stretch of time that speaks most for the label.

        Parameters
        ----------
        length
            Samples, from 1 to those of the series.

        Returns
        -------
        tuple of int
            First sample, and the one after the last, of the largest sum of ``contributions`` of all channels.
        """
        length = check_integer("length", length, minimum=1, maximum=self.series.shape[1])
        sums = np.convolve(self.contributions.sum(axis=0), np.ones(length), mode="valid")
        start = int(sums.argmax())
        return start, start + length
