"""What may enter a unit: recordings and trials of the right channels."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from lamina._checks import check_recording, check_trials, count_axes
from lamina.errors import ArgumentError, ArgumentTypeError, FileError, ShapeError
from lamina.resu.placement import like as like
from lamina.resu.sources import ArraySource, ChunkSource, PairSource, Source, is_in_chunks, is_read_by_slices
from lamina.typing import Array


def is_list_of_trials(value: Any) -> bool:
    """Say whether ``value`` holds several recordings (`lamina._checks.check_trials` draws the same line)."""
    first: Any = next(iter(value), None) if isinstance(value, (list, tuple)) else None
    return count_axes(first) > 0 or is_in_chunks(first)


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
    if is_in_chunks(X) or (is_list_of_trials(X) and any(is_in_chunks(trial) for trial in X)):
        raise ArgumentTypeError(
            "X",
            allowed="a whole recording, or a list of such",
            got="chunks that come from an iterator or a function",
            remedy="Pass the chunks to the transform of a lamina.resu.ReSUStream, one after the other.",
        )
    trials = check_trials("X", X, convert=convert)
    let_in = _gate(estimator, reset)
    for given, trial in zip(X if is_list_of_trials(X) else [X], trials, strict=True):
        let_in(given, trial)
    return trials


def admit_sources(estimator: Any, X: Any, future_of: Any, *, reset: bool) -> tuple[list[Source], int | None]:
    """Return the trials of ``X`` as sources of chunks, those of ``future_of`` beside them when it is given.

    What is in memory is checked as a whole, as in `admit`; what is not, chunk by chunk as it is read.

    Parameters
    ----------
    estimator
        Learns ``n_features_in_`` (and ``feature_names_in_``) when ``reset`` is true.
    X
        One recording or a list of trials. A recording is what `admit` takes, or something on disk that has a
        shape and a dtype and can be sliced (of h5py, zarr, NumPy's memmap), or an iterator of chunks of one
        recording, or a function without arguments that returns such an iterator.
    future_of
        As many, as long, in any of these forms; or None.
    reset
        True while fitting, False afterwards.

    Returns
    -------
    sources
        (time, channels) or (time, channels + future channels) each.
    future_channels
        None without ``future_of``.

    Raises
    ------
    ArgumentError
        ``future_of`` is given now and was not in the fit, or the other way round.
    ShapeError, DataError, ArgumentTypeError
        As `admit`; another number of trials in ``future_of``, or another length, as far as it is known.
    """
    sources = _open_all("X", X, _gate(estimator, reset))
    _check_partner(estimator, future_of, reset)
    if future_of is None:
        return sources, None
    partners = _open_all("future_of", future_of, None)
    pairs = list(itertools.zip_longest(sources, partners))
    unlike = any(a is None or b is None or _differ(a.samples, b.samples) for a, b in pairs)
    if unlike:
        raise ShapeError(
            "future_of",
            allowed=f"as long as X, {_lengths([source.samples for source in sources])}",
            got=_lengths([partner.samples for partner in partners]),
            remedy="Pass recordings that were sampled together, trial by trial.",
        )
    return [PairSource(first, second) for first, second in pairs], partners[0].channels


def _open_all(name: str, value: Any, let_in: Callable[[Any, Array], None] | None) -> list[Source]:
    """Return the trials of ``value`` as sources, and show each to ``let_in``."""
    several = is_list_of_trials(value)
    trials = list(value) if several else [value]
    try:
        in_memory = not any(is_in_chunks(trial) or is_read_by_slices(trial) for trial in trials)
    except RuntimeError as error:
        # the answer of a closed file of HDF5 to any question
        raise FileError(f"cannot read {name}: {error}; open its file again") from error
    if in_memory:
        if hasattr(value, "toarray"):
            got = f"a sparse {type(value).__name__}"
            raise ArgumentTypeError(name, allowed="a dense array", got=got, remedy="Use its toarray().")
        arrays = check_trials(name, value, convert=False)
        for given, array in zip(trials, arrays, strict=True):
            if let_in is not None:
                let_in(given, array)
        labels = [f"{name}[{index}]" if several else name for index in range(len(arrays))]
        return [ArraySource(label, array) for label, array in zip(labels, arrays, strict=True)]
    sources: list[Source] = []
    for index, trial in enumerate(trials):
        label = f"{name}[{index}]" if several else name
        channels = sources[0].channels if sources else None
        sources.append(_open(label, trial, channels, let_in))
    return sources


def _open(
    label: str, trial: Any, channels: int | None, let_in: Callable[[Any, Array], None] | None
) -> Source:
    if is_in_chunks(trial):
        return ChunkSource(label, trial, channels, let_in)
    on_disk = is_read_by_slices(trial)
    if on_disk:
        # an array that takes no memory stands for one that has not been read
        check_recording(label, np.zeros((1, 1), dtype=trial.dtype), convert=False)
        outline = np.broadcast_to(np.zeros((), dtype=np.bool_), tuple(trial.shape or ()))
        array = check_recording(label, outline, channels=channels, convert=False)
    else:
        array = check_recording(label, trial, channels=channels, convert=False)
    if let_in is not None:
        let_in(array if on_disk else trial, array)
    return ArraySource(label, trial if on_disk else array, in_memory=not on_disk)


def _gate(estimator: Any, reset: bool) -> Callable[[Any, Array], None]:
    """Return what lets in only arrays with the channels, and the names of columns, of the fit."""
    new = reset

    def let_in(given: Any, array: Array) -> None:
        nonlocal new
        channels = array.shape[1]
        expected = channels if new else estimator.n_features_in_
        if channels != expected:
            raise ShapeError(
                "X",
                allowed=f"of {expected} channel(s), as in the fit",
                got=f"shape {tuple(array.shape)}",
                remedy=f"X has {channels} features, but {type(estimator).__name__} is expecting {expected} "
                "features as input; time is the first axis.",
            )
        if new:
            estimator.n_features_in_ = channels
            vars(estimator).pop("feature_names_in_", None)
        # columns of a data frame in another order would be other channels
        if count_axes(given) == 2:
            validate_data(estimator, given, reset=new, skip_check_array=True)
        new = False

    return let_in


def _check_partner(estimator: Any, future_of: Any, reset: bool) -> None:
    if not reset and (future_of is None) != (estimator.future_channels_ is None):
        raise ArgumentError(
            "future_of",
            allowed="given always or never",
            got="none" if future_of is None else "one that the fit did not have",
            remedy="Pass future_of as in the fit.",
        )


def _differ(length: int | None, other: int | None) -> bool:
    return length is not None and other is not None and length != other


def _lengths(lengths: Sequence[int | None]) -> str:
    some = ", ".join("unknown" if length is None else str(length) for length in lengths[:5])
    return f"{len(lengths)} trial(s) of {some}{' ...' if len(lengths) > 5 else ''} samples"
