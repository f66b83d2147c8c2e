"""Thresholds of surprise: against distributions and SciPy's fit; contamination, refits and cross-fitting."""

import numpy as np
import pytest
from scipy import stats

from lamina.errors import ArgumentError, DataError, FewWindowsWarning
from lamina.resu.anomaly import learning
from lamina.resu.anomaly.detector import ReSUAnomaly
from lamina.resu.anomaly.thresholds import fit_pareto, surprise_threshold


def autoregressive(seed, time, noise=None):
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(time) if noise is None else noise(rng, time)
    y = np.zeros(time)
    for t in range(2, time):
        y[t] = 1.2 * y[t - 1] - 0.5 * y[t - 2] + noise[t]
    return y


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.4, 0.8])
def test_the_tail_fit_agrees_with_maximum_likelihood(shape):
    drawn = np.sort(stats.genpareto.rvs(shape, scale=3.0, size=3000, random_state=1))
    expected = stats.genpareto.fit(drawn, floc=0)
    found = fit_pareto(drawn)
    np.testing.assert_allclose(found, (expected[0], expected[2]), atol=0.02, rtol=0.01)
    np.testing.assert_allclose(fit_pareto(drawn * 1e6), (found[0], found[1] * 1e6), rtol=1e-6)


def test_the_tail_fit_of_few_scores_is_the_published_one_step_by_step():
    drawn = np.sort(stats.genpareto.rvs(0.5, scale=2.0, size=25, random_state=3))
    n, m, quartile = 25, 20 + 5, drawn[int(25 / 4 + 0.5) - 1]
    theta, likelihood = [], []
    for j in range(1, m + 1):
        theta.append(1 / drawn[-1] + (1 - (m / (j - 0.5)) ** 0.5) / (3 * quartile))
        k = -sum(np.log(1 - theta[-1] * x) for x in drawn) / n
        likelihood.append(n * (np.log(theta[-1] / k) + k - 1))
    weights = [1 / sum(np.exp(other - one) for other in likelihood) for one in likelihood]
    mean = sum(weight * value for weight, value in zip(weights, theta, strict=True))
    k = -sum(np.log(1 - mean * x) for x in drawn) / n
    np.testing.assert_allclose(fit_pareto(drawn), (-k, k / mean), rtol=1e-10)


@pytest.mark.parametrize("rate", [0.05, 1e-3, 1e-4])
def test_beyond_the_scores_the_tail_goes_on_as_it_is_heavy(rate):
    # squares of Student's t with 4 degrees of freedom
    found = [
        surprise_threshold(stats.t.rvs(4, size=20_000, random_state=seed) ** 2, rate) for seed in range(8)
    ]
    expected = stats.t.isf(rate / 2, 4) ** 2
    assert np.median(found) == pytest.approx(expected, rel=0.2)


def test_the_empirical_rule_keeps_its_rate_whatever_the_distribution():
    rng = np.random.default_rng(0)
    above = []
    for _ in range(2000):
        drawn = np.exp(rng.standard_normal(60) * 2)
        above.append(drawn[-1] > surprise_threshold(drawn[:-1], 0.05, "empirical"))
    # of 59 scores the 57th: 3 of 60 lie above
    assert np.mean(above) == pytest.approx(0.05, abs=0.015)


def test_the_parametric_rule_matches_mean_and_variance():
    drawn = stats.gamma.rvs(2.5, scale=7.0, size=400_000, random_state=0)
    assert surprise_threshold(drawn, 1e-4, "chi2") == pytest.approx(
        stats.gamma.isf(1e-4, 2.5, scale=7.0), rel=0.02
    )
    assert surprise_threshold(np.full(5, 3.0), 0.01, "chi2") == 3.0


def test_within_the_scores_the_default_is_empirical_and_few_scores_have_no_tail():
    drawn = np.random.default_rng(0).chisquare(3, 5000)
    assert surprise_threshold(drawn, 0.3) == surprise_threshold(drawn, 0.3, "empirical")
    assert surprise_threshold(drawn[:199], 0.001) == surprise_threshold(drawn[:199], 0.001, "chi2")
    assert surprise_threshold([*drawn, np.nan], 0.001) == surprise_threshold(drawn, 0.001)
    assert surprise_threshold(np.zeros(500), 0.001) == 0.0


def test_what_cannot_be():
    with pytest.raises(DataError, match="at least 999 for the rule 'empirical'"):
        surprise_threshold(np.ones(100), 0.001, "empirical")
    with pytest.raises(DataError, match="at least 2"):
        surprise_threshold([1.0, np.nan], 0.1)
    with pytest.raises(ArgumentError, match="rule"):
        surprise_threshold(np.ones(9), 0.1, "normal")
    with pytest.raises(ArgumentError, match="false_alarm_rate"):
        surprise_threshold(np.ones(9), 1.5)


