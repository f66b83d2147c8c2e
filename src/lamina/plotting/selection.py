"""Scores of the orders and ranks among which "auto" chose."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_choice
from lamina.errors import ArgumentTypeError, DataError
from lamina.plotting.style import GREY, PALETTE, drawing
from lamina.resu import ReSU
from lamina.stats.selection import Selection

_LABELS = {
    "aic": "AIC per sample above its least",
    "svc": "Singular value criterion",
    "bic": "BIC per sample above its least",
    "cv": "Held-out loss above its least (nats)",
}


def plot_selection(
    selection: Selection | ReSU, ax: Axes | None = None, *, what: Literal["order", "rank"] = "rank"
) -> Axes:
    r"""Draw the score of every candidate, with a ring around the least, which was chosen.

    Parameters
    ----------
    selection
        What a fit chose, or a fitted `lamina.ReSU`, whose ``selection_`` is taken.
    ax
        Where to draw; a new figure by default.
    what
        "rank" draws the criterion at every rank: the singular value criterion on a logarithmic scale, with
        its two terms, the strongest :math:`\sigma^2` that a rank leaves out and the price
        :math:`2 s C \ln T / T` of what it takes; the others as how far they lie above their least, on a
        scale that is linear near 0 and logarithmic further up. "order" draws AIC at every autoregressive
        order, in that way too; twice the order chosen gave memory and horizon.

    Returns
    -------
    matplotlib.axes.Axes
        The first line is that of the scores.

    Raises
    ------
    ArgumentTypeError, ArgumentError, NotFittedError
        Neither a `Selection` nor a fitted unit; ``what`` is neither of the two.
    DataError
        Nothing was chosen, because it was given.

    Examples
    --------
    >>> chosen = Selection(
    ...     criterion="svc", memory=2, horizon=2, rank=1, predictable=True, order=1, orders=np.arange(3),
    ...     order_scores=np.array([0.0, -0.5, -0.49]), ranks=np.arange(3),
    ...     rank_scores=np.array([0.4, 0.03, 0.05]), canonical_correlations=np.array([0.63, 0.1]),
    ...     n_samples=500,
    ... )
    >>> plot_selection(chosen).lines[0].get_ydata().tolist()
    [0.4, 0.03, 0.05]
    """  # fmt: skip
    chosen = _resolve(selection)
    check_choice("what", what, ("rank", "order"))
    drawn = (chosen.ranks, chosen.rank_scores) if what == "rank" else (chosen.orders, chosen.order_scores)
    candidates, scores = drawn
    if candidates is None or scores is None:
        raise DataError(
            "selection",
            allowed=f"one whose {'rank' if what == 'rank' else 'memory or horizon'} was chosen",
            got="one where it was given",
            remedy="Fit with 'auto' for it, or draw the other.",
        )
    best = int(np.argmin(scores))
    with drawing(ax) as on:
        absolute = what == "rank" and chosen.criterion == "svc"
        shown = scores if absolute else scores - scores[best]
        on.plot(candidates, shown, color=PALETTE[0], marker="o", linewidth=1.0, label="score")
        on.plot(
            candidates[best],
            shown[best],
            color=PALETTE[1],
            marker="o",
            markersize=9,
            markerfacecolor="none",
            markeredgewidth=1.4,
            linestyle="none",
            clip_on=False,
            label=f"chosen: {what} {candidates[best]}" + ("" if best else ", unpredictable"),
        )
        on.set_xlabel("Rank" if what == "rank" else "Autoregressive order")
        on.set_ylabel(_LABELS[chosen.criterion if what == "rank" else "aic"])
        if absolute and chosen.canonical_correlations is not None:
            _draw_terms(on, candidates, scores, chosen.canonical_correlations)
        else:
            # a difference of 10 in an information criterion counts as decisive; below that all is linear
            near = 10.0 ** math.ceil(math.log10(10.0 / chosen.n_samples))
            on.set_yscale("symlog", linthresh=near)
            on.set_ylim(-0.1 * near, max(1.5 * float(shown.max()), near))
        on.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
        on.set_xlim(-0.04 * max(1, candidates[-1]) - 0.1, candidates[-1] * 1.04 + 0.1)
        on.legend(loc="best")
    return on


def _draw_terms(on: Axes, ranks: np.ndarray, scores: np.ndarray, correlations: np.ndarray) -> None:
    """Draw the two terms of the singular value criterion, as far as they are not 0, nor all of a score."""
    left_out = np.append(correlations**2, 0.0)
    terms = ((left_out, "--", "strongest σ² left out"), (scores - left_out, ":", "price of the rank"))
    for values, dash, label in terms:
        seen = (values > 0) & (len(ranks) > 2)
        look = {"color": GREY, "linewidth": 0.9, "marker": "o", "markersize": 1.8}
        if seen.any():
            on.plot(ranks[seen], values[seen], dash, label=label, zorder=1.5, **look)
    on.set_yscale("log")
    # far below the least score there is only rounding
    on.set_ylim(0.1 * float(scores.min()), 2.0 * float(scores.max()))


def _resolve(selection: Selection | ReSU) -> Selection:
    if isinstance(selection, Selection):
        return selection
    if not isinstance(selection, ReSU):
        raise ArgumentTypeError(
            "selection",
            allowed="a Selection or a fitted ReSU",
            got=type(selection).__name__,
            remedy="Pass a unit that was fitted with 'auto', or its selection_.",
        )
    check_is_fitted(selection)
    found = getattr(selection, "selection_", None)
    if found is None:
        raise DataError(
            "selection",
            allowed="a unit that chose something",
            got="one whose memory, horizon and rank were given",
            remedy="Fit with 'auto' for one of them.",
        )
    return found
