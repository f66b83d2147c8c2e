"""Canonical correlations beside what finite data invent."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lamina.errors import ArgumentTypeError, StateError
from lamina.plotting.style import GREY, PALE, PALETTE, drawing
from lamina.resu import ReSU, Significance


def plot_significance(tested: ReSU | Significance, ax: Axes | None = None) -> Axes:
    """Draw each unit's correlation with its standard error, and how far chance alone would go.

    The band reaches up to the value that chance exceeds at the level of the test (5 % by default) once the
    units before are taken out. Significant units are filled, others are hollow.

    Parameters
    ----------
    tested
        A unit on which `significance` has been called, or what that returned.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The line "mean of chance" is drawn first, then the units.

    Raises
    ------
    StateError
        The unit has not been tested.
    ArgumentTypeError
        Neither a unit nor a significance.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal(3000)
    >>> signal = np.convolve(noise, 0.8 ** np.arange(40))[:3000]
    >>> unit = ReSU(memory=4, horizon=4, rank=3).fit(signal)
    >>> ax = plot_significance(unit.significance(signal))
    >>> ax.get_legend_handles_labels()[1]
    ['chance (95 %)', 'mean of chance', 'significant', 'not significant']
    """
    found = _resolve(tested)
    units = np.arange(1, len(found.singular_values) + 1)
    leading = units <= found.n_significant
    label = f"chance ({100 * (1 - found.level):g} %)"
    with drawing(ax) as on:
        # a step per unit: nothing lies between two units
        for unit, limit in zip(units, found.threshold, strict=True):
            on.fill_between([unit - 0.4, unit + 0.4], 0.0, limit, color=PALE, linewidth=0, label=label)
            label = "_chance"
        on.plot(
            units, found.null.mean(axis=0), color=GREY, marker="_", markersize=11, linestyle="none",
            label="mean of chance",
        )  # fmt: skip
        for chosen, filled, name in ((leading, True, "significant"), (~leading, False, "not significant")):
            if chosen.any():
                on.errorbar(
                    units[chosen], found.singular_values[chosen], found.standard_errors[chosen],
                    fmt="o", color=PALETTE[0], elinewidth=1.0, capsize=2.0, label=name,
                    markerfacecolor=PALETTE[0] if filled else "white",
                )  # fmt: skip
        on.set_xlim(0.5, len(units) + 0.5)
        on.set_ylim(bottom=0.0)
        on.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
        on.set_xlabel("Unit")
        correlations = bool(np.all(found.null <= 1) and np.all(found.singular_values <= 1))
        on.set_ylabel("Canonical correlation σ" if correlations else "Singular value")
        on.legend()
    return on


def _resolve(tested: object) -> Significance:
    if isinstance(tested, ReSU):
        tested = getattr(tested, "significance_", None)
        if tested is None:
            raise StateError("This unit has not been tested. Call significance(recording) on it first.")
    if not isinstance(tested, Significance):
        raise ArgumentTypeError(
            "tested",
            allowed="a ReSU or a Significance",
            got=type(tested).__name__,
            remedy="Pass a fitted unit, or what its significance() returned.",
        )
    return tested
