r"""Block of a Fourier neural operator: norm, Fourier layer, residual; norm, feed-forward, residual.

.. math:: u' = u + D(\mathrm{FNO}(N_1(u))), \qquad v = u' + D(\mathrm{FFN}(N_2(u')))

with dropout D. Source: the Fourier layer of Li et al., Fourier neural operator for parametric partial
differential equations, ICLR 2021, in the pre-norm block of Xiong et al., On layer normalization in the
transformer architecture, ICML 2020.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from pydantic import BeforeValidator
from torch import Tensor, nn

from lamina.layers.activations import Activation
from lamina.layers.activations import activation as activation_module
from lamina.layers.attention.base import cleared, uniform_linear
from lamina.layers.configuration import Count, LayerConfig, NonNegative, Probability
from lamina.layers.layer import SpectralLayer, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.operators.fourier_neural_operator import FourierNeuralOperator, Modes, check_functions
from lamina.layers.operators.initial import Device
from lamina.layers.operators.normalization import PositionBatchNorm
from lamina.transforms.prefix import within

NormType = Literal["layernorm", "batchnorm", "layer", "batch"]
"""Names of the normalisations that blocks take; the short ones mean the long ones."""


def _spelled_out(value: Any) -> Any:
    """Take the document's short names, too."""
    return {"layer": "layernorm", "batch": "batchnorm"}.get(value, value) if isinstance(value, str) else value


class FNOBlockConfig(LayerConfig, frozen=True):
    """Settings of `FNOBlock`; the fields are its arguments.

    Examples
    --------
    >>> FNOBlockConfig(hidden_dim=8, norm_type="batch").norm_type
    'batchnorm'
    """

    layer: Literal["FNOBlock"] = "FNOBlock"
    hidden_dim: Count
    modes: Modes = 16
    mlp_ratio: NonNegative = 2.0
    activation: Activation = "gelu"
    dropout: Probability = 0.0
    norm_type: Annotated[NormType, BeforeValidator(_spelled_out)] = "layernorm"


class FNOBlock(SpectralLayer):
    r"""Fourier layer and feed-forward network, each with a normalisation before and a residual around.

    .. math:: u' = u + D(\mathrm{FNO}(N_1(u))), \qquad v = u' + D(\mathrm{FFN}(N_2(u')))

    Initial output variance: 1.32 for 16 modes and 64 points.
    Parameters: ``(2·modes + 1)·hidden_dim² + 3·hidden_dim`` for the first part, and
    ``(2·hidden_dim + 1)·w + 3·hidden_dim`` with w = round(mlp_ratio·hidden_dim) for the second.

    Parameters
    ----------
    hidden_dim
        Number of channels, the size of the last axis.
    modes
        How many Fourier modes to keep: a number for sequences, a tuple of two for images.
    mlp_ratio
        Width of the feed-forward network, as a multiple of ``hidden_dim`` (at least 1 wide); 0 for none.
    activation
        Of the Fourier layer and the feed-forward network: "gelu", "relu", "silu", "tanh", "sigmoid" or
        "identity".
    dropout
        Probability in [0, 1) with which outputs of both branches, and of the hidden layer between, are
        dropped in training.
    norm_type
        "layernorm" (or "layer"): over the channels of each position; "batchnorm" (or "batch"): of each
        channel over the batch, where padding does not count.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    fno : FourierNeuralOperator
        The Fourier layer.
    norm1 : torch.nn.Module
        The first normalisation.
    norm2 : torch.nn.Module or None
        The second one, where there is a feed-forward network.
    ffn : torch.nn.Sequential or None
        The feed-forward network.
    dropout : torch.nn.Dropout
        Applied to both branches.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or ``forward`` gets a tensor of another shape or kind, or
        one with too few points for the modes.

    References
    ----------
    Li et al. 2021, Fourier neural operator for parametric partial differential equations, ICLR.

    Examples
    --------
    >>> import torch
    >>> block = FNOBlock(hidden_dim=8, modes=4, mlp_ratio=2.0)
    >>> block(torch.zeros(2, 10, 8)).shape
    torch.Size([2, 10, 8])
    >>> print(FNOBlock(hidden_dim=8, modes=4, mlp_ratio=0).ffn)
    None
    """

    Config = FNOBlockConfig
    adds_input = True

    def __init__(
        self,
        hidden_dim: int,
        modes: int | tuple[int, ...] = 16,
        mlp_ratio: float = 2.0,
        activation: Activation = "gelu",
        dropout: float = 0.0,
        norm_type: NormType = "layernorm",
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = FNOBlockConfig(
            hidden_dim=hidden_dim,
            modes=modes,
            mlp_ratio=mlp_ratio,
            activation=activation,
            dropout=dropout,
            norm_type=norm_type,
        )
        super().__init__(config)
        self.hidden_dim = config.hidden_dim
        self.dropout = nn.Dropout(config.dropout)
        self.norm1 = _normalisation(config, device, dtype)
        self.fno = FourierNeuralOperator(
            config.hidden_dim,
            config.modes,
            config.activation,
            generator=generator,
            device=device,
            dtype=dtype,
        )
        self.norm2 = None
        self.ffn = None
        if config.mlp_ratio > 0:
            width = max(1, round(config.mlp_ratio * config.hidden_dim))
            self.norm2 = _normalisation(config, device, dtype)
            self.ffn = nn.Sequential(
                uniform_linear(config.hidden_dim, width, generator=generator, device=device, dtype=dtype),
                activation_module(config.activation),
                nn.Dropout(config.dropout),
                uniform_linear(width, config.hidden_dim, generator=generator, device=device, dtype=dtype),
            )

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Apply the block to a batch of functions.

        Parameters
        ----------
        x
            (batch, n, hidden), or (batch, height, width, hidden) for a tuple of two modes; real floating.
        key_padding_mask
            (batch, n), True where there is padding, on the right only: each sample is treated as if it were
            alone, and padded outputs are zero. For sequences only.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``.
        """
        check_functions(x, self.hidden_dim, self.fno.axes, key_padding_mask)
        lengths = None if key_padding_mask is None else prefix_lengths(key_padding_mask, x)
        valid = None if lengths is None else within(lengths, x.shape[1])
        y = cleared(x, valid)
        y = y + self.dropout(self.fno(_normalised(self.norm1, y, valid), key_padding_mask=key_padding_mask))
        if self.ffn is not None and self.norm2 is not None:
            y = y + self.dropout(self.ffn(_normalised(self.norm2, y, valid)))
        return cleared(y.to(x.dtype), valid)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: all of its parts move with their input.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`, and ``modes``.
        """
        return properties(
            translation_equivariant=True,
            # the feed-forward network adds no order to the linear map's
            complexity=self.fno.get_spectral_properties()["complexity"],
            modes=self.fno.modes,
        )


def _normalisation(
    config: FNOBlockConfig, device: Device, dtype: torch.dtype | None
) -> nn.LayerNorm | PositionBatchNorm:
    if config.norm_type == "layernorm":
        return nn.LayerNorm(config.hidden_dim, device=device, dtype=dtype)
    return PositionBatchNorm(config.hidden_dim, device=device, dtype=dtype)


def _normalised(norm: nn.Module, x: Tensor, valid: Tensor | None) -> Tensor:
    return norm(x, valid) if isinstance(norm, PositionBatchNorm) else norm(x)
