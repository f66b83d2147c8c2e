"""Pulse-width modulation, as its definition reads: a brute-force reading, level after level."""

import math

import numpy as np

NAME = "pwm"
SETTINGS = [
    {},
    {"frequency": 50.0},
    {"frequency": 333.3, "down_spike": False},
    {"frequency": 7.0, "sampling_rate": 100.0},
    {"frequency": 500.0},
]
# the example of the package's description comes from none of its releases
WORKED = []
FINER = [{"frequency": 3.0}, {"frequency": 6.0}, {"frequency": 16.0}]


def carrier(t, frequency, sampling_rate):
    phase = float(frequency) * t / float(sampling_rate)
    return phase - math.floor(phase)


def encode(signal, minimum, maximum, frequency=1.0, down_spike=True, sampling_rate=1000.0):
    kind = signal.dtype.type
    low, high = kind(minimum), kind(maximum)
    levels = []
    for t, x in enumerate(signal):
        scaled = float(min(max((x - low) / (high - low), kind(0)), kind(1)))
        c = carrier(t, frequency, sampling_rate)
        level = 1 if scaled < c else 0
        if down_spike and scaled > 1 - c:
            level = -1
        levels.append(level)
    changed = [True] + [levels[t] != levels[t - 1] for t in range(1, len(levels))]
    ups = [int(level == 1 and new) for level, new in zip(levels, changed, strict=True)]
    downs = [-int(level == -1 and new) for level, new in zip(levels, changed, strict=True)]
    return [ups, downs]


def decode(spikes, minimum, maximum, initial, frequency=1.0, down_spike=True, sampling_rate=1000.0):
    span = maximum - minimum
    points = {0: 0.0 if initial is None else (initial - minimum) / span}
    for t in range(spikes.shape[1]):
        if spikes[0, t] == 1:
            points[t] = carrier(t, frequency, sampling_rate)
        if spikes[1, t] == -1:
            points[t] = 1 - carrier(t, frequency, sampling_rate)
    # numpy.interp holds the last value
    line = np.interp(np.arange(spikes.shape[1]), list(points), list(points.values()))
    return (minimum + line * span).tolist()
