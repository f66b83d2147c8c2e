"""The parameters of a unit, checked once and together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from lamina._checks import check_choice, check_integer, check_real
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.resu.rectification import check_modes
from lamina.typing import Criterion, Objective, Rectify

AUTO = "auto"


@dataclass(frozen=True)
class Settings:
    """Checked parameters of a unit; the fields mean what `lamina.ReSU` says."""

    memory: int
    horizon: int
    rank: int
    gap: int
    center: bool
    modes: tuple[Rectify, ...]
    objective: Objective
    ridge: float
    rcond: float | None
    half_life: float | None
    sampling_rate: float | None

    @property
    def window(self) -> int:
        """Samples that one window spans, m + g + h − 1."""
        return self.memory + self.gap + self.horizon - 1

    def check_rank(self, past_channels: int, future_channels: int) -> None:
        """Refuse more units than the lag vectors have dimensions (`ArgumentError`)."""
        possible = min(self.memory * past_channels, self.horizon * future_channels)
        if self.rank > possible:
            raise ArgumentError(
                "rank",
                allowed=f"at most {possible} here, the smaller of memory * channels and horizon * channels",
                got=str(self.rank),
                remedy="Ask for fewer units, or give a longer memory and horizon.",
            )


@dataclass(frozen=True)
class Request:
    """Checked parameters of a unit, of which memory, horizon and rank may be left to the data.

    Attributes
    ----------
    memory, horizon, rank
        Numbers, or None where the data decide.
    criterion
        How the data decide.
    n_surrogates, seed
        For the significance of the fit; 0 surrogates for none.
    parameters
        All other parameters, unchecked until `settle`.
    """

    memory: int | None
    horizon: int | None
    rank: int | None
    criterion: Criterion
    n_surrogates: int
    seed: int
    parameters: Mapping[str, Any]

    @property
    def automatic(self) -> bool:
        """Whether anything is left to the data."""
        return None in (self.memory, self.horizon, self.rank)

    def settle(self, memory: int, horizon: int, rank: int) -> Settings:
        """Return the settings with these numbers in place of what was left open."""
        return check_settings(
            memory=memory if self.memory is None else self.memory,
            horizon=horizon if self.horizon is None else self.horizon,
            rank=rank if self.rank is None else self.rank,
            **self.parameters,
        )


def check_request(
    *,
    memory: Any,
    horizon: Any,
    rank: Any,
    criterion: Any = "svc",
    n_surrogates: Any = 0,
    seed: Any = 0,
    **parameters: Any,
) -> Request:
    """Return the parameters of a `lamina.ReSU` as a `Request`, or raise as `check_settings`.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        A parameter is of the wrong kind, or out of its range.

    Examples
    --------
    >>> check_request(memory="auto", horizon=2, rank=1).automatic
    True
    """
    chosen: Any = check_choice("criterion", criterion, get_args(Criterion))
    request = Request(
        memory=_number_or_auto("memory", memory),
        horizon=_number_or_auto("horizon", horizon),
        rank=_number_or_auto("rank", rank),
        criterion=chosen,
        n_surrogates=check_integer("n_surrogates", n_surrogates, minimum=0),
        seed=check_integer("seed", seed, minimum=0),
        parameters=parameters,
    )
    if request.rank is None and not isinstance(parameters.get("rectify", "none"), str):
        raise ArgumentError(
            "rectify",
            allowed="one word for all units where the data choose their number",
            got=f"{parameters['rectify']!r} with rank='auto'",
            remedy="Give rank as a number, or one word.",
        )
    # whatever can be wrong is said before any data are read
    request.settle(1, 1, 1)
    return request


def _number_or_auto(name: str, value: Any) -> int | None:
    if isinstance(value, str) and value == AUTO:
        return None
    if isinstance(value, str):
        raise ArgumentTypeError(
            name,
            allowed="an integer of at least 1, or 'auto'",
            got=repr(value),
            remedy=f"Pass {name} as a whole number, or 'auto' to let the data choose.",
        )
    return check_integer(name, value, minimum=1)


def check_settings(
    *,
    memory: Any,
    horizon: Any,
    rank: Any,
    gap: Any = 1,
    center: Any = True,
    rectify: Any = "none",
    objective: Any = "cca",
    ridge: Any = 0.0,
    rcond: Any = None,
    half_life: Any = None,
    sampling_rate: Any = None,
) -> Settings:
    """Return the parameters as `Settings`, or raise an error that names the first one that cannot be.

    Raises
    ------
    ArgumentTypeError
        A parameter is of the wrong kind.
    ArgumentError
        A parameter is out of its range.

    Examples
    --------
    >>> check_settings(memory=3, horizon=2, rank=1, gap=2).window
    6
    """
    units = check_integer("rank", rank, minimum=1)
    chosen: Any = check_choice("objective", objective, get_args(Objective))
    return Settings(
        memory=check_integer("memory", memory, minimum=1),
        horizon=check_integer("horizon", horizon, minimum=1),
        rank=units,
        gap=check_integer("gap", gap, minimum=1),
        center=_check_flag("center", center),
        modes=check_modes("rectify", rectify, units),
        objective=chosen,
        ridge=check_real("ridge", ridge, minimum=0.0),
        rcond=None if rcond is None else check_real("rcond", rcond, minimum=0.0, maximum=1.0),
        half_life=_positive("half_life", half_life),
        sampling_rate=_positive("sampling_rate", sampling_rate),
    )


def _positive(name: str, value: Any) -> float | None:
    return None if value is None else check_real(name, value, above=0.0)


def _check_flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentTypeError(
            name, allowed="True or False", got=repr(value), remedy=f"Pass {name} as a boolean."
        )
    return bool(value)
