"""Which networks are compared: one for each curve and depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.experiments.depth.config import DepthConfig
from lamina.experiments.depth.movies import Movies, draw_movies, mirrored
from lamina.experiments.depth.networks import (
    Stage,
    grown_plan,
    learned,
    matched_plan,
    principal,
    untrained,
)
from lamina.experiments.natural_scenes import Split

STACKED, SIDE, AHEAD = "stacked", "side by side", "far ahead"
LINEAR, UNTRAINED, MIRRORED = "linear", "untrained", "mirrored"
GROWN, PRINCIPAL = "growing window", "principal components"
ONE_WAY, ONE_WAY_SIDE, ONE_WAY_LINEAR = "one way", "one way, side by side", "one way, linear"
ONE_WAY_AHEAD, ONE_WAY_PRINCIPAL = "one way, far ahead", "one way, principal components"

MAIN = (STACKED, SIDE, ONE_WAY, ONE_WAY_SIDE)
"""The networks that meet every level of noise."""

CURVES = {
    STACKED: "layers on top of each other, learned from motion either way; window and top matched",
    SIDE: "one layer of as many units as the stacked network has in all",
    AHEAD: "one layer, its future as far ahead as that of the stacked network's top",
    LINEAR: "stacked, rectified at the top alone",
    UNTRAINED: "stacked, random weights",
    GROWN: "every layer adds the same width and memory, so that depth also widens the window",
    MIRRORED: "stacked, learned from every second movie and its mirror image",
    PRINCIPAL: "one layer of principal components, as many as the stacked network has units in all",
    ONE_WAY: "stacked, learned from motion to the right alone",
    ONE_WAY_SIDE: "one layer, learned from motion to the right alone, as many units in all",
    ONE_WAY_AHEAD: "one layer, learned from motion to the right alone, its future as far ahead",
    ONE_WAY_LINEAR: "stacked, learned from motion to the right alone, rectified at the top alone",
    ONE_WAY_PRINCIPAL: "principal components of motion to the right alone, as many as units in all",
}
"""What each curve is."""


@dataclass(frozen=True, eq=False)
class Material:
    """What one repetition learns from and is tested on.

    Parameters
    ----------
    train, test
        Motion either way, of training rows and of held-out rows.
    right
        Motion to the right alone, of training rows.
    """

    train: Movies
    test: Movies
    right: Movies


def draw_material(
    splits: Sequence[Split], noise: float, config: DepthConfig, rng: np.random.Generator
) -> Material:
    """Draw the movies of one repetition at one level of noise."""
    return Material(
        draw_movies(splits, "train", noise, config, rng),
        draw_movies(splits, "test", noise, config, rng),
        draw_movies(splits, "train", noise, config, rng, both_ways=False),
    )


def networks(
    curve: str, material: Material, config: DepthConfig, rng: np.random.Generator
) -> Iterator[list[Stage]]:
    """Make the networks of one curve, depth by depth.

    Parameters
    ----------
    curve
        One of `CURVES`.
    material
        Movies to learn from.
    config
        Settings.
    rng
        Draws weights where they are random.

    Yields
    ------
    list[Stage]
        Layers with weights, from the photoreceptors upwards.
    """
    frames = (material.right if curve.startswith(ONE_WAY) else material.train).frames
    depths = config.depths
    if curve in (SIDE, ONE_WAY_SIDE, PRINCIPAL, ONE_WAY_PRINCIPAL):
        widest = [replace(matched_plan(config, 1)[0], rank=depths[-1] * config.units)]
        components = curve in (PRINCIPAL, ONE_WAY_PRINCIPAL)
        (stage,) = principal(widest, frames) if components else learned(widest, frames)
        yield from ([stage.first(depth * config.units)] for depth in depths)
    elif curve in (AHEAD, ONE_WAY_AHEAD):
        layer = matched_plan(config, 1)[0]
        yield from (learned([replace(layer, gap=config.top_gap(depth))], frames) for depth in depths)
    elif curve == UNTRAINED:
        yield from (untrained(matched_plan(config, depth), frames, rng) for depth in depths)
    elif curve in (LINEAR, ONE_WAY_LINEAR):
        yield from (learned(matched_plan(config, depth, hidden="none"), frames) for depth in depths)
    elif curve == GROWN:
        yield from (learned(grown_plan(config, depth), frames) for depth in depths)
    else:
        frames = mirrored(material.train.half()).frames if curve == MIRRORED else frames
        yield from (learned(matched_plan(config, depth), frames) for depth in depths)
