"""In which precision a transform computes, and what it returns."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from lamina.errors import ArgumentTypeError

_COMPLEX = {torch.float32: torch.complex64, torch.float64: torch.complex128}


def working_dtype(dtype: torch.dtype) -> torch.dtype:
    """Real dtype that is computed in: float64 stays, everything shorter becomes float32."""
    return torch.float64 if dtype in (torch.float64, torch.complex128) else torch.float32


def complex_dtype(dtype: torch.dtype) -> torch.dtype:
    """Complex dtype whose parts have the working precision of ``dtype``."""
    return _COMPLEX[working_dtype(dtype)]


def widened(x: Tensor) -> Tensor:
    """``x`` in its working precision; what is there already is returned as it is."""
    if x.is_complex():
        return x.to(complex_dtype(x.dtype))
    return x.to(working_dtype(x.dtype))


def full_precision(x: Tensor) -> AbstractContextManager[object]:
    """Context without autocast on the device of ``x``, for products that belong to a transform."""
    kind = x.device.type
    # "meta" has no autocast; where none is on, there is nothing to enter
    if kind == "meta" or not torch.is_autocast_enabled(kind):
        return nullcontext()
    return torch.autocast(kind, enabled=False)


def check_tensor(name: str, value: object, *, complex_too: bool = False) -> Tensor:
    """Return ``value`` if it is a floating tensor (or a complex one, where that is allowed)."""
    kind = "a floating or complex torch tensor" if complex_too else "a real floating torch tensor"
    if not isinstance(value, Tensor):
        raise ArgumentTypeError(
            name, allowed=kind, got=f"a {type(value).__name__}", remedy="Convert it with torch.as_tensor."
        )
    if not (value.is_floating_point() or (complex_too and value.is_complex())):
        raise ArgumentTypeError(
            name, allowed=kind, got=str(value.dtype), remedy="Convert it, with .float() or .real for example."
        )
    return value
