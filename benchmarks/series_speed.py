"""Where the time of ReSUClassifier goes, stage by stage, beside MiniRocket on the same series.

Both are warm (compiled, and run once on the same series) and take turns; each round gives one ratio. Sets are
those that choose (docs/series/lists.md) and random walks; accuracy is not looked at. One thread, unless told
otherwise. Peak memory, above the data, is measured in a process of its own.

    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python benchmarks/series_speed.py
    python benchmarks/series_speed.py --sets tiny long --rounds 3
    python benchmarks/series_speed.py --threads       # transform of the long set in 1, 2, … threads
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from parts.memory import _largest, _reset
from parts.tables import Table
from series.peers import BASELINE, METHODS
from series.sets import load
from series.splits import split

from lamina.resu.features.classifier import ReSUClassifier

DESIGN = ("ArrowHead", "OSULeaf", "ACSF1", "GunPoint", "ItalyPowerDemand", "BasicMotions")
# random walks: training series, series to predict, samples
WALKS = {"tiny": (20, 20, 24), "medium": (500, 500, 200), "long": (500, 500, 2000)}
NAMES = (*WALKS, *DESIGN)

# what a stage is called → where the function is looked up that it consists of
STAGES = {
    "moments": ("learning", "scale_moments"),
    "directions": ("learning", "canonical_directions"),
    "thresholds": ("transformer", "set_thresholds"),
    "outputs": ("transformer", "pooled_outputs"),
    "ridge": ("classifier", "fit_ridge"),
}

Data = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Training series, their labels, series to predict; float32, so that nobody has to convert them."""


def data(name: str) -> Data:
    if name in WALKS:
        n, m, time_ = WALKS[name]
        walks = np.random.default_rng(0).standard_normal((n + m, 1, time_), dtype=np.float32).cumsum(axis=2)
        return walks[:n], np.arange(n) % 2, walks[n:]
    collection = load(name)
    training, test = split(collection, 0)
    series = np.asarray(collection.series, dtype=np.float32)
    return series[training], collection.targets[training], series[test]


@contextmanager
def timed_stages() -> Iterator[dict[str, float]]:
    """Count the seconds that go by in each of `STAGES`."""
    import importlib

    seconds, restore = dict.fromkeys(STAGES, 0.0), []
    for stage, (module_name, name) in STAGES.items():
        module = importlib.import_module(f"lamina.resu.features.{module_name}")
        function = getattr(module, name)

        def timed(*arguments, stage=stage, function=function, **named):
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                seconds[stage] += time.perf_counter() - start

        restore.append((module, name, function))
        setattr(module, name, timed)
    try:
        yield seconds
    finally:
        for module, name, function in restore:
            setattr(module, name, function)


def once(method: str, series: Data) -> dict[str, float]:
    """Seconds and processor seconds of a fit and a prediction, and of the stages that are ours."""
    training, labels, test = series
    estimator = METHODS[method].make(False, 0) if method == BASELINE else ReSUClassifier()
    with timed_stages() as stages:
        busy, start = time.process_time(), time.perf_counter()
        estimator.fit(training, labels)
        fitted = time.perf_counter()
        in_fit = dict(stages)
        estimator.predict(test)
        end = time.perf_counter()
    found = {"fit": fitted - start, "predict": end - fitted, "total": end - start}
    return found | {"busy": time.process_time() - busy} | in_fit


def peak_megabytes(method: str, name: str) -> float:
    # freed memory goes back at once: what warming up left would hide what comes after
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    command = [sys.executable, str(Path(__file__).resolve()), "--peak", method, "--sets", name]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return int(done.stdout.split()[-1]) / 2**20


def print_peak(method: str, name: str) -> None:
    training, labels, test = data(name)
    once(method, (training[:10].copy(), np.arange(10) % 2, test[:10].copy()))
    before = _reset()
    once(method, (training, labels, test))
    print(max(0, _largest() - before))


def speed_table(names: list[str], rounds: int, memory: bool) -> Table:
    heads = ["set", "MiniRocket", "ReSU", "ratio", "CPU ratio", "fit", *STAGES, "predict"]
    heads += ["MB MiniRocket", "MB ReSU", "ratio"] if memory else []
    table = Table(
        "speed",
        "Fit and predict, milliseconds: medians; ratio of MiniRocket to ReSU, the median over rounds",
        heads,
        remark="Stages are those of the fit; outputs include their pooling. CPU: processor time instead.",
    )
    ratios, busy_ratios = [], []
    for name in names:
        series = data(name)
        rows: dict[str, list[dict[str, float]]] = {BASELINE: [], "ReSU": []}
        for round_ in range(rounds + 1):
            for method, found in rows.items():
                row = once(method, series)
                if round_:
                    found.append(row)
        pairs = list(zip(rows[BASELINE], rows["ReSU"], strict=True))
        ratios.append(statistics.median(theirs["total"] / ours["total"] for theirs, ours in pairs))
        busy_ratios.append(statistics.median(theirs["busy"] / ours["busy"] for theirs, ours in pairs))

        def middle(method: str, what: str, rows=rows) -> str:
            return f"{1e3 * statistics.median(row[what] for row in rows[method]):.1f}"

        cells = [name, middle(BASELINE, "total"), middle("ReSU", "total")]
        cells += [f"{ratios[-1]:.1f}×", f"{busy_ratios[-1]:.1f}×"]
        cells += [middle("ReSU", what) for what in ("fit", *STAGES, "predict")]
        if memory:
            theirs, ours = (peak_megabytes(method, name) for method in (BASELINE, "ReSU"))
            cells += [f"{theirs:.1f}", f"{ours:.1f}", f"{theirs / ours:.1f}×"]
        table.add(*cells)
        print(cells, file=sys.stderr, flush=True)
    means = (np.exp(np.mean(np.log(values))) for values in (ratios, busy_ratios))
    table.add("geometric mean", "", "", *(f"{mean:.1f}×" for mean in means), *[""] * (len(heads) - 5))
    return table


def thread_table(rounds: int) -> Table:
    from lamina.resu.features.transformer import ReSUFeatures

    series = data("long")[0]
    features = ReSUFeatures().fit(series[:50])
    table = Table("threads", f"transform of {series.shape}, by threads", ["threads", "milliseconds", "ratio"])
    counts = [2**k for k in range((os.cpu_count() or 1).bit_length())]
    taken: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(rounds):
        for count in counts:
            features.set_params(n_jobs=count)
            start = time.perf_counter()
            features.transform(series)
            taken[count].append(time.perf_counter() - start)
    for count in counts:
        ratio = statistics.median(a / b for a, b in zip(taken[1], taken[count], strict=True))
        table.add(count, f"{1e3 * statistics.median(taken[count]):.1f}", f"{ratio:.2f}×")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=NAMES, default=list(NAMES), metavar="SET")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-memory", action="store_true", help="leave peak memory away")
    parser.add_argument("--threads", action="store_true", help="how transform gains by threads, instead")
    parser.add_argument("--peak", choices=(BASELINE, "ReSU"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.peak:
        print_peak(arguments.peak, arguments.sets[0])
    elif arguments.threads:
        print(thread_table(arguments.rounds).text())
    else:
        print(speed_table(arguments.sets, arguments.rounds, not arguments.no_memory).text())


if __name__ == "__main__":
    main()
