"""Entries of the Fourier neural operators in the layers' contract suite."""

from layer_case import LayerCase

from lamina.layers.operators.fno_block import FNOBlock
from lamina.layers.operators.fourier_neural_operator import FourierNeuralOperator
from lamina.layers.operators.spectral_conv import SpectralConv1d
from lamina.layers.operators.spectral_conv2d import SpectralConv2d

# 16 modes need 31 points
ENOUGH = (31, 37, 50)
LINEAR = 32 * 32 + 32
CONVOLUTION = 2 * 16 * 32 * 32
FEED_FORWARD = (32 * 64 + 64) + (64 * 32 + 32)

CASES = [
    LayerCase(
        "SpectralConv1d",
        SpectralConv1d,
        {"in_channels": 32, "out_channels": 32, "modes": 16},
        shape=(2, 32, 64),
        parameters=CONVOLUTION,
        variance=31 / 64,
        lengths=ENOUGH,
        sequence_axis=2,
        channel_axis=1,
    ),
    LayerCase(
        "SpectralConv1d mean",
        SpectralConv1d,
        {"in_channels": 32, "out_channels": 32, "modes": 1},
        shape=(2, 32, 64),
        parameters=2 * 32 * 32,
        variance=1 / 64,
        sequence_axis=2,
        channel_axis=1,
    ),
    LayerCase(
        "SpectralConv1d by FFT",
        SpectralConv1d,
        {"in_channels": 8, "out_channels": 8, "modes": 36},
        shape=(2, 8, 90),
        parameters=2 * 36 * 8 * 8,
        variance=71 / 90,
        lengths=(71, 72, 83),
        sequence_axis=2,
        channel_axis=1,
    ),
    LayerCase(
        "SpectralConv2d",
        SpectralConv2d,
        {"in_channels": 4, "out_channels": 4, "modes": (5, 6)},
        shape=(2, 4, 16, 32),
        parameters=2 * 5 * 6 * 4 * 4,
        variance=5 * 11 / (16 * 32),
        maskable=False,
        sequence_axis=None,
        channel_axis=1,
    ),
    LayerCase(
        "SpectralConv2d by FFT",
        SpectralConv2d,
        {"in_channels": 3, "out_channels": 3, "modes": (34, 33)},
        shape=(2, 3, 36, 66),
        parameters=2 * 34 * 33 * 3 * 3,
        variance=(34 * 65 - 0.5) / (36 * 66),
        maskable=False,
        sequence_axis=None,
        channel_axis=1,
    ),
    LayerCase(
        "FourierNeuralOperator",
        FourierNeuralOperator,
        {"hidden_dim": 32},
        parameters=CONVOLUTION + LINEAR,
        variance=0.28,
        lengths=ENOUGH,
    ),
    LayerCase(
        "FourierNeuralOperator convolution alone",
        FourierNeuralOperator,
        {"hidden_dim": 32, "modes": 4, "activation": "identity", "use_linear": False},
        parameters=2 * 4 * 32 * 32,
        variance=7 / 64,
        lengths=(7, 13, 31, 50),
    ),
    LayerCase(
        "FourierNeuralOperator linear alone",
        FourierNeuralOperator,
        {"hidden_dim": 32, "modes": 4, "activation": "tanh", "use_spectral_conv": False},
        parameters=LINEAR,
        variance=0.215,
    ),
    LayerCase(
        "FourierNeuralOperator images",
        FourierNeuralOperator,
        {"hidden_dim": 16, "modes": (5, 4), "activation": "relu"},
        shape=(2, 12, 15, 16),
        parameters=2 * 5 * 4 * 16 * 16 + 16 * 16 + 16,
        variance=0.187,
        maskable=False,
        sequence_axis=None,
        channel_axis=3,
    ),
    LayerCase(
        "FourierNeuralOperator images linear alone",
        FourierNeuralOperator,
        {"hidden_dim": 16, "modes": (5, 4), "use_spectral_conv": False},
        shape=(2, 7, 5, 16),
        parameters=16 * 16 + 16,
        variance=0.112,
        maskable=False,
        sequence_axis=None,
        channel_axis=3,
    ),
    LayerCase(
        "FNOBlock",
        FNOBlock,
        {"hidden_dim": 32},
        parameters=CONVOLUTION + LINEAR + FEED_FORWARD + 4 * 32,
        variance=1.32,
        lengths=ENOUGH,
    ),
    LayerCase(
        "FNOBlock batch norm",
        FNOBlock,
        {"hidden_dim": 32, "modes": (4,), "norm_type": "batchnorm", "activation": "relu"},
        parameters=2 * 4 * 32 * 32 + LINEAR + FEED_FORWARD + 4 * 32,
        variance=1.23,
        lengths=(7, 13, 31, 50),
    ),
    LayerCase(
        "FNOBlock without feed-forward",
        FNOBlock,
        {"hidden_dim": 32, "modes": 4, "mlp_ratio": 0.0},
        parameters=2 * 4 * 32 * 32 + LINEAR + 2 * 32,
        variance=1.14,
        lengths=(7, 13, 31, 50),
    ),
    LayerCase(
        "FNOBlock images",
        FNOBlock,
        {"hidden_dim": 16, "modes": (4, 3), "dropout": 0.1},
        shape=(2, 9, 10, 16),
        parameters=2 * 4 * 3 * 16 * 16 + (16 * 16 + 16) + (2 * 16 * 32 + 32 + 16) + 4 * 16,
        variance=1.23,
        maskable=False,
        sequence_axis=None,
        channel_axis=3,
    ),
    LayerCase(
        "FNOBlock images batch norm",
        FNOBlock,
        {"hidden_dim": 16, "modes": (4, 3), "norm_type": "batchnorm", "mlp_ratio": 0.0},
        shape=(2, 9, 10, 16),
        parameters=2 * 4 * 3 * 16 * 16 + (16 * 16 + 16) + 2 * 16,
        variance=1.19,
        maskable=False,
        sequence_axis=None,
        channel_axis=3,
    ),
]
