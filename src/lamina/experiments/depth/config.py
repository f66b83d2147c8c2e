"""Everything that the experiment on depth assumes, fixed before the reported seeds were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentError
from lamina.simulate import Retina


@dataclass(frozen=True)
class DepthConfig:
    """The settings of one run; all of them are written to the report.

    Choices were made on rows, velocities and noise of seed 1000. The gap of an upper layer is none of them:
    it passes over all that the layers below remember, so that no sample is in both past and future. With a
    gap of one sample they would overlap, and an upper layer, which has more channels than there are
    photoreceptors, would find futures that its past determines exactly, whatever the scene.

    Parameters
    ----------
    seed
        Seed of everything random, at least 0.
    n_seeds
        Repetitions with other rows, velocities and noise, at least 1.
    depths
        Numbers of layers to compare, ascending, from 1.
    slowest_deg_per_s, fastest_deg_per_s
        Each movie has one speed, uniform between these, and moves to either side.
    dt_s
        Time between samples.
    samples
        Of a movie.
    photoreceptors
        Width of the retina, all of which a network sees.
    spacing_deg
        Angle between neighbouring photoreceptors.
    acceptance_deg, surround_deg
        Full widths at half maximum of the photoreceptor's acceptance function and of the local mean.
    noises
        Standard deviations of photoreceptor noise, in units of a row's contrast. All networks meet the first,
        the main ones also the others.
    memory
        Samples that a network sees, Σ (memory − 1) + 1 over its layers.
    horizon
        Samples of future, of every layer, and of the photoreceptors where information is measured.
    units
        Of every layer, and so at the top.
    grown_width, grown_memory
        Positions and samples that each layer sees where the window grows with depth.
    averages_s
        Times over which outputs are averaged before they are read, ascending; 0 for single samples. The last
        is the one of which the verdict speaks.
    read_every
        Every how many samples a movie is read.
    folds
        Groups of rows in the choice of the ridge penalty, all of them training rows.
    delays_s
        Time constants of the correlators, which serve as a reference.
    shows
        Movies of each row, each with its own velocity, place and noise.
    test_share
        Part of each image's rows that is kept for testing: one band, at a place that the seed chooses.
    guard_deg
        Rows on either side of the test band that are used for nothing, since blur ties neighbours together.
    row_step
        Every how many rows one is used; neighbouring rows are nearly copies.
    confidence
        Of the intervals of the paired differences.
    """

    seed: int = 0
    n_seeds: int = 5
    depths: tuple[int, ...] = (1, 2, 3, 4)
    slowest_deg_per_s: float = 10.0
    fastest_deg_per_s: float = 80.0
    dt_s: float = 0.02
    samples: int = 125
    photoreceptors: int = 9
    spacing_deg: float = 5.0
    acceptance_deg: float = 5.7
    surround_deg: float = 25.0
    noises: tuple[float, ...] = (0.05, 0.5)
    memory: int = 21
    horizon: int = 8
    units: int = 6
    grown_width: int = 3
    grown_memory: int = 6
    averages_s: tuple[float, ...] = (0.0, 0.1, 0.5)
    read_every: int = 5
    folds: int = 5
    delays_s: tuple[float, ...] = (0.05, 0.1, 0.2)
    shows: int = 2
    test_share: float = 0.25
    guard_deg: float = 5.7
    row_step: int = 6
    confidence: float = 0.95

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        counts = ("n_seeds", "samples", "horizon", "units", "read_every", "shows", "row_step")
        for name in (*counts, "grown_memory"):
            check_integer(name, getattr(self, name), minimum=1)
        for name in ("photoreceptors", "memory", "folds", "grown_width"):
            check_integer(name, getattr(self, name), minimum=2)
        for name in ("slowest_deg_per_s", "dt_s", "spacing_deg", "surround_deg"):
            check_real(name, getattr(self, name), above=0.0)
        for name in ("acceptance_deg", "guard_deg"):
            check_real(name, getattr(self, name), minimum=0.0)
        check_real("fastest_deg_per_s", self.fastest_deg_per_s, minimum=self.slowest_deg_per_s)
        check_real("test_share", self.test_share, minimum=0.05, maximum=0.8)
        check_real("confidence", self.confidence, minimum=0.5, maximum=0.999)
        for name, lowest in (("noises", 0.0), ("averages_s", 0.0), ("delays_s", self.dt_s / 10)):
            _check_ascending(name, getattr(self, name))
            for value in getattr(self, name):
                check_real(name, value, minimum=lowest)
        _check_ascending("depths", self.depths)
        for depth in self.depths:
            check_integer("depths", depth, minimum=1, maximum=min(self.photoreceptors, self.memory) - 1)
        if self.depths[0] != 1:
            raise ArgumentError(
                "depths",
                allowed="1 first, with which the others are compared",
                got=repr(self.depths),
                remedy="Begin with 1.",
            )
        if self.grown_reach[0] > self.photoreceptors or self.grown_reach[1] > self.memory:
            raise ArgumentError(
                "grown_width and grown_memory",
                allowed=f"such that {self.depths[-1]} layers see at most {self.photoreceptors} "
                f"photoreceptors and {self.memory} samples",
                got=f"{self.grown_reach[0]} photoreceptors and {self.grown_reach[1]} samples",
                remedy="Make them smaller.",
            )
        needed = self.memory + max(self.longest_average, self.far_gap + self.horizon)
        if self.samples < needed + 1:
            raise ArgumentError(
                "samples",
                allowed=f"more than {needed}, for memory, average, gap and horizon",
                got=str(self.samples),
                remedy="Use longer movies.",
            )

    @property
    def retina(self) -> Retina:
        """The row of photoreceptors."""
        return Retina(self.photoreceptors, self.spacing_deg, self.dt_s, self.acceptance_deg)

    @property
    def grown_reach(self) -> tuple[int, int]:
        """Photoreceptors and samples that the deepest network with a growing window sees."""
        deepest = self.depths[-1]
        return 1 + deepest * (self.grown_width - 1), 1 + deepest * (self.grown_memory - 1)

    @property
    def longest_average(self) -> int:
        """Samples of the longest average, at least 1."""
        return self.average_samples(self.averages_s[-1])

    @property
    def far_gap(self) -> int:
        """Samples to the far future, which begins where that of the deepest network's top does."""
        return self.top_gap(self.depths[-1])

    def top_gap(self, depth: int) -> int:
        """Return the gap of the top of a network with this many layers, in samples."""
        return 1 + sum(shares(self.memory - 1, depth)[: depth - 1])

    def average_samples(self, seconds: float) -> int:
        """Return the samples of an average over this time, at least 1."""
        return max(1, round(seconds / self.dt_s))

    def rng(self, repetition: int, purpose: int) -> np.random.Generator:
        """Return a generator of its own for each repetition and purpose."""
        return np.random.default_rng([self.seed, repetition, purpose])


