"""Padding: which positions of a batch are data, and what that means for a layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lamina.errors import ArgumentTypeError, DataError, ShapeError


def can_look(x: Tensor) -> bool:
    """Whether values may be looked at: not while compiling or exporting, under vmap, or without data."""
    return not (
        torch.compiler.is_compiling()
        or x.device.type == "meta"
        or torch._C._functorch.is_functorch_wrapped_tensor(x)  # pyright: ignore[reportAttributeAccessIssue]
    )


def check_padding(name: str, mask: Any, x: Tensor) -> Tensor:
    """Return a boolean (batch, sequence) mask on the device of ``x``."""
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        got = str(mask.dtype) if isinstance(mask, Tensor) else f"a {type(mask).__name__}"
        raise ArgumentTypeError(
            name,
            allowed="a boolean tensor, True where there is padding",
            got=got,
            remedy="Convert it with .bool().",
        )
    if mask.shape != x.shape[:2]:
        raise ShapeError(
            name,
            allowed=f"of shape (batch, sequence) = {tuple(x.shape[:2])}",
            got=f"shape {tuple(mask.shape)}",
            remedy="Give one value for each position of each sample.",
        )
    return mask.to(x.device)


def prefix_lengths(mask: Any, x: Tensor) -> Tensor | None:
    """Length of each sample whose padding lies on the right: (batch,) whole numbers; None without a mask.

    Padding elsewhere is an error. It cannot be noticed while a layer is compiled, exported or vectorised,
    where no value may be looked at; there the first positions count, as many as are unmasked.
    """
    if mask is None:
        return None
    mask = check_padding("key_padding_mask", mask, x)
    if can_look(mask) and bool((mask[:, :-1] & ~mask[:, 1:]).any()):
        raise DataError(
            "key_padding_mask",
            allowed="padding on the right only (False, ..., False, True, ..., True)",
            got="data after padding",
            remedy="Move each sample to the front; this layer transforms it as one piece.",
        )
    return (~mask).sum(dim=1)


def keep_mask(mask: Any, key_padding_mask: Any, x: Tensor) -> Tensor | None:
    """One boolean (batch, sequence) mask, True = keep, from an attention layer's two arguments.

    ``mask`` is the documented one: True (or 1) = keep, holes allowed; None without either.
    """
    kept = None
    if key_padding_mask is not None:
        kept = ~check_padding("key_padding_mask", key_padding_mask, x)
    if mask is not None:
        if not isinstance(mask, Tensor):
            raise ArgumentTypeError(
                "mask",
                allowed="a (batch, sequence) tensor, True or 1 where a position is kept",
                got=f"a {type(mask).__name__}",
                remedy="Convert it with torch.as_tensor.",
            )
        if mask.dtype != torch.bool:
            mask = _zero_or_one(mask)
        named = check_padding("mask", mask, x)
        kept = named if kept is None else kept & named
    return kept


def _zero_or_one(mask: Tensor) -> Tensor:
    if can_look(mask) and bool(((mask != 0) & (mask != 1)).any()):
        raise DataError(
            "mask",
            allowed="of zeros and ones, 1 where a position is kept",
            got="other numbers",
            remedy="An additive mask (0 and -inf) is not this; give mask == 0 instead.",
        )
    return mask != 0


def compacted(kept: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Ways to move the kept positions of each sample to its front, and back.

    Returns
    -------
    order, places, lengths
        (batch, sequence) indices: ``x.gather(1, order)`` has the kept positions first, in their order, and
        ``y.gather(1, places)`` undoes it; (batch,) numbers of kept positions.
    """
    order = torch.argsort((~kept).to(torch.int8), dim=1, stable=True)
    places = torch.argsort(order, dim=1)
    return order, places, kept.sum(dim=1)


def gathered(x: Tensor, index: Tensor) -> Tensor:
    """``x`` (batch, sequence, channels) with its positions in the order of ``index`` (batch, sequence)."""
    return x.gather(1, index[..., None].expand(-1, -1, x.shape[2]))
