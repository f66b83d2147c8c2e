"""One trial that is read in chunks: in memory, on disk, still to come, or two of these side by side.

Chunks of a source end at multiples of the rows that were asked for, whatever pieces the data come in, so that
a fit rounds alike from a generator and from a file, and from the middle as from the start.
"""

from __future__ import annotations

import inspect
import itertools
import mmap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj, is_torch_array

from lamina._checks import check_recording
from lamina.errors import ArgumentTypeError, DataError, FileError, ShapeError, StateError
from lamina.resu.chunks import after, copied, joined, rechunk, rows_of_chunk
from lamina.resu.placement import like
from lamina.stats.admission import check_same_library
from lamina.typing import Array


class Source(Protocol):
    """One trial, (time, channels), that can be read in chunks."""

    @property
    def name(self) -> str:
        """What the caller calls it, "X" or "X[2]"."""
        ...

    @property
    def channels(self) -> int:
        """Channels of every chunk."""
        ...

    @property
    def samples(self) -> int | None:
        """Samples in all, None where only the end will tell."""
        ...

    @property
    def rereadable(self) -> bool:
        """Whether `chunks` can be called more than once."""
        ...

    @property
    def seekable(self) -> bool:
        """Whether reading from the middle costs no more than reading from the start."""
        ...

    @property
    def in_memory(self) -> bool:
        """Whether chunks are views, which take no memory whatever their size."""
        ...

    def chunks(self, start: int = 0, rows: int | None = None) -> Iterator[Array]:
        """Read (n, channels) arrays from sample ``start`` on, each up to the next multiple of ``rows``."""
        ...

    def head(self, samples: int) -> Array:
        """Return the first samples, or all if there are fewer; `chunks` gives them again."""
        ...


class Checkpoint(Protocol):
    """Where a fit leaves its state now and then, to go on from; `lamina.io.Checkpoint` is one."""

    @property
    def every(self) -> int:
        """Samples after which the state is saved."""
        ...

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, or None."""
        ...

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep a nested dictionary of numbers, text and arrays in place of the last one."""
        ...

    def clear(self) -> None:
        """Keep nothing."""
        ...


