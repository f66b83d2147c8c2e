"""A fitted ReSU as plain data, and back: what is written, and what must hold of what is read."""

from __future__ import annotations

import inspect
import json
import numbers
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from array_api_compat import is_array_api_obj, to_device

from lamina.errors import DataError, LaminaError, StateError
from lamina.io.records import (
    SELECTION,
    SIGNIFICANCE,
    Arrays,
    NotInOrderError,
    as_count,
    as_number,
    describe_record,
    rebuild_record,
)
from lamina.resu import ReSU
from lamina.resu.fitting import settings_of
from lamina.resu.gathering import covariances_of
from lamina.resu.settings import AUTO, Settings, check_request
from lamina.resu.solution import solve
from lamina.stats import LagMoments

Description = dict[str, Any]

PARAMETERS = tuple(name for name in inspect.signature(ReSU.__init__).parameters if name != "self")

_MOST_REAL = 1e150
"""Weights of windows are squared: above this no square is a finite number."""

_GATHERED = frozenset({"origin", "mean", "scatter"})

_SAME = 1e-4
"""Relative difference of correlations that another machine's rounding may make on badly scaled data."""

_UNITS = {
    "memory": "samples",
    "horizon": "samples",
    "gap": "samples",
    "half_life": "samples",
    "sampling_rate": "hertz",
    "predictive_information": "nats",
}


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
    selection, significance = state.get("selection_"), state.get("significance_")
    moments, moment_arrays = split_state(state["moments_"].state())
    names = state.get("feature_names_in_")
    description = {
        "class": "ReSU",
        "parameters": parameters,
        "fitted": {
            "channels": int(state["n_features_in_"]),
            "future_channels": state["future_channels_"],
            "feature_names": None if names is None else [str(name) for name in names],
            "memory": int(state["memory_"]),
            "horizon": int(state["horizon_"]),
            "n_windows": int(state["n_windows_"]),
            "n_trials": int(state["moments_"].n_trials),
            "predictive_information": float(state["predictive_information_"]),
        },
        "moments": moments,
        "units": _UNITS,
    }
    arrays = {name: _as_numpy(state[f"{name}_"]) for name in _shapes(1, 1, 1, 1, 1)}
    arrays |= {f"moments.{name}": array for name, array in moment_arrays.items()}
    for room, record, kinds in (
        ("selection", selection, SELECTION),
        ("significance", significance, SIGNIFICANCE),
    ):
        description[room] = None
        if record is not None:
            description[room], record_arrays = describe_record(record, kinds, room)
            arrays |= record_arrays
    _check_unchanged(unit, description, arrays)
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
    channels = as_count("channels", fitted.get("channels"))
    other = fitted.get("future_channels")
    future_channels = channels if other is None else as_count("future_channels", other)
    selection = rebuild_selection(description, parameters, fitted)
    filters = arrays.get("filters")
    units, lags, _ = filters.shape if filters is not None and filters.ndim == 3 else (0, 0, 0)
    settings = _settle(parameters, fitted, selection, units, lags * channels)
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
    significance = _rebuild_significance(description, arrays, units)
    rooms = (
        {name for name in arrays if name.startswith("significance.")} if significance is not None else set()
    )
    kept = rebuild_moments(description, arrays, set(shapes) | rooms)
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
        _settings=settings,
        memory_=settings.memory,
        horizon_=settings.horizon,
        rank_=units,
        selection_=selection,
        significance_=significance,
        n_windows_=as_count("n_windows", fitted.get("n_windows")),
        predictive_information_=as_number("predictive_information", fitted.get("predictive_information")),
        moments_=kept,
    )
    as_count("n_trials", fitted.get("n_trials"), 0)
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


def _settle(
    parameters: Mapping[str, Any], fitted: Mapping[str, Any], selection: Any, units: int, possible: int
) -> Settings:
    rank = parameters["rank"]
    if rank == AUTO:
        rank = units if selection is None else selection.rank
    # a rank that no fit could have had is refused before anything of its size is made
    if not 1 <= units <= as_count("rank", rank) <= possible:
        raise NotInOrderError(f"it holds {units} filters for a rank of {rank}")
    lengths = {name: as_count(name, fitted.get(name)) for name in ("memory", "horizon")}
    for name, length in lengths.items():
        if parameters[name] not in (AUTO, length):
            raise NotInOrderError(f"{name} is {str(parameters[name])[:40]} where the fit had {length}")
    try:
        return check_request(**parameters).settle(lengths["memory"], lengths["horizon"], rank)
    except LaminaError as error:
        raise NotInOrderError(f"a parameter cannot be: {error}") from error


