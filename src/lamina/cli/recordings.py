"""Recordings named on the command line, and errors about them in the names of their files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lamina.errors import ArgumentError, DataError, LaminaWarning
from lamina.io.signals import LazySignal, open_signal

IN_MEMORY_BYTES = 2**26
"""Recordings up to this size, all together, are read whole; larger ones piece by piece."""

_RECORDING = re.compile(r"(?:X|signal|chunk|recording|trials|movies?)(?:\[(\d+)\])?( \(.*\))?")


class SamplingRateWarning(LaminaWarning):
    """A recording was sampled at another rate than what the model learned from."""


def check_suffix(option: str, file: Path, suffixes: Sequence[str]) -> None:
    """Refuse an output file whose suffix says something else than what will be written.

    Parameters
    ----------
    option
        The option that named the file.
    file
        The file to write.
    suffixes
        Those that can be written.

    Raises
    ------
    ArgumentError
        If the suffix is another.
    """
    if file.suffix.lower() not in suffixes:
        allowed = " or ".join(suffixes)
        raise ArgumentError(
            option, allowed=f"a {allowed} file", got=str(file), remedy=f"End the name in {allowed}."
        )


@contextmanager
def opened(files: Sequence[Path]) -> Iterator[list[LazySignal]]:
    """Open the recordings, and refuse those whose axes are swapped; small ones are read at once.

    Parameters
    ----------
    files
        One path per trial.

    Yields
    ------
    list of LazySignal
        What the files hold; ``samples`` are NumPy arrays in memory, if all of them together are small.

    Raises
    ------
    FileError
        If a file cannot be read.
    DataError
        If a recording has more channels than samples.
    """
    from contextlib import ExitStack
    from dataclasses import replace

    with ExitStack() as stack:
        trials = [stack.enter_context(open_signal(file)) for file in files]
        for trial in trials:
            shape = trial.samples.shape
            if len(shape) == 2 and shape[1] > shape[0] > 0:
                raise DataError(
                    trial.source,
                    allowed="longer than it has channels",
                    got=f"{shape[0]} sample(s) of {shape[1]} channels",
                    remedy="Time is the first axis (rows) and channels are the second (columns); "
                    "transpose it.",
                )
        if sum(trial.samples.nbytes for trial in trials) <= IN_MEMORY_BYTES:
            trials = [replace(trial, samples=_in_memory(trial)) for trial in trials]
        yield trials


def is_large(trials: Sequence[LazySignal]) -> bool:
    """Whether `opened` left the recordings in their files.

    Parameters
    ----------
    trials
        As it gave them.

    Returns
    -------
    bool
    """
    return any(type(trial.samples) is not np.ndarray for trial in trials)


@contextmanager
def named_after_files(trials: Sequence[LazySignal]) -> Iterator[None]:
    """Let errors about an argument ``X`` name the file that it came from.

    Parameters
    ----------
    trials
        The recordings, in the order in which they are passed on.
    """
    try:
        yield
    except ArgumentError as error:
        match = _RECORDING.fullmatch(error.argument)
        if match is None:
            raise
        if match[1] is None and len(trials) > 1:
            # what holds of all together is not said of the first
            source = "the recordings"
        else:
            source = trials[min(int(match[1] or 0), len(trials) - 1)].source
        named = f"{source}{match[2] or ''}"
        raise type(error)(named, allowed=error.allowed, got=error.got, remedy=error.remedy) from error


def warn_of_other_rate(model: Any, trial: LazySignal) -> None:
    """Say so where a recording was sampled at another rate than the model's.

    Parameters
    ----------
    model
        Fitted; it may have no sampling rate.
    trial
        What it is to be used on.

    Warns
    -----
    SamplingRateWarning
        If both say a rate, and they differ.
    """
    fitted = getattr(model, "sampling_rate", None)
    if fitted is not None and trial.sampling_rate is not None and trial.sampling_rate != fitted:
        warnings.warn(
            f"{trial.source} has {trial.sampling_rate:g} samples per second, and the model learned from "
            f"{fitted:g}: resample the recording, unless one of the two is wrong",
            SamplingRateWarning,
            stacklevel=2,
        )


def _in_memory(trial: LazySignal) -> np.ndarray:
    # mapped arrays are used as they are, without the class that says that they are mapped
    if isinstance(trial.samples, np.ndarray):
        return np.asarray(trial.samples)
    pieces = list(trial.blocks())
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def load_units(file: Path) -> Any:
    """Load a model that `lamina fit` wrote, and refuse other things that are in such files.

    Parameters
    ----------
    file
        The model.

    Returns
    -------
    ReSU, ReSUNetwork or LocalReSU
        Fitted.

    Raises
    ------
    FileError
        If the file cannot be read, or holds a spike code.
    """
    from lamina.encoding.code import SpikeCode
    from lamina.errors import FileError
    from lamina.io import load

    model = load(file)
    if isinstance(model, SpikeCode):
        raise FileError(
            f"cannot use {file}: it holds the spike code {type(model).__name__}, and a model that lamina fit "
            f"wrote is needed here; spikes are made by: lamina encode SIGNAL --code {file}"
        )
    return model


def refuse_inputs(out: Path, *files: Path) -> None:
    """Refuse to write over a file that is read.

    Parameters
    ----------
    out
        The file to write.
    *files
        Those that are read, perhaps as ``file.h5:name``.

    Raises
    ------
    OutputError
        If it is one of them.
    """
    from lamina.errors import OutputError
    from lamina.io.signals import split_member

    inputs = [split_member(str(file))[0].resolve() for file in files]
    target = out.resolve()
    if any(target == file or (file.is_dir() and file in target.parents) for file in inputs):
        raise OutputError(f"cannot write {out}: it is one of the inputs; choose another file")
