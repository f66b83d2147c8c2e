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

    @property
    def best(self) -> float:
        """Index on the grating that drives the detector most in its preferred direction."""
        return float(self.index.flat[int(self.preferred.argmax())])

    def driven(self, least_sd: float) -> np.ndarray:
        """Return the indices on the gratings that drive it at least so much in its preferred direction."""
        return self.index[self.preferred >= least_sd]


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
    shown = [
        grating(config, wavelength, frequency)
        for frequency in FREQUENCIES_HZ
        for wavelength in WAVELENGTHS_DEG
    ]
    found = respond(detector, shown, config.threshold)
    peaks = np.array([[each.preferred, each.null] for each in found]).T.reshape(2, *shape)
    index = np.where(peaks.max(axis=0) > _SILENT, direction_selectivity_index(*peaks), np.nan)
    return Tuning(np.array(FREQUENCIES_HZ), np.array(WAVELENGTHS_DEG), peaks[0], index)
