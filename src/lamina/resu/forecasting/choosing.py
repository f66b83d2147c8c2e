"""Which members a forecast is made of, and with what weights: as their held-out forecasts have shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.errors import DataError
from lamina.resu.forecasting.learning import ForecastMap, Learner
from lamina.resu.forecasting.members import Frame, Member, frames_of
from lamina.resu.forecasting.rolling import forecast_from, futures_of
from lamina.resu.forecasting.settings import ForecastSettings
from lamina.resu.forecasting.spread import Spread
from lamina.resu.forecasting.validation import Fold, Tried, folds_of, hold_out, meant_by


@dataclass(frozen=True)
class Chosen:
    """What was chosen, and learned from the whole of the recording.

    Attributes
    ----------
    members
        As reported, heaviest first.
    learners
        Of the members, which go on gathering.
    forecast
        Their weighted mean, as one map.
    spread
        Of the held-out errors.
    """

    members: tuple[Member, ...]
    learners: tuple[Learner, ...]
    forecast: ForecastMap
    spread: Spread


def choose(settings: ForecastSettings, trials: list[np.ndarray]) -> Chosen:
    """Choose and learn the members.

    Every frame (differences and memory) is judged with each ridge and rank by the mean absolute error of its
    held-out forecasts, over steps and channels, in units of the mean absolute change of a channel from sample
    to sample. The best ridge and rank of each frame become a member, with weight (least error / its error)^n,
    where n is how often two horizons fit into the held-out stretch, 1 at least: many held-out samples tell
    frames apart, few do not.

    Parameters
    ----------
    settings
        Of the forecaster.
    trials
        (time, channels) each, transformed.

    Raises
    ------
    DataError
        No trial is long enough.
    """
    frames = _frames(settings, trials)
    folds = folds_of(trials, settings.horizon)
    tried, learners = _tried(frames, settings, trials, folds)
    usable = [fold for fold in range(len(folds)) if any(one.forecasts[fold] is not None for one in tried)]
    meant = [meant_by(trials, fold, settings.horizon) for fold in folds]
    judged, common = _comparable(tried, usable) if len(usable) >= 2 else ([], [])
    truth = np.concatenate([_no_futures(settings, trials), *(meant[fold] for fold in common)])
    held_out = bool(np.isfinite(truth).all(axis=2).any())
    best: list[tuple[int, int, float]] = []
    if held_out:
        found = [(place, _best(tried[place], truth, common, _scales(trials))) for place in judged]
        # gaps can keep a frame from ever being judged, or all of them
        found = [(place, one) for place, one in found if np.isfinite(one[2])]
        judged, best = [place for place, _ in found], [one for _, one in found]
        held_out = bool(judged)
    if held_out:
        power = max(1.0, held_out_samples(folds) / (2 * settings.horizon))
        weights = _weights(np.array([error for _, _, error in best]), power)
    else:
        judged = _cautious(tried)
        # with the heaviest ridge a forecast is hardly more than the last value and the mean change
        best = [(len(tried[place].ridges) - 1, 0, np.nan) for place in judged]
        weights = np.ones(len(judged))
    weights = weights / weights.sum()
    order = np.argsort(-weights, kind="stable")
    members = tuple(_member(tried[judged[k]], best[k], float(weights[k])) for k in order)
    kept = tuple(learners[judged[k]] for k in order)
    forecast = combined_map(members, kept, trials[-1])
    if held_out:
        answers = [_forecasts(tried[judged[k]], best[k], common) for k in order]
        spread = Spread.of(truth - _together(answers, weights[order]), held_out=True)
    else:
        spread = _seen_spread(forecast, trials, settings.horizon)
    return Chosen(members, kept, forecast, spread)


def combined_map(
    members: tuple[Member, ...], learners: tuple[Learner, ...], newest: np.ndarray
) -> ForecastMap:
    """Return the weighted mean of the members' forecasts, learned from all that was gathered."""
    maps = [
        learner.forecast(newest, [member.ridge], [member.rank])
        for member, learner in zip(members, learners, strict=True)
    ]
    horizon, channels = maps[0].constant.shape
    total = max(one.filters.shape[2] for one in maps)
    filters, constant = np.zeros((horizon, channels, total, channels)), np.zeros((horizon, channels))
    for member, one in zip(members, maps, strict=True):
        filters[:, :, : one.filters.shape[2]] += member.weight * one.filters
        constant += member.weight * one.constant
    return ForecastMap(filters, constant)


def held_out_samples(folds: list[Fold]) -> int:
    """Return the length of the held-out stretch."""
    return folds[-1].known + sum(len(o) for o in folds[-1].origins) - folds[0].known if folds else 0


def _no_futures(settings: ForecastSettings, trials: list[np.ndarray]) -> np.ndarray:
    return np.zeros((0, settings.horizon, trials[0].shape[1]))


