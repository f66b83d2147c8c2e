"""What a fitted forecaster holds, and how it goes on with more of a recording."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from lamina.errors import DataError
from lamina.resu.forecasting.choosing import choose, combined_map
from lamina.resu.forecasting.learning import ForecastMap, Learner
from lamina.resu.forecasting.members import Member
from lamina.resu.forecasting.rolling import filled, forecast_from, futures_of
from lamina.resu.forecasting.settings import ForecastSettings
from lamina.resu.forecasting.spread import Spread


@dataclass
class FittedForecast:
    """All that was learned, in the units of the transformed recording.

    Attributes
    ----------
    settings
        That were in force.
    members, learners
        What the forecast is the mean of, and the moments of each.
    forecast
        As one map.
    spread
        Of its errors.
    history
        (time, channels), the newest samples: twice what a forecast looks back on, for gaps, and a horizon
        more, for windows that are not yet whole.
    open
        Whether the next chunk continues these.
    """

    settings: ForecastSettings
    members: tuple[Member, ...]
    learners: tuple[Learner, ...]
    forecast: ForecastMap
    spread: Spread
    history: np.ndarray
    open: bool = True

    @property
    def memory(self) -> int:
        """Samples that a forecast looks back on, M."""
        return self.forecast.filters.shape[2]

    def copy(self) -> FittedForecast:
        """Return one whose moments can grow while these stay."""
        return FittedForecast(**{**vars(self), "learners": deepcopy(self.learners)})

    def end_trial(self) -> None:
        """Let the next chunk begin a trial."""
        for learner in self.learners:
            learner.moments.end_trial()
        self.open = False

    def extend(self, chunk: np.ndarray) -> None:
        """Forecast the chunk, (time, channels), to see how far that is astray; then learn from it."""
        horizon = self.settings.horizon
        before = self.history if self.open else chunk[:0]
        joined = np.concatenate([before, chunk])
        origins = np.arange(max(0, len(before) - horizon), len(joined) - 1)
        if len(origins):
            errors = futures_of(joined, origins, horizon) - forecast_from(joined, origins, self.forecast)
            # what lies before the chunk was judged when it came
            errors[origins[:, None] + 1 + np.arange(horizon) < len(before)] = np.nan
            self.spread = self.spread.joined(Spread.of(errors, held_out=True))
        for learner in self.learners:
            learner.moments.update(chunk)
        self.forecast = combined_map(self.members, self.learners, joined)
        self.history, self.open = _newest(joined, self.forecast, horizon), True

    def ahead(self, trial: np.ndarray) -> np.ndarray:
        """Return the forecast from the end of a trial, (horizon, channels).

        Raises
        ------
        DataError
            Fewer samples than a forecast looks back on, or a channel without any near the end.
        """
        # a gap is filled from forecasts of the same map, which look back as far
        recent = _newest(trial, self.forecast, self.settings.horizon)
        if len(trial) < self.memory or not np.isfinite(recent).any(axis=0).all():
            raise DataError(
                "X",
                allowed=f"at least {self.memory} samples long, with a known sample in every channel among "
                f"the last {2 * self.memory + self.settings.horizon}",
                got=f"{len(trial)} sample(s), {int(np.isnan(recent).any(axis=1).sum())} of the last "
                f"{len(recent)} with NaN",
                remedy="Give more of the recording's past, or end it where a gap begins.",
            )
        recent = filled(recent, self.forecast)
        return forecast_from(recent, np.array([len(recent) - 1]), self.forecast)[0]


def fit_forecast(settings: ForecastSettings, trials: list[np.ndarray]) -> FittedForecast:
    """Choose and learn from whole trials, (time, channels) each; the last one stays open.

    Raises
    ------
    DataError
        No trial is long enough.
    """
    chosen = choose(settings, trials)
    history = _newest(trials[-1], chosen.forecast, settings.horizon)
    return FittedForecast(settings, chosen.members, chosen.learners, chosen.forecast, chosen.spread, history)


def _newest(trial: np.ndarray, forecast: ForecastMap, horizon: int) -> np.ndarray:
    # what a forecast looks back on, twice where that has gaps to be filled
    return trial[-(2 * forecast.filters.shape[2] + horizon) :].copy()
