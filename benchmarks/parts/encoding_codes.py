"""The codes of the document beside spike-encoding 1.8.2 and snnTorch: encode and decode, ns per sample.

Everyone encodes the same 16 channels of float32 with the same parameters, in one thread, in turns. The
released package goes over samples in Python, at a cost per sample that does not depend on their number, which
the table shows by timing it on half as many as well; so it gets fewer samples than lamina, unless asked
otherwise, where the whole would take minutes.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from parts.encoding_tuning import without_torchvision
from parts.tables import Table, verdict
from parts.timing import in_turns

CHANNELS, SAMPLES = 16, 20_000
THRESHOLD, FREQUENCY = 0.2, 50.0
# bars of the specification: ratio to encode, ns to encode, ratio to decode, ns to decode
BARS = {
    "sf": (500, 20, 100, 20),
    "lif": (500, 20, 300, 20),
    "pwm": (3000, 30, 300, 20),
    "bsa": (3000, 80, 300, 20),
}
# samples per channel for the released package: all of them where it takes seconds
FEWER = {"sf": 10_000, "lif": 2_000, "pwm": 2_000, "bsa": 500}
TITLES = {
    "sf": "step-forward",
    "lif": "LIF",
    "pwm": "pulse-width modulation",
    "bsa": "Ben's spiker, order 10",
}


@dataclass(frozen=True)
class Pace:
    """What a code costs someone, per sample of one channel."""

    encode_ns: float
    decode_ns: float


def walks(samples: int) -> np.ndarray:
    """Random walks that stay in [0, 1], as 16 sensors might give them."""
    noise = np.random.default_rng(0).standard_normal((CHANNELS, samples)).cumsum(axis=1)
    slow = np.stack([np.convolve(row, np.ones(9) / 9, mode="same") for row in noise])
    low, high = slow.min(axis=1, keepdims=True), slow.max(axis=1, keepdims=True)
    return ((slow - low) / (high - low)).astype(np.float32)


def released(code: str) -> Any:
    """Make the released package's converter with one parameter for each channel."""
    import torch

    without_torchvision()
    from spike_encoding import bens_spiker_algorithm, lif_based_encoding, pulse_width_modulation
    from spike_encoding import step_forward_converter as step_forward

    def each(value: float) -> Any:
        return torch.full((CHANNELS,), value)

    if code == "sf":
        return step_forward.StepForwardConverter(threshold=each(THRESHOLD / 10))
    if code == "lif":
        return lif_based_encoding.LIFBasedEncoding(threshold=each(0.5), membrane_constant=each(0.9))
    if code == "pwm":
        return pulse_width_modulation.PulseWidthModulation(frequency=each(FREQUENCY))
    return bens_spiker_algorithm.BensSpikerAlgorithm(
        threshold=each(0.5), filter_order=each(10).int(), filter_cutoff=each(0.2)
    )


def ours(code: str) -> Any:
    from lamina.encoding.registry import code_named

    given = {"sf": {"threshold": THRESHOLD / 10}, "lif": {}, "pwm": {"frequency": FREQUENCY}, "bsa": {}}
    return code_named(code)(**given[code])


def pace_of_released(code: str, samples: int) -> tuple[Pace, np.ndarray]:
    """Time one encode and one decode, and return the spikes; it changes what it is given and gets copies."""
    import torch

    converter, signal = released(code), torch.from_numpy(walks(SAMPLES)[:, :samples].copy())
    with _quiet():
        start = time.perf_counter()
        spikes = converter.encode(signal.clone())
        between = time.perf_counter()
        kept = spikes.clone()
        again = time.perf_counter()
        converter.decode(spikes)
        end = time.perf_counter()
    count = CHANNELS * samples
    return Pace(1e9 * (between - start) / count, 1e9 * (end - again) / count), kept.numpy()


def works_of_ours(code: str) -> dict[str, Callable[[], object]]:
    converter, signal = ours(code), walks(SAMPLES)
    spikes = converter.encode(signal)
    return {"encode": lambda: converter.encode(signal), "decode": lambda: converter.decode(spikes)}


