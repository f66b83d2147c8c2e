"""A sequence layer that is exported once serves any batch, and any length that its structure allows."""

import pytest
import torch
from layer_cases import FIRST
from layer_checks import SMALL, distance, padded

from lamina.layers import LAYERS

SEQUENCES = [case for case in FIRST if case.sequence_axis is not None]
# Lengths that a graph traced at 61 takes, where it cannot be all: there the number of operations changes.
TRACED = 61
WITHIN = {
    "AFNOMixing": (34, 64),  # more than the 32 modes that are kept; built for at most 64
    "FourierNeuralOperator": (31, 500),  # 16 modes
    "FNOBlock": (31, 500),
    "SpectralConv1d": (31, 500),
    "HadamardAttention": (33, 63),  # between two powers of two
    "MixedSpectralAttention": (33, 63),
    "WaveletMixing": (60, 90),  # as many levels; without padding all from 56 on
}
QUICK = ("GlobalFilterMixing", "FourierMixing")
some = pytest.mark.parametrize(
    "case",
    [
        case if case.kind.__name__ in QUICK else pytest.param(case, marks=pytest.mark.slow)
        for case in SEQUENCES
    ],
    ids=str,
)


def exported(case, layer, x, **given):
    free = torch.export.Dim.DYNAMIC
    shapes = {"x": {0: free, case.sequence_axis: free}, **{name: {0: free, 1: free} for name in given}}
    return torch.export.export(layer, (x,), given, dynamic_shapes=shapes, strict=False).module()


def sizes(case):
    # a symbol stands for 2 and more, and products of halves for 3 and more
    least, most = WITHIN.get(case.kind.__name__, (3, 500))
    return [(5, least), (1, 60), (3, most)]


def test_the_limits_belong_to_layers():
    assert WITHIN.keys() <= LAYERS.keys()


@some
def test_exports_for_any_batch_and_length(case):
    layer = case.build()
    module = exported(case, layer, case.input(batch=3, length=TRACED))
    for batch, length in sizes(case):
        x = case.input(batch=batch, length=length)
        assert distance(module(x), layer(x)) < SMALL[torch.float32], (batch, length)


@some
def test_exports_for_any_batch_and_length_with_padding(case):
    if not case.maskable:
        pytest.skip(f"{case.name} takes no mask")
    layer = case.build()
    x, mask = padded(case, (TRACED, TRACED - 4, TRACED - 1))
    module = exported(case, layer, x, key_padding_mask=mask)
    for batch, length in sizes(case):
        # samples shorter than what the modes need have no answer
        shortest = min(case.sizes()) if case.lengths else 1
        x, mask = padded(case, [length, *(max(length // part, shortest) for part in range(2, batch + 1))])
        found = module(x, key_padding_mask=mask)
        assert distance(found, layer(x, key_padding_mask=mask)) < SMALL[torch.float32], (batch, length)
