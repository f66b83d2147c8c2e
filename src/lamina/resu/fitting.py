"""How a unit is fitted: from recordings, chunk by chunk, or from moments."""

from __future__ import annotations

import copy
import warnings
from typing import Any

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, LaminaWarning
from lamina.resu.admission import admit_pair, all_or_nothing, is_list_of_trials, like
from lamina.resu.gathering import check_continues, covariances_of, empty_moments, gather, warn_of_short_trials
from lamina.resu.settings import Request, Settings, check_request
from lamina.resu.solution import information_kept, solve
from lamina.stats import LagCovariances, LagMoments


def request_of(unit: Any) -> Request:
    """Return the checked parameters of a unit."""
    return check_request(**unit.get_params(deep=False))


def settings_of(unit: Any) -> Settings:
    """Return the settings of a unit, with what an earlier fit chose in place of "auto".

    Raises
    ------
    ArgumentError
        A parameter cannot be, or is "auto" and no data have been seen that could decide.
    """
    request = request_of(unit)
    if not request.automatic:
        return request.settle(1, 1, 1)
    if "memory_" not in vars(unit):
        name = next(name for name in ("memory", "horizon", "rank") if getattr(request, name) is None)
        raise ArgumentError(
            name,
            allowed="a number here, because chunks and moments come too late to choose it",
            got="'auto'",
            remedy="Give memory, horizon and rank as numbers, or call fit on a first recording.",
        )
    rank = unit.rank_ if unit.selection_ is None else unit.selection_.rank
    return request.settle(unit.memory_, unit.horizon_, rank)


def fit_recordings(unit: Any, X: Any, future_of: Any) -> None:
    """Fit ``unit`` to whole recordings; it stays as it was if anything is wrong."""
    with all_or_nothing(unit):
        settings, selection = settings_of(unit), None
        trials, future_channels = admit_pair(unit, X, future_of, reset=True)
        settings.check_rank(unit.n_features_in_, future_channels or unit.n_features_in_)
        moments = gather(empty_moments(settings, trials[0].shape[1]), trials)
        covariances = covariances_of(settings, moments, future_channels)
        warn_of_short_trials(settings, moments)
        unit.future_channels_, unit.selection_ = future_channels, selection
        learn(unit, settings, moments, covariances)


def fit_chunk(unit: Any, X: Any, future_of: Any) -> None:
    """Fit ``unit`` to one more chunk, or to a list of whole trials."""
    settings = settings_of(unit)
    begun = "moments_" in vars(unit)
    trials, future_channels = admit_pair(unit, X, future_of, reset=not begun)
    settings.check_rank(unit.n_features_in_, future_channels or unit.n_features_in_)
    moments = unit.moments_ if begun else empty_moments(settings, trials[0].shape[1])
    check_continues(settings, moments, trials[0].shape[1])
    if is_list_of_trials(X):
        gather(moments, trials)
    else:
        moments.update(trials[0])
    unit.moments_, unit.future_channels_ = moments, future_channels
    unit.selection_ = getattr(unit, "selection_", None)
    try:
        covariances = covariances_of(settings, moments, future_channels)
    except DataError:
        return
    with warnings.catch_warnings():
        if moments.n_windows <= len(covariances.past_mean) + len(covariances.future_mean):
            # with fewer windows than lags every correlation is 1; nobody wants to hear that at each chunk
            warnings.simplefilter("ignore", LaminaWarning)
        learn(unit, settings, moments, covariances)


def fit_moments(unit: Any, moments: Any) -> None:
    """Fit ``unit``, whose memory, horizon and gap are those of the moments."""
    if not isinstance(moments, LagMoments):
        got = type(moments).__name__
        raise ArgumentTypeError("moments", allowed="a LagMoments", got=got, remedy="Give data to fit.")
    settings = settings_of(unit)
    settings.check_rank(moments.channels, moments.channels)
    covariances = covariances_of(settings, moments, None)
    warn_of_short_trials(settings, moments)
    unit.n_features_in_, unit.future_channels_, unit.selection_ = moments.channels, None, None
    learn(unit, settings, copy.deepcopy(moments), covariances)


def learn(unit: Any, settings: Settings, moments: LagMoments, covariances: LagCovariances) -> None:
    """Set the fitted attributes of ``unit``."""
    solution = solve(covariances, settings)
    unit.moments_, unit.n_windows_ = moments, moments.n_windows
    unit.memory_, unit.horizon_, unit.rank_ = settings.memory, settings.horizon, solution.filters.shape[0]
    unit.filters_, unit.future_filters_ = solution.filters, solution.future_filters
    unit.canonical_correlations_ = solution.canonical_correlations
    unit.singular_values_ = solution.singular_values
    unit.predictive_information_ = solution.predictive_information
    unit.forecast_, unit.reconstruction_ = solution.forecast, solution.reconstruction
    unit.past_mean_, unit.future_mean_ = solution.past_mean, solution.future_mean
    unit.modes_ = settings.modes[: solution.filters.shape[0]]
    unit.valid_from_ = settings.memory - 1
    # what was tested was the fit before this one
    unit.significance_ = None


def score_recordings(unit: Any, X: Any, future_of: Any) -> float:
    """Information that the filters of ``unit`` keep on recordings."""
    settings = settings_of(unit)
    trials, future_channels = admit_pair(unit, X, future_of, reset=False)
    check_continues(settings, unit.moments_, trials[0].shape[1])
    moments = gather(empty_moments(settings, trials[0].shape[1]), trials)
    covariances = covariances_of(settings, moments, future_channels)
    return information_kept(like(unit.filters_, covariances.past), covariances)
