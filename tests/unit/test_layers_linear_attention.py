"""Attention by sums over features equals attention by a dense matrix of weights, at any norm."""

import pytest
import torch

from lamina.layers.attention.causal_linear_attention import causal_linear_attention
from lamina.layers.attention.linear_attention import linear_attention, masked_keys
from lamina.layers.attention.random_features import PositiveFeatures, ReLUFeatures, TrigonometricFeatures

MAPS = {
    "gaussian": (TrigonometricFeatures, {}),
    "softmax": (TrigonometricFeatures, {"softmax": True}),
    "positive": (PositiveFeatures, {}),
    "relu": (ReLUFeatures, {}),
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tensors(count, seed, scale=0.3, dtype=torch.float64):
    q, k, v = torch.randn(3, 2, 3, count, 4, generator=seeded(seed), dtype=torch.float64)
    return (scale * q).to(dtype), (scale * k).to(dtype), v.to(dtype)


def build(name, dtype=torch.float64):
    kind, more = MAPS[name]
    return kind(4, 12, generator=seeded(99), dtype=dtype, **more)


def run(features, q, k, v, kept=None, causal=False):
    attention = causal_linear_attention if causal else linear_attention
    return attention(features.queries(q), masked_keys(features.keys(k), kept), v)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 31, 64, 65, 200])
@pytest.mark.parametrize("name", MAPS)
def test_equals_the_dense_form(name, count, holes, causal):
    features = build(name)
    q, k, v = tensors(count, seed=count)
    kept = (
        torch.rand(2, count, generator=seeded(1)) > 0.4 if holes else torch.ones(2, count, dtype=torch.bool)
    )
    kept[:, 0] = True
    weights = features(q) @ features(k).mT * kept[:, None, None]
    if causal:
        weights = weights.tril()
    expected = weights @ v / weights.sum(-1, keepdim=True)
    assert torch.allclose(run(features, q, k, v, kept if holes else None, causal), expected, atol=1e-10)


def dense_in_logs(features, q, k, v, causal):
    """Positive-feature attention through logarithms in float64: nothing can overflow or vanish."""
    pairs = features.queries(q).log[..., :, None, :] + features.keys(k).log[..., None, :, :]
    scores = pairs.logsumexp(-1)
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -torch.inf)
    return scores.softmax(-1) @ v


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scale", [1, 30, 1e3])
def test_positive_features_stay_exact_at_large_norms(scale, causal):
    features = build("positive")
    q, k, v = tensors(130, seed=2, scale=scale)
    expected = dense_in_logs(features, q, k, v, causal)
    assert torch.allclose(run(features, q, k, v, causal=causal), expected, atol=1e-8)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", MAPS)
def test_large_norms_make_no_nan_in_single_precision(name, causal):
    q, k, v = (x.requires_grad_() for x in tensors(130, seed=3, scale=1e3, dtype=torch.float32))
    out = run(build(name, torch.float32), q, k, v, causal=causal)
    assert out.isfinite().all()
    out.sum().backward()
    assert all(x.grad.isfinite().all() for x in (q, k, v))


@pytest.mark.parametrize("causal", [False, True])
def test_positive_weights_average_the_values(causal):
    q, k, v = tensors(70, seed=4, scale=5)
    out = run(build("positive"), q, k, v, causal=causal)
    assert (out <= v.amax(2, keepdim=True) + 1e-12).all()
    assert (out >= v.amin(2, keepdim=True) - 1e-12).all()


def test_the_largest_weight_is_taken_over_kept_keys_only():
    features = build("softmax", torch.float32)
    q, k, v = tensors(20, seed=5, dtype=torch.float32)
    kept = torch.ones(2, 20, dtype=torch.bool)
    kept[:, 7] = False
    before = run(features, q, k, v, kept)
    k[:, :, 7] *= 1e3
    assert torch.equal(run(features, q, k, v, kept), before)


@pytest.mark.parametrize("causal", [False, True])
def test_a_sum_of_weights_near_zero_keeps_its_sign(causal):
    features = TrigonometricFeatures(1, 2, dtype=torch.float64)
    features.projection = torch.ones(1, 1, dtype=torch.float64)
    # one feature pair of frequency 1: the weight is the cosine of the distance
    for angle, expected in ((1.5709, 0.1037), (1.5707, 0.0963), (2.0, 1.0), (0.0, 1.0)):
        q = torch.tensor([[[[angle]]]], dtype=torch.float64)
        out = run(features, q, torch.zeros_like(q), torch.ones_like(q), causal=causal)
        # cos(1.5709) is -1.037e-4: a sum of weights that counts as -10⁻³
        assert abs(out.item() - expected) < 1e-4


@pytest.mark.parametrize("name", MAPS)
def test_gradients(name):
    features = build(name)
    q, k, v = (x.requires_grad_() for x in tensors(5, seed=6, scale=0.5))
    kept = torch.tensor([[True, True, False, True, True], [True, False, True, True, False]])
    for causal in (False, True):
        assert torch.autograd.gradcheck(
            lambda *given, causal=causal: run(features, *given, kept, causal), (q, k, v), fast_mode=True
        )
    assert torch.autograd.gradgradcheck(lambda *given: run(features, *given, kept), (q, k, v), fast_mode=True)
