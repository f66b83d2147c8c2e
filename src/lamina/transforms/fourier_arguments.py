"""What the Fourier transforms accept, and the lengths and weights of half a spectrum."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lamina._checks import check_choice
from lamina.errors import ShapeError
from lamina.transforms.length import check_length
from lamina.transforms.precision import check_tensor, widened

NORMS = ("ortho", "backward", "forward")

# the norm under which the inverse has the forward transform's factor
REVERSED = {"ortho": "ortho", "backward": "forward", "forward": "backward"}


def signal_length(y: Tensor, dim: int, n: int | None) -> int:
    """Length of the signal whose half spectrum this is: as told, or the even one of the two that fit."""
    frequencies = admitted(y, dim, "ortho", name="y").shape[dim]
    least = max(2 * frequencies - 2, 1)
    if n is None:
        return least
    return check_length("n", n, minimum=least, maximum=2 * frequencies - 1)


def counted_once(y: Tensor, n: int, dim: int) -> Tensor:
    """Halve the frequencies that `irfft` counts twice: all but 0 and the Nyquist frequency."""
    number = torch.arange(y.shape[dim], device=y.device)
    alone = (number == 0) | (2 * number == n)
    weights = 0.5 * (1 + alone.to(widened(y).real.dtype))
    return widened(y) * weights.reshape(-1, *(1,) * (y.ndim - 1 - dim % y.ndim))


def admitted(
    x: Tensor, dim: int | Sequence[int], norm: str, *, real: bool = False, name: str = "x"
) -> Tensor:
    """Check a transform's arguments and return the tensor in its working precision."""
    check_tensor(name, x, complex_too=not real)
    check_choice("norm", norm, NORMS)
    for axis in (dim,) if isinstance(dim, int) else dim:
        if not -x.ndim <= axis < x.ndim or x.shape[axis] < 1:
            raise ShapeError(
                name,
                allowed=f"a tensor with at least one value along axis {axis}",
                got=f"shape {tuple(x.shape)}",
                remedy="Choose dim among its axes.",
            )
    return widened(x)
