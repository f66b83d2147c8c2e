"""Causal attention: no leakage, one step at a time, linear memory."""

import pytest
import torch

from lamina.errors import ShapeError, StateError
from lamina.layers.attention.causal_linear_attention import CHUNK, causal_linear_attention
from lamina.layers.attention.linear_attention import masked_keys
from lamina.layers.attention.performer import PerformerAttention
from lamina.layers.attention.random_features import PositiveFeatures, TrigonometricFeatures
from lamina.layers.attention.spectral import SpectralAttention


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


LAYERS = {
    "softmax": lambda **more: SpectralAttention(
        12, 3, 64, causal=True, generator=seeded(), dtype=torch.float64, **more
    ),
    "gaussian": lambda: SpectralAttention(
        12, 3, 64, kernel_type="gaussian", causal=True, generator=seeded(), dtype=torch.float64
    ),
    "performer": lambda: PerformerAttention(12, 3, causal=True, generator=seeded(), dtype=torch.float64),
    "relu": lambda: PerformerAttention(
        12, 3, generalized=True, causal=True, generator=seeded(), dtype=torch.float64
    ),
}


def white(*shape, seed=1):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", LAYERS)
def test_each_output_is_the_last_one_of_the_past_alone(name):
    layer, x = LAYERS[name](), white(2, 70, 12)
    whole = layer(x)
    layer.causal = False
    for position in (0, 1, 40, 63, 64, 69):
        past = layer(x[:, : position + 1])[:, -1]
        assert torch.allclose(whole[:, position], past, atol=1e-10)


@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("name", LAYERS)
def test_the_future_changes_nothing(name, scale):
    layer, x = LAYERS[name]().float(), white(2, 150, 12).float()
    changed = x.clone()
    changed[:, 90:] = scale * white(2, 60, 12, seed=2)
    assert torch.equal(layer(x)[:, :90], layer(changed)[:, :90])
    assert layer(changed).isfinite().all()


def test_no_gradient_comes_from_the_future():
    for build in LAYERS.values():
        x = white(1, 80, 12).requires_grad_()
        build()(x)[:, 30].sum().backward()
        assert x.grad is not None
        assert (x.grad[:, 31:] == 0).all()
        assert (x.grad[:, :31] != 0).any(-1).all()


@pytest.mark.parametrize("name", LAYERS)
def test_steps_equal_forward(name):
    layer, x, state = LAYERS[name](), white(3, 67, 12), None
    whole = layer(x)
    for position in range(67):
        y, state = layer.step(x[:, position], state)
        assert torch.allclose(y, whole[:, position], atol=1e-9)


def test_a_state_goes_on_from_where_it_was_and_is_not_changed():
    layer, x = LAYERS["performer"](), white(1, 3, 12)
    _, first = layer.step(x[:, 0])
    kept = first.sums.clone(), first.log.clone()
    one, _ = layer.step(x[:, 1], first)
    again, _ = layer.step(x[:, 1], first)
    assert torch.equal(one, again)
    assert torch.equal(first.sums, kept[0])
    assert torch.equal(first.log, kept[1])


def test_steps_with_large_norms_stay_finite():
    for build in LAYERS.values():
        layer, x, state = build().float(), 1e3 * white(2, 40, 12).float(), None
        for position in range(40):
            y, state = layer.step(x[:, position], state)
            assert y.isfinite().all()


def test_masked_positions_are_skipped():
    for build in LAYERS.values():
        layer, x = build(), white(2, 90, 12)
        kept = torch.rand(2, 90, generator=seeded(3)) > 0.5
        out = layer(x, kept)
        for sample in range(2):
            alone = layer(x[sample : sample + 1, kept[sample]])
            assert torch.allclose(out[sample, kept[sample]], alone[0], atol=1e-10)
        assert (out[~kept] == 0).all()


def test_step_needs_a_causal_layer_and_one_position():
    with pytest.raises(StateError, match="causal=True"):
        PerformerAttention(8, 2).step(torch.zeros(1, 8))
    with pytest.raises(ShapeError, match=r"x_t must be of shape \(batch, 12\)"):
        LAYERS["performer"]().step(white(1, 2, 12))


@pytest.mark.parametrize("kind", [PositiveFeatures, TrigonometricFeatures])
def test_memory_is_linear(kind):
    features = kind(16, 32, generator=seeded(4))

    def kept_for_backward(count):
        q, k, v = (torch.randn(1, 2, count, 16, requires_grad=True) for _ in range(3))
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            causal_linear_attention(features.queries(q), features.keys(k), v)
        return sum(sizes), max(sizes)

    short, long = kept_for_backward(1024), kept_for_backward(2048)
    assert long[0] < 2.3 * short[0]
    # nowhere all positions × features × head_dim, nor positions × positions: at most positions × a chunk
    assert long[1] <= 2 * 2048 * CHUNK


def test_gradients_of_the_layer():
    for build in LAYERS.values():
        x = white(1, 6, 12).requires_grad_()
        assert torch.autograd.gradcheck(build(), (x,), fast_mode=True)


@pytest.mark.parametrize("kind", [PositiveFeatures, TrigonometricFeatures])
def test_a_past_of_masked_keys_alone_sees_no_future(kind):
    features = kind(4, 12, generator=seeded(4))
    q, k, v = torch.randn(3, 1, 2, 9, 4, generator=seeded(5))
    kept = torch.arange(9)[None] >= 3

    def first(values):
        keys = masked_keys(features.keys(k), kept)
        return causal_linear_attention(features.queries(q), keys, values)[:, :, :3]

    other = torch.cat([v[:, :, :3], v[:, :, 3:] + 1], dim=2)
    assert torch.equal(first(v), first(other))
