r"""Wavelet transforms of samples that differ in length, in one batch.

.. math:: J_b = \min(J, J_{\max}(L_b)), \qquad c_b = T_{L_b, J_b}\, (x_0, \dots, x_{L_b - 1})

Each sample is extended symmetrically at its own end and has its own number of levels, as if it were alone.
Lengths enter through indices and choices only, never through shapes: it compiles, exports and vectorises.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.transforms.length import larger
from lamina.transforms.prefix import within
from lamina.transforms.wavelet_extension import extension
from lamina.transforms.wavelet_filters import FilterBank
from lamina.transforms.wavelet_levels import level_sizes
from lamina.transforms.wavelet_steps import correlated, synthesise

_MODE = "symmetric"


def prefix_band_sizes(n: int, levels: int, taps: int) -> list[int]:
    """Room for each band of any sample: the approximation's, then the details' from the last to the first."""
    sizes = level_sizes(n, levels, taps, _MODE)
    # a sample that stops at a level before the last is at most so long
    longest = [(taps - 1) * 2 ** (level + 1) - 1 for level in range(levels)]
    stopped = [level_sizes(size, level, taps, _MODE)[-1] for level, size in enumerate(longest)]
    return [larger(sizes[-1], max(stopped, default=0)), *reversed(sizes[1:])]


def prefix_analyse(x: Tensor, lengths: Tensor, bank: FilterBank, levels: int) -> tuple[Tensor, Tensor]:
    """Transform each sample over its own length.

    Parameters
    ----------
    x
        (batch, n, channels). What lies beyond a sample's length is taken as absent, whatever it is.
    lengths
        (batch,) whole numbers from 0 to n.
    bank
        The filters.
    levels
        At most how many levels; at most as many as n allows.

    Returns
    -------
    packed, valid
        (batch, M, channels), the bands behind each other as in `prefix_band_sizes`, and (batch, M), which of
        the coefficients exist for a sample. The others are finite.
    """
    taps = bank.taps
    sizes = level_sizes(x.shape[1], levels, taps, _MODE)
    room, *_ = prefix_band_sizes(x.shape[1], levels, taps)
    own = _own_levels(lengths, levels, taps)
    low = torch.where(
        within(lengths, x.shape[1])[..., None], x, torch.zeros((), dtype=x.dtype, device=x.device)
    )
    held = lengths
    approximation = _fitted(low, room)
    details: list[Tensor] = []
    exist: list[Tensor] = []
    for level, size in enumerate(sizes[1:]):
        goes_on = own > level
        position = torch.arange(2 - taps, 2 * size, device=x.device)
        index, _ = extension(_MODE, position, held.clamp(min=1)[:, None])
        # a sample that has stopped may be longer than what is left here
        low, high = correlated(_rows(low, index.clamp(max=low.shape[1] - 1)), bank.analysis, size)
        held = torch.where(goes_on, (held + taps - 1) // 2, held)
        approximation = torch.where(goes_on[:, None, None], _fitted(low, room), approximation)
        details.append(high)
        exist.append(within(torch.where(goes_on, held, 0), size))
    valid = torch.cat((within(held, room), *reversed(exist)), dim=1)
    return torch.cat((approximation, *reversed(details)), dim=1), valid


def prefix_synthesise(packed: Tensor, lengths: Tensor, bank: FilterBank, n: int, levels: int) -> Tensor:
    """Undo `prefix_analyse`; beyond a sample's length stand finite numbers without meaning.

    Parameters
    ----------
    packed
        (batch, M, channels), finite.
    lengths, bank, levels
        As there.
    n
        Length of the longest sample.

    Returns
    -------
    Tensor
        (batch, n, channels).
    """
    sizes = level_sizes(n, levels, bank.taps, _MODE)
    own = _own_levels(lengths, levels, bank.taps)
    approximation, *details = packed.split(prefix_band_sizes(n, levels, bank.taps), dim=1)
    room = approximation.shape[1]
    low = _fitted(approximation, sizes[-1])
    for high, level in zip(details, reversed(range(levels)), strict=True):
        made = synthesise(low, high, bank.synthesis, sizes[level])
        # what stands behind the approximation of a sample that has not begun yet is never read
        head, rest = made[:, :room], made[:, room:]
        begun = torch.where((own > level)[:, None, None], head, _fitted(approximation, head.shape[1]))
        low = torch.cat((begun, rest), dim=1)
    return low


def _own_levels(lengths: Tensor, levels: int, taps: int) -> Tensor:
    """How many levels each sample allows, and at most so many."""
    least = torch.tensor([(taps - 1) * 2 ** (level + 1) for level in range(levels)], device=lengths.device)
    return (lengths[:, None] >= least).sum(dim=1)


def _fitted(x: Tensor, size: int) -> Tensor:
    """Cut the middle axis, or pad it with zeros, to ``size``."""
    return torch.nn.functional.pad(x[:, :size], (0, 0, 0, larger(size - x.shape[1], 0)))


def _rows(x: Tensor, index: Tensor) -> Tensor:
    """Values (batch, size, channels) of each sample at its own positions (batch, size)."""
    first = torch.arange(x.shape[0], device=x.device)[:, None] * x.shape[1]
    return x.flatten(0, 1).index_select(0, (index + first).flatten()).reshape(*index.shape, x.shape[2])
