"""What becomes of the four cells when something of the three layers is taken away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lamina.circuits.competition import Competition, compete
from lamina.experiments.motion.stimuli import headline_pattern
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.experiments.three_layers.cells import (
    CELLS,
    COLUMNS,
    Cell,
    Sight,
    choose_cells,
    choose_halves,
    look,
)
from lamina.experiments.three_layers.config import ThreeLayersConfig
from lamina.resu import ReSUNetwork
from lamina.resu.rectification import rectify
from lamina.stats import truncated_cca

CONTROLS = (
    "directions told to the groups",
    "no competition: one group",
    "one group, cell by cell",
    "no competition: random groups",
    "competition without memory",
    "frames in random order",
    "layer 2 untrained",
    "no layer 2",
    "PCA in layer 3",
)

PAIRED = tuple(name for name in CONTROLS if not name.startswith("one group"))
"""Those whose cells are chosen in pairs, as the experiment's are."""


@dataclass(frozen=True, eq=False)
class Trained:
    """What a repetition has learned, and what it learned from.

    Parameters
    ----------
    network
        Layers 1 and 2.
    competition
        Layer 3.
    movies
        Training movies to the right and to the left.
    held_out
        Movies of rows not trained on, likewise.
    seed
        Of the competition's start.
    """

    network: ReSUNetwork
    competition: Competition
    movies: dict[int, list[np.ndarray]]
    held_out: dict[int, list[np.ndarray]]
    seed: int


def learn_layer3(
    scenes: dict[int, list[np.ndarray]],
    config: ThreeLayersConfig,
    seed: int,
    *,
    leak_s: float | None = None,
    max_rounds: int | None = None,
) -> Competition:
    """Let two groups compete for what layer 3 sees of scenes that move either way."""
    return compete(
        scenes[RIGHT] + scenes[LEFT],
        gap=config.gap,
        leak=(config.leak_s if leak_s is None else leak_s) / config.dt_s,
        block=round(config.block_s / config.dt_s),
        max_rounds=config.max_rounds if max_rounds is None else max_rounds,
        seed=seed,
    )


