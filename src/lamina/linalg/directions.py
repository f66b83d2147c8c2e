"""Directions in a plane: 0 degrees is to the right, 90 degrees up."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._checks import check_real


def unit_vector(direction_deg: Any) -> tuple[float, float]:
    """Return the unit vector (right, up) of a direction, exact where it is a multiple of 90 degrees.

    What moves along a row then stays in it, without rounding.
    """
    turned = check_real("direction_deg", direction_deg) % 360.0
    cardinal = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}
    angle = np.deg2rad(turned)
    return cardinal.get(turned, (float(np.cos(angle)), float(np.sin(angle))))
