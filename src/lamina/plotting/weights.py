"""Synaptic weights beside those of the connectome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lamina.plotting.admission import as_numbers, check_length, check_names
from lamina.plotting.style import GREY, INK, PALETTE, drawing
from lamina.typing import Array

_GAP = 0.6


def plot_weights(
    weights: Array,
    ax: Axes | None = None,
    *,
    reference: Array | None = None,
    labels: Sequence[str] | None = None,
    positions: Sequence[str] = ("left", "centre", "right"),
    label: str = "learned",
    reference_label: str = "connectome",
    ylabel: str = "Relative weight",
) -> Axes:
    """Draw the weights of each input as bars, one per position, beside those of a reference.

    Parameters
    ----------
    weights
        (inputs, positions), or (seeds, inputs, positions): then bars show the mean and dots each seed.
    ax
        Where to draw; a new figure by default.
    reference
        (inputs, positions), drawn in grey; such as the connectome's.
    labels
        A name for each input; "input 1" … by default.
    positions
        A name for each position.
    label, reference_label
        What ``weights`` and ``reference`` are, for the legend.
    ylabel
        Label of the vertical axis.

    Returns
    -------
    matplotlib.axes.Axes
        Bars input by input, left to right; then those of the reference.

    Raises
    ------
    ArgumentError, ShapeError, DataError
        If the shapes or the numbers of names do not belong together.

    Examples
    --------
    >>> ax = plot_weights([[0.4, 1.3, 0.3], [0.2, -0.4, -0.1]], labels=["L1", "L3"])
    >>> [round(float(bar.get_height()), 1) for bar in ax.patches]
    [0.4, 1.3, 0.3, 0.2, -0.4, -0.1]
    """
    array = as_numbers("weights", weights, "inputs, positions", "seeds, inputs, positions")
    n_inputs, n_positions = array.shape[-2:]
    expected = None if reference is None else as_numbers("reference", reference, "inputs, positions")
    if expected is not None:
        check_length("reference", expected, 0, n_inputs, "as weights")
        check_length("reference", expected, 1, n_positions, "as weights")
    names = check_names("labels", labels, n_inputs, "input")
    position_names = check_names("positions", positions, n_positions, "position")
    at = np.arange(n_inputs)[:, None] * (n_positions + _GAP) + np.arange(n_positions)
    width = 0.8 if expected is None else 0.4
    ours = at if expected is None else at - width / 2
    mean = array if array.ndim == 2 else array.mean(axis=0)
    with drawing(ax) as on:
        shown: list[Any] = [on.bar(ours.ravel(), mean.ravel(), width, color=PALETTE[0], label=label)]
        if array.ndim == 3:
            shown.append(_seed_dots(on, ours, array, width))
        if expected is not None:
            bars = on.bar(
                (at + width / 2).ravel(),
                expected.ravel(),
                width,
                color="white",
                edgecolor=GREY,
                hatch="//////",
                label=reference_label,
            )
            shown.append(bars)
        on.axhline(0.0, color=INK, linewidth=0.6, label="_zero")
        on.spines["bottom"].set_visible(False)
        on.set_xticks(at.ravel(), labels=position_names * n_inputs)
        on.tick_params(axis="x", length=0)
        middle = at.mean(axis=1)
        groups = on.secondary_xaxis(location=0)
        groups.set_xticks(middle, labels=[f"\n{name}" for name in names])
        groups.tick_params(axis="x", length=0)
        groups.spines["bottom"].set_visible(False)
        on.set_ylabel(ylabel)
        on.legend(handles=shown)
    return on


def _seed_dots(on: Axes, at: np.ndarray, weights: np.ndarray, width: float) -> Line2D:
    spread = np.linspace(-0.3, 0.3, len(weights)) * width if len(weights) > 1 else np.zeros(1)
    (dots,) = on.plot(
        (at[None] + spread[:, None, None]).ravel(),
        weights.ravel(),
        linestyle="none",
        marker="o",
        markersize=2.0,
        color=INK,
        markeredgewidth=0,
        alpha=0.7,
        label=f"{len(weights)} seed" + "s" * (len(weights) > 1),
    )
    return dots
