"""Stimuli against brute force: ideal patterns on a fine grid, blurred by numerical integration."""

import math

import numpy as np
import pytest

from lamina.simulate import (
    Retina,
    blurred_square_wave,
    drifting_grating,
    luminance_staircase,
    moving_bar,
    moving_edge,
)

RETINA = Retina(n_pixels=4, spacing_deg=5.0, dt_s=0.02, acceptance_deg=5.7)
SIGMA = 5.7 / math.sqrt(8 * math.log(2))


def integrate(pattern, movie, velocity):
    """Blur ``pattern(position)`` by the midpoint rule, moved to where it is at each sample of ``movie``."""
    cell = SIGMA / 200
    offsets = (np.arange(-1600, 1600) + 0.5) * cell
    weights = np.exp(-0.5 * (offsets / SIGMA) ** 2)
    weights /= weights.sum()
    expected = np.empty_like(movie)
    for t in range(movie.shape[0]):
        time = (t - (movie.shape[0] - 1) / 2) * RETINA.dt_s
        for i, position in enumerate((-7.5, -2.5, 2.5, 7.5)):
            expected[t, i] = weights @ pattern(position + offsets - velocity * time)
    return expected


# half a cell of the midpoint rule lies on the wrong side of each jump, at the peak density of the Gaussian
PER_JUMP = 0.5 * (SIGMA / 200) / (SIGMA * math.sqrt(2 * math.pi)) * 1.01


@pytest.mark.parametrize("velocity", [37.0, -37.0])
@pytest.mark.parametrize(("polarity", "sign"), [("on", 1.0), ("off", -1.0)])
def test_edge(velocity, polarity, sign):
    movie = moving_edge(RETINA, velocity, polarity, contrast=0.8, duration_s=0.8)
    assert movie.shape == (40, 4)
    expected = integrate(lambda x: sign * 0.8 * (x * np.sign(velocity) < 0), movie, velocity)
    np.testing.assert_allclose(movie, expected, rtol=0, atol=PER_JUMP)


@pytest.mark.parametrize("velocity", [37.0, -37.0])
def test_bar(velocity):
    movie = moving_bar(RETINA, velocity, width_deg=4.0, polarity="off", duration_s=0.8)
    expected = integrate(lambda x: -1.0 * (np.abs(x) < 2), movie, velocity)
    np.testing.assert_allclose(movie, expected, rtol=0, atol=2 * PER_JUMP)


@pytest.mark.parametrize("frequency", [1.3, -1.3])
def test_sine_grating(frequency):
    movie = drifting_grating(RETINA, 18.0, frequency, contrast=0.7, duration_s=0.8)
    towards = -np.sign(frequency)
    expected = integrate(lambda x: 0.7 * np.sin(towards * 2 * np.pi * x / 18.0), movie, 18.0 * frequency)
    np.testing.assert_allclose(movie, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("wavelength", [6.0, 9.6, 10.0, 60.0])  # both forms of the blurred square wave
@pytest.mark.parametrize("frequency", [1.3, -1.3])
def test_square_grating(wavelength, frequency):
    movie = drifting_grating(RETINA, wavelength, frequency, duration_s=0.8, waveform="square")
    towards = -np.sign(frequency)
    expected = integrate(
        lambda x: np.where((towards * x / wavelength) % 1 < 0.5, 1.0, -1.0), movie, wavelength * frequency
    )
    jumps = math.ceil(16 * SIGMA / wavelength) * 2 + 2
    np.testing.assert_allclose(movie, expected, rtol=0, atol=jumps * 2 * PER_JUMP)


@pytest.mark.parametrize("sigma", [0.24999, 0.25])
def test_both_forms_of_the_square_wave_are_its_fourier_series(sigma):
    cycles = np.linspace(-3, 3, 301)
    series = sum(
        4 / (np.pi * k) * np.exp(-2 * (np.pi * k * sigma) ** 2) * np.sin(2 * np.pi * k * cycles)
        for k in range(1, 60, 2)
    )
    np.testing.assert_allclose(blurred_square_wave(cycles, sigma), series, rtol=0, atol=1e-14)


def test_square_wave_of_a_point_is_a_square_wave():
    cycles = np.array([-1.75, -0.3, 0.0, 0.1, 0.5, 0.7, 7.25])
    np.testing.assert_array_equal(blurred_square_wave(cycles, 0.0), [1, -1, 0, 1, 0, -1, 1])


def test_staircase_is_the_logarithm_of_a_blurred_luminance():
    dt = 0.001
    log = luminance_staircase(
        dt,
        steps_up=2,
        steps_down=1,
        step_log10=0.5,
        plateau_s=0.5,
        velocity_deg_per_s=40.0,
        acceptance_deg=5.7,
    )
    sharp = np.repeat(10.0 ** np.array([0.0, 0.5, 1.0, 0.5]), 500)
    kernel = np.exp(-0.5 * (np.arange(-500, 501) * dt / (SIGMA / 40)) ** 2)
    padded = np.concatenate([np.full(500, sharp[0]), sharp, np.full(500, sharp[-1])])
    blurred = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    # jumps lie half-way between samples, where the midpoint rule is of second order in dt / sigma
    np.testing.assert_allclose(10**log, blurred, rtol=(dt / (SIGMA / 40)) ** 2, atol=0)
