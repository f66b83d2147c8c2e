"""Checksums of files, and lists of them as data sets publish them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from lamina.errors import ArgumentError, FileError

_DIGITS = {"md5": 32, "sha256": 64}
# digest, then the name, with the star that md5sum writes for binary files
_LINE = re.compile(r"(?P<digest>[0-9a-fA-F]+)\s+\*?(?P<name>\S.*)")


def check_checksum(value: object) -> tuple[str, str]:
    """Split ``"md5:..."`` or ``"sha256:..."`` into algorithm and digest; `ArgumentError` if it is neither."""
    algorithm, _, digest = value.partition(":") if isinstance(value, str) else ("", "", "")
    if re.fullmatch(rf"[0-9a-fA-F]{{{_DIGITS.get(algorithm, 0)}}}", digest) and algorithm in _DIGITS:
        return algorithm, digest.lower()
    raise ArgumentError(
        "checksum",
        allowed='"md5:" and 32, or "sha256:" and 64 hexadecimal digits',
        got=repr(value)[:100],
        remedy="Copy the digest that the data set publishes.",
    )


def verify(file: Path, checksum: str) -> bool:
    """Whether a file has a checksum, such as ``"md5:1503a5064faa34311c398fb0a1ed0a6f"``."""
    algorithm, expected = check_checksum(checksum)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return digest.hexdigest() == expected


def parse_checksums(text: str, source: object) -> dict[str, str]:
    """Read the lines of ``md5sum`` or ``sha256sum``: a digest, spaces, a name.

    Parameters
    ----------
    text
        Content of the list; empty lines and those that start with "#" are passed over.
    source
        Where it comes from, for the message.

    Returns
    -------
    dict
        Checksum by file name, in the form that `verify` takes.

    Raises
    ------
    FileError
        If a line is none of these, as where a server sends a page of apologies instead.
    """
    found: dict[str, str] = {}
    algorithms = {length: name for name, length in _DIGITS.items()}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        algorithm = algorithms.get(len(match["digest"])) if match else None
        if match is None or algorithm is None:
            raise FileError(
                f"{source} is no list of checksums (it has the line {line.strip()[:60]!r}). Check the URL."
            )
        found[match["name"].removeprefix("./")] = f"{algorithm}:{match['digest'].lower()}"
    return found
