"""Arrays in zarr stores (folders and zip files), read piece by piece.

The metadata are checked before zarr sees them: zarr builds whatever decoder a store names, and some of them
(pickles) run code. Chunks are looked at before they are unfolded: they say themselves how large they become.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from lamina.io.attributes import NAMES, RATE, checked_names, checked_rate
from lamina.io.lazy import Content, LazySamples, check_shape, check_unfolding, need, refuse
from lamina.io.zarr_files import MOST_METADATA_BYTES, FolderStore, StoreFiles, ZipFileStore

_CODECS = {
    2: frozenset({"none", "zlib", "gzip", "zstd", "lz4", "blosc", "shuffle"}),
    3: frozenset({"bytes", "gzip", "zstd", "blosc", "crc32c", "transpose"}),
}
_DTYPES = {
    "bool": "b1",
    **{f"{kind}{8 * size}": f"{kind[0]}{size}" for kind in ("int", "uint") for size in (1, 2, 4, 8)},
    **{f"float{8 * size}": f"f{size}" for size in (2, 4, 8)},
}


def open_zarr(file: Path, member: str | None) -> Content:
    """Open an array of a zarr store, of format 2 or 3, by its path if there are several of real numbers.

    Codecs are those that need no further package: zlib, gzip, zstd, lz4 and blosc; sharded arrays and links
    out of the folder are refused. ``sampling_rate`` (hertz) and ``channel_names`` are looked for among the
    attributes of the array.
    """
    zarr = need("zarr", ".zarr", file)
    files: StoreFiles = FolderStore(file) if file.is_dir() else ZipFileStore(file)
    try:
        name = _choose(file, files, member)
        shape, dtype, chunks, codec, attributes = _describe(file, files, name)
        _check(file, shape, dtype, chunks)
        store = files.store()
        array = zarr.open_array(store, path=name, mode="r")
        if array.shape != shape or np.dtype(array.dtype).newbyteorder("=") != dtype.newbyteorder("="):
            refuse(file, "its metadata contradict themselves")
        rate = checked_rate(file, attributes[RATE]) if RATE in attributes else None
        names = checked_names(file, attributes[NAMES], shape) if NAMES in attributes else None
    except BaseException:
        files.close()
        raise
    chunk_bytes = dtype.itemsize * int(np.prod(chunks, dtype=object))

    def read(start: int, stop: int) -> np.ndarray:
        if start < stop:
            columns = [
                range(-(-length // chunk)) for length, chunk in zip(shape[1:], chunks[1:], strict=True)
            ]
            for place in product(range(start // chunks[0], -(-stop // chunks[0])), *columns):
                key = array.metadata.encode_chunk_key(place)
                _check_chunk(file, files, f"{name}/{key}" if name else key, chunk_bytes, codec)
        return np.asarray(array[start:stop])

    detail = f"zarr array {name or '/'!r} of {dtype}, chunks of {' x '.join(map(str, chunks))}"
    samples = LazySamples(f"{file}:{name}" if name else str(file), shape, dtype.newbyteorder("="), read)
    return Content(samples, rate, names, detail=detail, close=files.close)


def _choose(file: Path, files: StoreFiles, member: str | None) -> str:
    found: list[str] = []
    for metadata_name in files.metadata_names():
        name = metadata_name.rpartition("/")[0]
        if member is None and name not in found and _is_array(file, files, name):
            found.append(name)
    if member is not None:
        name = "/".join(part for part in member.split("/") if part)
        if ".." in name.split("/") or _metadata(file, files, name) is None:
            refuse(file, f"it has no array {member!r}")
        return name
    if len(found) != 1:
        listed = ", ".join(found[:20])[:400] or "none"
        example = f"; name one, as in {file}:{found[0]}" if found else ""
        refuse(file, f"it holds {len(found)} arrays ({listed}){example}")
    return found[0]


def _is_array(file: Path, files: StoreFiles, name: str) -> bool:
    metadata = _metadata(file, files, name)
    return metadata is not None and (metadata[0] == 2 or metadata[1].get("node_type") == "array")


def _metadata(file: Path, files: StoreFiles, name: str) -> tuple[int, Mapping[str, Any]] | None:
    for version, ending in ((3, "zarr.json"), (2, ".zarray")):
        metadata = _json(file, files, f"{name}/{ending}" if name else ending)
        if metadata is not None:
            return version, metadata
    return None


def _json(file: Path, files: StoreFiles, name: str) -> Mapping[str, Any] | None:
    content = files.head(name, MOST_METADATA_BYTES + 1)
    if content is None:
        return None
    if len(content) > MOST_METADATA_BYTES:
        refuse(file, f"{name} is far larger than any description of an array")
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        refuse(file, f"{name} is damaged")
    if not isinstance(value, dict):
        refuse(file, f"{name} is damaged")
    return value


_Described = tuple[tuple[int, ...], np.dtype, tuple[int, ...], str, Any]


def _describe(file: Path, files: StoreFiles, name: str) -> _Described:
    found = _metadata(file, files, name)
    if found is None or not _is_array(file, files, name):
        refuse(file, f"{name or '/'!r} is no array")
    version, metadata = found
    if version == 2:
        packed = [metadata.get("compressor") or {"id": "none"}, *(metadata.get("filters") or [])]
        codecs = [codec.get("id") if isinstance(codec, dict) else codec for codec in packed]
        text, chunks = metadata.get("dtype"), metadata.get("chunks")
        attributes = _json(file, files, f"{name}/.zattrs" if name else ".zattrs") or {}
    else:
        listed = metadata.get("codecs")
        if not isinstance(listed, list) or metadata.get("storage_transformers"):
            refuse(file, "its codecs are not in order")
        codecs = [codec.get("name") if isinstance(codec, dict) else codec for codec in listed]
        text = _DTYPES.get(str(metadata.get("data_type")))
        if text is None:
            refuse(file, f"it holds {str(metadata.get('data_type'))[:60]}; a signal holds real numbers")
        grid = metadata.get("chunk_grid")
        plan = grid.get("configuration") if isinstance(grid, dict) and grid.get("name") == "regular" else None
        chunks = plan.get("chunk_shape") if isinstance(plan, dict) else None
        attributes = metadata.get("attributes") or {}
    names = [codec for codec in codecs if isinstance(codec, str)]
    for codec in codecs:
        if not isinstance(codec, str) or codec not in _CODECS[version]:
            allowed = ", ".join(sorted(_CODECS[version]))
            refuse(file, f"it uses the codec {str(codec)[:40]!r}; lamina reads {allowed}")
    if not isinstance(text, str) or not isinstance(attributes, dict):
        refuse(file, "its metadata are not in order")
    # the last packing is the first to be undone; format 2 packs after its filters
    packing = [codec for codec in (names[:1] if version == 2 else names) if codec != "crc32c"]
    shape = _lengths(file, metadata.get("shape"))
    return shape, np.dtype(text), _lengths(file, chunks), packing[-1] if packing else "", attributes


def _lengths(file: Path, value: Any) -> tuple[int, ...]:
    if (
        not isinstance(value, list)
        or len(value) > 8
        or not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**62 for n in value)
    ):
        refuse(file, "its shape is not in order")
    return tuple(value)


def _check(file: Path, shape: tuple[int, ...], dtype: np.dtype, chunks: tuple[int, ...]) -> None:
    check_shape(file, shape, dtype)
    if len(chunks) != len(shape) or 0 in chunks:
        refuse(file, "its chunks do not go with its shape")


def _check_chunk(file: Path, files: StoreFiles, name: str, chunk_bytes: int, codec: str) -> None:
    head = files.head(name, 18)
    # a chunk that is not there is filled with one value, and takes memory all the same
    check_unfolding(file, f"chunk {name}", chunk_bytes, 0 if head is None else files.size(name))
    # these decoders take the memory that a chunk says it needs; what was packed twice may be a little longer
    if head is not None and not 0 <= _said_size(head, codec) <= 2 * chunk_bytes + 2**16:
        refuse(file, f"chunk {name} is damaged, or does not say how large it becomes")


def _said_size(head: bytes, codec: str) -> int:
    """Bytes that a chunk says it becomes; 0 if its decoder finds out by itself, -1 if it does not say."""
    if codec == "blosc":
        return int.from_bytes(head[4:8], "little")
    if codec == "lz4":
        return int.from_bytes(head[:4], "little")
    if codec != "zstd":
        return 0
    flags = head[4] if len(head) > 4 else 0
    single = bool(flags & 0x20)
    start = 5 + (0 if single else 1) + (0, 1, 2, 4)[flags & 3]
    length = (1 if single else 0, 2, 4, 8)[flags >> 6]
    whole = head[:4] == b"\x28\xb5\x2f\xfd" and length and len(head) >= start + length
    return int.from_bytes(head[start : start + length], "little") if whole else -1
