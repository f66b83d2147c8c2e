"""Parquet, HDF5, zarr and sound files, read whole and piece by piece; what is hostile in them is refused."""

import json
import struct
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

import lamina
from lamina.errors import ArgumentError, FileError, MissingDependencyError, ShapeError
from lamina.io import read_signal
from lamina.io.lazy import LazySamples
from lamina.io.signals import open_signal
from lamina.io.writing import write_blocks

h5py = pytest.importorskip("h5py")
zarr = pytest.importorskip("zarr")
pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
soundfile = pytest.importorskip("soundfile")

SAMPLES = np.random.default_rng(0).standard_normal((500, 3))


def write_h5(path, samples=SAMPLES, **how):
    with h5py.File(path, "w") as file:
        file.create_dataset("left/x", data=samples, **how)


def write_zarr(path, samples=SAMPLES, version=3, chunks=(100, 2), **how):
    array = zarr.create_array(
        path, shape=samples.shape, dtype=samples.dtype, chunks=chunks, zarr_format=version, **how
    )
    array[:] = samples


def write_parquet(path, samples=SAMPLES, **how):
    columns = {f"c{index}": column for index, column in enumerate(samples.T)}
    parquet.write_table(pyarrow.table(columns), path, **how)


WRITERS = {
    "x.npy": np.save,
    "x.h5": lambda path, samples: write_h5(path, samples, chunks=(64, 3), compression="gzip"),
    "x.hdf5": write_h5,
    "x.parquet": lambda path, samples: write_parquet(path, samples, row_group_size=70),
    "two.zarr": lambda path, samples: write_zarr(path, samples, version=2),
    "three.zarr": write_zarr,
    "x.zip": lambda path, samples: zip_zarr(path, samples),
}


def zip_zarr(path, samples):
    store = zarr.storage.ZipStore(path, mode="w")
    write_zarr(store, samples)
    store.close()


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_whole_and_in_pieces_as_it_was_written(tmp_path, name, dtype):
    samples = SAMPLES.astype(dtype)
    samples[7, 1] = np.nan
    WRITERS[name](tmp_path / name, samples)
    signal = read_signal(tmp_path / name)
    assert (signal.samples.dtype, signal.source) == (samples.dtype, str(tmp_path / name))
    np.testing.assert_array_equal(signal.samples, samples)
    with open_signal(tmp_path / name) as opened:
        lazy = opened.samples
        assert (lazy.shape, lazy.ndim, len(lazy), lazy.dtype) == ((500, 3), 2, 500, samples.dtype)
        for key in (
            *(slice(None), slice(95, 205), slice(-3, None), slice(None, None, 7), slice(400, 90, -3)),
            *(slice(10, 10), 0, -1, (slice(60, 80), 1), (slice(60, 80), slice(1, 3)), (5, 2)),
        ):
            np.testing.assert_array_equal(np.asarray(lazy[key]), samples[key])
        with pytest.raises(IndexError):
            lazy[500]
        np.testing.assert_array_equal(np.concatenate(list(opened.blocks(1000))), samples)
        np.testing.assert_array_equal(np.asarray(lazy), samples)


@pytest.mark.parametrize("name", WRITERS)
def test_fits_read_from_the_disk(tmp_path, name):
    samples = np.cumsum(SAMPLES, axis=0)
    WRITERS[name](tmp_path / name, samples)
    expected = lamina.ReSU(4, 3, 2).fit(samples)
    with open_signal(tmp_path / name) as opened:
        unit = lamina.ReSU(4, 3, 2).fit(opened.samples)
    np.testing.assert_allclose(unit.filters_, expected.filters_, rtol=1e-9, atol=1e-12)


def test_only_what_is_sliced_is_read():
    asked = []

    def read(start, stop):
        asked.append((start, stop))
        return np.arange(start, stop, dtype=float)

    lazy = LazySamples("x", (10**12,), np.float64, read)
    assert lazy[10**11 : 10**11 + 6 : 3].tolist() == [1e11, 1e11 + 3]
    assert asked == [(10**11, 10**11 + 6)]


