"""causal_filter is the sum in its definition, by either route, and says what it cannot do."""

import tracemalloc

import array_api_strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.stats import causal_filter
from lamina.stats.filter_routes import Reader, fourier_filter, prefers_fourier, toeplitz_filter
from lamina.stats.filtering import filter_deviations


def by_definition(recording, filters):
    units, memory, _ = filters.shape
    outputs = np.zeros((len(recording), units))
    for t in range(len(recording)):
        for lag in range(min(memory, t + 1)):
            outputs[t] += filters[:, lag] @ recording[t - lag]
    return outputs


@given(
    samples=st.integers(1, 120),
    units=st.integers(1, 5),
    memory=st.integers(1, 60),
    channels=st.integers(1, 5),
    block=st.none() | st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_both_routes_are_the_definition(samples, units, memory, channels, block, seed):
    rng = np.random.default_rng(seed)
    recording, filters = (
        rng.standard_normal((samples, channels)),
        rng.standard_normal((units, memory, channels)),
    )
    expected = by_definition(recording, filters)
    np.testing.assert_allclose(toeplitz_filter(Reader(recording), filters, block=block), expected, atol=1e-12)
    np.testing.assert_allclose(fourier_filter(Reader(recording), filters), expected, atol=1e-12)
    np.testing.assert_allclose(causal_filter(recording, filters), expected, atol=1e-12)


@pytest.mark.parametrize(("units", "memory", "channels"), [(2, 5, 3), (3, 300, 2)])
def test_long_recordings_are_walked_through_seamlessly(units, memory, channels, monkeypatch):
    monkeypatch.setattr("lamina.stats.filter_routes._STEP", 2**8)
    rng = np.random.default_rng(0)
    recording, filters = rng.standard_normal((5000, channels)), rng.standard_normal((units, memory, channels))
    expected = sum(
        np.apply_along_axis(
            lambda row, channel=channel: np.convolve(recording[:, channel], row)[:5000],
            1,
            filters[:, :, channel],
        )
        for channel in range(channels)
    )
    assert prefers_fourier(units, memory, channels) == (memory == 300)
    np.testing.assert_allclose(causal_filter(recording, filters), expected.T, atol=1e-11)
    np.testing.assert_allclose(toeplitz_filter(Reader(recording), filters), expected.T, atol=1e-11)


@pytest.mark.parametrize("memory", [7, 200])
@pytest.mark.parametrize("library", [np, array_api_strict, torch])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_library_and_dtype_stay(memory, library, dtype):
    rng = np.random.default_rng(1)
    recording, filters = rng.standard_normal((500, 2)).astype(dtype), rng.standard_normal((9, memory, 2))
    expected = by_definition(recording.astype(np.float64), filters)
    found = causal_filter(library.asarray(recording), library.asarray(filters))
    assert type(found) is type(library.asarray(recording))
    assert found.dtype == getattr(library, dtype)
    # rounding of sums of 2 * memory products of size about 1
    tolerance = 2 * memory * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(np.asarray(found), expected, atol=10 * tolerance)


def test_filters_of_another_library_join_the_recording_and_gradients_stay_within_torch():
    rng = np.random.default_rng(2)
    recording, filters = rng.standard_normal((50, 1)), rng.standard_normal((2, 4, 1))
    expected = causal_filter(recording, filters)
    learned = torch.tensor(filters, requires_grad=True)
    np.testing.assert_allclose(causal_filter(recording, learned), expected, atol=1e-12)
    found = causal_filter(torch.from_numpy(recording), filters)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)
    causal_filter(torch.from_numpy(recording), learned)[20, 1].backward()
    np.testing.assert_allclose(learned.grad[1, :, 0].numpy(), recording[20:16:-1, 0], atol=1e-12)


@pytest.mark.parametrize("memory", [4, 200])
def test_outputs_whose_window_touches_a_gap_are_nan_and_no_others(memory):
    rng = np.random.default_rng(2)
    recording, filters = rng.standard_normal((700, 2)), rng.standard_normal((9, memory, 2))
    holed = recording.copy()
    holed[300, 1] = np.nan
    holed[695, 0] = np.nan
    found, whole = causal_filter(holed, filters), causal_filter(recording, filters)
    touched = np.zeros(700, dtype=bool)
    touched[300 : 300 + memory] = touched[695 : 695 + memory] = True
    assert np.isnan(found[touched]).all()
    np.testing.assert_allclose(found[~touched], whole[~touched], atol=1e-11)


@pytest.mark.parametrize("memory", [5, 300])
def test_deviations_are_filtered_in_the_dtype_of_the_filters(memory):
    # a recording in single precision, on an offset that would cost single precision all digits
    rng = np.random.default_rng(4)
    recording = (rng.integers(-8, 8, (900, 2)) + 2.0**20).astype(np.float32)
    filters, level = rng.standard_normal((3, memory, 2)), np.array([2.0**20, 2.0**20 - 1])
    found = filter_deviations(recording, filters, level)
    assert found.dtype == np.float64
    expected = by_definition(recording.astype(float) - level, filters)
    np.testing.assert_allclose(found, expected, atol=1e-10)
    offset = np.array([1e3, -1.0, 0.5])
    lowered = filter_deviations(recording, filters, level, offset)
    np.testing.assert_allclose(lowered, expected - offset, atol=1e-10)
    # rounded once, at the end
    rounded = filter_deviations(recording, filters, level, offset, np.float32)
    np.testing.assert_array_equal(rounded, lowered.astype(np.float32))


