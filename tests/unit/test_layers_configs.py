"""Settings of the layers in files: round trips, nested ones, JSON schemas, and files that mean harm."""

import json
import os
import pickle
import time

import numpy as np
import pytest
import torch
import yaml

from lamina import errors
from lamina.layers.block import SpectralBlock, SpectralBlockConfig
from lamina.layers.configuration import (
    Count,
    FFTNorm,
    Flag,
    LayerConfig,
    NonNegative,
    Positive,
    Probability,
    Whole,
)
from lamina.layers.encoder import SpectralEncoder
from lamina.layers.encoder_configuration import SpectralEncoderConfig
from lamina.layers.mixers import MIXERS
from lamina.layers.mixing.fourier import FourierMixing, FourierMixingConfig
from lamina.layers.registry import LAYERS, build_layer, config_from_mapping, load_config, save_config

FOURIER = {"layer": "FourierMixing", "hidden_dim": 8}
PLAIN = "layer: FourierMixing\nhidden_dim: 8\n"


class Every(LayerConfig, frozen=True):
    count: Count = 1
    whole: Whole = 0
    probability: Probability = 0.0
    positive: Positive = 1.0
    least: NonNegative = 0.0
    flag: Flag = False
    norm: FFTNorm = "ortho"


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("count", np.int64(3), 3),
        ("count", np.uint8(3), 3),
        ("count", np.array(3), 3),
        ("count", torch.tensor(3), 3),
        ("whole", np.int32(0), 0),
        ("probability", np.float32(0.25), 0.25),
        ("probability", np.float16(0.5), 0.5),
        ("probability", np.array(0.25), 0.25),
        ("probability", torch.tensor(0.25), 0.25),
        ("probability", torch.tensor(0.25, requires_grad=True), 0.25),
        ("least", torch.tensor(3), 3.0),
        ("probability", 0, 0.0),
        ("positive", np.int64(2), 2.0),
        ("least", np.float64(0.0), 0.0),
        ("flag", np.True_, True),
        ("norm", np.str_("forward"), "forward"),
    ],
)
def test_numbers_of_numpy_are_numbers(name, value, kept):
    config = Every(**{name: value})
    assert config.model_dump(mode="json")[name] == kept
    assert json.loads(json.dumps(config.model_dump(mode="json")))[name] == kept
    assert type(config.model_dump()[name]) is type(kept)


@pytest.mark.parametrize("name", ["count", "whole", "probability", "positive", "least"])
@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        np.array(True),
        torch.tensor(True),
        "1",
        b"1",
        None,
        [1],
        {},
        np.array([0.5]),
        np.array([1]),
        torch.tensor([1]),
        torch.tensor(1, device="meta"),
        np.datetime64("2020"),
        1j,
        np.complex64(0.5),
        torch.tensor(0.5j),
        float("nan"),
    ],
    ids=repr,
)
def test_what_merely_looks_like_a_number_is_none(name, value):
    with pytest.raises(errors.ArgumentError, match=rf"^{name} must be"):
        Every(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 0),
        ("count", 3.0),
        ("count", 10**12),
        ("whole", -1),
        ("probability", 1.0),
        ("probability", -1e-9),
        ("positive", 0.0),
        ("positive", float("inf")),
        ("positive", 10**400),
        ("least", -0.1),
        ("flag", 1),
        ("flag", "yes"),
        ("flag", np.array([True])),
        ("norm", "Ortho"),
        ("norm", None),
    ],
)
def test_limits_hold(name, value):
    with pytest.raises(errors.ArgumentError, match=rf"^{name} must be"):
        Every(**{name: value})


def test_a_choice_names_the_nearest():
    with pytest.raises(errors.ArgumentError, match="Did you mean 'ortho'"):
        Every(norm="orto")


