"""The population code, as its definition reads."""

import cmath
import math

import numpy as np

NAME = "population"
SETTINGS = [
    {},
    {"n_neurons": 2, "n_steps": 7},
    {"n_neurons": 5, "n_steps": 1, "beta": 1.0},
    {"n_neurons": 6, "n_steps": 12, "method": "latency"},
    {"n_neurons": 4, "n_steps": 30, "normalise": True},
]
RANDOM_SETTINGS = [{"method": "poisson"}, {"method": "poisson", "n_neurons": 3, "n_steps": 7}]
WORKED = []
FINER = [{"n_neurons": 4, "n_steps": 4}, {"n_steps": 4}, {"n_steps": 16}, {"n_neurons": 16, "n_steps": 64}]


def respond(s, n, beta, normalise):
    if n == 2:
        centres, width = [0.0, 1.0], 1 / beta
    else:
        centres, width = [(2 * i - 3) / (2 * (n - 2)) for i in range(1, n + 1)], 1 / (n - 2) / beta
    exp = cmath.exp if isinstance(s, complex) else math.exp
    found = [exp(-0.5 * ((s - centre) / width) ** 2) for centre in centres]
    return [r / sum(found) for r in found] if normalise else found


def encode(
    signal,
    minimum,
    maximum,
    n_neurons=8,
    n_steps=10,
    beta=1.5,
    method="rate",
    normalise=False,
    silent_below=0.1,
):
    kind = signal.dtype.type
    low, high = kind(minimum), kind(maximum)
    spikes = [[] for _ in range(n_neurons)]
    for x in signal:
        s = min(max((x - low) / (high - low), kind(0)), kind(1))
        for i, r in enumerate(respond(float(s), n_neurons, beta, normalise)):
            train = [0] * n_steps
            if method == "rate":
                count = round(r * n_steps)
                for j in range(count):
                    train[-((-(j + 1) * n_steps) // count) - 1] = 1
            elif r >= silent_below:
                train[round((1 - r) * (n_steps - 1))] = 1
            spikes[i] += train
    return spikes


def decode(
    spikes,
    minimum,
    maximum,
    initial,
    n_neurons=8,
    n_steps=10,
    beta=1.5,
    method="rate",
    normalise=False,
    silent_below=0.1,
):
    kind = spikes.dtype.type
    low, high = kind(minimum), kind(maximum)
    centres = [0.0, 1.0]
    if n_neurons > 2:
        centres = [(2 * i - 3) / (2 * (n_neurons - 2)) for i in range(1, n_neurons + 1)]
    decoded = []
    for start in range(0, spikes.shape[1], n_steps):
        trains = spikes[:, start : start + n_steps]
        if method == "rate":
            read = trains.sum(axis=1, dtype=float) / n_steps
        else:
            times = trains.argmax(axis=1) / (n_steps - 1)
            read = np.where(trains.any(axis=1), 1 - times, 0)
        s = 0.5
        if read.any():
            inside = min(0.5 / beta, 0.5) if n_neurons == 2 else 0
            s, least, step = min(max(read @ centres / read.sum(), inside), 1 - inside), math.inf, 0.0
            widest = 1 / beta / max(n_neurons - 2, 1)
            for _ in range(6):
                # the slope by a step off the real line, which shares nothing with a formula for it
                found = np.array(respond(s + step + 1e-20j, n_neurons, beta, normalise))
                found, slope = found.real, found.imag / 1e-20
                squares = sum((read - found) ** 2)
                if squares < least + 1e-12:
                    s, least = s + step, squares
                    step = min(max((read - found) @ slope / max(slope @ slope, 1e-12), -widest), widest)
                    step = min(max(s + step, 0), 1) - s
                else:
                    step /= 4
        decoded.append(low + kind(s) * (high - low))
    return np.array(decoded).tolist()
