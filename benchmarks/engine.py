"""The engine beside its peers: fitting, peak memory, moments, filtering, and how time and memory grow.

Everything that is compared works on the same data, in one process, in turns. Prints tables with each bar of
the specification and whether it is met, and writes them into the documentation on request.

    python benchmarks/engine.py                                # all tables, about ten minutes
    python benchmarks/engine.py --quick                        # a smoke run: small sizes, no verdicts
    python benchmarks/engine.py --only fit transform           # some of the tables
    python benchmarks/engine.py --write docs/benchmarks.md     # and put them into that page
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import lag_moments
import threadpoolctl
from parts.filters import filter_table
from parts.fitting import fit_table, peak_table
from parts.growth import growth_table
from parts.machine import machine
from parts.tables import Table, verdict, write_between_markers
from parts.timing import Seconds

PICTURE = Path(__file__).resolve().parent.parent / "out" / "benchmarks" / "growth.png"


def moments_table(quick: bool) -> Table:
    table = Table(
        "moments",
        "LagMoments, against the explicit lag matrix with BLAS",
        [
            "samples",
            "memory",
            "horizon",
            "channels",
            "lag matrix",
            "LagMoments",
            "ratio",
            "bar",
            "",
            "difference",
        ],
        remark="Difference: largest, of the three moments, relative to the norm. Where the lag matrix would "
        "take more than 1 GiB it is written out in blocks.",
    )
    for case in lag_moments.QUICK if quick else lag_moments.CASES:
        slow, fast, error = lag_moments.measure(case)
        ratio = statistics.median(slow) / statistics.median(fast)
        theirs, ours = (Seconds(statistics.median(all_), min(all_), max(all_)) for all_ in (slow, fast))
        table.add(
            f"{case.samples:,}", case.memory, case.horizon, case.channels, theirs, ours, f"{ratio:.0f}×",
            f"≥ {case.bar:.0f}×", verdict(ratio, case.bar), f"{error:.0e}",
        )  # fmt: skip
    return table


TABLES = {
    "fit": fit_table,
    "peak": peak_table,
    "moments": moments_table,
    "transform": filter_table,
    "growth": lambda quick: growth_table(quick, None if quick else PICTURE),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES), help="tables to measure")
    parser.add_argument("--threads", type=int, default=1, help="threads of BLAS and PyTorch (default 1)")
    parser.add_argument("--write", type=Path, help="page of the documentation to put the tables into")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("--quick measures nothing that is worth writing down")
    import torch

    torch.set_num_threads(arguments.threads)
    where = machine(arguments.threads)
    print(where)
    with threadpoolctl.threadpool_limits(arguments.threads):
        for name in arguments.only:
            table = TABLES[name](arguments.quick)
            if arguments.quick:
                table.without_verdicts()
            print(table.text(), flush=True)
            if arguments.write:
                write_between_markers(arguments.write, name, f"{table.markdown()}\n\n*{where}*")


if __name__ == "__main__":
    main()
