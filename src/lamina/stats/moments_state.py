"""LagMoments as plain numbers and arrays, and the check of such a dictionary on its way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina._checks import check_integer
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.stats.window_moments import WindowMoments
from lamina.typing import Array

VERSION = 1

_NUMBERS = (
    *("memory", "horizon", "gap", "channels", "half_life", "n_windows", "n_trials", "n_short_trials"),
    *("n_samples", "trial_open", "windows_before_trial", "clock"),
)


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
        A key is missing, the version is unknown, or an array has the wrong shape.
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
    channels = numbers["channels"]
    size = (numbers["memory"] + numbers["gap"] + numbers["horizon"] - 1) * channels
    total = None
    if "weight" in state:
        for name, shape in (("origin", (channels,)), ("mean", (size,)), ("scatter", (size, size))):
            if tuple(state[name].shape) != shape:
                raise _unusable(f"{name} of shape {tuple(state[name].shape)}", f"It should be {shape}.")
        total = WindowMoments(
            weight=float(state["weight"]),
            weight_squares=float(state["weight_squares"]),
            origin=state["origin"],
            mean=state["mean"],
            scatter=state["scatter"],
        ).copy()
    carry = state.get("carry")
    if carry is not None and (
        carry.ndim != 2 or carry.shape[1] != channels or carry.shape[0] * channels >= size
    ):
        raise _unusable(f"carry of shape {tuple(carry.shape)}", "It should hold less than one window.")
    return numbers, total, None if carry is None else carry + 0


def _unusable(got: str, remedy: str) -> ArgumentError:
    return ArgumentError("state", allowed="a dictionary made by LagMoments.state()", got=got, remedy=remedy)
