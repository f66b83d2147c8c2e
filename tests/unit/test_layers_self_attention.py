"""A layer in the place of self-attention, called as PyTorch's encoder layers call it."""

import copy
from typing import Any

import pytest
import torch
from layer_cases import FIRST
from torch import nn

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.layers.encoder import SpectralEncoder
from lamina.layers.layer import SpectralLayer, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.mixers import MIXERS
from lamina.layers.mixing.base import MixingConfig, MixingLayer
from lamina.layers.mixing.fourier import FourierMixing
from lamina.layers.mixing.global_filter import GlobalFilterMixing
from lamina.layers.mixing.wavelet2d import WaveletMixing2D
from lamina.layers.operators.spectral_conv import SpectralConv1d
from lamina.layers.self_attention import SelfAttentionAdapter, replace_self_attention

LENGTHS = (7, 3, 5)


class RunningSum(MixingLayer):
    """A causal layer."""

    Config = MixingConfig
    parameter_free = True

    def __init__(self, hidden_dim: int, dropout: float = 0.0, norm_eps: float = 1e-5) -> None:
        super().__init__(MixingConfig(hidden_dim=hidden_dim, dropout=dropout, norm_eps=norm_eps))

    def forward(self, x, *, key_padding_mask=None):
        prefix_lengths(key_padding_mask, x)
        if key_padding_mask is not None:
            x = x.masked_fill(key_padding_mask[..., None], 0)
        return x.cumsum(1) * (x != 0)

    def get_spectral_properties(self) -> dict[str, Any]:
        return properties(complexity="O(n d)", causal=True)


class AddingMixing(FourierMixing):
    """Adds its input, and says so."""

    adds_input = True

    def forward(self, x, *, key_padding_mask=None):
        kept = x if key_padding_mask is None else x.masked_fill(key_padding_mask[..., None], 0)
        return kept + super().forward(x, key_padding_mask=key_padding_mask)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def padding_of(lengths):
    return torch.arange(max(lengths)) >= torch.tensor(lengths)[:, None]


def block(layer: SpectralLayer, *, seed=1, **settings):
    torch.manual_seed(seed)
    made: Any = nn.TransformerEncoderLayer(8, 2, 16, **{"dropout": 0.0, "batch_first": True, **settings})
    made.self_attn = SelfAttentionAdapter(layer, batch_first=made.self_attn.batch_first)
    return made


def by_hand(made, x, mixed):
    """What an encoder layer computes (Vaswani et al. 2017), given what stands for attention."""
    if made.norm_first:
        x = x + mixed(made.norm1(x))
        return x + made.linear2(made.activation(made.linear1(made.norm2(x))))
    x = made.norm1(x + mixed(x))
    return made.norm2(x + made.linear2(made.activation(made.linear1(x))))


def fnet(x):
    return torch.fft.fft2(x, norm="ortho").real


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("no_grad", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_an_encoder_layer_calls_it_in_training_and_in_evaluation(norm_first, no_grad, activation):
    made, x = block(FourierMixing(8), norm_first=norm_first, activation=activation), drawn(3, 7, 8)
    expected = by_hand(made, x, fnet)
    with torch.set_grad_enabled(not no_grad):
        torch.testing.assert_close(made.train()(x), expected)
        torch.testing.assert_close(made.eval()(x), expected)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("floating", [False, True])
def test_masked_is_alone(training, floating):
    made, x = block(FourierMixing(8)).train(training), drawn(3, 7, 8)
    mask = padding_of(LENGTHS)
    given = torch.zeros(mask.shape).masked_fill(mask, -torch.inf) if floating else mask
    with torch.no_grad():
        together = made(x.masked_fill(mask[..., None], 99.0), src_key_padding_mask=given)
        for one, length in enumerate(LENGTHS):
            alone = by_hand(made, x[one : one + 1, :length], fnet)
            torch.testing.assert_close(together[one : one + 1, :length], alone)


@pytest.mark.parametrize("grad", [False, True])
def test_a_stack_with_padding_is_alike_in_training_and_in_evaluation(grad):
    stack = nn.TransformerEncoder(block(FourierMixing(8)), 2, enable_nested_tensor=False)
    x, mask = drawn(3, 7, 8), padding_of(LENGTHS)
    with torch.set_grad_enabled(grad):
        trained, evaluated = (
            stack.train(on)(x, src_key_padding_mask=mask).masked_fill(mask[..., None], 0.0)
            for on in (True, False)
        )
    torch.testing.assert_close(trained, evaluated)
    torch.testing.assert_close(evaluated[1:2, :3], stack(x[1:2, :3]))


def test_a_stack_that_asks_for_nested_tensors_says_that_there_are_none_and_works():
    with pytest.warns(UserWarning, match="use_nested_tensor is False"):
        stack = nn.TransformerEncoder(block(FourierMixing(8)), 2).eval()
    x, mask = drawn(3, 7, 8), padding_of(LENGTHS)
    with torch.no_grad():
        padded = stack(x, src_key_padding_mask=mask)
        torch.testing.assert_close(padded[1:2, :3], stack(x[1:2, :3]))


def test_replaced_in_a_stack_of_attention_by_hand_it_explains_what_to_do():
    stack = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1).eval()
    stack.layers[0].self_attn = SelfAttentionAdapter(FourierMixing(8))
    with pytest.raises(AttributeError, match="use_nested_tensor = False"):
        stack(drawn(3, 7, 8), src_key_padding_mask=padding_of(LENGTHS))
    assert not hasattr(stack.layers[0].self_attn, "no_such_thing")


