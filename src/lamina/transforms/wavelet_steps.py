r"""One level of a wavelet transform along the middle axis, and its adjoint, as products with banded matrices.

.. math:: a_k = \sum_{g=0}^{F-1} l_g\, x_{2k + g + o}, \qquad d_k = \sum_{g=0}^{F-1} h_g\, x_{2k + g + o}

with :math:`o = 2 - F`, or :math:`1 - F/2` for periodization, where x goes on beyond its ends by the mode. Up
to ``DENSE`` values, one product with the whole matrix, which holds the extension too, is fastest on a CPU;
longer signals are cut into overlapping blocks that meet the same small matrix. Source: Mallat 1989.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.transforms.length import is_symbol, larger
from lamina.transforms.precision import full_precision
from lamina.transforms.wavelet_extension import extension
from lamina.transforms.wavelet_filters import coefficients

# longest signal that is multiplied with one matrix, and how many values a block of a longer one makes
DENSE = 640
_BLOCK = 128

Filters = tuple[tuple[float, ...], tuple[float, ...]]


def analyse(x: Tensor, filters: Filters, mode: str) -> tuple[Tensor, Tensor]:
    """Approximation and detail, (before, k, after) each, of (before, n, after)."""
    n, taps = x.shape[1], len(filters[0])
    count = coefficients(n, taps, mode)
    start = _start(taps, mode)
    if dense(n):
        low, high = product(analysis_matrix(filters, mode, n, x), x).split(count, dim=1)
        return low, high
    return correlated(extend(x, mode, start, _needed(count, taps)), filters, count)


def analyse_adjoint(low: Tensor, high: Tensor, filters: Filters, mode: str, n: int) -> Tensor:
    """Adjoint of `analyse` for signals of length n: the correlation's, then the extension's."""
    taps, count = len(filters[0]), low.shape[1]
    size = 2 * count + taps - 2
    # the full adjoint of the correlation is its valid part for coefficients with zeros around them
    border = (0, 0, taps // 2 - 1, taps // 2 - 1)
    low, high = (torch.nn.functional.pad(part, border) for part in (low, high))
    spread = synthesise(low, high, filters, size)
    index, factor = _extended(mode, _start(taps, mode), size, n, low)
    if factor is not None:
        spread = spread * factor.to(spread.dtype)[:, None]
    folded = torch.zeros((), dtype=low.dtype, device=low.device).expand(low.shape[0], n, low.shape[2])
    return folded.index_add(1, index, spread)


def synthesise(low: Tensor, high: Tensor, filters: Filters, count: int) -> Tensor:
    r"""Signal (before, count, after): :math:`x_i = \sum_k l_{F-2+i-2k}\, a_k + h_{F-2+i-2k}\, d_k`."""
    taps, held = len(filters[0]), low.shape[1]
    if dense(2 * held):
        return product(synthesis_matrix(filters, count, low), torch.cat((low, high), dim=1))
    half = _BLOCK // 2
    blocks = _blocks(count)
    width = half + taps // 2 - 1
    missing = larger(blocks * half + taps // 2 - 1 - held, 0)
    both = torch.nn.functional.pad(torch.stack((low, high), dim=1), (0, 0, 0, missing))
    # (before, 2, blocks, after, width) to (before, blocks, 2 width, after)
    windows = both.unfold(2, width, half)[:, :, :blocks].permute(0, 2, 1, 4, 3).flatten(2, 3)
    made = product(synthesis_matrix(filters, _BLOCK, low), windows)
    return made.flatten(1, 2)[:, :count]


def dense(n: int) -> bool:
    """Whether n values are multiplied with one matrix; a symbol, which stands for any length, is not."""
    return not is_symbol(n) and n <= DENSE


def extend(x: Tensor, mode: str, start: int, size: int) -> Tensor:
    """Values at the positions from ``start`` on along the middle axis."""
    index, factor = _extended(mode, start, size, x.shape[1], x)
    longer = x.index_select(1, index)
    return longer if factor is None else longer * factor.to(x.dtype)[:, None]


def correlated(x: Tensor, filters: Filters, count: int) -> tuple[Tensor, Tensor]:
    """Make the first ``count`` coefficients of what is extended already."""
    taps = len(filters[0])
    size = 2 * count + taps - 2
    if dense(size):
        place = torch.arange(size, device=x.device)
        packed = product(_matrix(filters, count, place, None, size, x), x[:, :size])
        low, high = packed.split(count, dim=1)
        return low, high
    width = _BLOCK + taps - 2
    missing = larger(_needed(count, taps) - x.shape[1], 0)
    windows = torch.nn.functional.pad(x, (0, 0, 0, missing)).unfold(1, width, _BLOCK).transpose(2, 3)
    windows = windows[:, : _blocks(2 * count)]
    place = torch.arange(width, device=x.device)
    made = product(_matrix(filters, _BLOCK // 2, place, None, width, x), windows)
    low, high = made.split(_BLOCK // 2, dim=2)
    return low.flatten(1, 2)[:, :count], high.flatten(1, 2)[:, :count]


def product(matrix: Tensor, x: Tensor) -> Tensor:
    """Multiply along the last axis but one."""
    with full_precision(x):
        if x.shape[-1] == 1:
            return (x[..., 0] @ matrix.mT)[..., None]
        return matrix @ x


def analysis_matrix(filters: Filters, mode: str, n: int, x: Tensor) -> Tensor:
    """Make the matrix (2 k, n) of `analyse`, in the dtype and on the device of ``x``."""
    taps = len(filters[0])
    count = coefficients(n, taps, mode)
    index, factor = _extended(mode, _start(taps, mode), 2 * count + taps - 2, n, x)
    return _matrix(filters, count, index, factor, n, x)


def synthesis_matrix(filters: Filters, count: int, x: Tensor) -> Tensor:
    """Make the matrix (count, 2 k) of `synthesise`: a transpose, the signal being zero beyond its ends."""
    return analysis_matrix(filters, "zero", count, x).mT


def _needed(count: int, taps: int) -> int:
    """How many extended values the blocks for ``count`` coefficients read."""
    return _blocks(2 * count) * _BLOCK + taps - 2


def _blocks(values: int) -> int:
    # one more for a symbol: a single block would be taken for the only possible number
    return -(-values // _BLOCK) + is_symbol(values)


def _start(taps: int, mode: str) -> int:
    return 1 - taps // 2 if mode == "periodization" else 2 - taps


def _extended(mode: str, start: int, size: int, n: int, x: Tensor) -> tuple[Tensor, Tensor | None]:
    return extension(mode, torch.arange(start, start + size, device=x.device), n)


def _matrix(filters: Filters, count: int, index: Tensor, factor: Tensor | None, n: int, x: Tensor) -> Tensor:
    """Matrix (2 count, n): low-pass rows first, with the taps where the extended signal comes from."""
    taps = len(filters[0])
    values = torch.tensor(filters, dtype=x.dtype, device=x.device)[:, None].expand(2, count, taps)
    if factor is not None:
        values = values * factor.unfold(0, taps, 2)
    place = index.unfold(0, taps, 2).expand(2, count, taps)
    empty = torch.zeros(2 * count, n, dtype=x.dtype, device=x.device)
    return empty.scatter_add(1, place.reshape(2 * count, taps), values.reshape(2 * count, taps))