def rebuild_selection(
    description: Mapping[str, Any], parameters: Mapping[str, Any], fitted: Mapping[str, Any]
) -> Any:
    """Return the selection of a description, if it holds one that goes with the rest."""
    if description.get("selection") is None:
        return None
    from lamina.stats.selection import Selection

    chosen = rebuild_record(Selection, SELECTION, description["selection"], {}, "selection")
    if (chosen.memory, chosen.horizon) != (fitted.get("memory"), fitted.get("horizon")):
        raise NotInOrderError("its selection is of another memory or horizon than its fit")
    if chosen.criterion != parameters["criterion"]:
        raise NotInOrderError(f"criterion is another than in the fit, {chosen.criterion}")
    for scores, candidates in ((chosen.order_scores, chosen.orders), (chosen.rank_scores, chosen.ranks)):
        lengths = {-1 if values is None else np.size(values) for values in (scores, candidates)}
        if len(lengths) != 1 or 0 in lengths:
            raise NotInOrderError("the scores of its selection do not go with the candidates")
    return chosen


def _rebuild_significance(
    description: Mapping[str, Any], arrays: Mapping[str, np.ndarray], units: int
) -> Any:
    if description.get("significance") is None:
        return None
    from lamina.resu.significance import Significance

    record = rebuild_record(Significance, SIGNIFICANCE, description["significance"], arrays, "significance")
    per_unit = (record.singular_values, record.p_values, record.threshold, record.standard_errors)
    same = all(np.shape(values) == (units,) for values in per_unit) and record.null.shape[1] == units
    if not same or record.n_significant > units:
        raise NotInOrderError("its significance is of another number of units")
    known = {f"significance.{name}" for name, kind in SIGNIFICANCE.items() if kind.type == "array"}
    if any(name not in known for name in arrays if name.startswith("significance.")):
        raise NotInOrderError("its significance holds arrays that none has")
    return record


def _check_unchanged(unit: ReSU, description: Description, arrays: Arrays) -> None:
    # what is written can be read: a parameter that was set after the fit shows here, not in a year
    try:
        again = rebuild_unit(json.loads(json.dumps(description)), arrays)
        changed = "" if again.modes_ == tuple(unit.modes_) else "rectify is another than in the fit"
    except NotInOrderError as error:
        changed = str(error)
    if not changed and not _fits_its_moments(unit):
        changed = "center, objective, ridge or rcond is another than in the fit"
    if changed:
        raise StateError(f"The parameters were changed since the fit ({changed}). Call fit before saving.")


def _fits_its_moments(unit: ReSU) -> bool:
    """Whether the moments and the parameters as they are now give the fit, but for rounding."""
    state = vars(unit)
    with warnings.catch_warnings():
        # what there was to warn of was said by the fit
        warnings.simplefilter("ignore")
        try:
            settings = settings_of(unit)
            covariances = covariances_of(settings, state["moments_"], state["future_channels_"])
            solution = solve(covariances, settings)
        except DataError:
            # old data were forgotten since: there is nothing to compare with
            return True
    means = _as_numpy(solution.past_mean), _as_numpy(state["past_mean_"])
    if (means[0] == 0.0).all() != (means[1] == 0.0).all():
        return False
    # filters turn freely where correlations are equal; correlations do not
    for name in ("singular_values", "canonical_correlations"):
        now, then = _as_numpy(getattr(solution, name)), _as_numpy(state[f"{name}_"])
        if now.shape != then.shape or np.abs(now - then).max() > _SAME * np.abs(then).max():
            return False
    return True


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


def split_state(state: Mapping[str, Any]) -> tuple[Description, Arrays]:
    """Return the numbers and the arrays of the state of moments."""
    numbers: Description = {}
    arrays: Arrays = {}
    for name, value in state.items():
        array: Any = value if is_array_api_obj(value) else None
        if array is not None and array.ndim > 0:
            arrays[name] = _as_numpy(array)
        else:
            numbers[name] = as_json(value)
    return numbers, arrays


def rebuild_moments(
    description: Mapping[str, Any], arrays: Mapping[str, np.ndarray], others: set[str]
) -> LagMoments:
    """Return the moments of a description, whose arrays are all but ``others``."""
    numbers = _mapping(description, "moments")
    extra = {name: array for name, array in arrays.items() if name not in others}
    names = {name.removeprefix("moments.") for name in extra if name.startswith("moments.")}
    if len(names) != len(extra) or not _GATHERED <= names <= _GATHERED | {"carry"} or names & set(numbers):
        raise NotInOrderError("its moments are not whole, or it holds arrays that no model has")
    for name, value in numbers.items():
        whole = isinstance(value, int) and 0 <= value < 2**63
        real = isinstance(value, float) and 0 <= value < _MOST_REAL
        if not (whole or real or (name == "half_life" and value is None)):
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
