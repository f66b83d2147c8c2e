"""Entries of the Fourier family in the layers' contract suite."""

from layer_case import LayerCase

from lamina.layers.mixing.fourier import FourierMixing
from lamina.layers.mixing.fourier1d import FourierMixing1D
from lamina.layers.mixing.real_fourier import RealFourierMixing
from lamina.layers.mixing.separable_fourier import SeparableFourierMixing

# of n·d frequencies, 4 (over one axis of length m: 2 of m) are their own mirror image: their real part has
# all of the variance, that of the others half of it
BOTH = 0.5 + 0.5 * 4 / (64 * 32)
SEQUENCE = 0.5 + 0.5 * 2 / 64
FEATURES = 0.5 + 0.5 * 2 / 32

CASES = [
    LayerCase("FourierMixing", FourierMixing, {"hidden_dim": 32}, variance=BOTH),
    LayerCase("FourierMixing complex", FourierMixing, {"hidden_dim": 32, "keep_complex": True}, variance=1.0),
    LayerCase(
        "FourierMixing backward",
        FourierMixing,
        {"hidden_dim": 32, "keep_complex": True, "fft_norm": "backward"},
        variance=64.0 * 32.0,
    ),
    LayerCase("FourierMixing1D", FourierMixing1D, {"hidden_dim": 32}, variance=SEQUENCE),
    LayerCase(
        "FourierMixing1D complex", FourierMixing1D, {"hidden_dim": 32, "keep_complex": True}, variance=1.0
    ),
    LayerCase("RealFourierMixing", RealFourierMixing, {"hidden_dim": 32}, variance=BOTH),
    LayerCase(
        "RealFourierMixing odd", RealFourierMixing, {"hidden_dim": 33}, shape=(2, 63, 33), variance=0.5
    ),
    LayerCase(
        "RealFourierMixing by complex",
        RealFourierMixing,
        {"hidden_dim": 32, "use_real_fft": False},
        variance=BOTH,
    ),
    LayerCase("SeparableFourierMixing", SeparableFourierMixing, {"hidden_dim": 32}, variance=BOTH),
    LayerCase(
        "SeparableFourierMixing features",
        SeparableFourierMixing,
        {"hidden_dim": 32, "mix_sequence": False},
        variance=FEATURES,
    ),
    LayerCase(
        "SeparableFourierMixing sequence",
        SeparableFourierMixing,
        {"hidden_dim": 32, "mix_features": False},
        variance=SEQUENCE,
    ),
]
