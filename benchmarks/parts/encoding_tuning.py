"""`optimize` beside that of spike-encoding: signals to design on, fresh ones to judge on, and the error left.

All that our search chooses (bounds, settings it tries first, how it goes on) was settled on `signals`. The
`judged_signals` were written down before either optimiser had seen one of them, and nothing was chosen
afterwards. Both get as many trials on the same float32 signals, scaled to [0, 1] because the bounds of the
released package are in those units. Each optimises its own error; the error told is the mean squared one of
its own encoding and decoding with the parameters found, computed the same way for both.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import io
import math
import sys
import time
import types
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

CODES = ("sf", "lif", "pwm", "bsa")
TRIALS = 100
SAMPLES = 2000


@dataclass(frozen=True)
class Tuned:
    """What an optimiser found: the parameters by name, the mean squared error, the seconds it took."""

    parameters: dict[str, float]
    error: float
    seconds: float


def signals(samples: int = SAMPLES) -> dict[str, np.ndarray]:
    """Ten float32 signals in [0, 1] that the search was designed on.

    Five are of closed form or seeded, five as instruments record them.
    """
    t = np.arange(samples)
    walk = np.random.default_rng(1).standard_normal(samples).cumsum()
    process, drive = np.zeros(samples), np.random.default_rng(2).standard_normal(samples)
    for i in range(1, samples):
        process[i] = 0.98 * process[i - 1] + drive[i]
    raw = {
        "sine": np.sin(2 * np.pi * 5 * t / 2000),
        "three sines": np.sin(t / 31) + 0.5 * np.sin(t / 7.3 + 1) + 0.25 * np.sin(t / 90 + 2),
        "chirp": np.sin(2 * np.pi * (2 * t / 2000 + 10 * (t / 2000) ** 2)),
        "smoothed random walk": _smoothed(walk, 10),
        "autoregressive noise": process,
        "exponential steps": _charging(samples),
        "electrocardiogram, synthetic": _heart(samples),
        "row of a photograph": _photograph(samples),
        "carbon dioxide, Mauna Loa": _carbon_dioxide(samples),
        "bursts of oscillation": np.sin(t / 5) * np.exp(-(((t % 500) - 250) ** 2) / 5000),
    }
    return _in_unit_range(raw)


def judged_signals(samples: int = SAMPLES) -> dict[str, np.ndarray]:
    """Ten other float32 signals in [0, 1], as different in kind and smoothness, to judge on."""
    t = np.arange(samples)
    raw = {
        "modulated amplitude": (1 + 0.8 * np.sin(t / 150)) * np.sin(t / 12),
        "modulated frequency": np.sin(t / 25 + 3 * np.sin(t / 170)),
        "triangles": np.abs((t + 40) % 230 / 115 - 1),
        "Lorenz attractor": _lorenz(samples),
        "Mackey-Glass": _mackey_glass(samples),
        "shot noise": _shot_noise(samples),
        "pink noise, smoothed": _smoothed(_pink(samples), 3),
        "vowel, synthetic": _vowel(samples),
        "column of a photograph": _flower(samples),
        "sea surface, El Niño": _el_nino(samples),
    }
    return _in_unit_range(raw)


def _nothing(wanted: str) -> type:
    """Stand in for whatever is imported, but not for what a module is asked about itself."""
    if wanted.startswith("__"):
        raise AttributeError(wanted)
    return object


def _in_unit_range(raw: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name: ((values - values.min()) / (values.max() - values.min())).astype(np.float32)
        for name, values in raw.items()
    }


def tuned_by_released(code: str, signal: np.ndarray, trials: int = TRIALS) -> Tuned:
    """Run spike-encoding's ``optimize``; it changes what it is given, so that it gets copies."""
    import torch

    converter, names = _released(code)
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with quiet[0], quiet[1], warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = torch.tensor(signal[None])
        # of the processor: it runs once, and a busy machine shall not count against it
        start = time.process_time()
        found = converter.optimize(given, trials=trials)
        seconds = time.process_time() - start
        again = torch.tensor(signal[None])
        spikes = converter.encode(again)
        # only its step-forward code is told where the signal starts
        started = {"initial_value": float(signal[0])} if code == "sf" else {}
        decoded = np.asarray(converter.decode(spikes, **started), dtype=np.float64).reshape(-1)
    values = found if isinstance(found, tuple) else (found,)
    return Tuned(
        {name: float(value[0]) for name, value in zip(names, values, strict=True)},
        float(np.mean((decoded - signal) ** 2)),
        seconds,
    )


def tuned_by_lamina(code: str, signal: np.ndarray, trials: int = TRIALS, seed: int = 0) -> Tuned:
    from lamina.encoding.registry import code_named

    converter = code_named(code)()
    start = time.perf_counter()
    converter.fit(signal, trials=trials, seed=seed)
    seconds = time.perf_counter() - start
    decoded = np.asarray(converter.decode(converter.encode(signal)), dtype=np.float64)
    parameters = {name: float(value) for name, value in converter.parameters_.items()}
    return Tuned(parameters, float(np.mean((decoded - signal) ** 2)), seconds)


def _released(code: str) -> tuple[Any, tuple[str, ...]]:
    without_torchvision()
    from spike_encoding import bens_spiker_algorithm, lif_based_encoding, pulse_width_modulation
    from spike_encoding import step_forward_converter as step_forward

    if code == "sf":
        return step_forward.StepForwardConverter(), ("threshold",)
    if code == "lif":
        return lif_based_encoding.LIFBasedEncoding(), ("threshold", "membrane_constant")
    if code == "pwm":
        return pulse_width_modulation.PulseWidthModulation(), ("frequency",)
    return bens_spiker_algorithm.BensSpikerAlgorithm(), ("filter_order", "filter_cutoff", "threshold")


