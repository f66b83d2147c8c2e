"""Speech Commands from a server to waveforms: a small archive in the published format."""

import hashlib
import http.server
import importlib.metadata
import io
import struct
import tarfile
import threading
import wave
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lamina.datasets.speech_commands import (
    SPEECH_COMMANDS_CHECKSUMS,
    SPEECH_COMMANDS_URL,
    SpeechCommands,
    load_speech_commands,
)
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, FileError

SOURCE = "torchaudio/datasets/speechcommands.py"
NAME = "speech_commands_v0.02.tar.gz"
FILES = {
    f"{word}/{speaker}_nohash_{number}.wav": seed
    for seed, (word, speaker, number) in enumerate(
        (word, speaker, number)
        for word in ("backward", "no", "yes")
        for speaker in ("0a1b2c3d", "4e5f6071", "8a9bacbd")
        for number in range(2)
    )
}
LISTS = {
    "validation_list.txt": [name for name in FILES if "4e5f6071" in name],
    "testing_list.txt": [name for name in FILES if "8a9bacbd" in name],
}


def samples(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(-32768, 32768, 16000 - 1000 * (seed % 3)).astype("<i2")


def sound(values, rate=16000, channels=1):
    """A RIFF file, byte by byte."""
    body = values.tobytes()
    layout = struct.pack("<HHIIHH", 1, channels, rate, 2 * rate * channels, 2 * channels, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(body))
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + layout
        + (b"data" + struct.pack("<I", len(body)) + body)
    )


def make_archive(path, extra=()):
    contents = {name: sound(samples(seed)) for name, seed in FILES.items()}
    contents |= {name: "".join(f"{line}\n" for line in lines).encode() for name, lines in LISTS.items()}
    contents |= {
        "_background_noise_/pink_noise.wav": sound(samples(99)),
        "README.md": b"read",
        "LICENSE": b"CC",
    }
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for folder in sorted({name.rpartition("/")[0] for name in contents}):
            info = tarfile.TarInfo(f"./{folder}")
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for name, content in contents.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def site(tmp_path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

    asked = []
    folder = tmp_path / "site"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.url, server.asked = f"http://127.0.0.1:{server.server_address[1]}/", asked
        server.archive = folder / NAME
        server.checksums = {NAME: make_archive(server.archive)}
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def unpacked(tmp_path):
    make_archive(tmp_path / NAME)
    with tarfile.open(tmp_path / NAME) as archive:
        archive.extractall(tmp_path / "words", filter="data")
    return tmp_path / "words"


def test_words_come_from_the_server_once(site, tmp_path, monkeypatch):
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path / "data"))
    train = load_speech_commands(base_url=site.url, checksums=site.checksums)
    place = tmp_path / "data" / "speech_commands"
    assert {path.name for path in place.iterdir()} == {".lock", "speech_commands_v0.02"}
    assert (place / "speech_commands_v0.02" / "LICENSE").read_bytes() == b"CC"
    assert len(train) == 6
    for k, word in enumerate(train):
        name = f"{word.label}/{word.speaker}_nohash_{word.number}.wav"
        np.testing.assert_array_equal(word.waveform * 32768, samples(FILES[name]))
        assert word.waveform.dtype == np.float32
        assert (word.split, word.path) == ("train", train.paths[k])
    for folder in (None, place, place / "speech_commands_v0.02"):
        assert len(load_speech_commands("all", folder=folder, download=False)) == 18
    assert site.asked == [f"/{NAME}"]


def test_splits_are_those_of_the_lists(unpacked):
    parts = {split: SpeechCommands(unpacked, split) for split in ("train", "validation", "test", "all")}
    names = {
        split: {path.relative_to(unpacked).as_posix() for path in part.paths} for split, part in parts.items()
    }
    assert names["validation"] == set(LISTS["validation_list.txt"])
    assert names["test"] == set(LISTS["testing_list.txt"])
    assert names["train"] | names["validation"] | names["test"] == names["all"] == set(FILES)
    assert not names["train"] & (names["validation"] | names["test"])
    assert {split: set(part.speakers) for split, part in parts.items() if split != "all"} == {
        "train": {"0a1b2c3d"},
        "validation": {"4e5f6071"},
        "test": {"8a9bacbd"},
    }
    assert parts["test"].words == ("backward", "no", "yes")
    assert list(parts["test"].labels) == ["backward"] * 2 + ["no"] * 2 + ["yes"] * 2
    assert sorted(parts["all"].splits) == ["test"] * 6 + ["train"] * 6 + ["validation"] * 6


