"""Fitted models and spike codes in files: safetensors with a JSON description, and no pickle."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lamina._checks import check_path
from lamina._version import __version__
from lamina.encoding.code import SpikeCode
from lamina.encoding.registry import CODES
from lamina.errors import ArgumentError, ArgumentTypeError, FileError
from lamina.io.anomalies import describe_anomaly, rebuild_anomaly
from lamina.io.codes import describe_code, is_code, rebuild_code
from lamina.io.container import read_container, write_container
from lamina.io.forecasts import describe_forecaster, rebuild_forecaster
from lamina.io.formats import FORMAT, check_format, upgraded
from lamina.io.local import describe_local, rebuild_local
from lamina.io.networks import describe_network, rebuild_network
from lamina.io.records import NotInOrderError
from lamina.io.series_features import describe_features, rebuild_features
from lamina.io.series_readouts import describe_readout, rebuild_readout
from lamina.io.units import describe_unit, rebuild_unit
from lamina.resu import ReSU, ReSUNetwork
from lamina.resu.anomaly.detector import ReSUAnomaly
from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.transformer import ReSUFeatures
from lamina.resu.forecasting.forecaster import ReSUForecaster
from lamina.resu.local import LocalReSU

SUFFIX = ".safetensors"

Model = (
    ReSU
    | ReSUNetwork
    | LocalReSU
    | ReSUForecaster
    | ReSUAnomaly
    | ReSUFeatures
    | ReSUClassifier
    | ReSURegressor
    | SpikeCode
)

_CLASSES = (
    "a ReSU, a ReSUNetwork, a LocalReSU, a ReSUForecaster, a ReSUAnomaly, ReSUFeatures, a ReSUClassifier, "
    "a ReSURegressor or a spike code"
)


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a fitted model or a spike code to a file, whole or not at all.

    The file holds arrays and a JSON description: the format and lamina's version, the class, its parameters,
    how it was fitted (windows, trials), the physical units of the numbers, and a checksum of everything. Any
    program that reads safetensors can read it. The moments are kept, so that a loaded ReSU can `score` and
    learn on, and a loaded forecaster goes on with the recording; a loaded spike code encodes and decodes bit
    by bit alike.

    Parameters
    ----------
    model
        A fitted `lamina.ReSU`, `lamina.ReSUNetwork`, `lamina.resu.LocalReSU`, `lamina.resu.ReSUForecaster`,
        `lamina.resu.ReSUAnomaly`, `lamina.resu.ReSUFeatures`, `lamina.resu.ReSUClassifier` or
        `lamina.resu.ReSURegressor`, or any code of `lamina.encoding`, fitted or not.
    path
        The file, which must end in ``.safetensors``; an existing one is replaced. Its folder must exist.

    Raises
    ------
    StateError
        If the model is not fitted, or a parameter that the fit depends on was changed since: the window and
        the rectification are compared with what was fitted, and what else there is by solving once more
        from the moments (a change that moves no correlation by 1e-4 of the largest passes); features of
        series and detectors of anomalies keep no moments, and are compared with what their parameters allow.
        If a spike code draws from a ``numpy.random.Generator``, of which only an integer seed can be kept; if
        labels are neither numbers nor text.
    ArgumentTypeError
        If it is of another class, or ``path`` is no path.
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
    file: Path = check_path("path", path)
    if file.suffix.lower() != SUFFIX:
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
    elif type(model) is LocalReSU:
        description, arrays = describe_local(model)
    elif type(model) is ReSUForecaster:
        description, arrays = describe_forecaster(model)
    elif type(model) is ReSUAnomaly:
        description, arrays = describe_anomaly(model)
    elif type(model) is ReSUFeatures:
        description, arrays = describe_features(model)
    elif type(model) is ReSUClassifier or type(model) is ReSURegressor:
        description, arrays = describe_readout(model)
    elif isinstance(model, SpikeCode) and type(model) in CODES:
        description, arrays = describe_code(model)
    else:
        raise ArgumentTypeError("model", allowed=_CLASSES, got=type(model).__name__, remedy="Save its parts.")
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
    ReSU, ReSUNetwork, LocalReSU, ReSUForecaster, ReSUAnomaly, ReSUFeatures, ReSUClassifier, ReSURegressor
    or SpikeCode
        The fitted model, or the code.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
    FileError
        If the file is missing, truncated, damaged, written by a later lamina, or no model at all.

    Examples
    --------
    >>> load("no-such-model.safetensors")
    Traceback (most recent call last):
        ...
    lamina.errors.FileError: cannot read no-such-model.safetensors: there is no such file; check the path
    """
    return read_model(path)[0]


def read_model(path: str | os.PathLike[str]) -> tuple[Model, dict[str, Any]]:
    """Read a model, and the description of it that its file holds.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    model
        As `load` returns it.
    description
        As written: format, version of lamina, class, parameters, how it was fitted.

    Raises
    ------
    ArgumentTypeError, FileError
        As `load`.
    """
    description, arrays = read_container(path)
    try:
        check_format(description, __version__)
        whole = upgraded(description)
        kind = whole.get("class")
        if kind == "ReSU":
            return rebuild_unit(whole, arrays), description
        if kind == "ReSUNetwork":
            return rebuild_network(whole, arrays), description
        if kind == "LocalReSU":
            return rebuild_local(whole, arrays), description
        if kind == "ReSUForecaster":
            return rebuild_forecaster(whole, arrays), description
        if kind == "ReSUAnomaly":
            return rebuild_anomaly(whole, arrays), description
        if kind == "ReSUFeatures":
            return rebuild_features(whole, arrays), description
        if kind in ("ReSUClassifier", "ReSURegressor"):
            return rebuild_readout(whole, arrays), description
        if is_code(whole):
            return rebuild_code(whole, arrays), description
    except NotInOrderError as error:
        raise FileError(f"cannot read {os.fspath(path)}: {str(error)[:300]}") from error
    raise FileError(f"cannot read {os.fspath(path)}: it must hold {_CLASSES}, and holds {str(kind)[:40]!r}")
