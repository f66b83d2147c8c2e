"""Peak memory of one piece of work above what its process held before, each in a process of its own.

Linux keeps the largest resident set of a process (VmHWM in /proc/self/status) and can be told to start anew
(5 into /proc/self/clear_refs); elsewhere `resource.getrusage` gives the largest since the process started, of
which the largest before the work is taken off. The signal is there before, in memory, and does not count; a
small run of the same work beforehand loads the code.

    python benchmarks/parts/memory.py with_lamina 1000000 50 1    # prints bytes
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent


def peak_bytes(work: str, samples: int, memory: int, channels: int = 1) -> int:
    """Run ``work`` in a process of its own; see `main` for the kinds of work."""
    command = [sys.executable, str(Path(__file__).resolve()), work, str(samples), str(memory), str(channels)]
    # with more threads BLAS would keep buffers for each of them
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return int(done.stdout.split()[-1])


def main() -> None:
    sys.path.insert(0, str(FOLDER))
    from parts import rivals

    name, samples, memory, channels = sys.argv[1], *(int(word) for word in sys.argv[2:5])
    work = getattr(rivals, name)
    # columns of noise, drawn straight into place
    signal = np.random.default_rng(0).standard_normal((samples, channels))
    if channels == 1:
        signal = signal[:, 0]
    work(signal[:1000].copy(), 2, 2)
    before = _reset()
    work(signal, memory, 2)
    print(max(0, _largest() - before))


def _reset() -> int:
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return _status("VmRSS")
    except OSError:
        return _largest()


def _largest() -> int:
    try:
        return _status("VmHWM")
    except OSError:
        scale = 1 if sys.platform == "darwin" else 1024
        return scale * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


if __name__ == "__main__":
    main()
