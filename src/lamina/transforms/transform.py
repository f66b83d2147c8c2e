"""What every transform module offers: forward, inverse, adjoint."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor


class Transform(torch.nn.Module, ABC):
    r"""Base of the transform modules: a linear map A with its inverse and its adjoint.

    .. math:: \langle A x, y \rangle = \langle x, A^{*} y \rangle

    An orthonormal (unitary) transform has :math:`A^{*} = A^{-1}`; the others say in their docstrings what
    their adjoint is. The inner product of complex arrays is the real part of :math:`\sum \bar a\, b`.

    Attributes
    ----------
    orthonormal : bool
        Whether the adjoint is the inverse.

    Examples
    --------
    >>> import torch
    >>> from lamina.transforms import FFT1D
    >>> isinstance(FFT1D(), Transform)
    True
    """

    orthonormal: bool

    def __init__(self) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Apply the transform."""

    @abstractmethod
    def inverse(self, y: Tensor) -> Tensor:
        """Undo `forward`."""

    @abstractmethod
    def adjoint(self, y: Tensor) -> Tensor:
        """Apply the adjoint of `forward`."""
