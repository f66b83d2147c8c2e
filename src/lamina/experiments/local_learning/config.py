"""The processes, the ways of learning, and the numbers that local learning should arrive at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._checks import check_integer
from lamina.simulate import OUSystem


@dataclass(frozen=True)
class LocalLearningConfig:
    """The settings of one run; all of them are written to the report.

    Parameters
    ----------
    seed
        Seed of everything random, at least 0.
    n_seeds
        Repetitions with another recording and other first weights, at least 1.
    memory, horizon, rank
        Of every unit.
    checkpoints
        Numbers of steps after which the filters are compared with those of batch CCA, ascending.
    """

    seed: int = 0
    n_seeds: int = 10
    memory: int = 10
    horizon: int = 10
    rank: int = 2
    checkpoints: tuple[int, ...] = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000)

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        for name in ("n_seeds", "memory", "horizon", "rank"):
            check_integer(name, getattr(self, name), minimum=1)
        for steps in self.checkpoints:
            check_integer("checkpoints", steps, minimum=1)


@dataclass(frozen=True)
class Way:
    """One way of learning.

    Parameters
    ----------
    name
        What the tables call it.
    parameters
        Of `lamina.resu.LocalReSU`, where they differ from its defaults.
    order
        "time", "shuffled" (windows in random order), "buffer" (random within every 1000 windows), or
        "thinned" (every tenth window).
    """

    name: str
    parameters: dict[str, Any]
    order: str = "time"


PLAIN: dict[str, Any] = {"decay_power": 0.0, "averaging": None}
"""The rules as their papers print them: a constant step, and the last weights as the result."""

CURVES = (
    Way("asymmetric", {}),
    Way("asymmetric, shuffled", {}, "shuffled"),
    Way("Bio-CCA", {"rule": "bio"}),
    Way("Bio-CCA, shuffled", {"rule": "bio"}, "shuffled"),
    Way("asymmetric, plain", PLAIN),
    Way("asymmetric, plain, shuffled", PLAIN, "shuffled"),
)
"""Learned on every process. Those without "plain" decay and average, as `lamina.resu.LocalReSU` does."""

REMEDIES = (
    Way("constant rate, last weights", PLAIN),
    Way("the same, a fifth of the rate", {**PLAIN, "learning_rate": 0.01}),
    Way("the same, a 25th of the rate", {**PLAIN, "learning_rate": 0.002}),
    Way("every tenth window only", PLAIN, "thinned"),
    Way("random order within 1000 windows", PLAIN, "buffer"),
    Way("averaged weights, constant rate", {"decay_power": 0.0}),
    Way("decaying rate, last weights", {"averaging": None}),
    Way("decaying rate and averaged weights", {}),
)
"""What might keep order in time from doing harm, tried on the process that the settings were chosen on."""

TUNED_ON = "AR(2) + noise"
COSINE, CORRELATION = 0.99, 0.98
"""What every seed should reach: the smallest cosine, and the smallest correlation of a unit."""


def processes() -> dict[str, OUSystem]:
    """Return the three processes; settings were chosen on the first, and judged on the others afterwards."""
    oscillation = ((1.5, -0.75), (1.0, 0.0))
    clean = OUSystem(oscillation, ((1.0,), (0.0,)), (1.0, 0.0), 0.0)
    variance = float(clean.stationary_covariance[0, 0])
    turn = 0.9 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    states = np.zeros((3, 3))
    states[:2, :2], states[2, 2] = turn, 0.9
    return {
        TUNED_ON: OUSystem(oscillation, ((1.0,), (0.0,)), (1.0, 0.0), 0.5 * variance),
        "OU, three states": OUSystem(),
        "two channels": OUSystem(states, 0.5 * np.eye(3), ((1.0, 0.0, 0.5), (0.3, 0.0, 1.0)), 0.5),
    }
