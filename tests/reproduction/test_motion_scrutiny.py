"""Robustness, held-out images and controls of the motion experiment, against versions that share no code."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lamina.experiments.motion import MotionConfig
from lamina.experiments.motion import scrutiny_claims as judged
from lamina.experiments.motion.choices import choices_of
from lamina.experiments.motion.controls import (
    BOTH_WAYS,
    CONTROLS,
    PCA_INPUTS,
    SHUFFLED,
    TRAINED,
    principal_layer,
    probe,
)
from lamina.experiments.motion.detectors import Response, fit_detectors, training_movies
from lamina.experiments.motion.figures_robustness import robustness_figure
from lamina.experiments.motion.held_out_images import leave_each_out
from lamina.experiments.motion.outcome import (
    Trained,
    fitted_layer,
    inputs_of,
    learned_layer,
    measure,
    relearned,
    seen_in_training,
)
from lamina.experiments.motion.robustness import (
    AS_REPORTED,
    BEST_RANDOM,
    DEGENERATE,
    PAPER,
    PAPER_UNIT,
    Level,
    Robustness,
    degenerate,
    delay,
    repetition_splits,
)
from lamina.experiments.motion.scrutiny import FACTORS, scrutinise
from lamina.experiments.motion.scrutiny_metrics import metrics
from lamina.experiments.natural_scenes import LEFT, RIGHT, load_scenes, move
from lamina.resu import ReSU
from lamina.stats import LagMoments

QUICK = MotionConfig(n_seeds=1, choice_seeds=1, n_untrained=40, row_step=12)
CELLS = {"T4a": RIGHT, "T4b": LEFT}


def quiet(done, what):
    del done, what


def learn_all(config, step):
    scenes = load_scenes(config)
    probed, networks = [], {}
    for number in range(config.n_seeds):
        training = training_movies(repetition_splits(scenes, config, number), config, number)
        for cell, way in CELLS.items():
            networks[cell, number] = training, fit_detectors(training, "T4", way, config)
            probed.append(probe(cell, networks[cell, number][1], training, config, number))
    return scrutinise(scenes, config, probed, quiet, step=step), networks


@pytest.fixture(scope="module")
def quick():
    return learn_all(QUICK, 20)


@pytest.fixture(scope="module")
def found(quick):
    return quick[0]


@pytest.fixture(scope="module")
def network(quick):
    training, fitted = quick[1]["T4b", 0]
    return training, fitted


def test_a_unit_is_chosen_and_measured_as_a_plain_version_does(network):
    training, fitted = network
    layer = fitted_layer(fitted)
    trained = Trained("T4b", fitted, inputs_of(fitted, training.test))
    ours = measure(trained, layer, QUICK)

    def peak(inputs, k, sign):
        return np.percentile(np.maximum(sign * (inputs @ layer.filters[k]), 0), 99.5)

    def index(inputs, k, sign, way):
        p, n = (peak(inputs[side], k, sign) for side in (way, -way))
        return (p - n) / (p + n)

    halves = [(k, sign) for k in range(6) for sign in (1, -1)]
    indices = [index(fitted.scenes, *half, LEFT) for half in halves]
    best = int(np.argmax(np.abs(indices)))
    assert ours.output == best
    assert ours.training_index == pytest.approx(abs(indices[best]))
    assert ours.way == np.sign(indices[best])
    preferred = LEFT * ours.way
    scale = (fitted.scenes[LEFT] @ layer.filters[best // 2]).std()
    weights = halves[best][1] * layer.filters[best // 2] / np.linalg.norm(layer.filters[best // 2])
    np.testing.assert_allclose(ours.weights, weights)
    turned = weights[[4, 5, 2, 3, 0, 1]]
    assert ours.mirror_cosine == pytest.approx(weights @ turned)
    for response, inputs in ((ours.pattern, fitted.pattern), (ours.scenes, trained.unseen)):
        assert response.preferred == pytest.approx(peak(inputs[preferred], *halves[best]) / scale)
        assert response.null == pytest.approx(peak(inputs[-preferred], *halves[best]) / scale)


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("objective", ["cca", "rrr", "pca"])
def test_a_second_layer_is_what_the_estimator_learns(network, objective, center):
    movies = seen_in_training(network[1])
    config = replace(QUICK, center=center)
    moments = LagMoments(1, 1, config.gap, 6)
    for movie in movies:
        moments.update(movie).end_trial()
    unit = ReSU.from_moments(moments, 6, center=center, objective=objective)
    ours = learned_layer(movies, config, objective)
    np.testing.assert_allclose(ours.correlations, unit.canonical_correlations_, atol=1e-6)
    theirs = unit.filters_[:, 0]
    cosines = np.abs((ours.filters * theirs).sum(axis=1))
    lengths = np.linalg.norm(ours.filters, axis=1) * np.linalg.norm(theirs, axis=1)
    np.testing.assert_allclose(cosines / lengths, 1.0, atol=1e-6)
    np.testing.assert_allclose(ours.means, unit.past_mean_[0] if center else np.zeros(6), atol=1e-9)


def test_what_the_network_learned_is_learned_again(network):
    _, fitted = network
    again = relearned(fitted, QUICK, anew=True)
    np.testing.assert_allclose(again.correlations, fitted_layer(fitted).correlations, atol=1e-9)
    assert relearned(fitted, QUICK).filters is not None
    other = relearned(fitted, replace(QUICK, gap=3))
    assert np.abs(other.correlations - again.correlations).max() > 0.01


def test_four_correlations_are_1_where_the_gap_is_the_delay(found):
    config = degenerate(QUICK)
    assert delay(config) == pytest.approx(config.gap)
    scenes = load_scenes(QUICK)
    splits = repetition_splits(scenes, config, 0)
    movie = move(splits, "train", RIGHT, config, 0.0, np.random.default_rng(0))[0]
    # the left pixel's present is its neighbour's future
    np.testing.assert_allclose(movie[config.gap :, 1], movie[: -config.gap, 0], atol=1e-9)
    for outcome in found.robustness[DEGENERATE].outcomes:
        np.testing.assert_allclose(outcome.correlations[:4], 1.0, atol=1e-6)
        assert max(outcome.correlations[4:]) < 0.5
    # next to it they are high, and no more than that
    for outcome in found.robustness.default.outcomes:
        assert outcome.correlations[1] < 0.9999


def test_the_papers_second_direction_is_the_second(found):
    for outcome in found.robustness[PAPER_UNIT].outcomes:
        assert outcome.output in (2, 3)
    for outcome in found.robustness[PAPER].outcomes:
        assert outcome.training_index >= found.robustness[PAPER_UNIT].outcomes[0].training_index


def test_a_factor_is_in_rising_order_with_the_default_among_its_values(found):
    for factor, default in (("spacing", 5.0), ("gap", 8), ("memory", 50), ("noise", 0.005)):
        levels = found.robustness.factor(factor, QUICK)
        values = [level.value for level in levels]
        assert values == sorted(set(values))
        assert levels[values.index(default)].outcomes == found.robustness.default.outcomes


def test_an_image_left_out_teaches_nothing():
    scenes = load_scenes(QUICK)
    other = scenes[1]
    mirrored = replace(other, contrast=np.ascontiguousarray(other.contrast[::-1, ::-1]))
    first, second = (
        leave_each_out([scenes[0], image], QUICK, quiet, cells=("T4a",))[1] for image in (other, mirrored)
    )
    assert first.trained_on == (scenes[0].photograph.name,)
    assert first.name == other.photograph.name
    assert first.own_rows == second.own_rows
    (one,), (two,) = first.outcomes, second.outcomes
    assert one.output == two.output
    assert one.training_index == two.training_index
    assert one.scenes != two.scenes


def test_principal_components_are_those_of_the_inputs(network):
    movies = seen_in_training(network[1])
    present = np.concatenate([movie[: -QUICK.gap] for movie in movies])
    _, _, right = np.linalg.svd(present, full_matrices=False)
    ours = principal_layer(movies, QUICK)
    np.testing.assert_allclose(np.abs((ours.filters * right).sum(axis=1)), 1.0, atol=1e-6)


def test_components_of_motion_both_ways_are_of_nearly_the_same_variance(quick):
    for place, cell in enumerate(CELLS):
        fitted = quick[1][cell, 0][1]
        both = [movie[: -QUICK.gap] for way in CELLS.values() for movie in seen_in_training(fitted, way)]
        values = np.linalg.svd(np.concatenate(both), compute_uv=False) ** 2
        variances = np.array(quick[0].probed[place].variances)
        np.testing.assert_allclose(variances, values / sum(map(len, both)), rtol=1e-6)
        assert variances[2] > 0.8 * variances[1]


def test_principal_components_do_not_know_the_order_of_frames(network):
    movies = seen_in_training(network[1])
    joined = np.concatenate([movie[: -QUICK.gap] for movie in movies])
    shuffled = np.random.default_rng(0).permutation(joined)
    padded = np.concatenate([shuffled, np.zeros((QUICK.gap, 6))])
    ours, theirs = (principal_layer(each, QUICK) for each in (movies, [padded]))
    np.testing.assert_allclose(np.abs((ours.filters * theirs.filters).sum(axis=1)), 1.0, atol=1e-6)


def test_controls_are_of_every_kind_and_none_is_the_detector(found):
    for probed in found.probed:
        assert list(probed.outcomes) == [TRAINED, *CONTROLS]
        own = probed.outcomes[TRAINED]
        assert all(one.training_index != own.training_index for one in list(probed.outcomes.values())[1:])


def test_order_in_time_is_what_cca_needs_and_principal_components_do_not(found):
    assert found.indices(SHUFFLED).max() < 0.3
    assert found.indices(BOTH_WAYS).mean() < found.indices(TRAINED).mean() - 0.2
    assert found.indices(PCA_INPUTS).min() > 0.6
    before, behind = np.mean([one.marks for one in found.probed], axis=0)
    assert before > 0.2
    assert behind < -0.2


def test_the_mark_of_motion_is_the_correlation_of_l1_with_its_neighbours_l3(quick):
    for place, cell in enumerate(CELLS):
        fitted = quick[1][cell, 0][1]
        left, l1, right = (fitted.scenes[fitted.way][:, k] for k in (1, 2, 5))
        ends = (left, right) if cell == "T4a" else (right, left)
        expected = [np.corrcoef(l1, end)[0, 1] for end in ends]
        np.testing.assert_allclose(quick[0].probed[place].marks, expected)


def test_the_rule_makes_much_of_chance(found):
    for weights in ("normal", "whitened"):
        picked, loose = (found.chance(weights, chosen=chosen) for chosen in (True, False))
        assert len(picked) == len(loose) == 10
        assert np.median(picked) > np.median(loose)
        assert np.all((picked >= 0) & (picked <= 1))


def test_random_white_directions_are_white(network):
    _, fitted = network
    inputs = fitted.scenes[fitted.way]
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))
    response = inputs @ (rotation @ fitted_layer(fitted).filters).T
    np.testing.assert_allclose(response.T @ response / len(response), np.eye(6), atol=0.02)


def test_metrics_are_ready_for_json(found):
    stored = json.loads(json.dumps(metrics(found), allow_nan=False))
    assert set(stored["held_out_images"]) == {"china", "flower"}
    (first, *_) = stored["robustness"][AS_REPORTED]["networks"]
    assert first["pattern"]["index"] == found.robustness.default.outcomes[0].pattern.index
    assert set(stored["controls"]) == {TRAINED, *CONTROLS}


def test_a_quick_run_judges_only_what_it_can(found):
    claims = judged.claims(found)
    assert [claim.statement for claim in claims if claim.holds is False] == []
    assert [claim.statement for claim in claims if claim.holds] == [
        "gap = delay, no noise: four correlations are 1"
    ]


def enough(found, **changes):
    """Pretend that there were repetitions enough to judge."""
    config = replace(found.config, n_seeds=3, choice_seeds=3)
    return replace(found, config=config, **changes)


def test_a_range_is_judged_by_its_worst_level(found):
    good = Level("good", "gap", 3.0, tuple(
        replace(one, pattern=Response(1.0, 0.1), scenes=Response(1.0, 0.1))
        for one in found.robustness.default.outcomes
    ))  # fmt: skip
    default = replace(good, name=AS_REPORTED, factor="", value=float("nan"))
    bad = replace(good, name="gap 20", value=20.0, outcomes=tuple(
        replace(one, scenes=Response(1.0, 0.5)) for one in good.outcomes
    ))  # fmt: skip
    holds = enough(found, robustness=Robustness((default, good)))
    fails = enough(found, robustness=Robustness((default, good, bad)))
    assert judged.range_claim(holds, "gap").holds
    claim = judged.range_claim(fails, "gap")
    assert claim.holds is False
    assert claim.ours == "0.33 (gap 20)"
    assert "reached at 3, 8 samples" in claim.why


@pytest.mark.parametrize(
    ("best", "said"),
    [(0.05, "hold more than"), (0.3, "both fall short"), (0.85, "not to how they are weighted")],
)
def test_random_directions_tell_whether_inputs_or_weights_fall_short(found, best, said):
    def level(name, factor, null):
        response = Response(1.0, null)
        outcomes = tuple(
            replace(one, pattern=response, scenes=response) for one in found.robustness.default.outcomes
        )
        return Level(name, factor, 0.5 if factor else float("nan"), outcomes)

    levels = (
        level(AS_REPORTED, "", 0.1),
        level("noise 0.5", "noise", 0.9),
        level("random", "noise" + BEST_RANDOM, best),
    )
    claim = judged.range_claim(enough(found, robustness=Robustness(levels)), "noise")
    assert said in claim.why
    assert f"has {(1 - best) / (1 + best):.2f} and" in claim.why


def test_every_claim_that_does_not_hold_says_why(found):
    silent = Response(0.5, 0.5)

    def spoil(one):
        return replace(one, pattern=silent, scenes=silent)

    spoilt = enough(
        found,
        robustness=Robustness(
            tuple(replace(one, outcomes=tuple(map(spoil, one.outcomes))) for one in found.robustness.levels)
        ),
        images=[
            replace(one, outcomes=tuple(map(spoil, one.outcomes)), own_rows=tuple(map(spoil, one.own_rows)))
            for one in found.images
        ],
        probed=[
            replace(one, outcomes={name: spoil(each) for name, each in one.outcomes.items()})
            for one in found.probed
        ],
    )
    claims = judged.claims(spoilt)
    missed = [claim for claim in claims if claim.holds is False]
    assert len(missed) >= len(FACTORS) + 2 + len(judged.EXPECTED_BELOW)
    assert all(claim.why for claim in missed)
    elsewhere = judged.claims(replace(spoilt, bundled=False))
    assert {claim.holds for claim in elsewhere if "correlations are 1" not in claim.statement} == {None}


def test_a_control_as_good_as_the_detector_is_not_below_it(found):
    same = [replace(one, outcomes={**one.outcomes, SHUFFLED: one.outcomes[TRAINED]}) for one in found.probed]
    half = [
        replace(one, outcomes={**one.outcomes, SHUFFLED: replace(
            one.outcomes[SHUFFLED], scenes=one.outcomes[TRAINED].scenes
        )})
        for one in found.probed
    ]  # fmt: skip
    assert judged.control_claim(enough(found), SHUFFLED).holds
    assert not judged.control_claim(enough(found, probed=same), SHUFFLED).holds
    # on both measures it has to lie below
    assert not judged.control_claim(enough(found, probed=half), SHUFFLED).holds


def test_settings_and_seeds_decide_everything(network):
    training, fitted = network
    first, again = (probe("T4b", fitted, training, QUICK, 0) for _ in range(2))
    other = probe("T4b", fitted, training, replace(QUICK, seed=1), 0)
    assert first == again
    assert first.outcomes[SHUFFLED] != other.outcomes[SHUFFLED]
    assert first.outcomes[PCA_INPUTS] == other.outcomes[PCA_INPUTS]


def test_the_best_of_random_directions_is_no_choice(found):
    names = [choice.name for choice in choices_of(found.robustness)]
    assert names[0] == AS_REPORTED
    assert not any("random" in name for name in names)
    assert any(level.factor.endswith(BEST_RANDOM) for level in found.robustness.levels)


def test_index_and_responses_of_a_setting_stand_one_above_the_other(found):
    drawn = robustness_figure(found)
    axes = np.array(drawn.axes[:12]).reshape(4, 3)
    for above, below in [(axes[row, column], axes[row + 1, column]) for row in (0, 2) for column in range(3)]:
        assert above.get_xlim() == below.get_xlim()
        lowest = min(line.get_ydata().min() for line in above.lines if line.get_marker() != "None")
        # no marker is cut off, also where an index is negative
        assert above.get_ylim()[0] < lowest
