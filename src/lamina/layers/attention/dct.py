r"""Attention by products of cosine spectra.

.. math:: o = C^{\top}\bigl(\sigma \odot (C q) \odot (C k) \odot (C v)\bigr)

with the orthonormal cosine matrix C of types I to IV: `LSTAttention` with this transform. Products of cosine
spectra are symmetric convolutions: Martucci 1994, IEEE Trans. Signal Processing 42(5).
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from lamina.layers.attention.base import AttentionConfig
from lamina.layers.attention.lst import LSTAttention
from lamina.layers.configuration import Count, Flag
from lamina.transforms.cosine import DCT


class DCTAttentionConfig(AttentionConfig, frozen=True):
    """Settings of `DCTAttention`; the fields are its arguments.

    Examples
    --------
    >>> DCTAttentionConfig(hidden_dim=8).dct_type
    2
    """

    layer: Literal["DCTAttention"] = "DCTAttention"
    dct_type: Annotated[Count, Field(le=4)] = 2
    learnable_scale: Flag = True


class DCTAttention(LSTAttention):
    r"""Take the discrete cosine transform in `LSTAttention`, for all heads.

    .. math:: o = C^{\top}(\sigma \odot \hat q \odot \hat k \odot C v)

    with :math:`\hat q` and :math:`\hat k` as in `LSTAttention`, normalised. Type II has its energy in few
    coefficients where a signal is smooth, and is the one to take; the others differ in how the sequence is
    continued at its ends. Type I of a single position, which scipy does not define, is that position itself.

    Initial output variance: 0.125.
    Parameters: 4·hidden_dim² + 4·hidden_dim, with ``learnable_scale`` hidden_dim more.

    Parameters
    ----------
    hidden_dim
        Size of the last axis.
    num_heads
        A divisor of ``hidden_dim``.
    dct_type
        1, 2, 3 or 4.
    learnable_scale
        Whether σ is learned, (num_heads, head_dim), initially ones; else it is 1.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    generator
        For the initial weights, drawn on the CPU; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    dct_type : int
        As given.
    head_dim, transform_type, transforms, scale
        As in `LSTAttention`.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, the heads do not divide the hidden size, or ``forward`` gets
        a tensor of another shape or kind.

    References
    ----------
    Ahmed, Natarajan and Rao 1974, Discrete cosine transform; Martucci 1994, Symmetric convolution and the
    discrete sine and cosine transforms.

    Examples
    --------
    >>> import torch
    >>> layer = DCTAttention(hidden_dim=8, num_heads=2, dct_type=4)
    >>> layer(torch.ones(1, 5, 8)).shape, layer.transforms
    (torch.Size([1, 5, 8]), ModuleList(
      (0): DCT(type=4, dim=1, norm='ortho')
    ))
    """

    Config = DCTAttentionConfig

    def __init__(
        self,
        hidden_dim: int,
        num_heads: int = 8,
        dct_type: int = 2,
        learnable_scale: bool = True,
        dropout: float = 0.0,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = DCTAttentionConfig(
            hidden_dim=hidden_dim,
            num_heads=num_heads,
            dct_type=dct_type,
            learnable_scale=learnable_scale,
            dropout=dropout,
        )
        super().__init__(
            config.hidden_dim,
            config.num_heads,
            "dct",
            config.learnable_scale,
            dropout=config.dropout,
            generator=generator,
            device=device,
            dtype=dtype,
        )
        self.config = config
        self.dct_type = config.dct_type
        self.transforms = nn.ModuleList([DCT(config.dct_type, dim=1)])
