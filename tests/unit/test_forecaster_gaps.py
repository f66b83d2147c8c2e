"""Forecasts of recordings with gaps, of many short trials, and close to what float64 holds."""

import numpy as np
import pytest

from lamina.errors import DataError
from lamina.resu.forecasting import ReSUForecaster
from lamina.resu.forecasting.spread import Spread


def walk(time=300, seed=0):
    return np.random.default_rng(seed).standard_normal(time).cumsum()


def test_short_trials_between_which_nothing_can_be_forecast():
    pieces = [walk(5, 1), walk(5, 2)]
    assert np.isfinite(ReSUForecaster(horizon=1, memory=1).fit(pieces).forecast()).all()
    # trials of one sample fill whole folds
    several = [walk(30, 1), *[np.ones(1)] * 40, walk(30, 2)]
    assert np.isfinite(ReSUForecaster(horizon=2).fit(several).forecast()).all()


def test_intervals_where_gaps_keep_long_memories_from_answering():
    y = walk()
    whole = ReSUForecaster(horizon=3).fit(y)
    y[150::10] = np.nan
    forecaster = ReSUForecaster(horizon=3).fit(y)
    low, high = forecaster.forecast_interval(level=0.8)
    clean = np.subtract(*whole.forecast_interval(level=0.8)[::-1])
    assert (high - low > 0.5 * clean).all()
    assert all(np.isfinite(member.error) for member in forecaster.members_)


def test_a_recording_in_which_nothing_held_out_can_be_forecast():
    y = walk()
    y[140::4] = np.nan
    forecaster = ReSUForecaster(horizon=2, memory=6, difference=0).fit(y)
    assert not forecaster.held_out_
    low, high = forecaster.forecast_interval()
    assert (high > low).all()


def test_a_step_never_reached_has_the_spread_of_a_neighbour():
    errors = np.array([[np.nan, 2.0, np.nan, 3.0, np.nan]])[:, :, None]
    covariance = Spread.of(errors, held_out=True).covariance
    assert covariance.ravel().tolist() == [4.0, 4.0, 4.0, 9.0, 9.0]


@pytest.mark.parametrize("back", [1, 4, 6, 8])
def test_gaps_near_the_end_are_filled_alike_whether_the_recording_is_passed_or_not(back):
    y = walk()
    y[-back] = np.nan
    forecaster = ReSUForecaster(horizon=3, memory=8, difference=0).fit(y)
    np.testing.assert_allclose(forecaster.forecast(), forecaster.forecast(y), rtol=1e-12)
    chunked = ReSUForecaster(horizon=3, memory=8, difference=0).fit(walk()[:280]).partial_fit(y[280:])
    np.testing.assert_allclose(chunked.forecast(), chunked.forecast(y), rtol=1e-12)


def test_a_gap_longer_than_a_forecast_reaches_is_refused():
    y = walk()
    forecaster = ReSUForecaster(horizon=3, memory=4).fit(y)
    y[-50:] = np.nan
    with pytest.raises(DataError, match=r"^X must be at least 5 samples long, with a known sample"):
        forecaster.forecast(y)


def test_bounds_that_overflow_are_refused_with_and_without_a_recording():
    y = np.exp(300 * np.sin(np.arange(100.0) ** 1.1))
    forecaster = ReSUForecaster(horizon=3, transformation="log", memory=1, ridge=1e3).fit(y)
    for X in (y, None):
        with pytest.raises(DataError, match="overflow"):
            forecaster.forecast_interval(X, level=1 - 1e-9)


@pytest.mark.parametrize(("offset", "scale"), [(1e15, 1e12), (1.7e18, 1e9)])
def test_the_level_of_one_channel_costs_another_no_digits(offset, scale):
    y = np.random.default_rng(0).standard_normal((200, 2)).cumsum(axis=0)
    forecaster = ReSUForecaster(horizon=3, memory=4, difference=1, rank=1, ridge=0.1)
    near = forecaster.fit(y * [scale, 1.0]).predict(y * [scale, 1.0])[20:, :, 1]
    away = y * [scale, 1.0] + [offset, 0.0]
    far = forecaster.fit(away).predict(away)[20:, :, 1]
    np.testing.assert_allclose(far, near, atol=1e-4)
