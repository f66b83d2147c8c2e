"""From scores of samples to alarms: when one began, how long it lasted, and what raised it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from array_api_compat import to_device

from lamina.resu.anomaly.bank import SurpriseBank
from lamina.resu.anomaly.scoring import shares_of, surprise_of
from lamina.typing import Array


@dataclass(frozen=True)
class Alarm:
    """A stretch of samples whose surprise exceeds the threshold.

    Parameters
    ----------
    start, stop
        First sample above the threshold, and the one after the last. What is less than one window after the
        last sample above belongs to the same alarm: the anomaly still lies in the past of these scores.
    peak, surprise
        Sample of the largest score, and that score.
    channel
        The channel without whose future the score at the peak would fall most.
    unit
        The unit whose promise was broken most at the peak, from 0; None where most of the score is what no
        unit foretells, or where the statistic is "sample".

    Examples
    --------
    >>> Alarm(start=500, stop=521, peak=503, surprise=61.2, channel=0, unit=None).stop
    521
    """

    start: int
    stop: int
    peak: int
    surprise: float
    channel: int
    unit: int | None


def find_alarms(bank: SurpriseBank, trial: Array, threshold: float) -> list[Alarm]:
    """Return the alarms of one trial, in the order of time.

    Parameters
    ----------
    bank
        Surprise filters.
    trial
        (time, channels), floating; NaN marks a gap.
    threshold
        Of the surprise.

    Returns
    -------
    list of Alarm
    """
    score = _numpy(surprise_of(bank, trial))
    above = np.flatnonzero(score > threshold)
    if not len(above):
        return []
    pieces = np.split(above, np.flatnonzero(np.diff(above) > bank.window) + 1)
    return [_alarm(bank, trial, score, int(piece[0]), int(piece[-1]) + 1) for piece in pieces]


def _alarm(bank: SurpriseBank, trial: Array, score: np.ndarray, start: int, stop: int) -> Alarm:
    peak = start + int(np.nanargmax(score[start:stop]))
    # one window tells all about its score
    window = trial[peak - bank.window + 1 : peak + 1, :]
    channel = int(np.argmax(_numpy(shares_of(bank, window, "channel"))[-1]))
    unit = None
    if bank.statistic == "window":
        shares = _numpy(shares_of(bank, window, "unit"))[-1]
        most = int(np.argmax(shares))
        unit = most if most < len(shares) - 1 else None
    return Alarm(start, stop, peak, float(score[peak]), channel, unit)


def _numpy(array: Array) -> np.ndarray:
    return np.asarray(to_device(array, "cpu"))
