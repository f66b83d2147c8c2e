"""A series coloured by what speaks for its class, above the units that say so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.ticker import MaxNLocator

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentTypeError
from lamina.plotting.admission import check_names
from lamina.plotting.style import GREY, INK, PALE, PALETTE, drawing, symmetric_limit
from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.evidence import Explanation

_MOST_CHANNELS = 6
_MOST_LINES = 2
# heights of lanes; that of a channel is 1
_SERIES, _STRIP = 1.0, 0.48
_SINGLE = 1.9

# for a line: grey where nothing is said, as dark as the ends
_LINE = LinearSegmentedColormap.from_list("evidence", [PALETTE[0], "#B4B4B4", PALETTE[1]])
_BAND = LinearSegmentedColormap.from_list("evidence band", [PALETTE[0], "white", PALETTE[1]])


def plot_explanation(
    explanation: Explanation,
    ax: Axes | None = None,
    *,
    units: int = 4,
    sampling_rate: float | None = None,
    channels: Sequence[str] | None = None,
    smoothing: int | None = None,
) -> Axes:
    r"""Draw a series in the colours of what its samples say, above the units that say most.

    Orange speaks for the label, blue against it (for the class that it is compared with), and the line is the
    thicker the more it says; grey says nothing. Each strip below is a unit: its output z over time, on a
    ground in the colour of what it adds at that time, and at the right its filter, the present at its right
    end. Below its name stands what the unit adds to the score in all.

    Parameters
    ----------
    explanation
        As `lamina.resu.explain` or `lamina.resu.explain_class` returns it.
    ax
        Where to draw; a new figure by default.
    units
        Strips, ≥ 0: the units whose contributions are largest.
    sampling_rate
        Samples per second, above 0, for an axis in seconds; samples without it.
    channels
        A name for each channel; "channel 1" … by default. Of more than 6, those that say most are drawn.
    smoothing
        Samples over which colours are averaged, ≥ 1; None for a fortieth of the series.

    Returns
    -------
    matplotlib.axes.Axes
        A line for each channel, in segments; then a strip for each unit. The filters are insets.

    Raises
    ------
    ArgumentTypeError
        No explanation.
    ArgumentError
        A number or a name cannot be.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.resu.features.classifier import ReSUClassifier
    >>> from lamina.resu.features.explanation import explain
    >>> series = np.random.default_rng(0).standard_normal((40, 120))
    >>> series[20:, 60:80] += np.hanning(20) * 4
    >>> labels = np.repeat(["noise", "bump"], 20)
    >>> model = ReSUClassifier(n_features=300).fit(series, labels)
    >>> ax = plot_explanation(explain(model, series[-1]), units=2)
    >>> ax.get_title(loc="left").split("\n")[0]
    'bump, not noise'
    """
    if not isinstance(explanation, Explanation):
        raise ArgumentTypeError(
            "explanation",
            allowed="an Explanation",
            got=type(explanation).__name__,
            remedy="Pass what lamina.resu.explain returned.",
        )
    n_channels, time = explanation.series.shape
    names = check_names("channels", channels, n_channels, "channel")
    step = 1.0 if sampling_rate is None else 1.0 / check_real("sampling_rate", sampling_rate, above=0)
    width = max(1, time // 40) if smoothing is None else check_integer("smoothing", smoothing, minimum=1)
    n_units = check_integer("units", units, minimum=0)
    strips = explanation.strongest_units(n_units) if n_units else []
    said = np.abs(explanation.contributions).sum(axis=1)
    shown = sorted(np.argsort(-said, kind="stable")[:_MOST_CHANNELS].tolist())
    tall = _SINGLE if n_channels == 1 else _SERIES
    heights = [tall] * len(shown) + [_STRIP] * len(strips)
    tops = -np.concatenate([[0.0], np.cumsum(heights)])
    inches = 0.9 + 0.62 * float(sum(heights))
    with drawing(ax, width_in=5.6, height_in=inches) as on:
        smooth = np.stack([_averaged(explanation.contributions[c], width) for c in shown])
        limit = float(np.abs(smooth).max()) or 1.0
        scale = Normalize(-limit, limit)
        ticks: list[tuple[float, str]] = []
        for row, channel in enumerate(shown):
            label = None if n_channels == 1 else names[channel]
            floor = tops[row + 1] + 0.06 * tall
            ticks += _draw_series(
                on, explanation.series[channel], smooth[row], scale, step, (floor, 0.86 * tall), label
            )
        depth = max(
            (float(np.abs(_averaged(explanation.moments[unit], width)).max()) for unit in strips), default=0
        )
        for row, unit in enumerate(strips, start=len(shown)):
            lane = (tops[row + 1], _STRIP)
            ticks.append(_draw_strip(on, explanation, unit, step, lane, width, depth or 1.0))
        on.set_xlim(-0.5 * step, (time - 0.5) * step)
        on.set_ylim(tops[-1] - 0.02, 0.0)
        on.set_yticks([place for place, _ in ticks], labels=[text for _, text in ticks])
        on.set_xlabel("Time (samples)" if sampling_rate is None else "Time (s)")
        on.spines["left"].set_visible(False)
        on.tick_params(axis="y", length=0)
        whole = 0.02 - tops[-1]
        for row, unit in enumerate(strips, start=len(shown)):
            at = (tops[row + 1] - tops[-1] + 0.06) / whole, (_STRIP - 0.12) / whole
            seconds = None if sampling_rate is None else step
            _draw_filter(on, explanation.units[unit], seconds, at)
        on.set_title(_title(explanation), loc="left")
        bottom = 1.0 - tall * len(shown) / whole
        bar = Colorbar(
            on.inset_axes((1.03, bottom + 0.03, 0.025, 0.94 - bottom)), ScalarMappable(scale, _LINE)
        )
        bar.set_label("Adds, per sample")
    return on


def _averaged(values: np.ndarray, width: int) -> np.ndarray:
    """Average over neighbours, fewer of them at the ends."""
    ones = np.ones(width)
    return np.convolve(values, ones, "same") / np.convolve(np.ones(len(values)), ones, "same")


def _draw_series(
    on: Axes,
    values: np.ndarray,
    said: np.ndarray,
    scale: Normalize,
    step: float,
    lane: tuple[float, float],
    name: str | None,
) -> list[tuple[float, str]]:
    """Draw one channel in its lane (floor, height); return its ticks."""
    floor, height = lane
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    size = (high - low) or 1.0
    x = np.arange(len(values)) * step
    y = floor + (values - low) * (height / size)
    points = np.stack([x, y], axis=1)
    # a sample's colour reaches half way to its neighbours
    middles = (points[1:] + points[:-1]) / 2
    pieces = np.stack([np.vstack([points[:1], middles]), points, np.vstack([middles, points[-1:]])], axis=1)
    strength = np.abs(said) / scale.vmax if scale.vmax else np.zeros(len(said))
    lines = LineCollection(
        list(pieces),
        colors=_LINE(scale(said)),
        linewidths=0.9 + 2.6 * strength,
        capstyle="round",
        joinstyle="round",
        label=name or "series",
    )
    on.add_collection(lines)
    if name is not None:
        return [(floor + height / 2, name)]
    ticks = [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]
    return [(floor + (tick - low) * (height / size), f"{tick:g}") for tick in ticks]


def _draw_strip(
    on: Axes,
    explanation: Explanation,
    unit: int,
    step: float,
    lane: tuple[float, float],
    width: int,
    limit: float,
) -> tuple[float, str]:
    """Draw the output of a unit over what it adds; return its tick."""
    floor, height = lane[0] + 0.05, lane[1] - 0.1
    z, time = explanation.outputs[unit], explanation.outputs.shape[1]
    edges = (np.arange(time + 1) - 0.5) * step
    on.pcolormesh(
        edges,
        [floor, floor + height],
        _averaged(explanation.moments[unit], width)[None],
        cmap=_BAND,
        vmin=-limit,
        vmax=limit,
        linewidth=0,
        rasterized=True,
    )
    # where a series begins, missing history lets some outputs ring: that may leave the strip
    seen = z[~np.isnan(z)]
    low, high = np.quantile(seen, [0.03, 0.97]).tolist() if len(seen) else (0.0, 0.0)
    low, high = min(1.25 * low - 0.25 * high, 0.0), max(1.25 * high - 0.25 * low, 0.0)
    size = (high - low) or 1.0
    z = np.clip(z, low, high)
    zero = floor - low * (height / size)
    on.plot([edges[0], edges[-1]], [zero, zero], color=PALE, linewidth=0.5, label="_zero")
    on.plot(np.arange(time) * step, zero + z * (height / size), color=INK, linewidth=0.8, label="_output")
    told = explanation.unit_contributions[unit]
    return floor + height / 2, f"{explanation.units[unit].name}\n{_signed(told, 3)}"


def _draw_filter(on: Axes, unit: FeatureUnit, step: float | None, place: tuple[float, float]) -> None:
    """Draw a filter as a small shape at the right of its strip, the present at its right end."""
    inset = on.inset_axes((1.02, place[0], 0.11, place[1]))
    memory, channels = unit.filter.shape
    if channels > _MOST_LINES:
        limit = symmetric_limit(unit.filter)
        inset.imshow(
            unit.filter[::-1].T,
            cmap="PuOr_r",
            vmin=-limit,
            vmax=limit,
            aspect="auto",
            interpolation="nearest",
        )
    else:
        inset.axhline(0.0, color=PALE, linewidth=0.5)
        for channel, line in enumerate(unit.filter.T):
            color = INK if channels == 1 else PALETTE[channel]
            inset.plot(
                -np.arange(memory), line, color=color, linewidth=0.9, marker="." if memory < 3 else None
            )
        inset.margins(0.08, 0.15)
    inset.set_axis_off()
    span = (memory - 1) * unit.scale.dilation + 1
    said = f"{span} samples" if step is None else f"{span * step:.3g} s"
    on.annotate(
        said, (1.14, place[0] + place[1] / 2), xycoords="axes fraction", fontsize=6.5, color=GREY, va="center"
    )


def _title(explanation: Explanation) -> str:
    """Say what is explained, and its score as what is usual plus what the series adds."""
    name = f"target {explanation.label}"
    if explanation.against is not None:
        name = f"{explanation.label}, not {explanation.against}"
    score, base = _signed(explanation.score).lstrip("+"), _signed(explanation.base).lstrip("+")
    levels = float(explanation.level_contributions.sum())
    told = f"score {score} = {base} (usual) {_signed(explanation.score - explanation.base - levels)} (units)"
    if explanation.level_contributions.any():
        told += f" {_signed(levels)} (levels)"
    return f"{name}\n{told}"


def _signed(value: float, digits: int = 2) -> str:
    # no negative zeros, and a minus as long as a plus
    rounded = round(value, digits) + 0.0
    return f"{rounded:+.{digits}f}".replace("-", "−")
