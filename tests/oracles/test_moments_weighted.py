"""Moments against explicit windows in extended precision where several things come together.

Gaps, trials and their weights, forgetting, channels of all sizes, offsets of a million deviations, float32
and integers, windows as long as the trial, past and future from different channels. `test_moments_precision`
asks the same of each kind of signal alone.
"""

import fractions

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina.stats import LagMoments

EXTENDED = np.finfo(np.longdouble).nmant > 52
SOME = settings(derandomize=True, deadline=None, max_examples=70, suppress_health_check=list(HealthCheck))


def to_exact(values):
    """Long double, or fractions where that is only float64."""
    if EXTENDED:
        return np.asarray(values, dtype=np.longdouble)
    exact = np.vectorize(fractions.Fraction, otypes=[object])
    return exact(np.asarray(values, dtype=np.float64))


ALL = slice(None)


def explicit(
    trials, memory, horizon, gap, center=True, half_life=None, trial_weights=None, past=ALL, future=ALL
):
    """Weighted means and second moments of all windows, each copied out of its trial."""
    rows, columns, ends, counts, received = [], [], [], [], 0
    for number, y in enumerate(trials):
        for t in range(memory - 1, len(y) - gap - horizon + 1):
            if not np.isnan(np.asarray(y[t - memory + 1 : t + gap + horizon], dtype=float)).any():
                rows.append(y[t - memory + 1 : t + 1, past][::-1].ravel())
                columns.append(y[t + gap : t + gap + horizon, future].ravel())
                ends.append(received + t + gap + horizon)
                counts.append(1.0 if trial_weights is None else trial_weights[number])
        received += len(y)
    p, f = to_exact(np.array(rows)), to_exact(np.array(columns))
    ages = (received - np.array(ends)).astype(float)
    weights = to_exact(np.array(counts) * (1.0 if half_life is None else np.exp2(-ages / half_life)))
    total = weights.sum()
    mean_p, mean_f = weights @ p / total, weights @ f / total
    if center:
        p, f = p - mean_p, f - mean_f
        norm = total - (weights * weights).sum() / total
    else:
        norm, mean_p, mean_f = total, 0 * mean_p, 0 * mean_f
    weighted = weights[:, None] * p
    moments = weighted.T @ p / norm, (weights[:, None] * f).T @ f / norm, f.T @ weighted / norm
    return [np.asarray(m, dtype=np.longdouble) for m in (*moments, mean_p, mean_f)], len(rows)


def assert_exact(covariances, expected, bound=1e-10):
    for name, theirs in zip(("past", "future", "cross", "past_mean", "future_mean"), expected, strict=True):
        ours, size = getattr(covariances, name), np.linalg.norm(theirs.astype(float))
        assert ours.shape == theirs.shape
        assert np.linalg.norm((ours - theirs).astype(float)) <= bound * size, name


def gathered(trials, memory, horizon, gap, chunks=None, weights=None, **parameters):
    moments = LagMoments(memory, horizon, gap, trials[0].shape[1], **parameters)
    for number, trial in enumerate(trials):
        weight = 1.0 if weights is None else float(weights[number])
        for piece in np.split(trial, [cut for cut in chunks or [] if cut < len(trial)]):
            moments.update(piece, weight=weight)
            if chunks:
                moments.state()  # what came so far is added up, and fades when more comes
        moments.end_trial()
    return moments


