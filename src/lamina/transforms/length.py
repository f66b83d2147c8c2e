"""Lengths of signals: whole numbers, or symbols while a graph is traced that is to serve any length."""

from __future__ import annotations

from typing import Any

import torch

from lamina._checks import check_integer
from lamina.errors import ArgumentError


def check_length(name: str, value: Any, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Return ``value`` as an ``int``, or the symbol of `torch.export` that it is."""
    if not is_symbol(value):
        return check_integer(name, value, minimum=minimum, maximum=maximum)
    if value < minimum or (maximum is not None and value > maximum):
        raise ArgumentError(
            name,
            allowed=f"an integer of at least {minimum}" + (f" and at most {maximum}" if maximum else ""),
            got=str(value),
            remedy=f"Choose {name} within these limits.",
        )
    # a symbol stands for a whole number wherever torch takes one
    return value  # pyright: ignore[reportReturnType]


def is_symbol(length: int) -> bool:
    """Whether a length is a symbol of `torch.export`, which stands for any length of at least 2."""
    return isinstance(length, torch.SymInt)


def larger(one: int, other: int) -> int:
    """Maximum of two lengths; that of a symbol stays one, where `max` would choose for good."""
    return torch.sym_max(one, other)  # pyright: ignore[reportReturnType]


def next_power_of_two(n: int) -> int:
    """Smallest power of two that is at least ``n``."""
    size = 1
    # comparisons, which leave a symbol free between two powers
    while size < n:
        size *= 2
    return size


def quick_size(least: int) -> int:
    """Size that is at least this, and quick to transform: a power of two, 3·2ᵏ, or a multiple of 64.

    The last is for what is traced: there the length may be a symbol, which has no number of binary digits.
    """
    if torch.compiler.is_compiling():
        return -(-least // 64) * 64
    size = 1 << max(least - 1, 0).bit_length()
    return size * 3 // 4 if size >= 4 and size * 3 // 4 >= least else size