def test_sampling_rate_and_names_come_along(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = SAMPLES
        file["x"].attrs["channel_names"] = np.array([b"a", b"b", "é".encode()])
        file.attrs["sampling_rate"] = np.array([[250.0]])
    signal = read_signal(tmp_path / "a.h5")
    assert (signal.sampling_rate, signal.channel_names) == (250.0, ("a", "b", "é"))
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["x"].attrs["sampling_rate"] = 100
        # names of any length lie where HDF5 can search without end: they are left alone
        file["x"].attrs["channel_names"] = ["a", "b", "c"]
    signal = read_signal(tmp_path / "a.h5")
    assert (signal.sampling_rate, signal.channel_names) == (100.0, None)
    write_zarr(tmp_path / "a.zarr", attributes={"sampling_rate": 20, "channel_names": ["a", "b", "c"]})
    signal = read_signal(tmp_path / "a.zarr")
    assert (signal.sampling_rate, signal.channel_names) == (20.0, ("a", "b", "c"))
    table = pyarrow.table({"v": [1.0, None, 3.0]}).replace_schema_metadata({"sampling_rate": "12.5"})
    parquet.write_table(table, tmp_path / "a.parquet")
    signal = read_signal(tmp_path / "a.parquet")
    assert (signal.sampling_rate, signal.channel_names) == (12.5, ("v",))
    np.testing.assert_array_equal(signal.samples, [1.0, np.nan, 3.0])


@pytest.mark.parametrize("rate", [0, -1.0, "fast", True, [1, 2], None, 10**400])
def test_sampling_rates_that_are_none(tmp_path, rate):
    write_zarr(tmp_path / "a.zarr", attributes={"sampling_rate": rate})
    with pytest.raises(FileError, match="'sampling_rate' is no positive number of hertz"):
        read_signal(tmp_path / "a.zarr")


@pytest.mark.parametrize("rate", [0.0, -5, np.nan, np.inf, "fast", [1.0, 2.0]])
def test_sampling_rates_of_hdf5_that_are_none(tmp_path, rate):
    write_h5(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["left/x"].attrs["sampling_rate"] = rate
    with pytest.raises(FileError, match="'sampling_rate' is no positive number of hertz"):
        read_signal(tmp_path / "a.h5")


def test_one_of_several_is_named(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["one"], file["deep/two"], file["title"] = SAMPLES, SAMPLES[:9], "title"
    np.testing.assert_array_equal(read_signal(f"{tmp_path}/a.h5:/deep/two").samples, SAMPLES[:9])
    with pytest.raises(
        FileError, match=r"2 datasets of real numbers \(deep/two, one\); name one, as in .*h5:de"
    ):
        read_signal(tmp_path / "a.h5")
    with pytest.raises(FileError, match="no dataset 'three'; it holds deep/two, one"):
        read_signal(f"{tmp_path}/a.h5:three")
    for name in ("deep", "one/two", ""):
        with pytest.raises(FileError, match="dataset"):
            read_signal(f"{tmp_path}/a.h5:{name}")
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    for name, samples in (("one", SAMPLES), ("two", SAMPLES[:9])):
        group.create_array(name, shape=samples.shape, dtype=samples.dtype)[:] = samples
    np.testing.assert_array_equal(read_signal(f"{tmp_path}/a.zarr:two").samples, SAMPLES[:9])
    with pytest.raises(FileError, match=r"2 arrays \(one, two\); name one"):
        read_signal(tmp_path / "a.zarr")
    for name in ("three", "../a.zarr/one", "one/c"):
        with pytest.raises(FileError, match="no array"):
            read_signal(f"{tmp_path}/a.zarr:{name}")


# hostile


def test_hdf5_leads_to_no_other_file(tmp_path):
    write_h5(tmp_path / "secret.h5")
    SAMPLES.tofile(tmp_path / "raw")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["outside"] = h5py.ExternalLink("secret.h5", "left/x")
        file["soft"] = h5py.SoftLink("/outside")
        layout = h5py.VirtualLayout(shape=SAMPLES.shape, dtype="f8")
        layout[:] = h5py.VirtualSource("secret.h5", "left/x", shape=SAMPLES.shape)
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("raw", SAMPLES.shape, "f8", external=[("raw", 0, SAMPLES.nbytes)])
    for name, message in (
        ("outside", "'outside' is a link"),
        ("soft", "'soft' is a link"),
        ("virtual", "from other files"),
        ("raw", "from other files"),
    ):
        with pytest.raises(FileError, match=message):
            read_signal(f"{tmp_path}/a.h5:{name}")


def test_zarr_leads_out_of_no_folder(tmp_path):
    write_zarr(tmp_path / "secret.zarr")
    write_zarr(tmp_path / "a.zarr")
    chunk = tmp_path / "a.zarr" / "c" / "0" / "0"
    chunk.unlink()
    chunk.symlink_to(tmp_path / "secret.zarr" / "c" / "0" / "0")
    with pytest.raises(FileError, match="a link out of the folder"):
        read_signal(tmp_path / "a.zarr")


class Trap:
    def __reduce__(self):
        return Path.touch, (Path("sprung"),)


def test_zarr_runs_nothing(tmp_path, monkeypatch):
    """Format 2 may name a decoder that unpickles; a store that zarr itself would have run is refused."""
    import pickle

    monkeypatch.chdir(tmp_path)
    write_zarr("a.zarr", version=2, compressors=None)
    plan = json.loads(Path("a.zarr/.zarray").read_text())
    plan["filters"] = [{"id": "pickle"}]
    Path("a.zarr/.zarray").write_text(json.dumps(plan))
    Path("a.zarr/0.0").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(FileError, match="codec 'pickle'"):
        read_signal("a.zarr")
    for dtype in ("|O", "|V8", "<c16", "<M8[s]", "|S3"):
        Path("a.zarr/.zarray").write_text(json.dumps({**plan, "filters": None, "dtype": dtype}))
        with pytest.raises(FileError):
            read_signal("a.zarr")
    assert not Path("sprung").exists()


def edited_zarr(path, version, **changes):
    write_zarr(path, version=version)
    file = path / ("zarr.json" if version == 3 else ".zarray")
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


BOMBS = {
    "zarr of absurd shape": lambda path: edited_zarr(path / "a.zarr", 2, shape=[2**50, 3]),
    "zarr of absurd chunks": lambda path: edited_zarr(path / "a.zarr", 2, chunks=[2**40, 2]),
    "zarr 3 of absurd shape": lambda path: edited_zarr(path / "a.zarr", 3, shape=[2**50, 3]),
    "zarr 3 of absurd chunks": lambda path: edited_zarr(
        path / "a.zarr",
        3,
        chunk_grid={"name": "regular", "configuration": {"chunk_shape": [2**40, 2]}},
    ),
    "zarr of sharded chunks": lambda path: write_zarr(path / "a.zarr", chunks=(50, 1), shards=(100, 3)),
    "hdf5 of absurd shape": lambda path: write_shape(path / "a.h5", (2**45,), (1000,)),
    "hdf5 of absurd chunks": lambda path: write_shape(path / "a.h5", (2**28,), (2**28,)),
    "parquet of zeros": lambda path: write_parquet(path / "a.parquet", np.zeros((4_000_000, 1))),
    "zip of zeros": lambda path: zip_bomb(path / "a.zip"),
}


def write_shape(path, shape, chunks):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", shape, "f8", chunks=chunks)


def zip_bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zarr.json", bytes(2**26))


@pytest.mark.parametrize("write", BOMBS.values(), ids=BOMBS.keys())
def test_what_unfolds_beyond_measure_is_refused_unread(tmp_path, write):
    write(tmp_path)
    (path,) = tmp_path.iterdir()
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match=r"bytes in memory|codec 'sharding_indexed'"):
            read_signal(path)
        # opened to be read piece by piece, it would keep a program busy for hours
        with (
            pytest.raises(FileError, match=r"bytes in memory|codec 'sharding_indexed'"),
            open_signal(path) as it,
        ):
            next(it.blocks())
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codec", ["blosc", "zstd", "lz4"])
def test_chunks_that_promise_too_much_are_refused_unread(tmp_path, codec):
    import numcodecs

    packer = {"blosc": numcodecs.Blosc(), "zstd": numcodecs.Zstd(), "lz4": numcodecs.LZ4()}[codec]
    write_zarr(tmp_path / "a.zarr", SAMPLES[:, :1], version=2, chunks=(500, 1), compressors=packer)
    np.testing.assert_array_equal(read_signal(tmp_path / "a.zarr").samples, SAMPLES[:, :1])
    chunk = tmp_path / "a.zarr" / "0.0"
    content = bytearray(chunk.read_bytes())
    if codec == "zstd":
        # a frame that says eight bytes of length
        content[4:] = bytes([0xE0]) + struct.pack("<Q", 2**40) + bytes(content[7:])
    else:
        place = 4 if codec == "blosc" else 0
        content[place : place + 4] = struct.pack("<I", 2**31 - 1)
    chunk.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match=r"chunk 0\.0 is damaged"):
            read_signal(tmp_path / "a.zarr")
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"a": [1.0], "who": ["me"]}, "column 'who' is of type string"),
        ({"a": [[1.0, 2.0]]}, "column 'a' is of type list"),
        ({"a": np.array(["2020-01-01"], "M8[s]")}, "column 'a' is of type timestamp"),
        ({"a": [1 + 0.0], "b": [None]}, "column 'b' is of type null"),
        ({}, "no numbers"),
        ({"a": np.zeros(0)}, "no numbers"),
    ],
)
def test_parquet_columns_that_are_no_channels(tmp_path, table, message):
    parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet")
    with pytest.raises(FileError, match=message):
        read_signal(tmp_path / "a.parquet")


