"""Encoders: embedding, positions, pooling, head, against the same written out; masked; in steps."""

import copy
import io
import math

import numpy as np
import pytest
import torch
from torch import nn

from lamina import errors
from lamina.layers.embedding import sinusoids
from lamina.layers.encoder import EncoderState, SpectralEncoder
from lamina.layers.mixing.fourier import FourierMixing

HIDDEN, LENGTH, WORDS = 16, 40, 11
FOURIER = {"layer": "FourierMixing", "hidden_dim": HIDDEN}
CAUSAL = {"layer": "GlobalFilterMixing", "hidden_dim": HIDDEN, "sequence_length": LENGTH, "causal": True}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def words(batch=3, length=LENGTH, seed=1):
    return torch.randint(WORDS, (batch, length), generator=seeded(seed))


def padding(lengths, total=LENGTH):
    return torch.arange(total)[None] >= torch.tensor(lengths)[:, None]


def fourier_encoder(**settings):
    given = {"depth": 2, "vocab_size": WORDS, "generator": seeded()} | settings
    return SpectralEncoder(FOURIER, **given).eval()


def by_hand(encoder, hidden):
    """What follows the embedding, for one sample of its own length."""
    for block in encoder.blocks:
        normed = nn.functional.layer_norm(hidden, (HIDDEN,), block.norm1.weight, block.norm1.bias)
        hidden = hidden + torch.fft.fft2(normed, norm="ortho").real
        normed = nn.functional.layer_norm(hidden, (HIDDEN,), block.norm2.weight, block.norm2.bias)
        hidden = hidden + block.feed_forward(normed)
    return nn.functional.layer_norm(hidden, (HIDDEN,), encoder.norm.weight, encoder.norm.bias)


def test_positions_are_sines_and_cosines():
    for size in (6, 7, 1):
        found = sinusoids(torch.arange(50), size, torch.float64).numpy()
        for t in (0, 1, 49):
            for i in range(size):
                angle = t / 10_000 ** (2 * (i // 2) / size)
                assert found[t, i] == pytest.approx(math.cos(angle) if i % 2 else math.sin(angle), abs=1e-12)
    assert found[:, 0].var() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("positions", ["none", "learned", "sinusoidal"])
@pytest.mark.parametrize("pooling", ["none", "mean", "last", "cls"])
def test_encoders_are_their_equations(positions, pooling):
    encoder = fourier_encoder(positions=positions, pooling=pooling, max_length=LENGTH, num_classes=3)
    for parameter in encoder.parameters():
        parameter.data.add_(0.1 * torch.randn(parameter.shape, generator=seeded(5)))
    tokens, lengths = words(), (LENGTH, 7, 1)
    mask = padding(lengths)
    junk = torch.where(mask, -999, tokens)
    together = encoder(junk, key_padding_mask=mask)
    for i, length in enumerate(lengths):
        hidden = encoder.embedding.tokens[tokens[i, :length]]
        if pooling == "cls":
            hidden = torch.cat([encoder.embedding.leading, hidden])
        if positions == "learned":
            hidden = hidden + encoder.embedding.places[: len(hidden)]
        elif positions == "sinusoidal":
            hidden = hidden + sinusoids(torch.arange(len(hidden)), HIDDEN, torch.float32)
        hidden = by_hand(encoder, hidden[None])[0]
        pooled = {"none": hidden, "mean": hidden.mean(0), "last": hidden[-1], "cls": hidden[0]}[pooling]
        expected = nn.functional.linear(pooled, encoder.head.weight, encoder.head.bias)
        found = together[i, :length] if pooling == "none" else together[i]
        torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)
        alone = encoder(tokens[i : i + 1, :length])[0]
        torch.testing.assert_close(alone, expected, atol=2e-5, rtol=1e-4)
        if pooling == "none":
            assert not together[i, length:].any()


def test_real_inputs_are_mapped():
    encoder = SpectralEncoder(FOURIER, 2, input_dim=5, pooling="mean", generator=seeded()).eval()
    x, mask = torch.randn(2, LENGTH, 5, generator=seeded(1)), padding((LENGTH, 9))
    x[mask] = float("nan")
    x.requires_grad_()
    together = encoder(x, key_padding_mask=mask)
    together.sum().backward()
    assert torch.isfinite(x.grad).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in encoder.parameters())
    expected = by_hand(encoder, encoder.embedding.project(x[1:, :9])).mean(1)
    torch.testing.assert_close(together[1:], expected, atol=2e-5, rtol=1e-4)
    assert encoder.embedding.project.weight.shape == (HIDDEN, 5)


