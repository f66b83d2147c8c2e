"""What the plotting functions accept: arrays of any library, names, and how they refuse the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import array_api_compat
import numpy as np

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError


def as_numbers(name: str, value: Any, *shapes: str, gaps: bool = False) -> np.ndarray:
    """Return ``value`` as a new float64 array with as many axes as one of ``shapes``, such as "seeds, units".

    ``gaps`` allows NaN, which is left blank in a picture; infinities are never allowed.
    """
    if array_api_compat.is_array_api_obj(value):
        value = array_api_compat.to_device(value, "cpu")
    try:
        raw = np.asarray(value)
        if raw.dtype.kind not in "fiubO" or value is None:
            raise TypeError(f"dtype {raw.dtype}")
        array = raw.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            name,
            allowed="an array of real numbers",
            got=f"{type(value).__name__} ({error})",
            remedy=f"Convert {name} to an array of floating point numbers.",
        ) from error
    axes = [shape.count(",") + 1 for shape in shapes]
    if array.ndim not in axes or array.size == 0:
        listed = " or ".join(f"({shape},)" if "," not in shape else f"({shape})" for shape in shapes)
        raise ShapeError(
            name,
            allowed=f"of shape {listed}, not empty",
            got=f"shape {array.shape}",
            remedy="Check the order of the axes.",
        )
    refused = ~np.isfinite(array) if not gaps else np.isinf(array)
    if refused.any():
        raise DataError(
            name,
            allowed="finite" + (" (NaN is left blank)" if gaps else ""),
            got=f"{int(refused.sum())} value(s) of infinity" + ("" if gaps else " or NaN"),
            remedy="Remove or replace these values.",
        )
    return array


def check_length(name: str, array: np.ndarray, axis: int, expected: int, reason: str) -> np.ndarray:
    """Return ``array`` if it has ``expected`` entries along ``axis``; ``reason`` says why it must."""
    if array.shape[axis] != expected:
        raise ShapeError(
            name,
            allowed=f"{expected} long along axis {axis % array.ndim}, {reason}",
            got=f"shape {array.shape}",
            remedy="Pass arrays that belong together.",
        )
    return array


def check_increasing(name: str, array: np.ndarray) -> np.ndarray:
    """Return a one-dimensional array if every value is larger than the one before."""
    if np.any(np.diff(array) <= 0):
        raise DataError(
            name,
            allowed="increasing, each value larger than the one before",
            got="values that are not",
            remedy=f"Sort {name}, and what belongs to it, and remove duplicates.",
        )
    return array


def check_names(name: str, value: Sequence[str] | str | None, n: int, default: str) -> list[str]:
    """Return ``n`` names; without any, ``default`` followed by 1, 2, … (or alone, for a single thing)."""
    if value is None:
        return [default] if n == 1 else [f"{default} {index}" for index in range(1, n + 1)]
    names = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(each, str) for each in names):
        raise ArgumentTypeError(
            name, allowed="a sequence of names", got=repr(value), remedy="Pass text for every name."
        )
    if len(names) != n:
        raise ArgumentError(
            name, allowed=f"a sequence of {n} name(s)", got=f"{len(names)}", remedy="Name each thing once."
        )
    return names


def check_indices(name: str, value: Sequence[int] | None, n: int) -> list[int]:
    """Return indices from 0 to ``n`` − 1; all of them without any."""
    if value is None:
        return list(range(n))
    indices = np.asarray(list(value))
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or not len(indices):
        raise ArgumentTypeError(
            name, allowed="a sequence of integers", got=repr(value), remedy="Count from 0."
        )
    if indices.min() < 0 or indices.max() >= n:
        raise ArgumentError(
            name, allowed=f"integers from 0 to {n - 1}", got=repr(value), remedy="Count from 0."
        )
    return [int(index) for index in indices]
