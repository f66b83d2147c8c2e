"""Wavelet layers for the contract suite."""

from layer_case import LayerCase

from lamina.layers.mixing.wavelet import WaveletMixing

CASES = [
    LayerCase("WaveletMixing", WaveletMixing, {"hidden_dim": 32}, parameters=4 * 32, variance=4.0),
    LayerCase(
        "WaveletMixing channel",
        WaveletMixing,
        {"hidden_dim": 32, "wavelet": "bior2.2", "mixing_mode": "channel"},
        parameters=4 * 32 * 32,
        variance=4.0,
    ),
    LayerCase(
        "WaveletMixing level",
        WaveletMixing,
        {"hidden_dim": 32, "mixing_mode": "level"},
        parameters=4 * 32 * 32 + 8 * 32,
        variance=1.02,
    ),
]
