"""The motion experiment again with one setting changed at a time, over the range of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.errors import DataError
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.detectors import PAPER_DIRECTION
from lamina.experiments.motion.outcome import (
    Outcome,
    Pick,
    learn,
    measure,
    random_layer,
    relearned,
    without_noise,
)
from lamina.experiments.natural_scenes import Scene, Split, split_rows
from lamina.typing import Progress

AS_REPORTED = "as reported"
DEGENERATE = "gap equal to the delay, no noise"
EXCITED = "only units that L1 excites"
PAPER = "the paper's settings"
PAPER_UNIT = "the same, and the paper's second direction"

SPACINGS_DEG = (4.0, 5.0, 6.0, 7.0, 8.0, 10.0)
GAPS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 20)
MEMORIES = (10, 25, 50, 75, 100)
NOISES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)

EVERY = 4
"""Peaks of scenes are taken over every fourth sample: some 40 000 are left."""

RANDOM_DIRECTIONS = 300
"""Of which the rule picks a half, on the training scenes: how far a unit could be selective at all."""
RANDOM_FACTORS = ("spacing", "noise")
BEST_RANDOM = ", best random"
SCALED = "spacing, gap in proportion"

PAPER_PIXELS = 13
PAPER_PIXELS_PER_DEG = 2.575


@dataclass(frozen=True)
class Level:
    """One setting, and what came out with it.

    Parameters
    ----------
    name
        What was changed.
    factor
        Which setting: "spacing", "gap", "memory" or "noise"; `SCALED` for spacings with a gap in proportion;
        "spacing" or "noise" with `BEST_RANDOM` behind it for the best of random directions; "" for a change
        that is no step of a range.
    value
        Its value; NaN without a factor.
    outcomes
        T4a's and T4b's of each repetition; empty if nothing could be learned.
    failure
        Why nothing could be learned.
    """

    name: str
    factor: str
    value: float
    outcomes: tuple[Outcome, ...] = ()
    failure: str = ""

    def each(self, where: str, what: str = "index") -> np.ndarray:
        """Collect "index", "preferred" or "null" of the responses to the "pattern" or to unseen "scenes"."""
        return np.array([getattr(getattr(one, where), what) for one in self.outcomes])


@dataclass(frozen=True)
class Robustness:
    """All levels, and those of each factor in the order of its values."""

    levels: tuple[Level, ...]

    def __getitem__(self, name: str) -> Level:
        """Return a level by its name."""
        (found,) = (level for level in self.levels if level.name == name)
        return found

    @property
    def default(self) -> Level:
        """The settings as they are."""
        return self[AS_REPORTED]

    def factor(self, name: str, config: MotionConfig) -> list[Level]:
        """Return the levels of a factor by rising value, the default among them, failures left out."""
        found = [level for level in self.levels if level.factor == name and level.outcomes]
        if not name.endswith(BEST_RANDOM):
            found.append(replace(self.default, factor=name, value=default_value(name, config)))
        return sorted(found, key=lambda level: level.value)


@dataclass(frozen=True)
class Change:
    """A change of settings to be measured.

    ``quiet``: the first layer sees noise in training, but the second layer is taught and tested without;
    ``random``: the unit is chosen among this many random directions; ``further``: changes of the second layer
    alone, which share the first.
    """

    name: str
    config: MotionConfig
    factor: str = ""
    value: float = float("nan")
    pick: Pick | None = None
    quiet: bool = False
    random: int = 0
    further: tuple[Change, ...] = ()


def default_value(factor: str, config: MotionConfig) -> float:
    """Return what the settings say of a factor."""
    return float(
        {
            "spacing": config.spacing_deg,
            "gap": config.gap,
            "memory": config.memory,
            "noise": config.noise,
        }["spacing" if factor == SCALED else factor]
    )


def delay(config: MotionConfig) -> float:
    """Return how many samples motion takes from one photoreceptor to the next."""
    return config.spacing_deg / (config.velocity_deg_per_s * config.dt_s)


def vary(scenes: Sequence[Scene], config: MotionConfig, progress: Progress, *, step: int = 1) -> Robustness:
    """Change one setting at a time, and repeat the experiment with a few seeds.

    Parameters
    ----------
    scenes
        All scenes.
    config
        Settings; ``choice_seeds`` repetitions each.
    progress
        Called with the fraction done and what is being done.
    step
        Every how many values of a range are tried; the last one always.

    Returns
    -------
    Robustness
        One level per change. A change with which nothing can be learned (a memory longer than an image is
        wide, or noise that hides L1) has no outcomes, and says why.
    """
    planned = list(changes(config, step))
    levels: list[Level] = []
    for number, change in enumerate(planned):
        progress(number / len(planned), f"modelling choices: {change.name}")
        levels.extend(_levels(scenes, change))
    return Robustness(tuple(levels))


def changes(config: MotionConfig, step: int = 1) -> Iterator[Change]:
    """Go through the changes: those that need other movies or another first layer, with those that do not."""
    random = (_best_random(AS_REPORTED, config, factor) for factor in RANDOM_FACTORS)
    further = (*_second_layer_changes(config, step), *random)
    yield Change(AS_REPORTED, config, further=further)
    for spacing in _some((degenerate_spacing(config), *SPACINGS_DEG), config.spacing_deg, step):
        changed = replace(config, spacing_deg=spacing)
        name = f"photoreceptors {spacing:g}° apart"
        if np.isclose(delay(changed), config.gap):
            name += " (delay = gap)"
        yield Change(
            name,
            changed,
            "spacing",
            spacing,
            further=(_best_random(name, changed, "spacing"), *_scaled(config, changed)),
        )
    for memory in _some(MEMORIES, config.memory, step):
        yield Change(f"memory {memory}", replace(config, memory=int(memory)), "memory", memory)
    for noise in _some(NOISES, config.noise, step):
        name, changed = f"noise {noise:g}", replace(config, noise=noise)
        yield Change(name, changed, "noise", noise, further=(_best_random(name, changed, "noise"),))
    yield Change(DEGENERATE, degenerate(config), quiet=True)
    paper = papers(config)
    yield Change(PAPER, paper, further=(Change(PAPER_UNIT, paper, pick=_paper_unit),))


def degenerate_spacing(config: MotionConfig) -> float:
    """Angle at which motion takes exactly one gap from a photoreceptor to the next."""
    return config.gap * config.velocity_deg_per_s * config.dt_s


def degenerate(config: MotionConfig) -> MotionConfig:
    """Round the delay to whole samples, and take it for the gap."""
    samples = max(1, round(delay(config)))
    return replace(config, spacing_deg=samples * config.velocity_deg_per_s * config.dt_s, gap=samples)


def papers(config: MotionConfig) -> MotionConfig:
    """Return the paper's settings: a pixel per sample, 13 pixels apart, gap 5, uncentred, noise 0.05."""
    return replace(
        config,
        velocity_deg_per_s=1 / (PAPER_PIXELS_PER_DEG * config.dt_s),
        spacing_deg=PAPER_PIXELS / PAPER_PIXELS_PER_DEG,
        memory=50,
        horizon=50,
        gap=5,
        center=False,
        noise=0.05,
        threshold=0.0,
    )


