"""Signals with fewer directions than dimensions: repeated, constant and nearly predictable channels."""

import contextlib

import numpy as np
import pytest

import lamina
from lamina.errors import ClippedInformationWarning, RankDeficientWarning


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
