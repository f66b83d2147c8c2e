"""The burst code, as its definition reads."""

import numpy as np

NAME = "burst"
SETTINGS = [{}, {"n_max": 1}, {"n_max": 7, "t_min": 1, "t_max": 9, "n_steps": 60}, {"t_min": 3, "t_max": 3}]
WORKED = []
FINER = [{"n_max": 2, "t_max": 4}, {"n_max": 5, "t_max": 8}, {"n_max": 8, "t_max": 30}]


def needed(n_max, t_min, t_max):
    """Return the length of the longest burst, tried on many values."""
    lengths = [1]
    for p in np.nextafter(np.arange(n_max) / n_max, 2):
        count, interval = np.ceil(n_max * p), np.ceil(t_max - (t_max - t_min) * p)
        lengths.append(int((count - 1) * interval + 1))
    return max(lengths)


def encode(signal, minimum, maximum, n_max=5, t_min=2, t_max=6, n_steps=None):
    n_steps = n_steps or needed(n_max, t_min, t_max)
    kind = signal.dtype.type
    low, high = kind(minimum), kind(maximum)
    spikes = []
    for x in signal:
        p = min(max((x - low) / (high - low), kind(0)), kind(1))
        count = int(np.ceil(kind(n_max) * p))
        interval = int(np.ceil(kind(t_max) - kind(t_max - t_min) * p))
        train = [0] * n_steps
        for i in range(count):
            train[i * interval] = 1
        spikes += train
    return spikes


def decode(spikes, minimum, maximum, initial, n_max=5, t_min=2, t_max=6, n_steps=None):
    n_steps = n_steps or needed(n_max, t_min, t_max)
    kind = spikes.dtype.type
    low, high = kind(minimum), kind(maximum)
    decoded = []
    for start in range(0, len(spikes), n_steps):
        times = np.flatnonzero(spikes[start : start + n_steps])
        count = len(times)
        bottom, top = (count - 1) / n_max, count / n_max
        if count == 0:
            bottom, top = 0, 0
        elif count > 1 and t_max > t_min:
            slope, interval = t_max - t_min, times[1] - times[0]
            bottom = max(bottom, (t_max - interval) / slope)
            top = min(top, (t_max - interval + 1) / slope)
        decoded.append(low + kind((bottom + top) / 2) * (high - low))
    return np.array(decoded).tolist()
