"""The Heidelberg digits from a server to counts: small files in the published format."""

import gzip
import hashlib
import http.server
import pickle
import threading
import zipfile
from fractions import Fraction
from functools import partial

import h5py
import numpy as np
import pytest

from lamina.datasets.binning import bin_events
from lamina.datasets.shd import SHD_CHECKSUMS, load_shd
from lamina.datasets.spiking_digits import SpikingDigits
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    FileError,
    MissingDependencyError,
    ShapeError,
)

ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
GERMAN = ["null", "eins", "zwei", "drei", "vier", "fuenf", "sechs", "sieben", "acht", "neun"]
WORDS = ENGLISH + GERMAN


def events(seed, count):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 1.37, count)).astype(np.float16)
    return times, rng.integers(0, 700, count).astype(np.uint16)


def write(path, n=12, **changes):
    """A file as Cramer et al. publish them: rows of any length, half precision, classes as bytes."""
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", n, h5py.vlen_dtype(np.float16))
        units = file.create_dataset("spikes/units", n, h5py.vlen_dtype(np.uint16))
        for k in range(n):
            times[k], units[k] = events(k, 37 * k)
        file["labels"] = np.arange(n, dtype=np.uint16) * 7 % 20
        file["extra/speaker"] = np.arange(n, dtype=np.uint16) % 12
        file["extra/keys"] = np.array([word.encode() for word in WORDS])
        file["extra/meta_info/gender"] = np.array([b"female"] * 12)
        for name, value in changes.items():
            del file[name]
            if value is not None:
                file[name] = value
    return path


@pytest.fixture
def site(tmp_path):
    """A server with both splits, both ways packed, and the list of checksums."""
    folder = tmp_path / "site"
    folder.mkdir()
    for k, split in enumerate(("train", "test")):
        content = write(tmp_path / "made.h5", n=12 - 4 * k).read_bytes()
        (folder / f"shd_{split}.h5.gz").write_bytes(gzip.compress(content))
        with zipfile.ZipFile(folder / f"shd_{split}.h5.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"shd_{split}.h5", content)
    sums = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    (folder / "md5sums.txt").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

    asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        server.asked, server.checksums = asked, {name: f"md5:{digest}" for name, digest in sums.items()}
        server.folder = folder
        yield server
        server.shutdown()
        thread.join()


def test_digits_come_from_the_server_once(site, tmp_path):
    arguments = {"folder": tmp_path / "shd", "base_url": site.url, "checksums": site.checksums}
    with load_shd("test", **arguments) as digits:
        assert len(digits) == 8
    assert site.asked == ["/shd_test.h5.zip"]
    assert {path.name for path in (tmp_path / "shd").iterdir()} == {".lock", "shd_test.h5"}
    with load_shd("test", **arguments) as digits:
        times, units = events(5, 37 * 5)
        np.testing.assert_array_equal(digits[5].times_s, times.astype(np.float64))
        np.testing.assert_array_equal(digits[5].units, units)
        assert (digits[5].label, digits[5].word, digits[5].language, digits[5].speaker) == (
            15,
            "fuenf",
            "german",
            5,
        )
        assert digits[5].times_s.dtype == np.float64
    with load_shd("train", **arguments) as digits:
        assert len(digits) == 12
    assert site.asked == ["/shd_test.h5.zip", "/shd_train.h5.zip"]
    with load_shd("train", folder=tmp_path / "shd", download=False) as digits:
        assert len(list(digits)) == 12


def test_the_list_of_checksums_is_asked_where_none_is_known(site, tmp_path, monkeypatch):
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    with load_shd("test", base_url=site.url + "/", compression="gz") as digits:
        assert digits.path == tmp_path / "shd" / "shd_test.h5"
    assert site.asked == ["/md5sums.txt", "/shd_test.h5.gz"]


def test_a_damaged_download_is_no_data_set(site, tmp_path):
    with pytest.raises(FileError, match="do not have the checksum"):
        # the published checksums are not those of the small files
        load_shd("test", folder=tmp_path / "shd", base_url=site.url)
    assert {path.name for path in (tmp_path / "shd").iterdir()} == {".lock"}


def test_an_archive_put_there_by_hand_is_unpacked_and_kept(site, tmp_path):
    for kind in ("zip", "gz"):
        folder = tmp_path / kind
        folder.mkdir()
        name = f"shd_test.h5.{kind}"
        (folder / name).write_bytes((site.folder / name).read_bytes())
        with load_shd("test", folder=folder, download=False, checksums=site.checksums) as digits:
            assert len(digits) == 8
        assert (folder / name).exists()
    assert site.asked == []


def test_without_data_and_download_nothing_happens(tmp_path):
    with pytest.raises(
        FileError, match=r"fetch https://zenkelab.org/datasets/shd_train.h5.zip by other means"
    ):
        load_shd(folder=tmp_path / "shd", download=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({"split": "all"}, "split"), ({"compression": "xz"}, "compression"), ({"download": 1}, "download")],
    ids=["split", "compression", "download"],
)
def test_wrong_arguments_are_named(arguments, name):
    with pytest.raises(ArgumentError, match=f"^{name} must be"):
        load_shd(**arguments)


