"""The base of every layer: settings in, settings out, and what the layer claims about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from lamina.errors import ArgumentTypeError, ShapeError
from lamina.layers.configuration import LayerConfig
from lamina.transforms.precision import check_tensor


class SpectralLayer(torch.nn.Module, ABC):
    """Base of all layers.

    A subclass names its settings in ``Config``, checks its arguments with them, and keeps them as ``config``.
    A layer without parameters and random numbers sets ``parameter_free`` and takes neither ``generator`` nor
    ``device`` nor ``dtype``.

    Parameters
    ----------
    config
        The checked settings.

    Examples
    --------
    >>> from lamina.layers import FourierMixing
    >>> layer = FourierMixing(hidden_dim=8)
    >>> type(layer).from_config(layer.to_config()).hidden_dim
    8
    """

    Config: ClassVar[type[LayerConfig]]
    parameter_free: ClassVar[bool] = False
    # whether the output is x + f(x): blocks, which add x themselves, then take f alone
    adds_input: ClassVar[bool] = False

    def __init__(self, config: LayerConfig) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def from_config(
        cls,
        config: LayerConfig | Mapping[str, Any],
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> Self:
        """Build a layer from its settings.

        Parameters
        ----------
        config
            Settings of this class, or a mapping of them.
        generator, device, dtype
            As in the constructor; a layer without parameters has no use for them.

        Returns
        -------
        SpectralLayer
            A new layer.
        """
        if isinstance(config, Mapping):
            config = cls.Config.from_mapping(config)
        if not isinstance(config, cls.Config):
            raise ArgumentTypeError(
                "config",
                allowed=f"a {cls.Config.__name__} or a mapping",
                got=f"a {type(config).__name__}",
                remedy="Use the class that the settings were made for, or lamina.layers.build_layer.",
            )
        given: dict[str, Any] = {
            name: getattr(config, name) for name in type(config).model_fields if name != "layer"
        }
        factory = {} if cls.parameter_free else {"generator": generator, "device": device, "dtype": dtype}
        return cls(**given, **factory)

    def to_config(self) -> LayerConfig:
        """Return the settings from which `from_config` builds such a layer, without its weights."""
        return self.config

    @abstractmethod
    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds for the layer in evaluation mode, whatever its parameters are.

        Returns
        -------
        dict
            ``unitary``, ``energy_preserving`` (the output has the input's norm), ``translation_equivariant``
            (a circular shift along the sequence shifts the output), ``linear``, ``real_output``, ``causal``:
            booleans; ``frequency_domain``: whether it computes there; ``complexity`` in sequence length n
            and hidden size d. Layers add their own.
        """

    def extra_repr(self) -> str:
        """Show the settings."""
        shown = self.config.model_dump(exclude={"layer"}, exclude_defaults=True)
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())


def properties(
    *,
    complexity: str,
    unitary: bool = False,
    energy_preserving: bool = False,
    translation_equivariant: bool = False,
    linear: bool = False,
    real_output: bool = True,
    causal: bool = False,
    frequency_domain: bool = True,
    **more: Any,
) -> dict[str, Any]:
    """Fill in what `SpectralLayer.get_spectral_properties` promises; nothing is claimed unless it is said."""
    return {
        "unitary": unitary,
        "energy_preserving": energy_preserving,
        "translation_equivariant": translation_equivariant,
        "linear": linear,
        "real_output": real_output,
        "causal": causal,
        "frequency_domain": frequency_domain,
        "complexity": complexity,
        **more,
    }


def check_sequence(x: Any, hidden_dim: int) -> Tensor:
    """Return ``x`` if it is a real floating (batch, sequence, hidden) tensor of this hidden size."""
    check_tensor("x", x)
    if x.ndim != 3 or x.shape[2] != hidden_dim or x.shape[1] < 1:
        raise ShapeError(
            "x",
            allowed=f"of shape (batch, sequence, {hidden_dim}) with a sequence of at least 1",
            got=f"shape {tuple(x.shape)}",
            remedy="The hidden size is the last axis; add a batch axis with x[None] if it is missing.",
        )
    return x


def check_position(name: str, x: Any, hidden_dim: int) -> Tensor:
    """Return ``x`` if it is a real floating (batch, hidden) tensor of this hidden size: one time step."""
    check_tensor(name, x)
    if x.ndim != 2 or x.shape[1] != hidden_dim:
        raise ShapeError(
            name,
            allowed=f"of shape (batch, {hidden_dim})",
            got=f"shape {tuple(x.shape)}",
            remedy="A step takes one position of each sample, x[:, t].",
        )
    return x
