"""Which scaling a code uses for the channels at hand, and what it says of values beyond it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from lamina.encoding.parameters import spread
from lamina.encoding.scaling import ChannelScaling, Scaling
from lamina.encoding.signals import Channels, admit_numbers, channel_label
from lamina.errors import ArgumentTypeError, OutOfRangeWarning


def own_scaling(channels: Channels, *, interval: bool, changes: bool) -> tuple[Scaling, ChannelScaling]:
    """Measure the channels themselves; with ``interval``, none may be constant."""
    scaling = Scaling.of_channels(channels, changes=changes)
    ranges = scaling.per_channel(channels.leading)
    if interval:
        ranges.check_spread("signal", channels.dtype)
    return scaling, ranges


def given_scaling(channels: Channels, scaling: Scaling, *, interval: bool) -> ChannelScaling:
    """Spread a scaling that was learned elsewhere over the channels at hand."""
    if not isinstance(scaling, Scaling):
        raise ArgumentTypeError(
            "scaling",
            allowed="a lamina.encoding.Scaling",
            got=f"a {type(scaling).__name__}",
            remedy="Keep the scaling_ of a fitted code, or make one: Scaling(minimum=..., maximum=...).",
        )
    ranges = scaling.per_channel(channels.leading)
    if interval:
        ranges.check_spread("scaling", channels.dtype)
    return ranges


def report_outside(channels: Channels, ranges: ChannelScaling, outside: str) -> bool:
    """Warn once if values lie outside the range, and return whether any do."""
    low, high = channels.extremes()
    # the limits in the signal's own type, in which they may be the signal's own extremes
    least, most = ranges.limits(low.dtype)
    wrong = (low < least) | (high > most)
    if not np.count_nonzero(wrong):
        return False
    channel = int(np.flatnonzero(wrong)[0])
    done = "are clipped to it" if outside == "clip" else "are used as they are"
    warnings.warn(
        f"{int(wrong.sum())} channel(s) have values outside the fitted range, which {done}: "
        f"{low[channel]:.6g} to {high[channel]:.6g} {channel_label(channel, channels.leading)}, fitted to "
        f"{ranges.minimum[channel]:.6g} to {ranges.maximum[channel]:.6g}. Fit the code to a signal that "
        "covers the range, or give its Scaling.",
        OutOfRangeWarning,
        stacklevel=4,
    )
    return True


def first_values(given: Any, leading: tuple[int, ...], known: np.ndarray | None) -> np.ndarray | None:
    """Return each channel's first value, in the signal's units: as given, else as known, else None."""
    if given is None:
        return known
    return spread("initial_value", admit_numbers("initial_value", given), leading)
