"""What layer 1 answers to a step of luminance, as the photoreceptor sees it."""

from __future__ import annotations

import numpy as np

from lamina.experiments.motion_local.config import MotionLocalConfig
from lamina.experiments.motion_local.lamina_cells import LaminaCells
from lamina.simulate import Retina, moving_edge

SETTLED_S = 0.5


def step_responses(cells: LaminaCells, config: MotionLocalConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return times in seconds, and what L3 and L1 answer to a blurred step, relative to their peaks.

    Parameters
    ----------
    cells
        Layer 1.
    config
        Speed, sampling and acceptance function, which shape the step.

    Returns
    -------
    tuple[numpy.ndarray, numpy.ndarray]
        ``(time,)``, 0 when the middle of the edge passes, and ``(time, 2)``.
    """
    pixel = Retina(1, config.spacing_deg, config.dt_s, config.acceptance_deg)
    duration = 2 * (config.memory * config.dt_s + SETTLED_S)
    step = moving_edge(pixel, config.velocity_deg_per_s, "on", duration_s=duration)[:, 0]
    outputs = cells.respond(step) + cells.offsets
    times = (np.arange(len(step)) - (len(step) - 1) / 2) * config.dt_s
    outputs[:, 1] = np.maximum(outputs[:, 1], 0.0)
    return times[config.memory - 1 :], outputs / np.abs(outputs).max(axis=0)


def step_difference(cells: LaminaCells, other: LaminaCells, config: MotionLocalConfig) -> np.ndarray:
    """Return the root mean square difference of two layers' answers, relative to the second's, ``(2,)``."""
    ours, theirs = (step_responses(each, config)[1] for each in (cells, other))
    return np.asarray(np.sqrt(np.sum((ours - theirs) ** 2, axis=0) / np.sum(theirs**2, axis=0)))
