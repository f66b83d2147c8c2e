"""Sigma-delta of the first order, as its definition reads."""

import numpy as np

NAME = "sigma-delta"
SETTINGS = [{}, {"threshold": 1.7, "window": 5}, {"threshold": 0.6, "window": 400, "down_spike": False}]
# scaled: -1, 1, 0.5, 0.5, -0.25; potentials before the spikes: -1, 1, 0.5, 1, -0.25
WORKED = [
    {
        "arguments": {"window": 2},
        "signal": [0.0, 4.0, 3.0, 3.0, 1.5],
        "dtype": "float32",
        "spikes": [[0, 1, 0, 1, 0], [-1, 0, 0, 0, 0]],
        # means over weights (2, 1), (1, 2, 1) three times, and (1, 2): -1/3, 1/4, 1/2, 1/2, 1/3
        "decoded": [4 / 3, 2.5, 3.0, 3.0, 8 / 3],
        "decimals": 5,
    }
]
FINER = [{"window": 1}, {"window": 4}, {"window": 16}]


def encode(signal, minimum, maximum, threshold=1.0, window=10, down_spike=True):
    kind = signal.dtype.type
    theta, low, span = kind(threshold), kind(minimum), kind(maximum) - kind(minimum)
    v = kind(0)
    ups, downs = [], []
    for x in signal:
        s = (x - low) / span
        if down_spike:
            s = kind(2) * s - kind(1)
        v = v + s
        up = v >= theta
        down = down_spike and v <= -theta
        if up:
            v = v - theta
        elif down:
            v = v + theta
        ups.append(int(up))
        downs.append(-int(down))
    return [ups, downs]


def decode(spikes, minimum, maximum, initial, threshold=1.0, window=10, down_spike=True):
    signed = spikes[0].astype(float) + spikes[1]
    decoded = []
    for t in range(len(signed)):
        weights = np.maximum(window - np.abs(np.arange(len(signed)) - t), 0)
        s = threshold * float(weights @ signed) / float(weights.sum())
        if down_spike:
            s = (s + 1) / 2
        decoded.append(float(minimum) + s * (float(maximum) - float(minimum)))
    return decoded
