"""The layers that a `SpectralBlock` can hold: (batch, sequence, hidden) in and out, with a padding mask."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Union

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, SerializeAsAny, TypeAdapter
from pydantic.json_schema import JsonSchemaValue

from lamina._checks import check_choice
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.layers.configuration import LayerConfig
from lamina.layers.layer import SpectralLayer
from lamina.layers.mixing.fourier import FourierMixing

MIXERS: Mapping[str, type[SpectralLayer]] = MappingProxyType(
    {kind.__name__: kind for kind in (FourierMixing,)}
)
"""Every sequence layer by its class's name."""


def mixer_config(value: Any) -> LayerConfig:
    """Return the settings of a sequence layer, from themselves or from a mapping with the key ``layer``."""
    if isinstance(value, Mapping):
        name = check_choice("layer", value.get("layer"), tuple(MIXERS))
        return MIXERS[name].Config.from_mapping(value)
    if not isinstance(value, LayerConfig):
        raise ArgumentTypeError(
            "mixer",
            allowed="settings of a sequence layer, or a mapping of them",
            got=f"a {type(value).__name__}",
            remedy="Use layer.to_config(), or a mapping with the key 'layer'.",
        )
    if "hidden_dim" not in type(value).model_fields:
        raise ArgumentError(
            "mixer",
            allowed="settings of a layer that maps (batch, sequence, hidden) to the same shape",
            got=f"a {type(value).__name__}",
            remedy=f"Choose one of {', '.join(MIXERS)}.",
        )
    return value


class _OneOfTheMixers:
    """JSON schema of the field: the settings of every mixer, told apart by ``layer``."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        kinds = tuple(kind.Config for kind in MIXERS.values())
        if len(kinds) == 1:
            return handler(TypeAdapter(kinds[0]).core_schema)
        union: Any = Annotated[Union[kinds], Field(discriminator="layer")]  # noqa: UP007
        return handler(TypeAdapter(union).core_schema)


MixerConfig = Annotated[SerializeAsAny[LayerConfig], BeforeValidator(mixer_config), _OneOfTheMixers()]
"""Settings of a sequence layer: one of `MIXERS`, told apart by ``layer``, or of a layer of one's own."""
