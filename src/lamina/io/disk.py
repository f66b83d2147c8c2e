"""The steps of writing a result that is whole or absent, and what a full or read-only disk is called."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lamina.errors import FileError, LaminaError, OutputError

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


def resolve_target(shown: Path) -> Path:
    """Return the file or folder that is meant, links followed, or say that its folder is missing."""
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


def refuse_endless(shown: object, file: Path) -> None:
    """Raise `FileError` for a pipe or a device: reading would wait for a writer, or never end."""
    try:
        mode = file.stat().st_mode
    except OSError:
        # what is missing, and links in a circle, are named by who opens them
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise FileError(
            f"cannot read {shown}: it is a pipe or a device, which may never end; give the path of a file"
        )


def try_folder(target: Path) -> None:
    """Raise ``OSError`` if nothing can be written beside ``target``."""
    # only trying tells whether a folder can be written: permissions do not know of read-only disks
    trial = temporary_name(target)
    trial.touch(exist_ok=False)
    trial.unlink()


def temporary_name(target: Path) -> Path:
    """Return an unused name beside ``target``."""
    return target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")


def flush(path: Path) -> None:
    """Wait until a file is on the disk."""
    # POSIX flushes through any descriptor, even of a file that was made read-only; Windows wants one to write
    flags = os.O_RDONLY if os.name == "posix" else os.O_RDWR
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can tell."""
    # only POSIX opens folders, and some network disks refuse to flush them
    if os.name == "posix":
        with suppress(OSError):
            flush(folder)


@contextmanager
def as_output_error(shown: Path, within: Path | None) -> Iterator[None]:
    """Turn an ``OSError`` of the block into an `OutputError` about ``shown`` with its remedy.

    Parameters
    ----------
    shown
        What is being written, as the user named it.
    within
        If given, errors about files elsewhere pass as they are.

    Raises
    ------
    OutputError
        In place of the ``OSError``.
    """
    try:
        yield
    except OutputError as error:
        cause = error.__cause__
        if within is None or not isinstance(cause, OSError) or not _concerns(cause, within):
            raise
        # a file inside a temporary folder: the user knows the folder by its own name only
        raise OutputError(f"cannot write {shown}: {_remedy(cause)}") from error
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
