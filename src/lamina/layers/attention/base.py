r"""What attention layers have in common: projections into heads and back, masks, dropout.

.. math:: [q_h, k_h, v_h] = x\, [W_q, W_k, W_v] + b, \qquad
          y = [o_1, \dots, o_H]\, W_o + b_o

where :math:`o_h` is what a head's attention makes of its queries, keys and values. Source: Vaswani et al.,
Attention is all you need, NeurIPS 2017, Section 3.2.2.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from pydantic import model_validator
from torch import Tensor, nn

from lamina.errors import ArgumentError
from lamina.layers.configuration import Count, LayerConfig, Probability
from lamina.layers.layer import SpectralLayer, check_sequence
from lamina.layers.masking import keep_mask
from lamina.transforms.precision import working_dtype


class AttentionConfig(LayerConfig, frozen=True):
    """Settings that every attention layer has.

    Raises
    ------
    lamina.errors.ArgumentError
        When the heads do not divide the hidden size.

    Examples
    --------
    >>> AttentionConfig(hidden_dim=32).head_size()
    4
    >>> try:
    ...     AttentionConfig(hidden_dim=30)
    ... except ValueError as error:
    ...     print(error)
    num_heads must be a divisor of hidden_dim = 30, got 8. Choose one of 1, 2, 3, 5, 6, 10, 15, 30.
    """

    hidden_dim: Count
    num_heads: Count = 8
    dropout: Probability = 0.0

    def head_size(self) -> int:
        """Size of one head: hidden_dim / num_heads."""
        if self.hidden_dim % self.num_heads:
            divisors = [number for number in range(1, self.hidden_dim + 1) if self.hidden_dim % number == 0]
            raise ArgumentError(
                "num_heads",
                allowed=f"a divisor of hidden_dim = {self.hidden_dim}",
                got=str(self.num_heads),
                remedy=f"Choose one of {', '.join(map(str, divisors))}.",
            )
        return self.hidden_dim // self.num_heads

    @model_validator(mode="after")
    def _check_heads(self) -> AttentionConfig:
        self.head_size()
        return self


class AttentionLayer(SpectralLayer):
    r"""Base of the attention layers: four projections, and what is done about masks.

    Initial weights and biases are uniform in :math:`\pm 1/\sqrt{\text{inputs}}`, as in `torch.nn.Linear`; so
    white input of unit variance gives queries and keys of variance ⅓.

    Parameters
    ----------
    config
        Checked settings with ``hidden_dim``, ``num_heads`` and ``dropout``.
    use_bias
        Whether the four projections have a bias.
    generator
        For the initial weights, drawn on the CPU; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    hidden_dim, num_heads, head_dim : int
        Sizes; ``head_dim`` is that of one head.
    q_proj, k_proj, v_proj, out_proj : torch.nn.Linear
        Projections of queries, keys and values into the heads, and of the heads' outputs.
    dropout : torch.nn.Module
        Applied to the output in training.

    Examples
    --------
    >>> import torch
    >>> from lamina.layers import SpectralAttention
    >>> layer = SpectralAttention(hidden_dim=8, num_heads=2)
    >>> isinstance(layer, AttentionLayer), layer.q_proj
    (True, Linear(in_features=8, out_features=8, bias=True))
    """

    def __init__(
        self,
        config: AttentionConfig,
        *,
        use_bias: bool = True,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(config)
        self.hidden_dim = config.hidden_dim
        self.num_heads = config.num_heads
        self.head_dim = config.head_size()
        inner = self.num_heads * self.head_dim

        def linear(inputs: int, outputs: int) -> nn.Linear:
            return uniform_linear(
                inputs, outputs, use_bias=use_bias, generator=generator, device=device, dtype=dtype
            )

        self.q_proj = linear(self.hidden_dim, inner)
        self.k_proj = linear(self.hidden_dim, inner)
        self.v_proj = linear(self.hidden_dim, inner)
        self.out_proj = linear(inner, self.hidden_dim)
        self.dropout = nn.Dropout(config.dropout)

    @abstractmethod
    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        return_attention: bool = False,
        *,
        key_padding_mask: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor | None]:
        """Let every position attend to the kept ones.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating.
        mask
            (batch, sequence), True or 1 where a position is kept; holes are allowed.
        return_attention
            Return the weights as well, or None where a layer computes none.
        key_padding_mask
            (batch, sequence), True where there is padding; a position is kept if both masks keep it.

        Returns
        -------
        Tensor or tuple
            Of the shape and dtype of ``x``, zero where a position is not kept; with ``return_attention`` the
            pair of this and (batch, heads, sequence, sequence) weights or None.
        """

    def checked(
        self, x: Tensor, mask: Tensor | None, key_padding_mask: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Check the input, and clear what is not kept.

        Parameters
        ----------
        x, mask, key_padding_mask
            As in `forward`.

        Returns
        -------
        x, kept
            The input with zeros where it is not kept (it may hold NaN there), and the one mask, True = keep,
            or None.
        """
        check_sequence(x, self.hidden_dim)
        kept = keep_mask(mask, key_padding_mask, x)
        return cleared(x, kept), kept

    def split_heads(self, x: Tensor) -> Tensor:
        """View (batch, sequence, heads · head_dim) as (batch, heads, sequence, head_dim)."""
        return x.unflatten(2, (self.num_heads, self.head_dim)).transpose(1, 2)

    def merge_heads(self, x: Tensor) -> Tensor:
        """Undo `split_heads`."""
        return x.transpose(1, 2).flatten(2)


def cleared(x: Tensor, kept: Tensor | None) -> Tensor:
    """``x`` (batch, sequence, channels) with zeros where ``kept`` (batch, sequence) is False."""
    if kept is None:
        return x
    # where, not a product: what is not kept may be NaN
    return torch.where(kept[..., None], x, torch.zeros((), dtype=x.dtype, device=x.device))


def uniform_linear(
    inputs: int,
    outputs: int,
    *,
    use_bias: bool = True,
    generator: torch.Generator | None = None,
    device: torch.device | str | int | None = None,
    dtype: torch.dtype | None = None,
) -> nn.Linear:
    r"""Make a linear layer with weights and bias uniform in :math:`\pm 1/\sqrt{\text{inputs}}`.

    The numbers are drawn on the CPU, so that a seed means the same on every device.
    """
    empty = nn.Linear(inputs, outputs, bias=use_bias, device="meta", dtype=dtype)
    layer = empty.to_empty(device=torch.get_default_device() if device is None else device)
    bound = 1 / math.sqrt(inputs)
    with torch.no_grad():
        for parameter in layer.parameters():
            drawn = torch.empty(parameter.shape, dtype=working_dtype(parameter.dtype), device="cpu")
            parameter.copy_(drawn.uniform_(-bound, bound, generator=generator))
    return layer
