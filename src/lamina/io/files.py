"""Files that are either whole or absent: written under a temporary name beside the target, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lamina._checks import check_path
from lamina.errors import OutputError
from lamina.io.disk import as_output_error, flush, flush_folder, resolve_target, temporary_name, try_folder


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
    ArgumentTypeError
        If ``path`` is no path.
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
    shown = check_path("path", path)
    check_output_file(shown)
    target = shown.resolve()
    partial = temporary_name(target)
    try:
        with as_output_error(shown, within=partial):
            yield partial
            flush(partial)
            partial.replace(target)
            flush_folder(target.parent)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def check_output_file(path: str | os.PathLike[str]) -> None:
    """Raise if `atomic_file` could not write ``path``, so that long work can fail before it starts.

    Parameters
    ----------
    path
        The file that is going to be written.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
    OutputError
        If the folder is missing, read-only or not permitted, or ``path`` is a folder or a device.

    Examples
    --------
    >>> check_output_file("no/such/place/model.safetensors")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lamina.errors.OutputError: cannot write no/such/place/model.safetensors: its folder does not exist; ...
    """
    shown = check_path("path", path)
    with as_output_error(shown, within=None):
        target = resolve_target(shown)
        if target.exists() and not target.is_file():
            kind = "a folder" if target.is_dir() else "a device or a pipe"
            raise OutputError(f"cannot write {shown}: it is {kind}; give the path of a file")
        try_folder(target)
