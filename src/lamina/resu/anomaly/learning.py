"""How a detector learns: what is normal, how surprising the normal is, and what to leave out."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from array_api_compat import to_device

from lamina.errors import DataError, LaminaWarning, StateError
from lamina.resu.anomaly.bank import Statistic, SurpriseBank, solve_bank
from lamina.resu.anomaly.scoring import surprise_of, unlike
from lamina.resu.choosing import Readings
from lamina.resu.gathering import covariances_of, empty_moments, gather
from lamina.resu.settings import Request, Settings
from lamina.resu.sources import ArraySource
from lamina.stats import LagMoments
from lamina.stats.selection import Selection
from lamina.typing import Array

_FOLDS = 5


@dataclass(frozen=True)
class Learned:
    """What a fit found.

    Attributes
    ----------
    settings, selection
        What was used, and how it was chosen where the data chose.
    bank
        Surprise filters.
    scores
        Surprise of the training samples, of all trials, ascending, without those that have none.
    cross_fitted
        Whether each was scored by filters that were learned without it.
    left_out
        Windows that the filters were not learned from, because they were the least expected.
    """

    settings: Settings
    selection: Selection | None
    bank: SurpriseBank
    scores: np.ndarray
    cross_fitted: bool
    left_out: int


def learn(
    trials: Sequence[Array],
    request: Request,
    statistic: Statistic,
    two_sided: bool,
    contamination: float | None,
    refits: int,
) -> Learned:
    """Learn what is normal from trials of (time, channels).

    Parameters
    ----------
    trials
        Floating; NaN marks a gap.
    request
        Checked parameters of the units.
    statistic
        As in `solve_bank`.
    two_sided
        Whether less surprise than usual is one, too.
    contamination
        Share of the scored samples that is left out and learned without, ``refits`` times; None for none.
    refits
        At least 0.

    Returns
    -------
    Learned

    Raises
    ------
    DataError
        Too short, all gaps, or constant.
    """
    arrays = [np.asarray(to_device(trial, "cpu")) for trial in trials]
    channels = arrays[0].shape[1]
    settings, selection = request.settle(1, 1, 1), None
    if request.automatic:
        sources = [ArraySource(f"X[{index}]", array) for index, array in enumerate(arrays)]
        readings = Readings(request, sources, channels, None, [1.0] * len(sources))
        settings, selection = readings.choose()
    settings.check_rank(channels, channels)
    kept = arrays
    bank, windows = _bank_of(kept, settings, statistic)
    scores, crossed = _scores(arrays, kept, bank, settings, statistic)
    for _ in range(refits if contamination is not None else 0):
        kept = _without_least_expected(arrays, scores, contamination or 0.0, settings.window)
        try:
            bank, _ = _bank_of(kept, settings, statistic)
        except DataError as error:
            raise DataError(
                "contamination",
                allowed=f"so small that windows of {settings.window} samples remain to learn from",
                got=f"{contamination}",
                remedy="Choose a lower contamination, or a shorter memory and horizon.",
            ) from error
        scores, crossed = _scores(arrays, kept, bank, settings, statistic)
    pooled = np.sort(np.concatenate(scores))
    pooled = pooled[: len(pooled) - int(np.isnan(pooled).sum())]
    left_out = windows - bank.n_windows
    if two_sided:
        # the scores that were left out are no measure of the usual
        usual = pooled[: len(pooled) - round((contamination or 0.0) * len(pooled))]
        mean, variance = float(usual.mean()), float(usual.var())
        bank = replace(bank, typical=(mean, 2 * mean**2 / variance) if variance > 0 else None)
        pooled = np.sort(unlike(bank.typical, pooled))
    return Learned(settings, selection, bank, pooled, crossed, left_out)


def _bank_of(
    trials: Sequence[np.ndarray], settings: Settings, statistic: Statistic
) -> tuple[SurpriseBank, int]:
    moments = gather(empty_moments(settings, trials[0].shape[1]), trials)
    return _solve(moments, settings, statistic), moments.n_windows


def _solve(moments: LagMoments, settings: Settings, statistic: Statistic) -> SurpriseBank:
    return solve_bank(
        covariances_of(settings, moments, None),
        memory=settings.memory,
        horizon=settings.horizon,
        gap=settings.gap,
        rank=settings.rank,
        ridge=settings.ridge,
        rcond=settings.rcond,
        statistic=statistic,
    )


def _scores(
    trials: Sequence[np.ndarray],
    kept: Sequence[np.ndarray],
    bank: SurpriseBank,
    settings: Settings,
    statistic: Statistic,
) -> tuple[list[np.ndarray], bool]:
    """Score each block of the trials by filters learned from the others; by ``bank`` if they are too short.

    A fit has bent towards its own samples: scored by it, they look more normal than any others will.
    """
    pieces = _blocks([len(trial) for trial in trials])
    parts = [empty_moments(settings, trials[0].shape[1]) for _ in range(_FOLDS)]
    for block, trial, start, stop in pieces:
        parts[block].update(kept[trial][start:stop]).end_trial()
    try:
        with warnings.catch_warnings():
            # the fit of the whole has said so
            warnings.simplefilter("ignore", LaminaWarning)
            banks = [_solve(_merged(parts, leave), settings, statistic) for leave in range(_FOLDS)]
    except (DataError, StateError):
        return [surprise_of(bank, trial).astype(np.float64) for trial in trials], False
    scores = [np.empty(len(trial)) for trial in trials]
    for block, trial, start, stop in pieces:
        before = min(start, settings.window - 1)
        found = surprise_of(banks[block], trials[trial][start - before : stop])
        scores[trial][start:stop] = found[before:]
    return scores, True


def _blocks(lengths: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Cut trials, one after the other, into blocks of equal length: (block, trial, start, stop)."""
    total, first, pieces = sum(lengths), 0, []
    borders = [round(total * block / _FOLDS) for block in range(_FOLDS + 1)]
    for trial, length in enumerate(lengths):
        for block in range(_FOLDS):
            start, stop = max(borders[block], first), min(borders[block + 1], first + length)
            if start < stop:
                pieces.append((block, trial, start - first, stop - first))
        first += length
    return pieces


def _merged(parts: Sequence[LagMoments], leave: int) -> LagMoments:
    others = [part for index, part in enumerate(parts) if index != leave]
    merged = copy.deepcopy(others[0])
    for part in others[1:]:
        merged.merge(part)
    return merged


def _without_least_expected(
    trials: Sequence[np.ndarray], scores: Sequence[np.ndarray], share: float, window: int
) -> list[np.ndarray]:
    """Return copies with as few gaps as it takes to leave out the windows of the highest scores.

    A gap at sample t takes out the windows that end in t … t + L − 1: from the first of them on, one gap
    for every L samples reaches all.
    """
    pooled = np.concatenate(scores)
    found = np.sort(pooled[~np.isnan(pooled)])
    count = round(share * len(found))
    limit = found[len(found) - count - 1] if count < len(found) else -np.inf
    kept: list[np.ndarray] = []
    for trial, score in zip(trials, scores, strict=True):
        left = trial.astype(np.result_type(trial, np.float32))
        beyond = -1
        for place in np.flatnonzero(score > limit):
            if place > beyond:
                left[place] = np.nan
                beyond = place + window - 1
        kept.append(left)
    return kept
