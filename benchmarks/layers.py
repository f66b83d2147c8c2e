"""Spectral layers beside nn.MultiheadAttention, neuraloperator, ptwt and performer-pytorch, in one run.

Two threads, float32, the same tensor for all, in turns; times are the best of several runs, since other work
on a shared machine can only make a run longer. Prints tables with each bar of the specification and whether
it is met, and writes them into the documentation on request. On a busy machine two threads wait for each
other; ``--busy`` takes one, and the processor's time in place of the clock's: rough shares, no more.

    python benchmarks/layers.py                                # all tables, minutes; a picture under out/
    python benchmarks/layers.py --quick                        # a smoke run: short sequences, no verdicts
    python benchmarks/layers.py --only peers                   # some of the tables
    python benchmarks/layers.py --layers Fourier               # layers whose name has this word
    python benchmarks/layers.py --busy                         # rough shares while others work
    python benchmarks/layers.py --write docs/benchmarks.md     # and put the tables into that page
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

from parts.layers_cases import BATCH, LONG, offered
from parts.layers_peers import peers_table
from parts.layers_picture import draw_growth
from parts.layers_speed import forward, growth, growth_table, speed_table, timed, works
from parts.machine import machine
from parts.tables import Table, write_between_markers

TABLES = ("speed", "growth", "peers")
THREADS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short sequences, to see that it runs")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES), help="tables to measure")
    parser.add_argument("--layers", default="", help="only layers with this in their name")
    parser.add_argument("--busy", action="store_true", help="one thread, time of the processor")
    parser.add_argument(
        "--no-memory", action="store_true", help="leave out the processes that measure memory"
    )
    parser.add_argument("--batch", type=int, default=BATCH, help="samples in the batch, for growth")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument(
        "--picture", type=Path, default=Path("out/layers_growth.png"), help="where to draw growth"
    )
    parser.add_argument("--write", type=Path, help="page of the documentation to put the tables into")
    arguments = parser.parse_args()
    if arguments.write and (
        arguments.quick
        or arguments.busy
        or arguments.layers
        or arguments.no_memory
        or arguments.batch != BATCH
    ):
        parser.error("part of the measurements is not worth writing down")
    import torch

    threads = 1 if arguments.busy else THREADS
    torch.set_num_threads(threads)
    clock = time.process_time if arguments.busy else time.perf_counter
    where = machine(threads)
    print(where)
    # short images allow no wavelet level, which is known here
    warnings.filterwarnings("ignore", message="Images of")
    cases, notes = offered()
    cases = [case for case in cases if arguments.layers in case.name]
    for note in notes:
        print(f"left out: {note}")

    def show(table: Table) -> None:
        if arguments.quick:
            table.without_verdicts()
        print(f"\n{table.markdown()}" if arguments.markdown else table.text(), flush=True)
        if arguments.write:
            write_between_markers(arguments.write, table.name, f"{table.markdown()}\n\n*{where}*")

    found = {}
    if "growth" in arguments.only:
        found = growth(cases, clock, quick=arguments.quick, batch=arguments.batch)
        draw_growth(cases, found, arguments.picture)
        show(growth_table(cases, found, batch=arguments.batch))
    if "speed" in arguments.only:
        long = found.get(LONG, {}) if arguments.batch == BATCH else {}
        if not long and not arguments.quick:
            long = timed(works(cases, forward, LONG), 4, clock)
        show(speed_table(cases, long, clock, quick=arguments.quick, memory=not arguments.no_memory))
    if "peers" in arguments.only:
        show(peers_table(clock, quick=arguments.quick))


if __name__ == "__main__":
    main()
