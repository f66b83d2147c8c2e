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

from lamina.layers.attention.base import AttentionConfig, AttentionLayer
from lamina.layers.attention.dct import DCTAttention, DCTAttentionConfig
from lamina.layers.attention.hadamard import HadamardAttention, HadamardAttentionConfig
from lamina.layers.attention.kernel import KernelAttention, KernelAttentionConfig
from lamina.layers.attention.lst import LSTAttention, LSTAttentionConfig
from lamina.layers.attention.mixed import MixedSpectralAttention, MixedSpectralAttentionConfig
from lamina.layers.attention.performer import PerformerAttention, PerformerAttentionConfig
from lamina.layers.attention.random_features import (
    PositiveFeatures,
    RandomFeatureMap,
    ReLUFeatures,
    TrigonometricFeatures,
)
from lamina.layers.attention.spectral import SpectralAttention, SpectralAttentionConfig
from lamina.layers.block import SpectralBlock, SpectralBlockConfig
from lamina.layers.configuration import LayerConfig
from lamina.layers.encoder import EncoderState, SpectralEncoder
from lamina.layers.encoder_configuration import SpectralEncoderConfig
from lamina.layers.layer import SpectralLayer
from lamina.layers.mixing.adaptive_global_filter import AdaptiveGlobalFilter, AdaptiveGlobalFilterConfig
from lamina.layers.mixing.afno import AFNOMixing, AFNOMixingConfig
from lamina.layers.mixing.base import MixingConfig, MixingLayer, UnitaryMixingConfig, UnitaryMixingLayer
from lamina.layers.mixing.causal_filtering import FilterState
from lamina.layers.mixing.filtering import FilterMixingConfig, FilterMixingLayer
from lamina.layers.mixing.fourier import FourierMixing, FourierMixingConfig
from lamina.layers.mixing.fourier1d import FourierMixing1D, FourierMixing1DConfig
from lamina.layers.mixing.global_filter import GlobalFilterMixing, GlobalFilterMixingConfig
from lamina.layers.mixing.global_filter2d import GlobalFilterMixing2D, GlobalFilterMixing2DConfig
from lamina.layers.mixing.real_fourier import RealFourierMixing, RealFourierMixingConfig
from lamina.layers.mixing.resu import ReSUMixing, ReSUMixingConfig, ReSUState
from lamina.layers.mixing.resu_encoder import fit_encoder
from lamina.layers.mixing.separable_fourier import SeparableFourierMixing, SeparableFourierMixingConfig
from lamina.layers.mixing.wavelet import WaveletMixing, WaveletMixingConfig
from lamina.layers.mixing.wavelet2d import WaveletMixing2D, WaveletMixing2DConfig
from lamina.layers.operators.fno_block import FNOBlock, FNOBlockConfig
from lamina.layers.operators.fourier_neural_operator import FourierNeuralOperator, FourierNeuralOperatorConfig
from lamina.layers.operators.spectral_conv import SpectralConv1d, SpectralConv1dConfig
from lamina.layers.operators.spectral_conv2d import SpectralConv2d, SpectralConv2dConfig
from lamina.layers.registry import LAYERS, build_layer, config_from_mapping, load_config, save_config
from lamina.layers.self_attention import SelfAttentionAdapter, replace_self_attention

__all__ = [
    "LAYERS",
    "AFNOMixing",
    "AFNOMixingConfig",
    "AdaptiveGlobalFilter",
    "AdaptiveGlobalFilterConfig",
    "AttentionConfig",
    "AttentionLayer",
    "DCTAttention",
    "DCTAttentionConfig",
    "EncoderState",
    "FNOBlock",
    "FNOBlockConfig",
    "FilterMixingConfig",
    "FilterMixingLayer",
    "FilterState",
    "FourierMixing",
    "FourierMixing1D",
    "FourierMixing1DConfig",
    "FourierMixingConfig",
    "FourierNeuralOperator",
    "FourierNeuralOperatorConfig",
    "GlobalFilterMixing",
    "GlobalFilterMixing2D",
    "GlobalFilterMixing2DConfig",
    "GlobalFilterMixingConfig",
    "HadamardAttention",
    "HadamardAttentionConfig",
    "KernelAttention",
    "KernelAttentionConfig",
    "LSTAttention",
    "LSTAttentionConfig",
    "LayerConfig",
    "MixedSpectralAttention",
    "MixedSpectralAttentionConfig",
    "MixingConfig",
    "MixingLayer",
    "PerformerAttention",
    "PerformerAttentionConfig",
    "PositiveFeatures",
    "RandomFeatureMap",
    "ReLUFeatures",
    "ReSUMixing",
    "ReSUMixingConfig",
    "ReSUState",
    "RealFourierMixing",
    "RealFourierMixingConfig",
    "SelfAttentionAdapter",
    "SeparableFourierMixing",
    "SeparableFourierMixingConfig",
    "SpectralAttention",
    "SpectralAttentionConfig",
    "SpectralBlock",
    "SpectralBlockConfig",
    "SpectralConv1d",
    "SpectralConv1dConfig",
    "SpectralConv2d",
    "SpectralConv2dConfig",
    "SpectralEncoder",
    "SpectralEncoderConfig",
    "SpectralLayer",
    "TrigonometricFeatures",
    "UnitaryMixingConfig",
    "UnitaryMixingLayer",
    "WaveletMixing",
    "WaveletMixing2D",
    "WaveletMixing2DConfig",
    "WaveletMixingConfig",
    "build_layer",
    "config_from_mapping",
    "fit_encoder",
    "load_config",
    "replace_self_attention",
    "save_config",
]
