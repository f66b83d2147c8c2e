"""What a filter passes: its gain against frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from scipy.signal import freqz

from lamina.errors import ShapeError
from lamina.plotting.admission import check_indices, check_names
from lamina.plotting.filters import DASHES, resolve_filters, unit_names
from lamina.plotting.style import PALETTE, drawing
from lamina.resu import ReSU
from lamina.typing import Array

# points from zero frequency to half the sampling rate
_POINTS = 513


def plot_frequency_response(
    filters: ReSU | Array,
    ax: Axes | None = None,
    *,
    dt_s: float | None = None,
    units: Sequence[int] | None = None,
    labels: Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
) -> Axes:
    r"""Draw the gain of filters against frequency: how much of a sine of unit amplitude comes out.

    .. math:: \mathrm{gain}(\nu) = \Bigl|\sum_{i<m} \psi_i \, e^{-2\pi \mathrm{i} \nu i \Delta t}\Bigr|,
              \qquad 0 \le \nu \le 1 / (2 \Delta t)

    Parameters
    ----------
    filters
        (units, memory) or (units, memory, channels), newest lag first; or a fitted `lamina.ReSU`.
    ax
        Where to draw; a new figure by default.
    dt_s
        Seconds between samples, above 0; by default 1 / sampling_rate of a `lamina.ReSU` that knows it.
        Frequencies are in hertz with it, and in cycles per sample without.
    units
        Which units to draw, counted from 0; all by default.
    labels
        A name for each unit drawn; "unit 1" … by default.
    channels
        A name for each channel; "channel 1" … by default. At most 4.

    Returns
    -------
    matplotlib.axes.Axes
        One line per unit and channel, unit by unit.

    Raises
    ------
    ArgumentError, ShapeError, DataError, NotFittedError
        If the filters, the units or the names cannot be; if there are more than 4 channels; not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> ax = plot_frequency_response(
    ...     np.array([[0.5, 0.5], [0.5, -0.5]]), dt_s=0.01, labels=["mean", "change"]
    ... )
    >>> mean, change = ax.lines
    >>> float(mean.get_ydata()[0]), float(change.get_ydata()[0]), float(mean.get_xdata()[-1])
    (1.0, 0.0, 50.0)
    """
    array, dt_s = resolve_filters(filters, dt_s)
    n_channels = array.shape[2]
    if n_channels > len(DASHES):
        raise ShapeError(
            "filters",
            allowed=f"of at most {len(DASHES)} channels",
            got=f"{n_channels}",
            remedy="Draw one channel at a time: filters[:, :, [0]].",
        )
    indices = check_indices("units", units, len(array))
    names = unit_names(labels, indices)
    channel_names = check_names("channels", channels, n_channels, "channel")
    rate = 1.0 if dt_s is None else 1.0 / dt_s
    with drawing(ax) as on:
        for place, index in enumerate(indices):
            for channel, channel_name in enumerate(channel_names):
                frequencies, response = freqz(
                    array[index, :, channel], worN=_POINTS, fs=rate, include_nyquist=True
                )
                on.plot(
                    frequencies,
                    np.abs(response),
                    color=PALETTE[place % len(PALETTE)],
                    linestyle=DASHES[channel],
                    label=names[place] if n_channels == 1 else f"{names[place]}, {channel_name}",
                )
        on.set_xlim(0.0, rate / 2)
        on.set_ylim(bottom=0.0)
        on.set_xlabel("Frequency (cycles per sample)" if dt_s is None else "Frequency (Hz)")
        on.set_ylabel("Gain")
        if len(indices) * n_channels > 1 or labels is not None:
            on.legend()
    return on
