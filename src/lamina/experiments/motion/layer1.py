"""Layer 1 on its own: correlations on rows not trained on, and what is left of a step on the plateau."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.natural_scenes import RIGHT, Split, move
from lamina.resu import ReSU
from lamina.simulate import Retina, moving_edge
from lamina.stats import LagMoments

CENTRE = 1
SETTLED_S = 0.5


@dataclass(frozen=True, eq=False)
class Layer1:
    """What one repetition says of layer 1.

    Parameters
    ----------
    unit
        Fitted; its outputs are L3, L1, L2.
    held_out
        ``(2,)`` correlations of past and future projections on rows not trained on.
    plateau
        For each cell, the share of its peak response to a blurred step that is left half a second later on.
    """

    unit: ReSU
    held_out: np.ndarray
    plateau: dict[str, float]


def fit_layer1(splits: Sequence[Split], config: MotionConfig, repetition: int) -> Layer1:
    """Fit L1, L2 and L3 to single photoreceptors, and measure them.

    Parameters
    ----------
    splits
        Rows to train on and rows to test on.
    config
        Memory, horizon and noise (``layer1_noise``).
    repetition
        Chooses the noise.

    Returns
    -------
    Layer1
        Fitted and measured.
    """
    rng = config.rng(repetition, 1)
    train, test = (
        [movie[:, CENTRE] for movie in move(splits, part, RIGHT, config, config.layer1_noise, rng)]
        for part in ("train", "test")
    )
    unit = ReSU(
        config.memory, config.horizon, 2, rectify=("none", "split"), sampling_rate=1 / config.dt_s
    ).fit(train)
    return Layer1(unit, held_out_correlations(unit, test), plateau_shares(unit, config))


def held_out_correlations(unit: ReSU, recordings: Sequence[np.ndarray]) -> np.ndarray:
    r"""Correlate past and future projections on recordings that the unit has not seen.

    .. math:: \rho_i = \frac{\phi_i C_{fp} \psi_i^\top}
              {\sqrt{\phi_i C_{ff} \phi_i^\top \; \psi_i C_{pp} \psi_i^\top}}

    Parameters
    ----------
    unit
        Fitted to one channel.
    recordings
        ``(time,)`` each.

    Returns
    -------
    numpy.ndarray
        ``(rank,)``.
    """
    moments = LagMoments(unit.memory_, unit.horizon_, unit.gap, 1)
    for recording in recordings:
        moments.update(recording).end_trial()
    c = moments.covariances()
    psi, phi = unit.filters_[:, :, 0], unit.future_filters_[:, :, 0]
    shared = np.einsum("if,fp,ip->i", phi, c.cross, psi)
    future = np.einsum("if,fg,ig->i", phi, c.future, phi)
    past = np.einsum("ip,pq,iq->i", psi, c.past, psi)
    return np.asarray(shared / np.sqrt(future * past))


def plateau_shares(unit: ReSU, config: MotionConfig) -> dict[str, float]:
    """Measure how much of the peak response to a step is left on the plateau.

    Parameters
    ----------
    unit
        Fitted, with the outputs L3, L1, L2.
    config
        Speed, sampling and acceptance function, which shape the step.

    Returns
    -------
    dict[str, float]
        Share for "L1" (step up), "L2" (step down) and "L3" (step up): 1 keeps its response, 0 is transient.
        Since rectification alone can hide what is left, "unit 2" is the second unit before it.
    """
    shares = {}
    for cell, output, polarity in (("L3", 0, "on"), ("L1", 1, "on"), ("L2", 2, "off"), ("unit 2", -1, "on")):
        outputs = step_response(unit, config, polarity)[1]
        response = outputs[:, 1] - outputs[:, 2] if output < 0 else outputs[:, output]
        change = response - response[config.memory - 1]
        plateau = change[-round(SETTLED_S / config.dt_s) :].mean()
        shares[cell] = float(abs(plateau) / np.abs(change).max())
    return shares


def step_response(unit: ReSU, config: MotionConfig, polarity: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a step of contrast 1, blurred as the photoreceptor blurs, and the outputs ``(time, 3)``."""
    pixel = Retina(1, config.spacing_deg, config.dt_s, config.acceptance_deg)
    duration = 2 * config.memory * config.dt_s + 4 * SETTLED_S
    step = moving_edge(
        pixel, config.velocity_deg_per_s, "on" if polarity == "on" else "off", duration_s=duration
    )
    return step[:, 0], np.asarray(unit.transform(step))
