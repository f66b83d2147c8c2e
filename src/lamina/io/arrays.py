"""Recordings in NumPy's files, which are never unpickled."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from lamina.io.lazy import Content, check_shape, refuse


def open_npy(file: Path, member: str | None) -> Content:
    """Map a ``.npy`` file: nothing of it is read until it is used."""
    del member
    samples = np.lib.format.open_memmap(file, mode="r")
    return Content(samples, detail=f"NumPy array of {samples.dtype}")


def open_npz(file: Path, member: str | None) -> Content:
    """Read an array of a ``.npz`` archive, by its name if there are several."""
    with zipfile.ZipFile(file) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        listed = ", ".join(names[:20])[:400] or "none"
        if member is None and len(names) != 1:
            example = f"; name one, as in {file}:{names[0]}" if names else ""
            refuse(file, f"it holds {len(names)} arrays ({listed}){example}")
        chosen = names[0] if member is None else member
        if chosen not in names:
            refuse(file, f"it has no array {chosen!r}; it holds {listed}")
        entry = archive.getinfo(f"{chosen}.npy")
        with archive.open(entry) as stream:
            samples = _read_member(file, stream, entry.file_size)
    return Content(samples, detail=f"array {chosen!r} of a NumPy archive, {samples.dtype}")


def _read_member(file: Path, stream: IO[bytes], size: int) -> np.ndarray:
    # what the header promises is checked against what is there, before any memory is taken
    version = np.lib.format.read_magic(stream)
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    shape, fortran, dtype = read_header(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never unpickled")
    check_shape(file, shape, dtype)
    count = 1
    for length in shape:
        count *= int(length)
    if count < 0 or count * dtype.itemsize > size:
        raise ValueError("it is shorter than its header says")
    # the size in the archive's table is a promise too: what comes out is gathered piece by piece
    pieces, missing = [], count * dtype.itemsize
    while missing and (piece := stream.read(min(missing, 2**22))):
        pieces.append(piece)
        missing -= len(piece)
    if missing:
        raise ValueError("it is shorter than its header says")
    return np.frombuffer(b"".join(pieces), dtype).reshape(shape, order="F" if fortran else "C")
