"""`ReSU.fit`, all of it, beside the same analysis in other packages, and its memory beside the bar."""

from __future__ import annotations

import functools

import numpy as np
from parts import rivals
from parts.memory import peak_bytes
from parts.tables import Table, verdict
from parts.timing import in_turns
from scipy.signal import lfilter

MEMORY, RANK = 50, 2
# who is measured at which length, over how many rounds, and the bar (None: no bar is set)
LONG = (("with_pyresu", 150.0), ("with_lag_matrix", 60.0), ("with_deeptime", None))
SHORT = (("with_scikit_learn", 100.0),)
NAMES = {
    "with_lamina": "lamina.ReSU.fit",
    "with_pyresu": "pyresu 0.1.0",
    "with_lag_matrix": "explicit lag matrix, BLAS",
    "with_deeptime": "deeptime VAMP",
    "with_scikit_learn": "scikit-learn CCA",
}
# of the signal on which errors are measured against extended precision
ACCURACY_SAMPLES = 20_000


def example(samples: int, seed: int = 0) -> np.ndarray:
    """Second-order autoregressive process under white noise: two directions carry what is predictable."""
    rng = np.random.default_rng(seed)
    state = lfilter([1.0], [1.0, -1.6, 0.8], rng.standard_normal(samples + 500))[500:]
    return state + rng.standard_normal(samples)


def fit_table(quick: bool) -> Table:
    table = Table(
        "fit",
        f"fit, one channel, memory = horizon = {MEMORY}, rank {RANK}",
        [
            "samples",
            "peer",
            "peer's time",
            "lamina's time",
            "ratio",
            "bar",
            "",
            "peer's peak",
            "lamina's peak",
            "peer's error",
            "lamina's error",
        ],
        remark="Times are medians [shortest, longest] of interleaved runs. Peaks are of memory above the "
        f"signal. Errors: largest deviation of a canonical correlation, at {ACCURACY_SAMPLES:,} samples, "
        "from moments summed in extended precision.",
    )
    errors = _errors((*LONG, *SHORT), 2000 if quick else ACCURACY_SAMPLES)
    plan = ((20_000, LONG, 1), (5_000, SHORT, 1)) if quick else ((1_000_000, LONG, 3), (100_000, SHORT, 3))
    for samples, peers, rounds in plan:
        signal = example(samples)
        works = {
            name: functools.partial(getattr(rivals, name), signal, MEMORY, RANK)
            for name in ("with_lamina", *(peer for peer, _ in peers))
        }
        seconds = in_turns(works, rounds, {"with_lamina": 5})
        ours = seconds["with_lamina"]
        our_peak = peak_bytes("with_lamina", samples, MEMORY)
        for peer, bar in peers:
            ratio = seconds[peer].median / ours.median
            table.add(
                f"{samples:,}", NAMES[peer], seconds[peer], ours, f"{ratio:.0f}×",
                *(("–", "") if bar is None else (f"≥ {bar:.0f}×", verdict(ratio, bar))),
                _mib(peak_bytes(peer, samples, MEMORY)), _mib(our_peak),
                f"{errors[peer]:.0e}", f"{errors['with_lamina']:.0e}",
            )  # fmt: skip
    return table


def peak_table(quick: bool) -> Table:
    table = Table(
        "peak",
        "peak memory of fit above the signal, memory = horizon",
        ["samples", "memory", "channels", "signal", "peak", "bar: 64 MiB + 4 · 8 (L C)² bytes", ""],
        remark="L = 2 · memory samples make up a window.",
    )
    cases = ((10_000, 10, 1), (20_000, 10, 2))
    if not quick:
        cases = (
            (100_000, 50, 1), (1_000_000, 50, 1), (10_000_000, 50, 1), (50_000_000, 50, 1), (200_000, 500, 1),
            (1_000_000, 50, 4), (1_000_000, 50, 16), (100_000, 10, 64),
        )  # fmt: skip
    for samples, memory, channels in cases:
        peak = peak_bytes("with_lamina", samples, memory, channels)
        bar = 64 * 2**20 + 4 * 8 * (2 * memory * channels) ** 2
        signal = 8 * samples * channels
        table.add(f"{samples:,}", memory, channels, _mib(signal), _mib(peak), _mib(bar), verdict(bar, peak))
    return table


def _errors(peers: tuple[tuple[str, float | None], ...], samples: int) -> dict[str, float]:
    signal = example(samples, seed=1)
    truth = rivals.in_extended_precision(signal, MEMORY, RANK)
    return {
        name: float(np.max(np.abs(getattr(rivals, name)(signal, MEMORY, RANK) - truth)))
        for name in ("with_lamina", *(peer for peer, _ in peers))
    }


def _mib(size: float) -> str:
    return f"{size / 2**20:,.1f} MiB"
