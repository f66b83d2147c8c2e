"""Fig. 5 of the motion experiment: inputs, thresholds, speeds and weights, against plain versions."""

from copy import deepcopy
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from lamina.circuits import MotionDetector, detector_inputs, peak_response
from lamina.errors import ArgumentError, DataError
from lamina.experiments.motion import MotionConfig
from lamina.experiments.motion.config import CONNECTOME
from lamina.experiments.motion.connectome import compare, connectome_weights, unit_length
from lamina.experiments.motion.detectors import Response, fit_detectors, training_movies, weighted
from lamina.experiments.motion.mechanism import explain, input_names
from lamina.experiments.motion.paper_unit import first_direction, second_direction
from lamina.experiments.motion.run import repeat
from lamina.experiments.motion.stimuli import HEADLINE, headline_pattern
from lamina.experiments.motion.thresholds import LEVELS_SD, above, curves, learned_threshold, share_left
from lamina.experiments.natural_scenes import LEFT, RIGHT, load_scenes

CONFIG = MotionConfig(n_seeds=1, choice_seeds=1, n_untrained=3, row_step=8, level_step=20)
CELLS = ("T4a", "T4b", "T5a", "T5b")


@pytest.fixture(scope="module")
def scenes():
    return load_scenes(CONFIG)


@pytest.fixture(scope="module")
def found(scenes):
    return repeat(scenes, CONFIG, 0)


@pytest.fixture(scope="module")
def paper(found):
    return found.papers["T4a"]


def silenced(detector, columns):
    """The same unit of a network whose second layer has lost these weights."""
    network = deepcopy(detector.network)
    network.layers_[1].filters_[:, :, columns] = 0
    return replace(detector, network=network)


def peaks(detector, pair):
    ways = (detector.preferred, -detector.preferred)
    return [float(peak_response(detector.respond(pair[way]))) for way in ways]


@pytest.mark.parametrize("cell", ["T4b", "T5a"])
def test_weighted_inputs_add_up_to_the_response(found, cell):
    detector = found.cells[cell].detector
    movie = headline_pattern(CONFIG)[LEFT]
    inputs = weighted(detector, detector_inputs(detector.network, [movie]))
    assert inputs.shape[1] == 6
    np.testing.assert_allclose(np.maximum(inputs.sum(axis=1), 0), detector.respond(movie), atol=1e-12)


@pytest.mark.parametrize("unit", ["T4a", "T5b", "T4a, paper"])
def test_an_input_that_is_silenced_is_one_without_its_weight(found, unit):
    detector = found.papers["T4a"].detector if "paper" in unit else found.cells[unit].detector
    mechanism, pattern = found.studies[unit].mechanism, headline_pattern(CONFIG)
    transient = "L2" if unit.startswith("T5") else "L1"
    names = input_names(detector.pathway)
    assert names == (
        *(f"{transient} left", "L3 left"),
        *(f"{transient} centre", "L3 centre"),
        *(f"{transient} right", "L3 right"),
    )
    groups = {f"all {transient}": [0, 2, 4], "all L3": [1, 3, 5], names[2]: [2], names[5]: [5]}
    for name, columns in groups.items():
        expected = peaks(silenced(detector, columns), pattern)
        response = mechanism.without[name]
        np.testing.assert_allclose([response.preferred, response.null], expected, atol=1e-9)
    alone = mechanism.alone["L3 left"]
    expected = peaks(silenced(detector, [0, 2, 3, 4, 5]), pattern)
    np.testing.assert_allclose([alone.preferred, alone.null], expected, atol=1e-9)
    assert mechanism.intact.index == pytest.approx(
        (found.papers["T4a"] if "paper" in unit else found.cells[unit]).headline.index
    )


