"""`optimize` beside that of spike-encoding: ten signals, chosen before any was tried, and the error left.

Both get as many trials on the same float32 signals, scaled to [0, 1] because the bounds of the released
package are in those units. Each optimises its own error; the error told is the mean squared one of its own
encoding and decoding with the parameters found, computed the same way for both.
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
    """Ten float32 signals in [0, 1]: five of closed form or seeded, five as instruments record them."""
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
        start = time.perf_counter()
        found = converter.optimize(given, trials=trials)
        seconds = time.perf_counter() - start
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
            vars(stand_in)["__getattr__"] = lambda wanted: object
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
