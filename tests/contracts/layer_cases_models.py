"""Blocks and encoders in the layers' contract suite."""

from layer_case import LayerCase

from lamina.layers.block import SpectralBlock
from lamina.layers.encoder import SpectralEncoder

FOURIER = {"layer": "FourierMixing", "hidden_dim": 32}
CAUSAL = {"layer": "GlobalFilterMixing", "hidden_dim": 32, "sequence_length": 64, "causal": True}
# two normalisations, and a network that is four times as wide inside
BLOCK = 4 * 32 + 2 * 32 * 128 + 128 + 32

CASES = [
    LayerCase("SpectralBlock", SpectralBlock, {"mixer": FOURIER}, parameters=BLOCK, variance=1.55),
    LayerCase(
        "SpectralBlock normalised after",
        SpectralBlock,
        {"mixer": FOURIER, "norm_first": False, "activation": "relu"},
        parameters=BLOCK,
        variance=1.0,
    ),
    LayerCase(
        "SpectralBlock without network",
        SpectralBlock,
        {"mixer": FOURIER, "mlp_ratio": 0},
        parameters=2 * 32,
        variance=1.5,
    ),
    # the wavelet layer adds its input itself
    LayerCase(
        "SpectralBlock of wavelets",
        SpectralBlock,
        {"mixer": {"layer": "WaveletMixing", "hidden_dim": 32, "wavelet": "db2", "levels": 1}},
        parameters=BLOCK + 2 * 32,
        variance=4.0,
    ),
    LayerCase(
        "SpectralBlock causal",
        SpectralBlock,
        {"mixer": CAUSAL},
        parameters=BLOCK + 2 * 64 * 32,
        variance=2.29,
    ),
    LayerCase(
        "SpectralEncoder",
        SpectralEncoder,
        {"mixers": FOURIER, "depth": 2},
        parameters=2 * BLOCK + 2 * 32,
        variance=1.0,
    ),
    LayerCase(
        "SpectralEncoder causal",
        SpectralEncoder,
        {
            "mixers": {
                "layer": "GlobalFilterMixing",
                "hidden_dim": 32,
                "sequence_length": 64,
                "causal": True,
            },
            "depth": 2,
            "positions": "sinusoidal",
        },
        parameters=2 * (BLOCK + 2 * 64 * 32) + 2 * 32,
        variance=1.0,
    ),
    LayerCase(
        "SpectralEncoder with positions and head",
        SpectralEncoder,
        {
            "mixers": [FOURIER, FOURIER],
            "positions": "learned",
            "max_length": 80,
            "norm_first": False,
            "num_classes": 32,
        },
        parameters=2 * BLOCK + 80 * 32 + 33 * 32,
        variance=0.34,
    ),
]