def test_the_published_checksums_are_those_that_tonic_has():
    hsd = pytest.importorskip("tonic.datasets.hsd")
    assert {
        hsd.SHD.train_zip: "md5:" + hsd.SHD.train_md5,
        hsd.SHD.test_zip: "md5:" + hsd.SHD.test_md5,
    } == SHD_CHECKSUMS


def test_tonic_reads_the_same_events(tmp_path):
    """Its times are whole microseconds, cut."""
    tonic = pytest.importorskip("tonic")
    (tmp_path / "SHD").mkdir()
    write(tmp_path / "SHD" / "shd_test.h5")
    (tmp_path / "SHD" / "shd_test.h5.zip").touch()
    with SpikingDigits(tmp_path / "SHD" / "shd_test.h5") as digits:
        ours, speakers = list(digits), digits.speakers
    theirs = tonic.datasets.SHD(save_to=str(tmp_path), train=False)
    assert len(theirs) == len(ours)
    for k, digit in enumerate(ours):
        found, label = theirs[k]
        np.testing.assert_array_equal(found["x"], digit.units)
        assert label == digit.label
        np.testing.assert_array_equal(found["t"], (digit.times_s * 1e6).astype(np.int64))
    np.testing.assert_array_equal(theirs.speaker, speakers)


def test_digits_are_indexed_as_sequences_are(tmp_path):
    digits = SpikingDigits(write(tmp_path / "a.h5"))
    assert digits[-1].label == digits[11].label == digits[np.int64(11)].label
    assert list(digits.languages[:4]) == ["english", "english", "german", "english"]
    assert digits.words == tuple(WORDS)
    for index in (12, -13):
        with pytest.raises(IndexError, match="out of range"):
            digits[index]
    with pytest.raises(ArgumentTypeError, match=r"^index must be an integer"):
        digits[1.0]
    digits.close()
    assert len(digits[3].times_s) == 111
    digits.close()


def test_digits_cross_process_borders(tmp_path):
    with SpikingDigits(write(tmp_path / "a.h5")) as digits, pickle.loads(pickle.dumps(digits)) as other:
        np.testing.assert_array_equal(other[7].times_s, digits[7].times_s)


def test_binning_conserves_every_event_of_every_digit(tmp_path):
    with SpikingDigits(write(tmp_path / "a.h5")) as digits:
        for dt_s in (0.001, 0.01, 0.1, 1.0):
            binned = digits.bin(dt_s, 1.4)
            assert binned.shape == (12, round(1.4 / dt_s + 0.49), 700)
            np.testing.assert_array_equal(binned.sum((1, 2)), [37 * k for k in range(12)])
        np.testing.assert_array_equal(digits.bin(0.1, 1.4, [3, 1]), digits.bin(0.1, 1.4)[[3, 1]])
        with pytest.raises(DataError, match=r"^times_s must be within duration_s"):
            digits.bin(0.1, 0.5)
        with pytest.raises(DataError, match=r"^indices must be at least one"):
            digits.bin(0.1, 1.4, [])
        with pytest.raises(ArgumentTypeError, match=r"^indices must be a list"):
            digits.bin(0.1, 1.4, 3)


def test_without_h5py_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    (tmp_path / "a.h5").write_bytes(b"anything")
    with pytest.raises(MissingDependencyError, match=r'pip install "lamina\[data\]"'):
        SpikingDigits(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "does not hold labels"),
        ({"spikes/times": None}, "does not hold spikes/times"),
        ({"spikes/times": np.zeros(12)}, "not as rows of numbers"),
        ({"labels": np.zeros(12)}, "not as integers"),
        ({"labels": np.zeros(11, np.uint16)}, "11 labels, but spikes/units is of length 12"),
        ({"labels": np.full(12, 20, np.uint16)}, "labels that its 20 classes"),
        ({"labels": np.zeros((12, 1), np.uint16)}, "not as one row"),
        ({"extra/speaker": np.zeros(3, np.uint16)}, "extra/speaker is of length 3"),
        ({"labels": h5py.ExternalLink("/etc/passwd", "/labels")}, "does not hold labels"),
        ({"labels": h5py.SoftLink("/extra/speaker")}, "does not hold labels"),
    ],
    ids=[
        "no-labels",
        "no-times",
        "plain-times",
        "float-labels",
        "few",
        "range",
        "axes",
        "speakers",
        "external",
        "soft",
    ],
)
def test_other_layouts_are_refused(tmp_path, changes, message):
    with pytest.raises(FileError, match=message):
        SpikingDigits(write(tmp_path / "a.h5", **changes))


def test_files_that_are_no_hdf5_are_refused(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"<html>" * 100)
    with pytest.raises(FileError, match="cannot be read as HDF5"):
        SpikingDigits(tmp_path / "a.h5")
    with pytest.raises(FileError, match="does not exist"):
        SpikingDigits(tmp_path / "b.h5")


