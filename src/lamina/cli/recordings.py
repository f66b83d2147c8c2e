"""Recordings named on the command line, and errors about them in the names of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lamina.errors import ArgumentError, DataError
from lamina.io import Signal, read_signal

_RECORDING = re.compile(r"(?:X|recording|trials|movies?)(?:\[(\d+)\])?")


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


def read_trials(files: Sequence[Path]) -> list[Signal]:
    """Read the recordings, and refuse those whose axes are swapped.

    Parameters
    ----------
    files
        One path per trial.

    Returns
    -------
    list of Signal
        What the files hold.

    Raises
    ------
    FileError
        If a file cannot be read.
    DataError
        If a recording has more channels than samples.
    """
    trials = [read_signal(file) for file in files]
    for trial in trials:
        shape = trial.samples.shape
        if len(shape) == 2 and shape[1] > shape[0]:
            raise DataError(
                trial.source,
                allowed="longer than it has channels",
                got=f"{shape[0]} sample(s) of {shape[1]} channels",
                remedy="Time is the first axis (rows) and channels are the second (columns); transpose it.",
            )
    return trials


@contextmanager
def named_after_files(trials: Sequence[Signal]) -> Iterator[None]:
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
        index = int(match[1] or 0)
        source = trials[index].source if len(trials) > index else trials[0].source
        raise type(error)(source, allowed=error.allowed, got=error.got, remedy=error.remedy) from error
