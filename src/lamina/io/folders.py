"""Folders of results that are either whole or absent, and never take the place of a user's files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lamina._checks import check_path
from lamina._version import __version__
from lamina.errors import OutputError
from lamina.io.disk import as_output_error, flush, flush_folder, resolve_target, temporary_name, try_folder

MARKER = ".lamina"
"""File in every folder that lamina wrote; it lists what lamina put there."""

_LEFT_BY_FILE_BROWSERS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


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
    ArgumentTypeError
        If ``path`` is no path.
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
    shown = check_path("path", path)
    check_output_folder(shown)
    with as_output_error(shown, within=None):
        target = shown.resolve()
        partial = temporary_name(target)
        partial.mkdir()
    try:
        with as_output_error(shown, within=partial):
            yield partial
            written = sorted(_files_below(partial))
            marker = partial / MARKER
            marker.write_text(
                json.dumps({"lamina": __version__, "files": written}, indent=1), encoding="utf-8"
            )
            for file in (partial / name for name in [*written, MARKER]):
                if not file.is_symlink():
                    flush(file)
            flush_folder(partial)
            # once more: files may have been added while the results were computed
            check_output_folder(shown)
            _replace_folder(partial, target)
            flush_folder(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_output_folder(path: str | os.PathLike[str]) -> None:
    """Raise if `atomic_folder` could not write ``path``, so that long work can fail before it starts.

    Parameters
    ----------
    path
        The folder that is going to be written.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
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
    shown = check_path("path", path)
    with as_output_error(shown, within=None):
        target = resolve_target(shown)
        try_folder(target)
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
    previous = temporary_name(target)
    target.rename(previous)
    try:
        partial.rename(target)
    except BaseException:
        previous.rename(target)
        raise
    shutil.rmtree(previous, ignore_errors=True)
