r"""Cosine and sine spectra of type II in the order in which a real Fourier transform yields them.

.. math:: \sqrt{2/n}\, e^{-i\pi k/2n} \sum_j r_j\, e^{-2\pi i\,jk/n} = c_k - i\, c_{n-k}, \qquad
          r = (x_0, x_2, \dots, x_3, x_1)

for the frequencies k from 1 to n/2; :math:`c_0` alone has the factor :math:`\sqrt{1/n}` (Makhoul 1980, Sec.
III). What multiplies spectra elementwise needs no order among the frequencies and, taking three of them at a
time, no sign, so neither is restored here; which saves most passes over the memory. The sine spectrum is the
cosine spectrum of samples with alternating signs (read from the end).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lamina.layers.attention.lst_rfft import turned_fourier
from lamina.transforms.fourier import irfft
from lamina.transforms.precision import complex_dtype


def arranged(x: Tensor) -> Tensor:
    """Put the positions of (batch, n, channels) in the order 0, 2, 4, …, 5, 3, 1."""
    number = torch.arange(x.shape[1], device=x.device)
    count = x.shape[1]
    return x.index_select(1, torch.where(2 * number < count, 2 * number, 2 * (count - number) - 1))


def restored(y: Tensor) -> Tensor:
    """Undo `arranged`."""
    number = torch.arange(y.shape[1], device=y.device)
    half = number // 2
    return y.index_select(1, torch.where(number % 2 == 0, half, y.shape[1] - 1 - half))


def folded(x: Tensor, *, sine: bool) -> Tensor:
    """Transform arranged samples: (batch, n, channels) to (batch, n/2 + 1, channels, 2).

    At frequency 0 the second of the two is zero; at n/2 it repeats the first.
    """
    if sine:
        x = x * _signs(x)
    return torch.view_as_real(turned_fourier(x, _quarter(x, x.shape[1], -1)))


def unfolded(y: Tensor, n: int, *, sine: bool) -> Tensor:
    """Undo `folded`: (batch, n/2 + 1, channels, 2) to (batch, n, channels), arranged."""
    turned = torch.complex(*y.unbind(-1)) * _quarter(y, n, 1)
    x = irfft(turned, n, dim=1)
    return x * _signs(x) if sine else x


def multiplicity(n: int, like: Tensor) -> Tensor:
    """How many frequencies each value of `folded` stands for: (n/2 + 1, 1, 2) of zeros and ones."""
    number = torch.arange(n // 2 + 1, device=like.device)
    once = torch.stack([torch.ones_like(number), (number > 0) & (2 * number < n)], dim=-1)
    return once.to(like.dtype)[:, None]


def _quarter(x: Tensor, n: int, sign: int) -> Tensor:
    number = torch.arange(n // 2 + 1, device=x.device, dtype=torch.float64)
    size = torch.where(number == 0, torch.ones_like(number), 2.0 ** (-sign / 2))
    return torch.polar(size, sign * math.pi / (2 * n) * number).to(complex_dtype(x.dtype))[:, None]


def _signs(x: Tensor) -> Tensor:
    place = torch.arange(x.shape[1], device=x.device)
    return torch.where(2 * place < x.shape[1], 1.0, -1.0).to(x.dtype)[:, None]
