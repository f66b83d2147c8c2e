"""T4a, b, c and d learned from scenes that move in all directions, and nobody says which."""

import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from lamina.experiments.motion_2d import MOTION_2D, Motion2DResult
from lamina.experiments.motion_2d.config import CELLS
from lamina.experiments.motion_2d.local_motion import OBLIQUE_DEG, disc_before_background
from lamina.experiments.motion_2d.scenes import Picture, draw_leaves
from lamina.experiments.motion_2d.summary import (
    axes_deviations,
    claims,
    control_indices,
    deviations,
    edge_contrasts,
    indices,
    metrics,
)


@pytest.fixture(scope="module")
def result():
    return MOTION_2D.run(MOTION_2D.quick)


def test_four_groups_find_the_four_axes_of_the_lattice(result):
    """Dead leaves have no axes of their own: directions of groups are those of the grid, one each."""
    leaves = result.repetitions[0].leaves
    assert np.all(np.abs(leaves) > 0.8)  # a quarter of the circle has 0.90
    assert axes_deviations(leaves).max() < 5
    assert sorted(np.round(np.rad2deg(np.angle(leaves)) / 90) % 4) == [0, 1, 2, 3]
    groups = result.repetitions[0].groups
    assert np.all(np.abs(groups) > 0.5)
    assert axes_deviations(groups).mean() < 10
    # frames in random order hold no direction
    assert np.abs(result.repetitions[0].shuffled).max() < 0.3


def test_dead_leaves_have_no_axes(result):
    """As the last test needs: their gradients are as strong in all directions, those of photographs not."""
    seen = draw_leaves(result.config, np.random.default_rng(5)).contrast
    down, across = (np.gradient(seen, axis=axis) for axis in (0, 1))
    angles = np.angle(across + 1j * down)
    strength = across**2 + down**2
    assert abs(np.sum(strength * np.exp(4j * angles)) / strength.sum()) < 0.1


def test_each_cell_prefers_its_direction(result):
    # a quarter of the movies of the full run: bars are those of a quarter of the circle, and of guessing
    for cell in CELLS:
        assert np.abs(deviations(result, cell)).mean() < 25
        assert indices(result, cell).mean() > 0.3
    ours = np.mean([indices(result, cell) for cell in CELLS])
    assert ours > 0.5
    for control in ("one group", "random", "shuffled"):
        assert control_indices(result, control).mean() < ours - 0.1


def test_cells_are_the_halves_that_brightening_excites(result):
    """T4 answers ON edges more than OFF edges."""
    cells = list(result.repetitions[0].cells.values())
    assert all(cell.weights[:, 1].sum() > cell.weights[:, 2].sum() for cell in cells)
    edges = [(cell.curves["ON edge"].max(), cell.curves["OFF edge"].max()) for cell in cells]
    np.testing.assert_allclose(edge_contrasts(result)[0], [(on - off) / (on + off) for on, off in edges])
    assert edge_contrasts(result).mean() > 0


def test_a_linear_unit_sees_the_pattern_from_its_weights(result):
    """Responses to a pattern from layer 1's outputs, added up by hand."""
    config = result.config
    from lamina.experiments.motion_2d.detectors import learn_photoreceptors
    from lamina.experiments.motion_2d.scenes import Movies

    rng = np.random.default_rng(0)
    movie = rng.standard_normal((160, 3, 3))
    photoreceptors = learn_photoreceptors(Movies([movie], np.zeros(1)), config)
    detector = result.repetitions[0].cells["T4c"]
    found = detector.respond(photoreceptors.inputs([movie]))[0, :, 0, 0]
    unit = photoreceptors.network.layers_[0]
    cells = {place: unit.transform(movie[:, place[0], place[1]]) for place in np.ndindex(3, 3)}
    expected = np.zeros(160)
    for weights, place in zip(detector.weights, [(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)], strict=True):
        expected += cells[place] @ weights
    np.testing.assert_allclose(found, np.maximum(expected, 0)[config.memory - 1 :], rtol=1e-4, atol=1e-4)


