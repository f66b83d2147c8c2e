"""The motion experiment on the bundled photographs: ten seeds, rows not trained on, the numbers to reach."""

import numpy as np
import pytest

from lamina.experiments.motion import MotionConfig, run
from lamina.experiments.motion.summary import metrics, table, untrained_limit

DETECTORS = ("T4a", "T4b")


@pytest.fixture(scope="module")
def result():
    return run()


def test_it_is_the_run_that_the_demo_makes(result):
    assert result.config == MotionConfig()
    assert result.bundled
    assert len(result.repetitions) == 10
    assert len(result.untrained) == 1000


def test_layer_1_predicts_rows_that_it_has_not_seen(result):
    held_out = np.array([r.layer1.held_out for r in result.repetitions])
    assert held_out[:, 0].mean() >= 0.99
    assert held_out[:, 1].mean() >= 0.85
    assert result.config.layer1_noise == 0.05


def test_l3_follows_a_step_and_l1_and_l2_do_not(result):
    for repetition in result.repetitions:
        plateau = repetition.layer1.plateau
        assert plateau["L3"] >= 0.8
        assert plateau["L1"] <= 0.15
        assert plateau["L2"] <= 0.15
        # rectification could hide a sustained response of the wrong sign
        assert plateau["unit 2"] <= 0.15


@pytest.mark.parametrize("cell", DETECTORS)
def test_detectors_are_selective_for_direction(result, cell):
    index = result.each(cell, "index")
    assert index.mean() >= 0.6
    assert index.min() > 0
    assert result.each(cell, "null").mean() <= 0.25
    # no ratio of two small numbers
    assert result.each(cell, "preferred").min() >= 1.0


@pytest.mark.parametrize("cell", DETECTORS)
def test_selectivity_holds_on_scenes_that_were_not_trained_on(result, cell):
    assert np.mean([r.cells[cell].held_out.index for r in result.repetitions]) >= 0.6


def test_preferences_are_opposite_and_the_same_in_all_seeds(result):
    preferred = np.array(
        [[r.cells[cell].detector.preferred for cell in DETECTORS] for r in result.repetitions]
    )
    assert np.all(preferred == preferred[0])
    assert preferred[0, 0] == -preferred[0, 1]


def test_trained_detectors_lie_above_the_untrained(result):
    limit = np.percentile(result.untrained, 99)
    assert limit == untrained_limit(result)
    for cell in DETECTORS:
        assert result.each(cell, "index").mean() > limit


def test_order_in_time_is_what_is_learned(result):
    shuffled = np.array([list(r.shuffled.values()) for r in result.repetitions])
    assert shuffled.mean() < 0.2


def test_the_papers_unit_prefers_the_trained_direction_weakly(result):
    paper = np.array([r.cells[cell].paper for r in result.repetitions for cell in DETECTORS])
    assert np.all(paper > 0)
    assert paper.mean() < 0.33


def test_the_unit_answers_the_edges_that_the_report_says(result):
    def edge(cell, name):
        return np.mean([r.cells[cell].responses[f"{name} edge"].preferred for r in result.repetitions])

    for cell in DETECTORS:
        assert edge(cell, "OFF") > 5 * edge(cell, "ON")
    for cell in ("T5a", "T5b"):
        assert edge(cell, "ON") > 5 * edge(cell, "OFF")


def test_units_that_l1_excites_stay_below_one_half(result):
    (excited,) = (choice for choice in result.choices if choice.name == "only units that L1 excites")
    assert 0 < excited.index <= 0.5


def test_every_checked_number_of_the_table_is_reached(result):
    rows = [row for _, rows in table(result) for row in rows]
    assert [row.label for row in rows if row.ok is False] == []
    assert sum(row.ok is True for row in rows) >= 15


def test_metrics_hold_what_the_table_shows(result):
    stored = metrics(result)
    assert np.mean(stored["cells"]["T4a"]["index"]) == result.each("T4a", "index").mean()
    assert len(stored["controls"]["untrained_index"]) == 1000
