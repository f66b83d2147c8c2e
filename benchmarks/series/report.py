"""Tables and pictures of what evaluate.py measured.

    python benchmarks/series/report.py                       # from docs/series/results/measurements.jsonl
    python benchmarks/series/report.py --results out/series/results.jsonl --write docs/series/results.md
    python benchmarks/series/report.py --results out/series/variants.jsonl --list design --methods A B

With --list it ranks the named methods (settings) on these lists and shows nothing of the others.
With --write it fills the places between the marks of that page, draws the pictures into the folder results
beside it, and keeps the measurements there, one line for a method on a set.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))


def main() -> None:
    from parts.tables import write_between_markers
    from series import records, tables
    from series.peers import METHODS
    from series.sets import LISTS

    kept = ROOT / "docs" / "series" / "results" / "measurements.jsonl"
    parser = argparse.ArgumentParser(description="Tables and pictures of series results.")
    parser.add_argument("--results", type=Path, nargs="+", default=[kept], help="files of evaluate.py")
    parser.add_argument("--list", choices=tuple(LISTS), action="append", help="only this, to choose settings")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), metavar="METHOD")
    parser.add_argument("--ours", default="ReSU", metavar="METHOD", help="whose losses are named")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    chosen = parser.parse_args()
    every = [record for path in chosen.results for record in records.read(path)]
    results = tables.Results(every, [*dict.fromkeys(chosen.methods)])
    if chosen.list:
        for which in chosen.list:
            print(tables.scores(results, which).text())
            print(tables.ranking(results, which).text())
        return
    sections = tables.sections(results, chosen.ours)
    for table in sections.values():
        print(table.text())
    if chosen.write:
        folder = chosen.write.parent / "results"
        tables.draw(results, chosen.ours, folder)
        records.pack([each for each in every if each["method"] in results.methods], folder / kept.name)
        for name, table in sections.items():
            write_between_markers(chosen.write, name, f"\n{table.markdown()}\n")


if __name__ == "__main__":
    main()
