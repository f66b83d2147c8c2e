"""Local rules beside batch CCA, in short: fewer seeds and steps than `lamina reproduce local` takes."""

import json

import numpy as np
import pytest

from lamina.errors import ArgumentError
from lamina.experiments import REGISTRY
from lamina.experiments.local_learning import LOCAL, LocalLearningConfig, run
from lamina.experiments.local_learning.config import TUNED_ON
from lamina.experiments.local_learning.run import compare
from lamina.experiments.local_learning.summary import metrics, smallest, table


@pytest.fixture(scope="module")
def result():
    return run(LocalLearningConfig(n_seeds=2, checkpoints=(1_000, 10_000, 100_000)))


def test_every_process_is_learned_in_the_order_of_time(result):
    assert len(result.curves) == 3
    for curves in result.curves.values():
        for rule in ("asymmetric", "Bio-CCA"):
            assert smallest(curves[rule].cosines)[:, -1].min() >= 0.99
            assert smallest(curves[rule].turned)[:, -1].min() >= 0.98
        assert smallest(curves["asymmetric"].correlations)[:, -1].min() >= 0.98
        # steps do help
        gained = smallest(curves["asymmetric"].cosines)
        assert (gained[:, -1] > gained[:, 0]).all()


def test_bio_cca_as_it_is_finds_the_subspace_only(result):
    loose = np.concatenate([smallest(c["Bio-CCA"].correlations)[:, -1] for c in result.curves.values()])
    assert loose.min() < 0.9


def test_units_know_their_correlations(result):
    for curves in result.curves.values():
        for rule in ("asymmetric", "Bio-CCA"):
            np.testing.assert_allclose(curves[rule].estimates, curves[rule].batch, atol=0.06)


def test_the_remedy_is_better_than_each_part_of_it(result):
    error = {way: 1 - smallest(curve.cosines)[:, -1].mean() for way, curve in result.remedies.items()}
    best = error.pop("decaying rate and averaged weights")
    assert best < 0.01
    assert best < 0.5 * min(error["averaged weights, constant rate"], error["decaying rate, last weights"])
    assert best < 0.1 * error["constant rate, last weights"]


def test_the_table_checks_what_was_aimed_at(result):
    rows = [row for _, group in table(result) for row in group]
    assert sum(row.ok is True for row in rows) == 12
    assert not [row.label for row in rows if row.ok is False]
    stored = json.loads(json.dumps(metrics(result), allow_nan=False))
    kept = np.array(stored["curves"][TUNED_ON]["asymmetric"]["cosines"])
    np.testing.assert_array_equal(kept, result.curves[TUNED_ON]["asymmetric"].cosines)


def test_cosines_and_correlations_of_outputs():
    rng = np.random.default_rng(0)
    p = rng.standard_normal((2000, 5)) @ rng.standard_normal((5, 5))
    p -= p.mean(axis=0)
    ours, theirs = rng.standard_normal((2, 5)), rng.standard_normal((2, 5))
    cosines, correlations = compare(ours, theirs, np.cov(p.T))
    one, other = np.linalg.qr(p @ ours.T)[0], np.linalg.qr(p @ theirs.T)[0]
    np.testing.assert_allclose(cosines, np.linalg.svd(one.T @ other, compute_uv=False), rtol=1e-9)
    expected = [abs(np.corrcoef(p @ a, p @ b)[0, 1]) for a, b in zip(ours, theirs, strict=True)]
    np.testing.assert_allclose(correlations, expected, rtol=1e-9)


def test_a_folder_is_written(result, tmp_path):
    report = LOCAL.write(result, tmp_path / "local")
    assert "shuffled" in report.read_text(encoding="utf-8")
    assert {path.name for path in (tmp_path / "local").iterdir()} == {
        *(path.name for path in (tmp_path / "local").glob(".*")),
        "figures",
        "claims.json",
        "metrics.json",
        "report.html",
    }


def test_the_registry_has_it_and_it_takes_no_images(tmp_path):
    assert REGISTRY["local"] is LOCAL
    with pytest.raises(ArgumentError, match="makes its own data"):
        LOCAL.reproduce(None, images=tmp_path, field_of_view_deg=360.0)


@pytest.mark.slow
def test_the_full_run():
    assert not [row.label for _, rows in LOCAL.reproduce(None).table for row in rows if row.ok is False]
