"""Everything that the experiment on kernels assumes, and the numbers that it should arrive at."""

from __future__ import annotations

from dataclasses import dataclass

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentError


@dataclass(frozen=True)
class KernelsConfig:
    """The settings of one run; all of them are written to the report. Times are in samples.

    Parameters
    ----------
    seed
        Seed of the recordings that are fitted, at least 0; nothing else is random.
    memory
        Samples of the past, and of the future.
    length_scale
        Of every kernel that is not damped slowly.
    slow_length_scale
        Of the kernels that are.
    period
        Of the kernels with one oscillation.
    periods
        Of the kernel with several; no two harmonics of each other.
    repeats
        Period of the quasi-periodic kernel, a whole number.
    roughness
        Length scale of the quasi-periodic kernel within a period, in radians over 2: the smaller, the more
        harmonics.
    noises
        Standard deviations of white noise, ascending, beside signals of variance 1; 0 among them.
    noise
        The one of them at which kernels are compared, above 0: without noise smooth ones are rounding's.
    gaps
        Gaps at which the closed form of the exponential kernel is checked.
    dampings
        How many length scales the closed form of the damped oscillation is checked at, from a quarter of its
        period to 100 periods.
    n_samples
        Samples of the one recording of each kernel that is fitted.
    """

    seed: int = 0
    memory: int = 75
    length_scale: float = 20.0
    slow_length_scale: float = 200.0
    period: float = 20.0
    periods: tuple[float, ...] = (7.0, 11.0, 19.0, 31.0)
    repeats: int = 25
    roughness: float = 0.5
    noises: tuple[float, ...] = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
    noise: float = 0.1
    gaps: tuple[int, ...] = (1, 5, 20)
    dampings: int = 13
    n_samples: int = 100_000

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        for name, minimum in (("memory", 5), ("repeats", 2), ("dampings", 2), ("n_samples", 1000)):
            check_integer(name, getattr(self, name), minimum=minimum)
        for name in ("length_scale", "slow_length_scale", "period", "roughness"):
            check_real(name, getattr(self, name), above=0.0)
        for each in self.periods:
            check_real("periods", each, above=2.0)
        check_integer("n_samples", self.n_samples, minimum=10 * self.memory)
        for name in ("periods", "gaps"):
            if not getattr(self, name):
                raise ArgumentError(name, allowed="at least one", got="()", remedy="Pass one or more.")
        for each in self.noises:
            check_real("noises", each, minimum=0.0)
        check_real("noise", self.noise, above=0.0)
        for each in self.gaps:
            check_integer("gaps", each, minimum=1)
        if list(self.noises) != sorted(set(self.noises)) or not {0.0, self.noise} <= set(self.noises):
            raise ArgumentError(
                "noises",
                allowed="ascending, with 0 and noise among them",
                got=repr(self.noises),
                remedy="Closed forms are checked at 0, kernels are compared at noise.",
            )


ZERO = 1e-6
"""What counts as no correlation: far above the root of rounding (1e-8), far below what is looked at."""

CLOSED = 1e-6
"""By how much a correlation may differ from a closed form, or from the same by a filter of the states."""

FIFTH = 5
"""The direction that shows whether correlations decay "rapidly". It is reported and not judged: the paper
gives no number, and a bar of our own would be one that was chosen with the spectra in sight."""

SHARE = 0.99
"""Share of the information by which directions are counted."""
