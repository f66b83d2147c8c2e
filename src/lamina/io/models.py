"""Fitted models in files: safetensors with a JSON description, and no pickle."""

from __future__ import annotations

import os
from pathlib import Path

from lamina._version import __version__
from lamina.errors import ArgumentError, ArgumentTypeError, FileError
from lamina.io.container import read_container, write_container
from lamina.io.networks import describe_network, rebuild_network
from lamina.io.units import NotInOrderError, describe_unit, rebuild_unit
from lamina.resu import ReSU, ReSUNetwork

FORMAT = 1
"""Version of what the description says; a higher one was written by a later lamina."""

SUFFIX = ".safetensors"

Model = ReSU | ReSUNetwork


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a fitted model to a file, whole or not at all.

    The file holds arrays and a JSON description: the format and lamina's version, the class, its parameters,
    how it was fitted (windows, trials), the physical units of the numbers, and a checksum of everything. Any
    program that reads safetensors can read it. The moments are kept, so that a loaded model can `score` and
    learn on.

    Parameters
    ----------
    model
        A fitted `lamina.ReSU` or `lamina.ReSUNetwork`.
    path
        The file, which must end in ``.safetensors``; an existing one is replaced. Its folder must exist.

    Raises
    ------
    StateError
        If the model is not fitted, or a parameter that the fitted arrays show (memory, horizon, gap, rank,
        rectify) was changed since.
    ArgumentTypeError
        If it is of another class.
    ArgumentError
        If the name ends otherwise.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> unit = ReSU(memory=3, horizon=2, rank=1).fit(np.sin(np.arange(90.0) ** 1.1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(unit, Path(folder) / "unit.safetensors")
    ...     again = load(Path(folder) / "unit.safetensors")
    >>> bool((again.filters_ == unit.filters_).all())
    True
    """
    if Path(path).suffix.lower() != SUFFIX:
        raise ArgumentError(
            "path",
            allowed=f"the name of a {SUFFIX} file",
            got=os.fspath(path),
            remedy=f"End the name in {SUFFIX}.",
        )
    if type(model) is ReSU:
        description, arrays = describe_unit(model)
    elif type(model) is ReSUNetwork:
        description, arrays = describe_network(model)
    else:
        raise ArgumentTypeError(
            "model", allowed="a ReSU or a ReSUNetwork", got=type(model).__name__, remedy="Save its parts."
        )
    write_container(path, {"format": FORMAT, "lamina": __version__, **description}, arrays)


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that `save` wrote; its outputs are then bit by bit those of the saved one.

    Nothing in a file is run, and nothing is taken for granted: its size, format, class, parameters, shapes,
    types and values are all checked first. Arrays come back as NumPy arrays.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    ReSU or ReSUNetwork
        The fitted model.

    Raises
    ------
    FileError
        If the file is missing, truncated, damaged, written by a later lamina, or no model at all.

    Examples
    --------
    >>> load("no-such-model.safetensors")
    Traceback (most recent call last):
        ...
    lamina.errors.FileError: cannot read no-such-model.safetensors: there is no such file; check the path
    """
    description, arrays = read_container(path)
    written_as = description.get("format")
    if not isinstance(written_as, int) or isinstance(written_as, bool) or written_as < 1:
        raise FileError(f"cannot read {os.fspath(path)}: it does not say its format")
    if written_as > FORMAT:
        writer = str(description.get("lamina"))[:40]
        raise FileError(
            f"cannot read {os.fspath(path)}: it has format {written_as}, written by lamina {writer}; "
            f"this is lamina {__version__}, which reads up to format {FORMAT}; install a newer one"
        )
    try:
        kind = description.get("class")
        if kind == "ReSU":
            return rebuild_unit(description, arrays)
        if kind == "ReSUNetwork":
            return rebuild_network(description, arrays)
    except NotInOrderError as error:
        raise FileError(f"cannot read {os.fspath(path)}: {str(error)[:300]}") from error
    raise FileError(f"cannot read {os.fspath(path)}: it holds no ReSU or ReSUNetwork but {str(kind)[:40]!r}")
