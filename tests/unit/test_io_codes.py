"""Spike codes in files: what is loaded encodes and decodes bit for bit alike; nothing is taken on trust."""

import copy
import functools
import tracemalloc

import numpy as np
import pytest

import lamina
from lamina.encoding import CODES, Scaling
from lamina.errors import ArgumentTypeError, FileError, StateError
from lamina.io.codes import describe_code, rebuild_code
from lamina.io.container import read_container, write_container
from lamina.io.records import NotInOrderError

IDS = [code.name for code in CODES]
SIGNAL = np.random.default_rng(3).standard_normal((2, 200)).cumsum(axis=1)


def made(kind, **arguments):
    """The code, with a seed where it draws."""
    if "seed" in kind.arguments:
        arguments["seed"] = 7
    return kind(**arguments)


def again(code, folder):
    lamina.save(code, folder / "code.safetensors")
    return lamina.load(folder / "code.safetensors")


def assert_alike(code, loaded, signal=SIGNAL):
    spikes = code.encode(signal)
    assert loaded.encode(signal).tobytes() == spikes.tobytes()
    if code.invertible:
        assert loaded.decode(spikes).tobytes() == code.decode(spikes).tobytes()


@pytest.mark.parametrize("kind", CODES, ids=IDS)
def test_new_codes_come_back(kind, tmp_path):
    code = made(kind)
    loaded = again(code, tmp_path)
    assert type(loaded) is kind
    assert repr(loaded) == repr(code)
    assert loaded.scaling_ is None
    assert loaded.parameters_ == {}
    assert_alike(code, loaded)


@pytest.mark.parametrize("kind", CODES, ids=IDS)
def test_fitted_codes_come_back(kind, tmp_path):
    code = made(kind).fit(SIGNAL, trials=5)
    loaded = again(code, tmp_path)
    for name in ("minimum", "maximum", "initial"):
        assert getattr(loaded.scaling_, name).tobytes() == getattr(code.scaling_, name).tobytes()
    assert loaded.parameters_.keys() == code.parameters_.keys()
    for name, value in code.parameters_.items():
        assert (loaded.parameters_[name].dtype, loaded.parameters_[name].shape) == (value.dtype, value.shape)
        assert loaded.parameters_[name].tobytes() == value.tobytes()
    for name in code.learned:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(code, name))
    assert_alike(code, loaded, SIGNAL * 0.9)
    assert_alike(code, loaded, SIGNAL.astype(np.float32))


@pytest.mark.parametrize("kind", CODES, ids=IDS)
def test_the_latest_scaling_comes_back(kind, tmp_path):
    """Codes that were never fitted decode by what they saw last."""
    code = made(kind)
    spikes = code.encode(SIGNAL)
    loaded = again(code, tmp_path)
    if code.invertible:
        assert loaded.decode(spikes).tobytes() == code.decode(spikes).tobytes()


@pytest.mark.parametrize("kind", [kind for kind in CODES if kind.parameters], ids=lambda kind: kind.name)
def test_parameters_of_channels_come_back(kind, tmp_path):
    name = kind.parameters[0].name
    value = getattr(made(kind), name)
    code = made(kind, **{name: np.stack([value, value])})
    loaded = again(code, tmp_path)
    assert getattr(loaded, name).tobytes() == getattr(code, name).tobytes()
    assert getattr(loaded, name).dtype == getattr(code, name).dtype
    assert_alike(code, loaded)


def test_streams_go_on_after_loading(tmp_path):
    for kind in CODES:
        if not kind.causal:
            continue
        code = made(kind).fit(SIGNAL, trials=0)
        loaded = again(code, tmp_path)
        _, state = code.advance(SIGNAL[:, :50])
        expected, _ = code.advance(SIGNAL[:, 50:], state)
        assert loaded.advance(SIGNAL[:, 50:], state)[0].tobytes() == expected.tobytes()


def test_generators_cannot_be_saved(tmp_path):
    for kind in CODES:
        if "seed" in kind.arguments:
            with pytest.raises(StateError, match="Give seed as a whole number"):
                lamina.save(kind(seed=np.random.default_rng(1)), tmp_path / "code.safetensors")
            assert not (tmp_path / "code.safetensors").exists()


def test_other_things_and_spoilt_codes_cannot_be_saved(tmp_path):
    path = tmp_path / "code.safetensors"
    code = CODES[0]()
    code.threshold = "high"
    with pytest.raises(StateError, match="cannot be saved"):
        lamina.save(code, path)
    code.threshold = np.array(-1.0)
    with pytest.raises(StateError, match=r"cannot be saved.*above 0"):
        lamina.save(code, path)
    code.threshold = object()
    with pytest.raises(StateError, match="is a object"):
        lamina.save(code, path)
    with pytest.raises(ArgumentTypeError, match="a spike code"):
        lamina.save(CODES[0], path)
    assert list(tmp_path.iterdir()) == []


@functools.cache
def described(name):
    kind = next(kind for kind in CODES if kind.name == name)
    code = made(kind).fit(SIGNAL, trials=0)
    code.parameters_ = {name: np.stack([getattr(code, name)] * 2) for name in code.tuned}
    return describe_code(code)


