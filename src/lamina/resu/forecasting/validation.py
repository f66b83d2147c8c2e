"""Held-out forecasts from rolling origins: what is forecast is never among what was learned from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lamina.resu.forecasting.learning import Learner
from lamina.resu.forecasting.members import Frame
from lamina.resu.forecasting.rolling import forecast_from, futures_of
from lamina.resu.forecasting.settings import ForecastSettings

RIDGES = (1e-4, 1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 1e3)
RANKS = (1, 2, 3, 5)

_FOLDS = 8
# windows that a member has to have seen before it is judged
_LEAST_WINDOWS = 3
# values of a forecast that are held out at most, so that long recordings cost no more than these
_MOST_VALUES = 100_000


@dataclass(frozen=True)
class Fold:
    """Samples known, and the origins whose forecasts are judged.

    Attributes
    ----------
    known
        Samples, counted over all trials, that may be learned from.
    origins
        Of each trial, the newest samples known: none before the last that was learned from.
    """

    known: int
    origins: list[np.ndarray]


@dataclass(frozen=True)
class Tried:
    """Held-out forecasts of one frame.

    Attributes
    ----------
    frame
        Whose they are.
    ridges, ranks
        That were tried.
    forecasts
        One per fold: (ridges, ranks, origins, horizon, channels), or None where too little was known.
    """

    frame: Frame
    ridges: list[float]
    ranks: list[int]
    forecasts: list[np.ndarray | None]


def folds_of(trials: list[np.ndarray], horizon: int) -> list[Fold]:
    """Return the folds: eight stretches of the second half, each forecast from what came before it.

    Parameters
    ----------
    trials
        (time, channels) each, in the order in which they count as known.
    horizon
        Of the forecasts.
    """
    lengths = [len(trial) for trial in trials]
    total, starts = sum(lengths), np.cumsum([0, *lengths])
    first = max(total // 2, 4)
    if first >= total - 1:
        return []
    borders = np.unique(np.linspace(first, total - 1, _FOLDS + 1).astype(int))
    most = max(20, _MOST_VALUES // (horizon * trials[0].shape[1]))
    every = max(1, (total - 1 - first) // most)
    folds = []
    for known, until in pairwise(borders):
        origins = np.arange(known - 1, until - 1, every)
        of_trials = []
        for start, length in zip(starts, lengths, strict=False):
            inside = origins[(origins >= start) & (origins < start + length - 1)] - start
            of_trials.append(inside)
        # between short trials nothing may be left to forecast from
        if any(len(inside) for inside in of_trials):
            folds.append(Fold(int(known), of_trials))
    return folds


def hold_out(
    frame: Frame, settings: ForecastSettings, trials: list[np.ndarray], folds: list[Fold]
) -> tuple[Tried, Learner]:
    """Return the held-out forecasts of a frame, and its learner, which has then seen all of the trials.

    Parameters
    ----------
    frame
        Differences and memory.
    settings
        Of the forecaster: a ridge or rank that is given is the only one tried.
    trials
        (time, channels) each; the last one is left open, for samples to come.
    folds
        Of these trials.
    """
    learner = Learner(frame, settings, trials[0].shape[1])
    ridges = list(RIDGES) if settings.ridge is None else [settings.ridge]
    ranks = ranks_of(settings, learner)
    feeder = Feeder(learner, trials, settings.horizon)
    forecasts: list[np.ndarray | None] = []
    for fold in folds:
        newest = feeder.feed(fold.known)
        if learner.moments.n_windows < _LEAST_WINDOWS:
            forecasts.append(None)
            continue
        every = learner.forecast(newest, ridges, ranks)
        found = np.concatenate(
            [forecast_from(t, o, every) for t, o in zip(trials, fold.origins, strict=True) if len(o)]
        )
        # (origins, ridges, ranks, horizon, channels)
        found = found.reshape(len(found), len(ridges), len(ranks), settings.horizon, -1)
        forecasts.append(np.moveaxis(found, 0, 2))
    feeder.feed(sum(len(trial) for trial in trials))
    return Tried(frame, ridges, ranks, forecasts), learner


def ranks_of(settings: ForecastSettings, learner: Learner) -> list[int]:
    """Return the ranks to try: 1, 2, 3, 5 and full; or the given one, as far as there are directions."""
    most = learner.most_ranks
    if settings.rank is not None:
        return [min(settings.rank, most)]
    return [*(rank for rank in RANKS if rank < most), most]


def meant_by(trials: list[np.ndarray], fold: Fold, horizon: int) -> np.ndarray:
    """Return what the forecasts of a fold meant, (origins, horizon, channels), NaN where it is not known."""
    return np.concatenate(
        [futures_of(t, o, horizon) for t, o in zip(trials, fold.origins, strict=True) if len(o)]
    )


class Feeder:
    """Gives a learner trials up to a sample, and remembers the newest samples."""

    def __init__(self, learner: Learner, trials: list[np.ndarray], horizon: int) -> None:
        self._learner, self._trials = learner, trials
        self._index, self._done, self._fed = 0, 0, 0
        self._reach = learner.frame.total + horizon

    def feed(self, until: int) -> np.ndarray:
        """Gather all up to this sample, counted over all trials; return the newest of the trial it is in."""
        while self._fed < until:
            trial = self._trials[self._index]
            stop = min(len(trial), self._done + until - self._fed)
            self._learner.moments.update(trial[self._done : stop])
            self._fed += stop - self._done
            self._done = stop
            if stop == len(trial) and self._index < len(self._trials) - 1 and self._fed < until:
                self._learner.moments.end_trial()
                self._index, self._done = self._index + 1, 0
        return self._trials[self._index][max(0, self._done - self._reach) : self._done]
