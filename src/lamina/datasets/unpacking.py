"""Archives unpacked so that nothing can leave the folder, and nothing half unpacked counts as done."""

from __future__ import annotations

import errno
import gzip
import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, Self

from lamina.errors import FileError, OutputError

MOST_BYTES = 2**34
"""Largest content that is unpacked (16 GiB); a bomb ends here."""

MOST_MEMBERS = 10**6

_BLOCK = 2**20
# kinds of members that hold the name of another one, or notes about it, and how long those may be
_NOTES = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
_NOTES += (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_LONGEST_NOTE = 2**20


class _Header(tarfile.TarInfo):
    """The header of a member, of which a damaged or missing one is an error and not the end."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: Any, errors: str) -> Self:
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            # the name of its class, which typing does not know: two blocks of zeros end an archive
            if type(error).__name__ == "EOFHeaderError":
                raise
            raise tarfile.ReadError(f"{error}, where a member should begin") from error
        # it would be read at once
        if header.type in _NOTES and header.size > _LONGEST_NOTE:
            raise tarfile.ReadError(f"notes of {header.size:,} bytes about a member")
        return header


def unpack_tar(archive: Path, target: Path, *, most_bytes: int = MOST_BYTES) -> Path:
    """Unpack a tar file, compressed or not, into a new folder.

    Only folders and plain files are made, with the permissions of new files; a member with a name that leads
    elsewhere, and every link, device or pipe, ends the unpacking, and the folder does not come to be.

    Parameters
    ----------
    archive
        The tar file.
    target
        The folder to make, which must not exist; it appears once all is in it.
    most_bytes
        Of all members together.

    Returns
    -------
    pathlib.Path
        ``target``.

    Raises
    ------
    FileError
        If the archive is damaged, cut short or too large, or holds a member that is refused, by its name.
    OutputError
        If the disk is full or cannot be written.
    """
    with _aside(archive, target) as folder, _named(archive):
        left = most_bytes
        with tarfile.open(archive, "r:*", tarinfo=_Header) as members:
            for count, member in enumerate(members):
                place = _place(archive, folder, member.name, count)
                _check_member(archive, folder, member)
                if member.isdir():
                    _make(place)
                    continue
                left = _check_size(archive, member.name, member.size, left)
                source = members.extractfile(member)
                if source is not None:
                    with source:
                        _copy(archive, source, place, member.size)
            _finish(archive, members.fileobj, left)
        # it was made for its owner alone
        folder.chmod(0o755)
        os.replace(folder, target)
    return target


def unpack_file(archive: Path, target: Path, *, most_bytes: int = MOST_BYTES) -> Path:
    """Unpack the one file of a ``.gz``, or the file of ``target``'s name of a ``.zip``.

    Parameters
    ----------
    archive
        The archive; its suffix says which kind it is.
    target
        The file to make; it appears once it is whole.
    most_bytes
        Of its content.

    Returns
    -------
    pathlib.Path
        ``target``.

    Raises
    ------
    FileError
        If the archive is damaged, cut short or too large, does not hold the file, or holds one that is
        refused, by its name.
    OutputError
        If the disk is full or cannot be written.
    """
    with _aside(archive, target) as folder, _named(archive):
        place = folder / "content"
        if archive.suffix == ".gz":
            with gzip.open(archive) as source:
                _copy(archive, source, place, most_bytes)
        else:
            with zipfile.ZipFile(archive) as members:
                for count, info in enumerate(members.infolist()):
                    _place(archive, folder, info.filename, count)
                    kind = info.external_attr >> 28
                    # file, folder, or a system that does not say
                    if kind not in (0, 4, 8):
                        _refuse(archive, info.filename, "is a link or a device")
                found = [info for info in members.infolist() if info.filename == target.name]
                if len(found) != 1:
                    listed = ", ".join(members.namelist()[:5]) or "nothing"
                    raise FileError(f"{archive} does not hold {target.name} once; it holds {listed}.")
                _check_size(archive, target.name, found[0].file_size, most_bytes)
                with members.open(found[0]) as source:
                    _copy(archive, source, place, found[0].file_size)
        os.replace(place, target)
    return target


@contextmanager
def _aside(archive: Path, target: Path) -> Iterator[Path]:
    """Give a folder beside ``target``, of which nothing is left that was not moved there."""
    if os.path.lexists(target):
        raise FileError(f"{target} exists already. Delete it to unpack {archive} anew.")
    folder: Path | None = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".unpacking", dir=target.parent))
        yield folder
    except FileError:
        raise
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise FileError(f"{archive} is not unpacked: it holds a path that is too long.") from error
        raise OutputError(
            f"cannot unpack {archive} into {target.parent}: {error.strerror or error}. Free some space, or "
            "give another folder."
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _named(archive: Path) -> Iterator[None]:
    """Turn what the readers of archives raise into `FileError`."""
    try:
        yield
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        gzip.BadGzipFile,
        EOFError,
        zlib.error,
        lzma.LZMAError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise FileError(
            f"{archive} is damaged or no archive ({error}). Delete it, so that it is downloaded again."
        ) from error


def _place(archive: Path, folder: Path, name: str, count: int) -> Path:
    """Return where a member belongs; names that lead elsewhere on any system are refused."""
    if count >= MOST_MEMBERS:
        raise FileError(f"{archive} holds more than {MOST_MEMBERS:,} members. This is no data set.")
    path = PurePosixPath(name)
    if path.is_absolute() or name.startswith("\\") or ":" in name:
        _refuse(archive, name, "names an absolute path")
    if ".." in path.parts or "\\" in name:
        _refuse(archive, name, "leads out of the folder")
    # what was no UTF-8 has come as lone surrogates, which no text can hold
    lengths = [len(part.encode(errors="surrogatepass")) for part in path.parts]
    if any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in name) or max(lengths, default=0) > 255:
        _refuse(archive, name, "has a name that no system can have")
    return folder.joinpath(*path.parts)


def _check_member(archive: Path, folder: Path, member: tarfile.TarInfo) -> None:
    if member.isfile() and not PurePosixPath(member.name).parts:
        _refuse(archive, member.name, "is a file without a name")
    if not (member.isfile() or member.isdir()) or member.issparse():
        kind = "a link" if member.issym() or member.islnk() else "neither a file nor a folder"
        _refuse(archive, member.name, f"is {kind}")
    # Python's own opinion too, where it has one (3.11.4 and later)
    second = getattr(tarfile, "data_filter", None)
    if second is not None:
        second(member, str(folder))


def _finish(archive: Path, source: Any, left: int) -> None:
    """Read what comes behind the end, so that a damaged or shortened archive is noticed."""
    # a block of zeros was the last that was read; of what comes behind a second one, nothing is known
    if source.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise tarfile.ReadError("zeros where a member should begin")
    while block := source.read(_BLOCK):
        left -= len(block)
        if left < 0:
            raise FileError(f"{archive} is not unpacked: it goes on behind its end. Nothing of it is kept.")


def _check_size(archive: Path, name: str, size: int, left: int) -> int:
    if size > left:
        _refuse(archive, name, f"takes {size:,} bytes where {left:,} are left of what lamina unpacks")
    return left - size


def _copy(archive: Path, source: Any, place: Path, most: int) -> None:
    _make(place.parent)
    try:
        # never through what is there already: a second member of one name is refused
        stream = place.open("xb")
    except FileExistsError:
        _refuse(archive, place.name, "is there twice")
    with stream:
        while block := source.read(_BLOCK):
            most -= len(block)
            if most < 0:
                _refuse(archive, place.name, "unpacks to more than it should")
            stream.write(block)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise FileError(f"{folder.name} is both a file and a folder in the archive.") from error


def _refuse(archive: Path, name: Any, why: str) -> NoReturn:
    raise FileError(f"{archive} is not unpacked: its member {name!r} {why}. Nothing of it is kept.")
