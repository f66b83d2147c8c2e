r"""All levels of a wavelet transform at once, the coefficients packed behind each other.

.. math:: c = (a^{(J)}, d^{(J)}, d^{(J-1)}, \dots, d^{(1)}) = T x, \qquad x = R\, c

For short signals, T and R are multiplied out first where that is less work than the data are: two products
and two passes over the memory in place of some for each level. Source: Mallat 1989.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.transforms.wavelet_filters import FilterBank, coefficients
from lamina.transforms.wavelet_steps import (
    analyse,
    analysis_matrix,
    dense,
    product,
    synthesis_matrix,
    synthesise,
)


def level_sizes(n: int, levels: int, taps: int, mode: str) -> list[int]:
    """Length of the signal and of the approximation of each level."""
    sizes = [n]
    for _ in range(levels):
        sizes.append(coefficients(sizes[-1], taps, mode))
    return sizes


def band_sizes(n: int, levels: int, taps: int, mode: str) -> list[int]:
    """Numbers of coefficients: the approximation's, then the details' from the last level to the first."""
    sizes = level_sizes(n, levels, taps, mode)
    return [sizes[-1], *reversed(sizes[1:])]


def analyse_levels(x: Tensor, bank: FilterBank, mode: str, levels: int) -> Tensor:
    """Packed coefficients (before, M, after) of (before, n, after)."""
    if _at_once(x, x.shape[1]):
        return product(_whole_analysis(bank, mode, x.shape[1], levels, x), x) if levels else x
    low, details = x, []
    for _ in range(levels):
        low, high = analyse(low, bank.analysis, mode)
        details.append(high)
    return torch.cat((low, *reversed(details)), dim=1)


def synthesise_levels(packed: Tensor, bank: FilterBank, n: int, levels: int) -> Tensor:
    """Signal (before, n, after) from its packed coefficients, for every mode but periodization."""
    sizes = level_sizes(n, levels, bank.taps, "symmetric")
    if _at_once(packed, n):
        return product(_whole_synthesis(bank, sizes, packed), packed) if levels else packed
    low, *details = packed.split(band_sizes(n, levels, bank.taps, "symmetric"), dim=1)
    for high, size in zip(details, reversed(sizes[:-1]), strict=True):
        low = synthesise(low, high, bank.synthesis, size)
    return low


def _at_once(x: Tensor, n: int) -> bool:
    return dense(n) and x.shape[0] * x.shape[2] >= n


def _whole_analysis(bank: FilterBank, mode: str, n: int, levels: int, x: Tensor) -> Tensor:
    low: Tensor | None = None
    details: list[Tensor] = []
    for size in level_sizes(n, levels - 1, bank.taps, mode):
        step = analysis_matrix(bank.analysis, mode, size, x)
        both = step if low is None else product(step, low)
        low, high = both.chunk(2)
        details.append(high)
    return torch.cat(([] if low is None else [low]) + details[::-1])


def _whole_synthesis(bank: FilterBank, sizes: list[int], x: Tensor) -> Tensor:
    whole: Tensor | None = None
    for count, held in zip(sizes[-2::-1], sizes[:0:-1], strict=True):
        step = synthesis_matrix(bank.synthesis, count, x)
        whole = step if whole is None else torch.cat((product(step[:, :held], whole), step[:, held:]), dim=1)
    assert whole is not None
    return whole
