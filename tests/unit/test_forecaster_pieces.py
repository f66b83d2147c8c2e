"""The mathematics below the forecaster, against explicit windows, scikit-learn and the units themselves."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import lamina
from lamina.resu.forecasting.differencing import difference_filter, difference_maps
from lamina.resu.forecasting.learning import ForecastMap, Learner, differenced, merged
from lamina.resu.forecasting.members import Frame, frames_of
from lamina.resu.forecasting.reduced_rank import Regression, regress
from lamina.resu.forecasting.rolling import filled, forecast_from, futures_of
from lamina.resu.forecasting.settings import check_forecast_settings
from lamina.resu.forecasting.spread import Spread
from lamina.resu.forecasting.validation import folds_of, hold_out
from lamina.stats import LagMoments

RNG = np.random.default_rng(0)
DIFFERENCES = [(0, 0, None), (1, 0, None), (2, 0, None), (0, 1, 4), (1, 1, 4), (0, 3, 2), (1, 3, 5)]


def series(time=120, channels=2, seed=1):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((time, channels)).cumsum(axis=0)
    return y + 100.0


def naive_differences(y, difference, seasons, period):
    """Straight from the definition; NaN where a sample would be missing."""
    w = y.astype(float).copy()
    if seasons:
        w = np.full_like(y, np.nan)
        for t in range(seasons * period, len(y)):
            w[t] = y[t] - np.mean([y[t - i * period] for i in range(1, seasons + 1)], axis=0)
    for _ in range(difference):
        w = np.concatenate([np.full_like(w[:1], np.nan), w[1:] - w[:-1]])
    return w


def windows(w, memory, horizon):
    t = np.arange(memory - 1, len(w) - horizon)
    past = np.stack([w[t - k] for k in range(memory)], axis=1).reshape(len(t), -1)
    future = np.stack([w[t + 1 + j] for j in range(horizon)], axis=1).reshape(len(t), -1)
    return past, future


@pytest.mark.parametrize(("difference", "seasons", "period"), DIFFERENCES)
def test_differences_are_those_of_the_definition_and_can_be_undone(difference, seasons, period):
    y, memory, horizon = series(channels=1), 3, 7
    maps = difference_maps(difference_filter(difference, seasons, period), memory, horizon)
    w = naive_differences(y, difference, seasons, period)[:, 0]
    total = maps.past.shape[1]
    t = 60
    q, f = y[t - np.arange(total), 0], y[t + 1 : t + 1 + horizon, 0]
    g = w[t + 1 : t + 1 + horizon]
    np.testing.assert_allclose(maps.past @ q, w[t - np.arange(memory)], atol=1e-10)
    np.testing.assert_allclose(maps.future @ f + maps.future_past @ q, g, atol=1e-10)
    np.testing.assert_allclose(maps.summed @ g + maps.carried @ q, f, rtol=1e-11)


@pytest.mark.parametrize(("difference", "seasons", "period"), DIFFERENCES)
def test_moments_of_differences_follow_from_those_of_the_series(difference, seasons, period):
    y, memory, horizon = series(), 3, 4
    coefficients = difference_filter(difference, seasons, period)
    total = memory + len(coefficients) - 1
    moments = LagMoments(total, horizon, channels=2).update(y)
    found = differenced(moments.covariances(), difference_maps(coefficients, memory, horizon), 2)
    past, future = windows(naive_differences(y, difference, seasons, period), memory, horizon)
    whole = np.isfinite(past).all(axis=1)
    joint = np.cov(np.hstack([past[whole], future[whole]]).T)
    p = past.shape[1]
    for actual, desired in (
        (found.past, joint[:p, :p]),
        (found.cross, joint[p:, :p]),
        (found.future, joint[p:, p:]),
        (found.past_mean, past[whole].mean(axis=0)),
        (found.future_mean, future[whole].mean(axis=0)),
    ):
        np.testing.assert_allclose(actual, desired, atol=1e-9)


def test_windows_without_the_end_of_their_future_count_for_the_steps_that_are_known():
    past, future = RNG.standard_normal((30, 3)), RNG.standard_normal((30, 4)) + 5.0
    future[-3:, 3] = np.nan
    future[-2:, 2] = np.nan
    future[-1:, 1] = np.nan
    whole, n = slice(27), 27
    known = Regression(
        np.cov(past[whole].T),
        (future[whole] - future[whole].mean(axis=0)).T @ (past[whole] - past[whole].mean(axis=0)) / (n - 1),
        np.cov(future[whole].T),
        past[whole].mean(axis=0),
        future[whole].mean(axis=0),
    )
    found = merged(known, n, past[n:], future[n:])
    np.testing.assert_allclose(found.past, np.cov(past.T), rtol=1e-12)
    np.testing.assert_allclose(found.past_mean, past.mean(axis=0), rtol=1e-12)
    for step in range(4):
        seen = np.isfinite(future[:, step])
        joint = np.cov(np.column_stack([future[seen, step], past[seen]]).T)
        np.testing.assert_allclose(found.cross[step], joint[0, 1:], rtol=1e-12)
        np.testing.assert_allclose(found.future_mean[step], future[seen, step].mean(), rtol=1e-12)


def moments_of(past, future):
    joint, p = np.cov(np.hstack([past, future]).T), past.shape[1]
    return Regression(joint[:p, :p], joint[p:, :p], joint[p:, p:], past.mean(axis=0), future.mean(axis=0))


@pytest.fixture
def regression():
    past = RNG.standard_normal((200, 5)) @ RNG.standard_normal((5, 5))
    future = past @ RNG.standard_normal((5, 4)) + 2.0 * RNG.standard_normal((200, 4))
    return past, future


@pytest.mark.parametrize("objective", ["rrr", "cca"])
@pytest.mark.parametrize("ridge", [0.0, 0.3, 10.0])
def test_full_rank_is_ridge_regression(regression, objective, ridge):
    past, future = regression
    found = regress(moments_of(past, future), [ridge], [4], objective)[0, 0]
    penalty = ridge * np.trace(np.cov(past.T)) / 5 * (len(past) - 1)
    np.testing.assert_allclose(found, Ridge(alpha=penalty).fit(past, future).coef_, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_rank_keeps_the_strongest_directions_of_the_fitted_future(regression, rank):
    past, future = regression
    centred = past - past.mean(axis=0)
    full = np.linalg.lstsq(centred, future - future.mean(axis=0), rcond=None)[0]
    # Izenman 1975: the least-squares fit, projected on its own principal directions
    directions = np.linalg.svd(centred @ full)[2][:rank]
    found = regress(moments_of(past, future), [0.0], [rank], "rrr")[0, 0]
    np.testing.assert_allclose(found.T, full @ directions.T @ directions, atol=1e-9)


@pytest.mark.parametrize("rank", [1, 2])
def test_units_of_a_resu_forecast_the_same(rank):
    y = series(400)
    unit = lamina.ReSU(memory=3, horizon=2, rank=rank).fit(y)
    past, future = windows(y, 3, 2)
    found = regress(moments_of(past, future), [0.0], [rank], "cca")[0, 0]
    ours = (past - past.mean(axis=0)) @ found.T + future.mean(axis=0)
    np.testing.assert_allclose(ours, unit.predict(y)[2:-2].reshape(len(ours), -1), rtol=1e-7)


def test_a_silent_past_forecasts_the_mean():
    silent = Regression(np.zeros((2, 2)), np.zeros((1, 2)), np.ones((1, 1)), np.zeros(2), np.ones(1))
    assert not regress(silent, [0.0, 1.0], [1], "rrr").any()


@pytest.mark.parametrize(("difference", "seasons", "period"), DIFFERENCES)
def test_a_learned_map_is_the_regression_of_the_differences_undone(difference, seasons, period):
    y, memory, horizon = series(150), 3, 4
    settings = check_forecast_settings(horizon=horizon, period=period)
    reach = difference + seasons * (period or 0)
    learner = Learner(Frame(difference, seasons, memory, reach), settings, channels=2)
    learner.moments.update(y)
    both = learner.forecast(y, [0.1, 2.0], [1, 99])
    assert both.constant.shape == (4 * horizon, 2)
    # available cases, step by step, straight from the differences; ridge 2.0, full rank is the last of four
    w = naive_differences(y, difference, seasons, period)
    padded = np.concatenate([w, np.full((horizon, 2), np.nan)])
    past, future = windows(padded, memory, horizon)
    seen = np.isfinite(past).all(axis=1) & np.isfinite(future[:, 0])
    past, future = past[seen], future[seen]
    covariance = np.cov(past.T)
    penalty = 2.0 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    change = np.zeros((horizon, 2))
    for j in range(2 * horizon):
        known = np.isfinite(future[:, j])
        cross = np.cov(np.column_stack([future[known, j], past[known]]).T)[0, 1:]
        slope = np.linalg.solve(covariance + penalty, cross)
        newest = w[len(w) - 1 - np.arange(memory)].ravel()
        change[j // 2, j % 2] = future[known, j].mean() + slope @ (newest - past.mean(axis=0))
    joined = np.concatenate([y, np.zeros((horizon, 2))])
    for step in range(horizon):
        # the sample whose difference this is
        place = len(y) + step
        guess = change[step] - naive_differences(joined[: place + 1], difference, seasons, period)[-1]
        joined[place] = joined[place] + guess
    last = ForecastMap(both.filters[-horizon:], both.constant[-horizon:])
    found = forecast_from(y, np.array([len(y) - 1]), last)[0]
    np.testing.assert_allclose(found, joined[len(y) :], rtol=1e-8)


def test_what_is_held_out_has_not_been_learned_from():
    y = series(100, channels=1)
    settings = check_forecast_settings(horizon=3)
    frame = Frame(1, 0, 4, 1)
    folds = folds_of([y], 3)
    before, _ = hold_out(frame, settings, [y], folds)
    assert [fold.origins[0][0] for fold in folds] == [fold.known - 1 for fold in folds]
    for index, fold in enumerate(folds):
        changed = y.copy()
        changed[fold.known :] += 1e3 * RNG.standard_normal(changed[fold.known :].shape)
        after, _ = hold_out(frame, settings, [changed], folds)
        for same in range(index):
            stays = folds[same].origins[0] < fold.known
            one, two = before.forecasts[same], after.forecasts[same]
            np.testing.assert_array_equal(one[:, :, stays], two[:, :, stays])
        np.testing.assert_array_equal(before.forecasts[index][:, :, 0], after.forecasts[index][:, :, 0])


def test_folds_run_through_all_trials_and_judge_no_sample_twice():
    trials = [series(time, channels=1) for time in (30, 3, 50, 1, 20)]
    folds = folds_of(trials, 4)
    assert len(folds) == 8
    starts = np.cumsum([0, *map(len, trials)])[:-1]
    places = []
    for fold in folds:
        for start, trial, origins in zip(starts, trials, fold.origins, strict=True):
            # after the last sample of a trial there is nothing to forecast
            assert (origins < len(trial) - 1).all()
            places += list(start + origins)
    assert len(places) == len(set(places))
    settings = check_forecast_settings(horizon=4)
    tried, learner = hold_out(Frame(0, 0, 2, 0), settings, trials, folds)
    assert tried.forecasts[-1].shape[2] == sum(len(o) for o in folds[-1].origins)
    # a window has memory + horizon = 6 samples
    assert learner.moments.n_windows == 25 + 45 + 15


def test_frames_are_those_that_a_recording_is_long_enough_for():
    settings = check_forecast_settings(horizon=12, period=12)
    assert {frame.seasons for frame in frames_of(settings, 144, 1)} == {0, 1, 3}
    assert {frame.seasons for frame in frames_of(settings, 50, 1)} == {0, 1}
    assert {frame.seasons for frame in frames_of(settings, 30, 1)} == {0}
    assert frames_of(settings, 13, 1) == []
    for frame in frames_of(settings, 144, 1):
        assert frame.total == frame.memory + frame.difference + 12 * frame.seasons
        assert frame.total + 12 + 1 <= 144


def test_a_gap_is_filled_by_the_forecast_from_before_it():
    # y_{t+1} = y_t + 1 and y_{t+2} = y_t + 2
    rising = ForecastMap(np.ones((2, 1, 1, 1)), np.array([[1.0], [2.0]]))
    y = np.arange(8.0)[:, None]
    holed = y.copy()
    holed[[3, 4, 5, 7]] = np.nan
    np.testing.assert_array_equal(filled(holed, rising), y)
    assert np.isnan(holed[3, 0])
    early = y.copy()
    early[0] = np.nan
    assert filled(early, rising)[0, 0] == 1.0


def test_forecasts_need_every_lag_and_futures_end_with_the_trial():
    y = np.arange(5.0)[:, None]
    mean = ForecastMap(np.full((1, 1, 2, 1), 0.5), np.zeros((1, 1)))
    found = forecast_from(y, np.arange(5), mean)[:, 0, 0]
    np.testing.assert_array_equal(found, [np.nan, 0.5, 1.5, 2.5, 3.5])
    np.testing.assert_array_equal(futures_of(y, np.array([3]), 2)[0, :, 0], [4.0, np.nan])


def test_intervals_widen_from_step_to_step_and_with_fewer_errors():
    errors = RNG.standard_normal((500, 3, 1)) * np.array([1.0, 3.0, 2.0])[:, None]
    wide = Spread.of(errors, held_out=True).half_width(0.95)[:, 0]
    assert wide[0] == pytest.approx(1.97, rel=0.1)
    assert wide[1] <= wide[2]
    few = Spread.of(errors[:4], held_out=True)
    assert few.half_width(0.95)[0, 0] > 2.2 * np.sqrt(few.covariance[0, 0, 0])
    never = errors.copy()
    never[:, 2] = np.nan
    spread = Spread.of(never, held_out=True)
    assert spread.count.tolist() == [500, 500, 0]
    np.testing.assert_array_equal(spread.covariance[2], spread.covariance[1])
    both = Spread.of(errors[:100], held_out=True).joined(Spread.of(errors[100:], held_out=True))
    np.testing.assert_allclose(both.covariance, Spread.of(errors, held_out=True).covariance)
