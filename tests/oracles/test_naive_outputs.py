"""transform, predict and inverse_transform against loops over samples: start-up, gaps, trials, ON and OFF."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamina


def signal(seed, samples, channels):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((samples, channels))
    for t in range(1, samples):
        y[t] += 0.7 * y[t - 1]
    return y + np.arange(channels)


def naive_units(y, filters, mean):
    """z_t, sample by sample: what lies before the recording is the mean, what is missing makes it missing."""
    z = np.zeros((len(y), len(filters)))
    for t in range(len(y)):
        for unit, psi in enumerate(filters):
            total = 0.0
            for lag in range(len(psi)):
                if t - lag >= 0:
                    for channel in range(y.shape[1]):
                        total += psi[lag, channel] * (y[t - lag, channel] - mean[lag, channel])
            z[t, unit] = total
        if np.isnan(y[max(0, t - filters.shape[1] + 1) : t + 1]).any():
            z[t] = np.nan
    return z


def naive_outputs(z, modes):
    columns = []
    for unit, mode in enumerate(modes):
        positive = np.where(np.isnan(z[:, unit]), np.nan, np.where(z[:, unit] > 0, z[:, unit], 0.0))
        negative = np.where(np.isnan(z[:, unit]), np.nan, np.where(z[:, unit] < 0, -z[:, unit], 0.0))
        columns += {"none": [z[:, unit]], "on": [positive], "off": [negative], "split": [positive, negative]}[
            mode
        ]
    return np.column_stack(columns)


@settings(derandomize=True, deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.integers(1, 3),
    memory=st.integers(1, 7),
    horizon=st.integers(1, 3),
    center=st.booleans(),
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    holes=st.lists(st.integers(0, 39), max_size=3),
    modes=st.lists(st.sampled_from(["none", "on", "off", "split"]), min_size=1, max_size=3)
    | st.lists(st.sampled_from(["none", "split"]), min_size=1, max_size=3),
    objective=st.sampled_from(["cca", "rrr", "pca"]),
)
def test_outputs_sample_by_sample(seed, channels, memory, horizon, center, lengths, holes, modes, objective):
    modes = modes[: channels * min(memory, horizon)]
    unit = lamina.ReSU(memory, horizon, len(modes), center=center, rectify=modes, objective=objective).fit(
        signal(seed, 200, channels)
    )
    trials = [signal(seed + 1 + i, length, channels) for i, length in enumerate(lengths)]
    for hole in holes:
        trials[hole % len(trials)][hole % lengths[hole % len(trials)], hole % channels] = np.nan
    kept = [trial.copy() for trial in trials]
    answers = unit.transform(trials), unit.predict(trials)
    for trial, copy, outputs, forecast in zip(trials, kept, *answers, strict=True):
        z = naive_units(trial, unit.filters_, unit.past_mean_)
        np.testing.assert_allclose(outputs, naive_outputs(z, modes), rtol=0, atol=1e-9)
        expected = np.full((len(trial), horizon * channels), np.nan)
        for t in range(len(trial)):
            if not np.isnan(z[t, 0]):
                expected[t] = unit.future_mean_.ravel() + unit.forecast_ @ z[t]
        np.testing.assert_allclose(forecast, expected.reshape(-1, horizon, channels), rtol=0, atol=1e-9)
        np.testing.assert_array_equal(trial, copy)
    if not {"on", "off"} & set(modes):
        for outputs, trial in zip(answers[0], trials, strict=True):
            z = naive_units(trial, unit.filters_, unit.past_mean_)
            expected = unit.past_mean_.ravel() + z @ unit.reconstruction_.T
            np.testing.assert_allclose(
                unit.inverse_transform(outputs), expected.reshape(-1, memory, channels), rtol=0, atol=1e-9
            )


@pytest.mark.parametrize(("memory", "channels", "units"), [(90, 1, 1), (130, 3, 2), (300, 1, 4)])
def test_long_memories_go_another_way_to_the_same_numbers(memory, channels, units):
    unit = lamina.ReSU(memory, 5, units, ridge=1e-3).fit(signal(3, 2000, channels))
    y = signal(4, 700, channels)
    y[[0, 350, 699], 0] = np.nan
    found = unit.transform(y)
    z = np.full((700, units), np.nan)
    for t in range(700):
        window = y[max(0, t - memory + 1) : t + 1][::-1]
        if not np.isnan(window).any():
            z[t] = np.tensordot(unit.filters_[:, : len(window)], window - unit.past_mean_[: len(window)], 2)
    assert np.isfinite(z).any()
    # through Fourier transforms rounding is relative to the largest value around
    np.testing.assert_allclose(found, z, rtol=0, atol=1e-11 * np.abs(unit.filters_).sum())


@pytest.mark.parametrize("gap", [1, 3])
def test_a_forecast_is_for_the_sample_that_it_names(gap):
    # a recording that repeats itself after 7 samples is foretold without error, if no index is off by one
    y = np.tile(np.random.default_rng(5).standard_normal((7, 1)), (40, 1))
    with pytest.warns(lamina.errors.LaminaWarning):
        unit = lamina.ReSU(6, 4, 4, gap=gap).fit(y)
    found = unit.predict(y)
    for t in range(unit.valid_from_, len(y) - gap - 4):
        for j in range(4):
            np.testing.assert_allclose(found[t, j], y[t + gap + j], rtol=0, atol=1e-6)
    past = unit.inverse_transform(unit.transform(y))
    assert past.shape == (280, 6, 1)


def test_a_reconstruction_is_of_the_lag_that_it_names():
    # at full rank nothing of the past is lost
    y = signal(6, 200, 2)
    unit = lamina.ReSU(3, 4, 6).fit(y)
    past = unit.inverse_transform(unit.transform(y))
    for t in range(2, 200):
        for lag in range(3):
            np.testing.assert_allclose(past[t, lag], y[t - lag], rtol=0, atol=1e-9)


@pytest.mark.parametrize("future_channels", [1, 3])
def test_from_one_recording_to_another_with_gaps_in_both(future_channels):
    y, response = signal(7, 300, 2), signal(8, 300, future_channels)
    response[2:, 0] += y[:-2, 0]
    y[50, 1] = response[100, 0] = np.nan
    unit = lamina.ReSU(3, 2, 2, gap=1).fit(y, future_of=response)
    times = [
        t
        for t in range(2, 300 - 2)
        if not (np.isnan(y[t - 2 : t + 3]).any() or np.isnan(response[t - 2 : t + 3]).any())
    ]
    past = np.array([y[t - 2 : t + 1][::-1].ravel() for t in times])
    future = np.array([response[t + 1 : t + 3].ravel() for t in times])
    assert unit.n_windows_ == len(times)
    np.testing.assert_allclose(unit.past_mean_.ravel(), past.mean(axis=0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(unit.future_mean_.ravel(), future.mean(axis=0), rtol=0, atol=1e-12)
    z = naive_units(y, unit.filters_, unit.past_mean_)
    np.testing.assert_allclose(np.cov(z[times], rowvar=False), np.eye(2), rtol=0, atol=1e-10)
    design = np.column_stack([np.ones(len(times)), z[times]])
    expected = design @ np.linalg.lstsq(design, future, rcond=None)[0]
    found = unit.predict(y)
    assert found.shape == (300, 2, future_channels)
    np.testing.assert_allclose(found[times].reshape(len(times), -1), expected, rtol=0, atol=1e-9)
    # the response's gap is no gap of the past
    assert np.isnan(found[50:53]).all()
    assert np.isfinite(found[98:105]).all()
