"""The layers that a `SpectralBlock` can hold: (batch, sequence, hidden) in and out, with a padding mask."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Union

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, SerializeAsAny, TypeAdapter
from pydantic.json_schema import JsonSchemaValue

from lamina._checks import check_choice
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.layers.attention.dct import DCTAttention
from lamina.layers.attention.hadamard import HadamardAttention
from lamina.layers.attention.kernel import KernelAttention
from lamina.layers.attention.lst import LSTAttention
from lamina.layers.attention.mixed import MixedSpectralAttention
from lamina.layers.attention.performer import PerformerAttention
from lamina.layers.attention.spectral import SpectralAttention
from lamina.layers.configuration import LayerConfig
from lamina.layers.layer import SpectralLayer
from lamina.layers.mixing.adaptive_global_filter import AdaptiveGlobalFilter
from lamina.layers.mixing.afno import AFNOMixing
from lamina.layers.mixing.fourier import FourierMixing
from lamina.layers.mixing.fourier1d import FourierMixing1D
from lamina.layers.mixing.global_filter import GlobalFilterMixing
from lamina.layers.mixing.global_filter2d import GlobalFilterMixing2D
from lamina.layers.mixing.real_fourier import RealFourierMixing
from lamina.layers.mixing.resu import ReSUMixing
from lamina.layers.mixing.separable_fourier import SeparableFourierMixing
from lamina.layers.mixing.wavelet import WaveletMixing
from lamina.layers.operators.fourier_neural_operator import FourierNeuralOperator

_KINDS: tuple[type[SpectralLayer], ...] = (
    DCTAttention,
    HadamardAttention,
    KernelAttention,
    LSTAttention,
    MixedSpectralAttention,
    PerformerAttention,
    SpectralAttention,
    AdaptiveGlobalFilter,
    AFNOMixing,
    FourierMixing,
    FourierMixing1D,
    GlobalFilterMixing,
    GlobalFilterMixing2D,
    RealFourierMixing,
    ReSUMixing,
    SeparableFourierMixing,
    WaveletMixing,
    FourierNeuralOperator,
)

MIXERS: Mapping[str, type[SpectralLayer]] = MappingProxyType({kind.__name__: kind for kind in _KINDS})
"""Every sequence layer by its class's name."""

# the field that holds the settings, which only its owner can name
_ITSELF = ""


def mixer_config(value: Any) -> LayerConfig:
    """Return the settings of a sequence layer, from themselves or from a mapping with the key ``layer``."""
    if isinstance(value, Mapping):
        name = check_choice("layer", value.get("layer"), tuple(MIXERS))
        return MIXERS[name].Config.from_mapping(value)
    if not isinstance(value, LayerConfig):
        raise ArgumentTypeError(
            _ITSELF,
            allowed="settings of a sequence layer, or a mapping of them",
            got=f"a {type(value).__name__}",
            remedy="Use layer.to_config(), or a mapping with the key 'layer'.",
        )
    if "hidden_dim" not in type(value).model_fields:
        raise ArgumentError(
            _ITSELF,
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
