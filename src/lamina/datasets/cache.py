"""Where downloaded data sets lie, and that one process at a time puts them there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lamina._checks import check_path
from lamina.errors import FileError, OutputError

VARIABLE = "LAMINA_DATA"
"""Environment variable that names the folder of all data sets."""


def cache_folder(folder: Any, name: str) -> Path:
    """Return the folder of one data set: as given, or ``name`` within LAMINA_DATA or ~/.cache/lamina.

    Parameters
    ----------
    folder
        What the caller gave; None for the default.
    name
        Of the data set.

    Returns
    -------
    pathlib.Path
        It need not exist.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If ``folder`` is no path.
    FileError
        If there is no home to put a default folder into, or the path is that of a file, or leads nowhere that
        may be looked into.
    """
    if folder is None:
        root = os.environ.get(VARIABLE)
        try:
            place = (Path(root).expanduser() if root else Path.home() / ".cache" / "lamina") / name
        except RuntimeError as error:
            raise FileError(
                f"There is no home folder for the data set {name}. Give folder, or set {VARIABLE}."
            ) from error
    else:
        place = check_path("folder", folder).expanduser()
    try:
        os.stat(place / ".lock")
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise FileError(
            f"{place} cannot be used ({error.strerror}). Give folder, or set {VARIABLE}."
        ) from error
    if os.path.exists(place) and not os.path.isdir(place):
        raise FileError(f"{place} is a file, not a folder. Give the folder of the data set.")
    return place


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make a folder and hold it for this process; another one that wants it waits until this is done.

    The system lets go of the lock when the process ends, however it ends. Where it has no such locks
    (Windows, some network disks), nobody waits.

    Parameters
    ----------
    folder
        To be made if it does not exist.

    Yields
    ------
    None

    Raises
    ------
    OutputError
        If it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("ab")
    except OSError as error:
        raise OutputError(
            f"cannot write to {folder}: {error.strerror}. Give another folder, or set {VARIABLE}."
        ) from error
    with lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        except (ImportError, OSError):
            pass
        yield
