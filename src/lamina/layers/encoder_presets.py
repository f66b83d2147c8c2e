"""The mixers of the encoder's presets: what eight model classes would differ in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from lamina._checks import check_choice, check_integer
from lamina.errors import ArgumentTypeError
from lamina.layers.configuration import LayerConfig
from lamina.layers.mixers import mixer_config

Preset = Literal["fnet", "gfnet", "afno", "wavelet", "lst", "performer", "fno", "hybrid"]
"""Names of the presets."""

PRESETS: tuple[str, ...] = get_args(Preset)
"""The same names, as a tuple."""

# the document's default, where the hidden size allows it
_HEADS = 8


def preset_mixers(
    name: str,
    *,
    hidden_dim: int,
    sequence_length: int,
    leading: bool = False,
    mixer_settings: Mapping[str, Any] | None = None,
) -> tuple[LayerConfig, ...]:
    """Make settings of the mixers that a preset's blocks take in turns.

    Parameters
    ----------
    name
        One of `PRESETS`.
    hidden_dim
        Size of the last axis.
    sequence_length
        Longest sequence.
    leading
        Whether a token is put in front of it.
    mixer_settings
        Further settings of each of the mixers, which replace the preset's.

    Returns
    -------
    tuple of LayerConfig
        One, or for "hybrid" two.

    Examples
    --------
    >>> preset_mixers("fnet", hidden_dim=8, sequence_length=16)[0].layer
    'FourierMixing'
    """
    check_choice("name", name, PRESETS)
    if mixer_settings is not None and not isinstance(mixer_settings, Mapping):
        raise ArgumentTypeError(
            "mixer_settings",
            allowed="a mapping of settings, or None",
            got=f"a {type(mixer_settings).__name__}",
            remedy="Write {'causal': True}, for example.",
        )
    size = check_integer("hidden_dim", hidden_dim, minimum=1)
    length = check_integer("sequence_length", sequence_length, minimum=1) + bool(leading)
    heads = max(number for number in (1, 2, 4, _HEADS) if size % number == 0)
    performer = {"layer": "PerformerAttention", "num_heads": heads}
    gfnet = {"layer": "GlobalFilterMixing", "sequence_length": length}
    kinds: dict[str, tuple[dict[str, Any], ...]] = {
        "fnet": ({"layer": "FourierMixing"},),
        "gfnet": (gfnet,),
        "afno": ({"layer": "AFNOMixing", "max_sequence_length": length},),
        "wavelet": ({"layer": "WaveletMixing", "levels": _levels(length)},),
        "lst": ({"layer": "LSTAttention", "num_heads": heads},),
        "performer": (performer,),
        "fno": ({"layer": "FourierNeuralOperator", "modes": min(16, (length + 1) // 2)},),
        "hybrid": (gfnet, performer),
    }
    return tuple(mixer_config({"hidden_dim": size, **kind, **(mixer_settings or {})}) for kind in kinds[name])


def _levels(length: int) -> int:
    """Levels of db4, whose filters have 8 taps, after which the coarsest band is as short as they are."""
    return max(1, (length // 7).bit_length() - 1)
