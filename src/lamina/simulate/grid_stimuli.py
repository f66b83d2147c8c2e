"""Patterns that move in any direction as a grid of photoreceptors sees them, blurred in closed form.

All of them are movies ``(time, rows, columns)`` of contrast against a grey of 0. A direction of 0 degrees is
to the right, 90 degrees is up; rows are counted from the top. Since the blur is the same in all directions,
a pattern of straight stripes is that of one dimension, taken at the distance along its motion. Time runs
around the middle of the movie, where the pattern is centred on the retina.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from lamina._checks import check_choice, check_real
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.simulate.acceptance import blurred_square_wave, blurred_step, sine_attenuation
from lamina.simulate.grid_retina import GridRetina
from lamina.simulate.stimuli import REST_S, signed_contrast
from lamina.typing import GridMovie


def moving_edge_2d(
    retina: GridRetina,
    speed_deg_per_s: float,
    direction_deg: float,
    polarity: Literal["on", "off"] = "on",
    contrast: float = 1.0,
    duration_s: float | None = None,
) -> GridMovie:
    r"""Return a straight edge that moves over the retina and leaves light (ON) or dark (OFF) behind it.

    .. math:: c_{t,i,j} = \pm c\, \Phi\!\left(\frac{v\, t - d_{ij}}{\sigma}\right), \qquad
              d_{ij} = x_j \cos\theta + y_i \sin\theta

    Parameters
    ----------
    retina
        Where and when the pattern is sampled.
    speed_deg_per_s
        Speed v, in degrees per second, above 0.
    direction_deg
        Direction of motion θ, in degrees: 0 is to the right, 90 is up. The edge is at a right angle to it.
    polarity
        ``"on"`` for a rise from 0 to ``contrast``, ``"off"`` for a fall from 0 to ``-contrast``.
    contrast
        Size of the step, above 0.
    duration_s
        Length of the movie, in seconds. Default: half a second of rest, the passage, half a second of rest.

    Returns
    -------
    GridMovie
        ``(time, rows, columns)`` float64.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or the movie would be shorter than one sample.
    ArgumentTypeError
        If ``retina`` is not a `GridRetina`, or text stands where a number is needed.

    Notes
    -----
    The ON and OFF edges of Qin et al. (2025), Fig. 5, in any direction.

    Examples
    --------
    >>> movie = moving_edge_2d(GridRetina(3, 1), speed_deg_per_s=50.0, direction_deg=90.0)
    >>> (movie[:, :, 0] > 0.5).argmax(axis=0) * 0.01  # it rises: the lowest row, the last, is the first
    array([0.93, 0.83, 0.73])
    """
    distance = _behind_front(retina, speed_deg_per_s, direction_deg, duration_s, 0.0)
    return signed_contrast(polarity, contrast) * blurred_step(distance, retina.acceptance_sigma_deg)


def moving_bar_2d(
    retina: GridRetina,
    speed_deg_per_s: float,
    direction_deg: float,
    width_deg: float,
    polarity: Literal["on", "off"] = "on",
    contrast: float = 1.0,
    duration_s: float | None = None,
) -> GridMovie:
    r"""Return a long light (ON) or dark (OFF) bar that moves over the retina.

    .. math:: c_{t,i,j} = \pm c \left[\Phi\!\left(\frac{v t - d_{ij} + w/2}{\sigma}\right)
              - \Phi\!\left(\frac{v t - d_{ij} - w/2}{\sigma}\right)\right], \qquad
              d_{ij} = x_j \cos\theta + y_i \sin\theta

    Parameters
    ----------
    retina
        Where and when the pattern is sampled.
    speed_deg_per_s
        Speed v, in degrees per second, above 0.
    direction_deg
        Direction of motion θ, in degrees: 0 is to the right, 90 is up. The bar is at a right angle to it.
    width_deg
        Width w of the bar along its motion, in degrees, above 0.
    polarity
        ``"on"`` for a bar of ``+contrast``, ``"off"`` for one of ``-contrast``.
    contrast
        Contrast of the bar before it is blurred, above 0.
    duration_s
        Length of the movie, in seconds. Default: half a second of rest, the passage, half a second of rest.

    Returns
    -------
    GridMovie
        ``(time, rows, columns)`` float64.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or the movie would be shorter than one sample.
    ArgumentTypeError
        If ``retina`` is not a `GridRetina`, or text stands where a number is needed.

    Notes
    -----
    The bars of Qin et al. (2025) in any direction.

    Examples
    --------
    >>> movie = moving_bar_2d(GridRetina(1, 3), 50.0, direction_deg=180.0, width_deg=5.0)
    >>> movie[:, 0].argmax(axis=0) * 0.01  # seconds until the middle of the bar arrives, from the right
    array([0.98, 0.88, 0.78])
    """
    width = check_real("width_deg", width_deg, above=0.0)
    distance = _behind_front(retina, speed_deg_per_s, direction_deg, duration_s, width)
    step, sigma = signed_contrast(polarity, contrast), retina.acceptance_sigma_deg
    return step * (blurred_step(distance + width / 2, sigma) - blurred_step(distance - width / 2, sigma))


def drifting_grating_2d(
    retina: GridRetina,
    wavelength_deg: float,
    temporal_frequency_hz: float,
    direction_deg: float,
    contrast: float = 1.0,
    duration_s: float = 2.0,
    waveform: Literal["sine", "square"] = "sine",
) -> GridMovie:
    r"""Return a grating of mean 0 that drifts over the retina, at the speed ``wavelength x frequency``.

    .. math:: u = f\, t - d_{ij} / \lambda, \qquad
              c_{t,i,j} = c\, e^{-2 \pi^2 \sigma^2 / \lambda^2} \sin 2 \pi u \;\text{ (sine)}, \qquad
              c_{t,i,j} = c\, q_\sigma(u) \;\text{ (square)}

    with :math:`d_{ij} = x_j \cos\theta + y_i \sin\theta`; the square wave :math:`q_\sigma` is that of
    `lamina.simulate.blurred_square_wave`.

    Parameters
    ----------
    retina
        Where and when the pattern is sampled.
    wavelength_deg
        Spatial period λ, in degrees, above 0.
    temporal_frequency_hz
        Periods f per second that pass a photoreceptor, above 0 and below half the sampling rate.
    direction_deg
        Direction of motion θ, in degrees: 0 is to the right, 90 is up. The stripes are at a right angle to
        it.
    contrast
        Amplitude before the blur (half the difference between light and dark), above 0.
    duration_s
        Length of the movie, in seconds.
    waveform
        ``"sine"`` or ``"square"``.

    Returns
    -------
    GridMovie
        ``(time, rows, columns)`` float64.

    Raises
    ------
    ArgumentError
        If an argument is out of range, the frequency too high for the sampling rate, or the movie shorter
        than one sample.
    ArgumentTypeError
        If ``retina`` is not a `GridRetina`, or text stands where a number is needed.

    Notes
    -----
    The gratings with which direction tuning of T4 and T5 is measured, in any direction.

    Examples
    --------
    >>> movie = drifting_grating_2d(GridRetina(2, 3), 30.0, temporal_frequency_hz=2.0, direction_deg=45.0)
    >>> movie.shape, round(float(movie.max()), 3)
    ((200, 2, 3), 0.879)
    """
    _check_retina(retina)
    wavelength = check_real("wavelength_deg", wavelength_deg, above=0.0)
    frequency = check_real("temporal_frequency_hz", temporal_frequency_hz, above=0.0)
    amplitude = check_real("contrast", contrast, above=0.0)
    shape = check_choice("waveform", waveform, ("sine", "square"))
    if frequency * retina.dt_s >= 0.5:
        raise ArgumentError(
            "temporal_frequency_hz",
            allowed=f"below half the sampling rate ({0.5 / retina.dt_s:.4g} Hz)",
            got=str(frequency),
            remedy="Lower the frequency or retina.dt_s; sampled like this it would seem slower or reversed.",
        )
    n_samples = round(check_real("duration_s", duration_s, above=0.0) / retina.dt_s)
    cycles = frequency * _times(retina, n_samples) - retina.along(direction_deg) / wavelength
    if shape == "square":
        return amplitude * blurred_square_wave(cycles, retina.acceptance_sigma_deg / wavelength)
    return amplitude * sine_attenuation(wavelength, retina.acceptance_sigma_deg) * np.sin(2 * np.pi * cycles)


def _behind_front(
    retina: GridRetina, speed: float, direction: float, duration_s: float | None, width: float
) -> np.ndarray:
    """Return how far the middle of a pattern has passed every photoreceptor, ``(time, rows, columns)``."""
    _check_retina(retina)
    velocity = check_real("speed_deg_per_s", speed, above=0.0)
    along = retina.along(direction)
    if duration_s is None:
        # two full widths on either side take a Gaussian to below one part in a hundred thousand
        passage_s = (np.ptp(along) + width + 4 * retina.acceptance_deg) / velocity
        n_samples = int(np.ceil((passage_s + 2 * REST_S) / retina.dt_s))
    else:
        n_samples = round(check_real("duration_s", duration_s, above=0.0) / retina.dt_s)
    return velocity * _times(retina, n_samples) - along


def _times(retina: GridRetina, n_samples: int) -> np.ndarray:
    if n_samples < 1:
        raise ArgumentError(
            "duration_s",
            allowed=f"at least one sample ({retina.dt_s} s)",
            got=f"{n_samples} samples",
            remedy="Ask for a longer movie.",
        )
    return ((np.arange(n_samples) - (n_samples - 1) / 2) * retina.dt_s)[:, None, None]


def _check_retina(retina: GridRetina) -> None:
    if not isinstance(retina, GridRetina):
        raise ArgumentTypeError(
            "retina",
            allowed="a GridRetina",
            got=type(retina).__name__,
            remedy="Make one with GridRetina(n_rows, n_columns).",
        )
