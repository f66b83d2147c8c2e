"""How much stronger a unit responds to motion one way than the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lamina._checks import check_real
from lamina.errors import DataError, ShapeError

PEAK_PERCENTILE = 99.5
"""The peak of a response is this percentile over time, so that a single sample does not decide."""


def peak_response(response: ArrayLike, percentile: float = PEAK_PERCENTILE, axis: int = 0) -> np.ndarray:
    r"""Return the peak of a rectified response over time.

    .. math:: P = Q_{99.5}\left(\max(z_t, 0)\right)

    Parameters
    ----------
    response
        ``(time, ...)``, finite; negative values count as 0.
    percentile
        Percentile over time that stands for the peak, from 0 to 100.
    axis
        The axis of time.

    Returns
    -------
    numpy.ndarray
        The shape of ``response`` without ``axis``; at least 0.

    Raises
    ------
    DataError
        If ``response`` is empty, or holds NaN or infinities.
    ArgumentError
        If ``percentile`` is out of range.

    Examples
    --------
    >>> float(peak_response([0.0, 2.0, -3.0], percentile=100))
    2.0
    """
    level = check_real("percentile", percentile, minimum=0.0, maximum=100.0)
    values = np.asarray(response, dtype=np.float64)
    if values.size == 0 or not np.all(np.isfinite(values)):
        raise DataError(
            "response",
            allowed="non-empty and finite",
            got="no samples" if values.size == 0 else "NaN or infinity",
            remedy="Leave out the samples before the filters' windows are whole, and those beside gaps.",
        )
    return np.asarray(np.percentile(np.maximum(values, 0.0), level, axis=axis))


def direction_selectivity_index(preferred: ArrayLike, null: ArrayLike) -> np.ndarray:
    r"""Compare the peak responses to motion in two opposite directions.

    .. math:: \mathrm{DSI} = \frac{P - N}{P + N}

    An index near 1 can be a ratio of two small numbers: give the responses themselves beside it.

    Parameters
    ----------
    preferred, null
        Peak responses (`peak_response`) to motion one way and the other, at least 0; they broadcast.

    Returns
    -------
    numpy.ndarray
        From -1 to 1; 0 where both responses are 0.

    Raises
    ------
    DataError
        If a response is negative, NaN or infinite.
    ShapeError
        If the shapes do not broadcast.

    Notes
    -----
    The measure of Qin et al. (2025), Fig. 5, on rectified responses to patterns with both ON and OFF edges: a
    linear unit of odd symmetry prefers one direction for ON edges and the other for OFF edges, and is not
    direction selective.

    Examples
    --------
    >>> float(direction_selectivity_index(0.5, 0.25))
    0.3333333333333333
    """
    peaks = []
    for name, value in (("preferred", preferred), ("null", null)):
        peak = np.asarray(value, dtype=np.float64)
        if not np.all(np.isfinite(peak)) or np.any(peak < 0):
            raise DataError(
                name,
                allowed="finite and at least 0",
                got=f"a smallest value of {np.min(peak):.4g}",
                remedy="Pass peak responses after rectification.",
            )
        peaks.append(peak)
    try:
        p, n = np.broadcast_arrays(*peaks)
    except ValueError as error:
        raise ShapeError(
            "null",
            allowed=f"of a shape that broadcasts with {peaks[0].shape}",
            got=f"shape {peaks[1].shape}",
            remedy="Compare the same units in both directions.",
        ) from error
    total = p + n
    return np.divide(p - n, total, out=np.zeros_like(total), where=total > 0)