@pytest.mark.parametrize("batch_first", [False, True])
def test_replacing_all_of_a_model(batch_first):
    inner = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=batch_first, dtype=torch.float64)
    model = nn.Sequential(nn.TransformerEncoder(inner, 3, enable_nested_tensor=batch_first)).eval()
    assert replace_self_attention(model, lambda hidden: FourierMixing(hidden)) is model
    stack: Any = model[0]
    assert not stack.enable_nested_tensor
    assert not stack.layers[2].self_attn.training
    assert len({id(one.self_attn.layer) for one in stack.layers}) == 3
    x, mask = drawn(3, 7, 8).double(), padding_of(LENGTHS)
    expected = x[1:2, :3]
    for one in stack.layers:
        expected = by_hand(one, expected, fnet)
    with torch.no_grad():
        found = stack(x if batch_first else x.transpose(0, 1), src_key_padding_mask=mask)
    found = found if batch_first else found.transpose(0, 1)
    torch.testing.assert_close(found[1:2, :3], expected)
    torch.testing.assert_close(copy.deepcopy(stack).layers[0].norm1.weight, stack.layers[0].norm1.weight)


def test_what_replaces_comes_to_the_dtype_of_what_was_there():
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dtype=torch.float64)
    replace_self_attention(model, lambda hidden: GlobalFilterMixing(hidden_dim=hidden, sequence_length=7))
    assert {one.dtype for one in model.parameters()} == {torch.float64}
    assert model(drawn(3, 7, 8).double()).dtype == torch.float64


def test_replacing_refuses_what_does_not_fit_and_changes_nothing():
    model = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False
    )
    shared = FourierMixing(8)
    for build in (lambda hidden: FourierMixing(hidden + 1), lambda hidden: shared):
        with pytest.raises(ArgumentError, match="build"):
            replace_self_attention(model, build)
    assert all(isinstance(one.self_attn, nn.MultiheadAttention) for one in model.layers)
    with pytest.raises(ArgumentError, match="model"):
        replace_self_attention(nn.Linear(2, 2), FourierMixing)


def test_one_sample_without_a_batch_axis():
    adapter, x = SelfAttentionAdapter(FourierMixing(8)), drawn(5, 8)
    mask = torch.tensor([False, False, False, True, True])
    torch.testing.assert_close(adapter(x, x, x)[0], fnet(x))
    torch.testing.assert_close(adapter(x, x, x, key_padding_mask=mask)[0][:3], fnet(x[:3]))


def test_an_input_that_the_layer_adds_is_taken_off():
    x, mask = drawn(3, 7, 8), padding_of(LENGTHS)
    plain, adding = SelfAttentionAdapter(FourierMixing(8)), SelfAttentionAdapter(AddingMixing(8))
    assert (plain.subtract_input, adding.subtract_input) == (False, True)
    torch.testing.assert_close(adding(x, x, x)[0], plain(x, x, x)[0])
    hidden = x.masked_fill(mask[..., None], torch.nan)
    found = adding(hidden, hidden, hidden, key_padding_mask=mask)[0]
    torch.testing.assert_close(found, plain(x, x, x, key_padding_mask=mask)[0])
    kept = SelfAttentionAdapter(AddingMixing(8), subtract_input=False)
    torch.testing.assert_close(kept(x, x, x)[0], x + fnet(x))


@pytest.mark.parametrize("boolean", [False, True])
@pytest.mark.parametrize("is_causal", [False, True])
def test_a_causal_layer_takes_the_causal_mask(boolean, is_causal):
    stack = nn.TransformerEncoder(block(RunningSum(8)), 2, enable_nested_tensor=False).eval()
    x = drawn(2, 6, 8)
    causal = nn.Transformer.generate_square_subsequent_mask(6)
    causal = causal.isneginf() if boolean else causal
    padding = padding_of((6, 4)) if boolean else None
    seen = stack(x, mask=causal, is_causal=is_causal, src_key_padding_mask=padding)
    torch.testing.assert_close(seen[:, :4], stack(x)[:, :4])


