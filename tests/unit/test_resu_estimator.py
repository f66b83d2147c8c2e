"""How the ReSU estimator behaves: chunks, trials, gaps, offsets, libraries, outputs, warnings."""

import tracemalloc

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

import lamina
from lamina.errors import (
    ArgumentError,
    DataError,
    ShortTrialWarning,
    StateError,
)

FITTED = (
    "filters_",
    "future_filters_",
    "canonical_correlations_",
    "past_mean_",
    "forecast_",
    "reconstruction_",
)


def signal(seed, time=400, channels=2):
    rng = np.random.default_rng(seed)
    y = np.zeros((time, channels))
    for t in range(2, time):
        y[t] = 1.2 * y[t - 1] - 0.5 * y[t - 2] + rng.standard_normal(channels)
    return y + 0.3 * rng.standard_normal((time, channels)) + np.arange(1, channels + 1)


def assert_same_fit(one, other, rtol=1e-10):
    for name in FITTED:
        a, b = np.asarray(getattr(one, name)), np.asarray(getattr(other, name))
        assert np.linalg.norm(a - b) <= rtol * np.linalg.norm(a), name
    assert one.n_windows_ == other.n_windows_


@pytest.mark.parametrize("seed", range(4))
def test_random_chunks_equal_one_fit(seed):
    rng = np.random.default_rng(seed)
    y = signal(seed)
    y[100:103] = np.nan
    cuts = np.sort(rng.choice(np.arange(1, 400), size=rng.integers(1, 60), replace=False))
    unit = lamina.ReSU(memory=5, horizon=4, rank=3, gap=2)
    for chunk in np.split(y, cuts):
        unit.partial_fit(chunk)
    assert_same_fit(lamina.ReSU(memory=5, horizon=4, rank=3, gap=2).fit(y), unit)


def test_single_samples_equal_one_fit():
    y = signal(5, time=120)
    unit = lamina.ReSU(memory=3, horizon=2, rank=2)
    for sample in y:
        unit.partial_fit(sample[None, :])
    assert_same_fit(lamina.ReSU(memory=3, horizon=2, rank=2).fit(y), unit)


def test_chunks_with_end_trial_equal_a_list_of_trials():
    trials = [signal(1, 90), signal(2, 150)]
    unit = lamina.ReSU(memory=4, horizon=3, rank=2)
    for trial in trials:
        for chunk in np.array_split(trial, 3):
            unit.partial_fit(chunk)
        unit.end_trial()
    whole = lamina.ReSU(memory=4, horizon=3, rank=2).fit(trials)
    assert whole.n_windows_ == 240 - 2 * 6
    assert_same_fit(whole, unit)


def test_a_list_given_to_partial_fit_is_a_list_of_whole_trials():
    trials = [signal(seed, 60) for seed in range(5)]
    unit = lamina.ReSU(memory=4, horizon=3, rank=2)
    unit.partial_fit(trials[0]).partial_fit(trials[1:3]).partial_fit(trials[3:])
    assert_same_fit(lamina.ReSU(memory=4, horizon=3, rank=2).fit(trials), unit)


def test_partial_fit_after_fit_adds_another_trial():
    trials = [signal(1, 90), signal(2, 150)]
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit(trials[0]).partial_fit(trials[1])
    assert_same_fit(lamina.ReSU(memory=4, horizon=3, rank=2).fit(trials), unit)


def test_fit_begins_anew():
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit(signal(1)).fit(signal(2))
    assert_same_fit(lamina.ReSU(memory=4, horizon=3, rank=2).fit(signal(2)), unit)


def test_partial_fit_waits_until_something_varies():
    unit = lamina.ReSU(memory=3, horizon=2, rank=2).partial_fit(np.full((20, 2), 7.0))
    with pytest.raises(NotFittedError):
        unit.transform(signal(1))
    unit.end_trial().partial_fit(signal(1))
    both = lamina.ReSU(memory=3, horizon=2, rank=2).fit([np.full((20, 2), 7.0), signal(1)])
    assert_same_fit(both, unit)


def test_partial_fit_refuses_another_window():
    unit = lamina.ReSU(memory=3, horizon=2, rank=2).partial_fit(signal(1)).set_params(memory=4)
    with pytest.raises(StateError, match="memory"):
        unit.partial_fit(signal(2))


@pytest.mark.parametrize(("before", "after"), [(None, 10.0), (10.0, None), (10.0, 20.0)])
def test_partial_fit_refuses_another_half_life_and_keeps_what_it_had(before, after):
    unit = lamina.ReSU(memory=3, horizon=2, rank=2, half_life=before).partial_fit(signal(1))
    unit.set_params(half_life=after)
    with pytest.raises(StateError, match=f"half_life.*{after}.*{before}"):
        unit.partial_fit(signal(2))
    unit.set_params(half_life=before).end_trial().partial_fit(signal(2))
    assert_same_fit(
        lamina.ReSU(memory=3, horizon=2, rank=2, half_life=before).fit([signal(1), signal(2)]), unit
    )


