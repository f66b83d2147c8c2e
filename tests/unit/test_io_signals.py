"""Signals come out of files as they went in, and damaged files end in one named error."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from lamina.errors import ArgumentError, FileError, OutputError, ShapeError
from lamina.io import read_signal, write_signal

SAMPLES = np.random.default_rng(0).standard_normal((20, 3))


class Trap:
    """Unpickling this creates a file."""

    def __reduce__(self):
        return Path.touch, (Path("sprung"),)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint8, np.bool_, ">f8", "<i4"])
@pytest.mark.parametrize("shape", [(20,), (20, 3)])
def test_npy_is_read_as_it_is(tmp_path, dtype, shape):
    samples = (SAMPLES * 10).astype(dtype)[..., 0] if len(shape) == 1 else (SAMPLES * 10).astype(dtype)
    np.save(tmp_path / "x.npy", samples)
    signal = read_signal(tmp_path / "x.npy")
    assert signal.samples.dtype == samples.dtype
    np.testing.assert_array_equal(signal.samples, samples)
    assert not signal.samples.flags.writeable
    assert (signal.sampling_rate, signal.channel_names) == (None, None)
    assert signal.source == str(tmp_path / "x.npy")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_by_name(tmp_path, save):
    save(tmp_path / "x.npz", left=SAMPLES, right=np.asfortranarray(SAMPLES[:5]))
    np.testing.assert_array_equal(read_signal(f"{tmp_path}/x.npz:left").samples, SAMPLES)
    np.testing.assert_array_equal(read_signal(f"{tmp_path}/x.npz:right").samples, SAMPLES[:5])
    with pytest.raises(FileError, match=r"2 arrays \(left, right\); name one, as in .*x\.npz:left"):
        read_signal(tmp_path / "x.npz")
    with pytest.raises(FileError, match="no array 'middle'; it holds left, right"):
        read_signal(f"{tmp_path}/x.npz:middle")
    save(tmp_path / "one.npz", SAMPLES)
    np.testing.assert_array_equal(read_signal(tmp_path / "one.npz").samples, SAMPLES)


@pytest.mark.parametrize(
    ("name", "text", "expected", "names"),
    [
        ("a.csv", "1,2\n3,4\n", [[1, 2], [3, 4]], None),
        ("a.csv", "left,right\n1,2\n3,\n", [[1, 2], [3, np.nan]], ("left", "right")),
        ("a.csv", "\ufefft\r\n1\r\n2e-3\r\n", [1, 0.002], ("t",)),
        ("a.csv", "my channel\n1\n2\n", [1, 2], ("my channel",)),
        ("a.csv", '"a, b",c\n1,2\n"3",4\n', [[1, 2], [3, 4]], ("a, b", "c")),
        ("a.csv", 'x\n1\n""\n3\n', [1, np.nan, 3], ("x",)),
        ("a.csv", "1\n\n3\n\n\n", [1, np.nan, 3], None),
        ("a.csv", "\n1,2\n\n3,4", [[1, 2], [np.nan, np.nan], [3, 4]], None),
        ("a.csv", "1;2\n3;nan\n", [[1, 2], [3, np.nan]], None),
        ("a.tsv", "a\tb\n1\t2\n\t4\n", [[1, 2], [np.nan, 4]], ("a", "b")),
        ("a.txt", "# saved by hand\n 1   2\n3 4\n", [[1, 2], [3, 4]], None),
        ("a.txt", "1,2\n,4\n", [[1, 2], [np.nan, 4]], None),
        ("a.TXT", "1\n-inf\n", [1, -np.inf], None),
    ],
)
def test_tables(tmp_path, name, text, expected, names):
    (tmp_path / name).write_bytes(text.encode())
    signal = read_signal(tmp_path / name)
    np.testing.assert_array_equal(signal.samples, np.asarray(expected, dtype=float))
    assert signal.samples.ndim == np.ndim(expected)
    assert signal.channel_names == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"1,2\n3\n", "line 2 has 1 cell"),
        (b"a,b\n1,2\n\n1,x\n", "line 4, column 2 holds 'x'"),
        (b"1;2\n1,5;2\n", "write decimals with a point"),
        (b"1\n1_000\n", "'1_000'"),
        (b"a,1\n2,3\n", "line 1, column 1 holds 'a'"),
        (b"", "no numbers"),
        (b"a,b\n", "no numbers"),
        (b"\xff\xfe1\x00", "UTF-8"),
        (b'1,"2\n3,4\n', "not a table"),
        (b"1,2\n" + b'"' + b"9" * 200_000 + b'",1\n', "not a table"),
    ],
)
def test_table_errors_name_the_line(tmp_path, text, message):
    (tmp_path / "a.csv").write_bytes(text)
    with pytest.raises(FileError, match=message) as caught:
        read_signal(tmp_path / "a.csv")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("dtype", "scale"), [(np.int16, 2.0**15), (np.int32, 2.0**31), (np.float32, 1.0), (np.float64, 1.0)]
)
def test_wav(tmp_path, dtype, scale):
    stored = np.array([[-1, 0.25], [0.5, 0.999]]) * scale
    stored = stored.astype(dtype)
    wavfile.write(tmp_path / "a.wav", 16_000, stored)
    signal = read_signal(tmp_path / "a.wav")
    assert signal.sampling_rate == 16_000.0
    np.testing.assert_array_equal(signal.samples, stored.astype(np.float64) / scale)
    assert signal.samples.min() == -1.0
    assert signal.samples.max() < 1.0


def test_wav_of_eight_and_of_twenty_four_bits(tmp_path):
    wavfile.write(tmp_path / "a.wav", 8000, np.array([0, 128, 255], dtype=np.uint8))
    np.testing.assert_array_equal(read_signal(tmp_path / "a.wav").samples, [-1.0, 0.0, 127 / 128])
    data = b"".join(int(value).to_bytes(3, "little", signed=True) for value in (-(2**23), 0, 2**22))
    header = (
        b"RIFF"
        + struct.pack("<I", 36 + len(data))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 24000, 3, 24)
    )
    (tmp_path / "b.wav").write_bytes(header + b"data" + struct.pack("<I", len(data)) + data)
    np.testing.assert_array_equal(read_signal(tmp_path / "b.wav").samples, [-1.0, 0.0, 0.5])


def test_unknown_suffix_lists_what_is_read(tmp_path):
    with pytest.raises(FileError, match=r"\.csv, \.flac, \.h5, \.hdf5, \.npy, .*\.wav, \.zarr"):
        read_signal(tmp_path / "a.pickle")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_signal(tmp_path / "a.npy")
    (tmp_path / "b.npy").mkdir()
    with pytest.raises(FileError, match="it is a folder"):
        read_signal(tmp_path / "b.npy")
    (tmp_path / "c").write_text("")
    with pytest.raises(FileError):
        read_signal(tmp_path / "c" / "a.csv")


@pytest.mark.parametrize(
    "array",
    [np.float64(3), np.zeros((2, 3, 4)), np.zeros(3, dtype=complex), np.array(["a"]), np.zeros(2, "f8,f8")],
)
def test_arrays_that_are_no_signal(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", array)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(FileError, match=r"a\.np"):
            read_signal(tmp_path / name)


def test_nothing_is_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    np.savez("a.npz", np.array([Trap()], dtype=object), allow_pickle=True)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(FileError):
            read_signal(name)
    assert not Path("sprung").exists()


def test_header_that_promises_more_than_there_is(tmp_path):
    with io.BytesIO() as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
        )
        hostile = stream.getvalue() + b"12345678"
    (tmp_path / "a.npy").write_bytes(hostile)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", hostile)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(FileError):
            read_signal(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.wav", "a.csv"])
def test_damaged_files_end_in_a_file_error(tmp_path, name):
    """Cut short at every length, and with seeded bytes changed: a signal of real numbers or a FileError."""
    write = {
        "a.npy": lambda file: np.save(file, SAMPLES),
        "a.npz": lambda file: np.savez_compressed(file, SAMPLES),
        "a.wav": lambda file: wavfile.write(file, 100, (SAMPLES * 1000).astype(np.int16)),
        "a.csv": lambda file: np.savetxt(file, SAMPLES[:4], delimiter=","),
    }[name]
    write(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    random = np.random.default_rng(1)
    cuts = [whole[:length] for length in range(0, len(whole), 7)]
    changed = []
    for _ in range(400):
        content = bytearray(whole)
        for place in random.integers(0, min(len(whole), 160), random.integers(1, 4)):
            content[place] = random.integers(256)
        changed.append(bytes(content))
    refused = 0
    for content in [*cuts, *changed]:
        (tmp_path / name).write_bytes(content)
        try:
            signal = read_signal(tmp_path / name)
        except FileError as error:
            refused += "\n" not in str(error)
        else:
            assert signal.samples.ndim in (1, 2)
            assert signal.samples.dtype.kind in "fiub"
    assert refused > {"a.csv": 0}.get(name, 100)


@pytest.mark.parametrize("shape", [(7,), (7, 1), (7, 3)])
def test_written_signals_are_read_back_to_the_bit(tmp_path, shape):
    samples = np.random.default_rng(2).standard_normal(shape) * 10.0 ** np.arange(-3, 4).reshape(
        7, *[1] * (len(shape) - 1)
    )
    samples[3] = np.nan
    samples[-1] = np.nan
    for name in ("z.npy", "z.csv"):
        write_signal(tmp_path / name, samples)
        again = read_signal(tmp_path / name).samples
        np.testing.assert_array_equal(again.reshape(shape), samples)
        assert again.tobytes() == samples.tobytes()


def test_channel_names_are_the_header(tmp_path):
    write_signal(tmp_path / "z.csv", SAMPLES, channel_names=["a", "b, c", "d"])
    assert read_signal(tmp_path / "z.csv").channel_names == ("a", "b, c", "d")


def test_write_refusals(tmp_path):
    with pytest.raises(ShapeError, match=r"\.csv"):
        write_signal(tmp_path / "z.csv", np.zeros((2, 3, 4)))
    with pytest.raises(ShapeError, match="3 names"):
        write_signal(tmp_path / "z.csv", SAMPLES, channel_names=["a"])
    with pytest.raises(ArgumentError, match=r"\.npy"):
        write_signal(tmp_path / "z.wav", SAMPLES)
    with pytest.raises(OutputError, match="mkdir -p"):
        write_signal(tmp_path / "no" / "z.npy", SAMPLES)
    assert list(tmp_path.iterdir()) == []
    write_signal(tmp_path / "z.npy", np.zeros((2, 3, 4)))
    assert np.load(tmp_path / "z.npy").shape == (2, 3, 4)
