"""A collection of series, equal or unequal in length, with or without gaps, as one flat array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np

from lamina._checks import as_floating, count_axes
from lamina.errors import ArgumentTypeError, DataError, ShapeError

_ALLOWED = "(n_series, channels, time), (n_series, time), or a list of (channels, time) arrays"


@dataclass(frozen=True)
class Collection:
    """Series one after another in one array: i is ``data[starts[i] : starts[i + 1]]``, channel by channel.

    Parameters
    ----------
    data
        (values,), float32 or float64, NaN where a value is missing; not written to.
    starts
        (n_series + 1,), int64.
    channels
        C, the same for all series.
    missing
        Whether any value is NaN.
    """

    data: np.ndarray
    starts: np.ndarray
    channels: int
    missing: bool

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Samples of each series, (n_series,)."""
        return np.diff(self.starts) // self.channels

    def series(self, index: int) -> np.ndarray:
        """One series, (channels, time), a view."""
        return self.data[self.starts[index] : self.starts[index + 1]].reshape(self.channels, -1)

    def part(self, first: int, last: int) -> Collection:
        """Series ``first`` to ``last`` (excluded), without a copy of their values."""
        return Collection(self.data, self.starts[first : last + 1], self.channels, self.missing)


def is_table(value: Any) -> bool:
    """Tell whether rows are series of one channel and one length, as in scikit-learn's tables."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and {_axes(item) for item in value} == {1} and len({len(i) for i in value}) == 1
    return count_axes(value) == 2 and not hasattr(value, "toarray")


def read_collection(name: str, value: Any, *, channels: int | None = None) -> Collection:
    """Take a collection in any of the forms that the field uses; a whole array is not copied.

    Parameters
    ----------
    name
        Of the caller's argument, for messages.
    value
        (n_series, channels, time), (n_series, time) for one channel, or a list of (channels, time) or (time,)
        arrays, whose lengths may differ; of NumPy, of a library that converts to it, or a data frame with a
        series in each row. NaN, or what a mask hides, is missing.
    channels
        That there must be, as in the fit; None takes any number.

    Returns
    -------
    Collection
        float32 stays float32, everything else becomes float64.

    Raises
    ------
    ArgumentTypeError
        No real numbers, sparse, or a data frame of several rows for each series.
    ShapeError
        Wrong number of axes, no series, an empty one, or other channels.
    DataError
        Infinite values, or a series of which nothing is there.
    """
    _refuse_frames(name, value)
    several = value
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        several = list(value)
    flat = isinstance(several, (list, tuple)) and all(_axes(item) == 0 for item in several)
    if isinstance(several, (list, tuple)) and several and not flat and not is_table(several):
        collection = _from_list(name, several)
    else:
        collection = _from_array(name, value)
    if channels is not None and collection.channels != channels:
        raise ShapeError(
            name,
            allowed=f"series of {channels} channel(s), as in the fit",
            got=f"{collection.channels} channel(s)",
            remedy="Axes are (n_series, channels, time); select the channels of the fit.",
        )
    return collection


def _axes(item: Any) -> int:
    """Count axes, of nested lists too, by their first elements."""
    axes = 0
    while isinstance(item, (list, tuple)):
        axes += 1
        item = item[0] if len(item) else None
    return axes + count_axes(item)


def _refuse_frames(name: str, value: Any) -> None:
    index = getattr(value, "index", None)
    if getattr(index, "nlevels", 1) > 1:
        raise ArgumentTypeError(
            name,
            allowed=_ALLOWED,
            got="a data frame with several levels of index",
            remedy='Convert it: sktime.datatypes.convert_to(X, "numpy3D"), or "df-list" and transpose each.',
        )
    if isinstance(value, (list, tuple)) and any(hasattr(item, "columns") for item in value):
        raise ArgumentTypeError(
            name,
            allowed=_ALLOWED,
            got="a list of data frames, whose rows are times",
            remedy="Turn them: [frame.to_numpy().T for frame in X].",
        )
    cells: Any = getattr(value, "iloc", None) if count_axes(value) == 2 else None
    if cells is not None and 0 not in np.shape(cells.obj) and count_axes(cells[0, 0]) > 0:
        raise ArgumentTypeError(
            name,
            allowed=_ALLOWED,
            got="a data frame with series in its cells",
            remedy='Convert it: sktime.datatypes.convert_to(X, "numpy3D").',
        )


def _from_array(name: str, value: Any) -> Collection:
    array = _numbers(name, value)
    shape = array.shape
    if array.ndim == 2:
        array = array[:, None, :]
    if array.ndim != 3:
        # scikit-learn's wording, which its checks look for
        remedy = "Reshape your data: a single series is X[None, :], of one channel X.reshape(1, 1, -1)."
        raise ShapeError(name, allowed=_ALLOWED, got=f"shape {shape}", remedy=remedy)
    if 0 in shape:
        missing = "sample(s)" if shape[0] == 0 else "feature(s)"
        raise ShapeError(
            name,
            allowed=_ALLOWED,
            got=f"0 {missing} (shape={shape}) while a minimum of 1 is required",
            remedy="Pass at least one series of at least one sample.",
        )
    n, channels, time = array.shape
    starts = np.arange(n + 1, dtype=np.int64) * (channels * time)
    return _checked(name, np.ascontiguousarray(array).reshape(-1), starts, channels)


def _from_list(name: str, value: Sequence[Any]) -> Collection:
    series = [_numbers(f"{name}[{i}]", item) for i, item in enumerate(value)]
    series = [item[None, :] if item.ndim == 1 else item for item in series]
    channels = series[0].shape[0]
    for i, item in enumerate(series):
        if item.ndim != 2 or 0 in item.shape or item.shape[0] != channels:
            raise ShapeError(
                f"{name}[{i}]",
                allowed=f"(channels, time) with {channels} channel(s), as {name}[0] has",
                got=f"shape {item.shape}",
                remedy="Every series has the same channels, and at least one sample.",
            )
    starts = np.concatenate([[0], np.cumsum([item.size for item in series])]).astype(np.int64)
    kind = np.result_type(*{item.dtype for item in series})
    data = np.concatenate([item.astype(kind, copy=False).ravel() for item in series])
    return _checked(name, data, starts, channels)


def _numbers(name: str, value: Any) -> np.ndarray:
    if hasattr(value, "toarray"):
        raise ArgumentTypeError(
            name,
            allowed=_ALLOWED,
            got=f"a sparse {type(value).__name__}",
            remedy="Make it dense: X.toarray().",
        )
    array = as_floating(name, value, convert=True)
    if array_api_compat.is_torch_array(array):
        if array.requires_grad or array.device.type != "cpu":
            raise ArgumentTypeError(
                name,
                allowed=f"{_ALLOWED}, of NumPy, or a tensor on the CPU without gradient",
                got=f"a tensor on {array.device}" + (" with a gradient" if array.requires_grad else ""),
                remedy="Features are computed by NumPy; pass X.detach().cpu().",
            )
        array = array.numpy()
    # compiled code reads this machine's order of bytes only
    return np.asarray(array).astype(array.dtype.newbyteorder("="), copy=False)


def _checked(name: str, data: np.ndarray, starts: np.ndarray, channels: int) -> Collection:
    # the sum of finite numbers may overflow, which is then looked at value by value
    with np.errstate(over="ignore", invalid="ignore"):
        finite = bool(np.isfinite(data.sum(dtype=np.float64)))
    missing = False
    if not finite:
        if bool(np.isinf(data).any()):
            place = int(np.searchsorted(starts, np.flatnonzero(np.isinf(data))[0], side="right")) - 1
            raise DataError(
                name,
                allowed="finite, NaN marking missing values",
                got=f"an infinity (inf) in series {place}",
                remedy="Replace infinities by NaN, or leave the series out.",
            )
        there = ~np.isnan(data)
        missing = not bool(there.all())
        empty = np.flatnonzero(np.add.reduceat(there, starts[:-1]) == 0) if missing else []
        if len(empty):
            raise DataError(
                name,
                allowed="series with at least one value that is not NaN",
                got=f"{len(empty)} without any, the first series {int(empty[0])}",
                remedy="Leave these series out.",
            )
    return Collection(data, starts, channels, missing)
