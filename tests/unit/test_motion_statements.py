"""The motion report says what came out, and not what once came out of other images."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from lamina.experiments.motion import MotionConfig, run, statements
from lamina.experiments.motion.summary import cosines, metrics, paper_weights


@pytest.fixture(scope="module")
def result():
    return run(MotionConfig(n_seeds=1, choice_seeds=1, n_untrained=20, row_step=4))


def changed(result, **prefers):
    """The same run, with units that prefer what is said; the headline responses are swapped with them."""
    (only,) = result.repetitions
    cells = dict(only.cells)
    for cell, way in prefers.items():
        cells[cell] = replace(cells[cell], detector=replace(cells[cell].detector, preferred=way))
    return replace(result, repetitions=[replace(only, cells=cells)])


def with_untrained(result, indices):
    (only,) = result.repetitions
    return replace(result, repetitions=[replace(only, untrained=np.array(indices))])


def test_the_preference_is_read_off_the_units(result):
    unit = result.repetitions[0].cells["T4a"].detector
    sentence = statements.preference(result)
    assert f"direction {unit.direction + 1}" in sentence
    assert "*opposite* to training" in sentence
    for what in ("preferred", "null"):
        assert f"{np.mean([result.each('T4a', what), result.each('T4b', what)]):.2f}" in sentence
    assert "the motion of training" in statements.preference(changed(result, T4a=1, T4b=-1))
    assert "differs between repetitions" in statements.preference(changed(result, T4a=1, T4b=1))


def test_learning_is_claimed_only_above_the_untrained(result):
    low, high = with_untrained(result, np.linspace(0, 0.5, 20)), with_untrained(result, np.ones(20))
    assert "lie above it; 0.0 % of the untrained" in statements.is_learned(low)
    assert "largest of them all is 0.50" in statements.is_learned(low)
    assert "no evidence of learning" in statements.is_learned(high)
    assert "units that answer motion one way" in statements.opening(low)
    assert "units that answer motion one way" not in statements.opening(high)


def test_opposites_are_counted(result):
    assert statements.claimed_opposites(result).startswith("Yes, in every repetition (each prefers")
    assert statements.claimed_opposites(changed(result, T4a=1, T4b=-1)) == "Yes, in every repetition."
    assert statements.claimed_opposites(changed(result, T4a=1, T4b=1)) == "In 0 of 1 repetitions."


def test_edges_are_said_to_be_those_that_are_answered(result):
    assert "response of the three L3 inputs to an OFF edge" in statements.edges(result)
    cells = result.repetitions[0].cells
    swapped = dict(cells, T4a=replace(cells["T5a"]), T5a=replace(cells["T4a"]))
    other = replace(result, repetitions=[replace(result.repetitions[0], cells=swapped)])
    assert "OFF" not in statements.edges(other)


def test_likeness_names_the_direction_that_it_is_a_likeness_of(result):
    assert "this unit prefers the left" in statements.likeness(result)
    assert "prefers the left" not in statements.likeness(changed(result, T4a=1, T4b=-1))
    stored = metrics(result)
    for cell in ("L1", "L3"):
        assert f"{stored['connectome_cosine'][cell]:.2f}" in statements.claimed_likeness(result)
        second = stored["paper_second_direction_connectome_cosine"][cell]
        assert f"{second:.2f}" in statements.claimed_likeness(result)


def test_the_papers_weights_are_those_of_the_second_direction_as_l1_excites_it(result):
    filters = result.repetitions[0].cells["T4a"].detector.network.layers_[1].filters_[1, 0]
    rising, following = filters[::2], filters[1::2]
    sign = 1 if rising.sum() > 0 else -1
    expected = np.array(
        [sign * rising / np.linalg.norm(rising), sign * following / np.linalg.norm(following)]
    )
    np.testing.assert_allclose(paper_weights(result), expected, atol=1e-12)
    negated = deepcopy(result)
    negated.repetitions[0].cells["T4a"].detector.network.layers_[1].filters_ *= -1
    np.testing.assert_allclose(paper_weights(negated), expected, atol=1e-12)
    theirs = np.array([0.20, -0.38, -0.09])
    assert cosines(paper_weights(result))[1] == pytest.approx(expected[1] @ theirs / np.linalg.norm(theirs))


def test_filters_are_judged_by_their_steps(result):
    (only,) = result.repetitions
    sigma = np.array([0.999, 0.88])
    assert statements.claimed_filters(result, sigma).startswith("Yes. σ = 0.999 and 0.880")
    for cell, share in (("L3", 0.5), ("unit 2", 0.4)):
        layer1 = replace(only.layer1, plateau={**only.layer1.plateau, cell: share})
        other = replace(result, repetitions=[replace(only, layer1=layer1)])
        assert statements.claimed_filters(other, sigma).startswith("Not here.")


def test_choices_that_spoil_the_index_are_named(result):
    first = result.choices[0]
    weak, strong = replace(first, name="weak", index=0.41), replace(first, name="strong", index=0.97)
    other_unit = replace(first, name="only units that L1 excites", index=0.3)
    said = statements.fragility(replace(result, choices=[strong, weak, other_unit]))
    assert "weak: 0.41" in said
    assert "strong" not in said
    assert "excites" not in said
    assert statements.fragility(replace(result, choices=[strong, other_unit])) == ""
