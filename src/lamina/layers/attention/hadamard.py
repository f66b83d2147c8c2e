r"""Attention by products of Walsh–Hadamard spectra.

.. math:: o = H^{\top}\bigl(\sigma \odot (H q) \odot (H k) \odot (H v)\bigr)

with the orthonormal Walsh–Hadamard matrix H: `LSTAttention` with this transform. Products of these spectra
are dyadic convolutions, sums over positions whose binary digits are added without carrying (Fino and Algazi
1976).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from lamina.layers.attention.base import AttentionConfig
from lamina.layers.attention.lst import LSTAttention
from lamina.layers.configuration import Flag
from lamina.transforms.hadamard import Hadamard


class HadamardAttentionConfig(AttentionConfig, frozen=True):
    """Settings of `HadamardAttention`; the fields are its arguments.

    Examples
    --------
    >>> HadamardAttentionConfig(hidden_dim=8).scale_by_sqrt
    True
    """

    layer: Literal["HadamardAttention"] = "HadamardAttention"
    scale_by_sqrt: Flag = True
    learnable_scale: Flag = True


class HadamardAttention(LSTAttention):
    r"""Take the Walsh–Hadamard transform in `LSTAttention`, for all heads.

    .. math:: o = H^{\top}(\sigma \odot \hat q \odot \hat k \odot H v)

    with :math:`\hat q` and :math:`\hat k` as in `LSTAttention`, normalised. A sequence whose length is no
    power of two is padded with zeros to the next one, P; its spectra have P values, and :math:`H^{\top}` cuts
    back. The matrix holds but ±1, and no trigonometric function is computed. It knows no neighbours:
    positions are near if their numbers differ in few binary digits.

    Initial output variance: 0.125 (468 without ``scale_by_sqrt``, in sequences of 64).
    Parameters: 4·hidden_dim² + 4·hidden_dim, with ``learnable_scale`` hidden_dim more.

    Parameters
    ----------
    hidden_dim
        Size of the last axis.
    num_heads
        A divisor of ``hidden_dim``.
    scale_by_sqrt
        Divide the matrix of ±1 by :math:`\sqrt P`, which makes it orthonormal. False leaves it as it is: then
        the heads' outputs are P times as large (:math:`H^{\top} H = P`), and grow with the sequence.
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
    scale_by_sqrt : bool
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
    Fino and Algazi 1976, Unified matrix treatment of the fast Walsh–Hadamard transform, IEEE Trans. Comput.

    Examples
    --------
    >>> import torch
    >>> layer = HadamardAttention(hidden_dim=8, num_heads=2)
    >>> layer(torch.ones(1, 5, 8)).shape
    torch.Size([1, 5, 8])
    """

    Config = HadamardAttentionConfig

    def __init__(
        self,
        hidden_dim: int,
        num_heads: int = 8,
        scale_by_sqrt: bool = True,
        learnable_scale: bool = True,
        dropout: float = 0.0,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = HadamardAttentionConfig(
            hidden_dim=hidden_dim,
            num_heads=num_heads,
            scale_by_sqrt=scale_by_sqrt,
            learnable_scale=learnable_scale,
            dropout=dropout,
        )
        super().__init__(
            config.hidden_dim,
            config.num_heads,
            "hadamard",
            config.learnable_scale,
            dropout=config.dropout,
            generator=generator,
            device=device,
            dtype=dtype,
        )
        self.config = config
        self.scale_by_sqrt = config.scale_by_sqrt
        if not config.scale_by_sqrt:
            self.transforms = nn.ModuleList([Hadamard(dim=1, norm="backward")])
