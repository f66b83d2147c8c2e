"""A one-dimensional retina: a row of photoreceptors that sample angle and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.simulate.acceptance import SIGMA_PER_FWHM


@dataclass(frozen=True)
class Retina:
    r"""A row of photoreceptors with Gaussian acceptance functions.

    .. math:: x_i = \left(i - \tfrac{n-1}{2}\right) \Delta x

    Parameters
    ----------
    n_pixels
        Number of photoreceptors, at least 1.
    spacing_deg
        Angle between neighbours, in degrees, above 0 (a fly's ommatidia are about 5 degrees apart).
    dt_s
        Time between samples, in seconds, above 0.
    acceptance_deg
        Full width at half maximum of the acceptance function, in degrees, at least 0 (0: points).

    Raises
    ------
    ArgumentError
        If a value is out of range.

    Examples
    --------
    >>> Retina(n_pixels=3).positions_deg
    array([-5.,  0.,  5.])
    """

    n_pixels: int
    spacing_deg: float = 5.0
    dt_s: float = 0.01
    acceptance_deg: float = 5.7

    def __post_init__(self) -> None:
        check_integer("n_pixels", self.n_pixels, minimum=1)
        check_real("spacing_deg", self.spacing_deg, above=0.0)
        check_real("dt_s", self.dt_s, above=0.0)
        check_real("acceptance_deg", self.acceptance_deg, minimum=0.0)

    @property
    def positions_deg(self) -> np.ndarray:
        """Directions in which the photoreceptors look, from left to right, centred on 0, in degrees."""
        return (np.arange(self.n_pixels) - (self.n_pixels - 1) / 2) * self.spacing_deg

    @property
    def extent_deg(self) -> float:
        """Angle between the first and the last photoreceptor, in degrees."""
        return (self.n_pixels - 1) * self.spacing_deg

    @property
    def acceptance_sigma_deg(self) -> float:
        """Standard deviation of the acceptance function, in degrees."""
        return self.acceptance_deg * SIGMA_PER_FWHM
