"""The parameters of a unit that learns locally, checked once and together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from lamina._checks import check_choice, check_integer, check_real
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.resu.rectification import check_modes
from lamina.typing import Rectify

LocalRule: TypeAlias = Literal["asymmetric", "bio"]

# so large a power leaves nothing of an average but its last term
_LAST_ONLY = 1e300


@dataclass(frozen=True)
class LocalSettings:
    """Checked parameters of a unit that learns locally; the fields mean what `lamina.resu.LocalReSU` says."""

    memory: int
    horizon: int
    rank: int
    gap: int
    center: bool
    rule: LocalRule
    learning_rate: float
    decay_steps: float | None
    decay_power: float
    averaging: float | None
    lateral_time: float
    passes: int
    modes: tuple[Rectify, ...]
    half_life: float | None
    seed: int
    sampling_rate: float | None

    @property
    def window(self) -> int:
        """Samples that one window spans, m + g + h − 1."""
        return self.memory + self.gap + self.horizon - 1

    def check_rank(self, channels: int) -> None:
        """Refuse more units than the lag vectors have dimensions (`ArgumentError`)."""
        possible = min(self.memory, self.horizon) * channels
        if self.rank > possible:
            raise ArgumentError(
                "rank",
                allowed=f"at most {possible} here, the smaller of memory * channels and horizon * channels",
                got=str(self.rank),
                remedy="Ask for fewer units, or give a longer memory and horizon.",
            )

    def schedule(self, channels: int) -> tuple[float, float, float, float, float]:
        """Return the numbers that `lamina.resu.local_kernels.Schedule` names.

        Both the step and its decay go with the size of the lag vectors: their energy grows with it.
        """
        size = max(self.memory, self.horizon) * channels
        forget = math.inf if self.half_life is None else 1 / -math.expm1(-math.log(2) / self.half_life) - 1
        return (
            self.learning_rate / size,
            100.0 * size if self.decay_steps is None else self.decay_steps,
            self.decay_power,
            _LAST_ONLY if self.averaging is None else self.averaging,
            forget,
        )


def check_local_settings(
    *,
    memory: Any,
    horizon: Any,
    rank: Any,
    gap: Any = 1,
    center: Any = True,
    rule: Any = "asymmetric",
    learning_rate: Any = 0.05,
    decay_steps: Any = None,
    decay_power: Any = 0.5,
    averaging: Any = 3.0,
    lateral_time: Any = 1.0,
    passes: Any = 1,
    rectify: Any = "none",
    half_life: Any = None,
    seed: Any = 0,
    sampling_rate: Any = None,
) -> LocalSettings:
    """Return the parameters as `LocalSettings`, or raise an error that names the first one that cannot be.

    Raises
    ------
    ArgumentTypeError
        A parameter is of the wrong kind.
    ArgumentError
        A parameter is out of its range.

    Examples
    --------
    >>> check_local_settings(memory=3, horizon=2, rank=1, gap=2).window
    6
    """
    units = check_integer("rank", rank, minimum=1)
    chosen: Any = check_choice("rule", rule, get_args(LocalRule))
    if not isinstance(center, (bool, np.bool_)):
        raise ArgumentTypeError(
            "center", allowed="True or False", got=repr(center), remedy="Pass center as a boolean."
        )
    return LocalSettings(
        memory=check_integer("memory", memory, minimum=1),
        horizon=check_integer("horizon", horizon, minimum=1),
        rank=units,
        gap=check_integer("gap", gap, minimum=1),
        center=bool(center),
        rule=chosen,
        learning_rate=check_real("learning_rate", learning_rate, above=0.0),
        decay_steps=None if decay_steps is None else check_real("decay_steps", decay_steps, above=0.0),
        decay_power=check_real("decay_power", decay_power, minimum=0.0, maximum=1.0),
        averaging=None if averaging is None else check_real("averaging", averaging, minimum=0.0),
        lateral_time=check_real("lateral_time", lateral_time, above=0.0),
        passes=check_integer("passes", passes, minimum=1),
        modes=check_modes("rectify", rectify, units),
        # with less, a single sample outweighs all before it: nothing would be left to standardise by
        half_life=None if half_life is None else check_real("half_life", half_life, minimum=1.0),
        seed=check_integer("seed", seed, minimum=0),
        sampling_rate=None
        if sampling_rate is None
        else check_real("sampling_rate", sampling_rate, above=0.0),
    )
