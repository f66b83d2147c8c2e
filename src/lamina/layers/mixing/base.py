"""What mixing layers have in common: dropout, and the checks that the document lists."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from lamina.layers.configuration import Count, LayerConfig, Positive, Probability
from lamina.layers.layer import SpectralLayer
from lamina.transforms.precision import widened


class MixingConfig(LayerConfig, frozen=True):
    """Settings that every mixing layer has.

    Examples
    --------
    >>> MixingConfig(hidden_dim=8).dropout
    0.0
    """

    hidden_dim: Count
    dropout: Probability = 0.0
    norm_eps: Positive = 1e-5


class MixingLayer(SpectralLayer):
    r"""Base of the layers that mix the tokens of a sequence without attention.

    Parameters
    ----------
    config
        Checked settings with ``hidden_dim``, ``dropout`` and ``norm_eps``.

    Attributes
    ----------
    hidden_dim : int
        Size of the last axis.
    dropout : torch.nn.Module
        Applied to the output in training.
    norm_eps : float
        The layer's smallest number: what counts as nothing in the checks that divide by a norm or magnitude.

    Examples
    --------
    >>> import torch
    >>> from lamina.layers import FourierMixing
    >>> layer, x = FourierMixing(hidden_dim=4), torch.ones(1, 3, 4)
    >>> layer.verify_shape_consistency(x, layer(x))
    True
    """

    def __init__(self, config: MixingConfig) -> None:
        super().__init__(config)
        self.hidden_dim = config.hidden_dim
        self.norm_eps = config.norm_eps
        self.dropout = nn.Dropout(config.dropout)

    @abstractmethod
    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Mix the tokens of a sequence.

        Parameters
        ----------
        x
            (batch, sequence, hidden).
        key_padding_mask
            (batch, sequence), True where there is padding.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``.
        """

    def verify_shape_consistency(self, input_tensor: Tensor, output_tensor: Tensor) -> bool:
        """Whether input and output have the same shape.

        Parameters
        ----------
        input_tensor, output_tensor
            What went in and what came out.

        Returns
        -------
        bool
            Whether the shapes are equal.
        """
        return input_tensor.shape == output_tensor.shape

    def compute_spectral_norm(self, tensor: Tensor) -> Tensor:
        r"""Largest singular value of each (sequence, hidden) matrix.

        .. math:: \lVert X \rVert_2 = \max_{\lVert v \rVert = 1} \lVert X v \rVert

        Parameters
        ----------
        tensor
            (..., sequence, hidden), real or complex.

        Returns
        -------
        Tensor
            (...), real, in the precision that the computation has (at least float32).
        """
        return torch.linalg.matrix_norm(widened(tensor), ord=2)


class UnitaryMixingConfig(MixingConfig, frozen=True):
    """Settings of the layers that are built from a unitary transform.

    Examples
    --------
    >>> UnitaryMixingConfig(hidden_dim=8).energy_tolerance
    0.0001
    """

    energy_tolerance: Positive = 1e-4


class UnitaryMixingLayer(MixingLayer):
    """Base of the mixing layers that are built from a unitary transform.

    The transform is unitary; a layer that keeps only its real part is not, and says so in
    `get_spectral_properties`.

    Parameters
    ----------
    config
        Checked settings; besides those of `MixingLayer`, ``energy_tolerance``.

    Attributes
    ----------
    energy_tolerance : float
        Relative tolerance of the two checks.

    Examples
    --------
    >>> import torch
    >>> from lamina.layers import FourierMixing
    >>> layer = FourierMixing(hidden_dim=4, keep_complex=True)
    >>> x = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    >>> layer.verify_energy_preservation(x, layer(x))
    True
    """

    def __init__(self, config: UnitaryMixingConfig) -> None:
        super().__init__(config)
        self.energy_tolerance = config.energy_tolerance

    def verify_energy_preservation(self, input_tensor: Tensor, output_tensor: Tensor) -> bool:
        r"""Whether :math:`\lVert y \rVert^2 = \lVert x \rVert^2` for each sample, within the tolerance.

        Parameters
        ----------
        input_tensor, output_tensor
            (batch, sequence, hidden), real or complex.

        Returns
        -------
        bool
            Whether it holds for every sample.
        """
        before = widened(input_tensor).abs().square().flatten(1).sum(1)
        after = widened(output_tensor).abs().square().flatten(1).sum(1)
        allowed = self.energy_tolerance * before.clamp(min=self.norm_eps**2)
        return bool(((after - before).abs() <= allowed).all())

    def verify_orthogonality(self, transform_matrix: Tensor) -> bool:
        r"""Whether :math:`T T^{H} = I`, each entry within the tolerance.

        Parameters
        ----------
        transform_matrix
            (n, n), real or complex.

        Returns
        -------
        bool
            Whether the matrix is orthogonal (unitary).
        """
        matrix = widened(transform_matrix)
        product = matrix @ matrix.mH
        identity = torch.eye(product.shape[-1], dtype=product.dtype, device=product.device)
        return bool(((product - identity).abs() <= self.energy_tolerance).all())
