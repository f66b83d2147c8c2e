r"""The orthonormal cosine and sine kernels, types I to IV, through real Fourier transforms in O(n log n).

.. math:: C^{\mathrm{II}}_{kj} = \sqrt{2/n}\; \epsilon_k \cos\frac{\pi k (2j + 1)}{2n},\quad
          \epsilon_0 = 1/\sqrt 2,\ \epsilon_k = 1

(type II.) Types II and III reorder the samples and transform them as they are, at length n (Makhoul 1980,
Sec. III). Type IV transforms n/2 complex numbers when n is even, and n real ones in steps of four samples
when it is odd (after Chan and Ho 1990). Type I extends the signal to its period of 2(n - 1) or 2(n + 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lamina._checks import check_choice, check_integer
from lamina.errors import ShapeError
from lamina.transforms.empty import transformed as fourier
from lamina.transforms.fourier_arguments import NORMS
from lamina.transforms.precision import check_tensor, widened

_TRANSPOSED = {1: 1, 2: 3, 3: 2, 4: 4}


def cosine(x: Tensor, kind: int, dim: int) -> Tensor:
    """Multiply by the orthonormal cosine matrix of a type along an axis; x is real and wide."""
    kernels: dict[int, Callable[[Tensor, int], Tensor]] = {1: _cosine_i, 2: _second, 3: _third, 4: _fourth}
    return kernels[kind](x, dim)


def sine(x: Tensor, kind: int, dim: int) -> Tensor:
    """Multiply by the orthonormal sine matrix of a type along an axis; x is real and wide."""
    if kind == 1:
        return _sine_i(x, dim)
    if kind == 2:
        return _second(x, dim, sine=True)
    if kind == 3:
        return _third(x, dim, sine=True)
    # sin at a half step is cos at the half step counted from the other end, with alternating signs
    signs = 1 - 2 * (torch.arange(x.shape[dim], device=x.device) % 2)
    return _fourth(x.flip(dim), dim) * _along(signs.to(x.dtype), x, dim)


def applied(
    x: Tensor,
    kernel: Callable[[Tensor, int, int], Tensor],
    kind: int,
    dim: int,
    norm: str,
    *,
    way: str = "forward",
    name: str = "x",
) -> Tensor:
    r"""Check the arguments and apply a transform, its inverse or its adjoint.

    With the orthonormal matrix O of the type and :math:`N` = n, n - 1 (DCT-I) or n + 1 (DST-I), scipy's
    "backward" transform is :math:`\sqrt{2N}\, E_o O E_i`, and "forward" has :math:`1/\sqrt{2N}` in place of
    the root. E_o and E_i are diagonal and differ from 1 at the ends only, where O has its factors ε.
    """
    check_tensor(name, x)
    check_choice("norm", norm, NORMS)
    kind = check_integer("type", kind, minimum=1, maximum=4)
    dim = check_integer("dim", dim)
    of_cosine = kernel is cosine
    least = 2 if of_cosine and kind == 1 else 1
    if not -x.ndim <= dim < x.ndim or x.shape[dim] < least:
        raise ShapeError(
            name,
            allowed=f"a tensor with at least {least} value(s) along axis {dim}",
            got=f"shape {tuple(x.shape)}",
            remedy="DCT-I has no period below 2; take type 2."
            if least == 2
            else "Choose dim among its axes.",
        )
    dim %= x.ndim
    back = way != "forward"
    matrix = _TRANSPOSED[kind] if back else kind
    wide = widened(x)
    if norm == "ortho":
        return kernel(wide, matrix, dim)
    count = x.shape[dim]
    offset = (-1 if of_cosine else 1) if kind == 1 else 0
    root = math.sqrt(2 * (count + offset))
    factor = root if norm == "backward" else 1 / root
    first, last = _powers(kind, of_cosine)
    if way == "inverse":
        factor, first, last = 1 / factor, -first, -last
    ends = 1 if not of_cosine else 2 if kind == 1 else 0
    before, after = (last, first) if back else (first, last)
    wide = _weighted(wide, dim, before, ends)
    return factor * _weighted(kernel(wide, matrix, dim), dim, after, ends)


def _powers(kind: int, of_cosine: bool) -> tuple[float, float]:
    """Powers of 2 by which scipy's scaling and the orthonormal one differ at the ends of input and output."""
    if kind == 1:
        return (-0.5, 0.5) if of_cosine else (0.0, 0.0)
    return {2: (0.0, 0.5), 3: (-0.5, 0.0), 4: (0.0, 0.0)}[kind]


