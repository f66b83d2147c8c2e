"""Signals with fewer directions than dimensions: repeated, constant and nearly predictable channels."""

import contextlib

import numpy as np
import pytest

import lamina
from lamina.errors import ClippedInformationWarning, DataError, FewWindowsWarning, RankDeficientWarning


def signal(seed, time=400, channels=2):
    rng = np.random.default_rng(seed)
    y = np.zeros((time, channels))
    for t in range(2, time):
        y[t] = 1.2 * y[t - 1] - 0.5 * y[t - 2] + rng.standard_normal(channels)
    return y + 0.3 * rng.standard_normal((time, channels)) + np.arange(1, channels + 1)


def test_more_units_than_directions_warns_and_keeps_those_that_exist():
    y = signal(20, channels=1)
    twins = np.column_stack([y, 2 * y])
    with pytest.warns(RankDeficientWarning, match=r"6.*3|3.*6"):
        unit = lamina.ReSU(memory=3, horizon=3, rank=6, rectify="split").fit(twins)
    assert unit.filters_.shape == (3, 3, 2)
    assert unit.transform(twins).shape == (400, 6)
    assert len(unit.get_feature_names_out()) == 6
    alone = lamina.ReSU(memory=3, horizon=3, rank=3).fit(y)
    np.testing.assert_allclose(unit.canonical_correlations_, alone.canonical_correlations_, rtol=1e-8)


def test_a_constant_channel_beside_a_varying_one_changes_nothing():
    y = signal(21, channels=1)
    unit = lamina.ReSU(memory=3, horizon=3, rank=2).fit(np.column_stack([y, np.full(400, 5.0)]))
    alone = lamina.ReSU(memory=3, horizon=3, rank=2).fit(y)
    np.testing.assert_allclose(unit.canonical_correlations_, alone.canonical_correlations_, rtol=1e-9)
    np.testing.assert_allclose(unit.filters_[:, :, 1], 0.0, atol=1e-9)


def test_a_channel_that_is_constant_but_for_rounding_is_constant():
    y = signal(21, channels=1)
    rounded = np.where(np.arange(400) % 2, 0.3, 0.1 * 3)
    unit = lamina.ReSU(memory=3, horizon=3, rank=2).fit(np.column_stack([y, rounded]))
    alone = lamina.ReSU(memory=3, horizon=3, rank=2).fit(y)
    np.testing.assert_allclose(unit.canonical_correlations_, alone.canonical_correlations_, rtol=1e-9)
    np.testing.assert_allclose(unit.filters_[:, :, 1], 0.0, atol=1e-9)


def test_a_large_constant_does_not_hide_a_small_signal():
    # a magnetometer in tesla beside its trigger line
    y = (signal(21, channels=1) - 1) * 1e-13
    unit = lamina.ReSU(memory=3, horizon=3, rank=2).fit(np.column_stack([y, np.full(400, 255.0)]))
    alone = lamina.ReSU(memory=3, horizon=3, rank=2).fit(y)
    np.testing.assert_allclose(unit.canonical_correlations_, alone.canonical_correlations_, rtol=1e-9)


@pytest.mark.parametrize("noise", [1e-4, 1e-6, 1e-7])
def test_a_nearly_singular_signal_is_learned(noise):
    # eigenvalues reach down to noise squared, and rounding of filters as large as 1 / noise is not symmetric
    time = np.arange(300)
    y = np.sin(0.1 * time) + noise * np.random.default_rng(1).standard_normal(300)
    with pytest.warns(ClippedInformationWarning) if noise < 1e-6 else contextlib.nullcontext():
        unit = lamina.ReSU(memory=6, horizon=5, rank=5).fit(y)
        assert unit.score(y) > min(2 * 0.9 * -np.log(noise), 26)  # clipped at 13.5 for each
    # a sine is two directions, each known up to its noise; the noise itself cannot be foretold
    assert unit.canonical_correlations_[1] > 1 - 10 * noise
    assert unit.canonical_correlations_[2] < 0.4
    forecast = unit.predict(y)[6:-5, 0, 0]
    assert np.abs(forecast - np.sin(0.1 * time[7:-4])).max() < 5 * noise


@pytest.mark.parametrize("objective", ["cca", "rrr", "pca"])
@pytest.mark.parametrize("center", [True, False])
def test_windows_too_few_to_tell_anything_are_pointed_out_and_one_more_is_not(center, objective):
    # 5 + 5 dimensions: with 9 windows about their mean, or 10 about zero, some combination always fits
    noise = np.random.default_rng(3).standard_normal(40)
    unit = lamina.ReSU(memory=5, horizon=5, rank=5, center=center, objective=objective)
    enough = 20 if center else 19
    with pytest.warns(FewWindowsWarning, match=rf"{enough - 10} window\(s\) are too few.* 5 .* 5 "):
        unit.fit(noise[: enough - 1])
    assert unit.canonical_correlations_[0] == pytest.approx(1)
    assert unit.fit(noise[:enough]).canonical_correlations_[0] < 1 - 1e-6
    # a ridge is the remedy that needs no more data, and "rrr" and "pca" judge their units without it
    unit.set_params(ridge=0.5)
    with contextlib.nullcontext() if objective == "cca" else pytest.warns(FewWindowsWarning):
        assert (unit.fit(noise[: enough - 1]).canonical_correlations_[0] < 0.9) == (objective == "cca")


def test_half_lives_and_weights_that_leave_few_windows_count_as_few():
    noise = np.random.default_rng(4).standard_normal(3000)
    # geometric weights amount to (1 + decay) / (1 - decay) windows: 3 and 14.4 here
    with pytest.warns(FewWindowsWarning, match=r"2991 window\(s\) of the weight of 3 "):
        unit = lamina.ReSU(memory=5, horizon=5, rank=1, half_life=1).fit(noise)
    assert unit.canonical_correlations_[0] > 0.99
    with pytest.raises(DataError, match=r"3 window\(s\) that count.*half_life"):
        unit.score(noise)
    lasting = lamina.ReSU(memory=5, horizon=5, rank=1, half_life=5).fit(noise)
    assert lasting.moments_.covariances().effective_windows == pytest.approx(14.4, abs=0.1)
    assert lasting.score(noise) > 0
    with pytest.warns(FewWindowsWarning, match="weight of 3 "):
        lamina.ReSU(memory=5, horizon=5, rank=1).fit([noise[:12], noise[12:]], trial_weights=[1e10, 1])


def test_few_windows_of_a_signal_of_few_directions_are_enough():
    # a sine has two directions, and its future is a function of its past: that is no accident of a short look
    time = np.arange(15)
    with pytest.warns(ClippedInformationWarning):
        unit = lamina.ReSU(memory=5, horizon=5, rank=2, rcond=1e-10).fit(np.sin(0.9 * time))
    assert unit.n_windows_ == 6
    np.testing.assert_allclose(unit.canonical_correlations_, 1, atol=1e-6)


def test_a_beginning_of_few_windows_is_not_worth_a_warning_at_each_chunk():
    noise = np.random.default_rng(5).standard_normal(30)
    unit = lamina.ReSU(memory=5, horizon=5, rank=1)
    for sample in noise:
        unit.partial_fit([sample])
    assert unit.n_windows_ == 21
