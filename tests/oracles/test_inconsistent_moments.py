"""Moments that no data can have, or that float64 cannot hold, are named; gradients pass."""

import warnings

import jaxtyping
import numpy as np
import pytest
import torch

import lamina
from lamina.errors import DataError, LaminaWarning
from lamina.linalg import inverse_sqrt
from lamina.stats import LagMoments, projection_information, truncated_cca


@pytest.fixture(autouse=True)
def as_users_run_it(monkeypatch):
    # without the tests' shape checks, which would answer before the library does
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def signal(samples=300, channels=2):
    rng = np.random.default_rng(0)
    y = rng.standard_normal((samples, channels))
    for t in range(1, samples):
        y[t] += 0.7 * y[t - 1]
    return y


def pairwise_correlations(y):
    """What dropping gaps pair by pair gives: each entry from its own samples."""
    size = y.shape[1]
    result = np.eye(size)
    for i in range(size):
        for j in range(i):
            both = np.isfinite(y[:, [i, j]]).all(axis=1)
            result[i, j] = result[j, i] = np.corrcoef(y[both][:, [i, j]], rowvar=False)[0, 1]
    return result


def test_covariances_from_different_samples_are_no_covariance():
    a, b = np.random.default_rng(1).standard_normal((2, 300))
    y = np.full((900, 3), np.nan)
    y[:300, 0], y[:300, 1] = a, a + 0.1 * b
    y[300:600, 1], y[300:600, 2] = a, a + 0.1 * b
    y[600:, 2], y[600:, 0] = a, -a + 0.1 * b
    indefinite = pairwise_correlations(y)
    assert np.linalg.eigvalsh(indefinite)[0] < -0.5
    with pytest.raises(DataError, match=r"positive semi-definite, got an eigenvalue of -0\.9.*same windows"):
        inverse_sqrt(indefinite)
    with pytest.raises(DataError, match="semi-definite"):
        truncated_cca(indefinite, np.eye(3), 0.1 * np.eye(3))
    with pytest.raises(DataError, match="semi-definite"):
        projection_information(np.eye(3), 0.1 * np.eye(3), indefinite)


def test_the_rounding_of_float32_covariances_is_forgiven():
    y = signal(2000, 3)
    y = np.column_stack([y, y @ np.random.default_rng(2).standard_normal((3, 3))])
    covariance = np.cov(y, rowvar=False).astype(np.float32).astype(np.float64)
    assert np.linalg.eigvalsh(covariance)[0] < 0
    assert inverse_sqrt(covariance, rcond=1e-5)[1] == 3


@pytest.mark.parametrize("factor", [1.2, 5.0, 1e10])
def test_a_cross_covariance_of_another_normalisation_is_named(factor):
    found = LagMoments(3, 2, channels=2).update(np.repeat(signal(), 4, axis=0)).covariances()
    factor = factor / truncated_cca(found.past, found.future, found.cross).singular_values[0]
    with pytest.raises(DataError, match=r"cross_cov.*correlation above 1.*same normalisation|same means"):
        truncated_cca(found.past, found.future, found.cross * factor)


@pytest.mark.parametrize("seed", [116, 158, 175, 355, 677, 985, 1223, *range(12)])
def test_rounding_alone_is_never_called_inconsistent(seed):
    # covariances as ill-conditioned as they come; in the first draws rounding lifts a correlation above 1, by
    # 1e-6 to 1e-2
    rng = np.random.default_rng(seed)
    if seed % 3 == 0:
        time = np.arange(int(rng.integers(40, 3000)))
        y = sum(np.sin(f * time + p) for f, p in rng.uniform(0.001, 3, (int(rng.integers(1, 6)), 2)))[:, None]
        y = y * 10.0 ** rng.uniform(-8, 8) + rng.choice([0.0, 1.0, 1e6])
        y = y + rng.choice([0.0, 1e-9, 1e-7, 1e-6]) * y.std() * rng.standard_normal(y.shape)
    elif seed % 3 == 1:
        y = rng.standard_normal((int(rng.integers(8, 2000)), 2)).cumsum(axis=0).cumsum(axis=0)
        for divisor in (2, 5):
            if seed % divisor == (divisor == 2):
                y = y.cumsum(axis=0)
    else:
        y = np.exp(-np.arange(int(rng.integers(30, 500)))[:, None] / rng.uniform(1, 300, 3))
    memory, horizon = int(rng.integers(1, 15)), int(rng.integers(1, 15))
    found = LagMoments(memory, horizon, channels=y.shape[1]).update(y).covariances()
    sigma = truncated_cca(found.past, found.future, found.cross).canonical_correlations
    assert 0.9 < sigma[0] <= 1


