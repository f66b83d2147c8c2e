"""How often "auto" finds the number of states of processes whose number of states is known.

Every process is a linear system, x_{t+1} = A x_t + B w_t, y_t = C x_t + sqrt(r) v_t, recorded from its
stationary start on. The right rank is the number of states that such a system cannot do without (0 for white
noise, which is right when `selection_.predictable` is False). Memory and horizon are chosen too, as
`lamina.ReSU()` does. Beside the rates stand the canonical correlations that infinitely much data would give
(m = h = 50), and the number of samples from which even these would pass the singular value criterion,
σ² > 2 ln T / T. A third table says how often white noise is recognised when memory and horizon are given.

    python benchmarks/selection.py            # 60 recordings of each kind, about a minute on one core
    python benchmarks/selection.py --quick    # 5 of each, as a smoke run
    python benchmarks/selection.py --write docs/choosing.md    # puts the table between the marks in that page
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lamina import ReSU
from lamina.errors import UnpredictableWarning
from lamina.simulate import OUSystem, generate_ou_process, ou_canonical_correlations

CRITERIA = ("svc", "bic", "cv")
LENGTHS = (500, 5000)
# where the lengths above are too short for the weakest mode, as the population tells
LONGER = {"ARMA(3,1), weak third mode": (100_000,), "OU-3 (Qin et al. 2025, Fig. 2B)": (100_000,)}
RUNS = 60
# memory and horizon that a user might give for white noise, and samples
GIVEN = ((5, 500), (20, 500), (5, 5000), (20, 5000), (50, 5000))


@dataclass(frozen=True)
class Process:
    name: str
    states: int
    system: OUSystem

    def canonical_correlations(self) -> np.ndarray:
        return ou_canonical_correlations(50, 50, system=self.system)[: self.states]

    def found_from(self) -> int | None:
        """Samples from which the population's weakest direction passes the singular value criterion."""
        if not self.states:
            return None
        weakest = float(self.canonical_correlations()[-1]) ** 2
        low, high = 3, 10**15
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if weakest > 2 * math.log(middle) / middle else (middle + 1, high)
        return low


def arma(poles: tuple[complex, ...], zero: float | None = None) -> OUSystem:
    """x_t = a_1 x_{t-1} + ... + w_t with these poles, y_t = x_t - zero x_{t-1}, as a system without noise."""
    coefficients = -np.poly(poles).real[1:]
    size = len(coefficients)
    readout = np.zeros(size)
    readout[0] = 1.0
    if zero is not None:
        readout[1] = -zero
    transition = np.vstack([coefficients, np.eye(size)[:-1]])
    return OUSystem(transition, np.eye(size)[:, :1], readout, observation_variance=0.0)


def pair(radius: float, angle: float) -> tuple[complex, complex]:
    return radius * np.exp(1j * angle), radius * np.exp(-1j * angle)


# Written down before any of them was tried. The two ARMA(3,1) differ in one pole and the zero: in the first
# the zero stands near the real pole and nearly cancels it, in the second far from it.
PROCESSES = (
    Process("white noise", 0, OUSystem([[0.0]], [[1.0]], [1.0], observation_variance=0.0)),
    Process("AR(1) + noise", 1, OUSystem([[0.9]], [[1.0]], [1.0], observation_variance=1.0)),
    Process("AR(2)", 2, arma(pair(0.8, math.pi / 4))),
    Process("ARMA(3,1), weak third mode", 3, arma((*pair(0.8, math.pi / 4), 0.5), zero=0.3)),
    Process("ARMA(3,1), strong third mode", 3, arma((*pair(0.8, math.pi / 4), -0.7), zero=0.5)),
    Process("OU-3 (Qin et al. 2025, Fig. 2B)", 3, OUSystem()),
)


def record(process: Process, samples: int, run: int) -> np.ndarray:
    seed = np.random.default_rng([PROCESSES.index(process), samples, run])
    return generate_ou_process(samples, process.system, seed=seed)


def chosen_rank(recording: np.ndarray, criterion: str, memory: int | str = "auto") -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnpredictableWarning)
        selection = ReSU(memory, memory, "auto", criterion=criterion).fit(recording).selection_
    return selection.rank if selection.predictable else 0


def cell(process: Process, samples: int, criterion: str, runs: int) -> str:
    recordings = (record(process, samples, run) for run in range(runs))
    return summary([chosen_rank(recording, criterion) for recording in recordings], process.states)


def chance_cell(memory: int, samples: int, criterion: str, runs: int) -> str:
    recordings = (record(PROCESSES[0], samples, run) for run in range(runs))
    return summary([chosen_rank(recording, criterion, memory) for recording in recordings], 0)


def summary(ranks: list[int], right: int) -> str:
    """The share of right ranks, and in brackets the three wrong ones that were most frequent."""
    counts = Counter(rank for rank in ranks if rank != right)
    wrong = sorted(counts, key=lambda rank: (-counts[rank], rank))
    instead = ", ".join(f"{counts[rank]}× {rank}" for rank in wrong[:3])
    return f"{100 * ranks.count(right) / len(ranks):.0f} %" + (f" ({instead})" if instead else "")


def population() -> str:
    lines = ["| process | states | σ of the population | svc finds all from T ≈ |", "|---|---|---|---|"]
    for process in PROCESSES:
        sigma = ", ".join(f"{each:.3f}" for each in process.canonical_correlations()) or "none"
        found = process.found_from()
        lines.append(f"| {process.name} | {process.states} | {sigma} | {'' if found is None else found} |")
    return "\n".join(lines)


def rates(runs: int) -> str:
    lines = ["| process | states | T | svc | bic | cv |", "|---|---|---|---|---|---|"]
    for process in PROCESSES:
        for samples in (*LENGTHS, *LONGER.get(process.name, ())):
            cells = [cell(process, samples, criterion, runs) for criterion in CRITERIA]
            lines.append(f"| {process.name} | {process.states} | {samples} | {' | '.join(cells)} |")
    return "\n".join(lines)


def chance(runs: int) -> str:
    lines = ["| memory = horizon | T | svc | bic | cv |", "|---|---|---|---|---|"]
    for memory, samples in GIVEN:
        cells = [chance_cell(memory, samples, criterion, runs) for criterion in CRITERIA]
        lines.append(f"| {memory} | {samples} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5 recordings of each kind, to see that it runs")
    parser.add_argument("--write", type=Path, help="a page with marks that the tables go between")
    arguments = parser.parse_args()
    runs = 5 if arguments.quick else RUNS
    tables = {"population": population(), "rates": rates(runs), "chance": chance(runs)}
    print(
        f"{runs} recordings of each kind; in brackets the ranks taken instead", *tables.values(), sep="\n\n"
    )
    if arguments.write is not None:
        page = arguments.write.read_text(encoding="utf-8")
        for name, table in tables.items():
            before, rest = page.split(f"<!-- {name} -->", 1)
            page = f"{before}<!-- {name} -->\n\n{table}\n\n<!-- end -->{rest.split('<!-- end -->', 1)[1]}"
        arguments.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
