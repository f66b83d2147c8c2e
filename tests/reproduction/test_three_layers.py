"""Three layers, both directions at once: the four cells arise, and not without the competition."""

import json

import numpy as np
import pytest

from lamina.errors import ArgumentError
from lamina.experiments.motion.stimuli import HEADLINE
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.experiments.three_layers import THREE_LAYERS, ThreeLayersConfig, run
from lamina.experiments.three_layers.cells import CELLS, choose_cells, look, mirrored
from lamina.experiments.three_layers.controls import one_group, view
from lamina.experiments.three_layers.patterns import battery
from lamina.experiments.three_layers.summary import claims, gratings_index, metrics, polarity_index


@pytest.fixture(scope="module")
def result():
    return run(ThreeLayersConfig(n_seeds=1, control_seeds=1, n_untrained=10, row_step=12))


@pytest.fixture(scope="module")
def first(result):
    return result.repetitions[0]


def test_the_four_cells_arise_and_tell_directions(result, first):
    assert list(first.cells) == ["T4a", "T4b", "T5a", "T5b"]
    for name, (_, way) in CELLS.items():
        assert first.cells[name].preferred == way
        assert result.held_out(name)[0] >= 0.6
        assert result.index(name, HEADLINE)[0] >= 0.6
        assert gratings_index(result, name)[0] >= 0.6
        # an index near 1 must not be a ratio of two small numbers
        assert result.response(name, HEADLINE)[0, 0] > 1


def test_each_cell_answers_the_edge_that_it_is_named_for(result):
    for name, (polarity, _) in CELLS.items():
        own = result.response(name, f"{polarity} edge")[0]
        other = result.response(name, f"{'OFF' if polarity == 'ON' else 'ON'} edge")[0]
        assert own[0] > 3 * max(own[1], *other)
        assert polarity_index(result, name)[0] >= 0.6


def test_groups_tell_the_direction_of_scenes_that_they_have_not_seen(first):
    network, competition = first.trained.network, first.trained.competition
    majority = {}
    for way in (RIGHT, LEFT):
        won = competition.winners(look(network, first.trained.held_out[way]))
        majority[way] = [round(each[100:].mean()) for each in won]
    assert abs(np.mean(majority[RIGHT]) - np.mean(majority[LEFT])) > 0.9
    assert min(first.agreement) >= 0.9


def test_every_layer_learns_from_motion_either_way(first):
    trained, config = first.trained, ThreeLayersConfig()
    lengths = [len(movie) for way in (RIGHT, LEFT) for movie in trained.movies[way]]
    for layer, valid, length in ((0, 0, config.memory), (1, config.memory - 1, config.medulla_memory)):
        windows = sum(3 * (n - valid - 2 * length + 1) for n in lengths)
        assert trained.network.layers_[layer].n_windows_ == windows
    assert trained.competition.shares.min() > 0.4


def test_without_competition_they_do_not_arise(result):
    for name in ("no competition: one group", "no competition: random groups", "frames in random order"):
        assert np.abs(result.control(name)).mean() < 0.3
    # and nothing is gained by telling the groups what they find out
    told = result.control("directions told to the groups")[0, 0].mean()
    full = np.mean([result.index(name, HEADLINE)[0] for name in CELLS])
    assert full > told - 0.15
    assert full > result.control("no layer 2")[0, 0].mean()
    assert full > np.percentile(result.untrained, 99)


def test_responses_are_those_of_plain_loops(first):
    network, cell = first.trained.network, first.cells["T4b"]
    config = ThreeLayersConfig()
    movie = dict(battery(config))[HEADLINE][LEFT]
    lamina, medulla = network.layers_
    answered = cell.response(look(network, [movie])[0])
    at = int(answered.argmax()) + config.memory + config.medulla_memory - 2
    total = 0.0
    weights = cell.weights.reshape(3, -1)
    for column in range(3):
        cells = np.zeros((config.medulla_memory, 3))
        for lag in range(config.medulla_memory):
            past = movie[at - lag - config.memory + 1 : at - lag + 1, column][::-1] - lamina.past_mean_[:, 0]
            slow, change = lamina.filters_[:, :, 0] @ past
            cells[lag] = slow, max(change, 0), max(-change, 0)
        z = [np.sum(each * (cells - medulla.past_mean_)) for each in medulla.filters_]
        halves = [part for each in z for part in (max(each, 0), max(-each, 0))]
        total += weights[column] @ halves
    assert answered.max() == pytest.approx(total, rel=1e-9)
    assert total > 1


