"""What a row of photoreceptors sees while it moves along the rows of a scene."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lamina._checks import check_real
from lamina.datasets.arrays import as_real_array
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.typing import Scene


class PhotoreceptorRow(Protocol):
    """What `scan` needs to know of a retina; `lamina.simulate.Retina` has it."""

    @property
    def positions_deg(self) -> np.ndarray:
        """Directions in which the pixels look, ascending, in degrees."""
        ...

    @property
    def dt_s(self) -> float:
        """Time between samples, in seconds."""
        ...


def scan(
    contrast_rows: Scene,
    degrees_per_pixel: float,
    retina: PhotoreceptorRow,
    velocity_deg_per_s: float,
    *,
    wrap: bool = False,
) -> np.ndarray:
    r"""Move a retina at constant velocity along each row of a scene.

    .. math:: y_{t,i} = c(x_0 + x_i - v\, t\, \Delta t)

    A positive velocity moves the scene from left to right over the retina: a pixel of higher index sees the
    same thing later, as with the stimuli of `lamina.simulate`. Values between columns are interpolated
    linearly, so any velocity is allowed. The scan is centred in the row, and ``-v`` gives the time reverse of
    ``v``.

    Parameters
    ----------
    contrast_rows
        ``(rows, columns)`` or ``(columns,)``, finite; a scene already blurred by the acceptance function, as
        from `natural_contrast`. The retina's own acceptance function is not applied again.
    degrees_per_pixel
        Visual angle between neighbouring columns, in degrees, above 0.
    retina
        A `lamina.simulate.Retina`, or anything with its ``positions_deg`` and ``dt_s``.
    velocity_deg_per_s
        Velocity of the scene over the retina, in degrees per second, not 0.
    wrap
        Whether the columns go all the way round, as in a full panorama. The scan then lasts one whole turn.

    Returns
    -------
    numpy.ndarray
        ``(rows, time, pixels)`` float64; one row is one trial.

    Raises
    ------
    ShapeError
        If ``contrast_rows`` does not have one or two axes.
    DataError
        If ``contrast_rows`` holds NaN or infinities.
    ArgumentError
        If the velocity is 0, or so high that two samples do not fit, if the retina is wider than the rows, or
        if the sampling is out of range.
    ArgumentTypeError
        If ``contrast_rows`` does not hold real numbers, or ``retina`` is none.

    Notes
    -----
    The stimulus of Qin et al. (2025), Figs. 2D, 4 and 5.

    Examples
    --------
    >>> from lamina.simulate import Retina
    >>> ramp = np.arange(12.0)
    >>> scan(ramp, 1.0, Retina(n_pixels=3, spacing_deg=2.0, dt_s=0.5), velocity_deg_per_s=4.0)[0]
    array([[ 6.5,  8.5, 10.5],
           [ 4.5,  6.5,  8.5],
           [ 2.5,  4.5,  6.5],
           [ 0.5,  2.5,  4.5]])
    """
    rows = _check_rows(contrast_rows)
    spacing = check_real("degrees_per_pixel", degrees_per_pixel, above=0.0)
    velocity = check_real("velocity_deg_per_s", velocity_deg_per_s)
    positions, interval = _sampling(retina)
    step = velocity * interval / spacing
    pixels = (positions - positions[0]) / spacing
    n_columns = rows.shape[1]
    if step == 0:
        raise ArgumentError(
            "velocity_deg_per_s",
            allowed="different from 0",
            got=str(velocity),
            remedy="A still scene is no stimulus.",
        )
    # nothing follows the last column to interpolate with, unless the row wraps
    travel = float(n_columns) if wrap else n_columns - 1 - pixels[-1]
    if pixels[-1] > n_columns - 1:
        raise ArgumentError(
            "retina",
            allowed=f"at most as wide as the rows ({(n_columns - 1) * spacing:.4g} degrees)",
            got=f"{pixels[-1] * spacing:.4g} degrees",
            remedy="Use fewer pixels, a smaller spacing or a wider scene.",
        )
    n_samples = _whole_steps(travel, abs(step)) + (0 if wrap else 1)
    if n_samples < 2:
        raise ArgumentError(
            "velocity_deg_per_s",
            allowed="low enough for two samples within a row",
            got=f"{velocity} (the first step leaves the row)",
            remedy="Lower the velocity or retina.dt_s.",
        )
    path = np.arange(n_samples) * abs(step)
    path += (travel - path[-1]) / 2
    if step > 0:
        path = path[::-1]
    return _interpolate(rows, path[:, None] + pixels, wrap)


def _sampling(retina: PhotoreceptorRow) -> tuple[np.ndarray, float]:
    try:
        return np.asarray(retina.positions_deg, dtype=np.float64), float(retina.dt_s)
    except AttributeError as error:
        raise ArgumentTypeError(
            "retina",
            allowed="a retina, with positions_deg and dt_s",
            got=type(retina).__name__,
            remedy="Make one with lamina.simulate.Retina(n_pixels).",
        ) from error


def _whole_steps(travel: float, step: float) -> int:
    # a row that holds a whole number of steps must not lose the last of them to rounding
    return int(np.floor(travel / step * (1 + 4 * np.finfo(np.float64).eps)))


def _interpolate(rows: np.ndarray, columns: np.ndarray, wrap: bool) -> np.ndarray:
    n_columns = rows.shape[1]
    if wrap:
        left = np.floor(columns).astype(np.int64)
        share = columns - left
        left, right = left % n_columns, (left + 1) % n_columns
    else:
        left = np.clip(np.floor(columns).astype(np.int64), 0, n_columns - 2)
        share = np.clip(columns - left, 0.0, 1.0)
        right = left + 1
    return rows[:, left] * (1 - share) + rows[:, right] * share


def _check_rows(contrast_rows: Scene) -> np.ndarray:
    rows = as_real_array(
        "contrast_rows",
        contrast_rows,
        "of shape (rows, columns) or (columns,)",
        even="Scan rows of different lengths one by one.",
        source="Pass the result of natural_contrast.",
    )
    if rows.ndim not in (1, 2) or rows.shape[-1] < 2 or rows.shape[0] == 0:
        raise ShapeError(
            "contrast_rows",
            allowed="of shape (rows, columns) or (columns,), with at least 2 columns",
            got=f"shape {rows.shape}",
            remedy="Pass one scene at a time.",
        )
    rows = np.atleast_2d(rows.astype(np.float64))
    unusable = int(np.sum(~np.isfinite(rows)))
    if unusable:
        raise DataError(
            "contrast_rows",
            allowed="finite",
            got=f"{unusable} value(s) that are NaN or infinite",
            remedy="Leave out the rows that hold them.",
        )
    return rows
