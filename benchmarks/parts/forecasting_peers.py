"""What forecasts in `benchmarks/forecasting.py`: ours, and what is standard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from parts.forecasting_series import Series, Task

from lamina.resu.forecasting import ReSUForecaster

LEVELS = (0.8, 0.95)


@dataclass
class Answer:
    """A forecast, (horizon, channels), bounds by level, and the seconds that it took."""

    forecast: np.ndarray
    bounds: dict[float, tuple[np.ndarray, np.ndarray]]
    seconds: float = 0.0


def ours(task: Task) -> tuple[Answer, ReSUForecaster]:
    series = task.series
    forecaster = ReSUForecaster(
        horizon=series.horizon, period=series.period, transformation="log" if series.log else None
    ).fit(task.known)
    bounds = {level: forecaster.forecast_interval(level=level) for level in LEVELS}
    return Answer(forecaster.forecast(), bounds), forecaster


def naive(task: Task) -> Answer:
    period = task.series.period or 1
    return Answer(np.resize(task.known[-period:], task.meant.shape), {})


def ridge(task: Task, forecaster: ReSUForecaster) -> Answer:
    """RidgeCV on the lags of the differences that ours weighs most, all steps at once."""
    from sklearn.linear_model import RidgeCV

    member, horizon = forecaster.members_[0], task.series.horizon
    values = np.log(task.known) if task.series.log else task.known
    period = task.series.period or 1
    changes = values
    if member.seasons:
        k = member.seasons
        past = [changes[(k - i) * period : len(changes) - i * period] for i in range(1, k + 1)]
        changes = changes[k * period :] - np.mean(past, axis=0)
    levels = changes
    if member.difference:
        changes = np.diff(changes, axis=0)
    starts = np.arange(member.memory - 1, len(changes) - horizon)
    lags = np.stack([changes[t - member.memory + 1 : t + 1].ravel() for t in starts])
    futures = np.stack([changes[t + 1 : t + 1 + horizon].ravel() for t in starts])
    model = RidgeCV(alphas=np.logspace(-3, 3, 13) * lags.var() * len(lags)).fit(lags, futures)
    ahead = model.predict(changes[-member.memory :].reshape(1, -1)).reshape(horizon, -1)
    if member.difference:
        ahead = levels[-1] + np.cumsum(ahead, axis=0)
    if member.seasons:
        joined = np.concatenate([values, np.zeros_like(ahead)])
        for step in range(horizon):
            place = len(values) + step
            season = np.mean([joined[place - i * period] for i in range(1, member.seasons + 1)], axis=0)
            joined[place] = ahead[step] + season
        ahead = joined[len(values) :]
    return Answer(np.exp(ahead) if task.series.log else ahead, {})


def ets(task: Task) -> Answer:
    from aeon.forecasting.stats import AutoETS

    return _each_channel(task, lambda: AutoETS(seasonal_period=task.series.period or 1))


def holt_winters(task: Task) -> Answer:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    series = task.series
    # two whole seasons are needed to begin with
    period = series.period if series.period and len(task.known) >= 2 * series.period else None
    seasonal = None if period is None else ("mul" if series.log else "add")
    forecasts = []
    for channel in task.known.T:
        model = ExponentialSmoothing(
            channel, trend="add", damped_trend=True, seasonal=seasonal, seasonal_periods=period
        )
        forecasts.append(np.asarray(model.fit().forecast(series.horizon)))
    return Answer(np.stack(forecasts, axis=1), {})


def theta(task: Task) -> Answer:
    from aeon.forecasting.stats import DOTM

    return _each_channel(task, lambda: DOTM(season_length=task.series.period or 1))


def _each_channel(task: Task, make: Callable[[], object]) -> Answer:
    forecasts = []
    for channel in task.known.T:
        found = make().iterative_forecast(channel, task.series.horizon)
        forecasts.append(np.asarray(found, dtype=np.float64))
    return Answer(np.stack(forecasts, axis=1), {})


Orders = tuple[tuple[int, int, int], tuple[int, int, int, int], str | None]


class Arima:
    """SARIMAX of statsmodels; the orders of a channel are chosen once, at the first origin of its series."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, int], Orders] = {}

    def __call__(self, task: Task) -> Answer:
        series, horizon = task.series, task.series.horizon
        forecast = np.zeros((horizon, task.known.shape[1]))
        bounds = {level: (forecast.copy(), forecast.copy()) for level in LEVELS}
        for channel in range(task.known.shape[1]):
            values, first = task.known[:, channel], task.first[:, channel]
            if series.log:
                values, first = np.log(values), np.log(first)
            key = (series.name, channel)
            if key not in self._orders or task.first is task.known:
                self._orders[key] = self._chosen(first, series.period)
            model = self._fit(values, self._orders[key], series.period)
            found = model.get_forecast(horizon)
            back = np.exp if series.log else np.asarray
            seasonal = self._season(values, series)
            forecast[:, channel] = back(found.predicted_mean + seasonal)
            for level, (low, high) in bounds.items():
                interval = np.asarray(found.conf_int(alpha=1 - level)) + seasonal[:, None]
                low[:, channel], high[:, channel] = back(interval[:, 0]), back(interval[:, 1])
        return Answer(forecast, bounds)

    @staticmethod
    def _season(values: np.ndarray, series: Series) -> np.ndarray:
        """Return what the seasonal difference has taken off, where it was taken off outside of the model."""
        if (series.period or 1) <= 24:
            return np.zeros(series.horizon)
        return values[-series.period :][: series.horizon]

    @staticmethod
    def _changes(values: np.ndarray, period: int | None) -> np.ndarray:
        return values[period:] - values[:-period] if period and period > 24 else values

    def _chosen(self, values: np.ndarray, period: int | None) -> Orders:
        from statsmodels.tsa.stattools import kpss

        inside = period if period and period <= 24 else None
        series = self._changes(values, period)
        d = 0
        for _ in range(2):
            tested = series[inside:] - series[:-inside] if inside else series
            tested = np.diff(tested, d) if d else tested
            if len(tested) < 8 or kpss(tested, nlags="auto")[1] >= 0.05:
                break
            d += 1
        choices = [(P, 1, Q, inside) for P in (0, 1) for Q in (0, 1)] if inside else [(0, 0, 0, 0)]
        best: tuple[float, Orders] | None = None
        for p in range(3):
            for q in range(3):
                for seasonal in choices:
                    # a constant of the differenced series: mean or drift
                    trend = "c" if d + seasonal[1] <= 1 else None
                    orders: Orders = ((p, d, q), seasonal, trend)
                    score = self._fit(values, orders, period).aicc
                    if best is None or score < best[0]:
                        best = (score, orders)
        return best[1]

    def _fit(self, values: np.ndarray, orders: Orders, period: int | None):
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        order, seasonal, trend = orders
        model = SARIMAX(self._changes(values, period), order=order, seasonal_order=seasonal, trend=trend)
        return model.fit(disp=0, maxiter=50)
