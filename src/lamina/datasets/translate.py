"""What a grid of photoreceptors sees while a scene translates over it, in any direction."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.datasets.arrays import as_real_array
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.linalg.directions import unit_vector
from lamina.typing import GridMovie, Scene


class PhotoreceptorGrid(Protocol):
    """What `translate` needs to know of a retina; `lamina.simulate.GridRetina` has it."""

    @property
    def azimuths_deg(self) -> np.ndarray:
        """Directions in which the columns look, ascending, in degrees."""
        ...

    @property
    def elevations_deg(self) -> np.ndarray:
        """Directions in which the rows look, from the top, descending, in degrees."""
        ...

    @property
    def dt_s(self) -> float:
        """Time between samples, in seconds."""
        ...


def translate(
    contrast: Scene,
    degrees_per_pixel: float,
    retina: PhotoreceptorGrid,
    speed_deg_per_s: float,
    direction_deg: float,
    *,
    n_samples: int | None = None,
    centre_deg: tuple[float, float] = (0.0, 0.0),
) -> GridMovie:
    r"""Move a scene over a grid of photoreceptors, in a straight line.

    .. math:: y_{t,i,j} = c\left(x_j + x_0 - v\, t\, \Delta t \cos\theta,\;
              y_i + y_0 - v\, t\, \Delta t \sin\theta\right)

    A direction of 0 degrees moves the scene to the right, 90 degrees moves it up; rows are counted from the
    top. Values between pixels are interpolated linearly along both axes. Time runs around the middle of the
    movie, so that ``direction_deg + 180`` gives the reverse in time.

    Parameters
    ----------
    contrast
        ``(rows, columns)``, finite; a scene already blurred by the acceptance function, as from
        `natural_contrast`. The retina's own acceptance function is not applied again.
    degrees_per_pixel
        Visual angle between neighbouring pixels of the scene, in degrees, above 0.
    retina
        A `lamina.simulate.GridRetina`, or anything with its ``azimuths_deg``, ``elevations_deg`` and
        ``dt_s``.
    speed_deg_per_s
        Speed of the scene over the retina, in degrees per second, above 0.
    direction_deg
        Direction in which the scene moves, in degrees.
    n_samples
        Length of the movie, at least 2. Default: as long as the retina stays within the scene.
    centre_deg
        Which point of the scene the middle of the retina sees in the middle of the movie, in degrees to the
        right of and above the middle of the scene.

    Returns
    -------
    GridMovie
        ``(time, rows, columns)`` float64.

    Raises
    ------
    ShapeError
        If ``contrast`` does not have two axes, of at least two pixels each.
    DataError
        If ``contrast`` holds NaN or infinities.
    ArgumentError
        If the retina would leave the scene: it is too wide, too far from the middle, or the movie too long;
        if the speed is so high that two samples do not fit, or a value is out of range.
    ArgumentTypeError
        If ``contrast`` does not hold real numbers, or ``retina`` is none.

    Notes
    -----
    The stimulus of Qin et al. (2025), Figs. 4 and 5, on a grid; `scan` is that of a row.

    Examples
    --------
    >>> from lamina.simulate import GridRetina
    >>> ramp = np.arange(5.0)[:, None] + np.zeros(5)  # 0 in the top row, 4 in the lowest
    >>> retina = GridRetina(n_rows=2, n_columns=1, spacing_deg=1.0, dt_s=0.5)
    >>> translate(ramp, 1.0, retina, speed_deg_per_s=2.0, direction_deg=90.0)[..., 0]
    array([[0., 1.],
           [1., 2.],
           [2., 3.],
           [3., 4.]])
    """
    scene = _check_scene(contrast)
    spacing = check_real("degrees_per_pixel", degrees_per_pixel, above=0.0)
    speed = check_real("speed_deg_per_s", speed_deg_per_s, above=0.0)
    azimuths, elevations, interval = _sampling(retina)
    across, up = _centre(centre_deg)
    right, upwards = unit_vector(direction_deg)
    # pixels of the scene, rows downwards; the retina moves against the scene
    middle = [(size - 1) / 2 for size in scene.shape]
    rows = middle[0] - (up + elevations) / spacing
    columns = middle[1] + (across + azimuths) / spacing
    step = np.array([upwards, -right]) * speed * interval / spacing
    room = _room(scene.shape, rows, columns, step)
    longest = int(np.floor(2 * room * (1 + 4 * np.finfo(np.float64).eps))) + 1 if room >= 0 else 0
    length = longest if n_samples is None else check_integer("n_samples", n_samples, minimum=2)
    if length > longest or length < 2:
        raise _leaves(length, longest, n_samples is None)
    time = np.arange(length) - (length - 1) / 2
    return _interpolate(scene, rows + time[:, None] * step[0], columns + time[:, None] * step[1])


def _room(shape: tuple[int, ...], rows: np.ndarray, columns: np.ndarray, step: np.ndarray) -> float:
    """Count the samples either way from the middle until the retina meets the edge; negative if outside."""
    steps = []
    for size, places, move in zip(shape, (rows, columns), step, strict=True):
        margin = min(places.min(), size - 1 - places.max())
        if margin < -1e-9 * size:
            return -1.0
        if move != 0:
            steps.append(max(margin, 0.0) / abs(move))
    return min(steps)


def _leaves(length: int, longest: int, free: bool) -> ArgumentError:
    if longest < 1:
        return ArgumentError(
            "retina",
            allowed="within the scene when the movie is half over",
            got="one that reaches beyond it",
            remedy="Use fewer photoreceptors, a smaller spacing, another centre_deg or a larger scene.",
        )
    if free:
        return ArgumentError(
            "speed_deg_per_s",
            allowed="low enough for two samples within the scene",
            got="one whose first step leaves it",
            remedy="Lower the speed or retina.dt_s, or choose another centre_deg.",
        )
    return ArgumentError(
        "n_samples",
        allowed=f"at most {longest}, for the retina to stay within the scene",
        got=str(length),
        remedy="Ask for a shorter movie, or leave n_samples out.",
    )


def _interpolate(scene: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Read a scene at ``rows`` (time, rows) and ``columns`` (time, columns), linearly along both axes."""
    top, below = _neighbours(rows, scene.shape[0])
    left, beside = _neighbours(columns, scene.shape[1])
    top, below = top[:, :, None], below[:, :, None]
    left, beside = left[:, None, :], beside[:, None, :]
    upper = scene[top, left] * (1 - beside) + scene[top, left + 1] * beside
    lower = scene[top + 1, left] * (1 - beside) + scene[top + 1, left + 1] * beside
    return upper * (1 - below) + lower * below


