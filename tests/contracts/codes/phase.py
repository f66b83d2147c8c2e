"""The phase code, as its definition reads."""

from fractions import Fraction

import numpy as np

NAME = "phase"
SETTINGS = [{}, {"n_phases": 1}, {"n_phases": 20}]
# the examples of the paper's table, between the ends of the range
WORKED = [
    {
        "arguments": {"n_phases": 8},
        "signal": [0, 192 / 256, 1 / 256, 128 / 256, 255 / 256, 1],
        "dtype": "float32",
        "spikes": [0] * 8 + [1, 1] + [0] * 6 + [0] * 7 + [1] + [1] + [0] * 7 + [1] * 16,
        "decoded": [0, 192 / 256, 1 / 256, 128 / 256, 255 / 256, 255 / 256],
        "decimals": 7,
    }
]
FINER = [{"n_phases": 2}, {"n_phases": 5}, {"n_phases": 10}]


def encode(signal, minimum, maximum, n_phases=8):
    kind = signal.dtype.type
    low, high = kind(minimum), kind(maximum)
    spikes = []
    for x in signal:
        left = Fraction(float(min(max((x - low) / (high - low), kind(0)), kind(1))))
        for k in range(n_phases):
            weight = Fraction(1, 2 ** (1 + k))
            spikes.append(int(left >= weight))
            left -= weight * spikes[-1]
    return spikes


def decode(spikes, minimum, maximum, initial, n_phases=8):
    kind = spikes.dtype.type
    low, high = kind(minimum), kind(maximum)
    decoded = []
    for start in range(0, len(spikes), n_phases):
        s = sum(Fraction(int(spikes[start + k]), 2 ** (1 + k)) for k in range(n_phases))
        decoded.append(low + kind(float(s)) * (high - low))
    return np.array(decoded).tolist()
