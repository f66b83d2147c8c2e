"""Observations as they come in: checked, and seen as ``(batch, features)``."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np

from lamina._checks import as_floating
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.typing import Array


def admit_features(name: str, value: Any, n_features: int, batch_size: int | None = None) -> Array:
    """Return one observation ``(features,)`` or a batch of them as a floating ``(batch, features)`` array.

    It stays in its own library. What is not finite is refused, with the feature that it is in.
    """
    # what an environment gives at every step needs no conversion, which would take as long as the encoding
    ready = type(value) is np.ndarray and value.dtype in (np.float32, np.float64)
    array = value if ready else as_floating(name, value, True)
    if not (isinstance(array, np.ndarray) or array_api_compat.is_torch_array(array)):
        raise ArgumentTypeError(
            name,
            allowed="an array of NumPy or torch",
            got=f"a {type(array).__module__} array",
            remedy="Convert it with numpy.asarray.",
        )
    shape = tuple(array.shape)
    if array.ndim == 1:
        array = array.reshape(1, -1)
    batch = "batch" if batch_size is None else str(batch_size)
    single = f"({n_features},) or " if batch_size in (None, 1) else ""
    wrong_batch = array.ndim == 2 and (array.shape[0] == 0 or batch_size not in (None, array.shape[0]))
    if array.ndim != 2 or array.shape[1] != n_features or wrong_batch:
        raise ShapeError(
            name,
            allowed=f"of shape {single}({batch}, {n_features})",
            got=f"shape {shape}",
            remedy="Pass one row of features for each observation.",
        )
    finite = np.isfinite(as_numpy(array))
    if not finite.all():
        row, feature = (int(part) for part in np.argwhere(~finite)[0])
        raise DataError(
            name,
            allowed="finite",
            got=f"{float(array[row, feature])} for feature {feature} of observation {row}",
            remedy="Remove or fill such values before encoding.",
        )
    return array


def as_numpy(array: Array) -> np.ndarray:
    """Return an array of NumPy or torch as NumPy has it."""
    return array if isinstance(array, np.ndarray) else array.detach().cpu().numpy()


def give_back(spikes: np.ndarray, like: Array) -> Array:
    """Return spikes in the library, floating type and device of the observations that they stand for."""
    if isinstance(like, np.ndarray):
        return spikes.astype(like.dtype.newbyteorder("="), copy=False)
    import torch

    return torch.from_numpy(spikes).to(dtype=like.dtype, device=like.device)


def check_bounds(minimum: Any, maximum: Any, names: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds as read-only ``(features,)`` arrays of float64, each maximum above its minimum."""
    low, high = (_as_bounds(name, value) for name, value in zip(names, (minimum, maximum), strict=True))
    if low.shape != high.shape:
        raise ShapeError(
            names[1],
            allowed=f"of shape {low.shape}, as {names[0]}",
            got=f"shape {high.shape}",
            remedy="Give both bounds of each feature.",
        )
    with np.errstate(over="ignore"):
        span = high - low
    wrong = np.flatnonzero(~((span > 0) & np.isfinite(span)))
    if wrong.size:
        at = int(wrong[0])
        raise DataError(
            names[1],
            allowed=f"above {names[0]} for each feature, by a finite amount",
            got=f"{low[at]:.6g} to {high[at]:.6g} for feature {at}",
            remedy="Give the range that the feature moves in.",
        )
    return low, high


def _as_bounds(name: str, value: Any) -> np.ndarray:
    array = np.array(as_numpy(as_floating(name, value, True)), dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ShapeError(
            name,
            allowed="of shape (features,), with at least one feature",
            got=f"shape {array.shape}",
            remedy="Give one number for each feature.",
        )
    if not np.isfinite(array).all():
        at = int(np.flatnonzero(~np.isfinite(array))[0])
        raise DataError(
            name,
            allowed="finite",
            got=f"{array[at]} for feature {at}",
            remedy="ScalerFactory.from_env(env) estimates bounds that are infinite.",
        )
    array.setflags(write=False)
    return array