def test_settings_do_not_change():
    config = FourierMixingConfig(hidden_dim=8)
    with pytest.raises(ValueError, match="frozen"):
        config.hidden_dim = 9
    assert hash(config) == hash(FourierMixingConfig(hidden_dim=8))
    assert pickle.loads(pickle.dumps(config)) == config


@pytest.mark.parametrize("values", [3, [1], "x", None], ids=repr)
def test_settings_come_from_mappings(values):
    with pytest.raises(errors.ArgumentTypeError, match=r"^(values|config) must be"):
        config_from_mapping(values)
    with pytest.raises(errors.ArgumentTypeError, match=r"^(values|config) must be"):
        FourierMixing.from_config(values)


@pytest.mark.parametrize("key", [1, None, ("a",), b"hidden_dim"], ids=repr)
def test_keys_are_text(key):
    with pytest.raises(errors.ArgumentTypeError, match="keys are text"):
        config_from_mapping({**FOURIER, key: 1})


@pytest.mark.parametrize("key", ["self", "values", "__class__", "model_config", "", "löyer", "Layer"])
def test_no_key_is_special(key):
    with pytest.raises(errors.ArgumentError, match="must be a key of FourierMixingConfig"):
        config_from_mapping({**FOURIER, key: 1})


# nested settings


@pytest.mark.parametrize(
    ("mixer", "message"),
    [
        ({**FOURIER, "hiden_dim": 3}, r"^mixer\.hiden_dim must be a key .* Did you mean 'hidden_dim'"),
        (
            {"layer": "FourierMxing", "hidden_dim": 8},
            r"^mixer\.layer must be .* Did you mean 'FourierMixing'",
        ),
        ({"hidden_dim": 8}, r"^mixer\.layer must be one of"),
        ({"layer": "FourierMixing"}, r"^mixer\.hidden_dim must be given"),
        ({**FOURIER, "hidden_dim": True}, r"^mixer\.hidden_dim must be a whole number"),
        ({**FOURIER, "fft_norm": "orto"}, r"^mixer\.fft_norm must be .* Did you mean 'ortho'"),
        ({**FOURIER, 3: 4}, r"^mixer\.values must be a mapping whose keys are text"),
        (3, r"^mixer must be settings"),
        (None, r"^mixer must be settings"),
        ("FourierMixing", r"^mixer must be settings"),
    ],
)
def test_nested_mistakes_are_placed(mixer, message):
    with pytest.raises(errors.ArgumentError, match=message):
        SpectralBlock(mixer)
    with pytest.raises(errors.ArgumentError, match=message):
        config_from_mapping({"layer": "SpectralBlock", "mixer": mixer})


def test_nested_mistakes_are_counted():
    with pytest.raises(errors.ArgumentError, match=r"^mixers\[1\]\.hiden_dim must be a key"):
        SpectralEncoder([FOURIER, {**FOURIER, "hiden_dim": 1}])
    with pytest.raises(errors.ArgumentError, match=r"^mixers\[1\] must be settings"):
        SpectralEncoder([FOURIER, 7])


def test_blocks_are_no_mixers():
    block = SpectralBlockConfig(mixer=FOURIER)
    with pytest.raises(errors.ArgumentError, match=r"^mixer must be settings of a layer that maps"):
        SpectralBlock(block)
    with pytest.raises(errors.ArgumentError, match=r"^mixer\.layer must be one of"):
        SpectralBlock(block.model_dump())


@pytest.mark.parametrize("ending", ["yaml", "yml", "json", "YAML"])
def test_nested_settings_go_through_files(tmp_path, ending):
    encoder = SpectralEncoder([FOURIER, {**FOURIER, "dropout": 0.25}], 3, vocab_size=5, norm_eps=1e-6)
    path = tmp_path / f"encoder.{ending}"
    save_config(encoder.to_config(), path)
    loaded = load_config(path)
    assert loaded == encoder.to_config()
    assert isinstance(loaded, SpectralEncoderConfig)
    assert loaded.mixers[1] == FourierMixingConfig(hidden_dim=8, dropout=0.25)
    held = yaml.safe_load(path.read_text())
    assert set(held["mixers"][1]) == set(FourierMixingConfig.model_fields)
    assert [block.mixer.config.dropout for block in build_layer(loaded).blocks] == [0.0, 0.25, 0.0]
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