def _neighbours(places: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    first = np.clip(np.floor(places).astype(np.int64), 0, size - 2)
    return first, np.clip(places - first, 0.0, 1.0)


def _centre(centre_deg: tuple[float, float]) -> tuple[float, float]:
    if not isinstance(centre_deg, (tuple, list)) or len(centre_deg) != 2:
        raise ArgumentTypeError(
            "centre_deg",
            allowed="two numbers: degrees to the right and up",
            got=repr(centre_deg),
            remedy="Write (0.0, 0.0) for the middle of the scene.",
        )
    across, up = (check_real(f"centre_deg[{place}]", each) for place, each in enumerate(centre_deg))
    return across, up


def _sampling(retina: PhotoreceptorGrid) -> tuple[np.ndarray, np.ndarray, float]:
    try:
        azimuths = np.asarray(retina.azimuths_deg, dtype=np.float64)
        elevations = np.asarray(retina.elevations_deg, dtype=np.float64)
        interval = check_real("retina.dt_s", retina.dt_s, above=0.0)
    except AttributeError as error:
        raise ArgumentTypeError(
            "retina",
            allowed="a retina, with azimuths_deg, elevations_deg and dt_s",
            got=type(retina).__name__,
            remedy="Make one with lamina.simulate.GridRetina(n_rows, n_columns).",
        ) from error
    for name, places in (("azimuths_deg", azimuths), ("elevations_deg", elevations)):
        if places.ndim != 1 or places.size == 0 or not np.isfinite(places).all():
            raise ArgumentError(
                f"retina.{name}",
                allowed="at least one direction in a row, finite",
                got=f"{places.size} of shape {places.shape}",
                remedy="Make a retina with lamina.simulate.GridRetina(n_rows, n_columns).",
            )
    return azimuths, elevations, interval


def _check_scene(contrast: Scene) -> np.ndarray:
    scene = as_real_array(
        "contrast",
        contrast,
        "of shape (rows, columns)",
        even="Pass one scene at a time.",
        source="Pass the result of natural_contrast.",
    )
    if scene.ndim != 2 or min(scene.shape) < 2:
        raise ShapeError(
            "contrast",
            allowed="of shape (rows, columns), at least 2 x 2",
            got=f"shape {scene.shape}",
            remedy="Pass one scene at a time.",
        )
    scene = scene.astype(np.float64)
    unusable = int(np.sum(~np.isfinite(scene)))
    if unusable:
        raise DataError(
            "contrast",
            allowed="finite",
            got=f"{unusable} value(s) that are NaN or infinite",
            remedy="Cut out the part that holds them.",
        )
    return scene
