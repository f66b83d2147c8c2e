"""A fitted ReSUAnomaly as plain data, and back."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.errors import LaminaError, StateError
from lamina.io.local import add_names
from lamina.io.records import (
    SELECTION,
    Arrays,
    NotInOrderError,
    as_count,
    as_number,
    describe_record,
)
from lamina.io.series_features import take_array
from lamina.io.units import Description, as_json, from_json, rebuild_selection
from lamina.resu.anomaly.bank import SurpriseBank
from lamina.resu.anomaly.detector import ReSUAnomaly
from lamina.resu.settings import AUTO

PARAMETERS = tuple(name for name in inspect.signature(ReSUAnomaly.__init__).parameters if name != "self")

_COUNTS = {"channels": 1, "memory": 1, "horizon": 1, "n_windows": 1, "n_left_out": 0}

_FITTED = {*_COUNTS, "feature_names", "threshold", "cross_fitted", "typical"}

_BANK = ("weights", "mean", "whitening", "filters", "future_filters", "canonical_correlations")

_UNITS = {"memory": "samples", "horizon": "samples", "gap": "samples", "sampling_rate": "hertz"}

_SAME = 1e-6
"""Relative difference of thresholds that another machine's rounding may make."""


def describe_anomaly(detector: ReSUAnomaly) -> tuple[Description, Arrays]:
    """Turn a fitted detector into a description, which JSON can hold, and arrays.

    Parameters
    ----------
    detector
        Fitted.

    Returns
    -------
    description
        Constructor parameters, how it was fitted, and the physical units of the numbers.
    arrays
        float64 arrays by name: the filters, and the scores of the training samples.

    Raises
    ------
    StateError
        If it is not fitted, or its parameters were changed since, as far as that shows: ridge, rcond and
        refits leave no trace.
    """
    if not detector.__sklearn_is_fitted__():
        raise StateError("This ReSUAnomaly holds nothing to save yet. Call fit first.")
    bank, names = detector.bank_, vars(detector).get("feature_names_in_")
    description: Description = {
        "class": "ReSUAnomaly",
        "parameters": {name: as_json(getattr(detector, name)) for name in PARAMETERS},
        "fitted": {
            "channels": int(detector.n_features_in_),
            "memory": int(detector.memory_),
            "horizon": int(detector.horizon_),
            "n_windows": int(bank.n_windows),
            "n_left_out": int(detector.n_left_out_),
            "feature_names": None if names is None else [str(name) for name in names],
            "threshold": float(detector.threshold_),
            "cross_fitted": bool(detector.cross_fitted_),
            "typical": None if bank.typical is None else [float(value) for value in bank.typical],
        },
        "selection": None,
        "units": _UNITS,
    }
    if detector.selection_ is not None:
        description["selection"], _ = describe_record(detector.selection_, SELECTION, "selection")
    arrays = {name: np.array(getattr(bank, name), dtype=np.float64, order="C") for name in _BANK}
    arrays["training_scores"] = detector.training_scores_.copy()
    try:
        again = rebuild_anomaly(json.loads(json.dumps(description)), arrays)
        changed = "" if again.bank_.statistic == bank.statistic else "statistic is another than in the fit"
    except NotInOrderError as error:
        changed = str(error)
    if changed:
        raise StateError(f"Parameters were changed since the fit ({changed}). Call fit before saving.")
    return description, arrays


