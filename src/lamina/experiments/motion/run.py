"""The motion experiment from scenes to numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lamina.experiments.motion.choices import Choice, choices_of
from lamina.experiments.motion.config import MotionConfig
from lamina.experiments.motion.controls import SHUFFLED, Probed, probe
from lamina.experiments.motion.detectors import (
    CELLS,
    Tested,
    fit_detectors,
    test_detector,
    training_movies,
    untrained_indices,
)
from lamina.experiments.motion.layer1 import Layer1, fit_layer1
from lamina.experiments.motion.paper_unit import paper_units
from lamina.experiments.motion.scrutiny import Scrutiny, scrutinise
from lamina.experiments.motion.study import Study, study
from lamina.experiments.natural_scenes import RIGHT, Scene, Split, load_scenes, split_rows
from lamina.typing import Progress

SCRUTINY_COST = 3
"""Repetitions that one repetition of the table of choices takes as long as, for the progress shown."""


@dataclass(frozen=True, eq=False)
class Repetition:
    """One choice of training rows and noise, and all that was learned and measured with it.

    Parameters
    ----------
    splits
        The rows.
    layer1
        L1, L2 and L3.
    cells
        T4a, T4b, T5a and T5b.
    papers
        The second directions of the networks with the paper's noise and gap, "T4a" and "T4b".
    studies
        Tuning and mechanism of the cells; of the paper's units as "T4a, paper" and "T4b, paper".
    probed
        Controls of the networks of T4a and T4b.
    untrained
        Indices of networks with random second-layer weights.
    """

    splits: list[Split]
    layer1: Layer1
    cells: dict[str, Tested]
    papers: dict[str, Tested]
    studies: dict[str, Study]
    probed: dict[str, Probed]
    untrained: np.ndarray

    @property
    def shuffled(self) -> dict[str, float]:
        """Index, in magnitude, of T4a and T4b when the second layer was trained on frames in random order."""
        return {name: abs(each.outcomes[SHUFFLED].pattern.index) for name, each in self.probed.items()}


@dataclass(frozen=True, eq=False)
class MotionResult:
    """Everything that a run of the motion experiment found."""

    config: MotionConfig
    scenes: list[Scene]
    bundled: bool
    repetitions: list[Repetition]
    scrutiny: Scrutiny

    @property
    def choices(self) -> list[Choice]:
        """What each modelling choice does, the settings as they are first."""
        return choices_of(self.scrutiny.robustness)

    def each(self, cell: str, what: str) -> np.ndarray:
        """Collect a cell's "index", or its "preferred" or "null" response to the headline pattern."""
        return np.array([getattr(r.cells[cell].headline, what) for r in self.repetitions])

    @property
    def untrained(self) -> np.ndarray:
        """Indices of all untrained networks."""
        return np.concatenate([r.untrained for r in self.repetitions])


def run(
    config: MotionConfig | None = None,
    *,
    images: str | Path | None = None,
    field_of_view_deg: float | None = None,
    progress: Progress | None = None,
) -> MotionResult:
    """Learn the motion pathway from natural scenes, and test it on patterns that it has not seen.

    Parameters
    ----------
    config
        All settings; the default is the published reproduction.
    images
        A folder of images to use in place of the bundled photographs.
    field_of_view_deg
        What each of these images spans horizontally, in degrees.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    MotionResult
        Detectors, responses and controls of every repetition, and the table of modelling choices.

    Raises
    ------
    ArgumentError
        If a setting cannot be, or only one of ``images`` and ``field_of_view_deg`` is given.
    FileError
        If the folder or an image cannot be read.
    DataError
        If an image is uniform, too small, or too dark for a contrast.

    Notes
    -----
    Qin et al. (2025), arXiv:2512.23146, Figs. 4 and 5.
    """
    settings = config if config is not None else MotionConfig()
    report = progress if progress is not None else _silent
    report(0.0, "reading scenes")
    scenes = load_scenes(settings, None if images is None else Path(images), field_of_view_deg)
    # varying settings and leaving images out costs about as much as this many repetitions
    total = settings.n_seeds + settings.choice_seeds * SCRUTINY_COST
    repetitions = []
    for number in range(settings.n_seeds):
        report(number / total, f"learning from scenes, repetition {number + 1} of {settings.n_seeds}")
        repetitions.append(repeat(scenes, settings, number))
    scrutiny = scrutinise(
        scenes,
        settings,
        [r.probed[cell] for r in repetitions for cell in ("T4a", "T4b")],
        lambda done, what: report((settings.n_seeds + done * (total - settings.n_seeds)) / total, what),
        bundled=images is None,
        step=settings.level_step,
    )
    report(1.0, "all repetitions done")
    return MotionResult(settings, scenes, images is None, repetitions, scrutiny)


def repeat(scenes: Sequence[Scene], config: MotionConfig, number: int) -> Repetition:
    """Run one repetition: its own rows, noise, networks and controls.

    Parameters
    ----------
    scenes
        All scenes.
    config
        Settings.
    number
        Which repetition, from 0.

    Returns
    -------
    Repetition
        What it found.
    """
    chooser = config.rng(number, 0)
    splits = [split_rows(scene, config, chooser) for scene in scenes]
    training = training_movies(splits, config, number)
    cells: dict[str, Tested] = {}
    probed: dict[str, Probed] = {}
    untrained = np.empty(0)
    for name, pathway, way in CELLS:
        fitted = fit_detectors(training, pathway, way, config)
        cells[name] = test_detector(fitted, pathway, training, config)
        if pathway == "T4":
            probed[name] = probe(name, fitted, training, config, number)
        if pathway == "T4" and way == RIGHT:
            count = len(range(number, config.n_untrained, config.n_seeds))
            untrained = untrained_indices(fitted, count, config.rng(number, 3))
    papers = paper_units(splits, config, number)
    studies = {name: study(tested.detector, config) for name, tested in cells.items()}
    theirs = config.as_in_the_paper()
    studies |= {f"{name}, paper": study(tested.detector, theirs) for name, tested in papers.items()}
    return Repetition(splits, fit_layer1(splits, config, number), cells, papers, studies, probed, untrained)


def _silent(done: float, what: str) -> None:
    del done, what
