"""A rule for the sign of directions that a decomposition leaves open."""

from __future__ import annotations

from typing import Any

import array_api_compat
from jaxtyping import Float

from lamina.errors import ShapeError
from lamina.linalg.inverse_roots import check_matrix
from lamina.typing import Array

# entries this close are tied: a decomposition's own rounding must not choose between +a and -a
_TIE = 2.0**-26


def fix_signs(rows: Array, follow: Array | None = None) -> tuple[Array, Array | None]:
    r"""Flip each row so that its entry of largest magnitude is positive.

    .. math:: v_i \leftarrow s_i v_i, \quad u_i \leftarrow s_i u_i, \qquad
              s_i = \mathrm{sign}\, v_{i k}, \quad k = \arg\max_k |v_{ik}|

    Entries within a relative 1.5e-8 of the largest count as tied, and the first of them decides.

    Parameters
    ----------
    rows
        Directions, shape ``(r, d)``.
    follow
        Directions that belong to the same rows, shape ``(r, e)``; they get the same flips. Optional.

    Returns
    -------
    rows, follow
        New float64 arrays of the same shapes; ``follow`` is None if it was not given.

    Raises
    ------
    ShapeError
        ``rows`` is not a matrix, or ``follow`` has another number of rows.
    DataError
        An array holds NaN or infinity.

    Notes
    -----
    lamina's sign rule (specification, §3); the paper leaves signs open.

    Examples
    --------
    >>> import numpy as np
    >>> rows, follow = fix_signs(np.array([[1.0, -3.0], [2.0, 0.5]]), np.array([[5.0], [5.0]]))
    >>> rows.tolist(), follow.tolist()
    ([[-1.0, 3.0], [2.0, 0.5]], [[-5.0], [5.0]])
    """
    rows = check_matrix("rows", rows)
    partners: Array = None if follow is None else check_matrix("follow", follow)
    if partners is not None and partners.shape[0] != rows.shape[0]:
        raise ShapeError(
            "follow",
            allowed=f"of {rows.shape[0]} rows, as rows is",
            got=f"shape {tuple(partners.shape)}",
            remedy="Pass one partner for each row.",
        )
    signs = _signs(rows)[:, None]
    return rows * signs, None if partners is None else partners * signs


def _signs(rows: Float[Any, "r d"]) -> Float[Any, " r"]:
    xp = array_api_compat.array_namespace(rows)
    magnitudes = xp.abs(rows)
    tied = magnitudes >= (1 - _TIE) * xp.max(magnitudes, axis=1, keepdims=True)
    first = xp.argmax(xp.astype(tied, xp.int64), axis=1)
    columns = xp.arange(rows.shape[1], device=array_api_compat.device(rows))
    deciding = xp.sum(xp.where(columns[None, :] == first[:, None], rows, xp.zeros_like(rows)), axis=1)
    return xp.where(deciding < 0, -xp.ones_like(deciding), xp.ones_like(deciding))
