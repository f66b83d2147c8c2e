"""Google Speech Commands: one-second recordings of single words, by thousands of speakers."""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from lamina._checks import check_integer
from lamina.datasets.cache import alone_in, cache_folder
from lamina.datasets.obtaining import check_source, check_split, discard, obtain
from lamina.datasets.paths import check_folder, check_indices
from lamina.datasets.unpacking import unpack_tar
from lamina.errors import ArgumentTypeError, DataError, FileError
from lamina.typing import Progress

SPEECH_COMMANDS_URL = "http://download.tensorflow.org/data/"
"""Address of the archive, as Warden publishes it."""

SPEECH_COMMANDS_NAME = "speech_commands_v0.02"

SPEECH_COMMANDS_CHECKSUMS: dict[str, str] = {
    "speech_commands_v0.02.tar.gz": "sha256:af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
}
"""Checksum as torchaudio 2.11.0 states it."""

SAMPLING_RATE_HZ = 16_000.0

NOISE = "_background_noise_"

_LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
_FILE = re.compile(r"(?P<speaker>[^/]+)_nohash_(?P<number>\d+)\.wav")


@dataclass(frozen=True, eq=False)
class SpokenWord:
    """One utterance.

    Parameters
    ----------
    waveform
        ``(time,)`` float32 in [-1, 1), at most a second, as long as the file.
    label
        The word.
    speaker
        Eight hexadecimal digits that stand for the speaker.
    number
        Which of the speaker's utterances of this word it is, from 0.
    split
        "train", "validation" or "test".
    path
        The file.
    """

    waveform: np.ndarray
    label: str
    speaker: str
    number: int
    split: str
    path: Path


class SpeechCommands:
    """A folder of spoken words, as unpacked; each file is read when it is asked for.

    Parameters
    ----------
    folder
        That which holds ``validation_list.txt``, ``testing_list.txt`` and a folder for each word.
    split
        "train" (whatever neither list names), "validation", "test" or "all".

    Attributes
    ----------
    paths : tuple of pathlib.Path
        The files, sorted by word and name.
    labels, speakers, splits : numpy.ndarray
        ``(utterances,)`` of text.
    words : tuple of str
        The words, sorted, whatever the split.
    sampling_rate_hz : float
        16 000.
    folder : pathlib.Path
        The folder.

    Raises
    ------
    FileError
        If the folder or a list is missing, or if a list names a file that is not there.
    ArgumentError
        If ``split`` is none of those named.

    Examples
    --------
    A folder as published, with two utterances, one of them for testing:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     place = Path(name)
    ...     for file in ("yes/0a1b2c3d_nohash_0.wav", "no/4e5f6071_nohash_1.wav"):
    ...         (place / file).parent.mkdir()
    ...         with wave.open(str(place / file), "wb") as sound:
    ...             sound.setparams((1, 2, 16000, 0, "NONE", ""))
    ...             sound.writeframes(np.array([0, 16384, -32768], dtype="<i2").tobytes())
    ...     _ = (place / "validation_list.txt").write_text("")
    ...     _ = (place / "testing_list.txt").write_text("yes/0a1b2c3d_nohash_0.wav")
    ...     words = SpeechCommands(place, "test")
    ...     print(words[0].label, words[0].speaker, words[0].waveform, words.words)
    ...     words.waveforms().shape
    yes 0a1b2c3d [ 0.   0.5 -1. ] ('no', 'yes')
    (1, 16000)
    """

    def __init__(
        self, folder: str | Path, split: Literal["train", "validation", "test", "all"] = "train"
    ) -> None:
        check_split(split, ("train", *_LISTS, "all"))
        self.folder = check_folder(folder)
        self.sampling_rate_hz = SAMPLING_RATE_HZ
        found = _files(self.folder)
        self.words = tuple(sorted({name.partition("/")[0] for name in found}))
        of_file = dict.fromkeys(found, "train")
        for part, file in _LISTS.items():
            for name in _listed(self.folder / file):
                if name not in of_file:
                    raise FileError(
                        f"{self.folder / file} names {name}, which is not there: the folder is incomplete. "
                        "Delete it, and load again."
                    )
                of_file[name] = part
        names = sorted(name for name, part in of_file.items() if split in (part, "all"))
        self.paths = tuple(self.folder / name for name in names)
        self.labels = np.array([name.partition("/")[0] for name in names], dtype=np.str_)
        self.speakers = np.array([_parts(name)[0] for name in names], dtype=np.str_)
        self.splits = np.array([of_file[name] for name in names], dtype=np.str_)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> SpokenWord:
        if isinstance(index, (bool, np.bool_)) or not isinstance(index, (int, np.integer)):
            raise ArgumentTypeError(
                "index", allowed="an integer", got=repr(index)[:60], remedy="Use waveforms() for several."
            )
        place = int(index) + len(self) * (index < 0)
        if not 0 <= place < len(self):
            raise IndexError(f"index {index} is out of range: there are {len(self)} utterances")
        path = self.paths[place]
        speaker, number = _parts(path.name)
        return SpokenWord(
            _read(path), str(self.labels[place]), speaker, number, str(self.splits[place]), path
        )

    def __iter__(self) -> Iterator[SpokenWord]:
        return (self[index] for index in range(len(self)))

    def waveforms(self, indices: Sequence[int] | None = None, n_samples: int = 16_000) -> np.ndarray:
        """Read several utterances, those that are shorter filled up with zeros at their end.

        Parameters
        ----------
        indices
            Which utterances; default: all (64 kB each, so gigabytes of the published training set).
        n_samples
            Length of each, at least that of the longest; a second by default.

        Returns
        -------
        numpy.ndarray
            ``(utterances, n_samples)`` float32.

        Raises
        ------
        DataError
            If an utterance is longer, which would lose its end.
        FileError
            If a file cannot be read.
        """
        length = check_integer("n_samples", n_samples, minimum=1)
        chosen = range(len(self)) if indices is None else check_indices(indices)
        filled = np.zeros((len(chosen), length), dtype=np.float32)
        for row, index in enumerate(chosen):
            word = self[index]
            if len(word.waveform) > length:
                raise DataError(
                    str(word.path),
                    allowed=f"at most n_samples ({length}) long",
                    got=f"{len(word.waveform)} samples",
                    remedy="Raise n_samples.",
                )
            filled[row, : len(word.waveform)] = word.waveform
        return filled

    def background_noise(self) -> dict[str, np.ndarray]:
        """Return the recordings of noise by name: ``(time,)`` float32 in [-1, 1), each a minute or more."""
        return {path.stem: _read(path) for path in sorted((self.folder / NOISE).glob("*.wav"))}

    def __repr__(self) -> str:
        return f"SpeechCommands({str(self.folder)!r}): {len(self)} utterances, {len(self.words)} words"