def repetition_splits(scenes: Sequence[Scene], config: MotionConfig, number: int) -> list[Split]:
    """Split the rows of all scenes as repetition ``number`` does."""
    chooser = config.rng(number, 0)
    return [split_rows(scene, config, chooser) for scene in scenes]


def excited(filters: np.ndarray) -> list[int]:
    """Pick the halves that L1 excites on the whole; L1 stands first in each pixel's pair."""
    return [2 * k + (0 if row[::2].sum() > 0 else 1) for k, row in enumerate(filters)]


def _paper_unit(filters: np.ndarray) -> list[int]:
    del filters
    return [2 * PAPER_DIRECTION, 2 * PAPER_DIRECTION + 1]


def _second_layer_changes(config: MotionConfig, step: int) -> Iterator[Change]:
    for gap in _some(GAPS, config.gap, step):
        yield Change(f"gap {gap}", replace(config, gap=int(gap)), "gap", gap)
    yield Change("second layer centred", replace(config, center=True))
    yield Change("threshold 0.25 SD", replace(config, threshold=0.25))
    yield Change(EXCITED, config, pick=excited)


def _best_random(name: str, config: MotionConfig, factor: str) -> Change:
    """Look for the best that any weights can do, whoever taught them."""
    return Change(
        f"{name}, best of {RANDOM_DIRECTIONS} random directions ({factor})",
        config,
        factor + BEST_RANDOM,
        default_value(factor, config),
        random=RANDOM_DIRECTIONS,
    )


def _scaled(default: MotionConfig, changed: MotionConfig) -> Iterator[Change]:
    """Let the gap grow with the delay, so that their ratio stays as it is."""
    gap = max(1, round(default.gap * changed.spacing_deg / default.spacing_deg))
    if gap != changed.gap:
        name = f"photoreceptors {changed.spacing_deg:g}° apart, gap {gap}"
        yield Change(name, replace(changed, gap=gap), SCALED, changed.spacing_deg)


def _some(values: Sequence[float], default: float, step: int) -> list[float]:
    others = [value for value in values if value != default]
    return [value for place, value in enumerate(others) if (len(others) - 1 - place) % step == 0]


def _levels(scenes: Sequence[Scene], change: Change) -> list[Level]:
    measured = (change, *change.further)
    found: dict[str, list[Outcome]] = {one.name: [] for one in measured}
    failure = ""
    try:
        for number in range(change.config.choice_seeds):
            splits = repetition_splits(scenes, change.config, number)
            for trained in learn(splits, change.config, number):
                shown = without_noise(trained, splits, change.config) if change.quiet else trained
                for one in measured:
                    if one.random:
                        layer = random_layer(one.random, one.config.rng(number, 9))
                        every = 10 * EVERY
                    else:
                        layer, every = relearned(shown.fitted, one.config, anew=change.quiet), EVERY
                    outcome = measure(shown, layer, one.config, pick=one.pick, every=every)
                    found[one.name].append(outcome)
    except DataError as error:
        if change.name == AS_REPORTED:
            raise
        # one repetition that cannot be learned is no mean over all of them
        found, failure = {one.name: [] for one in measured}, str(error)
    return [
        Level(one.name, one.factor, float(one.value), tuple(found[one.name]), failure) for one in measured
    ]
