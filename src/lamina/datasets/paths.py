"""Paths, and which files are meant, as callers give them: checked before anything is opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lamina.errors import ArgumentTypeError, FileError


def check_file(path: Any) -> Path:
    """Return ``path`` as that of a file that exists, or raise `FileError` (or `ArgumentTypeError`)."""
    file = _as_path(path)
    # os.path answers False where pathlib raises (no permission, a name too long)
    if not os.path.isfile(file):
        what = "is a folder, not a file" if os.path.isdir(file) else "does not exist or is not a file"
        raise FileError(f"{file} {what}. Check the path.")
    return file


def check_folder(path: Any) -> Path:
    """Return ``path`` as that of a folder that exists, or raise `FileError` (or `ArgumentTypeError`)."""
    folder = _as_path(path)
    if not os.path.isdir(folder):
        what = "is a file, not a folder" if os.path.exists(folder) else "does not exist"
        raise FileError(f"{folder} {what}. Check the path.")
    return folder


def check_indices(indices: Any) -> list[Any]:
    """Return what says which recordings as a list; one number alone says too little."""
    try:
        return list(indices)
    except TypeError as error:
        raise ArgumentTypeError(
            "indices",
            allowed="a list of integers",
            got=repr(indices)[:60],
            remedy="Put one index into a list.",
        ) from error


def _as_path(path: Any) -> Path:
    if not isinstance(path, (str, os.PathLike)) or not str(path) or "\0" in str(path):
        raise ArgumentTypeError(
            "path", allowed="a path, as text or pathlib.Path", got=repr(path), remedy="Name a file or folder."
        )
    return Path(path)