def load_speech_commands(
    split: Literal["train", "validation", "test", "all"] = "train",
    *,
    folder: str | Path | None = None,
    download: bool = True,
    base_url: str = SPEECH_COMMANDS_URL,
    checksums: Mapping[str, str] | None = None,
    progress: bool | Progress = False,
) -> SpeechCommands:
    """Load Google Speech Commands v0.02, downloaded on the first call and read from the disk on later ones.

    105 829 utterances of 35 words, 16 bits at 16 kHz, and six recordings of noise. The two lists within the
    archive say which are for validation and testing; a speaker is in one split only.

    Parameters
    ----------
    split
        "train", "validation", "test" or "all".
    folder
        Where ``speech_commands_v0.02`` lies or shall lie, or that folder itself. Default: ``speech_commands``
        in the folder that the environment variable LAMINA_DATA names, else in ``~/.cache/lamina``. An archive
        that lies there already is used.
    download
        Whether the network may be used (gigabytes). What was interrupted goes on where it stopped.
    base_url
        Address of the folder on the server, for mirrors.
    checksums
        Checksums by name of the archive, ``"md5:..."`` or ``"sha256:..."``, before the known one.
    progress
        True for a bar on the terminal, or a function of the fraction done and a text.

    Returns
    -------
    SpeechCommands
        The utterances of this split.

    Raises
    ------
    FileError
        If the data are not there and may not or cannot be downloaded, do not have their checksum, or the
        archive holds something that does not belong into its folder; nothing that is incomplete is left in
        place.
    OutputError
        If the disk is full or cannot be written.
    ArgumentError, ArgumentTypeError
        If an argument is none of those named.

    Notes
    -----
    P. Warden, "Speech Commands: a dataset for limited-vocabulary speech recognition", 2018, arXiv:1804.03209.
    Data: CC BY 4.0.

    Examples
    --------
    >>> load_speech_commands("test", folder="nowhere", download=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lamina.errors.FileError: speech_commands_v0.02.tar.gz is not in nowhere, and download=False. ...
    """
    check_split(split, ("train", *_LISTS, "all"))
    check_source(download, base_url, checksums)
    place = cache_folder(folder, "speech_commands")
    whole = place / SPEECH_COMMANDS_NAME
    if (place / _LISTS["test"]).is_file():
        return SpeechCommands(place, split)
    if not whole.is_dir():
        name = f"{SPEECH_COMMANDS_NAME}.tar.gz"
        known = {**SPEECH_COMMANDS_CHECKSUMS, **(checksums or {})}
        if not download and not (place / name).is_file():
            # says what to do, and makes no folder
            obtain(place, name, download=False, base_url=base_url, checksums=known)
        with alone_in(place):
            # another process may have put it there in the meantime
            if not whole.is_dir():
                archive, ours = obtain(
                    place, name, download=download, base_url=base_url, checksums=known, progress=progress
                )
                unpack_tar(archive, whole)
                if ours:
                    discard(archive)
    return SpeechCommands(whole, split)


def _files(folder: Path) -> list[str]:
    words = sorted(entry for entry in folder.iterdir() if entry.is_dir() and entry.name != NOISE)
    found = [
        f"{word.name}/{file.name}"
        for word in words
        if not word.name.startswith(".")
        for file in word.iterdir()
        if _FILE.fullmatch(file.name)
    ]
    if not found:
        raise FileError(
            f"{folder} holds no utterances (folders of files such as 0a1b2c3d_nohash_0.wav). Give the folder "
            "that was unpacked."
        )
    return found


def _listed(file: Path) -> list[str]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            f"{file} cannot be read ({error}). It says which utterances belong to the split; unpack the "
            "archive again."
        ) from error
    return [line.strip().removeprefix("./") for line in lines if line.strip()]


def _parts(name: str) -> tuple[str, int]:
    match = _FILE.fullmatch(name.rpartition("/")[2])
    return (match["speaker"], int(match["number"])) if match else ("", 0)


def _read(path: Path) -> np.ndarray:
    try:
        with wave.open(str(path), "rb") as sound:
            kind = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate())
            frames = sound.readframes(sound.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise FileError(f"{path} cannot be read as sound ({error}). Unpack the archive again.") from error
    if kind != (1, 2, int(SAMPLING_RATE_HZ)):
        raise FileError(
            f"{path} has {kind[0]} channel(s) of {8 * kind[1]} bits at {kind[2]} Hz; the data set has one "
            "of 16 bits at 16000 Hz."
        )
    return np.frombuffer(frames[: len(frames) // 2 * 2], dtype="<i2").astype(np.float32) / np.float32(32768)
