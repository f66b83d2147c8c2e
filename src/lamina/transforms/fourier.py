r"""Discrete Fourier transforms, unitary by default.

.. math:: y_k = \frac{1}{\sqrt n} \sum_{j=0}^{n-1} x_j\, e^{-2\pi i\,jk/n}

They are `torch.fft` with three differences: the factor is :math:`1/\sqrt n` unless asked otherwise; half
precision is computed in float32, the result being complex64; each has a module with inverse and adjoint.
Source: Cooley and Tukey 1965.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina._checks import check_choice
from lamina.transforms.empty import transformed
from lamina.transforms.fourier2d import FFT2D, RFFT2D, fft2, ifft2, irfft2, rfft2
from lamina.transforms.fourier_arguments import NORMS, REVERSED, admitted, counted_once, signal_length
from lamina.transforms.length import check_length
from lamina.transforms.transform import Transform

__all__ = [
    "FFT1D",
    "FFT2D",
    "NORMS",
    "RFFT",
    "RFFT2D",
    "fft",
    "fft2",
    "ifft",
    "ifft2",
    "irfft",
    "irfft2",
    "rfft",
    "rfft2",
]


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
    return transformed(torch.fft.fft, admitted(x, dim, norm), dim=dim, norm=norm)


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
    return transformed(torch.fft.ifft, admitted(y, dim, norm, name="y"), dim=dim, norm=norm)


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
    return transformed(torch.fft.rfft, admitted(x, dim, norm, real=True), dim=dim, norm=norm)


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
        admitted(y, dim, norm, name="y"),
        n=check_length("n", n),
        dim=dim,
        norm=norm,
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
        return ifft(y, dim=self.dim, norm=REVERSED[self.norm])


class RFFT(Transform):
    r"""`rfft` as a module.

    It is not orthonormal: the half spectrum holds the energy of most frequencies once instead of twice. Its
    adjoint is

    .. math:: x_j = c \sum_{k=0}^{\lfloor n/2 \rfloor} \operatorname{Re} y_k\, e^{2\pi i\,jk/n}

    with the factor c of the forward transform; the inverse counts the frequencies between 0 and the Nyquist
    frequency twice.

    Parameters
    ----------
    dim, norm
        As in `rfft`.

    Examples
    --------
    >>> import torch
    >>> transform, x = RFFT(dim=1), torch.ones(2, 5, 3)
    >>> torch.allclose(transform.inverse(transform(x), 5), x)
    True
    """

    def __init__(self, dim: int = -1, norm: str = "ortho") -> None:
        super().__init__()
        self.dim, self.norm = dim, check_choice("norm", norm, NORMS)
        self.orthonormal = False

    def forward(self, x: Tensor) -> Tensor:
        """Apply `rfft`."""
        return rfft(x, dim=self.dim, norm=self.norm)

    def inverse(self, y: Tensor, n: int | None = None) -> Tensor:
        """Apply `irfft`.

        Parameters
        ----------
        y
            Complex, m frequencies along the axis.
        n
            Length of the signal; None for the even one, 2(m - 1), or 1.

        Returns
        -------
        Tensor
            Real, n samples.
        """
        return irfft(y, signal_length(y, self.dim, n), dim=self.dim, norm=self.norm)

    def adjoint(self, y: Tensor, n: int | None = None) -> Tensor:
        """Apply the adjoint.

        Parameters
        ----------
        y, n
            As in ``inverse``.

        Returns
        -------
        Tensor
            Real, n samples.
        """
        n = signal_length(y, self.dim, n)
        return irfft(counted_once(y, n, self.dim), n, dim=self.dim, norm=REVERSED[self.norm])