@SOME
@given(
    seed=st.integers(0, 2**32 - 1),
    memory=st.integers(1, 9),
    horizon=st.integers(1, 9),
    gap=st.integers(1, 5),
    channels=st.sampled_from([1, 1, 2, 3, 7]),
    windows=st.lists(st.sampled_from([-3, 1, 2, 3, 20, 150]), min_size=1, max_size=4),
    gaps=st.integers(0, 3),
    offset=st.sampled_from([0.0, 1.0, 1e6]),
    spread=st.sampled_from([0, 4]),
    kind=st.sampled_from(["noise", "walk", "float32", "int16"]),
    half_life=st.sampled_from([None, None, 3.0, 40.0, 1e4]),
    weighted=st.booleans(),
    center=st.booleans(),
    chunks=st.lists(st.integers(1, 160), max_size=4, unique=True),
)
def test_everything_at_once(
    seed,
    memory,
    horizon,
    gap,
    channels,
    windows,
    gaps,
    offset,
    spread,
    kind,
    half_life,
    weighted,
    center,
    chunks,
):
    rng = np.random.default_rng(seed)
    length = memory + gap + horizon - 1
    trials = []
    for count in [*windows, 40]:  # the last holds windows enough for any draw
        y = rng.standard_normal((max(1, count + length - 1), channels))
        y = y.cumsum(axis=0) if kind == "walk" else y
        y = y * 10.0 ** np.linspace(-spread, spread, channels)
        y = y + offset * np.abs(y).mean(axis=0)
        if kind == "int16":
            y = np.clip(np.round(1000 * y), -32768, 32767).astype(np.int16)
            y[:3] += np.arange(3, dtype=np.int16)[
                : len(y), None
            ]  # clipped or rounded off, all would be equal
        else:
            y = y.astype(np.float32 if kind == "float32" else np.float64)
            if count >= 20:
                y[rng.integers(0, len(y), gaps), rng.integers(0, channels, gaps)] = np.nan
        trials.append(y)
    weights = rng.choice([0.3, 1.0, 2.5, 40.0], len(trials)) if weighted else np.ones(len(trials))
    expected, count = explicit(trials, memory, horizon, gap, center, half_life, weights)
    moments = gathered(trials, memory, horizon, gap, sorted(chunks), weights, half_life=half_life)
    assert moments.n_windows == count
    assert_exact(moments.covariances(center), expected)


@pytest.mark.parametrize("half_life", [None, 60.0])
def test_past_and_future_from_different_channels(half_life):
    rng = np.random.default_rng(1)
    y = rng.standard_normal((300, 5)).cumsum(axis=0) * [1e-6, 1, 1e6, 1, 1] + 1e4
    y[100, 3] = np.nan
    moments = gathered([y, y[:50]], 7, 4, 2, half_life=half_life)
    chosen = {"past_channels": [0, 2], "future_channels": [4, 1, 3]}
    for center in (True, False):
        expected, _ = explicit(
            [y, y[:50]],
            7,
            4,
            2,
            center,
            half_life,
            past=chosen["past_channels"],
            future=chosen["future_channels"],
        )
        assert_exact(moments.covariances(center, **chosen), expected)


@pytest.mark.parametrize("samples", [16, 17, 30, 32, 34, 400])
@pytest.mark.parametrize("channels", [1, 2, 9])
def test_windows_about_as_long_as_the_trial(samples, channels):
    # two windows, three, and either side of twice the window, where another algorithm takes over
    rng = np.random.default_rng(samples)
    y = (1e6 + rng.standard_normal((samples, channels))).astype(np.float32)
    expected, _ = explicit([y], 8, 7, 1)
    assert_exact(gathered([y], 8, 7, 1).covariances(), expected)


def test_merging_any_way_costs_no_digits():
    rng = np.random.default_rng(2)
    trials = [1e9 + rng.standard_normal((n, 2)).cumsum(axis=0) for n in (40, 300, 25, 90)]
    parts = [gathered([trial], 6, 5, 1) for trial in trials]
    expected, _ = explicit(trials, 6, 5, 1)
    left = gathered([trials[0]], 6, 5, 1).merge(parts[1]).merge(parts[2]).merge(parts[3])
    right = parts[0].merge(gathered([trials[1]], 6, 5, 1).merge(parts[2].merge(parts[3])))
    for merged in (left, right):
        assert_exact(merged.covariances(), expected)
