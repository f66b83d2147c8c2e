"""Tuning over temporal frequency and spatial wavelength."""

from __future__ import annotations

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from lamina._checks import check_choice
from lamina.errors import DataError
from lamina.plotting.admission import as_numbers, check_increasing, check_length
from lamina.plotting.style import PALE, color_bar, drawing
from lamina.typing import Array


def plot_tuning_map(
    temporal_frequencies_hz: Array,
    wavelengths_deg: Array,
    values: Array,
    ax: Axes | None = None,
    *,
    kind: Literal["index", "response"] = "index",
    label: str | None = None,
) -> Axes:
    """Draw an index or a response to gratings as colours over temporal frequency and wavelength.

    Parameters
    ----------
    temporal_frequencies_hz, wavelengths_deg
        (frequencies,) and (wavelengths,), above 0, increasing; spaced by factors on both axes.
    values
        (frequencies, wavelengths); NaN (no response, hence no index) is grey.
    ax
        Where to draw; a new figure by default.
    kind
        "index": colours from −1 to 1, white at 0. "response": from 0 to the largest value.
    label
        Of the colour bar, with its unit; "Direction selectivity index" or "Response (SD)" by default.

    Returns
    -------
    matplotlib.axes.Axes
        One mesh; its colour bar is an inset.

    Raises
    ------
    ArgumentError, ShapeError, DataError
        If the shapes do not belong together, a frequency or wavelength is not above 0, an index lies outside
        −1 … 1 or a response is negative.

    Examples
    --------
    >>> ax = plot_tuning_map([0.5, 1, 2], [10, 20], [[0.1, 0.2], [0.3, 0.9], [0.2, 0.4]])
    >>> [tick.get_text() for tick in ax.get_xticklabels()], ax.get_xlabel()
    (['0.5', '1', '2'], 'Temporal frequency (Hz)')
    """
    frequencies = _admit("temporal_frequencies_hz", temporal_frequencies_hz, "frequencies")
    wavelengths = _admit("wavelengths_deg", wavelengths_deg, "wavelengths")
    array = as_numbers("values", values, "frequencies, wavelengths", gaps=True)
    check_length("values", array, 0, len(frequencies), "as temporal_frequencies_hz")
    check_length("values", array, 1, len(wavelengths), "as wavelengths_deg")
    is_index = check_choice("kind", kind, ("index", "response")) == "index"
    low, high = (-1.0, 1.0) if is_index else (0.0, np.inf)
    outside = (array < low - 1e-9) | (array > high + 1e-9)
    if outside.any():
        raise DataError(
            "values",
            allowed="from -1 to 1 for an index" if is_index else "at least 0 for a response",
            got=f"{array[outside][0]:.4g}",
            remedy="Choose the kind that fits the values.",
        )
    if not is_index:
        high = float(np.nanmax(array, initial=0.0)) or 1.0
    with drawing(ax, height_in=2.6) as on:
        mesh = on.pcolormesh(
            _edges(frequencies),
            _edges(wavelengths),
            array.T,
            cmap="PuOr_r" if is_index else "viridis",
            vmin=low,
            vmax=high,
            linewidth=0,
            rasterized=True,
        )
        on.set_facecolor(PALE)
        on.set_xscale("log")
        on.set_yscale("log")
        on.set_xticks(frequencies, labels=[f"{value:g}" for value in frequencies])
        on.set_yticks(wavelengths, labels=[f"{value:g}" for value in wavelengths])
        on.xaxis.set_minor_locator(NullLocator())
        on.yaxis.set_minor_locator(NullLocator())
        on.set_xlabel("Temporal frequency (Hz)")
        on.set_ylabel("Wavelength (°)")
        color_bar(on, mesh, label or ("Direction selectivity index" if is_index else "Response (SD)"))
    return on


def _admit(name: str, value: Array, shape: str) -> np.ndarray:
    array = check_increasing(name, as_numbers(name, value, shape))
    if array[0] <= 0:
        raise DataError(name, allowed="above 0", got=f"{array[0]:g}", remedy="The axes are logarithmic.")
    return array


def _edges(centres: np.ndarray) -> np.ndarray:
    """Borders of cells half way, in logarithms, between their centres."""
    logs = np.log(centres)
    inner = (logs[1:] + logs[:-1]) / 2
    first = inner[0] - logs[0] if len(inner) else 0.5
    last = logs[-1] - inner[-1] if len(inner) else 0.5
    return np.exp(np.concatenate([[logs[0] - first], inner, [logs[-1] + last]]))
