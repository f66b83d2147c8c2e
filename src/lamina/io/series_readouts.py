"""A fitted ReSUClassifier or ReSURegressor as plain data, and back."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.errors import LaminaError, StateError
from lamina.io.records import Arrays, NotInOrderError, as_number
from lamina.io.series_features import PARAMETERS as SETTINGS
from lamina.io.series_features import describe_features, plain, rebuild_features, take_array
from lamina.io.units import Description, from_json
from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.reading import check_alphas
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.ridge import Ridge
from lamina.resu.features.transformer import ReSUFeatures

SeriesModel = ReSUClassifier | ReSURegressor

_CLASSES = {kind.__name__: kind for kind in (ReSUClassifier, ReSURegressor)}

_KINDS = {
    "text",
    "object",
    "bool",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *(f"float{bits}" for bits in (16, 32, 64)),
}
"""Of labels: text, Python's text in an array of objects, and numbers."""

_READOUT = ("coef", "intercept", "feature_means", "feature_scales")


def describe_readout(model: SeriesModel) -> tuple[Description, Arrays]:
    """Turn a fitted classifier or regressor into a description, which JSON can hold, and arrays.

    Parameters
    ----------
    model
        Fitted.

    Returns
    -------
    description
        Constructor parameters, the features, and the classes.
    arrays
        Those of the features, and those of the read-out as float64.

    Raises
    ------
    StateError
        If it is not fitted, its parameters were changed since, or its labels are neither numbers nor text.
    """
    kind, state = type(model).__name__, vars(model)
    if "features_" not in state:
        raise StateError(f"This {kind} holds nothing to save yet. Call fit first.")
    now = {name: plain(getattr(model, name)) for name in SETTINGS}
    then = {name: plain(getattr(state["features_"], name)) for name in SETTINGS}
    changed = [name for name in SETTINGS if now[name] != then[name] and name != "n_jobs"]
    if changed:
        raise StateError(f"{changed[0]} was changed since the fit. Call fit before saving.")
    features, arrays = describe_features(state["features_"])
    arrays = {f"features.{name}": array for name, array in arrays.items()}
    arrays |= {name: state[f"{name}_"] for name in _READOUT}
    arrays["strengths"] = np.broadcast_to(state["strengths_"], (len(state["coef_"]), 3))
    arrays["alpha"] = np.broadcast_to(np.asarray(state["alpha_"], dtype=np.float64), len(state["coef_"]))
    description: Description = {
        "class": kind,
        "parameters": {name: _plain(getattr(model, name)) for name in _parameters(type(model))},
        "features": features,
    }
    if isinstance(model, ReSUClassifier):
        arrays["left_out"] = model.left_out_scores_
        description["fitted"] = {"sharpness": model.sharpness_, **_describe_labels(model.classes_)}
    else:
        arrays["left_out"] = model.left_out_predictions_.reshape(-1, len(state["coef_"]))
        description["fitted"] = {"one_target": model._one_target}
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    try:
        rebuild_readout(json.loads(json.dumps(description)), arrays)
    except NotInOrderError as error:
        raise StateError(
            f"Parameters were changed since the fit ({error}). Call fit before saving."
        ) from None
    return description, arrays