def test_the_parts_of_the_difference_add_up(found):
    for unit in ("T4a", "T4a, paper"):
        detector = found.papers["T4a"].detector if "paper" in unit else found.cells[unit].detector
        at = {}
        for way in (RIGHT, LEFT):
            seen = detector_inputs(detector.network, [headline_pattern(CONFIG)[way]])
            filters = detector.network.layers_[1].filters_[detector.direction, 0] * detector.sign
            z = seen * filters / detector.scale
            moment = z[:, 1::2].sum(axis=1).argmax()
            at[way] = z[moment].sum(), z[moment, 1::2].sum()
        shares = found.studies[unit].mechanism.shares
        total, of_l3 = (at[detector.preferred][k] - at[-detector.preferred][k] for k in (0, 1))
        assert shares.sum() == pytest.approx(total)
        assert shares[1].sum() == pytest.approx(of_l3)


def test_l1_and_not_l3_tells_the_directions_apart(found):
    for cell in CELLS:
        mechanism = found.studies[cell].mechanism
        assert mechanism.intact.index > 0.8
        assert abs(mechanism.without["all L2" if cell.startswith("T5") else "all L1"].index) < 0.02
        assert abs(mechanism.shares[1].sum()) < 0.1 * mechanism.shares[0].sum()
    for cell in ("T4a", "T4b"):
        mechanism = found.studies[f"{cell}, paper"].mechanism
        assert abs(mechanism.without["all L1"].index) < 0.25 * mechanism.intact.index


def test_a_linear_unit_whose_weights_cancel_prefers_neither_direction(paper):
    network = deepcopy(paper.detector.network)
    network.layers_[1].filters_[0, 0] = [0, 1, 0, -0.4, 0, -0.6]
    linear = MotionDetector(network, "T4", 0, 1.0, RIGHT, 0.0)
    assert abs(explain(linear, CONFIG).intact.index) < 0.01
    # but one that listens to L1 of the centre does
    network.layers_[1].filters_[0, 0, 2] = 0.5
    assert explain(linear, CONFIG).intact.index > 0.1


def test_the_paper_s_l3_inputs_come_one_after_the_other(found):
    delay = CONFIG.spacing_deg / CONFIG.velocity_deg_per_s
    for cell, first in (("T4a", 0), ("T4b", 2)):
        mechanism = found.studies[f"{cell}, paper"].mechanism
        assert mechanism.leads
        assert mechanism.edge_change[first] > 0 > np.delete(mechanism.edge_change, first).max()
        # half of the change is reached when the edge passes the pixel: neighbours differ by the delay
        steps = np.diff(mechanism.edge_time_s)
        np.testing.assert_allclose(steps, delay if first == 0 else -delay, atol=1.01 * CONFIG.dt_s)
        turned = replace(mechanism, edge_change=-mechanism.edge_change)
        assert not turned.leads


def test_the_paper_s_unit_is_the_half_of_the_second_direction_that_l1_excites(scenes, found):
    training = training_movies(found.splits, CONFIG, 0)
    fitted = fit_detectors(training, "T4", RIGHT, CONFIG.as_in_the_paper())
    unit = second_direction(fitted, "T4")
    assert unit.direction == 1
    assert unit.weights[0, 1] > 0
    negated = deepcopy(fitted.network)
    negated.layers_[1].filters_ *= -1
    other = second_direction(replace(fitted, network=negated), "T4")
    assert other.output != unit.output
    np.testing.assert_allclose(other.weights, unit.weights)
    assert (other.preferred, other.training_index) == (unit.preferred, pytest.approx(unit.training_index))
    assert (CONFIG.as_in_the_paper().noise, CONFIG.as_in_the_paper().gap) == (0.05, 5)


def test_the_paper_s_unit_prefers_the_motion_it_was_trained_on_and_the_first_direction_none(found):
    for cell, way in (("T4a", RIGHT), ("T4b", LEFT)):
        assert found.papers[cell].detector.preferred == way
        assert 0 < found.papers[cell].headline.index < 0.2
        assert first_direction(found.papers[cell]) < 0.01
    a, b = (unit_length(found.papers[cell].detector.weights) for cell in ("T4a", "T4b"))
    np.testing.assert_allclose(a, b[:, ::-1], atol=0.25)


