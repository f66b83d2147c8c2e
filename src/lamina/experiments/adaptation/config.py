"""Everything that the adaptation experiment assumes, and the numbers that it should arrive at."""

from __future__ import annotations

from dataclasses import dataclass

from lamina._checks import check_integer, check_real


@dataclass(frozen=True)
class AdaptationConfig:
    """The settings of one run; all of them are written to the report. Lengths are in lag vectors, of memory.

    Parameters
    ----------
    seed
        Seed of everything random, at least 0.
    n_seeds
        Repetitions with other signals, noise and first weights, at least 1.
    memory, horizon
        Samples of past and future; ``memory`` is the unit of time here.
    length_scale
        Of the rational quadratic kernel of the signal, in samples; its variance is 1.
    low_noise, high_noise
        Standard deviations of the white noise before or after the change.
    photoreceptors
        Signals of the same statistics whose moments are pooled, as neighbours in an eye that share a filter.
    half_life
        Of the forgetting moments, in lag vectors.
    before, after
        Lag vectors before and after the change.
    local_half_life, local_before, local_checkpoints
        The same for the local rule, which learns from one photoreceptor, and when it is looked at.
    """

    seed: int = 0
    n_seeds: int = 10
    memory: int = 50
    horizon: int = 50
    length_scale: float = 50.0
    low_noise: float = 0.1
    high_noise: float = 1.0
    photoreceptors: int = 10
    half_life: float = 2.0
    before: int = 20
    after: int = 20
    local_half_life: float = 200.0
    local_before: int = 2000
    local_checkpoints: tuple[int, ...] = (1, 3, 10, 30, 100, 300, 1000, 2000)

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        counts = ("n_seeds", "memory", "horizon", "photoreceptors", "before", "after", "local_before")
        for name in counts:
            check_integer(name, getattr(self, name), minimum=1)
        for name in ("length_scale", "low_noise", "high_noise", "half_life", "local_half_life"):
            check_real(name, getattr(self, name), above=0.0)

    @property
    def changes(self) -> dict[str, tuple[float, float]]:
        """Noise before and after, both ways."""
        return {
            "noise rises": (self.low_noise, self.high_noise),
            "noise falls": (self.high_noise, self.low_noise),
        }


REACHED = 0.95
"""Cosine at which the new filter counts as reached."""

WITHIN = 10
"""Lag vectors within which it should be, as the mean over seeds (paper, Fig. S2: roughly ten)."""
