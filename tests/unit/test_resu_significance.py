"""What finite data invent is not significant, what is there is, and errors are as large as the scatter."""

import warnings

import numpy as np
import pytest
from scipy.signal import lfilter

from lamina.errors import ArgumentError, DataError
from lamina.resu import ReSU
from lamina.resu.significance import assess


def autoregressive(seed, time, coefficients, channels=1, noise=0.0):
    rng = np.random.default_rng(seed)
    driven = rng.standard_normal((time + 300, channels))
    y = lfilter([1.0], [1.0, *(-np.asarray(coefficients))], driven, axis=0)[300:]
    return y + noise * rng.standard_normal(y.shape)


def white(seed, time, channels=1):
    return np.random.default_rng(seed).standard_normal((time, channels))


def test_the_specification_s_spurious_correlation_of_white_noise_is_not_significant():
    found = assess([white(0, 100_000)], memory=25, horizon=25, rank=3, n_surrogates=99)
    assert round(float(found.singular_values[0]), 2) == 0.03
    assert 0.03 < found.threshold[0] < 0.05
    assert found.n_significant == 0


def test_the_values_are_those_of_the_fit():
    y, z = autoregressive(1, 900, [0.8], 2), autoregressive(2, 900, [0.5])
    both = [np.hstack([y, z])]
    unit = ReSU(memory=4, horizon=3, rank=3, gap=2, ridge=0.01).fit(y, future_of=z)
    found = assess(
        both,
        memory=4,
        horizon=3,
        rank=3,
        gap=2,
        ridge=0.01,
        future_channels=1,
        n_surrogates=19,
    )
    np.testing.assert_allclose(found.singular_values, unit.canonical_correlations_, rtol=1e-10)
    for objective in ("rrr", "pca"):
        unit = ReSU(memory=4, horizon=3, rank=2, center=False, objective=objective).fit(y + 1)
        found = assess(
            [y + 1], memory=4, horizon=3, rank=2, center=False, objective=objective, n_surrogates=19
        )
        np.testing.assert_allclose(found.singular_values, unit.singular_values_, rtol=1e-9)


def test_each_unit_is_compared_with_what_the_units_before_it_leave_over():
    """The null, from lag vectors and canonical variates that are built, shifted and correlated explicitly."""
    y = autoregressive(3, 400, [1.2, -0.5])
    unit = ReSU(memory=4, horizon=3, rank=3).fit(y)
    past = np.array([y[t - 3 : t + 1, 0][::-1] for t in range(3, 397)])
    future = np.array([y[t + 1 : t + 4, 0] for t in range(3, 397)])
    psi, phi = unit.filters_[:, :, 0], unit.future_filters_[:, :, 0]
    # the one direction of the past that no unit holds: uncorrelated with all of them
    covariance = np.cov(past.T)
    rest = np.linalg.svd(psi @ np.linalg.cholesky(covariance))[2][3:]
    psi = np.vstack([psi, rest @ np.linalg.inv(np.linalg.cholesky(covariance))])
    u, v = (past - past.mean(0)) @ psi.T, (future - future.mean(0)) @ phi.T
    found = assess([y], memory=4, horizon=3, rank=3, n_surrogates=19, seed=5)
    all_shifts = {
        tuple(np.linalg.norm((np.roll(v, -s, axis=0).T @ u)[k:, k:] / 393, 2).round(9) for k in range(3))
        for s in range(14, 394 - 14 + 1)
    }
    assert {tuple(row.round(9)) for row in found.null} <= all_shifts
    expected = (1 + np.sum(found.null >= found.singular_values, axis=0)) / 20
    np.testing.assert_array_equal(found.p_values, np.maximum.accumulate(expected))


def test_the_threshold_is_where_the_p_value_is_the_level():
    found = assess([white(4, 2000)], memory=5, horizon=5, rank=3, n_surrogates=199)
    ordered = np.sort(found.null, axis=0)[::-1]
    np.testing.assert_array_equal(found.threshold, ordered[9])  # 10 of 200


def test_a_short_recording_holds_few_independent_shifts_and_p_says_so():
    y = autoregressive(12, 480, [0.9])
    found = assess([y], memory=10, horizon=10, rank=1, n_surrogates=199)
    rows, window = 480 - 19, 20
    assert found.singular_values[0] > found.null.max()
    # the data are one of rows / window independent shifts, not one of 200
    assert found.p_values[0] == pytest.approx(window / (rows + window))
    with pytest.raises(DataError, match="380 windows of 20 samples"):
        assess([y[:390]], memory=10, horizon=10, rank=1, n_surrogates=199)


def test_two_states_in_noise_are_two_significant_units():
    found = assess([autoregressive(5, 5000, [1.2, -0.5], noise=1.0)], memory=8, horizon=8, rank=4)
    assert found.n_significant == 2
    assert found.p_values[1] < 0.01 < 0.05 < found.p_values[2]


def test_a_response_to_another_stimulus_is_not_significant_however_slow_both_are():
    both = autoregressive(6, 5000, [0.95], channels=2)
    own = assess([both[:, [0, 0]]], memory=8, horizon=4, rank=1, future_channels=1)
    other = assess([both], memory=8, horizon=4, rank=1, future_channels=1)
    assert own.n_significant == 1
    assert other.n_significant == 0
    # chance goes further between two slow signals, and the null knows
    fast = assess([white(6, 5000, 2)], memory=8, horizon=4, rank=1, future_channels=1)
    assert other.threshold[0] > 1.5 * fast.threshold[0]


