"""The archive of a data set: found in its folder, or downloaded, and verified either way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamina._checks import check_choice
from lamina.datasets.checksums import check_checksum, parse_checksums, verify
from lamina.datasets.download import fetch, fetch_text
from lamina.errors import ArgumentError, ArgumentTypeError, FileError, OutputError


def check_source(download: Any, base_url: Any, checksums: Any) -> None:
    """Refuse what is no switch, no address, or no mapping from names to checksums."""
    if not isinstance(download, bool):
        raise ArgumentTypeError(
            "download", allowed="True or False", got=repr(download), remedy="Pass a boolean."
        )
    if not isinstance(base_url, str):
        raise ArgumentTypeError(
            "base_url", allowed="an address, as text", got=repr(base_url), remedy="Leave the default."
        )
    if checksums is not None and not isinstance(checksums, Mapping):
        raise ArgumentTypeError(
            "checksums",
            allowed="a mapping from file names to checksums",
            got=repr(checksums)[:100],
            remedy='Write {"shd_train.h5.zip": "md5:..."}, for instance.',
        )
    for value in (checksums or {}).values():
        check_checksum(value)


def obtain(
    folder: Path,
    name: str,
    *,
    download: bool,
    base_url: str,
    checksums: Mapping[str, str],
    listed_in: str | None = None,
    progress: Any = False,
) -> tuple[Path, bool]:
    """Return a verified archive within ``folder``, downloaded if it is not there.

    Parameters
    ----------
    folder
        Of the data set; it exists.
    name
        Of the archive.
    download
        Whether the network may be used.
    base_url
        Address of the folder on the server.
    checksums
        By file name.
    listed_in
        Name of a list on the server, which is asked if ``checksums`` does not know the archive.
    progress
        As in `lamina.datasets.reporting.reporting`.

    Returns
    -------
    tuple
        Path of the archive, and whether it was downloaded by this call.

    Raises
    ------
    FileError
        If it is not there and ``download`` is False, cannot be had, or does not have its checksum.
    OutputError
        If it cannot be written.
    ArgumentError
        If nothing knows its checksum.
    """
    file = folder / name
    address = base_url.rstrip("/") + "/"
    there = file.is_file()
    if not there and not download:
        raise FileError(
            f"{name} is not in {folder}, and download=False. Call once with download=True, or fetch "
            f"{address}{name} by other means and put it there."
        )
    checksum = checksums.get(name)
    if checksum is None and listed_in is not None and download:
        listed = parse_checksums(fetch_text(address + listed_in), address + listed_in)
        checksum = listed.get(name)
    if checksum is None:
        raise ArgumentError(
            "checksums",
            allowed=f"a mapping that has {name}",
            got=f"{sorted(checksums)}",
            remedy='Give its checksum, as in {"' + name + '": "md5:..."}.',
        )
    if there:
        if not _verified(file, checksum):
            raise FileError(
                f"{file} does not have the checksum {checksum}. Delete it, so that it is downloaded again."
            )
        return file, False
    return fetch(address + name, file, checksum, progress=progress), True


def discard(archive: Path) -> None:
    """Delete an archive whose content is in place; one that cannot be deleted stays."""
    try:
        archive.unlink(missing_ok=True)
    except OSError:
        return


def check_split(split: Any, splits: tuple[str, ...]) -> str:
    """Return the split if it is one of those that the data set has."""
    return check_choice("split", split, splits)


def _verified(file: Path, checksum: str) -> bool:
    try:
        return verify(file, checksum)
    except OutputError:
        raise
    except OSError as error:
        raise FileError(f"{file} cannot be read ({error.strerror}). Check its permissions.") from error
