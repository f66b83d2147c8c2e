"""One entry of the table that the layers' contract suite is run over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from lamina.layers.layer import SpectralLayer


@dataclass(frozen=True)
class LayerCase:
    """A layer with settings, and what is expected of it.

    ``shape`` is (batch, sequence, hidden) or what else the layer takes. ``parameters`` is the number of its
    parameters and ``variance`` that of its initial output for white input; both were worked out by hand, or
    measured and written down, and are not asked of the layer.
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
    # None: no sequence layer (images)
    sequence_axis: int | None = 1
    # the axis whose size the arguments fix; images have rows and columns along the others
    channel_axis: int = 2
    # name of a check -> why it does not apply; each becomes a row of the table in the docs
    exceptions: Mapping[str, str] = field(default_factory=dict)
    # what makes a new layer ready, for those that are fitted before they run
    prepare: Callable[[SpectralLayer], object] | None = None

    def build(self, seed: int = 0, **factory: Any) -> SpectralLayer:
        if self.kind.parameter_free:
            layer = self.kind(**self.arguments)
        else:
            layer = self.kind(**self.arguments, generator=torch.Generator().manual_seed(seed), **factory)
        if self.prepare is not None:
            self.prepare(layer)
        return layer.eval()

    def sizes(self) -> tuple[int, ...]:
        return (1, 2, 3, 7, 13, 31, 50) if self.lengths is None else self.lengths

    def places(self) -> tuple[int, ...]:
        """Axes along which positions lie: the sequence, or the rows and columns of an image."""
        return tuple(axis for axis in range(1, len(self.shape)) if axis != self.channel_axis)

    def input(self, *, batch: int | None = None, length: int | None = None, seed: int = 1) -> torch.Tensor:
        shape = list(self.shape)
        if batch is not None:
            shape[0] = batch
        if length is not None and self.sequence_axis is not None:
            shape[self.sequence_axis] = length
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    def __str__(self) -> str:
        return self.name.replace(" ", "-")
