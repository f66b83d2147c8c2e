"""Processes: shapes, seeds, limits and bad input."""

from functools import partial

import numpy as np
import pytest

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.simulate import (
    OUSystem,
    exponential_kernel,
    generate_gp_data,
    generate_ou_process,
    matern32_kernel,
    matern52_kernel,
    oscillating_kernel,
    ou_autocovariance,
    ou_canonical_correlations,
    population_canonical_correlations,
    population_covariances,
    rational_quadratic_kernel,
    squared_exponential_kernel,
)

KERNELS = [
    exponential_kernel,
    squared_exponential_kernel,
    matern32_kernel,
    matern52_kernel,
    rational_quadratic_kernel,
    oscillating_kernel,
]


def test_shapes():
    assert generate_ou_process(1).shape == (1,)
    assert generate_ou_process(50, OUSystem(readout=np.eye(3))).shape == (50, 3)
    assert generate_ou_process(50, OUSystem(readout=[[1.0, 0.0, 0.0]])).shape == (50, 1)
    assert generate_gp_data(50).shape == (50,)
    several = generate_gp_data(50, n_series=3)
    assert isinstance(several, list)
    assert [series.shape for series in several] == [(50,)] * 3


def test_the_seed_decides():
    for make in (partial(generate_ou_process, 40), partial(generate_gp_data, 40, noise_sd=0.1)):
        np.testing.assert_array_equal(make(seed=3), make(seed=3))
        np.testing.assert_array_equal(make(seed=3), make(seed=np.random.default_rng(3)))
        assert np.abs(make(seed=3) - make(seed=4)).max() > 0.1
        generator = np.random.default_rng(3)
        assert np.abs(make(seed=generator) - make(seed=generator)).max() > 0.1
        with pytest.raises(ArgumentError, match="seed"):
            make(seed=-1)


def test_series_are_independent_and_the_first_is_the_single_one():
    several = generate_gp_data(20_000, partial(exponential_kernel, length_scale=2.0), n_series=3, seed=8)
    single = generate_gp_data(20_000, partial(exponential_kernel, length_scale=2.0), seed=8)
    np.testing.assert_array_equal(several[0], single)
    # the effective number of samples is about n tanh(1 / length) for products of two such series
    limit = 5 / np.sqrt(20_000 * np.tanh(0.5))
    assert np.abs(np.corrcoef(several) - np.eye(3)).max() < limit


def test_noise_is_white_and_of_the_size_asked_for():
    quiet = generate_gp_data(40_000, seed=2)
    loud = generate_gp_data(40_000, noise_sd=0.5, seed=2)
    noise = loud - quiet
    assert noise.std() == pytest.approx(0.5, rel=4 / np.sqrt(2 * 40_000))
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 4 / np.sqrt(40_000)


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel_can_be_sampled_at_any_length(kernel):
    for length in (1, 2, 3, 100, 1001):
        sample = generate_gp_data(length, partial(kernel, length_scale=5.0))
        assert sample.shape == (length,)
        assert np.isfinite(sample).all()


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_are_even_normed_and_keep_the_shape(kernel):
    lags = np.array([[-3, 0], [3, 7]])
    values = kernel(lags)
    assert values.shape == (2, 2)
    assert values.dtype == np.float64
    assert values[0, 1] == 1.0
    assert values[0, 0] == values[1, 0]
    assert np.all(np.abs(values) <= 1)
    assert kernel(0).shape == ()
    np.testing.assert_allclose(kernel(1e12), 0.0, atol=1e-15)
    for bad in (0.0, -1.0, np.inf):
        with pytest.raises(ArgumentError, match="length_scale"):
            kernel(lags, length_scale=bad)


def test_other_kernel_parameters():
    with pytest.raises(ArgumentError, match="alpha"):
        rational_quadratic_kernel(1, alpha=0)
    with pytest.raises(ArgumentError, match="period"):
        oscillating_kernel(1, period=0)
    # the squared exponential is the limit of many equal time scales
    np.testing.assert_allclose(
        rational_quadratic_kernel(np.arange(90), alpha=1e9),
        squared_exponential_kernel(np.arange(90)),
        rtol=1e-8,
    )