def test_a_threshold_takes_the_same_off_both_peaks(found, paper):
    for tested in (paper, found.cells["T4a"]):
        detector, pattern = tested.detector, headline_pattern(CONFIG)
        for threshold in (0.0, 0.05, 1.0, 5.0):
            expected = [
                float(peak_response(detector.respond(pattern[way], threshold)))
                for way in (detector.preferred, -detector.preferred)
            ]
            left = above(tested.headline, threshold)
            np.testing.assert_allclose([left.preferred, left.null], expected, atol=0.02)
        shown = curves([tested.headline])[0]
        at = 20
        left = above(tested.headline, LEVELS_SD[at])
        np.testing.assert_allclose(shown[:, at], [left.preferred, left.null])


@pytest.mark.parametrize(("preferred", "null"), [(0.5, 0.25), (2.0, 1.9), (1.0, 0.0)])
def test_what_a_silent_null_direction_leaves_follows_from_the_index(preferred, null):
    response = Response(preferred, null)
    left = share_left(response, null)
    assert left == pytest.approx(2 * response.index / (1 + response.index))
    assert above(response, null).null == 0
    # any less, and it is not silent
    if null > 0:
        assert above(response, 0.99 * null).null > 0


def test_nothing_is_left_of_nothing():
    assert share_left(Response(0.0, 0.0), 0.1) == 0
    with pytest.raises(ArgumentError, match="threshold"):
        above(Response(1.0, 0.5), -0.1)


def test_the_threshold_of_the_training_scenes_is_their_null_response(found):
    tested = found.cells["T4b"]
    assert tested.training.index == pytest.approx(tested.detector.training_index)
    assert above(tested.training, learned_threshold(tested)).null == 0
    assert learned_threshold(tested) == tested.training.null > 0


def test_a_swing_is_from_peak_to_trough(found):
    tested = found.cells["T4a"]
    detector, pattern = tested.detector, headline_pattern(CONFIG)
    # the other half of the direction is what is negative in this one
    halves = [
        peaks(replace(detector, output=output), pattern) for output in (detector.output, detector.output ^ 1)
    ]
    both = np.sum(halves, axis=0)
    swing = tested.swings["pattern"]
    np.testing.assert_allclose([swing.preferred, swing.null], both)


def test_tuning_agrees_with_the_single_patterns(found):
    tested, study = found.cells["T5a"], found.studies["T5a"]
    row = list(study.speeds.speeds_deg_per_s).index(CONFIG.velocity_deg_per_s)
    shown = {"ON edge": "ON edge", "OFF edge": "OFF edge", "ON bar": "ON bar, 10°", HEADLINE: HEADLINE}
    for pattern, name in shown.items():
        response = tested.responses[name]
        np.testing.assert_allclose(study.speeds.peaks[pattern][row], [response.preferred, response.null])
    gratings = study.gratings
    at = list(gratings.frequencies_hz).index(2.0), list(gratings.wavelengths_deg).index(20.0)
    assert gratings.preferred[at] == pytest.approx(tested.responses["grating, 20°"].preferred)
    assert gratings.index[at] == pytest.approx(tested.responses["grating, 20°"].index)


def test_the_best_grating_and_those_that_drive_the_unit(found):
    gratings = found.studies["T4b"].gratings
    best = np.unravel_index(gratings.preferred.argmax(), gratings.preferred.shape)
    assert gratings.best == gratings.index[best]
    assert len(gratings.driven(0.0)) == 36
    assert len(gratings.driven(1e9)) == 0
    assert np.all(np.isfinite(gratings.driven(0.5)))


def test_selectivity_grows_with_speed_where_l1_speaks(found):
    for cell in CELLS:
        index = found.studies[cell].speeds.index(HEADLINE)
        speeds = found.studies[cell].speeds.speeds_deg_per_s
        assert np.all(index[speeds >= CONFIG.velocity_deg_per_s] > 0.8)
        assert index[0] < 0.4


def test_silent_patterns_have_no_index(found):
    speeds = found.studies["T4a"].speeds
    silent = replace(speeds, peaks={HEADLINE: np.array([[0.0, 0.0], [0.005, 0.0], [1.0, 0.5]])})
    np.testing.assert_allclose(silent.index(HEADLINE), [np.nan, np.nan, 1 / 3])


