"""From trials to moments that a unit can be learned from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

from array_api_compat import array_namespace

from lamina.errors import DataError, ShortTrialWarning, StateError
from lamina.resu.settings import Settings
from lamina.stats import LagCovariances, LagMoments
from lamina.typing import Array


def empty_moments(settings: Settings, channels: int) -> LagMoments:
    """Return moments that have seen nothing yet."""
    return LagMoments(settings.memory, settings.horizon, settings.gap, channels, half_life=settings.half_life)


def gather(moments: LagMoments, trials: Sequence[Array]) -> LagMoments:
    """Add whole trials to ``moments``, which is changed and returned; an open trial is ended first."""
    moments.end_trial()
    for trial in trials:
        moments.update(trial).end_trial()
    return moments


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
        Fewer than two windows, or a past or a future without variance.
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
            stacklevel=3,
        )


def check_continues(settings: Settings, moments: LagMoments, channels: int) -> None:
    """Refuse to mix moments of different windows or channels (`StateError`)."""
    before = (moments.memory, moments.horizon, moments.gap, moments.channels)
    now = (settings.memory, settings.horizon, settings.gap, channels)
    if before != now:
        raise StateError(
            f"memory, horizon, gap and channels are {now}, but the data so far were gathered with {before}. "
            "Call fit to begin anew."
        )


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
    if future_channels is None:
        return moments.covariances(center)
    split = moments.channels - future_channels
    return moments.covariances(
        center, past_channels=range(split), future_channels=range(split, moments.channels)
    )


def _varying(covariance: Array, mean: Array) -> Array:
    """Say which entries deviate from their mean by more than the rounding of a constant of that size."""
    xp = array_namespace(covariance)
    rounding = 16.0 * float(xp.finfo(xp.float64).eps) * xp.abs(mean)
    return xp.linalg.diagonal(covariance) ** 0.5 > rounding