def test_end_trial_needs_a_trial():
    with pytest.raises(StateError, match="partial_fit"):
        lamina.ReSU(memory=3, horizon=2, rank=2).end_trial()


def test_from_moments_equals_fit_and_leaves_the_moments_alone():
    y = signal(3)
    moments = lamina.LagMoments(5, 4, 2, 2).update(y).end_trial()
    unit = lamina.ReSU.from_moments(moments, 3, rectify="on", center=False)
    assert_same_fit(lamina.ReSU(5, 4, 3, gap=2, rectify="on", center=False).fit(y), unit)
    assert unit.get_params()["gap"] == 2
    unit.partial_fit(signal(4))
    assert moments.n_samples == 400
    with pytest.raises(ArgumentError, match="moments"):
        lamina.ReSU.from_moments(y, 3)  # pyright: ignore[reportArgumentType]


def test_a_gap_equals_two_trials():
    y = signal(6)
    with_gap = y.copy()
    with_gap[200] = np.nan
    one = lamina.ReSU(memory=5, horizon=4, rank=2).fit(with_gap)
    assert_same_fit(lamina.ReSU(memory=5, horizon=4, rank=2).fit([y[:200], y[201:]]), one)


def test_a_gap_in_one_channel_silences_exactly_the_windows_that_touch_it():
    y = signal(7)
    unit = lamina.ReSU(memory=5, horizon=4, rank=2).fit(y)
    whole = unit.transform(y)
    with_gap = y.copy()
    with_gap[0, 1] = with_gap[200, 0] = with_gap[399, 1] = np.nan
    z = unit.transform(with_gap)
    touched = np.zeros(400, dtype=bool)
    touched[[0, 1, 2, 3, 4, 200, 201, 202, 203, 204, 399]] = True
    assert (np.isnan(z).all(axis=1) == touched).all()
    np.testing.assert_allclose(z[~touched], whole[~touched], rtol=0, atol=1e-12)
    assert (np.isnan(unit.predict(with_gap)).all(axis=(1, 2)) == touched).all()
    assert (np.isnan(unit.inverse_transform(z)).all(axis=(1, 2)) == touched).all()


def test_a_recording_shorter_than_the_memory_is_transformed():
    unit = lamina.ReSU(memory=5, horizon=4, rank=2).fit(signal(7))
    y = signal(8)
    np.testing.assert_allclose(unit.transform(y[:3]), unit.transform(y)[:3], atol=1e-12)


def test_causal():
    unit = lamina.ReSU(memory=5, horizon=4, rank=2).fit(signal(7))
    y = signal(8)
    changed = y.copy()
    changed[250:] += 10.0
    before, after = unit.transform(y), unit.transform(changed)
    np.testing.assert_allclose(after[:250], before[:250], rtol=0, atol=1e-12)
    assert np.abs(after[250] - before[250]).max() > 0.1


@pytest.mark.parametrize("memory", [4, 300])
def test_an_offset_of_a_million_deviations_costs_no_accuracy(memory):
    y = signal(9, time=1500, channels=1)
    y = np.round(y * 2**20) / 2**20  # so that adding the offset is exact
    plain = lamina.ReSU(memory=memory, horizon=3, rank=2).fit(y)
    lifted = lamina.ReSU(memory=memory, horizon=3, rank=2).fit(y + 2.0**20)
    np.testing.assert_allclose(lifted.filters_, plain.filters_, rtol=0, atol=1e-6)
    z, expected = lifted.transform(y + 2.0**20), plain.transform(y)
    np.testing.assert_allclose(z, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(lifted.predict(y + 2.0**20) - 2.0**20, plain.predict(y), rtol=0, atol=1e-6)


def test_mixing_the_channels_changes_nothing_but_the_filters():
    y = signal(10, channels=3)
    mixing = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0], [0.0, 1e3, 1.0]])
    one = lamina.ReSU(memory=4, horizon=3, rank=3).fit(y)
    other = lamina.ReSU(memory=4, horizon=3, rank=3).fit(y @ mixing)
    np.testing.assert_allclose(other.canonical_correlations_, one.canonical_correlations_, rtol=1e-9)
    z, mixed = one.transform(y), other.transform(y @ mixing)
    signs = np.sign((z * mixed).sum(axis=0))
    np.testing.assert_allclose(mixed * signs, z, atol=1e-6)


