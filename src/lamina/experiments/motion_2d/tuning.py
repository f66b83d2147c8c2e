"""Tuning to the direction of motion: preferred direction, index, half-width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.circuits import direction_selectivity_index


@dataclass(frozen=True)
class Tuning:
    """What a tuning curve comes to.

    Parameters
    ----------
    preferred_deg
        Direction of the vector sum, 0 to 360; NaN if there is no response.
    index
        (P - N) / (P + N), with P the response at the direction nearest to the preferred one, and N opposite.
    peak
        P.
    half_width_deg
        Half the width of the curve at half its largest response, in degrees; 180 if it never falls so low.
    """

    preferred_deg: float
    index: float
    peak: float
    half_width_deg: float


def measure(angles_deg: np.ndarray, responses: np.ndarray) -> Tuning:
    """Measure a tuning curve.

    Parameters
    ----------
    angles_deg
        ``(directions,)`` evenly over the circle, an even number of them, ascending.
    responses
        ``(directions,)``, at least 0.

    Returns
    -------
    Tuning
        Its numbers.
    """
    count = len(angles_deg)
    vector = np.sum(responses * np.exp(1j * np.deg2rad(angles_deg)))
    if abs(vector) == 0:
        return Tuning(float("nan"), 0.0, float(responses.max()), 180.0)
    preferred = float(np.rad2deg(np.angle(vector)) % 360.0)
    nearest = round((preferred - angles_deg[0]) / 360.0 * count) % count
    peak, null = float(responses[nearest]), float(responses[(nearest + count // 2) % count])
    return Tuning(preferred, float(direction_selectivity_index(peak, null)), peak, _half_width(responses))


def difference(first_deg: float | np.ndarray, second_deg: float | np.ndarray) -> np.ndarray:
    """Return the signed angle from the second to the first direction, -180 to 180 degrees."""
    return (np.asarray(first_deg) - second_deg + 180.0) % 360.0 - 180.0


def _half_width(responses: np.ndarray) -> float:
    count, top = len(responses), int(np.argmax(responses))
    half = responses[top] / 2
    sides = []
    for way in (1, -1):
        curve = responses[(top + way * np.arange(count // 2 + 1)) % count]
        below = np.flatnonzero(curve < half)
        if len(below) == 0:
            sides.append(count / 2)
            continue
        first = below[0]
        sides.append(first - 1 + (curve[first - 1] - half) / (curve[first - 1] - curve[first]))
    return float(np.mean(sides) * 360.0 / count)