def codes_table(quick: bool, whole: bool = False) -> Table:
    table = Table(
        "encoding codes",
        f"{CHANNELS} channels x {SAMPLES:,} samples, float32, one thread: ns per sample",
        [
            *("code", "work", "spike-encoding: samples", "on half of them", "on all of them"),
            *("lamina", "ratio", "bar", "", "bar", "", "spikes alike"),
        ],
        remark="Per sample of one channel; best of interleaved runs [median], since other work on a shared "
        "machine can only make a run longer: 3 of spike-encoding 1.8.2, 45 of lamina, ratios of the best. "
        "Spikes alike: the share of samples at which both say the same.",
    )
    for code, (encode_bar, encode_ns, decode_bar, decode_ns) in BARS.items():
        samples = 200 if quick else SAMPLES if whole else FEWER[code]
        works = works_of_ours(code)
        theirs, half, taken = [], [], {name: [] for name in works}
        for _ in range(1 if quick else 3):
            half.append(pace_of_released(code, samples // 2)[0])
            pace, spikes = pace_of_released(code, samples)
            theirs.append(pace)
            rounds = in_turns(works, 2 if quick else 15, dict.fromkeys(works, 1))
            for name, seconds in rounds.items():
                taken[name].append([1e9 * s / (CHANNELS * SAMPLES) for s in _times(seconds)])
        alike = np.mean(spikes == ours(code).encode(walks(SAMPLES)[:, :samples]))
        for name, ratio_bar, most in (("encode", encode_bar, encode_ns), ("decode", decode_bar, decode_ns)):
            paces = [getattr(pace, f"{name}_ns") for pace in theirs]
            their, usual = min(paces), statistics.median(paces)
            their_half = min(getattr(pace, f"{name}_ns") for pace in half)
            own = min(shortest for _, shortest, _ in taken[name])
            own_usual = statistics.median(median for median, _, _ in taken[name])
            table.add(
                TITLES[code], name, f"{CHANNELS} x {samples:,}", f"{their_half:,.0f}",
                f"{their:,.0f} [{usual:,.0f}]", f"{own:.3g} [{own_usual:.3g}]",
                f"{their / own:,.0f}×", f"≥ {ratio_bar:,}×",
                verdict(their / own, ratio_bar), f"≤ {most} ns", verdict(most / own, 1.0),
                f"{100 * alike:.4g} %" if name == "encode" else "",
            )  # fmt: skip
    return table


def delta_table(quick: bool) -> Table:
    """Delta modulation, which snnTorch has too: the same spikes but for the first sample, and equal steps."""
    import torch

    from lamina.encoding.delta_modulation import DeltaModulation

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from snntorch import spikegen
    signal = walks(1_000 if quick else SAMPLES)
    code, tensor = DeltaModulation(0.01), torch.from_numpy(signal.T.copy())
    works = {
        "lamina": lambda: code.encode(signal),
        "snntorch": lambda: spikegen.delta(tensor, threshold=0.01, padding=True, off_spike=True),
    }
    taken = in_turns(works, 2 if quick else 31, dict.fromkeys(works, 1))
    alike = np.mean(works["snntorch"]().numpy() == code.encode(signal).sum(axis=0).T)
    table = Table(
        "encoding delta",
        f"Delta modulation, {CHANNELS} channels x {signal.shape[1]:,} samples, float32, one thread",
        ["by", "ns per sample", "beside lamina", "spikes alike"],
        remark="Best of 31 interleaved runs [median]. snnTorch's `delta` with `padding` and `off_spike`, "
        "time first; ours gives two rows.",
    )
    for name, seconds in taken.items():
        own = name == "lamina"
        table.add(
            name,
            f"{1e9 * seconds.shortest / signal.size:.3g} [{1e9 * seconds.median / signal.size:.3g}]",
            "–" if own else f"{seconds.shortest / taken['lamina'].shortest:.3g}×",
            "–" if own else f"{100 * alike:.4g} %",
        )
    return table


def steps_table(quick: bool) -> Table:
    """One sample of a stream at a time, which no peer offers."""
    steps = 200 if quick else 2_000
    table = Table(
        "encoding steps",
        "One sample of a stream at a time, float32, one thread: µs per step",
        ["code", "1 channel", "16 channels"],
        remark="Best of blocks of 50 steps [median]; every check of `encode` is made at every step.",
    )
    for code in ("sf", "lif", "pwm"):
        cells = []
        for channels in (1, CHANNELS):
            signal = walks(SAMPLES)[: channels if channels > 1 else 1].squeeze(0 if channels == 1 else ())
            converter = ours(code).fit(signal, trials=0)
            state, taken = None, []
            for begin in range(0, steps, 50):
                start = time.perf_counter()
                for t in range(begin, begin + 50):
                    _, state = converter.step(signal[..., t], state)
                taken.append((time.perf_counter() - start) / 50)
            cells.append(f"{1e6 * min(taken):.3g} [{1e6 * statistics.median(taken):.3g}]")
        table.add(TITLES[code], *cells)
    return table


def _times(seconds: Any) -> tuple[float, float, float]:
    return seconds.median, seconds.shortest, seconds.longest


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the released package's prints and warnings off the terminal."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
