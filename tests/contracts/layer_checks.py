"""What the layers' contract tests measure with."""

from __future__ import annotations

import pytest
import torch

SMALL = {torch.float32: 1e-5, torch.float64: 1e-10, torch.bfloat16: 5e-2, torch.float16: 1e-2}


def skip_exceptions(case, request):
    """Leave out what the table in the docs excepts, with its reason."""
    check = request.node.originalname.removeprefix("test_")
    if check in case.exceptions:
        pytest.skip(f"{case.name}: {case.exceptions[check]}")


def distance(found, expected):
    """Largest difference, relative to the root mean square of what is expected (at least 1)."""
    assert found.shape == expected.shape
    found, expected = wide(found), wide(expected)
    if not found.numel():
        return 0.0
    assert torch.isfinite(found).all()
    scale = max(expected.abs().square().mean().sqrt().item(), 1.0)
    return (found - expected).abs().max().item() / scale


def wide(x):
    x = x.detach()
    return x.to(torch.complex128) if x.is_complex() else x.double()


def padded(case, lengths, *, garbage=float("nan"), total=None, seed=1):
    """Samples of these lengths in one batch whose padding is garbage, and the mask that says where."""
    total = max(lengths) if total is None else total
    x = case.input(batch=len(lengths), length=total, seed=seed)
    mask = torch.arange(total)[None] >= torch.tensor(lengths)[:, None]
    axis = case.sequence_axis
    shape = [1] * x.ndim
    shape[0], shape[axis] = mask.shape
    x = torch.where(mask.reshape(shape), torch.tensor(garbage), x)
    return x, mask


def randomised(layer, *, scale=0.5, seed=5):
    """The layer with generic parameters, so that nothing holds by a lucky start."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return layer
