"""What a forecaster promises: known processes, shapes, gaps, chunks, intervals, and refusals."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError, StateError
from lamina.resu.forecasting import ReSUForecaster

FIXED = {"memory": 3, "rank": 2, "difference": 1, "ridge": 0.1}


def walk(time=160, channels=2, seed=0):
    return np.random.default_rng(seed).standard_normal((time, channels)).cumsum(axis=0)


def oscillation(time, seed=0, burn=100):
    """An autoregression of order two; one step ahead it can be known up to noise of variance one."""
    noise = np.random.default_rng(seed).standard_normal(time + burn)
    y = np.zeros(time + burn)
    for t in range(2, time + burn):
        y[t] = 1.5 * y[t - 1] - 0.8 * y[t - 2] + noise[t]
    return y[burn:]


def best_forecast(y, horizon):
    newest = [y[-2], y[-1]]
    for _ in range(horizon):
        newest.append(1.5 * newest[-1] - 0.8 * newest[-2])
    return np.array(newest[2:])


def seasons(time, period=12):
    t = np.arange(time)
    return 10.0 + 0.3 * t + 4.0 * np.sin(2 * np.pi * t / period) + 2.0 * np.cos(4 * np.pi * t / period)


def test_without_penalty_it_is_least_squares_on_lags():
    y = walk(80)
    lags = np.stack([np.concatenate([y[t - k] for k in range(3)]) for t in range(2, 79)])
    design = np.column_stack([np.ones(77), lags])
    coefficients = np.linalg.lstsq(design, y[3:], rcond=None)[0]
    found = ReSUForecaster(1, memory=3, rank=2, difference=0, ridge=0.0).fit(y).predict(y)
    np.testing.assert_allclose(found[2:-1, 0], design @ coefficients, rtol=1e-8)


@pytest.mark.parametrize("settings", [{}, {"memory": 4, "rank": 2, "difference": 0, "ridge": 0.0}])
def test_a_known_process_is_forecast_as_well_as_can_be(settings):
    y = oscillation(6000)
    forecaster = ReSUForecaster(horizon=6, **settings).fit(y[:5000])
    found = forecaster.predict(y)
    scale = np.std(y)
    for end in (5200, 5600, 5900):
        np.testing.assert_allclose(found[end - 1, :, 0], best_forecast(y[:end], 6), atol=0.1 * scale)
    # Σ ψ², ψ the response to a shock, is the variance of the best forecast's error
    response = [1.0, 1.5]
    for _ in range(4):
        response.append(1.5 * response[-1] - 0.8 * response[-2])
    best = np.cumsum(np.square(response))
    np.testing.assert_allclose(forecaster.residual_covariance_[:, 0, 0], best, rtol=0.15)


def test_trend_and_seasons_are_carried_on():
    y = seasons(84)
    forecaster = ReSUForecaster(horizon=18, period=12).fit(y)
    np.testing.assert_allclose(forecaster.forecast(), seasons(102)[84:], atol=0.1)
    exact = ReSUForecaster(horizon=18, memory=1, rank=1, period=12, difference=0, seasons=2, ridge=0.0)
    np.testing.assert_allclose(exact.fit(y).forecast(), seasons(102)[84:], rtol=1e-9)


def test_a_line_is_carried_on_and_a_constant_stays():
    line = 3.0 + 0.5 * np.arange(40)
    found = ReSUForecaster(horizon=5, difference=1).fit(line).forecast()
    np.testing.assert_allclose(found, 3.0 + 0.5 * np.arange(40, 45), rtol=1e-9)
    constant = ReSUForecaster(horizon=3).fit(np.full(30, 7.0))
    np.testing.assert_allclose(constant.forecast(), 7.0, rtol=1e-12)
    low, high = constant.forecast_interval()
    np.testing.assert_allclose(low, high)


def test_one_channel_helps_another():
    rng = np.random.default_rng(3)
    driver = rng.standard_normal(600)
    follower = np.concatenate([[0.0], driver[:-1]]) + 0.1 * rng.standard_normal(600)
    both = ReSUForecaster(horizon=1).fit(np.column_stack([driver, follower]))
    assert both.forecast()[0, 1] == pytest.approx(driver[-1], abs=0.4)
    assert both.residual_covariance_[0, 1, 1] < 0.1


@pytest.mark.parametrize("name", ["scaled", "shifted"])
def test_units_of_measurement_do_not_matter(name):
    y = walk(100)
    factor, shift = (1e-3, 0.0) if name == "scaled" else (1.0, 1e5)
    one = ReSUForecaster(horizon=4).fit(y)
    other = ReSUForecaster(horizon=4).fit(y * factor + shift)
    np.testing.assert_allclose(other.forecast(), one.forecast() * factor + shift, rtol=1e-6)
    # what is chosen does not turn on rounding
    assert [m.weight for m in other.members_] == pytest.approx([m.weight for m in one.members_], rel=1e-3)


def test_the_logarithm_is_that_of_the_recording():
    y = np.exp(0.1 * walk(90, 1))
    logged = ReSUForecaster(horizon=4, transformation="log").fit(y)
    plain = ReSUForecaster(horizon=4).fit(np.log(y))
    np.testing.assert_allclose(logged.forecast(), np.exp(plain.forecast()), rtol=1e-12)
    np.testing.assert_allclose(logged.predict(y), np.exp(plain.predict(np.log(y))), rtol=1e-12)
    for one, other in zip(logged.forecast_interval(), plain.forecast_interval(), strict=True):
        np.testing.assert_allclose(one, np.exp(other), rtol=1e-12)
    with pytest.raises(DataError, match="above 0"):
        logged.predict(-y)


def test_shapes_follow_the_recording():
    flat, wide = walk(channels=1)[:, 0], walk(channels=3)
    one = ReSUForecaster(horizon=5).fit(flat)
    assert one.forecast().shape == (5,)
    assert one.forecast(wide[:, :1]).shape == (5, 1)
    assert one.predict(flat).shape == (160, 5, 1)
    assert [bound.shape for bound in one.forecast_interval(flat)] == [(5,), (5,)]
    three = ReSUForecaster(horizon=5, memory=2).fit(wide)
    assert three.forecast().shape == (5, 3)
    assert three.residual_covariance_.shape == (5, 3, 3)
    assert three.filters_.shape == (5, 3, three.valid_from_ + 1, 3)
    several = three.forecast([wide[:50], wide[:80]])
    assert [found.shape for found in several] == [(5, 3), (5, 3)]
    np.testing.assert_array_equal(several[1], three.forecast(wide[:80]))
    assert [found.shape for found in three.predict([wide[:50], wide[:80]])] == [(50, 5, 3), (80, 5, 3)]
    assert len(three.forecast_interval([wide[:50], wide[:80]])[0]) == 2
    assert one.forecast([float(value) for value in flat]).shape == (5,)


def test_forecasts_of_the_end_are_the_last_of_the_rolling_ones():
    y = walk()
    forecaster = ReSUForecaster(horizon=4).fit(y)
    rolling = forecaster.predict(y)
    np.testing.assert_allclose(forecaster.forecast(), rolling[-1], rtol=1e-9)
    np.testing.assert_allclose(forecaster.forecast(y[:100]), rolling[99], rtol=1e-9)
    assert np.isnan(rolling[: forecaster.valid_from_]).all()
    assert np.isfinite(rolling[forecaster.valid_from_ :]).all()
    # no forecast knows what comes after it
    changed = y.copy()
    changed[120:] += 50.0
    np.testing.assert_array_equal(forecaster.predict(changed)[:120], rolling[:120])


def test_the_forecast_is_one_map_of_the_last_samples():
    y = walk()
    forecaster = ReSUForecaster(horizon=4).fit(y)
    newest = y[::-1][: forecaster.valid_from_ + 1]
    by_hand = np.einsum("hcld,ld->hc", forecaster.filters_, newest) + forecaster.constant_
    np.testing.assert_allclose(forecaster.forecast(), by_hand, rtol=1e-9)


def test_members_say_what_was_averaged():
    forecaster = ReSUForecaster(horizon=6, period=12).fit(seasons(100) + walk(100, 1)[:, 0])
    weights = [member.weight for member in forecaster.members_]
    assert sum(weights) == pytest.approx(1.0)
    assert weights == sorted(weights, reverse=True)
    assert [m.error for m in forecaster.members_] == sorted(m.error for m in forecaster.members_)
    assert {member.seasons for member in forecaster.members_} == {0, 1, 3}
    given = ReSUForecaster(horizon=6, **FIXED).fit(walk())
    (only,) = given.members_
    assert (only.memory, only.rank, only.difference, only.ridge, only.weight) == (3, 2, 1, 0.1, 1.0)


def test_gaps_are_neither_learned_nor_in_the_way():
    y = walk(300, 1)[:, 0]
    holed = y.copy()
    holed[[40, 41, 150]] = np.nan
    forecaster = ReSUForecaster(horizon=3, **{**FIXED, "rank": 1}).fit(holed)
    apart = ReSUForecaster(horizon=3, **{**FIXED, "rank": 1})
    apart.fit([holed[:40], holed[42:150], holed[151:]])
    np.testing.assert_allclose(forecaster.filters_, apart.filters_, rtol=1e-9)
    rolling = forecaster.predict(holed)[:, 0, 0]
    reach = forecaster.valid_from_
    assert np.isnan(rolling[40 : 42 + reach]).all()
    assert np.isfinite(rolling[42 + reach : 150]).all()
    end = y.copy()
    end[-2:] = np.nan
    filled = y.copy()
    filled[-2:] = forecaster.forecast(y[:-2])[:2]
    np.testing.assert_allclose(forecaster.forecast(end), forecaster.forecast(filled), rtol=1e-9)
    assert np.isfinite(ReSUForecaster(horizon=3).fit(holed).forecast()).all()


def test_windows_never_cross_from_trial_to_trial():
    # up and down: across the border nothing of this holds
    rising, falling = np.arange(60.0), -2.0 * np.arange(50.0)
    forecaster = ReSUForecaster(horizon=1, memory=2, rank=1, difference=1, ridge=0.0)
    forecaster.fit([rising, falling])
    assert forecaster.forecast() == pytest.approx(-100.0, rel=1e-9)
    assert forecaster.forecast(rising) == pytest.approx(60.0, rel=1e-9)
    # memory + difference + horizon samples are a window
    assert forecaster.n_windows_ == (60 - 3) + (50 - 3)


@pytest.mark.parametrize("pieces", [[100, 160], [90, 91, 92, 130, 160]])
def test_chunks_add_up_to_one_fit(pieces):
    y = walk()
    y[120, 1] = np.nan
    whole = ReSUForecaster(horizon=4, **FIXED).fit(y)
    chunked = ReSUForecaster(horizon=4, **FIXED)
    start = 0
    for stop in pieces:
        chunked = chunked.partial_fit(y[start:stop])
        start = stop
    np.testing.assert_allclose(chunked.filters_, whole.filters_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(chunked.forecast(), whole.forecast(), rtol=1e-8)
    assert chunked.n_windows_ == whole.n_windows_


def test_errors_on_a_chunk_are_held_out_and_counted_once():
    y = walk(200, 1)
    first = ReSUForecaster(horizon=3, **{**FIXED, "rank": 1}).fit(y[:150])
    spread = first._fitted.spread
    before, count = spread.total.copy(), spread.count.copy()
    maps = first.predict(y)
    after = clone(first).fit(y[:150]).partial_fit(y[150:])
    for step in range(3):
        meant = np.arange(150, 200)
        errors = y[meant] - maps[meant - 1 - step, step]
        np.testing.assert_allclose(
            after._fitted.spread.total[step], before[step] + errors.T @ errors, rtol=1e-9
        )
        assert after._fitted.spread.count[step] == count[step] + 50


def test_a_list_of_trials_and_end_trial_end_the_current_one():
    y = walk(200)
    one = ReSUForecaster(horizon=3, **FIXED).fit(y[:120]).end_trial().partial_fit(y[120:])
    other = ReSUForecaster(horizon=3, **FIXED).fit(y[:120]).partial_fit([y[120:]])
    whole = ReSUForecaster(horizon=3, **FIXED).fit([y[:120], y[120:]])
    for forecaster in (one, other):
        np.testing.assert_allclose(forecaster.filters_, whole.filters_, rtol=1e-9)
        assert forecaster.n_windows_ == whole.n_windows_
    short = ReSUForecaster(horizon=3, **FIXED).fit(y[:120]).end_trial().partial_fit(y[:2])
    with pytest.raises(DataError, match="at least 4 samples"):
        short.forecast()


def test_intervals_hold_as_many_values_as_they_say():
    held = {0.8: [], 0.95: []}
    for seed in range(60):
        y = oscillation(104, seed)
        forecaster = ReSUForecaster(horizon=4, memory=4, difference=0).fit(y[:100])
        for level, counts in held.items():
            low, high = forecaster.forecast_interval(level=level)
            counts.append((low <= y[100:]) & (y[100:] <= high))
    # 60 recordings, four steps that depend on each other: a standard error of some 0.04
    assert np.mean(held[0.8]) == pytest.approx(0.8, abs=0.1)
    assert np.mean(held[0.95]) == pytest.approx(0.95, abs=0.05)


def test_a_recording_too_short_to_hold_anything_out_is_forecast_with_caution():
    y = np.array([3.0, 4.0, 6.0, 7.0, 9.0, 10.0, 12.0, 13.0])
    forecaster = ReSUForecaster(horizon=5).fit(y)
    assert not forecaster.held_out_
    assert np.isnan(forecaster.members_[0].error)
    # the last value and the mean change
    np.testing.assert_allclose(forecaster.forecast(), 13.0 + np.arange(1, 6) * 10 / 7, rtol=0.1)
    with pytest.raises(DataError, match="at least 7 samples long"):
        ReSUForecaster(horizon=5).fit(y[:6])


@pytest.mark.parametrize("settings", [{}, {"memory": 2, "difference": 0, "seasons": 0}])
def test_score_is_the_skill_beside_the_naive_forecast(settings):
    y = walk(120, 2) + seasons(120)[:, None]
    forecaster = ReSUForecaster(horizon=3, period=12, **settings).fit(y)
    rolling = forecaster.predict(y)
    ours, naive = np.zeros(2), np.zeros(2)
    for t in range(forecaster.valid_from_, 119):
        # the naive forecast needs a sample a season ago
        for j in range(max(0, 11 - t), min(3, 119 - t)):
            ours += np.abs(y[t + 1 + j] - rolling[t, j])
            naive += np.abs(y[t + 1 + j] - y[t + 1 + j - 12])
    assert forecaster.score(y) == pytest.approx(1 - np.mean(ours / naive))
    line = np.arange(50.0)
    assert ReSUForecaster(horizon=2, difference=1).fit(line).score(line) == pytest.approx(1.0)


def test_a_fitted_forecaster_can_be_sent_between_processes():
    forecaster = ReSUForecaster(horizon=3, **FIXED).fit(walk())
    sent = pickle.loads(pickle.dumps(forecaster))
    np.testing.assert_array_equal(sent.forecast(), forecaster.forecast())


def test_passengers_are_forecast_better_than_by_repetition():
    passengers = pytest.importorskip("aeon.datasets").load_airline()
    known, meant = passengers[:-12], passengers[-12:]
    forecaster = ReSUForecaster(horizon=12, period=12, transformation="log").fit(known)
    low, high = forecaster.forecast_interval(level=0.95)
    assert np.abs(forecaster.forecast() - meant).mean() < 0.6 * np.abs(known[-12:] - meant).mean()
    assert ((low < meant) & (meant < high)).sum() >= 10


def test_nothing_given_is_modified_and_a_fit_repeats():
    y = walk()
    before = y.copy()
    y.setflags(write=False)
    forecaster = ReSUForecaster(horizon=3, period=6)
    parameters = forecaster.get_params()
    first = forecaster.fit(y).forecast()
    assert forecaster.get_params() == parameters
    np.testing.assert_array_equal(forecaster.fit(y).forecast(), first)
    np.testing.assert_array_equal(y, before)
    assert not [name for name in vars(clone(forecaster)) if name.endswith("_")]


def test_torch_in_torch_out():
    torch = pytest.importorskip("torch")
    y = walk()
    forecaster = ReSUForecaster(horizon=3).fit(torch.tensor(y))
    np.testing.assert_allclose(forecaster.forecast(), ReSUForecaster(horizon=3).fit(y).forecast(), rtol=1e-9)
    single = torch.tensor(y, dtype=torch.float32)
    assert forecaster.forecast(single).dtype == torch.float32
    assert forecaster.predict(single).dtype == torch.float32
    np.testing.assert_allclose(forecaster.forecast(single).numpy(), forecaster.forecast(), rtol=1e-4)


BAD = {
    "horizon": ({"horizon": 0}, ArgumentError),
    "memory": ({"memory": 0}, ArgumentError),
    "memory, text": ({"memory": "some"}, ArgumentTypeError),
    "rank": ({"rank": 3.0}, ArgumentTypeError),
    "rank, too high": ({"rank": 5, "horizon": 2}, ArgumentError),
    "period": ({"period": 1}, ArgumentError),
    "difference": ({"difference": 3}, ArgumentError),
    "seasons": ({"seasons": 1}, ArgumentError),
    "ridge": ({"ridge": -0.1}, ArgumentError),
    "ridge, text": ({"ridge": "none"}, ArgumentTypeError),
    "transformation": ({"transformation": "exp"}, ArgumentError),
    "transformation, negative": ({"transformation": "log"}, DataError),
    "objective": ({"objective": "pca"}, ArgumentError),
}


@pytest.mark.parametrize("name", BAD)
def test_parameters_that_cannot_be_are_named(name):
    changes, error = BAD[name]
    argument = "X" if "negative" in name else name.partition(",")[0]
    with pytest.raises(error, match=rf"^{argument} must be"):
        ReSUForecaster(**changes).fit(walk())


def test_recordings_that_cannot_be_are_refused_and_change_nothing():
    y = walk()
    forecaster = ReSUForecaster(horizon=3, **FIXED).fit(y)
    before = forecaster.forecast()
    bad = [
        (y[:, :1], ShapeError),
        (np.where(y == y[5, 0], np.inf, y), DataError),
        (y[None], ShapeError),
    ]
    for X, error in bad:
        for method in (forecaster.partial_fit, forecaster.forecast, forecaster.predict, forecaster.score):
            with pytest.raises(error):
                method(X)
    with pytest.raises(DataError, match="at least 4 samples"):
        forecaster.forecast(y[:3])
    with pytest.raises(DataError, match=r"^X must"):
        forecaster.fit(np.full((50, 2), np.nan))
    with pytest.raises(DataError, match="never errs"):
        forecaster.score(np.ones((50, 2)))
    with pytest.raises(ArgumentError, match="level"):
        forecaster.forecast_interval(level=1.0)
    # what is noticed only while learning leaves no half of a chunk behind either
    with pytest.raises(DataError, match=r"^X must be of values whose squares"):
        forecaster.partial_fit([y[:50], np.array([[1e200, -1e200], [-1e200, 1e200]] * 20)])
    np.testing.assert_array_equal(forecaster.forecast(), before)
    clean = ReSUForecaster(horizon=3, **FIXED).fit(y).partial_fit(y[:20])
    np.testing.assert_array_equal(forecaster.partial_fit(y[:20]).forecast(), clean.forecast())
    with pytest.raises(StateError, match="have changed"):
        forecaster.set_params(horizon=4).partial_fit(y)


def test_before_a_fit_there_is_nothing_to_say():
    forecaster = ReSUForecaster(horizon=2)
    for method in (forecaster.forecast, forecaster.forecast_interval, forecaster.end_trial):
        with pytest.raises(NotFittedError):
            method()
    for method in (forecaster.predict, forecaster.score, forecaster.forecast):
        with pytest.raises(NotFittedError):
            method(walk())
