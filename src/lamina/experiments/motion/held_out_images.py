"""Detectors trained on all images but one, and tested on scenes of the one left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.outcome import (
    Outcome,
    Trained,
    fitted_layer,
    inputs_of,
    learn,
    measure,
)
from lamina.experiments.natural_scenes import LEFT, RIGHT, Scene, Split, move, split_rows
from lamina.typing import Progress

EVERY = 2
"""Peaks of scenes are taken over every other sample."""

MOST_IMAGES = 6
"""Of a larger folder, only this many images are left out in turn."""


@dataclass(frozen=True)
class HeldOutImage:
    """What detectors do on an image that they have never seen.

    Parameters
    ----------
    name
        Of the image left out.
    trained_on
        Names of the others.
    outcomes
        T4a's, T4b's, T5a's and T5b's of each repetition; ``scenes`` are rows of the image left out, all of
        them.
    own_rows
        The same units on rows of the images trained on, those kept from training.
    """

    name: str
    trained_on: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    own_rows: tuple[Outcome, ...]

    def each(self, where: str, what: str = "index", cells: Sequence[str] = ()) -> np.ndarray:
        """Collect "index", "preferred" or "null" of some cells.

        ``where`` is "pattern", "other image" or "own rows"; all cells if none is named.
        """
        chosen = self.own_rows if where == "own rows" else self.outcomes
        part = "pattern" if where == "pattern" else "scenes"
        return np.array(
            [getattr(getattr(one, part), what) for one in chosen if not cells or one.cell in cells]
        )


def leave_each_out(
    scenes: Sequence[Scene],
    config: MotionConfig,
    progress: Progress,
    *,
    cells: Sequence[str] = ("T4a", "T4b", "T5a", "T5b"),
) -> list[HeldOutImage]:
    """Train on all images but one, for each that is left out, and test on its scenes.

    Parameters
    ----------
    scenes
        All scenes; with only one, nothing can be left out, and nothing is returned.
    config
        Settings; ``n_seeds`` repetitions each.
    progress
        Called with the fraction done and what is being done.
    cells
        Which are trained.

    Returns
    -------
    list[HeldOutImage]
        One per image left out. With two photographs, each is trained on alone.
    """
    if len(scenes) < 2:
        return []
    found = []
    left_out = scenes[:MOST_IMAGES]
    for place, image in enumerate(left_out):
        others = [scene for scene in scenes if scene is not image]
        progress(place / len(left_out), f"held-out images: {image.photograph.name}")
        outcomes: list[Outcome] = []
        own_rows: list[Outcome] = []
        for number in range(config.n_seeds):
            chooser = config.rng(number, 5)
            splits = [split_rows(scene, config, chooser) for scene in others]
            new = whole(split_rows(image, config, chooser))
            rng = config.rng(number, 6)
            movies = {way: move([new], "test", way, config, config.noise, rng) for way in (RIGHT, LEFT)}
            for trained in learn(splits, config, number, cells):
                layer = fitted_layer(trained.fitted)
                elsewhere = Trained(trained.cell, trained.fitted, inputs_of(trained.fitted, movies))
                outcomes.append(measure(elsewhere, layer, config, every=EVERY))
                own_rows.append(measure(trained, layer, config, every=EVERY))
        found.append(
            HeldOutImage(
                image.photograph.name,
                tuple(scene.photograph.name for scene in others),
                tuple(outcomes),
                tuple(own_rows),
            )
        )
    return found


def whole(split: Split) -> Split:
    """Return the rows of an image that nothing is trained on, all for testing."""
    rows = np.concatenate([split.train, split.test])
    return Split(split.scene, rows[:0], rows, (0, split.scene.contrast.shape[0]))
