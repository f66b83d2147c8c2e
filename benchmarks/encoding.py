"""Spike encoding beside its peers: spike-encoding 1.8.2, snnTorch and SpikingJelly, in one run.

Everyone has one thread, the same float32 signals and the same parameters. Prints tables with each bar of the
specification and whether it is met, and writes them into the documentation on request. Times are the best of
several runs in turns: other work on a shared machine can only make a run longer. Medians stand beside them.

    python benchmarks/encoding.py                                # about 5 minutes, most of it the peers'
    python benchmarks/encoding.py --quick                        # a smoke run: small sizes, no verdicts
    python benchmarks/encoding.py --only codes steps             # some of the tables
    python benchmarks/encoding.py --whole                        # peers on every sample and signal: hours
    python benchmarks/encoding.py --kept out/peers.jsonl         # add what the peers' optimisers found before
    python benchmarks/encoding.py --write docs/benchmarks.md     # and put the tables into that page
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import threadpoolctl
from parts.encoding_codes import codes_table, delta_table, steps_table
from parts.encoding_gpu import measure as gpu_table
from parts.encoding_optimize import optimize_table
from parts.encoding_values import values_table
from parts.machine import machine
from parts.tables import Table, write_between_markers

# quick, whole, file of what the released optimisers found
TABLES: dict[str, Callable[[bool, bool, Path | None], Table]] = {
    "codes": lambda quick, whole, kept: codes_table(quick, whole),
    "steps": lambda quick, whole, kept: steps_table(quick),
    "delta": lambda quick, whole, kept: delta_table(quick),
    "values": lambda quick, whole, kept: values_table(samples=100, rounds=2) if quick else values_table(),
    "gpu": lambda quick, whole, kept: gpu_table(1000, 50, 1) if quick else gpu_table(),
    "optimize": optimize_table,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--whole", action="store_true", help="peers on every sample and signal")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES), help="tables to measure")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--kept", type=Path, help="file of what the peers' optimisers found")
    parser.add_argument("--write", type=Path, help="page of the documentation to put the tables into")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("--quick measures nothing that is worth writing down")
    import numba
    import torch

    numba.set_num_threads(1)
    torch.set_num_threads(1)
    where = machine(1)
    print(where)
    with threadpoolctl.threadpool_limits(1):
        for name in arguments.only:
            table = TABLES[name](arguments.quick, arguments.whole, arguments.kept)
            if arguments.quick:
                table.without_verdicts()
            print(f"\n{table.markdown()}" if arguments.markdown else table.text(), flush=True)
            if arguments.write:
                write_between_markers(arguments.write, table.name, f"{table.markdown()}\n\n*{where}*")


if __name__ == "__main__":
    main()