def test_a_mirror_exchanges_left_and_right(first):
    network, weights = first.trained.network, first.cells["T4a"].weights
    movie = first.trained.held_out[RIGHT][0]
    plain = look(network, [movie])[0] @ weights
    np.testing.assert_allclose(look(network, [movie[:, ::-1]])[0] @ mirrored(weights), plain, atol=1e-9)
    assert first.mirror > 0.7


def test_every_direction_is_even_or_odd_if_training_is_the_same_in_the_mirror(first):
    # the reason for the competition, as a theorem: here with every movie beside its mirror image
    network = first.trained.network
    movies = first.trained.movies[RIGHT][::2]
    seen = look(network, [*movies, *(movie[:, ::-1] for movie in movies)])
    directions, moments = one_group(seen, 8)
    parity = np.einsum("kc,cd,kd->k", directions, moments, mirrored(directions))
    np.testing.assert_allclose(np.abs(parity), 1, atol=1e-6)
    assert {-1, 1} == set(np.sign(parity))
    views = view(first.trained, ThreeLayersConfig())
    assert np.abs(views.indices(directions[None], every=4)).mean() < 0.3


def test_the_rule_takes_the_clearest_pair_on_training_scenes():
    rng = np.random.default_rng(0)
    on, off = np.maximum(rng.standard_normal((2, 3000)), 0)
    dark = on < off
    on, off = np.where(dark, 0, on), np.where(dark, off, 0)
    # a direction that answers motion to the right with either half, one that does not care, one that is still
    scenes = {
        RIGHT: np.stack([on - off, on - off, np.zeros(3000)], axis=1),
        LEFT: np.stack([0.1 * (on - off), on - off, np.zeros(3000)], axis=1),
    }
    lamina = {way: np.stack([on, off], axis=1) for way in (RIGHT, LEFT)}
    cells = choose_cells(np.eye(3)[None], scenes, lamina)
    assert set(cells) == {"T4a", "T5a"}
    assert (cells["T4a"].direction, cells["T4a"].sign, cells["T5a"].sign) == (0, 1, -1)
    assert cells["T4a"].training_index == pytest.approx(0.9 / 1.1, abs=0.01)
    assert cells["T4a"].peaks(scenes).index == pytest.approx(cells["T4a"].training_index)
    # scenes turned round make it b, and neither half of an even direction is anything
    turned = {RIGHT: scenes[LEFT], LEFT: scenes[RIGHT]}
    assert set(choose_cells(np.eye(3)[None], turned, lamina)) == {"T4b", "T5b"}
    assert choose_cells(np.eye(3)[None, 1:], scenes, lamina) == {}


def test_claims_metrics_and_folder(result, tmp_path):
    found = claims(result)
    assert all(claim.why for claim in found if claim.holds is False)
    assert sum(claim.holds is not None for claim in found) == 24
    assert all(len(claim.statement) <= 90 for claim in found)
    stored = json.loads(json.dumps(metrics(result), allow_nan=False))
    assert stored["cells"]["T5b"]["held_out_scenes_index"] == result.held_out("T5b").tolist()
    peaks = np.array(stored["tuning"]["peaks_sd"])
    moved = peaks[peaks.max(axis=-1) > 0.01]
    assert stored["tuning"]["share_turned_round"] == pytest.approx(np.mean(moved[:, 1] > moved[:, 0]))
    report = THREE_LAYERS.write(result, tmp_path / "three-layers")
    assert "compete" in report.read_text(encoding="utf-8")
    figures = {path.stem for path in (tmp_path / "three-layers" / "figures").glob("*.svg")}
    assert figures == {"selectivity", "competition", "layers", "edges", "weights", "stimuli", "tuning"}


def test_settings_are_checked():
    with pytest.raises(ArgumentError, match="medulla_rank must be"):
        ThreeLayersConfig(medulla_rank=0)
    with pytest.raises(ArgumentError, match="leak_s must be"):
        ThreeLayersConfig(leak_s=-1.0)
    assert ThreeLayersConfig(n_seeds=2).control_seeds == 2


@pytest.mark.slow
def test_the_full_run():
    found = THREE_LAYERS.reproduce(None).claims
    assert not [claim.statement for claim in found if claim.holds is False]
