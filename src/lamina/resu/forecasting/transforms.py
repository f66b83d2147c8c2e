"""What a series is mapped by before it is learned, and back."""

from __future__ import annotations

import numpy as np

from lamina.errors import DataError


def forward(name: str, trial: np.ndarray, transformation: str | None) -> np.ndarray:
    """Return the transformed series.

    Parameters
    ----------
    name
        Of the argument, for the message.
    trial
        (time, channels), NaN for gaps.
    transformation
        "log" or None.

    Raises
    ------
    DataError
        "log" of values that are not above 0.
    """
    if transformation is None:
        return trial
    if not bool(np.all((trial > 0) | np.isnan(trial))):
        raise DataError(
            name,
            allowed="above 0 everywhere with transformation='log'",
            got=f"a least value of {np.nanmin(trial):.4g}",
            remedy="Shift the recording, or leave transformation out.",
        )
    return np.log(trial)


def backward(values: np.ndarray, transformation: str | None) -> np.ndarray:
    """Return values of the series from transformed ones."""
    if transformation is None:
        return values
    # what float64 cannot hold becomes infinity, which the caller refuses
    with np.errstate(over="ignore"):
        return np.exp(values)
