r"""Random features: maps whose inner product estimates a kernel without bias.

.. math:: \mathbb{E}\, \varphi(x)^T \varphi(y) = K(x, y)

Sources: Rahimi and Recht, Random features for large-scale kernel machines, NeurIPS 2007 (trigonometric);
Choromanski et al., Rethinking attention with Performers, ICLR 2021, Lemma 1 (positive) and Section 2.2
(generalized).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated

import torch
from pydantic import AfterValidator
from torch import Tensor, nn

from lamina.errors import ArgumentError
from lamina.layers.attention.blockwise import Exponential, Recipe, Rectified, Trigonometric
from lamina.layers.attention.linear_attention import FeatureMap, Features
from lamina.layers.attention.random_frequencies import gaussian_projection, orthogonal_projection
from lamina.layers.configuration import Count
from lamina.transforms.precision import full_precision, widened


def _even(value: int) -> int:
    if value % 2:
        raise ArgumentError(
            "num_features",
            allowed="even: cosines and sines come in pairs",
            got=str(value),
            remedy=f"Give {value + 1}.",
        )
    return value


EvenCount = Annotated[Count, AfterValidator(_even)]
"""A number of trigonometric features, which come in pairs."""


class RandomFeatureMap(FeatureMap):
    r"""Base of the random feature maps.

    Parameters
    ----------
    input_dim
        Size of the vectors.
    num_features
        Number of features; trigonometric ones come in pairs.
    scale
        Vectors are multiplied by it first, inside the map.
    orthogonal
        Whether frequencies are drawn orthogonal in blocks of ``input_dim``; otherwise independent.
    generator
        For the frequencies, drawn on the CPU; None for torch's own.
    device, dtype
        Of the buffer; None for torch's defaults.

    Attributes
    ----------
    projection : torch.Tensor
        Buffer (frequencies, input_dim) of :math:`\omega_r`; part of the state dict.
    input_dim, num_features : int
        Sizes.
    scale : float
        As given.
    orthogonal : bool
        As given.

    Examples
    --------
    >>> import torch
    >>> isinstance(PositiveFeatures(4, 16), RandomFeatureMap)
    True
    """

    projection: Tensor

    def __init__(
        self,
        input_dim: int,
        num_features: int,
        *,
        scale: float = 1.0,
        orthogonal: bool = True,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_dim = input_dim
        self.num_features = num_features
        self.scale = scale
        self.orthogonal = orthogonal
        drawn = self._drawn(generator)
        dtype = torch.get_default_dtype() if dtype is None else dtype
        device = torch.get_default_device() if device is None else device
        self.register_buffer("projection", drawn.to(device=device, dtype=dtype))

    @property
    def num_frequencies(self) -> int:
        """Rows of the projection."""
        return self.num_features

    def _drawn(self, generator: torch.Generator | None) -> Tensor:
        draw = orthogonal_projection if self.orthogonal else gaussian_projection
        return draw(self.num_frequencies, self.input_dim, generator=generator, dtype=torch.float64)

    @torch.no_grad()
    def redraw(self, generator: torch.Generator | None = None) -> None:
        """Draw new frequencies.

        Parameters
        ----------
        generator
            On the CPU; None for torch's own.
        """
        # a new tensor: the old one may still be waited for by a backward pass
        self.projection = self._drawn(generator).to(self.projection)

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Compute the features φ(x): (..., input_dim) to (..., num_features)."""

    @abstractmethod
    def bias(self, x: Tensor) -> Tensor:
        """Exponent that all features of a key have in common: (..., input_dim) to (..., 1)."""

    @abstractmethod
    def recipe(self) -> Recipe:
        """How attention with these features is computed block by block."""

    def frequencies(self) -> Tensor:
        """Scale the projection, in full precision."""
        return widened(self.projection) * self.scale

    def projected(self, x: Tensor) -> Tensor:
        r"""Compute :math:`\omega_r^T x` after scaling, in full precision."""
        with full_precision(x):
            return nn.functional.linear(widened(x), self.frequencies())

    def half_square(self, x: Tensor) -> Tensor:
        r"""Compute :math:`\lVert x \rVert^2 / 2` after scaling: (..., 1)."""
        return widened(x).square().sum(dim=-1, keepdim=True) * (self.scale**2 / 2)

    def extra_repr(self) -> str:
        """Show the sizes."""
        return f"{self.input_dim}, {self.num_features}, scale={self.scale:.4g}, orthogonal={self.orthogonal}"