def test_sums_that_overflow_are_no_gaps():
    recording = np.full((10, 1), 3e38, dtype=np.float32)
    assert np.isfinite(causal_filter(recording, np.ones((1, 1, 1)))).all()


@pytest.mark.parametrize(("units", "memory", "samples"), [(1, 5000, 30_001), (11, 600, 9000), (5, 400, 401)])
def test_fourier_steps_of_any_shape_join(units, memory, samples):
    rng = np.random.default_rng(5)
    recording, filters = rng.standard_normal((samples, 1)), rng.standard_normal((units, memory, 1))
    found = fourier_filter(Reader(recording), filters)
    expected = np.stack([np.convolve(recording[:, 0], row[:, 0])[:samples] for row in filters], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_the_future_does_not_reach_the_past():
    rng = np.random.default_rng(3)
    recording, filters = rng.standard_normal(100), rng.standard_normal((2, 10, 1))
    changed = recording.copy()
    changed[60:] = 1e3
    np.testing.assert_array_equal(
        causal_filter(recording, filters)[:60], causal_filter(changed, filters)[:60]
    )


def test_integers_and_one_axis_are_accepted_and_nothing_is_modified():
    recording, filters = np.arange(5), np.array([[[1], [-1]]])
    before = recording.copy()
    assert causal_filter(recording, filters).tolist() == [[0], [1], [1], [1], [1]]
    np.testing.assert_array_equal(recording, before)
    assert causal_filter(np.zeros((0, 1)), filters).shape == (0, 1)


@pytest.mark.parametrize(("units", "memory"), [(2, 20), (16, 2000)])
def test_temporary_memory_does_not_grow_with_the_recording(units, memory):
    filters = np.ones((units, memory, 1), dtype=np.float32)
    peaks = []
    for samples in (200_000, 800_000):
        recording = np.zeros((samples, 1), dtype=np.float32)
        tracemalloc.start()
        outputs = causal_filter(recording, filters)
        peaks.append(tracemalloc.get_traced_memory()[1] - outputs.nbytes)
        tracemalloc.stop()
    # the mask of missing samples is all that may grow, a byte a sample
    assert peaks[1] <= peaks[0] + 2 * 600_000 + 2**20
    assert max(peaks) <= 64 * 2**20


@pytest.mark.parametrize("samples", [2000, 20_000])
def test_temporary_memory_is_bounded_for_many_long_filters(samples):
    filters = np.ones((300, 12_000, 1), dtype=np.float32)
    recording = np.zeros((samples, 1), dtype=np.float32)
    tracemalloc.start()
    outputs = causal_filter(recording, filters)
    peak = tracemalloc.get_traced_memory()[1] - outputs.nbytes
    tracemalloc.stop()
    assert peak <= 64 * 2**20


@pytest.mark.parametrize(
    ("recording", "filters", "kind", "words"),
    [
        (
            np.zeros(5),
            np.zeros((2, 3)),
            ShapeError,
            r"filters must be of shape \(units, memory, channels\), got",
        ),
        (np.zeros(5), np.zeros((2, 0, 1)), ShapeError, "filters"),
        (np.zeros((5, 3)), np.zeros((1, 2, 2)), ShapeError, r"recording must be of 2 channel\(s\)"),
        (np.array([0, np.inf]), np.zeros((1, 2, 1)), DataError, "infinity"),
        (np.zeros(5), np.full((1, 2, 1), np.nan), DataError, "filters must be finite"),
        (np.zeros(5), np.zeros((1, 2, 1)) * 1j, ArgumentTypeError, "real"),
        (np.zeros(5), [[[1.0]]], ArgumentTypeError, "an array of shape"),
        (np.zeros(5) * 1j, np.zeros((1, 2, 1)), ArgumentTypeError, "recording"),
    ],
)
def test_bad_input_is_named(recording, filters, kind, words):
    with pytest.raises(kind, match=words):
        causal_filter(recording, filters)


@pytest.mark.parametrize("memory", [3, 200])
@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
def test_what_overflows_is_named_and_never_comes_back(memory, library):
    y = 1.0 + np.random.default_rng(7).random((500, 1))
    single = library(y.astype(np.float32))
    filters = np.ones((2, memory, 1))
    with pytest.raises(DataError, match=r"filters must be of values that float32 holds.*float64"):
        causal_filter(single, filters * 1e300)
    with pytest.raises(DataError, match=r"recording must be .* finite in float32.*overflow"):
        causal_filter(single * 1e38, filters)
    with pytest.raises(DataError, match=r"recording must be .* finite in float64"):
        causal_filter(library(y * 1e200), filters * 1e200)
    # one value alone, far behind the first that are looked at, beside a gap
    spike = np.zeros((200_000, 1))
    spike[150_000], spike[10] = 1e300, np.nan
    with pytest.raises(DataError, match="overflow"):
        causal_filter(library(spike), filters[:, :1, :] * 1e10)
    spike[150_000] = 1e290
    outputs = np.asarray(causal_filter(library(spike), filters[:, :1, :] * 1e10))
    assert np.nanmax(outputs) == pytest.approx(1e300)
    assert np.isnan(outputs).sum() == 2
    # sums of outputs that overflow are no overflow of outputs
    assert np.asarray(causal_filter(library(np.full((50, 1), 1e308)), filters[:, :1, :])).min() == 1e308
