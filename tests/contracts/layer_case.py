"""One entry of the table that the layers' contract suite is run over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from lamina.layers.layer import SpectralLayer


@dataclass(frozen=True)
class LayerCase:
    """A layer with settings, and what is expected of it.

    ``shape`` is (batch, sequence, hidden) or what the layer takes; ``parameters`` the number of its parameters and
    ``variance`` of its initial output for white input, both worked out by hand or measured, not asked of the layer.
    ``sequence_axis`` None: not a sequence layer (images). ``exceptions``: name of a check → why it does not apply.
    """

    name: str
    kind: type[SpectralLayer]
    arguments: Mapping[str, Any]
    shape: tuple[int, ...] = (2, 64, 32)
    parameters: int = 0
    variance: float = 1.0
    maskable: bool = True
    # sequence lengths that it must take besides that of shape; None: 1, 2, 3, 7, 13, 31, 50
    lengths: tuple[int, ...] | None = None
    sequence_axis: int | None = 1
    exceptions: Mapping[str, str] = field(default_factory=dict)

    def build(self, seed: int = 0, **factory: Any) -> SpectralLayer:
        if self.kind.parameter_free:
            return self.kind(**self.arguments)
        return self.kind(**self.arguments, generator=torch.Generator().manual_seed(seed), **factory)

    def __str__(self) -> str:
        return self.name.replace(" ", "-")
