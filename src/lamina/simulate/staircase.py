"""A luminance staircase: plateaus and transitions of known size, the test that tells L3 from L1 and L2."""

from __future__ import annotations

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentError
from lamina.simulate.acceptance import SIGMA_PER_FWHM, blurred_step


def luminance_staircase(
    dt_s: float = 0.01,
    steps_up: int = 4,
    steps_down: int = 4,
    step_log10: float = 0.25,
    plateau_s: float = 2.0,
    velocity_deg_per_s: float = 40.0,
    acceptance_deg: float = 5.7,
) -> np.ndarray:
    r"""Return the logarithm of a luminance that climbs and descends a staircase, as a photoreceptor sees it.

    .. math:: \ell(t) = \log_{10} \left[I_0 + \sum_k (I_k - I_{k-1})\,
              \Phi\!\left(\frac{t - k T}{\sigma / |v|}\right)\right], \qquad \log_{10} I_k = s_k

    The steps are edges of a scene that moves past at constant velocity, so the acceptance function turns each
    into a rise that lasts its width divided by the velocity. Light is blurred first and its logarithm taken
    after.

    Parameters
    ----------
    dt_s
        Time between samples, in seconds, above 0.
    steps_up
        Number of steps up, at least 0.
    steps_down
        Number of steps down that follow, at least 0; with those up, at least 1.
    step_log10
        Height of a step, in decades of luminance, above 0.
    plateau_s
        Time from one step to the next, and of the first and last plateau, in seconds, at least one sample.
    velocity_deg_per_s
        Velocity of the scene, in degrees per second, not 0 (its sign does not matter).
    acceptance_deg
        Full width at half maximum of the acceptance function, in degrees, at least 0.

    Returns
    -------
    numpy.ndarray
        ``(time,)`` float64, decades above the first plateau. Multiply by ln 10 = 2.303 for natural
        logarithms, whose small differences equal contrasts.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Notes
    -----
    The stimulus of Qin et al. (2025), Fig. 4, after the experiments of Ketkar et al. (2022).

    Examples
    --------
    >>> luminance_staircase(steps_up=2, steps_down=1, plateau_s=1.0, step_log10=0.5)[50::100].round(3)
    array([0. , 0.5, 1. , 0.5])
    """
    interval = check_real("dt_s", dt_s, above=0.0)
    up = check_integer("steps_up", steps_up, minimum=0)
    down = check_integer("steps_down", steps_down, minimum=0)
    height = check_real("step_log10", step_log10, above=0.0)
    plateau = check_real("plateau_s", plateau_s, minimum=interval)
    velocity = abs(check_real("velocity_deg_per_s", velocity_deg_per_s))
    acceptance = check_real("acceptance_deg", acceptance_deg, minimum=0.0)
    if up + down == 0:
        raise ArgumentError(
            "steps_up",
            allowed="at least 1 when steps_down is 0",
            got="0",
            remedy="Ask for at least one step.",
        )
    if velocity == 0:
        raise ArgumentError(
            "velocity_deg_per_s",
            allowed="different from 0",
            got="0",
            remedy="A still scene has no steps in time.",
        )
    levels = 10.0 ** (height * np.concatenate([np.arange(up + 1), up - 1 - np.arange(down)]))
    n_samples = round(len(levels) * plateau / interval)
    # a sample stands for the middle of its interval, so that no step falls onto a sample
    time = (np.arange(n_samples) + 0.5) * interval
    sigma_s = acceptance * SIGMA_PER_FWHM / velocity
    luminance = np.full(n_samples, levels[0])
    for index, change in enumerate(np.diff(levels), start=1):
        luminance += change * blurred_step(time - index * plateau, sigma_s)
    return np.log10(luminance)
