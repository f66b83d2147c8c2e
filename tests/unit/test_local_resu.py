"""The local rules against plain NumPy, step by step, and what `LocalReSU` promises around them."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from lamina import ReSU
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    ShapeError,
    ShortTrialWarning,
    StateError,
)
from lamina.resu.local import LocalReSU
from lamina.stats import LagMoments

RULES = ("asymmetric", "bio")


def recording(seed=0, time=600, channels=1):
    rng = np.random.default_rng(seed)
    y = np.zeros((time, channels))
    for t in range(2, time):
        y[t] = 1.5 * y[t - 1] - 0.75 * y[t - 2] + rng.standard_normal(channels)
    return y + 2.0 * rng.standard_normal(y.shape)


def naive(y, m, h, r, *, gap, rule, rate, power, averaging, tau=1.0, half_life=None, center=True, seed=0):
    """The equations of the two papers, one window after another, with whole matrices."""
    channels = y.shape[1]
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((r, m * channels)).T / np.sqrt(m * channels)
    V = rng.standard_normal((r, h * channels)).T / np.sqrt(h * channels)
    M = np.eye(r) if rule == "bio" else np.zeros((r, r))
    L, G = np.eye(r), np.eye(r)
    mean_W, mean_V = 0.0, 0.0
    size = max(m, h) * channels
    seen, standard, step = [], [], 0
    for sample in y:
        seen.append(sample)
        past_weights = running_weights(len(seen), half_life)
        mean = past_weights @ np.array(seen) if center else 0.0
        variance = past_weights @ (np.array(seen) - mean) ** 2
        with np.errstate(invalid="ignore", divide="ignore"):
            standard.append(np.where(variance > 0, (sample - mean) / np.sqrt(variance), 0.0))
        last = len(standard) - 1 - (gap + h - 1)
        if last < m - 1:
            continue
        x = np.concatenate([standard[last - lag] for lag in range(m)])
        f = np.concatenate([standard[last + gap + ahead] for ahead in range(h)])
        age = step
        if half_life is not None:
            age = min(step, 1 / (1 - 0.5 ** (1 / half_life)) - 1)
        eta = rate / size / (1 + age / (100 * size)) ** power
        eta *= min(1.0, 10 / max(np.mean(x**2), np.mean(f**2)))
        a, b = W.T @ x, V.T @ f
        if rule == "bio":
            z = np.linalg.inv(M) @ (a + b)
            W = W + 2 * eta * np.outer(x, z - a)
            V = V + 2 * eta * np.outer(f, z - b)
            M = M + eta / tau * (np.outer(z, z) - M)
        else:
            z = np.linalg.inv(np.eye(r) + M) @ (a + b)
            W = W + eta * np.outer(x, z - L @ a)
            V = V + eta * np.outer(f, z - G @ b)
            L = L + eta / 2 * (np.diag(a * a) - np.eye(r))
            G = G + eta / 2 * (np.diag(b * b) - np.eye(r))
            M = M + eta * np.tril(np.outer(z, z), -1)
        share = (averaging + 1) / (averaging + 1 + age)
        mean_W = (1 - share) * mean_W + share * W
        mean_V = (1 - share) * mean_V + share * V
        step += 1
    return W.T, V.T, M, np.diag(L), np.diag(G), mean_W.T, mean_V.T


def running_weights(count, half_life):
    """Weights of samples 1 … count in m_n = m_{n−1} + s_n (y_n − m_{n−1}), s_n = 1 / min(n, N)."""
    longest = np.inf if half_life is None else 1 / (1 - 0.5 ** (1 / half_life))
    weights = np.zeros(count)
    for n in range(1, count + 1):
        share = 1 / min(n, longest)
        weights[: n - 1] *= 1 - share
        weights[n - 1] = share
    return weights


CASES = [
    ("asymmetric", 1, {}),
    ("asymmetric", 2, {"gap": 3}),
    ("asymmetric", 1, {"half_life": 60.0}),
    ("asymmetric", 2, {"center": False}),
    ("bio", 1, {}),
    ("bio", 2, {"gap": 2, "tau": 0.5}),
]


@pytest.mark.parametrize(("rule", "channels", "other"), CASES)
def test_every_step_is_that_of_the_equations(rule, channels, other):
    other = {"gap": 1, **other}
    y = recording(3, 250, channels) + 2.0
    W, V, M, L, G, mean_W, mean_V = naive(y, 4, 3, 3, rule=rule, rate=0.1, power=0.5, averaging=2.0, **other)
    unit = LocalReSU(
        4,
        3,
        3,
        rule=rule,
        gap=other["gap"],
        learning_rate=0.1,
        averaging=2.0,
        lateral_time=other.get("tau", 1.0),
        half_life=other.get("half_life"),
        center=other.get("center", True),
    )
    unit.fit(y)
    assert unit.n_steps_ == 250 - (4 + 3 + other["gap"] - 1) + 1
    same = {"rtol": 1e-9, "atol": 1e-11}
    np.testing.assert_allclose(unit.past_weights_.reshape(3, -1), W, **same)
    np.testing.assert_allclose(unit.future_weights_.reshape(3, -1), V, **same)
    np.testing.assert_allclose(unit.lateral_, M, **same)
    np.testing.assert_allclose(unit.past_gains_, L, **same)
    np.testing.assert_allclose(unit.future_gains_, G, **same)
    np.testing.assert_allclose(unit.state_.average_past_weights, mean_W, **same)
    np.testing.assert_allclose(unit.state_.average_future_weights, mean_V, **same)


def test_windows_of_unusual_energy_get_smaller_steps():
    # the first loud windows have hundreds of times the usual energy
    y = recording(4, 300)
    y[:200] *= 1e-3
    W, *_ = naive(y, 3, 3, 1, gap=1, rule="asymmetric", rate=0.05, power=0.5, averaging=3.0)
    unit = LocalReSU(3, 3, 1).fit(y)
    np.testing.assert_allclose(unit.past_weights_.reshape(1, -1), W, rtol=1e-9)


def test_filters_are_the_averaged_weights_of_the_signal_as_it_is():
    y = recording(5, 400, 2) * np.array([3.0, 0.1]) + np.array([10.0, -4.0])
    unit = LocalReSU(4, 3, 2).fit(y)
    expected = unit.state_.average_past_weights.reshape(2, 4, 2) / y.std(axis=0)
    signs = np.sign([row.flat[np.argmax(np.abs(row))] for row in expected])[:, None, None]
    np.testing.assert_allclose(unit.filters_, signs * expected, rtol=1e-10)
    np.testing.assert_allclose(unit.past_mean_, np.tile(y.mean(axis=0), (4, 1)), rtol=1e-12)
    future = unit.state_.average_future_weights.reshape(2, 3, 2) / y.std(axis=0)
    np.testing.assert_allclose(unit.future_filters_, signs * future, rtol=1e-10)
    # outputs, spelled out for one sample
    z = np.tensordot(unit.filters_, y[100:96:-1] - y.mean(axis=0), 2)
    np.testing.assert_allclose(unit.transform(y)[100], z, rtol=1e-9)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("channels", [1, 2])
def test_chunks_of_any_size_are_the_same_to_the_last_bit(rule, channels):
    y = recording(6, 500, channels)
    y[200:203, 0] = np.nan
    whole = LocalReSU(4, 3, 2, rule=rule).fit(y)
    rng = np.random.default_rng(0)
    for cuts in (range(1, 500), np.sort(rng.choice(500, 20, replace=False)), [250]):
        unit = LocalReSU(4, 3, 2, rule=rule)
        for chunk in np.split(y, cuts):
            unit.partial_fit(chunk)
        for name, array in whole.state_.arrays().items():
            if name not in ("tail", "counts"):
                np.testing.assert_array_equal(getattr(unit.state_, name), array)
        assert unit.n_steps_ == whole.n_steps_


def test_recordings_longer_than_a_block_are_the_same(monkeypatch):
    y = recording(6, 500)
    whole = LocalReSU(4, 3, 2).fit(y)
    monkeypatch.setattr("lamina.resu.local_state._BLOCK", 7)
    np.testing.assert_array_equal(LocalReSU(4, 3, 2).fit(y).filters_, whole.filters_)


def test_gaps_and_ends_of_trials_are_not_crossed():
    y = recording(7, 90)
    y[40] = np.nan
    gapped = LocalReSU(4, 3, 1).fit(y)
    assert gapped.n_steps_ == (40 - 6) + (49 - 6)
    trials = LocalReSU(4, 3, 1).fit([y[:40], y[41:]])
    np.testing.assert_array_equal(gapped.filters_, trials.filters_)
    chunked = LocalReSU(4, 3, 1).partial_fit(y[:40]).end_trial().partial_fit(y[41:])
    np.testing.assert_array_equal(chunked.filters_, trials.filters_)
    listed = LocalReSU(4, 3, 1).partial_fit([y[:40], y[41:]])
    np.testing.assert_array_equal(listed.filters_, trials.filters_)
    joined = LocalReSU(4, 3, 1).partial_fit(y[:40]).partial_fit(y[41:])
    assert joined.n_steps_ == 89 - 6
    # where one channel is missing, the sample is
    two = recording(7, 90, 2)
    two[40, 1] = np.nan
    assert LocalReSU(4, 3, 1).fit(two).n_steps_ == (40 - 6) + (49 - 6)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_units_of_measurement_and_offsets_play_no_part(rule, scale):
    y = recording(8, 2000)
    unit = LocalReSU(5, 5, 2, rule=rule).fit(y)
    scaled = LocalReSU(5, 5, 2, rule=rule).fit(y * scale + 1e5 * scale)
    np.testing.assert_allclose(scaled.filters_ * scale, unit.filters_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(
        scaled.transform(y * scale + 1e5 * scale), unit.transform(y), rtol=1e-6, atol=1e-7
    )
    np.testing.assert_allclose(scaled.canonical_correlations_, unit.canonical_correlations_, rtol=1e-7)


@pytest.mark.parametrize("rule", RULES)
def test_it_ends_at_batch_cca(rule):
    y = recording(9, 100_000)
    unit, batch = LocalReSU(5, 5, 2, rule=rule).fit(y), ReSU(5, 5, 2).fit(y)
    ours, theirs = unit.transform(y)[10:], batch.transform(y)[10:]
    ours = ours @ unit.rotation_.T
    basis, _ = np.linalg.qr(ours - ours.mean(axis=0))
    other, _ = np.linalg.qr(theirs - theirs.mean(axis=0))
    assert np.linalg.svd(basis.T @ other, compute_uv=False).min() > 0.995
    for index in range(2):
        assert abs(np.corrcoef(ours[:, index], theirs[:, index])[0, 1]) > 0.995
    np.testing.assert_allclose(unit.canonical_correlations_, batch.canonical_correlations_, atol=0.02)
    # the average of weights that fluctuate is a little shorter than they are
    assert ((ours.std(axis=0) > 0.85) & (ours.std(axis=0) < 1.03)).all()
    assert 0.98 * batch.score(y) < unit.score(y) <= batch.score(y) + 1e-9


def test_without_centring_it_ends_at_uncentred_cca():
    # a mean as large as half of a deviation is no small part of the first direction
    y = recording(8, 60_000) + 2.0
    local = LocalReSU(3, 3, 2, center=False, passes=3).fit(y)
    batch, centred = (ReSU(3, 3, 2, center=center).fit(y) for center in (False, True))
    assert not local.past_mean_.any()
    ours, theirs, others = (unit.filters_.reshape(2, -1) for unit in (local, batch, centred))
    moments = np.asarray(batch.moments_.covariances(center=False).past)

    def agreement(one, other):
        across = np.einsum("ui,ij,uj->u", one, moments, other)
        return np.abs(across) / np.sqrt(
            np.einsum("ui,ij,uj->u", one, moments, one) * np.einsum("ui,ij,uj->u", other, moments, other)
        )

    assert agreement(ours, theirs).min() > 0.99
    assert agreement(ours, others).min() < 0.97


def test_centring_cannot_change_while_learning():
    unit = LocalReSU(2, 2, 1, center=False).partial_fit(recording(1, 50))
    with pytest.raises(StateError, match="center"):
        unit.set_params(center=True).partial_fit(recording(1, 50))


def test_only_asymmetric_cca_finds_single_directions():
    y = recording(9, 100_000)
    batch = ReSU(5, 5, 2).fit(y).transform(y)[:, 0]

    def first(rule, seed):
        outputs = LocalReSU(5, 5, 2, rule=rule, seed=seed).fit(y).transform(y)
        return abs(np.corrcoef(outputs[:, 0], batch)[0, 1])

    correlations = {rule: [first(rule, seed) for seed in range(4)] for rule in RULES}
    assert min(correlations["asymmetric"]) > 0.99
    assert min(correlations["bio"]) < 0.9


def test_white_noise_promises_nothing():
    y = np.random.default_rng(0).standard_normal(60_000)
    for rule in RULES:
        assert LocalReSU(5, 5, 2, rule=rule).fit(y).canonical_correlations_.max() < 0.1


def test_forgetting_follows_a_change_of_scale_and_mean():
    y = recording(10, 4000)
    y[2000:] = 100 + 7 * y[2000:]
    unit = LocalReSU(4, 4, 1, half_life=100).fit(y)
    assert unit.past_mean_[0, 0] == pytest.approx(100, abs=8)
    assert np.sqrt(unit.state_.variance[0]) == pytest.approx(y[2000:].std(), rel=0.3)
    assert LocalReSU(4, 4, 1).fit(y).past_mean_[0, 0] == pytest.approx(y.mean())


def test_passes_go_through_the_data_again():
    y = recording(11, 300)
    twice = LocalReSU(4, 3, 1, passes=2).fit(y)
    by_hand = LocalReSU(4, 3, 1).partial_fit([y, y])
    np.testing.assert_array_equal(twice.filters_, by_hand.filters_)


def test_without_averaging_the_last_weights_are_read_out():
    y = recording(11, 300)
    unit = LocalReSU(4, 3, 1, averaging=None).fit(y)
    np.testing.assert_array_equal(unit.state_.average_past_weights, unit.past_weights_.reshape(1, -1))
    assert not np.array_equal(
        LocalReSU(4, 3, 1).fit(y).state_.average_past_weights, unit.state_.average_past_weights
    )


def test_a_silent_beginning_teaches_nothing_and_harms_nothing():
    y = recording(12, 3000)[:, 0]
    silent = np.concatenate([np.zeros(5000), y])
    unit = LocalReSU(4, 3, 1)
    assert not unit.partial_fit(silent[:5000]).__sklearn_is_fitted__()
    unit.partial_fit(silent[5000:])
    assert unit.n_steps_ <= 3000
    assert np.isfinite(unit.filters_).all()
    channel = np.column_stack([y, np.full(3000, 5.0)])
    filters = LocalReSU(4, 3, 1).fit(channel).filters_
    assert (filters[:, :, 1] == 0).all()
    assert np.abs(filters[:, :, 0]).max() > 0


@pytest.mark.parametrize("rule", RULES)
def test_heavy_tails_do_not_run_away(rule):
    y = np.random.default_rng(0).standard_t(1.5, size=20_000)
    unit = LocalReSU(5, 5, 2, rule=rule).fit(y)
    assert np.isfinite(unit.filters_).all()
    assert np.isfinite(unit.transform(y)).all()


@pytest.mark.parametrize("rule", RULES)
def test_weights_that_run_away_are_an_error_and_nothing_is_lost(rule):
    y = recording(13, 5000)
    with pytest.raises(ArgumentError, match=r"learning_rate must be small enough.*ran away at step"):
        LocalReSU(4, 3, 2, rule=rule, learning_rate=50.0).fit(y)
    unit = LocalReSU(4, 3, 2, rule=rule).partial_fit(y[:1000])
    before = unit.filters_
    unit.set_params(learning_rate=1e4)
    with pytest.raises(ArgumentError, match="Lower learning_rate"):
        unit.partial_fit(y[1000:])
    np.testing.assert_array_equal(unit.filters_, before)
    unit.set_params(learning_rate=0.05).partial_fit(y[1000:])
    np.testing.assert_array_equal(unit.filters_, LocalReSU(4, 3, 2, rule=rule).fit(y).filters_)


def test_rectification_and_names():
    y = recording(14, 400)
    linear = LocalReSU(4, 3, 2).fit(y).transform(y)
    split = LocalReSU(4, 3, 2, rectify=["none", "split"]).fit(y)
    assert split.get_feature_names_out().tolist() == ["resu0", "resu1_on", "resu1_off"]
    expected = np.column_stack([linear[:, 0], np.maximum(linear[:, 1], 0), np.maximum(-linear[:, 1], 0)])
    np.testing.assert_allclose(split.transform(y), expected, atol=1e-12)


def test_float32_torch_and_the_inputs_own_data():
    y = recording(15, 500)
    unit = LocalReSU(4, 3, 2).fit(y)
    single = y.astype(np.float32)
    before = single.copy()
    other = LocalReSU(4, 3, 2).fit(single)
    assert other.filters_.dtype == np.float64
    assert other.transform(single).dtype == np.float32
    np.testing.assert_allclose(other.filters_, unit.filters_, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(single, before)
    tensor = torch.as_tensor(y)
    from_torch = LocalReSU(4, 3, 2).fit(tensor)
    np.testing.assert_array_equal(from_torch.filters_, unit.filters_)
    out = from_torch.transform(tensor)
    assert isinstance(out, torch.Tensor)
    np.testing.assert_allclose(out.numpy(), unit.transform(y), atol=1e-12)
    np.testing.assert_allclose(from_torch.score(tensor), unit.score(y), rtol=1e-9)
    integers = np.round(10 * y).astype(int)
    np.testing.assert_array_equal(
        LocalReSU(4, 3, 2).fit(integers).filters_, LocalReSU(4, 3, 2).fit(integers.astype(float)).filters_
    )


def test_score_is_the_information_of_the_projection():
    y = recording(16, 3000)
    unit = LocalReSU(4, 3, 2).fit(y)
    moments = LagMoments(4, 3).update(y).end_trial().covariances()
    psi = unit.filters_.reshape(2, -1)
    spread = psi @ moments.past @ psi.T
    across = moments.cross @ psi.T
    residual = moments.future - across @ np.linalg.solve(spread, across.T)
    expected = 0.5 * (np.linalg.slogdet(moments.future)[1] - np.linalg.slogdet(residual)[1])
    assert unit.score(y) == pytest.approx(expected, rel=1e-9)


def test_seeds_clones_and_processes():
    y = recording(17, 500)
    first = LocalReSU(4, 3, 2).fit(y)
    np.testing.assert_array_equal(clone(first).fit(y).filters_, first.filters_)
    assert not np.array_equal(LocalReSU(4, 3, 2, seed=1).fit(y).filters_, first.filters_)
    sent = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(sent.partial_fit(y).filters_, first.partial_fit(y).filters_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"memory": 0}, "memory must be an integer of at least 1"),
        ({"rank": 9}, "rank must be at most 3 here"),
        ({"rule": "asymetric"}, "Did you mean 'asymmetric'"),
        ({"learning_rate": 0.0}, "learning_rate must be a finite number above 0"),
        ({"learning_rate": np.nan}, "learning_rate must be a finite number"),
        ({"decay_steps": -1.0}, "decay_steps must be"),
        ({"decay_power": 1.5}, "decay_power must be"),
        ({"averaging": -1}, "averaging must be"),
        ({"lateral_time": 0}, "lateral_time must be"),
        ({"center": "no"}, "center must be True or False"),
        ({"passes": 0}, "passes must be"),
        ({"rectify": "On"}, "rectify must be one of"),
        ({"half_life": 0}, "half_life must be"),
        ({"seed": -1}, "seed must be"),
        ({"sampling_rate": 0}, "sampling_rate must be"),
        ({"gap": 0}, "gap must be"),
    ],
)
def test_parameters_that_cannot_be(parameters, message):
    unit = LocalReSU(**{"memory": 4, "horizon": 3, "rank": 2, **parameters})
    for learn in (unit.fit, unit.partial_fit):
        with pytest.raises(ArgumentError, match=message):
            learn(recording())


def test_data_that_cannot_be():
    unit = LocalReSU(4, 3, 1)
    with pytest.raises(DataError, match=r"at least one window .* = 7 samples.*at most 6 sample"):
        unit.fit(recording(time=6))
    with pytest.raises(DataError, match="a signal that varies"):
        unit.fit(np.full(50, 3.0))
    with pytest.raises(DataError, match="one window"):
        unit.fit(np.full(50, np.nan))
    with pytest.raises(DataError, match="infinity"):
        unit.fit(np.array([1.0, np.inf] * 20))
    with pytest.raises(ShapeError):
        unit.fit(np.zeros((3, 4, 5)))
    with pytest.raises(ArgumentTypeError):
        unit.fit(["a", "b"])
    assert "state_" not in vars(unit)
    with pytest.raises(NotFittedError):
        unit.transform(recording())
    with pytest.raises(NotFittedError):
        _ = unit.filters_
    with pytest.raises(StateError, match="no trial to end"):
        unit.end_trial()
    unit.fit(recording())
    with pytest.raises(ShapeError, match="1 channel"):
        unit.partial_fit(recording(channels=2))
    with pytest.raises(StateError, match="Call fit to begin anew"):
        unit.set_params(gap=2).partial_fit(recording())
    with pytest.warns(ShortTrialWarning, match="1 of 2 trials are shorter"):
        LocalReSU(4, 3, 1).fit([recording(), recording(time=5)])


def test_importing_it_leaves_numba_alone():
    import subprocess
    import sys

    code = "import sys, lamina.resu.local; sys.exit('numba' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_warning_while_learning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unit = LocalReSU(4, 3, 2, rule="bio").fit(recording())
    assert np.isfinite(unit.filters_).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_values_without_squares_are_refused_by_their_size(scale):
    signal = np.random.default_rng(0).standard_normal(300)
    with pytest.raises(DataError, match="squares"):
        LocalReSU(3, 2, 1).fit(signal * scale)
    unit = LocalReSU(3, 2, 1).partial_fit(signal)
    learned = unit.filters_
    with pytest.raises(DataError, match="squares"):
        unit.partial_fit(signal * scale)
    np.testing.assert_array_equal(unit.filters_, learned)


def test_a_half_life_below_a_sample_is_refused():
    with pytest.raises(ArgumentError, match="half_life"):
        LocalReSU(3, 2, 1, half_life=1e-3).fit(np.random.default_rng(0).standard_normal(300))
