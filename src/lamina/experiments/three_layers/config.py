"""Everything that the experiment with three layers assumes, and the numbers that it should arrive at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.experiments.motion.config import MotionConfig
from lamina.simulate import Retina


@dataclass(frozen=True)
class ThreeLayersConfig:
    """The settings of one run; all of them are written to the report.

    Rank, memory and ridge of layer 2 and the gap of layer 3 were chosen on training scenes of seeds 1000 and
    1001, by the smallest index of the four cells there.

    Parameters
    ----------
    seed
        Seed of everything random, at least 0.
    n_seeds
        Repetitions with other training rows, other noise and another start of the competition, at least 1.
    control_seeds
        How many of them also run the controls, at most ``n_seeds``.
    n_untrained
        Layers 3 with random weights, in all.
    velocity_deg_per_s
        Speed of the scenes over the retina, either way, above 0.
    dt_s
        Time between samples.
    spacing_deg
        Angle between neighbouring photoreceptors.
    acceptance_deg, surround_deg
        Full widths at half maximum of the photoreceptor's acceptance function and of the local mean.
    noise
        Standard deviation of photoreceptor noise, in units of a row's contrast.
    memory, horizon
        Samples of past and future in layer 1.
    medulla_memory, medulla_rank
        Samples of past, and as many of future, in layer 2, and its units for each column.
    medulla_ridge
        Of layer 2, in units of the mean variance: as if its inputs had a little noise of their own. L1, L2
        and L3 are filters of one signal; without it, units that only tell their rounding apart come first.
    gap
        Samples from present to future in layer 3. It should differ from the time that motion takes between
        neighbours (12.5 samples): then the left column's present is its neighbour's future.
    leak_s, block_s
        Memory of the competition in layer 3, and length of the random blocks that it starts from.
    max_rounds
        Rounds of the competition at most.
    test_share, guard_deg, row_step
        Part of each image's rows kept for testing, rows left out beside them, every how many rows are used.
    wavelength_deg, periods
        The moving ON/OFF pattern of the headline index: its wavelength, and how many periods are measured.
    """

    seed: int = 0
    n_seeds: int = 10
    control_seeds: int = 4
    n_untrained: int = 200
    velocity_deg_per_s: float = 40.0
    dt_s: float = 0.01
    spacing_deg: float = 5.0
    acceptance_deg: float = 5.7
    surround_deg: float = 25.0
    noise: float = 0.05
    memory: int = 50
    horizon: int = 50
    medulla_memory: int = 20
    medulla_rank: int = 5
    medulla_ridge: float = 1e-3
    gap: int = 8
    leak_s: float = 1.0
    block_s: float = 0.5
    max_rounds: int = 20
    test_share: float = 0.25
    guard_deg: float = 5.7
    row_step: int = 4
    wavelength_deg: float = 60.0
    periods: int = 2

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        counts = ("n_seeds", "control_seeds", "n_untrained", "memory", "horizon", "medulla_memory")
        for name in (*counts, "medulla_rank", "gap", "max_rounds", "row_step", "periods"):
            check_integer(name, getattr(self, name), minimum=1)
        for name in (
            "velocity_deg_per_s",
            "dt_s",
            "spacing_deg",
            "surround_deg",
            "block_s",
            "wavelength_deg",
        ):
            check_real(name, getattr(self, name), above=0.0)
        for name in ("acceptance_deg", "noise", "medulla_ridge", "leak_s", "guard_deg"):
            check_real(name, getattr(self, name), minimum=0.0)
        check_real("test_share", self.test_share, minimum=0.05, maximum=0.8)
        if self.control_seeds > self.n_seeds:
            # fewer repetitions in all mean fewer with controls
            object.__setattr__(self, "control_seeds", self.n_seeds)

    @property
    def retina(self) -> Retina:
        """Three photoreceptors: left, centre, right."""
        return Retina(3, self.spacing_deg, self.dt_s, self.acceptance_deg)

    @property
    def patterns(self) -> MotionConfig:
        """What the patterns of the motion experiment need to know; they begin by filling both memories."""
        return MotionConfig(
            velocity_deg_per_s=self.velocity_deg_per_s,
            dt_s=self.dt_s,
            spacing_deg=self.spacing_deg,
            acceptance_deg=self.acceptance_deg,
            memory=self.memory + self.medulla_memory - 1,
            wavelength_deg=self.wavelength_deg,
            periods=self.periods,
        )

    def rng(self, repetition: int, purpose: int) -> np.random.Generator:
        """Return a generator of its own for each repetition and purpose."""
        return np.random.default_rng([self.seed, repetition, purpose])


INDEX = 0.6
"""Mean index of each of the four cells, on scenes, pattern and gratings (the issue, as for two layers)."""

NULL_RESPONSE = 0.25
"""Largest mean response to the null direction of the pattern, in standard deviations (as for two layers)."""

POLARITY = 0.6
"""(P - N) / (P + N) of ON against OFF edges, our own bar: as clear as the direction has to be."""

AGREEMENT = 0.9
"""Share of the samples of held-out scenes at which the groups tell the direction of motion; our own bar."""
