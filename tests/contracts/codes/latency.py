"""The latency code, as its definition reads."""

import math

import numpy as np

NAME = "latency"
SETTINGS = [
    {},
    {"n_steps": 1},
    {"n_steps": 25, "below": "silent", "threshold": 0.2},
    {"method": "log"},
    {"method": "log", "n_steps": 17, "threshold": 0.2, "tau": 5.0},
    {"method": "log", "n_steps": 7, "threshold": 0.05, "tau": 20.0, "below": "silent"},
]
WORKED = []
FINER = [{"n_steps": 4}, {"n_steps": 16}, {"n_steps": 64}]


def least(step, n_steps, threshold, tau):
    """Return the least value that spikes at a step of the logarithmic code, or before."""
    if tau == "balanced":
        tau = (2 * n_steps**3 / 15) ** 0.2 / -math.log1p(-threshold)
    return threshold / -math.expm1(-(step + 0.5) / tau)


def encode(
    signal, minimum, maximum, n_steps=10, method="linear", threshold=0.01, tau="balanced", below="last"
):
    kind = signal.dtype.type
    low, high = kind(minimum), kind(maximum)
    limits = [kind(least(step, n_steps, threshold, tau)) for step in range(n_steps)]
    spikes = []
    for x in signal:
        s = min(max((x - low) / (high - low), kind(0)), kind(1))
        if method == "linear":
            time = int(np.rint((kind(1) - s) * kind(n_steps - 1)))
            late = s < kind(threshold)
        else:
            time = 0
            while time < n_steps and s < limits[time]:
                time += 1
            late = time == n_steps
        train = [0] * n_steps
        if not (late and below == "silent"):
            train[min(time, n_steps - 1)] = 1
        spikes += train
    return spikes


def decode(
    spikes,
    minimum,
    maximum,
    initial,
    n_steps=10,
    method="linear",
    threshold=0.01,
    tau="balanced",
    below="last",
):
    kind = spikes.dtype.type
    low, high = kind(minimum), kind(maximum)
    decoded = []
    for start in range(0, len(spikes), n_steps):
        times = np.flatnonzero(spikes[start : start + n_steps])
        if len(times) == 0:
            s = 0.0
        elif method == "linear":
            s = 1 - times[0] / (n_steps - 1) if n_steps > 1 else 0.5
        else:
            bottom = min(least(times[0], n_steps, threshold, tau), 1)
            top = min(least(times[0] - 1, n_steps, threshold, tau), 1) if times[0] else 1
            if below == "last" and times[0] == n_steps - 1:
                bottom = 0
            s = (bottom + top) / 2
        decoded.append(low + kind(s) * (high - low))
    return np.array(decoded).tolist()