def without_torchvision() -> None:
    """Let torchmetrics load, for its mean squared error, where torchvision was built for another torch."""
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError):
        for name in [name for name in sys.modules if name.split(".")[0] in ("torchvision", "torchmetrics")]:
            del sys.modules[name]
        for name in ("torchvision", "torchvision.transforms", "torchvision.models"):
            stand_in = types.ModuleType(name)
            stand_in.__spec__ = importlib.machinery.ModuleSpec(name, None)
            vars(stand_in)["__getattr__"] = _nothing
            sys.modules[name] = stand_in


def _smoothed(values: np.ndarray, width: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(values, width)


def _charging(samples: int) -> np.ndarray:
    """A sensor with a time constant of 20 samples behind a level that jumps every 125 samples."""
    levels = np.random.default_rng(3).uniform(size=-(-samples // 125)).repeat(125)[:samples]
    values = np.zeros(samples)
    for i in range(1, samples):
        values[i] = values[i - 1] + (levels[i] - values[i - 1]) / 20
    return values


def _heart(samples: int) -> np.ndarray:
    """One beat in 250 samples: the waves P, Q, R, S and T as Gaussians, on a baseline that breathes."""
    phase = np.arange(samples) % 250 / 250
    waves = ((0.15, 0.2, 0.025), (-0.1, 0.37, 0.01), (1.0, 0.4, 0.012), (-0.2, 0.43, 0.01), (0.3, 0.65, 0.04))
    beat = sum(height * np.exp(-(((phase - place) / width) ** 2) / 2) for height, place, width in waves)
    return beat + 0.1 * np.sin(np.arange(samples) / 300)


def _photograph(samples: int) -> np.ndarray:
    """Luminance along one row of scikit-learn's photograph of a Chinese roof, three samples to a pixel."""
    from sklearn.datasets import load_sample_image

    row = load_sample_image("china.jpg")[200].astype(np.float64).mean(axis=1)
    where = np.arange(samples) / math.ceil(samples / len(row))
    return np.interp(where, np.arange(len(row)), row)


def _carbon_dioxide(samples: int) -> np.ndarray:
    """Weekly carbon dioxide since 1958, gaps filled by straight lines."""
    from statsmodels.datasets import co2

    return co2.load().data["co2"].interpolate().to_numpy()[:samples]


def _lorenz(samples: int) -> np.ndarray:
    """The first coordinate of the Lorenz system, one sample in 0.02, after the way to the attractor."""
    state, step, values = np.array([1.0, 1.0, 20.0]), 0.005, []

    def slope(at: np.ndarray) -> np.ndarray:
        x, y, z = at
        return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])

    for i in range(4 * (samples + 500)):
        if i % 4 == 0:
            values.append(state[0])
        one = slope(state)
        two = slope(state + step / 2 * one)
        three = slope(state + step / 2 * two)
        four = slope(state + step * three)
        state = state + step / 6 * (one + 2 * two + 2 * three + four)
    return np.array(values[500:])


def _mackey_glass(samples: int) -> np.ndarray:
    """The Mackey-Glass equation with a delay of 17, by Euler's steps of 0.1, one sample in 0.5."""
    values, delay = [1.2] * 171, 170
    for _ in range(5 * samples + 1000):
        late = values[-1 - delay]
        values.append(values[-1] + 0.1 * (0.2 * late / (1 + late**10) - 0.1 * values[-1]))
    return np.array(values[1171::5])[:samples]


def _shot_noise(samples: int) -> np.ndarray:
    """Events at random times that rise within 4 samples and decay within 40, as of a calcium indicator."""
    random = np.random.default_rng(13)
    events = (random.random(samples) < 0.015) * random.uniform(0.5, 1.5, samples)
    lag = np.arange(400)
    return np.convolve(events, np.exp(-lag / 40) - np.exp(-lag / 4))[:samples]


def _pink(samples: int) -> np.ndarray:
    """Noise whose power falls as one over the frequency."""
    spectrum = np.fft.rfft(np.random.default_rng(12).standard_normal(samples))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    return np.fft.irfft(spectrum, samples)


def _vowel(samples: int) -> np.ndarray:
    """Pulses of a voice at 110 Hz through the resonances of an "a" at 700 and 1220 Hz, at 8 kHz."""
    from scipy.signal import lfilter

    values = np.zeros(samples)
    values[:: round(8000 / 110)] = 1.0
    values = lfilter([1.0], [1.0, -0.9], values)
    for centre, width in ((700, 130), (1220, 70)):
        radius = np.exp(-np.pi * width / 8000)
        values = lfilter([1.0], [1.0, -2 * radius * np.cos(2 * np.pi * centre / 8000), radius**2], values)
    return values


def _flower(samples: int) -> np.ndarray:
    """Luminance along one column of scikit-learn's photograph of a flower, straight between pixels."""
    from sklearn.datasets import load_sample_image

    column = load_sample_image("flower.jpg")[:, 320].astype(np.float64).mean(axis=1)
    return np.interp(np.linspace(0, len(column) - 1, samples), np.arange(len(column)), column)


def _el_nino(samples: int) -> np.ndarray:
    """Monthly temperatures of the sea surface off Peru, 1950 to 2010, straight between months."""
    from statsmodels.datasets import elnino

    months = elnino.load_pandas().data.drop(columns="YEAR").to_numpy(dtype=np.float64).ravel()
    return np.interp(np.linspace(0, len(months) - 1, samples), np.arange(len(months)), months)
