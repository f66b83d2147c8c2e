"""Send-on-delta, as its definition reads."""

import numpy as np

NAME = "send-on-delta"
SETTINGS = [{}, {"threshold": 0.5}, {"threshold": 0.3, "down_spike": False}]
# distances from the last event: 0.25, 0.5 (exactly the threshold), 0.75, then 0 and -1.75
WORKED = [
    {
        "arguments": {"threshold": 0.5},
        "signal": [0.0, 0.25, 0.5, 0.75, 0.75, -1.0],
        "dtype": "float32",
        "spikes": [[0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, -1]],
        "decoded": [0, 0, 0, 0.5, 0.5, 0],
        "decimals": 6,
    }
]
FINER = [{"threshold": 0.8}, {"threshold": 0.4}, {"threshold": 0.1}]


def encode(signal, minimum, maximum, threshold=0.1, down_spike=True):
    theta = signal.dtype.type(threshold)
    sent = signal[0]
    ups, downs = [], []
    for x in signal:
        up = x - sent > theta
        down = down_spike and x - sent < -theta
        if up or down:
            sent = x
        ups.append(int(up))
        downs.append(-int(down))
    return [ups, downs]


def decode(spikes, minimum, maximum, initial, threshold=0.1, down_spike=True):
    kind = spikes.dtype.type
    start = kind(0) if initial is None else kind(initial)
    decoded, net = [start], 0
    for up, down in zip(spikes[0][1:], spikes[1][1:], strict=True):
        net += int(up) + int(down)
        decoded.append(start + kind(threshold) * kind(net))
    return np.array(decoded).tolist()
