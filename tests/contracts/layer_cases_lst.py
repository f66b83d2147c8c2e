"""Entries of the attention layers that multiply spectra."""

from layer_case import LayerCase

from lamina.layers.attention.dct import DCTAttention
from lamina.layers.attention.hadamard import HadamardAttention
from lamina.layers.attention.lst import LSTAttention
from lamina.layers.attention.mixed import MixedSpectralAttention

# four projections of 32 × 32, their biases, the scale
ALL = 4 * 32 * 32 + 4 * 32 + 32


def lst(name, *, parameters=ALL, variance, **arguments):
    return LayerCase(
        f"LSTAttention {name}",
        LSTAttention,
        {"hidden_dim": 32, **arguments},
        parameters=parameters,
        variance=variance,
    )


CASES = [
    lst("dct", variance=0.125),
    lst("dst", transform_type="dst", variance=0.125),
    lst("hadamard", transform_type="hadamard", num_heads=4, variance=0.125),
    lst("mixed", num_heads=8, transform_type="mixed", variance=0.125),
    lst("without normalize", normalize=False, variance=0.03),
    lst(
        "without bias and scale",
        use_bias=False,
        learnable_scale=False,
        parameters=4 * 32 * 32,
        variance=0.11,
    ),
    *(
        LayerCase(
            f"DCTAttention type {kind}",
            DCTAttention,
            {"hidden_dim": 32, "dct_type": kind},
            parameters=ALL,
            variance=0.125,
        )
        for kind in (2, 1, 3, 4)
    ),
    LayerCase("HadamardAttention", HadamardAttention, {"hidden_dim": 32}, parameters=ALL, variance=0.125),
    LayerCase(
        "HadamardAttention unscaled",
        HadamardAttention,
        {"hidden_dim": 32, "scale_by_sqrt": False},
        parameters=ALL,
        variance=468,
    ),
    LayerCase(
        "MixedSpectralAttention",
        MixedSpectralAttention,
        {"hidden_dim": 32, "num_heads": 8},
        parameters=ALL,
        variance=0.125,
    ),
    LayerCase(
        "MixedSpectralAttention fft",
        MixedSpectralAttention,
        {"hidden_dim": 32, "num_heads": 4, "use_dct": False, "use_hadamard": False},
        parameters=ALL,
        variance=0.125,
    ),
]
