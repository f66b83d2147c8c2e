"""The experiment on motion in two dimensions: learn, choose, test, and look at whole scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.experiments.motion_2d.competition import Groups, moments_of
from lamina.experiments.motion_2d.config import CELLS, Motion2DConfig
from lamina.experiments.motion_2d.detectors import (
    SECTORS,
    Detector,
    Photoreceptors,
    canonical_directions,
    choose,
    group_directions,
    learn_groups,
    learn_photoreceptors,
    name_detectors,
    pairs,
    pattern_inputs,
    sectors,
    told_groups,
    with_responses,
)
from lamina.experiments.motion_2d.local_motion import (
    DISC_WAYS_DEG,
    OBLIQUE_DEG,
    LocalMotion,
    disc_before_background,
    whole_scene,
)
from lamina.experiments.motion_2d.scenes import Movies, Picture, draw_leaves, load_pictures, move, split
from lamina.typing import Progress

CONTROLS = ("told", "one group", "random", "shuffled")
"""Groups by the true direction; one group for all; random weights; frames in random order."""


@dataclass(frozen=True, eq=False)
class Repetition:
    """What one repetition found.

    Parameters
    ----------
    cells
        The four detectors by name.
    groups
        ``(4,)`` complex mean directions of the movies that each group won, of length 0 to 1, in the order of
        ``cells``.
    shares
        ``(4,)`` share of all windows that each group won.
    by_direction
        ``(4, 12)`` share of the windows of each direction that each group won.
    rounds
        How long the best competition took.
    leaves
        ``(4,)`` complex mean directions on dead leaves instead of photographs.
    shuffled
        ``(4,)`` complex mean directions on movies whose frames are in random order.
    controls
        Detectors by the name of the control, then by cell.
    field_errors_deg
        Errors of local motion at every position of every held-out movie of a whole scene.
    disc_errors_deg
        The same for a disc before a background.
    examples
        Local motion of a whole scene, and of a disc before a background.
    """

    cells: dict[str, Detector]
    groups: np.ndarray
    shares: np.ndarray
    by_direction: np.ndarray
    rounds: int
    leaves: np.ndarray
    shuffled: np.ndarray
    controls: dict[str, dict[str, Detector]]
    field_errors_deg: np.ndarray
    disc_errors_deg: np.ndarray
    examples: tuple[LocalMotion, LocalMotion]


@dataclass(frozen=True, eq=False)
class Motion2DResult:
    """Everything that a run found."""

    config: Motion2DConfig
    repetitions: list[Repetition]


def run(config: Motion2DConfig | None = None, *, progress: Progress | None = None) -> Motion2DResult:
    """Learn four cardinal directions from scenes that move in all directions, and test them.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    Motion2DResult
        Detectors, controls and local motion of every repetition.
    """
    settings = config if config is not None else Motion2DConfig()
    pictures = load_pictures(settings)
    repetitions = []
    for number in range(settings.n_seeds):

        def tell(part: float, text: str, number: int = number) -> None:
            if progress is not None:
                progress((number + part) / settings.n_seeds, f"repetition {number + 1}: {text}")

        repetitions.append(_repeat(pictures, settings, number, tell))
    if progress is not None:
        progress(1.0, "done")
    return Motion2DResult(settings, repetitions)


def _repeat(
    pictures: Sequence[Picture], config: Motion2DConfig, number: int, progress: Progress
) -> Repetition:
    progress(0.0, "photoreceptors")
    train, test = split(pictures, config, config.rng(number, 0))
    movies = move(train, config, config.rng(number, 1))
    photoreceptors = learn_photoreceptors(movies, config)
    inputs = photoreceptors.inputs(movies.seen)
    progress(0.15, "groups compete")
    groups = learn_groups(inputs, config, config.rng(number, 2))
    ways = group_directions(groups, movies)
    progress(0.4, "detectors")
    patterns = pattern_inputs(photoreceptors, config)
    held_out = _held_out(test, photoreceptors, config, config.rng(number, 3))
    found = [
        choose(canonical_directions(moments), _degrees(way), inputs, movies, config)
        for moments, way in zip(groups.moments, ways, strict=True)
    ]
    cells = {name: with_responses(each, patterns, held_out) for name, each in name_detectors(found).items()}
    order = [next(place for place, each in enumerate(found) if each.weights is cell.weights)
             for cell in cells.values()]  # fmt: skip
    progress(0.6, "controls")
    controls, shuffled = _controls(photoreceptors, inputs, movies, patterns, config, config.rng(number, 4))
    progress(0.8, "scenes without orientation")
    leaves = _on_leaves(config, config.rng(number, 5))
    progress(0.95, "local motion")
    local = _local_motion(test, photoreceptors, cells, config, config.rng(number, 6))
    return Repetition(
        cells,
        ways[order],
        np.array([np.mean(groups.winners == group) for group in order]),
        _by_direction(groups, movies)[order],
        groups.rounds,
        leaves,
        shuffled,
        controls,
        *local,
    )


def _held_out(
    test: Sequence[Picture], photoreceptors: Photoreceptors, config: Motion2DConfig, rng: np.random.Generator
) -> tuple[np.ndarray, Movies]:
    """Move the parts kept for testing, as long as they allow, in fewer directions."""
    room = min(min(picture.size_deg) for picture in test) - (config.eye - 1) * config.spacing_deg
    longest = int(0.95 * room / (config.speed_deg_per_s * config.dt_s))
    fewer = replace(config, movies=max(12, config.movies // 4))
    movies = move(test, fewer, rng, samples=min(config.samples, longest))
    return photoreceptors.inputs(movies.seen), movies


def _controls(
    photoreceptors: Photoreceptors,
    inputs: np.ndarray,
    movies: Movies,
    patterns: dict[str, np.ndarray],
    config: Motion2DConfig,
    rng: np.random.Generator,
) -> tuple[dict[str, dict[str, Detector]], np.ndarray]:
    """Choose detectors by the same rule from other second layers; where none has an axis, it is given."""
    past, future = pairs(inputs, config)
    everything = np.ones(past.shape[:3], dtype=bool)
    told = told_groups(inputs, movies, config)
    layers = {"told": [canonical_directions(moments) for moments in told]}
    whole = moments_of(past.astype(np.float64), future.astype(np.float64), everything)
    directions = canonical_directions(whole)
    layers["one group"] = [directions] * len(CELLS)
    turns = [np.linalg.qr(rng.standard_normal((len(directions),) * 2))[0] for _ in CELLS]
    layers["random"] = [turn @ directions for turn in turns]
    # before layer 1, whose outputs say something of motion even in a single frame
    mixed = photoreceptors.inputs([rng.permutation(each, axis=0) for each in movies.seen])
    groups = learn_groups(mixed, replace(config, restarts=1), rng)
    layers["shuffled"] = [canonical_directions(moments) for moments in groups.moments]
    found = {}
    for name, four in layers.items():
        chosen = {
            cell: choose(each, angle, inputs, movies, config)
            for (cell, angle), each in zip(CELLS.items(), four, strict=True)
        }
        found[name] = {cell: with_responses(each, patterns) for cell, each in chosen.items()}
    return found, group_directions(groups, movies)


def _on_leaves(config: Motion2DConfig, rng: np.random.Generator) -> np.ndarray:
    """Let groups compete on scenes without a preferred orientation, and return their mean directions."""
    train, _ = split([draw_leaves(config, rng)], config, rng)
    movies = move(train, config, rng)
    photoreceptors = learn_photoreceptors(movies, config)
    groups = learn_groups(photoreceptors.inputs(movies.seen), config, rng)
    return group_directions(groups, movies)


def _local_motion(
    test: Sequence[Picture],
    photoreceptors: Photoreceptors,
    cells: dict[str, Detector],
    config: Motion2DConfig,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, tuple[LocalMotion, LocalMotion]]:
    errors, disc_errors = [], []
    for place, picture in enumerate(test):
        other = test[(place + 1) % len(test)]
        for number in range(config.field_movies):
            way = float((number + rng.random()) * 360.0 / config.field_movies)
            errors.append(whole_scene(picture, way, config, photoreceptors, cells, rng).errors_deg)
            ways = (way, way + 180.0)
            seen = disc_before_background((picture, other), ways, config, photoreceptors, cells, rng)
            disc_errors.append(seen.errors_deg)
    oblique = whole_scene(test[0], OBLIQUE_DEG, config, photoreceptors, cells, rng)
    disc = disc_before_background((test[0], test[-1]), DISC_WAYS_DEG, config, photoreceptors, cells, rng)
    return np.concatenate([each.ravel() for each in errors]), np.concatenate(disc_errors), (oblique, disc)


def _by_direction(groups: Groups, movies: Movies) -> np.ndarray:
    sector = sectors(movies)
    shares = np.array([(groups.winners == group).mean(axis=(1, 2)) for group in range(len(groups.moments))])
    return np.array([[share[sector == each].mean() for each in range(SECTORS)] for share in shares])


def _degrees(way: complex) -> float:
    return float(np.rad2deg(np.angle(way)) % 360.0)
