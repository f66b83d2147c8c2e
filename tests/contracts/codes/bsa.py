"""Ben's spiker algorithm, as its definition reads."""

import numpy as np

NAME = "bsa"
SETTINGS = [{}, {"threshold": 0.2, "filter_order": 5, "filter_cutoff": 0.1}, {"filter_order": 40}]
WORKED = [
    {
        "arguments": {},
        "signal": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5],
        "dtype": "float32",
        "spikes": [0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0],
        "decoded": [0.5, 0.5, 0.5, 0.5, 0.5, 0.824, 0.868, 0.807, 0.718, 0.619, 0.525],
        "decimals": 3,
    }
]
# the best threshold lies a little below the sum of the filter's taps, above which there is no spike
FINER = [
    {"threshold": 1.05, "filter_order": 20, "filter_cutoff": 0.05},
    {"threshold": 1.0, "filter_order": 20, "filter_cutoff": 0.05},
    {"threshold": 0.9, "filter_order": 20, "filter_cutoff": 0.05},
]


def _low_pass(order, cutoff, kind):
    """The windowed sinc of a low-pass filter: Hamming's window, and an amplitude of 1 at frequency 0."""
    place = np.arange(order + 1) - order / 2
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(order + 1) / order)
    taps = 2 * cutoff * np.sinc(2 * cutoff * place) * window
    return (taps / taps.sum()).astype(kind)


def encode(signal, minimum, maximum, threshold=0.5, filter_order=10, filter_cutoff=0.2):
    kind = signal.dtype.type
    low, high = kind(minimum), kind(maximum)
    s = [(x - low) / (high - low) for x in signal]
    h = _low_pass(filter_order, filter_cutoff, kind)
    spikes = [0] * len(s)
    for t in range(1, len(s)):
        e1 = e2 = kind(0)
        for k in range(1, len(h)):
            if t + k - 1 < len(s):
                e1 += abs(s[t + k - 1] - h[k])
                e2 += abs(s[t + k - 1])
        if e1 <= e2 - kind(threshold):
            spikes[t] = 1
            for k in range(1, len(h)):
                if t + k - 1 < len(s):
                    s[t + k - 1] -= h[k]
    return spikes


def decode(spikes, minimum, maximum, initial, threshold=0.5, filter_order=10, filter_cutoff=0.2):
    kind = spikes.dtype.type
    low, high = kind(minimum), kind(maximum)
    h = _low_pass(filter_order, filter_cutoff, kind)
    half = len(h) // 2
    padded = [kind(0)] * half + list(spikes) + [kind(0)] * half
    decoded = [kind(0)] * len(spikes)
    for t in range(half, len(spikes)):
        for j in range(len(h)):
            decoded[t] += padded[t + j - half + 1] * h[j]
    return [low + x * (high - low) for x in decoded]
