"""Descriptions of earlier formats, brought up to the one that is written now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.io.records import NotInOrderError

FORMAT = 2
"""Version of what a description says; a higher one was written by a later lamina.

1: memory, horizon and rank were numbers, given by the user. 2: they may be "auto", and what was chosen and
tested is kept beside what was fitted.
"""

_NEW_PARAMETERS = {"criterion": "svc", "n_surrogates": 0, "seed": 0}


def upgraded(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description as this lamina writes it.

    Parameters
    ----------
    description
        As read, of format 1 or 2; nothing about it is taken for granted.

    Returns
    -------
    dict
        Of format 2; a copy where it was of format 1.

    Raises
    ------
    NotInOrderError
        If parts that the change needs are missing.
    """
    if description.get("format") != 1:
        return dict(description)
    changed = {**description, "format": FORMAT}
    if description.get("class") == "ReSU":
        return changed | _upgraded_unit(description)
    layers = description.get("layers")
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        return changed
    return changed | {"layers": [{**layer, "unit": _upgraded_unit(layer.get("unit"))} for layer in layers]}


def check_format(description: Mapping[str, Any], this: str) -> None:
    """Refuse what says no format, or that of a later lamina.

    Parameters
    ----------
    description
        As read.
    this
        Version of this lamina, for the message.

    Raises
    ------
    NotInOrderError
        If it is not a number from 1 to `FORMAT`.
    """
    written_as = description.get("format")
    if not isinstance(written_as, int) or isinstance(written_as, bool) or written_as < 1:
        raise NotInOrderError("it does not say its format")
    if written_as > FORMAT:
        writer = str(description.get("lamina"))[:40]
        shown = written_as if written_as < 10**6 else "of a number beyond all formats"
        raise NotInOrderError(
            f"it has format {shown}, written by lamina {writer}; this is lamina {this}, which reads up to "
            f"format {FORMAT}; install a newer one"
        )


def _upgraded_unit(unit: Any) -> dict[str, Any]:
    if not isinstance(unit, dict):
        raise NotInOrderError("a unit is not described")
    parameters, fitted = unit.get("parameters"), unit.get("fitted")
    if not isinstance(parameters, dict) or not isinstance(fitted, dict):
        raise NotInOrderError("its parameters or what was fitted are missing")
    if set(parameters) & set(_NEW_PARAMETERS) or {"memory", "horizon"} & set(fitted):
        raise NotInOrderError("it says format 1, and more than that has")
    lengths = {name: parameters.get(name) for name in ("memory", "horizon")}
    return {**unit, "parameters": parameters | _NEW_PARAMETERS, "fitted": fitted | lengths}
