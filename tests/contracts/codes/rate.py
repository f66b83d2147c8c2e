"""The rate code, as its definition reads."""

import numpy as np

NAME = "rate"
SETTINGS = [{}, {"n_steps": 1}, {"n_steps": 23, "max_rate": 0.4}]
RANDOM_SETTINGS = [{"method": "poisson"}, {"method": "poisson", "n_steps": 3, "max_rate": 0.5}]
WORKED = []
FINER = [{"n_steps": 4}, {"n_steps": 16}, {"n_steps": 64}]


def encode(signal, minimum, maximum, n_steps=10, max_rate=1.0):
    kind = signal.dtype.type
    low, high = kind(minimum), kind(maximum)
    spikes = []
    for x in signal:
        s = min(max((x - low) / (high - low), kind(0)), kind(1))
        count = int(np.rint(s * kind(max_rate) * kind(n_steps)))
        train = [0] * n_steps
        for i in range(count):
            train[-((-(i + 1) * n_steps) // count) - 1] = 1
        spikes += train
    return spikes


def decode(spikes, minimum, maximum, initial, n_steps=10, max_rate=1.0):
    kind = spikes.dtype.type
    low, high = kind(minimum), kind(maximum)
    decoded = []
    for start in range(0, len(spikes), n_steps):
        count = kind(np.count_nonzero(spikes[start : start + n_steps]))
        decoded.append(low + count / (kind(n_steps) * kind(max_rate)) * (high - low))
    return np.array(decoded).tolist()
