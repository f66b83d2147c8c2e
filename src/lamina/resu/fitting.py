"""How a unit is fitted: from recordings, chunk by chunk, or from moments."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from array_api_compat import to_device

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, LaminaWarning, StateError
from lamina.resu.admission import admit_sources, all_or_nothing, is_list_of_trials, like
from lamina.resu.choosing import Readings
from lamina.resu.gathering import (
    check_continues,
    check_trial_weights,
    covariances_of,
    empty_moments,
    extend,
    gather,
    unchanged_on_failure,
    warn_of_short_trials,
)
from lamina.resu.resuming import check_checkpoint
from lamina.resu.settings import Request, Settings, check_request
from lamina.resu.significance import Significance, assess
from lamina.resu.solution import information_kept, solve
from lamina.resu.sources import Checkpoint, Source, read_whole
from lamina.stats import LagCovariances, LagMoments
from lamina.stats.selection_orders import effective_samples

# samples after which a half-life has forgotten all that it ever will
_LONG = 2**40


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


def fit_recordings(
    unit: Any, X: Any, future_of: Any, trial_weights: Any, progress: Any, checkpoint: Checkpoint | None
) -> None:
    """Fit ``unit`` to whole recordings; it stays as it was if anything is wrong."""
    request = request_of(unit)
    if checkpoint is not None:
        check_checkpoint(checkpoint)
    with all_or_nothing(unit):
        sources, future_channels = admit_sources(unit, X, future_of, reset=True)
        weights = check_trial_weights(trial_weights, len(sources))
        check_surrogates(request, sources, weights)
        moments = selection = None
        if request.automatic:
            readings = Readings(request, sources, unit.n_features_in_, future_channels, weights, progress)
            settings, selection = readings.choose()
            # read once more, the data can be gone on with after a crash
            moments = readings.moments(settings) if checkpoint is None else None
        else:
            settings = request.settle(1, 1, 1)
            settings.check_rank(unit.n_features_in_, future_channels or unit.n_features_in_)
        if moments is None:
            moments = gather(
                empty_moments(settings, sources[0].channels),
                sources,
                weights=weights,
                progress=progress,
                checkpoint=checkpoint,
            )
        covariances = covariances_of(settings, moments, future_channels)
        warn_of_short_trials(settings, moments)
        unit.future_channels_, unit.selection_ = future_channels, selection
        learn(unit, settings, moments, covariances)
        if request.n_surrogates:
            unit.significance_ = _assessed(unit, sources, request.n_surrogates, request.seed)
    if checkpoint is not None:
        checkpoint.clear()


def fit_chunk(unit: Any, X: Any, future_of: Any, trial_weight: float) -> None:
    """Fit ``unit`` to one more chunk, or to a list of whole trials."""
    settings = settings_of(unit)
    begun = "moments_" in vars(unit)
    with all_or_nothing(unit):
        sources, future_channels = admit_sources(unit, X, future_of, reset=not begun)
        settings.check_rank(unit.n_features_in_, future_channels or unit.n_features_in_)
        moments = unit.moments_ if begun else empty_moments(settings, sources[0].channels)
        check_continues(settings, moments, sources[0].channels)
        # what the windows will weigh at most, however long the recording
        most = effective_samples(_LONG, settings.half_life)
        with unchanged_on_failure(moments), warnings.catch_warnings():
            if is_list_of_trials(X):
                gather(moments, sources, weights=[trial_weight] * len(sources))
            else:
                extend(moments, sources[0], trial_weight)
            unit.moments_, unit.future_channels_ = moments, future_channels
            unit.selection_ = getattr(unit, "selection_", None)
            try:
                covariances = covariances_of(settings, moments, future_channels)
            except DataError as error:
                # too little so far is waited out; what no later sample mends is not
                if error.__cause__ is not None:
                    raise
                return
            except StateError:
                # a long silence lets all but the newest window be forgotten; others follow that weigh as
                # much, unless the half-life is hopeless
                if most < 1 + 1e-5:
                    raise
                return
            lags = len(covariances.past_mean) + len(covariances.future_mean)
            if covariances.effective_windows <= lags < most:
                # with fewer windows than lags every correlation is 1; nobody wants to hear that at each chunk
                warnings.simplefilter("ignore", LaminaWarning)
            learn(unit, settings, moments, covariances)


def assess_recordings(unit: Any, X: Any, future_of: Any, n_surrogates: int, seed: int) -> Significance:
    """Compare the units of ``unit`` with surrogates of recordings."""
    sources, future_channels = admit_sources(unit, X, future_of, reset=False)
    check_continues(unit._settings, unit.moments_, sources[0].channels)
    del future_channels
    return _assessed(unit, sources, n_surrogates, seed)


def check_surrogates(request: Request, sources: Sequence[Source], weights: Sequence[float]) -> None:
    """Refuse surrogates of a fit that they cannot stand beside (`ArgumentError`)."""
    if not request.n_surrogates:
        return
    got = remedy = ""
    if not all(source.rereadable for source in sources):
        got, remedy = "chunks that can be read only once", "Pass a function that returns the chunks anew"
    elif request.parameters.get("half_life") is not None:
        got, remedy = "a half_life", "Fit a part that is stationary, without half_life"
    elif len(set(weights)) > 1:
        got, remedy = "unequal trial_weights", "Fit the trials that count, with equal weights"
    if got:
        raise ArgumentError(
            "n_surrogates",
            allowed=f"0 with {got}",
            got=str(request.n_surrogates),
            remedy=f"{remedy}, or call significance on such a fit.",
        )


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
    # parameters may be set anew; what answers for this fit is what it used
    unit._settings = settings
    # what was tested was the fit before this one
    unit.significance_ = None


def _assessed(unit: Any, sources: Sequence[Source], n_surrogates: int, seed: int) -> Significance:
    settings = unit._settings
    # surrogates pair samples that lie far apart: all of them have to be at hand
    found = assess(
        [read_whole(source) for source in sources],
        memory=settings.memory,
        horizon=settings.horizon,
        rank=unit.rank_,
        gap=settings.gap,
        center=settings.center,
        objective=settings.objective,
        ridge=settings.ridge,
        rcond=settings.rcond,
        future_channels=unit.future_channels_,
        n_surrogates=n_surrogates,
        seed=seed,
    )
    fitted = np.asarray(to_device(unit.singular_values_, "cpu"))
    if found.singular_values.shape != fitted.shape or not np.allclose(
        found.singular_values, fitted, rtol=1e-6, atol=1e-6 * fitted[0]
    ):
        raise DataError(
            "X",
            allowed="the recording(s) of the fit, whose samples all weigh the same",
            got=f"data of singular values {_listed(found.singular_values)} where it has {_listed(fitted)}",
            remedy="Fit another unit to what you want to test, without half_life and trial_weights.",
        )
    return found


def _listed(values: np.ndarray) -> str:
    some = ", ".join(f"{value:.3g}" for value in values[:3])
    return f"{some}{', ...' if len(values) > 3 else ''}"


def score_recordings(unit: Any, X: Any, future_of: Any) -> float:
    """Information that the filters of ``unit`` keep on recordings."""
    settings = unit._settings
    sources, future_channels = admit_sources(unit, X, future_of, reset=False)
    check_continues(settings, unit.moments_, sources[0].channels)
    moments = gather(empty_moments(settings, sources[0].channels), sources)
    covariances = covariances_of(settings, moments, future_channels)
    return information_kept(like(unit.filters_, covariances.past), covariances)
