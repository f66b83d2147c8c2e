"""Ten more signals, on which nothing of the search behind `optimize` was chosen.

The number of settings that the local search may try was raised from three to seven times the trials when the
counts of the judged signals were known. These ten, written down before either optimiser had seen them, say
whether that was luck. Run alone, it prints for seeds 0 to 4 on how many of them ours is no worse than
spike-encoding 1.8.2:

    PYTHONPATH=benchmarks .venv/bin/python -m parts.encoding_confirming
"""

from __future__ import annotations

import numpy as np
from parts.encoding_tuning import SAMPLES, TRIALS, tuned_by_lamina, tuned_by_released
from scipy.integrate import solve_ivp
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter, sawtooth

from lamina.datasets import natural_contrast, photographs


def confirming_signals(samples: int = SAMPLES) -> dict[str, np.ndarray]:
    """Return ten signals of float32, scaled to [0, 1]."""
    time = np.arange(samples) / samples
    rng = np.random.default_rng(20261122)
    logistic = np.empty(samples)
    logistic[0] = 0.3
    for t in range(1, samples):
        logistic[t] = 3.9 * logistic[t - 1] * (1 - logistic[t - 1])
    photograph = photographs()[1]
    row = natural_contrast(photograph.luminance, photograph.degrees_per_pixel)[40]
    raw = {
        "sawtooth with noise": sawtooth(2 * np.pi * 7 * time) + 0.1 * rng.standard_normal(samples),
        "smoothed logistic map": gaussian_filter1d(logistic, 6.0),
        "van der Pol": _solved(
            lambda _, y: [y[1], 5 * (1 - y[0] ** 2) * y[1] - y[0]], [1.0, 0.0], 60, samples
        ),
        "Rössler": _solved(
            lambda _, y: [-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - 5.7)],
            [1.0, 1.0, 0.0],
            150,
            samples,
        ),
        "exponential chirp": np.sin(2 * np.pi * 3 * (np.exp(3 * time) - 1)),
        "resonance": lfilter([1.0], [1.0, -1.96, 0.98], rng.standard_normal(samples)),
        "breathing": np.abs(np.sin(2 * np.pi * 6 * time + 0.5 * np.sin(2 * np.pi * time))) ** 3,
        "telegraph": gaussian_filter1d(np.cumprod(np.where(rng.random(samples) < 0.01, -1.0, 1.0)), 4.0),
        "row of another photograph": np.interp(
            np.linspace(0, row.size - 1, samples), np.arange(row.size), row
        ),
        "drifting sum of tones": np.sin(40 * time) + 0.5 * np.sin(133 * time + 1) + 2 * time,
    }
    return {
        name: ((one - one.min()) / (one.max() - one.min())).astype(np.float32) for name, one in raw.items()
    }


def _solved(slope: object, start: list[float], duration: float, samples: int) -> np.ndarray:
    found = solve_ivp(slope, (0, duration), start, t_eval=np.linspace(0, duration, samples), rtol=1e-8)
    return found.y[0]


def main() -> None:
    """Compare both searches on every signal, for step-forward and LIF."""
    for code in ("sf", "lif"):
        counts = np.zeros(5, int)
        for name, signal in confirming_signals().items():
            theirs = tuned_by_released(code, signal, TRIALS)
            ours = [tuned_by_lamina(code, signal, seed=seed) for seed in range(5)]
            ratios = [one.error / theirs.error for one in ours]
            counts += np.array(ratios) <= 1 + 1e-6
            faster = theirs.seconds / np.median([one.seconds for one in ours])
            errors = " ".join(f"{ratio:.3f}" for ratio in ratios)
            print(f"{code} {name}: error {errors} of theirs, {faster:.0f}x", flush=True)
        print(f"{code}: no worse on {', '.join(map(str, counts))} of 10, for seeds 0 to 4", flush=True)


if __name__ == "__main__":
    main()
