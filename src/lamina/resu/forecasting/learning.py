"""From the moments of a recording to the forecast of one member, as a map of the recording's own samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.resu.forecasting.differencing import DifferenceMaps, difference_filter, difference_maps
from lamina.resu.forecasting.members import Frame
from lamina.resu.forecasting.reduced_rank import Regression, regress
from lamina.resu.forecasting.settings import ForecastSettings
from lamina.stats import LagCovariances, LagMoments
from lamina.typing import Objective


@dataclass(frozen=True)
class ForecastMap:
    """An affine forecast f̂ = constant + Σ_k A_k y_{t−k}.

    Attributes
    ----------
    filters
        A, (horizon, channels, M, channels), newest lag first.
    constant
        (horizon, channels).
    """

    filters: np.ndarray
    constant: np.ndarray


class Learner:
    """Learns the forecasts of one frame: gathers moments, and makes maps of them for any ridge and rank."""

    def __init__(self, frame: Frame, settings: ForecastSettings, channels: int) -> None:
        self.frame, self.channels, self.horizon = frame, channels, settings.horizon
        self._objective: Objective = settings.objective
        coefficients = difference_filter(frame.difference, frame.seasons, settings.period)
        self._filter = coefficients
        self._maps = difference_maps(coefficients, frame.memory, settings.horizon)
        self.moments = LagMoments(frame.total, settings.horizon, channels=channels)

    @property
    def most_ranks(self) -> int:
        """Directions that there can be."""
        return min(self.frame.memory, self.horizon) * self.channels

    def forecast(self, newest: np.ndarray, ridges: list[float], ranks: list[int]) -> ForecastMap:
        """Return the forecasts for every ridge and rank, ranks fastest, one after the other as more steps.

        f̂ = S (μ_g + B (D q − μ_p)) + R q, learned from all that was gathered.

        Parameters
        ----------
        newest
            (time, channels), the newest samples that were gathered, of one trial. Their last windows, of
            which only the first steps of the future are known, count for these steps.
        ridges, ranks
            To try.
        """
        h, c, maps = self.horizon, self.channels, self._maps
        known = differenced(self.moments.covariances(), maps, c)
        known = self._with_unfinished(known, newest)
        b = regress(known, ridges, ranks, self._objective)
        b = b.reshape(-1, h * c, len(known.past))
        rest = (known.future_mean - b @ known.past_mean).reshape(-1, h, c)
        # (models, h, c, c, m) onto the lags of the series, then along the steps
        lags = np.swapaxes(b.reshape(-1, h, c, self.frame.memory, c), 3, 4) @ maps.past
        summed = maps.summed @ np.swapaxes(lags, 3, 4).reshape(len(b), h, -1)
        filters = summed.reshape(len(b), h, c, self.frame.total, c)
        filters += maps.carried[:, None, :, None] * np.eye(c)[:, None, :]
        constant = maps.summed @ rest
        return ForecastMap(filters.reshape(-1, c, self.frame.total, c), constant.reshape(-1, c))

    def _with_unfinished(self, known: Regression, newest: np.ndarray) -> Regression:
        """Add the last windows, whose future has begun but not ended, each to the steps that are known."""
        h, c, total = self.horizon, self.channels, self.frame.total
        # origins whose future is cut off by the end: 1 to h − 1 steps are known
        first = max(len(newest) - h, total - 1)
        origins = np.arange(first, len(newest) - 1)
        if not len(origins):
            return known
        changes = np.full_like(newest, np.nan)
        reach = len(self._filter) - 1
        for channel in range(c):
            if len(newest) > reach:
                changes[reach:, channel] = np.convolve(newest[:, channel], self._filter, mode="valid")
        padded = np.concatenate([changes, np.full((h, c), np.nan)])
        past = np.stack([changes[origins - k] for k in range(self.frame.memory)], axis=1)
        future = np.stack([padded[origins + 1 + j] for j in range(h)], axis=1)
        past, future = past.reshape(len(origins), -1), future.reshape(len(origins), -1)
        whole = np.isfinite(past).all(axis=1)
        return merged(known, self.moments.n_windows, past[whole], future[whole])


def differenced(covariances: LagCovariances, maps: DifferenceMaps, channels: int) -> Regression:
    """Return the moments of the differences of a recording, from those of the recording.

    Parameters
    ----------
    covariances
        Of pasts (M · channels) and futures (h · channels) of the recording.
    maps
        Of the differences.
    channels
        Of the recording.

    Returns
    -------
    Regression
        Of pasts (m · channels) and futures (h · channels) of the differences.
    """
    eye = np.eye(channels)
    d = np.kron(maps.past, eye)
    e, f = np.kron(maps.future, eye), np.kron(maps.future_past, eye)
    pp, fp, ff = (np.asarray(c) for c in (covariances.past, covariances.cross, covariances.future))
    past_mean, future_mean = np.asarray(covariances.past_mean), np.asarray(covariances.future_mean)
    cross = e @ fp @ f.T
    return Regression(
        past=d @ pp @ d.T,
        cross=(e @ fp + f @ pp) @ d.T,
        future=e @ ff @ e.T + f @ pp @ f.T + cross + cross.T,
        past_mean=d @ past_mean,
        future_mean=e @ future_mean + f @ past_mean,
    )


def merged(known: Regression, windows: int, past: np.ndarray, future: np.ndarray) -> Regression:
    """Add windows of which parts of the future are missing (NaN), each entry to the moments that it enters.

    Parameters
    ----------
    known
        Of whole windows, normalised by their number − 1.
    windows
        That number.
    past
        (new windows, p), finite.
    future
        (new windows, f), NaN where not known.

    Returns
    -------
    Regression
        Every entry normalised by the number of windows that it has seen − 1. C_ff stays that of whole
        windows.
    """
    if not len(past):
        return known
    seen = np.isfinite(future)
    counts = seen.sum(axis=0)
    total = windows + len(past)
    step = past.mean(axis=0) - known.past_mean
    past_mean = known.past_mean + step * len(past) / total
    apart = past - past.mean(axis=0)
    covariance = (windows - 1) * known.past + apart.T @ apart
    covariance += windows * len(past) / total * np.outer(step, step)
    # the cross-covariance, row by row: each step of the future has seen another number of windows
    share = counts / (windows + counts)
    safe = np.maximum(counts, 1)
    future_step = np.where(seen, future - known.future_mean, 0.0).sum(axis=0) / safe
    past_step = (seen.T @ (past - known.past_mean)) / safe[:, None]
    deviations = np.where(seen, future - known.future_mean - future_step, 0.0)
    cross = (windows - 1) * known.cross + deviations.T @ (past - known.past_mean)
    cross += (windows * share * future_step)[:, None] * past_step
    return Regression(
        past=covariance / (total - 1),
        cross=cross / (windows + counts - 1)[:, None],
        future=known.future,
        past_mean=past_mean,
        future_mean=known.future_mean + share * future_step,
    )