def _frames(settings: ForecastSettings, trials: list[np.ndarray]) -> list[Frame]:
    longest = max(len(trial) for trial in trials)
    frames = frames_of(settings, longest, trials[0].shape[1])
    if not frames:
        reach = (settings.difference or 0) + (settings.seasons or 0) * (settings.period or 0)
        needed = (settings.memory or 1) + reach + settings.horizon + 1
        raise DataError(
            "X",
            allowed=f"at least {needed} samples long (memory + differences + horizon + 1)",
            got=f"{longest} sample(s)",
            remedy="Give a longer recording, or ask for a shorter horizon, memory or period.",
        )
    return frames


def _tried(
    frames: list[Frame], settings: ForecastSettings, trials: list[np.ndarray], folds: list[Fold]
) -> tuple[list[Tried], list[Learner]]:
    found = [hold_out(frame, settings, trials, folds) for frame in frames]
    # gaps can leave a frame with fewer windows than its length promises
    found = [(tried, learner) for tried, learner in found if learner.moments.n_windows >= 2]
    if not found:
        raise DataError(
            "X",
            allowed="recordings with two windows of memory and horizon without gaps (NaN)",
            got=f"{sum(int(np.isnan(trial).any(axis=1).sum()) for trial in trials)} sample(s) with NaN",
            remedy="Fill the gaps, or ask for a shorter horizon or memory.",
        )
    return [tried for tried, _ in found], [learner for _, learner in found]


def _comparable(tried: list[Tried], usable: list[int]) -> tuple[list[int], list[int]]:
    """Return the frames that answered in half of the folds at least, and the folds in which all did."""
    answered = [sum(one.forecasts[fold] is not None for fold in usable) for one in tried]
    judged = [place for place, count in enumerate(answered) if 2 * count >= max(answered)]
    common = [fold for fold in usable if all(tried[place].forecasts[fold] is not None for place in judged)]
    return judged, common


def _forecasts(tried: Tried, best: tuple[int, int, float], folds: list[int]) -> np.ndarray:
    parts = [tried.forecasts[fold] for fold in folds]
    return np.concatenate([part[best[0], best[1]] for part in parts if part is not None])


def _best(tried: Tried, truth: np.ndarray, folds: list[int], scales: np.ndarray) -> tuple[int, int, float]:
    """Return the places of the best ridge and rank, and their error."""
    forecasts = np.concatenate(
        [part for fold in folds if (part := tried.forecasts[fold]) is not None], axis=2
    )
    errors = np.abs(forecasts - truth) / scales
    known = np.isfinite(errors)
    counts = known.sum(axis=2)
    means = np.where(known, errors, 0.0).sum(axis=2) / np.maximum(counts, 1)
    # steps that no origin reached say nothing
    steps = (counts > 0).sum(axis=(2, 3))
    scores = np.where(steps > 0, means.sum(axis=(2, 3)) / np.maximum(steps, 1), np.inf)
    ridge, rank = np.unravel_index(int(np.argmin(scores)), scores.shape)
    return int(ridge), int(rank), float(scores[ridge, rank])


def _together(answers: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean, where gaps keep some from answering that of the others."""
    together = sum(weight * answer for weight, answer in zip(weights, answers, strict=True))
    known = [np.isfinite(answer) for answer in answers]
    share = sum(weight * there for weight, there in zip(weights, known, strict=True))
    partial = np.isnan(together) & (np.asarray(share) > 0.0)
    there = sum(w * np.where(k, a, 0.0) for w, k, a in zip(weights, known, answers, strict=True))
    return np.where(partial, there / np.where(partial, share, 1.0), together)


def _weights(errors: np.ndarray, power: float) -> np.ndarray:
    least = errors.min()
    if least <= 0.0:
        return (errors <= 0.0).astype(np.float64)
    return np.exp(-power * np.log(errors / least))


def _cautious(tried: list[Tried]) -> list[int]:
    """Return the frames to take where nothing can be held out: those of first differences, if any."""
    changes = [place for place, one in enumerate(tried) if one.frame.difference == 1]
    return changes or list(range(len(tried)))


def _member(tried: Tried, best: tuple[int, int, float], weight: float) -> Member:
    frame = tried.frame
    return Member(
        difference=frame.difference,
        seasons=frame.seasons,
        memory=frame.memory,
        rank=tried.ranks[best[1]],
        ridge=tried.ridges[best[0]],
        error=best[2],
        weight=weight,
    )


def _scales(trials: list[np.ndarray]) -> np.ndarray:
    """Return the mean absolute change of each channel from sample to sample, 1 where nothing changes."""
    changes = np.concatenate([np.abs(np.diff(trial, axis=0)) for trial in trials])
    known = np.isfinite(changes)
    means = np.where(known, changes, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(means > 0.0, means, 1.0)


def _seen_spread(forecast: ForecastMap, trials: list[np.ndarray], horizon: int) -> Spread:
    errors = []
    for trial in trials:
        origins = np.arange(len(trial) - 1)
        errors.append(futures_of(trial, origins, horizon) - forecast_from(trial, origins, forecast))
    return Spread.of(np.concatenate(errors), held_out=False)
