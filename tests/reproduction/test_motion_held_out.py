"""What the motion experiment calls unseen was kept from training: every number of it, computed again."""

from dataclasses import replace

import numpy as np
import pytest

from lamina.circuits import detector_inputs
from lamina.experiments.motion import MotionConfig
from lamina.experiments.motion.controls import EVERY, TRAINED, probe
from lamina.experiments.motion.detectors import fit_detectors, test_detector, training_movies
from lamina.experiments.motion.layer1 import fit_layer1
from lamina.experiments.motion.outcome import learn
from lamina.experiments.motion.paper_unit import second_direction
from lamina.experiments.motion.robustness import repetition_splits
from lamina.experiments.natural_scenes import LEFT, RIGHT, load_scenes

CONFIG = MotionConfig(n_seeds=1, choice_seeds=1, n_untrained=3, row_step=16)


@pytest.fixture(scope="module")
def splits():
    return repetition_splits(load_scenes(CONFIG), CONFIG, 0)


@pytest.fixture(scope="module")
def training(splits):
    return training_movies(splits, CONFIG, 0)


@pytest.fixture(scope="module")
def fitted(training):
    return fit_detectors(training, "T4", LEFT, CONFIG)


def plain_peaks(fitted, movies, weights, ways, every=1):
    """Peaks of a weighted sum, in units of its deviation in training; the weights have the unit's sign."""
    scale = (fitted.scenes[LEFT][::every] @ weights).std()
    seen = (detector_inputs(fitted.network, movies[way])[::every] for way in ways)
    return [np.percentile(np.maximum(each @ weights / scale, 0), 99.5) for each in seen]


def test_a_detector_is_tested_on_rows_kept_from_training(fitted, training):
    # without the rows to train on nothing can be measured on them by mistake
    tested = test_detector(fitted, "T4", replace(training, train={}), CONFIG)
    unit = tested.detector
    weights = unit.sign * fitted.network.layers_[1].filters_[unit.direction, 0]
    peaks = plain_peaks(fitted, training.test, weights, (unit.preferred, -unit.preferred))
    assert [tested.held_out.preferred, tested.held_out.null] == pytest.approx(peaks)


def test_controls_are_tested_on_rows_kept_from_training(fitted, training):
    found = probe("T4b", fitted, training, CONFIG, 0).outcomes[TRAINED]
    preferred = LEFT * found.way
    peaks = plain_peaks(fitted, training.test, np.array(found.weights), (preferred, -preferred), EVERY)
    assert [found.scenes.preferred, found.scenes.null] == pytest.approx(peaks, rel=0.02)


def test_robustness_is_tested_on_rows_kept_from_training(fitted, training, splits):
    (trained,) = learn(splits, CONFIG, 0, ["T4b"])
    for way in (RIGHT, LEFT):
        np.testing.assert_allclose(trained.unseen[way], detector_inputs(fitted.network, training.test[way]))


def test_the_unit_does_not_depend_on_test_rows_or_on_the_pattern(fitted, training):
    chosen = test_detector(fitted, "T4", training, CONFIG)
    # a test that would turn every preference round
    turned = replace(fitted, pattern={way: fitted.pattern[-way] for way in (RIGHT, LEFT)})
    other = replace(training, test={way: training.test[-way] for way in (RIGHT, LEFT)})
    again = test_detector(turned, "T4", other, CONFIG)
    assert again.detector.output == chosen.detector.output
    assert again.detector.preferred == chosen.detector.preferred
    assert again.held_out.index == pytest.approx(-chosen.held_out.index)
    for one in (fitted, turned):
        assert second_direction(one, "T4").training_index == second_direction(fitted, "T4").training_index


def test_layer_1_is_tested_on_rows_kept_from_training(splits):
    found = fit_layer1(splits, CONFIG, 0)
    mirrored = [replace(split, test=np.ascontiguousarray(split.train[:4])) for split in splits]
    other = fit_layer1(mirrored, CONFIG, 0)
    np.testing.assert_array_equal(found.unit.filters_, other.unit.filters_)
    # correlations of the rows trained on are the canonical ones, to rounding
    assert np.all(np.abs(found.held_out - found.unit.canonical_correlations_) > 1e-6)
    assert np.all(found.held_out != other.held_out)
