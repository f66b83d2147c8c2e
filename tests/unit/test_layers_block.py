"""Blocks: against their equations written out, around every mixer, masked, step by step."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lamina import errors
from lamina.layers.block import SpectralBlock
from lamina.layers.feed_forward import FeedForward
from lamina.layers.layer import SpectralLayer, properties
from lamina.layers.mixers import MIXERS
from lamina.layers.mixing.afno import AFNOMixing
from lamina.layers.mixing.fourier import FourierMixing
from lamina.layers.mixing.global_filter import GlobalFilterMixing
from lamina.layers.mixing.wavelet import WaveletMixing
from lamina.layers.operators.fno_block import FNOBlock
from lamina.layers.registry import LAYERS

HIDDEN, LENGTH = 24, 32
FOURIER = {"layer": "FourierMixing", "hidden_dim": HIDDEN}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(*shape, seed=1):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def generic(module, seed=2):
    """Let every parameter be generic: ones and zeros of a new layer would hide mistakes."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=seeded(seed)))
    return module.double().eval()


def normalised(x, weight, bias, eps=1e-5):
    x = np.asarray(x)
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) * weight + bias


def network(block, x):
    weights = [value.detach().numpy() for value in block.feed_forward.parameters()]
    inner = np.maximum(x @ weights[0].T + weights[1], 0)
    return inner @ weights[2].T + weights[3]


def fourier(x):
    return np.fft.fft2(x, norm="ortho").real


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("ratio", [2.0, 0.3, 0])
def test_blocks_are_their_equations(norm_first, ratio):
    block = generic(SpectralBlock(FOURIER, ratio, "relu", norm_first=norm_first, norm_eps=1e-3))
    x = noise(3, LENGTH, HIDDEN)
    norms = [
        [value.detach().numpy() for value in (norm.weight, norm.bias)]
        for norm in (block.norm1, block.norm2)
        if isinstance(norm, nn.LayerNorm)
    ]
    expected = x.numpy()
    if norm_first:
        expected = expected + fourier(normalised(expected, *norms[0], 1e-3))
        if ratio:
            expected = expected + network(block, normalised(expected, *norms[1], 1e-3))
    else:
        expected = normalised(expected + fourier(expected), *norms[0], 1e-3)
        if ratio:
            expected = normalised(expected + network(block, expected), *norms[1], 1e-3)
    np.testing.assert_allclose(block(x).detach().numpy(), expected, atol=1e-10)
    assert len(norms) == (2 if ratio else 1)
    assert (block.feed_forward is None) == (ratio == 0)


def test_the_network_is_as_wide_as_asked():
    for ratio, inner in ((4.0, 40), (0.5, 5), (0.01, 1), (1.26, 13)):
        assert FeedForward(10, ratio=ratio).widen.out_features == inner
        assert SpectralBlock({**FOURIER, "hidden_dim": 10}, ratio).feed_forward.widen.out_features == inner


@pytest.mark.parametrize(
    "mixer",
    [
        WaveletMixing(HIDDEN, levels=2, mixing_mode="channel"),
        AFNOMixing(HIDDEN, LENGTH),
        FNOBlock(HIDDEN, modes=4),
    ],
    ids=lambda mixer: type(mixer).__name__,
)
@pytest.mark.parametrize("norm_first", [True, False])
def test_what_adds_its_input_is_not_added_to_it_again(mixer, norm_first):
    mixer = generic(copy.deepcopy(mixer))
    block = SpectralBlock(mixer, 0, norm_first=norm_first).double()
    x = noise(2, LENGTH, HIDDEN)
    inner = normalised(x.numpy(), 1, 0) if norm_first else x.numpy()
    added = mixer(torch.from_numpy(inner)).detach().numpy() - inner
    expected = x.numpy() + added if norm_first else normalised(inner + added, 1, 0)
    np.testing.assert_allclose(block(x).detach().numpy(), expected, atol=1e-10)
    # with nothing to add, the block is the identity (or normalises)
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter.zero_()
    idle = x.numpy() if norm_first else normalised(x.numpy(), 1, 0)
    np.testing.assert_allclose(block(x).detach().numpy(), idle, atol=1e-10)


