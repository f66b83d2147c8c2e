"""The Fourier neural operator and its block: equations, masks, normalisation, settings."""

import numpy as np
import pytest
import torch

from lamina import errors
from lamina.layers.block import SpectralBlock
from lamina.layers.operators.fno_block import FNOBlock, FNOBlockConfig
from lamina.layers.operators.fourier_neural_operator import FourierNeuralOperator, FourierNeuralOperatorConfig
from lamina.layers.operators.normalization import PositionBatchNorm
from lamina.layers.operators.spectral_conv import SpectralConv1d
from lamina.layers.operators.spectral_conv2d import SpectralConv2d


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=1):
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def gelu(x):
    return x * 0.5 * (1 + torch.erf(x / 2**0.5))


def dense_filter(weights, n):
    """(n·inputs, n·outputs) matrix of a spectral convolution along a line, from its definition."""
    j = np.arange(n)
    total = 0
    for k in range(weights.shape[2]):
        wave = np.exp(2j * np.pi * k * (j[None] - j[:, None]) / n) / n
        total = total + (1 if k == 0 else 2) * np.einsum("ab,io->aibo", wave, weights[:, :, k]).real
    return torch.tensor(total)


@pytest.mark.parametrize("n", [7, 10, 13])
def test_the_layer_is_its_equation(n):
    layer = FourierNeuralOperator(5, modes=4, generator=seeded()).double()
    x = normal(3, n, 5)
    spread = torch.einsum("bai,aico->bco", x, dense_filter(layer.spectral_conv.weights.detach().numpy(), n))
    pointwise = x @ layer.linear.weight[:, :, 0].T + layer.linear.bias
    assert torch.allclose(layer(x), gelu(spread + pointwise), atol=1e-12)


def test_either_term_can_be_left_out():
    x = normal(2, 9, 4)
    both = FourierNeuralOperator(4, modes=3, activation="identity", generator=seeded()).double()
    linear = FourierNeuralOperator(4, modes=3, activation="identity", use_spectral_conv=False).double()
    filtering = FourierNeuralOperator(4, modes=3, activation="identity", use_linear=False).double()
    assert linear.spectral_conv is None
    assert filtering.linear is None
    linear.linear.load_state_dict(both.linear.state_dict())
    filtering.spectral_conv.load_state_dict(both.spectral_conv.state_dict())
    assert torch.allclose(both(x), linear(x) + filtering(x), atol=1e-12)
    assert linear.get_spectral_properties()["causal"]
    with pytest.raises(errors.ArgumentError, match=r"^use_spectral_conv must be True, or use_linear"):
        FourierNeuralOperator(4, use_spectral_conv=False, use_linear=False)


def test_the_linear_map_alone_goes_step_by_step_in_a_block_too():
    layer = FourierNeuralOperator(5, use_spectral_conv=False).eval()
    x = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0))
    for stepped in (layer, SpectralBlock(layer).eval()):
        state, found = None, []
        for t in range(6):
            y, state = stepped.step(x[:, t], state)
            found.append(y)
        torch.testing.assert_close(torch.stack(found, dim=1), stepped(x))


def test_what_needs_more_than_one_position_cannot_step():
    for layer in (FourierNeuralOperator(5), FourierNeuralOperator(5, (3, 3), use_spectral_conv=False)):
        assert not layer.get_spectral_properties()["causal"]
        with pytest.raises(errors.StateError, match="use_spectral_conv=False"):
            layer.step(torch.zeros(2, 5))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "O(n d m + m d² + n d²) up to 32 modes, else O(n d log n + m d² + n d²)"),
        ({"use_linear": False}, "O(n d m + m d²) up to 32 modes, else O(n d log n + m d²)"),
        ({"use_spectral_conv": False}, "O(n d²)"),
        (
            {"modes": (3, 4)},
            "O(h w d (m₁ + m₂) + m₁ m₂ d² + h w d²) up to 32 modes, "
            "else O(h w d log(h w) + m₁ m₂ d² + h w d²)",
        ),
        ({"modes": (3, 4), "use_spectral_conv": False}, "O(h w d²)"),
    ],
)
def test_the_complexity_is_that_of_what_there_is(arguments, expected):
    assert FourierNeuralOperator(5, **arguments).get_spectral_properties()["complexity"] == expected
    if "use_linear" not in arguments and "use_spectral_conv" not in arguments:
        assert FNOBlock(5, **arguments).get_spectral_properties()["complexity"] == expected


