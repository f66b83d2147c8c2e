"""Recordings in files: NumPy arrays, tables of numbers, sound, HDF5 and zarr."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from lamina._checks import check_path
from lamina.errors import FileError
from lamina.io.disk import refuse_endless
from lamina.io.lazy import BLOCK_BYTES, Content, LazySamples, as_file_error, check_shape, check_unfolding
from lamina.io.writing import write_signal

__all__ = ["LazySignal", "Signal", "open_signal", "read_signal", "write_signal"]

_READERS = {
    ".npy": "arrays.open_npy",
    ".npz": "arrays.open_npz",
    ".csv": "tables.open_table",
    ".tsv": "tables.open_table",
    ".txt": "tables.open_table",
    ".parquet": "parquet.open_parquet",
    ".pq": "parquet.open_parquet",
    ".h5": "hdf5.open_hdf5",
    ".hdf5": "hdf5.open_hdf5",
    ".zarr": "zarr_arrays.open_zarr",
    ".zip": "zarr_arrays.open_zarr",
    ".wav": "wav.open_wav",
    ".flac": "sound.open_sound",
    ".ogg": "sound.open_sound",
    ".opus": "sound.open_sound",
    ".aif": "sound.open_sound",
    ".aiff": "sound.open_sound",
}

SUFFIXES = tuple(_READERS)
"""What `read_signal` reads."""

_WITH_MEMBERS = (".npz", ".h5", ".hdf5", ".zarr", ".zip")


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


@dataclass(frozen=True, eq=False)
class LazySignal:
    """A recording that stays in its file: `open_signal` gives one.

    Parameters
    ----------
    samples
        What has ``shape``, ``dtype`` and slices, which are NumPy arrays: a mapped array, or a
        ``LazySamples``. `lamina.ReSU.fit` takes it as it is.
    sampling_rate
        Samples per second (hertz), or None where the file does not say.
    channel_names
        One name per channel, or None where the file does not say.
    source
        The path that was opened, for messages.
    detail
        What the file is, in words.
    """

    samples: np.ndarray | LazySamples
    sampling_rate: float | None
    channel_names: tuple[str, ...] | None
    source: str
    detail: str

    def blocks(self, size: int = BLOCK_BYTES) -> Iterator[np.ndarray]:
        """Read all of it, a few megabytes at a time.

        Parameters
        ----------
        size
            Bytes of a block, at most, and at least one sample.

        Yields
        ------
        numpy.ndarray
            ``(some,)`` or ``(some, channels)``, one after the other.

        Raises
        ------
        FileError
            If the file turns out to be damaged.
        """
        samples = self.samples
        if not isinstance(samples, LazySamples):
            mapped = samples
            samples = LazySamples(
                self.source, mapped.shape, mapped.dtype, lambda i, j: np.asarray(mapped[i:j])
            )
        return samples.blocks(size)


def read_signal(path: str | os.PathLike[str]) -> Signal:
    r"""Read a recording from a file; the suffix says how.

    =====================================  =================================================================
    ``.npy``                               one array, ``(time,)`` or ``(time, channels)``, mapped, not copied
    ``.npz``                               the only array of the archive, or ``file.npz:name``
    ``.csv``, ``.tsv``, ``.txt``           one row per sample, a column per channel; see `lamina.io.tables`
    ``.parquet``, ``.pq``                  a column of numbers per channel, a null is a gap; names are kept
    ``.h5``, ``.hdf5``                     the only dataset of real numbers, or ``file.h5:path/of/dataset``
    ``.zarr``, ``.zip`` (a zarr store)     the only array of real numbers, or ``store.zarr:path/of/array``
    ``.wav``                               sound; integers are scaled to [-1, 1), the sampling rate is kept
    ``.flac``, ``.ogg``, ``.aiff``         sound, scaled to [-1, 1], the sampling rate is kept
    =====================================  =================================================================

    HDF5 datasets and zarr arrays may carry the attributes ``sampling_rate`` (hertz) and ``channel_names``;
    Parquet files may have ``sampling_rate`` in their key-value metadata. Parquet, HDF5, zarr and the last
    kinds of sound need ``pip install 'lamina[data]'``. Nothing is ever unpickled, no link leads out of a
    file, and what unfolds to more than 16 MiB and 1000 times its size is refused.

    Parameters
    ----------
    path
        The file (or folder, of a zarr store) to read.

    Returns
    -------
    Signal
        The samples, with the sampling rate and the channels' names where the file has them.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
    FileError
        If the file is missing, unreadable, damaged, of an unknown suffix, or does not hold real numbers in
        one or two axes.
    MissingDependencyError
        If the package that reads such files is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "steps.csv").write_text("left,right\n1,2\n3,\n")
    ...     signal = read_signal(Path(folder) / "steps.csv")
    >>> signal.channel_names, signal.samples.tolist()
    (('left', 'right'), [[1.0, 2.0], [3.0, nan]])
    """
    check_path("path", path)
    source = os.fspath(path)
    content, file = _open(source)
    try:
        samples = content.samples
        if isinstance(samples, LazySamples):
            pieces = list(samples.blocks())
            empty = np.zeros((0, *samples.shape[1:]), samples.dtype)
            samples = pieces[0] if len(pieces) == 1 else np.concatenate([empty, *pieces])
        # NumPy's own files stay mapped
        samples = np.asarray(samples) if file.suffix.lower() == ".npy" else np.array(samples)
    except MemoryError as error:
        raise FileError(f"cannot read {source}: it needs more memory than there is") from error
    finally:
        content.close()
    return Signal(samples, content.sampling_rate, content.names, source)


@contextmanager
def open_signal(path: str | os.PathLike[str]) -> Iterator[LazySignal]:
    r"""Open a recording that may be larger than memory; the file is closed at the end of the block.

    The kinds of files are those of `read_signal`. Of ``.npy``, HDF5, zarr, Parquet (by row groups) and
    sound only what is sliced is read; text and ``.npz`` are read whole. What unfolds beyond measure
    is refused here, too.

    Parameters
    ----------
    path
        The file (or folder, of a zarr store) to open.

    Yields
    ------
    LazySignal
        The recording; its ``samples`` have ``shape``, ``dtype`` and slices.

    Raises
    ------
    FileError, MissingDependencyError
        As `read_signal`; when a slice is taken, if the file turns out to be damaged there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "long.npy", np.arange(1000.0))
    ...     with open_signal(Path(folder) / "long.npy") as recording:
    ...         print(recording.samples.shape, recording.samples[500:503])
    (1000,) [500. 501. 502.]
    """
    check_path("path", path)
    source = os.fspath(path)
    content, _ = _open(source)
    try:
        yield LazySignal(content.samples, content.sampling_rate, content.names, source, content.detail)
    finally:
        content.close()


def stored_bytes(file: Path) -> int:
    """Return the bytes that a file, or all files of a folder, take on the disk.

    Parameters
    ----------
    file
        It exists.

    Returns
    -------
    int
        At least 0.
    """
    if not file.is_dir():
        return file.stat().st_size
    walked = (Path(room) / name for room, _, names in os.walk(file, followlinks=False) for name in names)
    return sum(path.lstat().st_size for path in walked)


def _open(source: str) -> tuple[Content, Path]:
    file, member = split_member(source)
    suffix = file.suffix.lower()
    if suffix not in _READERS:
        listed = ", ".join(sorted(_READERS))
        raise FileError(f"cannot read {source}: unknown suffix {file.suffix!r}; lamina reads {listed}")
    if suffix != ".zarr" and file.is_dir():
        raise FileError(f"cannot read {source}: it is a folder; give the path of a file")
    refuse_endless(source, file)
    room, _, name = _READERS[suffix].partition(".")
    opener: Callable[[Path, str | None], Content] = getattr(import_module(f"lamina.io.{room}"), name)
    with as_file_error(source, file.suffix):
        content = opener(file, member)
        try:
            check_shape(source, content.samples.shape, content.samples.dtype)
            if isinstance(content.samples, LazySamples):
                # piece by piece it would take no memory, but time without end
                check_unfolding(source, "it", content.samples.nbytes, stored_bytes(file))
        except FileError:
            content.close()
            raise
    return content, file


def split_member(source: str) -> tuple[Path, str | None]:
    """Split ``file.h5:path`` into the file and what is meant in it.

    Parameters
    ----------
    source
        As the user wrote it.

    Returns
    -------
    file, member
        The member is None if none was named, or the file is of a kind that has none.

    Examples
    --------
    >>> split_member("a.h5:trials/left")[1], split_member("a.npy")[1]
    ('trials/left', None)
    """
    stem, separator, member = source.rpartition(":")
    if separator and stem.lower().endswith(_WITH_MEMBERS):
        return Path(stem), member
    return Path(source), None
