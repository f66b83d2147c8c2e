r"""Cosine and sine transforms of samples that differ in length, in one batch.

.. math:: \cos\frac{2\pi (4jk + aj + bk + c)}{8M} = \operatorname{Re}\, e^{-2\pi i\,(bk + c)/8M}\,
          e^{-2\pi i\,aj/8M}\, e^{-2\pi i\,jk/2M}

Every type is of this form (the sine minus the imaginary part), with M the length of the sample, one less for
DCT-I, one more for DST-I; the last factor is a Fourier transform of period 2M, for which `prefix` has the
chirp identity (Bluestein 1970). No shape and no control flow depends on the lengths.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina._checks import check_integer
from lamina.errors import ShapeError
from lamina.transforms.precision import check_tensor, widened
from lamina.transforms.prefix import chirp_dft, turns, within

# type → a, b, c
_COSINE = {1: (0, 0, 0), 2: (0, 2, 0), 3: (2, 0, 0), 4: (2, 2, 1)}
_SINE = {1: (4, 4, 4), 2: (4, 2, 2), 3: (2, 4, 2), 4: (2, 2, 1)}
_TRANSPOSED = {1: 1, 2: 3, 3: 2, 4: 4}


def prefix_dct(x: Tensor, lengths: Tensor, type: int = 2) -> Tensor:
    """Orthonormal `lamina.transforms.dct` of each sample over its own length.

    Parameters
    ----------
    x
        (batch, n, channels), real. What lies beyond a sample's length is taken as zero, even if it is NaN.
    lengths
        (batch,) whole numbers from 0 to n.
    type
        1, 2, 3 or 4. A sample of length 1, which has no DCT-I, is its own transform there: the only
        orthonormal matrix of one number, but for its sign.

    Returns
    -------
    Tensor
        (batch, n, channels): as many coefficients as the sample is long, then zeros; half precision is
        computed in float32, and returned so.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([1.0, 1.0, 9.0])[None, :, None]
    >>> prefix_dct(x, torch.tensor([2])).flatten().round(decimals=4) + 0.0  # 9 is padding
    tensor([1.4142, 0.0000, 0.0000])
    """
    return _prefix(x, lengths, type, sine=False)


def prefix_idct(y: Tensor, lengths: Tensor, type: int = 2) -> Tensor:
    """Undo `prefix_dct`; the same arguments. It is the adjoint as well.

    Parameters
    ----------
    y
        (batch, n, channels), real.
    lengths, type
        As in `prefix_dct`.

    Returns
    -------
    Tensor
        (batch, n, channels).

    Examples
    --------
    >>> import torch
    >>> x, lengths = torch.arange(4.0)[None, :, None], torch.tensor([3])
    >>> prefix_idct(prefix_dct(x, lengths), lengths).flatten().round(decimals=4) + 0.0
    tensor([0., 1., 2., 0.])
    """
    return _prefix(y, lengths, type, sine=False, back=True, name="y")


def prefix_dst(x: Tensor, lengths: Tensor, type: int = 2) -> Tensor:
    """Orthonormal `lamina.transforms.dst` of each sample over its own length.

    Parameters
    ----------
    x, lengths, type
        As in `prefix_dct`.

    Returns
    -------
    Tensor
        As `prefix_dct`.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([1.0, -1.0, 9.0])[None, :, None]
    >>> prefix_dst(x, torch.tensor([2])).flatten().round(decimals=4) + 0.0  # 9 is padding
    tensor([0.0000, 1.4142, 0.0000])
    """
    return _prefix(x, lengths, type, sine=True)


def prefix_idst(y: Tensor, lengths: Tensor, type: int = 2) -> Tensor:
    """Undo `prefix_dst`; the same arguments. It is the adjoint as well.

    Parameters
    ----------
    y
        (batch, n, channels), real.
    lengths, type
        As in `prefix_dct`.

    Returns
    -------
    Tensor
        (batch, n, channels).

    Examples
    --------
    >>> import torch
    >>> x, lengths = torch.arange(4.0)[None, :, None], torch.tensor([3])
    >>> prefix_idst(prefix_dst(x, lengths), lengths).flatten().round(decimals=4) + 0.0
    tensor([0., 1., 2., 0.])
    """
    return _prefix(y, lengths, type, sine=True, back=True, name="y")


def _prefix(
    x: Tensor, lengths: Tensor, kind: int, *, sine: bool, back: bool = False, name: str = "x"
) -> Tensor:
    check_tensor(name, x)
    kind = check_integer("type", kind, minimum=1, maximum=4)
    if x.ndim != 3 or lengths.shape != x.shape[:1]:
        raise ShapeError(
            name,
            allowed="of shape (batch, n, channels) with lengths (batch,)",
            got=f"shape {tuple(x.shape)} with lengths {tuple(lengths.shape)}",
            remedy="Give one length for each sample.",
        )
    if back:
        kind = _TRANSPOSED[kind]
    wide = widened(x)
    number = torch.arange(x.shape[1], device=x.device)
    inside = within(lengths, x.shape[1])
    first, last = (number == 0)[None], number == lengths[:, None] - 1
    special = last if sine else first | last if kind == 1 else first
    before, after = (kind == 3 or (kind == 1 and not sine)), (kind == 2 or (kind == 1 and not sine))
    offset = (1 if sine else -1) if kind == 1 else 0
    size = (lengths + offset).clamp(min=1)[:, None]
    rising, falling, constant = (_SINE if sine else _COSINE)[kind]
    # where, not a product: what lies beyond may be NaN
    kept = torch.where(inside[..., None], wide, torch.zeros((), dtype=wide.dtype, device=x.device))
    if before:
        kept = kept * _ends(special, wide)
    if rising:
        kept = kept * turns(-rising * number, 8 * size, wide.dtype)[..., None]
    summed = chirp_dft(kept.transpose(1, 2), 2 * size[:, 0]).transpose(1, 2)
    turned = summed * turns(-falling * number - constant, 8 * size, wide.dtype)[..., None]
    y = -turned.imag if sine else turned.real
    factor = (2 / size.to(wide.dtype)).sqrt()
    if kind == 1 and not sine:
        # both ends are one value, which is its own transform
        factor = torch.where(lengths[:, None] == 1, torch.full_like(factor, 2.0), factor)
    if after:
        y = y * _ends(special, wide)
    y = y * factor[..., None]
    return torch.where(inside[..., None], y, torch.zeros((), dtype=y.dtype, device=y.device))


def _ends(special: Tensor, like: Tensor) -> Tensor:
    """Return 1/√2 where a cosine or sine is as large for all samples, and 1 elsewhere: (batch, n, 1)."""
    one = torch.ones((), dtype=like.dtype, device=like.device)
    return torch.where(special, one * 0.5**0.5, one)[..., None]
