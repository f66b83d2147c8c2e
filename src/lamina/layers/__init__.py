"""Spectral sequence layers for PyTorch: mixing, attention in linear time, neural operators.

Sequences are (batch, sequence, hidden). They need ``pip install lamina[torch]``.
"""

try:
    import pydantic as _pydantic  # noqa: F401
    import pywt as _pywt  # noqa: F401
    import torch as _torch  # noqa: F401
    import yaml as _yaml  # noqa: F401
except ImportError as error:
    from lamina.errors import MissingDependencyError

    raise MissingDependencyError(
        f"lamina.layers needs {error.name}. Install it with: pip install 'lamina[torch]'"
    ) from error

from lamina.layers.configuration import LayerConfig
from lamina.layers.layer import SpectralLayer
from lamina.layers.mixing.base import MixingConfig, MixingLayer, UnitaryMixingConfig, UnitaryMixingLayer
from lamina.layers.mixing.fourier import FourierMixing, FourierMixingConfig
from lamina.layers.registry import LAYERS, build_layer, config_from_mapping, load_config, save_config

__all__ = [
    "LAYERS",
    "FourierMixing",
    "FourierMixingConfig",
    "LayerConfig",
    "MixingConfig",
    "MixingLayer",
    "SpectralLayer",
    "UnitaryMixingConfig",
    "UnitaryMixingLayer",
    "build_layer",
    "config_from_mapping",
    "load_config",
    "save_config",
]
