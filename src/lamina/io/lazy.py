"""Recordings that stay in their file until a part of them is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from lamina.errors import FileError, MissingDependencyError

UNFOLDED_BYTES = 2**24
UNFOLDING = 1000

BLOCK_BYTES = 2**22


class LazySamples:
    """A recording ``(time,)`` or ``(time, channels)`` that is read piece by piece, as NumPy slices are.

    Parameters
    ----------
    source
        The path, for messages.
    shape
        ``(time,)`` or ``(time, channels)``.
    dtype
        Of what slicing gives.
    read
        Gives the samples from ``start`` to ``stop``, which lie within the recording.

    Examples
    --------
    >>> squares = LazySamples("squares", (5,), np.float64, lambda start, stop: np.arange(start, stop) ** 2.0)
    >>> squares[1:-1], squares.shape
    (array([1., 4., 9.]), (5,))
    """

    def __init__(
        self, source: str, shape: tuple[int, ...], dtype: Any, read: Callable[[int, int], np.ndarray]
    ) -> None:
        self.source = source
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._read = read

    @property
    def ndim(self) -> int:
        """Number of axes, 1 or 2."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that the whole recording takes in memory."""
        return unfolded_bytes(self.shape, self.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read what the key asks for: slices with a step, a number, and a second key for the channels."""
        times, *others = key if isinstance(key, tuple) else (key,)
        if isinstance(times, slice):
            start, stop, step = times.indices(len(self))
            # read forwards and whole, then take what was asked for: files have no step
            low, high = (start, stop) if step > 0 else (stop + 1, start + 1)
            block = self.read(low, max(low, high))[:: step if step > 0 else -1]
            samples = block if step > 0 else block[:: abs(step)]
        else:
            index = range(len(self))[times]
            samples = self.read(index, index + 1)[0]
            return samples[tuple(others)] if others else samples
        return samples[(slice(None), *others)] if others else samples

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of it."""
        del copy
        return np.asarray(self.read(0, len(self)), dtype=dtype)

    def __repr__(self) -> str:
        return f"LazySamples({self.source!r}, shape={self.shape}, dtype={self.dtype})"

    def read(self, start: int, stop: int) -> np.ndarray:
        """Read the samples from ``start`` to ``stop``.

        Parameters
        ----------
        start, stop
            Within the recording.

        Returns
        -------
        numpy.ndarray
            ``(stop - start,)`` or ``(stop - start, channels)``.

        Raises
        ------
        FileError
            If the file turns out to be damaged there.
        """
        with as_file_error(self.source):
            samples = self._read(start, stop)
            if samples.shape != (stop - start, *self.shape[1:]):
                refuse(
                    self.source, f"it ends before sample {stop}, where its header says {len(self)} samples"
                )
            return samples

    def blocks(self, size: int = BLOCK_BYTES) -> Iterator[np.ndarray]:
        """Read all of it, a few megabytes at a time.

        Parameters
        ----------
        size
            Bytes of a block, at most, and at least one sample.

        Yields
        ------
        numpy.ndarray
            ``(some, ...)``, one after the other.
        """
        row = max(1, unfolded_bytes((1, *self.shape[1:]), self.dtype))
        step = max(1, size // row)
        for start in range(0, len(self), step):
            yield self.read(start, min(start + step, len(self)))


@dataclass(frozen=True, eq=False)
class Content:
    """What a file turned out to hold.

    Attributes
    ----------
    samples
        In memory, mapped or read piece by piece.
    sampling_rate
        Hertz, or None.
    names
        Of the channels, or None.
    detail
        What else there is to say, in words (format, compression).
    close
        To be called when the samples are no longer needed.
    """

    samples: np.ndarray | LazySamples
    sampling_rate: float | None = None
    names: tuple[str, ...] | None = None
    detail: str = ""
    close: Callable[[], object] = field(default=lambda: None)


@contextmanager
def as_file_error(source: str, suffix: str = "") -> Iterator[None]:
    """Turn whatever a reader of files raises into a `FileError` of one line.

    Parameters
    ----------
    source
        The path, for the message.
    suffix
        Of the file, where a whole file is read.

    Raises
    ------
    FileError
        In place of any other error; a `MissingDependencyError` passes.
    """
    try:
        yield
    except (FileError, MissingDependencyError):
        raise
    except FileNotFoundError as error:
        raise FileError(f"cannot read {source}: there is no such file; check the path") from error
    except MemoryError as error:
        raise FileError(f"cannot read {source}: it needs more memory than there is") from error
    except OSError as error:
        # HDF5, Arrow and zarr raise OSError for damage too, with long and many-lined texts
        raise FileError(f"cannot read {source}: {_first_line(error.strerror or error)}") from error
    except Exception as error:
        # the readers of other libraries answer a damaged file with almost any exception
        what = f"not a whole {suffix} file" if suffix else "damaged"
        raise FileError(f"cannot read {source}: it is {what} ({_first_line(error)})") from error


def refuse(source: object, reason: str) -> NoReturn:
    """Raise a `FileError` about a file."""
    raise FileError(f"cannot read {source}: {reason}")


def unfolded_bytes(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Return the bytes that an array of this shape takes, without overflow."""
    count = dtype.itemsize
    for length in shape:
        count *= int(length)
    return count


def check_unfolding(source: object, what: str, unfolded: int, stored: int) -> None:
    """Refuse what takes far more memory than its file has bytes, as only bombs and damaged files do.

    Parameters
    ----------
    source
        The path.
    what
        What takes the memory, in words.
    unfolded
        Bytes that it takes in memory.
    stored
        Bytes of the file, or of the part of it that is unfolded.

    Raises
    ------
    FileError
        If it takes more than 16 MiB and more than 1000 times what is stored.
    """
    if unfolded > max(UNFOLDED_BYTES, UNFOLDING * stored):
        refuse(
            source,
            f"{what} takes {unfolded:,} bytes in memory where the file has {stored:,}; lamina unfolds to "
            f"16 MiB or {UNFOLDING} times the size of the file, whichever is more",
        )


def check_shape(source: object, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Refuse what is no recording of real numbers."""
    if dtype.kind not in "fiub":
        refuse(source, f"it holds dtype {dtype}; a signal holds real numbers")
    if len(shape) not in (1, 2):
        refuse(
            source,
            f"it holds an array of shape {shape}; a signal has shape (time,) or (time, channels)",
        )


def need(package: str, suffix: str, source: object) -> Any:
    """Import an optional package, or say how to get it.

    Parameters
    ----------
    package
        Name of the module.
    suffix
        Of the file that needs it.
    source
        The path.

    Returns
    -------
    module
        The package.

    Raises
    ------
    MissingDependencyError
        If it is not installed, or does not work here.
    """
    import importlib

    try:
        return importlib.import_module(package)
    except (ImportError, OSError) as error:
        # soundfile raises OSError where the library that it wraps is missing
        raise MissingDependencyError(
            f"cannot read {source}: {suffix} files need the package {package.partition('.')[0]}; "
            f"install it with: pip install 'lamina[data]'"
        ) from error


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