def test_parquet_numbers_of_every_kind(tmp_path):
    table = pyarrow.table(
        {
            "i": pyarrow.array([1, None, 3], pyarrow.int16()),
            "b": [True, False, None],
            "d": pyarrow.array([1, 2, 2], pyarrow.int64()).dictionary_encode(),
            "f": pyarrow.array([0.5, 1.5, None], pyarrow.float32()),
            "m": pyarrow.array([1, 2, 3]).cast(pyarrow.decimal128(30, 2)),
        }
    )
    parquet.write_table(table, tmp_path / "a.pq")
    expected = [[1, 1, 1, 0.5, 1], [np.nan, 0, 2, 1.5, 2], [3, np.nan, 2, np.nan, 3]]
    np.testing.assert_array_equal(read_signal(tmp_path / "a.pq").samples, expected)


def test_the_index_of_pandas_is_no_channel(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0]}, index=pandas.Index([5, 9], name="t"))
    frame.to_parquet(tmp_path / "a.parquet")
    signal = read_signal(tmp_path / "a.parquet")
    assert (signal.channel_names, signal.samples.tolist()) == (("a",), [1.0, 2.0])


@pytest.mark.parametrize(
    ("suffix", "package"),
    [("parquet", "pyarrow"), ("h5", "h5py"), ("zarr", "zarr"), ("flac", "soundfile"), ("ogg", "soundfile")],
)
def test_missing_packages_are_named_with_the_remedy(tmp_path, monkeypatch, suffix, package):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / f"a.{suffix}").write_bytes(b"")
    with pytest.raises(MissingDependencyError, match=rf"need the package {package}; .*'lamina\[data\]'"):
        read_signal(tmp_path / f"a.{suffix}")


