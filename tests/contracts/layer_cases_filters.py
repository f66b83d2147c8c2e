"""Entries of the global filters in the layers' contract suite."""

from layer_case import LayerCase

from lamina.layers.mixing.adaptive_global_filter import AdaptiveGlobalFilter
from lamina.layers.mixing.global_filter import GlobalFilterMixing
from lamina.layers.mixing.global_filter2d import GlobalFilterMixing2D

SIZES = {"hidden_dim": 32, "sequence_length": 64}
PARAMETERS = 2 * 64 * 32
# the mean of |H|² over frequencies: H = 1 / (2 (1 + f)), f = min(k, S - k)
FALLING = sum(0.25 / (1 + min(k, 64 - k)) ** 2 for k in range(64)) / 64

CASES = [
    LayerCase("GlobalFilterMixing", GlobalFilterMixing, SIZES, parameters=PARAMETERS, variance=0.25),
    LayerCase(
        "GlobalFilterMixing identity",
        GlobalFilterMixing,
        {**SIZES, "activation": "identity", "filter_init_std": 0.5},
        parameters=PARAMETERS,
        variance=0.25,
    ),
    LayerCase(
        "GlobalFilterMixing tanh",
        GlobalFilterMixing,
        {**SIZES, "activation": "tanh"},
        parameters=PARAMETERS,
        variance=0.02**2,
    ),
    LayerCase(
        "GlobalFilterMixing fixed",
        GlobalFilterMixing,
        {**SIZES, "learnable_filters": False, "fft_norm": "forward"},
        parameters=0,
        variance=0.25,
    ),
    # built for an odd length, so that all others are interpolated
    LayerCase(
        "GlobalFilterMixing odd",
        GlobalFilterMixing,
        {"hidden_dim": 32, "sequence_length": 15},
        parameters=2 * 15 * 32,
        variance=0.25,
    ),
    LayerCase(
        "GlobalFilterMixing causal",
        GlobalFilterMixing,
        {**SIZES, "causal": True},
        parameters=PARAMETERS,
        variance=0.25,
    ),
    LayerCase(
        "GlobalFilterMixing causal short",
        GlobalFilterMixing,
        {"hidden_dim": 32, "sequence_length": 7, "causal": True},
        parameters=2 * 7 * 32,
        variance=0.25,
    ),
    LayerCase("GlobalFilterMixing2D", GlobalFilterMixing2D, SIZES, parameters=PARAMETERS, variance=0.25),
    LayerCase(
        "GlobalFilterMixing2D odd",
        GlobalFilterMixing2D,
        {"hidden_dim": 31, "sequence_length": 15, "activation": "identity", "filter_init_std": 0.5},
        shape=(2, 64, 31),
        parameters=2 * 15 * 31,
        # read between two of 15 frequencies, which do not depend on each other: 2/3 of their variance
        variance=0.25 * 2 / 3,
    ),
    LayerCase("AdaptiveGlobalFilter", AdaptiveGlobalFilter, SIZES, parameters=PARAMETERS, variance=FALLING),
    LayerCase(
        "AdaptiveGlobalFilter plain",
        AdaptiveGlobalFilter,
        {**SIZES, "adaptive_initialization": False, "spectral_dropout_p": 0.2, "filter_regularization": 0.1},
        parameters=PARAMETERS,
        variance=0.25,
    ),
    LayerCase(
        "AdaptiveGlobalFilter tanh",
        AdaptiveGlobalFilter,
        {**SIZES, "activation": "tanh"},
        parameters=PARAMETERS,
        variance=FALLING,
    ),
]
