"""A two-dimensional retina: a grid of photoreceptors that sample angle and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.linalg.directions import unit_vector
from lamina.simulate.acceptance import SIGMA_PER_FWHM
from lamina.simulate.retina import Retina


@dataclass(frozen=True)
class GridRetina:
    r"""A grid of photoreceptors with Gaussian acceptance functions.

    .. math:: x_j = \left(j - \tfrac{n_\mathrm{columns}-1}{2}\right) \Delta x, \qquad
              y_i = \left(\tfrac{n_\mathrm{rows}-1}{2} - i\right) \Delta x

    Rows are counted from the top, as those of an image: azimuth x grows to the right, with the column, and
    elevation y grows upwards, against the row.

    Parameters
    ----------
    n_rows, n_columns
        Number of photoreceptors along either side, at least 1.
    spacing_deg
        Angle between neighbours, in degrees, above 0.
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
    >>> retina = GridRetina(n_rows=2, n_columns=3)
    >>> retina.azimuths_deg, retina.elevations_deg
    (array([-5.,  0.,  5.]), array([ 2.5, -2.5]))
    """

    n_rows: int
    n_columns: int
    spacing_deg: float = 5.0
    dt_s: float = 0.01
    acceptance_deg: float = 5.7

    def __post_init__(self) -> None:
        check_integer("n_rows", self.n_rows, minimum=1)
        check_integer("n_columns", self.n_columns, minimum=1)
        check_real("spacing_deg", self.spacing_deg, above=0.0)
        check_real("dt_s", self.dt_s, above=0.0)
        check_real("acceptance_deg", self.acceptance_deg, minimum=0.0)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.n_rows, self.n_columns

    @property
    def azimuths_deg(self) -> np.ndarray:
        """Directions in which the columns look, from left to right, centred on 0, in degrees."""
        return self._row(self.n_columns).positions_deg

    @property
    def elevations_deg(self) -> np.ndarray:
        """Directions in which the rows look, from the top to the bottom, centred on 0, in degrees."""
        return -self._row(self.n_rows).positions_deg

    @property
    def acceptance_sigma_deg(self) -> float:
        """Standard deviation of the acceptance function, in degrees."""
        return self.acceptance_deg * SIGMA_PER_FWHM

    def along(self, direction_deg: float) -> np.ndarray:
        r"""Return how far every photoreceptor looks along a direction.

        .. math:: d_{ij} = x_j \cos\theta + y_i \sin\theta

        Parameters
        ----------
        direction_deg
            The direction θ, in degrees: 0 is to the right, 90 is up.

        Returns
        -------
        numpy.ndarray
            ``(rows, columns)``, in degrees.

        Raises
        ------
        ArgumentError
            If the direction is not finite.

        Examples
        --------
        >>> GridRetina(2, 2).along(90.0)
        array([[ 2.5,  2.5],
               [-2.5, -2.5]])
        """
        right, up = unit_vector(direction_deg)
        return self.azimuths_deg * right + self.elevations_deg[:, None] * up

    def _row(self, n_pixels: int) -> Retina:
        return Retina(n_pixels, self.spacing_deg, self.dt_s, self.acceptance_deg)
