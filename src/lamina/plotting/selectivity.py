"""Direction selectivity of trained units beside that of controls."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from lamina._checks import check_real
from lamina.errors import ArgumentTypeError, DataError
from lamina.plotting.admission import as_numbers
from lamina.plotting.style import GREY, INK, PALE, PALETTE, drawing
from lamina.typing import Array


def plot_selectivity(
    groups: Mapping[str, Array],
    ax: Axes | None = None,
    *,
    null: Array | None = None,
    null_label: str = "untrained",
    percentile: float = 99.0,
    level: float | None = None,
    xlabel: str = "Direction selectivity index",
) -> Axes:
    """Draw an index for every seed as dots, a row per group, and the range that chance reaches.

    Parameters
    ----------
    groups
        Name → (seeds,) values from −1 to 1; drawn from top to bottom, the mean as a stroke.
    ax
        Where to draw; a new figure by default.
    null
        (networks,) values of untrained networks, −1 to 1, in a row of their own at the bottom. The range up
        to the ``percentile`` of their magnitudes is shaded through all rows.
    null_label
        Name of that row.
    percentile
        0 to 100, of the magnitudes of ``null``.
    level
        A value to be reached, 0 to 1, drawn as a thin line (and at −level, where values are negative).
    xlabel
        Label of the horizontal axis.

    Returns
    -------
    matplotlib.axes.Axes
        One line of dots per group, in their order, the null's last.

    Raises
    ------
    ArgumentError, ShapeError, DataError
        If there is no group, or a value lies outside −1 … 1 or is not finite.

    Examples
    --------
    >>> ax = plot_selectivity({"T4a": [0.7, 0.8], "T4b": [-0.7, -0.6]}, null=[0.1, -0.2, 0.0], level=0.6)
    >>> sorted(ax.lines[0].get_xdata().tolist()), [tick.get_text() for tick in ax.get_yticklabels()]
    ([0.7, 0.8], ['T4a', 'T4b', 'untrained'])
    """
    if not isinstance(groups, Mapping) or not groups:
        raise ArgumentTypeError(
            "groups",
            allowed="a mapping of names to values, not empty",
            got=repr(groups),
            remedy="Pass {'T4a': indices}, say.",
        )
    rows = {str(name): _admit(f"groups[{name!r}]", values) for name, values in groups.items()}
    share = check_real("percentile", percentile, minimum=0, maximum=100)
    target = None if level is None else check_real("level", level, minimum=0, maximum=1)
    untrained = None if null is None else _admit("null", null)
    everything = np.concatenate([*rows.values(), *([] if untrained is None else [untrained])])
    signed = bool(everything.min() < 0)
    with drawing(ax, width_in=4.6, height_in=0.85 + 0.3 * (len(rows) + (untrained is not None))) as on:
        if untrained is not None:
            reach = float(np.percentile(np.abs(untrained), share))
            on.axvspan(-reach if signed else 0.0, reach, color=PALE, alpha=0.4, linewidth=0, zorder=0.2)
            _above(on, reach, 3, f"{share:g} % of |{null_label}| below {reach:.2f}", GREY)
        for place, (name, values) in enumerate(rows.items()):
            _row(on, place, values, name, color=PALETTE[place % len(PALETTE)])
        if untrained is not None:
            _row(on, len(rows), untrained, null_label, color=GREY, markersize=2.0)
        names = [*rows, *([] if untrained is None else [null_label])]
        if target is not None:
            for at in (target, -target) if signed else (target,):
                on.axvline(at, color=INK, linewidth=0.7, linestyle=":", zorder=0.4, label="_level")
            _above(on, target, 12, f"{target:g}", INK)
        if signed:
            on.axvline(0.0, color=GREY, linewidth=0.6, zorder=0.4, label="_zero")
        on.set_yticks(range(len(names)), labels=names)
        on.set_ylim(len(names) - 0.45, -0.55)
        on.set_xlim(-1.03 if signed else -0.02, 1.03)
        on.tick_params(axis="y", length=0)
        on.spines["left"].set_visible(False)
        on.set_xlabel(xlabel)
    return on


def _admit(name: str, value: Array) -> np.ndarray:
    array = as_numbers(name, value, "seeds")
    if np.abs(array).max() > 1.0 + 1e-9:
        raise DataError(
            name,
            allowed="values from -1 to 1",
            got=f"{array[np.abs(array).argmax()]:.4g}",
            remedy="Pass indices (P − N) / (P + N).",
        )
    return array


def _row(on: Axes, place: int, values: np.ndarray, label: str, color: str, markersize: float = 3.5) -> None:
    on.plot(
        values,
        place + _beside_each_other(values),
        linestyle="none",
        marker="o",
        markeredgewidth=0,
        alpha=0.75,
        label=label,
        color=color,
        markersize=markersize,
    )
    on.vlines(values.mean(), place - 0.3, place + 0.3, color=INK, linewidth=1.4, zorder=4)


def _beside_each_other(values: np.ndarray, width: float = 0.02, height: float = 0.32) -> np.ndarray:
    """Offsets that keep dots of nearly equal value from lying on each other; the same on every run."""
    offsets = np.zeros(len(values))
    cells = np.round(values / width).astype(int)
    most = max(np.unique(cells, return_counts=True)[1])
    step = min(0.13, 2 * height / max(most - 1, 1))
    for cell in np.unique(cells):
        members = np.flatnonzero(cells == cell)
        offsets[members] = (np.arange(len(members)) - (len(members) - 1) / 2) * step
    return offsets


def _above(on: Axes, at: float, points: float, text: str, color: str) -> None:
    on.annotate(
        text,
        xy=(at, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, points),
        textcoords="offset points",
        ha="center",
        fontsize="small",
        color=color,
    )