def test_masks_that_a_layer_does_not_have_are_refused():
    x, causal = drawn(2, 6, 8), nn.Transformer.generate_square_subsequent_mask(6)
    whole, running = SelfAttentionAdapter(FourierMixing(8)), SelfAttentionAdapter(RunningSum(8))
    with pytest.raises(ArgumentError, match=r"attn_mask must be None.*causal=True"):
        whole(x, x, x, attn_mask=causal)
    with pytest.raises(ArgumentError, match="is_causal"):
        whole(x, x, x, is_causal=True)
    assert running(x, x, x, is_causal=True)[1] is None
    banded = causal + torch.full((6, 6), -torch.inf).tril(-3)
    for other in (banded, torch.zeros(6, 6), causal.isneginf().T):
        with pytest.raises(DataError, match="attn_mask"):
            running(x, x, x, attn_mask=other, is_causal=True)
    with pytest.raises(DataError, match="attn_mask"):
        running(x, x, x, attn_mask=causal.clamp(min=-1e4))
    with pytest.raises(ShapeError, match="attn_mask"):
        running(x, x, x, attn_mask=causal[:5, :5])


def test_other_bad_arguments():
    adapter, x = SelfAttentionAdapter(FourierMixing(8)), drawn(2, 6, 8)
    with pytest.raises(ArgumentError, match="key and value"):
        adapter(x, x.clone(), x)
    with pytest.raises(ArgumentError, match="need_weights"):
        adapter(x, x, x, need_weights=True)
    with pytest.raises(DataError, match="key_padding_mask"):
        adapter(x, x, x, key_padding_mask=torch.full((2, 6), -1.0))
    with pytest.raises(ArgumentTypeError, match="key_padding_mask"):
        adapter(x, x, x, key_padding_mask=torch.zeros(2, 6, dtype=torch.int64))
    with pytest.raises(ArgumentTypeError, match="layer"):
        SelfAttentionAdapter(nn.Linear(8, 8))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match="keep_complex"):
        SelfAttentionAdapter(FourierMixing(8, keep_complex=True))
    settings = {"layer": "FourierMixing", "hidden_dim": 8}
    for other in (
        SpectralConv1d(8, 8, 3),
        WaveletMixing2D(8),
        SpectralEncoder(settings, vocab_size=9),
        SpectralEncoder(settings, pooling="mean"),
        SpectralEncoder(settings, num_classes=3),
    ):
        with pytest.raises(ArgumentError, match=r"^layer must be one that maps"):
            SelfAttentionAdapter(other)
    assert SelfAttentionAdapter(SpectralEncoder(settings))(x, x, x)[0].shape == x.shape
    nested = torch.nested.nested_tensor([x[0], x[1, :2]], layout=torch.jagged)
    with pytest.raises(ArgumentTypeError, match="enable_nested_tensor=False"):
        adapter(nested, nested, nested)


@pytest.mark.parametrize("training", [False, True])
def test_it_compiles_and_exports_with_masks(training):
    stack = nn.TransformerEncoder(block(RunningSum(8)), 2, enable_nested_tensor=False).train(training)
    x, mask = drawn(3, 7, 8), padding_of(LENGTHS)
    causal = nn.Transformer.generate_square_subsequent_mask(7)
    calls = ({"src_key_padding_mask": mask}, {"mask": causal, "is_causal": True})
    for call in calls:
        compiled = torch.compile(stack, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(x, **call), stack(x, **call))
        exported = torch.export.export(stack, (x,), call, strict=False).module()
        torch.testing.assert_close(exported(x, **call), stack(x, **call))


def test_gradients_reach_weights_below():
    stack = nn.TransformerEncoder(block(FourierMixing(8)), 2, enable_nested_tensor=False)
    x = drawn(3, 7, 8).requires_grad_()
    stack(x, src_key_padding_mask=padding_of(LENGTHS))[1, :3].square().sum().backward()
    assert x.grad is not None
    assert bool((x.grad[1, :3] != 0).all())
    assert not bool(x.grad[1, 3:].any())
    assert not bool(x.grad[[0, 2]].any())


@pytest.mark.parametrize("case", [case for case in FIRST if case.kind.__name__ in MIXERS], ids=str)
def test_every_sequence_layer_can_stand_there(case):
    layer, hidden = case.build(), case.shape[2]
    torch.manual_seed(0)
    made: Any = nn.TransformerEncoderLayer(hidden, 2, 16, dropout=0.0, batch_first=True)
    made.self_attn = SelfAttentionAdapter(layer)
    x, mask = drawn(3, 64, hidden), padding_of((64, 61, 57))
    with torch.no_grad():
        together = made(x.masked_fill(mask[..., None], 99.0), src_key_padding_mask=mask)
        torch.testing.assert_close(made.eval()(x, src_key_padding_mask=mask)[1, :61], together[1, :61])
        for one, length in enumerate((64, 61, 57)):
            alone = x[one : one + 1, :length]
            inner = layer(alone) - alone if layer.adds_input else layer(alone)
            expected = by_hand(made, alone, lambda _, inner=inner: inner)
            torch.testing.assert_close(together[one : one + 1, :length], expected, rtol=1e-4, atol=1e-4)