def test_trials_are_shuffled_when_there_are_enough_and_share_their_time():
    many = [autoregressive(seed, 100 + seed, [0.8]) for seed in range(12)]
    found = assess(many, memory=4, horizon=4, rank=2, n_surrogates=99)
    assert (found.method, found.null.shape, found.n_significant) == ("shuffled trials", (99, 2), 1)
    few = assess(many[:3], memory=2, horizon=2, rank=2, n_surrogates=99)
    assert (few.method, few.n_significant) == ("circular shift", 1)
    # one long trial would meet nothing but short ones
    uneven = [autoregressive(20, 3000, [0.8]), *many[:9]]
    assert assess(uneven, memory=4, horizon=4, rank=1, n_surrogates=19).method == "circular shift"


def test_what_is_locked_to_the_beginning_of_a_trial_is_part_of_the_null_of_trials():
    evoked = np.sin(np.arange(80) / 7.0)[:, None]
    trials = [evoked + 0.5 * white(seed, 80) for seed in range(20)]
    found = assess(trials, memory=4, horizon=4, rank=1)
    assert found.singular_values[0] > 0.8
    assert found.n_significant == 0


def test_what_never_loses_its_phase_lifts_the_null_nearly_to_its_own_value():
    hum = 20.0 * np.sin(np.arange(3000) / 6.0)[:, None]
    found = assess([white(13, 3000) + hum], memory=6, horizon=6, rank=2, n_surrogates=99)
    assert found.singular_values[0] > 0.99
    assert found.null[:, 0].max() > 0.9
    without = assess([white(13, 3000)], memory=6, horizon=6, rank=2, n_surrogates=99)
    assert without.null[:, 0].max() < 0.2


def test_no_unit_is_more_certain_than_the_one_before():
    found = assess([white(14, 900, 2)], memory=4, horizon=4, rank=6, n_surrogates=99)
    alone = (1 + np.sum(found.null >= found.singular_values, axis=0)) / 100
    assert np.any(np.diff(alone) < 0)
    np.testing.assert_allclose(found.p_values, np.maximum.accumulate(alone))


def test_gaps_take_out_windows_and_nothing_else():
    y = autoregressive(7, 4000, [0.8])
    y[np.random.default_rng(0).choice(4000, 20, replace=False)] = np.nan
    found = assess([y], memory=4, horizon=4, rank=2, n_surrogates=99)
    unit = ReSU(memory=4, horizon=4, rank=2).fit(y)
    np.testing.assert_allclose(found.singular_values, unit.canonical_correlations_, rtol=1e-10)
    assert found.n_significant == 1


def test_the_same_seed_gives_the_same_and_another_scale_or_level_changes_nothing():
    y = autoregressive(8, 800, [0.5], 2)
    one, again, other, scaled = (
        assess([signal], memory=3, horizon=2, rank=2, n_surrogates=39, seed=seed)
        for signal, seed in ((y, 3), (y, 3), (y, 4), (1e-6 * y + 1.0, 3))
    )
    np.testing.assert_array_equal(one.null, again.null)
    assert not np.array_equal(one.null, other.null)
    np.testing.assert_allclose(scaled.null, one.null, rtol=1e-6)
    assert (one.seed, one.level) == (3, 0.05)


def test_tensors_and_half_precision_come_in_and_arrays_come_out():
    torch = pytest.importorskip("torch")
    y = autoregressive(9, 700, [0.5]).astype(np.float16)
    plain = assess([y], memory=3, horizon=3, rank=1, n_surrogates=19)
    tensor = assess([torch.tensor(y, requires_grad=True)], memory=3, horizon=3, rank=1, n_surrogates=19)
    assert type(tensor.null) is np.ndarray
    np.testing.assert_array_equal(plain.null, tensor.null)
    assert y.dtype == np.float16


def test_standard_errors_match_the_scatter_of_independent_recordings():
    values, errors = [], []
    for seed in range(50):
        y = autoregressive(100 + seed, 3000, [1.2, -0.5], noise=1.0)
        found = assess([y], memory=5, horizon=5, rank=2, n_surrogates=19)
        values.append(found.singular_values)
        errors.append(found.standard_errors)
    ratio = np.mean(errors, axis=0) / np.std(values, axis=0, ddof=1)
    # 50 recordings know their scatter to 10 %
    assert np.all(np.abs(ratio - 1) < 0.25)


def test_fewer_directions_than_units_are_assessed_as_they_are():
    y = autoregressive(10, 900, [0.5])
    found = assess([np.hstack([y, y])], memory=1, horizon=3, rank=2, n_surrogates=19)
    assert found.singular_values.shape == found.p_values.shape == found.standard_errors.shape == (1,)


def test_data_that_cannot_be_assessed_are_refused_by_name():
    with pytest.raises(DataError, match=r"X must be long enough for 200 circular shifts.*Give a longer"):
        assess([white(0, 100)], memory=5, horizon=5, rank=1)
    with pytest.raises(DataError, match="X must be"):
        assess([np.full((500, 1), np.nan)], memory=2, horizon=2, rank=1)
    with pytest.raises(DataError, match="a constant past"):
        assess([np.ones((500, 1))], memory=2, horizon=2, rank=1)
    with pytest.raises(ArgumentError, match=r"n_surrogates must be an integer of at least 19, got 18"):
        assess([white(0, 500)], memory=2, horizon=2, rank=1, n_surrogates=18)
    with pytest.raises(ArgumentError, match="level"):
        assess([white(0, 500)], memory=2, horizon=2, rank=1, level=0.0)


def test_a_signal_that_varies_in_one_block_alone_has_errors_but_raises_none():
    y = np.zeros((1000, 1))
    y[400:405, 0] = [1.0, -2.0, 1.5, 0.3, -0.2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = assess([y], memory=2, horizon=2, rank=1, n_surrogates=19)
    assert np.all(np.isfinite(found.standard_errors))
