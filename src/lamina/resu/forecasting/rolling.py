"""Forecasts from every sample of a recording, and the samples that they meant."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lamina.resu.forecasting.learning import ForecastMap

# values of a block of windows that are laid out at once
_BLOCK = 2**20


def forecast_from(trial: np.ndarray, origins: np.ndarray, forecast: ForecastMap) -> np.ndarray:
    """Return forecasts from samples of a trial, (origins, horizon, channels); NaN where a lag is missing.

    Parameters
    ----------
    trial
        (time, channels); NaN marks a gap.
    origins
        Indices of the newest samples that the forecasts may use.
    forecast
        Of as many channels.
    """
    horizon, channels, memory, _ = forecast.filters.shape
    results = np.full((len(origins), horizon, channels), np.nan)
    whole = np.flatnonzero(origins >= memory - 1)
    if not len(whole):
        return results
    # (window, channels, memory), oldest first
    windows = sliding_window_view(trial, memory, axis=0)
    weights = forecast.filters[:, :, ::-1, :].transpose(0, 1, 3, 2).reshape(horizon * channels, -1)
    rows = max(1, _BLOCK // (memory * channels))
    apart = _levels_apart(trial)
    sums = weights.reshape(-1, channels, memory).sum(axis=2)
    for start in range(0, len(whole), rows):
        part = whole[start : start + rows]
        lags = windows[origins[part] - memory + 1]
        # a level far from zero costs no digits when it is taken off first
        if apart:
            level = lags[:, :, :1]
            answer = (lags - level).reshape(len(part), -1) @ weights.T + level[:, :, 0] @ sums.T
        else:
            lags = lags.reshape(len(part), -1)
            level = lags[:, :1]
            answer = (lags - level) @ weights.T + level * weights.sum(axis=1)
        results[part] = answer.reshape(-1, horizon, channels) + forecast.constant
    return results


def _levels_apart(trial: np.ndarray) -> bool:
    """Return whether the level of one channel, taken off another, leaves that less than nine digits."""
    if trial.shape[1] == 1:
        return False
    known = np.isfinite(trial)
    least = np.where(known, trial, np.inf).min(axis=0, initial=np.inf)
    most = np.where(known, trial, -np.inf).max(axis=0, initial=-np.inf)
    moves = most > least
    if not moves.any():
        return False
    far = np.abs(np.concatenate([least[moves], most[moves]])).max()
    return bool(np.finfo(np.float64).eps * far > 1e-9 * (most - least)[moves].min())


def futures_of(trial: np.ndarray, origins: np.ndarray, horizon: int) -> np.ndarray:
    """Return the samples after each origin, (origins, horizon, channels), NaN after the end of the trial."""
    padded = np.concatenate([trial, np.full((horizon, trial.shape[1]), np.nan)])
    return padded[origins[:, None] + 1 + np.arange(horizon)]


def filled(trial: np.ndarray, forecast: ForecastMap) -> np.ndarray:
    """Return a trial with its gaps filled: by forecasts from before, or else by the nearest known samples.

    Parameters
    ----------
    trial
        (time, channels); every channel has a known sample.
    forecast
        Of as many channels.
    """
    if not np.isnan(trial).any():
        return trial
    result = trial.copy()
    horizon, _, memory, _ = forecast.filters.shape
    places = np.arange(len(result))
    for channel in range(result.shape[1]):
        # before the first whole window nothing better is at hand
        known = np.isfinite(trial[:, channel])
        early = ~known & (places < memory)
        result[early, channel] = np.interp(places[early], places[known], trial[known, channel])
    for place in range(memory, len(result)):
        missing = np.isnan(result[place])
        if missing.any():
            # from the newest sample before the gap that a forecast reaches from
            ahead = _since_known(trial, place, horizon, memory)
            guess = forecast_from(result, np.array([place - ahead]), forecast)[0, ahead - 1]
            result[place, missing] = guess[missing]
    return result


def _since_known(trial: np.ndarray, place: int, horizon: int, memory: int) -> int:
    """Return how many samples before ``place`` the newest whole sample is, at most the horizon."""
    for ahead in range(1, min(horizon, place - memory + 1) + 1):
        if np.isfinite(trial[place - ahead]).all():
            return ahead
    return 1
