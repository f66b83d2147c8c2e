r"""How a finite signal goes on beyond its ends.

.. math:: x_{-1 - i} = x_i \quad\text{(symmetric)}, \qquad x_{-i} = x_i \quad\text{(reflect)}, \qquad \dots

Each mode says which value stands at a position, and with which factor. "smooth" and "antireflect" of
PyWavelets, which combine several values, are not of this form.
Source: PyWavelets, Signal extension modes.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Mode = Literal["symmetric", "periodization", "zero", "periodic", "reflect", "constant", "antisymmetric"]
"""Names of the modes, as in PyWavelets."""

MODES: tuple[str, ...] = (
    "symmetric",
    "periodization",
    "zero",
    "periodic",
    "reflect",
    "constant",
    "antisymmetric",
)


def extension(mode: str, position: Tensor, n: int | Tensor) -> tuple[Tensor, Tensor | None]:
    """Say where the value at a position, which may lie outside the signal, is taken from.

    Parameters
    ----------
    mode
        One of `MODES`.
    position
        Whole numbers of any shape.
    n
        Length of the signal, at least 1: a number, or whole numbers that broadcast with ``position``.

    Returns
    -------
    index, factor
        Whole numbers from 0 to n - 1, and the factor of the value there (booleans or ±1); None for 1.
    """
    if mode in ("symmetric", "antisymmetric"):
        place = torch.remainder(position, 2 * n)
        mirrored = place >= n
        index = torch.where(mirrored, 2 * n - 1 - place, place)
        return index, None if mode == "symmetric" else 1 - 2 * mirrored.to(torch.int64)
    if mode == "reflect":
        # one value has nothing to be reflected at: it is repeated
        period = (2 * n - 2).clamp(min=1) if isinstance(n, Tensor) else max(2 * n - 2, 1)
        place = torch.remainder(position, period)
        return torch.minimum(place, period - place), None
    if mode == "periodic":
        return torch.remainder(position, n), None
    if mode == "periodization":
        # an odd signal has its last value twice
        return _at_most(torch.remainder(position, n + n % 2), n), None
    index = _at_most(position.clamp(min=0), n)
    return index, None if mode == "constant" else index == position


def _at_most(position: Tensor, n: int | Tensor) -> Tensor:
    return torch.minimum(position, n - 1) if isinstance(n, Tensor) else position.clamp(max=n - 1)
