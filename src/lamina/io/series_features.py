"""Fitted ReSUFeatures as plain data, and back."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from lamina.errors import LaminaError, StateError
from lamina.io.records import Arrays, NotInOrderError, as_count
from lamina.io.units import Description, as_json, from_json
from lamina.resu.features.bank import FeatureUnit
from lamina.resu.features.scales import Scale
from lamina.resu.features.settings import FeatureSettings, check_settings
from lamina.resu.features.transformer import ReSUFeatures

PARAMETERS = tuple(name for name in inspect.signature(ReSUFeatures.__init__).parameters if name != "self")

_FITTED = {"channels", "n_features_in", "of_table", "feature_names", "statistics", "levels", "scales"}

_SCALE = {field.name for field in fields(Scale)}

_PER_UNIT = ("scale", "index")
"""Whole numbers of each unit, which the file holds as float64."""

_LONGEST = 2**31
"""Compiled code counts samples from the start of a window by integers that must not overflow."""


def plain(value: Any) -> Any:
    """Return a setting as JSON holds it: numbers, text, None, or a list of these."""
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, np.ndarray)):
        value = list(value)
    return as_json(value)


def describe_features(features: ReSUFeatures) -> tuple[Description, Arrays]:
    """Turn fitted features into a description, which JSON can hold, and arrays.

    Parameters
    ----------
    features
        Fitted.

    Returns
    -------
    description
        Constructor parameters, what was seen in the fit, and the scales.
    arrays
        float64 and float32 arrays by name: filters of all units one after another, and what each unit has.

    Raises
    ------
    StateError
        If they are not fitted, or their parameters were changed since, as far as that shows.
    """
    state = vars(features)
    if "units_" not in state:
        raise StateError("These ReSUFeatures hold nothing to save yet. Call fit first.")
    units: list[FeatureUnit] = features.units_
    scales = list(dict.fromkeys(unit.scale for unit in units))
    names = state.get("feature_names_in_")
    description = {
        "class": "ReSUFeatures",
        "parameters": {name: plain(getattr(features, name)) for name in PARAMETERS},
        "fitted": {
            "channels": int(features.n_channels_),
            "n_features_in": int(features.n_features_in_),
            "of_table": bool(features._of_table),
            "feature_names": None if names is None else [str(name) for name in names],
            "statistics": features.feature_statistics_[features.feature_units_ == 0].tolist(),
            "levels": features._levels.tolist(),
            "scales": [asdict(scale) for scale in scales],
        },
    }
    place = {scale: k for k, scale in enumerate(scales)}
    numbers = [(place[unit.scale], unit.index) for unit in units]
    arrays = {
        "channel_means": np.array(features.channel_means_, dtype=np.float64),
        "channel_scales": np.array(features.channel_scales_, dtype=np.float64),
        "filters": np.concatenate([unit.filter.ravel() for unit in units]),
        "canonical_correlations": np.array([unit.canonical_correlation for unit in units], dtype=np.float64),
        "thresholds": np.stack([unit.thresholds for unit in units]),
    }
    arrays |= dict(zip(_PER_UNIT, np.array(numbers, dtype=np.float64).T.copy(), strict=True))
    # what is written can be read: a parameter that was set after the fit shows here, not in a year
    try:
        rebuild_features(json.loads(json.dumps(description)), arrays)
    except NotInOrderError as error:
        raise StateError(
            f"Parameters were changed since the fit ({error}). Call fit before saving."
        ) from None
    return description, arrays


def rebuild_features(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ReSUFeatures:
    """Turn what `describe_features` gave back into fitted features, after checking every part.

    Parameters
    ----------
    description, arrays
        As read; nothing about them is taken for granted.

    Returns
    -------
    ReSUFeatures
        Their own arrays are copies of those given.

    Raises
    ------
    NotInOrderError
        If anything is missing, superfluous, out of range, or does not go with the rest.
    """
    given, fitted = description.get("parameters"), description.get("fitted")
    if not isinstance(given, dict) or set(given) != set(PARAMETERS):
        raise NotInOrderError("its parameters are not those of ReSUFeatures")
    if not isinstance(fitted, dict) or set(fitted) != _FITTED:
        raise NotInOrderError("what was fitted is not said as ReSUFeatures would")
    features = ReSUFeatures(**{name: from_json(value) for name, value in given.items()})
    try:
        settings = check_settings(features)
        features._n_threads()
    except (LaminaError, TypeError) as error:
        raise NotInOrderError(f"a parameter cannot be: {error}") from error
    if fitted["statistics"] != list(settings.names):
        raise NotInOrderError("its statistics are not those that this lamina computes")
    channels = as_count("channels", fitted["channels"])
    units = _rebuild_units(fitted["scales"], arrays, channels, settings)
    scales = take_array(arrays, "channel_scales", (channels,), (np.float64,))
    if scales.min() <= 0:
        raise NotInOrderError("its channels do not deviate")
    _set_inputs(features, fitted, channels)
    vars(features).update(
        n_channels_=channels,
        channel_means_=take_array(arrays, "channel_means", (channels,), (np.float64,)),
        channel_scales_=scales,
        units_=units,
    )
    features._lay_out(settings, _rebuild_levels(fitted["levels"], settings.level_columns(channels)))
    return features


def _rebuild_units(
    described: Any, arrays: Mapping[str, np.ndarray], channels: int, settings: FeatureSettings
) -> list[FeatureUnit]:
    expected = {
        "channel_means",
        "channel_scales",
        "filters",
        "canonical_correlations",
        "thresholds",
        *_PER_UNIT,
    }
    if set(arrays) != expected:
        raise NotInOrderError("its arrays are not those of ReSUFeatures")
    if not isinstance(described, list):
        raise NotInOrderError("its scales are not in order")
    scales = [_rebuild_scale(scale, settings) for scale in described]
    count = arrays["canonical_correlations"].size
    most = settings.units(channels)
    if not 1 <= count <= most:
        raise NotInOrderError(f"it holds {count} units where its n_features allow up to {most}")
    correlations = take_array(arrays, "canonical_correlations", (count,), (np.float64,))
    thresholds = take_array(arrays, "thresholds", (count, settings.thresholds), (np.float32, np.float64))
    if correlations.min() < 0 or correlations.max() > 1 or (np.diff(thresholds, axis=1) < 0).any():
        raise NotInOrderError("its canonical correlations or thresholds cannot be")
    below = {"scale": len(scales), "index": settings.rank}
    numbers = {name: _whole(arrays, name, count, below[name]) for name in _PER_UNIT}
    seen = [scales[place] for place in numbers["scale"]]
    ends = np.cumsum([0, *(scale.memory * channels for scale in seen)])
    filters = take_array(arrays, "filters", (int(ends[-1]),), (np.float32, np.float64))
    return [
        FeatureUnit(
            scale,
            numbers["index"][k],
            filters[ends[k] : ends[k + 1]].reshape(scale.memory, channels),
            float(correlations[k]),
            thresholds[k],
        )
        for k, scale in enumerate(seen)
    ]


def _rebuild_levels(described: Any, count: int) -> np.ndarray:
    if not isinstance(described, list):
        raise NotInOrderError("its levels are not in order")
    places = [as_count("levels", place, 0) for place in described]
    if places != sorted(set(places)) or (places and places[-1] >= count):
        raise NotInOrderError("its levels are not those of its channels, each once, in order")
    return np.array(places, dtype=np.int64)


def _rebuild_scale(described: Any, settings: FeatureSettings) -> Scale:
    if not isinstance(described, dict) or set(described) != _SCALE:
        raise NotInOrderError("one of its scales is not in order")
    counts = {name: as_count(name, value) for name, value in described.items() if name != "view"}
    scale = Scale(described["view"], **counts)
    possible = (
        scale.view in settings.views
        and scale.memory <= max(settings.memories)
        and (settings.dilations is None or scale.dilation in (*settings.dilations, 1))
        and (scale.memory + scale.horizon) * scale.dilation < _LONGEST
    )
    if not possible:
        raise NotInOrderError("one of its scales is none that its parameters give")
    return scale


def _set_inputs(features: ReSUFeatures, fitted: Mapping[str, Any], channels: int) -> None:
    names, of_table = fitted["feature_names"], fitted["of_table"]
    columns = as_count("n_features_in", fitted["n_features_in"])
    if (
        not isinstance(of_table, bool)
        or (of_table and channels != 1)
        or (not of_table and columns != channels)
    ):
        raise NotInOrderError("its numbers of channels and columns do not go together")
    vars(features).update(_of_table=of_table, n_features_in_=columns)
    if names is None:
        return
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not of_table or not texts or len(names) != columns:
        raise NotInOrderError("its feature names do not go with its columns")
    vars(features).update(feature_names_in_=np.asarray(names, dtype=object))


def take_array(
    arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...], dtypes: tuple[Any, ...]
) -> np.ndarray:
    """Return a copy of an array that is of a shape and of one of some dtypes, or say that it is not."""
    array = arrays[name]
    if array.shape != shape or array.dtype not in [np.dtype(dtype) for dtype in dtypes]:
        raise NotInOrderError(
            f"{name} must be of shape {shape} by its parameters; it is {array.dtype} of shape {array.shape}"
        )
    if not np.isfinite(array).all():
        raise NotInOrderError(f"{name} holds NaN or infinity")
    return np.array(array)


def _whole(arrays: Mapping[str, np.ndarray], name: str, count: int, below: int) -> list[int]:
    values = take_array(arrays, name, (count,), (np.float64,)).tolist()
    if not all(0 <= value < below and math.floor(value) == value for value in values):
        raise NotInOrderError(f"{name} holds what is no number of it")
    return [int(value) for value in values]
