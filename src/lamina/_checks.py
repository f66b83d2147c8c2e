"""Checks of what a caller passed in, which answer in the caller's own words.

Every function takes the argument's name first, returns the value in the form that the library computes with,
and raises an error of `lamina.errors` that names the argument, what is allowed, what came, and the remedy.
"""

from __future__ import annotations

import difflib
import math
import numbers
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import array_api_compat
import numpy as np

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.typing import Array

# values that are looked at together, so that no mask as long as a recording is needed
_BLOCK = 2**17


def _article(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _bounds(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return f" of at least {minimum}"
    return f" of at most {maximum}" if maximum is not None else ""


def check_integer(name: str, value: Any, *, minimum: int | None = None, maximum: int | None = None) -> int:
    """Return ``value`` as an ``int``; booleans and fractions are refused."""
    allowed = f"an integer{_bounds(minimum, maximum)}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise ArgumentTypeError(
            name,
            allowed=allowed,
            got=f"{value!r} ({_article(value)})",
            remedy=f"Pass {name} as a whole number.",
        )
    number = int(value)
    if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
        raise ArgumentError(
            name, allowed=allowed, got=str(number), remedy=f"Choose {name} within these limits."
        )
    return number


def check_real(
    name: str,
    value: Any,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
) -> float:
    """Return ``value`` as a finite ``float`` (``above`` is a limit that is itself excluded)."""
    if above is None:
        limits = _bounds(minimum, maximum)
    else:
        limits = f" above {above}" + (f" and of at most {maximum}" if maximum is not None else "")
    allowed = f"a finite number{limits}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise ArgumentTypeError(
            name, allowed=allowed, got=f"{value!r} ({_article(value)})", remedy=f"Pass {name} as a number."
        )
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    outside = (
        not np.isfinite(number)
        or (minimum is not None and number < minimum)
        or (maximum is not None and number > maximum)
        or (above is not None and number <= above)
    )
    if outside:
        raise ArgumentError(
            name, allowed=allowed, got=str(number), remedy=f"Choose {name} within these limits."
        )
    return number


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``choices``, or say which of them is nearest."""
    if isinstance(value, str) and value in choices:
        return value
    near = difflib.get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    remedy = f"Did you mean {near[0]!r}?" if near else f"Choose one of these for {name}."
    listed = ", ".join(repr(choice) for choice in choices)
    raise ArgumentError(name, allowed=f"one of {listed}", got=repr(value), remedy=remedy)


def check_path(name: str, value: Any) -> Path:
    """Return ``value`` as a path; bytes, numbers and open files are none."""
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else value
    if not isinstance(text, str):
        raise ArgumentTypeError(
            name,
            allowed="a path, as text or pathlib.Path",
            got=repr(value),
            remedy="Name a file or folder on the disk.",
        )
    if "\0" in text:
        raise ArgumentError(
            name,
            allowed="a path without null characters",
            got=repr(value),
            remedy="No system has such a file.",
        )
    return Path(text)


def check_seed(name: str, value: Any) -> np.random.Generator:
    """Return a generator of its own for an integer, and a ``numpy.random.Generator`` as it is."""
    if isinstance(value, np.random.Generator):
        return value
    return np.random.default_rng(check_integer(name, value, minimum=0))


def check_recording(
    name: str,
    value: Any,
    *,
    channels: int | None = None,
    minimum_samples: int = 1,
    gaps: bool = True,
    convert: bool = True,
) -> Array:
    """Return ``value`` as a floating ``(time, channels)`` array of its own library, without modifying it.

    Integers and booleans become float64, half precision float32, and what a masked array hides NaN. ``gaps``
    allows NaN, which then stands for missing samples; infinities are never allowed. Without ``convert``,
    integers and half precision stay what they are, for code that reads them a block at a time.
    """
    array = as_floating(name, value, convert)
    xp = array_api_compat.array_namespace(array)
    if array.ndim == 1:
        array = xp.reshape(array, (-1, 1))
    if array.ndim != 2:
        raise ShapeError(
            name,
            allowed="of shape (time,) or (time, channels)",
            got=f"{array.ndim} axes, shape {tuple(array.shape)}",
            remedy="Time is the first axis; pass several trials as a list of recordings.",
        )
    if array.shape[1] == 0:
        raise ShapeError(
            name,
            allowed="of at least 1 channel(s)",
            got=f"0 feature(s) (shape={tuple(array.shape)}) while a minimum of 1 is required",
            remedy="Time is the first axis and channels are the second.",
        )
    if channels is not None and array.shape[1] != channels:
        raise ShapeError(
            name,
            allowed=f"of {channels} channel(s)",
            got=f"{array.shape[1]} channel(s), shape {tuple(array.shape)}",
            remedy="Time is the first axis and channels are the second; transpose the array if need be.",
        )
    if array.shape[0] < minimum_samples:
        raise DataError(
            name,
            allowed=f"at least {minimum_samples} sample(s) long",
            got=f"{array.shape[0]} sample(s)",
            remedy="Give a longer recording, or ask for a shorter memory, horizon or gap.",
        )
    infinite, missing = _count_nonfinite(array)
    if infinite or (missing and not gaps):
        raise DataError(
            name,
            allowed="finite" + (" (NaN marks a gap)" if gaps else ""),
            got=f"{infinite} value(s) of infinity" if infinite else f"{missing} value(s) of NaN",
            remedy="Mark missing samples by NaN." if gaps else "Remove or fill these values.",
        )
    return array


def check_trials(name: str, value: Any, *, channels: int | None = None, convert: bool = True) -> list[Array]:
    """Return one recording, or a list or tuple of recordings, as a list of ``(time, channels)`` arrays.

    A list or tuple counts as several trials when its elements are arrays; nested lists of numbers are one
    recording. NaN marks a gap; ``convert`` is that of `check_recording`.
    """
    if isinstance(value, (list, tuple)) and len(value) == 0:
        raise DataError(name, allowed="at least one recording", got="an empty list", remedy="Pass some data.")
    several = isinstance(value, (list, tuple)) and count_axes(value[0]) > 0
    if not several:
        return [check_recording(name, value, channels=channels, convert=convert)]
    trials: list[Array] = []
    for index, trial in enumerate(value):
        expected = channels if not trials else trials[0].shape[1]
        label = f"{name}[{index}]"
        trials.append(check_recording(label, trial, channels=expected, convert=convert))
    return trials


def count_axes(value: Any) -> int:
    """Count the axes of an array or data frame; nested lists, and whatever else is not one, have none."""
    axes = getattr(value, "ndim", None)
    if axes is None and hasattr(value, "__array__"):
        # data frames may tell their shape only, columns of a table only their length
        axes = len(value.shape) if hasattr(value, "shape") else int(hasattr(value, "__len__"))
    return axes if isinstance(axes, int) else 0


def check_readable(name: str, array: Array) -> None:
    """Refuse arrays of torch whose values do not lie one beside the other in memory."""
    if not array_api_compat.is_torch_array(array):
        return
    device = array_api_compat.device(array).type
    if device == "meta":
        raise ArgumentTypeError(
            name,
            allowed="an array that holds values",
            got="a Tensor on the device 'meta', which has only a shape",
            remedy="Pass the data themselves, on the CPU or a GPU.",
        )
    layout = "nested" if array.is_nested else str(array.layout).removeprefix("torch.")
    if layout != "strided":
        remedy = "Pass a list of its parts, from unbind()." if layout == "nested" else "Use its to_dense()."
        raise ArgumentTypeError(
            name, allowed="a dense array", got=f"a Tensor of layout {layout}", remedy=remedy
        )


def _count_nonfinite(array: Array) -> tuple[int, int]:
    """Count the infinities and the NaN of a ``(time, channels)`` array."""
    xp = array_api_compat.array_namespace(array)
    if not xp.isdtype(array.dtype, "real floating"):
        return 0, 0
    if array_api_compat.is_torch_array(array):
        array = array.detach()
    infinite = missing = 0
    step = max(1, _BLOCK // array.shape[1])
    for start in range(0, array.shape[0], step):
        block = array[start : min(start + step, array.shape[0]), :]
        # one sum tells whether anything is wrong; finite values that overflow also end up in the closer look
        with np.errstate(over="ignore", invalid="ignore"):
            if math.isfinite(float(xp.sum(block))):
                continue
        infinite += int(xp.sum(xp.astype(xp.isinf(block), xp.int64)))
        missing += int(xp.sum(xp.astype(xp.isnan(block), xp.int64)))
    return infinite, missing


def as_floating(name: str, value: Any, convert: bool) -> Array:
    foreign = array_api_compat.is_array_api_obj(value) and not isinstance(value, (np.ndarray, np.generic))
    array: Array = value if foreign else _as_numpy(name, value)
    check_readable(name, array)
    xp = array_api_compat.array_namespace(array)
    if not convert and xp.isdtype(array.dtype, ("integral", "bool", "real floating")):
        return array
    if xp.isdtype(array.dtype, "real floating"):
        # half precision has no room for a mean and a deviation at once
        return xp.astype(array, xp.float32) if xp.finfo(array.dtype).bits < 32 else array
    if xp.isdtype(array.dtype, ("integral", "bool")):
        return xp.astype(array, xp.float64)
    raise _not_numbers(name, value, array.dtype)


def _as_numpy(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ShapeError(
            name,
            allowed="an array of numbers",
            got=f"{_article(value)} whose rows differ in length",
            remedy="Pass trials of different lengths as a list of arrays.",
        ) from error
    if array.dtype.kind not in "fiubO" or value is None:
        raise _not_numbers(name, value, array.dtype)
    if array.dtype.kind == "O" or array.dtype.itemsize > 8:
        # Python objects that are numbers, and extended precision, which LAPACK does not know
        try:
            if array.dtype.kind == "O" and hasattr(value, "isna"):
                # nothing else tells what data frames write where a nullable column has a gap
                array = np.where(np.asarray(value.isna(), dtype=np.bool_), np.nan, array)
            # what float64 cannot hold becomes infinity, which is refused by name
            with np.errstate(over="ignore"):
                array = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise _not_numbers(name, value, f"{array.dtype} ({error})") from error
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        # downstream code would read the numbers behind the mask
        array = np.where(np.ma.getmaskarray(value), np.nan, array)
    return array


def _not_numbers(name: str, value: Any, dtype: Any) -> ArgumentTypeError:
    remedy = "Convert it to floating point first."
    if "complex" in str(dtype):
        remedy = "Complex data not supported; stack real and imaginary part as channels."
    return ArgumentTypeError(
        name,
        allowed="an array of real numbers",
        got="None" if value is None else f"{_article(value)} of dtype {dtype}",
        remedy=remedy,
    )
