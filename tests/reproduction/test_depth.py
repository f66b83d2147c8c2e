"""Does depth help: networks that see the same window, and what can be read from their tops."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from lamina.errors import ClippedInformationWarning
from lamina.experiments.depth import DEPTH, DepthConfig, run
from lamina.experiments.depth.comparing import explanations, paired, verdict
from lamina.experiments.depth.curves import GROWN, LINEAR, MIRRORED, SIDE, SMALL, STACKED, draw_material
from lamina.experiments.depth.information import (
    forecast_covariances,
    kept_information,
    linear_information,
    own_information,
)
from lamina.experiments.depth.measuring import LINEAR_TRAIN, SPEED, VELOCITY, r2_name
from lamina.experiments.depth.movies import mirrored
from lamina.experiments.depth.networks import (
    as_stack,
    ascend,
    learned,
    matched_plan,
    signed,
    top_outputs,
    untrained,
)
from lamina.experiments.depth.summary import claims, metrics
from lamina.experiments.natural_scenes import load_scenes, split_rows
from lamina.resu import ReSU, ReSUNetwork

TINY = DepthConfig(n_seeds=2, depths=(1, 3), units=2, row_step=40, noises=(0.05,))


@pytest.fixture(scope="module")
def result():
    return run(TINY)


@pytest.fixture(scope="module")
def material():
    rng = np.random.default_rng(5)
    splits = [split_rows(scene, TINY, rng) for scene in load_scenes(TINY)]
    return draw_material(splits, 0.05, TINY, rng)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_networks_of_any_depth_see_the_same_window_and_no_more(depth):
    config = replace(TINY, units=3)
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((4, 60, config.photoreceptors))
    stages = untrained(matched_plan(config, depth), frames, rng)
    at, size = 50, 60 * config.photoreceptors
    # every sample of every photoreceptor is disturbed once, each in a movie of its own
    disturbed = frames[0] + 100.0 * np.eye(size).reshape(size, 60, config.photoreceptors)
    apart = np.abs(top_outputs(stages, disturbed)[:, at] - top_outputs(stages, frames)[0, at]).max(axis=1)
    changes = (apart > 1e-9).reshape(60, config.photoreceptors)
    expected = np.zeros_like(changes)
    expected[at - config.memory + 1 : at + 1] = True
    np.testing.assert_array_equal(changes, expected)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_no_sample_is_in_both_past_and_future_of_a_layer(depth):
    rng = np.random.default_rng(1)
    frames = rng.standard_normal((4, 60, TINY.photoreceptors))
    stages = untrained(matched_plan(TINY, depth), frames, rng)
    below = ascend(stages[:-1], as_stack(frames))
    changed = frames.copy()
    changed[:, :31] += rng.standard_normal((4, 31, TINY.photoreceptors))
    later = 30 + stages[-1].layer.gap
    difference = np.abs(ascend(stages[:-1], as_stack(changed)) - below).max(axis=(0, 1, 3))
    assert difference[later:].max() == pytest.approx(0.0, abs=1e-9)
    # and not a sample of the future is given away
    assert difference[later - 1] > 1e-3


def test_with_a_gap_of_one_sample_an_upper_layer_predicts_the_overlap_exactly(material):
    plan = [replace(layer, gap=1) for layer in matched_plan(replace(TINY, units=6), 2)]
    with pytest.warns(ClippedInformationWarning):
        network = ReSUNetwork(plan).fit(list(material.train.frames))
    assert network.layers_[1].canonical_correlations_.min() > 1 - 1e-9
    # which says nothing of the scene: the gap that is used leaves less
    network = ReSUNetwork(matched_plan(replace(TINY, units=6), 2)).fit(list(material.train.frames))
    assert network.layers_[1].canonical_correlations_.max() < 1 - 1e-9


def test_layers_answer_as_the_network_does(material):
    plan = matched_plan(TINY, 3)
    frames = material.train.frames[:12]
    network = ReSUNetwork(plan).fit(list(frames))
    ours = top_outputs(learned(plan, frames), frames)
    np.testing.assert_allclose(ours, np.stack(network.transform(list(frames)))[:, :, 0], atol=1e-9)


def test_unrectified_layers_keep_no_more_than_one_and_one_keeps_what_its_correlations_say(result, material):
    linear = result.values(LINEAR, LINEAR_TRAIN)
    assert (linear[:, 1:] <= linear[:, :1] + 1e-6).all()
    frames = material.train.frames
    unit = ReSU(TINY.memory, TINY.horizon, TINY.units).fit(list(frames))
    stages = learned(matched_plan(TINY, 1), frames)
    first = TINY.memory - 1
    covariances = forecast_covariances(
        signed(top_outputs(stages, frames)), frames, first=first, horizon=TINY.horizon
    )
    kept = kept_information(covariances, covariances)
    both = forecast_covariances(top_outputs(stages, frames), frames, first=first, horizon=TINY.horizon)
    assert linear_information(both) == pytest.approx(kept.train, rel=1e-6)
    assert kept.train == pytest.approx(unit.predictive_information_, rel=1e-6)
    assert kept.test == pytest.approx(kept.train, rel=1e-6)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_mirrored_movies_teach_units_that_are_even_or_odd_at_any_depth(material, depth):
    # the symmetry that forbids a mean response to direction: a mirrored movie gives z or -z, exactly
    movies = mirrored(material.train)
    stages = learned(matched_plan(replace(TINY, units=3), depth), movies.frames)
    z = signed(top_outputs(stages, movies.frames))
    one, other = np.split(z, 2)
    even, odd = (np.abs(other - sign * one).max(axis=(0, 1)) for sign in (1, -1))
    assert (np.minimum(even, odd) < 1e-4 * np.abs(one).max(axis=(0, 1))).all()
    # without the mirror images they are neither
    stages = learned(matched_plan(replace(TINY, units=3), depth), material.right.frames)
    one, other = np.split(signed(top_outputs(stages, movies.frames)), 2)
    even, odd = (np.abs(other - sign * one).max(axis=(0, 1)) for sign in (1, -1))
    assert (np.minimum(even, odd) > 0.1 * np.abs(one).max(axis=(0, 1))).any()


def test_own_information_is_that_of_the_correlations_on_the_training_movies(material):
    plan = matched_plan(TINY, 3)
    frames = material.train.frames
    network = ReSUNetwork(plan).fit(list(frames))
    expected = network.layers_[-1].predictive_information_
    assert own_information(learned(plan, frames), frames) == pytest.approx(expected, rel=1e-6)


def test_information_of_a_process_is_its_closed_form_and_overfitting_does_not_count():
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((40, 500, 1))
    signal = np.zeros_like(noise)
    for time in range(1, 500):
        signal[:, time] = 0.8 * signal[:, time - 1] + 0.6 * noise[:, time]
    parts = [forecast_covariances(part, part, first=20, horizon=3) for part in (signal[:20], signal[20:])]
    expected = -0.5 * math.log(1 - 0.8**2)
    assert kept_information(*parts).test == pytest.approx(expected, abs=0.04)
    # outputs that have nothing to do with the scene are told from chance on held-out movies alone
    unrelated = rng.standard_normal((8, 60, 10))
    frames = rng.standard_normal((8, 60, 3))
    parts = [
        forecast_covariances(z, y, first=20, horizon=3)
        for z, y in ((unrelated[:4], frames[:4]), (unrelated[4:], frames[4:]))
    ]
    chance = kept_information(*parts)
    assert chance.train > 0.2
    assert chance.test < 0.3 * chance.train


def test_nothing_is_read_where_there_is_nothing(result):
    for name in ("raw window", "shuffled velocities"):
        assert result.reference(name, r2_name(VELOCITY, 0.5)).mean() < 0.1
    assert result.values(MIRRORED, r2_name(VELOCITY, 0.5)).mean() < 0.1
    # while there is something to read
    assert result.reference("correlators", r2_name(SPEED, 0.5)).mean() > 0.1


def test_units_are_matched_at_the_top_and_in_all(result):
    assert (result.values(STACKED, "outputs") == 2 * TINY.units).all()
    assert (result.values(SIDE, "outputs") == 2 * TINY.units * np.array(TINY.depths)).all()
    # one layer is the same network on both curves
    for measure in result.curves[0.05][STACKED]:
        one, other = (result.values(curve, measure)[:, 0] for curve in (STACKED, SIDE))
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


def test_the_small_window_is_where_the_growing_network_begins(result):
    for measure in ("near future", "weights", r2_name(SPEED, 0.5)):
        grown, small = (result.values(curve, measure) for curve in (GROWN, SMALL))
        np.testing.assert_array_equal(small, np.repeat(grown[:, :1], len(TINY.depths), axis=1))
    weights = TINY.grown_width * TINY.grown_memory * TINY.units
    assert (result.values(SMALL, "weights") == weights).all()


def test_differences_are_paired_with_the_interval_of_student():
    values = np.array([0.3, 0.1, 0.4, 0.2])
    found = paired(values, 0.9)
    expected = ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.word == "more"
    assert paired(-values, 0.9).word == "less"
    assert paired(values - 0.25, 0.9).word == "undecided"
    alone = paired(values[:1], 0.9)
    assert alone.word == "undecided"
    assert "one repetition" in alone.text()


def test_the_verdict_follows_the_numbers(result):
    curves = {
        noise: {name: {k: v.copy() for k, v in each.items()} for name, each in found.items()}
        for noise, found in result.curves.items()
    }
    name = r2_name(SPEED, TINY.averages_s[-1])
    curves[0.05][STACKED][name] = np.array([[0.0, 0.5], [0.0, 0.51]])
    better = verdict(replace(result, curves=curves))
    assert "lets speed be read better" in better
    curves[0.05][STACKED][name] = np.array([[0.5, 0.0], [0.51, 0.0]])
    assert "lets speed be read worse" in verdict(replace(result, curves=curves))


def test_a_check_fails_where_it_should(result):
    assert all(claim.why for claim in claims(result) if claim.holds is False)
    curves = {noise: {k: dict(v) for k, v in found.items()} for noise, found in result.curves.items()}
    curves[0.05][LINEAR][LINEAR_TRAIN] = np.array([[1.0, 1.1], [1.0, 0.9]])
    curves[0.05][MIRRORED][r2_name(VELOCITY, 0.5)] = np.full((2, 2), 0.1)
    failed = [claim for claim in claims(replace(result, curves=curves)) if claim.holds is False]
    for start in ("unrectified layers", "signed velocity from networks that learned mirrored"):
        assert next(claim.why for claim in failed if claim.statement.startswith(start))


def test_the_same_seed_gives_the_same_numbers_however_many_repetitions_follow(result):
    alone = run(replace(TINY, n_seeds=1))
    for curve, measures in result.curves[0.05].items():
        for measure, values in measures.items():
            np.testing.assert_array_equal(alone.values(curve, measure)[0], values[0])
    assert (result.values(STACKED, "near future")[0] != result.values(STACKED, "near future")[1]).all()


def test_metrics_and_folder(result, tmp_path):
    stored = json.loads(json.dumps(metrics(result), allow_nan=False))
    assert np.shape(stored["curves"]["noise 0.05"][STACKED]["near future"]) == (2, 2)
    assert stored["curves"]["noise 0.05"]["untrained"]["own future"][0] == [None, None]
    page = DEPTH.write(result, tmp_path / "depth").read_text(encoding="utf-8")
    assert verdict(result).split(",")[0] in page


def test_the_verdict_says_what_more_noise_changes(result):
    louder = {name: {k: v.copy() for k, v in each.items()} for name, each in result.curves[0.05].items()}
    config = replace(TINY, noises=(0.05, 0.5))
    curves = {0.05: result.curves[0.05], 0.5: louder}
    assert verdict(replace(result, config=config, curves=curves)).endswith("the same holds.")
    name = r2_name(SPEED, TINY.averages_s[-1])
    better, worse = (np.array([[0.0, sign * 0.5], [0.0, sign * 0.51]]) for sign in (1, -1))
    curves[0.05] = {**louder, STACKED: {**louder[STACKED], name: better}}
    curves[0.5] = {**louder, STACKED: {**louder[STACKED], name: worse}}
    quiet, loud = verdict(replace(result, config=config, curves=curves)).split("With noise of 0.5")
    assert "speed be read better" in quiet
    assert "speed be read worse" in loud


def test_controls_are_sorted_by_their_intervals(result):
    name = r2_name(SPEED, TINY.averages_s[-1])
    curves = {0.05: {curve: dict(each) for curve, each in result.curves[0.05].items()}}
    for curve, value in ((STACKED, 0.5), (LINEAR, 0.1), (SIDE, 0.9)):
        curves[0.05][curve][name] = value + np.array([[0.0, 0.0], [0.0, 0.001]])
    speed = explanations(replace(result, curves=curves)).split("signed velocity")[0]
    better, worse = speed.split("worse than")
    assert "*without hidden rectification*" in better
    assert "*one layer, same units in all*" in worse


@pytest.mark.slow
def test_the_full_run():
    found = DEPTH.reproduce(None)
    assert not [claim.statement for claim in found.claims if claim.holds is False]
