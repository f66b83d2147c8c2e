"""What each modelling choice does to the index: the experiment again, with one thing changed at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.circuits.detector import second_layer
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.detectors import (
    CELLS,
    PAPER_DIRECTION,
    Fitted,
    Judged,
    fit_detectors,
    judge,
    second_layer_of,
    training_movies,
)
from lamina.experiments.motion.robustness import BEST_RANDOM, Robustness
from lamina.experiments.natural_scenes import Scene, split_rows
from lamina.stats import LagMoments
from lamina.typing import Progress

Pick = Callable[[np.ndarray], list[int]]
"""Which outputs the rule may choose from, given the filters."""


@dataclass(frozen=True)
class Choice:
    """One choice, and the mean over T4a, T4b and the repetitions.

    Parameters
    ----------
    name
        What was changed.
    training_index
        Index on the training scenes, by which the unit is chosen.
    index, worst
        Index on the headline pattern: mean, and the smallest of all.
    preferred, null
        Peak responses, in standard deviations.
    scenes
        Index on scenes not trained on.
    """

    name: str
    training_index: float
    index: float
    worst: float
    preferred: float
    null: float
    scenes: float = 0.0


def vary_choices(scenes: Sequence[Scene], config: MotionConfig, progress: Progress) -> list[Choice]:
    """Change one choice at a time, and repeat the experiment with a few seeds.

    Parameters
    ----------
    scenes
        All scenes.
    config
        Settings; ``choice_seeds`` repetitions each.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    One line per choice, the settings as they are first.
    """
    bases = list(_bases(scenes, config))
    found: dict[str, list[Judged]] = {}
    for number, (shown, some_scenes, changed) in enumerate(bases):
        progress(number / len(bases), f"modelling choices: {shown}")
        for fitted in _fit(some_scenes, changed):
            for name, settings, pick in _variations(shown, changed):
                filters, means = _relearn(fitted, settings)
                judged = judge(fitted, filters, means, allowed=pick(filters), threshold=settings.threshold)
                found.setdefault(name, []).append(judged)
    return [_summary(name, judged) for name, judged in found.items()]


AS_REPORTED = "as reported"


def _bases(
    scenes: Sequence[Scene], config: MotionConfig
) -> Iterator[tuple[str, Sequence[Scene], MotionConfig]]:
    """Go through settings that need other movies, and so another first layer."""
    yield AS_REPORTED, scenes, config
    for noise in (0.05, 0.5):
        yield f"noise {noise:g}", scenes, replace(config, noise=noise)
    for spacing in (4.0, 7.0):
        yield f"photoreceptors {spacing:g}° apart", scenes, replace(config, spacing_deg=spacing)
    if len(scenes) > 1:
        for scene in scenes[:2]:
            yield f"only the image {scene.photograph.name}", [scene], config


def _variations(shown: str, config: MotionConfig) -> Iterator[tuple[str, MotionConfig, Pick]]:
    """Go through settings that change the second layer only, or how its unit is chosen."""
    yield shown, config, _any_unit
    if shown == "noise 0.05":
        paper = replace(config, gap=5)
        yield "noise 0.05 and gap 5 (the paper's)", paper, _any_unit
        yield "the same, and the paper's second direction", paper, _paper_unit
    if shown != AS_REPORTED:
        return
    for gap in (4, 5, 6, 7, 10):
        yield f"gap {gap}", replace(config, gap=gap), _any_unit
    yield "second layer centred", replace(config, center=True), _any_unit
    yield "threshold 0.25 SD", replace(config, threshold=0.25), _any_unit
    yield "only units that L1 excites", config, _excited


def _fit(scenes: Sequence[Scene], config: MotionConfig) -> Iterator[Fitted]:
    for number in range(config.choice_seeds):
        chooser = config.rng(number, 0)
        splits = [split_rows(scene, config, chooser) for scene in scenes]
        training = training_movies(splits, config, number)
        for _, pathway, way in CELLS:
            if pathway == "T4":
                yield fit_detectors(training, pathway, way, config)


def _relearn(fitted: Fitted, config: MotionConfig) -> tuple[np.ndarray, np.ndarray]:
    """Learn the second layer again, from what the same first layer shows it."""
    layer = fitted.network.layers[1]
    if (layer.gap, layer.center) == (config.gap, config.center):
        return second_layer(fitted.network)
    moments = LagMoments(1, 1, config.gap, 6)
    ends = np.cumsum(fitted.lengths)[:-1]
    for movie in np.split(fitted.scenes[fitted.way], ends):
        moments.update(movie).end_trial()
    return second_layer_of(moments, config)


def choices_of(found: Robustness) -> list[Choice]:
    """Summarise every change with which something was learned, the settings as they are first.

    Parameters
    ----------
    found
        One setting changed at a time.

    Returns
    -------
    list[Choice]
        One line per change; the best of random directions is no choice, and is left out.
    """
    return [
        Choice(
            level.name,
            float(np.mean([one.training_index for one in level.outcomes])),
            float(level.each("pattern").mean()),
            float(level.each("pattern").min()),
            float(level.each("pattern", "preferred").mean()),
            float(level.each("pattern", "null").mean()),
            float(level.each("scenes").mean()),
        )
        for level in found.levels
        if level.outcomes and not level.factor.endswith(BEST_RANDOM)
    ]


def _summary(name: str, judged: Sequence[Judged]) -> Choice:
    indices = [one.response.index for one in judged]
    return Choice(
        name,
        float(np.mean([one.training_index for one in judged])),
        float(np.mean(indices)),
        float(np.min(indices)),
        float(np.mean([one.response.preferred for one in judged])),
        float(np.mean([one.response.null for one in judged])),
    )


def _any_unit(filters: np.ndarray) -> list[int]:
    return list(range(2 * len(filters)))


def _excited(filters: np.ndarray) -> list[int]:
    # L1 stands first in each pixel's pair; it excites one half of every direction on the whole
    return [2 * k + (0 if row[::2].sum() > 0 else 1) for k, row in enumerate(filters)]


def _paper_unit(filters: np.ndarray) -> list[int]:
    del filters
    return [2 * PAPER_DIRECTION, 2 * PAPER_DIRECTION + 1]
