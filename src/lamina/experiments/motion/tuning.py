"""How a detector is tuned to drifting gratings: temporal frequency by spatial wavelength."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.circuits import MotionDetector, direction_selectivity_index
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.detectors import respond
from lamina.experiments.motion.stimuli import grating

FREQUENCIES_HZ = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
WAVELENGTHS_DEG = (15.0, 20.0, 30.0, 45.0, 60.0, 90.0)
_SILENT = 0.01  # standard deviations, below which an index would be a ratio of two nothings


@dataclass(frozen=True, eq=False)
class Tuning:
    """Responses of one detector to sine gratings.

    Parameters
    ----------
    frequencies_hz, wavelengths_deg
        ``(frequencies,)`` and ``(wavelengths,)``.
    preferred
        ``(frequencies, wavelengths)`` peak response to the preferred direction, in standard deviations.
    index
        Likewise; NaN where neither direction moves the detector.
    """

    frequencies_hz: np.ndarray
    wavelengths_deg: np.ndarray
    preferred: np.ndarray
    index: np.ndarray


def tune(detector: MotionDetector, config: MotionConfig) -> Tuning:
    """Show a detector sine gratings of every frequency and wavelength, both ways.

    Parameters
    ----------
    detector
        Chosen on training scenes.
    config
        Retina and threshold.

    Returns
    -------
    Tuning
        Peak responses and index.
    """
    shape = (len(FREQUENCIES_HZ), len(WAVELENGTHS_DEG))
    peaks = np.zeros((2, *shape))
    for row, frequency in enumerate(FREQUENCIES_HZ):
        for column, wavelength in enumerate(WAVELENGTHS_DEG):
            response = respond(detector, grating(config, wavelength, frequency), config.threshold)
            peaks[:, row, column] = response.preferred, response.null
    index = np.where(peaks.max(axis=0) > _SILENT, direction_selectivity_index(*peaks), np.nan)
    return Tuning(np.array(FREQUENCIES_HZ), np.array(WAVELENGTHS_DEG), peaks[0], index)
