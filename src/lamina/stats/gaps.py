"""The pieces of a recording between its gaps."""

from __future__ import annotations

import math

import array_api_compat
import numpy as np

from lamina.errors import DataError
from lamina.typing import Array

# values that are looked at together: one sum tells whether any of them is NaN or infinite
_BLOCK = 2**17


def gapless_runs(name: str, recording: Array, shortest: int) -> list[tuple[int, int]]:
    """Find the runs of samples in which no channel is NaN, without a mask of the whole recording.

    Parameters
    ----------
    name
        What the caller calls the recording.
    recording
        ``(time, channels)``.
    shortest
        Runs with fewer samples are left out, unless they touch the first or last sample.

    Returns
    -------
    list of (int, int)
        First sample, and the one after the last, of each run.

    Raises
    ------
    DataError
        The recording holds infinity.
    """
    xp = array_api_compat.array_namespace(recording)
    samples = recording.shape[0]
    if not xp.isdtype(recording.dtype, "real floating"):
        return [(0, samples)] if samples else []
    missing: list[np.ndarray] = []
    step = max(1, _BLOCK // recording.shape[1])
    for start in range(0, samples, step):
        block = recording[start : min(start + step, samples), :]
        # an overflow of finite values also ends up in the closer look
        with np.errstate(over="ignore", invalid="ignore"):
            looks_fine = math.isfinite(float(xp.sum(block)))
        if looks_fine:
            continue
        infinite = int(xp.sum(xp.astype(xp.isinf(block), xp.int64)))
        if infinite:
            raise DataError(
                name,
                allowed="finite (NaN marks a gap)",
                got=f"{infinite} value(s) of infinity among samples {start} to {start + block.shape[0] - 1}",
                remedy="Replace missing samples by NaN to mark a gap.",
            )
        (rows,) = xp.nonzero(xp.any(xp.isnan(block), axis=1))
        missing.append(np.asarray(rows.cpu() if array_api_compat.is_torch_array(rows) else rows) + start)
    if not missing:
        return [(0, samples)] if samples else []
    gaps = np.concatenate(missing)
    starts = np.concatenate([[0], gaps + 1])
    stops = np.concatenate([gaps, [samples]])
    kept = (stops - starts >= shortest) | (starts == 0) | (stops == samples)
    kept &= stops > starts
    return list(zip(starts[kept].tolist(), stops[kept].tolist(), strict=True))
