"""Firing rates to trains: the counts and places that the definition gives, and honest draws."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, chi2

from lamina.encoding.rates import draw_tensor, rates_to_spikes, spread_tensor
from lamina.errors import ArgumentError, ArgumentTypeError, DataError


def defined(rate, steps):
    """Place the spikes of one rate as the definition reads, in Python's whole numbers."""
    count = round(float(rate * type(rate)(steps)))
    train = [0] * steps
    for i in range(count):
        train[-((-(i + 1) * steps) // count) - 1] = 1
    return train


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("steps", range(1, 42))
def test_every_train_is_the_defined_one(steps, dtype):
    fractions = np.arange(2 * steps + 1) / (2 * steps)
    near = np.nextafter(fractions[1:-1], 0), np.nextafter(fractions[1:-1], 1)
    rates = np.concatenate([fractions, *near, np.linspace(0, 1, 57)]).astype(dtype)
    spikes = rates_to_spikes(rates, steps)
    assert spikes.shape == (steps, len(rates))
    assert spikes.dtype == dtype
    assert spikes.T.tolist() == [defined(rate, steps) for rate in rates]


def test_counts_are_exact_and_gaps_differ_by_at_most_one_in_long_trains():
    steps = 9973
    rates = np.random.default_rng(0).random(200)
    spikes = rates_to_spikes(rates, steps)
    np.testing.assert_array_equal(spikes.sum(axis=0), np.round(rates * steps))
    for train in spikes.T[spikes.sum(axis=0) > 1]:
        gaps = np.diff(np.flatnonzero(train))
        assert gaps.max() - gaps.min() <= 1
        assert train[-1] == 1


def test_half_a_spike_goes_to_the_even_count():
    assert rates_to_spikes([0.25, 0.75], 2).sum(axis=0).tolist() == [0, 2]
    assert rates_to_spikes(np.float32([0.05, 0.15]), 10).sum(axis=0).tolist() == [0, 2]


@pytest.mark.parametrize("method", ["deterministic", "poisson"])
def test_no_and_full_rate_are_exact(method):
    spikes = rates_to_spikes(np.float32([0, 1]), 5000, method=method, seed=0)
    assert spikes.sum(axis=0).tolist() == [0, 5000]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_draws_have_the_binomial_counts_and_no_memory(dtype):
    rates = np.repeat(np.array([0.02, 0.3, 0.5, 0.9], dtype), 1000)
    spikes = rates_to_spikes(rates, 50, method="poisson", seed=1).reshape(50, 4, 1000)
    for i, rate in enumerate([0.02, 0.3, 0.5, 0.9]):
        own = spikes[:, i]
        assert binomtest(int(own.sum()), own.size, rate).pvalue > 1e-3
        # the spread of the counts among trains: a chi-square with as many degrees as trains
        scaled = ((own.sum(axis=0) - 50 * rate) ** 2).sum() / (50 * rate * (1 - rate))
        assert 1e-3 < chi2.cdf(scaled, 1000) < 1 - 1e-3
        both = int((own[1:] * own[:-1]).sum())
        assert binomtest(both, own[1:].size, rate**2).pvalue > 1e-4


def test_tiny_rates_are_not_rounded_up_by_coarse_draws():
    # drawn in single precision, a rate of 1e-9 would spike 60 times as often
    assert rates_to_spikes(np.full(1_000_000, 1e-9, np.float32), 20, method="poisson", seed=0).sum() == 0


def test_an_integer_repeats_a_generator_goes_on_and_none_differs():
    rates = np.full(300, 0.5)
    first = rates_to_spikes(rates, 9, method="poisson", seed=4)
    np.testing.assert_array_equal(first, rates_to_spikes(rates, 9, method="poisson", seed=4))
    assert (first != rates_to_spikes(rates, 9, method="poisson", seed=5)).any()
    generator = np.random.default_rng(4)
    np.testing.assert_array_equal(first, rates_to_spikes(rates, 9, method="poisson", seed=generator))
    assert (first != rates_to_spikes(rates, 9, method="poisson", seed=generator)).any()
    unseeded = rates_to_spikes(rates, 9, method="poisson")
    assert (unseeded != rates_to_spikes(rates, 9, method="poisson")).any()


def test_draws_do_not_depend_on_how_many_are_made_together():
    # the draws of one step after those of the step before, however wide a step is
    rates = np.random.default_rng(0).random(20_000)
    draws = np.random.default_rng(3).random((3, rates.size))
    np.testing.assert_array_equal(rates_to_spikes(rates, 3, method="poisson", seed=3), draws < rates)


@pytest.mark.parametrize("method", ["deterministic", "poisson"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (4, 5, 6)], ids=str)
def test_shapes_and_layouts(shape, method):
    rates = np.random.default_rng(0).random(shape)
    spikes = rates_to_spikes(rates, 7, method=method, seed=2)
    assert spikes.shape == (7, *shape)
    turned = np.array(rates, dtype=">f8", order="F")
    np.testing.assert_array_equal(rates_to_spikes(turned, 7, method=method, seed=2), spikes)


@pytest.mark.parametrize("method", ["deterministic", "poisson"])
def test_tensors_on_the_cpu_give_what_arrays_give(method):
    rates = np.random.default_rng(0).random((5, 6)).astype(np.float32)
    tensor = torch.tensor(rates, requires_grad=True)
    spikes = rates_to_spikes(tensor, 8, method=method, seed=0)
    assert spikes.dtype == torch.float32
    np.testing.assert_array_equal(spikes.numpy(), rates_to_spikes(rates, 8, method=method, seed=0))


@pytest.mark.parametrize("steps", [1, 2, 7, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_other_devices_run_places_the_same_spikes(steps, dtype):
    rates = np.linspace(0, 1, 301, dtype=dtype)
    spikes = torch.full((steps, 301), 9.0, dtype=getattr(torch, dtype))
    spread_tensor(torch.from_numpy(rates), spikes)
    np.testing.assert_array_equal(spikes.numpy(), rates_to_spikes(rates, steps))


def test_what_other_devices_draw_is_binomial_and_seeded():
    rates = torch.full((1000,), 0.3)
    spikes = torch.empty((100, 1000))
    draw_tensor(rates, spikes, np.random.default_rng(0))
    assert binomtest(int(spikes.sum()), spikes.numel(), 0.3).pvalue > 1e-3
    again = torch.empty((100, 1000))
    draw_tensor(rates, again, np.random.default_rng(0))
    assert torch.equal(spikes, again)
    draw_tensor(rates, again, np.random.default_rng(1))
    assert not torch.equal(spikes, again)


def test_rates_are_not_modified():
    rates = np.random.default_rng(0).random((3, 4))
    before = rates.copy()
    rates_to_spikes(rates, 5)
    rates_to_spikes(rates, 5, method="poisson", seed=0)
    np.testing.assert_array_equal(rates, before)


@pytest.mark.parametrize("method", ["deterministic", "poisson"])
@pytest.mark.parametrize("wrong", [-0.01, 1.0001, np.nan, np.inf])
def test_a_rate_that_is_none_is_named_with_its_place(wrong, method):
    rates = np.full((2, 3), 0.5)
    rates[1, 2] = wrong
    with pytest.raises(DataError, match=r"rates must be .* at position \(1, 2\)"):
        rates_to_spikes(rates, 4, method=method, seed=0)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"n_steps": 0}, ArgumentError, "n_steps"),
        ({"n_steps": 2.0}, ArgumentTypeError, "n_steps"),
        ({"method": "poison"}, ArgumentError, "Did you mean 'poisson'"),
        ({"seed": -1}, ArgumentError, "seed"),
        ({"seed": 0.5}, ArgumentTypeError, "seed"),
        ({"rates": "many"}, ArgumentTypeError, "rates"),
        ({"rates": [0.5j]}, ArgumentTypeError, "rates"),
    ],
    ids=["no-steps", "half-steps", "method", "negative-seed", "seed-type", "text", "complex"],
)
def test_wrong_arguments_are_named(arguments, error, match):
    with pytest.raises(error, match=match):
        rates_to_spikes(**{"rates": [0.5], "n_steps": 4, **arguments})