def _weighted(x: Tensor, dim: int, power: float, ends: int) -> Tensor:
    """Multiply the first value (ends 0), the last one (1) or both (2) by a power of two."""
    if power == 0:
        return x
    place = torch.arange(x.shape[dim], device=x.device)
    first, last = place == 0, place == x.shape[dim] - 1
    chosen = first if ends == 0 else last if ends == 1 else first | last
    weights = torch.where(chosen, 2.0**power, torch.ones((), dtype=x.dtype, device=x.device))
    return x * _along(weights, x, dim)


def _second(x: Tensor, dim: int, *, sine: bool = False) -> Tensor:
    """Type II. The sine's is the cosine's of samples with alternating signs, read from the end."""
    count = x.shape[dim]
    odd = _part(x, dim, 1, None, 2).flip(dim)
    reordered = torch.cat([_part(x, dim, 0, None, 2), -odd if sine else odd], dim)
    turned = fourier(torch.fft.rfft, reordered, dim=dim, norm="ortho") * _along(
        _quarter(x, count, -1), x, dim
    )
    rising, falling = turned.real, -_part(turned.imag, dim, 1, (count + 1) // 2)
    if sine:
        return torch.cat([falling, rising.flip(dim)], dim)
    return torch.cat([rising, falling.flip(dim)], dim)


def _third(x: Tensor, dim: int, *, sine: bool = False) -> Tensor:
    """Type III, the transpose of type II and its inverse."""
    count = x.shape[dim]
    half = count // 2
    # values 0 ... n/2 beside values n ... n/2, the one at n being zero
    rising, falling = _part(x, dim, 0, half + 1), _part(x, dim, count - half, count)
    if sine:
        rising, falling = _part(x, dim, count - half - 1, count).flip(dim), _part(x, dim, 0, half)
    else:
        falling = falling.flip(dim)
    nothing = torch.zeros_like(_part(x, dim, 0, 1))
    pairs = torch.complex(rising.contiguous(), torch.cat([nothing, -falling], dim))
    turned = pairs * _along(_quarter(x, count, 1), x, dim)
    reordered = fourier(torch.fft.irfft, turned, n=count, dim=dim, norm="ortho")
    middle = (count + 1) // 2
    even, odd = _part(reordered, dim, 0, middle), _part(reordered, dim, middle, count).flip(dim)
    return _interleaved(even, -odd if sine else odd, dim)


def _quarter(x: Tensor, count: int, sign: int) -> Tensor:
    r"""Return :math:`e^{\pm i\pi k/2n}` times √2 (type II) or 1/√2 (III), 1 at k = 0; k up to n/2."""
    number = torch.arange(count // 2 + 1, device=x.device, dtype=torch.float64)
    size = torch.where(number == 0, torch.ones_like(number), 2.0 ** (-sign / 2))
    return _rounded(torch.polar(size, sign * math.pi / (2 * count) * number), x)


def _fourth(x: Tensor, dim: int) -> Tensor:
    return _fourth_odd(x, dim) if x.shape[dim] % 2 else _fourth_even(x, dim)


def _fourth_even(x: Tensor, dim: int) -> Tensor:
    count = x.shape[dim]
    number = torch.arange(count // 2, device=x.device, dtype=torch.float64)
    angle = -math.pi / count * (number + 0.125)
    turn = _along(_rounded(torch.polar(torch.ones_like(angle), angle), x), x, dim)
    back = _part(x, dim, 1, None, 2).flip(dim)
    pairs = torch.complex(_part(x, dim, 0, None, 2).contiguous(), back)
    spectrum = fourier(torch.fft.fft, pairs * turn, dim=dim, norm="ortho") * turn
    return _interleaved(spectrum.real, -spectrum.imag.flip(dim), dim)


def _fourth_odd(x: Tensor, dim: int) -> Tensor:
    r"""Type IV of odd length.

    Continued with its symmetries the signal has period 4n, and steps of four samples from (n - 1)/2 visit one
    of each set of equal terms. :math:`y_k = \sqrt{2/n}\, \mathrm{Re}\, e^{i\pi(2k+1)/4}\, \bar B_{2k+1}`, B
    the Fourier transform of the n samples visited.
    """
    count = x.shape[dim]
    number = torch.arange(count, device=x.device)
    place = (count // 2 + 4 * number) % (4 * count)
    # the second and third quarter of the period have the other sign, the second and fourth run back
    quarter, inside = place // count, place % count
    source = torch.where(quarter % 2 == 1, count - 1 - inside, inside)
    sign = 1 - 2 * ((quarter == 1) | (quarter == 2)).to(x.dtype)
    visited = x.index_select(dim, source) * _along(sign, x, dim)
    spectrum = fourier(torch.fft.rfft, visited, dim=dim, norm="ortho")
    wanted = (2 * number + 1) % count
    mirrored = wanted > count // 2
    chosen = torch.where(mirrored, count - wanted, wanted)
    # cos and sin of π(2k + 1)/4, times √2: both ±1
    cosines = 1 - 2 * ((number + 1) // 2 % 2).to(x.dtype)
    sines = (1 - 2 * (number // 2 % 2).to(x.dtype)) * (1 - 2 * mirrored.to(x.dtype))
    real = spectrum.real.index_select(dim, chosen) * _along(cosines, x, dim)
    return real + spectrum.imag.index_select(dim, chosen) * _along(sines, x, dim)


def _cosine_i(x: Tensor, dim: int) -> Tensor:
    count = x.shape[dim]
    x = _weighted(x, dim, 0.5, 2)
    period = torch.cat([x, _part(x, dim, 1, count - 1).flip(dim)], dim)
    return _weighted(fourier(torch.fft.rfft, period, dim=dim, norm="ortho").real, dim, -0.5, 2)


def _sine_i(x: Tensor, dim: int) -> Tensor:
    count = x.shape[dim]
    nothing = torch.zeros_like(_part(x, dim, 0, 1))
    period = torch.cat([nothing, x, nothing, -x.flip(dim)], dim)
    return -_part(fourier(torch.fft.rfft, period, dim=dim, norm="ortho").imag, dim, 1, count + 1)


def _part(x: Tensor, dim: int, start: int, stop: int | None, step: int = 1) -> Tensor:
    return x[(slice(None),) * dim + (slice(start, stop, step),)]


def _interleaved(even: Tensor, odd: Tensor, dim: int) -> Tensor:
    """Take values from ``even`` and ``odd`` in turns; ``even`` may have one more."""
    shorter = odd.shape[dim]
    pairs = torch.stack([_part(even, dim, 0, shorter), odd], dim + 1).flatten(dim, dim + 1)
    if even.shape[dim] == shorter:
        return pairs
    return torch.cat([pairs, _part(even, dim, shorter, None)], dim)


def _along(values: Tensor, x: Tensor, dim: int) -> Tensor:
    """Shape a row of values so that it multiplies along an axis of ``x``."""
    return values.reshape(-1, *(1,) * (x.ndim - 1 - dim))


def _rounded(values: Tensor, x: Tensor) -> Tensor:
    return values.to(torch.complex128 if x.dtype == torch.float64 else torch.complex64)
