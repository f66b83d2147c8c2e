"""Results that are either whole or absent: written under a temporary name beside the target, then renamed."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lamina._version import __version__
from lamina.errors import LaminaError, OutputError

MARKER = ".lamina"
"""File in every folder that lamina wrote; it lists what lamina put there."""

_LEFT_BY_FILE_BROWSERS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})

_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space or write elsewhere",
    errno.EDQUOT: "your disk quota is used up; free some space or write elsewhere",
    errno.EFBIG: "the file would be larger than this system allows; raise the limit or write elsewhere",
    errno.EROFS: "the disk is read-only; write elsewhere",
    errno.EACCES: "permission denied; change the permissions or write elsewhere",
    errno.EPERM: "not permitted here; change the permissions or write elsewhere",
    errno.ENOTDIR: "a part of this path is a file, not a folder; choose another path",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EBUSY: "it is in use; close the program that uses it or write elsewhere",
}


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path to write to, and put it in place of ``path`` only when the block ends well.

    The temporary file lies beside the target, as ``NAME.<random>.partial``. On success it is flushed to the
    disk and renamed, which replaces an existing file in one step; on any failure, Ctrl-C included, it is
    removed and an existing file stays as it was.

    Parameters
    ----------
    path
        The file to write. Its folder must exist. A symbolic link is followed.

    Yields
    ------
    pathlib.Path
        Where to write; the file does not exist yet.

    Raises
    ------
    OutputError
        If the folder is missing, ``path`` is a folder or a device, or the disk is full, read-only or not
        permitted.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_file(Path(folder) / "numbers.txt") as partial:
    ...         _ = partial.write_text("1 2 3")
    ...     print((Path(folder) / "numbers.txt").read_text())
    1 2 3
    """
    shown = Path(path)
    check_output_file(shown)
    target = shown.resolve()
    partial = _temporary_name(target)
    try:
        with _as_output_error(shown, within=partial):
            # fails at once, not after minutes of computing, where nothing may be written
            partial.touch(exist_ok=False)
            partial.unlink()
            yield partial
            _flush(partial)
            partial.replace(target)
            _flush_folder(target.parent)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary folder to fill, and put it in place of ``path`` only when the block ends well.

    An existing folder is replaced if it is empty, or if lamina wrote it (its ``.lamina`` file lists what
    lamina put there) and nobody has added anything since. Any other folder is an error: no file of the user's
    is ever deleted.

    Parameters
    ----------
    path
        The folder to make. Its parent folder must exist. A symbolic link is followed.

    Yields
    ------
    pathlib.Path
        The temporary folder, which exists and is empty.

    Raises
    ------
    OutputError
        If the parent is missing, ``path`` is a file or holds anything that lamina did not write, or the disk
        is full, read-only or not permitted.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     with atomic_folder(Path(parent) / "run") as partial:
    ...         _ = (partial / "metrics.json").write_text("{}")
    ...     print(sorted(file.name for file in (Path(parent) / "run").iterdir()))
    ['.lamina', 'metrics.json']
    """
    shown = Path(path)
    check_output_folder(shown)
    with _as_output_error(shown, within=None):
        target = shown.resolve()
        partial = _temporary_name(target)
        partial.mkdir()
    try:
        with _as_output_error(shown, within=partial):
            yield partial
            written = sorted(_files_below(partial))
            marker = partial / MARKER
            marker.write_text(
                json.dumps({"lamina": __version__, "files": written}, indent=1), encoding="utf-8"
            )
            for name in [*written, MARKER]:
                _flush(partial / name)
            _flush_folder(partial)
            # once more: files may have been added while the results were computed
            check_output_folder(shown)
            _replace_folder(partial, target)
            _flush_folder(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_output_file(path: str | os.PathLike[str]) -> None:
    """Raise if `atomic_file` would refuse ``path``, so that long work can fail before it starts.

    Parameters
    ----------
    path
        The file that is going to be written.

    Raises
    ------
    OutputError
        If the folder is missing, or ``path`` is a folder or a device.

    Examples
    --------
    >>> check_output_file("no/such/place/model.safetensors")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lamina.errors.OutputError: cannot write no/such/place/model.safetensors: its folder does not exist; ...
    """
    shown = Path(path)
    with _as_output_error(shown, within=None):
        target = _target(shown)
        if target.exists() and not target.is_file():
            kind = "a folder" if target.is_dir() else "a device or a pipe"
            raise OutputError(f"cannot write {shown}: it is {kind}; give the path of a file")


def check_output_folder(path: str | os.PathLike[str]) -> None:
    """Raise if `atomic_folder` would refuse ``path``, so that long work can fail before it starts.

    Parameters
    ----------
    path
        The folder that is going to be written.

    Raises
    ------
    OutputError
        If the parent is missing, or ``path`` is a file, a mount point, the current folder or one above it, or
        a folder that holds anything that lamina did not write.

    Examples
    --------
    >>> check_output_folder("no/such/place/result")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lamina.errors.OutputError: cannot write no/such/place/result: its folder does not exist; ...
    """
    shown = Path(path)
    with _as_output_error(shown, within=None):
        target = _target(shown)
        if not target.exists():
            return
        if not target.is_dir():
            raise OutputError(f"cannot write {shown}: it is a file; give the path of a folder")
        here = Path.cwd().resolve()
        if target == here or target in here.parents or os.path.ismount(target):
            raise OutputError(
                f"cannot replace the folder {shown}: it is in use as the current folder or a mount point; "
                f"choose a new folder inside it"
            )
        foreign = _foreign_files(target)
    if foreign:
        raise OutputError(
            f"cannot replace the folder {shown}: it holds {foreign[0]!r}, which lamina did not write; "
            f"choose another folder, or move your files"
        )


def _target(shown: Path) -> Path:
    if not shown.name:
        raise OutputError(f"cannot write {str(shown)!r}: it names no file or folder; give a name")
    target = shown.resolve()
    if not target.parent.exists():
        raise OutputError(
            f"cannot write {shown}: its folder does not exist; make it with: mkdir -p {shown.parent}"
        )
    if not target.parent.is_dir():
        raise OutputError(
            f"cannot write {shown}: {shown.parent} is a file, not a folder; choose another path"
        )
    return target


def _temporary_name(target: Path) -> Path:
    return target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")


def _foreign_files(folder: Path) -> list[str]:
    present = {name for name in _files_below(folder) if Path(name).name not in _LEFT_BY_FILE_BROWSERS}
    try:
        listed = json.loads((folder / MARKER).read_text(encoding="utf-8"))["files"]
        ours = {name for name in listed if isinstance(name, str)} | {MARKER}
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    return sorted(present - ours)


def _files_below(folder: Path) -> list[str]:
    # links count as files: what they point to is never entered, nor deleted
    names: list[str] = []
    for parent, folders, files in os.walk(folder, followlinks=False):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        names += [(Path(parent) / name).relative_to(folder).as_posix() for name in [*files, *links]]
    return names


def _replace_folder(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    previous = _temporary_name(target)
    target.rename(previous)
    try:
        partial.rename(target)
    except BaseException:
        previous.rename(target)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _flush(file: Path) -> None:
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    # only POSIX systems open folders, and some network disks refuse to flush them
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _as_output_error(shown: Path, within: Path | None) -> Iterator[None]:
    try:
        yield
    except LaminaError:
        raise
    except OSError as error:
        if within is not None and not _concerns(error, within):
            raise
        raise OutputError(f"cannot write {shown}: {_remedy(error)}") from error


def _concerns(error: OSError, partial: Path) -> bool:
    """Whether the error is about writing the result, rather than about another file that the block used."""
    if error.filename is None:
        # a failed write names no file; a failed connection or process has another class
        return type(error) is OSError or error.errno in _REMEDIES
    named = [
        Path(os.fsdecode(name))
        for name in (error.filename, error.filename2)
        if isinstance(name, (str, bytes))
    ]
    return any(name == partial or partial in name.parents for name in named)


def _remedy(error: OSError) -> str:
    if error.errno in _REMEDIES:
        return _REMEDIES[error.errno]
    if error.errno is None:
        # NumPy reports a short write without a number: "1000 requested and 512 written"
        return f"{error}; the disk may be full"
    return f"{error.strerror or error}; choose another path"
