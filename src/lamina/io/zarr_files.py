"""The files of a zarr store, in a folder or a zip file, as far as they are looked at before zarr is."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from lamina.io.lazy import check_unfolding, refuse

MOST_METADATA_BYTES = 2**20
_MOST_ENTRIES = 10_000


class StoreFiles(Protocol):
    """The files of a store: a folder, or a zip file."""

    def head(self, name: str, count: int) -> bytes | None:
        """Read the first bytes of a file, or None if there is none of that name."""
        ...

    def size(self, name: str) -> int:
        """Return the bytes of a file as it lies in the store."""
        ...

    def metadata_names(self) -> Iterator[str]:
        """Name the files that describe arrays."""
        ...

    def store(self) -> Any:
        """Open the store as zarr wants it."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class FolderStore:
    """A store in a folder; nothing outside of it is read."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def _path(self, name: str) -> Path | None:
        path = self._root / name
        if not path.is_file():
            return None
        if not path.resolve().is_relative_to(self._root):
            refuse(self._root, f"{name} is a link out of the folder, which lamina does not follow")
        return path

    def head(self, name: str, count: int) -> bytes | None:
        """Read the first bytes of a file, or None if there is none of that name."""
        path = self._path(name)
        if path is None:
            return None
        with path.open("rb") as stream:
            return stream.read(count)

    def size(self, name: str) -> int:
        """Return the bytes of a file as it lies in the store."""
        return (self._root / name).stat().st_size

    def metadata_names(self) -> Iterator[str]:
        """Name the files that describe arrays."""
        # arrays do not nest: the many files of their chunks are not walked through
        rooms = [self._root]
        for _ in range(_MOST_ENTRIES):
            if not rooms:
                return
            room = rooms.pop(0)
            here = [room / ending for ending in ("zarr.json", ".zarray") if (room / ending).is_file()]
            yield from (path.relative_to(self._root).as_posix() for path in here)
            if not any(path.name == ".zarray" or _says_array(path) for path in here):
                rooms += sorted(path for path in room.iterdir() if path.is_dir() and not path.is_symlink())

    def store(self) -> Any:
        """Open the store as zarr wants it."""
        from zarr.storage import LocalStore

        return LocalStore(self._root, read_only=True)

    def close(self) -> None:
        """Close what is open."""


def _says_array(path: Path) -> bool:
    with path.open("rb") as stream:
        return b'"array"' in stream.read(MOST_METADATA_BYTES)


class ZipFileStore:
    """A store in a zip file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._archive = zipfile.ZipFile(file)
        self._store: Any = None
        stored = file.stat().st_size
        for entry in self._archive.infolist():
            check_unfolding(file, f"the entry {entry.filename[:60]!r}", entry.file_size, stored)

    def head(self, name: str, count: int) -> bytes | None:
        """Read the first bytes of a file, or None if there is none of that name."""
        try:
            with self._archive.open(name) as stream:
                return stream.read(count)
        except KeyError:
            return None

    def size(self, name: str) -> int:
        """Return the bytes of a file as it lies in the store."""
        return self._archive.getinfo(name).file_size

    def metadata_names(self) -> Iterator[str]:
        """Name the files that describe arrays."""
        endings = ("zarr.json", ".zarray")
        names = (name for name in self._archive.namelist() if name.rpartition("/")[2] in endings)
        yield from (name for name, _ in zip(names, range(_MOST_ENTRIES), strict=False))

    def store(self) -> Any:
        """Open the store as zarr wants it."""
        from zarr.storage import ZipStore

        self._store = ZipStore(self._file, mode="r")
        return self._store

    def close(self) -> None:
        """Close what is open."""
        if self._store is not None:
            self._store.close()
        self._archive.close()
