"""Accuracy and cost of lamina's series features and of their peers, on the sets of docs/series/lists.md.

    python benchmarks/series/evaluate.py accuracy                    # all methods, all lists
    python benchmarks/series/evaluate.py accuracy --list design --methods ReSU MiniRocket
    python benchmarks/series/evaluate.py accuracy --list design --variants variants.json  # to choose settings
    python benchmarks/series/evaluate.py cost                        # on a machine that does nothing else
    python benchmarks/series/evaluate.py accuracy --sets GunPoint --methods MiniRocket --resamples 2

Every measurement is appended to --out (JSON lines) at once; what is there is not measured again, so that a
run can be stopped and gone on with. A file of variants holds {"name": {"setting": value, ...}, ...}, keyword
arguments of lamina.ReSUClassifier and ReSURegressor; each becomes a method of that name. report.py makes
tables and pictures.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    # everything is measured in one thread; libraries ask when they are loaded
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from series import costs, running

    if sys.argv[1:2] == ["--peak-memory"]:  # how costs.peak_bytes calls this script
        costs.print_peak_bytes(*sys.argv[2:])
    else:
        running.main(sys.argv[1:])


if __name__ == "__main__":
    main()