@pytest.mark.parametrize("pooling", ["none", "mean", "last", "cls"])
def test_padding_may_lie_anywhere_where_the_mixers_allow_it(pooling):
    settings = {"layer": "PerformerAttention", "hidden_dim": HIDDEN, "num_heads": 2}
    encoder = SpectralEncoder(settings, vocab_size=WORDS, pooling=pooling, generator=seeded()).eval()
    tokens, mask = words(1), padding((30,))
    mask[:, :5] = mask[:, 12] = True
    found, expected = encoder(tokens, key_padding_mask=mask), encoder(tokens[~mask][None])
    found = found[~mask][None] if pooling == "none" else found
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_a_sample_of_padding_alone_is_pooled_to_zero(pooling):
    encoder = fourier_encoder(pooling=pooling, num_classes=3, positions="sinusoidal")
    y = encoder(words(2), key_padding_mask=padding((LENGTH, 0)))
    torch.testing.assert_close(y[1], encoder.head.bias)
    assert torch.isfinite(y).all()


def test_mixers_take_turns():
    other = {**FOURIER, "fft_norm": "backward"}
    encoder = SpectralEncoder([FOURIER, other], 5)
    assert [block.mixer.fft_norm for block in encoder.blocks] == ["ortho", "backward"] * 2 + ["ortho"]
    assert len(SpectralEncoder([FOURIER, other]).blocks) == 2
    assert len(SpectralEncoder(FOURIER).blocks) == 1
    first, second = SpectralEncoder({**CAUSAL}, 2).blocks
    assert first.mixer is not second.mixer
    assert not torch.equal(first.mixer.filter_real, second.mixer.filter_real)


def test_built_layers_are_used_once():
    one, two = FourierMixing(HIDDEN), FourierMixing(HIDDEN)
    encoder = SpectralEncoder([one, two])
    assert [block.mixer for block in encoder.blocks] == [one, two]
    for several in (nn.ModuleList([one, two]), iter([one, two])):
        assert [block.mixer for block in SpectralEncoder(several).blocks] == [one, two]
    for wrong in ({"mixers": [one, one]}, {"mixers": one, "depth": 2}, {"mixers": [one, two], "depth": 3}):
        with pytest.raises(errors.ArgumentError, match=r"^mixers must be one built layer for each block"):
            SpectralEncoder(**wrong)