def test_units_are_white_and_sorted():
    y = signal(11, time=2000)
    unit = lamina.ReSU(memory=4, horizon=3, rank=4).fit(y)
    outputs = unit.transform(y)[3:-3]
    np.testing.assert_allclose(np.cov(outputs, rowvar=False), np.eye(4), atol=1e-9)
    assert (np.diff(unit.canonical_correlations_) <= 0).all()
    for row in unit.filters_.reshape(4, -1):
        assert row[np.abs(row).argmax()] > 0


def test_float32_in_float32_out():
    y = signal(12)
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit(y.astype(np.float32))
    exact = lamina.ReSU(memory=4, horizon=3, rank=2).fit(y.astype(np.float32).astype(np.float64))
    np.testing.assert_allclose(unit.filters_, exact.filters_, rtol=1e-10)
    for method in ("transform", "predict"):
        got = getattr(unit, method)(y.astype(np.float32))
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, getattr(exact, method)(y), atol=1e-5)


def test_integers_are_counted_exactly():
    y = np.round(signal(13) * 10).astype(np.int16)
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit(y)
    assert_same_fit(lamina.ReSU(memory=4, horizon=3, rank=2).fit(y.astype(float)), unit)
    assert unit.transform(y).dtype == np.float64


def test_torch_in_torch_out():
    y = signal(14)
    y[50] = np.nan
    expected = lamina.ReSU(memory=4, horizon=3, rank=2, rectify="split").fit(y)
    unit = lamina.ReSU(memory=4, horizon=3, rank=2, rectify="split").fit(torch.from_numpy(y))
    assert all(isinstance(getattr(unit, name), torch.Tensor) for name in FITTED)
    assert_same_fit(expected, unit)
    for fitted in (unit, expected):
        for dtype, atol in ((torch.float64, 1e-10), (torch.float32, 1e-4)):
            z = fitted.transform(torch.from_numpy(y).to(dtype))
            assert z.dtype == dtype
            np.testing.assert_allclose(z.numpy(), expected.transform(y), atol=atol)
            np.testing.assert_allclose(
                fitted.predict(torch.from_numpy(y)).numpy(), expected.predict(y), atol=1e-9
            )
            past = fitted.inverse_transform(z)
            assert isinstance(past, torch.Tensor)
            np.testing.assert_allclose(past.numpy(), expected.inverse_transform(z.numpy()), atol=atol)
    np.testing.assert_allclose(unit.transform(y), expected.transform(y), atol=1e-10)
    np.testing.assert_allclose(unit.score(torch.from_numpy(y)), expected.score(y), rtol=1e-9)
    np.testing.assert_allclose(expected.score(torch.from_numpy(y)), expected.score(y), rtol=1e-9)


def test_a_gradient_passes_through_the_units_but_not_through_the_fit():
    y = signal(14)
    recording = torch.tensor(y, requires_grad=True)
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit(recording)
    assert not unit.filters_.requires_grad
    np.testing.assert_allclose(unit.transform(y), unit.transform(torch.from_numpy(y)).numpy(), atol=1e-12)
    unit.transform(recording)[200, 1].backward()
    newest_first = recording.grad[197:201].flip(0)
    np.testing.assert_allclose(newest_first.numpy(), unit.filters_[1].numpy(), atol=1e-12)
    response = torch.tensor(y, requires_grad=True)
    other = lamina.ReSU(memory=4, horizon=3, rank=2).fit(y, future_of=response)
    assert_same_fit(lamina.ReSU(memory=4, horizon=3, rank=2).fit(y, future_of=y), other)


def test_inputs_are_not_modified():
    y = signal(15)
    y[7] = np.nan
    before = y.copy()
    unit = lamina.ReSU(memory=4, horizon=3, rank=2, rectify="split").fit(y)
    z = unit.transform(y)
    kept = z.copy()
    unit.predict(y), unit.inverse_transform(z), unit.score(y), unit.partial_fit(y)
    np.testing.assert_array_equal(y, before)
    np.testing.assert_array_equal(z, kept)


def test_lists_in_lists_out():
    trials = [signal(16, 80), signal(17, 50)]
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit(trials)
    for method in ("transform", "predict"):
        answers = getattr(unit, method)(trials)
        assert isinstance(answers, list)
        for answer, trial in zip(answers, trials, strict=True):
            np.testing.assert_array_equal(answer, getattr(unit, method)(trial))
    past = unit.inverse_transform(unit.transform(trials))
    assert [p.shape for p in past] == [(80, 4, 2), (50, 4, 2)]


def test_rectified_outputs_come_unit_by_unit():
    y = signal(18)
    z = lamina.ReSU(memory=4, horizon=3, rank=3).fit(y).transform(y)
    unit = lamina.ReSU(memory=4, horizon=3, rank=3, rectify=["split", "none", "off"]).fit(y)
    expected = [np.maximum(z[:, 0], 0), np.maximum(-z[:, 0], 0), z[:, 1], np.maximum(-z[:, 2], 0)]
    np.testing.assert_array_equal(unit.transform(y), np.stack(expected, axis=1))
    assert unit.get_feature_names_out().tolist() == ["resu0_on", "resu0_off", "resu1", "resu2_off"]


