r"""Attention by products of spectra, with another transform in each part of the heads.

.. math:: o_h = T_h^{*}\bigl(\sigma_h \odot (T_h q_h)^{*} \odot (T_h k_h) \odot (T_h v_h)\bigr)

with Fourier, cosine and Walsh–Hadamard transforms. The Fourier heads are the auto-correlation of Autoformer
(Wu et al., NeurIPS 2021, Eqs. 5 and 6) over all shifts, without its choice of the largest.
"""

from __future__ import annotations

from typing import Literal

import torch

from lamina.errors import ArgumentError
from lamina.layers.attention.base import AttentionConfig
from lamina.layers.attention.lst import runs
from lamina.layers.attention.lst_base import TransformAttention
from lamina.layers.configuration import Count, Flag
from lamina.transforms.cosine import DCT
from lamina.transforms.fourier import RFFT
from lamina.transforms.hadamard import Hadamard
from lamina.transforms.transform import Transform


class MixedSpectralAttentionConfig(AttentionConfig, frozen=True):
    """Settings of `MixedSpectralAttention`; the fields are its arguments.

    Raises
    ------
    lamina.errors.ArgumentError
        When a value lies outside its limits, no transform is asked for, or the heads do not divide the hidden
        size or are fewer than the transforms.

    Examples
    --------
    >>> MixedSpectralAttentionConfig(hidden_dim=36).kinds()
    ('fft', 'dct', 'hadamard')
    >>> try:
    ...     MixedSpectralAttentionConfig(hidden_dim=32)
    ... except ValueError as error:
    ...     print(error)
    num_heads must be a divisor of hidden_dim = 32 and at least 3, got 9. Choose one of 4, 8, 16, 32.
    """

    layer: Literal["MixedSpectralAttention"] = "MixedSpectralAttention"
    num_heads: Count = 9
    use_fft: Flag = True
    use_dct: Flag = True
    use_hadamard: Flag = True

    def kinds(self) -> tuple[str, ...]:
        """Names of the transforms that are asked for."""
        asked = {"fft": self.use_fft, "dct": self.use_dct, "hadamard": self.use_hadamard}
        return tuple(kind for kind, wanted in asked.items() if wanted)

    def head_size(self) -> int:
        """Size of one head: hidden_dim / num_heads."""
        least = len(self.kinds())
        if not least:
            raise ArgumentError(
                "use_fft, use_dct, use_hadamard",
                allowed="True for at least one of them",
                got="False for all",
                remedy="Choose the transforms that the heads shall take.",
            )
        if self.hidden_dim % self.num_heads or self.num_heads < least:
            fitting = [heads for heads in range(least, self.hidden_dim + 1) if self.hidden_dim % heads == 0]
            shown = f"one of {', '.join(map(str, fitting))}" if fitting else "a greater hidden_dim"
            raise ArgumentError(
                "num_heads",
                allowed=f"a divisor of hidden_dim = {self.hidden_dim} and at least {least}",
                got=str(self.num_heads),
                remedy=f"Choose {shown}.",
            )
        return self.hidden_dim // self.num_heads


class MixedSpectralAttention(TransformAttention):
    r"""Attention by products of spectra as in `LSTAttention`, with Fourier, cosine and Hadamard heads.

    .. math:: o_h = T_h^{*}(\sigma_h \odot \hat q_h^{*} \odot \hat k_h \odot T_h v_h)

    with :math:`\hat q` and :math:`\hat k` as in `LSTAttention`, normalised (sizes in place of squares for
    complex numbers). Of the heads, the first run takes the Fourier transform, the next the cosine transform
    of type II, the last the Walsh–Hadamard transform, as far as they are asked for. The runs are as even as
    they can be: 8 heads and three transforms make 3, 3 and 2.

    A Fourier head has complex spectra and the same real σ as the others. Queries come conjugated, so the gate
    is their cross-correlation with the keys, it does not see a circular shift of the sequence, and a shift of
    the input shifts the output. All spectra are Hermitian, so the output is real, and half of each is enough.

    Initial output variance: 0.125.
    Parameters: 4·hidden_dim² + 5·hidden_dim.

    Parameters
    ----------
    hidden_dim
        Size of the last axis.
    num_heads
        A divisor of ``hidden_dim``, at least as many as transforms; a multiple of their number splits evenly.
    use_fft, use_dct, use_hadamard
        Whether there are heads with this transform.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    generator
        For the initial weights, drawn on the CPU; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    use_fft, use_dct, use_hadamard : bool
        As given.
    transforms : torch.nn.ModuleList
        One for each head, or a single one for all.
    scale : torch.nn.Parameter
        σ, (num_heads, head_dim), initially ones.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, no transform is asked for, the heads do not divide the
        hidden size or are fewer than the transforms, or ``forward`` gets a tensor of another shape or kind.

    References
    ----------
    Wu et al. 2021, Autoformer: decomposition transformers with auto-correlation, NeurIPS, Eqs. 5 and 6.

    Examples
    --------
    >>> import torch
    >>> layer = MixedSpectralAttention(hidden_dim=12, num_heads=3)
    >>> [type(transform).__name__ for transform in layer.transforms]
    ['RFFT', 'DCT', 'Hadamard']
    >>> layer(torch.ones(1, 5, 12)).shape
    torch.Size([1, 5, 12])
    """

    Config = MixedSpectralAttentionConfig

    def __init__(
        self,
        hidden_dim: int,
        num_heads: int = 9,
        use_fft: bool = True,
        use_dct: bool = True,
        use_hadamard: bool = True,
        dropout: float = 0.0,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = MixedSpectralAttentionConfig(
            hidden_dim=hidden_dim,
            num_heads=num_heads,
            use_fft=use_fft,
            use_dct=use_dct,
            use_hadamard=use_hadamard,
            dropout=dropout,
        )
        built: dict[str, Transform] = {
            "fft": RFFT(dim=1),
            "dct": DCT(dim=1),
            "hadamard": Hadamard(dim=1),
        }
        kinds = config.kinds()
        super().__init__(
            config,
            [
                (built[kind], heads)
                for kind, heads in zip(kinds, runs(config.num_heads, len(kinds)), strict=True)
            ],
            generator=generator,
            device=device,
            dtype=dtype,
        )
        self.use_fft, self.use_dct, self.use_hadamard = config.use_fft, config.use_dct, config.use_hadamard