def test_attributes_are_the_documented_ones():
    line, image = FourierNeuralOperator(4, 3), FourierNeuralOperator(4, (3, 2))
    assert type(line.spectral_conv) is SpectralConv1d
    assert type(line.linear) is torch.nn.Conv1d
    assert type(image.spectral_conv) is SpectralConv2d
    assert type(image.linear) is torch.nn.Conv2d
    assert (line.modes, image.modes, FourierNeuralOperator(4, (3,)).modes) == (3, (3, 2), (3,))
    block = FNOBlock(4, 3)
    assert type(block.fno) is FourierNeuralOperator
    assert type(block.norm1) is type(block.norm2) is torch.nn.LayerNorm
    assert type(block.ffn) is torch.nn.Sequential
    assert type(block.dropout) is torch.nn.Dropout


def test_images_go_the_same_way():
    layer = FourierNeuralOperator(4, modes=(3, 2), generator=seeded()).double()
    x = normal(2, 6, 7, 4)
    spread = layer.spectral_conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    pointwise = x @ layer.linear.weight[:, :, 0, 0].T + layer.linear.bias
    assert torch.allclose(layer(x), gelu(spread + pointwise), atol=1e-12)
    shifts = {"shifts": (2, 3), "dims": (1, 2)}
    block = FNOBlock(4, modes=(3, 2), norm_type="batch", generator=seeded()).double().eval()
    for one in (layer, block):
        assert torch.allclose(one(x.roll(**shifts)), one(x).roll(**shifts), atol=1e-12)
        assert one(x.float().half().double()).shape == x.shape
        with pytest.raises(errors.ArgumentTypeError, match=r"^key_padding_mask must be None for images"):
            one(x, key_padding_mask=torch.zeros(2, 6, dtype=torch.bool))
        for wrong in (x[0], x[..., :2], x[:, :0]):
            with pytest.raises(errors.ShapeError, match=r"^x must be"):
                one(wrong)
        assert one(x[:0]).shape == (0, 6, 7, 4)


def test_resolution_matters_only_through_the_activation():
    def function(points):
        angle = 2 * np.pi * np.arange(points)[:, None] / points
        return torch.tensor(np.sin(angle * [1, 2, 3, 4]) + np.cos(angle * [4, 3, 1, 0]))[None]

    layer = FourierNeuralOperator(4, modes=5, activation="tanh", generator=seeded()).double()
    # what comes before the activation has the same values, and tanh has no neighbours
    assert torch.allclose(layer(function(64))[:, ::4], layer(function(16)), atol=1e-12)


def test_the_block_is_its_equation():
    block = FNOBlock(4, modes=3, generator=seeded()).double().eval()
    x = normal(2, 9, 4)

    def norm(x):
        return (x - x.mean(2, keepdim=True)) / (x.var(2, correction=0, keepdim=True) + 1e-5).sqrt()

    inner = x + block.fno(norm(x))
    first, last = block.ffn[0], block.ffn[3]
    wide = gelu(norm(inner) @ first.weight.T + first.bias)
    assert torch.allclose(block(x), inner + wide @ last.weight.T + last.bias, atol=1e-12)
    assert first.weight.shape == (8, 4)


def test_the_feed_forward_network_can_be_left_out():
    block = FNOBlock(4, modes=3, mlp_ratio=0, generator=seeded()).double().eval()
    assert block.ffn is None
    assert block.norm2 is None
    x = normal(2, 9, 4)
    assert torch.allclose(block(x), x + block.fno(block.norm1(x)), atol=1e-12)
    with pytest.raises(errors.ArgumentError, match=r"^mlp_ratio must be"):
        FNOBlock(4, mlp_ratio=-1)


def test_both_spellings_of_the_norms_are_one():
    for short, long in (("layer", "layernorm"), ("batch", "batchnorm")):
        assert FNOBlockConfig(hidden_dim=4, norm_type=short) == FNOBlockConfig(hidden_dim=4, norm_type=long)
        assert FNOBlock(4, norm_type=short).config.norm_type == long
    for wrong in ("group", "Layer", None, 1):
        with pytest.raises(errors.ArgumentError, match=r"^norm_type must be"):
            FNOBlock(4, norm_type=wrong)