def test_local_motion_follows_the_scene(result):
    repetition = result.repetitions[0]
    assert np.median(repetition.field_errors_deg) < 60  # guessing: 90
    whole, disc = repetition.examples
    assert whole.vectors.shape == tuple(count - 2 for count in result.config.field)
    truth = disc.truth_deg
    assert set(np.unique(truth[np.isfinite(truth)])) == {0.0, 180.0}
    inside = truth == 0.0
    assert inside[inside.shape[0] // 2, inside.shape[1] // 2]
    assert not inside[0].any()


def test_a_disc_of_nothing_shows_the_background_alone(result):
    """Where the disc never is, it changes nothing."""
    config = result.config
    rng = np.random.default_rng(3)
    grey = Picture("grey", np.zeros((440, 260)), 0.385)
    noise = Picture("noise", rng.standard_normal((440, 260)), 0.385)

    class Watching:
        def inputs(self, seen):
            self.seen = seen[0]
            shape = (1, 60, *(count - 2 for count in config.field), 15)
            return np.zeros(shape, dtype=np.float32)

    watching = Watching()
    cells = result.repetitions[0].cells
    motion = disc_before_background((grey, noise), (180.0, 0.0), config, watching, cells, rng)
    beyond = motion.truth_deg == 180.0
    window = watching.seen[-40:, 1:-1, 1:-1][:, beyond]
    assert np.abs(window).max() < 0.06 * np.abs(noise.contrast).max() + 6 * config.noise
    assert np.abs(watching.seen[-40:, 1:-1, 1:-1][:, motion.truth_deg == 0.0]).mean() > 0.1


def test_claims_numbers_and_folder(result, tmp_path):
    stored = json.loads(json.dumps(metrics(result), allow_nan=False))
    first = stored["repetitions"][0]
    assert set(first["cells"]) == set(CELLS)
    np.testing.assert_allclose(
        first["cells"]["T4a"]["patterns"]["ON/OFF pattern"]["index"], indices(result, "T4a")[0]
    )
    # one repetition is no mean over repetitions; three, or five, are
    assert sum(claim.holds is not None for claim in claims(result)) == 1
    thrice = Motion2DResult(result.config, result.repetitions * 3)
    assert sum(claim.holds is not None for claim in claims(thrice)) == 9
    for claim in claims(thrice):
        assert claim.holds is not False or claim.why
        assert len(claim.statement) <= 90
    report = MOTION_2D.write(result, tmp_path / "motion-2d").read_text(encoding="utf-8")
    assert "aperture problem" in report


def test_what_is_tested_on_was_not_learned_from(monkeypatch):
    module = import_module("lamina.experiments.motion_2d.run")
    parts, moved, shown, ways = [], [], [], []

    def record(name, keep):
        whole = getattr(module, name)

        def call(first, *args, **more):
            found = whole(first, *args, **more)
            keep(first, found)
            return found

        monkeypatch.setattr(module, name, call)

    record("split", lambda _, found: parts.append(found))
    record("move", lambda pictures, _: moved.append(pictures))
    record("whole_scene", lambda picture, seen: (shown.append(picture), ways.append(seen.truth_deg[0, 0])))
    record("disc_before_background", lambda pictures, _: shown.extend(pictures))
    config = replace(MOTION_2D.quick, movies=6, restarts=1, rounds=1, field_movies=2)
    module.run(config)
    (train, test), (leaves, _) = parts
    learned, tested, without_axes = moved
    for found, expected in ((learned, train), (tested, test), (without_axes, leaves)):
        assert [id(each.contrast) for each in found] == [id(each.contrast) for each in expected]
    assert {id(each.contrast) for each in shown} == {id(each.contrast) for each in test}
    # either half of the circle for each picture, and then the one that is drawn
    assert [int(way // 180) for way in ways[:-1]] == [0, 1] * len(test)
    assert len(set(ways)) == len(ways)
    assert ways[-1] == OBLIQUE_DEG


@pytest.mark.slow
def test_the_full_run():
    found = MOTION_2D.reproduce(None)
    assert not [claim.statement for claim in found.claims if claim.holds is False]