# sound


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_as_libsndfile_reads_it(tmp_path, subtype, channels):
    samples = np.clip(np.random.default_rng(1).standard_normal((300, channels)) / 4, -1, 0.99)
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype)
    expected = soundfile.read(tmp_path / "a.wav", always_2d=True)[0].reshape(samples.shape)
    signal = read_signal(tmp_path / "a.wav")
    assert signal.sampling_rate == 8000.0
    np.testing.assert_array_equal(signal.samples.reshape(samples.shape), expected)
    with open_signal(tmp_path / "a.wav") as opened:
        np.testing.assert_array_equal(opened.samples[50:60], signal.samples[50:60])


@pytest.mark.parametrize("form", ["RIFX", "RF64", "WAVEX"])
def test_relatives_of_wav(tmp_path, form):
    samples = np.arange(-500, 500, dtype=np.int16).reshape(-1, 2)
    endian = "BIG" if form == "RIFX" else None
    name = {"RIFX": "WAV"}.get(form, form)
    soundfile.write(tmp_path / "a.wav", samples, 8000, "PCM_16", endian=endian, format=name)
    np.testing.assert_array_equal(read_signal(tmp_path / "a.wav").samples, samples / 2.0**15)


def test_wav_that_did_not_know_its_length(tmp_path):
    samples = np.arange(100, dtype=np.int16)
    wavfile.write(tmp_path / "a.wav", 8000, samples)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[40:44] = b"\xff" * 4
    (tmp_path / "a.wav").write_bytes(content)
    np.testing.assert_array_equal(read_signal(tmp_path / "a.wav").samples, samples / 2.0**15)
    content[40:44] = struct.pack("<I", 2**31)
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(FileError, match="2147483648 bytes of sound where 200 follow"):
        read_signal(tmp_path / "a.wav")


