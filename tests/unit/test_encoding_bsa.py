"""Ben's spiker algorithm beside its definition, SciPy's filters and a matrix of filters."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import toeplitz
from scipy.signal import firwin, lfilter

from lamina.encoding.bens_spiker_algorithm import BensSpikerAlgorithm
from lamina.encoding.scaling import Scaling
from lamina.errors import ArgumentError, DataError, OutOfRangeWarning, ShapeError, StateError

REFERENCE = Path(__file__).parents[1] / "contracts" / "codes" / "bsa.py"
specification = importlib.util.spec_from_file_location("bsa_as_it_reads", REFERENCE)
assert specification is not None
assert specification.loader is not None
bsa = importlib.util.module_from_spec(specification)
specification.loader.exec_module(bsa)

UNIT = Scaling(0.0, 1.0)
# one for each of six channels: even and odd, one tap and two, longer than the signal
ORDERS = (10, 11, 1, 2, 150, 7)
CUTOFFS = (0.2, 0.1, 0.3, 0.01, 0.05, 0.15)
THRESHOLDS = (0.5, 0.1, 0.3, 0.05, 0.8, 0.2)


def walks(seed: int, shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).cumsum(axis=-1).astype(dtype)


def some_spikes(seed: int, samples: int) -> np.ndarray:
    return (np.random.default_rng(seed).uniform(size=samples) < 0.4).astype(np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_channel_has_its_own_filter_and_threshold(dtype: type) -> None:
    for seed in range(5):
        signal = walks(seed, (6, 120), dtype)
        spikes = BensSpikerAlgorithm(THRESHOLDS, ORDERS, CUTOFFS).encode(signal)
        for c, row in enumerate(signal):
            settings = {"threshold": THRESHOLDS[c], "filter_order": ORDERS[c], "filter_cutoff": CUTOFFS[c]}
            assert spikes[c].tolist() == bsa.encode(row, row.min(), row.max(), **settings)
            assert spikes[c].any()


def test_the_defaults_serve_any_number_of_channels() -> None:
    signal = walks(1, (9, 80))
    code = BensSpikerAlgorithm()
    spikes = code.encode(signal)
    assert spikes.shape == (9, 80)
    for c, row in enumerate(signal):
        assert spikes[c].tolist() == bsa.encode(row, row.min(), row.max())
    assert code.decode(spikes).shape == (9, 80)


@pytest.mark.parametrize("order", [1, 2, 5, 10, 33])
def test_the_document_decodes_as_its_equation_reads(order: int) -> None:
    spikes = some_spikes(order, 60)
    settings = {"filter_order": order, "filter_cutoff": 0.13}
    decoded = BensSpikerAlgorithm(**settings).decode(spikes, scaling=Scaling(-2.0, 5.0))
    np.testing.assert_allclose(decoded, bsa.decode(spikes, -2.0, 5.0, None, **settings), atol=1e-14)


@pytest.mark.parametrize("order", [2, 10, 24])
def test_for_even_orders_the_document_is_a_causal_filter_one_sample_ahead(order: int) -> None:
    spikes = some_spikes(order, 200)
    decoded = BensSpikerAlgorithm(filter_order=order).decode(spikes)
    filtered = lfilter(firwin(order + 1, 0.2, fs=1.0), 1.0, np.append(spikes, 0.0))[1:]
    blind = (order + 1) // 2
    np.testing.assert_allclose(decoded[blind:], filtered[blind:], atol=1e-14)
    assert not decoded[:blind].any()
    assert np.abs(filtered[:blind]).max() > 0.01


@pytest.mark.parametrize("order", [1, 9, 25])
def test_for_odd_orders_the_document_is_a_sample_late(order: int) -> None:
    spikes = some_spikes(order, 200)
    decoded = BensSpikerAlgorithm(filter_order=order).decode(spikes)
    filtered = lfilter(firwin(order + 1, 0.2, fs=1.0), 1.0, spikes)
    blind = (order + 1) // 2
    np.testing.assert_allclose(decoded[blind:], filtered[blind:], atol=1e-14)
    assert not decoded[:blind].any()


@pytest.mark.parametrize("order", [1, 2, 10, 11, 90])
def test_the_encoders_alignment_is_a_matrix_of_what_each_spike_subtracts(order: int) -> None:
    spikes = some_spikes(order, 50)
    taps = firwin(order + 1, 0.2, fs=1.0)
    column = np.zeros(50)
    column[: min(order, 50)] = taps[1 : min(order, 50) + 1]
    subtracted = toeplitz(column, np.zeros(50)) @ spikes
    code = BensSpikerAlgorithm(filter_order=order)
    np.testing.assert_allclose(code.decode(spikes, alignment="encoder"), subtracted, atol=1e-14)


def test_what_the_encoder_leaves_of_the_signal_is_what_its_alignment_does_not_decode() -> None:
    signal = walks(3, (400,))
    scaled = (signal - signal.min()) / (signal.max() - signal.min())
    code = BensSpikerAlgorithm(threshold=0.3, filter_order=7)
    spikes = code.encode(scaled, scaling=UNIT)
    left = scaled.copy()
    for t in np.flatnonzero(spikes):
        taps = firwin(8, 0.2, fs=1.0)[1 : 1 + len(left) - t]
        left[t : t + len(taps)] -= taps
    decoded = code.decode(spikes, alignment="encoder", scaling=UNIT)
    np.testing.assert_allclose(scaled - decoded, left, atol=1e-12)


def test_fit_remembers_the_alignment_that_errs_less_in_each_channel() -> None:
    # a sine that is late by a sample shows at once; blindness shows where the signal starts high
    starts_high = np.cos(np.arange(400) / 60)
    others = walks(5, (5, 400))
    signal = np.vstack([starts_high, others])
    code = BensSpikerAlgorithm(filter_order=(10, 9, 4, 21, 30, 2), filter_cutoff=0.05).fit(signal, trials=0)
    spikes = code.encode(signal)
    errors = {
        name: ((code.decode(spikes, alignment=name) - signal) ** 2).mean(axis=1)
        for name in ("document", "encoder")
    }
    better = np.where(errors["encoder"] < errors["document"], "encoder", "document")
    assert code.alignment_.tolist() == better.tolist()
    assert code.alignment_[0] == "encoder"
    kept = ((code.decode(spikes) - signal) ** 2).mean(axis=1)
    np.testing.assert_array_equal(kept, np.minimum(errors["encoder"], errors["document"]))


def test_the_document_can_be_the_better_alignment() -> None:
    # no spike to decode until late, and there the spikes are too early for the encoder's own sum
    code = BensSpikerAlgorithm(threshold=0.9, filter_order=31, filter_cutoff=0.02)
    found = {str(code.fit(walks(seed, (300,)), trials=0).alignment_) for seed in range(20)}
    assert found == {"document", "encoder"}


def test_an_alignment_asked_for_is_not_remembered() -> None:
    signal = walks(6, (100,))
    code = BensSpikerAlgorithm()
    spikes = code.encode(signal)
    before = code.decode(spikes)
    assert not np.array_equal(code.decode(spikes, alignment="encoder"), before)
    np.testing.assert_array_equal(code.decode(spikes), before)
    np.testing.assert_array_equal(code.decode(spikes, alignment="document"), before)
    assert str(code.alignment_) == "document"


def test_the_error_at_its_best_threshold_is_far_below_that_of_silence() -> None:
    slow = np.sin(np.arange(3000) / 160)
    code = BensSpikerAlgorithm(threshold=0.9, filter_order=20, filter_cutoff=0.05)
    silent = BensSpikerAlgorithm(threshold=1.2, filter_order=20, filter_cutoff=0.05)
    assert not silent.encode(slow).any()
    error = np.square(code.decode(code.encode(slow)) - slow).mean()
    assert error < 0.02 * np.square(silent.decode(silent.encode(slow)) - slow).mean()


@pytest.mark.parametrize("samples", [2, 3, 5])
def test_signals_shorter_than_the_filter(samples: int) -> None:
    signal = walks(7, (samples,))
    for order in (1, 2, 3, 10, 1000):
        code = BensSpikerAlgorithm(filter_order=order, threshold=0.01, filter_cutoff=0.4)
        spikes = code.encode(signal)
        settings = {"filter_order": order, "threshold": 0.01, "filter_cutoff": 0.4}
        assert spikes.tolist() == bsa.encode(signal, signal.min(), signal.max(), **settings)
        assert code.decode(spikes).shape == (samples,)
        assert code.decode(spikes, alignment="encoder").shape == (samples,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_torch_alone_gives_the_same_spikes_and_the_same_signal(dtype: type) -> None:
    signal = walks(8, (6, 120), dtype)
    code = BensSpikerAlgorithm(THRESHOLDS, ORDERS, CUTOFFS)
    spikes = code.encode(signal)
    assert code.scaling is not None
    values, ranges = code._values((6,)), code.scaling.per_channel((6,))
    again = code._encode_tensor(torch.from_numpy(signal), values, ranges)
    assert again.dtype == torch.from_numpy(signal).dtype
    np.testing.assert_array_equal(again.numpy(), spikes)
    for name in ("document", "encoder"):
        values["alignment"] = np.full(6, name)
        decoded = code._decode_tensor(again, values, ranges, None).numpy()
        np.testing.assert_array_equal(decoded, code.decode(spikes, alignment=name))
    alone = code._decode_tensor(again, code._values((6,)), None, None).numpy()
    np.testing.assert_array_equal(alone, BensSpikerAlgorithm(THRESHOLDS, ORDERS, CUTOFFS).decode(spikes))


def test_values_beyond_the_fitted_range_are_used_as_they_are() -> None:
    signal = walks(9, (200,))
    code = BensSpikerAlgorithm().fit(signal, trials=0)
    with pytest.warns(OutOfRangeWarning, match="used as they are"):
        spikes = code.encode(3 * signal)
    assert spikes.tolist() == bsa.encode(3 * signal, signal.min(), signal.max())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", -0.1),
        ("filter_order", 0),
        ("filter_order", 2.5),
        ("filter_order", 10**9),
        ("filter_cutoff", 0.0),
        ("filter_cutoff", 0.5),
    ],
)
def test_parameters_out_of_range_are_named(name: str, value: float) -> None:
    with pytest.raises(ArgumentError, match=name):
        BensSpikerAlgorithm(**{name: value})


def test_bad_input_is_named_and_changes_nothing() -> None:
    signal = walks(10, (2, 100))
    code = BensSpikerAlgorithm().fit(signal, trials=0)
    spikes, before = code.encode(signal), code.decode(code.encode(signal))
    with pytest.raises(ArgumentError, match="Did you mean 'encoder'"):
        code.decode(spikes, alignment="encoders")
    with pytest.raises(ShapeError):
        code.decode(spikes[:, None].repeat(3, axis=1))
    with pytest.raises(DataError, match="in channel 1"):
        code.fit(np.stack([signal[0], np.ones(100)]))
    with pytest.raises(StateError, match="looks ahead"):
        code.step(np.zeros(2))
    np.testing.assert_array_equal(code.decode(spikes), before)


@pytest.mark.parametrize("trials", [0, 3])
def test_what_was_fitted_can_be_fitted_to_other_channels(trials: int) -> None:
    code = BensSpikerAlgorithm().fit(walks(11, (3, 80)), trials=trials)
    single = walks(12, (80,))
    again = code.fit(single, trials=trials)
    fresh = BensSpikerAlgorithm().fit(single, trials=trials)
    assert str(again.alignment_) == str(fresh.alignment_)
    np.testing.assert_array_equal(again.decode(again.encode(single)), fresh.decode(fresh.encode(single)))


def test_an_alignment_may_be_set() -> None:
    code = BensSpikerAlgorithm()
    spikes = code.encode(walks(13, (2, 80)))
    code.alignment_ = "encoder"
    np.testing.assert_array_equal(code.decode(spikes), code.decode(spikes, alignment="encoder"))
    code.alignment_ = "decoder"
    with pytest.raises(ArgumentError, match="alignment_ must be one of"):
        code.decode(spikes)
