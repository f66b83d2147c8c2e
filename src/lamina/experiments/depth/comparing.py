"""Paired differences between networks, with intervals, and what they say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from lamina.experiments.depth.config import DepthConfig
from lamina.experiments.depth.curves import (
    AHEAD,
    LINEAR,
    ONE_WAY,
    ONE_WAY_AHEAD,
    ONE_WAY_LINEAR,
    ONE_WAY_PRINCIPAL,
    ONE_WAY_SIDE,
    ONE_WAY_SMALL,
    PRINCIPAL,
    SIDE,
    SMALL,
    STACKED,
    UNTRAINED,
)
from lamina.experiments.depth.measuring import NEAR, SPEED, VELOCITY, r2_name
from lamina.experiments.depth.run import DepthResult

SMALL_WINDOW = "one layer, small window"
"""The control that the verdict speaks of, besides those that match units."""


class Difference(NamedTuple):
    """A paired difference over repetitions.

    Parameters
    ----------
    mean
        Over repetitions.
    error
        Standard error of the mean; NaN of a single repetition.
    low, high
        Confidence interval by Student's t; infinite for a single repetition.
    """

    mean: float
    error: float
    low: float
    high: float

    @property
    def word(self) -> str:
        """Whether the interval lies above 0, below, or holds it."""
        return "more" if self.low > 0 else "less" if self.high < 0 else "undecided"

    def text(self, digits: int = 2) -> str:
        """Write the mean with its interval."""
        if math.isinf(self.low):
            return f"{self.mean:+.{digits}f} (one repetition)"
        return f"{self.mean:+.{digits}f} ({self.low:+.{digits}f} to {self.high:+.{digits}f})"


@dataclass(frozen=True)
class Comparison:
    """The deepest network beside another.

    Parameters
    ----------
    label
        What is compared.
    measure
        By which measure.
    curve, other
        Two curves.
    shallow
        Whether the other is taken at depth 1 instead of at the same depth.
    """

    label: str
    measure: str
    curve: str
    other: str
    shallow: bool = False


def paired(differences: np.ndarray, confidence: float) -> Difference:
    """Return mean, standard error and interval of differences, one per repetition.

    Parameters
    ----------
    differences
        (repetitions,).
    confidence
        Of the interval, between 0 and 1.

    Returns
    -------
    Difference
        With an infinite interval for a single repetition.

    Examples
    --------
    >>> paired(np.array([1.0, 2.0, 3.0]), 0.95).text(1)
    '+2.0 (-0.5 to +4.5)'
    """
    mean, count = float(differences.mean()), len(differences)
    if count < 2:
        return Difference(mean, math.nan, -math.inf, math.inf)
    error = float(differences.std(ddof=1) / math.sqrt(count))
    reach = float(student.ppf((1 + confidence) / 2, count - 1)) * error
    return Difference(mean, error, mean - reach, mean + reach)


def compare(
    result: DepthResult, comparison: Comparison, depth: int | None = None, noise: float | None = None
) -> Difference:
    """Return the paired difference of a comparison at one depth, the deepest if none is named."""
    place = -1 if depth is None else result.config.depths.index(depth)
    one = result.values(comparison.curve, comparison.measure, noise)[:, place]
    other = result.values(comparison.other, comparison.measure, noise)[:, 0 if comparison.shallow else place]
    return paired(one - other, result.config.confidence)


def questions(config: DepthConfig) -> dict[str, Comparison]:
    """Return what the experiment asks: three measures, with numbers matched at the top and in all."""
    speed, velocity = (r2_name(target, config.averages_s[-1]) for target in (SPEED, VELOCITY))
    top, side = "top matched", "units in all matched"
    return {
        "information, top": Comparison(f"information, {top}", NEAR, STACKED, STACKED, True),
        "information, all": Comparison(f"information, {side}", NEAR, STACKED, SIDE),
        "speed, top": Comparison(f"speed, {top}", speed, STACKED, STACKED, True),
        "speed, all": Comparison(f"speed, {side}", speed, STACKED, SIDE),
        "velocity, top": Comparison(f"velocity, {top}", velocity, ONE_WAY, ONE_WAY, True),
        "velocity, all": Comparison(f"velocity, {side}", velocity, ONE_WAY, ONE_WAY_SIDE),
    }


def controls(config: DepthConfig) -> dict[str, tuple[Comparison, Comparison]]:
    """Return the deepest network beside each control: the speed, and the velocity that are read."""
    speed, velocity = (r2_name(target, config.averages_s[-1]) for target in (SPEED, VELOCITY))
    found = questions(config)
    rows = {
        "without hidden rectification": (LINEAR, ONE_WAY_LINEAR, False),
        "one layer, as far ahead": (AHEAD, ONE_WAY_AHEAD, False),
        SMALL_WINDOW: (SMALL, ONE_WAY_SMALL, False),
        "principal components": (PRINCIPAL, ONE_WAY_PRINCIPAL, True),
        "random weights": (UNTRAINED, UNTRAINED, False),
    }
    return {
        "one layer, same top": (found["speed, top"], found["velocity, top"]),
        "one layer, same units in all": (found["speed, all"], found["velocity, all"]),
        **{
            label: (
                Comparison(label, speed, STACKED, both, shallow),
                Comparison(label, velocity, ONE_WAY, one, shallow),
            )
            for label, (both, one, shallow) in rows.items()
        },
    }


def verdict(result: DepthResult) -> str:
    """Say in a few sentences whether depth helped, from the intervals alone."""
    config = result.config
    first, *others = (_answer(result, noise) for noise in config.noises)
    said = [first, _beside_small(result)]
    for noise, answer in zip(config.noises[1:], others, strict=True):
        told = "the same holds." if answer == first else answer[0].lower() + answer[1:]
        said.append(f"With noise of {noise:g} in place of {config.noises[0]:g}: {told}")
    return " ".join(said)


def explanations(result: DepthResult) -> str:
    """Say which controls the deepest network beats, which beat it, and which do as well."""
    said: list[str] = []
    for place, target in enumerate(("speed", "signed velocity")):
        words = {name: compare(result, pair[place]).word for name, pair in controls(result.config).items()}
        parts = [
            f"{phrase} {', '.join(names)}"
            for word, phrase in (
                ("more", "it is better than"),
                ("less", "it is worse than"),
                ("undecided", "it does not differ clearly from"),
            )
            if (names := [f"*{name}*" for name, each in words.items() if each == word])
        ]
        said.append(f"In reading {target}, {'; '.join(parts)}.")
    return " ".join(said)


def _beside_small(result: DepthResult) -> str:
    config = result.config
    speed, velocity = (_READ[compare(result, asked).word] for asked in controls(config)[SMALL_WINDOW])
    return (
        f"Beside one layer of as many units as its top has that sees {config.grown_width} photoreceptors and "
        f"{config.grown_memory} samples alone, it lets speed be read {speed}, and signed velocity {velocity}."
    )


def _answer(result: DepthResult, noise: float) -> str:
    config = result.config
    words = {name: compare(result, asked, noise=noise).word for name, asked in questions(config).items()}
    top, side = (_say({name: words[f"{name}, {way}"] for name in _SAYING}) for way in ("top", "all"))
    return (
        f"Beside one layer of as many units as its top has, a stack of {config.depths[-1]} layers {top}. "
        f"Beside one layer of as many units as it has in all, it {side}."
    )


_SAYING = {
    "information": "keeps {} information about the photoreceptors' next samples",
    "speed": "lets speed be read {}",
    "velocity": "lets signed velocity be read {}",
}
_KEPT = {"more": "more", "less": "less", "undecided": "neither clearly more nor clearly less"}
_READ = {"more": "better", "less": "worse", "undecided": "neither clearly better nor clearly worse"}


def _say(words: dict[str, str]) -> str:
    said = [
        phrase.format((_KEPT if name == "information" else _READ)[words[name]])
        for name, phrase in _SAYING.items()
    ]
    return f"{', '.join(said[:-1])}, and {said[-1]}"