def test_heavy_tails_do_not_raise_more_alarms_than_said():
    y = autoregressive(0, 120_000, lambda rng, n: rng.standard_t(4, n))
    realised = {}
    for rule in ("pareto", "chi2"):
        detector = ReSUAnomaly(4, 2, 2, threshold_rule=rule, false_alarm_rate=1e-3).fit(y[:20_000])
        realised[rule] = np.mean(detector.predict(y[20_000:]) < 0)
    assert realised["pareto"] == pytest.approx(1e-3, rel=0.3)
    assert realised["chi2"] > 1.5e-3


def test_training_scores_are_those_of_filters_learned_without_the_sample():
    # barely more windows than directions: a fit that scores itself finds hardly any surprise
    y = autoregressive(0, 4000)
    short, rest = y[:200], y[200:]
    detector = ReSUAnomaly(20, 10, 5, ridge=0.0).fit(short)
    assert detector.cross_fitted_
    own = np.nanmedian(detector.surprise(short))
    honest, fresh = np.median(detector.training_scores_), np.nanmedian(detector.surprise(rest))
    assert own < 0.75 * fresh
    assert honest > 0.9 * fresh
    assert len(detector.training_scores_) == 200 - detector.window_ + 1
    assert (np.diff(detector.training_scores_) >= 0).all()


def test_where_fifths_are_too_short_the_fit_scores_itself():
    y = autoregressive(0, 32)
    detector = ReSUAnomaly(8, 8, 1).fit(y)
    assert not detector.cross_fitted_
    np.testing.assert_allclose(detector.training_scores_, np.sort(detector.surprise(y)[15:]), rtol=1e-10)


def test_each_fifth_is_scored_by_the_others():
    trials = [autoregressive(seed, time) for seed, time in ((0, 300), (1, 150), (2, 550))]
    detector = ReSUAnomaly(4, 3, 2).fit(trials)
    # the third fifth: samples 400 to 599, of which the second trial ends at 449
    rest = [trials[0][:200], trials[0][200:], trials[1][:100], trials[2][150:350], trials[2][350:]]
    other = ReSUAnomaly(4, 3, 2).fit(rest)
    expected = np.concatenate([other.surprise(trials[1])[100:], other.surprise(trials[2])[:150]])
    expected = expected[~np.isnan(expected)]
    # of the whole, as sorted scores: every one of them is there
    place = np.searchsorted(detector.training_scores_, expected * (1 - 1e-9))
    np.testing.assert_allclose(detector.training_scores_[place], expected, rtol=1e-7)


def contaminated(seed=0):
    y = autoregressive(seed, 4000)
    rng = np.random.default_rng(seed)
    bad = np.zeros(4000, dtype=bool)
    for start in rng.choice(np.arange(100, 3900, 200), 8, replace=False):
        y[start : start + 5] += 25.0 * rng.standard_normal(5)
        bad[start : start + 5] = True
    return y, bad


def test_anomalies_in_the_training_recording_are_left_out():
    y, bad = contaminated()
    clean = ReSUAnomaly(5, 4, 3).fit(autoregressive(0, 4000))
    naive = ReSUAnomaly(5, 4, 3).fit(y)
    share = 8 * (5 + clean.window_ - 1) / 4000
    robust = ReSUAnomaly(5, 4, 3, contamination=share).fit(y)
    test = autoregressive(9, 4000)
    far = [np.nanmean(other.surprise(test)) / np.nanmean(clean.surprise(test)) for other in (naive, robust)]
    assert far[0] < 0.5
    assert far[1] == pytest.approx(1.0, abs=0.1)
    assert robust.n_left_out_ >= share * 4000 * 0.9
    assert robust.n_left_out_ < 3 * share * 4000
    assert naive.n_left_out_ == 0
    # as many marked as were said to be anomalous, and among them all that were
    marks = robust.predict(y) < 0
    assert np.mean(marks) == pytest.approx(share, rel=0.1)
    starts = np.flatnonzero(np.diff(bad.astype(int)) > 0) + 1
    assert marks[starts].all()


def test_one_gap_takes_out_every_window_that_holds_it_and_no_other():
    scores = np.full(100, 1.0)
    scores[:9] = np.nan
    scores[[40, 44, 49, 50, 59]] = 9.0
    (kept,) = learning._without_least_expected([np.ones((100, 1))], [scores], 5 / 91, 10)
    # windows of 10 samples: the gap at 40 reaches those that end in 40 … 49, that at 50 the rest
    assert np.flatnonzero(np.isnan(kept[:, 0])).tolist() == [40, 50]


def test_too_much_contamination_leaves_nothing_to_learn_from():
    # two windows, of which one is to go
    y = autoregressive(0, 41)
    few = pytest.warns(FewWindowsWarning)
    with few, pytest.raises(DataError, match="contamination"):
        ReSUAnomaly(20, 20, 1, contamination=0.5).fit(y)


def test_refits_and_contamination_leave_the_recording_as_it_is():
    y, _ = contaminated()
    before = y.copy()
    ReSUAnomaly(5, 4, 3, contamination=0.05).fit(y)
    np.testing.assert_array_equal(y, before)
    once = ReSUAnomaly(5, 4, 3, contamination=0.05, refits=0).fit(y)
    assert once.n_left_out_ == 0
