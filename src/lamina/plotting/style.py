"""The look of lamina's figures: colours, type and line widths, and figures that have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Literal, TypeAlias

import matplotlib.style
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentTypeError

Extend: TypeAlias = Literal["neither", "both", "min", "max"]

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
"""Colours that people with any colour vision can tell apart (Okabe and Ito 2008, without the yellow)."""

INK = "#262626"
GREY = "#767676"
PALE = "#C8C8C8"

FONT = "DejaVu Sans"
TICK_SIZE = 7.5

_OURS = "lamina"
_in_style: ContextVar[bool] = ContextVar("in_style", default=False)

_SETTINGS: dict[str, Any] = {
    "font.family": [FONT],
    "font.size": 8.0,
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.axisbelow": True,
    "xtick.labelsize": TICK_SIZE,
    "ytick.labelsize": TICK_SIZE,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.0,
    "patch.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.fontsize": TICK_SIZE,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "auto",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


@contextmanager
def style(changes: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Apply lamina's look while the block runs; matplotlib's settings are restored afterwards.

    The look starts from matplotlib's own defaults, so that a figure does not depend on anyone's matplotlibrc,
    and uses fonts that ship with matplotlib.

    Parameters
    ----------
    changes
        Settings of matplotlib (rcParams) that are to differ from the look, by name.

    Yields
    ------
    None

    Examples
    --------
    >>> import matplotlib
    >>> before = matplotlib.rcParams["axes.spines.top"]
    >>> with style({"font.size": 10.0}):
    ...     print(matplotlib.rcParams["axes.spines.top"], matplotlib.rcParams["font.size"])
    False 10.0
    >>> matplotlib.rcParams["axes.spines.top"] == before
    True
    """
    before = _in_style.set(True)
    try:
        with matplotlib.style.context(["default", _SETTINGS | dict(changes or {})]):
            yield
    finally:
        _in_style.reset(before)


def figure(
    rows: int = 1,
    columns: int = 1,
    *,
    width_in: float | None = None,
    height_in: float | None = None,
    **grid: Any,
) -> tuple[Figure, np.ndarray]:
    """Make a figure in lamina's look, with a grid of axes; pyplot never hears of it.

    Parameters
    ----------
    rows, columns
        Axes below each other and beside each other, at least 1 each.
    width_in, height_in
        Size in inches, above 0; by default 3.4 (a column of a paper) for one column of axes, else 7.0 (a
        page), and 2.4 per row.
    **grid
        More for `matplotlib.figure.Figure.subplots`: sharex, sharey, width_ratios, height_ratios.

    Returns
    -------
    tuple[Figure, numpy.ndarray]
        figure : matplotlib.figure.Figure axes : (rows, columns) array of matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        If a number or a size cannot be.

    Examples
    --------
    >>> made, axes = figure(1, 2, height_in=2.0)
    >>> axes.shape, [float(inches) for inches in made.get_size_inches()]
    ((1, 2), [7.0, 2.0])
    """
    rows = check_integer("rows", rows, minimum=1)
    columns = check_integer("columns", columns, minimum=1)
    width = (3.4 if columns == 1 else 7.0) if width_in is None else check_real("width_in", width_in, above=0)
    height = 2.4 * rows if height_in is None else check_real("height_in", height_in, above=0)
    with style():
        made = Figure(figsize=(width, height), layout="compressed")
        made.set_gid(_OURS)
        axes = made.subplots(rows, columns, squeeze=False, **grid)
        for ax in axes.flat:
            # ticks are made when they are first drawn, long after the style has gone
            ax.tick_params(
                labelsize=TICK_SIZE, labelfontfamily=FONT, length=2.5, width=0.6, color=INK, labelcolor=INK
            )
    return made, axes


@contextmanager
def drawing(
    ax: Axes | None, *, width_in: float | None = None, height_in: float | None = None
) -> Iterator[Axes]:
    """Give the axes to draw on: new ones and those of `figure` in lamina's style, others as they are."""
    if ax is not None and not isinstance(ax, Axes):
        raise ArgumentTypeError(
            "ax",
            allowed="a matplotlib Axes or None",
            got=f"{ax!r}",
            remedy="Pass one of the axes of lamina.plotting.figure(), or leave it out.",
        )
    on: Axes = figure(width_in=width_in, height_in=height_in)[1][0, 0] if ax is None else ax
    made = on.get_figure(root=True)
    ours = made is not None and made.get_gid() == _OURS
    # a caller's style({...}) around the call, with changes of their own, stays in force
    with style() if ours and not _in_style.get() else nullcontext():
        yield on


def label_panels(axes: Sequence[Axes] | np.ndarray) -> None:
    """Write a bold A, B, C … above the upper left corner of each panel, as in a paper.

    Parameters
    ----------
    axes
        Up to 26 axes, in reading order; arrays are read row by row.

    Examples
    --------
    >>> made, axes = figure(1, 2)
    >>> label_panels(axes)
    >>> [text.get_text() for text in axes[0, 1].texts]
    ['B']
    """
    for letter, ax in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", np.ravel(np.asarray(axes, object)), strict=False):
        ax.annotate(
            letter,
            xy=(0, 1),
            xytext=(-24, 8),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=11,
            fontweight="bold",
            fontfamily=FONT,
            va="bottom",
            ha="left",
        )


def mark_zero(ax: Axes) -> None:
    """Draw a thin line at zero behind everything, without a place in the legend."""
    ax.axhline(0.0, color=PALE, linewidth=0.7, zorder=0.5, label="_zero")


def symmetric_limit(values: np.ndarray) -> float:
    """Return the largest magnitude, so that a colour scale from −limit to +limit is centred on zero."""
    return float(np.nanmax(np.abs(values), initial=0.0)) or 1.0


def color_bar(ax: Axes, image: ScalarMappable, label: str, *, extend: Extend = "neither") -> Colorbar:
    """Add a colour bar as tall as the picture, whatever the picture's aspect."""
    bar = Colorbar(ax.inset_axes((1.03, 0.0, 0.045, 1.0)), image, extend=extend)
    bar.set_label(label)
    return bar
