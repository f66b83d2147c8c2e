"""The parameters of a forecaster, checked once and together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamina._checks import check_choice, check_integer, check_real
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.typing import Objective

AUTO = "auto"


@dataclass(frozen=True)
class ForecastSettings:
    """Checked parameters; the fields mean what `lamina.resu.ReSUForecaster` says, None is "auto" or none.

    Attributes
    ----------
    horizon
        h.
    memory, rank, difference, seasons, ridge
        Numbers, or None where the data decide.
    period
        P, or None without a season.
    transformation
        "log" or None.
    objective
        "rrr" or "cca".
    """

    horizon: int
    memory: int | None
    rank: int | None
    period: int | None
    difference: int | None
    seasons: int | None
    ridge: float | None
    transformation: str | None
    objective: Objective

    def check_rank(self, channels: int) -> None:
        """Refuse more directions than lags and steps have (`ArgumentError`)."""
        possible = min(self.memory or self.horizon, self.horizon) * channels
        if self.rank is not None and self.rank > possible:
            raise ArgumentError(
                "rank",
                allowed=f"at most {possible} here, the smaller of memory * channels and horizon * channels",
                got=str(self.rank),
                remedy="Ask for a lower rank, or give a longer memory and horizon.",
            )


def check_forecast_settings(
    *,
    horizon: Any,
    memory: Any = AUTO,
    rank: Any = AUTO,
    period: Any = None,
    difference: Any = AUTO,
    seasons: Any = AUTO,
    ridge: Any = AUTO,
    transformation: Any = None,
    objective: Any = "rrr",
) -> ForecastSettings:
    """Return the parameters as `ForecastSettings`, or raise an error that names the first that cannot be.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        A parameter is of the wrong kind, or out of its range; ``seasons`` without a ``period``.

    Examples
    --------
    >>> check_forecast_settings(horizon=12, period=12).seasons is None
    True
    """
    chosen: Any = check_choice("objective", objective, ("rrr", "cca"))
    found = ForecastSettings(
        horizon=check_integer("horizon", horizon, minimum=1),
        memory=_or_auto("memory", memory, 1, None),
        rank=_or_auto("rank", rank, 1, None),
        period=None if period is None else check_integer("period", period, minimum=2),
        difference=_or_auto("difference", difference, 0, 2),
        seasons=_or_auto("seasons", seasons, 0, None),
        ridge=_ridge(ridge),
        transformation=None
        if transformation is None
        else check_choice("transformation", transformation, ("log",)),
        objective=chosen,
    )
    if found.seasons and found.period is None:
        raise ArgumentError(
            "seasons",
            allowed="0 or 'auto' without a period",
            got=str(found.seasons),
            remedy="Give period, the samples of one season.",
        )
    return found


def _or_auto(name: str, value: Any, minimum: int, maximum: int | None) -> int | None:
    if isinstance(value, str):
        _only_auto(name, value, "an integer")
        return None
    return check_integer(name, value, minimum=minimum, maximum=maximum)


def _ridge(value: Any) -> float | None:
    if isinstance(value, str):
        _only_auto("ridge", value, "a number of at least 0")
        return None
    return check_real("ridge", value, minimum=0.0)


def _only_auto(name: str, value: str, otherwise: str) -> None:
    if value != AUTO:
        raise ArgumentTypeError(
            name,
            allowed=f"{otherwise}, or 'auto'",
            got=repr(value),
            remedy=f"Pass {name} as a number, or 'auto' to let the data choose.",
        )