def test_a_digit_with_unequal_rows_is_refused(tmp_path):
    with h5py.File(write(tmp_path / "a.h5"), "r+") as file:
        file["spikes/units"][3] = np.zeros(7, np.uint16)
    with SpikingDigits(tmp_path / "a.h5") as digits, pytest.raises(DataError, match="111 times and 7 units"):
        digits[3]


def count_one_by_one(times, units, n_units, dt, n_bins):
    """Exact: times are dyadic numbers, and ``dt`` is the fraction that is meant."""
    counts = np.zeros((n_bins, n_units), np.int64)
    for time, unit in zip(times, units, strict=True):
        counts[min(Fraction(float(time)) // dt, n_bins - 1), unit] += 1
    return counts


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    "dt", [Fraction(1, 1000), Fraction(7, 1000), Fraction(1, 64), Fraction(1, 3), Fraction(2)]
)
def test_counts_are_those_of_exact_arithmetic(dt, dtype):
    rng = np.random.default_rng(3)
    times = rng.uniform(0, 1.4, 2000).astype(np.float16).astype(dtype)
    times[:3] = 0, 0.5, 1.25
    units = rng.integers(0, 5, 2000)
    n_bins = -(-Fraction(7, 5) // dt)
    expected = count_one_by_one(times, units, 5, dt, n_bins)
    counts = bin_events(times, units, 5, float(dt), duration_s=1.4)
    np.testing.assert_array_equal(counts, expected)
    assert counts.dtype == np.int32
    # without a duration the grid ends with the last event
    free = bin_events(times, units, 5, float(dt))
    assert free.shape == (Fraction(float(times.max())) // dt + 1, 5)
    assert free.sum() == 2000
    assert free[-1].sum() > 0


@pytest.mark.parametrize("dt_s", [0.1, 0.001, 0.7, 1 / 3])
def test_an_event_on_an_edge_belongs_to_the_bin_that_begins_there(dt_s):
    """Neither products nor quotients of rounded numbers move it: 3 * 0.1 and 0.3 are the same edge."""
    n = 1000
    for times in (
        np.arange(n) * dt_s,
        np.array([float(f"{k * dt_s:.12g}") for k in range(n)]) if dt_s != 1 / 3 else [],
    ):
        if len(times):
            counts = bin_events(times, np.zeros(n, int), 1, dt_s, duration_s=n * dt_s)
            np.testing.assert_array_equal(counts, np.ones((n, 1)))


def test_the_very_end_belongs_to_the_last_bin():
    np.testing.assert_array_equal(bin_events([0.4], [0], 1, 0.1, duration_s=0.4), [[0], [0], [0], [1]])
    np.testing.assert_array_equal(bin_events([0.45], [0], 1, 0.1, duration_s=0.45), [[0], [0], [0], [0], [1]])
    np.testing.assert_array_equal(bin_events([0.4], [0], 1, 0.1), [[0], [0], [0], [0], [1]])


def test_nothing_is_counted_where_nothing_is():
    assert bin_events([], [], 3, 0.1).shape == (0, 3)
    assert bin_events(np.zeros(0, np.float16), np.zeros(0, np.uint16), 3, 0.1, duration_s=1.0).shape == (
        10,
        3,
    )


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (([0.1], [3], 3, 0.1), DataError, "units must be from 0 to 2"),
        (([0.1], [-1], 3, 0.1), DataError, "units must be from 0 to 2"),
        (([0.1], [2**64 - 1], 3, 0.1), DataError, "units must be from 0 to 2"),
        (([0.1], [0.5], 3, 0.1), ArgumentTypeError, "units must be integers"),
        (([-0.1], [0], 3, 0.1), DataError, "times_s must be finite and at least 0"),
        (([np.nan], [0], 3, 0.1), DataError, "times_s must be finite and at least 0"),
        (([0.1, 0.2], [0], 3, 0.1), ShapeError, "units must be as long as times_s"),
        (([[0.1]], [0], 3, 0.1), ShapeError, "times_s must be of shape"),
        ((["a"], [0], 3, 0.1), ArgumentTypeError, "times_s must be an array of real numbers"),
        (([0.1], [0], 0, 0.1), ArgumentError, "n_units must be"),
        (([0.1], [0], 3, 0.0), ArgumentError, "dt_s must be"),
        (([1e300], [0], 3, 0.1), ArgumentError, "dt_s must be wide enough"),
        (([1.0], [0], 3, 1e-320), ArgumentError, "dt_s must be wide enough"),
        ((np.ma.array([0.1, 0.2], mask=[0, 1]), [0, 0], 3, 0.1), DataError, "times_s must be without masked"),
    ],
    ids=[
        "unit-above",
        "unit-below",
        "unit-immense",
        "unit-fraction",
        "time-below",
        "time-nan",
        "lengths",
        "axes",
        "text",
        "no-units",
        "no-width",
        "immense",
        "endless",
        "masked",
    ],
)
def test_what_cannot_be_counted_is_named(arguments, kind, message):
    with pytest.raises(kind, match=f"^{message}"):
        bin_events(*arguments)