class ArraySource:
    """A trial that is there as a whole: an array, or something on disk that is read slice by slice.

    Parameters
    ----------
    name
        What the caller calls it.
    array
        (time, channels) in memory, checked; or with ``in_memory`` false anything of (time,) or
        (time, channels) that has a shape and a dtype and is sliced; its values are checked as they are read.
    """

    rereadable = seekable = True

    def __init__(self, name: str, array: Any, *, in_memory: bool = True) -> None:
        self.name, self.in_memory = name, in_memory
        self.samples = int(array.shape[0])
        self.channels = int(array.shape[1]) if len(array.shape) > 1 else 1
        self._array = array.detach() if is_torch_array(array) else array

    def chunks(self, start: int = 0, rows: int | None = None) -> Iterator[Array]:
        """Read it as `Source.chunks` says."""
        rows = rows or rows_of_chunk(self.channels)
        while start < self.samples:
            stop = min(self.samples, (start // rows + 1) * rows)
            yield self._read(start, stop, start // rows)
            _release(self._array)
            start = stop

    def head(self, samples: int) -> Array:
        """Return the first samples as `Source.head` says."""
        return self._read(0, min(samples, self.samples), 0)

    def _read(self, start: int, stop: int, number: int) -> Array:
        if self.in_memory:
            return self._array[start:stop, :]
        label = f"{self.name} (chunk {number}, from sample {start})"
        try:
            block = self._array[start:stop]
        except (OSError, RuntimeError) as error:
            raise FileError(f"cannot read {label}: {error}") from error
        found = check_recording(
            label, block, channels=self.channels, minimum_samples=stop - start, convert=False
        )
        return found.detach() if is_torch_array(found) else found


class ChunkSource:
    """A trial that comes in chunks of any size, once or as often as it is asked for.

    Parameters
    ----------
    name
        What the caller calls it.
    chunks
        An iterator, or a function without arguments that returns a fresh one each time.
    channels
        That they must have; by default those of the first chunk.
    heed
        Told of the first chunk, and of each that names its columns, with its checked form; may refuse it.

    Raises
    ------
    ShapeError, DataError, ArgumentTypeError
        The first chunk cannot be, or there is none.
    """

    samples = None
    seekable = in_memory = False

    def __init__(
        self,
        name: str,
        chunks: Any,
        channels: int | None = None,
        heed: Callable[[Any, Array], None] | None = None,
    ) -> None:
        self.name = name
        self.rereadable = not isinstance(chunks, Iterator)
        self._chunks: Any = chunks
        self._expected, self._heed = channels, heed
        self._buffer: list[Array] = []
        self._opened: Iterator[Array] | None = None
        self.channels: int = next(self._read_on()).shape[1] if channels is None else channels

    def chunks(self, start: int = 0, rows: int | None = None) -> Iterator[Array]:
        """Read it as `Source.chunks` says."""
        rows = rows or rows_of_chunk(self.channels)
        pieces = after(start, self._take(), self.name)
        yield from rechunk(pieces, rows, first=rows - start % rows)

    def head(self, samples: int) -> Array:
        """Return the first samples as `Source.head` says."""
        pieces = self._read_on()
        while sum(piece.shape[0] for piece in self._buffer) < samples and next(pieces, None) is not None:
            pass
        return joined(list(self._buffer))[:samples, :]

    def _read_on(self) -> Iterator[Array]:
        """Read on, and keep what is read for `chunks`."""
        if self._opened is None:
            self._opened, self._buffer = self._open(), []
        for piece in self._opened:
            # a generator may use its buffer again
            self._buffer.append(copied(piece))
            yield piece

    def _take(self) -> Iterator[Array]:
        if self._opened is None:
            self._opened = self._open()
        pieces = itertools.chain(self._buffer, self._opened)
        self._opened, self._buffer = None, []
        return pieces

    def _open(self) -> Iterator[Array]:
        if self.rereadable:
            return self._checked(_called(self.name, self._chunks))
        if self._chunks is None:
            raise StateError(
                f"{self.name} is an iterator, which can be read only once. "
                "Pass a function without arguments that returns a fresh iterator."
            )
        chunks, self._chunks = self._chunks, None
        return self._checked(chunks)

    def _checked(self, chunks: Iterable[Any]) -> Iterator[Array]:
        first, samples = None, 0
        for number, chunk in enumerate(chunks):
            label = f"{self.name} (chunk {number}, from sample {samples})"
            channels = self._expected if first is None else first.shape[1]
            piece = check_recording(label, chunk, channels=channels, minimum_samples=0, convert=False)
            piece = piece.detach() if is_torch_array(piece) else piece
            if self._heed is not None and (first is None or hasattr(chunk, "columns")):
                self._heed(chunk, piece)
            first = copied(piece[:0, :]) if first is None else first
            check_same_library(label, first, piece)
            samples += piece.shape[0]
            yield piece
        if samples == 0:
            raise DataError(
                self.name,
                allowed="at least 1 sample(s) long",
                got="0 sample(s)",
                remedy="Pass an iterator that was not used before, or a function that returns a fresh one.",
            )


class PairSource:
    """Two trials of one length side by side, as the channels of one.

    Parameters
    ----------
    first, second
        Whose past, and whose future, is to be looked at.
    """

    in_memory = False

    def __init__(self, first: Source, second: Source) -> None:
        self.name = first.name
        self.channels = first.channels + second.channels
        self.samples = first.samples if second.samples is None else second.samples
        self.rereadable = first.rereadable and second.rereadable
        self.seekable = first.seekable and second.seekable
        self._first, self._second = first, second

    def chunks(self, start: int = 0, rows: int | None = None) -> Iterator[Array]:
        """Read it as `Source.chunks` says."""
        rows = rows or rows_of_chunk(self.channels)
        done = start
        pairs = itertools.zip_longest(self._first.chunks(start, rows), self._second.chunks(start, rows))
        for left, right in pairs:
            lengths = [0 if side is None else side.shape[0] for side in (left, right)]
            if lengths[0] != lengths[1]:
                raise ShapeError(
                    self._second.name,
                    allowed=f"as long as {self.name}",
                    got=f"{self.name if lengths[0] < lengths[1] else self._second.name} ending first, after "
                    f"{done + min(lengths)} samples",
                    remedy="Pass recordings that were sampled together.",
                )
            yield _beside(left, right)
            done += lengths[0]

    def head(self, samples: int) -> Array:
        """Return the first samples as `Source.head` says."""
        left, right = self._first.head(samples), self._second.head(samples)
        common = min(left.shape[0], right.shape[0])
        return _beside(left[:common, :], right[:common, :])


def _called(name: str, factory: Callable[[], Any]) -> Iterator[Any]:
    allowed = "a function without arguments that returns an iterator of chunks"
    try:
        inspect.signature(factory).bind()
    except TypeError as error:
        raise ArgumentTypeError(
            name, allowed=allowed, got=f"one with arguments ({error})", remedy="Use functools.partial."
        ) from error
    except ValueError:
        pass  # some builtins do not tell their arguments
    chunks = factory()
    # the rows of an array would pass for chunks
    if not isinstance(chunks, Iterator):
        raise ArgumentTypeError(
            name,
            allowed=allowed,
            got=f"one that returns {type(chunks).__name__}",
            remedy="Write it as a generator, with yield, or return iter(...).",
        )
    return chunks


def _beside(left: Array, right: Array) -> Array:
    xp = array_namespace(left)
    return xp.concat([xp.astype(left, xp.float64), like(right, left)], axis=1)


def read_whole(source: Source) -> Array:
    """Return a trial as one array: a view of what is in memory, and what is not, loaded."""
    if source.seekable:
        return next(source.chunks(rows=source.samples))
    # the maker of chunks may use its buffer again before the last one has come
    return joined([copied(chunk) for chunk in source.chunks()])


def is_read_by_slices(value: Any) -> bool:
    """Say whether ``value`` is an array that lies elsewhere: a mapped file, a dataset of HDF5 or Zarr."""
    if isinstance(value, np.memmap):
        return True
    named = all(hasattr(value, name) for name in ("shape", "dtype", "__getitem__"))
    if not named or hasattr(value, "to_numpy") or hasattr(value, "toarray") or is_array_api_obj(value):
        return False
    with suppress(TypeError):
        return isinstance(np.dtype(value.dtype), np.dtype)
    return False


def is_in_chunks(value: Any) -> bool:
    """Say whether ``value`` is an iterator of chunks, or a function that could return one."""
    return isinstance(value, Iterator) or (callable(value) and not hasattr(value, "__array__"))


def _release(array: Any) -> None:
    """Let the system take back the pages of a mapped file that were read, so that they do not add up."""
    # a private mapping ("c") may hold changes that are in no file
    if not isinstance(array, np.memmap) or array.mode not in ("r", "r+", "w+"):
        return
    mapped: Any = array
    while isinstance(mapped, np.ndarray):
        mapped = mapped.base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        with suppress(OSError, ValueError):
            mapped.madvise(mmap.MADV_DONTNEED)
