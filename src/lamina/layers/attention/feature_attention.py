"""What attention layers over random or learned features have in common: the way from input to output."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from lamina.layers.attention.base import AttentionLayer, cleared
from lamina.layers.attention.blockwise import Inputs, blockwise_attention, is_blockwise
from lamina.layers.attention.linear_attention import FeatureMap, Features, linear_attention, masked_keys
from lamina.layers.attention.random_features import RandomFeatureMap
from lamina.transforms.precision import full_precision, widened


class FeatureAttention(AttentionLayer):
    """Base of the attention layers whose kernel is an inner product of features.

    Parameters
    ----------
    config
        Checked settings.
    use_bias, generator, device, dtype
        As in `AttentionLayer`.

    Attributes
    ----------
    kernel : torch.nn.Module
        The feature map, which a subclass sets.

    Examples
    --------
    >>> from lamina.layers import PerformerAttention
    >>> isinstance(PerformerAttention(hidden_dim=8), FeatureAttention)
    True
    """

    kernel: nn.Module

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
            (batch, sequence, hidden), real floating, of the projections' dtype.
        mask
            (batch, sequence), True or 1 where a position is kept; holes are allowed.
        return_attention
            Return a pair whose second is None: weights are not available.
        key_padding_mask
            (batch, sequence), True where there is padding; a position is kept if both masks keep it.

        Returns
        -------
        Tensor or tuple
            Of the shape and dtype of ``x``, zero where a position is not kept; or the pair (this, None).
        """
        x, kept = self.checked(x, mask, key_padding_mask)
        q, k, v = self._projected(x)
        with full_precision(x):
            heads = self._attended(q, k, v, kept)
        output = cleared(self._output(heads, x), kept)
        return (output, None) if return_attention else output

    @property
    def _features(self) -> FeatureMap:
        return cast("FeatureMap", self.kernel)

    def _attended(self, q: Tensor, k: Tensor, v: Tensor, kept: Tensor | None) -> Tensor:
        """Let queries attend to the kept keys; all (batch, heads, sequence, head_dim)."""
        features = self._features
        if isinstance(features, RandomFeatureMap):
            bias = masked_keys(Features(None, features.bias(k)), kept).log
            assert bias is not None
            q_pairs, k_pairs, v_pairs, bias_pairs = (part.flatten(0, 1) for part in (q, k, v, bias))
            given = Inputs(q_pairs, k_pairs, v_pairs, bias_pairs, features.frequencies())
            if is_blockwise(given):
                return blockwise_attention(given, features.recipe()).unflatten(0, q.shape[:2])
        return linear_attention(features.queries(q), masked_keys(features.keys(k), kept), v)

    def _projected(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Make queries, keys and values: (batch, heads, sequence, head_dim) in full precision."""
        q = widened(self.split_heads(self.q_proj(x))).contiguous()
        k = widened(self.split_heads(self.k_proj(x))).contiguous()
        return q, k, widened(self.split_heads(self.v_proj(x)))

    def _output(self, heads: Tensor, x: Tensor) -> Tensor:
        dtype = self.out_proj.weight.dtype
        if dtype == torch.float16:
            # an estimate by noise can leave the range of float16, and infinities would meet as NaN
            largest = torch.finfo(dtype).max / (2 * math.sqrt(self.out_proj.in_features))
            heads = heads.clamp(-largest, largest)
        merged = self.merge_heads(heads.to(dtype))
        return self.dropout(self.out_proj(merged)).to(x.dtype)
