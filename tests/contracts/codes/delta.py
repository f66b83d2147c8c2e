"""The delta code, as its definition reads."""

import itertools

import numpy as np

NAME = "delta"
SETTINGS = [{}, {"threshold": 0.25}, {"threshold": 0.3, "down_spike": False}]
# the changes are 1, 0.5 (exactly the threshold), -1 and 0.25
WORKED = [
    {
        "arguments": {"threshold": 0.5},
        "signal": [0.0, 1.0, 1.5, 0.5, 0.75],
        "dtype": "float32",
        "spikes": [[0, 1, 0, 0, 0], [0, 0, 0, -1, 0]],
        "decoded": [0, 0.5, 0.5, 0, 0],
        "decimals": 6,
    }
]
# steps of a fixed height err more again below this, whatever the signal
FINER = [{"threshold": 0.006}, {"threshold": 0.0055}, {"threshold": 0.0045}]


def encode(signal, minimum, maximum, threshold=0.1, down_spike=True):
    theta = signal.dtype.type(threshold)
    ups, downs = [0], [0]
    for before, x in itertools.pairwise(signal):
        ups.append(int(x - before > theta))
        downs.append(-int(down_spike and x - before < -theta))
    return [ups, downs]


def decode(spikes, minimum, maximum, initial, threshold=0.1, down_spike=True):
    kind = spikes.dtype.type
    start = kind(0) if initial is None else kind(initial)
    decoded, net = [start], 0
    for up, down in zip(spikes[0][1:], spikes[1][1:], strict=True):
        net += int(up) + int(down)
        decoded.append(start + kind(threshold) * kind(net))
    return np.array(decoded).tolist()
