"""Truncated, changed and hostile model files end in a named error: no crash, no memory, nothing run."""

import copy
import json
import struct
import tracemalloc

import numpy as np
import pytest

import lamina
from lamina.errors import FileError, ShapeError
from lamina.io import load, save
from lamina.io.container import read_container, write_container
from lamina.resu import ReSULayer, ReSUNetwork


def recording(samples=600, channels=2, seed=0):
    noise = np.random.default_rng(seed).standard_normal((samples + 40, channels))
    kernel = 0.9 ** np.arange(40)
    return np.stack([np.convolve(column, kernel, "valid")[:samples] for column in noise.T], axis=1)


UNIT = lamina.ReSU(4, 3, 3, gap=2, rectify=["none", "on", "split"], sampling_rate=50.0).fit(recording())
MOVIE = recording(channels=5, seed=1)
NETWORK = ReSUNetwork(
    [
        ReSULayer(5, 4, 2, rectify=("none", "split")),
        ReSULayer(1, 1, 2, gap=3, width=2, spacing=2, inputs=[1, 2], center=False, rectify="split"),
    ]
).fit(MOVIE)


def written(model, folder):
    path = folder / "model.safetensors"
    save(model, path)
    return path


def container(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


NO_MODEL = {
    "empty": b"",
    "seven bytes": b"1234567",
    "header of 2^64 - 1 bytes": b"\xff" * 8,
    "header of 2^40 bytes": container(b"{}", length=2**40),
    "header longer than the file": container(b"{}", length=3),
    "header of two megabytes": container(b"{" + b" " * 2**21 + b"}"),
    "empty header": container(b""),
    "not JSON": container(b"{]"),
    "not text": container(b"\xff\xfe"),
    "a list": container([]),
    "deeply nested": container(b"[" * 500_000),
    "NaN": container(b'{"a": NaN}'),
    "huge integer": container(b'{"a": ' + b"9" * 10_000 + b"}"),
    "same key twice": container(b'{"__metadata__": {}, "__metadata__": {}}'),
    "no metadata": container({}),
    "metadata of another kind": container({"__metadata__": ["lamina"]}),
    "another program's": container({"__metadata__": {"format": "pt"}}),
    "no checksum": container({"__metadata__": {"lamina": "{}"}}),
    "wrong checksum": container({"__metadata__": {"lamina": "{}", "sha256": "00"}}),
    "pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "zip": b"PK\x03\x04" + b"\0" * 100,
    **{
        f"entry {entry}": container({"__metadata__": {"lamina": "{}", "sha256": ""}, "a": entry}, b"\0" * 8)
        for entry in (
            {"dtype": "F64", "shape": [2**62, 2**62], "data_offsets": [0, 8]},
            {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]},
            {"dtype": "F64", "shape": [True], "data_offsets": [0, 8]},
            {"dtype": "F64", "shape": [1.0], "data_offsets": [0, 8]},
            {"dtype": "F64", "shape": [1], "data_offsets": [8, 0]},
            {"dtype": "F64", "shape": [1], "data_offsets": "ab"},
            {"dtype": "F64", "shape": [1] * 9, "data_offsets": [0, 8]},
            {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
            {"dtype": ["F64"], "shape": [1], "data_offsets": [0, 8]},
            {"dtype": "F64", "shape": [1]},
            {"dtype": "F64", "shape": [1], "data_offsets": [0, 8], "code": "x"},
            [],
        )
    },
}


@pytest.mark.parametrize("content", NO_MODEL.values(), ids=NO_MODEL.keys())
def test_no_model(tmp_path, content):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(FileError, match=r"cannot read .*a\.safetensors: ") as caught:
        load(tmp_path / "a.safetensors")
    assert "\n" not in str(caught.value)


def test_refusals_say_what_is_wrong(tmp_path):
    path = written(UNIT, tmp_path)
    whole = path.read_bytes()
    for content, message in (
        (whole[:100], "cut short"),
        (whole[:-8], "cut short or damaged"),
        (whole + b"12345678", "cut short or damaged"),
        (NO_MODEL["header of two megabytes"], "far larger than any model"),
        (whole.replace(b"50.0", b"51.0"), "damaged: its content does not go with its checksum"),
        (NO_MODEL["another program's"], "not written by lamina"),
        (NO_MODEL["pickle"], "no safetensors file"),
    ):
        path.write_bytes(content)
        with pytest.raises(FileError, match=message):
            load(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        load(tmp_path / "a.safetensors")
    with pytest.raises(FileError, match="a folder"):
        load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError):
        load(tmp_path / "file" / "a.safetensors")


def test_files_of_many_gigabytes_are_refused_unread(tmp_path):
    """Sparse files: they claim to be large, and take no room on the disk."""
    path = tmp_path / "a.safetensors"
    entry = {"dtype": "F64", "shape": [2**30], "data_offsets": [0, 2**33]}
    header = container({"__metadata__": {"lamina": "{}", "sha256": ""}, "a": entry})
    tracemalloc.start()
    try:
        for head, size in ((header, len(header) + 2**33), (container(b"{}"), 2**36), (b"\0" * 8, 2**33)):
            with path.open("wb") as stream:
                stream.write(head)
                stream.truncate(size)
            with pytest.raises(FileError):
                load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def rewritten(path, change):
    """Write the file again, with a checksum that is right, after ``change`` of its description and arrays."""
    description, arrays = read_container(path)
    change(description, arrays)
    write_container(path, description, arrays)


def test_newer_format_says_who_wrote_it(tmp_path):
    path = written(UNIT, tmp_path)
    rewritten(path, lambda description, _: description.update(format=3, lamina="9.1"))
    with pytest.raises(FileError, match=r"format 3, written by lamina 9\.1.*install a newer one"):
        load(path)


@pytest.mark.parametrize("format_", [0, -1, True, "1", None, 1.0, [1]])
def test_format_that_is_none(tmp_path, format_):
    path = written(UNIT, tmp_path)
    rewritten(path, lambda description, _: description.update(format=format_))
    with pytest.raises(FileError, match="format"):
        load(path)


@pytest.mark.parametrize("name", ["os.system", "LagMoments", "builtins.eval", None, {}, "ReSULayer"])
def test_classes_come_from_a_closed_table(tmp_path, name):
    path = written(UNIT, tmp_path)
    rewritten(path, lambda description, _: description.update({"class": name}))
    with pytest.raises(FileError, match=r"hold a ReSU, .* a ReSURegressor or a spike code, and"):
        load(path)


CHANGES = {
    "infinity": lambda d, a: a["filters"].__setitem__((0, 0, 0), np.inf),
    "NaN in the moments": lambda d, a: a["moments.mean"].__setitem__(0, np.nan),
    "array missing": lambda d, a: a.pop("forecast"),
    "array too many": lambda d, a: a.update(extra=np.zeros(2)),
    "moment too many": lambda d, a: a.update({"moments.extra": np.zeros(2)}),
    "moment missing": lambda d, a: a.pop("moments.scatter"),
    "float32 filters": lambda d, a: a.update(filters=a["filters"].astype(np.float32)),
    "another shape": lambda d, a: a.update(past_mean=a["past_mean"].T.copy()),
    "another memory": lambda d, a: d["parameters"].update(memory=5),
    "memory in the moments": lambda d, a: d["moments"].update(memory=5),
    "gap beyond all memory": lambda d, a: (d["parameters"].update(gap=10**9), d["moments"].update(gap=10**9)),
    "rank beyond all memory": lambda d, a: d["parameters"].update(rank=10**12),
    "no memory": lambda d, a: d["parameters"].pop("memory"),
    "parameter too many": lambda d, a: d["parameters"].update(callback="os.system"),
    "unknown objective": lambda d, a: d["parameters"].update(objective="eval"),
    "correlation above 1": lambda d, a: a["canonical_correlations"].__setitem__(0, 1.5),
    "no windows": lambda d, a: d["fitted"].update(n_windows=0),
    "information in words": lambda d, a: d["fitted"].update(predictive_information="much"),
    "names for other channels": lambda d, a: d["fitted"].update(feature_names=["a"]),
    "moments without numbers": lambda d, a: d.update(moments={}),
    "array as number": lambda d, a: d["moments"].update(scatter=1.0),
    "negative weight": lambda d, a: d["moments"].update(weight=-1.0),
    "text as count": lambda d, a: d["moments"].update(n_windows="5"),
    "no parameters": lambda d, a: d.pop("parameters"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_parts_that_do_not_go_together(tmp_path, change):
    path = written(UNIT, tmp_path)
    rewritten(path, change)
    with pytest.raises(FileError, match=r"cannot read .*model\.safetensors: "):
        load(path)


def test_rank_that_no_fit_could_have_had_takes_no_memory(tmp_path):
    path = written(lamina.ReSU(3, 2, 1).fit(recording()), tmp_path)
    rewritten(path, lambda description, _: description["parameters"].update(rank=10**7))
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match="1 filters for a rank of 10000000"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


NETWORK_CHANGES = {
    "no layers": lambda d, a: d.update(layers=[]),
    "layers as text": lambda d, a: d.update(layers="two"),
    "a layer less": lambda d, a: d["layers"].pop(),
    "a layer twice": lambda d, a: d["layers"].append(d["layers"][0]),
    "no plan": lambda d, a: d["layers"][0].pop("plan"),
    "plan and units differ": lambda d, a: d["layers"][0]["plan"].update(gap=2),
    "rank of the plan": lambda d, a: d["layers"][0]["plan"].update(rank=10**12),
    "another width": lambda d, a: d["layers"][1]["plan"].update(width=3),
    "inputs that do not exist": lambda d, a: d["layers"][1]["plan"].update(inputs=[1, 9]),
    "array of no layer": lambda d, a: a.update({"layers.7.filters": np.zeros(1)}),
}


@pytest.mark.parametrize("change", NETWORK_CHANGES.values(), ids=NETWORK_CHANGES.keys())
def test_network_parts_that_do_not_go_together(tmp_path, change):
    path = written(NETWORK, tmp_path)
    rewritten(path, change)
    with pytest.raises(FileError, match=r"cannot read .*model\.safetensors: "):
        load(path)


def mutated(whole, random):
    """Change, cut out, double, insert or append bytes, half of the time in the header."""
    content = bytearray(whole)
    end = len(content) if random.random() < 0.5 else 600
    place = int(random.integers(end))
    length = int(random.integers(1, 20))
    kind = random.integers(6)
    if kind == 0:
        content[place] ^= 1 << int(random.integers(8))
    elif kind == 1:
        content[place : place + length] = random.bytes(length)
    elif kind == 2:
        del content[place : place + length]
    elif kind == 3:
        content[place:place] = content[place : place + length]
    elif kind == 4:
        del content[place:]
    else:
        content += random.bytes(length)
    return bytes(content)


@pytest.mark.parametrize("model", [UNIT, NETWORK], ids=["unit", "network"])
def test_a_thousand_mutations(tmp_path, model):
    """Every change of a byte that matters is noticed, at no cost in memory."""
    path = written(model, tmp_path)
    whole = path.read_bytes()
    random = np.random.default_rng(6)
    test = recording(30, channels=2 if model is UNIT else 5)
    expected = model.transform(test).tobytes()
    refused = 0
    tracemalloc.start()
    try:
        for _ in range(1000):
            path.write_bytes(mutated(whole, random))
            try:
                again = load(path)
            except FileError:
                refused += 1
            else:
                assert again.transform(test).tobytes() == expected
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()
    assert refused > 980


HOSTILE = (
    *(None, True, False, 0, -1, 1, 7, 10**6, 2**31, 2**63, 10**30, 0.0, -1.0, 1e308, 5e-324, 0.5),
    *("", "none", "eval", "x" * 5000, [], {}, [[]], ["on"], ["on"] * 3, [1, 2], {"a": 1}, [0] * 1000),
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


@pytest.mark.parametrize("model", [UNIT, NETWORK], ids=["unit", "network"])
def test_hostile_descriptions_with_right_checksums(tmp_path, model):
    """Whatever takes the place of any part of the description: a named error, or a model that works."""
    description, arrays = read_container(written(model, tmp_path))
    path = tmp_path / "hostile.safetensors"
    test = recording(30, channels=2 if model is UNIT else 5)
    random = np.random.default_rng(7)
    tracemalloc.start()
    try:
        for place in list(places(description))[1:]:
            for choice in random.choice(len(HOSTILE), 4, replace=False):
                changed = copy.deepcopy(description)
                part = changed
                for key in place[:-1]:
                    part = part[key]
                part[place[-1]] = HOSTILE[choice]
                write_container(path, changed, arrays)
                try:
                    again = load(path)
                except FileError as error:
                    refusal = str(error)
                    assert_short(refusal)
                else:
                    try_out(again, test)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def assert_short(message):
    assert "\n" not in message
    assert len(message) < 1000


def try_out(model, test):
    """What loads transforms, or says what it lacks: a plan may ask for a wider retina."""
    assert repr(model)
    try:
        assert np.isfinite(model.transform(test)).all()
    except ShapeError:
        assert isinstance(model, ReSUNetwork)


def test_weights_whose_squares_are_no_numbers_are_refused(tmp_path):
    path = written(lamina.ReSU(4, 3, 1).fit(recording()), tmp_path)
    description, arrays = read_container(path)
    for weight in (1e308, 1e200):
        moments = {**description["moments"], "weight": weight}
        write_container(path, {**description, "moments": moments}, arrays)
        with pytest.raises(FileError, match="'weight' of its moments"):
            load(path)
