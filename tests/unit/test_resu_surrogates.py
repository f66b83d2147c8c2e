"""Surrogates pair whole windows anew: the same products as from lag vectors that are built and permuted."""

import numpy as np
import pytest

from lamina.resu.lagged_products import paired_scatter
from lamina.resu.surrogates import circular_scatters, shuffled_scatters, window_rows

# memory, horizon, gap, channels, channels of the partner
SHAPES = [(5, 4, 1, 1, None), (3, 5, 2, 2, None), (4, 3, 3, 3, 1), (1, 1, 1, 1, None), (1, 6, 1, 3, 2)]


def vectors(trial, memory, horizon, gap, partner=None):
    """Pasts and futures of all whole windows of a trial, and the sample that each window starts with."""
    split = trial.shape[1] - (partner or 0)
    pasts, futures, at = [], [], []
    for t in range(memory - 1, len(trial) - gap - horizon + 1):
        if np.isnan(trial[t - memory + 1 : t + gap + horizon]).any():
            continue
        pasts.append(np.ravel([trial[t - lag, :split] for lag in range(memory)]))
        ahead = [trial[t + gap + step] for step in range(horizon)]
        futures.append(np.ravel([y if partner is None else y[split:] for y in ahead]))
        at.append(t - memory + 1)
    return np.array(pasts), np.array(futures), at


def means(rows, pasts, futures):
    return (
        pasts.mean(axis=0).reshape(rows.memory, -1) - rows.past_origin,
        futures.mean(axis=0).reshape(rows.horizon, -1) - rows.future_origin,
    )


def signal(channels, time=70, seed=0):
    return 50.0 + np.random.default_rng(seed).standard_normal((time, channels))


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(("memory", "horizon", "gap", "channels", "partner"), SHAPES)
def test_a_circular_shift_of_the_rows_is_a_circular_shift_of_the_lag_vectors(
    memory, horizon, gap, channels, partner, gaps
):
    y = signal(channels)
    if gaps:
        y[[2, 31], [0, channels - 1]] = np.nan
    pasts, futures, _ = vectors(y, memory, horizon, gap, partner)
    shifts = np.array([1, 2, 17, len(pasts) - 1])
    rows = window_rows([y], memory, horizon, gap, future_channels=partner)
    assert rows.total == len(pasts)
    found = list(circular_scatters(rows, shifts, *means(rows, pasts, futures)))
    for shift, scatter in zip(shifts, found, strict=True):
        expected = np.roll(futures - futures.mean(0), -shift, axis=0).T @ (pasts - pasts.mean(0))
        np.testing.assert_allclose(scatter, expected, rtol=1e-9, atol=1e-9)


def test_moments_about_zero_keep_the_level():
    y = signal(2)
    pasts, futures, _ = vectors(y, 3, 2, 1)
    rows = window_rows([y], 3, 2, 1, center=False)
    (scatter,) = circular_scatters(rows, np.array([9]), np.zeros((3, 2)), np.zeros((2, 2)))
    np.testing.assert_allclose(scatter, np.roll(futures, -9, axis=0).T @ pasts, rtol=1e-12)


def test_trials_are_one_ring_when_they_are_shifted():
    trials = [signal(1, time, seed=time) for time in (20, 4, 33)]  # the second is shorter than a window
    both = [vectors(trial, 3, 2, 1)[:2] for trial in trials if len(trial) > 5]
    pasts, futures = (np.concatenate(parts) for parts in zip(*both, strict=True))
    rows = window_rows(trials, 3, 2, 1)
    (scatter,) = circular_scatters(rows, np.array([11]), *means(rows, pasts, futures))
    expected = np.roll(futures - futures.mean(0), -11, axis=0).T @ (pasts - pasts.mean(0))
    np.testing.assert_allclose(scatter, expected, rtol=1e-9, atol=1e-9)


class Fixed:
    """A generator that draws the permutations it is given."""

    def __init__(self, *orders):
        self.orders = list(orders)

    def permutation(self, n):
        return np.array(self.orders.pop(0))


@pytest.mark.parametrize("gaps", [False, True])
def test_shuffled_trials_meet_at_the_same_time_and_are_cut_to_the_shorter(gaps):
    trials = [signal(2, time, seed=time) for time in (30, 22, 41)]
    if gaps:
        trials[0][[0, 14]] = np.nan
        trials[2][9, 1] = np.nan
    parts = [vectors(trial, 3, 2, 2) for trial in trials]
    pasts, futures = (np.concatenate([part[which] for part in parts]) for which in (0, 1))
    rows = window_rows(trials, 3, 2, 2)
    # the first order leaves a trial in its place, and is drawn again
    (found,) = shuffled_scatters(rows, 1, *means(rows, pasts, futures), Fixed([0, 2, 1], [2, 0, 1]))
    expected, pairs = np.zeros((4, 6)), 0
    for own, other in enumerate([2, 0, 1]):
        for when in set(parts[own][2]) & set(parts[other][2]):
            past = parts[own][0][parts[own][2].index(when)] - pasts.mean(0)
            future = parts[other][1][parts[other][2].index(when)] - futures.mean(0)
            expected += np.outer(future, past)
            pairs += 1
    assert found[1] == pairs
    np.testing.assert_allclose(found[0], expected, rtol=1e-9, atol=1e-9)


def test_the_share_of_rows_with_a_partner_is_that_of_a_random_other_trial():
    trials = [signal(1, time, seed=time) for time in (10, 16, 22)]
    rows = window_rows(trials, 2, 1, 1)  # 8, 14 and 20 rows
    pairs = [min(a, b) for i, a in enumerate((8, 14, 20)) for j, b in enumerate((8, 14, 20)) if i != j]
    assert rows.shared() == pytest.approx(sum(pairs) / 2 / 42)


def test_long_pieces_and_many_short_ones_give_what_a_loop_gives():
    from lamina.resu.lagged_products import Pieces

    rng = np.random.default_rng(1)
    x, z = rng.standard_normal((3000, 2)), rng.standard_normal((3000, 1))
    counts = np.array([1, 7, 32, 33, 64, 1500])
    own, other = np.array([0, 50, 400, 9, 77, 1100]), np.array([5, 2, 2900, 600, 800, 1490])
    mu_p, mu_f = rng.standard_normal((6, 2)), rng.standard_normal((4, 1))
    expected = np.zeros((4, 12))
    for a, b, n in zip(own, other, counts, strict=True):
        for k in range(n):
            past = x[a + k : a + k + 6][::-1] - mu_p
            expected += np.outer(z[b + k : b + k + 4] - mu_f, past.reshape(-1))
    scatter = paired_scatter(x, z, Pieces(own, other, counts), mu_p, mu_f)
    np.testing.assert_allclose(scatter, expected, rtol=1e-9, atol=1e-9)
