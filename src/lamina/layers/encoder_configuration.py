"""Settings of the encoder of sequences, and which of them go together."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, model_validator

from lamina.errors import ArgumentError
from lamina.layers.activations import Activation
from lamina.layers.configuration import Count, Flag, LayerConfig, NonNegative, Positive, Probability
from lamina.layers.embedding import Positions
from lamina.layers.mixers import MixerConfig

Pooling = Literal["none", "mean", "last", "cls"]
"""What the head sees: every position, their mean, the last of them, or a token put in front."""


def _several(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


class SpectralEncoderConfig(LayerConfig, frozen=True):
    """Settings of `SpectralEncoder`; the fields are its arguments.

    Examples
    --------
    >>> mixer = {"layer": "FourierMixing", "hidden_dim": 8}
    >>> SpectralEncoderConfig(mixers=mixer, depth=4).depth
    4
    """

    layer: Literal["SpectralEncoder"] = "SpectralEncoder"
    mixers: Annotated[tuple[MixerConfig, ...], Field(min_length=1), BeforeValidator(_several)]
    depth: Count | None = None
    vocab_size: Count | None = None
    input_dim: Count | None = None
    positions: Positions = "none"
    max_length: Count | None = None
    pooling: Pooling = "none"
    num_classes: Count | None = None
    mlp_ratio: NonNegative = 4.0
    activation: Activation = "gelu"
    dropout: Probability = 0.0
    norm_first: Flag = True
    norm_eps: Positive = 1e-5

    @property
    def keeps_shape(self) -> bool:
        """Whether the encoder maps (batch, sequence, hidden) to the same shape, as sequence layers do."""
        same = (None, cast("Any", self.mixers[0]).hidden_dim)
        real = self.vocab_size is None and self.input_dim in same
        return real and self.pooling == "none" and self.num_classes in same

    @model_validator(mode="after")
    def _check_together(self) -> SpectralEncoderConfig:
        sizes = [cast("Any", mixer).hidden_dim for mixer in self.mixers]
        if len(set(sizes)) > 1:
            raise ArgumentError(
                "mixers",
                allowed="of one hidden_dim",
                got=", ".join(map(str, sizes)),
                remedy="The blocks hand their outputs on; give all the same.",
            )
        if self.depth is not None and self.depth < len(self.mixers):
            raise ArgumentError(
                "depth",
                allowed=f"at least {len(self.mixers)}, the number of mixers",
                got=str(self.depth),
                remedy="Every mixer must have a block; leave depth out for one block each.",
            )
        if self.vocab_size is not None and self.input_dim is not None:
            raise ArgumentError(
                "input_dim",
                allowed="None beside vocab_size",
                got=str(self.input_dim),
                remedy="Inputs are tokens (vocab_size) or real numbers (input_dim).",
            )
        if self.positions == "learned" and self.max_length is None:
            raise ArgumentError(
                "max_length",
                allowed="given with learned positions",
                got="None",
                remedy="Give the longest sequence, or use sinusoidal positions, which need none.",
            )
        return self