class TrigonometricFeatures(RandomFeatureMap):
    r"""Cosines and sines of random frequencies, for the Gaussian or the softmax kernel.

    .. math:: \varphi(x) = \sqrt{2/m}\; [\cos \omega_r^T x,\; \sin \omega_r^T x]_{r = 1 \dots m/2}
              \;\bigl(\times\, e^{\lVert x \rVert^2/2} \text{ for softmax}\bigr)

    .. math:: K(x, y) = e^{-\lVert x - y \rVert^2/2} \quad\text{or}\quad e^{x^T y}

    Its inner products can be negative where the kernel is small.

    Parameters
    ----------
    input_dim, num_features, scale, orthogonal, generator, device, dtype
        As in `RandomFeatureMap`; ``num_features`` is even.
    softmax
        Take the softmax kernel.

    Attributes
    ----------
    softmax : bool
        As given.

    Raises
    ------
    lamina.errors.ArgumentError
        When ``num_features`` is odd.

    References
    ----------
    Rahimi and Recht 2007, NeurIPS, Section 3; Sutherland and Schneider 2015, On the error of random Fourier
    features, UAI (why pairs, and no random phases).

    Examples
    --------
    >>> import torch
    >>> kernel = TrigonometricFeatures(2, 4096, generator=torch.Generator().manual_seed(0))
    >>> x, y = torch.tensor([0.5, 0.0]), torch.tensor([0.0, 0.5])
    >>> estimate = kernel(x) @ kernel(y)
    >>> print(f"{estimate:.2f} for {torch.exp(-(x - y).square().sum() / 2):.2f}")
    0.78 for 0.78
    """

    def __init__(
        self,
        input_dim: int,
        num_features: int,
        *,
        softmax: bool = False,
        scale: float = 1.0,
        orthogonal: bool = True,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            input_dim,
            _even(num_features),
            scale=scale,
            orthogonal=orthogonal,
            generator=generator,
            device=device,
            dtype=dtype,
        )
        self.softmax = softmax

    @property
    def num_frequencies(self) -> int:
        """Rows of the projection: half the features."""
        return self.num_features // 2

    def forward(self, x: Tensor) -> Tensor:
        """Compute φ(x): (..., input_dim) to (..., num_features)."""
        features = self._waves(x) * math.sqrt(2 / self.num_features)
        return (features * self.half_square(x).exp() if self.softmax else features).to(x.dtype)

    def queries(self, x: Tensor) -> Features:
        """Cosines and sines."""
        return Features(self._waves(x), None)

    def keys(self, x: Tensor) -> Features:
        """Cosines and sines, and the softmax kernel's exponent."""
        return Features(self._waves(x), self.bias(x))

    def bias(self, x: Tensor) -> Tensor:
        """Half the square, for the softmax kernel."""
        return self.half_square(x) if self.softmax else torch.zeros_like(widened(x[..., :1]))

    def recipe(self) -> Recipe:
        """Cosines and sines."""
        return Trigonometric()

    def _waves(self, x: Tensor) -> Tensor:
        frequencies = self.frequencies()
        # a sine is a cosine a quarter turn later: one product and one function, and no joining of two halves
        phase = torch.zeros(2, self.num_frequencies, dtype=frequencies.dtype, device=x.device)
        phase[1] = -math.pi / 2
        with full_precision(x):
            angle = nn.functional.linear(widened(x), frequencies.repeat(2, 1), phase.flatten())
        # in place is quicker, but a backward pass would have to keep a copy of the angles
        return angle.cos() if torch.is_grad_enabled() else angle.cos_()


