r"""Discrete Fourier transforms, unitary by default.

.. math:: y_k = \frac{1}{\sqrt n} \sum_{j=0}^{n-1} x_j\, e^{-2\pi i\,jk/n}

They are `torch.fft` with three differences: the factor is :math:`1/\sqrt n` unless asked otherwise; half
precision is computed in float32, the result being complex64; each has a module with inverse and adjoint.
Source: Cooley and Tukey 1965.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lamina._checks import check_choice, check_integer
from lamina.errors import ShapeError
from lamina.transforms.empty import transformed
from lamina.transforms.precision import check_tensor, widened
from lamina.transforms.transform import Transform

NORMS = ("ortho", "backward", "forward")


def fft(x: Tensor, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    r"""Fourier transform along one axis.

    .. math:: y_k = n^{-1/2} \sum_j x_j\, e^{-2\pi i\,jk/n}

    Parameters
    ----------
    x
        Real or complex, any shape and any length of at least 1 along ``dim``.
    dim
        The axis.
    norm
        "ortho" (:math:`n^{-1/2}`), "backward" (1 here, :math:`1/n` in the inverse) or "forward" (reversed).

    Returns
    -------
    Tensor
        Complex, of the shape of ``x``; complex64, or complex128 for double precision.

    Raises
    ------
    lamina.errors.ArgumentError
        When ``x`` is no floating or complex tensor, ``dim`` is no axis of it, or ``norm`` is unknown.

    Examples
    --------
    >>> import torch
    >>> y = fft(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    >>> y.real
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """
    return transformed(torch.fft.fft, _admitted(x, dim, norm), dim=dim, norm=norm)


def ifft(y: Tensor, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    """Undo `fft`; the same arguments.

    Parameters
    ----------
    y
        Real or complex.
    dim, norm
        As in `fft`.

    Returns
    -------
    Tensor
        Complex, of the shape of ``y``.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(5.0)
    >>> torch.allclose(ifft(fft(x)).real, x)
    True
    """
    return transformed(torch.fft.ifft, _admitted(y, dim, norm, name="y"), dim=dim, norm=norm)


def rfft(x: Tensor, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    r"""Fourier transform of a real signal: the frequencies from 0 to the Nyquist frequency.

    Parameters
    ----------
    x
        Real, any shape, n ≥ 1 samples along ``dim``.
    dim, norm
        As in `fft`.

    Returns
    -------
    Tensor
        Complex, :math:`\lfloor n/2 \rfloor + 1` frequencies along ``dim``.

    Examples
    --------
    >>> import torch
    >>> rfft(torch.ones(4)).real
    tensor([2., 0., 0.])
    """
    return transformed(torch.fft.rfft, _admitted(x, dim, norm, real=True), dim=dim, norm=norm)


def irfft(y: Tensor, n: int, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    """Undo `rfft`.

    Parameters
    ----------
    y
        Complex; the imaginary parts at 0 and at the Nyquist frequency, which a real signal does not have, are
        ignored.
    n
        Length of the signal; odd and even lengths have equally many frequencies, so it must be told.
    dim, norm
        As in `fft`.

    Returns
    -------
    Tensor
        Real, ``n`` samples along ``dim``.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(5.0)
    >>> torch.allclose(irfft(rfft(x), 5), x)
    True
    """
    return transformed(
        torch.fft.irfft,
        _admitted(y, dim, norm, name="y"),
        n=check_integer("n", n, minimum=1),
        dim=dim,
        norm=norm,
    )


def fft2(x: Tensor, *, dim: Sequence[int] = (-2, -1), norm: str = "ortho") -> Tensor:
    """Fourier transform along two axes.

    Parameters
    ----------
    x
        Real or complex, at least two axes.
    dim
        The two axes.
    norm
        As in `fft`, for both axes.

    Returns
    -------
    Tensor
        Complex, of the shape of ``x``.

    Examples
    --------
    >>> import torch
    >>> fft2(torch.ones(2, 2)).real
    tensor([[2., 0.],
            [0., 0.]])
    """
    return transformed(torch.fft.fft2, _admitted(x, dim, norm), dim=tuple(dim), norm=norm)


def ifft2(y: Tensor, *, dim: Sequence[int] = (-2, -1), norm: str = "ortho") -> Tensor:
    """Undo `fft2`; the same arguments.

    Parameters
    ----------
    y
        Real or complex, at least two axes.
    dim, norm
        As in `fft2`.

    Returns
    -------
    Tensor
        Complex, of the shape of ``y``.

    Examples
    --------
    >>> import torch
    >>> x = torch.eye(3)
    >>> torch.allclose(ifft2(fft2(x)).real, x, atol=1e-6)
    True
    """
    return transformed(torch.fft.ifft2, _admitted(y, dim, norm, name="y"), dim=tuple(dim), norm=norm)


def rfft2(x: Tensor, *, dim: Sequence[int] = (-2, -1), norm: str = "ortho") -> Tensor:
    """Fourier transform of a real signal along two axes; the last of them has its half spectrum.

    Parameters
    ----------
    x
        Real, at least two axes.
    dim, norm
        As in `fft2`.

    Returns
    -------
    Tensor
        Complex.

    Examples
    --------
    >>> import torch
    >>> rfft2(torch.ones(3, 4)).shape
    torch.Size([3, 3])
    """
    return transformed(torch.fft.rfft2, _admitted(x, dim, norm, real=True), dim=tuple(dim), norm=norm)


def irfft2(y: Tensor, s: Sequence[int], *, dim: Sequence[int] = (-2, -1), norm: str = "ortho") -> Tensor:
    """Undo `rfft2`.

    Parameters
    ----------
    y
        Complex, at least two axes.
    s
        The two lengths of the signal.
    dim, norm
        As in `fft2`.

    Returns
    -------
    Tensor
        Real.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(3, 5)
    >>> torch.allclose(irfft2(rfft2(x), (3, 5)), x)
    True
    """
    return transformed(
        torch.fft.irfft2, _admitted(y, dim, norm, name="y"), s=tuple(s), dim=tuple(dim), norm=norm
    )


class FFT1D(Transform):
    """`fft` as a module.

    Parameters
    ----------
    dim, norm
        As in `fft`.

    Examples
    --------
    >>> import torch
    >>> transform, x = FFT1D(dim=1), torch.ones(2, 5, 3)
    >>> torch.allclose(transform.inverse(transform(x)).real, x)
    True
    """

    def __init__(self, dim: int = -1, norm: str = "ortho") -> None:
        super().__init__()
        self.dim, self.norm = dim, check_choice("norm", norm, NORMS)
        self.orthonormal = norm == "ortho"

    def forward(self, x: Tensor) -> Tensor:
        """Apply `fft`."""
        return fft(x, dim=self.dim, norm=self.norm)

    def inverse(self, y: Tensor) -> Tensor:
        """Apply `ifft`."""
        return ifft(y, dim=self.dim, norm=self.norm)

    def adjoint(self, y: Tensor) -> Tensor:
        """Apply the conjugate transpose: the inverse, times what the factors leave over."""
        return ifft(y, dim=self.dim, norm=_REVERSED[self.norm])


class FFT2D(Transform):
    """`fft2` as a module.

    Parameters
    ----------
    dim, norm
        As in `fft2`.

    Examples
    --------
    >>> import torch
    >>> transform, x = FFT2D(), torch.ones(2, 5, 3)
    >>> torch.allclose(transform.inverse(transform(x)).real, x)
    True
    """

    def __init__(self, dim: Sequence[int] = (-2, -1), norm: str = "ortho") -> None:
        super().__init__()
        self.dim, self.norm = tuple(dim), check_choice("norm", norm, NORMS)
        self.orthonormal = norm == "ortho"

    def forward(self, x: Tensor) -> Tensor:
        """Apply `fft2`."""
        return fft2(x, dim=self.dim, norm=self.norm)

    def inverse(self, y: Tensor) -> Tensor:
        """Apply `ifft2`."""
        return ifft2(y, dim=self.dim, norm=self.norm)

    def adjoint(self, y: Tensor) -> Tensor:
        """Apply the conjugate transpose: the inverse, times what the factors leave over."""
        return ifft2(y, dim=self.dim, norm=_REVERSED[self.norm])


# the norm under which the inverse has the forward transform's factor
_REVERSED = {"ortho": "ortho", "backward": "forward", "forward": "backward"}


def _admitted(
    x: Tensor, dim: int | Sequence[int], norm: str, *, real: bool = False, name: str = "x"
) -> Tensor:
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
