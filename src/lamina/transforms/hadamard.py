r"""Walsh–Hadamard transform in natural order, fast and for any length.

.. math:: y_k = P^{-1/2} \sum_{j=0}^{P-1} (-1)^{\langle k, j \rangle} x_j

where :math:`\langle k, j \rangle` counts the binary digits that are 1 in both, and P is the next power of
two. Sylvester's matrix is a Kronecker product, :math:`H_{ab} = H_a \otimes H_b`; products with blocks of at
most 32 take O(n log n) steps and far fewer passes over the memory than one for each factor 2.
Source: Fino and Algazi 1976.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lamina._checks import check_choice, check_integer
from lamina.errors import ShapeError
from lamina.transforms.fourier import NORMS
from lamina.transforms.length import check_length, next_power_of_two
from lamina.transforms.precision import check_tensor, full_precision, widened, working_dtype
from lamina.transforms.prefix import within
from lamina.transforms.transform import Transform

# binary digits of the largest block that is multiplied with at once
_DIGITS = 5


def hadamard(x: Tensor, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    r"""Walsh–Hadamard transform along one axis, in the order of ``scipy.linalg.hadamard``.

    .. math:: y = P^{-1/2}\, H_P\, (x_0, \dots, x_{n-1}, 0, \dots, 0)

    Parameters
    ----------
    x
        Real, any shape, n ≥ 1 values along ``dim``.
    dim
        The axis.
    norm
        "ortho" (:math:`P^{-1/2}`), "backward" (1 here, :math:`1/P` in the inverse) or "forward" (reversed).

    Returns
    -------
    Tensor
        As ``x``, with P values along ``dim``: n, or the next power of two above it. Half precision is
        computed in float32, and returned so.

    Raises
    ------
    lamina.errors.ArgumentError
        When ``x`` is no real floating tensor, ``dim`` is no axis of it, or ``norm`` is unknown.

    References
    ----------
    Fino and Algazi 1976, Unified matrix treatment of the fast Walsh–Hadamard transform, IEEE Trans. Comput.

    Examples
    --------
    >>> import torch
    >>> hadamard(torch.tensor([1.0, 2.0, 0.0, 1.0]))
    tensor([ 2., -1.,  1.,  0.])
    >>> hadamard(torch.ones(3)).shape
    torch.Size([4])
    """
    axis = _admitted("x", x, dim, norm)
    size = next_power_of_two(x.shape[axis])
    return _multiplied(widened(x), axis, size, _SCALES[norm](size))


def ihadamard(y: Tensor, n: int | None = None, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    """Undo `hadamard`.

    Parameters
    ----------
    y
        Real, with a power of two of values along ``dim``.
    n
        How many values to return; None for all.
    dim, norm
        As in `hadamard`.

    Returns
    -------
    Tensor
        As ``y``, with n values along ``dim``.

    Raises
    ------
    lamina.errors.ArgumentError
        As in `hadamard`; also when the length is no power of two or ``n`` is greater.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(5.0)
    >>> torch.allclose(ihadamard(hadamard(x), 5), x, atol=1e-6)
    True
    """
    return _undone(y, n, dim, norm, _SCALES[_REVERSED[_known(norm)]])


def prefix_hadamard(x: Tensor, lengths: Tensor) -> Tensor:
    r"""Transform each sample over its own length, padded with zeros to its own power of two, orthonormally.

    The first P rows of a larger matrix repeat :math:`H_P`, so one transform of the largest size serves all.

    Parameters
    ----------
    x
        (batch, n, channels), real. What lies beyond a sample's length is taken as zero.
    lengths
        (batch,) whole numbers from 0 to n.

    Returns
    -------
    Tensor
        (batch, P, channels) with the power of two P that n needs: each sample's coefficients, then zeros.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([1.0, 3.0, 9.0])[None, :, None]
    >>> prefix_hadamard(x, torch.tensor([2])).flatten()  # 9 is padding
    tensor([ 2.8284, -1.4142,  0.0000,  0.0000])
    """
    _admitted("x", x, 1, "ortho")
    size = next_power_of_two(x.shape[1])
    # where, not a product: what lies beyond may be NaN
    kept = _kept(widened(x), lengths)
    return _prefix(_multiplied(kept, 1, size, 1.0), lengths, size)


def prefix_ihadamard(y: Tensor, lengths: Tensor, n: int | None = None) -> Tensor:
    """Undo `prefix_hadamard`.

    Parameters
    ----------
    y
        (batch, P, channels), real, P a power of two. What lies beyond a sample's own power of two is taken as
        zero.
    lengths
        (batch,) the samples' lengths.
    n
        How many positions to return; None for all.

    Returns
    -------
    Tensor
        (batch, n, channels), zero beyond each sample's length.

    Examples
    --------
    >>> import torch
    >>> x, lengths = torch.ones(1, 3, 1), torch.tensor([2])
    >>> prefix_ihadamard(prefix_hadamard(x, lengths), lengths, 3).flatten().round(decimals=3)
    tensor([1., 1., 0.])
    """
    _admitted("y", y, 1, "ortho")
    size = y.shape[1]
    _check_power("y", y, 1)
    kept = _kept(widened(y), _own_powers(lengths, size))
    whole = _prefix(_multiplied(kept, 1, size, 1.0), lengths, size)
    return _kept(whole, lengths)[:, : _cut(n, size)]


class Hadamard(Transform):
    """`hadamard` as a module: orthonormal for powers of two, an isometry into a longer space otherwise.

    Parameters
    ----------
    dim, norm
        As in `hadamard`.
    n
        Length of the signals, to which inverse and adjoint cut; None for as many as the coefficients.

    Examples
    --------
    >>> import torch
    >>> transform, x = Hadamard(dim=1, n=5), torch.ones(2, 5, 3)
    >>> torch.allclose(transform.inverse(transform(x)), x)
    True
    """

    def __init__(self, dim: int = -1, norm: str = "ortho", n: int | None = None) -> None:
        super().__init__()
        self.dim, self.norm = dim, check_choice("norm", norm, NORMS)
        self.n = None if n is None else check_integer("n", n, minimum=1)
        self.orthonormal = norm == "ortho"

    def forward(self, x: Tensor) -> Tensor:
        """Apply `hadamard`."""
        return hadamard(x, dim=self.dim, norm=self.norm)

    def inverse(self, y: Tensor) -> Tensor:
        """Apply `ihadamard`."""
        return ihadamard(y, self.n, dim=self.dim, norm=self.norm)

    def adjoint(self, y: Tensor) -> Tensor:
        """Apply the transpose: the matrix is symmetric, and the adjoint of padding is cutting."""
        return _undone(y, self.n, self.dim, self.norm, _SCALES[self.norm])


_SCALES: dict[str, Callable[[int], float]] = {
    "ortho": lambda size: size**-0.5,
    "backward": lambda size: 1.0,
    "forward": lambda size: 1.0 / size,
}
# the norm whose forward transform has the factor of this norm's inverse
_REVERSED = {"ortho": "ortho", "backward": "forward", "forward": "backward"}


def _multiplied(x: Tensor, axis: int, size: int, scale: float) -> Tensor:
    """Pad one axis with zeros to ``size`` and multiply it with Sylvester's matrix and a factor."""
    shape = x.shape
    before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    flat = x.reshape(before, shape[axis], after)
    if size > shape[axis]:
        flat = torch.nn.functional.pad(flat, (0, 0, 0, size - shape[axis]))
    digits = size.bit_length() - 1
    pieces = max(-(-digits // _DIGITS), 1)
    with full_precision(x):
        inner = 1
        for piece in range(pieces):
            block = 1 << ((digits * (piece + 1)) // pieces - (digits * piece) // pieces)
            matrix = _sylvester(block, x) * (scale if piece == 0 else 1.0)
            if inner * after == 1:
                flat = flat.reshape(-1, block) @ matrix
            else:
                flat = matrix @ flat.reshape(before * size // (block * inner), block, inner * after)
            inner *= block
    return flat.reshape(*shape[:axis], size, *shape[axis + 1 :])


def _sylvester(size: int, like: Tensor) -> Tensor:
    """Matrix of ±1 whose sign is the parity of the digits that row and column share."""
    number = torch.arange(size, device=like.device)
    shared = number[:, None] & number
    # fold the digits onto the lowest one; a block has at most five
    for shift in (4, 2, 1):
        shared = shared ^ (shared >> shift)
    return (1 - 2 * (shared & 1)).to(like.dtype)


def _own_powers(lengths: Tensor, size: int) -> Tensor:
    """Next power of two of each sample's length."""
    powers = torch.tensor([1 << digit for digit in range(size.bit_length())], device=lengths.device)
    return torch.ones_like(lengths) << (lengths[:, None] > powers).sum(dim=1)


def _prefix(y: Tensor, lengths: Tensor, size: int) -> Tensor:
    own = _own_powers(lengths, size)
    scale = own.to(working_dtype(y.dtype))[:, None, None] ** -0.5
    return _kept(y * scale, own)


def _kept(x: Tensor, lengths: Tensor) -> Tensor:
    inside = within(lengths, x.shape[1])[..., None]
    return torch.where(inside, x, torch.zeros((), dtype=x.dtype, device=x.device))


def _undone(y: Tensor, n: int | None, dim: int, norm: str, scale: Callable[[int], float]) -> Tensor:
    axis = _admitted("y", y, dim, norm)
    _check_power("y", y, axis)
    size = y.shape[axis]
    whole = _multiplied(widened(y), axis, size, scale(size))
    return whole.narrow(axis, 0, _cut(n, size))


def _cut(n: int | None, size: int) -> int:
    return size if n is None else check_length("n", n, maximum=size)


def _check_power(name: str, y: Tensor, axis: int) -> None:
    if y.shape[axis] != next_power_of_two(y.shape[axis]):
        raise ShapeError(
            name,
            allowed=f"a tensor with a power of two of values along axis {axis}",
            got=f"shape {tuple(y.shape)}",
            remedy="Give the coefficients that the forward transform returned.",
        )


def _known(norm: str) -> str:
    return check_choice("norm", norm, NORMS)


def _admitted(name: str, x: Tensor, dim: int, norm: str) -> int:
    """Check the arguments, and return the axis counted from the front."""
    check_tensor(name, x)
    _known(norm)
    if not -x.ndim <= dim < x.ndim or x.shape[dim] < 1:
        raise ShapeError(
            name,
            allowed=f"a tensor with at least one value along axis {dim}",
            got=f"shape {tuple(x.shape)}",
            remedy="Choose dim among its axes.",
        )
    return dim % x.ndim
