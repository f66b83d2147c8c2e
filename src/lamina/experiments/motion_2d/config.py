"""Everything that the experiment on motion in two dimensions assumes, and the numbers to arrive at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentError
from lamina.simulate.grid_retina import GridRetina


@dataclass(frozen=True)
class Motion2DConfig:
    """The settings of one run; all of them are written to the report.

    Gap, inputs, numbers of movies and of starts, the way in which groups compete, the rule that says which
    unit is a T4, and the window and both halves of units for local motion were chosen with other seeds (1000
    to 1002), by what came out there.

    Parameters
    ----------
    seed
        Seed of everything random, at least 0.
    n_seeds
        Repetitions with other parts of the scenes, other movies and other noise, at least 1.
    speed_deg_per_s
        Speed of the scenes over the retina, above 0.
    dt_s
        Time between samples.
    spacing_deg
        Angle between neighbouring photoreceptors.
    acceptance_deg, surround_deg
        Full widths at half maximum of the photoreceptor's acceptance function and of the local mean.
    test_share
        Part of each photograph's width that is kept for testing, on the left or on the right.
    guard_deg
        Strip beside it that is used for nothing, since blur ties neighbours together.
    eye
        Photoreceptors along either side of the grid that learns, at least 3.
    movies
        Directions per scene and mirror image; each is played forwards and backwards.
    samples
        Length of a training movie.
    noise
        Standard deviation of photoreceptor noise, in units of a scene's contrast.
    memory, horizon
        Samples of past and future in layer 1.
    gap
        Samples from present to future in layer 2.
    leak_s
        Time constant with which a forecaster's errors are forgotten, in seconds.
    every
        Every how many samples forecasts are compared while groups compete.
    rounds, restarts
        Rounds of the competition, at most, and how often it starts anew; the best start is kept.
    directions
        Directions in which test patterns move, a multiple of 4.
    wavelength_deg
        Of the moving ON/OFF pattern: a square grating.
    field
        Rows and columns of photoreceptors in the movies of local motion.
    field_movies
        Held-out movies of local motion per scene.
    window_s
        Time over which local motion is averaged, in seconds.
    """

    seed: int = 0
    n_seeds: int = 5
    speed_deg_per_s: float = 40.0
    dt_s: float = 0.01
    spacing_deg: float = 5.0
    acceptance_deg: float = 5.7
    surround_deg: float = 25.0
    test_share: float = 0.4
    guard_deg: float = 5.7
    eye: int = 5
    movies: int = 100
    samples: int = 240
    noise: float = 0.01
    memory: int = 50
    horizon: int = 50
    gap: int = 16
    leak_s: float = 1.0
    every: int = 6
    rounds: int = 15
    restarts: int = 4
    directions: int = 24
    wavelength_deg: float = 60.0
    field: tuple[int, int] = (22, 13)
    field_movies: int = 8
    window_s: float = 0.4

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        counts = ("n_seeds", "movies", "memory", "horizon", "gap", "every", "rounds", "restarts")
        for name in (*counts, "field_movies"):
            check_integer(name, getattr(self, name), minimum=1)
        check_integer("eye", self.eye, minimum=3)
        check_integer("samples", self.samples, minimum=self.memory + self.horizon + self.gap)
        for name in ("speed_deg_per_s", "dt_s", "spacing_deg", "surround_deg", "leak_s", "wavelength_deg"):
            check_real(name, getattr(self, name), above=0.0)
        check_real("window_s", self.window_s, above=0.0)
        for name in ("acceptance_deg", "guard_deg", "noise"):
            check_real(name, getattr(self, name), minimum=0.0)
        check_real("test_share", self.test_share, minimum=0.1, maximum=0.6)
        check_integer("directions", self.directions, minimum=8)
        if self.directions % 4:
            raise ArgumentError(
                "directions",
                allowed="a multiple of 4, so that the cardinal directions are among them",
                got=str(self.directions),
                remedy="Use 24.",
            )

    @property
    def retina(self) -> GridRetina:
        """The small eye that learns."""
        return self.grid(self.eye, self.eye)

    @property
    def angles_deg(self) -> np.ndarray:
        """Directions of the test patterns; the four cardinal ones are among them."""
        return np.arange(self.directions) * 360.0 / self.directions

    def grid(self, rows: int, columns: int) -> GridRetina:
        """Return a grid of photoreceptors of this eye."""
        return GridRetina(rows, columns, self.spacing_deg, self.dt_s, self.acceptance_deg)

    def rng(self, repetition: int, purpose: int) -> np.random.Generator:
        """Return a generator of its own for each repetition and purpose."""
        return np.random.default_rng([self.seed, repetition, purpose])


CELLS = {"T4a": 0.0, "T4b": 180.0, "T4c": 90.0, "T4d": 270.0}
"""The four subtypes and the directions that they should prefer, in degrees: right, left, up, down."""

WITHIN_DEG = 10.0
"""Preferred directions should be this near to the cardinal ones (the issue that asked for it)."""

INDEX = 0.5
"""Least direction selectivity index (likewise)."""

LEAST_REPETITIONS = 3
"""Bars are those of means over repetitions: with fewer, the four cells are reported and not judged."""

FIELD_ERROR_DEG = 45.0
"""Largest median error of local motion: our own bar, the right quadrant; guessing gives 90 degrees."""
