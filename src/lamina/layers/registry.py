"""Every layer by its name, and layers from settings and files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from lamina._checks import check_choice
from lamina.errors import ArgumentTypeError
from lamina.layers.block import SpectralBlock
from lamina.layers.configuration import LayerConfig
from lamina.layers.encoder import SpectralEncoder
from lamina.layers.files import read_mapping, write_mapping
from lamina.layers.layer import SpectralLayer
from lamina.layers.mixers import MIXERS
from lamina.layers.mixing.wavelet2d import WaveletMixing2D
from lamina.layers.operators.fno_block import FNOBlock
from lamina.layers.operators.spectral_conv import SpectralConv1d
from lamina.layers.operators.spectral_conv2d import SpectralConv2d

# sequence layers are named in MIXERS, so that blocks can hold them; what a block cannot hold is named here
_OTHERS: tuple[type[SpectralLayer], ...] = (
    SpectralBlock,
    SpectralEncoder,
    WaveletMixing2D,
    FNOBlock,
    SpectralConv1d,
    SpectralConv2d,
)

LAYERS: Mapping[str, type[SpectralLayer]] = MappingProxyType(
    {**MIXERS, **{kind.__name__: kind for kind in _OTHERS}}
)
"""Every layer class by its name."""


def config_from_mapping(values: Mapping[str, Any]) -> LayerConfig:
    """Make settings from a mapping whose key ``layer`` names the class.

    Parameters
    ----------
    values
        Settings, with the key ``layer``.

    Returns
    -------
    LayerConfig
        Of that class.

    Raises
    ------
    lamina.errors.ArgumentError
        When a key or value is unknown, missing or outside its limits; the nearest name is told.

    Examples
    --------
    >>> config_from_mapping({"layer": "FourierMixing", "hidden_dim": 8}).hidden_dim
    8
    """
    if not isinstance(values, Mapping):
        raise ArgumentTypeError(
            "values",
            allowed="a mapping with the key 'layer'",
            got=f"a {type(values).__name__}",
            remedy="Pass a dictionary of settings.",
        )
    name = check_choice("layer", values.get("layer"), tuple(LAYERS))
    return LAYERS[name].Config.from_mapping(values)


def build_layer(
    config: LayerConfig | Mapping[str, Any],
    *,
    generator: torch.Generator | None = None,
    device: torch.device | str | int | None = None,
    dtype: torch.dtype | None = None,
) -> SpectralLayer:
    """Build the layer that some settings describe.

    Parameters
    ----------
    config
        Settings, or a mapping of them whose key ``layer`` names the class.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Returns
    -------
    SpectralLayer
        A new layer.

    Examples
    --------
    >>> build_layer({"layer": "FourierMixing", "hidden_dim": 8})
    FourierMixing(
      hidden_dim=8
      (dropout): Dropout(p=0.0, inplace=False)
      (fft2d): FFT2D()
    )
    """
    if isinstance(config, Mapping):
        config = config_from_mapping(config)
    if not isinstance(config, LayerConfig):
        raise ArgumentTypeError(
            "config",
            allowed="a layer's settings or a mapping of them",
            got=f"a {type(config).__name__}",
            remedy="Make some with layer.to_config() or lamina.layers.load_config(path).",
        )
    kind = LAYERS[check_choice("layer", config.layer, tuple(LAYERS))]
    return kind.from_config(config, generator=generator, device=device, dtype=dtype)


def load_config(path: str | Path) -> LayerConfig:
    """Read a layer's settings from a YAML or JSON file.

    Parameters
    ----------
    path
        A .yaml, .yml or .json file with one mapping, whose key ``layer`` names the class.

    Returns
    -------
    LayerConfig
        Checked settings; `build_layer` makes the layer.

    Raises
    ------
    lamina.errors.FileError
        When the file cannot be read, or holds no such mapping.
    lamina.errors.ArgumentError
        When a key or value in it is wrong.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mixer.yaml"
    ...     _ = path.write_text("{layer: FourierMixing, hidden_dim: 8}")
    ...     load_config(path).hidden_dim
    8
    """
    return config_from_mapping(read_mapping(path))


def save_config(config: LayerConfig, path: str | Path) -> None:
    """Write a layer's settings as YAML or JSON, by the file's ending.

    Parameters
    ----------
    config
        Settings of a layer.
    path
        A .yaml, .yml or .json file; it is overwritten.

    Raises
    ------
    lamina.errors.ArgumentTypeError
        When ``config`` is something else, such as the layer itself.
    lamina.errors.OutputError
        When the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from lamina.layers import FourierMixing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mixer.json"
    ...     save_config(FourierMixing(hidden_dim=8).to_config(), path)
    ...     load_config(path).hidden_dim
    8
    """
    if not isinstance(config, LayerConfig):
        raise ArgumentTypeError(
            "config",
            allowed="a layer's settings",
            got=f"a {type(config).__name__}",
            remedy="Pass layer.to_config().",
        )
    write_mapping(config.model_dump(mode="json"), path)
