"""How much the past, or a projection of it, tells about the future."""

from __future__ import annotations

import math
import warnings

import array_api_compat
import numpy as np

from lamina._checks import check_choice
from lamina.errors import ArgumentTypeError, ClippedInformationWarning, DataError, ShapeError
from lamina.linalg.inverse_roots import check_covariance, check_matrix
from lamina.stats.cca import projected_correlations
from lamina.typing import Array, InformationUnit

# a correlation of 1 would carry infinite information; it counts as this instead
_LARGEST = 1 - 1e-12


def predictive_information(canonical_correlations: Array, unit: InformationUnit = "nats") -> float:
    r"""Information between past and future that the given canonical correlations stand for.

    .. math:: I = -\tfrac12 \sum_i \ln(1 - \sigma_i^2)

    Exact for Gaussian data, a lower bound for others.

    Parameters
    ----------
    canonical_correlations
        Shape ``(r,)``, each in [0, 1]. Those above 1 - 1e-12 count as 1 - 1e-12 (13.5 nats).
    unit
        "nats" or "bits".

    Returns
    -------
    float

    Warns
    -----
    ClippedInformationWarning
        A correlation was above 1 - 1e-12.

    Raises
    ------
    ShapeError
        The correlations are not one row of numbers.
    DataError
        One of them is outside [0, 1] (beyond rounding), or NaN.
    ArgumentError
        ``unit`` is neither of the two.

    Notes
    -----
    ReSU paper, Eq. 8.

    Examples
    --------
    >>> import numpy as np
    >>> round(predictive_information(np.array([0.3757, 0.2214, 0.0485])), 4)
    0.1024
    >>> round(predictive_information(np.array([np.sqrt(0.75)]), unit="bits"), 6)
    1.0
    """
    check_choice("unit", unit, ("nats", "bits"))
    values = _as_row(canonical_correlations)
    outside = ~((values >= 0) & (values <= 1 + 1e-9))
    if outside.any():
        raise DataError(
            "canonical_correlations",
            allowed="numbers from 0 to 1",
            got=f"{float(values[outside][0])!r}",
            remedy="Pass canonical correlations, not covariances or singular values of another objective.",
        )
    clipped = int((values > _LARGEST).sum())
    if clipped:
        warnings.warn(
            f"{clipped} canonical correlation(s) of 1 count as 1 - 1e-12, because their information "
            "is infinite: the future is a function of the past. Add ridge or noise for a finite answer.",
            ClippedInformationWarning,
            stacklevel=2,
        )
        values = np.minimum(values, _LARGEST)
    # near 1 the factors 1 - s and 1 + s keep all digits of s, near 0 the square does
    terms = np.where(values < 0.5, np.log1p(-(values**2)), np.log((1 - values) * (1 + values)))
    nats = -0.5 * math.fsum(terms)
    return nats / math.log(2) if unit == "bits" else nats


def projection_information(C_zz: Array, C_zf: Array, C_ff: Array, unit: InformationUnit = "nats") -> float:
    r"""Information that any linear projection z of the past keeps about the future f.

    .. math:: I(z; f) = -\tfrac12 \ln \det\!\left(I - C_{zz}^{-1/2} C_{zf} C_{ff}^{-1}
              C_{fz} C_{zz}^{-1/2}\right)

    Directions of z that do not vary add nothing.

    Parameters
    ----------
    C_zz
        Covariance of the projection, shape ``(r, r)``.
    C_zf
        Covariance of projection and future, shape ``(r, f)``.
    C_ff
        Covariance of the future, shape ``(f, f)``.
    unit
        "nats" or "bits".

    Returns
    -------
    float

    Warns
    -----
    ClippedInformationWarning
        A canonical correlation between z and f was above 1 - 1e-12.

    Raises
    ------
    ShapeError
        The shapes do not fit together.
    DataError
        A matrix holds NaN or infinity, or a covariance is not one.
    ArgumentError
        ``unit`` is neither of the two.

    Notes
    -----
    ReSU paper, Eq. 8, for a projection that need not be canonical.

    Examples
    --------
    >>> import numpy as np
    >>> information = projection_information(np.eye(1), np.array([[0.6, 0.0]]), np.eye(2))
    >>> round(information, 6), round(-0.5 * float(np.log(1 - 0.36)), 6)
    (0.223144, 0.223144)
    """
    check_choice("unit", unit, ("nats", "bits"))
    projection, future = check_covariance("C_zz", C_zz), check_covariance("C_ff", C_ff)
    cross = check_matrix("C_zf", C_zf)
    if tuple(cross.shape) != (projection.shape[0], future.shape[0]):
        raise ShapeError(
            "C_zf",
            allowed=f"of shape (projection, future) = ({projection.shape[0]}, {future.shape[0]})",
            got=f"shape {tuple(cross.shape)}",
            remedy="Transpose it if the two are swapped.",
        )
    return predictive_information(projected_correlations(projection, cross, future), unit)


def _as_row(values: Array) -> np.ndarray:
    if array_api_compat.is_torch_array(values):
        values = values.detach().cpu().numpy()
    try:
        row = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            "canonical_correlations",
            allowed="a row of numbers",
            got=type(values).__name__,
            remedy="Pass an array of shape (r,).",
        ) from error
    if row.ndim != 1:
        raise ShapeError(
            "canonical_correlations",
            allowed="of shape (r,)",
            got=f"shape {row.shape}",
            remedy="Pass one row of correlations.",
        )
    return row
