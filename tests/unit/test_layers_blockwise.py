"""Random-feature attention block by block: values and gradients are those of a dense matrix of weights."""

import pytest
import torch

from lamina.layers.attention import blockwise
from lamina.layers.attention.kernel import KernelAttention
from lamina.layers.attention.performer import PerformerAttention
from lamina.layers.attention.random_features import PositiveFeatures, ReLUFeatures, TrigonometricFeatures
from lamina.layers.attention.spectral import SpectralAttention

MAPS = {
    "gaussian": (TrigonometricFeatures, {}),
    "softmax": (TrigonometricFeatures, {"softmax": True}),
    "positive": (PositiveFeatures, {}),
    "relu": (ReLUFeatures, {}),
}
LAYERS = {
    "softmax": (SpectralAttention, {}),
    "gaussian": (KernelAttention, {}),
    "positive": (PerformerAttention, {}),
    "relu": (PerformerAttention, {"generalized": True}),
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def build(name, dtype=torch.float64):
    kind, more = MAPS[name]
    return kind(4, 12, scale=0.7, generator=seeded(99), dtype=dtype, **more)


def tensors(pairs, count, scale=0.5, dtype=torch.float64):
    q, k, v, g = torch.randn(4, pairs, count, 4, generator=seeded(count), dtype=torch.float64).to(dtype)
    return (scale * q).requires_grad_(), (scale * k).requires_grad_(), v.requires_grad_(), g


def attended(features, q, k, v, holes=None):
    bias = features.bias(k)
    if holes is not None:
        bias = torch.where(holes, -1e30, bias)
    given = blockwise.Inputs(q, k, v, bias, features.frequencies())
    assert blockwise.is_blockwise(given)
    return blockwise.blockwise_attention(given, features.recipe())


def dense(features, q, k, v, holes=None):
    weights = features(q) @ features(k).mT
    if holes is not None:
        weights = torch.where(holes.mT, 0.0, weights)
    return weights @ v / weights.sum(-1, keepdim=True)


@pytest.mark.parametrize("block", [1, 300, 1 << 19])  # one pair at a time, several, all
@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("name", MAPS)
def test_values_and_gradients_are_those_of_the_dense_form(name, count, holes, block, monkeypatch):
    monkeypatch.setattr(blockwise, "BLOCK", block)
    features = build(name)
    q, k, v, g = tensors(7, count)
    gaps = None
    if holes:
        gaps = torch.rand(7, count, 1, generator=seeded(1)) > 0.6
        gaps[:, 0] = False
    found, expected = attended(features, q, k, v, gaps), dense(features, q, k, v, gaps)
    assert torch.allclose(found, expected, atol=1e-10)
    pairs = zip(*(torch.autograd.grad(one, (q, k, v), g) for one in (found, expected)), strict=True)
    for mine, theirs in pairs:
        assert torch.allclose(mine, theirs, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", MAPS)
def test_gradients_of_gradients(name):
    features = build(name)
    q, k, v, _ = tensors(2, 5)
    assert torch.autograd.gradgradcheck(lambda *given: attended(features, *given), (q, k, v), fast_mode=True)


@pytest.mark.parametrize("name", MAPS)
def test_a_gradient_may_be_wanted_of_some_inputs_only(name):
    features = build(name)
    q, k, v, g = tensors(2, 5)
    expected = torch.autograd.grad(dense(features, q, k, v), (q, k, v), g)
    for wanted in range(3):
        given = [x if number == wanted else x.detach() for number, x in enumerate((q, k, v))]
        for graph in (False, True):
            out = attended(features, *given)
            (found,) = torch.autograd.grad(out, given[wanted], g, create_graph=graph)
            assert torch.allclose(found, expected[wanted], atol=1e-10)


@pytest.mark.parametrize("scale", [1e-4, 1, 30, 1e3])
@pytest.mark.parametrize("name", MAPS)
def test_any_norm_gives_what_plain_operators_give(name, scale):
    features = build(name)
    q, k, v, g = tensors(3, 40, scale)
    bias = features.bias(k)
    given = blockwise.Inputs(q, k, v, bias, features.frequencies())
    found, expected = blockwise.blockwise_attention(given, features.recipe()), features.recipe().plain(given)
    assert torch.allclose(found, expected, atol=1e-8)
    # at large norms one key takes all, and gradients of q and k are but rounding
    grads = [torch.autograd.grad(one, (q, k, v), g, retain_graph=True) for one in (found, expected)]
    for mine, theirs in zip(*grads, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-7 * theirs.abs().max().item() + 1e-8)
    q, k, v, g = tensors(3, 40, scale, torch.float32)
    out = attended(build(name, torch.float32), q, k, v)
    assert out.isfinite().all()
    assert all(x.isfinite().all() for x in torch.autograd.grad(out, (q, k, v), g))


def test_a_sum_of_weights_near_zero_has_a_numerator_with_a_gradient():
    features = TrigonometricFeatures(1, 2, dtype=torch.float64)
    features.projection = torch.ones(1, 1, dtype=torch.float64)
    # cos(1.5709) is -1.037e-4: a sum of weights that counts as -10⁻³, whose numerator alone changes with q
    for angle, expected in ((1.5709, 1e3), (1.5707, -1e3)):
        q = torch.full((1, 1, 1), angle, dtype=torch.float64, requires_grad=True)
        out = attended(features, q, torch.zeros(1, 1, 1).double(), torch.ones(1, 1, 1).double())
        (slope,) = torch.autograd.grad(out.sum(), q)
        assert abs(slope.item() - expected) < 1e-3


@pytest.mark.filterwarnings(
    "ignore:.torch.jit.script. is deprecated:DeprecationWarning"
)  # forward mode's own
@pytest.mark.parametrize("name", LAYERS)
def test_plain_operators_take_over_where_they_are_wanted(name):
    kind, more = LAYERS[name]
    layer = kind(8, 2, num_features=16, generator=seeded(), **more).double()
    x = torch.randn(2, 5, 8, generator=seeded(1), dtype=torch.float64)
    expected = layer(x)
    assert torch.allclose(torch.func.vmap(layer)(x[:, None])[:, 0], expected, atol=1e-10)
    slope = torch.func.jvp(layer, (x,), (x,))[1]
    with torch.autograd.forward_ad.dual_level():
        made = layer(torch.autograd.forward_ad.make_dual(x, x))
        tangent = torch.autograd.forward_ad.unpack_dual(made).tangent
        assert tangent is not None
        assert torch.allclose(tangent, slope, atol=1e-10)
    numeric = (layer(x * (1 + 1e-6)) - layer(x * (1 - 1e-6))) / 2e-6
    assert torch.allclose(slope, numeric, atol=1e-5)


def test_learned_frequencies_get_a_gradient():
    layer = PerformerAttention(8, 2, generator=seeded())
    frequencies = layer.kernel.projection
    assert isinstance(frequencies, torch.Tensor)
    frequencies.requires_grad_()
    out = layer(torch.randn(2, 5, 8, generator=seeded(1)))
    (slope,) = torch.autograd.grad(out.square().sum(), frequencies)
    assert slope.abs().max() > 0


@pytest.mark.parametrize("name", LAYERS)
def test_memory_does_not_hold_the_features(name):
    kind, more = LAYERS[name]
    layer = kind(32, 4, num_features=512, generator=seeded(), **more)
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: saved.append(x.numel()) or x, lambda x: x):
        layer(torch.randn(2, 700, 32, generator=seeded(1))).sum()
    assert max(saved) < 2 * 4 * 700 * 512 / 5
