r"""Discrete Fourier transforms along two axes, unitary by default.

.. math:: y_{kl} = (mn)^{-1/2} \sum_{i=0}^{m-1} \sum_{j=0}^{n-1} x_{ij}\, e^{-2\pi\mathrm{i}\,(ik/m + jl/n)}

As `fourier` is along one. Source: Cooley and Tukey 1965.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lamina._checks import check_choice
from lamina.transforms.empty import transformed
from lamina.transforms.fourier_arguments import NORMS, REVERSED, admitted, counted_once, signal_length
from lamina.transforms.transform import Transform


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
    return transformed(torch.fft.fft2, admitted(x, dim, norm), dim=tuple(dim), norm=norm)


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
    return transformed(torch.fft.ifft2, admitted(y, dim, norm, name="y"), dim=tuple(dim), norm=norm)


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
    return transformed(torch.fft.rfft2, admitted(x, dim, norm, real=True), dim=tuple(dim), norm=norm)


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
        torch.fft.irfft2, admitted(y, dim, norm, name="y"), s=tuple(s), dim=tuple(dim), norm=norm
    )


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
        return ifft2(y, dim=self.dim, norm=REVERSED[self.norm])


class RFFT2D(Transform):
    """`rfft2` as a module; not orthonormal, with the adjoint of `RFFT` along the last axis.

    Parameters
    ----------
    dim, norm
        As in `rfft2`.

    Examples
    --------
    >>> import torch
    >>> transform, x = RFFT2D(), torch.ones(2, 4, 5)
    >>> torch.allclose(transform.inverse(transform(x), 5), x)
    True
    """

    def __init__(self, dim: Sequence[int] = (-2, -1), norm: str = "ortho") -> None:
        super().__init__()
        self.dim, self.norm = tuple(dim), check_choice("norm", norm, NORMS)
        self.orthonormal = False

    def forward(self, x: Tensor) -> Tensor:
        """Apply `rfft2`."""
        return rfft2(x, dim=self.dim, norm=self.norm)

    def inverse(self, y: Tensor, n: int | None = None) -> Tensor:
        """Apply `irfft2`.

        Parameters
        ----------
        y
            Complex, m frequencies along the last of the two axes.
        n
            Length of the signal along that axis; None for the even one, 2(m - 1), or 1.

        Returns
        -------
        Tensor
            Real.
        """
        n = signal_length(y, self.dim[-1], n)
        return irfft2(y, (y.shape[self.dim[0]], n), dim=self.dim, norm=self.norm)

    def adjoint(self, y: Tensor, n: int | None = None) -> Tensor:
        """Apply the adjoint.

        Parameters
        ----------
        y, n
            As in ``inverse``.

        Returns
        -------
        Tensor
            Real.
        """
        norm, last = REVERSED[self.norm], self.dim[-1]
        n = signal_length(y, last, n)
        # along the first axis before the imaginary parts at 0 and at the Nyquist frequency are dropped
        rows = transformed(torch.fft.ifft, admitted(y, self.dim, norm, name="y"), dim=self.dim[0], norm=norm)
        return transformed(torch.fft.irfft, counted_once(rows, n, last), n=n, dim=last, norm=norm)
