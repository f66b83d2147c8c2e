"""The safetensors container: numbers and a JSON header, nothing that could run.

A file is eight bytes with the header's length (little-endian), the header as JSON, and the arrays one after
another. The header is checked against the size of the file before anything else is read, so a damaged or
hostile file costs neither memory nor time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from lamina._checks import check_path
from lamina.errors import FileError
from lamina.io.disk import refuse_endless
from lamina.io.files import atomic_file

MAXIMUM_HEADER_BYTES = 2**20
MAXIMUM_FILE_BYTES = 2**32

_KEY = "lamina"
_CHECKSUM = "sha256"
_FLOATS = {"F64": np.dtype(np.float64), "F32": np.dtype(np.float32)}
_INTEGERS = {f"U{8 * size}": np.dtype(f"u{size}") for size in (1, 2, 4, 8)}


def write_container(
    path: str | os.PathLike[str], description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write arrays and their description, whole or not at all.

    Parameters
    ----------
    path
        The file to write; an existing file is replaced. Its folder must exist.
    description
        What JSON can hold: what the arrays are.
    arrays
        float32, float64 or unsigned integer arrays by name.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
    OutputError
        If the file cannot be written.
    """
    text = json.dumps(description, allow_nan=False, sort_keys=True)
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    content = safetensors.numpy.save(whole, metadata={_KEY: text, _CHECKSUM: _checksum(text, whole)})
    with atomic_file(path) as partial, partial.open("wb") as stream:
        stream.write(content)


def read_container(
    path: str | os.PathLike[str], *, integers: bool = False
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `write_container` wrote; any other content ends in a `FileError`.

    Parameters
    ----------
    path
        The file to read.
    integers
        Whether arrays may be of unsigned integers, as in files of spikes.

    Returns
    -------
    description
        The description, as JSON gave it back: nothing in it is checked beyond being an object.
    arrays
        The arrays by name, finite and writable.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
    FileError
        If the file is missing, unreadable, truncated, larger than its header says, no safetensors file,
        written by another program, or holds infinity or NaN.
    """
    file = check_path("path", path)
    refuse_endless(file, file)
    try:
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            header_size = int.from_bytes(stream.read(8), "little")
            if size < 8 or header_size > size - 8:
                _refuse(file, "it is cut short, or no safetensors file")
            if header_size > MAXIMUM_HEADER_BYTES or size > MAXIMUM_FILE_BYTES:
                _refuse(file, "it is far larger than any model that lamina writes")
            header = stream.read(header_size)
            text, checksum = _check_header(file, header, size - 8 - header_size, integers)
            content = header_size.to_bytes(8, "little") + header + stream.read(size - 8 - header_size)
    except FileNotFoundError as error:
        raise FileError(f"cannot read {file}: there is no such file; check the path") from error
    except IsADirectoryError as error:
        raise FileError(f"cannot read {file}: it is a folder; give the path of a file") from error
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot read {file}: {error.strerror or error}") from error
    except MemoryError as error:
        raise FileError(f"cannot read {file}: it needs more memory than there is") from error
    arrays = _read_arrays(file, content)
    if _checksum(text, arrays) != checksum:
        _refuse(file, "it is damaged: its content does not go with its checksum")
    description = _parse_json(file, text.encode("utf-8", "surrogatepass"))
    if not isinstance(description, dict):
        _refuse(file, "its description is no JSON object")
    return description, arrays


def _check_header(file: Path, header: bytes, data_size: int, integers: bool) -> tuple[str, str]:
    entries = _parse_json(file, header)
    if not isinstance(entries, dict):
        _refuse(file, "its header is no JSON object")
    metadata = entries.pop("__metadata__", None)
    text, checksum = (metadata.get(key) if isinstance(metadata, dict) else None for key in (_KEY, _CHECKSUM))
    if not isinstance(text, str) or not isinstance(checksum, str):
        _refuse(file, "it was not written by lamina")
    total = 0
    for name, entry in entries.items():
        total += _declared_bytes(file, name, entry, integers)
    if total != data_size:
        _refuse(
            file,
            f"its arrays take {data_size} bytes where the header says {total}; it is cut short or damaged",
        )
    return text, checksum


def _declared_bytes(file: Path, name: str, entry: object, integers: bool) -> int:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _refuse(file, f"the entry of array {name[:40]!r} is not in order")
    said = entry["dtype"] if isinstance(entry["dtype"], str) else ""
    dtype = (_FLOATS | _INTEGERS if integers else _FLOATS).get(said)
    if dtype is None:
        more = "; it may hold spikes, which lamina.io.read_spikes reads" if said in _INTEGERS else ""
        _refuse(file, f"array {name[:40]!r} is not of float32 or float64{more}")
    shape = entry["shape"]
    if not isinstance(shape, list) or len(shape) > 8 or not all(_is_length(length) for length in shape):
        _refuse(file, f"the shape of array {name[:40]!r} is not in order")
    count = 1
    for length in shape:
        count *= length
    return count * dtype.itemsize


def _is_length(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAXIMUM_FILE_BYTES


def _parse_json(file: Path, text: bytes) -> Any:
    try:
        return json.loads(
            text.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise FileError(f"cannot read {file}: its header is damaged, or it is no safetensors file") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("a key occurs twice")
    return unique


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _checksum(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.name} {array.shape}".encode("utf-8", "surrogatepass"))
        digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()


def _read_arrays(file: Path, content: bytes) -> dict[str, np.ndarray]:
    try:
        arrays = safetensors.numpy.load(content)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise FileError(f"cannot read {file}: it is no whole safetensors file ({error})") from error
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            _refuse(file, f"array {name[:40]!r} holds infinity or NaN")
    # the arrays are views of the bytes; a model's arrays are its own and can be written
    return {name: array.copy() for name, array in arrays.items()}


def _refuse(file: Path, reason: str) -> NoReturn:
    raise FileError(f"cannot read {file}: {reason}")