def test_wav_of_other_codes_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", SAMPLES[:, 0] / 9, 8000, "ULAW")
    with pytest.raises(FileError, match=r"a kind that lamina does not read \(mu-law\)"):
        read_signal(tmp_path / "a.wav")


@pytest.mark.parametrize(("name", "tolerance"), [("a.flac", 2**-15), ("a.aiff", 2**-15), ("a.ogg", 0.2)])
def test_other_sound(tmp_path, name, tolerance):
    wave = np.sin(np.arange(8000) / 20)[:, None] * [0.5, 0.25]
    soundfile.write(tmp_path / name, wave, 16_000)
    signal = read_signal(tmp_path / name)
    assert (signal.sampling_rate, signal.samples.shape) == (16_000.0, (8000, 2))
    assert np.abs(signal.samples - wave).max() <= tolerance
    with open_signal(tmp_path / name) as opened:
        np.testing.assert_allclose(opened.samples[3000:3010], signal.samples[3000:3010], atol=tolerance)
    if name == "a.flac":
        (tmp_path / name).rename(tmp_path / "a.ogg")
        with pytest.raises(FileError, match="a FLAC file by its content"):
            read_signal(tmp_path / "a.ogg")


# written piece by piece


@pytest.mark.parametrize("name", ["z.npy", "z.csv"])
def test_pieces_add_up(tmp_path, name):
    write_blocks(tmp_path / name, np.array_split(SAMPLES, 7), SAMPLES.shape, channel_names=["a", "b", "c"])
    np.testing.assert_array_equal(read_signal(tmp_path / name).samples, SAMPLES)
    for shape in ((499, 3), (501, 3), (500, 2)):
        with pytest.raises(ShapeError, match="blocks must be pieces"):
            write_blocks(tmp_path / f"other-{name}", np.array_split(SAMPLES, 7), shape)
    with pytest.raises(ArgumentError, match=r"\.npy"):
        write_blocks(tmp_path / "z.h5", [SAMPLES], SAMPLES.shape)
    assert [path.name for path in tmp_path.iterdir()] == [name]
