"""What might help the local rule where lag vectors are nearly collinear, each tried on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.experiments.motion_local.agreement import filter_cosines, output_correlations
from lamina.experiments.motion_local.config import MotionLocalConfig
from lamina.experiments.motion_local.lamina_cells import (
    CENTRE,
    UNITS,
    LocalLamina,
    batch_cells,
    components,
    cosines,
)
from lamina.experiments.natural_scenes import RIGHT, Scene, move, split_rows
from lamina.resu.local import LocalReSU

LITTLE_NOISE, MUCH_NOISE = 0.005, 0.5
FEWEST, FEWER = 8, 16
PLAIN = "lags as they are"


@dataclass(frozen=True, eq=False)
class Attempt:
    """One way of learning layer 1, beside batch CCA on the lags of the same recordings.

    Parameters
    ----------
    name
        What was done.
    noise
        Standard deviation of photoreceptor noise.
    condition
        Largest by smallest eigenvalue of the correlations among what the rule sees.
    cosines, correlations
        ``(2,)`` with batch CCA: of the filters, and of their outputs.
    """

    name: str
    noise: float
    condition: float
    cosines: np.ndarray
    correlations: np.ndarray


def try_remedies(scenes: Sequence[Scene], config: MotionLocalConfig) -> list[Attempt]:
    """Learn layer 1 of the first repetition from its lags as they are, and with every remedy.

    Parameters
    ----------
    scenes
        All scenes.
    config
        Settings; every way learns for as many passes as the experiment does.

    Returns
    -------
    list of Attempt
        From little noise to much, and from few cosines to many.
    """
    tried: list[Attempt] = []
    counts = sorted({min(each, config.memory) for each in (FEWEST, FEWER, config.memory, config.components)})
    for noise in sorted({LITTLE_NOISE, MUCH_NOISE, config.noise}):
        signals = _signals(scenes, config, noise)
        tried.append(_attempt(PLAIN, noise, signals, None, config))
        if noise == LITTLE_NOISE != config.noise:
            tried.append(_attempt(named(config.components), noise, signals, config.components, config))
        if noise == config.noise:
            tried += [_attempt(named(count), noise, signals, count, config) for count in counts]
    return tried


def _attempt(
    name: str, noise: float, signals: list[np.ndarray], count: int | None, config: MotionLocalConfig
) -> Attempt:
    memory = config.memory
    batch, covariance = batch_cells(signals, memory)
    rng = config.rng(0, 100)
    seed = int(rng.integers(2**31))
    if count is None:
        inputs = covariance
        unit = LocalReSU(memory, memory, UNITS, passes=config.passes, seed=seed).fit(signals)
        filters = np.asarray(unit.filters_)[:, :, 0]
    else:
        bank = cosines(count, memory)
        inputs = bank @ covariance @ bank.T
        layer = LocalLamina(count, memory, seed)
        seen = [components(signal, bank) for signal in signals]
        for _ in range(config.passes):
            layer.learn([seen[row] for row in rng.permutation(len(seen))])
        filters = layer.cells().filters
    deviation = np.sqrt(np.diag(inputs))
    return Attempt(
        name,
        noise,
        float(np.linalg.cond(inputs / np.outer(deviation, deviation))),
        filter_cosines(filters, batch.filters),
        output_correlations(filters, batch.filters, covariance),
    )


def _signals(scenes: Sequence[Scene], config: MotionLocalConfig, noise: float) -> list[np.ndarray]:
    chooser = config.rng(0, 0)
    splits = [split_rows(scene, config, chooser) for scene in scenes]
    moved = move(splits, "train", RIGHT, config, noise, config.rng(0, 101))
    return [movie[:, CENTRE] for movie in moved]


def named(count: int) -> str:
    """Name the way that learns from so many cosines."""
    return f"{count} cosines, own gains"
