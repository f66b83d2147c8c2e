"""Datasets in HDF5 files, read piece by piece; only what lies in the file itself is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lamina.io.attributes import NAMES, RATE, checked_names, checked_rate
from lamina.io.lazy import Content, LazySamples, check_shape, check_unfolding, need, refuse

_MOST_OBJECTS = 10_000
_MOST_ATTRIBUTE_BYTES = 2**16
_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})
"""gzip, shuffle, fletcher32, szip, nbit, scale-offset, lzf: those that come with h5py and load no plugin."""


def open_hdf5(file: Path, member: str | None) -> Content:
    """Open a dataset of an HDF5 file, by its path if there are several of real numbers.

    ``sampling_rate`` (hertz) and ``channel_names`` are looked for among the attributes of the dataset, the
    first also among those of the file. Names must have a fixed length, as NumPy's bytes have
    (``np.array(["left", "right"], dtype="S")``); others are left out.

    Links (soft and external), virtual datasets and data in other files are refused: a recording from a
    stranger reads no file of yours.
    """
    h5py = need("h5py", file.suffix, file)
    # the system says what is missing or forbidden, in better words than HDF5
    with file.open("rb"):
        stored = file.stat().st_size
    # no cache for writing, no locks, and no search for plugins
    archive = h5py.File(file, "r", locking=False)
    try:
        dataset = _find(h5py, archive, file, member)
        _check_plain(file, dataset, stored)
        rate = next((_rate(file, place) for place in (dataset, archive) if RATE in place.attrs), None)
        names = _names(file, dataset) if NAMES in dataset.attrs else None
    except BaseException:
        archive.close()
        raise

    def read(start: int, stop: int) -> np.ndarray:
        return dataset[start:stop]

    samples = LazySamples(f"{file}:{dataset.name}", dataset.shape, dataset.dtype, read)
    detail = f"HDF5 dataset {dataset.name!r} of {dataset.dtype}"
    return Content(samples, rate, names, detail=detail, close=archive.close)


def _find(h5py: Any, archive: Any, file: Path, member: str | None) -> Any:
    if member is None:
        found = _recordings(h5py, archive)
        if len(found) != 1:
            listed = ", ".join(found[:20])[:400] or "none"
            example = f"; name one, as in {file}:{found[0]}" if found else ""
            refuse(file, f"it holds {len(found)} datasets of real numbers ({listed}){example}")
        member = found[0]
    place: Any = archive
    for part in (part for part in member.split("/") if part):
        link = place.get(part, getlink=True) if isinstance(place, h5py.Group) else None
        if link is None:
            listed = ", ".join(_recordings(h5py, archive)[:20])[:400] or "none"
            refuse(file, f"it has no dataset {member!r}; it holds {listed}")
        if not isinstance(link, h5py.HardLink):
            target = str(getattr(link, "path", ""))[:100]
            refuse(
                file,
                f"{part!r} is a link (to {target!r}), which lamina does not follow; name the dataset itself",
            )
        place = place[part]
    if not isinstance(place, h5py.Dataset):
        refuse(file, f"{member!r} is no dataset")
    return place


def _recordings(h5py: Any, archive: Any) -> list[str]:
    found: list[str] = []
    seen = 0

    def look(name: str, thing: Any) -> bool | None:
        nonlocal seen
        seen += 1
        if (
            isinstance(thing, h5py.Dataset)
            and len(thing.shape or ()) in (1, 2)
            and thing.dtype.kind in "fiub"
        ):
            found.append(name)
        return True if seen >= _MOST_OBJECTS else None

    # visits what hard links reach, every object once
    archive.visititems(look)
    return found


def _check_plain(file: Path, dataset: Any, stored: int) -> None:
    if dataset.shape is None:
        refuse(file, f"dataset {dataset.name!r} is empty")
    check_shape(file, dataset.shape, dataset.dtype)
    if dataset.is_virtual or dataset.external:
        refuse(
            file, f"dataset {dataset.name!r} takes its data from other files, which lamina does not follow"
        )
    plan = dataset.id.get_create_plist()
    filters = [plan.get_filter(index)[0] for index in range(plan.get_nfilters())]
    unknown = [str(code) for code in filters if code not in _FILTERS]
    if unknown:
        refuse(
            file, f"dataset {dataset.name!r} uses filter {unknown[0]}, which lamina does not load; use gzip"
        )
    if dataset.chunks is not None:
        chunk = dataset.dtype.itemsize
        for length in dataset.chunks:
            chunk *= int(length)
        check_unfolding(file, f"a chunk of dataset {dataset.name!r}", chunk, stored)


def _rate(file: Path, place: Any) -> float:
    attribute = place.attrs.get_id(RATE)
    # one number, or an array with a single one, as MATLAB writes them
    if attribute.dtype.kind not in "fiu" or attribute.shape not in ((), (1,), (1, 1)):
        return checked_rate(file, None)
    return checked_rate(file, float(np.asarray(place.attrs[RATE]).reshape(())))


def _names(file: Path, dataset: Any) -> tuple[str, ...] | None:
    attribute = dataset.attrs.get_id(NAMES)
    if attribute.dtype.kind == "O":
        # texts of any length lie in a heap in which HDF5 searches without end where the file is damaged
        return None
    if (
        attribute.dtype.kind != "S"
        or len(attribute.shape) != 1
        or attribute.get_storage_size() > _MOST_ATTRIBUTE_BYTES
    ):
        return checked_names(file, None, dataset.shape)
    values = np.asarray(dataset.attrs[NAMES]).tolist()
    return checked_names(file, [value.decode("utf-8", "replace") for value in values], dataset.shape)
