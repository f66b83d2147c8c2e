"""Everything that the comparison with other ways of choosing filters assumes, and what it should give."""

from __future__ import annotations

from dataclasses import dataclass

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentError
from lamina.simulate import Retina


@dataclass(frozen=True)
class BaselinesConfig:
    """The settings of one run; all of them are written to the report.

    Parameters
    ----------
    seed
        Seed of everything random, at least 0.
    n_seeds
        Repetitions with other recordings, rows and noise, at least 1.
    n_samples
        Length of the generated recordings to learn from, and of others like them to test on, at least 1000.
    lengths
        Samples to learn from in the learning curves, ascending; those beyond what there is count as all.
    max_rank
        Units are kept one by one up to this number.
    ou_memory, gp_memory
        Samples of past and of future on the linear system and on the Gaussian process.
    memory, horizon, gap
        The same on photographs, and the samples from present to future there.
    gp_length_scale, gp_noise
        Of the rational quadratic kernel, in samples, and standard deviation of the white noise upon it.
    noise
        Standard deviation of photoreceptor noise, in units of a row's contrast.
    curve_ranks
        Units kept in the learning curves, on the system (its states), the process and photographs.
    penalties
        Among which ridge regression chooses, on the last quarter of what it learns from; in units of the
        mean variance.
    velocity_deg_per_s, dt_s, acceptance_deg, surround_deg
        How photographs move and are seen: speed, time between samples, and the full widths at half maximum of
        the photoreceptor's acceptance function and of the local mean.
    test_share, guard_deg, row_step
        Part of an image's rows kept for testing, rows around them used for nothing, and every how many rows
        one is used.
    """

    seed: int = 0
    n_seeds: int = 10
    n_samples: int = 50_000
    lengths: tuple[int, ...] = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
    max_rank: int = 8
    ou_memory: int = 25
    gp_memory: int = 75
    memory: int = 50
    horizon: int = 50
    gap: int = 1
    gp_length_scale: float = 50.0
    gp_noise: float = 0.1
    noise: float = 0.05
    curve_ranks: tuple[int, int, int] = (3, 2, 2)
    penalties: tuple[float, ...] = (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
    velocity_deg_per_s: float = 40.0
    dt_s: float = 0.01
    acceptance_deg: float = 5.7
    surround_deg: float = 25.0
    test_share: float = 0.25
    guard_deg: float = 5.7
    row_step: int = 4

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        check_integer("n_samples", self.n_samples, minimum=1000)
        counts = ("n_seeds", "max_rank", "ou_memory", "gp_memory", "memory", "horizon", "gap", "row_step")
        for name in counts:
            check_integer(name, getattr(self, name), minimum=1)
        smallest = min(self.ou_memory, self.gp_memory, self.memory, self.horizon)
        check_integer("max_rank", self.max_rank, maximum=smallest)
        longest = max(self.ou_memory, self.gp_memory, (self.memory + self.horizon + 1) // 2)
        for length in self.lengths:
            # the last quarter, on which ridge regression chooses, has to hold a few windows
            check_integer("lengths", length, minimum=8 * (longest + 1))
        if not self.lengths or list(self.lengths) != sorted(set(self.lengths)):
            raise ArgumentError(
                "lengths", allowed="ascending", got=repr(self.lengths), remedy="Order them, each once."
            )
        if len(self.curve_ranks) != 3:
            raise ArgumentError(
                "curve_ranks",
                allowed="three ranks",
                got=repr(self.curve_ranks),
                remedy="Pass one for the system, one for the process, one for photographs.",
            )
        if not self.penalties:
            raise ArgumentError(
                "penalties", allowed="at least one", got="()", remedy="Pass (0.0,) for no penalty."
            )
        for rank in self.curve_ranks:
            check_integer("curve_ranks", rank, minimum=1, maximum=self.max_rank)
        for name in ("gp_length_scale", "velocity_deg_per_s", "dt_s", "surround_deg"):
            check_real(name, getattr(self, name), above=0.0)
        for name in ("gp_noise", "noise", "acceptance_deg", "guard_deg"):
            check_real(name, getattr(self, name), minimum=0.0)
        for penalty in self.penalties:
            check_real("penalties", penalty, minimum=0.0)
        check_real("test_share", self.test_share, minimum=0.05, maximum=0.8)

    @property
    def retina(self) -> Retina:
        """One photoreceptor."""
        return Retina(1, dt_s=self.dt_s, acceptance_deg=self.acceptance_deg)


ROUNDING = 1e-9
"""What a theorem may miss by: nats, or share of the future's variance."""

HELD_OUT_LOSS = 0.01
"""On recordings not learned from CCA may keep this share less than the best of the others at the same rank,
since filters are estimates: a bar of our own, for the paper's code draws curves and gives no number. The
ranks at which it keeps the most, without any allowance, are reported beside it."""

OU_INFORMATION = 0.1024
"""Nats that the three directions of the linear system keep (specification, from the Lyapunov solution)."""

OU_TOLERANCE = 5e-5
"""Half a unit of the last of the four digits that the specification prints."""
