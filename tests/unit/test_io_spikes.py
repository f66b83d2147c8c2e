"""Files of spikes: small, whole or absent, exact when read, and never trusted."""

import copy
import json
import tracemalloc

import numpy as np
import pytest

import lamina
from lamina.encoding import CODES, StepForwardConverter
from lamina.encoding.events import SpikeEvents, to_events
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    FileError,
    OutputError,
    ShapeError,
)
from lamina.io.container import read_container, write_container
from lamina.io.events import write_events
from lamina.io.spikes import read_spikes, write_spikes

SIGNAL = np.random.default_rng(5).standard_normal((300, 2, 3)).cumsum(axis=0)


def made(kind):
    return kind(seed=7) if "seed" in kind.arguments else kind()


@pytest.mark.parametrize("kind", CODES, ids=[code.name for code in CODES])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("signal", "dim"), [(SIGNAL[:, 0, 0], -1), (SIGNAL, 0), (SIGNAL, -3), (SIGNAL.T, -1)]
)
def test_spikes_and_their_code_come_back(kind, dtype, signal, dim, tmp_path):
    path = tmp_path / "spikes.safetensors"
    code = made(kind)
    spikes = code.encode(signal.astype(dtype), dim)
    names = [f"ch{i}" for i in range(signal.size // 300)]
    write_spikes(path, spikes, code, dim, sampling_rate=250.0, channel_names=names)
    again = read_spikes(path)
    assert again.spikes.dtype == spikes.dtype
    assert again.spikes.shape == spikes.shape
    assert again.spikes.tobytes() == (spikes + 0.0).tobytes()
    assert (again.sampling_rate, again.channel_names) == (250.0, tuple(names))
    assert again.events.sampling_rate == 250.0 * code.steps_per_sample
    assert repr(again.code) == repr(code)
    if code.invertible:
        expected = code.decode(spikes, dim)
        assert again.code.decode(again.spikes, again.dim).tobytes() == expected.tobytes()


def test_torch_spikes_and_silence(tmp_path):
    import torch

    code = StepForwardConverter(1e6)
    path = tmp_path / "spikes.safetensors"
    spikes = code.encode(torch.from_numpy(SIGNAL), 0)
    write_spikes(path, spikes, code, 0)
    again = read_spikes(path)
    assert len(again.events) == 0
    assert again.spikes.shape == tuple(spikes.shape)
    assert not again.spikes.any()
    assert (again.sampling_rate, again.channel_names) == (None, None)


def test_a_spike_takes_a_byte_or_two(tmp_path):
    """A hundred thousand spikes a thousand steps apart, and as many that come at once."""
    path = tmp_path / "spikes.safetensors"
    spikes = np.zeros((2, 100_000), np.float32)
    spikes[0, ::10] = 1
    write_spikes(path, spikes, StepForwardConverter())
    assert path.stat().st_size < 10_000 + 2000
    assert read_spikes(path).spikes.tobytes() == spikes.tobytes()
    spikes[1, 5::1000] = -1
    write_spikes(path, spikes, StepForwardConverter())
    assert path.stat().st_size < 2 * 10_100 + 2000
    assert read_spikes(path).spikes.tobytes() == spikes.tobytes()


def test_gaps_of_every_size_come_back(tmp_path):
    path = tmp_path / "spikes.safetensors"
    for steps in (1, 2, 255, 256, 257, 65_535, 65_536, 65_537):
        spikes = np.zeros((2, steps), np.float32)
        spikes[0, -1] = 1
        spikes[1, 0] = -1
        write_spikes(path, spikes, StepForwardConverter())
        assert read_spikes(path).spikes.tobytes() == spikes.tobytes()


def test_what_cannot_be_written(tmp_path):
    code = StepForwardConverter(0.5)
    spikes = code.encode(SIGNAL, 0)
    path = tmp_path / "spikes.safetensors"
    for arguments, error, message in (
        ((tmp_path / "spikes.npz", spikes, code, 0), ArgumentError, "suffix"),
        ((3, spikes, code, 0), ArgumentTypeError, "path"),
        ((path, spikes, "sf", 0), ArgumentTypeError, "code must be a spike code"),
        ((path, spikes[0], code, 0), ShapeError, "spikes"),
        ((path, -spikes, code, 0), DataError, "spikes"),
        ((path, spikes, code, 5), ShapeError, "dim"),
    ):
        with pytest.raises(error, match=message):
            write_spikes(*arguments)
    with pytest.raises(ArgumentError, match="sampling_rate"):
        write_spikes(path, spikes, code, 0, sampling_rate=0.0)
    for names in (["a"], "abcdef"):
        with pytest.raises(ShapeError, match="6 names, one per channel"):
            write_spikes(path, spikes, code, 0, channel_names=names)
    with pytest.raises(OutputError, match="folder does not exist"):
        write_spikes(tmp_path / "no" / "spikes.safetensors", spikes, code, 0)
    assert list(tmp_path.iterdir()) == []


def test_generators_become_none(tmp_path):
    """Where they stand nobody knows, and decoding needs none."""
    for kind in CODES:
        if "seed" not in kind.arguments:
            continue
        code = kind(seed=np.random.default_rng(2))
        spikes = code.encode(SIGNAL[:, 0, 0])
        write_spikes(tmp_path / "spikes.safetensors", spikes, code)
        assert isinstance(code.seed, np.random.Generator)
        again = read_spikes(tmp_path / "spikes.safetensors")
        assert again.code.seed is None
        np.testing.assert_array_equal(again.spikes, spikes)


def test_an_interrupted_write_leaves_the_last_file(tmp_path, monkeypatch):
    path = tmp_path / "spikes.safetensors"
    code = StepForwardConverter()
    write_spikes(path, code.encode(SIGNAL, 0), code, 0)
    before = path.read_bytes()

    def full(self, target):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OutputError, match="disk is full"):
        write_spikes(path, code.encode(2 * SIGNAL, 0), code, 0)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_models_and_spikes_are_told_apart(tmp_path):
    code = StepForwardConverter()
    lamina.save(code, tmp_path / "code.safetensors")
    write_spikes(tmp_path / "spikes.safetensors", code.encode(SIGNAL, 0), code, 0)
    with pytest.raises(FileError, match=r"holds no spikes, but a 'StepForwardConverter', which lamina\.load"):
        read_spikes(tmp_path / "code.safetensors")
    with pytest.raises(FileError, match=r"it may hold spikes, which lamina\.io\.read_spikes reads"):
        lamina.load(tmp_path / "spikes.safetensors")


def test_a_small_file_for_a_large_array_takes_no_memory(tmp_path):
    path = tmp_path / "spikes.safetensors"
    write_spikes(path, np.zeros((2, 10)), StepForwardConverter())
    description, arrays = read_container(path, integers=True)
    description["spikes"]["n_steps"] = 2**40
    write_container(path, description, arrays)
    tracemalloc.start()
    again = read_spikes(path)
    with pytest.raises(FileError, match=r"1\.64e\+04 GiB as an array; use its events"):
        _ = again.spikes
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


CHANGES = {
    "another class": lambda d, a: d.update({"class": "ReSU"}),
    "a later format": lambda d, a: d.update(format=2),
    "no format": lambda d, a: d.update(format=True),
    "a part too many": lambda d, a: d.update(callback="os.system"),
    "no code": lambda d, a: d.update(code=None),
    "an unknown code": lambda d, a: d["code"].update({"class": "os.system"}),
    "a code of one polarity less": lambda d, a: d["spikes"].update(rows=None),
    "other rows": lambda d, a: d["spikes"].update(rows="both"),
    "other channels": lambda d, a: d["spikes"].update(leading=[7]),
    "channels beyond all memory": lambda d, a: d["spikes"].update(leading=[2**40, 2**40]),
    "fewer steps": lambda d, a: d["spikes"].update(n_steps=100),
    "no steps": lambda d, a: d["spikes"].update(n_steps=0),
    "steps beyond all memory": lambda d, a: d["spikes"].update(n_steps=2**62),
    "an axis that is none": lambda d, a: d["spikes"].update(dim=-4),
    "an axis from the front": lambda d, a: d["spikes"].update(dim=0),
    "another type": lambda d, a: d["spikes"].update(dtype="object"),
    "a negative rate": lambda d, a: d.update(sampling_rate=-1.0),
    "a rate in words": lambda d, a: d.update(sampling_rate="fast"),
    "names for other channels": lambda d, a: d.update(channel_names=["a"]),
    "names that are numbers": lambda d, a: d.update(channel_names=list(range(6))),
    "no counts": lambda d, a: a.pop("counts"),
    "more spikes than gaps": lambda d, a: a["counts"].__setitem__(0, 200),
    "fewer gaps": lambda d, a: a.update(gaps=a["gaps"][:-1]),
    "a gap of nothing": lambda d, a: a["gaps"].__setitem__(1, 0),
    "gaps beyond the end": lambda d, a: a.update(gaps=a["gaps"].astype(np.uint16) * 40),
    "gaps that overflow": lambda d, a: a.update(gaps=a["gaps"].astype(np.uint64) + 2**63),
    "gaps in float": lambda d, a: a.update(gaps=a["gaps"].astype(np.float64)),
    "gaps with axes": lambda d, a: a.update(gaps=a["gaps"].reshape(1, -1)),
    "an array too many": lambda d, a: a.update(extra=np.zeros(2)),
    "a code's array too many": lambda d, a: a.update({"code.extra": np.zeros(2)}),
    "thresholds of other channels": lambda d, a: (
        d["code"]["arguments"].update(threshold=None),
        a.update({"code.arguments.threshold": np.ones(5)}),
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_parts_that_do_not_go_together(change, tmp_path):
    path = tmp_path / "spikes.safetensors"
    code = StepForwardConverter(0.5)
    write_spikes(path, code.encode(SIGNAL, 0), code, 0, sampling_rate=10.0)
    description, arrays = read_container(path, integers=True)
    change(description, arrays)
    write_container(path, description, arrays)
    tracemalloc.start()
    with pytest.raises(FileError, match=r"cannot read .*spikes\.safetensors: ") as caught:
        read_spikes(path)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


HOSTILE = (
    None,
    True,
    0,
    -1,
    7,
    2**31,
    2**63,
    10**30,
    0.5,
    1e308,
    "",
    "eval",
    "x" * 5000,
    [],
    {},
    [1, 2],
    [[]],
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def test_hostile_descriptions_with_right_checksums(tmp_path):
    path = tmp_path / "spikes.safetensors"
    code = StepForwardConverter(0.5)
    code.fit(SIGNAL, 0, trials=0)
    write_spikes(path, code.encode(SIGNAL, 0), code, 0, channel_names=list("abcdef"))
    description, arrays = read_container(path, integers=True)
    random = np.random.default_rng(6)
    tracemalloc.start()
    for place in list(places(description))[1:]:
        for choice in random.choice(len(HOSTILE), 4, replace=False):
            changed = copy.deepcopy(description)
            part = changed
            for key in place[:-1]:
                part = part[key]
            part[place[-1]] = HOSTILE[choice]
            write_container(path, changed, arrays)
            try:
                again = read_spikes(path)
                spikes = again.spikes
            except FileError:
                continue
            again.code.decode(spikes, again.dim)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_changed_bytes_are_noticed(tmp_path):
    path = tmp_path / "spikes.safetensors"
    code = StepForwardConverter(0.5)
    write_spikes(path, code.encode(SIGNAL, 0), code, 0)
    whole, random, refused = path.read_bytes(), np.random.default_rng(4), 0
    expected = read_spikes(path).spikes.tobytes()
    for _ in range(300):
        content = bytearray(whole)
        content[int(random.integers(len(content)))] ^= 1 << int(random.integers(8))
        if random.random() < 0.2:
            del content[int(random.integers(len(content))) :]
        path.write_bytes(content)
        try:
            again = read_spikes(path)
        except FileError:
            refused += 1
        else:
            assert again.spikes.tobytes() == expected
    assert refused > 290


def test_events_for_other_programs(tmp_path):
    spikes = StepForwardConverter(0.5).encode(SIGNAL, 0)
    events = to_events(spikes, dim=0, sampling_rate=10.0)
    write_events(tmp_path / "events.csv", events)
    table = np.loadtxt(tmp_path / "events.csv", delimiter=",", skiprows=1, dtype=int)
    np.testing.assert_array_equal(table.T, [events.time, events.channel, events.polarity])
    write_events(tmp_path / "events.npz", events)
    with np.load(tmp_path / "events.npz", allow_pickle=False) as archive:
        again = SpikeEvents(
            archive["time"],
            archive["channel"],
            archive["polarity"],
            archive["n_samples"].item(),
            tuple(archive["leading"].tolist()),
            sampling_rate=archive["sampling_rate"].item(),
        )
    assert (again.leading, again.n_samples, again.sampling_rate) == ((2, 3), 300, 10.0)
    np.testing.assert_array_equal(again.structured(), events.structured())
    with pytest.raises(ArgumentError, match="suffix"):
        write_events(tmp_path / "events.json", events)
    with pytest.raises(ArgumentTypeError, match="events"):
        write_events(tmp_path / "events.csv", spikes)


def test_any_program_that_reads_safetensors_reads_the_file(tmp_path):
    from safetensors import safe_open

    path = tmp_path / "spikes.safetensors"
    spikes = np.zeros((2, 50))
    spikes[0, [3, 10]] = 1
    spikes[1, 49] = -1
    write_spikes(path, spikes, StepForwardConverter(), sampling_rate=5.0)
    with safe_open(path, "numpy") as file:
        description = json.loads(file.metadata()["lamina"])
        assert file.get_tensor("counts").tolist() == [2, 1]
        assert file.get_tensor("gaps").tolist() == [4, 7, 50]
        assert file.get_tensor("gaps").dtype == np.uint8
    assert description["code"]["class"] == "StepForwardConverter"
    assert description["lamina"] == lamina.__version__


def test_spikes_end_with_a_sample(tmp_path):
    kind = next(kind for kind in CODES if kind.name == "latency")
    path = tmp_path / "spikes.safetensors"
    code = kind()
    write_spikes(path, code.encode(SIGNAL, 0), code, 0)
    description, arrays = read_container(path, integers=True)
    description["spikes"]["n_steps"] += 1
    write_container(path, description, arrays)
    with pytest.raises(FileError, match="end within a sample"):
        read_spikes(path)
