"""A fitted ReSUForecaster as plain data, and back, so that it goes on with the recording."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from lamina.errors import LaminaError, StateError
from lamina.io.local import add_names
from lamina.io.records import Arrays, NotInOrderError, as_count, as_number
from lamina.io.series_features import take_array
from lamina.io.units import Description, as_json, from_json, rebuild_moments, split_state
from lamina.resu.forecasting.fitted import FittedForecast
from lamina.resu.forecasting.forecaster import ReSUForecaster
from lamina.resu.forecasting.learning import ForecastMap, Learner
from lamina.resu.forecasting.members import Frame, Member
from lamina.resu.forecasting.settings import ForecastSettings, check_forecast_settings
from lamina.resu.forecasting.spread import Spread

PARAMETERS = tuple(name for name in inspect.signature(ReSUForecaster.__init__).parameters if name != "self")

_FITTED = {"channels", "flat", "feature_names", "open", "held_out", "errors", "members", "moments"}

_MEMBER = {field.name for field in fields(Member)}

_ARRAYS = {"filters", "constant", "error_squares", "history", "history_known"}

_UNITS = {"horizon": "samples", "memory": "samples", "period": "samples"}


def describe_forecaster(forecaster: ReSUForecaster) -> tuple[Description, Arrays]:
    """Turn a fitted forecaster into a description, which JSON can hold, and arrays.

    Parameters
    ----------
    forecaster
        Fitted.

    Returns
    -------
    description
        Constructor parameters, the members, and the counts behind their moments and errors.
    arrays
        float64 arrays by name: the map, the errors, the newest samples, and ``moments.k`` of each member.

    Raises
    ------
    StateError
        If it is not fitted, or its parameters were changed since.
    """
    if not forecaster.__sklearn_is_fitted__():
        raise StateError("This ReSUForecaster holds nothing to save yet. Call fit first.")
    fitted, names = forecaster._fitted, vars(forecaster).get("feature_names_in_")
    moments = [split_state(learner.moments.state()) for learner in fitted.learners]
    description = {
        "class": "ReSUForecaster",
        "parameters": {name: as_json(getattr(forecaster, name)) for name in PARAMETERS},
        "fitted": {
            "channels": int(forecaster.n_features_in_),
            "flat": bool(forecaster._flat),
            "feature_names": None if names is None else [str(name) for name in names],
            "open": fitted.open,
            "held_out": bool(fitted.spread.held_out),
            "errors": fitted.spread.count.tolist(),
            "members": [
                {**asdict(one), "error": None if math.isnan(one.error) else one.error}
                for one in fitted.members
            ],
            "moments": [numbers for numbers, _ in moments],
        },
        "units": _UNITS,
    }
    known = np.isfinite(fitted.history)
    arrays = {
        "filters": fitted.forecast.filters.copy(),
        "constant": fitted.forecast.constant.copy(),
        "error_squares": fitted.spread.total.copy(),
        # files hold numbers only: where there was a gap is told apart
        "history": np.where(known, fitted.history, 0.0),
        "history_known": known.astype(np.float64),
    }
    for k, (_, gathered) in enumerate(moments):
        arrays |= {f"moments.{k}.{name}": array for name, array in gathered.items()}
    try:
        again = rebuild_forecaster(json.loads(json.dumps(description)), arrays)
        changed = "" if again._fitted.settings == fitted.settings else "they are not those of the fit"
    except NotInOrderError as error:
        changed = str(error)
    if changed:
        raise StateError(f"Parameters were changed since the fit ({changed}). Call fit before saving.")
    return description, arrays


def rebuild_forecaster(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ReSUForecaster:
    """Turn what `describe_forecaster` gave back into a fitted forecaster, after checking every part.

    Parameters
    ----------
    description, arrays
        As read; nothing about them is taken for granted.

    Returns
    -------
    ReSUForecaster
        Its own arrays are copies of those given.

    Raises
    ------
    NotInOrderError
        If anything is missing, superfluous, out of range, or does not go with the rest.
    """
    given, fitted = description.get("parameters"), description.get("fitted")
    if not isinstance(given, dict) or set(given) != set(PARAMETERS):
        raise NotInOrderError("its parameters are not those of a ReSUForecaster")
    if not isinstance(fitted, dict) or set(fitted) != _FITTED:
        raise NotInOrderError("what was fitted is not said as a ReSUForecaster would")
    forecaster = ReSUForecaster(**{name: from_json(value) for name, value in given.items()})
    channels = as_count("channels", fitted["channels"])
    try:
        settings = check_forecast_settings(**forecaster.get_params(deep=False))
        settings.check_rank(channels)
    except (LaminaError, TypeError) as error:
        raise NotInOrderError(f"a parameter cannot be: {error}") from error
    flat, is_open, held_out = (fitted[name] for name in ("flat", "open", "held_out"))
    if not all(isinstance(flag, bool) for flag in (flat, is_open, held_out)) or (flat and channels != 1):
        raise NotInOrderError("its flags are not in order")
    if not set(arrays) >= _ARRAYS:
        raise NotInOrderError("its arrays are not those of a ReSUForecaster")
    forecast = _rebuild_map(arrays, settings.horizon, channels)
    members = _rebuild_members(fitted["members"], settings, channels)
    totals = [_frame(member, settings).total for member in members]
    if max(totals) != forecast.filters.shape[2]:
        raise NotInOrderError("its members look back on other samples than its filters")
    learners = _rebuild_learners(fitted["moments"], arrays, members, settings, channels)
    forecaster.n_features_in_, forecaster._flat = channels, flat
    forecaster._keep(
        FittedForecast(
            settings,
            members,
            learners,
            forecast,
            _rebuild_spread(fitted["errors"], arrays, settings.horizon, channels, held_out),
            _rebuild_history(arrays, 2 * max(totals) + settings.horizon, channels),
            is_open,
        )
    )
    add_names(forecaster, fitted["feature_names"])
    return forecaster


def _rebuild_map(arrays: Mapping[str, np.ndarray], horizon: int, channels: int) -> ForecastMap:
    memory = arrays["filters"].shape[2] if arrays["filters"].ndim == 4 else 0
    filters = take_array(arrays, "filters", (horizon, channels, memory, channels), (np.float64,))
    return ForecastMap(filters, take_array(arrays, "constant", (horizon, channels), (np.float64,)))


def _frame(member: Member, settings: ForecastSettings) -> Frame:
    reach = member.difference + member.seasons * (settings.period or 0)
    return Frame(member.difference, member.seasons, member.memory, reach)


def _rebuild_members(described: Any, settings: ForecastSettings, channels: int) -> tuple[Member, ...]:
    if not isinstance(described, list) or not described:
        raise NotInOrderError("its members are not in order")
    members = tuple(_rebuild_member(member) for member in described)
    for one in members:
        asked = (settings.difference, settings.seasons, settings.memory, settings.ridge)
        had = (one.difference, one.seasons, one.memory, one.ridge)
        most = min(one.memory, settings.horizon) * channels
        possible = (
            all(a is None or a == h for a, h in zip(asked, had, strict=True))
            and one.difference <= 2
            and (not one.seasons or settings.period is not None)
            and one.rank <= most
            and (settings.rank is None or one.rank == min(settings.rank, most))
        )
        if not possible:
            raise NotInOrderError("one of its members is none that its parameters give")
    if abs(sum(one.weight for one in members) - 1.0) > 1e-6:
        raise NotInOrderError("the weights of its members do not add up to 1")
    return members


def _rebuild_member(described: Any) -> Member:
    if not isinstance(described, dict) or set(described) != _MEMBER:
        raise NotInOrderError("one of its members is not in order")
    least = {"difference": 0, "seasons": 0, "memory": 1, "rank": 1}
    counts = {name: as_count(name, described[name], low) for name, low in least.items()}
    error = math.nan if described["error"] is None else as_number("error", described["error"])
    ridge, weight = as_number("ridge", described["ridge"]), as_number("weight", described["weight"])
    if ridge < 0.0 or not 0.0 <= weight <= 1.0 or error < 0.0:
        raise NotInOrderError("ridge, weight or error of one of its members cannot be")
    return Member(**counts, ridge=ridge, error=error, weight=weight)


def _rebuild_learners(
    described: Any,
    arrays: Mapping[str, np.ndarray],
    members: tuple[Member, ...],
    settings: ForecastSettings,
    channels: int,
) -> tuple[Learner, ...]:
    if not isinstance(described, list) or len(described) != len(members):
        raise NotInOrderError("it holds moments of another number of members")
    rooms: list[dict[str, np.ndarray]] = [{} for _ in members]
    for name in set(arrays) - _ARRAYS:
        room, _, rest = name.removeprefix("moments.").partition(".")
        if not room.isdecimal() or str(int(room)) != room or int(room) >= len(members):
            raise NotInOrderError("it holds arrays that no ReSUForecaster has")
        rooms[int(room)][f"moments.{rest}"] = arrays[name]
    learners = []
    for member, numbers, room in zip(members, described, rooms, strict=True):
        moments = rebuild_moments({"moments": numbers}, room, set())
        frame = _frame(member, settings)
        expected = (frame.total, settings.horizon, 1, channels, None)
        found = (moments.memory, moments.horizon, moments.gap, moments.channels, moments.half_life)
        if found != expected or moments.n_windows < 2:
            raise NotInOrderError("the moments of one of its members do not go with it")
        # only now is it known that lengths are those of arrays that were there
        learner = Learner(frame, settings, channels)
        learner.moments = moments
        learners.append(learner)
    return tuple(learners)


def _rebuild_spread(
    counts: Any, arrays: Mapping[str, np.ndarray], horizon: int, channels: int, held_out: bool
) -> Spread:
    if not isinstance(counts, list) or len(counts) != horizon:
        raise NotInOrderError("its errors are not those of its horizon")
    total = take_array(arrays, "error_squares", (horizon, channels, channels), (np.float64,))
    if (np.diagonal(total, axis1=1, axis2=2) < 0.0).any():
        raise NotInOrderError("its squares of errors are below 0")
    count = np.array([as_count("errors", value, 0) for value in counts], dtype=np.int64)
    return Spread(total, count, held_out)


def _rebuild_history(arrays: Mapping[str, np.ndarray], most: int, channels: int) -> np.ndarray:
    samples = len(arrays["history"]) if arrays["history"].ndim == 2 else 0
    if not 1 <= samples <= most:
        raise NotInOrderError("its newest samples are not in order")
    known = take_array(arrays, "history_known", (samples, channels), (np.float64,))
    if not np.isin(known, (0.0, 1.0)).all():
        raise NotInOrderError("its gaps are not in order")
    return np.where(known == 1.0, take_array(arrays, "history", (samples, channels), (np.float64,)), np.nan)
