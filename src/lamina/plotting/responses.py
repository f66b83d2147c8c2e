"""Responses to many stimuli, preferred beside null direction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lamina.plotting.admission import as_numbers, check_length, check_names
from lamina.plotting.style import INK, PALETTE, drawing
from lamina.typing import Array


def plot_responses_by_stimulus(
    names: Sequence[str],
    preferred: Array,
    null: Array,
    ax: Axes | None = None,
    *,
    labels: tuple[str, str] = ("preferred direction", "null direction"),
    xlabel: str = "Peak response (SD)",
) -> Axes:
    """Draw the response to each stimulus in both directions as a pair of horizontal bars.

    Parameters
    ----------
    names
        Name of each stimulus, drawn from top to bottom.
    preferred, null
        (stimuli,), or (seeds, stimuli): then bars show the mean and whiskers the least and the largest.
    ax
        Where to draw; a new figure by default.
    labels
        What the two are, for the legend.
    xlabel
        Label of the horizontal axis, with its unit.

    Returns
    -------
    matplotlib.axes.Axes
        The bars of ``preferred`` in order, then those of ``null``.

    Raises
    ------
    ArgumentError, ShapeError, DataError
        If the numbers of names and responses differ, or a response is not finite.

    Examples
    --------
    >>> ax = plot_responses_by_stimulus(["ON edge", "OFF edge"], [1.2, 0.1], [0.2, 0.0])
    >>> [float(bar.get_width()) for bar in ax.patches]
    [1.2, 0.1, 0.2, 0.0]
    """
    pairs = [
        as_numbers(name, value, "stimuli", "seeds, stimuli")
        for name, value in (("preferred", preferred), ("null", null))
    ]
    stimuli = check_names("names", names, pairs[0].shape[-1], "stimulus")
    check_length("null", pairs[1], -1, len(stimuli), "as preferred")
    legend = check_names("labels", labels, 2, "direction")
    at = np.arange(len(stimuli))
    with drawing(ax, width_in=4.6, height_in=0.8 + 0.28 * len(stimuli)) as on:
        for place, (values, label) in enumerate(zip(pairs, legend, strict=True)):
            mean = values if values.ndim == 1 else values.mean(axis=0)
            beside = at + (place - 0.5) * 0.38
            on.barh(beside, mean, 0.36, color=PALETTE[place], label=label)
            if values.ndim == 2:
                on.hlines(beside, values.min(axis=0), values.max(axis=0), color=INK, linewidth=0.8)
        on.axvline(0.0, color=INK, linewidth=0.6, label="_zero")
        on.set_yticks(at, labels=stimuli)
        on.set_ylim(len(stimuli) - 0.5, -0.5)
        on.tick_params(axis="y", length=0)
        on.spines["left"].set_visible(False)
        on.set_xlabel(xlabel)
        on.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
    return on