@pytest.mark.parametrize("ridge", [1e-12, 1e-3])
@pytest.mark.parametrize("seed", [275, 419, 484])
def test_the_rounding_of_filters_that_undo_a_nearly_singular_signal_stops_no_fit(seed, ridge):
    # the covariance of such units, computed from that of the signal, has eigenvalues as negative as -0.03
    # in these three of 1200 draws
    rng = np.random.default_rng(seed)
    rng.uniform()
    samples, memory, horizon = int(rng.integers(60, 1500)), int(rng.integers(2, 15)), int(rng.integers(2, 15))
    rng.uniform(size=int(rng.integers(1, 4)))

    def draw():
        if seed % 3 == 1:
            return rng.standard_normal(samples).cumsum().cumsum().cumsum()
        kicks = rng.standard_normal(samples + 60)
        bell = np.exp(-0.5 * ((np.arange(60) - 30) / rng.uniform(3, 10)) ** 2)
        return np.convolve(kicks, bell, "valid")[:samples]

    y, other = draw(), draw()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LaminaWarning)
        unit = lamina.ReSU(memory, horizon, min(memory, horizon), ridge=ridge).fit(y)
        assert 0 < unit.score(y) < np.inf
        assert 0 <= unit.score(other) < np.inf


@pytest.mark.parametrize("scale", [1e-160, 1e-155, 1e-300, 1e-315])
def test_values_whose_squares_underflow_are_named(scale):
    y = signal()
    for tiny in (y * scale, y * [scale, 1.0], y * [1.0, scale], 1e-7 * y * [1.0, scale] + [1.0, 0.0]):
        with pytest.raises(DataError, match=r"squares keep.*1e-150 or less.*Rescale"):
            LagMoments(3, 2, channels=2).update(tiny).covariances()
        with pytest.raises(DataError, match="Rescale"):
            lamina.ReSU(3, 2, 2).fit(tiny)


@pytest.mark.parametrize("scale", [1e-140, 1e-70, 1e140])
def test_values_whose_squares_are_held_cost_no_digits(scale):
    y = signal()
    plain = lamina.ReSU(3, 2, 2).fit(y)
    for factors in (scale, [scale, 1.0], [1 / scale, scale]):
        unit = lamina.ReSU(3, 2, 2).fit(y * factors)
        np.testing.assert_allclose(
            unit.canonical_correlations_, plain.canonical_correlations_, rtol=0, atol=1e-12
        )
        # which entry of a filter is largest, and so its sign, depends on the scales
        z, expected = unit.transform(y * factors), plain.transform(y)
        np.testing.assert_allclose(z * np.sign((z * expected).sum(axis=0)), expected, rtol=0, atol=1e-10)


def test_zeros_and_constants_are_no_underflow():
    y = np.column_stack([signal(), np.zeros(300), np.full(300, 0.1)])
    found = LagMoments(3, 2, channels=4).update(y).covariances()
    assert found.past[2, 2] == 0
    plain = lamina.ReSU(3, 2, 2).fit(y[:, :2])
    unit = lamina.ReSU(3, 2, 2).fit(y)
    np.testing.assert_allclose(unit.canonical_correlations_, plain.canonical_correlations_, rtol=1e-10)


@pytest.mark.parametrize("options", [{}, {"ridge": 0.1}, {"objective": "rrr"}, {"objective": "pca"}])
def test_a_gradient_of_the_directions_is_that_of_finite_differences(options):
    # and no warning on the way, which the tests would turn into an error
    found = LagMoments(2, 2, channels=1).update(signal(channels=1)).covariances()
    matrices = [torch.tensor(m, requires_grad=True) for m in (found.past, found.future, found.cross)]

    def values(past, future, cross):
        past, future = (past + past.T) / 2, (future + future.T) / 2
        directions = truncated_cca(past, future, cross, 2, **options)
        return directions.singular_values, (directions.past_filters @ past)[0]

    assert torch.autograd.gradcheck(values, matrices, eps=1e-6, atol=1e-5)