CHANGES = {
    "another class": lambda d, a: d.update({"class": "os.system"}),
    "a class of another kind": lambda d, a: d.update({"class": "SpikeCode"}),
    "no arguments": lambda d, a: d.pop("arguments"),
    "argument too many": lambda d, a: d["arguments"].update(callback="os.system"),
    "argument missing": lambda d, a: d["arguments"].popitem(),
    "parameter of another code": lambda d, a: d["parameters"].update(gain=1.0),
    "scaling without maximum": lambda d, a: d["scaling"].remove("maximum"),
    "scaling too many": lambda d, a: d["scaling"].append("other"),
    "scaling twice": lambda d, a: d["scaling"].append("minimum"),
    "scaling missing": lambda d, a: a.pop("scaling.minimum"),
    "scaling upside down": lambda d, a: a.update({"scaling.maximum": a["scaling.minimum"] - 1}),
    "scaling in float32": lambda d, a: a.update({"scaling.minimum": a["scaling.minimum"].astype(np.float32)}),
    "scaling of other channels": lambda d, a: a.update({"scaling.minimum": np.zeros(3) - 99}),
    "scaling of nothing": lambda d, a: a.update({"scaling.minimum": np.zeros(0)}),
    "array too many": lambda d, a: a.update(extra=np.zeros(2)),
    "learned too many": lambda d, a: d["learned"].update(callback_="os.system"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("name", ["sf", "bsa", "tbr"])
def test_parts_that_do_not_go_together(name, change, tmp_path):
    description, arrays = copy.deepcopy(described(name))
    change(description, arrays)
    path = tmp_path / "code.safetensors"
    write_container(path, {"format": 2, "lamina": "0", **description}, arrays)
    with pytest.raises(FileError, match=r"cannot read .*code\.safetensors: "):
        lamina.load(path)


def test_alignments_come_from_a_closed_list():
    for name in IDS:
        description, arrays = described(name)
        for learned in description["learned"]:
            for value in ("eval", ["document", "eval"], [], [[1], [2, 3]], None, 5, {"a": 1}):
                changed = copy.deepcopy(description)
                changed["learned"][learned] = value
                if name == "bsa":
                    with pytest.raises(NotInOrderError, match="alignment_"):
                        rebuild_code(changed, arrays)


HOSTILE = (
    *(None, True, False, 0, -1, 1, 7, 10**6, 2**31, 2**63, 10**30, 10**400, 0.0, -1.0, 1e308, 5e-324, 0.5),
    *("", "none", "eval", "poisson", "x" * 5000, "\ud800", [], {}, [[]], [1, [2]], ["a"], [1.0, 2.0]),
    *([0] * 1000, {"a": 1}),
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


@pytest.mark.parametrize("name", IDS)
def test_hostile_descriptions(name):
    """Whatever takes the place of any part: a named error, or a code that shows itself, in no memory."""
    description, arrays = described(name)
    loaded = 0
    tracemalloc.start()
    try:
        for place in list(places(description))[1:]:
            for hostile in HOSTILE:
                changed = copy.deepcopy(description)
                part = changed
                for key in place[:-1]:
                    part = part[key]
                part[place[-1]] = hostile
                try:
                    code = rebuild_code(changed, arrays)
                except NotInOrderError:
                    continue
                loaded += 1
                assert repr(code)
                describe_code(code)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()
    assert loaded < 400


def test_a_few_hundred_changed_bytes(tmp_path):
    path = tmp_path / "code.safetensors"
    lamina.save(CODES[0](0.3).fit(SIGNAL, trials=0), path)
    whole, random, refused = path.read_bytes(), np.random.default_rng(4), 0
    expected = lamina.load(path).encode(SIGNAL).tobytes()
    for _ in range(300):
        content = bytearray(whole)
        content[int(random.integers(len(content)))] ^= 1 << int(random.integers(8))
        path.write_bytes(content)
        try:
            code = lamina.load(path)
        except FileError:
            refused += 1
        else:
            assert code.encode(SIGNAL).tobytes() == expected
    assert refused > 290


def test_files_say_what_is_in_them(tmp_path):
    path = tmp_path / "code.safetensors"
    lamina.save(CODES[0](threshold=[0.25, 0.5]), path)
    description, arrays = read_container(path)
    assert description["class"] == "StepForwardConverter"
    assert description["arguments"] == {"threshold": None, "down_spike": True}
    np.testing.assert_array_equal(arrays["arguments.threshold"], [0.25, 0.5])


def test_scalings_given_by_hand_stay_with_their_shape(tmp_path):
    for kind in CODES:
        code = made(kind)
        code.scaling_ = Scaling(minimum=-9.0, maximum=[9.0, 8.0], change_mean=0.0, change_deviation=1.0)
        loaded = again(code, tmp_path)
        assert loaded.scaling_.minimum.shape == ()
        assert loaded.scaling_.maximum.tolist() == [9.0, 8.0]
        assert loaded.scaling_.initial is None