@pytest.mark.parametrize("pooling", ["none", "mean", "last"])
@pytest.mark.parametrize("positions", ["none", "learned", "sinusoidal"])
def test_steps_equal_forward(pooling, positions):
    encoder = SpectralEncoder(
        [CAUSAL, CAUSAL],
        vocab_size=WORDS,
        positions=positions,
        max_length=LENGTH,
        pooling=pooling,
        num_classes=4,
        generator=seeded(),
    ).double()
    tokens, state = words(), None
    whole = encoder(tokens)
    for t in range(LENGTH):
        y, state = encoder.step(tokens[:, t], state)
        assert isinstance(state, EncoderState)
        expected = whole[:, t] if pooling == "none" else encoder(tokens[:, : t + 1])
        torch.testing.assert_close(y, expected, atol=1e-9, rtol=1e-9)
    assert encoder.get_spectral_properties()["causal"] == (pooling == "none")
    if positions == "learned":
        with pytest.raises(errors.ShapeError, match="at most max_length = 40"):
            encoder.step(tokens[:, 0], state)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_means_over_many_positions_keep_their_digits(dtype):
    settings = {**CAUSAL, "sequence_length": 4000}
    exact = SpectralEncoder(settings, pooling="mean", generator=seeded()).eval()
    with torch.no_grad():
        # sums over 60,000 positions are beyond float16, and over 2,000 beyond the digits of both
        exact.norm.bias.fill_(3.0)
        encoder = copy.deepcopy(exact).to(dtype)
        x = torch.randn(1, 2000, HIDDEN, generator=seeded(1)).to(dtype)
        expected, state = exact(x.float()), None
        for t in range(2000):
            y, state = encoder.step(x[:, t], state)
        assert y.dtype == dtype
        torch.testing.assert_close(y.float(), expected, atol=0.03, rtol=0)
        long = torch.full((2, 60_000, HIDDEN), 3.0, dtype=dtype)
        padded = torch.arange(60_000) >= torch.tensor([60_000, 50_000])[:, None]
        three = torch.full((2, HIDDEN), 3.0, dtype=dtype)
        torch.testing.assert_close(encoder._pooled(long, None), three)
        torch.testing.assert_close(encoder._pooled(long.masked_fill(padded[..., None], 0), ~padded), three)


def test_steps_of_real_inputs():
    encoder = SpectralEncoder(CAUSAL, input_dim=3, generator=seeded())
    x = torch.randn(2, 5, 3, generator=seeded(1))
    state, found = None, []
    for t in range(5):
        y, state = encoder.step(x[:, t], state)
        found.append(y)
    torch.testing.assert_close(torch.stack(found, 1), encoder(x), atol=1e-5, rtol=1e-5)
    for wrong in (x, x[0, 0], x[:, 0, :-1]):
        with pytest.raises(errors.ShapeError, match=r"^x must be of shape"):
            encoder.step(wrong)
    with pytest.raises(errors.ArgumentTypeError, match=r"^x must be"):
        encoder.step(x[:, 0].long())


def test_what_is_no_position_is_refused():
    for settings in ({"vocab_size": WORDS}, {"input_dim": 3}, {}):
        for wrong in ([1], None, np.ones((1, 3))):
            with pytest.raises(errors.ArgumentTypeError, match=r"^x must be"):
                SpectralEncoder(CAUSAL, **settings).step(wrong)


def test_steps_need_causal_mixers():
    for encoder in (
        fourier_encoder(),
        SpectralEncoder([CAUSAL, FOURIER], vocab_size=WORDS),
        SpectralEncoder(CAUSAL, vocab_size=WORDS, pooling="cls"),
    ):
        with pytest.raises(errors.StateError, match="causal=True"):
            encoder.step(torch.zeros(1, dtype=torch.long))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"depth": 0}, "depth"),
        ({"depth": True}, "depth"),
        ({"vocab_size": 0}, "vocab_size"),
        ({"vocab_size": 5, "input_dim": 2}, "input_dim"),
        ({"input_dim": 2.5}, "input_dim"),
        ({"positions": "learnt"}, "positions"),
        ({"positions": "learned"}, "max_length"),
        ({"pooling": "max"}, "pooling"),
        ({"num_classes": 0}, "num_classes"),
        ({"mlp_ratio": -1}, "mlp_ratio"),
        ({"dropout": 1}, "dropout"),
        ({"norm_eps": 0.0}, "norm_eps"),
        ({"mixers": []}, "mixers"),
        ({"mixers": None}, r"mixers\[0\]"),
        ({"mixers": [FOURIER, {**FOURIER, "hidden_dim": 8}]}, "mixers"),
        ({"mixers": [FOURIER, FOURIER], "depth": 1}, "depth"),
    ],
)
def test_wrong_arguments_are_errors(arguments, name):
    with pytest.raises(errors.ArgumentError, match=rf"^{name} must be"):
        SpectralEncoder(**{"mixers": FOURIER} | arguments)


