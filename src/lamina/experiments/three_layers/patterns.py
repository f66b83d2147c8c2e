"""The patterns that the cells are tested on, none of which was trained on."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.experiments.motion.stimuli import HEADLINE, Pair, grating, headline_pattern
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.experiments.three_layers.config import ThreeLayersConfig
from lamina.simulate import moving_bar, moving_edge

EDGES = ("ON edge", "OFF edge")
GRATINGS_DEG = (20.0, 30.0, 60.0)
TUNING_HZ = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
TUNING_DEG = (15.0, 20.0, 30.0, 45.0, 60.0, 90.0)

_REST_S = 1.0  # grey before and after a passing pattern, longer than both memories


def battery(config: ThreeLayersConfig) -> Iterator[tuple[str, Pair]]:
    """Go through the test patterns: name, and movies in both directions.

    Parameters
    ----------
    config
        Retina, speed, and how long the memories are that each pattern fills first.

    Yields
    ------
    tuple[str, Pair]
        The headline pattern first.
    """
    patterns, speed = config.patterns, config.velocity_deg_per_s
    yield HEADLINE, headline_pattern(patterns)
    for wavelength in (90.0, 40.0):
        yield f"{HEADLINE}, {wavelength:g}°", headline_pattern(patterns, wavelength)
    for name, polarity in zip(EDGES, ("on", "off"), strict=True):
        seconds = _passage_s(config, 0.0)
        yield (
            name,
            {
                way: moving_edge(config.retina, way * speed, polarity, duration_s=seconds)
                for way in (RIGHT, LEFT)
            },
        )
    for polarity in ("on", "off"):
        for width in (10.0, 20.0):
            seconds = _passage_s(config, width)
            yield (
                f"{polarity.upper()} bar, {width:g}°",
                {
                    way: moving_bar(config.retina, way * speed, width, polarity, duration_s=seconds)
                    for way in (RIGHT, LEFT)
                },
            )
    for wavelength in GRATINGS_DEG:
        yield f"grating, {wavelength:g}°", grating(patterns, wavelength, speed / wavelength)


def tuning_gratings(config: ThreeLayersConfig) -> Iterator[tuple[int, int, Pair]]:
    """Go through gratings of every temporal frequency and wavelength: their places in the map, and movies."""
    for row, frequency in enumerate(TUNING_HZ):
        for column, wavelength in enumerate(TUNING_DEG):
            yield row, column, grating(config.patterns, wavelength, frequency)


def _passage_s(config: ThreeLayersConfig, width_deg: float) -> float:
    # three widths of the acceptance function hold all of a blurred edge
    way_deg = config.retina.extent_deg + width_deg + 3 * config.acceptance_deg
    return 2 * _REST_S + way_deg / config.velocity_deg_per_s