def rebuild_readout(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> SeriesModel:
    """Turn what `describe_readout` gave back into a fitted model, after checking every part.

    Parameters
    ----------
    description, arrays
        As read; nothing about them is taken for granted.

    Returns
    -------
    ReSUClassifier or ReSURegressor
        Its own arrays are copies of those given.

    Raises
    ------
    NotInOrderError
        If anything is missing, superfluous, out of range, or does not go with the rest.
    """
    kind = _CLASSES[description["class"]]
    given, fitted, inner = (description.get(name) for name in ("parameters", "fitted", "features"))
    if not isinstance(given, dict) or set(given) != set(_parameters(kind)):
        raise NotInOrderError(f"its parameters are not those of a {kind.__name__}")
    if not isinstance(inner, dict) or not isinstance(fitted, dict):
        raise NotInOrderError("its features or what was fitted are missing")
    if not set(arrays) >= {*_READOUT, "alpha", "strengths", "left_out"}:
        raise NotInOrderError(f"its arrays are not those of a {kind.__name__}")
    rest = {
        name: array
        for name, array in arrays.items()
        if name not in {*_READOUT, "alpha", "strengths", "left_out"}
    }
    if not all(name.startswith("features.") for name in rest):
        raise NotInOrderError(f"its arrays are not those of a {kind.__name__}")
    features = rebuild_features(inner, {name.removeprefix("features."): a for name, a in rest.items()})
    parameters = {name: _from_plain(value) for name, value in given.items()}
    for name in SETTINGS:
        if name != "n_jobs" and parameters[name] != getattr(features, name):
            raise NotInOrderError(f"{name} is another than its features have")
    model = kind(**parameters)
    # what may be set at any time is that of the model
    features.n_jobs = model.n_jobs
    try:
        check_alphas(model.alphas)
        features._n_threads()
    except LaminaError as error:
        raise NotInOrderError(f"a parameter cannot be: {error}") from error
    if isinstance(model, ReSUClassifier):
        if set(fitted) != {"sharpness", "labels", "kind"}:
            raise NotInOrderError("what was fitted is not said as a ReSUClassifier would")
        classes = _rebuild_labels(fitted)
        sharpness = as_number("sharpness", fitted["sharpness"])
        if sharpness <= 0:
            raise NotInOrderError("its sharpness is not above 0")
        readout = _rebuild_ridge(arrays, features, len(classes) if len(classes) > 2 else 1)
        model._adopt(features, readout, classes, sharpness)
    else:
        if set(fitted) != {"one_target"} or not isinstance(fitted["one_target"], bool):
            raise NotInOrderError("what was fitted is not said as a ReSURegressor would")
        targets = 1 if fitted["one_target"] else len(arrays["coef"])
        model._adopt(features, _rebuild_ridge(arrays, features, targets), one_target=fitted["one_target"])
    return model


def _rebuild_ridge(arrays: Mapping[str, np.ndarray], features: ReSUFeatures, targets: int) -> Ridge:
    count = len(features.feature_units_)
    series = len(arrays["left_out"])
    shapes = {
        "feature_means": (count,),
        "feature_scales": (count,),
        "coef": (targets, count),
        "intercept": (targets,),
        "alpha": (targets,),
        "strengths": (targets, 3),
        "left_out": (series, targets),
    }
    mean, scale, coef, intercept, alpha, strengths, left_out = (
        take_array(arrays, name, shape, (np.float64,)) for name, shape in shapes.items()
    )
    if series < 2 or min(scale.min(), alpha.min()) <= 0 or strengths.min() < 0:
        raise NotInOrderError("its scales, penalties or strengths cannot be, or it has seen no series")
    return Ridge(mean, scale, coef, intercept, alpha, strengths, left_out)


def _describe_labels(classes: np.ndarray) -> Description:
    labels = classes.tolist()
    if all(isinstance(label, str) for label in labels):
        kind = "object" if classes.dtype == object else "text"
    else:
        kind = classes.dtype.name
    if kind not in _KINDS:
        raise StateError(
            f"Labels of dtype {classes.dtype} cannot be saved: only text and numbers. Fit with such labels."
        )
    return {"labels": labels, "kind": kind}


def _rebuild_labels(fitted: Mapping[str, Any]) -> np.ndarray:
    labels, kind = fitted["labels"], fitted["kind"]
    if not isinstance(kind, str) or kind not in _KINDS or not isinstance(labels, list):
        raise NotInOrderError("its labels are not in order")
    texts = kind in ("text", "object")
    if not all(type(label) in ((str,) if texts else (bool, int, float)) for label in labels):
        raise NotInOrderError("its labels are not of their kind")
    try:
        classes = np.asarray(labels, dtype=None if kind == "text" else kind)
    except (OverflowError, ValueError) as error:
        raise NotInOrderError(f"its labels are not of their kind ({error})") from error
    if len(classes) < 2 or classes.tolist() != sorted(set(labels)):
        raise NotInOrderError("its labels are not two or more, each once, in order")
    return classes


def _parameters(kind: type[SeriesModel]) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(kind.__init__).parameters if name != "self")


def _plain(value: Any) -> Any:
    """Weights of classes, whose names need not be text, become a list of pairs under one key."""
    if isinstance(value, Mapping):
        return {"by_class": [[plain(key), plain(weight)] for key, weight in value.items()]}
    return plain(value)


def _from_plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return from_json(value)
    pairs = value.get("by_class")
    if set(value) != {"by_class"} or not isinstance(pairs, list):
        raise NotInOrderError("its class_weight is not in order")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or isinstance(pair[0], (list, dict)):
            raise NotInOrderError("its class_weight is not in order")
    return dict(pairs)
