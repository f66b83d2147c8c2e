"""Still scenes, and what a moving row of photoreceptors sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from lamina._checks import check_choice, check_real
from lamina.plotting.admission import as_numbers, check_indices
from lamina.plotting.style import PALETTE, color_bar, drawing
from lamina.typing import Array, Movie, Scene


def plot_scene(
    scene: Scene,
    ax: Axes | None = None,
    *,
    degrees_per_pixel: float | None = None,
    rows: Sequence[int] | None = None,
    kind: Literal["luminance", "contrast"] = "luminance",
) -> Axes:
    """Draw a scene as an image whose axes are angles, the rows that the eye scans marked.

    Parameters
    ----------
    scene
        (rows, columns), luminance or contrast; NaN is blank.
    ax
        Where to draw; a new figure by default.
    degrees_per_pixel
        Degrees, above 0; the axes count pixels without it.
    rows
        Rows to mark by lines, counted from 0 at the top; none by default.
    kind
        "luminance": grey from the least to the largest value. "contrast": zero is middle grey, with a
        colour bar; the 1 % of largest magnitudes share the ends of the scale.

    Returns
    -------
    matplotlib.axes.Axes
        One image, and a line per marked row.

    Raises
    ------
    ArgumentError, ShapeError, DataError
        If the scene is no image, a row is not in it, or an option cannot be.

    Examples
    --------
    >>> import numpy as np
    >>> ax = plot_scene(np.eye(4), degrees_per_pixel=0.5, rows=[0])
    >>> ax.get_xlabel(), float(ax.lines[0].get_ydata()[0])
    ('Azimuth (°)', 0.75)
    """
    array = as_numbers("scene", scene, "rows, columns", gaps=True)
    height, width = array.shape
    scale = 1.0 if degrees_per_pixel is None else check_real("degrees_per_pixel", degrees_per_pixel, above=0)
    marked = [] if rows is None or not len(rows) else check_indices("rows", rows, height)
    is_contrast = check_choice("kind", kind, ("luminance", "contrast")) == "contrast"
    if degrees_per_pixel is None:
        extent = (-0.5, width - 0.5, height - 0.5, -0.5)
        at = np.array(marked, float)
    else:
        extent = tuple(side * scale / 2 for side in (-width, width, -height, height))
        at = ((height - 1) / 2 - np.array(marked, float)) * scale
    limit = _robust_limit(array)
    with drawing(
        ax, height_in=(2.3 if is_contrast else 2.9) * min(max(height / width, 0.3), 1.5) + 0.45
    ) as on:
        image = on.imshow(
            array,
            extent=extent,
            cmap="gray",
            vmin=-limit if is_contrast else None,
            vmax=limit if is_contrast else None,
            interpolation="antialiased",
        )
        for level in at:
            on.axhline(level, color=PALETTE[1], linewidth=0.7, alpha=0.9)
        if degrees_per_pixel is None:
            on.set_xlabel("Column (pixels)")
            on.set_ylabel("Row (pixels)")
        else:
            on.set_xlabel("Azimuth (°)")
            on.set_ylabel("Elevation (°)")
        if is_contrast:
            _contrast_bar(on, image, limit, array)
    return on


def plot_movie(
    movie: Movie,
    ax: Axes | None = None,
    *,
    dt_s: float | None = None,
    spacing_deg: float | None = None,
    label: str = "Contrast",
) -> Axes:
    """Draw what a row of photoreceptors sees: time to the right, position upwards, contrast in grey.

    Parameters
    ----------
    movie
        (time, pixels); NaN is blank. What moves from left to right rises in the picture.
    ax
        Where to draw; a new figure by default.
    dt_s
        Seconds between samples, above 0; samples without it.
    spacing_deg
        Degrees between pixels, above 0, positions centred on 0; pixels, counted from 0, without it.
    label
        Of the colour bar, with its unit.

    Returns
    -------
    matplotlib.axes.Axes
        One image, (pixels, time); its colour bar is an inset.

    Raises
    ------
    ArgumentError, ShapeError, DataError
        If the movie does not have two axes, or a step is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> ax = plot_movie(np.eye(5)[:, :3], dt_s=0.01, spacing_deg=5.0)
    >>> ax.images[0].get_array().shape, ax.get_xlabel(), ax.get_ylabel()
    ((3, 5), 'Time (s)', 'Position (°)')
    """
    array = as_numbers("movie", movie, "time, pixels", gaps=True)
    samples, pixels = array.shape
    step = 1.0 if dt_s is None else check_real("dt_s", dt_s, above=0)
    spacing = 1.0 if spacing_deg is None else check_real("spacing_deg", spacing_deg, above=0)
    first = 0.0 if spacing_deg is None else -(pixels - 1) / 2 * spacing
    limit = _robust_limit(array)
    with drawing(ax, height_in=1.9) as on:
        image = on.imshow(
            array.T,
            origin="lower",
            extent=(-step / 2, (samples - 0.5) * step, first - spacing / 2, first + (pixels - 0.5) * spacing),
            aspect="auto",
            interpolation="nearest",
            cmap="gray",
            vmin=-limit,
            vmax=limit,
        )
        on.set_xlabel("Time (samples)" if dt_s is None else "Time (s)")
        on.set_ylabel("Position (pixels)" if spacing_deg is None else "Position (°)")
        _contrast_bar(on, image, limit, array, label)
    return on


def _robust_limit(values: Array) -> float:
    present = np.abs(values[np.isfinite(values)])
    return float(np.percentile(present, 99.0) or present.max()) or 1.0 if present.size else 1.0


def _contrast_bar(on: Axes, image: AxesImage, limit: float, values: Array, label: str = "Contrast") -> None:
    below, above = bool(np.any(values < -limit)), bool(np.any(values > limit))
    extend = "both" if below and above else "min" if below else "max" if above else "neither"
    color_bar(on, image, label, extend=extend)
