"""What arrays of numbers the functions on scenes take."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import is_torch_array

from lamina.errors import ArgumentTypeError, ShapeError


def as_real_array(name: str, value: Any, shape: str, *, even: str, source: str) -> np.ndarray:
    """Return ``value`` as an array of real numbers, of whatever dtype it has.

    Parameters
    ----------
    name
        The caller's argument.
    value
        What came.
    shape
        The shapes that are allowed, in words.
    even
        What to do about rows that differ in length.
    source
        What to pass instead of something that holds no real numbers.

    Returns
    -------
    numpy.ndarray
        Not copied where it need not be. What a masked array hides is NaN.

    Raises
    ------
    ShapeError
        If rows differ in length.
    ArgumentTypeError
        If it does not hold real numbers.
    """
    try:
        # neither a gradient nor a GPU is in the way
        array = np.asarray(value.detach().cpu() if is_torch_array(value) else value)
    except ValueError as error:
        raise ShapeError(name, allowed=shape, got="rows that differ in length", remedy=even) from error
    except TypeError as error:  # what NumPy has no dtype for, as bfloat16
        raise ArgumentTypeError(
            name,
            allowed="an array of real numbers",
            got=f"dtype {value.dtype}" if hasattr(value, "dtype") else f"a {type(value).__name__}",
            remedy="Convert it to float32 first.",
        ) from error
    if array.dtype.kind not in "fiub":
        raise ArgumentTypeError(
            name, allowed="an array of real numbers", got=f"dtype {array.dtype}", remedy=source
        )
    if np.ma.is_masked(value):
        # downstream code would read the numbers behind the mask
        return np.where(np.ma.getmaskarray(value), np.nan, array)
    return array