def test_split_outputs_are_recombined_and_half_outputs_refused():
    y = signal(19)
    plain = lamina.ReSU(memory=4, horizon=3, rank=2).fit(y)
    split = lamina.ReSU(memory=4, horizon=3, rank=2, rectify="split").fit(y)
    np.testing.assert_allclose(
        split.inverse_transform(split.transform(y)), plain.inverse_transform(plain.transform(y)), atol=1e-10
    )
    np.testing.assert_allclose(split.predict(y), plain.predict(y), atol=1e-12)
    half = lamina.ReSU(memory=4, horizon=3, rank=2, rectify=["none", "on"]).fit(y)
    with pytest.raises(ArgumentError, match=r"rectify.*'on' for unit 1"):
        half.inverse_transform(half.transform(y))


def test_short_trials_are_counted_and_said():
    with pytest.warns(ShortTrialWarning, match="1 of 2 trials"):
        unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit([signal(22), signal(23, 5)])
    assert_same_fit(lamina.ReSU(memory=4, horizon=3, rank=2).fit(signal(22)), unit)


def test_forgetting_follows_the_recent_half():
    slow, fast = signal(24, 3000, 1), np.diff(signal(25, 3001, 1), axis=0)
    both = np.concatenate([slow, fast])
    forgetful = lamina.ReSU(memory=4, horizon=3, rank=1, half_life=200).fit(both)
    recent = lamina.ReSU(memory=4, horizon=3, rank=1).fit(fast[-600:])
    everything = lamina.ReSU(memory=4, horizon=3, rank=1).fit(both)

    def cosine(a, b):
        return abs((a * b).sum()) / np.linalg.norm(a) / np.linalg.norm(b)

    assert cosine(forgetful.filters_, recent.filters_) > 0.95
    assert cosine(forgetful.filters_, recent.filters_) > cosine(everything.filters_, recent.filters_)


def test_score_needs_more_windows_than_dimensions():
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit(signal(26))
    assert unit.score(signal(27, 9 + 6)) >= 0  # 9 windows: 2 units + 6 future lags + 1
    with pytest.raises(DataError, match="9 windows"):
        unit.score(signal(27, 8 + 6))


def test_score_is_lower_on_noise_than_on_the_process():
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit(signal(28, 2000))
    noise = np.random.default_rng(0).standard_normal((2000, 2))
    assert unit.score(noise) < 0.05 < 0.3 < unit.score(signal(29, 2000))


@pytest.mark.parametrize("kind", ["uint8", "float16", "float64"])
def test_fitting_takes_little_memory_beside_the_recording(kind):
    y = np.random.default_rng(2).integers(0, 200, 4_000_000).astype(kind)
    unit = lamina.ReSU(memory=3, horizon=3, rank=1).fit(y[:1000])
    tracemalloc.start()
    unit.fit(y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # 4 MB would be a mask of the recording, 32 MB a copy in float64
    assert peak < 3_000_000


def test_future_of_is_given_always_or_never():
    y = signal(30)
    unit = lamina.ReSU(memory=4, horizon=3, rank=2).fit(y, future_of=y[:, :1])
    with pytest.raises(ArgumentError, match="future_of"):
        unit.score(y)
    with pytest.raises(ArgumentError, match="future_of"):
        lamina.ReSU(memory=4, horizon=3, rank=2).fit(y).score(y, future_of=y)
    chunked = lamina.ReSU(memory=4, horizon=3, rank=2)
    for chunk in np.array_split(y, 7):
        chunked.partial_fit(chunk, future_of=chunk[:, :1])
    assert_same_fit(unit, chunked)


@pytest.mark.parametrize(
    "changes", [{"center": False}, {"memory": 5}, {"half_life": 9.0}, {"ridge": 0.5}, {"objective": "pca"}]
)
@pytest.mark.parametrize("stored", [False, True])
def test_what_is_set_after_the_fit_changes_no_answer_for_it(changes, stored, tmp_path):
    y = signal(6) + 3
    unit = lamina.ReSU(memory=3, horizon=2, rank=2).fit(y)
    if stored:
        lamina.save(unit, tmp_path / "unit.safetensors")
        unit = lamina.load(tmp_path / "unit.safetensors")
        assert isinstance(unit, lamina.ReSU)
    before = unit.score(y), unit.significance(y, n_surrogates=19).p_values
    unit.set_params(**changes)
    assert unit.score(y) == before[0]
    np.testing.assert_array_equal(unit.significance(y, n_surrogates=19).p_values, before[1])
