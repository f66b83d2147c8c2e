"""Lag vectors, built explicitly: for small data, and as the definition that the moments must meet."""

from __future__ import annotations

from collections.abc import Sequence

import array_api_compat

from lamina._checks import check_integer, check_trials
from lamina.errors import DataError
from lamina.stats.admission import check_same_library
from lamina.typing import Array, LagVectors


def window_length(memory: int, horizon: int, gap: int) -> int:
    """Return the samples that one window spans, from its oldest past to its last future sample."""
    return memory + gap + horizon - 1


def lag_vectors(
    recording: Array | Sequence[Array], memory: int, horizon: int, gap: int = 1
) -> tuple[LagVectors, LagVectors]:
    r"""Past and future vectors of every window.

    .. math:: p_t = [y_t; y_{t-1}; \ldots; y_{t-m+1}], \qquad f_t = [y_{t+g}; \ldots; y_{t+g+h-1}]

    They take ``memory + horizon`` times the room of the recording; `LagMoments` reaches their moments without
    them.

    Parameters
    ----------
    recording
        ``(time,)`` or ``(time, channels)``, or a list of recordings (trials), which no window crosses.
        NaN marks a gap: a window that touches one, between past and future included, is left out.
    memory
        Samples ``m`` of the past, at least 1.
    horizon
        Samples ``h`` of the future, at least 1.
    gap
        Steps ``g`` from the present to the nearest future sample, at least 1.

    Returns
    -------
    past
        ``(windows, memory * channels)``, newest lag first, channels fastest; dtype of the recording (integers
        become float64). A trial of T samples without gaps has ``T - m - g - h + 2`` windows.
    future
        ``(windows, horizon * channels)``, nearest first, channels fastest.

    Raises
    ------
    ArgumentError
        A parameter is not an integer of at least 1.
    ShapeError
        A recording has more than two axes, or trials differ in channels.
    DataError
        A recording holds infinity, or there is no whole window.
    ArgumentTypeError
        A recording is not made of real numbers, or is of another library or device than the first.

    Notes
    -----
    ReSU paper, Eq. 3.

    Examples
    --------
    >>> import numpy as np
    >>> past, future = lag_vectors(np.arange(5.0), memory=2, horizon=1)
    >>> past.tolist(), future.tolist()
    ([[1.0, 0.0], [2.0, 1.0], [3.0, 2.0]], [[2.0], [3.0], [4.0]])
    """
    memory = check_integer("memory", memory, minimum=1)
    horizon = check_integer("horizon", horizon, minimum=1)
    gap = check_integer("gap", gap, minimum=1)
    trials = check_trials("recording", recording)
    for index, trial in enumerate(trials):
        check_same_library(f"recording[{index}]", trials[0], trial)
    xp = array_api_compat.array_namespace(*trials)
    length = window_length(memory, horizon, gap)
    offsets = [*range(memory - 1, -1, -1), *range(memory + gap - 1, length)]
    pairs = [_trial_windows(trial, length, offsets) for trial in trials]
    windows = xp.concat(pairs, axis=0)
    if windows.shape[0] == 0:
        longest = max(trial.shape[0] for trial in trials)
        raise DataError(
            "recording",
            allowed=f"at least {length} samples (memory + gap + horizon - 1) without a gap in one trial",
            got=f"none in {len(trials)} trial(s) of at most {longest} samples",
            remedy="Give longer recordings, or ask for a shorter memory, horizon or gap.",
        )
    split = memory * trials[0].shape[1]
    return windows[:, :split], windows[:, split:]


def _trial_windows(trial: Array, length: int, offsets: list[int]) -> Array:
    xp = array_api_compat.array_namespace(trial)
    device = array_api_compat.device(trial)
    samples, channels = trial.shape
    count = samples - length + 1
    if count < 1:
        return xp.zeros((0, len(offsets) * channels), dtype=trial.dtype, device=device)
    gaps = xp.astype(xp.any(xp.isnan(trial), axis=1), xp.int64)
    before = xp.concat([xp.zeros((1,), dtype=xp.int64, device=device), xp.cumulative_sum(gaps)])
    (starts,) = xp.nonzero(before[length:] == before[:count])
    index = starts[:, None] + xp.asarray(offsets, dtype=xp.int64, device=device)[None, :]
    gathered = xp.take(trial, xp.reshape(index, (-1,)), axis=0)
    return xp.reshape(gathered, (starts.shape[0], len(offsets) * channels))
