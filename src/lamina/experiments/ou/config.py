"""Everything that the OU experiment assumes, and the numbers that it should arrive at."""

from __future__ import annotations

from dataclasses import dataclass

from lamina._checks import check_integer
from lamina.errors import ArgumentError


@dataclass(frozen=True)
class OUConfig:
    """The settings of one run; all of them are written to the report. The system is that of `OUSystem()`.

    Parameters
    ----------
    seed
        Seed of everything random, at least 0.
    n_seeds
        Recordings of each length.
    memory
        Samples of the past, and of the future.
    lengths
        Samples of the recordings that are fitted, ascending.
    length
        The one of them whose fits are drawn: the paper's.
    slope_from
        The shortest recordings to which the slopes of correlations and filters are fitted. With other seeds
        (1000 and 2000) errors were within a tenth of theory's first order from 10 000 samples on, and up to
        two fifths off at 1000.
    n_draws
        Draws from the limit of many samples, for the spurious correlations.
    """

    seed: int = 0
    n_seeds: int = 30
    memory: int = 25
    lengths: tuple[int, ...] = (1000, 3162, 10_000, 31_623, 100_000, 316_228, 1_000_000)
    length: int = 100_000
    slope_from: int = 10_000
    n_draws: int = 400

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        for name in ("n_seeds", "n_draws"):
            check_integer(name, getattr(self, name), minimum=1)
        least = 10 * check_integer("memory", self.memory, minimum=STATES + 1)
        for name, values in (("lengths", self.lengths), ("slope_from", (self.slope_from,))):
            for each in values:
                check_integer(name, each)
        if not self.lengths or list(self.lengths) != sorted(set(self.lengths)) or self.lengths[0] < least:
            raise ArgumentError(
                "lengths",
                allowed="at least one, ascending, from 10 * memory on",
                got=repr(self.lengths),
                remedy="Fewer samples leave too few windows for a fit.",
            )
        if self.length not in self.lengths or sum(each >= self.slope_from for each in self.lengths) < 2:
            raise ArgumentError(
                "length and slope_from",
                allowed="one of lengths, and at most the last but one of them",
                got=f"{self.length} and {self.slope_from}",
                remedy="Draw what is fitted; a slope needs two lengths.",
            )


STATES = 3
"""Hidden states, and so canonical correlations above 0."""

LEADING = 2
"""Directions whose correlation stands out of the spurious ones at nearly every length."""

CORRELATIONS = (0.3757, 0.2214, 0.0485)
"""Canonical correlations of the population (specification)."""

INFORMATION = 0.1024
"""Nats that the past tells about the future (specification)."""

ROUNDING = 5e-5
"""Of numbers that are given with four decimals."""

ZERO = 1e-6
"""What counts as no correlation, and as no angle: far above the root of rounding (1e-8), far below anything
that is meant."""

LONG_FIT = (1_000_000, (0.3765, 0.2227, 0.0495))
"""Length and correlations of one fit of the specification, with a seed that we do not have."""

STANDARD_ERRORS = 3.0
"""By how many standard errors a mean or a scatter over seeds may differ from theory."""

ALLOWANCE = 0.05
"""Share by which errors may differ from theory besides sampling error, since its first order is used."""