class PositiveFeatures(RandomFeatureMap):
    r"""FAVOR+'s positive features for the softmax kernel.

    .. math:: \varphi_r(x) = m^{-1/2}\, e^{\omega_r^T x - \lVert x \rVert^2/2}, \qquad K(x, y) = e^{x^T y}

    Parameters
    ----------
    input_dim, num_features, scale, orthogonal, generator, device, dtype
        As in `RandomFeatureMap`.

    References
    ----------
    Choromanski et al. 2021, Rethinking attention with Performers, ICLR, Lemma 1.

    Examples
    --------
    >>> import torch
    >>> kernel = PositiveFeatures(2, 4096, generator=torch.Generator().manual_seed(0))
    >>> x, y = torch.tensor([0.5, 0.1]), torch.tensor([0.3, 0.5])
    >>> print(f"{kernel(x) @ kernel(y):.2f} for {torch.exp(x @ y):.2f}")
    1.21 for 1.22
    """

    def forward(self, x: Tensor) -> Tensor:
        """Compute φ(x): (..., input_dim) to (..., num_features)."""
        exponent = self.projected(x) - self.half_square(x)
        return (exponent.exp() / math.sqrt(self.num_features)).to(x.dtype)

    def queries(self, x: Tensor) -> Features:
        """Exponents; the square cancels."""
        return Features(None, self.projected(x))

    def keys(self, x: Tensor) -> Features:
        """Exponents."""
        return Features(None, self.projected(x).add_(self.bias(x)))

    def bias(self, x: Tensor) -> Tensor:
        """Minus half the square."""
        return -self.half_square(x)

    def recipe(self) -> Recipe:
        """Exponentials."""
        return Exponential()


class ReLUFeatures(RandomFeatureMap):
    r"""Performer's generalized features: rectified projections.

    .. math:: \varphi_r(x) = m^{-1/2}\, (\max(0, \omega_r^T x) + 10^{-3})

    Without the small number the inner product estimates the arc-cosine kernel of first order (Cho and Saul
    2009), :math:`\lVert x \rVert \lVert y \rVert\, (\sin\theta + (\pi - \theta) \cos\theta) / 2\pi` with
    the angle :math:`\theta` between x and y.

    Parameters
    ----------
    input_dim, num_features, scale, orthogonal, generator, device, dtype
        As in `RandomFeatureMap`.

    References
    ----------
    Choromanski et al. 2021, Rethinking attention with Performers, ICLR, Section 4.1 (Performer-ReLU).

    Examples
    --------
    >>> import torch
    >>> kernel = ReLUFeatures(2, 4096, generator=torch.Generator().manual_seed(0))
    >>> x = torch.tensor([0.6, 0.8])
    >>> print(f"{kernel(x) @ kernel(x):.2f}")  # half its square
    0.50
    """

    # so that a query that no feature answers to attends to all keys alike
    smallest = 1e-3

    def forward(self, x: Tensor) -> Tensor:
        """Compute φ(x): (..., input_dim) to (..., num_features)."""
        return (self._rectified(x) / math.sqrt(self.num_features)).to(x.dtype)

    def queries(self, x: Tensor) -> Features:
        """Rectified projections."""
        return Features(self._rectified(x), None)

    def keys(self, x: Tensor) -> Features:
        """Rectified projections; no exponent."""
        return Features(self._rectified(x), self.bias(x))

    def bias(self, x: Tensor) -> Tensor:
        """None, that is 0."""
        return torch.zeros_like(widened(x[..., :1]))

    def recipe(self) -> Recipe:
        """Rectified projections."""
        return Rectified(self.smallest)

    def _rectified(self, x: Tensor) -> Tensor:
        return self.projected(x).relu_() + self.smallest
