"""Skill of rolling forecasts, beside those that repeat what was last."""

from __future__ import annotations

import numpy as np

from lamina.errors import DataError
from lamina.resu.forecasting.learning import ForecastMap
from lamina.resu.forecasting.rolling import forecast_from, futures_of
from lamina.resu.forecasting.settings import ForecastSettings
from lamina.resu.forecasting.transforms import backward


def skill(trials: list[np.ndarray], forecast: ForecastMap, settings: ForecastSettings) -> float:
    """Return 1 − Σ e / Σ e_naive, the mean over channels; see `lamina.resu.ReSUForecaster`.

    Parameters
    ----------
    trials
        (time, channels) each, transformed.
    forecast
        To judge.
    settings
        Of the forecaster: horizon, period and transformation.

    Raises
    ------
    DataError
        Nothing can be forecast, or the naive forecast never errs.
    """
    channels = trials[0].shape[1]
    ours, naive = np.zeros(channels), np.zeros(channels)
    for trial in trials:
        origins = np.arange(len(trial) - 1)
        found = backward(forecast_from(trial, origins, forecast), settings.transformation)
        original = backward(trial, settings.transformation)
        meant = futures_of(original, origins, settings.horizon)
        repeated = _repeated(original, origins, settings)
        known = np.isfinite(found) & np.isfinite(meant) & np.isfinite(repeated)
        ours += np.where(known, np.abs(found - meant), 0.0).sum(axis=(0, 1))
        naive += np.where(known, np.abs(repeated - meant), 0.0).sum(axis=(0, 1))
    if not np.any(naive > 0):
        raise DataError(
            "X",
            allowed=f"longer than {forecast.filters.shape[2]} samples, and changing",
            got="a recording in which the naive forecast never errs, or nothing can be forecast",
            remedy="Score on a longer recording.",
        )
    return float(1.0 - np.mean(ours[naive > 0] / naive[naive > 0]))


def _repeated(trial: np.ndarray, origins: np.ndarray, settings: ForecastSettings) -> np.ndarray:
    """Return forecasts that repeat the last sample, or season, (origins, horizon, channels)."""
    period = settings.period or 1
    places = origins[:, None] - (period - 1) + np.arange(settings.horizon) % period
    found = trial[np.maximum(places, 0)]
    found[places < 0] = np.nan
    return found
