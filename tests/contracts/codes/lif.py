"""LIF-based encoding, as its definition reads."""

import numpy as np

NAME = "lif"
SETTINGS = [
    {},
    {"threshold": 0.2, "membrane_constant": 0.6},
    {"threshold": 0.4, "membrane_constant": 1.0, "down_spike": False},
    {"threshold": 0.7, "membrane_constant": 0.0, "baseline": "zero"},
    {"baseline": "zero"},
]
WORKED = [
    {
        "arguments": {"threshold": 0.5, "membrane_constant": 0.2},
        "signal": [0.5, 0.3, 0.1, 0.4, 0.8, 1.0, 0.7, 0.3, 0.6],
        "dtype": "float32",
        "spikes": [[0, 0, 0, 0, 0, 1, 0, 0, 0], [0, 0, -1, 0, 0, 0, 0, 0, 0]],
        "decoded": [0.55, 0.55, 0.325, 0.505, 0.541, 0.773, 0.595, 0.559, 0.552],
        "decimals": 3,
    }
]
FINER = [
    {"threshold": 0.9, "membrane_constant": 0.4},
    {"threshold": 0.7, "membrane_constant": 0.4},
    {"threshold": 0.5, "membrane_constant": 0.4},
]


def encode(signal, minimum, maximum, threshold=0.5, membrane_constant=0.9, down_spike=True, baseline="first"):
    kind = signal.dtype.type
    theta, leak = kind(threshold), kind(membrane_constant)
    low, high = kind(minimum), kind(maximum)
    voltage, base = kind(0), kind(0)
    ups, downs = [0], [0]
    for t in range(1, len(signal)):
        scaled = (signal[t] - low) / (high - low)
        voltage = voltage + (kind(2) * scaled - kind(1))
        if t == 1 and baseline == "first":
            base = voltage
        up = voltage - base > theta
        down = bool(down_spike) and voltage - base < -theta
        if up or down:
            voltage, base = kind(0), kind(0)
        voltage = voltage * leak
        ups.append(int(up))
        downs.append(-int(down))
    return [ups, downs]


def decode(
    spikes,
    minimum,
    maximum,
    initial,
    threshold=0.5,
    membrane_constant=0.9,
    down_spike=True,
    baseline="first",
):
    kind = spikes.dtype.type
    theta, leak = kind(threshold), kind(membrane_constant)
    low, high = kind(minimum), kind(maximum)
    trace, decoded = kind(0), []
    for t in range(spikes.shape[1]):
        if t:
            trace = leak * trace + theta * (spikes[0, t] + spikes[1, t])
        decoded.append(low + (trace + kind(1)) / kind(2) * (high - low))
    return np.array(decoded).tolist()
