"""Activation functions by name."""

from __future__ import annotations

from typing import Literal

from torch import nn

Activation = Literal["gelu", "relu", "silu", "tanh", "sigmoid", "identity"]
"""Names of the activation functions that layers take."""

_MODULES: dict[str, type[nn.Module]] = {
    "gelu": nn.GELU,
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
}


def activation(name: Activation) -> nn.Module:
    """Make a new module for an activation function's name."""
    return _MODULES[name]()
