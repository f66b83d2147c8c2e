"""What does not fit into memory is fitted in little of it, however long it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr

SAMPLES = 24_000_000
BYTES = 4 * SAMPLES  # of float32; no recording can hide in the memory that is allowed

CHILD = """
import json, sys
import h5py, numpy as np, zarr
import lamina
from lamina.io.checkpoints import Checkpoint

def peak():
    # ru_maxrss would count the process that started this one
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))

def chunks(rows):
    block = np.random.default_rng(0).standard_normal(rows, dtype=np.float32)
    for _ in range(SAMPLES // rows):
        yield block

npy = lambda: np.load("recording.npy", mmap_mode="r")
hdf5 = lambda: h5py.File("recording.h5")["recording"]
MADE = {
    "npy": lambda: (npy(), {}),
    "trials of npy": lambda: (np.split(npy(), 3), {"trial_weights": [1.0, 2.0, 0.5]}),
    "hdf5": lambda: (hdf5(), {}),
    "zarr": lambda: (zarr.open_array("recording.zarr", mode="r"), {}),
    "large chunks": lambda: (chunks(1_000_000), {}),
    "small chunks": lambda: ((chunk for chunk in chunks(5_000)), {}),
    "half-life": lambda: (npy(), {"half_life": 1e6}),
    "checkpoint": lambda: (npy(), {"checkpoint": Checkpoint("fit.checkpoint")}),
    "npy beside hdf5": lambda: (npy(), {"future_of": hdf5()}),
    "chunks beside npy": lambda: (lambda: chunks(5_000), {"future_of": npy()}),
}

def unit(half_life=None, **given):
    return lamina.ReSU(memory=3, horizon=2, rank=1, half_life=half_life), given

# what is imported late is in memory by now
block = next(chunks(50_000))
unit()[0].fit(block, future_of=block)
for kind, make in MADE.items():
    recording, keywords = make()
    fitted, given = unit(**keywords)
    before = peak()
    fitted.fit(recording, **given)
    print(json.dumps([kind, before, peak(), fitted.n_windows_]), flush=True)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell the peak")
def test_the_memory_of_a_fit_does_not_grow_with_the_recording(tmp_path):
    block = np.random.default_rng(1).standard_normal(SAMPLES // 10, dtype=np.float32)
    whole = np.tile(block, 10)
    np.save(tmp_path / "recording.npy", whole)
    with h5py.File(tmp_path / "recording.h5", "w") as file:
        file.create_dataset("recording", data=whole)
    store = zarr.create_array(
        tmp_path / "recording.zarr", shape=whole.shape, dtype="f4", chunks=(1_000_000,), compressors=None
    )
    store[:] = whole
    del whole
    done = subprocess.run(
        [sys.executable, "-c", CHILD.replace("SAMPLES", str(SAMPLES))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == 10
    window, channels = 5, 2
    allowed = 64 * 2**20 + 4 * 8 * (window * channels) ** 2
    assert allowed < BYTES
    for kind, _, peak, windows in results:
        # over what the first of them began with
        above = peak - results[0][1]
        assert above <= allowed, f"{kind}: {above / 2**20:.0f} MiB"
        assert SAMPLES - 3 * (window - 1) <= windows <= SAMPLES - (window - 1)
