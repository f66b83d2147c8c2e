"""Three layers from scenes that move either way to four kinds of cell, and what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lamina.circuits import direction_selectivity_index, fit_motion_network
from lamina.experiments.natural_scenes import LEFT, RIGHT, Scene, load_scenes, move, split_rows
from lamina.experiments.three_layers.cells import CELLS, Cell, Response, look, mirrored, plan
from lamina.experiments.three_layers.config import ThreeLayersConfig
from lamina.experiments.three_layers.controls import (
    Trained,
    Views,
    learn_layer3,
    one_group,
    run_controls,
    untrained_indices,
    view,
)
from lamina.experiments.three_layers.patterns import TUNING_DEG, TUNING_HZ, battery, tuning_gratings
from lamina.typing import Progress

_SILENT = 0.01  # standard deviations, below which an index would be a ratio of two nothings


@dataclass(frozen=True, eq=False)
class Repetition:
    """One choice of training rows, noise and start, and all that was learned and measured with it.

    Parameters
    ----------
    trained
        The three layers, and the movies.
    cells
        The four cells by name; one that did not arise is missing.
    responses
        Cell → pattern → peak responses.
    held_out
        Cell → peak responses to scenes not trained on.
    agreement
        Share of the samples at which the groups tell the direction of motion: training, held-out scenes.
    mirror
        Correlation over the training scenes of T4a's direction with T4b's seen in a mirror; 0 without both.
    parity
        ``(directions,)`` of one group that learns from everything: the correlation of each canonical
        direction with itself in a mirror, +1 for an even, -1 for an odd one.
    tuning
        ``(cells, frequencies, wavelengths, 2)`` peak responses to gratings, preferred and null direction.
    controls
        Name → ``(2, 4)`` index of the four cells on the pattern and on held-out scenes; empty if not run.
    untrained
        Mean index of the four cells with random weights in layer 3.
    """

    trained: Trained
    cells: dict[str, Cell]
    responses: dict[str, dict[str, Response]]
    held_out: dict[str, Response]
    agreement: tuple[float, float]
    mirror: float
    parity: np.ndarray
    tuning: np.ndarray
    controls: dict[str, np.ndarray]
    untrained: np.ndarray


@dataclass(frozen=True, eq=False)
class ThreeLayersResult:
    """Everything that a run found."""

    config: ThreeLayersConfig
    scenes: list[Scene]
    bundled: bool
    repetitions: list[Repetition]

    def response(self, cell: str, pattern: str) -> np.ndarray:
        """Return the preferred and the null peak of a cell, ``(repetitions, 2)``; 0 where it is missing."""
        found = [r.responses[cell][pattern] if cell in r.cells else Response(0, 0) for r in self.repetitions]
        return np.array([[one.preferred, one.null] for one in found], dtype=np.float64)

    def index(self, cell: str, pattern: str) -> np.ndarray:
        """Return the index of a cell, ``(repetitions,)``; 0 where it is missing."""
        peaks = self.response(cell, pattern)
        return direction_selectivity_index(peaks[:, 0], peaks[:, 1])

    def held_out(self, cell: str) -> np.ndarray:
        """Return the index of a cell on scenes not trained on, ``(repetitions,)``; 0 where it is missing."""
        return np.array([r.held_out[cell].index if cell in r.cells else 0.0 for r in self.repetitions])

    def control(self, name: str) -> np.ndarray:
        """Return a control's indices, ``(repetitions, 2, 4)``: on the pattern and on held-out scenes."""
        return np.array([r.controls[name] for r in self.repetitions if r.controls])

    @property
    def untrained(self) -> np.ndarray:
        """Mean indices of all layers 3 with random weights."""
        return np.concatenate([r.untrained for r in self.repetitions])


def run(
    config: ThreeLayersConfig | None = None,
    *,
    images: str | Path | None = None,
    field_of_view_deg: float | None = None,
    progress: Progress | None = None,
) -> ThreeLayersResult:
    """Learn three layers from scenes that move either way, and test the cells on patterns and other rows.

    Parameters
    ----------
    config
        All settings; the default is the published run.
    images, field_of_view_deg
        A folder of images, and the angle that each spans; the bundled photographs if not given.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    ThreeLayersResult
        Cells, responses and controls of every repetition.

    Raises
    ------
    ArgumentError
        If only one of ``images`` and ``field_of_view_deg`` is given.
    FileError, DataError
        If an image cannot be used.
    """
    settings = config if config is not None else ThreeLayersConfig()
    scenes = load_scenes(settings, None if images is None else Path(images), field_of_view_deg)
    repetitions = []
    for number in range(settings.n_seeds):
        if progress is not None:
            progress(number / settings.n_seeds, f"repetition {number + 1} of {settings.n_seeds}")
        repetitions.append(repeat(scenes, settings, number))
    return ThreeLayersResult(settings, scenes, images is None, repetitions)


