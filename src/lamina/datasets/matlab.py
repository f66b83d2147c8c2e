"""Contrast scenes from a MATLAB file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lamina.datasets.paths import check_file
from lamina.errors import DataError, FileError, LaminaError, MissingDependencyError, ShapeError
from lamina.typing import Scene

if TYPE_CHECKING:
    import h5py

VARIABLE = "contrastScenes"

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEADER_BYTES = 512  # MATLAB writes its own header in front of the HDF5 file


def contrast_scenes(path: str | Path) -> list[Scene]:
    """Read the variable ``contrastScenes`` of a MATLAB v7.3 file, for which MATLAB need not be there.

    The variable is a matrix (rows, columns), an array (rows, columns, scenes), or a cell array of such
    matrices, whose scenes may differ in size. MATLAB stores its axes in the reverse order of NumPy's; they
    are turned back, so that rows are rows.

    Parameters
    ----------
    path
        A file that MATLAB wrote with ``save(..., '-v7.3')``.

    Returns
    -------
    list[Scene]
        List of ``(rows, columns)`` float64 arrays, in MATLAB's order.

    Raises
    ------
    MissingDependencyError
        If h5py is not installed (``pip install "lamina[data]"``).
    FileError
        If the file is missing, damaged, in an older MATLAB format, or does not hold the variable; the message
        lists the variables that are there.
    ShapeError
        If the variable, or a cell of it, has no or more than three axes.
    DataError
        If it holds no scene, anything but real numbers, NaN or infinity.
    ArgumentTypeError
        If ``path`` is not a path.

    Notes
    -----
    The name is that of the scenes that Qin et al. (2025) train on, the panoramas of Meyer et al. (2014) as
    contrasts.

    Examples
    --------
    >>> contrast_scenes("missing.mat")
    Traceback (most recent call last):
        ...
    lamina.errors.FileError: missing.mat does not exist or is not a file. Check the path.
    """
    file = check_file(path)
    _check_format(file)
    try:
        import h5py
    except ImportError as error:
        raise MissingDependencyError(
            'Reading MATLAB v7.3 files needs h5py. Install it with: pip install "lamina[data]"'
        ) from error
    try:
        with h5py.File(file, "r") as content:
            return _scenes(_variable(content, file), content, file)
    except LaminaError:
        raise
    except (OSError, RuntimeError, KeyError) as error:  # what h5py makes of damaged files
        raise FileError(f"{file} cannot be read as HDF5 ({error}). Save it again from MATLAB.") from error


def _check_format(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            start = stream.read(_HEADER_BYTES + len(_HDF5_SIGNATURE))
    except OSError as error:
        raise FileError(f"{file} cannot be opened ({error.strerror}). Check its permissions.") from error
    if _HDF5_SIGNATURE in (start[: len(_HDF5_SIGNATURE)], start[_HEADER_BYTES:]):
        return
    if start.startswith(b"MATLAB 5.0 MAT-file"):
        raise FileError(
            f"{file} is a MATLAB v5 to v7 file, not v7.3. Save it again in MATLAB with save(..., '-v7.3'), "
            "or read it with scipy.io.loadmat."
        )
    raise FileError(f"{file} is not a MATLAB v7.3 file. Save it in MATLAB with save(..., '-v7.3').")


def _variable(content: h5py.File, file: Path) -> h5py.Dataset:
    import h5py

    found = content.get(VARIABLE)
    if not isinstance(found, h5py.Dataset):
        names = sorted(str(name) for name in content)
        there = ", ".join(name for name in names if not name.startswith("#")) or "nothing"
        reason = "does not hold the variable" if found is None else "holds a structure, not an array, as"
        raise FileError(
            f"{file} {reason} {VARIABLE}; it holds {there}. Rename the variable in MATLAB and save again."
        )
    return found


def _scenes(variable: h5py.Dataset, content: h5py.File, file: Path) -> list[np.ndarray]:
    import h5py

    if variable.attrs.get("MATLAB_empty", 0) or not variable.size:
        raise DataError(
            VARIABLE,
            allowed="at least one scene",
            got=f"an empty array in {file}",
            remedy="Check what was saved.",
        )
    if h5py.check_ref_dtype(variable.dtype) is None:
        return _split(VARIABLE, variable)
    scenes: list[np.ndarray] = []
    # MATLAB counts cells down the columns first, which in the reversed order of axes is plain row-major order
    for index, reference in enumerate(np.ravel(variable[()])):
        name = f"{VARIABLE}{{{index + 1}}}"
        cell = content[reference] if reference else None
        if not isinstance(cell, h5py.Dataset) or cell.attrs.get("MATLAB_empty", 0) or not cell.size:
            raise DataError(
                name,
                allowed="a matrix",
                got="an empty cell or a structure",
                remedy="Remove this cell in MATLAB.",
            )
        scenes.extend(_split(name, cell))
    return scenes


def _split(name: str, stored: h5py.Dataset) -> list[np.ndarray]:
    text = stored.attrs.get("MATLAB_class") == b"char"
    if text or stored.dtype.kind not in "fiu":
        raise DataError(
            name,
            allowed="an array or cell array of real numbers",
            got="text" if text else f"dtype {stored.dtype}",
            remedy="Convert it in MATLAB with double(...).",
        )
    if stored.ndim not in (2, 3):
        raise ShapeError(
            name,
            allowed="of size (rows, columns) or (rows, columns, scenes)",
            got=f"size {stored.shape[::-1]}",
            remedy="Keep one or several scenes, without further axes.",
        )
    values = stored[()].astype(np.float64).T
    if not np.isfinite(values).all():
        raise DataError(
            name,
            allowed="finite",
            got=f"{int(np.sum(~np.isfinite(values)))} value(s) that are NaN or infinite",
            remedy="Repair or remove these scenes in MATLAB.",
        )
    whole = values[:, :, None] if values.ndim == 2 else values
    return [np.ascontiguousarray(whole[:, :, index]) for index in range(whole.shape[2])]