@pytest.mark.parametrize("kind", [kind for kind in LAYERS.values() if not kind.parameter_free])
def test_layers_say_truly_whether_they_add_their_input(kind):
    if (
        kind.__name__ in ("SpectralBlock", "SpectralEncoder", "ReSUMixing")
        or "hidden_dim" not in kind.Config.model_fields
    ):
        pytest.skip(f"{kind.__name__} is no mixer with weights")
    layer = build(kind)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    x = noise(2, LENGTH, HIDDEN).float()
    assert torch.allclose(layer.eval()(x), x, atol=1e-6) == kind.adds_input


def build(kind):
    fields = kind.Config.model_fields
    sizes = {
        "sequence_length": LENGTH,
        "max_sequence_length": LENGTH,
        "num_heads": 3,
        "modes": 4,
        "levels": 1,
    }
    return kind(HIDDEN, **{name: value for name, value in sizes.items() if name in fields})


@pytest.mark.parametrize("name", sorted(set(MIXERS) - {"ReSUMixing"}))
@pytest.mark.parametrize("norm_first", [True, False])
def test_every_mixer_goes_into_a_block(name, norm_first):
    mixer = build(MIXERS[name])
    block = SpectralBlock(mixer.to_config(), 2.0, norm_first=norm_first, generator=seeded()).eval()
    assert type(block.mixer) is MIXERS[name]
    lengths = (LENGTH, 20, 0)
    x = noise(3, LENGTH, HIDDEN).float()
    mask = torch.arange(LENGTH)[None] >= torch.tensor(lengths)[:, None]
    x[mask] = float("nan")
    y = block(x, key_padding_mask=mask)
    assert not y[mask].any()
    for i, length in enumerate(lengths[:2]):
        torch.testing.assert_close(y[i : i + 1, :length], block(x[i : i + 1, :length]), atol=1e-5, rtol=1e-5)
    again = SpectralBlock.from_config(block.to_config(), generator=seeded()).eval()
    assert torch.equal(again(x, key_padding_mask=mask), y)


def test_a_built_mixer_is_used_as_it_is():
    mixer = GlobalFilterMixing(HIDDEN, LENGTH, dtype=torch.float64)
    block = SpectralBlock(mixer, dtype=torch.float64)
    assert block.mixer is mixer
    assert block.to_config().mixer == mixer.to_config()
    assert block(noise(1, LENGTH, HIDDEN)).dtype == torch.float64


class Own(SpectralLayer):
    """A layer that no registry knows."""

    class Config(FourierMixing.Config, frozen=True):
        pass

    parameter_free = True

    def __init__(self, hidden_dim):
        super().__init__(Own.Config(hidden_dim=hidden_dim))

    def forward(self, x, *, key_padding_mask=None):
        return -x

    def get_spectral_properties(self):
        return properties(complexity="O(n d)", causal=True, translation_equivariant=True, linear=True)

    def step(self, x, state=None):
        return -x, state


class Nothing(Own):
    """Adds nothing."""

    def forward(self, x, *, key_padding_mask=None):
        return torch.zeros_like(x)


def test_layers_of_ones_own_go_into_blocks_ready_built():
    block, x = SpectralBlock(Own(4), 0), noise(2, 5, 4).float()
    torch.testing.assert_close(block(x), x - nn.functional.layer_norm(x, (4,)))
    assert block.get_spectral_properties()["translation_equivariant"]

    class Strange(Own.Config, frozen=True):
        layer: str = "Strange"

    with pytest.raises(errors.ArgumentError, match=r"mixer must be settings of one of .* ready built"):
        SpectralBlock(Strange(hidden_dim=4))


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("ratio", [2.0, 0])
def test_steps_equal_forward(norm_first, ratio):
    settings = {"layer": "GlobalFilterMixing", "hidden_dim": 6, "sequence_length": 16, "causal": True}
    block = generic(SpectralBlock(settings, ratio, norm_first=norm_first))
    x = noise(2, 16, 6)
    state, found = None, []
    for t in range(x.shape[1]):
        y, state = block.step(x[:, t], state)
        found.append(y)
    torch.testing.assert_close(torch.stack(found, 1), block(x), atol=1e-9, rtol=1e-9)
    assert block.get_spectral_properties()["causal"]
    for wrong in (x, x[0, 0], x[:, 0, :-1]):
        with pytest.raises(errors.ShapeError, match=r"^x must be of shape \(batch, 6\)"):
            block.step(wrong)
    with pytest.raises(errors.ArgumentTypeError, match=r"^x must be"):
        block.step(x[:, 0].int())