def test_wrong_modes_are_errors():
    for wrong in (
        0,
        -1,
        2.5,
        "16",
        True,
        (),
        (1, 2, 3),
        (4, 0),
        (4, True),
        None,
        [[1]],
        2**40,
        np.bool_(True),
    ):
        for kind in (FourierNeuralOperator, FNOBlock):
            with pytest.raises(
                errors.ArgumentError, match=r"^modes must be a whole number of at least 1, or"
            ):
                kind(4, modes=wrong)
    assert FourierNeuralOperatorConfig(hidden_dim=4, modes=[3, 2]).modes == (3, 2)
    assert FourierNeuralOperator(4, np.int64(3)).modes == 3


def test_the_blocks_batch_norm_is_torchs():
    ours, torchs = PositionBatchNorm(5).double(), torch.nn.BatchNorm1d(5).double()
    for seed in range(3):
        x = 3 * normal(4, 6, 5, seed=seed) + 2
        assert torch.allclose(ours(x), torchs(x.transpose(1, 2)).transpose(1, 2), atol=1e-12)
    for name, value in torchs.state_dict().items():
        assert torch.allclose(ours.state_dict()[name], value), name
    x = normal(2, 3, 5)
    assert torch.allclose(ours.eval()(x), torchs.eval()(x.transpose(1, 2)).transpose(1, 2), atol=1e-12)


def test_padding_does_not_count_in_the_batch_norm():
    x = 3 * normal(3, 6, 5) + 2
    valid = torch.arange(6) < torch.tensor([6, 2, 0])[:, None]
    dirty = torch.where(valid[..., None], x, torch.nan).requires_grad_()
    masked, alone = PositionBatchNorm(5).double(), torch.nn.BatchNorm1d(5).double()
    found, expected = masked(dirty, valid)[valid], alone(x[valid])
    assert torch.allclose(found, expected, atol=1e-12)
    for name, value in alone.state_dict().items():
        assert torch.allclose(masked.state_dict()[name], value), name
    found.square().sum().backward()
    assert torch.isfinite(dirty.grad).all()
    assert not dirty.grad[~valid].any()


def test_a_batch_of_padding_alone_teaches_the_batch_norm_nothing():
    norm = PositionBatchNorm(5)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    norm(torch.full((2, 3, 5), torch.nan), torch.zeros(2, 3, dtype=torch.bool))
    for name, value in norm.state_dict().items():
        assert torch.equal(value, before[name]), name


def standardised(x, mask):
    """Each sample's own part, less the mean and over the deviation of all valid positions."""
    mean, variance = x[~mask].mean(0), x[~mask].var(0, correction=0)
    return [
        ((one[~padding] - mean) / (variance + 1e-5).sqrt())[None]
        for one, padding in zip(x, mask, strict=True)
    ]


def test_a_batch_norm_block_trains_on_padded_samples():
    block = FNOBlock(4, modes=3, norm_type="batchnorm", generator=seeded()).double().train()
    x = normal(2, 9, 4)
    mask = torch.arange(9) >= torch.tensor([9, 6])[:, None]
    outputs = []
    for garbage in (torch.nan, 7.0):
        one = torch.where(mask[..., None], garbage, x).requires_grad_()
        y = block(one, key_padding_mask=mask)
        y.square().sum().backward()
        assert torch.isfinite(one.grad).all()
        assert not one.grad[mask].any()
        outputs.append(y)
    assert torch.equal(*outputs)
    assert not outputs[0][mask].any()
    again = FNOBlock(4, modes=3, norm_type="batchnorm", generator=seeded()).double().train()
    again(torch.where(mask[..., None], torch.nan, x), key_padding_mask=mask)
    assert torch.allclose(again.norm1.running_mean, 0.1 * x[~mask].mean(0))
    inner = x[~mask] + torch.cat([again.fno(one)[0] for one in standardised(x, mask)])
    assert torch.allclose(again.norm2.running_mean, 0.1 * inner.mean(0))


def test_half_precision_of_the_batch_norm_is_computed_in_float32():
    x = (300 + normal(4, 50, 3)).to(torch.bfloat16)
    y = PositionBatchNorm(3).to(torch.bfloat16)(x)
    assert y.dtype == torch.bfloat16
    assert (y.double() - PositionBatchNorm(3).double()(x.double())).abs().max() < 0.05
