"""What the attributes of a dataset say about a recording: its sampling rate and the names of its channels.

``sampling_rate`` is a positive number, in hertz; ``channel_names`` is a list of texts, one per channel.
"""

from __future__ import annotations

import math
import numbers
from contextlib import suppress
from typing import Any

from lamina.errors import FileError
from lamina.io.lazy import refuse

RATE = "sampling_rate"
NAMES = "channel_names"


def checked_rate(source: object, value: Any) -> float:
    """Return a sampling rate in hertz, or refuse it.

    Parameters
    ----------
    source
        The path, for the message.
    value
        What the file says.

    Returns
    -------
    float
        Positive and finite.

    Raises
    ------
    FileError
        If it is not a positive number.
    """
    if not isinstance(value, bool) and isinstance(value, numbers.Real):
        with suppress(OverflowError):
            rate = float(value)
            if 0.0 < rate < math.inf:
                return rate
    raise FileError(f"cannot read {source}: its attribute {RATE!r} is no positive number of hertz")


def checked_names(source: object, value: Any, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Return the names of the channels, or refuse them.

    Parameters
    ----------
    source
        The path, for the message.
    value
        What the file says.
    shape
        Of the recording.

    Returns
    -------
    tuple of str
        One name per channel.

    Raises
    ------
    FileError
        If it is not one text per channel.
    """
    channels = shape[1] if len(shape) == 2 else 1
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        refuse(source, f"its attribute {NAMES!r} is no list of texts")
    if len(value) != channels:
        refuse(source, f"its attribute {NAMES!r} has {len(value)} name(s) for {channels} channel(s)")
    return tuple(str(name) for name in value)
