"""A fitted ReSU as plain data, and back: what is written, and what must hold of what is read."""

from __future__ import annotations

import inspect
import json
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
from array_api_compat import is_array_api_obj, to_device

from lamina.errors import LaminaError, StateError
from lamina.resu import ReSU
from lamina.resu.settings import check_settings
from lamina.stats import LagMoments

Description = dict[str, Any]
Arrays = dict[str, np.ndarray]

PARAMETERS = tuple(name for name in inspect.signature(ReSU.__init__).parameters if name != "self")

_GATHERED = frozenset({"origin", "mean", "scatter"})

_UNITS = {
    "memory": "samples",
    "horizon": "samples",
    "gap": "samples",
    "half_life": "samples",
    "sampling_rate": "hertz",
    "predictive_information": "nats",
}


class NotInOrderError(LaminaError):
    """What was read is no description of a model; says in what respect."""


def describe_unit(unit: ReSU) -> tuple[Description, Arrays]:
    """Turn a fitted unit into a description, which JSON can hold, and arrays.

    Parameters
    ----------
    unit
        Fitted; its arrays may be of any library and on any device.

    Returns
    -------
    description
        Constructor parameters, how it was fitted, and the physical units of the numbers.
    arrays
        float64 arrays by name.

    Raises
    ------
    StateError
        If it is not fitted, or its parameters were changed since.
    """
    if not unit.__sklearn_is_fitted__():
        raise StateError("This ReSU holds nothing to save yet. Call fit first.")
    parameters = {name: as_json(getattr(unit, name)) for name in PARAMETERS}
    state = vars(unit)
    moments, moment_arrays = _split_state(state["moments_"].state())
    names = state.get("feature_names_in_")
    description = {
        "class": "ReSU",
        "parameters": parameters,
        "fitted": {
            "channels": int(state["n_features_in_"]),
            "future_channels": state["future_channels_"],
            "feature_names": None if names is None else [str(name) for name in names],
            "n_windows": int(state["n_windows_"]),
            "n_trials": int(state["moments_"].n_trials),
            "predictive_information": float(state["predictive_information_"]),
        },
        "moments": moments,
        "units": _UNITS,
    }
    arrays = {name: _as_numpy(state[f"{name}_"]) for name in _shapes(1, 1, 1, 1, 1)}
    arrays |= {f"moments.{name}": array for name, array in moment_arrays.items()}
    _check_unchanged(description, arrays, state["modes_"])
    return description, arrays


