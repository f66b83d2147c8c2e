"""Typed settings of the layers: pydantic models that check, travel as YAML or JSON, and build layers."""

from __future__ import annotations

import difflib
import json
import operator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from lamina._checks import check_path
from lamina.errors import ArgumentError, ArgumentTypeError, FileError, OutputError


def _whole(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        raise ValueError("must be a whole number, not a boolean")
    try:
        return operator.index(value)
    except TypeError:
        raise ValueError(f"must be a whole number, not {value!r}") from None


def _number(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_, str, bytes)):
        raise ValueError(f"must be a number, not {value!r}")
    return value


Count = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
"""A whole number of at least 1."""

Whole = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
"""A whole number of at least 0."""

Probability = Annotated[float, BeforeValidator(_number), Field(ge=0, lt=1)]
"""From 0 to below 1."""

Positive = Annotated[float, BeforeValidator(_number), Field(gt=0, allow_inf_nan=False)]
"""A finite number above 0."""

NonNegative = Annotated[float, BeforeValidator(_number), Field(ge=0, allow_inf_nan=False)]
"""A finite number of at least 0."""

Flag = Annotated[bool, Field(strict=True)]
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

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _translated(error, type(self)) from None


def _translated(error: ValidationError, kind: type[LayerConfig]) -> ArgumentError:
    """Put the first complaint (unknown keys before all others) into the words of `lamina.errors`."""
    complaints = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    first = complaints[0]
    name = ".".join(str(part) for part in first["loc"]) or kind.__name__
    if first["type"] == "extra_forbidden":
        known = [key for key in kind.model_fields if key != "layer"]
        key = str(first["loc"][-1])
        near = difflib.get_close_matches(key, known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(known)}."
        return ArgumentError(key, allowed=f"a key of {kind.__name__}", got="an unknown one", remedy=remedy)
    if first["type"] == "missing":
        return ArgumentError(
            name,
            allowed=f"given to {kind.__name__}",
            got="nothing",
            remedy=f"{name} has no default.",
        )
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ArgumentError):
        return cause
    rule = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    kind_of_error = ArgumentTypeError if first["type"].endswith("_type") else ArgumentError
    return kind_of_error(
        name,
        allowed=rule.removeprefix("must be "),
        got=repr(first["input"]),
        remedy=f"Choose {name} within these limits.",
    )


def read_mapping(path: str | Path) -> dict[str, Any]:
    """Read a YAML or JSON file that holds one mapping with text keys."""
    place, kind = _place(path)
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{place} cannot be read: {error}") from error
    try:
        held = json.loads(text) if kind == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise FileError(f"{place} is not valid {kind[1:]}: {error}") from error
    if not isinstance(held, dict) or not all(isinstance(key, str) for key in held):
        raise FileError(f"{place} must hold one mapping with text keys.")
    return held


def write_mapping(values: dict[str, Any], path: str | Path) -> None:
    """Write a mapping as YAML or JSON, by the file's ending."""
    place, kind = _place(path)
    text = json.dumps(values, indent=2) + "\n" if kind == ".json" else yaml.safe_dump(values, sort_keys=False)
    try:
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{place} cannot be written: {error}") from error


def _place(path: str | Path) -> tuple[Path, str]:
    place = check_path("path", path)
    kind = place.suffix.lower()
    if kind not in (".yaml", ".yml", ".json"):
        raise ArgumentError(
            "path",
            allowed="a .yaml, .yml or .json file",
            got=str(place),
            remedy="Name it after what it holds.",
        )
    return place, kind