def one_group(scenes: list[np.ndarray], gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the canonical directions of all windows together, and the second moments of what is seen."""
    present = np.concatenate([each[:-gap] for each in scenes])
    future = np.concatenate([each[gap:] for each in scenes])
    past = present.T @ present / len(present)
    found = truncated_cca(past, future.T @ future / len(present), future.T @ present / len(present))
    return np.asarray(found.past_filters), past


def principal_directions(trained: Trained, scenes: dict[int, list[np.ndarray]]) -> np.ndarray:
    """Return each group's principal directions of what it has won, in place of canonical ones."""
    competition, together = trained.competition, scenes[RIGHT] + scenes[LEFT]
    won = np.concatenate(competition.winners(together))
    present = np.concatenate([each[: -competition.gap] for each in together])
    mine = [present[won == group] for group in range(len(competition.filters))]
    return np.array([np.linalg.eigh(each.T @ each / len(each))[1][:, ::-1].T for each in mine])


View = Callable[[list[np.ndarray]], list[np.ndarray]]
"""From movies to what layer 3 sees of them."""


@dataclass(frozen=True, eq=False)
class Views:
    """Training scenes, held-out scenes and the pattern, through what stands below layer 3.

    Parameters
    ----------
    train
        Movie by movie, for motion to the right and to the left.
    held_out, pattern
        All samples together.
    lamina
        L1 and L2 of the centre at the samples of ``train``.
    """

    train: dict[int, list[np.ndarray]]
    held_out: Sight
    pattern: Sight
    lamina: Sight

    def choose(self, filters: np.ndarray, *, every: int = 1) -> dict[str, Cell]:
        """Choose the four cells of a layer 3 with these filters, on the training scenes."""
        scenes = {way: np.concatenate(each) for way, each in self.train.items()}
        return choose_cells(filters, scenes, self.lamina, every=every)

    def indices(self, filters: np.ndarray, *, every: int = 1) -> np.ndarray:
        """Return the index of the four cells on the pattern and on held-out scenes, ``(2, 4)``.

        It is 0 for a cell that did not arise.
        """
        return self.test(self.choose(filters, every=every))

    def test(self, cells: dict[str, Cell]) -> np.ndarray:
        """Return the index of these cells likewise."""
        return np.array(
            [
                [cells[name].peaks(test).index if name in cells else 0.0 for name in CELLS]
                for test in (self.pattern, self.held_out)
            ]
        )


def view(trained: Trained, config: ThreeLayersConfig, through: View | None = None) -> Views:
    """Look at everything through layers 1 and 2 of a repetition, or ``through`` something else."""
    see: View = (lambda movies: look(trained.network, movies)) if through is None else through
    pattern = headline_pattern(config.patterns)
    ways = (RIGHT, LEFT)
    return Views(
        {way: see(trained.movies[way]) for way in ways},
        {way: np.concatenate(see(trained.held_out[way])) for way in ways},
        {way: see([pattern[way]])[0] for way in ways},
        {way: lamina_of_centre(trained.network, trained.movies[way]) for way in ways},
    )


def run_controls(
    trained: Trained, views: Views, config: ThreeLayersConfig, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Run every control, and choose and test its cells by the same rule.

    Parameters
    ----------
    trained, views
        A repetition, and what its layer 3 sees.
    config
        Settings.
    rng
        Draws orders of frames, and the filters of an untrained layer 2.

    Returns
    -------
    dict[str, numpy.ndarray]
        Name → ``(2, 4)``: index of the four cells on the pattern and on held-out scenes; 0 for a cell that
        did not arise.
    """
    network, seed, scenes = trained.network, trained.seed, views.train
    told = np.array([one_group(scenes[way], config.gap)[0] for way in (RIGHT, LEFT)])
    pooled = one_group(scenes[RIGHT] + scenes[LEFT], config.gap)[0]
    shuffled = {
        way: look(network, [rng.permutation(movie) for movie in trained.movies[way]]) for way in (RIGHT, LEFT)
    }
    drawn = rng.standard_normal((config.medulla_rank, config.medulla_memory * 3))
    untrained = view(trained, config, lambda movies: _random_medulla(network, movies, drawn))
    lamina = view(trained, config, lambda movies: look(network, movies, layer=0))
    runs: tuple[tuple[Views, np.ndarray], ...] = (
        (views, told),
        (views, pooled[None]),
        (views, learn_layer3(scenes, config, seed, max_rounds=0).filters),
        (views, learn_layer3(scenes, config, seed, leak_s=0.0).filters),
        (views, learn_layer3(shuffled, config, seed).filters),
        (untrained, learn_layer3(untrained.train, config, seed).filters),
        (lamina, learn_layer3(lamina.train, config, seed).filters),
        (views, principal_directions(trained, scenes)),
    )
    # the rule sees the same peaks in every fourth sample, to about a part in a hundred
    found = {name: seen.indices(filters, every=4) for name, (seen, filters) in zip(PAIRED, runs, strict=True)}
    scenes_of = {way: np.concatenate(each) for way, each in scenes.items()}
    halves = choose_halves(pooled[None], scenes_of, views.lamina, every=4)
    found["one group, cell by cell"] = views.test(halves)
    return {name: found[name] for name in CONTROLS}


def untrained_indices(trained: Trained, views: Views, count: int, rng: np.random.Generator) -> np.ndarray:
    """Give layer 3 random weights, choose by the same rule, and return the mean index of the four cells.

    Parameters
    ----------
    trained, views
        A repetition, and what its layer 3 sees.
    count
        How many layers.
    rng
        Draws the weights, independent and normal, in units of what each channel varies by.

    Returns
    -------
    numpy.ndarray
        ``(count,)`` on the pattern.
    """
    shape = trained.competition.filters.shape
    deviations = np.concatenate(views.train[RIGHT] + views.train[LEFT]).std(axis=0)
    draws = (rng.standard_normal(shape) / deviations for _ in range(count))
    # the percentile of every tenth sample is the same to about a part in a hundred
    return np.array([views.indices(each, every=10)[0].mean() for each in draws])


def lamina_of_centre(network: ReSUNetwork, movies: list[np.ndarray]) -> np.ndarray:
    """Return L1 and L2 of the centre column, ``(samples, 2)``, where layer 2 is whole."""
    first = network.valid_from_[-1]
    return np.concatenate(
        [np.asarray(out)[first:, COLUMNS // 2, 1:] for out in network.transform(movies, layer=0)]
    )


def _random_medulla(network: ReSUNetwork, movies: list[np.ndarray], filters: np.ndarray) -> list[np.ndarray]:
    """Put units with random weights in the place of layer 2, rectified both ways."""
    first = network.valid_from_[0]
    seen = []
    for outputs in network.transform(movies, layer=0):
        lamina = np.asarray(outputs)[first:]
        windows = sliding_window_view(lamina, filters.shape[1] // lamina.shape[2], axis=0)
        z = windows.reshape(*windows.shape[:2], -1) @ filters.T
        halves = np.asarray(rectify(z, ("split",) * len(filters)))
        seen.append(halves.reshape(len(halves), -1))
    return seen
