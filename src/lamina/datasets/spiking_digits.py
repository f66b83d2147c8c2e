"""A file of the Heidelberg data sets: words as the spikes of an artificial cochlea, read one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from lamina.datasets.binning import bin_events
from lamina.datasets.paths import check_file, check_indices
from lamina.errors import ArgumentTypeError, DataError, FileError, MissingDependencyError

N_UNITS = 700

_ENGLISH = frozenset(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@dataclass(frozen=True, eq=False)
class SpikingDigit:
    """One spoken digit.

    Parameters
    ----------
    times_s
        ``(events,)`` float64, in seconds; widened from the float16 of the file, which keeps every value.
    units
        ``(events,)`` int64, from 0 to 699, from low to high frequency.
    label
        Class, from 0 to 19.
    word
        The digit as spoken.
    language
        "english" or "german".
    speaker
        Number of the speaker.
    """

    times_s: np.ndarray
    units: np.ndarray
    label: int
    word: str
    language: str
    speaker: int


class SpikingDigits:
    """The spikes of a file of the Heidelberg data sets; each digit is read when it is asked for.

    Parameters
    ----------
    path
        An HDF5 file such as ``shd_train.h5``; that of the Spiking Speech Commands is laid out alike.

    Attributes
    ----------
    labels, speakers : numpy.ndarray
        ``(digits,)`` int64.
    languages : numpy.ndarray
        ``(digits,)`` of text: "english" where the spoken word is an English digit, else "german".
    words : tuple of str
        Word of each class.
    n_units : int
        700.
    path : pathlib.Path
        The file.

    Raises
    ------
    MissingDependencyError
        If h5py is not installed (``pip install "lamina[data]"``).
    FileError
        If the file is missing, damaged, or not laid out in this way.

    Examples
    --------
    A file as published, with two digits:

    >>> import tempfile, h5py
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with h5py.File(f"{folder}/shd_test.h5", "w") as file:
    ...         times = file.create_dataset("spikes/times", 2, h5py.vlen_dtype(np.float16))
    ...         units = file.create_dataset("spikes/units", 2, h5py.vlen_dtype(np.uint16))
    ...         times[0], units[0] = np.array([0.25, 0.5], np.float16), [3, 699]
    ...         times[1], units[1] = np.array([0.125], np.float16), [40]
    ...         file["labels"], file["extra/speaker"] = np.array([0, 1], np.uint16), [4, 11]
    ...         file["extra/keys"] = np.array([b"zero", b"null"])
    ...     with SpikingDigits(f"{folder}/shd_test.h5") as digits:
    ...         first = digits[0]
    ...         print(first.times_s, first.units, first.word, first.language, digits.languages)
    ...         digits.bin(dt_s=0.25, duration_s=1.0).shape
    [0.25 0.5 ] [  3 699] zero english ['english' 'german']
    (2, 4, 700)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = check_file(path)
        self.n_units = N_UNITS
        self._file: Any = None
        try:
            file = self._opened()
            self._times, self._units = _dataset(file, "spikes/times", 1), _dataset(file, "spikes/units", 1)
            self.labels = _integers(_dataset(file, "labels", 1))
            self.speakers = _integers(_dataset(file, "extra/speaker", 1))
            keys = _dataset(file, "extra/keys", 1)[()]
            self.words = tuple(
                key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key) for key in keys
            )
            self._check()
        except BaseException:
            self.close()
            raise
        english = np.array([word.lower() in _ENGLISH for word in self.words], dtype=np.bool_)
        self.languages = np.where(english[self.labels], "english", "german")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> SpikingDigit:
        if isinstance(index, (bool, np.bool_)) or not isinstance(index, (int, np.integer)):
            raise ArgumentTypeError(
                "index",
                allowed="an integer",
                got=repr(index)[:60],
                remedy="Read digits one by one, or bin them.",
            )
        place = int(index) + len(self) * (index < 0)
        if not 0 <= place < len(self):
            raise IndexError(f"index {index} is out of range: {self.path} holds {len(self)} digits")
        self._opened()
        try:
            times, units = np.asarray(self._times[place]), np.asarray(self._units[place])
        except (OSError, RuntimeError) as error:
            raise FileError(
                f"{self.path} cannot be read at digit {place} ({error}). Get it again."
            ) from error
        if len(times) != len(units):
            raise DataError(
                f"digit {place} of {self.path}",
                allowed="a unit for each time",
                got=f"{len(times)} times and {len(units)} units",
                remedy="The file is damaged; get it again.",
            )
        label = int(self.labels[place])
        return SpikingDigit(
            times.astype(np.float64),
            units.astype(np.int64),
            label,
            self.words[label],
            str(self.languages[place]),
            int(self.speakers[place]),
        )

    def __iter__(self) -> Iterator[SpikingDigit]:
        return (self[index] for index in range(len(self)))

    def bin(self, dt_s: float, duration_s: float, indices: Sequence[int] | None = None) -> np.ndarray:
        """Count the events of several digits in bins of time; every event counts once.

        Parameters
        ----------
        dt_s
            Width of a bin in seconds, above 0.
        duration_s
            Length of each recording in seconds; no event of those asked for may be later.
        indices
            Which digits; default: all.

        Returns
        -------
        numpy.ndarray
            ``(digits, time, 700)`` int32.

        Raises
        ------
        DataError
            If an event lies beyond ``duration_s``.
        ArgumentError, ArgumentTypeError
            As `bin_events`.
        """
        chosen = range(len(self)) if indices is None else check_indices(indices)
        recordings = (self[index] for index in chosen)
        binned = [
            bin_events(digit.times_s, digit.units, self.n_units, dt_s, duration_s=duration_s)
            for digit in recordings
        ]
        if not binned:
            raise DataError(
                "indices", allowed="at least one digit", got="none", remedy="Say which digits to bin."
            )
        return np.stack(binned)

    def close(self) -> None:
        """Close the file; it is opened again when a digit is asked for."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        # open files do not cross process borders
        return {**vars(self), "_file": None, "_times": None, "_units": None}

    def __repr__(self) -> str:
        return f"SpikingDigits({str(self.path)!r}): {len(self)} digits, {len(self.words)} classes"

    def _opened(self) -> Any:
        if self._file is None:
            self._file = _open(self.path)
            if hasattr(self, "labels"):
                self._times = _dataset(self._file, "spikes/times", 1)
                self._units = _dataset(self._file, "spikes/units", 1)
        return self._file

    def _check(self) -> None:
        count = len(self.labels)
        lengths = {"spikes/units": len(self._units), "spikes/times": len(self._times)}
        for name, length in {**lengths, "extra/speaker": len(self.speakers)}.items():
            if length != count:
                raise FileError(f"{self.path} has {count} labels, but {name} is of length {length}.")
        if count and not 0 <= self.labels.min() <= self.labels.max() < len(self.words):
            raise FileError(f"{self.path} has labels that its {len(self.words)} classes (extra/keys) lack.")


def _open(path: Path) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingDependencyError(
            'Reading the Heidelberg digits needs h5py. Install it with: pip install "lamina[data]"'
        ) from error
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        raise FileError(f"{path} cannot be read as HDF5 ({error}). Delete it, and load again.") from error


def _dataset(file: Any, name: str, axes: int) -> Any:
    import h5py

    place: Any = file
    for part in name.split("/"):
        link = place.get(part, getlink=True) if isinstance(place, h5py.Group) else None
        # other links may lead to other files of the reader
        if not isinstance(link, h5py.HardLink):
            raise FileError(
                f"{file.filename} does not hold {name}; it is no file of the Heidelberg data sets."
            )
        place = place[part]
    if (
        not isinstance(place, h5py.Dataset)
        or len(place.shape or ()) != axes
        or place.is_virtual
        or place.external
    ):
        raise FileError(f"{file.filename} holds {name}, but not as one row of values.")
    kind = h5py.check_vlen_dtype(place.dtype)
    if name.startswith("spikes/") and (
        kind is None or kind.kind not in ("iu" if name.endswith("units") else "iuf")
    ):
        raise FileError(f"{file.filename} holds {name} as {place.dtype}, not as rows of numbers.")
    return place


def _integers(dataset: Any) -> np.ndarray:
    if dataset.dtype.kind not in "iu":
        raise FileError(f"{dataset.file.filename} holds {dataset.name} as {dataset.dtype}, not as integers.")
    return dataset[()].astype(np.int64)
