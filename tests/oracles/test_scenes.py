"""Natural-scene contrast and scanning against closed forms, and against the stimuli."""

import math

import numpy as np
import pytest

from lamina.datasets import natural_contrast, scan
from lamina.simulate import Retina, moving_edge

PER_FWHM = 1 / math.sqrt(8 * math.log(2))


def gain(wavelength_deg, fwhm_deg):
    return math.exp(-2 * (math.pi * fwhm_deg * PER_FWHM / wavelength_deg) ** 2)


@pytest.mark.parametrize("wavelength", [20.0, 50.0])
def test_contrast_of_a_grating(wavelength):
    degrees = 0.25
    phase = 2 * np.pi * np.arange(800) * degrees / wavelength
    image = np.tile(3.0 * (1 + 0.5 * np.cos(phase)), (120, 1))
    centre = 0.5 * gain(wavelength, 5.7)
    surround = centre * gain(wavelength, 25.0)
    expected = (centre - surround) * np.cos(phase) / (1 + surround * np.cos(phase))
    contrast = natural_contrast(image, degrees, wrap=True)
    # scipy cuts its kernels at four standard deviations, which leaves out 6.3e-5 of them
    np.testing.assert_allclose(contrast, np.tile(expected, (120, 1)), rtol=0, atol=1.3e-4)


def test_scan_and_edge_agree_in_direction_time_and_blur():
    degrees = 0.05
    columns = (np.arange(4001) - 2000) * degrees
    retina = Retina(n_pixels=3, spacing_deg=5.0, dt_s=0.02, acceptance_deg=5.7)
    blurred = np.array([0.5 * math.erfc(x / (5.7 * PER_FWHM * math.sqrt(2))) for x in columns])
    for velocity in (30.0, -30.0):
        scene = blurred if velocity > 0 else blurred[::-1]
        seen = scan(scene, degrees, retina, velocity)[0]
        movie = moving_edge(retina, velocity, duration_s=seen.shape[0] * retina.dt_s)
        # linear interpolation errs by at most (1/8) spacing^2 max|second derivative|
        bound = degrees**2 / 8 * 0.25 / (5.7 * PER_FWHM) ** 2
        np.testing.assert_allclose(seen, movie, rtol=0, atol=bound)
