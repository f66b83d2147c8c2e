"""The motion report says what came out, and not what once came out of other images."""

from dataclasses import replace

import numpy as np
import pytest

from lamina.experiments.motion import MotionConfig, run, statements
from lamina.experiments.motion.detectors import Response
from lamina.experiments.motion.paper_claims import claims
from lamina.experiments.motion.stimuli import HEADLINE
from lamina.experiments.motion.summary import cosines, metrics, paper_weights


@pytest.fixture(scope="module")
def result():
    return run(MotionConfig(n_seeds=1, choice_seeds=1, n_untrained=20, row_step=8, level_step=20))


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


def claim_on(result, part):
    (found,) = (claim for claim in claims(result) if part in claim.statement)
    return found


def test_opposites_are_counted(result):
    part = "chosen units: trained on opposite motion"
    claim = claim_on(result, part)
    assert (claim.ours, claim.holds, claim.why) == (
        "1 of 1",
        True,
        "Each prefers the motion that it was not trained on.",
    )
    assert claim_on(changed(result, T4a=1, T4b=-1), part)[3:] == ("1 of 1", "all", True, "")
    assert claim_on(changed(result, T4a=1, T4b=1), part)[3:] == ("0 of 1", "all", False, "Not in 1 of 1.")


def test_every_claim_that_does_not_hold_says_why(result):
    found = claims(result)
    assert len(found) > 50
    assert all(claim.why for claim in found if claim.holds is False)
    assert [
        claim.statement for claim in found if claim.holds is False and claim.source.startswith("Fig.")
    ] == [
        "second direction: index on the ON/OFF pattern",
        "second direction, T4a: correlation of its six weights with the connectome's",
        "second direction, T4b mirrored: correlation of its six weights with the connectome's",
    ]
    assert {claim.holds for claim in claims(replace(result, bundled=False)) if claim.source[0] == "F"} == {
        None
    }


def test_a_cell_below_the_bar_is_red(result):
    (only,) = result.repetitions
    cells = dict(only.cells, T5b=replace(only.cells["T5b"], held_out=Response(1.0, 0.5)))
    other = replace(result, repetitions=[replace(only, cells=cells)])
    assert claim_on(result, "T5b: index on scenes not trained on").holds is True
    assert claim_on(other, "T5b: index on scenes not trained on").holds is False


def test_a_reason_is_given_only_where_it_is_so(result):
    (only,) = result.repetitions
    part, said = "T4a: peak response to an ON edge", "silences the null direction"
    assert said in claim_on(result, part).why
    loud = dict(only.cells["T4a"].responses) | {HEADLINE: Response(2.0, 0.5)}
    cells = dict(only.cells, T4a=replace(only.cells["T4a"], responses=loud))
    assert claim_on(replace(result, repetitions=[replace(only, cells=cells)]), part).why == ""
    # the second layer's unit without L1 would be as selective as with it
    part, said = "second direction: index on the ON/OFF pattern", "What tells the directions apart is L1"
    assert said in claim_on(result, part).why
    studies = dict(only.studies)
    for name in ("T4a, paper", "T4b, paper"):
        found = studies[name].mechanism
        alone = dict(found.without) | {"all L1": Response(2.0, 1.0)}
        studies[name] = replace(studies[name], mechanism=replace(found, without=alone))
    other = replace(result, repetitions=[replace(only, studies=studies)])
    assert said not in claim_on(other, part).why


def test_the_opening_says_that_layer_1_is_the_lamina_only_if_it_is(result):
    (only,) = result.repetitions
    untrained = with_untrained(result, np.full(9, 0.1))
    assert "units that answer motion one way" in statements.opening(untrained)
    layer1 = replace(only.layer1, plateau=dict(only.layer1.plateau, L1=0.5))
    other = replace(untrained, repetitions=[replace(untrained.repetitions[0], layer1=layer1)])
    assert "units that answer motion one way" not in statements.opening(other)


def test_one_repetition_has_no_spread(result):
    assert "±" not in claim_on(result, "T5b: index on scenes not trained on").ours


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
        assert f"{stored['connectome_cosine'][cell]:.2f}" in statements.likeness(result)
        second = stored["paper_second_direction_connectome_cosine"][cell]
        assert f"{second:.2f}" in statements.likeness(result)


def test_the_papers_weights_are_those_of_the_second_direction_as_l1_excites_it(result):
    filters = result.repetitions[0].papers["T4a"].detector.network.layers_[1].filters_[1, 0]
    rising, following = filters[::2], filters[1::2]
    sign = 1 if rising[1] > 0 else -1
    expected = np.array(
        [sign * rising / np.linalg.norm(rising), sign * following / np.linalg.norm(following)]
    )
    np.testing.assert_allclose(paper_weights(result), expected, atol=1e-12)
    theirs = np.array([0.20, -0.38, -0.09])
    assert cosines(paper_weights(result))[1] == pytest.approx(expected[1] @ theirs / np.linalg.norm(theirs))


def test_a_mirrored_t4b_is_compared_with_the_connectome(result):
    stored = metrics(result)["connectome"]
    weights = paper_weights(result, "T4b")[:, ::-1].ravel()
    theirs = np.array([0.37, 1.37, 0.34]), np.array([0.20, -0.38, -0.09])
    scaled = np.concatenate([each / np.linalg.norm(each) for each in theirs])
    found = stored["second direction, T4b mirrored"]
    assert found["correlation"] == pytest.approx(np.corrcoef(weights, scaled)[0, 1])
    assert found["each"] == [pytest.approx(found["correlation"])]


def test_a_likeness_is_judged_with_the_choice_of_the_sign_that_was_made(result):
    for name in ("second direction, T4a", "second direction, T4b mirrored"):
        stored = metrics(result)["connectome"][name]
        claim = claim_on(result, f"{name}: correlation")
        # the sign under which L1 of the centre excites is half of the likeness
        assert stored["p"] <= 0.05 < stored["p_either_sign"]
        assert claim.holds is False
        assert claim.ours.endswith(f"p = {stored['p_either_sign']:.3f}")


def test_choices_that_spoil_the_index_are_named(result):
    first = result.choices[0]
    weak, strong = replace(first, name="weak", index=0.41), replace(first, name="strong", index=0.97)
    other_unit = replace(first, name="only units that L1 excites", index=0.3)
    said = statements.fragility([strong, weak, other_unit])
    assert "weak: 0.41" in said
    assert "Of 2 settings tried, 1 has" in said
    assert "strong" not in said
    assert "excites" not in said
    assert statements.fragility([strong, other_unit]) == ""
    many = [replace(first, name=f"number {at}", index=0.5 - at / 100) for at in range(9)]
    assert "the 5 lowest" in statements.fragility(many)
    assert "number 8: 0.42" in statements.fragility(many)
    assert "number 3" not in statements.fragility(many)
