"""The pages of the experiments hold results of the published run, and of nothing else."""

import json
import sys
from pathlib import Path

import pytest
from experiment_cases import made

from lamina.experiments.joint import run_all

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
import experiment_pages


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(experiment_pages, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def test_a_run_is_taken_over_with_its_pictures(results, tmp_path):
    registry = {"one": made()}
    run_all(registry, tmp_path / "all", jobs=1)
    results.mkdir()
    (results / "one-old.png").touch()
    experiment_pages.renew(tmp_path / "all", registry)
    assert sorted(path.name for path in results.iterdir()) == ["one-values.png", "one.json"]
    kept = json.loads((tmp_path / "all" / "one" / "claims.json").read_text(encoding="utf-8"))
    del kept["fingerprint"], kept["given"]
    assert experiment_pages.stored("one") == kept


def test_runs_of_other_settings_or_data_are_refused(results, tmp_path):
    registry = {"one": made(takes_images=True)}
    (tmp_path / "all").mkdir()
    folder = tmp_path / "all" / "one"
    for given, said in (
        ({"quick": True}, "other settings"),
        ({"seed": 1}, "other settings"),
        ({"images": tmp_path, "field_of_view_deg": 90.0}, "other data"),
    ):
        registry["one"].reproduce(folder, **given)
        with pytest.raises(SystemExit, match=said):
            experiment_pages.renew(tmp_path / "all", registry)
    assert not list(results.iterdir())


def test_marks_of_markdown_in_claims_stay_text():
    assert experiment_pages.cell("a | b * c\nd") == r"a \| b \* c d"
    assert experiment_pages.cell("") == "–"
    # 'n_seeds, count' share a meaning
    assert experiment_pages.meanings(made().config) == {
        "seed": "Seed.",
        "n_seeds": "How many.",
        "count": "How many.",
    }
