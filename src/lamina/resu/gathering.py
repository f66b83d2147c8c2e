"""From trials to moments that a unit can be learned from."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from array_api_compat import array_namespace, is_array_api_obj

from lamina._progress import reporting
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShortTrialWarning, StateError
from lamina.resu.chunks import rows_of_chunk
from lamina.resu.resuming import Resumption
from lamina.resu.settings import Settings
from lamina.resu.sources import ArraySource, Checkpoint, Source
from lamina.stats import LagCovariances, LagMoments
from lamina.stats.admission import check_weight
from lamina.typing import Array, Progress

# bytes (of float64) of a chunk that is a view of an array in memory; of one that is read; and of one that is
# read for windows so long that every chunk costs a large product
_VIEWED, _READ, _READ_MOST = 2**26, 2**22, 2**24


def empty_moments(settings: Settings, channels: int) -> LagMoments:
    """Return moments that have seen nothing yet."""
    return LagMoments(settings.memory, settings.horizon, settings.gap, channels, half_life=settings.half_life)


def gather(
    moments: LagMoments,
    sources: Sequence[Source | Array],
    *,
    weights: Sequence[float] | Array | None = None,
    progress: Progress | bool | None = None,
    checkpoint: Checkpoint | None = None,
) -> LagMoments:
    """Add whole trials to ``moments``, chunk by chunk; an open trial is ended first.

    Parameters
    ----------
    moments
        Changed and returned; what they were if anything goes wrong.
    sources
        The trials; arrays of (time, channels) that have been checked stand for themselves.
    weights
        How often each trial counts, ≥ 0; once by default.
    progress
        A function of the fraction done and a text, True for a bar on a terminal; see `reporting`.
    checkpoint
        Where the state is saved, and taken up from if it is there. Who calls clears it when the fit is done.

    Raises
    ------
    ArgumentError
        The weights, the progress or the checkpoint cannot be; the checkpoint is of another fit.
    ShapeError, DataError, ArgumentTypeError
        A chunk cannot be; the message tells which.
    """
    trials = [
        ArraySource(f"X[{index}]", source) if is_array_api_obj(source) else source
        for index, source in enumerate(sources)
    ]
    factors = check_trial_weights(weights, len(trials))
    lengths = [trial.samples for trial in trials]
    total = None if None in lengths else sum(length or 0 for length in lengths)
    with unchanged_on_failure(moments), reporting(progress, total) as report:
        moments.end_trial()
        before = moments.n_samples
        resumption = None if checkpoint is None else Resumption(checkpoint, moments, trials, factors)
        first, start = (0, 0) if resumption is None else resumption.resume()
        for index in range(first, len(trials)):
            done = start if index == first else 0
            for chunk in trials[index].chunks(done, _rows(moments, trials[index], resumption)):
                _update(moments, trials[index], chunk, factors[index], done)
                done += chunk.shape[0]
                report(moments.n_samples - before)
                if resumption is not None:
                    resumption.passed(index, done)
            moments.end_trial()
        if resumption is not None:
            resumption.finish()
    return moments


def extend(moments: LagMoments, source: Source, weight: float = 1.0) -> LagMoments:
    """Continue the current trial of ``moments`` with a source, of weight ``weight``; all of it or nothing.

    Raises
    ------
    ArgumentError, StateError, ShapeError, DataError, ArgumentTypeError
        As `LagMoments.update`; the message tells which chunk.
    """
    with unchanged_on_failure(moments):
        done = 0
        for chunk in source.chunks(0, _rows(moments, source, None)):
            _update(moments, source, chunk, weight, done)
            done += chunk.shape[0]
    return moments


def check_trial_weights(weights: Any, n_trials: int) -> list[float]:
    """Return one weight per trial, all 1 by default.

    Raises
    ------
    ArgumentError
        There are more or fewer than trials, one is below 0, or all are 0.
    ArgumentTypeError
        They are no sequence of numbers.
    """
    if weights is None:
        return [1.0] * n_trials
    weights = weights.to_numpy() if hasattr(weights, "to_numpy") else weights
    array: Any = weights if is_array_api_obj(weights) else None
    if array is not None and array.ndim == 1:
        weights = [float(weight) for weight in array]
    if isinstance(weights, str) or not isinstance(weights, Sequence):
        raise ArgumentTypeError(
            "trial_weights",
            allowed="a sequence with one number per trial",
            got=f"{weights!r}",
            remedy="Write [1.0] for a single recording, or leave it out.",
        )
    if len(weights) != n_trials:
        raise ArgumentError(
            "trial_weights",
            allowed=f"one number for each of {n_trials} trial(s)",
            got=f"{len(weights)} number(s)",
            remedy="Leave a trial out by a weight of 0.",
        )
    checked = [check_weight(f"trial_weights[{index}]", weight) for index, weight in enumerate(weights)]
    if not any(checked):
        raise ArgumentError(
            "trial_weights", allowed="above 0 somewhere", got="only 0", remedy="Weigh a trial by 1."
        )
    return checked


def covariances_of(settings: Settings, moments: LagMoments, future_channels: int | None) -> LagCovariances:
    """Return the moments that the units are learned from.

    Parameters
    ----------
    settings
        Of the unit.
    moments
        Of the recording, or of the recording with its partner beside it.
    future_channels
        Channels of that partner, whose future is kept; None for the recording's own future.

    Raises
    ------
    DataError
        Fewer than two windows, or a past or a future without variance; squares of the values overflow or
        underflow, which no further data mend: only then does the error have a cause.
    """
    centred = _joint(settings, moments, True, future_channels)
    past = _varying(centred.past, centred.past_mean)
    future = _varying(centred.future, centred.future_mean)
    xp = array_namespace(past)
    for which, varying in (("past", past), ("future", future)):
        if not bool(xp.any(varying)):
            raise DataError(
                "X",
                allowed="a signal that varies",
                got=f"a constant {which}",
                remedy="Look at the recording; a silent or saturated one carries no information.",
            )
    if not settings.center:
        return _joint(settings, moments, False, future_channels)
    p, f = xp.astype(past, xp.float64), xp.astype(future, xp.float64)
    # whitening knows no scale: left in, the rounding of a constant channel would count as much as a signal
    return replace(
        centred,
        past=centred.past * p[:, None] * p[None, :],
        future=centred.future * f[:, None] * f[None, :],
        cross=centred.cross * f[:, None] * p[None, :],
    )


def warn_of_short_trials(settings: Settings, moments: LagMoments) -> None:
    """Say how many trials added nothing (`ShortTrialWarning`)."""
    if moments.n_short_trials:
        warnings.warn(
            f"{moments.n_short_trials} of {moments.n_trials} trials are shorter than one window of "
            f"{settings.window} samples and add nothing.",
            ShortTrialWarning,
            # called by fit_recordings or fit_moments, these by a method of the unit, and that by the user
            stacklevel=4,
        )


def check_continues(settings: Settings, moments: LagMoments, channels: int) -> None:
    """Refuse to mix moments of different windows, forgetting or channels (`StateError`)."""
    before = (moments.memory, moments.horizon, moments.gap, moments.half_life, moments.channels)
    now = (settings.memory, settings.horizon, settings.gap, settings.half_life, channels)
    if before != now:
        raise StateError(
            f"memory, horizon, gap, half_life and channels are {now}, but the data so far were gathered with "
            f"{before}. Call fit to begin anew."
        )


def _update(moments: LagMoments, source: Source, chunk: Array, weight: float, done: int) -> None:
    try:
        moments.update(chunk, weight=weight)
    except ArgumentError as error:
        if error.argument != "chunk":
            raise
        # whoever passed X knows of no chunk
        name = f"{source.name} (from sample {done})" if not source.in_memory else source.name
        raise type(error)(name, allowed=error.allowed, got=error.got, remedy=error.remedy) from None


def _rows(moments: LagMoments, source: Source, resumption: Resumption | None) -> int:
    """Return the samples of a chunk: of a few MiB, and worth the products that a chunk costs."""
    window = moments.memory + moments.gap + moments.horizon - 1
    size = _VIEWED if source.in_memory else min(_READ + 4 * (window * moments.channels) ** 2, _READ_MOST)
    rows = max(rows_of_chunk(moments.channels, size), 4 * window)
    return rows if resumption is None else min(rows, resumption.every)


@contextmanager
def unchanged_on_failure(moments: LagMoments) -> Iterator[None]:
    """Leave moments as they were if the block fails."""
    before = copy.deepcopy(moments)
    try:
        yield
    except BaseException:
        vars(moments).update(vars(before))
        raise


def _joint(
    settings: Settings, moments: LagMoments, center: bool, future_channels: int | None
) -> LagCovariances:
    if moments.n_windows < 2:
        remedy = "Give a longer recording, or ask for a shorter memory, horizon or gap."
        if moments.n_samples > settings.window:
            remedy = "Give longer trials with fewer gaps (NaN), or ask for a shorter memory, horizon or gap."
        raise DataError(
            "X",
            allowed=f"long enough for two windows of {settings.window} samples (memory + gap + horizon - 1)",
            got=f"{moments.n_windows} window(s) in {moments.n_samples} samples, {moments.n_trials} trial(s)",
            remedy=remedy,
        )
    past, future = None, None
    if future_channels is not None:
        split = moments.channels - future_channels
        past, future = range(split), range(split, moments.channels)
    try:
        return moments.covariances(center, past_channels=past, future_channels=future)
    except DataError as error:
        # whoever passed X knows of no chunk
        raise DataError("X", allowed=error.allowed, got=error.got, remedy=error.remedy) from error


def _varying(covariance: Array, mean: Array) -> Array:
    """Say which entries deviate from their mean by more than the rounding of a constant of that size."""
    xp = array_namespace(covariance)
    rounding = 16.0 * float(xp.finfo(xp.float64).eps) * xp.abs(mean)
    return xp.linalg.diagonal(covariance) ** 0.5 > rounding
