"""A unit that learns locally as plain data, and back, so that it goes on learning where it stopped."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.errors import LaminaError, StateError
from lamina.io.units import Arrays, Description, NotInOrderError, as_json, from_json
from lamina.resu.local import LocalReSU
from lamina.resu.local_settings import LocalSettings, check_local_settings
from lamina.resu.local_state import LocalState

PARAMETERS = tuple(name for name in inspect.signature(LocalReSU.__init__).parameters if name != "self")

_COUNTS = ("n_samples", "n_steps", "since_gap")

_UNITS = {
    "memory": "samples",
    "horizon": "samples",
    "gap": "samples",
    "half_life": "samples",
    "decay_steps": "samples",
    "sampling_rate": "hertz",
}


def describe_local(unit: LocalReSU) -> tuple[Description, Arrays]:
    """Turn a unit that has learned into a description, which JSON can hold, and arrays.

    Parameters
    ----------
    unit
        With at least one step of learning behind it.

    Returns
    -------
    description
        Constructor parameters, what it has seen, and the physical units of the numbers.
    arrays
        float64 arrays by name: all that it carries from one sample to the next.

    Raises
    ------
    StateError
        If it has learned nothing yet, or its parameters were changed since.
    """
    if not unit.__sklearn_is_fitted__():
        raise StateError("This LocalReSU holds nothing to save yet. Call fit first.")
    parameters = {name: as_json(getattr(unit, name)) for name in PARAMETERS}
    unit.state_.check_continues(_settings(parameters, StateError))
    names = vars(unit).get("feature_names_in_")
    arrays = {name: array.copy() for name, array in unit.state_.arrays().items()}
    counts = arrays.pop("counts")
    description = {
        "class": "LocalReSU",
        "parameters": parameters,
        "fitted": {
            "channels": int(unit.n_features_in_),
            "feature_names": None if names is None else [str(name) for name in names],
            **dict(zip(_COUNTS, counts.tolist(), strict=True)),
        },
        "units": _UNITS,
    }
    return description, arrays


def rebuild_local(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> LocalReSU:
    """Turn what `describe_local` gave back into a unit that goes on learning, after checking every part.

    Parameters
    ----------
    description, arrays
        As read; nothing about them is taken for granted.

    Returns
    -------
    LocalReSU
        Its own arrays are copies of those given.

    Raises
    ------
    NotInOrderError
        If anything is missing, superfluous, out of range, or does not go with the rest.
    """
    given, fitted = description.get("parameters"), description.get("fitted")
    if not isinstance(given, dict) or set(given) != set(PARAMETERS):
        raise NotInOrderError("its parameters are not those of a LocalReSU")
    if not isinstance(fitted, dict) or set(fitted) != {"channels", "feature_names", *_COUNTS}:
        raise NotInOrderError("what it has seen is not said as a LocalReSU would")
    channels = _count(fitted, "channels", 1)
    counts = [_count(fitted, name, 0) for name in _COUNTS]
    parameters = {name: from_json(value) for name, value in given.items()}
    weights = arrays.get("past_weights")
    units = weights.shape[0] if weights is not None and weights.ndim == 2 else 0
    # a rank that the arrays do not have is refused before anything of its size is made
    if isinstance(parameters["rank"], bool) or parameters["rank"] != units:
        raise NotInOrderError(f"it holds the weights of {units} unit(s), which is not its rank")
    settings = _settings(parameters, NotInOrderError)
    if units > min(settings.memory, settings.horizon) * channels:
        raise NotInOrderError("it has more units than its lag vectors have dimensions")
    shapes = {
        name: shape for name, shape in LocalState.shapes(settings, channels).items() if name != "counts"
    }
    if set(arrays) != set(shapes):
        raise NotInOrderError("its arrays are not those of a LocalReSU")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.float64:
            raise NotInOrderError(
                f"{name} must be float64 of shape {shape} by its parameters; it holds {array.dtype} of shape "
                f"{array.shape}"
            )
        # what a sample before a gap left behind is never read, but is a number all the same
        if not np.isfinite(array).all():
            raise NotInOrderError(f"{name} holds NaN or infinity")
    n_samples, n_steps, since_gap = counts
    if not 1 <= n_steps <= n_samples or since_gap > min(settings.window, n_samples):
        raise NotInOrderError("its numbers of samples and steps cannot be")
    if arrays["variance"].min() < 0 or not arrays["variance"].any():
        raise NotInOrderError("its variances cannot be those of a signal that varies")
    unit = LocalReSU(**parameters)
    unit.n_features_in_ = channels
    unit.state_ = LocalState(
        rule=settings.rule,
        window=(settings.memory, settings.horizon, settings.gap),
        center=settings.center,
        counts=np.array(counts, dtype=np.int64),
        **{name: np.array(array) for name, array in arrays.items()},
    )
    add_names(unit, fitted["feature_names"])
    return unit


def _settings(parameters: Mapping[str, Any], error: type[LaminaError]) -> LocalSettings:
    try:
        return check_local_settings(**parameters)
    except LaminaError as found:
        raise error(f"a parameter cannot be: {found}") from found


def add_names(unit: Any, names: Any) -> None:
    """Give an estimator the names of its channels, if there are any, or say that they cannot be."""
    if names is None:
        return
    if (
        not isinstance(names, list)
        or len(names) != unit.n_features_in_
        or not all(isinstance(name, str) for name in names)
    ):
        raise NotInOrderError("its feature names do not go with its channels")
    vars(unit).update(feature_names_in_=np.asarray(names, dtype=object))


def _count(fitted: Mapping[str, Any], name: str, minimum: int) -> int:
    value = fitted[name]
    # larger ones would not fit the counters, and nobody has seen so many samples
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value < 2**62:
        raise NotInOrderError(f"{name} is no count")
    return value
