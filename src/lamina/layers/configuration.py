"""Typed settings of the layers: pydantic models that check, travel as YAML or JSON, and build layers."""

from __future__ import annotations

import difflib
import operator
import reprlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from lamina.errors import ArgumentError, ArgumentTypeError

# no axis of a tensor is longer on any machine
_LARGEST = 2**31 - 1


def _whole(value: Any) -> Any:
    if _is_boolean(value) or getattr(value, "ndim", 0) > 0:
        raise ValueError("must be a whole number")
    try:
        return operator.index(value)
    except (TypeError, RuntimeError):
        # a tensor without data has no value
        raise ValueError("must be a whole number") from None


def _number(value: Any) -> Any:
    if isinstance(value, (str, bytes)) or _is_boolean(value) or getattr(value, "ndim", 0) > 0:
        raise ValueError("must be a number")
    try:
        # as a number of Python's, which says so if it is complex; a tensor without data has no value
        return value.item() if hasattr(value, "item") else value
    except RuntimeError:
        raise ValueError("must be a number") from None


def _flag(value: Any) -> Any:
    return bool(value) if isinstance(value, np.bool_) else value


def _is_boolean(value: Any) -> bool:
    # arrays and tensors of one boolean would pass for 0 and 1
    return isinstance(value, bool) or "bool" in str(getattr(value, "dtype", ""))


Count = Annotated[int, Field(ge=1, le=_LARGEST), BeforeValidator(_whole)]
"""A whole number of at least 1."""

Whole = Annotated[int, Field(ge=0, le=_LARGEST), BeforeValidator(_whole)]
"""A whole number of at least 0."""

Probability = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False), BeforeValidator(_number)]
"""From 0 to below 1."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_number)]
"""A finite number above 0."""

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_number)]
"""A finite number of at least 0."""

Flag = Annotated[bool, Field(strict=True), BeforeValidator(_flag)]
"""True or False, and nothing that merely looks like it."""

FFTNorm = Literal["ortho", "backward", "forward"]
"""Scaling of a Fourier transform, as in `torch.fft`."""


class LayerConfig(BaseModel, frozen=True, extra="forbid"):
    """Base of the layers' settings: frozen, checked, with errors that name the nearest key.

    A subclass has the layer's constructor arguments as fields, with the same defaults and their limits, and a
    field ``layer`` with the class's name, which tells files apart. The layers check their arguments with it.

    Raises
    ------
    lamina.errors.ArgumentError
        When a key is unknown or missing, or a value lies outside its limits.

    Examples
    --------
    >>> from lamina.layers import FourierMixingConfig
    >>> FourierMixingConfig(hidden_dim=64, dropout=0.1).dropout
    0.1
    >>> try:
    ...     FourierMixingConfig(hiden_dim=64)
    ... except ValueError as error:
    ...     print(error)
    hiden_dim must be a key of FourierMixingConfig, got an unknown one. Did you mean 'hidden_dim'?
    """

    layer: str = ""

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _translated(error, type(self)) from None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Make settings from a mapping, as it stands in a file.

        Parameters
        ----------
        values
            Settings by their names.

        Returns
        -------
        LayerConfig
            Checked settings of this class.
        """
        if not isinstance(values, Mapping):
            raise ArgumentTypeError(
                "values",
                allowed="a mapping of settings",
                got=f"a {type(values).__name__}",
                remedy="Pass a dictionary of settings.",
            )
        odd = [key for key in values if not isinstance(key, str)]
        if odd:
            raise ArgumentTypeError(
                "values",
                allowed="a mapping whose keys are text",
                got=f"the key {_shown(odd[0])}",
                remedy="Name each setting.",
            )
        return cls(**values)


def _translated(error: ValidationError, kind: type[LayerConfig]) -> ArgumentError:
    """Put the first complaint (unknown keys before all others) into the words of `lamina.errors`."""
    complaints = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    first = complaints[0]
    name = _path(first["loc"]) or kind.__name__
    if first["type"] == "extra_forbidden":
        known = [key for key in kind.model_fields if key != "layer"]
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(known)}."
        return ArgumentError(name, allowed=f"a key of {kind.__name__}", got="an unknown one", remedy=remedy)
    if first["type"] == "missing":
        return ArgumentError(
            name,
            allowed=f"given to {kind.__name__}",
            got="nothing",
            remedy=f"{name} has no default.",
        )
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ArgumentError):
        return _placed(cause, first["loc"])
    rule = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    kind_of_error = ArgumentTypeError if first["type"].endswith("_type") else ArgumentError
    return kind_of_error(
        name,
        allowed=rule.removeprefix("must be "),
        got=_shown(first["input"]),
        remedy=_remedy(first, name),
    )


def _path(place: tuple[int | str, ...]) -> str:
    """Write where a value stands as Python would: ``mixer[1].hidden_dim``."""
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{_tame(part)}" for part in place
    ).removeprefix(".")


def _tame(key: str) -> str:
    """Show a key that came from anywhere in one short line."""
    return key if key.isprintable() and len(key) <= 60 else reprlib.repr(key)


def _placed(cause: ArgumentError, place: tuple[int | str, ...]) -> ArgumentError:
    """Say where the nested settings stand that an error is about; one about the field itself names it."""
    fields = [part for part in place if isinstance(part, str)]
    inner = "" if not fields or cause.argument in ("", fields[-1]) else f".{cause.argument}"
    name = _path(place) + inner if fields else cause.argument
    return type(cause)(name, allowed=cause.allowed, got=cause.got, remedy=cause.remedy)


def _remedy(complaint: Any, name: str) -> str:
    if complaint["type"] == "literal_error" and isinstance(complaint["input"], str):
        choices = [part.strip("', ") for part in complaint["ctx"]["expected"].split("'")[1::2]]
        near = difflib.get_close_matches(complaint["input"], choices, n=1)
        if near:
            return f"Did you mean {near[0]!r}?"
    return f"Choose {name} within these limits."


def _shown(value: Any) -> str:
    """Show a value that came from anywhere in little room."""
    try:
        return reprlib.repr(value)
    except ValueError:
        # Python writes out no number of thousands of digits
        return f"a very large {type(value).__name__}"
