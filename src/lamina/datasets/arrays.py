"""What arrays of numbers the functions on scenes take."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        Not copied where it need not be.

    Raises
    ------
    ShapeError
        If rows differ in length.
    ArgumentTypeError
        If it does not hold real numbers.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(name, allowed=shape, got="rows that differ in length", remedy=even) from error
    if array.dtype.kind not in "fiub":
        raise ArgumentTypeError(
            name, allowed="an array of real numbers", got=f"dtype {array.dtype}", remedy=source
        )
    return array