def repeat(scenes: Sequence[Scene], config: ThreeLayersConfig, number: int) -> Repetition:
    """Run one repetition: its own rows, noise, network and controls."""
    trained, views = train(scenes, config, number)
    cells = views.choose(trained.competition.filters)
    responses: dict[str, dict[str, Response]] = {name: {} for name in cells}
    for pattern, movies in battery(config):
        seen = {way: look(trained.network, [movies[way]])[0] for way in movies}
        for name, cell in cells.items():
            responses[name][pattern] = cell.peaks(seen)
    tuning = np.zeros((len(CELLS), len(TUNING_HZ), len(TUNING_DEG), 2))
    for row, column, movies in tuning_gratings(config):
        seen = {way: look(trained.network, [movies[way]])[0] for way in movies}
        for place, name in enumerate(CELLS):
            if name in cells:
                found = cells[name].peaks(seen)
                tuning[place, row, column] = found.preferred, found.null
    pooled, moments = one_group(views.train[RIGHT] + views.train[LEFT], config.gap)
    rng = config.rng(number, 3)
    count = len(range(number, config.n_untrained, config.n_seeds))
    return Repetition(
        trained,
        cells,
        responses,
        {name: cell.peaks(views.held_out) for name, cell in cells.items()},
        agreement(trained),
        _correlation(cells["T4a"].weights, mirrored(cells["T4b"].weights), moments)
        if {"T4a", "T4b"} <= set(cells)
        else 0.0,
        np.array([_correlation(weights, mirrored(weights), moments) for weights in pooled]),
        tuning,
        run_controls(trained, views, config, rng) if number < config.control_seeds else {},
        untrained_indices(trained, views, count, rng),
    )


def train(scenes: Sequence[Scene], config: ThreeLayersConfig, number: int) -> tuple[Trained, Views]:
    """Learn the three layers of one repetition, all of them from scenes that move either way."""
    chooser, noise = config.rng(number, 0), config.rng(number, 1)
    splits = [split_rows(scene, config, chooser) for scene in scenes]
    movies, held_out = (
        {way: move(splits, part, way, config, config.noise, noise) for way in (RIGHT, LEFT)}
        for part in ("train", "test")
    )
    network = fit_motion_network(movies[RIGHT] + movies[LEFT], plan(config))
    seed = int(config.rng(number, 2).integers(2**31))
    seen = {way: look(network, movies[way]) for way in (RIGHT, LEFT)}
    trained = Trained(network, learn_layer3(seen, config, seed), movies, held_out, seed)
    return trained, view(trained, config)


def agreement(trained: Trained) -> tuple[float, float]:
    """Return how often the groups tell the direction of motion, on training and on held-out scenes.

    Which group stands for which direction is read off the training scenes.
    """
    shares = []
    for movies in (trained.movies, trained.held_out):
        won = {
            way: np.concatenate(trained.competition.winners(look(trained.network, movies[way])))
            for way in (RIGHT, LEFT)
        }
        right = np.concatenate([won[RIGHT] == 0, won[LEFT] == 1]).mean()
        shares.append(float(right))
    return (shares[0], shares[1]) if shares[0] >= 0.5 else (1 - shares[0], 1 - shares[1])


def tuning_index(peaks: np.ndarray) -> np.ndarray:
    """Return the index of peak responses ``(..., 2)``; NaN where neither direction moves the cell."""
    index = direction_selectivity_index(peaks[..., 0], peaks[..., 1])
    return np.where(peaks.max(axis=-1) > _SILENT, index, np.nan)


def _correlation(one: np.ndarray, other: np.ndarray, moments: np.ndarray) -> float:
    """Correlation, about zero, of two directions over what the moments are of."""
    return float(one @ moments @ other / np.sqrt((one @ moments @ one) * (other @ moments @ other)))
