"""The state of a fit in a file, from which it goes on after a crash."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from array_api_compat import is_array_api_obj, to_device

from lamina._checks import check_integer, check_path
from lamina._version import __version__
from lamina.errors import FileError, OutputError
from lamina.io.container import MAXIMUM_FILE_BYTES, read_container, write_container
from lamina.io.disk import as_output_error
from lamina.io.files import check_output_file

FORMAT = 1
"""Version of what the description says; a higher one was written by a later lamina."""

_CLASS = "checkpoint"


class Checkpoint:
    r"""A file in which `lamina.ReSU.fit` leaves its state now and then, to go on from after a crash.

    Give the same checkpoint to the same fit again, and it goes on where it was. Windows are saved as their
    moments, so the file takes

    .. math:: 8 \, \big((m + g + h - 1)\, C\big)^2 \text{ bytes}

    however long the recording (C counts the channels of ``future_of``, too). When the fit is done the file is
    removed: what is worth keeping is then in the model, which `lamina.save` writes.

    Parameters
    ----------
    path
        The file, of any name; its folder must exist. One file serves one fit at a time.
    every
        Samples after which the state is saved, at least 1: at the next chunk border, of which there is one
        after at most as many samples. Runs with the same ``every`` agree bit by bit, interrupted or not;
        with others, or without a checkpoint, they agree to rounding (1e-10).

    Raises
    ------
    ArgumentError, ArgumentTypeError
        ``every`` is no integer of at least 1; ``path`` is no path.

    Notes
    -----
    A checkpoint knows the recording by its length, its type, the first samples of every trial, and the last
    ones before the place where the fit was left. Another recording, or other parameters, are refused. Of an
    iterator it knows the first samples alone; it is read again from its start, and passed over.

    The file is a safetensors file with a JSON description and a checksum, written whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(Path(folder) / "fit.checkpoint", every=1_000_000)
    ...     checkpoint.save({"samples": 3, "moments": {"mean": np.ones(2)}})
    ...     print(Checkpoint(checkpoint.path).load())
    {'moments': {'mean': array([1., 1.])}, 'samples': 3}
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 10_000_000) -> None:
        self.path: Path = check_path("path", path)
        self.every = check_integer("every", every, minimum=1)

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r}, every={self.every})"

    def load(self) -> dict[str, Any] | None:
        """Read what was saved last, and see that the file can be written.

        Returns
        -------
        dict or None
            As it was given to `save`, with NumPy arrays; None if there is no file.

        Raises
        ------
        FileError
            The file is damaged, of a later lamina, or no checkpoint.
        OutputError
            The file cannot be written.

        Examples
        --------
        >>> Checkpoint("no-such-file").load() is None
        True
        """
        check_output_file(self.path)
        self._remove_remains()
        if not self.path.exists():
            return None
        remedy = f"remove {self.path} to fit from the beginning, or give another path"
        try:
            description, arrays = read_container(self.path)
        except FileError as error:
            raise FileError(f"{error}; {remedy}") from error
        if description.get("class") != _CLASS or not isinstance(description.get("state"), dict):
            raise FileError(f"cannot read {self.path}: it holds no state of a fit; {remedy}")
        if description.get("format") != FORMAT:
            raise FileError(
                f"cannot read {self.path}: it has format {str(description.get('format'))[:40]}, written by "
                f"lamina {str(description.get('lamina'))[:40]}; this is lamina {__version__}, which reads "
                f"format {FORMAT}; {remedy}"
            )
        state: dict[str, Any] = description["state"]
        for name, array in arrays.items():
            *parents, last = name.split(".")
            place = state
            for parent in parents:
                place = place.get(parent)
                if not isinstance(place, dict):
                    raise FileError(f"cannot read {self.path}: it is not in order; {remedy}")
            place[last] = array
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Put a state in place of the last one; a crash while it is written leaves the last one.

        Parameters
        ----------
        state
            Dictionaries in dictionaries, with numbers, text and float64 arrays of any library.

        Raises
        ------
        OutputError
            The file cannot be written, or would be larger than 4 GiB.

        Examples
        --------
        >>> Checkpoint("no/such/folder/fit.checkpoint").save({})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        lamina.errors.OutputError: cannot write no/such/folder/fit.checkpoint: its folder does not exist; ...
        """
        arrays: dict[str, np.ndarray] = {}
        numbers = _split(state, "", arrays)
        size = sum(array.nbytes for array in arrays.values())
        if size > MAXIMUM_FILE_BYTES - 2**20:
            raise OutputError(
                f"cannot write {self.path}: the state takes {size / 2**30:.1f} GiB, and a file may have "
                f"{MAXIMUM_FILE_BYTES / 2**30:.0f} at most; fit without a checkpoint, or with shorter windows"
            )
        description = {"class": _CLASS, "format": FORMAT, "lamina": __version__, "state": numbers}
        write_container(self.path, description, arrays)

    def clear(self) -> None:
        """Remove the file, if there is one.

        Raises
        ------
        OutputError
            It cannot be removed.

        Examples
        --------
        >>> Checkpoint("no-such-file").clear()
        """
        with as_output_error(self.path, within=None):
            self.path.unlink(missing_ok=True)
        self._remove_remains()

    def _remove_remains(self) -> None:
        """Remove what runs left that were killed while they wrote."""
        target = self.path.resolve()
        remains = re.compile(re.escape(target.name) + r"\.[0-9a-f]{8}\.partial")
        with suppress(OSError):
            for found in target.parent.iterdir():
                if remains.fullmatch(found.name):
                    found.unlink(missing_ok=True)


def _split(state: Mapping[str, Any], prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the state without its arrays, which go to ``arrays`` under dotted names."""
    numbers: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, Mapping):
            numbers[name] = _split(value, f"{prefix}{name}.", arrays)
        elif is_array_api_obj(value) and not isinstance(value, np.generic):
            arrays[prefix + name] = np.asarray(to_device(value, "cpu"))
        else:
            numbers[name] = value.item() if isinstance(value, np.generic) else value
    return numbers
