"""Gaussian receptive fields: the worked example, rates by hand, batches, seeds, and what is refused."""

import math

import numpy as np
import pytest

from lamina.encoding.bin_encoder import BinEncoder
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError


def rates_by_hand(row, low, high, n_bins, sigma, most):
    """Responses of every bin, one number at a time."""
    rates = []
    for x, a, b in zip(row, low, high, strict=True):
        scaled = min(max((x - a) / (b - a), 0.0), 1.0)
        responses = [math.exp(-((scaled - k / (n_bins - 1)) ** 2) / (2 * sigma**2)) for k in range(n_bins)]
        rates += [most * response / sum(responses) for response in responses]
    return rates


def train_by_hand(rate, n_steps):
    count = round(rate * n_steps)  # Python rounds halves to the even number
    train = [0] * n_steps
    for i in range(count):
        train[-((-(i + 1) * n_steps) // count) - 1] = 1
    return train


def test_the_worked_example():
    encoder = BinEncoder(10, min_values=np.array([-2, -5]), max_values=np.array([2, 5]), n_bins=3, seed=0)
    spikes = encoder.encode(np.array([1.8, 0]))
    assert spikes.shape == (10, 1, 6)
    many = BinEncoder(10_000, [-2, -5], [2, 5], n_bins=3, seed=1).encode([1.8, 0])[:, 0]
    assert (many == [0, 0, 1, 0, 1, 0]).all(axis=1).mean() > 0.999


@pytest.mark.parametrize("n_bins", [2, 5, 10])
@pytest.mark.parametrize("most", [1.0, 0.4])
def test_trains_are_those_made_by_hand(n_bins, most):
    rng = np.random.default_rng(3)
    low, high = np.array([-2.0, 0.0, 5.0]), np.array([1.0, 10.0, 6.0])
    batch = low + rng.uniform(-0.2, 1.2, (7, 3)) * (high - low)
    encoder = BinEncoder(16, low, high, n_bins, 0.15, "deterministic", most)
    spikes = encoder.encode(batch)
    assert spikes.shape == (16, 7, 3 * n_bins)
    for b, row in enumerate(batch):
        expected = [train_by_hand(rate, 16) for rate in rates_by_hand(row, low, high, n_bins, 0.15, most)]
        np.testing.assert_array_equal(spikes[:, b].T, expected)


def test_poisson_trains_have_the_rates_that_were_asked_for():
    encoder = BinEncoder(20_000, [0.0], [1.0], 4, 0.3, max_firing_rate=0.8, seed=5)
    spikes = encoder.encode([[0.1], [0.45]])
    expected = [rates_by_hand([x], [0.0], [1.0], 4, 0.3, 0.8) for x in (0.1, 0.45)]
    # five standard errors of a mean over 20 000 independent steps
    np.testing.assert_allclose(spikes.mean(axis=0), expected, atol=5 * 0.5 / math.sqrt(20_000))
    assert set(np.unique(spikes)) == {0.0, 1.0}
    centred = spikes - spikes.mean(axis=0)
    assert abs((centred[1:] * centred[:-1]).mean()) < 0.01


def test_every_row_of_a_batch_is_encoded_on_its_own():
    rng = np.random.default_rng(0)
    batch = rng.uniform(-1, 1, (5, 2))
    encoder = BinEncoder(30, [-1, -1], [1, 1], 6, spike_train_conversion_method="deterministic")
    together = encoder.encode(batch)
    alone = np.concatenate([encoder.encode(row) for row in batch], axis=1)
    np.testing.assert_array_equal(together, alone)
    assert (together[:, 1:] != together[:, :1]).any()


def test_draws_go_on_and_can_be_repeated():
    first, second = (BinEncoder(50, [0.0], [1.0], 3, 0.4, seed=7) for _ in range(2))
    one, two = first.encode([0.5]), first.encode([0.5])
    assert (one != two).any()
    np.testing.assert_array_equal(one, second.encode([0.5]))
    np.testing.assert_array_equal(two, second.encode([0.5]))
    assert (BinEncoder(50, [0.0], [1.0], 3, 0.4, seed=8).encode([0.5]) != one).any()
    given = BinEncoder(50, [0.0], [1.0], 3, 0.4, seed=np.random.default_rng(7))
    np.testing.assert_array_equal(given.encode([0.5]), one)


@pytest.mark.parametrize("sigma", [1e-9, 1e-160, 1e-300, 5e-324])
def test_the_narrowest_fields_leave_the_nearest_bin(sigma):
    encoder = BinEncoder(1, [0.0], [1.0], n_bins=4, sigma=sigma)
    spikes = encoder.encode([[0.0], [0.1], [0.4], [0.99]])
    np.testing.assert_array_equal(spikes[0], np.eye(4)[[0, 0, 1, 3]])


def test_beyond_the_bounds_counts_as_the_bound_and_narrow_fields_do_not_vanish():
    encoder = BinEncoder(8, [0.0], [1.0], 10, 1e-6, "deterministic")
    spikes = encoder.encode([[-5.0], [1e300], [0.43]])
    assert spikes[:, 0, 0].all()
    assert spikes[:, 1, 9].all()
    assert spikes[:, 2, 4].all()  # 0.43 is nearest to 4/9
    assert spikes.sum() == 3 * 8


@pytest.mark.parametrize("kind", ["float32", "float64", "torch"])
def test_spikes_come_in_the_kind_of_the_observations(kind):
    values = np.array([[0.2, 0.9]], dtype="float64" if kind == "torch" else kind)
    given = pytest.importorskip("torch").from_numpy(values).float() if kind == "torch" else values
    before = given.clone() if kind == "torch" else given.copy()
    encoder = BinEncoder(12, [0, 0], [1, 1], 4, spike_train_conversion_method="deterministic")
    spikes = encoder.encode(given)
    assert spikes.dtype == given.dtype
    assert isinstance(spikes, type(given))
    assert bool((given == before).all())
    np.testing.assert_array_equal(np.asarray(spikes), encoder.encode(values.tolist()))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"seq_length": 0}, ArgumentError, "seq_length must be an integer from 1"),
        ({"seq_length": 2.5}, ArgumentTypeError, "seq_length"),
        ({"n_bins": 1}, ArgumentError, "n_bins must be an integer of at least 2"),
        ({"sigma": 0.0}, ArgumentError, "sigma must be a finite number above 0"),
        (
            {"max_firing_rate": 1.5},
            ArgumentError,
            "max_firing_rate must be a finite number above 0.0 and of at most 1.0",
        ),
        ({"max_firing_rate": 0}, ArgumentError, "max_firing_rate"),
        ({"spike_train_conversion_method": "poison"}, ArgumentError, "Did you mean 'poisson'"),
        ({"seed": -1}, ArgumentError, "seed"),
        ({"min_values": [0.0, 1.0]}, DataError, "1 to 1 for feature 1"),
        ({"min_values": [0.0]}, ShapeError, "max_values must be of shape"),
        ({"min_values": [[0.0, 0.0]]}, ShapeError, "min_values must be of shape"),
        ({"min_values": []}, ShapeError, "at least one feature"),
        ({"max_values": [1.0, math.inf]}, DataError, "inf for feature 1"),
        ({"max_values": ["a", "b"]}, ArgumentTypeError, "max_values"),
        ({"min_values": [-1e308, 0], "max_values": [1e308, 1]}, DataError, "finite amount"),
    ],
)
def test_arguments_that_cannot_be_are_named(change, error, words):
    arguments = {"seq_length": 4, "min_values": [0.0, 0.0], "max_values": [1.0, 1.0]} | change
    with pytest.raises(error, match=words):
        BinEncoder(**arguments)


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ([0.1, math.nan], DataError, "nan for feature 1 of observation 0"),
        ([[0.1, 0.2], [math.inf, 0.2]], DataError, "inf for feature 0 of observation 1"),
        ([0.1], ShapeError, r"got shape \(1,\)"),
        ([[0.1, 0.2, 0.3]], ShapeError, r"\(2,\) or \(batch, 2\)"),
        (np.zeros((0, 2)), ShapeError, r"got shape \(0, 2\)"),
        (np.zeros((2, 2, 2)), ShapeError, "got shape"),
        (0.5, ShapeError, "got shape"),
        (["a", "b"], ArgumentTypeError, "array of real numbers"),
        (None, ArgumentTypeError, "got None"),
    ],
)
def test_observations_that_cannot_be_are_named(state, error, words):
    encoder = BinEncoder(4, [0.0, 0.0], [1.0, 1.0], seed=0)
    before = encoder._generator.bit_generator.state
    with pytest.raises(error, match=words):
        encoder.encode(state)
    assert encoder._generator.bit_generator.state == before
