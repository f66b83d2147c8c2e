"""Which networks are compared: one for each curve and depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

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
from lamina.resu import ReSULayer

STACKED, SIDE, AHEAD = "stacked", "side by side", "far ahead"
LINEAR, UNTRAINED, MIRRORED = "linear", "untrained", "mirrored"
GROWN, PRINCIPAL = "growing window", "principal components"
ONE_WAY, ONE_WAY_SIDE, ONE_WAY_LINEAR = "one way", "one way, side by side", "one way, linear"
ONE_WAY_AHEAD, ONE_WAY_PRINCIPAL = "one way, far ahead", "one way, principal components"
SMALL, ONE_WAY_SMALL = "small window", "one way, small window"

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
    SMALL: "one layer with the window of one layer of the growing network, whatever the depth",
    ONE_WAY_SMALL: "the same, learned from motion to the right alone",
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


@dataclass(frozen=True)
class Recipe:
    """How one network is made; equal recipes make the same network.

    Parameters
    ----------
    plan
        Its layers.
    taught
        By motion "either" way, to the "right" alone, or "mirrored".
    weights
        "learned", "random" or "principal".
    units
        How many of the top's are kept; None keeps all.
    """

    plan: tuple[ReSULayer, ...]
    taught: Literal["either", "right", "mirrored"] = "either"
    weights: Literal["learned", "random", "principal"] = "learned"
    units: int | None = None


def recipes(curve: str, config: DepthConfig) -> list[Recipe]:
    """Return how the networks of one curve are made, depth by depth.

    Parameters
    ----------
    curve
        One of `CURVES`.
    config
        Settings.

    Returns
    -------
    list[Recipe]
        One for each depth.
    """
    depths = config.depths
    taught = "right" if curve.startswith(ONE_WAY) else "mirrored" if curve == MIRRORED else "either"
    if curve in (SIDE, ONE_WAY_SIDE, PRINCIPAL, ONE_WAY_PRINCIPAL):
        widest = (replace(matched_plan(config, 1)[0], rank=depths[-1] * config.units),)
        weights = "principal" if curve in (PRINCIPAL, ONE_WAY_PRINCIPAL) else "learned"
        return [Recipe(widest, taught, weights, depth * config.units) for depth in depths]
    if curve in (AHEAD, ONE_WAY_AHEAD):
        layer = matched_plan(config, 1)[0]
        return [Recipe((replace(layer, gap=config.top_gap(depth)),), taught) for depth in depths]
    if curve in (LINEAR, ONE_WAY_LINEAR):
        return [Recipe(tuple(matched_plan(config, depth, hidden="none")), taught) for depth in depths]
    if curve in (SMALL, ONE_WAY_SMALL):
        return [Recipe(tuple(grown_plan(config, 1)), taught) for _ in depths]
    if curve == GROWN:
        return [Recipe(tuple(grown_plan(config, depth)), taught) for depth in depths]
    weights = "random" if curve == UNTRAINED else "learned"
    return [Recipe(tuple(matched_plan(config, depth)), taught, weights) for depth in depths]


def make(recipe: Recipe, material: Material, rng: np.random.Generator) -> list[Stage]:
    """Make a network with all units of its top.

    Parameters
    ----------
    recipe
        How.
    material
        Movies to learn from.
    rng
        Draws weights where they are random.

    Returns
    -------
    list[Stage]
        Layers with weights, from the photoreceptors upwards.
    """
    if recipe.taught == "mirrored":
        frames = mirrored(material.train.half()).frames
    else:
        frames = (material.right if recipe.taught == "right" else material.train).frames
    if recipe.weights == "random":
        return untrained(recipe.plan, frames, rng)
    return (principal if recipe.weights == "principal" else learned)(recipe.plan, frames)


def keep(stages: list[Stage], units: int | None) -> list[Stage]:
    """Keep the first units of the top; all of them if None."""
    return stages if units is None else [*stages[:-1], stages[-1].first(units)]
