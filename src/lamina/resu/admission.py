"""What may enter a unit: recordings and trials of the right channels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array, to_device
from sklearn.utils.validation import validate_data

from lamina._checks import check_trials
from lamina.errors import ArgumentError, ArgumentTypeError, ShapeError
from lamina.typing import Array


def is_list_of_trials(value: Any) -> bool:
    """Say whether ``value`` holds several recordings (`lamina._checks.check_trials` draws the same line)."""
    return isinstance(value, (list, tuple)) and len(value) > 0 and getattr(value[0], "ndim", 0) > 0


@contextmanager
def all_or_nothing(estimator: Any) -> Iterator[None]:
    """Leave the estimator as it was if the block fails, so that old filters never meet new channels."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def admit(estimator: Any, X: Any, *, reset: bool, convert: bool = True) -> list[Array]:
    """Return ``X`` as a list of ``(time, channels)`` trials, and see that its channels are those of the fit.

    Parameters
    ----------
    estimator
        Learns ``n_features_in_`` (and ``feature_names_in_`` from a data frame) when ``reset`` is true.
    X
        One recording or a list of trials; NaN marks a gap.
    reset
        True while fitting, False afterwards.
    convert
        Make all of it floating; moments read integers and half precision as they are.

    Raises
    ------
    ShapeError
        Wrong number of axes, or other channels than in the fit.
    DataError
        Nothing in it, or infinities.
    ArgumentTypeError
        Not real numbers.
    """
    if hasattr(X, "toarray"):
        raise ArgumentTypeError(
            "X", allowed="a dense array", got=f"a sparse {type(X).__name__}", remedy="Use its toarray()."
        )
    trials = check_trials("X", X, convert=convert)
    channels = trials[0].shape[1]
    expected = channels if reset else estimator.n_features_in_
    if channels != expected:
        raise ShapeError(
            "X",
            allowed=f"of {expected} channel(s), as in the fit",
            got=f"shape {tuple(trials[0].shape)}",
            remedy=f"X has {channels} features, but {type(estimator).__name__} is expecting {expected} "
            "features as input; time is the first axis.",
        )
    if reset:
        estimator.n_features_in_ = channels
        vars(estimator).pop("feature_names_in_", None)
    for index, trial in enumerate(X if is_list_of_trials(X) else [X]):
        # columns of a data frame in another order would be other channels
        if getattr(trial, "ndim", 0) == 2:
            validate_data(estimator, trial, reset=reset and index == 0, skip_check_array=True)
    return trials


def admit_pair(estimator: Any, X: Any, future_of: Any, *, reset: bool) -> tuple[list[Array], int | None]:
    """Return the trials of ``X``, with those of ``future_of`` beside them when it is given.

    Returns
    -------
    trials
        (time, channels) or (time, channels + future channels) each.
    future_channels
        None without ``future_of``.

    Raises
    ------
    ArgumentError
        ``future_of`` is given now and was not in the fit, or the other way round.
    ShapeError, DataError, ArgumentTypeError
        As `admit`.
    """
    trials = admit(estimator, X, reset=reset, convert=False)
    if not reset and (future_of is None) != (estimator.future_channels_ is None):
        raise ArgumentError(
            "future_of",
            allowed="given always or never",
            got="none" if future_of is None else "one that the fit did not have",
            remedy="Pass future_of as in the fit.",
        )
    return (trials, None) if future_of is None else _beside(trials, future_of)


def _beside(trials: list[Array], future_of: Any) -> tuple[list[Array], int]:
    """Put each trial's partner beside it as further channels, and count the partner's channels.

    Raises
    ------
    ShapeError
        Another number of trials, or a partner of another length.
    """
    partners = check_trials("future_of", future_of)
    lengths = [trial.shape[0] for trial in trials]
    if lengths != [partner.shape[0] for partner in partners]:
        raise ShapeError(
            "future_of",
            allowed=f"as long as X, {_lengths(lengths)}",
            got=_lengths([partner.shape[0] for partner in partners]),
            remedy="Pass recordings that were sampled together, trial by trial.",
        )
    joined: list[Array] = []
    for trial, partner in zip(trials, partners, strict=True):
        xp = array_namespace(trial)
        joined.append(xp.concat([xp.astype(trial, xp.float64), like(partner, trial)], axis=1))
    return joined, partners[0].shape[1]


def like(array: Array, reference: Array) -> Array:
    """Return ``array`` in float64, in the library and on the device of ``reference``."""
    xp = array_namespace(reference)
    if is_torch_array(array):
        array = array.detach()
    if array_namespace(array) is xp:
        return xp.astype(to_device(array, device(reference)), xp.float64)
    return xp.asarray(np.asarray(to_device(array, "cpu")), dtype=xp.float64, device=device(reference))


def _lengths(lengths: list[int]) -> str:
    some = ", ".join(str(length) for length in lengths[:5])
    return f"{len(lengths)} trial(s) of {some}{' ...' if len(lengths) > 5 else ''} samples"
