r"""The three mixings of packed wavelet coefficients, and their initial weights.

.. math:: w_b \odot c_b, \qquad c_b W_b, \qquad \operatorname{softmax}\bigl(QK^{\top}/\sqrt{d_h}\bigr) V

Each takes (batch, coefficients, hidden): the approximation, then the details from the last level to the
first. Attention: Vaswani et al. 2017, Eq. 1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor  # pyright: ignore[reportMissingImports]
from torch.nn import functional

Weights = nn.ParameterDict


def band_names(levels: int) -> list[str]:
    """Names of the bands in the order in which the coefficients are packed."""
    return ["approximation", *(f"detail_{level}" for level in range(levels, 0, -1))]


def initial_weights(
    mode: str, levels: int, width: int, generator: torch.Generator | None
) -> dict[str, Tensor]:
    """Make ones, identities, or Xavier-uniform projections with embeddings of standard deviation 0.02."""
    names = band_names(levels)
    if mode == "pointwise":
        return {name: torch.ones(width) for name in names}
    if mode == "channel":
        return {name: torch.eye(width) for name in names}
    into, out = math.sqrt(6 / (4 * width)), math.sqrt(6 / (2 * width))
    return {
        "in_weight": torch.empty(3 * width, width).uniform_(-into, into, generator=generator),
        "in_bias": torch.zeros(3 * width),
        "out_weight": torch.empty(width, width).uniform_(-out, out, generator=generator),
        "out_bias": torch.zeros(width),
        "band": torch.empty(levels + 1, width).normal_(0, 0.02, generator=generator),
    }


def scaled(packed: Tensor, sizes: list[int], weights: Weights) -> Tensor:
    """Multiply each band with its weight for each channel."""
    names = band_names(len(sizes) - 1)
    rows = [weights[name].to(packed.dtype).expand(size, -1) for name, size in zip(names, sizes, strict=True)]
    return packed * torch.cat(rows)


def transformed(packed: Tensor, sizes: list[int], weights: Weights) -> Tensor:
    """Multiply each band's channels with its matrix."""
    names = band_names(len(sizes) - 1)
    bands = packed.split(sizes, dim=1)
    mixed = [band @ weights[name].to(packed.dtype) for name, band in zip(names, bands, strict=True)]
    return torch.cat(mixed, dim=1)


def attended(packed: Tensor, sizes: list[int], weights: Weights, heads: int, valid: Tensor | None) -> Tensor:
    """Self-attention over the coefficients that exist, those of all bands."""
    tokens = packed + _band_rows(sizes, weights["band"])
    names = ("in_weight", "in_bias", "out_weight", "out_bias")
    into, into_bias, out, out_bias = (weights[name] for name in names)
    return self_attention(tokens, into, into_bias, out, out_bias, heads, valid)


def self_attention(
    tokens: Tensor,
    into: Tensor,
    into_bias: Tensor,
    out: Tensor,
    out_bias: Tensor,
    heads: int,
    valid: Tensor | None,
) -> Tensor:
    """Multi-head self-attention of (batch, count, width), to those tokens that are valid."""
    batch, count, width = tokens.shape
    projected = functional.linear(tokens, into, into_bias)
    query, key, value = (
        part.reshape(batch, count, heads, width // heads).transpose(1, 2)
        for part in projected.chunk(3, dim=2)
    )
    mask = None
    if valid is not None:
        # a sample without any coefficient attends to everything; nothing of it is kept
        mask = (valid | ~valid.any(dim=1, keepdim=True))[:, None, None]
    summed = _attention(query, key, value, mask)
    joined = summed.transpose(1, 2).reshape(batch, count, width)
    return functional.linear(joined, out, out_bias)


def _attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    if torch.compiler.is_compiling() or not is_functorch_wrapped_tensor(query):
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    # torch's kernel for the CPU has no rule for vmap
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return scores.softmax(dim=-1) @ value


def _band_rows(sizes: list[int], embedding: Tensor) -> Tensor:
    """Embedding of each coefficient's band; stored are the approximation's, then those from the finest on."""
    levels = len(sizes) - 1
    rows = [embedding[0], *(embedding[level] for level in range(levels, 0, -1))]
    return torch.cat([row.expand(size, -1) for row, size in zip(rows, sizes, strict=True)])
