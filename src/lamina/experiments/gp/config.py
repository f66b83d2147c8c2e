"""Everything that the GP experiment assumes, and the numbers that it should arrive at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentError
from lamina.simulate import rational_quadratic_kernel


@dataclass(frozen=True)
class GPConfig:
    """The settings of one run; all of them are written to the report. Times are in samples.

    Parameters
    ----------
    seed
        Seed of everything random, at least 0.
    n_seeds
        Recordings of each length.
    memory
        Samples of the past, and of the future.
    alpha, length_scale
        Power of the tail and length scale of the rational quadratic kernel, whose variance is 1.
    noises
        Standard deviations of the white noise, one to four, ascending. The same signals are fitted at each.
    lengths
        Samples of the recordings that are fitted, ascending.
    length
        The one of them whose fits are drawn.
    slope_from
        The shortest recordings to which the slopes of correlations and filters are fitted. With other seeds
        (1000 and on) errors were within about a fifth of theory's first order from 31 623 samples on, and
        half as large again at 10 000, which are 200 length scales.
    most_noise
        Where lobes stop to be counted: ten standard deviations of the signal.
    n_lobe_noises
        Noises from the least of ``noises`` to ``most_noise`` at which lobes of the population are counted.
    """

    seed: int = 0
    n_seeds: int = 30
    memory: int = 75
    alpha: float = 1.0
    length_scale: float = 50.0
    noises: tuple[float, ...] = (0.01, 0.1, 0.4)
    lengths: tuple[int, ...] = (10_000, 31_623, 100_000, 316_228, 1_000_000)
    length: int = 100_000
    slope_from: int = 31_623
    most_noise: float = 10.0
    n_lobe_noises: int = 49

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        check_integer("n_seeds", self.n_seeds, minimum=1)
        least = 10 * check_integer("memory", self.memory, minimum=RANK + 1)
        for name, values in (("lengths", self.lengths), ("slope_from", (self.slope_from,))):
            for each in values:
                check_integer(name, each)
        check_integer("n_lobe_noises", self.n_lobe_noises, minimum=2)
        for name in ("alpha", "length_scale", "most_noise"):
            check_real(name, getattr(self, name), above=0.0)
        for each in self.noises:
            check_real("noises", each, above=0.0)
        if len(self.noises) not in (1, 2, 3, 4) or list(self.noises) != sorted(set(self.noises)):
            raise ArgumentError(
                "noises",
                allowed="one to four, ascending",
                got=repr(self.noises),
                remedy="Order them, each once; figures have a panel for each.",
            )
        check_real("most_noise", self.most_noise, above=self.noises[0])
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

    def kernel(self, lags: np.ndarray) -> np.ndarray:
        """Return the covariance of the signal at these lags, without noise."""
        return rational_quadratic_kernel(lags, self.alpha, self.length_scale)

    def autocovariance(self, n_lags: int, noise: float) -> np.ndarray:
        """Return the autocovariance of signal and noise, (n_lags,)."""
        found = self.kernel(np.arange(n_lags))
        found[0] += noise**2
        return found


RANK = 2
"""Filters that the paper shows."""

CORRELATIONS = {0.01: (1.000, 0.992, 0.752), 0.4: (0.978, 0.510, 0.079)}
"""Canonical correlations of the population by noise (specification)."""

LOBES = {0.01: (3, 4), 0.4: (2, 3)}
"""Lobes of the first and the second filter by noise (specification)."""

ROUNDING = 5e-4
"""Of numbers that are given with three decimals."""

ALLOWANCE = 0.05
"""Share by which errors may differ from theory besides sampling error, since its first order is used."""

STANDARD_ERRORS = 3.0
"""By how many standard errors a scatter over seeds may differ from theory."""
