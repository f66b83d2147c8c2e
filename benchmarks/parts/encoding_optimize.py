"""`optimize` beside spike-encoding's: how long 100 trials take, and whose parameters leave the smaller error.

The error is measured in two ways, with the parameters that each has found. *Own*: each encodes and decodes
with its own code, which is what a user of it gets. *Ours*: both sets of parameters go through lamina's code,
so that only the search is compared, not the decoders.
"""

from __future__ import annotations

import json
import statistics
import warnings
from pathlib import Path

import numpy as np
from parts.encoding_tuning import CODES, SAMPLES, TRIALS, Tuned, signals, tuned_by_lamina, tuned_by_released
from parts.tables import Table, verdict

RATIO_BAR, SIGNALS_BAR = 200.0, 0.9
# how many of the ten signals: the released Ben's spiker takes minutes for each
FEWER = {"sf": 10, "lif": 10, "pwm": 10, "bsa": 3}
# one part in a million: what float32 sums differ by
TIE = 1e-6


def error_with(code: str, parameters: dict[str, float], signal: np.ndarray) -> float:
    """Return the error of lamina's code with these parameters; infinite if it has no such code."""
    from lamina.encoding.registry import code_named
    from lamina.errors import LaminaError

    whole = {name: int(value) if name == "filter_order" else value for name, value in parameters.items()}
    try:
        converter = code_named(code)(**whole).fit(signal, trials=0)
    except LaminaError:
        return float("inf")
    decoded = np.asarray(converter.decode(converter.encode(signal)), dtype=np.float64)
    return float(np.mean((decoded - signal) ** 2))


def released(code: str, name: str, signal: np.ndarray, trials: int, kept: Path | None) -> Tuned:
    """Let spike-encoding optimise, or read what it found in an earlier run that broke off."""
    key = [code, name, trials, len(signal)]
    if kept is not None and kept.exists():
        for line in kept.read_text(encoding="utf-8").splitlines():
            *found, parameters, error, seconds = json.loads(line)
            if found == key:
                return Tuned(parameters, error, seconds)
    tuned = tuned_by_released(code, signal, trials)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps([*key, tuned.parameters, tuned.error, tuned.seconds]) + "\n")
    return tuned


def optimize_table(quick: bool, whole: bool = False, kept: Path | None = None) -> Table:
    trials = 5 if quick else TRIALS
    table = Table(
        "encoding optimize",
        f"optimize: {trials} trials, {200 if quick else SAMPLES:,} samples, one thread",
        [
            *("code", "signals", "spike-encoding", "lamina", "ratio, median [least]", "bar", ""),
            *("no worse by own", "bar", "", "no worse by ours", "error, theirs / ours, median"),
        ],
        remark="Time for one signal, medians. No worse: on how many signals lamina's mean squared error is "
        "at most that of spike-encoding 1.8.2, each with its own encoder and decoder, and with lamina's for "
        "both.",
    )
    for code in CODES:
        chosen = list(signals(200 if quick else SAMPLES).items())
        chosen = chosen[:2] if quick else chosen if whole else chosen[: FEWER[code]]
        theirs: list[Tuned] = []
        mine: list[Tuned] = []
        both: list[float] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tuned_by_lamina(code, chosen[0][1], trials=4)
            for name, signal in chosen:
                theirs.append(released(code, name, signal, trials, kept))
                mine.append(tuned_by_lamina(code, signal, trials))
                both.append(error_with(code, theirs[-1].parameters, signal))
        ratios = [a.seconds / b.seconds for a, b in zip(theirs, mine, strict=True)]
        own = sum(b.error <= a.error * (1 + TIE) for a, b in zip(theirs, mine, strict=True))
        same = sum(b.error <= a * (1 + TIE) for a, b in zip(both, mine, strict=True))
        gain = statistics.median(a.error / b.error for a, b in zip(theirs, mine, strict=True))
        count = len(chosen)
        table.add(
            code, count, f"{statistics.median(t.seconds for t in theirs):.3g} s",
            f"{1e3 * statistics.median(t.seconds for t in mine):.3g} ms",
            f"{statistics.median(ratios):,.0f}× [{min(ratios):,.0f}×]", f"≥ {RATIO_BAR:.0f}×",
            verdict(statistics.median(ratios), RATIO_BAR), f"{own} of {count}", "≥ 9 of 10",
            verdict(own / count, SIGNALS_BAR), f"{same} of {count}", f"{gain:.3g}",
        )  # fmt: skip
    return table
