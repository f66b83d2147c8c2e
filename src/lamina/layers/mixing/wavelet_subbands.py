r"""What mixes the subbands of images: small convolutional networks, attention, an encoder.

.. math:: f(S) = W_2 * \operatorname{gelu}(W_1 *_{\mathrm{depthwise}} S), \qquad
          t' = t + \operatorname{attention}(\operatorname{norm}(t)), \quad
          t'' = t' + V_2 \operatorname{gelu}(V_1 \operatorname{norm}(t'))

Attention and encoder: Vaswani et al. 2017, with the norms before each part (Xiong et al. 2020).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from lamina.layers.mixing.wavelet_mixers import self_attention
from lamina.transforms.wavelet2d import Coefficients


def low_network(channels: int) -> nn.Sequential:
    """Make the network of the approximation."""
    return _network(channels, 1)


def detail_network(channels: int) -> nn.Sequential:
    """Make the network of the three details of a level, one behind the other, each by itself."""
    return _network(channels, 3)


def _network(channels: int, subbands: int) -> nn.Sequential:
    width = channels * subbands
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1, groups=width),
        nn.GELU(),
        nn.Conv2d(width, width, 1, groups=subbands),
    )


def encoder(channels: int, heads: int) -> nn.TransformerEncoder:
    """Make an encoder of one layer, with norms first and a feed-forward network of twice the width."""
    layer = nn.TransformerEncoderLayer(
        channels, heads, 2 * channels, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)


def attended_by(tokens: Tensor, attention: nn.MultiheadAttention) -> Tensor:
    """Self-attention with the parameters of ``attention``, whose own kernel has no rule for vmap."""
    into, out = attention.in_proj_weight, attention.out_proj
    assert into is not None
    return self_attention(
        tokens, into, attention.in_proj_bias, out.weight, out.bias, attention.num_heads, None
    )


def encoded_by(tokens: Tensor, whole: nn.TransformerEncoder) -> Tensor:
    """Run an encoder made by `encoder`, with its parameters."""
    for layer in whole.layers:
        assert isinstance(layer, nn.TransformerEncoderLayer)
        tokens = tokens + attended_by(layer.norm1(tokens), layer.self_attn)
        inner = nn.functional.gelu(layer.linear1(layer.norm2(tokens)))
        tokens = tokens + layer.linear2(inner)
    return tokens


def as_tokens(parts: Coefficients, embedding: Tensor) -> Tensor:
    """All coefficients behind each other (batch, count, channels), with their subband's embedding added."""
    subbands = _subbands(parts)
    levels = len(parts) - 1
    order = [0, *(1 + 3 * (level - 1) + kind for level in range(levels, 0, -1) for kind in range(3))]
    tokens = [
        band.flatten(2).transpose(1, 2) + embedding[row] for band, row in zip(subbands, order, strict=True)
    ]
    return torch.cat(tokens, dim=1)


def from_tokens(tokens: Tensor, parts: Coefficients) -> list[Any]:
    """Undo `as_tokens` for coefficients of the shapes of ``parts``, the embedding aside."""
    like = _subbands(parts)
    pieces = tokens.split([band.shape[2] * band.shape[3] for band in like], dim=1)
    bands = [piece.transpose(1, 2).reshape(band.shape) for piece, band in zip(pieces, like, strict=True)]
    return [bands[0], *(tuple(bands[first : first + 3]) for first in range(1, len(bands), 3))]


def redrawn(module: nn.Module, generator: torch.Generator | None) -> None:
    """Draw all parameters anew, with torch's own distributions; embeddings have standard deviation 0.02."""
    with torch.no_grad():
        for name, parameter in module.named_parameters(recurse=False):
            assert name == "band"
            parameter.normal_(0, 0.02, generator=generator)
        for part in module.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                bound = 1 / math.sqrt(part.weight[0].numel())
                part.weight.uniform_(-bound, bound, generator=generator)
                if part.bias is not None:
                    part.bias.uniform_(-bound, bound, generator=generator)
            elif isinstance(part, nn.LayerNorm):
                part.weight.fill_(1)
                part.bias.fill_(0)
        for part in module.modules():
            if isinstance(part, nn.MultiheadAttention):
                assert part.in_proj_weight is not None
                bound = math.sqrt(6 / sum(part.in_proj_weight.shape))
                part.in_proj_weight.uniform_(-bound, bound, generator=generator)
                part.in_proj_bias.fill_(0)
                part.out_proj.bias.fill_(0)


def _subbands(parts: Coefficients) -> list[Tensor]:
    flat: list[Tensor] = []
    for part in parts:
        flat.extend([part] if isinstance(part, Tensor) else part)
    return flat
