"""How a local unit takes in recordings: in the order of time, window by window, all of a call or nothing."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.errors import ArgumentError, DataError, ShortTrialWarning
from lamina.resu.admission import like
from lamina.resu.local_settings import LocalSettings, check_local_settings
from lamina.resu.local_state import LocalState
from lamina.typing import Array

_MOST = 1e150


def settings_of(unit: Any) -> LocalSettings:
    """Return the checked parameters of a unit."""
    return check_local_settings(**unit.get_params(deep=False))


def learn_whole(state: LocalState, trials: Sequence[Array], settings: LocalSettings) -> LocalState:
    """Learn from whole trials, ``settings.passes`` times, and see that anything was learned.

    Raises
    ------
    ArgumentError
        The weights ran away.
    DataError
        No window without a gap, or nothing varies.

    Warns
    -----
    ShortTrialWarning
        Trials shorter than one window.
    """
    for _ in range(settings.passes):
        learn_trials(state, trials, settings)
    if state.n_steps == 0:
        raise _nothing_learned(state, trials, settings)
    short = sum(trial.shape[0] < settings.window for trial in trials)
    if short:
        warnings.warn(
            f"{short} of {len(trials)} trials are shorter than one window of {settings.window} samples "
            "and add nothing.",
            ShortTrialWarning,
            stacklevel=4,
        )
    return state


def learn_trials(state: LocalState, trials: Sequence[Array], settings: LocalSettings) -> LocalState:
    """Learn from whole trials, in place; an open trial is ended first (errors as `learn_chunk`)."""
    state.end_trial()
    for trial in trials:
        learn_chunk(state, trial, settings)
        state.end_trial()
    return state


def learn_chunk(state: LocalState, chunk: Array, settings: LocalSettings) -> LocalState:
    """Learn from a chunk that continues the current trial, in place.

    Raises
    ------
    ArgumentError
        The weights ran away; the state is of no use then.
    DataError
        Values whose squares are no numbers any more.
    """
    samples = chunk if isinstance(chunk, np.ndarray) else like(chunk, np.empty(0))
    _check_squares(samples)
    if not state.learn(samples, settings):
        raise ArgumentError(
            "learning_rate",
            allowed="small enough for the weights to stay finite on these data",
            got=f"{settings.learning_rate:g}, with which they ran away at step {state.n_steps}",
            remedy="Lower learning_rate, or take out artefacts (mark them by NaN). Nothing was learned from "
            "this call.",
        )
    return state


def _check_squares(samples: np.ndarray) -> None:
    largest = np.asarray(np.fmax.reduce(np.abs(samples), axis=0, initial=0.0), dtype=np.float64)
    if (largest >= _MOST).any():
        found = f"values of {_MOST:g} or more"
    elif ((largest > 0) & (largest <= 1 / _MOST)).any():
        found = f"a channel of nothing above {1 / _MOST:g}"
    else:
        return
    raise DataError(
        "X",
        allowed="of values whose squares are numbers that keep their digits",
        got=found,
        remedy="Rescale the recording, or set such a channel to zero.",
    )


def _nothing_learned(state: LocalState, trials: Sequence[Array], settings: LocalSettings) -> DataError:
    if state.n_samples > 0 and not state.variance.any():
        return DataError(
            "X",
            allowed="a signal that varies",
            got=f"a constant one, {state.n_samples // settings.passes} sample(s)",
            remedy="Look at the recording; a silent or saturated one carries no information.",
        )
    longest = max(trial.shape[0] for trial in trials)
    return DataError(
        "X",
        allowed=f"at least one window (memory + gap + horizon - 1 = {settings.window} samples) without a gap",
        got=f"{len(trials)} trial(s) of at most {longest} sample(s)",
        remedy="Give a longer recording, or ask for a shorter memory, horizon or gap.",
    )
