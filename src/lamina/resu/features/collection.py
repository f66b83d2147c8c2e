"""A collection of series, equal or unequal in length, with or without gaps, as one flat array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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


def read_collection(name: str, value: Any, *, channels: int | None = None) -> Collection:
    """Take a collection in any of the forms that the field uses; an array is not copied.

    Parameters
    ----------
    name
        Of the caller's argument, for messages.
    value
        (n_series, channels, time), (n_series, time) for one channel, or a list of (channels, time) or (time,)
        arrays, whose lengths may differ. NaN marks a missing value.
    channels
        That there must be, as in the fit; None takes any number.

    Returns
    -------
    Collection
        float32 stays float32, everything else becomes float64.

    Raises
    ------
    ArgumentTypeError
        No numbers.
    ShapeError
        Wrong number of axes, no series, an empty one, or other channels.
    DataError
        Infinite values, or a series of which nothing is there.
    """
    if (isinstance(value, (list, tuple)) and any(np.ndim(item) > 1 for item in value)) or (
        isinstance(value, (list, tuple)) and len({np.size(item) for item in value}) > 1
    ):
        collection = _from_list(name, value)
    elif isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        collection = _from_list(name, list(value))
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


def _from_array(name: str, value: Any) -> Collection:
    array = _numbers(name, value)
    if array.ndim == 2:
        array = array[:, None, :]
    if array.ndim != 3:
        # scikit-learn's wording, which its checks look for
        remedy = "Reshape your data: a single series is X[None, :], of one channel X.reshape(1, 1, -1)."
        raise ShapeError(name, allowed=_ALLOWED, got=f"shape {array.shape}", remedy=remedy)
    if 0 in array.shape:
        raise ShapeError(
            name,
            allowed=f"{_ALLOWED} with at least one of each",
            got=f"shape {array.shape} (0 sample(s), or 0 feature(s), while a minimum of 1 is required)",
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
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(np.result_type(value.dtype, np.float32)), np.nan)
    if hasattr(value, "toarray"):
        raise ArgumentTypeError(
            name,
            allowed=_ALLOWED,
            got=f"a sparse {type(value).__name__}",
            remedy="Make it dense: X.toarray().",
        )
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "bifu" and array.dtype != object:
            raise ValueError(f"dtype {array.dtype}")
        return array if array.dtype == np.float32 else array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            name,
            allowed=f"real numbers: {_ALLOWED}",
            got=f"{type(value).__name__} ({error})",
            remedy="Convert it to an array of floats; complex series as two channels.",
        ) from None


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
