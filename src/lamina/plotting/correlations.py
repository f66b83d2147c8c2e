"""Canonical correlations, direction by direction."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lamina.errors import DataError
from lamina.plotting.admission import as_numbers, check_length
from lamina.plotting.style import GREY, INK, PALE, PALETTE, drawing
from lamina.typing import Array


def plot_canonical_correlations(
    correlations: Array,
    ax: Axes | None = None,
    *,
    held_out: Array | None = None,
    null: Array | None = None,
    reference: Array | None = None,
    reference_label: str = "population",
) -> Axes:
    """Draw σ₁, σ₂, … of a fit, beside those on held-out data, those of chance, and those expected.

    Parameters
    ----------
    correlations
        (directions,), or (seeds, directions): then the mean, with a whisker from the least to the largest.
    ax
        Where to draw; a new figure by default.
    held_out
        The same on data that were not fitted, (directions,) or (seeds, directions).
    null
        Without any relation of past and future: (directions,), drawn as a line, or (draws, directions), drawn
        as a band from the 2.5th to the 97.5th percentile.
    reference
        (directions,), such as the values that infinite data would give.
    reference_label
        What ``reference`` is, for the legend.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError, ShapeError, DataError
        If a value lies outside −1 … 1 by more than rounding, or the numbers of directions differ.

    Examples
    --------
    >>> ax = plot_canonical_correlations([0.99, 0.85, 0.4], held_out=[0.98, 0.8, 0.3])
    >>> ax.get_legend_handles_labels()[1]
    ['fitted', 'held out']
    """
    fitted = _admit("correlations", correlations)
    given = {
        name: None if value is None else _admit(name, value, fitted.shape[-1])
        for name, value in (("held_out", held_out), ("null", null), ("reference", reference))
    }
    directions = np.arange(1, fitted.shape[-1] + 1)
    shift = 0.08 if held_out is not None else 0.0
    with drawing(ax) as on:
        chance = given["null"]
        if chance is not None and chance.ndim == 2:
            low, high = np.percentile(chance, [2.5, 97.5], axis=0)
            on.fill_between(directions, low, high, color=PALE, linewidth=0, label="chance (95 %)")
        elif chance is not None:
            on.plot(directions, chance, color=GREY, linestyle="--", linewidth=1.0, label="chance")
        if given["reference"] is not None:
            on.plot(
                directions,
                _mean(given["reference"]),
                color=INK,
                linestyle="none",
                marker="_",
                markersize=13,
                label=reference_label,
            )
        _points(on, directions - shift, fitted, PALETTE[0], "o", "fitted")
        if given["held_out"] is not None:
            _points(on, directions + shift, given["held_out"], PALETTE[1], "D", "held out")
        on.set_xlim(0.5, len(directions) + 0.5)
        lowest = min(float(np.min(value)) for value in [fitted, *given.values()] if value is not None)
        on.set_ylim(min(0.0, lowest) - 0.04, 1.04)
        on.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
        on.set_xlabel("Canonical direction")
        on.set_ylabel("Canonical correlation σ")
        if any(value is not None for value in given.values()):
            on.legend()
    return on


def _admit(name: str, value: Array, directions: int | None = None) -> np.ndarray:
    array = as_numbers(name, value, "directions", "seeds, directions")
    if np.abs(array).max() > 1.0 + 1e-6:
        raise DataError(
            name, allowed="correlations from -1 to 1", got=f"{array.flat[np.abs(array).argmax()]:.4g}",
            remedy="Pass canonical_correlations_, not covariances.",
        )  # fmt: skip
    if directions is not None:
        check_length(name, array, -1, directions, "as correlations")
    return array


def _mean(values: np.ndarray) -> np.ndarray:
    return values if values.ndim == 1 else values.mean(axis=0)


def _points(on: Axes, at: np.ndarray, values: np.ndarray, color: str, marker: str, label: str) -> None:
    mean = _mean(values)
    if values.ndim == 2:
        on.vlines(at, values.min(axis=0), values.max(axis=0), color=color, linewidth=1.0)
    on.plot(at, mean, color=color, marker=marker, linestyle="none", label=label)
