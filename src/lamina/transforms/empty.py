"""Fourier transforms that also take a batch without samples, which MKL refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor


def transformed(function: Callable[..., Tensor], x: Tensor, **options: Any) -> Tensor:
    """Apply a function of `torch.fft`; a batch without samples gives one without samples."""
    if x.numel():
        return function(x, **options)
    # one sample of zeros tells shape and dtype; the sum over nothing keeps the result in the graph
    y = function(x.sum() + x.new_zeros([size or 1 for size in x.shape]), **options)
    for axis, size in enumerate(x.shape):
        if not size:
            y = y.narrow(axis, 0, 0)
    return y
