"""Presets of the encoder: what they are made of, what they take, and that they are plain settings."""

import pytest
import torch

from lamina import errors
from lamina.layers.block import SpectralBlock
from lamina.layers.encoder import SpectralEncoder
from lamina.layers.encoder_configuration import SpectralEncoderConfig
from lamina.layers.encoder_presets import PRESETS
from lamina.layers.registry import build_layer, load_config, save_config

HIDDEN, LENGTH, WORDS = 16, 40, 11
FOURIER = {"layer": "FourierMixing", "hidden_dim": HIDDEN}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def words(batch=3, length=LENGTH, seed=1):
    return torch.randint(WORDS, (batch, length), generator=seeded(seed))


def padding(lengths, total=LENGTH):
    return torch.arange(total)[None] >= torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_plain_settings(name, tmp_path):
    encoder = SpectralEncoder.preset(
        name,
        hidden_dim=HIDDEN,
        depth=2,
        sequence_length=LENGTH,
        vocab_size=WORDS,
        positions="learned",
        pooling="cls",
        num_classes=3,
        generator=seeded(),
    ).eval()
    assert len(encoder.blocks) == 2
    tokens, mask = words(), padding((LENGTH, 35, 35))
    y = encoder(tokens, key_padding_mask=mask)
    assert y.shape == (3, 3)
    y.square().sum().backward()
    assert all(
        parameter.grad.isfinite().all() for parameter in encoder.parameters() if parameter.grad is not None
    )
    for ending in ("yaml", "json"):
        path = tmp_path / f"{name}.{ending}"
        save_config(encoder.to_config(), path)
        assert load_config(path) == encoder.to_config()
        again = build_layer(load_config(path), generator=seeded()).eval()
        assert torch.equal(again(tokens, key_padding_mask=mask), y)


MIXERS_OF = {
    "fnet": ["FourierMixing"] * 4,
    "gfnet": ["GlobalFilterMixing"] * 4,
    "afno": ["AFNOMixing"] * 4,
    "wavelet": ["WaveletMixing"] * 4,
    "lst": ["LSTAttention"] * 4,
    "performer": ["PerformerAttention"] * 4,
    "fno": ["FourierNeuralOperator"] * 4,
    "hybrid": ["GlobalFilterMixing", "PerformerAttention"] * 2,
}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_the_mixers_that_are_stated(name):
    encoder = SpectralEncoder.preset(name, hidden_dim=12, depth=4, sequence_length=24)
    assert [type(block.mixer).__name__ for block in encoder.blocks] == MIXERS_OF[name]
    assert isinstance(encoder.blocks[0], SpectralBlock)
    # every setting of the encoder keeps its default
    plain = SpectralEncoderConfig(mixers=encoder.to_config().mixers, depth=4)
    assert encoder.to_config() == plain


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("length", [1, 2, 13, 64])
def test_presets_take_sequences_of_their_length(name, length):
    if name == "wavelet" and length < 14:
        pytest.skip("too short for a level of db4, of which the layer warns")
    encoder = SpectralEncoder.preset(name, hidden_dim=4, depth=2, sequence_length=length).eval()
    assert encoder(torch.ones(2, length, 4)).shape == (2, length, 4)


def test_presets_pass_on_settings_of_their_mixers():
    encoder = SpectralEncoder.preset(
        "gfnet", hidden_dim=4, depth=2, sequence_length=8, mixer_settings={"causal": True}
    )
    assert encoder.causal
    with pytest.raises(errors.ArgumentError, match="Did you mean 'dropout'"):
        SpectralEncoder.preset(
            "fnet", hidden_dim=4, depth=1, sequence_length=8, mixer_settings={"dropuot": 0.1}
        )
    for wrong in ([1], "causal", 3):
        with pytest.raises(errors.ArgumentTypeError, match=r"^mixer_settings must be a mapping"):
            SpectralEncoder.preset("fnet", hidden_dim=4, depth=1, sequence_length=8, mixer_settings=wrong)
    with pytest.raises(errors.ArgumentError, match=r"^mixers must be left to the preset"):
        SpectralEncoder.preset("fnet", hidden_dim=4, depth=1, sequence_length=8, mixers=[FOURIER])
    with pytest.raises(errors.ArgumentError, match="Did you mean 'num_classes'"):
        SpectralEncoder.preset("fnet", hidden_dim=4, depth=1, sequence_length=8, num_clases=2)


def test_presets_of_operators_need_the_points_that_are_stated():
    for length, modes in ((64, 16), (20, 10)):
        encoder = SpectralEncoder.preset("fno", hidden_dim=4, depth=1, sequence_length=length).eval()
        assert encoder.blocks[0].mixer.modes == modes
        least = 2 * modes - 1
        assert encoder(torch.ones(1, least, 4)).shape == (1, least, 4)
        with pytest.raises(errors.ShapeError, match=f"at least {least} points"):
            encoder(torch.ones(1, least - 1, 4))
        mask = padding((length, least - 1), length)
        with pytest.raises(errors.DataError, match=f"at least {least} points"):
            encoder(torch.ones(2, length, 4), key_padding_mask=mask)


def test_presets_of_wavelets_warn_of_short_sequences():
    encoder = SpectralEncoder.preset("wavelet", hidden_dim=4, depth=1, sequence_length=64).eval()
    assert encoder.blocks[0].mixer.levels == 3
    encoder(torch.ones(1, 7 * 2**3, 4))
    with pytest.warns(errors.LaminaWarning, match="allows 2 of the 3 levels"):
        encoder(torch.ones(1, 7 * 2**3 - 1, 4))


def test_wrong_presets_are_errors():
    with pytest.raises(errors.ArgumentError, match="Did you mean 'gfnet'"):
        SpectralEncoder.preset("gfnett", hidden_dim=4, depth=1, sequence_length=8)
    for wrong in ({"hidden_dim": 0}, {"depth": 0}, {"sequence_length": 0}, {"sequence_length": "8"}):
        with pytest.raises(errors.ArgumentError, match=rf"^{next(iter(wrong))} must be"):
            SpectralEncoder.preset("fnet", **{"hidden_dim": 4, "depth": 1, "sequence_length": 8} | wrong)


@pytest.mark.parametrize(
    ("name", "each"),
    [
        ("fnet", 0),
        ("gfnet", 2 * 64 * 32),
        ("wavelet", (3 + 1) * 32),
        ("fno", 2 * 16 * 32 * 32 + 32 * 32 + 32),
    ],
)
def test_parameters_are_as_many_as_stated(name, each):
    encoder = SpectralEncoder.preset(
        name, hidden_dim=32, depth=3, sequence_length=64, vocab_size=WORDS, pooling="cls", num_classes=5
    )
    each = {"gfnet": 2 * 65 * 32}.get(name, each)
    block = each + 4 * 32 + 2 * 32 * 128 + 128 + 32
    expected = 3 * block + 2 * 32 + WORDS * 32 + 32 + 33 * 5
    assert sum(parameter.numel() for parameter in encoder.parameters()) == expected


def test_generators_decide():
    one, same, other = (
        SpectralEncoder.preset(
            "gfnet", hidden_dim=8, depth=2, sequence_length=16, vocab_size=5, generator=seeded(seed)
        )
        for seed in (3, 3, 4)
    )
    for name, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[name]), name
    assert not torch.equal(one.embedding.tokens, other.embedding.tokens)
    assert 0.5 < one.embedding.tokens.std() < 1.5
