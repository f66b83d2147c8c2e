"""The moving window, as its definition reads."""

import numpy as np

NAME = "mw"
SETTINGS = [{}, {"threshold": 0.1, "window": 1}, {"threshold": 0.2, "window": 20, "down_spike": False}]
# the bases are 0, 0.5, 1 and 2; in the second, every sample but the first lies 0.5 from its base
WORKED = [
    {
        "arguments": {"threshold": 0.5, "window": 3},
        "signal": [0.0, 1.0, 2.0, 3.0, 1.0],
        "dtype": "float32",
        "spikes": [[0, 1, 1, 1, 0], [0, 0, 0, 0, -1]],
        "decoded": [0, 0.5, 1, 1.5, 1],
        "decimals": 6,
    },
    {
        "arguments": {"threshold": 0.5, "window": 2},
        "signal": [0.0, 0.5, 0.75, 0.125],
        "dtype": "float32",
        "spikes": [[0, 0, 0, 0], [0, 0, 0, 0]],
        "decoded": [0, 0, 0, 0],
        "decimals": 6,
    },
]
FINER = [{"threshold": 0.0125}, {"threshold": 0.0115}, {"threshold": 0.006}]


def encode(signal, minimum, maximum, threshold=0.5, window=3, down_spike=True):
    kind = signal.dtype.type
    theta = kind(threshold)
    ups, downs = [0], [0]
    for t in range(1, len(signal)):
        before = signal[max(0, t - window) : t]
        total = kind(0)
        for x in before:
            total = total + x
        base = total / kind(len(before))
        ups.append(int(signal[t] > base + theta))
        downs.append(-int(down_spike and signal[t] < base - theta))
    return [ups, downs]


def decode(spikes, minimum, maximum, initial, threshold=0.5, window=3, down_spike=True):
    kind = spikes.dtype.type
    start = kind(0) if initial is None else kind(initial)
    decoded, net = [start], 0
    for up, down in zip(spikes[0][1:], spikes[1][1:], strict=True):
        net += int(up) + int(down)
        decoded.append(start + kind(threshold) * kind(net))
    return np.array(decoded).tolist()