# schemas


@pytest.mark.parametrize("kind", LAYERS.values(), ids=LAYERS)
def test_every_layer_has_a_schema(kind):
    schema = kind.Config.model_json_schema()
    assert schema["additionalProperties"] is False
    assert schema["properties"]["layer"]["const"] == kind.__name__
    assert set(schema["properties"]) == set(kind.Config.model_fields)


def test_the_schema_of_a_block_lists_its_mixers():
    schema = SpectralBlockConfig.model_json_schema()
    listed = schema["properties"]["mixer"]
    kinds = listed.get("discriminator", {}).get("mapping", {})
    assert set(kinds) == set(MIXERS)
    for name, place in kinds.items():
        held = schema["$defs"][place.rpartition("/")[2]]
        assert held["properties"]["layer"]["const"] == name
        assert {"$ref": place} in listed["oneOf"]
    # limits are said in words that validators of schemas know
    assert schema["$defs"]["FourierMixingConfig"]["properties"]["hidden_dim"]["minimum"] == 1


# files


def written(folder, text, name="layer.yaml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def laughs():
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold one mapping.*holds nothing"),
        ("# nothing but a remark\n", "must hold one mapping.*holds nothing"),
        ("- 1\n- 2\n", "must hold one mapping.*holds a list"),
        ("text", "must hold one mapping.*holds a str"),
        (PLAIN + "1: 2\n", "keys that are no text"),
        (PLAIN + "hidden_dim: 9\n", "'hidden_dim' is given 2 times"),
        ("!!python/object/apply:os.system ['true']", "is not valid YAML"),
        (PLAIN + "dropout: !!python/name:os.system\n", "is not valid YAML"),
        (PLAIN + "dropout: !mine 3\n", "is not valid YAML"),
        (laughs() + PLAIN, "more than 10000 values"),
        ("x: &x {y: *x}\n" + PLAIN, "holds itself"),
        ("[" * 100_000, "nested too deeply"),
        ("{a: " * 5_000, "nested too deeply"),
        ("- " * 100_000, "nested too deeply"),
        ("--- 1\n--- 2\n", "is not valid YAML"),
        ("a: [", "is not valid YAML"),
        ("a: 2020-99-99", "is not valid YAML"),
        ("a: " + "9" * 5000, "is not valid YAML"),
        ("? [1]\n: 2\n", "is not valid YAML"),
        ("a: !!timestamp b", "is not valid YAML.*does not fit its tag"),
        ("a: !!bool b", "is not valid YAML.*does not fit its tag"),
        ("a: !!int ''", "is not valid YAML.*does not fit its tag"),
        ("a: " + "9:" * 3000 + "9.5", "is not valid YAML.*does not fit its tag"),
        (b"\xff\xfea\x00", "is not text in UTF-8"),
        (b"layer: \xe9\n", "is not text in UTF-8"),
        (b"a: \x00", "is not valid YAML"),
        ("#" * 300_000, "larger than 256 KiB"),
    ],
)
def test_strange_yaml_is_an_error_that_says_what(tmp_path, text, message):
    started = time.perf_counter()
    with pytest.raises(errors.FileError, match=message) as caught:
        load_config(written(tmp_path, text))
    assert time.perf_counter() - started < 20
    assert len(str(caught.value)) < 1000
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON"),
        ("[1]", "holds a list"),
        ("null", "holds nothing"),
        ('{"layer": "FourierMixing", "layer": "x"}', "'layer' is given 2 times"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 100_000, "nested too deeply|larger than"),
        ('{"a": ' + "9" * 5000 + "}", "is not valid JSON"),
        (b"\xff", "is not text in UTF-8"),
    ],
)
def test_strange_json_is_an_error_that_says_what(tmp_path, text, message):
    with pytest.raises(errors.FileError, match=message):
        load_config(written(tmp_path, text, "layer.json"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("hiden_dim: 3", "^hiden_dim must be a key .* Did you mean 'hidden_dim'"),
        ("dropout: yes", "^dropout must be a number, got True"),
        ("dropout: '0.1'", "^dropout must be a number"),
        ("dropout: .nan", "^dropout must be a finite number"),
        ("norm_eps: .inf", "^norm_eps must be a finite number"),
        ("dropout: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "^dropout must be a valid number"),
        ("dropout: 2020-01-01", "^dropout must be"),
        ("dropout: !!binary aGVsbG8=", "^dropout must be"),
        ("dropout: !!set {a, b}", "^dropout must be"),
        ("keep_complex: 1", "^keep_complex must be"),
        ("fft_norm: ", "^fft_norm must be"),
    ],
)
def test_wrong_values_in_files_are_named(tmp_path, line, message):
    with pytest.raises(errors.ArgumentError, match=message) as caught:
        load_config(written(tmp_path, PLAIN + line))
    assert len(str(caught.value)) < 400


def test_numbers_of_yaml_are_those_of_its_second_version(tmp_path):
    # PyYAML follows version 1.1, where these are text
    for text, value in (("1e-6", 1e-6), ("2E-3", 2e-3), (".5e+1", 5.0), ("1.e-2", 1e-2), ("0.25", 0.25)):
        assert load_config(written(tmp_path, PLAIN + f"norm_eps: {text}")).norm_eps == value


def test_anchors_and_marks_of_byte_order_are_welcome(tmp_path):
    text = "\ufefflayer: SpectralEncoder\nmixers: [&one {layer: FourierMixing, hidden_dim: 8}, *one]\n"
    assert len(load_config(written(tmp_path, text)).mixers) == 2


def test_places_that_cannot_be_read(tmp_path):
    with pytest.raises(errors.FileError, match="No such file"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(errors.FileError, match="it is no file"):
        load_config(tmp_path / "folder.yaml")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.yaml")
        with pytest.raises(errors.FileError, match="it is no file"):
            load_config(tmp_path / "pipe.yaml")
    for wrong in (3, None, b"a.yaml"):
        with pytest.raises(errors.ArgumentTypeError, match=r"^path must be"):
            load_config(wrong)
    for wrong in ("layer.toml", "layer", ".yaml/"):
        with pytest.raises(errors.ArgumentError, match=r"^path must be a \.yaml"):
            load_config(wrong)


def test_places_that_cannot_be_written(tmp_path):
    config = FourierMixing(8).to_config()
    with pytest.raises(errors.OutputError, match="cannot write"):
        save_config(config, tmp_path / "none" / "layer.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(errors.OutputError, match="cannot write"):
        save_config(config, tmp_path / "folder.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.yaml"], "nothing is left half-written"


@pytest.mark.parametrize("given", [{"layer": "FourierMixing"}, FourierMixing(8), "FourierMixing", None])
def test_only_settings_are_written(tmp_path, given):
    with pytest.raises(errors.ArgumentTypeError, match=r"^config must be a layer's settings"):
        save_config(given, tmp_path / "layer.yaml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["x" * 10_000, "\x1b[31mred", "a\nb"], ids=len)
def test_strange_keys_are_shown_tamely(key):
    with pytest.raises(errors.ArgumentError, match="must be a key of FourierMixingConfig") as caught:
        config_from_mapping({**FOURIER, key: 1})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_a_file_is_replaced(tmp_path):
    path = written(tmp_path, "x" * 5000)
    save_config(FourierMixing(8).to_config(), path)
    assert load_config(path).hidden_dim == 8
