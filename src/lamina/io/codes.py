"""A spike code as plain data, and back: its arguments, and what it has learned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.encoding.bens_spiker_algorithm import ALIGNMENTS
from lamina.encoding.code import SpikeCode
from lamina.encoding.registry import CODES
from lamina.encoding.scaling import Scaling
from lamina.errors import LaminaError, StateError
from lamina.io.records import Arrays, Described, NotInOrderError

_PARTS = {"class", "arguments", "parameters", "scaling", "latest_scaling", "learned"}
_FIELDS = ("minimum", "maximum", "initial", "change_mean", "change_deviation")
_REQUIRED = frozenset({"minimum", "maximum"})
_TEXTS = {"alignment_": ALIGNMENTS}
"""What learned texts can be."""

_MOST_TEXTS = 2**20


def describe_code(code: SpikeCode) -> tuple[Described, Arrays]:
    """Turn a spike code into a description, which JSON can hold, and arrays.

    Parameters
    ----------
    code
        Any code of `lamina.encoding.CODES`, fitted or not.

    Returns
    -------
    description
        Class, constructor arguments, and what was learned; null stands for arrays, and for None.
    arrays
        float64 arrays by name, such as ``arguments.threshold`` and ``scaling.minimum``.

    Raises
    ------
    StateError
        If an argument cannot be written (a generator of random numbers, say), or was changed to a value that
        the code does not take.
    """
    arrays: Arrays = {}
    kind = type(code).__name__
    arguments = {}
    for name in code.arguments:
        value = getattr(code, name)
        if isinstance(value, np.random.Generator):
            raise StateError(
                f"This {kind} cannot be saved: its {name} is a generator of random numbers, of which nobody "
                f"knows where it will stand. Give {name} as a whole number."
            )
        arguments[name] = _put(kind, f"arguments.{name}", value, arrays)
    described: Described = {
        "class": kind,
        "arguments": arguments,
        "parameters": {
            name: _put(kind, f"parameters.{name}", np.asarray(value), arrays)
            for name, value in code.parameters_.items()
        },
        "learned": {
            name: _put(kind, f"learned.{name}", getattr(code, name), arrays) for name in code.learned
        },
        "scaling": _put_scaling("scaling", code.scaling_, arrays),
        "latest_scaling": _put_scaling("latest_scaling", code._latest, arrays),
    }
    try:
        # what is written can be read
        rebuild_code(json.loads(json.dumps(described)), arrays)
    except (NotInOrderError, TypeError, ValueError) as error:
        raise StateError(f"This {kind} cannot be saved: {error}") from error
    return described, arrays


def rebuild_code(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> SpikeCode:
    """Turn what `describe_code` gave back into a spike code, after checking every part of it.

    Parameters
    ----------
    description, arrays
        As read; nothing about them is taken for granted.

    Returns
    -------
    SpikeCode
        It encodes and decodes bit by bit as the one that was described.

    Raises
    ------
    NotInOrderError
        If anything is missing, superfluous, out of range, or does not go with the rest.
    """
    named = {code.__name__: code for code in CODES}
    kind = description.get("class")
    if not isinstance(kind, str) or kind not in named:
        raise NotInOrderError(f"it holds no spike code that this lamina knows, but {str(kind)[:40]!r}")
    make = named[kind]
    if not set(description) >= _PARTS:
        raise NotInOrderError(f"its parts are not those of a {kind}")
    left = dict(arrays)
    given = _part(description, "arguments", make.arguments)
    limits = {parameter.name: parameter for parameter in make.parameters}
    arguments = {name: _take(f"arguments.{name}", given[name], left) for name in make.arguments}
    try:
        code = make(**arguments)
        found = description["parameters"]
        if not isinstance(found, dict) or not set(found) <= set(limits):
            raise NotInOrderError(f"its parameters are not those of a {kind}")
        for name, value in found.items():
            code.parameters_[name] = limits[name].check(_take(f"parameters.{name}", value, left))
        code.scaling_ = _take_scaling("scaling", description["scaling"], left)
        code._latest = _take_scaling("latest_scaling", description["latest_scaling"], left)
    except NotInOrderError:
        raise
    except (LaminaError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise NotInOrderError(f"a part of the {kind} cannot be: {error}") from error
    learned = _part(description, "learned", make.learned)
    for name in make.learned:
        setattr(code, name, _take_learned(name, learned[name], getattr(code, name), left))
    if left:
        raise NotInOrderError(f"it holds an array {min(left)[:40]!r} that no {kind} has")
    return code


def is_code(description: Mapping[str, Any]) -> bool:
    """Whether a description says that it is of a spike code."""
    return any(description.get("class") == code.__name__ for code in CODES)


def _put(kind: str, name: str, value: Any, arrays: Arrays) -> Any:
    """Return a value as JSON has it; numbers along axes go into the arrays, and null stands for them."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iuf" and value.ndim > 0:
            wide = np.asarray(value, dtype=np.float64)
            if value.dtype.kind != "f" and not np.array_equal(wide.astype(value.dtype), value):
                raise StateError(f"This {kind} cannot be saved: {name} is beyond what float64 holds exactly.")
            arrays[name] = wide
            return None
        value = value.tolist()
    if isinstance(value, tuple):
        value = list(value)
    if not isinstance(value, (str, bool, int, float, list)) and value is not None:
        raise StateError(f"This {kind} cannot be saved: {name} is a {type(value).__name__}.")
    return value