def shares(total: int, parts: int) -> list[int]:
    """Part a whole number as evenly as can be, larger parts first.

    Parameters
    ----------
    total
        The number.
    parts
        Into how many.

    Returns
    -------
    list[int]
        They sum to ``total``.

    Examples
    --------
    >>> shares(8, 3)
    [3, 3, 2]
    """
    each, rest = divmod(total, parts)
    return [each + (part < rest) for part in range(parts)]


def _check_ascending(name: str, values: tuple[float, ...]) -> None:
    if not values or any(after <= before for before, after in pairwise(values)):
        raise ArgumentError(
            name, allowed="one number or more, ascending", got=repr(values), remedy="Sort them, each once."
        )


LINEAR_GAIN_NATS = 1e-6
"""Most that a deep linear network may keep beyond one layer, on the training covariances: rounding."""

HELD_OUT_GAIN_NATS = 0.1
"""The same on held-out movies, beyond two standard errors. A bar of our own: positions share the filters
of lower layers, which see more samples for each weight, and so may lose a little less on new rows."""

NULL_R2 = 0.02
"""Most R² that may be read where there is nothing to read (issue), beyond two standard errors."""

REFERENCE_R2 = 0.1
"""Least R² of signed velocity from correlators: a bar of our own, or the task itself would be hopeless."""
