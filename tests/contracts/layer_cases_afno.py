"""Entries of AFNOMixing in the layers' contract suite."""

from layer_case import LayerCase

from lamina.layers.mixing.afno import AFNOMixing

SMALL = {"hidden_dim": 32, "max_sequence_length": 64}

CASES = [
    LayerCase(
        "AFNOMixing",
        AFNOMixing,
        SMALL,
        parameters=2 * 32 * 16 + (32 * 64 + 64) + (64 * 32 + 32),
        variance=1.02,
    ),
    LayerCase(
        "AFNOMixing all modes",
        AFNOMixing,
        {**SMALL, "modes_seq": 64, "modes_hidden": 17, "mlp_ratio": 1.0, "activation": "silu"},
        parameters=2 * 64 * 17 + 2 * (34 * 34 + 34),
        variance=1.05,
    ),
    LayerCase(
        "AFNOMixing few modes",
        AFNOMixing,
        {**SMALL, "modes_seq": 7, "modes_hidden": 3, "sparsity_threshold": 0.0},
        parameters=2 * 7 * 3 + (6 * 12 + 12) + (12 * 6 + 6),
        variance=1.0,
    ),
]
