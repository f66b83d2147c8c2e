"""The inverse square root of a covariance matrix, as a whitening map with an honest rank."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np
from jaxtyping import Float

from lamina._checks import check_readable, check_real
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.typing import Array, Covariance

# eps of the largest eigenvalue: where channels depend on each other, the rounding of moments left up to 11.8
# in place of zero, in 12000 moment matrices of 2 to 12 dimensions; with more dimensions d is ample
_ROUNDING = 12

# relative to the largest eigenvalue: far above the rounding of float32 covariances, far below what becomes of
# covariances whose entries come from different samples
_NEGATIVE = 1e-5


def inverse_sqrt(covariance: Array, rcond: float | None = None) -> tuple[Array, int]:
    r"""Whitening map of a covariance matrix on the directions that the data really have.

    .. math:: W = \Lambda_k^{-1/2} Q_k^\top D^{-1}, \qquad D^{-1} C D^{-1} = Q \Lambda Q^\top, \qquad
              D = \mathrm{diag}(C)^{1/2}, \qquad W C W^\top = I_k

    The matrix is brought to unit diagonal first, so that a channel of scale 1e-8 beside one of scale 1e8
    counts as much as any other. Eigenvalues at or below ``rcond`` times the largest are dropped; ``k`` counts
    those that stay. Where none is dropped, :math:`W = R\, C^{-1/2}` for some rotation ``R``, which a singular
    value decomposition of :math:`W_f C_{fp} W_p^\top` absorbs.

    Parameters
    ----------
    covariance
        Symmetric positive semi-definite matrix, shape ``(d, d)``, any real floating dtype.
    rcond
        Relative cut-off of the eigenvalues, from 0 to 1; default ``eps * max(d, 12)`` of float64: in few
        dimensions the rounding of moments exceeds ``eps * d``.

    Returns
    -------
    whitening
        ``W``, shape ``(k, d)``, float64, strongest direction first.
    rank
        ``k``, the effective rank; 0 for a matrix of zeros.

    Raises
    ------
    ShapeError
        The matrix is not square.
    DataError
        It holds NaN or infinity, is not symmetric, or has a negative variance or eigenvalue.
    ArgumentError
        ``rcond`` is outside 0 to 1.

    Notes
    -----
    ReSU paper, below Eq. 5: the roots in K = C_ff^(-1/2) C_fp C_pp^(-1/2).

    Examples
    --------
    >>> import numpy as np
    >>> C = np.array([[4.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 9.0]])  # the first two are one channel
    >>> W, rank = inverse_sqrt(C)
    >>> rank
    2
    >>> np.allclose(W @ C @ W.T, np.eye(2))
    True
    """
    matrix = check_covariance("covariance", covariance)
    cutoff = check_cutoff(rcond, matrix.shape[0])
    whitening, rank, values = _whitening(matrix, cutoff)
    if bool(values[-1] < -_NEGATIVE * values[0]):
        raise DataError(
            "covariance",
            allowed="positive semi-definite",
            got=f"an eigenvalue of {to_number(values[-1]):.3g} (at unit variances)",
            remedy="Compute all entries from the same windows (LagMoments does), not each pair from its own.",
        )
    return whitening, rank


def whiten_projection(covariance: Array, rcond: float | None = None) -> tuple[Array, int]:
    """Whiten a covariance that was computed from another one, as `inverse_sqrt` does.

    Where filters undo a nearly singular covariance, rounding alone makes eigenvalues as negative as it likes;
    they count as zero here.

    Parameters
    ----------
    covariance
        Shape ``(d, d)``.
    rcond
        As for `inverse_sqrt`.

    Returns
    -------
    whitening, rank
        As from `inverse_sqrt`.
    """
    matrix = check_covariance("covariance", covariance)
    whitening, rank, _ = _whitening(matrix, check_cutoff(rcond, matrix.shape[0]))
    return whitening, rank


def check_cutoff(rcond: float | None, size: int) -> float:
    """Return the relative eigenvalue cut-off for a matrix of ``size`` rows."""
    if rcond is None:
        return max(size, _ROUNDING) * 2.0**-52
    return check_real("rcond", rcond, minimum=0, maximum=1)


def check_covariance(name: str, value: Any) -> Array:
    """Return ``value`` as a float64 covariance matrix, or say why it cannot be one."""
    matrix = check_matrix(name, value)
    xp = array_api_compat.array_namespace(matrix)
    if matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(
            name,
            allowed="a square matrix",
            got=f"shape {tuple(matrix.shape)}",
            remedy="Pass the moments of one set of variables with itself.",
        )
    # two BLAS routes to the same moments may differ in their last digits; more than that is a mistake
    if bool(xp.max(xp.abs(matrix - matrix.T)) > 1e-6 * xp.max(xp.abs(matrix))):
        raise DataError(
            name,
            allowed="symmetric",
            got="a matrix that differs from its transpose",
            remedy="Pass a covariance matrix, not a cross-covariance.",
        )
    variances = xp.linalg.diagonal(matrix)
    if bool(xp.any(variances < 0)):
        raise DataError(
            name,
            allowed="a covariance matrix, with no negative variance",
            got=f"a diagonal entry of {to_number(xp.min(variances)):.3g}",
            remedy="Compute the moments from centred data (LagMoments does).",
        )
    return matrix


def check_matrix(name: str, value: Any) -> Array:
    """Return ``value`` as a finite, non-empty float64 matrix of its own library."""
    array: Array = value
    if not array_api_compat.is_array_api_obj(value):
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ArgumentTypeError(
                name, allowed="a matrix of numbers", got=f"{type(value).__name__}", remedy="Pass an array."
            ) from error
    check_readable(name, array)
    xp = array_api_compat.array_namespace(array)
    if not xp.isdtype(array.dtype, ("bool", "integral", "real floating")):
        raise ArgumentTypeError(
            name,
            allowed="a matrix of real numbers",
            got=f"dtype {array.dtype}",
            remedy="Convert it to floating point first.",
        )
    if array.ndim != 2 or 0 in array.shape:
        raise ShapeError(
            name,
            allowed="a matrix with at least one row and one column",
            got=f"shape {tuple(array.shape)}",
            remedy="Pass a two-dimensional array.",
        )
    matrix = xp.astype(array, xp.float64)
    if not bool(xp.all(xp.isfinite(matrix))):
        raise DataError(
            name,
            allowed="finite",
            got="NaN or infinity",
            remedy="Leave gaps to LagMoments, which skips the windows that touch NaN.",
        )
    return matrix


def _whitening(matrix: Covariance, cutoff: float) -> tuple[Float[Any, "kept d"], int, Float[Any, " d"]]:
    xp = array_api_compat.array_namespace(matrix)
    variances = xp.linalg.diagonal(matrix)
    constant = variances == 0
    scales = xp.where(constant, xp.ones_like(variances), xp.sqrt(variances))
    # dividing twice keeps 1e-160 * 1e-160 from underflowing, as the product of the scales would
    correlation = matrix / scales[:, None] / scales[None, :]
    values, vectors = xp.linalg.eigh((correlation + correlation.T) / 2)
    values, vectors = xp.flip(values, axis=0), xp.flip(vectors, axis=1)
    kept = (values > cutoff * values[0]) & (values > 0)
    rank = int(xp.sum(xp.astype(kept, xp.int64)))
    # what does not vary has no part in any direction, however small its rounding might be
    vectors = xp.where(constant[:, None], xp.zeros_like(vectors), vectors)
    whitening = (vectors[:, :rank] / xp.sqrt(values[:rank])[None, :]).T / scales[None, :]
    return whitening, rank, values


def to_number(value: Array) -> float:
    """Return a single value as a float, whether or not torch records a gradient of it."""
    return float(value.detach() if array_api_compat.is_torch_array(value) else value)
