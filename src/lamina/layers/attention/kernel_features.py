r"""Two kernels for attention besides the random estimates: learned features, and a polynomial taken exactly.

.. math:: K(q, k) = \sum_{r=1}^{R} \lambda_r\, \varphi_r(q)\, \varphi_r(k) \qquad\text{and}\qquad
          K(q, k) = (q^T k / \sqrt{h} + c)^p

Sources: Mercer 1909 for the sum over eigenfunctions; Tsai et al., Transformer dissection: attention through
the lens of the kernel, EMNLP 2019, Section 3.3 (polynomial kernel in attention).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lamina.layers.attention.linear_attention import FeatureMap, Features
from lamina.layers.attention.random_features import orthogonal_projection
from lamina.transforms.precision import full_precision, widened


class LearnedFeatures(FeatureMap):
    r"""Positive features with learned directions and eigenvalues, for each head its own.

    .. math:: \varphi_r(x) = e^{u_r^T x' - \lVert x' \rVert^2/2}, \qquad x' = h^{-1/4} x, \qquad
              K(q, k) = \sum_r e^{\ell_r} \varphi_r(q)\, \varphi_r(k)

    Directions start as orthogonal random ones and all :math:`\ell_r` at 0, so that training begins at the
    Performer's estimate of softmax attention.

    Parameters
    ----------
    num_heads, head_dim, rank
        Heads, their size h, and features R of each.
    generator
        For the initial directions, drawn on the CPU; None for torch's own.
    device, dtype
        Of the parameters; None for torch's defaults.

    Attributes
    ----------
    directions : torch.nn.Parameter
        (heads, rank, head_dim): u.
    log_eigenvalues : torch.nn.Parameter
        (heads, rank): :math:`\ell`.

    Examples
    --------
    >>> import torch
    >>> features = LearnedFeatures(2, 4, 3)
    >>> features.keys(torch.zeros(1, 2, 5, 4)).log.shape
    torch.Size([1, 2, 5, 3])
    """

    def __init__(
        self,
        num_heads: int,
        head_dim: int,
        rank: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.scale = head_dim**-0.25
        drawn = torch.stack(
            [
                orthogonal_projection(rank, head_dim, generator=generator, dtype=torch.float64)
                for _ in range(num_heads)
            ]
        )
        dtype = torch.get_default_dtype() if dtype is None else dtype
        device = torch.get_default_device() if device is None else device
        self.directions = nn.Parameter(drawn.to(device=device, dtype=dtype))
        self.log_eigenvalues = nn.Parameter(torch.zeros(num_heads, rank, device=device, dtype=dtype))

    def queries(self, x: Tensor) -> Features:
        """Exponents; the square cancels."""
        return Features(None, self._projected(x))

    def keys(self, x: Tensor) -> Features:
        """Exponents, with the eigenvalues."""
        square = widened(x).square().sum(dim=-1, keepdim=True) * (self.scale**2 / 2)
        return Features(None, self._projected(x) - square + widened(self.log_eigenvalues)[:, None])

    def _projected(self, x: Tensor) -> Tensor:
        with full_precision(x):
            return widened(x) @ (widened(self.directions) * self.scale).transpose(1, 2)


class PolynomialKernel(nn.Module):
    r"""The weights of attention with a polynomial kernel of even degree.

    .. math:: w_{ij} = \frac{(q_i^T k_j / \sqrt{h} + c)^p}{\sum_l (q_i^T k_l / \sqrt{h} + c)^p}

    An even degree makes every weight at least 0. A query whose kernel vanishes at all keys gets weights of 0.

    Parameters
    ----------
    head_dim
        Size h of a head.
    degree
        p, even.
    offset
        c, at least 0.

    Attributes
    ----------
    degree : int
        As given.
    offset : float
        As given.

    Examples
    --------
    >>> import torch
    >>> q = torch.ones(1, 1, 1, 1)
    >>> k = torch.tensor([0.0, 1.0]).reshape(1, 1, 2, 1)
    >>> PolynomialKernel(1, degree=2, offset=1.0)(q, k)  # 1² and 2²
    tensor([[[[0.2000, 0.8000]]]])
    """

    def __init__(self, head_dim: int, degree: int, offset: float) -> None:
        super().__init__()
        self.scale = head_dim**-0.5
        self.degree = degree
        self.offset = offset

    def forward(self, q: Tensor, k: Tensor, kept: Tensor | None = None) -> Tensor:
        """Compute the weights.

        Parameters
        ----------
        q, k
            (batch, heads, sequence, head_dim), float32 or float64.
        kept
            (batch, sequence), True where a key is kept; None for all.

        Returns
        -------
        Tensor
            (batch, heads, sequence, sequence).
        """
        base = (q * self.scale) @ k.transpose(-1, -2) + self.offset
        if kept is not None:
            base = torch.where(kept[:, None, None], base, base.new_zeros(()))
        # the power of large numbers overflows; a common factor cancels
        largest = base.detach().abs().amax(dim=-1, keepdim=True)
        power = (base / torch.where(largest > 0, largest, 1.0)) ** self.degree
        total = power.sum(dim=-1, keepdim=True)
        return power / torch.where(largest > 0, total, 1.0)

    def extra_repr(self) -> str:
        """Show the degree and the offset."""
        return f"degree={self.degree}, offset={self.offset}"
