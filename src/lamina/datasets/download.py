"""Files fetched from a server, resumed where they were cut short, in place once their checksum holds."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

from lamina._version import __version__
from lamina.datasets.checksums import verify
from lamina.datasets.reporting import Report, reporting
from lamina.errors import ArgumentError, FileError, OutputError

BLOCK = 2**18
TIMEOUT_S = 60.0
"""How long a silent server is waited for."""

PAUSE_S = 1.0
"""Before the first new attempt; twice as long before each further one."""

_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class _CutShortError(Exception):
    """The transfer ended early; what came is kept, and the rest can be asked for."""


def fetch(url: str, target: Path, checksum: str | None, *, attempts: int = 5, progress: Any = False) -> Path:
    """Download a file, or the rest of it, and put it in place once it is whole and its checksum holds.

    What has come is kept beside it in ``<name>.part``, across interruptions and processes. The next call asks
    for the rest only, under the condition that the file on the server is still the same; a server that
    cannot send parts sends all of it again.

    Parameters
    ----------
    url
        http or https.
    target
        The file, in a folder that exists.
    checksum
        ``"md5:..."`` or ``"sha256:..."``; None if nobody knows it.
    attempts
        How often a transfer that is cut short is taken up again, before it is left to the next call.
    progress
        As in `reporting`.

    Returns
    -------
    pathlib.Path
        ``target``.

    Raises
    ------
    FileError
        If the server cannot be reached, does not have the file, breaks off again and again, or sends
        something with another checksum, which is deleted.
    OutputError
        If the disk is full or cannot be written; what has come stays.
    """
    if not re.match(r"https?://", url):
        raise ArgumentError(
            "base_url",
            allowed="an address that begins with http:// or https://",
            got=repr(url)[:200],
            remedy="Give the address of the folder that holds the files.",
        )
    part, tag = target.with_name(target.name + ".part"), target.with_name(target.name + ".part.tag")
    resumed = part.exists()
    with reporting(progress, target.name) as report:
        _receive_all(url, part, tag, checksum is not None, attempts, report)
        if checksum is not None and not verify(part, checksum) and resumed:
            # the beginning may be that of an older file, or damaged: once more, from nothing
            _forget(part, tag)
            _receive_all(url, part, tag, True, attempts, report)
    if checksum is not None and not verify(part, checksum):
        size = part.stat().st_size
        _forget(part, tag)
        raise FileError(
            f"{url} sent {size:,} bytes that do not have the checksum {checksum}; they are deleted. "
            "The file there is damaged or another one; try again later or from another base_url."
        )
    os.replace(part, target)
    _forget(tag)
    return target


def fetch_text(url: str) -> str:
    """Download a short text, at most 1 MiB; `FileError` if it cannot be had."""
    try:
        with _open(url, {}) as response:
            return response.read(2**20).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            _refused(url, f"the server answers {error.code} {error.reason}", error)
    except (OSError, http.client.HTTPException) as error:
        _refused(url, _reason(error), error)


def _receive_all(url: str, part: Path, tag: Path, checked: bool, attempts: int, report: Report) -> None:
    """Receive until the part is whole, and flush it to the disk."""
    for attempt in range(attempts):
        before = _size(part)
        try:
            _receive(url, part, tag, checked, report)
        except _CutShortError as error:
            # the first contact says whether there is a server at all
            if attempt == attempts - 1 or (
                attempt == 0 and isinstance(error.__cause__, urllib.error.URLError)
            ):
                _refused(url, f"{error}; {_size(part):,} bytes are kept, and the next call goes on", error)
            if _size(part) <= before:
                time.sleep(PAUSE_S * 2**attempt)
        else:
            return


def _receive(url: str, part: Path, tag: Path, checked: bool, report: Report) -> None:
    have = _size(part)
    headers: dict[str, str] = {}
    condition = tag.read_text("ascii", "replace") if tag.exists() else ""
    if have and (condition or checked):
        headers["Range"] = f"bytes={have}-"
        if condition:
            headers["If-Range"] = condition
    try:
        with _open(url, headers) as response:
            start, total = _extent(response, have if headers else 0)
            if start == 0:
                _write_text(tag, _validator(response))
            _check_space(part, (total or 0) - start)
            _save(response, part, start, total, report)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416 and headers:
                whole = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
                if whole and int(whole[1]) == have:
                    return
                _forget(part, tag)
                raise _CutShortError("the file on the server has another length than before") from None
            if error.code in _TRY_AGAIN:
                raise _CutShortError(f"the server answers {error.code} {error.reason}") from None
            _refused(url, f"the server answers {error.code} {error.reason}", error)
    except (OutputError, FileError):
        raise
    except (OSError, http.client.HTTPException) as error:
        raise _CutShortError(_reason(error)) from error


def _open(url: str, headers: dict[str, str]) -> Any:
    asked = {"User-Agent": f"lamina/{__version__}", "Accept-Encoding": "identity", **headers}
    return urllib.request.urlopen(urllib.request.Request(url, headers=asked), timeout=TIMEOUT_S)


def _extent(response: Any, have: int) -> tuple[int, int | None]:
    """Return where the bytes that come belong, and the length of the whole file if the server says it."""
    if response.status == 206:
        sent = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if sent is None or int(sent[1]) != have:
            raise _CutShortError("the server sends another part than was asked for")
        return have, None if sent[2] == "*" else int(sent[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _save(response: Any, part: Path, start: int, total: int | None, report: Report) -> None:
    try:
        stream = part.open("r+b" if start else "wb")
    except OSError as error:
        _unwritable(part, error)
    with stream:
        stream.seek(start)
        done = start
        report(done, total)
        while block := response.read(BLOCK):
            try:
                stream.write(block)
            except OSError as error:
                _unwritable(part, error)
            done += len(block)
            report(done, total)
        try:
            stream.flush()
            os.fsync(stream.fileno())
        except OSError as error:
            _unwritable(part, error)
    # http.client ends a body that is cut short without a word
    if total is not None and done < total:
        raise _CutShortError(f"it broke off after {done:,} of {total:,} bytes")


def _validator(response: Any) -> str:
    """Return what the server knows its file by; weak tags do not promise the same bytes."""
    tag = response.headers.get("ETag", "")
    found = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
    return found if found.isascii() else ""


def _check_space(part: Path, needed: int) -> None:
    try:
        free = shutil.disk_usage(part.parent).free
    except OSError:
        return
    if needed > free:
        raise OutputError(
            f"cannot write {part}: {needed:,} bytes are to come and the disk has {free:,} free; free "
            "some space or give another folder"
        )


def _write_text(file: Path, text: str) -> None:
    try:
        file.write_text(text, "ascii")
    except OSError as error:
        _unwritable(file, error)


def _unwritable(file: Path, error: OSError) -> NoReturn:
    raise OutputError(
        f"cannot write {file}: {error.strerror or error}; what has come is kept. Free some space or "
        "give another folder, and call again"
    ) from error


def _refused(url: str, reason: str, error: BaseException) -> NoReturn:
    raise FileError(
        f"{url} cannot be downloaded: {reason}. Check the connection and the address; a file that you "
        "fetched by other means can be put into the folder of the data set."
    ) from error


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", None) or error
    return getattr(inner, "strerror", None) or str(inner) or type(inner).__name__


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _forget(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)
