"""A recording larger than memory as spikes: one reading for the range, one for the spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.cli.described_code import floating
from lamina.encoding.events import SpikeEvents, to_events
from lamina.encoding.scaling import Scaling
from lamina.errors import DataError

if TYPE_CHECKING:
    from lamina.encoding.code import SpikeCode
    from lamina.io.signals import LazySignal
    from lamina.typing import Progress


def encode_in_pieces(code: SpikeCode, trial: LazySignal, progress: Progress | None) -> SpikeEvents:
    """Encode a recording that stays in its file; the spikes are those of the whole at once.

    Parameters
    ----------
    code
        Causal; it learns the range of the recording, if it has none yet.
    trial
        The recording, with time first.
    progress
        Called with the fraction done.

    Returns
    -------
    SpikeEvents
        They alone are in memory, and one piece of the recording.

    Raises
    ------
    DataError
        If the recording holds NaN or infinity, or is constant where a range is needed.
    """
    total = len(trial.samples)
    readings = 1 if code.scaling_ is not None else 2
    if code.scaling_ is None:
        code.scaling_ = _scaling(code, trial, _part(progress, 0, readings, total, "reading"))
    said = _part(progress, readings - 1, readings, total, "encoding")
    state, done = None, 0
    found: list[SpikeEvents] = []
    for block in trial.blocks():
        spikes, state = code.advance(block, state, 0)
        found.append(to_events(spikes, code, 0))
        done += len(block)
        said(done)
    starts = np.cumsum([0, *(events.n_samples for events in found)])
    return SpikeEvents(
        np.concatenate([events.time + start for events, start in zip(found, starts[:-1], strict=True)]),
        np.concatenate([events.channel for events in found]),
        np.concatenate([events.polarity for events in found]),
        int(starts[-1]),
        found[0].leading,
        found[0].rows,
    )


def _scaling(code: SpikeCode, trial: LazySignal, said: Any) -> Scaling:
    low = high = first = None
    done = 0
    for block in trial.blocks():
        wrong = ~np.isfinite(block)
        if wrong.any():
            raise DataError(
                "signal",
                allowed="finite",
                got=f"a value of NaN or infinity in sample {done + int(np.argwhere(wrong)[0][0])}",
                remedy="Remove or fill these samples before encoding.",
            )
        least, most = block.min(axis=0), block.max(axis=0)
        low = least if low is None else np.minimum(low, least)
        high = most if high is None else np.maximum(high, most)
        first = block[0] if first is None else first
        done += len(block)
        said(done)
    if low is None or high is None or first is None:
        raise DataError(
            "signal", allowed="at least 1 sample long", got="0 samples", remedy="Give a longer one."
        )
    scaling = Scaling(np.array(low, np.float64), np.array(high, np.float64), np.array(first, np.float64))
    if code.interval is not None:
        scaling.per_channel(tuple(trial.samples.shape[1:])).check_spread(
            "signal", np.dtype(floating(trial.samples.dtype))
        )
    return scaling


def _part(progress: Progress | None, index: int, of: int, total: int, doing: str) -> Any:
    def say(done: int) -> None:
        if progress is not None:
            progress((index + done / total) / of, f"{doing} {done:,} of {total:,} samples")

    return say
