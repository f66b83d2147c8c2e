r"""The position-wise feed-forward network of a transformer's block.

.. math:: \operatorname{FF}(x) = W_2\, a(W_1 x + b_1) + b_2

Source: Vaswani et al., Attention is all you need, NeurIPS 2017, Eq. 2 (there with ReLU).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lamina.layers.activations import Activation, activation
from lamina.layers.attention.base import uniform_linear


class FeedForward(nn.Module):
    r"""Two linear maps with an activation between them, for each position alone.

    Parameters: ``2·hidden_dim·inner + inner + hidden_dim``, inner = round(ratio · hidden_dim), at least 1.

    Parameters
    ----------
    hidden_dim
        Size d of the last axis.
    ratio
        Size of the inner layer, in units of d.
    activation_name
        Its activation a.
    dropout
        Probability with which inner values are dropped in training.
    generator
        For the initial weights; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Examples
    --------
    >>> import torch
    >>> FeedForward(4, ratio=2.0)(torch.ones(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def __init__(
        self,
        hidden_dim: int,
        *,
        ratio: float = 4.0,
        activation_name: Activation = "gelu",
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        inner = max(1, round(ratio * hidden_dim))
        self.widen = uniform_linear(hidden_dim, inner, generator=generator, device=device, dtype=dtype)
        self.activation = activation(activation_name)
        self.dropout = nn.Dropout(dropout)
        self.narrow = uniform_linear(inner, hidden_dim, generator=generator, device=device, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Map each position of (..., hidden) by itself."""
        return self.narrow(self.dropout(self.activation(self.widen(x))))
