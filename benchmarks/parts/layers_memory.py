"""Peak memory of one layer above what its process held before, each layer in a process of its own.

As `memory` does: Linux keeps the largest resident set of a process and can be told to start anew. Freed
memory is given back at once (MALLOC_MMAP_THRESHOLD_): the forward run leaves nothing to the backward one.

    python benchmarks/parts/layers_memory.py nn.MultiheadAttention 512    # prints two numbers of bytes
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent


def peaks(name: str, length: int) -> tuple[int, int]:
    """Bytes for forward, and for forward and backward, of the layer or of attention."""
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    command = [sys.executable, str(Path(__file__).resolve()), name, str(length)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    ahead, both = done.stdout.split()[-2:]
    return int(ahead), int(both)


def main() -> None:
    sys.path.insert(0, str(FOLDER))
    import torch
    from parts.layers_cases import BATCH, CASES, HIDDEN, attention
    from parts.layers_speed import ATTENTION, forward, training
    from parts.memory import _largest, _reset

    torch.set_num_threads(2)
    name, length = sys.argv[1], int(sys.argv[2])
    case = None if name == ATTENTION else next(case for case in CASES if case.name == name)
    layer = case.build(length) if case else attention()
    x = case.input(BATCH, length) if case else torch.randn(BATCH, length, HIDDEN)
    # the same code on one sample, so that what is loaded or built once does not count
    for make in (forward, training):
        make(layer, x[:1].clone())()
    for make in (forward, training):
        work = make(layer, x)
        layer.zero_grad()
        before = _reset()
        work()
        print(max(0, _largest() - before))


if __name__ == "__main__":
    main()
