"""The random-feature and kernel attention layers, for the contract suite."""

from layer_case import LayerCase

from lamina.layers.attention.kernel import KernelAttention
from lamina.layers.attention.performer import PerformerAttention
from lamina.layers.attention.spectral import SpectralAttention

# four projections of 32 to 32 with a bias
PROJECTIONS = 4 * (32 * 32 + 32)
# with so many features that weights are hardly ever negative and the variance is a steady number
MANY = {"hidden_dim": 32, "num_heads": 4, "num_features": 256}

CASES = [
    LayerCase("SpectralAttention", SpectralAttention, MANY, parameters=PROJECTIONS, variance=0.016),
    LayerCase(
        "SpectralAttention gaussian",
        SpectralAttention,
        {**MANY, "kernel_type": "gaussian"},
        parameters=PROJECTIONS,
        variance=0.016,
    ),
    LayerCase(
        "SpectralAttention causal",
        SpectralAttention,
        {**MANY, "causal": True},
        parameters=PROJECTIONS,
        variance=0.0244,
    ),
    LayerCase(
        "SpectralAttention head_dim",
        SpectralAttention,
        # independent frequencies estimate worse: with 256 of them, single layers reach ten times the variance
        {**MANY, "num_features": 1024, "head_dim": 6, "use_bias": False, "use_orthogonal": False},
        parameters=4 * 32 * 24,
        variance=0.00235,
    ),
    LayerCase(
        "PerformerAttention", PerformerAttention, {"hidden_dim": 32}, parameters=PROJECTIONS, variance=0.016
    ),
    LayerCase(
        "PerformerAttention generalized",
        PerformerAttention,
        {"hidden_dim": 32, "generalized": True},
        parameters=PROJECTIONS,
        variance=0.0186,
    ),
    LayerCase(
        "PerformerAttention causal",
        PerformerAttention,
        {"hidden_dim": 32, "num_heads": 4, "num_features": 48, "causal": True},
        parameters=PROJECTIONS,
        variance=0.0232,
    ),
    LayerCase(
        "KernelAttention gaussian",
        KernelAttention,
        {"hidden_dim": 32, "num_features": 256},
        parameters=PROJECTIONS,
        variance=0.0158,
    ),
    LayerCase(
        "KernelAttention polynomial",
        KernelAttention,
        {"hidden_dim": 32, "kernel_type": "polynomial"},
        parameters=PROJECTIONS,
        variance=0.017,
    ),
    LayerCase(
        "KernelAttention spectral",
        KernelAttention,
        {"hidden_dim": 32, "kernel_type": "spectral", "rank": 8},
        parameters=PROJECTIONS + 8 * (32 + 8),
        variance=0.0163,
    ),
]
