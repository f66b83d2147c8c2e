"""Spikes where a signal changes by more than a threshold from one sample to the next."""

from __future__ import annotations

import numpy as np

from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Values
from lamina.encoding.parameters import in_type
from lamina.typing import Array


def start_changes(channels: int, dtype: np.dtype) -> Values:
    """Return the state before the first sample, which has no change and so no spike."""
    return {"previous": np.zeros(channels, dtype), "started": np.zeros(channels, np.bool_)}


def encode_changes(signal: np.ndarray, thresholds: np.ndarray, down_spike: bool, carry: Values) -> np.ndarray:
    """Return ``(2, channels, time)`` spikes where the change is above θ, or below −θ."""
    spikes = np.zeros((2, *signal.shape), signal.dtype)
    _compare.over_channels(
        signal.shape,
        signal,
        in_type(thresholds, signal.dtype),
        down_spike,
        carry["previous"],
        carry["started"],
        spikes,
    )
    return spikes


def encode_changes_tensor(signal: Array, thresholds: np.ndarray, down_spike: bool) -> Array:
    """Return what `encode_changes` does, of a tensor."""
    kind = np.dtype(str(signal.dtype).removeprefix("torch."))
    threshold = signal.new_tensor(in_type(thresholds, kind))[:, None]
    spikes = signal.new_zeros((2, *signal.shape))
    change = signal[:, 1:] - signal[:, :-1]
    spikes[0, :, 1:] = change > threshold
    if down_spike:
        spikes[1, :, 1:].masked_fill_(change < -threshold, -1)
    return spikes


@kernel
def _compare(
    first: int,
    last: int,
    signal: np.ndarray,
    thresholds: np.ndarray,
    down_spike: bool,
    previous: np.ndarray,
    started: np.ndarray,
    spikes: np.ndarray,
) -> None:
    for c in range(first, last):
        threshold = thresholds[c]
        before = previous[c] if started[c] else signal[c, 0]
        started[c] = True
        for t in range(signal.shape[1]):
            change = signal[c, t] - before
            before = signal[c, t]
            if change > threshold:
                spikes[0, c, t] = 1
            elif down_spike and change < -threshold:
                spikes[1, c, t] = -1
        previous[c] = before
