"""`optimize` beside spike-encoding's: how long 100 trials take, and whose parameters leave the smaller error.

The error is measured in two ways, with the parameters that each has found. *Own*: each encodes and decodes
with its own code, which is what a user of it gets. *Ours*: both sets of parameters go through lamina's code,
so that only the search is compared, not the decoders.

Judged is on signals that nothing was chosen on, for five seeds of ours; the released search cannot be seeded
and runs once. The bar is held against seed 0, the default.
"""

from __future__ import annotations

import json
import statistics
import warnings
from pathlib import Path

import numpy as np
from parts.encoding_tuning import (
    CODES,
    SAMPLES,
    TRIALS,
    Tuned,
    judged_signals,
    tuned_by_lamina,
    tuned_by_released,
)
from parts.tables import Table, verdict

RATIO_BAR, SIGNALS_BAR = 200.0, 0.9
# signals on which the released optimisers run without --whole: the other codes take minutes for each
FEWER = {"sf": 3, "lif": 3, "pwm": 0, "bsa": 0}
SEEDS = range(5)
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


def found_before(kept: Path | None, trials: int, samples: int) -> dict[tuple[str, str], Tuned]:
    """Read what the released optimisers found in earlier runs, by code and signal."""
    found: dict[tuple[str, str], Tuned] = {}
    if kept is not None and kept.exists():
        for line in kept.read_text(encoding="utf-8").splitlines():
            code, name, *key, parameters, error, seconds = json.loads(line)
            if key == [trials, samples]:
                found[code, name] = Tuned(parameters, error, seconds)
    return found


def released(code: str, name: str, signal: np.ndarray, trials: int, kept: Path | None) -> Tuned:
    """Let spike-encoding optimise, and keep what it finds."""
    tuned = tuned_by_released(code, signal, trials)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("a", encoding="utf-8") as file:
            line = [code, name, trials, len(signal), tuned.parameters, tuned.error, tuned.seconds]
            file.write(json.dumps(line) + "\n")
    return tuned


def optimize_table(quick: bool, whole: bool = False, kept: Path | None = None) -> Table:
    trials, samples = (5, 200) if quick else (TRIALS, SAMPLES)
    table = Table(
        "encoding optimize",
        f"optimize: {trials} trials, {samples:,} samples, one thread",
        [
            *("code", "signals", "spike-encoding", "lamina", "ratio, median [least]", "bar", ""),
            *("no worse by own, seeds 0 to 4", "bar, seed 0", "", "no worse by ours"),
            "error, theirs / ours, median",
        ],
        remark="Time for one signal, medians over signals. spike-encoding 1.8.2: of the processor, in this "
        "run, of step-forward and LIF on three signals; of the clock, on a busy machine, for what was kept "
        "from earlier runs. lamina: the best of five runs, with the refinement of up to 700 settings more. "
        "No worse: on how many signals lamina's mean squared error is at most that of spike-encoding, each "
        "with its own encoder and decoder, and with lamina's for both.",
    )
    known = found_before(kept, trials, samples)
    for code in CODES:
        every = list(judged_signals(samples).items())
        now = every[: 1 if quick else len(every) if whole else FEWER[code]]
        chosen = [pair for pair in every if pair in now or (code, pair[0]) in known]
        if not chosen:
            continue
        theirs: list[Tuned] = []
        mine: list[list[Tuned]] = []
        both: list[float] = []
        timed: dict[int, float] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tuned_by_lamina(code, chosen[0][1], trials=4)
            for name, signal in chosen:
                earlier = known.get((code, name))
                if earlier is None:
                    theirs.append(released(code, name, signal, trials, kept))
                else:
                    theirs.append(earlier)
                if name in dict(now):
                    # what an earlier run found counts, but not how long it took
                    again = (
                        theirs[-1] if earlier is None or whole else tuned_by_released(code, signal, trials)
                    )
                    timed[len(theirs) - 1] = again.seconds
                mine.append([tuned_by_lamina(code, signal, trials, seed) for seed in SEEDS])
                both.append(error_with(code, theirs[-1].parameters, signal))
        seconds = [min(tuned.seconds for tuned in by_seed) for by_seed in mine]
        timed = timed or {i: tuned.seconds for i, tuned in enumerate(theirs)}
        ratios = [taken / seconds[i] for i, taken in timed.items()]
        own = [
            sum(b[seed].error <= a.error * (1 + TIE) for a, b in zip(theirs, mine, strict=True))
            for seed in SEEDS
        ]
        same = [
            sum(b[seed].error <= a * (1 + TIE) for a, b in zip(both, mine, strict=True)) for seed in SEEDS
        ]
        gain = statistics.median(a.error / b[0].error for a, b in zip(theirs, mine, strict=True))
        count = len(chosen)
        table.add(
            code, count, f"{statistics.median(timed.values()):.3g} s",
            f"{1e3 * statistics.median(seconds):.3g} ms",
            f"{statistics.median(ratios):,.0f}× [{min(ratios):,.0f}×]", f"≥ {RATIO_BAR:.0f}×",
            verdict(statistics.median(ratios), RATIO_BAR), f"{', '.join(map(str, own))} of {count}",
            "≥ 9 of 10", verdict(own[0] / count, SIGNALS_BAR) if count == len(every) else "–",
            f"{', '.join(map(str, same))} of {count}",
            f"{gain:.3g}",
        )  # fmt: skip
    return table
