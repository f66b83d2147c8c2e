"""Wavelet layers for the contract suite."""

from layer_case import LayerCase

from lamina.layers.mixing.wavelet import WaveletMixing
from lamina.layers.mixing.wavelet2d import WaveletMixing2D

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
    LayerCase(
        "WaveletMixing2D",
        WaveletMixing2D,
        {"channels": 8, "wavelet": "haar"},
        shape=(2, 8, 16, 12),
        sequence_axis=None,
        channel_axis=1,
        maskable=False,
        parameters=7 * (8 * 8 + 11 * 8),
        variance=1.08,
    ),
    LayerCase(
        "WaveletMixing2D cross",
        WaveletMixing2D,
        {"channels": 8, "wavelet": "haar", "mixing_mode": "cross", "num_heads": 2},
        shape=(2, 8, 16, 12),
        sequence_axis=None,
        channel_axis=1,
        maskable=False,
        parameters=4 * 8 * 8 + 4 * 8 + 7 * 8,
        variance=1.01,
    ),
    LayerCase(
        "WaveletMixing2D attention",
        WaveletMixing2D,
        {"channels": 8, "wavelet": "haar", "mixing_mode": "attention", "num_heads": 2},
        shape=(2, 8, 16, 12),
        sequence_axis=None,
        channel_axis=1,
        maskable=False,
        parameters=8 * 8 * 8 + 11 * 8 + 7 * 8,
        variance=4.08,
    ),
]