def test_the_published_checksum_is_that_which_torchaudio_has():
    """Its source is read, not run: it needs libraries that are not everywhere."""
    try:
        source = Path(importlib.metadata.distribution("torchaudio").locate_file(SOURCE)).read_text()
    except (importlib.metadata.PackageNotFoundError, OSError):
        pytest.skip("torchaudio is not installed")
    ((name, checksum),) = SPEECH_COMMANDS_CHECKSUMS.items()
    assert f'"{SPEECH_COMMANDS_URL}{name}": "{checksum.removeprefix("sha256:")}"' in source


def test_waveforms_are_filled_up_and_never_cut(unpacked):
    words = SpeechCommands(unpacked, "test")
    together = words.waveforms()
    assert together.shape == (6, 16000)
    for row, word in zip(together, words, strict=True):
        np.testing.assert_array_equal(row[: len(word.waveform)], word.waveform)
        assert not row[len(word.waveform) :].any()
    np.testing.assert_array_equal(words.waveforms([4, 1], 20000)[:, :16000], together[[4, 1]])
    with pytest.raises(DataError, match=r"must be at most n_samples \(14500\) long"):
        words.waveforms(n_samples=14500)
    with pytest.raises(ArgumentTypeError, match=r"^indices must be a list"):
        words.waveforms(3)


def test_noise_is_apart(unpacked):
    noise = SpeechCommands(unpacked).background_noise()
    assert list(noise) == ["pink_noise"]
    np.testing.assert_array_equal(noise["pink_noise"] * 32768, samples(99))


def test_an_interrupted_download_is_no_data_set(site, tmp_path):
    with pytest.raises(FileError, match="do not have the checksum"):
        load_speech_commands(folder=tmp_path / "sc", base_url=site.url)
    assert {path.name for path in (tmp_path / "sc").iterdir()} == {".lock"}
    with pytest.raises(FileError, match="download=False"):
        load_speech_commands(folder=tmp_path / "sc", download=False)


def test_an_archive_that_leads_elsewhere_makes_nothing(site, tmp_path):
    site.checksums[NAME] = make_archive(site.archive, [tarfile.TarInfo("../evil")])
    with pytest.raises(FileError, match=r"its member '\.\./evil' leads out of the folder"):
        load_speech_commands(folder=tmp_path / "sc", base_url=site.url, checksums=site.checksums)
    assert {path.name for path in (tmp_path / "sc").iterdir()} == {".lock", NAME}
    assert not (tmp_path / "evil").exists()


def test_an_archive_put_there_by_hand_is_unpacked_and_kept(site, tmp_path):
    (tmp_path / "sc").mkdir()
    (tmp_path / "sc" / NAME).write_bytes(site.archive.read_bytes())
    words = load_speech_commands("test", folder=tmp_path / "sc", download=False, checksums=site.checksums)
    assert len(words) == 6
    assert (tmp_path / "sc" / NAME).exists()
    assert site.asked == []


def test_an_incomplete_folder_is_noticed(unpacked):
    (unpacked / LISTS["testing_list.txt"][0]).unlink()
    with pytest.raises(FileError, match="which is not there: the folder is incomplete"):
        SpeechCommands(unpacked, "train")


def test_a_folder_without_lists_or_words_is_refused(unpacked, tmp_path):
    (unpacked / "testing_list.txt").unlink()
    with pytest.raises(FileError, match=r"testing_list.txt cannot be read"):
        SpeechCommands(unpacked)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match="holds no utterances"):
        SpeechCommands(tmp_path / "empty")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as sound"),
        (b"RIFF", "cannot be read as sound"),
        (sound(samples(0), rate=8000), "at 8000 Hz"),
        (sound(samples(0)[:1000], channels=2), r"2 channel\(s\)"),
    ],
    ids=["empty", "short", "rate", "stereo"],
)
def test_other_sounds_are_refused(unpacked, content, message):
    words = SpeechCommands(unpacked, "test")
    words.paths[0].write_bytes(content)
    with pytest.raises(FileError, match=message):
        words[0]


def test_utterances_are_indexed_as_sequences_are(unpacked):
    words = SpeechCommands(unpacked, "test")
    assert words[-1].path == words[np.int32(5)].path == words.paths[5]
    for index in (6, -7):
        with pytest.raises(IndexError, match="out of range"):
            words[index]
    with pytest.raises(ArgumentTypeError, match=r"^index must be an integer"):
        words[:2]
    with pytest.raises(ArgumentError, match=r"^split must be one of"):
        SpeechCommands(unpacked, "testing")


def test_the_fixture_is_sound_to_the_standard_library():
    with wave.open(io.BytesIO(sound(samples(0)))) as opened:
        assert opened.getparams()[:4] == (1, 2, 16000, 16000)
