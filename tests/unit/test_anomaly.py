"""Surprise against naive forecasts, conditional Gaussians and channels left out; gaps, trials and types."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

import lamina
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    FewWindowsWarning,
    ShapeError,
    UnpredictableWarning,
)
from lamina.resu.anomaly.detector import ReSUAnomaly
from lamina.stats import lag_vectors


def recording(seed=0, time=1500, channels=2):
    rng = np.random.default_rng(seed)
    mix = rng.standard_normal((channels, channels)) * 0.3 + np.eye(channels)
    y = np.zeros((time, channels))
    for t in range(2, time):
        y[t] = 1.2 * y[t - 1] - 0.5 * y[t - 2] + mix @ rng.standard_normal(channels)
    return y + 5.0


def naive(train, test, memory, horizon, gap, rank=None):
    """eᵀ S⁻¹ e by least squares on lag vectors, or from the units of ReSU, for every whole window."""
    if rank is None:
        past, future = lag_vectors(train, memory, horizon, gap)
        design = np.column_stack([past, np.ones(len(past))])
        weights = np.linalg.lstsq(design, future, rcond=None)[0]
        residual = future - design @ weights
        past, future = lag_vectors(test, memory, horizon, gap)
        e = future - np.column_stack([past, np.ones(len(past))]) @ weights
    else:
        unit = lamina.ReSU(memory, horizon, rank, gap=gap).fit(train)
        windows = slice(memory - 1, -(gap + horizon - 1))
        _, future = lag_vectors(train, memory, horizon, gap)
        residual = future - unit.predict(train)[windows].reshape(len(future), -1)
        _, future = lag_vectors(test, memory, horizon, gap)
        e = future - unit.predict(test)[windows].reshape(len(future), -1)
    return np.einsum("ti,ij,tj->t", e, np.linalg.inv(np.cov(residual.T).reshape(e.shape[1], -1)), e)


@pytest.mark.parametrize(("channels", "gap", "rank"), [(1, 1, None), (2, 3, None), (1, 2, 1), (2, 1, 3)])
def test_surprise_is_the_whitened_residual_of_the_naive_forecast(channels, gap, rank):
    train, test = recording(0, channels=channels), recording(1, channels=channels)
    detector = ReSUAnomaly(5, 4, rank or 4 * channels, gap=gap, ridge=0.0).fit(train)
    score = detector.surprise(test)
    before = detector.window_ - 1
    assert before == 5 + gap + 4 - 2
    assert np.isnan(score[:before]).all()
    np.testing.assert_allclose(score[before:], naive(train, test, 5, 4, gap, rank), rtol=1e-7)


def test_the_statistic_of_one_sample_is_that_of_the_last_given_all_before_it():
    train, test = recording(0), recording(1)
    detector = ReSUAnomaly(4, 3, 6, ridge=0.0, statistic="sample").fit(train)
    # with all units the window is one long past of the last sample
    np.testing.assert_allclose(detector.surprise(test)[6:], naive(train, test, 6, 1, 1), rtol=1e-7)


@pytest.mark.parametrize("statistic", ["window", "sample"])
def test_a_ridge_takes_each_channel_to_hold_noise(statistic):
    y = recording(0, 400) * [1.0, 1e-4]
    past, future = lag_vectors(y, 3, 2)
    joint = np.cov(np.hstack([past, future]).T)
    pp, ff, fp = joint[:6, :6], joint[6:, 6:], joint[6:, :6]
    pp, ff = pp + 0.2 * np.diag(np.diag(pp)), ff + 0.2 * np.diag(np.diag(ff))
    weights = fp @ np.linalg.inv(pp)
    e = (future - future.mean(0)) - (past - past.mean(0)) @ weights.T
    precision = np.linalg.inv(ff - weights @ fp.T)
    if statistic == "sample":
        innovation = e @ precision[:, 2:]
        expected = np.einsum("ti,ij,tj->t", innovation, np.linalg.inv(precision[2:, 2:]), innovation)
    else:
        expected = np.einsum("ti,ij,tj->t", e, precision, e)
    detector = ReSUAnomaly(3, 2, 4, ridge=0.2, statistic=statistic).fit(y)
    np.testing.assert_allclose(detector.surprise(y)[4:], expected, rtol=1e-8)


def test_normal_scores_are_chi_square_and_the_threshold_is_exceeded_as_often_as_said():
    y = recording(3, 60_000, 1)
    for rule in ("pareto", "empirical", "chi2"):
        detector = ReSUAnomaly(6, 5, 2, ridge=0.0, threshold_rule=rule, false_alarm_rate=0.01).fit(y[:20_000])
        assert detector.threshold_ == pytest.approx(stats.chi2.isf(0.01, 5), rel=0.06)
        score = detector.surprise(y[20_000:])[20:]
        # every fifth window shares no sample of the future with the one before
        assert stats.kstest(score[::5], stats.chi2(5).cdf).pvalue > 1e-3
        assert np.mean(detector.predict(y[20_000:]) < 0) == pytest.approx(0.01, rel=0.25)


def test_signs_and_answers_agree_with_scikit_learn():
    y = recording()
    y[700] += 30
    detector = ReSUAnomaly(4, 2, 2).fit(y[:600])
    score = detector.surprise(y)
    np.testing.assert_array_equal(detector.score_samples(y), -score)
    np.testing.assert_array_equal(detector.decision_function(y), -score - detector.offset_)
    marks = detector.predict(y)
    assert marks.dtype.kind == "i"
    np.testing.assert_array_equal(marks == -1, score > detector.threshold_)
    assert marks[700] == -1
    np.testing.assert_array_equal(detector.fit_predict(y), detector.fit(y).predict(y))


def test_no_score_looks_ahead_and_a_spike_is_seen_at_once():
    y = recording(1, 800)
    detector = ReSUAnomaly(6, 4, 3).fit(recording())
    score = detector.surprise(y)
    y[500:] = np.nan
    np.testing.assert_array_equal(detector.surprise(y)[:500], score[:500])
    y = recording(1, 800)
    y[500] += 50
    changed = np.flatnonzero(detector.surprise(y) != score)
    changed = changed[~np.isnan(score[changed])]
    assert (changed[0], changed[-1]) == (500, 500 + detector.window_ - 1)


def test_gaps_trials_and_library_of_the_input():
    detector = ReSUAnomaly(4, 3, 2, gap=2).fit([recording(0, 300), recording(1, 400)])
    y = recording(2, 200)
    whole = detector.surprise(y)
    gone = y.copy()
    gone[100, 1] = np.nan
    score = detector.surprise(gone)
    touched = np.arange(100, 100 + detector.window_)
    assert np.isnan(score[touched]).all()
    others = np.setdiff1d(np.arange(200), touched)
    np.testing.assert_allclose(score[others], whole[others], rtol=1e-12)
    assert (detector.predict(gone)[touched] == 1).all()
    first, second = detector.surprise([y[:120], y[120:]])
    np.testing.assert_allclose(first, whole[:120])
    np.testing.assert_array_equal(second, detector.surprise(y[120:]))
    for answer in (detector.score_samples, detector.decision_function, detector.predict):
        assert [len(part) for part in answer([y[:120], y[120:]])] == [120, 80]
    single = detector.surprise(y.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single[8:], whole[8:], rtol=1e-3)


def test_tensors_in_and_out():
    torch = pytest.importorskip("torch")
    y = recording()
    detector, ours = ReSUAnomaly(4, 3, 2).fit(torch.from_numpy(y)), ReSUAnomaly(4, 3, 2).fit(y)
    score = detector.surprise(torch.from_numpy(y))
    np.testing.assert_allclose(score.numpy(), ours.surprise(y), rtol=1e-9)
    assert detector.predict(torch.from_numpy(y)).dtype == torch.int64
    for by in ("unit", "channel"):
        shares = detector.contributions(torch.from_numpy(y), by=by)
        np.testing.assert_allclose(shares.numpy(), ours.contributions(y, by=by), rtol=1e-8, atol=1e-9)


def test_units_of_measurement_and_offsets_change_nothing():
    y, test = recording(0), recording(1)
    expected = ReSUAnomaly(4, 3, 2).fit(y).surprise(test)
    scaled = ReSUAnomaly(4, 3, 2).fit(y * [1e6, 1e-6]).surprise(test * [1e6, 1e-6])
    np.testing.assert_allclose(scaled, expected, rtol=1e-8)
    moved = ReSUAnomaly(4, 3, 2).fit(y + 1e6).surprise(test + 1e6)
    np.testing.assert_allclose(moved, expected, rtol=1e-5)


def test_long_recordings_are_scored_in_blocks(monkeypatch):
    from lamina.resu.anomaly import scoring

    y = recording()
    detector = ReSUAnomaly(4, 3, 2).fit(y)
    whole = detector.surprise(y)
    monkeypatch.setattr(scoring, "_BLOCK", 1)
    np.testing.assert_allclose(detector.surprise(y), whole, rtol=1e-9)


def test_contributions_of_units_add_up_and_the_broken_promise_shows():
    y = recording(0)
    detector = ReSUAnomaly(4, 3, 3).fit(y)
    shares = detector.contributions(y, by="unit")
    assert shares.shape == (len(y), 4)
    np.testing.assert_allclose(shares.sum(axis=1), detector.surprise(y), rtol=1e-9)
    # white where the model is right
    np.testing.assert_allclose(np.nanmean(shares[:, :3], axis=0), 1.0, atol=0.05)
    psi, phi, sigma = detector.filters_, detector.future_filters_, detector.canonical_correlations_
    past, future = lag_vectors(y, 4, 3)
    z = (past - past.mean(0)) @ psi.reshape(3, -1).T
    v = (future - future.mean(0)) @ phi.reshape(3, -1).T
    np.testing.assert_allclose(shares[6:, :3], (v - sigma * z) ** 2 / (1 - sigma**2), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("statistic", ["window", "sample"])
def test_the_contribution_of_a_channel_is_what_is_lost_without_its_future(statistic):
    y = recording(0, channels=3)
    detector = ReSUAnomaly(3, 2, 6, ridge=0.0, statistic=statistic).fit(y)
    shares = detector.contributions(y)
    past, future = lag_vectors(y, 3, 2) if statistic == "window" else lag_vectors(y, 4, 1)
    design = np.column_stack([past, np.ones(len(past))])
    e = future - design @ np.linalg.lstsq(design, future, rcond=None)[0]

    def distance(e):
        return np.einsum("ti,ij,tj->t", e, np.linalg.inv(np.cov(e.T)), e)

    for channel in range(3):
        others = np.arange(e.shape[1]) % 3 != channel
        np.testing.assert_allclose(
            shares[4:, channel], distance(e) - distance(e[:, others]), rtol=1e-6, atol=1e-8
        )


def test_two_channels_that_disagree_are_both_named():
    rng = np.random.default_rng(0)
    common = rng.standard_normal(3000)
    y = np.column_stack([common, common, rng.standard_normal(3000)]) + 0.1 * rng.standard_normal((3000, 3))
    detector = ReSUAnomaly(2, 2, 1).fit(y[:2000])
    y[2500, 1] -= 2 * y[2500, 1] + 1.0
    assert sorted(np.argsort(detector.contributions(y)[2500])[1:].tolist()) == [0, 1]
    with pytest.raises(ArgumentError, match="by"):
        ReSUAnomaly(2, 2, 1, statistic="sample").fit(y).contributions(y, by="unit")


def test_in_retrospect_a_sample_has_the_mean_over_the_futures_that_hold_it():
    y = recording(1, 300)
    detector = ReSUAnomaly(6, 4, 3).fit(recording())
    score = detector.surprise(y)
    expected = [np.nanmean(score[t : t + 4]) if t >= 6 else np.nan for t in range(300)]
    np.testing.assert_allclose(detector.surprise(y, retrospective=True), expected, rtol=1e-10)
    y[150] = np.nan
    score = detector.surprise(y, retrospective=True)
    # the windows that hold the gap have no score; whole again is the one from 151 to 160, future from 157
    assert np.flatnonzero(np.isnan(score)).tolist() == [*range(6), *range(150, 157)]
    assert [len(part) for part in detector.surprise([y[:120], y[120:]], retrospective=True)] == [120, 180]


def test_a_stuck_sensor_in_a_noisy_signal_is_less_surprising_than_anything():
    y = recording(0, 3000, 1)
    one, two = ReSUAnomaly(10, 20, 2).fit(y[:2000]), ReSUAnomaly(10, 20, 2, two_sided=True).fit(y[:2000])
    test = y[2000:].copy()
    test[500:600] = y[:2000].mean()
    inside = slice(530, 600)
    assert np.nanmax(one.surprise(test)[inside]) < np.nanmin(one.surprise(y[2000:]))
    assert (two.predict(test)[inside] == -1).all()
    assert np.mean(two.predict(y[2000:]) == -1) < 0.01
    # by hand, and the order of what is more than usual stays
    mean, variance = one.training_scores_.mean(), one.training_scores_.var()
    x = one.surprise(y)[30:] / mean
    np.testing.assert_allclose(two.surprise(y)[30:], 2 * mean**2 / variance * (x - 1 - np.log(x)), rtol=1e-9)
    more = x > 1
    assert (np.argsort(x[more]) == np.argsort(two.surprise(y)[30:][more])).all()


def test_alarms_say_when_and_what():
    y = recording(0, 3000)
    detector = ReSUAnomaly(5, 4, 3, false_alarm_rate=1e-4).fit(y[:2000])
    test = y[2000:].copy()
    test[300, 1] += 40
    test[300 + 2 * detector.window_ + 1, 0] += 40
    test[800, 0] = np.nan
    first, second = detector.alarms(test)
    score, marks = detector.surprise(test), detector.predict(test)
    assert (first.start, second.start) == (300, 301 + 2 * detector.window_)
    assert (first.channel, second.channel) == (1, 0)
    for alarm in (first, second):
        assert alarm.stop <= alarm.start + detector.window_
        assert (marks[[alarm.start, alarm.stop - 1]] == -1).all()
        assert alarm.peak == alarm.start + np.argmax(score[alarm.start : alarm.stop])
        assert alarm.surprise == pytest.approx(score[alarm.peak], rel=1e-12)
        shares = detector.contributions(test, by="unit")[alarm.peak]
        assert alarm.unit == (int(np.argmax(shares)) if np.argmax(shares) < 3 else None)
    assert (marks == -1).sum() == sum((marks[a.start : a.stop] == -1).sum() for a in (first, second))
    assert detector.alarms([test[:250], test[250:]]) == [[], [_moved(first, -250), _moved(second, -250)]]
    sampled = ReSUAnomaly(5, 4, 3, statistic="sample").fit(y[:2000]).alarms(test)
    assert sampled[0].unit is None


def _moved(alarm, by):
    moved = {name: getattr(alarm, name) + by for name in ("start", "stop", "peak")}
    return dataclasses.replace(alarm, **moved, surprise=pytest.approx(alarm.surprise))


def test_auto_chooses_as_the_unit_does_and_says_so():
    y = recording(0, 2000, 1)
    detector, unit = ReSUAnomaly().fit(y), lamina.ReSU(ridge=1e-4).fit(y)
    assert (detector.memory_, detector.horizon_) == (unit.memory_, unit.horizon_)
    assert detector.rank_ == unit.rank_
    assert detector.selection_.order == unit.selection_.order
    noise = np.random.default_rng(0).standard_normal(500)
    with pytest.warns(UnpredictableWarning):
        detector = ReSUAnomaly().fit(noise)
    # all that is left is the distance from the mean
    expected = (noise - noise[1:].mean()) ** 2 / noise[1:].var(ddof=1)
    assert np.corrcoef(detector.surprise(noise)[1:], expected[1:])[0, 1] > 0.999


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"memory": 0}, "memory"),
        ({"rank": 99}, "rank"),
        ({"statistic": "windows"}, "statistic"),
        ({"false_alarm_rate": 0}, "false_alarm_rate"),
        ({"false_alarm_rate": 1.0}, "false_alarm_rate"),
        ({"threshold_rule": "gauss"}, "threshold_rule"),
        ({"contamination": 0.6}, "contamination"),
        ({"contamination": True}, "contamination"),
        ({"refits": -1}, "refits"),
        ({"two_sided": 1}, "two_sided"),
        ({"two_sided": True, "statistic": "sample"}, "two_sided"),
        ({"ridge": -1.0}, "ridge"),
    ],
)
def test_what_cannot_be_is_named_before_anything_is_learned(arguments, named):
    detector = ReSUAnomaly(**({"memory": 3, "horizon": 2, "rank": 1} | arguments))
    with pytest.raises(ArgumentError, match=named):
        detector.fit(recording())
    assert not [name for name in vars(detector) if name.endswith("_")]


def test_bad_recordings():
    detector = ReSUAnomaly(3, 2, 1)
    with pytest.raises(DataError, match=r"^X must be long enough for scores, .* threshold_rule='chi2'"):
        ReSUAnomaly(3, 2, 1, threshold_rule="empirical").fit(recording()[:200])
    with pytest.raises(DataError, match="constant"):
        detector.fit(np.ones(100))
    with pytest.raises(DataError, match="windows"):
        detector.fit(np.arange(5.0))
    with pytest.raises(DataError, match="infinity"):
        detector.fit([0.0, np.inf] * 20)
    detector.fit(recording())
    with pytest.raises(ShapeError, match="2 channel"):
        detector.surprise(recording(channels=3))
    with pytest.raises(DataError, match="overflow"):
        detector.surprise(recording() * 1e200)
    with pytest.raises(ArgumentTypeError):
        detector.surprise("text")
    assert np.isnan(detector.surprise(recording()[:3])).all()
    with pytest.warns(FewWindowsWarning):
        ReSUAnomaly(10, 10, 2, ridge=0.0).fit(recording(0, 40))


def test_a_channel_that_never_moved_is_no_error_and_counts_for_nothing():
    y = recording()
    y[:, 1] = 3.0
    detector = ReSUAnomaly(3, 2, 1).fit(y)
    np.testing.assert_allclose(
        detector.surprise(y), ReSUAnomaly(3, 2, 1).fit(y[:, 0]).surprise(y[:, 0]), rtol=1e-8
    )