def test_wrong_tokens_are_errors():
    encoder = fourier_encoder()
    for wrong in (words().float(), words() > 3, [[1]], np.ones((1, 3), int), words().to(torch.complex64)):
        with pytest.raises(errors.ArgumentTypeError, match=r"^x must be a tensor of whole numbers"):
            encoder(wrong)
    for wrong in (words()[0], words()[..., None], words()[:, :0]):
        with pytest.raises(errors.ShapeError, match=r"^x must be of shape \(batch, sequence\)"):
            encoder(wrong)
    for wrong in (torch.tensor([[0, WORDS]]), torch.tensor([[-1, 0]])):
        with pytest.raises(errors.DataError, match=r"^x must be of tokens from 0 to 10"):
            encoder(wrong)
        with pytest.raises(errors.DataError, match=r"^x must be of tokens from 0 to 10"):
            encoder(wrong, key_padding_mask=torch.zeros(1, 2, dtype=torch.bool))
    for kind in (torch.uint8, torch.int32, torch.int16):
        assert torch.equal(encoder(words().to(kind)), encoder(words()))
    assert encoder(words(batch=0)).shape == (0, LENGTH, HIDDEN)
    learned = fourier_encoder(positions="learned", max_length=5)
    with pytest.raises(errors.ShapeError, match="of at most max_length = 5 positions, got 6"):
        learned(words(length=6))
    assert learned(words(length=5)).shape == (3, 5, HIDDEN)


def test_tokens_compile_export_and_vectorise():
    encoder = fourier_encoder(positions="learned", max_length=LENGTH, pooling="cls", num_classes=3)
    tokens, mask = words(), padding((LENGTH, 7, 1))
    expected = encoder(tokens, key_padding_mask=mask)
    compiled = torch.compile(encoder, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(tokens, key_padding_mask=mask), expected)
    exported = torch.export.export(encoder, (tokens,), {"key_padding_mask": mask}).module()
    torch.testing.assert_close(exported(tokens, key_padding_mask=mask), expected)
    stepped = SpectralEncoder(CAUSAL, vocab_size=WORDS, positions="learned", max_length=9).eval()
    step = torch.compile(stepped.step, backend="aot_eager", fullgraph=True)
    state = other = None
    for t in range(3):
        with torch.no_grad():
            y, state = step(tokens[:, t], state)
            again, other = stepped.step(tokens[:, t], other)
        torch.testing.assert_close(y, again)
    for pooling in ("mean", "last", "cls"):
        one = fourier_encoder(pooling=pooling)
        both = torch.stack([tokens, tokens.flip(0)]), torch.stack([mask, mask.flip(0)])
        found = torch.func.vmap(lambda x, mask, one=one: one(x, key_padding_mask=mask))(*both)
        torch.testing.assert_close(found[0], one(tokens, key_padding_mask=mask))
        torch.testing.assert_close(found[1], found[0].flip(0), atol=1e-6, rtol=1e-5)


def test_autocast_copy_and_state():
    encoder = fourier_encoder(pooling="mean", num_classes=3)
    expected = encoder(words())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = encoder(words())
    assert found.dtype == torch.float32
    assert (found - expected).norm() < 0.03 * expected.norm()
    assert torch.equal(copy.deepcopy(encoder)(words()), expected)
    held = io.BytesIO()
    torch.save(encoder.state_dict(), held)
    held.seek(0)
    other = fourier_encoder(pooling="mean", num_classes=3, generator=seeded(1))
    assert not torch.equal(other(words()), expected)
    other.load_state_dict(torch.load(held, weights_only=True))
    assert torch.equal(other(words()), expected)
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        assert copy.deepcopy(encoder).to(dtype)(words()).dtype == dtype
        assert SpectralEncoder(FOURIER, vocab_size=WORDS, dtype=dtype)(words()).dtype == dtype
