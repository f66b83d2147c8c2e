"""The methods of the mixing layers' bases, against NumPy."""

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError
from lamina.layers.mixing.base import MixingConfig, MixingLayer, UnitaryMixingLayer
from lamina.layers.mixing.fourier import FourierMixing

RNG = np.random.default_rng(0)


def test_spectral_norm_is_the_largest_singular_value():
    x = RNG.standard_normal((3, 7, 5)) + 1j * RNG.standard_normal((3, 7, 5))
    layer = FourierMixing(5)
    for values in (x.real, x):
        expected = np.linalg.svd(values, compute_uv=False)[:, 0]
        np.testing.assert_allclose(layer.compute_spectral_norm(torch.tensor(values)), expected, rtol=1e-12)
    half = layer.compute_spectral_norm(torch.tensor(x.real).half())
    assert half.dtype == torch.float32
    np.testing.assert_allclose(half, np.linalg.svd(x.real, compute_uv=False)[:, 0], rtol=2e-3)


def test_shapes_are_compared():
    layer, x = FourierMixing(4), torch.zeros(2, 3, 4)
    assert layer.verify_shape_consistency(x, torch.ones(2, 3, 4, dtype=torch.complex64))
    assert not layer.verify_shape_consistency(x, torch.zeros(2, 4, 3))
    assert not layer.verify_shape_consistency(x, torch.zeros(1, 3, 4))


def test_energy_is_compared_for_each_sample():
    layer = FourierMixing(4, energy_tolerance=1e-3)
    x = torch.tensor(RNG.standard_normal((2, 3, 4)))
    assert layer.verify_energy_preservation(x, -x)
    assert layer.verify_energy_preservation(x, x * np.sqrt(1 + 0.9e-3))
    assert not layer.verify_energy_preservation(x, x * np.sqrt(1 + 1.1e-3))
    # one sample up, the other down, so that the whole batch has the same energy
    traded = torch.stack([x[0] * 2, x[1] * 0])
    assert not layer.verify_energy_preservation(x, traded)
    nothing = torch.zeros_like(x)
    assert layer.verify_energy_preservation(nothing, nothing)
    assert not layer.verify_energy_preservation(nothing, x)


def test_only_unitary_matrices_are_called_so():
    layer = FourierMixing(4)
    assert layer.verify_orthogonality(torch.tensor(np.fft.fft(np.eye(6), norm="ortho")))
    assert layer.verify_orthogonality(torch.eye(3))
    assert not layer.verify_orthogonality(torch.tensor(np.fft.fft(np.eye(6))))
    assert not layer.verify_orthogonality(1.001 * torch.eye(3))
    # columns that are orthogonal but too few: T Tᴴ is a projection
    assert not layer.verify_orthogonality(torch.eye(3)[:, :2] @ torch.eye(3)[:2])


@pytest.mark.parametrize("name", ["norm_eps", "energy_tolerance"])
@pytest.mark.parametrize("wrong", [0.0, -1e-5, float("nan"), float("inf"), "small", None, True])
def test_tolerances_are_positive(name, wrong):
    with pytest.raises(ArgumentError, match=f"^{name} must be"):
        FourierMixing(4, **{name: wrong})


def test_bases_are_abstract():
    for kind in (MixingLayer, UnitaryMixingLayer):
        with pytest.raises(TypeError, match="abstract"):
            kind(MixingConfig(hidden_dim=4))


def test_only_what_is_smaller_than_norm_eps_counts_as_nothing():
    layer = FourierMixing(hidden_dim=4, norm_eps=1e-3)
    x = torch.full((1, 3, 4), 1.0 / 12**0.5)
    assert not layer.verify_energy_preservation(2e-3 * x, 4e-3 * x)
    assert layer.verify_energy_preservation(2e-3 * x, 2e-3 * x)
    # an energy of (1e-6)², which is 1e-6 of norm_eps², turned into none
    assert layer.verify_energy_preservation(1e-6 * x, 0 * x)
    assert not layer.verify_energy_preservation(1e-4 * x, 0 * x)
