"""Recordings in files: NumPy arrays, tables of numbers, and sound."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from lamina._checks import check_choice
from lamina.errors import FileError, ShapeError
from lamina.io.files import atomic_file
from lamina.io.tables import read_table, write_table

_FULL_SCALE = {np.dtype(np.int16): 2.0**15, np.dtype(np.int32): 2.0**31, np.dtype(np.int64): 2.0**63}


@dataclass(frozen=True, eq=False)
class Signal:
    """A recording as it was read from a file.

    Parameters
    ----------
    samples
        Array ``(time,)`` or ``(time, channels)`` of real numbers; NaN marks a gap. Arrays from ``.npy`` files
        are read-only and stay on the disk until they are used.
    sampling_rate
        Samples per second (hertz), or None where the file does not say.
    channel_names
        One name per channel, or None where the file does not say.
    source
        The path that was read, for messages.
    """

    samples: np.ndarray
    sampling_rate: float | None
    channel_names: tuple[str, ...] | None
    source: str


def read_signal(path: str | os.PathLike[str]) -> Signal:
    r"""Read a recording from a file; the suffix says how.

    =============================  =====================================================================
    ``.npy``                       one array, ``(time,)`` or ``(time, channels)``, mapped and not copied
    ``.npz``                       the only array of the archive, or ``file.npz:name`` for one of several
    ``.csv``, ``.tsv``, ``.txt``   one row per sample, one column per channel; see `lamina.io.tables`
    ``.wav``                       sound; integers are scaled to [-1, 1), and the sampling rate is kept
    =============================  =====================================================================

    Nothing is ever unpickled.

    Parameters
    ----------
    path
        The file to read.

    Returns
    -------
    Signal
        The samples, with the sampling rate and the channels' names where the file has them.

    Raises
    ------
    FileError
        If the file is missing, unreadable, of an unknown suffix, or does not hold real numbers in one or two
        axes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "steps.csv").write_text("left,right\n1,2\n3,\n")
    ...     signal = read_signal(Path(folder) / "steps.csv")
    >>> signal.channel_names, signal.samples.tolist()
    (('left', 'right'), [[1.0, 2.0], [3.0, nan]])
    """
    source = os.fspath(path)
    file, member = _split_member(source)
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise FileError(
            f"cannot read {source}: unknown suffix {file.suffix!r}; "
            f"lamina reads {', '.join(sorted(_READERS))}"
        )
    if file.is_dir():
        raise FileError(f"cannot read {source}: it is a folder; give the path of a file")
    try:
        samples, sampling_rate, names = reader(file, member)
    except FileError:
        raise
    except FileNotFoundError as error:
        raise FileError(f"cannot read {source}: there is no such file; check the path") from error
    except MemoryError as error:
        raise FileError(f"cannot read {source}: it needs more memory than there is") from error
    except OSError as error:
        raise FileError(f"cannot read {source}: {error.strerror or error}") from error
    except Exception as error:
        # the readers of NumPy, SciPy and zipfile answer a damaged file with almost any exception
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FileError(f"cannot read {source}: it is not a whole {file.suffix} file ({reason})") from error
    if samples.dtype.kind not in "fiub":
        raise FileError(f"cannot read {source}: it holds dtype {samples.dtype}; a signal holds real numbers")
    if samples.ndim not in (1, 2):
        raise FileError(
            f"cannot read {source}: it holds an array of shape {samples.shape}; "
            f"a signal has shape (time,) or (time, channels)"
        )
    return Signal(samples, sampling_rate, names, source)


def write_signal(
    path: str | os.PathLike[str], samples: np.ndarray, *, channel_names: Sequence[str] | None = None
) -> None:
    """Write an array to ``.npy`` (any number of axes) or ``.csv`` (one or two axes), whole or not at all.

    Parameters
    ----------
    path
        The file to write; an existing file is replaced. Its folder must exist.
    samples
        Array ``(time,)``, ``(time, channels)``, or for ``.npy`` of any shape, of real numbers.
    channel_names
        One name per channel, which becomes the header row of a ``.csv``; ``.npy`` holds no names.

    Raises
    ------
    ArgumentError
        If the suffix is neither ``.npy`` nor ``.csv``.
    ShapeError
        If a ``.csv`` is asked for and the array has more than two axes, or the names do not match its
        channels.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_signal(Path(folder) / "z.csv", np.array([0.1, np.nan]), channel_names=["unit1"])
    ...     print((Path(folder) / "z.csv").read_text())
    unit1
    0.1
    nan
    """
    suffix = check_choice("the suffix of the output file", Path(path).suffix.lower(), (".npy", ".csv"))
    array = np.asarray(samples)
    if suffix == ".csv" and array.ndim not in (1, 2):
        raise ShapeError(
            "samples",
            allowed="of shape (time,) or (time, channels) for a .csv file",
            got=f"{array.ndim} axes, shape {array.shape}",
            remedy="Write a .npy file, which holds any shape.",
        )
    columns = 1 if array.ndim == 1 else array.shape[-1]
    if channel_names is not None and len(channel_names) != columns:
        raise ShapeError(
            "channel_names",
            allowed=f"{columns} names, one per channel",
            got=f"{len(channel_names)} names",
            remedy="Give one name per channel, or none.",
        )
    with atomic_file(path) as partial:
        if suffix == ".npy":
            with partial.open("wb") as stream:
                np.save(stream, array, allow_pickle=False)
        else:
            write_table(partial, array.reshape(-1, columns), channel_names)


_Content = tuple[np.ndarray, float | None, tuple[str, ...] | None]


def _split_member(source: str) -> tuple[Path, str | None]:
    stem, separator, member = source.rpartition(":")
    if separator and stem.lower().endswith(".npz"):
        return Path(stem), member
    return Path(source), None


def _read_npy(file: Path, member: str | None) -> _Content:
    del member
    return np.asarray(np.lib.format.open_memmap(file, mode="r")), None, None


def _read_npz(file: Path, member: str | None) -> _Content:
    with zipfile.ZipFile(file) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        listed = ", ".join(names) or "none"
        if member is None and len(names) != 1:
            example = f"; name one, as in {file}:{names[0]}" if names else ""
            raise FileError(f"cannot read {file}: it holds {len(names)} arrays ({listed}){example}")
        chosen = names[0] if member is None else member
        if chosen not in names:
            raise FileError(f"cannot read {file}: it has no array {chosen!r}; it holds {listed}")
        entry = archive.getinfo(f"{chosen}.npy")
        with archive.open(entry) as stream:
            return _read_member(stream, entry.file_size), None, None


def _read_member(stream: IO[bytes], size: int) -> np.ndarray:
    # what the header promises is checked against what is there, before any memory is taken
    version = np.lib.format.read_magic(stream)
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    shape, fortran, dtype = read_header(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never unpickled")
    count = 1
    for length in shape:
        count *= int(length)
    if count < 0 or count * dtype.itemsize > size:
        raise ValueError("it is shorter than its header says")
    data = stream.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise ValueError("it is shorter than its header says")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _read_text(file: Path, member: str | None) -> _Content:
    del member
    samples, names = read_table(file)
    return samples, None, names


def _read_wav(file: Path, member: str | None) -> _Content:
    del member
    from scipy.io import wavfile

    with warnings.catch_warnings():
        # chunks with titles and markers are of no interest here
        warnings.simplefilter("ignore", wavfile.WavFileWarning)
        rate, samples = wavfile.read(file)
    if samples.shape[0] == 0:
        raise ValueError("it holds no sound")
    if samples.dtype == np.uint8:
        return (samples.astype(np.float64) - 128.0) / 128.0, float(rate), None
    scale = _FULL_SCALE.get(samples.dtype)
    return (samples if scale is None else samples / scale), float(rate), None


_READERS: dict[str, Callable[[Path, str | None], Any]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".wav": _read_wav,
}
