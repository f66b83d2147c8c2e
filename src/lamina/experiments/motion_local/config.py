"""Everything that local learning of the motion pathway assumes, and the numbers that it should arrive at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina._checks import check_choice, check_integer, check_real
from lamina.circuits.detector import Pathway
from lamina.simulate import Retina


@dataclass(frozen=True)
class MotionLocalConfig:
    """The settings of one run; all of them are written to the report.

    Components, noise, gap, and the rate and passes of layer 2 were chosen on other rows and other noise (two
    repetitions with seed 1000), by how near filters and index came to batch CCA there. How the rate
    of layer 2 decays was looked for twice: with a first choice (20 000 steps, power 0.5) the published run,
    seed 0, missed one bar (T4b, a difference of 0.14 in the index), and only then was this one found, on the
    rows of seed 1000 again. Seed 0 is no untouched test of it; seed 1, run once afterwards, misses no bar.

    Parameters
    ----------
    seed
        Seed of everything random, at least 0.
    n_seeds
        Repetitions with other rows, noise and first weights, at least 1.
    pathways
        "T4" (ON, driven by L1) and "T5" (OFF, driven by L2), or one of them.
    velocity_deg_per_s, dt_s, spacing_deg, acceptance_deg, surround_deg
        Speed of the scenes, time between samples, angle between photoreceptors, and the full widths at half
        maximum of their acceptance function and of the local mean: as in the motion experiment.
    memory, horizon
        Samples of past and future in layer 1; equal, so that the future is the past of some time later.
    gap
        Samples from present to future in layer 2, as in the paper. With the 8 of the motion experiment two of
        its canonical correlations nearly agree, and small steps do not tell these two units apart.
    noise
        Standard deviation of photoreceptor noise, in units of a row's contrast.
    components
        Cosines of the past that synapses of layer 1 see, at most ``memory``.
    passes, passes_2
        How often layer 1, and then layer 2, goes through the training rows.
    learning_rate_2, decay_steps_2, decay_power_2
        Of layer 2, see `lamina.resu.LocalReSU`; layer 1 has that unit's defaults.
    checkpoints
        When learning is looked at, in passes, ascending; those beyond the last pass are left out.
    test_share, guard_deg, row_step
        Part of an image's rows kept for testing, rows around them used for nothing, and every how many rows
        one is used.
    wavelength_deg, periods
        The moving ON/OFF pattern of the index: its wavelength, and how many periods are measured.
    every
        Every how many samples of the training scenes the rule that chooses a unit looks at.
    """

    seed: int = 0
    n_seeds: int = 5
    pathways: tuple[Pathway, ...] = ("T4", "T5")
    velocity_deg_per_s: float = 40.0
    dt_s: float = 0.01
    spacing_deg: float = 5.0
    acceptance_deg: float = 5.7
    surround_deg: float = 25.0
    memory: int = 50
    horizon: int = 50
    gap: int = 5
    noise: float = 0.1
    components: int = 25
    passes: int = 3
    passes_2: int = 10
    learning_rate_2: float = 0.01
    decay_steps_2: float = 40_000.0
    decay_power_2: float = 1.0
    checkpoints: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
    test_share: float = 0.25
    guard_deg: float = 5.7
    row_step: int = 2
    wavelength_deg: float = 60.0
    periods: int = 2
    every: int = 4

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        counts = ("n_seeds", "memory", "gap", "passes", "passes_2", "row_step", "periods", "every")
        for name in counts:
            check_integer(name, getattr(self, name), minimum=1)
        check_integer("horizon", self.horizon, minimum=self.memory, maximum=self.memory)
        check_integer("components", self.components, minimum=2, maximum=self.memory)
        for name in ("velocity_deg_per_s", "dt_s", "spacing_deg", "surround_deg", "wavelength_deg"):
            check_real(name, getattr(self, name), above=0.0)
        for name in ("learning_rate_2", "decay_steps_2", *("checkpoints" for _ in self.checkpoints)):
            values = getattr(self, name)
            for value in values if isinstance(values, tuple) else (values,):
                check_real(name, value, above=0.0)
        for name in ("noise", "acceptance_deg", "guard_deg"):
            check_real(name, getattr(self, name), minimum=0.0)
        check_real("decay_power_2", self.decay_power_2, minimum=0.0, maximum=1.0)
        check_real("test_share", self.test_share, minimum=0.05, maximum=0.8)
        for pathway in self.pathways:
            check_choice("pathways", pathway, ("T4", "T5"))

    @property
    def retina(self) -> Retina:
        """Three photoreceptors: left, centre, right."""
        return Retina(3, self.spacing_deg, self.dt_s, self.acceptance_deg)

    def rng(self, repetition: int, purpose: int) -> np.random.Generator:
        """Return a generator of its own for each repetition and purpose."""
        return np.random.default_rng([self.seed, repetition, purpose])


FILTER_COSINE = 0.9
"""Cosine of the locally learned filters of layer 1 with those of batch CCA, mean over seeds: our own bar."""

SUBSPACE_COSINE = 0.9
"""The same for the space of the first four directions of layer 2, its largest angle: our own bar. Single
directions are reported: the third and the fourth have nearly the same correlation."""

INDEX_DIFFERENCE = 0.1
"""Largest difference of the mean index from that of batch CCA on the same recordings: our own bar."""

INDEX = 0.6
"""Mean index of every cell, the bar of the motion experiment."""

FEWEST_SEEDS = 3
"""With fewer repetitions the index is reported and not judged: that of one seed scatters by ± 0.1."""
