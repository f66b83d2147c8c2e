"""What a read-out is given for comparison: the raw window, and correlators that know what motion is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def raw_windows(frames: np.ndarray, memory: int) -> np.ndarray:
    """Return the window that a network sees, flat, newest sample first.

    Parameters
    ----------
    frames
        (movies, time, photoreceptors).
    memory
        Samples of the window.

    Returns
    -------
    numpy.ndarray
        (movies, time, memory · photoreceptors); what lies before the first sample is 0.
    """
    movies, time, pixels = frames.shape
    windows = np.zeros((movies, time, memory, pixels))
    for lag in range(min(memory, time)):
        windows[:, lag:, lag] = frames[:, : time - lag]
    return windows.reshape(movies, time, -1)


def correlators(
    frames: np.ndarray, memory: int, constants: Sequence[float], distances: Sequence[int] = (1, 2)
) -> np.ndarray:
    r"""Multiply neighbours, one of them delayed, and average over the retina.

    .. math:: R^{\pm}_{\tau, k}(t) = \big\langle \tilde y_i(t)\, y_{i+k}(t) \pm y_i(t)\, \tilde y_{i+k}(t)
              \big\rangle_i, \qquad \tilde y(t) \propto \sum_{j < m} e^{-j / \tau} y(t - j)

    The differences are the detectors of Hassenstein and Reichardt; the sums, and the mean squares of the
    photoreceptors and of their changes, tell how much contrast there is.

    Parameters
    ----------
    frames
        (movies, time, photoreceptors).
    memory
        Samples ``m`` that are seen.
    constants
        Time constants τ of the delay, in samples.
    distances
        From one photoreceptor to the other, k.

    Returns
    -------
    numpy.ndarray
        (movies, time, features); what lies before the first sample is 0.
    """
    changes = np.diff(frames, axis=1, prepend=frames[:, :1])
    features = [np.mean(frames**2, axis=2), np.mean(changes**2, axis=2)]
    for constant in constants:
        weights = np.exp(-np.arange(memory) / constant)
        delayed = np.zeros_like(frames)
        for lag, weight in enumerate(weights / weights.sum()):
            delayed[:, lag:] += weight * frames[:, : frames.shape[1] - lag]
        for distance in distances:
            one = np.mean(delayed[:, :, :-distance] * frames[:, :, distance:], axis=2)
            other = np.mean(frames[:, :, :-distance] * delayed[:, :, distance:], axis=2)
            features += [one - other, one + other]
    return np.stack(features, axis=-1)
