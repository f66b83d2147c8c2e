"""The patterns that the detectors are tested on, none of which was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.simulate import drifting_grating, moving_bar, moving_edge

HEADLINE = "ON/OFF pattern"

Pair = dict[int, np.ndarray]
"""A pattern moving to the right and to the left: ``(time, 3)`` each."""


def headline_pattern(config: MotionConfig, wavelength_deg: float | None = None) -> Pair:
    """Return alternating ON and OFF edges, the pattern of the headline index.

    Parameters
    ----------
    config
        Retina, speed, wavelength and number of periods.
    wavelength_deg
        Another wavelength.

    Returns
    -------
    Pair
        Movies in both directions. They begin with one memory that is there to fill the filters' windows, and
        is left out of the response; what follows are whole periods.
    """
    wavelength = config.wavelength_deg if wavelength_deg is None else wavelength_deg
    frequency = config.velocity_deg_per_s / wavelength
    samples = config.memory - 1 + round(config.periods / frequency / config.dt_s)
    return _both(
        lambda way: drifting_grating(
            config.retina, wavelength, way * frequency, duration_s=samples * config.dt_s, waveform="square"
        )
    )


def battery(config: MotionConfig) -> Iterator[tuple[str, Pair]]:
    """Go through the test patterns: name, and movies in both directions."""
    speed, retina = config.velocity_deg_per_s, config.retina
    yield HEADLINE, headline_pattern(config)
    yield f"{HEADLINE}, 90°", headline_pattern(config, 90.0)
    yield f"{HEADLINE}, 40°", headline_pattern(config, 40.0)
    for polarity in ("on", "off"):
        yield (
            f"{polarity.upper()} edge",
            _both(lambda way, p=polarity: moving_edge(retina, way * speed, p)),
        )
    for polarity in ("on", "off"):
        for width in (10.0, 20.0):
            yield (
                f"{polarity.upper()} bar, {width:g}°",
                _both(lambda way, p=polarity, w=width: moving_bar(retina, way * speed, w, p)),
            )
    for wavelength in (20.0, 30.0, 60.0):
        yield f"grating, {wavelength:g}°", grating(config, wavelength, speed / wavelength)


def grating(config: MotionConfig, wavelength_deg: float, temporal_frequency_hz: float) -> Pair:
    """Return a sine grating in both directions: one memory to fill the windows, then whole periods."""
    periods = max(config.periods, round(temporal_frequency_hz))
    samples = config.memory - 1 + round(periods / temporal_frequency_hz / config.dt_s)
    return _both(
        lambda way: drifting_grating(
            config.retina, wavelength_deg, way * temporal_frequency_hz, duration_s=samples * config.dt_s
        )
    )


def _both(make: Callable[[int], np.ndarray]) -> Pair:
    return {RIGHT: make(RIGHT), LEFT: make(LEFT)}
