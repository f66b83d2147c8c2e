"""Moving patterns as a retina sees them, blurred by its acceptance function in closed form.

All of them are movies ``(time, pixels)`` of contrast against a grey of 0. A positive velocity or temporal
frequency moves the pattern from left to right: a pixel of higher index sees the same thing later. Time runs
around the middle of the movie, where the pattern is centred on the retina.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from lamina._checks import check_choice, check_real
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.simulate.acceptance import blurred_square_wave, blurred_step, sine_attenuation
from lamina.simulate.retina import Retina
from lamina.typing import Movie

REST_S = 0.5
"""Grey before and after a passing pattern: the memory of the first layer at its usual 50 x 10 ms."""


def moving_edge(
    retina: Retina,
    velocity_deg_per_s: float,
    polarity: Literal["on", "off"] = "on",
    contrast: float = 1.0,
    duration_s: float | None = None,
) -> Movie:
    r"""Return an edge that moves over the retina and leaves light (ON) or dark (OFF) behind it.

    .. math:: c_{t,i} = \pm c\, \Phi\!\left(\frac{|v|\, t - \operatorname{sgn}(v)\, x_i}{\sigma}\right)

    Every pixel goes from grey, 0, to ``+contrast`` (ON) or ``-contrast`` (OFF). The edge crosses the centre
    of the retina in the middle of the movie.

    Parameters
    ----------
    retina
        Where and when the pattern is sampled.
    velocity_deg_per_s
        Velocity, in degrees per second, not 0.
    polarity
        ``"on"`` for a rise from 0 to ``contrast``, ``"off"`` for a fall from 0 to ``-contrast``.
    contrast
        Size of the step, above 0 (at most 1 for a dark edge on a real display).
    duration_s
        Length of the movie, in seconds. Default: half a second of rest, the passage, half a second of rest.

    Returns
    -------
    Movie
        ``(time, pixels)`` float64.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or the movie would be shorter than one sample.
    ArgumentTypeError
        If ``retina`` is not a `Retina`, or text stands where a number is needed.

    Notes
    -----
    The stimuli of Qin et al. (2025), Fig. 5.

    Examples
    --------
    >>> movie = moving_edge(Retina(n_pixels=3), velocity_deg_per_s=50.0)
    >>> (movie > 0.5).argmax(axis=0) * 0.01  # seconds until the edge arrives
    array([0.73, 0.83, 0.93])
    """
    _check_retina(retina)
    velocity = _check_motion("velocity_deg_per_s", velocity_deg_per_s)
    step = signed_contrast(polarity, contrast)
    time = _times(retina, duration_s, _passage_s(retina, velocity, 0.0))
    distance = abs(velocity) * time - np.sign(velocity) * retina.positions_deg
    return step * blurred_step(distance, retina.acceptance_sigma_deg)


def moving_bar(
    retina: Retina,
    velocity_deg_per_s: float,
    width_deg: float,
    polarity: Literal["on", "off"] = "on",
    contrast: float = 1.0,
    duration_s: float | None = None,
) -> Movie:
    r"""Return a light (ON) or dark (OFF) bar that moves over the retina.

    .. math:: c_{t,i} = \pm c \left[\Phi\!\left(\frac{d + w/2}{\sigma}\right)
              - \Phi\!\left(\frac{d - w/2}{\sigma}\right)\right],
              \qquad d = |v|\, t - \operatorname{sgn}(v)\, x_i

    The middle of the bar crosses the centre of the retina in the middle of the movie.

    Parameters
    ----------
    retina
        Where and when the pattern is sampled.
    velocity_deg_per_s
        Velocity, in degrees per second, not 0.
    width_deg
        Width of the bar along its motion, in degrees, above 0.
    polarity
        ``"on"`` for a bar of ``+contrast``, ``"off"`` for one of ``-contrast``.
    contrast
        Contrast of the bar before it is blurred, above 0.
    duration_s
        Length of the movie, in seconds. Default: half a second of rest, the passage, half a second of rest.

    Returns
    -------
    Movie
        ``(time, pixels)`` float64.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or the movie would be shorter than one sample.
    ArgumentTypeError
        If ``retina`` is not a `Retina`, or text stands where a number is needed.

    Examples
    --------
    >>> movie = moving_bar(Retina(n_pixels=3), velocity_deg_per_s=50.0, width_deg=5.0, polarity="off")
    >>> movie.argmin(axis=0) * 0.01  # seconds until the middle of the bar arrives
    array([0.78, 0.88, 0.98])
    """
    _check_retina(retina)
    velocity = _check_motion("velocity_deg_per_s", velocity_deg_per_s)
    width = check_real("width_deg", width_deg, above=0.0)
    step = signed_contrast(polarity, contrast)
    time = _times(retina, duration_s, _passage_s(retina, velocity, width))
    distance = abs(velocity) * time - np.sign(velocity) * retina.positions_deg
    sigma = retina.acceptance_sigma_deg
    return step * (blurred_step(distance + width / 2, sigma) - blurred_step(distance - width / 2, sigma))


def drifting_grating(
    retina: Retina,
    wavelength_deg: float,
    temporal_frequency_hz: float,
    contrast: float = 1.0,
    duration_s: float = 2.0,
    waveform: Literal["sine", "square"] = "sine",
) -> Movie:
    r"""Return a grating of mean 0 that drifts over the retina, at the velocity ``wavelength x frequency``.

    .. math:: u = |f|\, t - \operatorname{sgn}(f)\, x_i / \lambda, \qquad
              c_{t,i} = c\, e^{-2 \pi^2 \sigma^2 / \lambda^2} \sin 2 \pi u \;\text{ (sine)}, \qquad
              c_{t,i} = c\, q_\sigma(u) \;\text{ (square)}

    The square wave :math:`q_\sigma` is a train of alternating ON and OFF edges, each blurred
    (`lamina.simulate.blurred_square_wave`). An ON edge (for the sine, a rising zero) crosses the centre of
    the retina in the middle of the movie, whichever way the grating moves.

    Parameters
    ----------
    retina
        Where and when the pattern is sampled. As to a fly, a wavelength between one and two spacings seems to
        move the other way.
    wavelength_deg
        Spatial period, in degrees, above 0.
    temporal_frequency_hz
        Periods per second that pass a pixel; its sign is the direction; not 0, and below half the sampling
        rate.
    contrast
        Amplitude before the blur (half the difference between light and dark), above 0.
    duration_s
        Length of the movie, in seconds.
    waveform
        ``"sine"`` or ``"square"``.

    Returns
    -------
    Movie
        ``(time, pixels)`` float64.

    Raises
    ------
    ArgumentError
        If an argument is out of range, the frequency too high for the sampling rate, or the movie shorter
        than one sample.
    ArgumentTypeError
        If ``retina`` is not a `Retina`, or text stands where a number is needed.

    Examples
    --------
    >>> movie = drifting_grating(Retina(n_pixels=3), wavelength_deg=30.0, temporal_frequency_hz=2.0)
    >>> movie.shape, round(float(movie.max()), 3)
    ((200, 3), 0.879)
    """
    _check_retina(retina)
    wavelength = check_real("wavelength_deg", wavelength_deg, above=0.0)
    frequency = _check_motion("temporal_frequency_hz", temporal_frequency_hz)
    amplitude = check_real("contrast", contrast, above=0.0)
    shape = check_choice("waveform", waveform, ("sine", "square"))
    if abs(frequency) * retina.dt_s >= 0.5:
        raise ArgumentError(
            "temporal_frequency_hz",
            allowed=f"below half the sampling rate ({0.5 / retina.dt_s:.4g} Hz) either way",
            got=str(frequency),
            remedy="Lower the frequency or retina.dt_s; sampled like this it would seem slower or reversed.",
        )
    time = _times(retina, duration_s, 0.0)
    cycles = abs(frequency) * time - np.sign(frequency) * retina.positions_deg / wavelength
    if shape == "square":
        return amplitude * blurred_square_wave(cycles, retina.acceptance_sigma_deg / wavelength)
    return amplitude * sine_attenuation(wavelength, retina.acceptance_sigma_deg) * np.sin(2 * np.pi * cycles)


def _check_retina(retina: Retina) -> None:
    if not isinstance(retina, Retina):
        raise ArgumentTypeError(
            "retina", allowed="a Retina", got=type(retina).__name__, remedy="Make one with Retina(n_pixels)."
        )


def _check_motion(name: str, value: float) -> float:
    number = check_real(name, value)
    if number == 0:
        raise ArgumentError(
            name, allowed="different from 0", got="0", remedy="Its sign is the direction of motion."
        )
    return number


def signed_contrast(polarity: str, contrast: float) -> float:
    """Return the size of a step up ("on") or down ("off"), checked."""
    size = check_real("contrast", contrast, above=0.0)
    return size if check_choice("polarity", polarity, ("on", "off")) == "on" else -size


def _passage_s(retina: Retina, velocity: float, width: float) -> float:
    # two full widths on either side take a Gaussian to below one part in a hundred thousand
    return (retina.extent_deg + width + 4 * retina.acceptance_deg) / abs(velocity)


def _times(retina: Retina, duration_s: float | None, passage_s: float) -> np.ndarray:
    if duration_s is None:
        n_samples = int(np.ceil((passage_s + 2 * REST_S) / retina.dt_s))
    else:
        n_samples = round(check_real("duration_s", duration_s, above=0.0) / retina.dt_s)
    if n_samples < 1:
        raise ArgumentError(
            "duration_s",
            allowed=f"at least one sample ({retina.dt_s} s)",
            got=str(duration_s),
            remedy="Ask for a longer movie.",
        )
    return ((np.arange(n_samples) - (n_samples - 1) / 2) * retina.dt_s)[:, None]
