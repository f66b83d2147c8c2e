"""Contract cases of the layer whose filters are fitted, not learned: each is fitted to white noise first."""

import torch
from layer_case import LayerCase

from lamina.layers.mixing.resu import ReSUMixing


def fitted(layer):
    """Fit the layer to white noise, always the same."""
    layer.fit(torch.randn(32, 64, layer.hidden_dim, generator=torch.Generator().manual_seed(0)))


def case(name, variance, **arguments):
    settings = {"hidden_dim": 32, "memory": 4, "horizon": 2, "groups": 4, **arguments}
    return LayerCase(name, ReSUMixing, settings, variance=variance, prepare=fitted)


CASES = [
    case("ReSUMixing", 0.34),
    case("ReSUMixing linear", 1.0, rectify="none"),
    case("ReSUMixing uncentred", 1.0, rectify="none", center=False, groups=8, memory=3),
    case("ReSUMixing on", 0.16, rectify="on", rank=3, gap=2, ridge=0.01),
    case("ReSUMixing single channels", 0.33, rectify="off", groups=32, memory=8, horizon=8),
]
