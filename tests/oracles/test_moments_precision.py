"""Moments against the explicit lag matrix in extended precision, on signals where digits are easily lost."""

import fractions

import numpy as np
import pytest

from lamina.stats import LagMoments

EXTENDED = np.finfo(np.longdouble).nmant > 52


def exact_moments(trials, memory, horizon, gap):
    """Centred moments of the lag matrix: in long double, or in fractions where that is only float64."""
    past, future = [], []
    for trial in trials:
        for t in range(memory - 1, len(trial) - gap - horizon + 1):
            past.append(trial[t - memory + 1 : t + 1][::-1].ravel())
            future.append(trial[t + gap : t + gap + horizon].ravel())
    past, future = np.array(past, dtype=np.float64), np.array(future, dtype=np.float64)
    if EXTENDED:
        past, future = past.astype(np.longdouble), future.astype(np.longdouble)
    else:
        to_fraction = np.vectorize(fractions.Fraction, otypes=[object])
        past, future = to_fraction(past), to_fraction(future)
    past, future = past - past.sum(axis=0) / len(past), future - future.sum(axis=0) / len(future)
    freedom = len(past) - 1
    moments = past.T @ past / freedom, future.T @ future / freedom, future.T @ past / freedom
    return [matrix.astype(np.longdouble) for matrix in moments]


def errors(trials, memory, horizon, gap, chunk=None):
    moments = LagMoments(memory, horizon, gap, trials[0].shape[1])
    for trial in trials:
        for start in range(0, len(trial), chunk or len(trial)):
            moments.update(trial[start : start + (chunk or len(trial))])
        moments.end_trial()
    found = moments.covariances()
    expected = exact_moments(trials, memory, horizon, gap)
    return [
        float(np.linalg.norm((a - b).astype(np.float64)) / np.linalg.norm(b.astype(np.float64)))
        for a, b in zip((found.past, found.future, found.cross), expected, strict=True)
    ]


def noise(rng, length, channels):
    return rng.standard_normal((length, channels))


def walk(rng, length, channels):
    return rng.standard_normal((length, channels)).cumsum(axis=0)


def ramp(rng, length, channels):
    return np.arange(length)[:, None] * rng.standard_normal(channels)


def slow_sine(rng, length, channels):
    return np.sin(np.arange(length)[:, None] / 3000 + rng.standard_normal(channels))


def burst_at_the_start(rng, length, channels):
    signal = rng.standard_normal((length, channels))
    signal[:3] += 1e7
    return signal


def burst_at_the_end(rng, length, channels):
    return burst_at_the_start(rng, length, channels)[::-1]


def badly_scaled(rng, length, channels):
    return rng.standard_normal((length, channels)) * 10.0 ** np.linspace(-8, 8, channels)


SIGNALS = [noise, walk, ramp, slow_sine, burst_at_the_start, burst_at_the_end, badly_scaled]
MEMORY, HORIZON, GAP = 12, 9, 3
WINDOW = MEMORY + GAP + HORIZON - 1


@pytest.mark.parametrize("make", SIGNALS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("offset", [0.0, 1e6], ids=["about zero", "offset"])
@pytest.mark.parametrize("windows", [2, 10, 33, 60, 400])
@pytest.mark.parametrize("channels", [1, 2])
def test_each_moment_is_exact_to_ten_digits(make, offset, windows, channels):
    signal = make(np.random.default_rng(windows), windows + WINDOW - 1, channels)
    signal = signal + offset * signal.std(axis=0)
    assert max(errors([signal], MEMORY, HORIZON, GAP)) <= 1e-10


@pytest.mark.parametrize("make", SIGNALS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("chunk", [1, 17])
def test_chunks_cost_no_digits(make, chunk, monkeypatch):
    monkeypatch.setattr("lamina.stats.pending._FEW", 2**9)
    monkeypatch.setattr("lamina.stats.pending._MANY", 2**10)
    signal = make(np.random.default_rng(0), 500, 2)
    signal = signal + 1e6 * signal.std(axis=0)
    assert max(errors([signal], MEMORY, HORIZON, GAP, chunk)) <= 1e-10


def test_float32_recordings_are_summed_in_float64():
    signal = (1e4 + np.random.default_rng(1).standard_normal((700, 2))).astype(np.float32)
    assert max(errors([signal], MEMORY, HORIZON, GAP)) <= 1e-10


def test_trials_of_all_lengths_together():
    rng = np.random.default_rng(2)
    trials = [
        1e6 + walk(rng, length, 1) for length in (WINDOW, WINDOW + 1, 30, 2 * WINDOW - 2, 2 * WINDOW - 1, 300)
    ]
    assert max(errors(trials, MEMORY, HORIZON, GAP)) <= 1e-10


def test_a_first_chunk_far_from_the_rest():
    rng = np.random.default_rng(3)
    signal = np.concatenate([1e6 + noise(rng, 40, 1), noise(rng, 2000, 1)])
    moments = LagMoments(MEMORY, HORIZON, GAP)
    moments.update(signal[:40]).covariances()
    found = moments.update(signal[40:]).covariances()
    expected = exact_moments([signal], MEMORY, HORIZON, GAP)
    for a, b in zip((found.past, found.future, found.cross), expected, strict=True):
        assert np.linalg.norm((a - b).astype(float)) <= 1e-10 * np.linalg.norm(b.astype(float))


def test_a_long_recording_with_a_long_window():
    signal = 1e6 + walk(np.random.default_rng(4), 3000, 1) * 1e-3
    assert max(errors([signal], 150, 120, 1)) <= 1e-10