def _take(name: str, value: Any, left: dict[str, np.ndarray]) -> Any:
    if name in left:
        array = left.pop(name)
        if value is not None or array.dtype != np.float64:
            raise NotInOrderError(f"{name} is not in order")
        return array
    if isinstance(value, dict):
        raise NotInOrderError(f"{name} is not in order")
    return value


def _take_learned(name: str, value: Any, default: Any, left: dict[str, np.ndarray]) -> Any:
    found = _take(f"learned.{name}", value, left)
    if name in _TEXTS:
        try:
            texts = np.asarray(found)
        except ValueError:
            texts = np.zeros(0)
        if texts.dtype.kind != "U" or not 0 < texts.size <= _MOST_TEXTS:
            raise NotInOrderError(f"its {name} are no texts")
        if not np.isin(texts, _TEXTS[name]).all():
            raise NotInOrderError(f"its {name} are other than {' and '.join(_TEXTS[name])}")
        return texts
    if found is not None and not isinstance(found, np.ndarray):
        # a number of a single series is written as such
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise NotInOrderError(f"its {name} is no number")
        found = np.asarray(found, dtype=np.float64)
    if isinstance(default, np.ndarray) and default.dtype.kind in "iu" and found is not None:
        if not (np.abs(found) < 2.0**53).all() or (found != np.round(found)).any():
            raise NotInOrderError(f"its {name} is no whole number")
        return found.astype(default.dtype)
    return found


def _put_scaling(room: str, scaling: Scaling | None, arrays: Arrays) -> Any:
    if scaling is None:
        return None
    held = []
    for name in _FIELDS:
        value = getattr(scaling, name)
        if value is not None:
            arrays[f"{room}.{name}"] = np.asarray(value, dtype=np.float64)
            held.append(name)
    return held


def _take_scaling(room: str, held: Any, left: dict[str, np.ndarray]) -> Scaling | None:
    if held is None:
        return None
    if (
        not isinstance(held, list)
        or not all(isinstance(name, str) for name in held)
        or len(set(held)) != len(held)
        or not _REQUIRED <= set(held) <= set(_FIELDS)
    ):
        raise NotInOrderError(f"its {room.replace('_', ' ')} is not in order")
    parts = {}
    for name in held:
        array = left.pop(f"{room}.{name}", None)
        if array is None or array.dtype != np.float64:
            raise NotInOrderError(f"{room}.{name} is no float64 array")
        parts[name] = array
    shapes = {array.shape for array in parts.values() if array.size > 1}
    if len(shapes) > 1 or any(array.size == 0 for array in parts.values()):
        raise NotInOrderError(f"the parts of its {room.replace('_', ' ')} are of different shapes")
    return Scaling(**parts)


def _part(description: Mapping[str, Any], name: str, expected: tuple[str, ...]) -> Mapping[str, Any]:
    value = description[name]
    if not isinstance(value, dict) or set(value) != set(expected):
        raise NotInOrderError(f"its {name} are not those of this code")
    return value
