"""The regressions that a forecast is made of: differences of the series, and how far each looks back."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.resu.forecasting.settings import ForecastSettings

_SHORT, _MIDDLE, _LONG = 4, 12, 100
# lags times channels of the longest memory that is tried
_MOST_LAGS = 200
# averages of more seasons follow a change of the season more slowly, and are less noisy
_SEASONS = (0, 1, 3)


@dataclass(frozen=True)
class Member:
    """One reduced-rank regression among those whose forecasts are averaged.

    Parameters
    ----------
    difference
        d, times that the series is differenced.
    seasons
        k, seasons whose mean is taken off; 0 for none.
    memory
        m, lags of the differences that the regression sees.
    rank
        Directions that were kept.
    ridge
        Penalty, relative to the mean variance of the lags.
    error
        Mean absolute error on held-out samples, in units of the mean absolute change from one sample to the
        next; NaN where the recording was too short to hold any out.
    weight
        Its share of the forecast; the weights add up to 1.
    """

    difference: int
    seasons: int
    memory: int
    rank: int
    ridge: float
    error: float
    weight: float


@dataclass(frozen=True)
class Frame:
    """Differences and memory of one regression, before ridge and rank are chosen.

    Attributes
    ----------
    difference, seasons, memory
        As for `Member`.
    reach
        Samples that the differences cost, d + k P.
    """

    difference: int
    seasons: int
    memory: int
    reach: int

    @property
    def total(self) -> int:
        """Samples of the series that a forecast looks back on."""
        return self.memory + self.reach


def frames_of(settings: ForecastSettings, samples: int, channels: int) -> list[Frame]:
    """Return what the settings leave to choose among, as far as the recording is long enough.

    Parameters
    ----------
    settings
        Of the forecaster.
    samples
        In the longest trial.
    channels
        Of the recording.

    Returns
    -------
    list of Frame
        Maybe none. Automatic: differences 0 and 1; no season, the last one, the mean of the last three;
        memories of 4, a period and two samples (12 without one), and 100 (two periods), none longer than a
        third of the windows per channel.

    Examples
    --------
    >>> from lamina.resu.forecasting.settings import check_forecast_settings
    >>> settings = check_forecast_settings(horizon=6, period=None)
    >>> [(frame.difference, frame.memory) for frame in frames_of(settings, 60, 1)]
    [(0, 4), (0, 12), (0, 18), (1, 4), (1, 12), (1, 17)]
    """
    period, horizon = settings.period or 0, settings.horizon
    differences = (0, 1) if settings.difference is None else (settings.difference,)
    if settings.seasons is not None:
        seasons = (settings.seasons,)
    else:
        # a season more than is averaged, to learn from
        seasons = [k for k in _SEASONS if k == 0 or (period and samples >= (k + 1) * period + horizon + 4)]
    frames = []
    for averaged in seasons:
        for difference in differences:
            reach = difference + averaged * period
            if settings.memory is not None:
                memories = {settings.memory}
            else:
                most = max(1, min((samples - reach - horizon) // (3 * channels), _MOST_LAGS // channels))
                middle, long = (period + 2, max(_LONG, 2 * period + 2)) if period else (_MIDDLE, _LONG)
                memories = {min(memory, most) for memory in (_SHORT, middle, long)}
            frames += [Frame(difference, averaged, memory, reach) for memory in sorted(memories)]
    # two windows have a variance
    return [frame for frame in frames if samples >= frame.total + horizon + 1]
