r"""Attention in the domain of an orthonormal transform along the sequence.

.. math:: o = T^{*}\bigl(\sigma \odot (T q)^{*} \odot (T k) \odot (T v)\bigr)

for each head, with queries, keys and values (sequence, channels) and everything between T and its adjoint
elementwise; see `lst_gate` for what is normalised, and for the sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from lamina.layers.attention.base import AttentionConfig, AttentionLayer, cleared
from lamina.layers.attention.lst_domain import frequencies, is_folded, multiplicity, signal, spectrum
from lamina.layers.attention.lst_fold import arranged, restored
from lamina.layers.attention.lst_gate import gated
from lamina.layers.layer import properties
from lamina.layers.masking import compacted, gathered
from lamina.transforms.fourier import RFFT
from lamina.transforms.hadamard import Hadamard
from lamina.transforms.precision import widened
from lamina.transforms.transform import Transform


class TransformAttention(AttentionLayer):
    """Base of the attention layers that multiply spectra.

    Parameters
    ----------
    config
        Checked settings.
    transforms
        The transforms along axis 1, each with the number of heads that take it, in the order of the heads.
    learnable_scale
        Whether there is a ``scale``.
    normalize
        Whether queries and keys are divided by their length at each frequency.
    use_bias, generator, device, dtype
        As in `AttentionLayer`.

    Attributes
    ----------
    transforms : torch.nn.ModuleList
        The transform, or one for each head if there are several.
    scale : torch.nn.Parameter or None
        (num_heads, head_dim), initially ones.
    normalize : bool
        As given.

    Examples
    --------
    >>> from lamina.layers import LSTAttention
    >>> LSTAttention(hidden_dim=8).transforms
    ModuleList(
      (0): DCT(type=2, dim=1, norm='ortho')
    )
    """

    def __init__(
        self,
        config: AttentionConfig,
        transforms: Sequence[tuple[Transform, int]],
        *,
        learnable_scale: bool = True,
        normalize: bool = True,
        use_bias: bool = True,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(config, use_bias=use_bias, generator=generator, device=device, dtype=dtype)
        self.normalize = normalize
        per_head = [transform for transform, heads in transforms for _ in range(heads)]
        self.transforms = nn.ModuleList(per_head if len(transforms) > 1 else per_head[:1])
        self._heads = tuple(heads for _, heads in transforms)
        self.scale = (
            nn.Parameter(torch.ones(self.num_heads, self.head_dim, device=device, dtype=dtype))
            if learnable_scale
            else None
        )

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        return_attention: bool = False,
        *,
        key_padding_mask: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, None]:
        """Mix the positions that are kept.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating; the transforms of half precision are taken in float32.
        mask
            (batch, sequence), True or 1 where a position is kept; holes are allowed: the kept positions are
            transformed as if the others were not there.
        return_attention
            Return a pair, for which there are no weights: they would be sequence × sequence for each channel.
        key_padding_mask
            (batch, sequence), True where there is padding; a position is kept if both masks keep it.

        Returns
        -------
        Tensor or tuple
            Of the shape and dtype of ``x``, zero where a position is not kept; with ``return_attention`` the
            pair of this and None.
        """
        cleaned, kept = self.checked(x, mask, key_padding_mask)
        if kept is None:
            mixed = self._mixed(cleaned, None)
        else:
            order, places, lengths = compacted(kept)
            mixed = gathered(self._mixed(gathered(cleaned, order), lengths), places)
        output = self.dropout(cleared(self._projected_back(mixed), kept)).to(x.dtype)
        return (output, None) if return_attention else output

    def _mixed(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Compute the outputs of all heads, (batch, n, hidden), from samples that start at position 0."""
        parts, first, n = [], 0, x.shape[1]
        for heads in self._heads:
            transform = cast("Transform", self.transforms[first if len(self.transforms) > 1 else 0])
            folded = is_folded(transform, lengths)
            projected = self._projected(arranged(x) if folded else x, transform, first, heads)
            spectra = spectrum(transform, widened(projected), lengths)
            product = gated(
                spectra.unflatten(2, (3, heads, self.head_dim)),
                normalize=self.normalize,
                weights=multiplicity(transform, n, lengths, spectra),
                count=frequencies(transform, n, lengths),
            )
            output = signal(transform, product.flatten(2, 3), n, lengths).to(projected.dtype)
            parts.append(restored(output) if folded else output)
            first += heads
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)

    def _projected(self, x: Tensor, transform: Transform, first: int, heads: int) -> Tensor:
        """Project into queries, keys and values of some heads, side by side, by one product."""
        rows = slice(first * self.head_dim, (first + heads) * self.head_dim)
        layers = (self.q_proj, self.k_proj, self.v_proj)
        weight = torch.cat([layer.weight[rows] for layer in layers])
        bias = None if self.q_proj.bias is None else torch.cat([layer.bias[rows] for layer in layers])
        if isinstance(transform, Hadamard):
            return nn.functional.linear(x, weight, bias)
        # Fourier transforms want the positions side by side in memory
        weights, turned = weight.expand(x.shape[0], -1, -1), x.transpose(1, 2)
        if bias is None:
            return torch.bmm(weights, turned).transpose(1, 2)
        return torch.baddbmm(bias[:, None], weights, turned).transpose(1, 2)

    def _projected_back(self, mixed: Tensor) -> Tensor:
        """Project the heads' outputs. A scale that knows no frequency commutes with the transform."""
        if self.scale is None:
            return self.out_proj(mixed)
        return nn.functional.linear(mixed, self.out_proj.weight * self.scale.flatten(), self.out_proj.bias)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: with Fourier heads alone, a shifted sequence gives a shifted output.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`.
        """
        return properties(
            translation_equivariant=all(isinstance(transform, RFFT) for transform in self.transforms),
            complexity="O(n d (log n + d))",
        )
