r"""Settings of the mixing by rectified spectral units, and which of them go together.

.. math:: r\,o \le w = d / G, \qquad r \le w \min(m, h)

for r units with o outputs each in every one of G groups of w channels, which see m positions of the past and
foretell h of the future. Source: Qin et al. 2025, arXiv:2512.23146, Eqs. 3 to 7: canonical directions are at
most as many as past and future have dimensions.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from lamina.errors import ArgumentError
from lamina.layers.configuration import Count, Flag, NonNegative
from lamina.layers.mixing.base import MixingConfig
from lamina.typing import Rectify


class ReSUMixingConfig(MixingConfig, frozen=True):
    """Settings of `ReSUMixing`; the fields are its arguments.

    Examples
    --------
    >>> ReSUMixingConfig(hidden_dim=8, memory=16).rectify
    'split'
    """

    layer: Literal["ReSUMixing"] = "ReSUMixing"
    memory: Count = 8
    horizon: Count = 8
    rank: Count | None = None
    rectify: Rectify = "split"
    groups: Count = 1
    gap: Count = 1
    center: Flag = True
    ridge: NonNegative = 0.0

    @property
    def width(self) -> int:
        """Channels of a group."""
        return self.hidden_dim // self.groups

    @property
    def units(self) -> int:
        """Units of a group: ``rank``, or as many as its channels can hold."""
        return self.width // self.outputs_per_unit if self.rank is None else self.rank

    @property
    def outputs_per_unit(self) -> int:
        """Two for ON and OFF, else one."""
        return 2 if self.rectify == "split" else 1

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.hidden_dim % self.groups:
            raise ArgumentError(
                "groups",
                allowed=f"a divisor of hidden_dim = {self.hidden_dim}",
                got=str(self.groups),
                remedy="Groups are equally wide; choose among "
                f"{', '.join(str(n) for n in range(1, self.hidden_dim + 1) if self.hidden_dim % n == 0)}.",
            )
        most = min(self.width // self.outputs_per_unit, self.width * min(self.memory, self.horizon))
        if not 1 <= self.units <= most:
            raise ArgumentError(
                "rank" if most else "groups",
                allowed=f"at most {most or self.hidden_dim // 2}, so that a group's outputs "
                f"({self.outputs_per_unit} per unit) fit into its channels",
                got=str(self.rank if most else self.groups),
                remedy="Ask for fewer units or groups, or for rectify='none', which has one output per unit.",
            )
        return self
