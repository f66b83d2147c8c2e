"""LagMoments as plain numbers and arrays, and the check of such a dictionary on its way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import array_api_compat

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.stats.admission import check_weight
from lamina.stats.window_moments import WindowMoments
from lamina.typing import Array

VERSION = 1

_COUNTS = ("n_windows", "n_trials", "n_short_trials", "n_samples", "windows_before_trial", "clock")
_NUMBERS = ("memory", "horizon", "gap", "channels", "half_life", "trial_open", *_COUNTS)


def write_state(
    numbers: Mapping[str, Any], total: WindowMoments | None, carry: Array | None
) -> dict[str, Any]:
    """Put the parts of a LagMoments into one flat dictionary; arrays are copied.

    Parameters
    ----------
    numbers
        Parameters and counts, JSON-able.
    total
        Moments gathered so far, if any.
    carry
        Samples of the open trial that later windows need, if any.

    Returns
    -------
    dict
        Arrays ``origin``, ``mean``, ``scatter`` and ``carry`` are missing where there is nothing yet.
    """
    state: dict[str, Any] = {"version": VERSION, **{name: numbers[name] for name in _NUMBERS}}
    state["trial_weight"] = numbers["trial_weight"]
    if total is not None:
        copied = total.copy()
        state |= {"weight": copied.weight, "weight_squares": copied.weight_squares}
        state |= {"origin": copied.origin, "mean": copied.mean, "scatter": copied.scatter}
    if carry is not None:
        state["carry"] = carry + 0
    return state


def read_state(state: Mapping[str, Any]) -> tuple[dict[str, Any], WindowMoments | None, Array | None]:
    """Take a dictionary apart that `write_state` made; arrays are copied.

    Parameters
    ----------
    state
        What ``LagMoments.state()`` returned.

    Returns
    -------
    numbers, total, carry
        As `write_state` takes them.

    Raises
    ------
    ArgumentTypeError
        ``state`` is not a mapping.
    ArgumentError
        A key is missing, the version is unknown, a number cannot be, or an array has the wrong shape.
    """
    if not isinstance(state, Mapping):
        raise ArgumentTypeError(
            "state",
            allowed="a dictionary made by LagMoments.state()",
            got=type(state).__name__,
            remedy="Pass that dictionary.",
        )
    if state.get("version") != VERSION:
        raise _unusable(f"version {state.get('version')!r}", f"This lamina reads version {VERSION}.")
    missing = [name for name in _NUMBERS if name not in state]
    if "weight" in state:
        missing += [name for name in ("weight_squares", "origin", "mean", "scatter") if name not in state]
    if missing:
        raise _unusable(f"no {', '.join(missing)}", "Pass the whole dictionary.")
    numbers = {name: state[name] for name in _NUMBERS}
    for name in ("memory", "horizon", "gap", "channels"):
        check_integer(name, numbers[name], minimum=1)
    for name in _COUNTS:
        check_integer(name, numbers[name], minimum=0)
    if not isinstance(numbers["trial_open"], bool):
        raise _unusable(f"trial_open {numbers['trial_open']!r}", "It should be True or False.")
    # states from before trials had weights
    numbers["trial_weight"] = check_weight("trial_weight", state.get("trial_weight", 1.0))
    channels = numbers["channels"]
    size = (numbers["memory"] + numbers["gap"] + numbers["horizon"] - 1) * channels
    total = None
    if "weight" in state:
        for name, shape in (("origin", (channels,)), ("mean", (size,)), ("scatter", (size, size))):
            if _shape(name, state[name]) != shape:
                raise _unusable(f"{name} of shape {tuple(state[name].shape)}", f"It should be {shape}.")
        total = WindowMoments(
            weight=check_real("weight", state["weight"], minimum=0),
            weight_squares=check_real("weight_squares", state["weight_squares"], minimum=0),
            origin=state["origin"],
            mean=state["mean"],
            scatter=state["scatter"],
        ).copy()
    carry = state.get("carry")
    if carry is not None:
        shape = _shape("carry", carry)
        if len(shape) != 2 or shape[1] != channels or shape[0] * channels >= size:
            raise _unusable(f"carry of shape {shape}", "It should hold less than one window.")
    return numbers, total, None if carry is None else carry + 0


def _shape(name: str, value: Any) -> tuple[int, ...]:
    if not array_api_compat.is_array_api_obj(value):
        raise _unusable(f"{name} of type {type(value).__name__}", "Turn it back into an array.")
    array: Array = value
    return tuple(array.shape)


def _unusable(got: str, remedy: str) -> ArgumentError:
    return ArgumentError("state", allowed="a dictionary made by LagMoments.state()", got=got, remedy=remedy)