def rebuild_anomaly(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ReSUAnomaly:
    """Turn what `describe_anomaly` gave back into a fitted detector, after checking every part.

    Parameters
    ----------
    description, arrays
        As read; nothing about them is taken for granted.

    Returns
    -------
    ReSUAnomaly
        Its own arrays are copies of those given.

    Raises
    ------
    NotInOrderError
        If anything is missing, superfluous, out of range, or does not go with the rest.
    """
    given, fitted = description.get("parameters"), description.get("fitted")
    if not isinstance(given, dict) or set(given) != set(PARAMETERS):
        raise NotInOrderError("its parameters are not those of a ReSUAnomaly")
    if not isinstance(fitted, dict) or set(fitted) != _FITTED:
        raise NotInOrderError("what was fitted is not said as a ReSUAnomaly would")
    if set(arrays) != {*_BANK, "training_scores"}:
        raise NotInOrderError("its arrays are not those of a ReSUAnomaly")
    counts = {name: as_count(name, fitted[name], least) for name, least in _COUNTS.items()}
    parameters = {name: from_json(value) for name, value in given.items()}
    detector = ReSUAnomaly(**parameters)
    units = arrays["canonical_correlations"].size
    selection = rebuild_selection(description, parameters, fitted)
    if [arrays[name].shape for name in ("filters", "future_filters")] != [
        (units, counts[name], counts["channels"]) for name in ("memory", "horizon")
    ]:
        raise NotInOrderError("its filters are of another memory, horizon or number of channels")
    _check_parameters(detector, counts, units, None if selection is None else selection.rank)
    bank = _rebuild_bank(detector, counts, arrays, _typical(detector, fitted["typical"]))
    scores = take_array(arrays, "training_scores", (arrays["training_scores"].size,), (np.float64,))
    if len(scores) < 2 or scores[0] < 0.0 or (np.diff(scores) < 0.0).any():
        raise NotInOrderError("its training scores are not in order")
    if not isinstance(fitted["cross_fitted"], bool):
        raise NotInOrderError("cross_fitted is not in order")
    threshold = as_number("threshold", fitted["threshold"])
    vars(detector).update(
        n_features_in_=counts["channels"],
        bank_=bank,
        selection_=selection,
        training_scores_=scores,
        cross_fitted_=fitted["cross_fitted"],
        memory_=counts["memory"],
        horizon_=counts["horizon"],
        rank_=units,
        window_=bank.window,
        filters_=bank.filters,
        future_filters_=bank.future_filters,
        canonical_correlations_=bank.canonical_correlations,
        n_windows_=bank.n_windows,
        n_left_out_=counts["n_left_out"],
        threshold_=threshold,
        offset_=-threshold,
    )
    try:
        expected = detector._threshold()
    except LaminaError as error:
        raise NotInOrderError(f"its training scores give no threshold: {error}") from error
    if not abs(threshold - expected) <= _SAME * abs(expected):
        raise NotInOrderError("its threshold is not the one that its training scores and parameters give")
    add_names(detector, fitted["feature_names"])
    return detector


def _check_parameters(
    detector: ReSUAnomaly, counts: Mapping[str, int], units: int, chosen_rank: int | None
) -> None:
    memory, horizon, channels = counts["memory"], counts["horizon"], counts["channels"]
    for name in ("memory", "horizon"):
        if getattr(detector, name) not in (AUTO, counts[name]):
            raise NotInOrderError(f"{name} is another than in the fit, {counts[name]}")
    rank = as_count("rank", (chosen_rank or units) if detector.rank == AUTO else detector.rank)
    # a rank that no fit could have had is refused before anything of its size is made
    if not 1 <= units <= rank <= min(memory, horizon) * channels:
        raise NotInOrderError(f"it holds {units} units for a rank of {rank}")
    try:
        detector._check_parameters()
    except (LaminaError, TypeError) as error:
        raise NotInOrderError(f"a parameter cannot be: {error}") from error


def _typical(detector: ReSUAnomaly, described: Any) -> tuple[float, float] | None:
    if described is None:
        return None
    if not detector.two_sided or not isinstance(described, list) or len(described) != 2:
        raise NotInOrderError("two_sided is another than in the fit")
    mean, freedom = (as_number("typical", value) for value in described)
    if mean <= 0.0 or freedom <= 0.0:
        raise NotInOrderError("its typical score cannot be")
    return mean, freedom


def _rebuild_bank(
    detector: ReSUAnomaly,
    counts: Mapping[str, int],
    arrays: Mapping[str, np.ndarray],
    typical: tuple[float, float] | None,
) -> SurpriseBank:
    memory, horizon, channels = counts["memory"], counts["horizon"], counts["channels"]
    units, window = arrays["canonical_correlations"].size, memory + detector.gap + horizon - 1
    entries = channels * (horizon if detector.statistic == "window" else 1)
    outputs = len(arrays["whitening"]) if arrays["whitening"].ndim == 2 else 0
    if not 1 <= outputs <= entries or (detector.statistic == "window" and outputs < units):
        raise NotInOrderError(f"it holds {outputs} outputs for {entries} entries of the residual")
    shapes = {
        "weights": (outputs, window, channels),
        "mean": (window, channels),
        "whitening": (outputs, entries),
        "filters": (units, memory, channels),
        "future_filters": (units, horizon, channels),
        "canonical_correlations": (units,),
    }
    taken = {name: take_array(arrays, name, shape, (np.float64,)) for name, shape in shapes.items()}
    correlations = taken["canonical_correlations"]
    if correlations.min() < 0.0 or correlations.max() > 1.0:
        raise NotInOrderError("its canonical correlations do not lie from 0 to 1")
    # without a spread of scores there is nothing typical
    if detector.two_sided and typical is None and np.unique(arrays["training_scores"]).size > 1:
        raise NotInOrderError("two_sided is another than in the fit")
    return SurpriseBank(**taken, n_windows=counts["n_windows"], statistic=detector.statistic, typical=typical)