@pytest.mark.parametrize(
    ("kernel", "error", "message"),
    [
        (lambda a, b: a - b, ArgumentTypeError, "kernel must be a function of one array of lags"),
        ("rational quadratic", ArgumentTypeError, "kernel must be a function"),
        (lambda lag: 1.0, ShapeError, "kernel must be a function that returns one covariance for each lag"),
        (
            lambda lag: 1 / (lag - 5),
            DataError,
            "kernel must be finite at every lag, got NaN or infinity at lag 5",
        ),
        (lambda lag: -np.exp(-lag), DataError, "kernel must be above 0 at lag 0"),
        (lambda lag: np.where(lag < 3, 1.0, 0.0), DataError, "kernel must be positive definite"),
        (
            lambda lag: np.cos(lag),
            DataError,
            "kernel must be positive definite, with covariances that die out",
        ),
    ],
)
def test_kernels_that_are_none(kernel, error, message):
    with np.errstate(divide="ignore"), pytest.raises(error, match=message):
        generate_gp_data(20, kernel)


def test_a_constant_plus_decay_is_sampled():
    """A random mean: its covariance never dies out, but a circle of any size holds it."""
    samples = generate_gp_data(200, lambda lag: 1.0 + np.exp(-lag), n_series=2000, seed=0)
    means = np.mean(samples, axis=1)
    assert means.var() == pytest.approx(1.0, rel=0.2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: generate_gp_data(0), "n_samples"),
        (lambda: generate_gp_data(10, noise_sd=-1), "noise_sd"),
        (lambda: generate_gp_data(10, n_series=0), "n_series"),
        (lambda: generate_ou_process(0), "n_samples"),
        (lambda: ou_autocovariance(0), "n_lags"),
        (lambda: ou_canonical_correlations(0, 1), "memory"),
        (lambda: ou_canonical_correlations(1, 0), "horizon"),
        (lambda: ou_canonical_correlations(1, 1, 0), "gap"),
        (lambda: OUSystem(observation_variance=-0.1), "observation_variance"),
        (lambda: OUSystem(transition=np.eye(3)), r"transition must be stable.*got a spectral radius of 1\."),
        (lambda: OUSystem(transition=[[0.0, 4.0, 0], [1.0, 0, 0], [0, 0, 0]]), "spectral radius of 2"),
    ],
)
def test_out_of_range(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: OUSystem(transition=np.zeros((2, 3))),
            ShapeError,
            "transition must be made for 2 states, .* got 3",
        ),
        (lambda: OUSystem(drive=np.eye(2)), ShapeError, "drive must be made for 3 states"),
        (lambda: OUSystem(readout=[1.0, 2.0]), ShapeError, "readout must be made for 3 states"),
        (lambda: OUSystem(transition=np.zeros(3)), ShapeError, "transition must be an array of 2 axes"),
        (lambda: OUSystem(readout=[1.0, np.nan, 0.0]), DataError, "readout must be finite"),
        (lambda: OUSystem(drive="B"), ArgumentTypeError, "drive"),
        (
            lambda: generate_ou_process(10, np.eye(3)),
            ArgumentTypeError,
            "system must be an OUSystem, got ndarray",
        ),
        (lambda: population_covariances(np.ones(4), 3, 2), ShapeError, "at least .* = 4|lags long"),
        (lambda: population_covariances(np.ones((9, 2, 3)), 3, 2), ShapeError, "autocovariance"),
        (
            lambda: population_covariances([1.0, np.nan, 0.0], 1, 1),
            DataError,
            "autocovariance must be finite",
        ),
        (lambda: population_covariances(["a", "b"], 1, 1), ArgumentTypeError, "autocovariance"),
        (lambda: population_canonical_correlations([-1.0, 0.5], 1, 1), DataError, "negative variance"),
    ],
)
def test_wrong_shapes_and_values(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_system_is_not_changed_from_outside():
    mine = np.array([[0.5]])
    system = OUSystem(mine, [[1.0]], [1.0], 0.0)
    mine[0, 0] = 7.0
    assert system.transition[0, 0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        system.transition[0, 0] = 7.0


def test_slow_system_stays_stationary():
    """A memory of a million samples: as many doublings as the recording is long."""
    system = OUSystem([[1 - 1e-6]], [[np.sqrt(2e-6)]], [1.0], 0.0)
    assert system.stationary_covariance[0, 0] == pytest.approx(1.0, rel=1e-5)
    finals = [generate_ou_process(3000, system, seed=seed)[-1] for seed in range(300)]
    assert np.var(finals) == pytest.approx(1.0, rel=4 * np.sqrt(2 / 300))


def test_state_that_nothing_drives_stays_at_rest():
    system = OUSystem(np.diag([0.5, 0.9]), [[1.0], [0.0]], np.eye(2), 0.0)
    recording = generate_ou_process(500, system)
    assert np.all(recording[:, 1] == 0)
    assert recording[:, 0].var() == pytest.approx(4 / 3, rel=0.3)


def test_observation_noise_alone_predicts_nothing():
    assert population_canonical_correlations([2.0, 0, 0, 0, 0], 2, 2).max() == 0.0
