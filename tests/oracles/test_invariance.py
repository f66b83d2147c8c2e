"""What must not matter does not: bases, units, offsets, the direction of time, where windows come from."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamina

FEW = settings(derandomize=True, deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


def signal(seed, samples=600, channels=2):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((samples, channels))
    memory = np.linspace(0.4, 0.9, channels)
    for t in range(2, samples):
        y[t] += memory * y[t - 1] - 0.3 * y[t - 2] + 0.2 * y[t - 2][::-1]
    return y @ rng.standard_normal((channels, channels)) + 0.5 * rng.standard_normal((samples, channels))


def assert_same_outputs(found, expected, atol=1e-7):
    """Compare units of unit variance that may be the negative of one another."""
    signs = np.sign(np.nansum(found * expected, axis=0))
    np.testing.assert_allclose(found * signs, expected, rtol=0, atol=atol)


@FEW
@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.integers(1, 5),
    gap=st.integers(1, 3),
    stretch=st.lists(st.floats(-6, 6), min_size=5, max_size=5),
    offset=st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=5),
    mix=st.booleans(),
)
def test_an_invertible_map_of_the_channels(seed, channels, gap, stretch, offset, mix):
    rng = np.random.default_rng(seed)
    y = signal(seed, channels=channels)
    mixing = np.eye(channels)
    if mix:
        # a rotation, axes of different length up to 1:30, another rotation
        left, right = (np.linalg.qr(rng.standard_normal((channels, channels)))[0] for _ in range(2))
        mixing = left @ np.diag(rng.uniform(1, 30, channels)) @ right
    mixed = (y @ mixing + np.array(offset[:channels])) * 10.0 ** np.array(stretch[:channels])
    units = min(3, 2 * channels)
    one = lamina.ReSU(4, 2, units, gap=gap).fit(y)
    other = lamina.ReSU(4, 2, units, gap=gap).fit(mixed)
    np.testing.assert_allclose(other.canonical_correlations_, one.canonical_correlations_, rtol=0, atol=1e-9)
    np.testing.assert_allclose(other.predictive_information_, one.predictive_information_, rtol=1e-8)
    np.testing.assert_allclose(other.score(mixed), one.score(y), rtol=1e-8)
    clear = np.append(np.diff(one.canonical_correlations_) < -1e-3, True)
    clear &= np.append(True, np.diff(one.canonical_correlations_) < -1e-3)
    assert_same_outputs(other.transform(mixed)[:, clear], one.transform(y)[:, clear], atol=1e-5)
    # forecasts go through the same map; all the same for rectified and for half-forgotten units
    forecast = one.predict(y) @ mixing + np.array(offset[:channels])
    forecast = forecast * 10.0 ** np.array(stretch[:channels])
    scales = 1e-6 * mixed.std(axis=0)
    if clear.all():
        assert (np.abs(other.predict(mixed) - forecast) <= scales).all()


def test_a_map_of_the_future_alone():
    rng = np.random.default_rng(1)
    y, response = signal(1), signal(2, channels=3) + np.roll(signal(1)[:, :1], 2, axis=0)
    one = lamina.ReSU(3, 2, 3).fit(y, future_of=response)
    mixing = rng.standard_normal((3, 3))
    other = lamina.ReSU(3, 2, 3).fit(y, future_of=1e4 * response @ mixing - 7.0)
    np.testing.assert_allclose(other.filters_, one.filters_, rtol=0, atol=1e-8)
    np.testing.assert_allclose(other.canonical_correlations_, one.canonical_correlations_, rtol=1e-9)


@pytest.mark.parametrize("objective", ["rrr", "pca"])
def test_the_relatives_of_cca_do_depend_on_the_units_of_a_channel(objective):
    y = signal(3)
    one = lamina.ReSU(4, 2, 1, objective=objective).fit(y)
    other = lamina.ReSU(4, 2, 1, objective=objective).fit(y * [1.0, 100.0])
    z, scaled = one.transform(y)[:, 0], other.transform(y * [1.0, 100.0])[:, 0]
    assert abs(np.corrcoef(z, scaled)[0, 1]) < 0.999
    # but not on a rotation of all channels and one common unit
    turned = y @ np.array([[0.6, 0.8], [-0.8, 0.6]]) * 1e3
    rotated = lamina.ReSU(4, 2, 1, objective=objective).fit(turned).transform(turned)[:, 0]
    assert abs(np.corrcoef(z, rotated)[0, 1]) > 1 - 1e-9


@FEW
@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.integers(1, 4),
    memory=st.integers(1, 5),
    horizon=st.integers(1, 5),
    gap=st.integers(1, 4),
    center=st.booleans(),
    hole=st.none() | st.integers(0, 299),
)
def test_backwards_in_time_past_and_future_change_places(seed, channels, memory, horizon, gap, center, hole):
    y = signal(seed, 300, channels) + 0.3
    if hole is not None:
        y[hole, hole % channels] = np.nan
    units = min(memory, horizon) * channels
    forwards = lamina.ReSU(memory, horizon, units, gap=gap, center=center).fit(y)
    backwards = lamina.ReSU(horizon, memory, units, gap=gap, center=center).fit(y[::-1])
    sigma = forwards.canonical_correlations_
    assert backwards.n_windows_ == forwards.n_windows_
    np.testing.assert_allclose(backwards.canonical_correlations_, sigma, rtol=0, atol=1e-9)
    for i in range(units):
        if min(np.abs(np.delete(sigma, i) - sigma[i]), default=1.0) > 1e-2 and sigma[i] > 1e-2:
            sign = np.sign((backwards.filters_[i] * forwards.future_filters_[i]).sum())
            # nearest first is newest first, seen from the other side
            size = np.abs(forwards.future_filters_[i]).max()
            np.testing.assert_allclose(
                sign * backwards.filters_[i], forwards.future_filters_[i], rtol=0, atol=1e-7 * size
            )


@pytest.mark.parametrize(("memory", "horizon", "gap"), [(3, 2, 4), (1, 5, 2), (4, 1, 7)])
def test_a_gap_is_a_partner_that_is_ahead(memory, horizon, gap):
    y, units = signal(4), 2
    ahead = gap - 1
    one = lamina.ReSU(memory, horizon, units, gap=gap).fit(y)
    other = lamina.ReSU(memory, horizon, units).fit(y[: len(y) - ahead], future_of=y[ahead:])
    assert other.n_windows_ == one.n_windows_
    np.testing.assert_allclose(other.filters_, one.filters_, rtol=0, atol=1e-9)
    np.testing.assert_allclose(other.future_filters_, one.future_filters_, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("memory", "horizon", "gap"), [(5, 3, 1), (3, 4, 2)])
def test_lags_are_channels_of_an_embedded_recording(memory, horizon, gap):
    # a memory and a horizon of one sample need no displacement identity at all
    y = signal(5, channels=2)
    times = range(memory - 1, len(y) - gap - horizon + 1)
    past = np.array([y[t - memory + 1 : t + 1][::-1].ravel() for t in times])
    future = np.array([y[t + gap : t + gap + horizon].ravel() for t in times])
    units = 2 * min(memory, horizon)
    by_lags = lamina.ReSU(memory, horizon, units, gap=gap).fit(y)
    # one sample later, the future stands where a gap of one finds it; what fills the ends is in no window
    embedded, ahead = np.vstack([past, past[:1]]), np.vstack([future[:1], future])
    by_channels = lamina.ReSU(1, 1, units).fit(embedded, future_of=ahead)
    assert by_channels.n_windows_ == by_lags.n_windows_
    for name, atol in (
        ("canonical_correlations_", 1e-10),
        ("filters_", 1e-7),
        ("future_filters_", 1e-7),
        ("past_mean_", 1e-12),
        ("forecast_", 1e-8),
        ("reconstruction_", 1e-8),
    ):
        found, expected = getattr(by_channels, name), getattr(by_lags, name)
        np.testing.assert_allclose(found.ravel(), expected.ravel(), rtol=0, atol=atol)


@pytest.mark.parametrize("which", ["memory", "horizon"])
def test_more_lags_never_lower_a_correlation_on_the_same_windows(which):
    y = signal(6, 400, 2)
    previous = np.zeros(4)
    for lags in range(2, 9):
        # starting later, or ending earlier, leaves the same windows to a shorter memory or horizon
        if which == "memory":
            unit = lamina.ReSU(lags, 2, 4).fit(y[8 - lags :])
        else:
            unit = lamina.ReSU(2, lags, 4).fit(y[: len(y) - (8 - lags)])
        assert unit.n_windows_ == 400 - 9
        assert (unit.canonical_correlations_ >= previous - 1e-12).all()
        assert (unit.canonical_correlations_ > previous + 1e-9).any()
        previous = unit.canonical_correlations_


@FEW
@given(
    seed=st.integers(0, 2**32 - 1),
    memory=st.integers(1, 5),
    horizon=st.integers(1, 4),
    gap=st.integers(1, 3),
    cuts=st.lists(st.integers(20, 280), min_size=1, max_size=4, unique=True),
    order=st.randoms(use_true_random=False),
)
def test_trials_that_overlap_by_a_window_less_one_hold_the_same_windows(
    seed, memory, horizon, gap, cuts, order
):
    y = signal(seed, 300, 2)
    length = memory + gap + horizon - 1
    bounds = [0, *sorted(cuts), 300 - length + 1]
    trials = [y[a : b + length - 1] for a, b in itertools.pairwise(bounds) if b > a]
    order.shuffle(trials)
    whole = lamina.ReSU(memory, horizon, 2, gap=gap).fit(y)
    split = lamina.ReSU(memory, horizon, 2, gap=gap).fit(trials)
    if bounds[-1] >= bounds[-2]:
        assert split.n_windows_ == whole.n_windows_
        np.testing.assert_allclose(
            split.filters_, whole.filters_, rtol=0, atol=1e-8 * np.abs(whole.filters_).max()
        )
        np.testing.assert_allclose(split.past_mean_, whole.past_mean_, rtol=0, atol=1e-12)


def test_the_same_trial_twice_changes_no_correlation_and_no_uncentred_filter():
    y = signal(7)
    once = lamina.ReSU(4, 3, 3, center=False).fit(y)
    twice = lamina.ReSU(4, 3, 3, center=False).fit([y, y])
    np.testing.assert_allclose(twice.filters_, once.filters_, rtol=0, atol=1e-9)
    once, twice = lamina.ReSU(4, 3, 3).fit(y), lamina.ReSU(4, 3, 3).fit([y, y])
    np.testing.assert_allclose(twice.canonical_correlations_, once.canonical_correlations_, rtol=1e-10)
    # N - 1 of N, squared out: the covariance of twice as many windows is smaller by 2 (N - 1) / (2 N - 1)
    n = once.n_windows_
    np.testing.assert_allclose(
        twice.filters_, once.filters_ * np.sqrt((2 * n - 1) / (2 * (n - 1))), rtol=0, atol=1e-9
    )


def test_a_negated_recording_has_the_same_filters():
    y = signal(8)
    one, other = lamina.ReSU(4, 3, 3).fit(y), lamina.ReSU(4, 3, 3).fit(-y)
    np.testing.assert_allclose(other.filters_, one.filters_, rtol=0, atol=1e-10)
    # ON of one is OFF of the other
    split = {"rectify": "split"}
    z = lamina.ReSU(4, 3, 3, **split).fit(y).transform(y)
    negated = lamina.ReSU(4, 3, 3, **split).fit(-y).transform(-y)
    np.testing.assert_allclose(negated.reshape(-1, 3, 2)[..., ::-1], z.reshape(-1, 3, 2), rtol=0, atol=1e-9)


def test_the_order_of_channels_is_the_order_of_the_filters_columns():
    y = signal(9, channels=4)
    order = [2, 0, 3, 1]
    one, other = lamina.ReSU(3, 2, 4).fit(y), lamina.ReSU(3, 2, 4).fit(y[:, order])
    np.testing.assert_allclose(other.filters_, one.filters_[:, :, order], rtol=0, atol=1e-9)
    np.testing.assert_allclose(other.predict(y[:, order]), one.predict(y)[..., order], rtol=0, atol=1e-9)
