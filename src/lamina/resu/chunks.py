"""Pieces of a recording cut and joined into chunks whose borders do not depend on the pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from array_api_compat import array_namespace

from lamina.errors import DataError
from lamina.typing import Array

# bytes of a chunk, counted in float64
_CHUNK = 2**22

# pieces that wait to be joined; a piece of one sample takes a hundred times the room of the sample
_WAITING = 1024


def rows_of_chunk(channels: int, size: int = _CHUNK) -> int:
    """Return the samples in a chunk of so many bytes, at least 1."""
    return max(1, size // (8 * channels))


def rechunk(pieces: Iterable[Array], rows: int, first: int | None = None) -> Iterator[Array]:
    """Cut and join (n, channels) pieces of any lengths into chunks of ``rows`` samples.

    Parameters
    ----------
    pieces
        Each is done with when the next is asked for, so that their maker can use its buffer again.
    rows
        Samples of a chunk, ≥ 1; the last may have fewer.
    first
        Samples of the first chunk, ``rows`` by default.

    Yields
    ------
    Array
        A view of a piece where a chunk lies in one.

    Examples
    --------
    >>> import numpy as np
    >>> pieces = [np.zeros((n, 1)) for n in (1, 5, 2)]
    >>> [len(chunk) for chunk in rechunk(pieces, 3, first=2)]
    [2, 3, 3]
    """
    wanted = rows if first is None else first
    waiting: list[Array] = []
    have = 0
    for piece in pieces:
        at = 0
        while have + piece.shape[0] - at >= wanted:
            stop = at + wanted - have
            yield joined([*waiting, piece[at:stop, :]])
            waiting, have, at, wanted = [], 0, stop, rows
        if at < piece.shape[0]:
            waiting.append(copied(piece[at:, :]))
            have += piece.shape[0] - at
            if len(waiting) > _WAITING:
                waiting = [joined(waiting)]
    if have:
        yield joined(waiting)


def after(start: int, pieces: Iterator[Array], name: str) -> Iterator[Array]:
    """Leave out the first ``start`` samples.

    Raises
    ------
    DataError
        There are fewer; ``name`` says of what.
    """
    passed = 0
    for piece in pieces:
        left = min(piece.shape[0], start - passed)
        passed += left
        if left < piece.shape[0]:
            yield piece[left:, :]
    if passed < start:
        raise DataError(
            name,
            allowed=f"at least {start} samples long, where it was left",
            got=f"{passed} samples",
            remedy="Pass the recording that was begun with.",
        )


def copied(piece: Array) -> Array:
    """Return a copy, for a maker may use its buffer again."""
    xp = array_namespace(piece)
    return xp.astype(piece, piece.dtype, copy=True)


def joined(pieces: list[Array]) -> Array:
    """Return pieces of one recording as one array; one alone as it is."""
    if len(pieces) == 1:
        return pieces[0]
    xp = array_namespace(*pieces)
    if any(piece.dtype != pieces[0].dtype for piece in pieces):
        # what integers and short floats become together is not the same everywhere
        pieces = [xp.astype(piece, xp.float64) for piece in pieces]
    return xp.concat(pieces, axis=0)
