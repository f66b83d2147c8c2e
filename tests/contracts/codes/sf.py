"""Step-forward, as its definition reads."""

import numpy as np

NAME = "sf"
SETTINGS = [{}, {"threshold": 0.1}, {"threshold": 0.3, "down_spike": False}]
WORKED = [
    {
        "arguments": {"threshold": 0.1},
        "signal": [0.1, 0.3, 0.2, 0.4, 0.8, 0.6, 0.7, 0.9, 0.5, 0.3, 0.2],
        "dtype": "float32",
        "spikes": [[0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1]],
        "decoded": [0, 0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.5, 0.4, 0.3],
        "decimals": 6,
    }
]
FINER = [{"threshold": 0.4}, {"threshold": 0.1}, {"threshold": 0.025}]


def encode(signal, minimum, maximum, threshold=0.5, down_spike=True):
    theta = signal.dtype.type(threshold)
    base = signal[0]
    ups, downs = [0], [0]
    for x in signal[1:]:
        up = x > base + theta
        down = down_spike and x < base - theta
        if up:
            base = base + theta
        elif down:
            base = base - theta
        ups.append(int(up))
        downs.append(-int(down))
    return [ups, downs]


def decode(spikes, minimum, maximum, initial, threshold=0.5, down_spike=True):
    kind = spikes.dtype.type
    level = kind(0) if initial is None else kind(initial)
    decoded = [level]
    for up, down in zip(spikes[0][1:], spikes[1][1:], strict=True):
        level = level + kind(threshold) * (up + down)
        decoded.append(level)
    return np.array(decoded).tolist()
