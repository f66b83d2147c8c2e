"""Sound in ``.wav`` files: mapped, and scaled to [-1, 1) where it is used."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO, Any

import numpy as np

from lamina.io.lazy import Content, LazySamples, refuse

_INTEGERS, _FLOATS, _EXTENSIBLE = 1, 3, 0xFFFE
_OTHERS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "ADPCM", 0x55: "MP3"}
_UNKNOWN = 0xFFFFFFFF


def open_wav(file: Path, member: str | None) -> Content:
    """Map the sound of a RIFF file, of 8 to 64-bit integers or 32 or 64-bit floats.

    Integers are divided by their full scale (unsigned bytes after subtracting 128). A length of
    0xFFFFFFFF, which programs write that do not know how much will follow, means up to the end.
    """
    del member
    with file.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        order, code, channels, rate, bits, start, length = _find_sound(file, stream, size)
    width = bits // 8
    frames = length // (width * channels)
    if frames == 0:
        raise ValueError("it holds no sound")
    kind = "float" if code == _FLOATS else "integer"
    shape = (frames,) if channels == 1 else (frames, channels)
    detail = f"sound of {bits}-bit {kind}s"
    if code == _FLOATS:
        dtype = np.dtype(f"{order}f{width}")
        return Content(np.memmap(file, dtype, "r", start, shape), float(rate), detail=detail)
    raw = np.memmap(file, np.uint8, "r", start, (frames, channels * width))

    def read(first: int, last: int) -> np.ndarray:
        return _scaled(np.asarray(raw[first:last]), channels, width, order).reshape(-1, *shape[1:])

    return Content(LazySamples(str(file), shape, np.float64, read), float(rate), detail=detail)


def _find_sound(file: Path, stream: IO[bytes], size: int) -> tuple[str, int, int, int, int, int, int]:
    head = stream.read(12)
    order = {b"RIFF": "<", b"RIFX": ">", b"RF64": "<"}.get(head[:4])
    if order is None or head[8:] != b"WAVE":
        raise ValueError("it does not begin as one")
    layout: tuple[Any, ...] | None = None
    long_size = None
    place = 12
    # every step is at least 8 bytes on, so that the end is reached
    while place + 8 <= size:
        stream.seek(place)
        name, length = struct.unpack(f"{order}4sI", stream.read(8))
        start = place + 8
        if name == b"ds64" and head[:4] == b"RF64" and length >= 16:
            long_size = struct.unpack("<8xQ", stream.read(16))[0]
        elif name == b"fmt ":
            layout = _layout(file, stream.read(min(length, 40)), order)
        elif name == b"data":
            if layout is None:
                raise ValueError("its sound comes before its format")
            if length == _UNKNOWN:
                length = size - start if long_size is None else long_size
            if length > size - start:
                refuse(
                    file,
                    f"its header says {length} bytes of sound where {size - start} follow; it is cut short",
                )
            return order, *layout, start, length
        place = start + length + length % 2
    raise ValueError("it holds no sound")


def _layout(file: Path, content: bytes, order: str) -> tuple[int, int, int, int]:
    if len(content) < 16:
        raise ValueError("its format is cut short")
    code, channels, rate, _, block, bits = struct.unpack(f"{order}HHIIHH", content[:16])
    if code == _EXTENSIBLE and len(content) >= 26:
        code = struct.unpack(f"{order}H", content[24:26])[0]
    widths = {_INTEGERS: (8, 16, 24, 32, 64), _FLOATS: (32, 64)}.get(code)
    if widths is None or bits not in widths:
        kind = _OTHERS.get(code, f"code {code}")
        kind = f"{bits}-bit {'integers' if code == _INTEGERS else 'floats'}" if widths else kind
        refuse(
            file, f"its sound is of a kind that lamina does not read ({kind}); convert it to 16-bit integers"
        )
    if channels == 0 or rate == 0 or block != channels * bits // 8:
        raise ValueError("its format contradicts itself")
    return code, channels, rate, bits


def _scaled(raw: np.ndarray, channels: int, width: int, order: str) -> np.ndarray:
    if width == 1:
        return (raw.astype(np.float64) - 128.0) / 128.0
    if width == 3:
        bytes_ = raw.reshape(-1, channels, 3)[..., :: 1 if order == "<" else -1]
        # in the upper three of four bytes the sign falls into place, and the scale is that of 32 bits
        wide = np.zeros((*bytes_.shape[:2], 4), dtype=np.uint8)
        wide[..., 1:] = bytes_
        return wide.view("<i4")[..., 0] / 2.0**31
    integers = np.ascontiguousarray(raw).view(f"{order}i{width}")
    return integers / 2.0 ** (8 * width - 1)
