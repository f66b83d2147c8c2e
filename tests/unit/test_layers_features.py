"""Random features estimate their kernels without bias; frequencies are what they are said to be."""

import math

import numpy as np
import pytest
import scipy.stats
import torch

from lamina.errors import ArgumentError
from lamina.layers.attention.random_features import (
    PositiveFeatures,
    ReLUFeatures,
    TrigonometricFeatures,
    gaussian_projection,
    orthogonal_projection,
)

MAPS = [
    (TrigonometricFeatures, {}),
    (TrigonometricFeatures, {"softmax": True}),
    (PositiveFeatures, {}),
    (ReLUFeatures, {}),
]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def kernel(kind, softmax, x, y):
    """The kernels in closed form, by NumPy."""
    if kind is ReLUFeatures:
        lengths = np.linalg.norm(x) * np.linalg.norm(y)
        angle = np.arccos(x @ y / lengths)
        return lengths * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
    if kind is PositiveFeatures or softmax:
        return np.exp(x @ y)
    return np.exp(-np.sum((x - y) ** 2) / 2)


def test_rows_of_a_block_are_orthogonal():
    projection = orthogonal_projection(11, 4, generator=seeded(), dtype=torch.float64)
    assert projection.shape == (11, 4)
    for start in (0, 4, 8):
        block = projection[start : start + 4]
        gram = block @ block.T
        assert torch.allclose(gram, torch.diag(gram.diagonal()), atol=1e-12)


def test_norms_of_rows_are_chi_distributed_and_directions_uniform():
    projection = orthogonal_projection(5 * 800, 5, generator=seeded(1), dtype=torch.float64).numpy()
    assert scipy.stats.kstest(np.linalg.norm(projection, axis=1), scipy.stats.chi(5).cdf).pvalue > 0.01
    # each row alone is standard normal: without the signs of the QR decomposition its first entries are not
    for row in range(5):
        for column in range(5):
            assert scipy.stats.kstest(projection[row::5, column], scipy.stats.norm.cdf).pvalue > 1e-3


def test_independent_rows_are_normal():
    projection = gaussian_projection(2000, 3, generator=seeded(2), dtype=torch.float64)
    assert scipy.stats.kstest(projection.flatten().numpy(), scipy.stats.norm.cdf).pvalue > 0.01


@pytest.mark.parametrize("orthogonal", [True, False])
@pytest.mark.parametrize(("kind", "more"), MAPS)
def test_inner_products_are_unbiased(kind, more, orthogonal):
    x, y = 0.6 * torch.randn(2, 6, generator=seeded(3), dtype=torch.float64)
    estimates = []
    features = kind(6, 60, scale=0.9, orthogonal=orthogonal, generator=seeded(4), dtype=torch.float64, **more)
    features.smallest = 0.0
    redrawn = seeded(5)
    for _ in range(400):
        estimates.append((features(x) @ features(y)).item())
        features.redraw(redrawn)
    expected = kernel(kind, more.get("softmax", False), 0.9 * x.numpy(), 0.9 * y.numpy())
    error = np.std(estimates) / math.sqrt(len(estimates))
    assert abs(np.mean(estimates) - expected) < 4 * error
    assert error < 0.05 * expected


@pytest.mark.parametrize(("kind", "more"), MAPS)
def test_factors_of_queries_and_keys_give_the_same_kernel(kind, more):
    x = torch.randn(2, 3, 7, 4, generator=seeded(6), dtype=torch.float64)
    features = kind(4, 10, scale=0.7, generator=seeded(7), dtype=torch.float64, **more)
    keys, queries = features.keys(x), features.queries(x)
    whole = keys.log.exp() * (1 if keys.value is None else keys.value)
    # up to one constant
    ratio = features(x) / whole
    assert torch.allclose(ratio, ratio[0, 0, 0, 0].expand_as(ratio), rtol=1e-9)
    asking = torch.ones(()) if queries.log is None else queries.log.exp()
    asking = asking * (1 if queries.value is None else queries.value)
    ratio = features(x) / asking
    # up to one factor for each query
    assert torch.allclose(ratio, ratio[..., :1].expand_as(ratio), rtol=1e-9)


@pytest.mark.parametrize("kind", [PositiveFeatures, ReLUFeatures])
def test_positive_features_are_positive(kind):
    x = 3 * torch.randn(50, 4, generator=seeded(8))
    assert (kind(4, 32, generator=seeded(9))(x) > 0).all()


def test_orthogonal_frequencies_have_the_smaller_error():
    x, y = torch.randn(2, 500, 8, generator=seeded(10), dtype=torch.float64) * 0.5
    errors = {}
    for orthogonal in (True, False):
        features = TrigonometricFeatures(
            8, 16, orthogonal=orthogonal, generator=seeded(11), dtype=torch.float64
        )
        squares = []
        redrawn = seeded(12)
        for _ in range(100):
            features.redraw(redrawn)
            error = (features(x) * features(y)).sum(-1) - torch.exp(-(x - y).square().sum(-1) / 2)
            squares.append(error.square().mean())
        errors[orthogonal] = torch.stack(squares).mean()
    assert errors[True] < 0.8 * errors[False]


def test_state_dict_keeps_the_frequencies():
    first, second = PositiveFeatures(4, 8, generator=seeded(13)), PositiveFeatures(4, 8, generator=seeded(14))
    assert not torch.equal(first.projection, second.projection)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.projection, second.projection)


def test_redrawing_follows_its_generator_and_leaves_old_graphs_alone():
    features = PositiveFeatures(4, 8, generator=seeded(15))
    x = torch.randn(3, 4, requires_grad=True)
    y = features(x).sum()
    features.redraw(seeded(16))
    drawn = features.projection
    y.backward()
    features.redraw(seeded(16))
    assert torch.equal(features.projection, drawn)


def test_odd_numbers_of_pairs_are_refused():
    with pytest.raises(ArgumentError, match=r"num_features must be even.*got 7. Give 8"):
        TrigonometricFeatures(4, 7)


@pytest.mark.parametrize(("kind", "more"), MAPS)
def test_half_precision_is_computed_in_single(kind, more):
    x = 0.5 * torch.randn(5, 4, generator=seeded(17))
    features = kind(4, 8, generator=seeded(18), **more)
    features.projection = features.projection.bfloat16().float()
    low = kind(4, 8, generator=seeded(18), dtype=torch.bfloat16, **more)
    result = low(x.bfloat16())
    assert result.dtype == torch.bfloat16
    assert torch.allclose(result.float(), features(x.bfloat16().float()), rtol=1e-2, atol=1e-3)