def test_a_step_needs_a_causal_mixer():
    with pytest.raises(errors.StateError, match=r"FourierMixing cannot go step by step.*causal=True"):
        SpectralBlock(FOURIER).step(torch.zeros(1, HIDDEN))


def test_complex_outputs_are_refused():
    for mixer in (FourierMixing(8, keep_complex=True), {**FOURIER, "keep_complex": True}):
        with pytest.raises(errors.ArgumentError, match=r"^mixer must be a layer with a real output"):
            SpectralBlock(mixer)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"mlp_ratio": -1}, "mlp_ratio"),
        ({"mlp_ratio": float("inf")}, "mlp_ratio"),
        ({"mlp_ratio": True}, "mlp_ratio"),
        ({"activation": "gelo"}, "activation"),
        ({"dropout": 1.0}, "dropout"),
        ({"norm_first": 1}, "norm_first"),
        ({"norm_eps": 0}, "norm_eps"),
    ],
)
def test_wrong_arguments_are_errors(arguments, name):
    with pytest.raises(errors.ArgumentError, match=rf"^{name} must be"):
        SpectralBlock(FOURIER, **arguments)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_and_half_modules(dtype):
    block = SpectralBlock(FOURIER, generator=seeded()).eval()
    x = noise(2, LENGTH, HIDDEN).float()
    expected = block(x)
    if dtype is torch.bfloat16:
        with torch.autocast("cpu", dtype=dtype):
            found = block(x)
        assert found.dtype == torch.float32
        assert (found - expected).norm() < 0.02 * expected.norm()
    found = block.to(dtype)(x.to(dtype))
    assert found.dtype == dtype
    assert (found.float() - expected).norm() < 0.02 * expected.norm()


def test_dropout_drops_branches_in_training():
    block = SpectralBlock(FOURIER, 0, dropout=0.5)
    x = noise(1, LENGTH, HIDDEN).float()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        kept = block.train()(x)
    untouched = (kept == x).float().mean().item()
    assert 0.4 < untouched < 0.6, "half of what the mixer adds is dropped, and nothing of x is"


def test_dropout_drops_what_the_network_adds_and_has_inside():
    block = SpectralBlock(Nothing(16), 2.0, "relu", dropout=0.5).train()
    x = noise(1, 200, 16).float()
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        block.feed_forward.narrow.weight.zero_()
        block.feed_forward.narrow.bias.fill_(1.0)
        added = block(x) - x
        assert 0.45 < (added.abs() < 1e-5).float().mean() < 0.55
        torch.testing.assert_close(added[added > 1e-5], torch.full_like(added[added > 1e-5], 2.0))
        block.feed_forward.widen.weight.zero_()
        block.feed_forward.widen.bias.fill_(1.0)
        block.feed_forward.narrow.weight.fill_(1.0)
        inner = block.feed_forward(x) - 1.0
        assert inner.std() > 1.0, "inner values are dropped"
        torch.testing.assert_close(inner % 2.0, torch.zeros_like(inner))


@pytest.mark.parametrize("norm_first", [True, False])
def test_padding_does_not_reach_gradients(norm_first):
    block = SpectralBlock(FOURIER, 2.0, norm_first=norm_first)
    x = noise(2, 9, HIDDEN).float()
    mask = torch.arange(9)[None] >= torch.tensor((9, 4))[:, None]
    x[mask] = float("nan")
    block(x.requires_grad_(), key_padding_mask=mask).square().sum().backward()
    assert all(one.grad.isfinite().all() for one in (x, *block.parameters()))
    assert not x.grad[mask].any()


def test_generators_decide():
    one, same, other = (SpectralBlock(FOURIER, generator=seeded(seed)) for seed in (3, 3, 4))
    for name, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[name])
    assert not torch.equal(one.feed_forward.widen.weight, other.feed_forward.widen.weight)
