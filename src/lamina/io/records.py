"""What was chosen and tested during a fit, as plain data, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from lamina.errors import LaminaError

_MOST_VALUES = 10_000

Described = dict[str, Any]
Arrays = dict[str, np.ndarray]
Record = TypeVar("Record")


class NotInOrderError(LaminaError):
    """What was read is no description of a model; says in what respect."""


@dataclass(frozen=True)
class Kind:
    """What a field may be: text, flag, count, number, a list of these, or an array with named axes."""

    type: str
    optional: bool = False
    choices: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    least: float = -math.inf
    most: float = math.inf


SELECTION = {
    "criterion": Kind("text", choices=("svc", "bic", "cv")),
    "memory": Kind("count", least=1),
    "horizon": Kind("count", least=1),
    "rank": Kind("count", least=1),
    "predictable": Kind("flag"),
    "order": Kind("count", optional=True, least=0),
    "orders": Kind("counts", optional=True, least=0),
    "order_scores": Kind("numbers", optional=True),
    "ranks": Kind("counts", optional=True, least=0),
    "rank_scores": Kind("numbers", optional=True),
    "canonical_correlations": Kind("numbers", optional=True, least=0, most=1),
    "n_samples": Kind("count", least=0),
}

SIGNIFICANCE = {
    "method": Kind("text", choices=("circular shift", "shuffled trials")),
    "singular_values": Kind("numbers", least=0),
    "null": Kind("array", axes=("surrogates", "rank"), least=0),
    "p_values": Kind("numbers", least=0, most=1),
    "threshold": Kind("numbers", least=0),
    "standard_errors": Kind("numbers", least=0),
    "n_significant": Kind("count", least=0),
    "level": Kind("number", least=0, most=1),
    "seed": Kind("count", optional=True, least=0),
}


def describe_record(record: Any, kinds: Mapping[str, Kind], room: str) -> tuple[Described, Arrays]:
    """Turn a record into what JSON can hold, and arrays.

    Parameters
    ----------
    record
        A dataclass with the fields of ``kinds``.
    kinds
        What every field is.
    room
        Arrays are named ``room.field``.

    Returns
    -------
    description, arrays
        Lists with an infinity or NaN in them hold null in its place.
    """
    described: Described = {}
    arrays: Arrays = {}
    for name, kind in kinds.items():
        value = getattr(record, name)
        if kind.type == "array" and value is not None:
            arrays[f"{room}.{name}"] = np.asarray(value, dtype=np.float64)
        else:
            described[name] = _plain(value)
    return described, arrays


def rebuild_record(
    make: type[Record], kinds: Mapping[str, Kind], described: Any, arrays: Mapping[str, np.ndarray], room: str
) -> Record:
    """Turn what `describe_record` gave back into a record, after checking every part of it.

    Parameters
    ----------
    make
        The dataclass.
    kinds
        What every field is.
    described, arrays
        As read; nothing about them is taken for granted.
    room
        Arrays are named ``room.field``.

    Returns
    -------
    Record
        With NumPy arrays.

    Raises
    ------
    NotInOrderError
        If anything is missing, superfluous, out of range, or does not go with the rest.
    """
    in_arrays = {name for name, kind in kinds.items() if kind.type == "array"}
    if not isinstance(described, dict) or set(described) != set(kinds) - in_arrays:
        raise NotInOrderError(f"its part {room!r} is not in order")
    lengths: dict[str, int] = {}
    values: dict[str, Any] = {}
    for name, kind in kinds.items():
        full = f"{room}.{name}"
        if kind.type == "array":
            values[name] = _array(full, kind, arrays.get(full), lengths)
        else:
            values[name] = _value(full, kind, described[name])
    expected = {field.name for field in fields(make)}  # type: ignore[arg-type]
    if expected != set(values):
        raise NotInOrderError(f"its part {room!r} has other fields than this lamina knows")
    return make(**values)


def as_count(name: str, value: Any, least: float = 1) -> int:
    """Return an integer of at least ``least``, or say that it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
        raise NotInOrderError(f"{name} is no count")
    return value


def as_number(name: str, value: Any) -> float:
    """Return a finite float, or say that it is none."""
    if not isinstance(value, float) or not math.isfinite(value):
        raise NotInOrderError(f"{name} is no number")
    return value


def _value(name: str, kind: Kind, value: Any) -> Any:
    if value is None and kind.optional:
        return None
    if kind.type == "count":
        return as_count(name, value, kind.least)
    if kind.type == "number" and kind.least <= as_number(name, value) <= kind.most:
        return value
    if kind.type == "flag" and isinstance(value, bool):
        return value
    if kind.type == "text" and isinstance(value, str) and value in kind.choices:
        return value
    if kind.type in ("counts", "numbers") and isinstance(value, list) and len(value) <= _MOST_VALUES:
        if kind.type == "counts":
            return np.asarray([as_count(name, item, kind.least) for item in value], dtype=np.int64)
        numbers = [math.nan if item is None else as_number(name, item) for item in value]
        if all(math.isnan(number) or kind.least <= number <= kind.most for number in numbers):
            return np.asarray(numbers, dtype=np.float64)
    raise NotInOrderError(f"{name} is not in order")


def _array(name: str, kind: Kind, array: np.ndarray | None, lengths: dict[str, int]) -> np.ndarray:
    if array is None or array.dtype != np.float64 or array.ndim != len(kind.axes):
        raise NotInOrderError(f"{name} is no float64 array of {len(kind.axes)} axes")
    for axis, length in zip(kind.axes, array.shape, strict=True):
        if lengths.setdefault(axis, length) != length or length < 1:
            raise NotInOrderError(f"{name} has another length than the arrays beside it")
    if array.min() < kind.least or array.max() > kind.most:
        raise NotInOrderError(f"{name} is out of its range")
    return array


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        items = value.tolist()
        return [None if isinstance(item, float) and not math.isfinite(item) else item for item in items]
    return value.item() if isinstance(value, np.generic) else value