def rebuild_unit(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ReSU:
    """Turn what `describe_unit` gave back into a fitted unit, after checking every part of it.

    Parameters
    ----------
    description, arrays
        As read; nothing about them is taken for granted.

    Returns
    -------
    ReSU
        Fitted, with NumPy arrays.

    Raises
    ------
    NotInOrderError
        If anything is missing, superfluous, out of range, or does not go with the rest.
    """
    parameters = {name: from_json(value) for name, value in _mapping(description, "parameters").items()}
    if set(parameters) != set(PARAMETERS):
        raise NotInOrderError("its parameters are not those of a ReSU")
    fitted = _mapping(description, "fitted")
    channels = _count(fitted, "channels")
    other = fitted.get("future_channels")
    future_channels = channels if other is None else _count(fitted, "future_channels")
    filters = arrays.get("filters")
    units, lags, _ = filters.shape if filters is not None and filters.ndim == 3 else (0, 0, 0)
    # a rank that no fit could have had is refused before anything of its size is made
    if not 1 <= units <= _count(parameters, "rank") <= lags * channels:
        raise NotInOrderError(f"it holds {units} filters for a rank of {parameters['rank']}")
    try:
        settings = check_settings(**parameters)
    except LaminaError as error:
        raise NotInOrderError(f"a parameter cannot be: {error}") from error
    shapes = _shapes(units, settings.memory, settings.horizon, channels, future_channels)
    for name, shape in shapes.items():
        array = arrays.get(name)
        if array is None or array.shape != shape or array.dtype != np.float64:
            found = "no such array" if array is None else f"{array.dtype} of shape {array.shape}"
            raise NotInOrderError(
                f"{name} must be float64 of shape {shape} by its parameters; it holds {found}"
            )
    correlations = arrays["canonical_correlations"]
    if correlations.min() < 0 or correlations.max() > 1:
        raise NotInOrderError("its canonical correlations do not lie from 0 to 1")
    kept = _rebuild_moments(description, arrays, set(shapes))
    joint = channels if other is None else channels + future_channels
    expected = (settings.memory, settings.horizon, settings.gap, joint, settings.half_life)
    if (kept.memory, kept.horizon, kept.gap, kept.channels, kept.half_life) != expected:
        raise NotInOrderError(
            "its moments are of another memory, horizon, gap, half-life or number of channels"
        )
    unit = ReSU(**parameters)
    vars(unit).update({f"{name}_": arrays[name] for name in shapes})
    vars(unit).update(
        n_features_in_=channels,
        future_channels_=other,
        modes_=settings.modes[:units],
        valid_from_=settings.memory - 1,
        n_windows_=_count(fitted, "n_windows"),
        predictive_information_=_number(fitted, "predictive_information"),
        moments_=kept,
    )
    names = fitted.get("feature_names")
    if names is not None:
        if (
            not isinstance(names, list)
            or len(names) != channels
            or not all(isinstance(n, str) for n in names)
        ):
            raise NotInOrderError("its feature names do not go with its channels")
        vars(unit).update(feature_names_in_=np.asarray(names, dtype=object))
    return unit


def _check_unchanged(description: Description, arrays: Arrays, modes: tuple[str, ...]) -> None:
    # what is written can be read: a parameter that was set after the fit shows here, not in a year
    try:
        again = rebuild_unit(json.loads(json.dumps(description)), arrays)
        changed = "" if again.modes_ == tuple(modes) else "rectify is another than in the fit"
    except NotInOrderError as error:
        changed = str(error)
    if changed:
        raise StateError(f"The parameters were changed since the fit ({changed}). Call fit before saving.")


def as_json(value: Any) -> Any:
    """Return numbers of NumPy and fractions as those of JSON, and sequences as lists."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, numbers.Real) and not isinstance(value, (int, float)):
        return float(value)
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def from_json(value: Any) -> Any:
    """Return lists as tuples, which nobody can change."""
    return tuple(from_json(item) for item in value) if isinstance(value, list) else value


def _shapes(
    units: int, memory: int, horizon: int, channels: int, future_channels: int
) -> dict[str, tuple[int, ...]]:
    return {
        "filters": (units, memory, channels),
        "future_filters": (units, horizon, future_channels),
        "canonical_correlations": (units,),
        "singular_values": (units,),
        "forecast": (horizon * future_channels, units),
        "reconstruction": (memory * channels, units),
        "past_mean": (memory, channels),
        "future_mean": (horizon, future_channels),
    }


def _split_state(state: Mapping[str, Any]) -> tuple[Description, Arrays]:
    numbers: Description = {}
    arrays: Arrays = {}
    for name, value in state.items():
        array: Any = value if is_array_api_obj(value) else None
        if array is not None and array.ndim > 0:
            arrays[name] = _as_numpy(array)
        else:
            numbers[name] = as_json(value)
    return numbers, arrays


def _rebuild_moments(
    description: Mapping[str, Any], arrays: Mapping[str, np.ndarray], others: set[str]
) -> LagMoments:
    numbers = _mapping(description, "moments")
    extra = {name: array for name, array in arrays.items() if name not in others}
    names = {name.removeprefix("moments.") for name in extra if name.startswith("moments.")}
    if len(names) != len(extra) or not _GATHERED <= names <= _GATHERED | {"carry"} or names & set(numbers):
        raise NotInOrderError("its moments are not whole, or it holds arrays that no ReSU has")
    for name, value in numbers.items():
        whole = isinstance(value, int) and value >= 0
        if not (whole or (isinstance(value, float) and value > 0) or (name == "half_life" and value is None)):
            raise NotInOrderError(f"{name[:40]!r} of its moments is no count or number")
    state = {**numbers, **{name.removeprefix("moments."): array for name, array in extra.items()}}
    try:
        return LagMoments.from_state(state)
    except (LaminaError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise NotInOrderError(f"its moments are not in order ({error})") from error


def _as_numpy(array: Any) -> np.ndarray:
    return np.asarray(to_device(array, "cpu"))


def _mapping(description: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = description.get(name)
    if not isinstance(value, dict):
        raise NotInOrderError(f"its part {name!r} is missing")
    return value


def _count(fitted: Mapping[str, Any], name: str) -> int:
    value = fitted.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise NotInOrderError(f"{name} is no count")
    return value


def _number(fitted: Mapping[str, Any], name: str) -> float:
    value = fitted.get(name)
    if not isinstance(value, float):
        raise NotInOrderError(f"{name} is no number")
    return value
