"""Fig. S2 in short: noise changes at once, and the filter follows within ten lag vectors."""

import json

import numpy as np
import pytest

from lamina.experiments import REGISTRY
from lamina.experiments.adaptation import ADAPTATION, AdaptationConfig, run
from lamina.experiments.adaptation.run import population_filter
from lamina.experiments.adaptation.summary import metrics, reached_at, table
from lamina.resu import ReSU
from lamina.simulate import generate_gp_data


@pytest.fixture(scope="module")
def result():
    return run(AdaptationConfig(n_seeds=4, after=12, local_before=20, local_checkpoints=(1, 10)))


def test_the_new_filter_is_reached_within_ten_lag_vectors_both_ways(result):
    assert set(result.changes) == {"noise rises", "noise falls"}
    for change in result.changes.values():
        # it has a way to go
        assert abs(change.old @ change.new) < 0.9
        assert change.pooled[:, 0].mean() < 0.9
        assert change.pooled[:, 10].mean() >= 0.95


def test_one_photoreceptor_has_too_few_samples(result):
    for change in result.changes.values():
        assert change.single[:, 10].mean() < change.pooled[:, 10].mean()
        # not for want of forgetting: nothing but new samples is no better
        assert change.fresh[:, 1].mean() < 0.95


def test_the_local_rule_takes_longer(result):
    for change in result.changes.values():
        assert change.local[:, -1].mean() < 0.95


def test_the_target_is_what_a_long_recording_gives():
    config = AdaptationConfig()
    recording = generate_gp_data(300_000, noise_sd=config.high_noise, seed=0)
    filters = np.asarray(ReSU(config.memory, config.horizon, 1).fit(recording).filters_)[0, :, 0]
    target = population_filter(config, config.high_noise)
    assert abs(filters @ target) / np.linalg.norm(filters) > 0.99
    assert np.linalg.norm(target) == pytest.approx(1)


def test_reached_means_reached_for_good():
    times = np.array([0, 1, 2, 3])
    assert reached_at(times, np.array([[0.1, 0.96, 0.9, 0.97], [0.1, 0.96, 0.9, 0.97]])) == 3
    assert reached_at(times, np.array([[0.1, 0.96, 0.97, 0.9]])) is None
    assert reached_at(times, np.array([[0.94, 0.94, 1.0, 1.0], [0.97, 0.97, 1.0, 1.0]])) == 0


def test_table_metrics_and_folder(result, tmp_path):
    rows = [row for _, group in table(result) for row in group]
    assert [row.ok for row in rows if row.ok is not None] == [True, True]
    stored = json.loads(json.dumps(metrics(result), allow_nan=False))
    np.testing.assert_array_equal(
        stored["changes"]["noise falls"]["pooled"], result.changes["noise falls"].pooled
    )
    report = ADAPTATION.write(result, tmp_path / "adaptation")
    assert "lag vectors" in report.read_text(encoding="utf-8")
    assert REGISTRY["adaptation"] is ADAPTATION


@pytest.mark.slow
def test_the_full_run():
    assert not [row.label for _, rows in ADAPTATION.reproduce(None).table for row in rows if row.ok is False]