def naive_p(weights, within, sign=False):
    """Share of orders that correlate as much, by numpy's own correlation, order by order."""
    theirs = np.concatenate([np.array(each) / np.linalg.norm(each) for each in CONNECTOME.values()])
    ours = np.concatenate([each / np.linalg.norm(each) for each in np.asarray(weights, float)])
    orders = [
        order
        for order in permutations(range(6))
        if not within or (sorted(order[:3]) == [0, 1, 2] and sorted(order[3:]) == [3, 4, 5])
    ]
    r = np.array([np.corrcoef(ours[list(order)], theirs)[0, 1] for order in orders])
    observed = np.corrcoef(ours, theirs)[0, 1]
    if sign:
        r, observed = np.abs(r), abs(observed)
    return len(orders), np.mean(r >= observed - 1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_p_is_the_share_of_orders_that_correlate_as_much(seed):
    weights = np.random.default_rng(seed).standard_normal((2, 3))
    likeness = compare(weights)
    assert naive_p(weights, False) == (720, pytest.approx(likeness.p))
    assert naive_p(weights, True) == (36, pytest.approx(likeness.p_within))
    assert naive_p(weights, False, sign=True)[1] == pytest.approx(likeness.p_either_sign)
    assert (likeness.smallest, likeness.smallest_within) == (pytest.approx(1 / 720), pytest.approx(1 / 36))
    for row, cell in enumerate(CONNECTOME):
        assert likeness.by_type[row] == pytest.approx(np.corrcoef(weights[row], CONNECTOME[cell])[0, 1])


def test_chance_that_chooses_its_sign_alike_does_no_better_than_either_sign(found):
    weights = np.array([unit_length(row) for row in found.papers["T4a"].detector.weights]).ravel()
    target = connectome_weights().ravel()
    orders = weights[np.array(list(permutations(range(6))))]
    # every order gets the sign under which what comes to stand for L1 of the centre excites
    signed = orders * np.sign(orders[:, [1]])
    r = np.array([np.corrcoef(order, target)[0, 1] for order in signed])
    p = np.mean(r >= np.corrcoef(weights, target)[0, 1] - 1e-9)
    likeness = compare(found.papers["T4a"].detector.weights)
    assert likeness.p < p <= likeness.p_either_sign


def test_ties_count_against_a_likeness():
    # two equal weights can change places without changing anything
    tied = [[0.3, 1.0, 0.3], [0.2, -0.4, -0.1]]
    likeness = compare(tied)
    assert naive_p(tied, False)[1] == pytest.approx(likeness.p)
    assert likeness.smallest == pytest.approx(2 / 720)
    assert likeness.smallest_within == pytest.approx(2 / 36)


def test_p_is_uniform_where_there_is_nothing_to_find():
    rng = np.random.default_rng(0)
    p = np.array([compare(rng.standard_normal((2, 3))).p for _ in range(200)])
    # exchangeable weights only before each type is scaled to length 1: the level holds to sampling error
    for level in (0.1, 0.5):
        assert np.mean(p <= level) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 200))


def test_only_relative_weights_count():
    weights = np.array([[0.1, 0.9, -0.2], [0.4, -0.3, -0.2]])
    assert compare(weights * [[10.0], [0.1]]).correlation == pytest.approx(compare(weights).correlation)
    assert compare(-weights).correlation == pytest.approx(-compare(weights).correlation)


def test_weights_that_are_all_the_same_have_no_correlation():
    with pytest.raises(DataError, match="weights must be not all the same"):
        compare([[1.0, 1.0, 1.0], [0.2, -0.4, -0.1]])


def test_the_second_direction_is_like_the_connectome_and_the_chosen_one_is_not(found):
    second = compare(found.papers["T4a"].detector.weights)
    mirrored = compare(found.papers["T4b"].detector.weights[:, ::-1])
    chosen = compare(found.cells["T4a"].detector.weights)
    for likeness in (second, mirrored):
        assert likeness.correlation > 0.6
        assert likeness.p <= 0.05 < likeness.p_either_sign
    assert chosen.correlation < 0.4
    assert chosen.p > 0.05
