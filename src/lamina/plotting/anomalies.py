"""Surprise over time: the signal, its score, the threshold and the alarms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_real
from lamina.errors import ArgumentTypeError, DataError
from lamina.plotting.admission import as_numbers, check_length, check_names
from lamina.plotting.style import GREY, PALE, PALETTE, drawing
from lamina.resu.anomaly.detector import ReSUAnomaly
from lamina.typing import Array

# shares of the height that the score and the signal take, one below the other
_SCORE, _SIGNAL = 0.46, 0.5


def plot_surprise(
    detector: ReSUAnomaly,
    recording: Array,
    ax: Axes | None = None,
    *,
    anomalies: Array | None = None,
    labels: Sequence[str] | None = None,
    dt_s: float | None = None,
) -> Axes:
    """Draw a recording, the surprise of each of its samples below it, the threshold, and the alarms.

    Parameters
    ----------
    detector
        A fitted `lamina.resu.ReSUAnomaly`.
    recording
        (time,) or (time, channels), with the channels of the fit; NaN leaves a gap. Not modified.
    ax
        Where to draw; a new figure by default. The axis of surprise, which is logarithmic, is on the left,
        that of the signal on the right.
    anomalies
        (time,), not 0 where an anomaly is known to be: shaded.
    labels
        A name for each channel; no legend for a single one without.
    dt_s
        Seconds between samples, above 0; by default 1 / sampling_rate of the detector, if it knows it. Time
        is in samples otherwise.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the surprise: the first line is the score, the second the threshold, the third a mark for
        every alarm. Those of the signal follow in the figure.

    Raises
    ------
    ArgumentTypeError, NotFittedError
        ``detector`` is none, or not fitted yet.
    ShapeError, DataError, ArgumentError
        Other channels than in the fit, or another length of ``anomalies``; infinity, or no sample with a
        score; names or ``dt_s`` that cannot be.

    Examples
    --------
    >>> recording = np.sin(0.3 * np.arange(400)) + 0.1 * np.random.default_rng(0).standard_normal(400)
    >>> recording[300] += 3.0
    >>> detector = ReSUAnomaly(memory=10, horizon=5, rank=2).fit(recording[:250])
    >>> ax = plot_surprise(detector, recording)
    >>> float(ax.lines[2].get_xdata()[0])
    300.0
    """
    if not isinstance(detector, ReSUAnomaly):
        raise ArgumentTypeError(
            "detector",
            allowed="a fitted ReSUAnomaly",
            got=type(detector).__name__,
            remedy="Fit one to a recording.",
        )
    check_is_fitted(detector)
    signal = as_numbers("recording", recording, "time", "time, channels", gaps=True)
    # a copy in float64, whatever library and type the recording has
    score = np.asarray(detector.surprise(signal))
    if np.isnan(score).all():
        raise DataError(
            "recording",
            allowed=f"longer than one window of {detector.window_} samples without a gap",
            got=f"{len(score)} sample(s)",
            remedy="Give a longer recording.",
        )
    signal = signal.reshape(len(score), -1)
    names = check_names("labels", labels, signal.shape[1], "channel")
    known = None
    if anomalies is not None:
        known = check_length("anomalies", as_numbers("anomalies", anomalies, "time"), 0, len(score), "as it")
    step, unit = _step(detector, dt_s)
    time = step * np.arange(len(score))
    with drawing(ax, width_in=7.0, height_in=3.0) as on:
        above = on.twinx()
        for place, (name, trace) in enumerate(zip(names, signal.T, strict=True)):
            color = GREY if len(names) == 1 else PALETTE[(place + 2) % len(PALETTE)]
            above.plot(time, trace, color=color, linewidth=0.8, label=name)
        _stack(on, above, score, detector.threshold_, signal)
        on.plot(time, score, color=PALETTE[0], linewidth=0.9, label="surprise")
        on.axhline(detector.threshold_, color=PALETTE[1], linestyle="--", linewidth=0.9, label="threshold")
        alarms = score > detector.threshold_
        on.plot(
            time[alarms],
            np.minimum(score[alarms], on.get_ylim()[1]),
            color=PALETTE[1],
            marker="o",
            markersize=2.2,
            linestyle="none",
            label=f"alarm ({int(alarms.sum())} samples)",
        )
        for start, stop in [] if known is None else _runs(known != 0):
            edges = (time[start] - step / 2, time[stop - 1] + step / 2)
            on.axvspan(*edges, color=PALE, alpha=0.7, linewidth=0, zorder=0)
        on.margins(x=0)
        on.set_xlabel(f"Time ({unit})")
        on.set_ylabel("Surprise", y=_SCORE / 2)
        above.set_ylabel("Signal", y=1 - _SIGNAL / 2, color=GREY)
        above.tick_params(axis="y", colors=GREY, length=2.5, width=0.6)
        above.spines["right"].set(visible=True, color=GREY)
        on.legend(loc="lower left", ncols=3)
        if labels is not None or len(names) > 1:
            above.legend(loc="upper left", ncols=len(names))
    return on


def _stack(on: Axes, above: Axes, score: np.ndarray, threshold: float, signal: np.ndarray) -> None:
    """Set limits so that the score stays in the lower part of the picture and the signal in the upper."""
    known = score[score > 0]
    top = max(float(np.max(known, initial=0.0)), 2.0 * threshold) or 1.0
    # the least scores are of no interest: they would take most of a logarithmic axis
    low = min(float(np.quantile(known, 0.01)) if len(known) else top / 10, threshold / 3 or top / 10)
    decades = np.log10(top / low)
    # room for the legend below, for the signal above
    on.set_yscale("log")
    below = 0.25 * decades
    on.set_ylim(low * 10**-below, low * 10 ** ((decades + below) / _SCORE - below))
    powers = np.arange(np.ceil(np.log10(low) - below), np.floor(np.log10(top)) + 1)
    if len(powers) > 1:
        on.set_yticks(10.0**powers)
        on.minorticks_off()
    least, most = float(np.nanmin(signal)), float(np.nanmax(signal))
    height = (most - least) or 1.0
    above.set_ylim(most + 0.06 * height - 1.1 * height / _SIGNAL, most + 0.06 * height)
    ticks = MaxNLocator(nbins=4).tick_values(least, most)
    above.set_yticks([tick for tick in ticks if least - 0.1 * height <= tick <= most + 0.06 * height])


def _runs(marked: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _step(detector: ReSUAnomaly, dt_s: float | None) -> tuple[float, str]:
    if dt_s is not None:
        return check_real("dt_s", dt_s, above=0.0), "s"
    rate = detector.sampling_rate
    return (1.0, "samples") if rate is None else (1.0 / rate, "s")
