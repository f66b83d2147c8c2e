"""How L1, L2 and L3 answer a staircase of luminance, and what is left of their answers on its plateaus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.experiments.scenes.config import ScenesConfig
from lamina.resu import ReSU
from lamina.simulate import luminance_staircase

STEPS_UP, STEPS_DOWN = 4, 4
PLATEAU_S = 2.0
SETTLED_S = 0.5
"""The end of each plateau, where an answer counts as settled."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Answers to the staircase.

    Parameters
    ----------
    time_s
        (time,).
    log_luminance
        (time,) decades above the first plateau, as the photoreceptor sees them.
    cells
        (3, time): L3, L1, L2, in standard deviations of their answers to scenes.
    whole_from
        First sample at which the filters' window lies within the stimulus.
    """

    time_s: np.ndarray
    log_luminance: np.ndarray
    cells: np.ndarray
    whole_from: int


@dataclass(frozen=True)
class Marks:
    """What an answer comes to.

    Parameters
    ----------
    L3_follows
        Correlation of L3 with the log luminance.
    L3_kept
        Share of L3's largest deviation after a step that is left at the end of the plateau, mean over steps.
    L1_plateau, L2_plateau
        Largest answer at the end of any plateau, as a share of the mean peak after the steps that the cell
        answers. Both are measured after rectification, and together they hold the second unit before it.
    L1_wrong, L2_wrong
        Mean peak after the steps the other way, as a share of the same.
    """

    L3_follows: float
    L3_kept: float
    L1_plateau: float
    L2_plateau: float
    L1_wrong: float
    L2_wrong: float


def answer(unit: ReSU, config: ScenesConfig) -> Answer:
    """Show the staircase to a fitted unit.

    Parameters
    ----------
    unit
        Fitted, with the outputs L3, L1, L2.
    config
        Speed, sampling and acceptance function, which shape the steps.

    Returns
    -------
    Answer
        The staircase is shown in units of its own standard deviation about its mean, as rows of scenes are.
    """
    stairs = luminance_staircase(
        config.dt_s,
        STEPS_UP,
        STEPS_DOWN,
        plateau_s=PLATEAU_S,
        velocity_deg_per_s=config.velocity_deg_per_s,
        acceptance_deg=config.acceptance_deg,
    )
    outputs = np.asarray(unit.transform((stairs - stairs.mean()) / stairs.std()))
    return Answer((np.arange(len(stairs)) + 0.5) * config.dt_s, stairs, outputs.T, config.memory - 1)


def measure(found: Answer, config: ScenesConfig) -> Marks:
    """Measure the answers to the staircase.

    Parameters
    ----------
    found
        From `answer`.
    config
        Sampling and acceptance function.

    Returns
    -------
    Marks
        Numbers from about 0 to 1.
    """
    plateau, settled = round(PLATEAU_S / config.dt_s), round(SETTLED_S / config.dt_s)
    # the blur makes a step begin before its time
    early = min(plateau - settled, round(2 * config.acceptance_deg / config.velocity_deg_per_s / config.dt_s))
    l3, l1, l2 = found.cells
    kept, resting = [], {"L1": [], "L2": []}
    peaks = {"L1": ([], []), "L2": ([], [])}
    for number in range(1, STEPS_UP + STEPS_DOWN + 1):
        start = number * plateau - early
        after, rest = slice(start, start + plateau), slice(start + plateau - settled, start + plateau)
        change = l3[after] - l3[start - settled : start].mean()
        kept.append(change[-settled:].mean() / change[np.argmax(np.abs(change))])
        up = number <= STEPS_UP
        for cell, trace, answers in (("L1", l1, up), ("L2", l2, not up)):
            peaks[cell][0 if answers else 1].append(trace[after].max())
            resting[cell].append(trace[rest].max())
    mean = {cell: float(np.mean(right)) for cell, (right, _) in peaks.items()}
    whole = slice(found.whole_from, None)
    return Marks(
        L3_follows=float(np.corrcoef(l3[whole], found.log_luminance[whole])[0, 1]),
        L3_kept=float(np.mean(kept)),
        L1_plateau=float(max(resting["L1"]) / mean["L1"]),
        L2_plateau=float(max(resting["L2"]) / mean["L2"]),
        L1_wrong=float(np.mean(peaks["L1"][1]) / mean["L1"]),
        L2_wrong=float(np.mean(peaks["L2"][1]) / mean["L2"]),
    )
